# Nodes whose calls can be made to fail: sourced after scenario/lib.sh.
#
#	begin bank                   # starts it under the injector and waits until it is up
#	arm bank send EPIPE 3        # its third call that sends to a socket, from now on, will fail so
#	hit bank                     # whether that has happened
#	fate bank                    # runs | stopped | said | gave_up | died, the exit code in $fate_rc
#
# A node is run as command_of says; its log is of its present life, earlier ones are in NODE.past.log.

fault_dir=$builddir/tests/fault
arm=$fault_dir/arm
injector=$fault_dir/.libs/inject.so
# the injector stands in front of the sanitizer's allocator
export ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
# what other libraries do not free when memory is out
export LSAN_OPTIONS="suppressions=$top/tests/fault/lsan.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"

# command_of NODE: sets `command`. A scenario may have its own.
command_of() { command=("$POSTERN" run "$work/$1.conf"); }

arm() { "$arm" "$work/$1.inject" "${@:2}"; }
disarm() { "$arm" "$work/$1.inject" clean; }
hit() { "$arm" "$work/$1.inject" hit; }
# calls NODE POINT: how many there were.
calls() { "$arm" "$work/$1.inject" counts | sed -n "s/^$2 //p"; }

# preloaded COMMAND…: with the injector, its file being $INJECT_FILE.
preloaded() { exec env LD_PRELOAD="$injector" "$@"; }

# prepare NODE: sets `command`, begins a log.
prepare() {
	[ ! -f "$work/$1.log" ] || cat "$work/$1.log" >>"$work/$1.past.log"
	: >"$work/$1.log"
	[ -f "$work/$1.inject" ] || disarm "$1"
	command_of "$1"
}

# launch NODE: in the background, armed as it is.
launch() {
	local command
	prepare "$1"
	INJECT_FILE=$work/$1.inject start "$1" preloaded "${command[@]}"
}

# launch_command NAME: the same of a command whose output is wanted, in $work/NAME.out.
launch_command() {
	local command
	prepare "$1"
	INJECT_FILE=$work/$1.inject OUT=$work/$1.out start "$1" preloaded_out "${command[@]}"
}
preloaded_out() { preloaded "$@" >"$OUT"; }

# begin NODE: with nothing armed; waits until it is up.
begin() {
	disarm "$1"
	launch "$1"
	line "$1" 'node up' >/dev/null || { logs; bail "$1 does not start"; }
}

# says NODE REGEX: whether its log has that, found without a process of its own.
says() {
	local lines=()
	[ ! -f "$work/$1.log" ] || mapfile -t lines <"$work/$1.log"
	[[ ${lines[*]} =~ $2 ]]
}

# up_or_gone NODE: waits until it is up (0) or has ended.
up_or_gone() {
	local until_ms=$(($(now_ms) + deadline_ms))
	while ! says "$1" 'node up'; do
		alive "$1" || return 1
		[ "$(now_ms)" -lt $until_ms ] || return 1
		nap 0.02
	done
}

# culprit NODE: the file of code in which the signal came that ended it, libc's own apart.
culprit() {
	"$arm" "$work/$1.inject" died | sed -E '/^(inject\.so|libc\.so|ld-linux|lib[alut]*san)/d; s/ .*//; q'
}

# Libraries that end the program instead of telling of an error. libuv 1.44 aborts when it lacks memory or descriptors
# for its own tables, threads and signals, and whenever epoll_ctl fails; OpenSSL 3.0 runs into a NULL of its own when
# memory is out while it prepares itself, and libtasn1 4.19 while GnuTLS has it build a certificate. No caller can help that: whoever supervises the daemon starts it again.
given_up='^lib(uv|crypto|tasn1)\.so'

# reported NODE: whether a sanitizer has said something in this life.
reported() { says "$1" 'AddressSanitizer|LeakSanitizer|runtime error:'; }

# fate NODE: what has become of it. Who is not running is no longer known to `alive`.
fate() {
	local pid=${pid_of[$1]}
	fate_rc=0
	if alive "$1"; then fate=runs; return; fi
	unset "pid_of[$1]"
	wait "$pid" 2>/dev/null || fate_rc=$?
	if reported "$1"; then
		fate=died
	elif [ $fate_rc -ge 128 ] && [[ $(culprit "$1") =~ $given_up ]]; then
		fate=gave_up
	elif [ $fate_rc -ge 128 ]; then
		fate=died
	elif [ $fate_rc = 0 ]; then
		fate=stopped
	elif [ -s "$work/$1.log" ]; then
		fate=said # an exit code and a message
	else
		fate=died
	fi
}

# descriptors NODE: what it has open, a line each.
descriptors() { readlink "/proc/${pid_of[$1]}/fd"/*; }

# where NODE where|died: the calls that led to the one that failed, or to the end, with lines of the source.
where() {
	local object offset file
	"$arm" "$work/$1.inject" "$2" | while read -r object offset; do
		for file in "$builddir/.libs/$object" "$builddir"/modules/*/*/.libs/"$object"; do
			[ ! -f "$file" ] || break
		done
		if [ -f "$file" ]; then
			addr2line -f -s -e "$file" "$offset" 2>/dev/null | paste -sd' '
		else
			echo "$object $offset"
		fi
	done
}
