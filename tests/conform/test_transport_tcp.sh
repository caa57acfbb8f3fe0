#!/bin/bash
# Links over TCP keep what <postern/transport.h> promises.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/transport/tcp/transport_tcp.la" ] || skip_all "transport/tcp is not built"
plan 4

ports PORT OTHER_PORT
cat >tcp.conf <<END
node n        { state = "n" }
transport wan { use = tcp  listen = {"127.0.0.1:$PORT"} }
END
ok "over TCP" "$builddir/pst-conform" transport tcp.conf wan "/ip4/127.0.0.1/tcp/$PORT"

# ---- what is asked wrongly ----

# says SENTENCE WHERE
says() {
	local out rc=0
	out=$("$builddir/pst-conform" transport tcp.conf wan "$2" 2>/dev/null) || rc=$?
	is "$2" "$out, exit code $rc" "Bail out! $1, exit code 3"
}
says "WHERE: transport wan does not speak udp" "/ip4/127.0.0.1/udp/$PORT"
says "WHERE: want a host and a port, as /ip4/127.0.0.1/tcp/4000" "/ip4/127.0.0.1"
says "a link does not come up at /ip4/127.0.0.1/tcp/$OTHER_PORT: Connection refused" "/ip4/127.0.0.1/tcp/$OTHER_PORT"
