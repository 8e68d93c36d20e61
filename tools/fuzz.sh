#!/bin/sh
# Runs every fuzz target of the module for FUZZTIME each (default 4 s). A crash leaves its input in
# the package's testdata/fuzz, to be committed with the fix.
set -eu
mkdir -p build
go=${GO:-$("$(dirname "$0")"/go.sh)}
grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
		echo "fuzz: $(dirname "$file") $target"
		$go test "$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-4s}" >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
	done
done
