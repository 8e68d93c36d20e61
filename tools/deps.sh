#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages that are missing, and says which. Services that a
# package would start (kamailio, coturn) stay off: the tests start their own.
set -eu
missing=
for p in "$@"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "deps.sh: installing$missing"
run=; [ "$(id -u)" = 0 ] || run=sudo
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $run tee $policy >/dev/null
	$run chmod 755 $policy
	trap '$run rm -f $policy' EXIT
fi
$run apt-get update -q || echo "deps.sh: some package lists could not be fetched; going on with those there are"
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
