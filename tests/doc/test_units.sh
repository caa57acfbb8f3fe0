#!/bin/bash
# The units for systemd are filled in, and well formed.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 8
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

# What systemd says of how much it may do, in tenths of 10: 16 is what is left to a program that talks to networks.
if systemd-analyze security --help 2>/dev/null | grep -q -e --offline; then
	ok "it may do little" systemd-analyze security --no-pager --offline=true --threshold=20 ./units/postern@hub.service
else
	skip "it may do little" "no systemd-analyze that looks at files"
fi

is "functions may become machine code" "$(grep -c '^MemoryDenyWriteExecute=yes' units/postern@hub.service)" 0

# As a package is made: below a directory that is not where it will lie.
if grep -q "^nodist_systemdsystemunit_DATA = " "$builddir/Makefile"; then
	ok "it is installed below DESTDIR" make -s -C "$builddir" DESTDIR="$work/dest" install-nodist_systemdsystemunitDATA
	is "where systemd looks, and names no such directory" \
		"$(find dest -type f | grep -c '/lib/systemd/system/postern@.service$') $(grep -rl "$work" dest)" "1 "
else
	skip "it is installed below DESTDIR" "configured without"
	skip "where systemd looks, and names no such directory" "configured without"
fi
