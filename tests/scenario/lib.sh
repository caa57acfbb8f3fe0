# What the scenarios share. A scenario is a bash script that prints TAP:
#
#	#!/bin/bash
#	. "$(dirname "$0")/lib.sh"
#	plan 2
#	ports HUB_PORT                               # exported, so that files can say ${HUB_PORT}
#	start hub "$POSTERN" run "$conf/hub.conf"    # in the background; its output goes to $work/hub.log
#	listening "$HUB_PORT"
#	ok "the answer comes" tools get "$HUB_PORT" / 5000
#	stop hub                                     # SIGTERM, waits, fails unless it exits with 0
#	is "nothing was logged as an error" "$(grep -c 'error' "$work/hub.log")" 0
#
# Each has a directory of its own, $work, in which it runs; it is removed at exit, and what was started is stopped, whatever
# happens. Scripts run side by side: ports are never fixed. Nothing sleeps: every wait is for an event, with a deadline.
set -u
unset CDPATH
shopt -s nullglob

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
builddir=${builddir:-$PWD}
builddir=$(cd "$builddir" && pwd) || exit 99
export builddir # a script started by a script runs elsewhere
conf=$top/conf
deadline_ms=${DEADLINE_MS:-20000} # generous: it is only waited out by what fails
POSTERN=${POSTERN:-$builddir/postern}
export POSTERN

# Modules of the build directory, unless told otherwise.
if [ -z "${PST_MODULE_PATH:-}" ]; then
	PST_MODULE_PATH=$(printf '%s:' "$builddir"/modules/*/*/.libs)
	export PST_MODULE_PATH=${PST_MODULE_PATH%:}
fi

# A script that works whatever was built sets any_modules=yes before it reads this file.
if [ "${PST_MODULES_MISSING:-}" ] && [ -z "${any_modules:-}" ]; then
	echo "1..0 # SKIP not built:$PST_MODULES_MISSING"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/postern.XXXXXX") || exit 99
cd "$work" || exit 99
# A sanitizer reports into files, which finish() looks for: what a program says is not always looked at, nor how it ends.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$work/sanitizer:exitcode=99"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}log_path=$work/sanitizer:exitcode=99"
declare -A pid_of=()
case_no=0 failures=0 planned= next_port=$((10000 + $$ * 41 % 20000))

tools=$builddir/tests/scenario/tools # by its path for `start`, which needs a program
tools() { "$tools" "$@"; }

# ---- TAP ----

plan() {
	planned=$1
	echo "1..$1"
}

# skip_all REASON: nothing here can be run.
skip_all() {
	planned=0
	echo "1..0 # SKIP $*"
	exit 0
}

quic_built() { [[ $("$POSTERN" module list) != *"built without QUIC"* ]]; }

bail() {
	echo "Bail out! $*"
	exit 99
}

# comment: standard input as TAP comments.
comment() { sed 's/^/# /'; }

# logs: the end of every log, for who has to find out.
logs() {
	local log
	for log in "$work"/*.log; do
		echo "# --- ${log##*/}"
		tail -n "${1:-15}" "$log" | comment
	done
}

passed() { case_no=$((case_no + 1)); echo "ok $case_no - $1"; }
failed() { case_no=$((case_no + 1)) failures=$((failures + 1)); echo "not ok $case_no - $1"; }
skip() { case_no=$((case_no + 1)); echo "ok $case_no - $1 # SKIP $2"; }

# ok SENTENCE COMMAND…: passes if the command succeeds. Its output is shown only if not.
ok() {
	local sentence=$1 rc=0
	shift
	"$@" >"$work/.output" 2>&1 </dev/null || rc=$?
	if [ $rc = 0 ]; then
		passed "$sentence"
		return 0
	fi
	failed "$sentence"
	echo "# exit code $rc: $*"
	comment <"$work/.output"
	logs
	return 1
}

# not_ok SENTENCE COMMAND…: passes if the command fails, by its own decision: not by a signal, nor by a sanitizer (99).
not_ok() {
	local sentence=$1 rc=0
	shift
	"$@" >"$work/.output" 2>&1 </dev/null || rc=$?
	if [ $rc != 0 ] && [ $rc != 99 ] && [ $rc -lt 128 ]; then
		passed "$sentence"
		return 0
	fi
	failed "$sentence"
	echo "# exit code $rc: $*"
	comment <"$work/.output"
	logs
	return 1
}

# is SENTENCE GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		passed "$1"
		return 0
	fi
	failed "$1"
	diff <(printf '%s\n' "$3") <(printf '%s\n' "$2") --label wanted --label got -u | comment
	logs
	return 1
}

# like SENTENCE GOT REGEX
like() {
	if [[ $2 =~ $3 ]]; then
		passed "$1"
		return 0
	fi
	failed "$1"
	printf 'got:    %s\nwanted: %s\n' "$2" "$3" | comment
	logs
	return 1
}

# ---- ports, processes, waiting ----

# ports NAME…: sets and exports each variable to a free port. Scripts that run at once start looking at different places, below
# the range from which the kernel takes ports for connections.
ports() {
	local name
	for name; do
		printf -v "$name" '%s' "$(tools ports 1 "$next_port")"
		next_port=$((${!name} + 1))
		export "${name?}"
	done
}

# start NAME COMMAND…: in the background, output to $work/NAME.log; its process is ${pid_of[NAME]}.
start() {
	local name=$1
	shift
	: >>"$work/$name.log"
	"$@" >>"$work/$name.log" 2>&1 </dev/null &
	pid_of[$name]=$!
}

alive() { [ "${pid_of[$1]:-}" ] && kill -0 "${pid_of[$1]}" 2>/dev/null; }

# end NAME SIGNAL: sends it, waits for the end, kills when the deadline has passed. Returns the exit code.
end() {
	local pid=${pid_of[$1]:-} rc=0
	[ "$pid" ] || return 0
	unset "pid_of[$1]"
	kill -s "$2" "$pid" 2>/dev/null
	if ! gone "$pid"; then
		echo "# $1 does not stop: killed"
		kill -s KILL "$pid" 2>/dev/null
	fi
	wait "$pid" 2>/dev/null || rc=$?
	return $rc
}

# gone PID: waits until the process has ended.
gone() {
	timeout $((deadline_ms / 1000)) tail --pid="$1" -s 0.02 -f /dev/null
}

stop() { end "$1" TERM; }  # as a service manager does
crash() { end "$1" KILL 2>/dev/null; } # as a power cut does; bash would tell of it

# line NAME REGEX [COUNT]: waits until that many lines of the log match (extended regular expression), prints the last of them.
line() {
	tools line "$work/$1.log" "$2" "${3:-1}" "$deadline_ms" && return
	echo "# $1.log has no line like: $2" >&2
	return 1
}

# listening PORT [NAME]: waits until somebody listens there.
listening() {
	tools listening "$1" "$deadline_ms" && return
	echo "# nobody listens on $1" >&2
	return 1
}

# within MS COMMAND…: repeats the command until it succeeds, for what gives no event to wait for. 20 tries a second.
within() {
	local until_ms=$(($(now_ms) + $1))
	shift
	while ! "$@"; do
		[ "$(now_ms)" -lt "$until_ms" ] || return 1
		nap 0.05
	done
}

# nap SECONDS: without a process of its own, of which there would be thousands.
exec {nothing}<> <(:)
nap() { read -r -t "$1" -u "$nothing" || :; }

now_ms() { echo $((${EPOCHREALTIME/[^0-9]/} / 1000)); }

# ---- Postern ----

# identifier STATE: of the identity in that state directory, which is made if need be.
identifier() { "$POSTERN" identity show --state "$1" | grep -o 'I[0-9a-f]\{64\}' | head -n 1; }

# ---- the end ----

finish() {
	local rc=$? name reports
	trap '' INT TERM HUP
	for name in "${!pid_of[@]}"; do
		end "$name" TERM >/dev/null
	done
	if declare -F at_exit >/dev/null; then at_exit; fi
	reports=("$work"/sanitizer.*)
	if [ ${#reports[@]} -gt 0 ]; then
		echo "Bail out! a sanitizer reports"
		head -q -n 80 "${reports[@]}" | comment
		rc=99
	fi
	cd /
	if [ "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
	if [ "$rc" = 0 ] && [ "$planned" ] && { [ "$failures" -gt 0 ] || [ "$case_no" != "$planned" ]; }; then rc=1; fi
	exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
