#!/bin/bash
# Every file in conf/ passes `postern check`, and what `check --print` prints of it is a file with the same meaning.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

# The files say ${NAME}: a port, or an identifier.
set_variables() {
	local name
	for name in $(grep -oh '\${[A-Z0-9_]*}' "$1" | tr -d '${}' | sort -u); do
		case $name in
		*_ID) printf -v "$name" 'I%064d' 7 ;;
		*_PORT) printf -v "$name" 4001 ;;
		*) printf -v "$name" 'value-of-%s' "$name" ;;
		esac
		export "${name?}"
	done
}

mapfile -t files < <(find "$conf" -name '*.conf' | sort)
plan $((${#files[@]} * 2 + 1))
ok "there are examples" test "${#files[@]}" -gt 0
for file in "${files[@]}"; do
	set_variables "$file"
	name=${file#"$conf/"}
	ok "$name is right" "$POSTERN" check "$file"
	"$POSTERN" check --print "$file" >printed.conf 2>warnings # of modules that are not built yet
	is "$name, printed and read again, prints the same" \
		"$("$POSTERN" check --print printed.conf 2>warnings | grep -v '^# not written$')" \
		"$(grep -v '^# not written$' printed.conf)"
done
