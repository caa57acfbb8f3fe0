#!/bin/bash
# Links over UDP keep what <postern/transport.h> promises: by QUIC all of it, by plain datagrams what these can.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/transport/udp/transport_udp.la" ] || skip_all "transport/udp is not built"
plan 4

ports PORT OTHER_PORT
cat >udp.conf <<END
node n        { state = "n" }
transport air { use = udp  listen = {"127.0.0.1:$PORT"} }
END

# keeps ROUTE
keeps() { "$builddir/pst-conform" transport udp.conf air "$1" >told; }
if quic_built; then
	ok "by QUIC" keeps "/ip4/127.0.0.1/quic/$PORT"
	is "nothing is left out" "$(grep -c SKIP told)" 0
else
	keeps "/ip4/127.0.0.1/quic/$PORT"
	like "who asks for QUIC is told that it is not built" "$(cat told)" '^Bail out! WHERE: .*without QUIC'
	skip "by QUIC" "transport/udp was built without QUIC"
fi
ok "by datagrams" keeps "/ip4/127.0.0.1/udp/$PORT"
is "what they cannot keep is left out, and nothing else" "$(sed -n 's/.* # SKIP //p' told | sort | uniq -c | tr -s ' ')" " 5 it may lose messages"
