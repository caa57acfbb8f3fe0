#!/bin/bash
# What `postern complete` offers is what there is: commands, verbs, options, keys, values, names; and bash, zsh and fish offer it.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 26
export HOME=$work POSTERN_STATE=$work/state
unset XDG_CONFIG_HOME XDG_DATA_HOME

# next "LINE": the words that may come next, without what they mean, in one line.
next() {
	local -a typed
	read -ra typed <<<"$1"
	[[ $1 = *" " ]] && typed+=('')
	"$POSTERN" complete "${typed[@]}" 2>"$work/err" | cut -f 1 | tr '\n' ' '
}

# ---- commands and their options, beside what `help` prints ----

verbs_of() { "$POSTERN" help "$1" | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | tr '\n' ' '; }
options_of() { "$POSTERN" help "$1" | sed -n 's/^  --\([a-z-]*\).*/--\1/p' | grep -v '^--use$' | tr '\n' ' '; }
kinds="policy inlet outlet relay channel transport function runtime capability vault store service"

is "every command" "$(next "")" "$("$POSTERN" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | tr '\n' ' ')"
is "each with what it does" "$("$POSTERN" complete "" | awk -F '\t' '!$2')" ""
wrong=
for kind in $kinds identity; do
	[ "$(next "$kind ")" = "$(verbs_of "$kind")" ] || wrong+=" $kind"
done
is "every verb of every kind of section" "$wrong" ""
wrong=
for command in $(next ""); do
	[ "$command" = identity ] || [ "$(next "$command x -")" = "$(options_of "$command")" ] || wrong+=" $command"
done
is "every option of every command" "$wrong" ""
is "a verb that has options of its own has no others" "$(next "identity show -")" "--state --file --output "

wrong=
while read -r example; do
	for word in ${example//[<>]/}; do
		[[ $word != --* ]] || [[ " $(next "${example%% --*} -") " = *" $word "* ]] || wrong+=" ${example%% *} $word;"
	done
done < <(for command in $(next ""); do "$POSTERN" help "$command" | sed -n 's/^Example: postern //p'; done)
is "every option of the examples in the help" "$wrong" ""

# All are tried where there is no state directory, and can be none: the command fails for that, and for no option.
refused() {
	local command verb verbs option value
	for command in $(next ""); do
		case $command in
		run | check) verbs=none.conf ;;
		message) verbs=send ;;
		*) verbs=$(verbs_of "$command") ;;
		esac
		for verb in ${verbs:-''}; do
			set -- "$command" ${verb:+"$verb"}
			for option in $(next "$command ${verb:-x} -"); do
				case $option in
				--no-start | --now | --print | --hex) value= ;;
				--output) value=json ;;
				--log) value=info ;;
				--count | --timeout) value=1 ;;
				*) value=$POSTERN_STATE ;;
				esac
				set -- "$@" "$option" $value
			done
			timeout 10 "$POSTERN" "$@" 2>&1 </dev/null | grep -E 'unknown (option|argument)|want a value'
		done
	done
}
is "no option is offered that its command refuses" "$(POSTERN_STATE=$work/err refused)" ""

# ---- keys, beside the tables that `help` prints ----

# keys SECTION KIND MODULE: those of such a section.
keys() {
	"$POSTERN" help "$2" "$3" | awk -v section="$1" '
		NF == 5 && $3 == "{" { mine = $1 == section; next }
		mine && NF && $2 != "type" { printf "--%s ", $1 }'
}
# offered "LINE": without the options that every command has.
offered() { next "$1" | sed 's/^--state --no-start --output //'; }
is "the keys of an inlet" "$(offered "inlet create x -")" "--use $(keys inlet portal tcp)"
is "of an outlet, which the same module serves" "$(offered "outlet create x -")" "--use $(keys outlet portal tcp)"
is "of a relay, which no other module can serve" "$(offered "relay create x -")" "$(keys relay service relay)"
is "of an identity, which the core serves" "$(offered "identity create x -")" "$(keys identity core identity)"
is "of the module that is named like the section" "$(offered "service create relay -")" "--use $(keys service service relay)"
is "of the module that --use names" "$(offered "transport create x --use unix -")" "--use $(keys transport transport unix)"
is "of none where there is no such module" "$(offered "service create nothing -")" "--use "

# ---- values ----

is "words of a help" "$(next "status --output ")$(next "run --log ")" "text json error warn info debug "
is "files and directories" "$(next "check ")$(next "run --state ")$(next "vault create x --path ")" "<file> <directory> <directory> <file> "
is "modules of a kind" "$(next "help transport ")$(next "help core ")$(next "channel create --use ")" "tcp udp unix websocket node identity policy noise "
is "nothing for what cannot be known" "$(next "inlet create x --listen ")$(next "message send x --to ")$(next "nothing ")" ""
next "inlet show " >/dev/null
like "no node is started for names" "$(cat err), $(ls)" "^postern: no node runs on $work/state \[no-node\], err$"

ports PORT
cat >node.conf <<'END'
inlet here { listen = "127.0.0.1:${PORT}"  to = "/ip4/127.0.0.1/tcp/1/service/x"  authorized = {"*"} }
outlet there { to = "127.0.0.1:1"  authorized = {"*"} }
END
start node "$POSTERN" run node.conf
listening "$PORT"
is "names of sections, from the node that runs" "$(next "inlet show ")$(next "outlet delete ")$(next "ping inlet ")" "here there here "
is "from the one whose directory is named" "$(POSTERN_STATE=/nowhere next "inlet show --state $work/state ")" "here "
is "names for a key that refers to a section" "$(next "inlet create x --channel ")" "api "

# ---- the shells: what each offers for these lines ----

lines=("inl" "status --output " "inlet show " "outlet create x --connect_t" "check no" "run --state st")
wanted=$(printf '%s\n' "inlet" "json text" "here" "--connect_timeout" "node.conf node.log" "state")
PATH=$(dirname "$POSTERN"):$PATH

# in_order: the words of a line, sorted, without the slash behind a directory.
in_order() { while read -ra words; do printf '%s\n' "${words[@]%/}" | sort -u | paste -sd ' '; done; }

in_bash() {
	. "$top/completion/postern.bash"
	for COMP_LINE in "${lines[@]/#/postern }"; do
		COMP_POINT=${#COMP_LINE}
		_postern postern "${COMP_LINE##* }"
		echo "${COMPREPLY[*]}"
	done
}
# Functions of zsh that would show what is offered keep it.
in_zsh() {
	zsh -f -c 'fpath=($1); shift
		autoload -Uz _postern
		_describe() { local -a words=(${(P)2}); shown+=(${(M)${words%%:*}:#$typed*}) }
		_files() { [[ $1 = -/ ]] && shown+=($typed*(N/)) || shown+=($typed*(N)) }
		for line; do
			shown=() words=(postern ${(s: :)line})
			[[ $line = *" " ]] && words+=("")
			CURRENT=$#words typed=$words[-1]
			_postern
			echo $shown
		done' - "$top/completion" "${lines[@]}"
}
in_fish() {
	fish --no-config -c 'source $argv[1]
		for line in $argv[2..-1]
			string join -- " " (complete -C "postern $line" | string replace -r -- "\t.*" "")
		end' "$top/completion/postern.fish" "${lines[@]}"
}
for shell in bash zsh fish; do
	if command -v $shell >/dev/null; then
		is "$shell" "$(in_$shell 2>&1 | in_order)" "$wanted"
	else
		skip "$shell" "there is none"
	fi
done
ok "the node stops in order" stop node
