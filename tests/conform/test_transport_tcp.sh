#!/bin/bash
# Links over TCP keep what <postern/transport.h> promises.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/transport/tcp/transport_tcp.la" ] || skip_all "transport/tcp is not built"
plan 1

ports PORT
cat >tcp.conf <<END
node n        { state = "n" }
transport wan { use = tcp  listen = {"127.0.0.1:$PORT"} }
END
ok "over TCP" "$builddir/pst-conform" transport tcp.conf wan "/ip4/127.0.0.1/tcp/$PORT"
