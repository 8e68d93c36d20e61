#!/bin/sh
# Cuts the three embedded faces out of Debian's fonts-inter: Latin, Latin extended, Greek, Cyrillic and punctuation, with
# the features the screens shape with. Run it in this folder after a new fonts-inter; it needs the package fonttools.
set -eu
glyphs="U+0020-007E,U+00A0-024F,U+0259,U+02BB-02BC,U+02C6-02DD,U+0300-0304,U+0306-030C,U+0323,U+0326-0328,U+0331,U+0370-03FF,\
U+0400-045F,U+0490-04FF,U+1E00-1EFF,U+2002-2009,U+2010-2027,U+202F,U+2030,U+2032-2033,U+2039-203A,U+2044,U+20A0-20BF,\
U+2116,U+2122,U+2190-2193,U+2212,U+2215,U+25CF,U+FFFD"
for face in Inter-Regular Inter-SemiBold InterDisplay-Medium; do
	pyftsubset "/usr/share/fonts/opentype/inter/$face.otf" --unicodes="$glyphs" \
		--layout-features=kern,tnum,calt,mark,mkmk,ccmp,locl --no-hinting --notdef-outline \
		--name-IDs=0,1,2,3,4,5,6,13,14,16,17 --output-file="$face.otf"
done
