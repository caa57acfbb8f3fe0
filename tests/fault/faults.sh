# One fault at a time, and what becomes of it: sourced after victim.sh. A scenario has
#
#	job                  0: done and right; 1: an error that was told as one; anything else: lost
#	settled NODE         (optional) after a node was started: what else has to be there
#	fresh NODE           (optional) before each start that is hurt
#	right NAME           of a command: whether $work/NAME.out is as it should be
#
# and then says whom to hurt:
#
#	while_running far    # faults in a node that does the job
#	while_starting far   # faults in its start
#	in_command send      # faults in a program that runs and ends; command_of says which
#	table                # the last thing
#
# Of each fault at each point a few calls are made to fail, the first and the last and some between, which FAULT_SEED
# chooses; where a scenario sets `share`, of one fault in so many only. With POSTERN_LONG=1 it is every call of every
# fault, up to FAULT_BOUND (300). FAULT_ONLY picks cases by a regular expression:
#
#	FAULT_ONLY='starting near: allocate' tests/fault/portal
. "$top/tests/fault/victim.sh"

seed=${FAULT_SEED:-1} turn=$seed
bound=${FAULT_BOUND:-300}
declare -A table_of=()

# bash tells of every process that a signal ended
exec 2>"$work/shell.log"

[ "${POSTERN_LONG:-}" ] || echo "# left to ./bootstrap check --long: all calls but a sample (seed $seed)"

# ---- which calls ----

# sample COUNT WANTED: sets chosen to so many numbers from 1 to COUNT: of three and more, the first and the last are two.
sample() {
	local count=$1 wanted=$2 i from to
	[ -z "${POSTERN_LONG:-}" ] || wanted=$bound
	chosen=()
	for ((i = 0; i < wanted && i < count; i++)); do
		# one of each of `wanted` parts
		from=$((count * i / wanted + 1)) to=$((count * (i + 1) / wanted))
		[ "$count" -gt "$wanted" ] || from=$((i + 1)) to=$((i + 1))
		seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
		chosen+=($((from + seed / 65536 % (to - from + 1))))
	done
	if [ "$wanted" -ge 3 ] && [ "$count" -ge 3 ]; then
		chosen[0]=1
		chosen[-1]=$count
	fi
}

# ---- one fault ----

# lose WHY: this fault was one too many.
lose() {
	verdict=lost
	why+="${why:+; }$1"
}

# count VERDICT: into the table's line of this fault.
count() { table_of[$row:$1]=$((${table_of[$row:$1]:-0} + 1)); }

# others NODE: the nodes beside it do not suffer.
others() {
	local name
	for name in "${!pid_of[@]}"; do
		alive "$name" || lose "$name has ended too"
		[ "$name" = "$1" ] || ! reported "$name" || lose "a sanitizer reports in $name"
	done
	! says server LOST || lose "the server was told an end that was none"
	[ ! -f "$work/server.log" ] || : >"$work/server.log"
}

# end_of NODE: it is not running any more; was that allowed?
end_of() {
	case $fate in
	said) verdict=ended ;;
	gave_up) verdict=gave_up ;;
	*) lose "$1 $fate with exit code $fate_rc" ;;
	esac
}

settled() { :; }
fresh() { :; }

# again: the job is done, now that nothing fails any more.
again() { within 30000 job; }

# lost_story NODE: for who has to find out; then everything is begun anew.
lost_story() {
	local name
	echo "# lost: $2 $3 at call $4 of $1: $why"
	where "$1" where | head -n 14 | comment
	where "$1" died | sed 's/^/died in /' | head -n 14 | comment
	tail -n 6 "$work/$1.log" | comment
	for name in "${!pid_of[@]}"; do
		[ ! -f "$work/$name.inject" ] || { crash "$name"; begin "$name"; }
	done
	settled "$1"
	within 30000 job || bail "nothing works any more"
}

# revive NODE: starts it again if it has ended, as it may have, and returns 0.
revive() {
	fate "$1"
	[ "$fate" != runs ] || return 1
	end_of "$1"
	begin "$1"
	settled "$1"
}

# hurt_running NODE POINT FAULT N: while the job is done.
hurt_running() {
	local rc=0 hit_rc=0
	verdict=survived why=
	arm "$@"
	job || rc=$?
	case $rc:$2 in
	0:* | 1:*) ;;
	5:accept) ;; # libuv's way when descriptors are out: it accepts, and closes
	*) lose "the job ended with $rc" ;;
	esac
	hit "$1" || hit_rc=$?
	disarm "$1"
	if [ $hit_rc = 0 ]; then
		revive "$1"
		# some ends come a little later than the job's
		again || { revive "$1" && again; } || lose "the job cannot be done any more"
	else
		[ $rc = 0 ] || lose "the job failed without a fault"
		[ $verdict = lost ] || verdict=missed
	fi
	others "$1"
}

# hurt_starting NODE POINT FAULT N: it was stopped before.
hurt_starting() {
	verdict=survived why=
	fresh "$1"
	arm "$@"
	launch "$1"
	up_or_gone "$1"
	revive "$1" || settled "$1"
	again || { revive "$1" && again; } || lose "the job cannot be done after it"
	hit "$1" || [ $verdict = lost ] || verdict=missed
	disarm "$1"
	[ $verdict = lost ] || halt "$1" || lose "$1 does not stop in order: $halted"
	others "$1"
}

# clean_command NAME: once without a fault.
clean_command() {
	disarm "$1"
	launch_command "$1"
	gone "${pid_of[$1]}"
	fate "$1"
	[ "$fate" = stopped ] && right "$1"
}

# hurt_command NAME POINT FAULT N
hurt_command() {
	verdict=survived why=
	fresh "$1"
	arm "$@"
	launch_command "$1"
	gone "${pid_of[$1]}" || lose "$1 does not end"
	fate "$1"
	hit "$1" || verdict=missed
	disarm "$1"
	if [ "$fate" != stopped ]; then
		end_of "$1"
	elif ! right "$1"; then
		lose "$1 says what is not so: $(head -c 200 "$work/$1.out")"
	fi
	clean_command "$1" || lose "$1 cannot be done after it"
	others "$1"
}

# halt NODE: stops it; not 0 when something was left behind, which $halted says.
halt() {
	local rc=0
	stop "$1" >/dev/null || rc=$?
	halted=
	[ $rc = 0 ] || halted="exit code $rc"
	! says "$1" 'handles were left open' || halted+=" handles left open"
	says "$1" 'bytes_charged=0' || halted+=" bytes left charged"
	! reported "$1" || halted+=" a sanitizer reports"
	[ -z "$halted" ]
}

# ---- all faults of a node ----

# hurt_all HOW NODE POINT FAULT COUNT: one case.
hurt_all() {
	local how=$1 node=$2 point=$3 fault=$4 n said="" lost=0 made=0
	row="$point $fault"
	[[ "$how $node: $point $fault" =~ ${FAULT_ONLY:-} ]] || return 0
	turn=$((turn + 1))
	[ "${POSTERN_LONG:-}" ] || [ $((turn % ${share:-1})) = 0 ] || return 0
	sample "$5" "$(wanted "$how" "$point")"
	for n in "${chosen[@]}"; do
		"hurt_$how" "$node" "$point" "$fault" "$n"
		made=$((made + 1))
		count injected
		count "$verdict"
		case $verdict in
		lost)
			lost=$((lost + 1))
			lost_story "$node" "$point" "$fault" "$n"
			[ "$how" != starting ] || stop "$node" >/dev/null
			;;
		gave_up) said=" ($(culprit "$node") gives up)" ;;
		esac
	done
	if [ $lost = 0 ]; then
		passed "$how $node: $point $fault, $made of $5 calls$said"
	else
		failed "$how $node: $point $fault, $lost of $made lost"
	fi
}

# wanted HOW POINT: how many calls in a sample. What has to be started each time takes longer; and all does with
# sanitizers, which are more interested in how things end than in how often.
wanted() {
	case $1:$2 in
	running:allocate) echo $((${SAMPLE_ALLOCATE:-16} / slower)) ;;
	*:allocate) echo $((${SAMPLE_ALLOCATE:-12} / slower)) ;;
	*:library) echo $((${SAMPLE_LIBRARY:-4} / slower)) ;;
	running:*) echo $(((${SAMPLE:-3} + slower - 1) / slower)) ;;
	*) echo $(((${SAMPLE:-2} + slower - 1) / slower)) ;;
	esac
}
slower=1
! grep -qs 'define PST_SANITIZED' "$builddir/config.h" || slower=2

# faults_of NODE: lines "POINT FAULT CALLS" for all that it called since it was armed or cleaned.
faults_of() {
	"$arm" points | while read -r point fault; do
		count=$(calls "$1" "$point")
		[ -z "$count" ] || echo "$point $fault $count"
	done
}

no_more_than() { [ "$(descriptors "$1" | wc -l)" -le "$2" ]; }

# left NODE OPEN: after all faults, nothing is left behind in a node that had these descriptors.
left() {
	if ! within 5000 no_more_than "$1" "$(wc -l <<<"$2")"; then
		echo "more descriptors are open than before:"
		diff -u --label before --label after <(echo "$2") <(descriptors "$1")
		crash "$1"
		return 1
	fi
	halt "$1" || { echo "it does not stop in order: $halted"; return 1; }
}

while_running() {
	local node each open faults
	for node; do
		disarm "$node"
		again || bail "the job cannot be done"
		settled "$node"
		disarm "$node"
		job || bail "the job cannot be done"
		mapfile -t faults < <(faults_of "$node")
		open=$(descriptors "$node")
		for each in "${faults[@]}"; do hurt_all running "$node" $each; done
		ok "running $node: nothing is left behind" left "$node" "$open"
		begin "$node"
		settled "$node"
	done
}

while_starting() {
	local node each faults
	for node; do
		stop "$node" >/dev/null
		begin "$node"
		mapfile -t faults < <(faults_of "$node")
		stop "$node" >/dev/null
		for each in "${faults[@]}"; do hurt_all starting "$node" $each; done
		begin "$node"
		settled "$node"
	done
}

in_command() {
	local node each faults
	for node; do
		fresh "$node"
		clean_command "$node" || bail "$node cannot be done"
		mapfile -t faults < <(faults_of "$node")
		for each in "${faults[@]}"; do hurt_all command "$node" $each; done
	done
}

# ---- the table ----

table() {
	local scenario=${0##*/} verdict
	printf '# %-10s %-22s %8s %5s %8s %8s %9s %5s\n' scenario fault injected hit survived "an error" "library's" lost
	"$arm" points | while read -r row; do
		[ "${table_of[$row:injected]:-}" ] || continue
		for verdict in injected missed survived ended gave_up lost; do
			printf -v "$verdict" '%d' "${table_of[$row:$verdict]:-0}"
		done
		printf '# %-10s %-22s %8d %5d %8d %8d %9d %5d\n' "$scenario" "$row" "$injected" \
			$((injected - missed)) "$survived" "$ended" "$gave_up" "$lost"
	done
	plan "$case_no"
}
