#!/bin/bash
# Whatever dies comes back without anybody touching the other nodes.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/nodes.sh"
plan 7

three_nodes
echo content >"$work/page"
start target "$tools" http "$DB_PORT" "$work/page"
listening "$DB_PORT"
up hub bank analysis
inlet_up
answers() { [ "$(tools get "$INLET_PORT" / 2000)" = content ]; }
ok "it works" answers

crash hub
up hub
began=$(now_ms)
ok "after a crash of the hub it works again" within 10000 answers
took=$(($(now_ms) - began))
echo "# again after $took ms"

crash bank
up bank
ok "after a crash of the bank too, though nothing tells the analyst" within 20000 answers

stop bank
ok "a bank that stops says so: the route goes at once" line analysis 'inlet down' 3
up bank
ok "and comes again" within 10000 answers

stop hub
start waiting "$tools" get "$INLET_PORT" / 15000
up hub
ok "a connection made meanwhile waits, and is answered" line waiting content
wait "${pid_of[waiting]}"
crash analysis
up analysis
ok "after a crash of the analyst it works again" within 10000 answers
