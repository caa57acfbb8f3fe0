#!/bin/bash
# The manual says what the program says: options, commands; and the pages are well formed.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 6
doc=$top/doc

is "postern.conf(5) has the options that the modules have: if not, make options" \
	"$("$doc/options" "$doc/postern.conf.5")" "$(cat "$doc/postern.conf.5")"

# Every command, with every option that its help names.
words() {
	"$POSTERN" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r command; do
		echo "$command"
		"$POSTERN" help "$command" | sed -n 's/^ *--\([a-z-]*\).*/\1/p'
	done
}
unsaid=
for word in $(words | sort -u); do
	grep -Eq "^\.(Cm|Ss) (.* \| )?$word|^\.(It|Op) Fl -$word" "$doc/postern.1" || unsaid+=" $word"
done
is "postern(1) has every command and every option" "$unsaid" ""

for page in postern.1 postern.conf.5 postern-module.7; do
	if command -v mandoc >/dev/null; then
		ok "$page is well formed" mandoc -Tlint -Wwarning "$doc/$page"
	else
		skip "$page is well formed" "no mandoc"
	fi
done

# The example of postern.conf(5) is one that is accepted.
HUB=I$(printf '%064d' 1) BANK=I$(printf '%064d' 2) ANALYST=I$(printf '%064d' 3)
export HUB BANK ANALYST
awk '/^\.Bd -literal/ { literal = 1; n++; next } /^\.Ed/ { literal = 0 }
	literal { if (/^# (hub|bank|analysis)\.conf/) part++; print >"example-" n "-" part + 0 ".conf" }' "$doc/postern.conf.5"
check_all() {
	local file rc=0
	for file in example-*.conf; do "$POSTERN" check "$file" || rc=1; done
	return $rc
}
ok "every example of postern.conf(5) is accepted" check_all
