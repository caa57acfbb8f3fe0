#!/bin/bash
# Bytes from anybody: each connection closes or is ignored as the protocol
# says, one line is logged, and a portal beside it goes on.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/nodes.sh"
plan 13

three_nodes
echo content >"$work/page"
start target "$tools" http "$DB_PORT" "$work/page"
listening "$DB_PORT"
up hub bank analysis
inlet_up
answers() { [ "$(tools get "$INLET_PORT" / 5000)" = content ]; }

# raw HEX…: what a connection to the hub that sends these bytes comes to:
# closed, or open still after a second; and what was answered, in hex.
raw() {
	local bytes got
	bytes=$(printf '%s' "$*" | tr -d ' ' | sed 's/../\\x&/g')
	exec 3<>"/dev/tcp/127.0.0.1/$HUB_PORT"
	printf '%b' "$bytes" >&3 2>/dev/null
	timeout "${WAIT:-5}" dd bs=1 status=none <&3 >"$work/.raw" 2>/dev/null
	[ $? = 124 ] && got=open || got=closed
	echo "$got $(od -An -v -tx1 "$work/.raw" | tr -d ' \n')"
	exec 3>&-
}
# frame BODY: with its length in front
frame() { printf '%08x%s' $((${#1} / 2)) "$1"; }

is "wrong version byte" "$(raw 00)" "closed 01"
is "length beyond what strangers may send" "$(raw 01 00100000)" "closed 01"
is "length of 4 GiB" "$(raw 01 ffffffff)" "closed 01"
is "length zero" "$(raw 01 00000000)" "closed 01"
is "not CBOR" "$(raw 01 "$(frame ffffffff)")" "closed 01"
is "truncated CBOR" "$(raw 01 "$(frame 83818200446563)")" "closed 01"
is "an array of 2^63 addresses" "$(raw 01 "$(frame 839b7fffffffffffffff)")" "closed 01"
is "payload as text" "$(raw 01 "$(frame 83818200446563686f818200436170706568656c6c6f)")" "closed 01"
is "a heartbeat" "$(WAIT=0.5 raw 01 "$(frame 83808040)")" "open 01"
is "an unknown worker" "$(WAIT=0.5 raw 01 "$(frame 83818200446e6f7065818200436170704568656c6c6f)")" "open 01"

# half a handshake: message 1 to api, again and again, and then silence
e=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
one=$(frame "83818200436170698182004361707058""20$e")
many=$(for i in {1..400}; do printf %s "$one"; done)
WAIT=1 raw 01 "$many" >/dev/null
like "half handshakes are bounded" "$(line hub 'handshake refused')" 'limit reached'
ok "and the portal goes on" answers
is "not a line more than the rate" "$([ "$(wc -l <"$work/hub.log")" -lt 120 ] && echo few)" few
