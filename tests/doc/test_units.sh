#!/bin/bash
# The units for systemd are filled in, and well formed.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 4
unit=$builddir/systemd/postern@.service
is "nothing is left to be filled in" "$(grep -c '@[a-z]*dir@' "$unit")" 0
like "the node gets its state from the unit" "$(grep '^ExecStart=' "$unit")" '/postern run --state \$\{STATE_DIRECTORY\} /.*/postern/%i.conf$'

# The daemon need not be installed where the unit says.
mkdir units
sed "s|^ExecStart=[^ ]*|ExecStart=$POSTERN|" "$unit" >units/postern@hub.service
cp "$top/systemd/postern@hub.socket" units
# verify UNIT: systemd-analyze has nothing to say
verify() {
	local said
	said=$(systemd-analyze verify --man=no "$1" 2>&1) && [ -z "$said" ] && return
	echo "$said"
	return 1
}
for unit in postern@hub.service postern@hub.socket; do
	if command -v systemd-analyze >/dev/null; then
		ok "$unit is well formed" verify "units/$unit"
	else
		skip "$unit is well formed" "no systemd-analyze"
	fi
done
