#!/bin/sh
# Cuts the embedded faces out of Debian's fonts-inter, fonts-noto-core and fonts-noto-cjk. Run it in this folder after a new
# version of one of them; it needs the package fonttools too. What each cut covers:
#
#   Inter, Inter Display    Latin, Latin extended, Greek, Cyrillic and punctuation
#   Noto Sans Arabic        Arabic and its supplement; Hebrew, Thai, Devanagari: their blocks
#   Noto Sans CJK JP        kana, full and half width forms, JIS X 0208 levels 1 and 2 (6,355 kanji) and IBM's
#                           388 further ones, as names have them
#   Noto Sans CJK SC        GB 2312 levels 1 and 2 (6,763 hanzi)
#   Noto Sans CJK KR        the 2,350 syllables of KS X 1001, and jamo
#
# Any other character shows as a box. Of CJK there is Regular alone.
set -eu
glyphs="U+0020-007E,U+00A0-024F,U+0259,U+02BB-02BC,U+02C6-02DD,U+0300-0304,U+0306-030C,U+0323,U+0326-0328,U+0331,U+0370-03FF,\
U+0400-045F,U+0490-04FF,U+1E00-1EFF,U+2002-2009,U+2010-2027,U+202F,U+2030,U+2032-2033,U+2039-203A,U+2044,U+20A0-20BF,\
U+2116,U+2122,U+2190-2193,U+2212,U+2215,U+25CF,U+FFFD"
names="--no-hinting --notdef-outline --name-IDs=0,1,2,3,4,5,6,13,14,16,17"
for face in Inter-Regular Inter-SemiBold InterDisplay-Medium; do
	pyftsubset "/usr/share/fonts/opentype/inter/$face.otf" --unicodes="$glyphs" \
		--layout-features=kern,tnum,calt,mark,mkmk,ccmp,locl $names --output-file="$face.otf"
done
scripts="U+0020,U+00A0,U+200C-200D,U+25CC,U+0590-05FF,U+FB1D-FB4F,U+0600-06FF,U+0750-077F,U+0900-097F,U+A8E0-A8FF,U+0E00-0E7F"
for face in Arabic Hebrew Thai Devanagari; do
	for weight in Regular Bold; do
		pyftsubset "/usr/share/fonts/truetype/noto/NotoSans$face-$weight.ttf" --unicodes="$scripts" \
			--layout-features='*' $names --output-file="NotoSans$face-$weight.ttf"
	done
done
cjk() { # name, number in the collection, characters as Python has them
	list=$(python3 -c "
def rows(codec, first, last):
    for row in range(first, last + 1):
        for cell in range(1, 95):
            try: yield ord(bytes([0xA0 + row, 0xA0 + cell]).decode(codec))
            except (UnicodeDecodeError, TypeError): pass
def ibm():
    for a in range(0xFA, 0xFD):
        for b in range(0x40, 0xFD):
            try: yield ord(bytes([a, b]).decode('cp932'))
            except (UnicodeDecodeError, TypeError): pass
print(','.join('%X' % u for u in sorted(set($3))))")
	pyftsubset /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc --font-number="$2" --unicodes="$list" --layout-features= \
		--drop-tables+=vhea,vmtx,VORG,BASE $names --output-file="NotoSansCJK-$1.otf"
}
cjk JP 0 "[*range(0x3000, 0x3020), *range(0x3041, 0x3100), *range(0xFF01, 0xFFA0), *rows('euc_jp', 16, 84), *ibm()]"
cjk KR 1 "[*range(0x3131, 0x318F), *rows('euc_kr', 16, 40)]"
cjk SC 2 "[*rows('gb2312', 16, 87)]"
