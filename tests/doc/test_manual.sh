#!/bin/bash
# The manual says what the program says: options, commands; and the pages are well formed.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 13
doc=$top/doc

# Some modules are built only where a library is.
unbuilt=$(comm -13 <("$POSTERN" module list | awk '{ print $1 "/" $2 }' | sort) \
	<(cd "$top/modules" && printf '%s\n' */*/module.am | sed '/\/shared\//d; s,/module.am$,,' | sort))
sentence="postern.conf(5) has the options that the modules have: if not, make options"
if [ "$unbuilt" ]; then
	skip "$sentence" "not built: $unbuilt"
else
	is "$sentence" "$("$doc/options" "$doc/postern.conf.5")" "$(cat "$doc/postern.conf.5")"
fi

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

# ---- examples ----

# A command is a .Ss of the chapter COMMANDS; its example is a .Dl below it.
unshown() {
	awk '/^\.S[hs] / { if (command && !shown) print command; command = ""; shown = 0 }
		/^\.Sh / { commands = $2 == "COMMANDS" }
		/^\.Ss / && commands { command = $0 " " }
		/^\.Dl postern / && index(command, " " $3 " ") { shown = 1 }' "$doc/postern.1"
}
is "every command of postern(1) has an example" "$(unshown)" ""

# The command lines that the pages, README and the tutorial show.
examples() {
	sed -n 's/^\.Dl postern //p; /^\.Bd/,/^\.Ed/s/^\(PST_[^ ]* \)*postern //p' "$doc"/*.[157]
	sed ':more; /\\$/{ N; s/\\\n//; b more; }' "$top/README.md" "$doc"/*.md | sed -n 's/^    \($ \)*postern //p'
}
offered() { { "$POSTERN" complete "$@" 2>/dev/null || echo "$*: exit code $?" >>"$work/wrong"; } | cut -f 1; }
# Words that `postern complete` would not have offered there: commands, verbs, options; also those behind an option without value.
unknown() {
	local -a words
	local i verbs
	while read -ra words; do
		offered "" | grep -qxF -- "${words[0]}" || echo "${words[*]}: no such command"
		verbs=$(offered "${words[0]}" "" | grep '^[a-z]')
		[[ ! $verbs || ! ${words[1]:-} =~ ^[a-z]+$ ]] || grep -qxF -- "${words[1]}" <<<"$verbs" || echo "${words[*]}: no ${words[1]}"
		for i in "${!words[@]}"; do
			[[ ${words[i]} =~ ^--[a-z] ]] || continue
			offered "${words[@]:0:i}" -- | grep -qxF -- "${words[i]}" || echo "${words[*]}: no ${words[i]}"
		done
	done < <(examples | sed 's/[#&].*//')
}
like "there are examples" "$(examples | wc -l)" "^[3-9][0-9]$"
is "each is a command line that postern understands" "$(unknown)" ""
# What may come behind each word of it; of what is left out, too.
while read -ra words; do
	for i in "${!words[@]}"; do offered "${words[@]:0:i + 1}" "" >/dev/null; done
done < <(examples)
is "and completes, at any word" "$(sort -u "$work/wrong" 2>/dev/null)" ""

# ---- form ----

for page in postern.1 postern.conf.5 postern-module.7; do
	if command -v mandoc >/dev/null; then
		ok "$page is well formed" mandoc -Tlint -Wwarning "$doc/$page"
	else
		skip "$page is well formed" "no mandoc"
	fi
done

# ---- postern.conf(5) ----

for name in HUB BANK ANALYSIS CUSTOMER; do export "${name}_ID=I$(printf '%064d' 1)"; done
awk '/^\.Bd -literal/ { literal = 1; n++; next } /^\.Ed/ { literal = 0 }
	literal { if (/^# (hub|bank|analysis)\.conf/) part++; print >"example-" n "-" part + 0 ".conf" }' "$doc/postern.conf.5"
check_all() {
	local file rc=0
	for file in example-*.conf; do "$POSTERN" check "$file" || rc=1; done
	return $rc
}
ok "every example of postern.conf(5) is accepted" check_all

# What every node has, as the page shows it and as `check --print` has it.
echo >empty.conf
is "postern.conf(5) knows the sections that every node has" \
	"$(awk '/^\.Ss What every node has/ { on = 1 } on && /^[a-z]* [a-z]* {/ { print $1, $2 } /^\.Ss State that|^\.Ss Who may/ { on = 0 }' "$doc/postern.conf.5")" \
	"$("$POSTERN" check --print empty.conf | sed -n 's/^\([a-z]* [a-z]*\) {$/\1/p')"

# ---- the private database ----

# its_files PAGE: the three files as the page shows them, each up to an empty line
its_files() { sed 's/^    //' "$1" | awk '/^# (hub|bank|analysis)\.conf$/ { on = 1 } /^$|^\.Ed$/ { on = 0 } on'; }
for node in hub bank analysis; do
	echo "# $node.conf"
	grep -v '^#' "$conf/private-database/$node.conf" | grep .
done >files
for page in README.md doc/postern.conf.5; do
	is "$page shows the files of conf/private-database" "$(its_files "$top/$page")" "$(cat files)"
done
