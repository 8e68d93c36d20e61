#!/bin/sh
# Runs every fuzz target of the module for FUZZTIME each (default 1 s). A crash leaves its input in
# the package's testdata/fuzz, to be committed with the fix.
set -eu
mkdir -p build
go=${GO:-$("$(dirname "$0")"/go.sh)}

# Go may report the end of the time itself as the target's failure, when it comes while an input runs
# (go.dev/issue/75804, mended in Go 1.27). That names no input; the target is then run again.
timeup() {
	grep -q 'context deadline exceeded' build/fuzz.log && ! grep -q -e 'Failing input' -e '^panic' build/fuzz.log
}

grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
		echo "fuzz: $(dirname "$file") $target"
		for try in 1 2 3 4; do
			if $go test "$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-1s}" >build/fuzz.log 2>&1; then
				break
			elif [ $try = 4 ] || ! timeup; then
				cat build/fuzz.log
				exit 1
			fi
			echo "fuzz: the time was up while an input ran: once more"
		done
	done
done
