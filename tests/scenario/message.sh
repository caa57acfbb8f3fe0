#!/bin/bash
# postern message send: the smallest use of a node.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
plan 7

ports PORT
cat >node.conf <<END
node n        { state = "n" }
transport wan { use = tcp  listen = {"127.0.0.1:$PORT"}  expose = {"api", "echo"} }
END
id=$(identifier "$work/n")
start n "$POSTERN" run node.conf
listening "$PORT"
at=/ip4/127.0.0.1/tcp/$PORT

send() { timeout 20 "$POSTERN" message send "$@" 2>"$work/err"; }

is "a message comes back from echo" "$(send hello --to "$at/service/echo")" hello
is "through a channel too" "$(send "hello there" --to "$at/secure/api/service/echo" --authorized "$id")" "hello there"
is "and a channel in a channel" "$(send again --to "$at/secure/api/secure/api/service/echo" --authorized "$id")" again
is "bytes as hex" "$(send 00ff10 --hex --to "$at/service/echo")" 00ff10
send hello --to "$at/service/nobody" --timeout 1s >/dev/null
is "nobody answers: time ran out" $? 6
send hello --to "$at/secure/api/service/echo" --authorized "I$(printf '0%.0s' {1..64})" --timeout 2s >/dev/null
is "another identity than the wanted one is no answer" $? 6
send hello --to /ip4/127.0.0.1/tcp >/dev/null
is "a route that is none is a usage error" $? 2
