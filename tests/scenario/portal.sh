#!/bin/bash
# A portal through a relay: bytes arrive as they are, ends of streams too, and
# what goes wrong at the target reaches the application.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/nodes.sh"
plan 9

three_nodes
up hub bank analysis
ok "the inlet finds its route" inlet_up

# fetch FILE: through the portal, and compare.
fetch() { tools get "$INLET_PORT" / 30000 | cmp - "$1"; }

head -c 50000000 /dev/urandom >"$work/big"
start target "$tools" http "$DB_PORT" "$work/big"
listening "$DB_PORT"
ok "50 MB arrive as they were" fetch "$work/big"
four() {
	local i pids=() rc=0
	for i in 1 2 3 4; do fetch "$work/big" & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || rc=1; done
	return $rc
}
ok "the same four times at once" four
stop target >/dev/null

start echo "$tools" echo "$DB_PORT"
listening "$DB_PORT"
is "what is half-closed is answered to the end" "$(tools talk "$INLET_PORT" "to and fro" 10000)" "to and fro"
stop echo >/dev/null

refused() { ! tools talk "$INLET_PORT" x 5000; }
ok "a target that refuses resets the application at once" refused
like "and both ends say why" "$(line analysis 'the other end closed')" 'target refused the connection'

start target "$tools" http "$DB_PORT" "$conf/private-database/hub.conf"
listening "$DB_PORT"
ok "a target that is back is reached" fetch "$conf/private-database/hub.conf"

ended() { stop analysis && stop bank && stop hub; }
ok "all three nodes stop in order" ended
is "nothing is left charged to any account" "$(grep -h 'node stopped' "$work"/*.log | grep -c 'bytes_charged=0')" 3
