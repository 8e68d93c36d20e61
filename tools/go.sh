#!/bin/sh
# Prints the path of a go command that can build this module. A machine with none, or with one that
# is too old (Debian 12 has 1.19), gets the toolchain named below as a Go module, verified by the
# checksum database like every other module, into the module cache.
set -eu
want=1.26.8
minor() { "$1" version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p'; }
for go in go /usr/local/go/bin/go /usr/lib/go/bin/go; do
	go=$(command -v "$go" 2>/dev/null) || continue
	have=$(minor "$go")
	[ -n "$have" ] && [ "$have" -ge 26 ] && { echo "$go"; exit 0; }
	old=$go
done
if [ -z "${old:-}" ]; then
	echo "go.sh: no Go at all: installing Debian's golang-go to fetch a newer one with" >&2
	run=; [ "$(id -u)" = 0 ] || run=sudo
	$run apt-get install -y -q --no-install-recommends golang-go ca-certificates >&2
	old=$(command -v go)
fi
tool=golang.org/toolchain@v0.0.1-go$want.linux-$("$old" env GOARCH)
dir=$("$old" env GOMODCACHE)/$tool
if [ ! -x "$dir/bin/go" ]; then
	echo "go.sh: fetching go$want" >&2
	(cd / && GO111MODULE=on "$old" mod download "$tool") >&2
	chmod -R u+w "$dir"
	chmod +x "$dir"/bin/* "$(ls -d "$dir"/pkg/tool/*)"/*
fi
echo "$dir/bin/go"
