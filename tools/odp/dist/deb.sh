#!/bin/sh
# deb.sh BINARY VERSION OUT_DIR: makes the Debian package of the PC's program. Files get the time of
# SOURCE_DATE_EPOCH, so the same source gives the same package.
set -eu
bin=$1 version=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
arch=$(dpkg --print-architecture)
: "${SOURCE_DATE_EPOCH:?}"
export SOURCE_DATE_EPOCH
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tree=$root/odp
put() { install -D -m "$1" "$2" "$tree/$3"; }

put 755 "$bin" usr/bin/odp
strip --strip-unneeded "$tree/usr/bin/odp"
put 644 "$here/odp.desktop" usr/share/applications/odp.desktop
put 644 "$here/odp-url.desktop" usr/share/applications/odp-url.desktop
put 644 "$here/odp.svg" usr/share/icons/hicolor/scalable/apps/odp.svg
put 644 "$here/odp-agent.service" usr/lib/systemd/user/odp-agent.service
put 644 "$here/70-odp.rules" lib/udev/rules.d/70-odp.rules
put 644 "$here/odp.metainfo.xml" usr/share/metainfo/odp.metainfo.xml
put 644 "$here/copyright" usr/share/doc/odp/copyright
put 755 "$here/postinst" DEBIAN/postinst

mkdir -p "$tree/usr/share/man/man1"
"$bin" man >"$root/odp.1"
gzip -9n <"$root/odp.1" >"$tree/usr/share/man/man1/odp.1.gz"
printf 'odp (%s) stable; urgency=medium\n\n  * The state of the source at this version.\n\n -- Open Desk Phone authors <authors@opendeskphone.example>  %s\n' \
	"$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$tree/usr/share/doc/odp/changelog.gz"

# The libraries' packages and versions, as the linker used them.
mkdir "$root/debian"
printf 'Source: odp\n\nPackage: odp\nArchitecture: any\n' >"$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O -e"$tree/usr/bin/odp" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "deb.sh: dpkg-shlibdeps found no libraries" >&2; exit 1; }

cat >"$tree/DEBIAN/control" <<CONTROL
Package: odp
Version: $version
Architecture: $arch
Maintainer: Open Desk Phone authors <authors@opendeskphone.example>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Depends: $depends
Recommends: libasound2, xdg-utils
Section: comm
Priority: optional
Homepage: https://opendeskphone.example/
Description: program for the PC beside an Open Desk Phone
 Pairs this computer with the desk phone on its USB cable, and then places,
 answers and controls calls from the command line, from a page in the browser
 with contacts and call log, and from notifications of the desktop. It opens
 the links of web pages that name a telephone number or a SIP address.
 .
 The phone is reached through the cable or the network; it proves itself by the
 keys exchanged when the two were paired, and calls go on without the computer.
CONTROL
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
find "$tree" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"
mkdir -p "$out"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/odp_${version}_$arch.deb" >/dev/null
echo "$out/odp_${version}_$arch.deb"
