#!/bin/bash
# guests.sh WAT: the guests of one file, as C on standard output; by wat2wasm.
set -euo pipefail
unset CDPATH
wat=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/guests.XXXXXX")
trap 'rm -rf "$dir"' EXIT

printf '/* Made by guests.sh of guests.wat: change those. */\n#include "guests.h"\n'
names=$(sed -n 's/^;; == \([a-z0-9_]*\).*/\1/p' "$wat")
for name in $names; do
	awk -v name="$name" '
		/^;; == / { on = $3 == name || $3 == name ":"; next }
		on' "$wat" >"$dir/$name.wat"
	wat2wasm --no-check "$dir/$name.wat" -o "$dir/$name.wasm"
	printf '\nstatic const uint8_t %s[] = {\n' "$name"
	od -An -v -tx1 -w16 "$dir/$name.wasm" | sed 's/ \(..\)/0x\1, /g; s/^/\t/; s/ $//'
	printf '};\n'
done
printf '\nconst struct guest guests[] = {\n'
for name in $names; do
	printf '\t{ "%s", %s, sizeof %s },\n' "$name" "$name" "$name"
done
printf '\t{ NULL, NULL, 0 },\n};\n'
