#!/bin/sh
# fuzz.sh [DIR]: runs every fuzz target of the module, or of the package in DIR, for FUZZTIME each (default 1 s), with
# as many packages at once as there are processors. A crash leaves its input in the package's testdata/fuzz, to be
# committed with the fix.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
export GO="${GO:-$("$top"/tools/go.sh)}"

if [ $# = 0 ]; then
	cd "$top"
	grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n 1 dirname | sort -u | xargs -n 1 -P "$(nproc)" "$top/tools/fuzz.sh"
	exit
fi

# One program for all targets of the package; it looks for their known inputs where it runs.
program=$top/build/fuzz/$(echo "$1" | tr -d . | tr / -)
log=$program.log
mkdir -p "$top/build/fuzz"
cd "$1"
$GO test -c -fuzz . -o "$program" .

# Go may report the end of the time itself as the target's failure, when it comes while an input runs
# (go.dev/issue/75804, mended in Go 1.27). That names no input; the target is then run again.
timeup() {
	grep -q 'context deadline exceeded' "$log" && ! grep -q -e 'Failing input' -e '^panic' "$log"
}

for target in $(cat ./*_test.go | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p'); do
	echo "fuzz: $1 $target"
	for try in 1 2 3 4; do
		if "$program" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${FUZZTIME:-1s}" -test.parallel 1 \
			-test.fuzzcachedir "$($GO env GOCACHE)/fuzz/$($GO list)" >"$log" 2>&1; then
			break
		elif [ $try = 4 ] || ! timeup; then
			cat "$log"
			exit 1
		fi
		echo "fuzz: the time was up while an input ran: once more"
	done
done
