#!/bin/bash
# Links over WebSockets keep what <postern/transport.h> promises, with TLS and without.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/transport/websocket/transport_websocket.la" ] || skip_all "transport/websocket is not built"
plan 2

ports PORT TLS_PORT
cat >ws.conf <<END
node n        { state = "n" }
transport web { use = websocket  listen = {"127.0.0.1:$PORT"} }
END
cat >wss.conf <<END
node n        { state = "n" }
transport web { use = websocket  listen = {"127.0.0.1:$TLS_PORT"}  certificate = "web.pem"  key = "web.key"  ca = "web.pem" }
END
ok "without TLS" "$builddir/pst-conform" transport ws.conf web "/ip4/127.0.0.1/ws/$PORT"
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -out web.pem -days 2 \
		-subj /CN=web -addext "subjectAltName = IP:127.0.0.1" 2>openssl.log || bail "no certificate"
	ok "with TLS" "$builddir/pst-conform" transport wss.conf web "/ip4/127.0.0.1/wss/$TLS_PORT"
else
	skip "with TLS" "no openssl"
fi
