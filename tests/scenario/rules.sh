#!/bin/bash
# Who may do what: each refusal is silent towards a stranger, and logged here.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/nodes.sh"
plan 6

three_nodes
echo content >"$work/page"
start target "$tools" http "$DB_PORT" "$work/page"
listening "$DB_PORT"
stranger=$(identifier "$work/stranger")
real=$ANALYSIS_ID real_bank=$BANK_ID

# the bank does not know the analyst
ANALYSIS_ID=$stranger start bank "$POSTERN" run "$work/bank.conf"
line bank 'node up' >/dev/null
up hub analysis
inlet_up
not_ok "an outlet that does not name a peer turns it away" tools get "$INLET_PORT" / 3000
like "and says whom" "$(line bank 'refused reason="denied by policy"')" "peer=$real"
stop bank; stop analysis; stop hub

# the hub does not know the bank: it may not register
BANK_ID=$stranger start hub "$POSTERN" run "$work/hub.conf"
line hub 'node up' >/dev/null
up bank
like "a relay service refuses who may not register" "$(line hub 'may not register')" "peer=$real_bank"
stop bank; stop hub

# the hub does not know the analyst: it may not send through
ANALYSIS_ID=$stranger start hub "$POSTERN" run "$work/hub.conf"
line hub 'node up' >/dev/null
up bank analysis
like "and who may not send through" "$(line hub 'may not send through')" "peer=$real"
stop bank; stop analysis; stop hub

# somebody else answers in the bank's place
BANK_ID=$stranger start analysis "$POSTERN" run "$work/analysis.conf"
up hub bank
like "an inlet takes no other far end" "$(line analysis 'handshake failed')" "not authorized"

# a worker that is not exposed
"$POSTERN" message send hello --to "/ip4/127.0.0.1/tcp/$HUB_PORT/service/echo" --timeout 1s >"$work/out" 2>&1
is "without a channel only what is exposed can be reached" $? 6
