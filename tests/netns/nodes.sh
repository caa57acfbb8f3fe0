# The three nodes of ../scenario/nodes.sh, each in the place of its name: sourced after lib.sh.
#
#	HUB_HOST=203.0.113.2 three_nodes
#	up hub bank analysis
#	target                       # what the outlet leads to: `bytes serve`, at the bank
#	alike 1000000 MS             # bytes through the portal, both ways; succeeds when the hashes at both ends say the same
. "$top/tests/scenario/nodes.sh"

up() {
	local node before
	for node; do
		before=$(cat "$work/$node.log" 2>/dev/null | grep -c 'node up')
		start_at "$node" "$node" "$POSTERN" run "$work/$node.conf"
		line "$node" 'node up' $((before + 1)) >/dev/null || bail "$node does not start"
	done
}

target() {
	start_at bank target "$bytes" serve 127.0.0.1 "$DB_PORT"
	at bank "$tools" listening "$DB_PORT" "$deadline_ms" || bail "the target does not start"
}

# swap_begin COUNT MS: in the background, with its output in swap.log; gives up after MS without a byte.
swap_begin() {
	: >swap.log
	start_at analysis swap "$bytes" swap 127.0.0.1 "$INLET_PORT" "$1" "$2"
}

# swap_end: waits for the end, whose line is in $ended. Succeeds when the target says the same hashes.
swap_end() {
	local rc=0
	gone "${pid_of[swap]}"
	wait "${pid_of[swap]}" || rc=$?
	unset "pid_of[swap]"
	ended=$(grep -E '^(sent|broken)' swap.log)
	[ $rc = 0 ] && line target "^$(sed -E 's/sent (.*) got (.*)/sent \2 got \1/' <<<"$ended")$"
}

alike() {
	swap_begin "$@"
	swap_end && return
	echo "$ended"
	return 1
}
