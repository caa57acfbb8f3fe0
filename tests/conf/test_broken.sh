#!/bin/bash
# Files that are wrong: `postern check` and `postern run` say where and what in one line, exit with 2, and start nothing.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 258
me=I$(printf '%064d' 7)
route=/ip4/127.0.0.1/tcp/4000/secure/api/service/outlet

# broken SENTENCE FIRST-LINE <<FILE: two cases, one for check and one for run. The file is t.conf.
broken() {
	local out rc=0 wanted="postern: $2 [conf]"
	cat >t.conf
	rm -rf state
	out=$("$POSTERN" check t.conf 2>&1) || rc=$?
	is "$1" "$out, exit code $rc" "$wanted, exit code 2"
	rc=0
	out=$(timeout 20 "$POSTERN" run --state state t.conf 2>&1) || rc=$?
	[ ! -e state ] || rc="$rc, and a state directory was made"
	is "the same when it is run, and nothing is started" "$out, exit code $rc" "$wanted, exit code 2"
}

# ---- sections ----

broken "an unknown section" 't.conf:2: unknown section "nod", did you mean "node"?' <<'END'
# a comment
nod hub { state = "hub" }
END
broken "an unknown section like no other" 't.conf:1: unknown section "zebra"' <<'END'
zebra hub { }
END
broken "a section twice" 't.conf:3: outlet db: stands at t.conf:1 already' <<'END'
outlet db { to = "127.0.0.1:5432"  authorized = {"*"} }

outlet db { to = "127.0.0.1:5433"  authorized = {"*"} }
END
broken "two nodes" 't.conf:2: node b: a second node; the first is at t.conf:1' <<'END'
node a { }
node b { }
END
broken "a section without a name" 't.conf:1: the section needs a name: node NAME { … }' <<'END'
node { }
END
broken "a key outside of a section" 't.conf:1: state = stands outside of a section' <<'END'
state = "hub"
END

# ---- what only one can have ----

broken "a name that a service of every node has" \
	't.conf:2: outlet echo: the address "echo" is that of service echo, which every node has' <<'END'
node n { }
outlet echo { to = "127.0.0.1:5432"  authorized = {"*"} }
END
broken "a section that is opened before it" \
	't.conf:1: channel echo: the address "echo" is that of service echo, which every node has' <<'END'
channel echo { }
END
broken "the address of another section" \
	't.conf:2: outlet db: the address "db" is that of service probe at t.conf:1' <<'END'
service probe { use = echo  address = db }
outlet db { to = "127.0.0.1:5432"  authorized = {"*"} }
END
broken "what a node's only outlet answers to" \
	't.conf:2: outlet db: the address "outlet" is that of service outlet at t.conf:1' <<'END'
service outlet { use = echo }
outlet db { to = "127.0.0.1:5432"  authorized = {"*"} }
END
broken "two datagram inlets at one port" \
	't.conf:4: inlet b: listen: inlet a at t.conf:1 listens at 127.0.0.1:4301 already' <<END
inlet a { use = udp  listen = "127.0.0.1:4301"  to = "$route"  authorized = {"*"} }
inlet b {
	use = udp  to = "$route"  authorized = {"*"}
	listen = "127.0.0.1:4301" }
END
broken "two transports at one port, one of them at all addresses" \
	't.conf:2: transport web: listen: transport wan at t.conf:1 listens at 0.0.0.0:4301 already' <<'END'
transport wan { listen = {"0.0.0.0:4301", "[::]:4301"} }
transport web { use = websocket  listen = {"127.0.0.1:4301"} }
END
broken "one section twice at one port" \
	't.conf:1: transport wan: listen: [::]:4301 and [::1]:4301 are one place' <<'END'
transport wan { listen = {"[::]:4301", "[::1]:4301"} }
END
broken "an inlet and a gateway at one port" \
	't.conf:2: inlet a: listen: service front at t.conf:1 listens at 127.0.0.1:4301 already' <<END
service front { use = gateway  listen = {"127.0.0.1:4301"}  function = echo }
inlet a { listen = "127.0.0.1:4301"  to = "$route"  authorized = {"*"} }
END
cat >t.conf <<END
transport wan { listen = {"127.0.0.1:4301", "[::]:4301", "127.0.0.1:0", "127.0.0.1:0"} }
transport datagrams { use = udp  listen = {"127.0.0.1:4301"} }
inlet a { listen = "127.0.0.2:4301"  to = "$route"  authorized = {"*"} }
service probe { use = echo  address = db }
outlet one { to = "127.0.0.1:5432"  authorized = {"*"} }
outlet two { to = "127.0.0.1:5432"  authorized = {"*"} }
service outlet { use = echo }
END
rc=0
out=$("$POSTERN" check t.conf 2>&1) || rc=$?
is "other protocols, addresses, any port, and one name each are right" "${out##*, }, exit code $rc" "all right, exit code 0"

# ---- modules ----

broken "an unknown module" 't.conf:2: transport wan: use: no module transport/tcpp (there are: tcp, udp, unix, websocket)' <<'END'
transport wan {
	use = tcpp }
END
broken "a service that is none" 't.conf:1: service ehco: no module service/ehco (there are: authority, echo, functions, gateway, project, relay, rendezvous)' <<'END'
service ehco { }
END
broken "a module where there is no choice" 't.conf:1: relay db: use: a relay is always of module service/relay' <<'END'
relay db { use = echo  at = "/ip4/127.0.0.1/tcp/4000/secure/api"  authorized = {"*"} }
END
broken "a module of another directory" 't.conf:1: transport wan: use: "../tcp" is not the name of a module' <<'END'
transport wan { use = "../tcp" }
END

# ---- keys ----

broken "an unknown key" 't.conf:2: outlet db: unknown key "tto", did you mean "to"?' <<'END'
outlet db {
	tto = "127.0.0.1:5432"  authorized = {"*"} }
END
broken "a key of another module than the one that is taken" \
	't.conf:2: transport quic: unknown key "certificate" (module tcp, as there is no "use")' <<'END'
transport quic {
	certificate = "web.pem" }
END
broken "the same where the module is written" 't.conf:2: transport quic: unknown key "certificate"' <<'END'
transport quic { use = tcp
	certificate = "web.pem" }
END
broken "a key twice" 't.conf:3: node n: log stands here and in line 2' <<'END'
node n {
	log = info
	log = warn
}
END
broken "a room of the log that is none" 't.conf:2: node n: log_rooms: no room "portl", did you mean "portal"?' <<'END'
node n {
	log_rooms = {"relay=warn", "portl=debug"} }
END
broken "a room like no other" 't.conf:1: node n: log_rooms: no room "zebra"' <<'END'
node n { log_rooms = "zebra=info" }
END
broken "a level of a room that is none" \
	't.conf:1: node n: log_rooms: transport: no level "wran", did you mean "warn"?' <<'END'
node n { log_rooms = {"transport=wran"} }
END
broken "a room without a level" 't.conf:1: node n: log_rooms: "transport" is not of the form KIND=LEVEL' <<'END'
node n { log_rooms = {"transport"} }
END
broken "a format of the log that is none" 't.conf:1: node n: log_format: "jsn" is not known; known are: text json' <<'END'
node n { log_format = jsn }
END
broken "a key that is missing" 't.conf:1: outlet db: to: is required' <<'END'
outlet db { authorized = {"*"} }
END
broken "a list where one value goes" 't.conf:2: outlet db: to: takes one value, not a list' <<'END'
outlet db {
	to = {"127.0.0.1:5432"}
	authorized = {"*"} }
END

# ---- values ----

broken "a bad size" 't.conf:1: node n: memory: "12Q" is not a size: digits, then K, M, G or nothing' <<'END'
node n { memory = 12Q }
END
broken "a bad time" \
	't.conf:2: outlet db: connect_timeout: "5x" is not a time: digits, then ms, s, m, h, d or nothing for seconds' <<'END'
outlet db { to = "127.0.0.1:5432"  authorized = {"*"}
	connect_timeout = 5x }
END
broken "a bad number" 't.conf:1: outlet db: streams: "1.5" is not a whole decimal number' <<'END'
outlet db { to = "127.0.0.1:5432"  authorized = {"*"}  streams = 1.5 }
END
broken "neither true nor false" 't.conf:1: node n: extensions: "maybe" is none of true, false, yes, no, on, off' <<'END'
node n { extensions = maybe }
END
broken "a word that is none of the known" \
	't.conf:1: node n: log: "verbose" is not known; known are: error warn info debug' <<'END'
node n { log = verbose }
END
broken "a number that is too small" 't.conf:2: outlet db: window_max: at least 512K' <<'END'
outlet db { to = "127.0.0.1:5432"  authorized = {"*"}
	window_max = 1K }
END
broken "a number that is too large" 't.conf:1: transport wan: max_frame: at most 16M' <<'END'
transport wan { max_frame = 17M }
END
broken "two numbers that do not go together" \
	't.conf:2: transport wan: unknown_max_frame: more than 0 and at most max_frame' <<'END'
transport wan { max_frame = 128K
	unknown_max_frame = 1M }
END

# ---- references ----

broken "a reference to nothing" 't.conf:2: identity bank: vault: there is no section "vault hsm"' <<'END'
identity bank {
	vault = hsm }
END
broken "a reference with a slip" \
	't.conf:4: inlet db: channel: there is no section "channel apo", did you mean "api"?' <<END
inlet db {
	listen = "127.0.0.1:15432"
	to = "$route"  authorized = {"$me"}
	channel = apo }
END

# ---- addresses and routes ----

broken "an outlet to nowhere" 't.conf:1: outlet db: to: "127.0.0.1" is no host:port' <<'END'
outlet db { to = "127.0.0.1"  authorized = {"*"} }
END
broken "an inlet at a name" 't.conf:2: inlet db: listen: "localhost:15432" is no address:port (a number, not a name)' <<END
inlet db {
	listen = "localhost:15432"
	to = "$route"  authorized = {"$me"} }
END
broken "a port that is none" 't.conf:2: transport wan: listen: "127.0.0.1:99999" is no address:port (a number, not a name)' <<'END'
transport wan {
	listen = {"127.0.0.1:4000", "127.0.0.1:99999"} }
END
broken "a route within this node, to nobody in particular" \
	't.conf:2: inlet db: to: route "/service/outlet": has neither a host nor a /secure hop' <<'END'
inlet db { listen = "127.0.0.1:15432"  authorized = {"*"}
	to = "/service/outlet" }
END
broken "an inlet whose route ends before the outlet" \
	't.conf:2: inlet db: to: route "/ip4/127.0.0.1/tcp/4000/secure/api" ends without /service/NAME, the outlet' <<END
inlet db { listen = "127.0.0.1:15432"  authorized = {"$me"}
	to = "/ip4/127.0.0.1/tcp/4000/secure/api" }
END
broken "the same route twice" \
	"t.conf:1: inlet db: to: route \"$route\" stands there twice" <<END
inlet db { listen = "127.0.0.1:15432"  to = {"$route", "$route"}  authorized = {"*"} }
END
broken "an inlet whose route loses bytes" \
	't.conf:2: inlet db: to: route "/ip4/127.0.0.1/udp/4000/secure/api/service/outlet": what UDP loses would be missing from the stream; take /quic/PORT, or use = udp for datagrams' <<END
inlet db { listen = "127.0.0.1:15432"  authorized = {"$me"}
	to = "/ip4/127.0.0.1/udp/4000/secure/api/service/outlet" }
END
broken "a portal for datagrams without flows" 't.conf:1: outlet dns: flows: from 1 to 50000' <<'END'
outlet dns { use = udp  to = "127.0.0.1:53"  authorized = {"*"}  flows = 0 }
END
broken "flows that end at once" 't.conf:1: outlet dns: idle: more than nothing' <<'END'
outlet dns { use = udp  to = "127.0.0.1:53"  authorized = {"*"}  idle = 0 }
END
broken "a name to listen at" 't.conf:1: inlet dns: listen: "localhost:53" is no address:port (a number, not a name)' <<END
inlet dns { use = udp  listen = "localhost:53"  to = "/ip4/127.0.0.1/tcp/4000/secure/api/service/dns"  authorized = {"$me"} }
END
broken "an outlet for datagrams that lets in nobody in particular" \
	't.conf:1: outlet dns: authorized: say who may use it: identifiers, or "*" for everybody; or allow, a policy; or a project' <<'END'
outlet dns { use = udp  to = "127.0.0.1:53" }
END
broken "a message that no datagrams can carry" 't.conf:1: transport wan: max_message: at most 16M' <<'END'
transport wan { use = udp  max_message = 17M }
END
broken "an unknown peer with more than others" \
	't.conf:1: transport wan: unknown_max_message: more than 0 and at most max_message' <<'END'
transport wan { use = udp  max_message = 1K }
END
broken "a rendezvous without a port" 't.conf:1: transport wan: rendezvous: "localhost" is no host:port' <<'END'
transport wan { use = udp  rendezvous = "localhost" }
END
broken "a rendezvous at port 0" 't.conf:1: transport wan: rendezvous: "192.0.2.1:0" is no host:port' <<'END'
transport wan { use = udp  rendezvous = "192.0.2.1:0" }
END
broken "an outlet to a host of two words" 't.conf:1: outlet dns: to: "a b:53" is no host:port' <<'END'
outlet dns { use = udp  to = "a b:53"  authorized = {"*"} }
END
broken "a puncture without a channel to ask by" \
	't.conf:1: relay db: at: route "/ip4/127.0.0.1/tcp/4000/puncture/udp/secure/api": want /puncture between the last two of /secure' <<END
relay db { at = "/ip4/127.0.0.1/tcp/4000/puncture/udp/secure/api"  authorized = {"$me"} }
END
broken "a puncture with a channel behind it to another node" \
	't.conf:1: relay db: at: route "/ip4/127.0.0.1/tcp/4000/secure/api/puncture/udp/secure/api/service/x/secure/api": want /puncture between the last two of /secure' <<END
relay db { at = "/ip4/127.0.0.1/tcp/4000/secure/api/puncture/udp/secure/api/service/x/secure/api"  authorized = {"$me"} }
END
broken "an inlet of connections by a puncture" \
	't.conf:3: inlet db: to: route "/ip4/127.0.0.1/tcp/4000/secure/api/puncture/udp/secure/api/service/x": what UDP loses would be missing from the stream; take /quic/PORT, or use = udp for datagrams' <<END
inlet db {
	listen = "127.0.0.1:0"
	to = "/ip4/127.0.0.1/tcp/4000/secure/api/puncture/udp/secure/api/service/x"
	authorized = {"$me"}
}
END
broken "parts that are not kept until the last has come" \
	't.conf:1: transport wan: unfinished: at least max_message, of which all but the last part wait' <<'END'
transport wan { use = udp  unfinished = 1M }
END
for time in idle unknown_idle; do
	broken "peers by UDP that are let go at once: $time" "t.conf:1: transport wan: $time: more than nothing" <<END
transport wan { use = udp  $time = 0 }
END
done
broken "a transport whose peers may send nothing" \
	't.conf:1: transport wan: want links, unknown_links, window and unknown_window of at least 1' <<'END'
transport wan { window = 0 }
END
for address in '' a/b; do
	broken "a rendezvous that no route can lead to" \
		"t.conf:1: service rendezvous: address: \"$address\" cannot stand in a route: want 1 to 255 bytes, none of them a /" <<END
service rendezvous { address = "$address" }
END
done

# ---- WebSockets ----

# web OPTION… <<<SENTENCE: of a transport with these options.
web() {
	local sentence
	read -r sentence
	if [ ! -e "$builddir/modules/transport/websocket/transport_websocket.la" ]; then
		for _ in 1 2; do skip "transport/websocket: $*" "it is not built"; done
		return
	fi
	broken "transport/websocket: $*" "t.conf:1: transport web: $sentence" <<<"transport web { use = websocket  $* }"
}
: >empty
for time in connect_timeout handshake_timeout ping unknown_idle; do
	web "$time = 0" <<<"$time: more than nothing"
done
web 'window = 0' <<<'want links, unknown_links, handshakes, window and unknown_window of at least 1'
web 'headers = {"host: hub"}' <<<'headers: "host: hub": host is the upgrade'\''s own'
web 'headers = {"Sec-WebSocket-Key: 1"}' <<<'headers: "Sec-WebSocket-Key: 1": Sec-WebSocket-Key is the upgrade'\''s own'
web 'headers = {"X(1): 1"}' <<<'headers: "X(1): 1" is not of the form Name: value'
web 'path = "/a#b"' <<<'path: "/a#b" is no path, such as /ockam'
web 'path = "/a?b"  listen = {"127.0.0.1:0"}' <<<'path: "/a?b": where it listens, a query is not looked at'
long=$(printf '%08000d' 0)
web "path = \"/$long\"" <<<'path: too long: a request is at most 8192 bytes'
web "headers = {\"A: ${long:0:4000}\", \"B: ${long:0:4000}\"}" <<<'headers: too long: a request is at most 8192 bytes'
web 'server_name = ""' <<<'server_name: "" is no name of a host'
web 'certificate = "none.pem"  key = "none.key"' <<<"certificate: $work/none.pem: No such file or directory"
web 'certificate = "empty"  key = "empty"' <<<"certificate: $work/empty: no certificate in PEM"
web 'ca = "none.pem"' <<<"ca: $work/none.pem: No such file or directory"
web 'ca = "empty"' <<<"ca: $work/empty: no certificates in PEM"

broken "an outlet to port 0" 't.conf:1: outlet db: to: "127.0.0.1:0": want a port of 1 to 65535' <<'END'
outlet db { to = "127.0.0.1:0"  authorized = {"*"} }
END
broken "a route with an unknown word" \
	't.conf:2: inlet db: to: hop 2 of route "/ip4/127.0.0.1/tpc/4000/secure/api": unknown protocol "tpc", did you mean "tcp"?' <<END
inlet db { listen = "127.0.0.1:15432"  authorized = {"$me"}
	to = "/ip4/127.0.0.1/tpc/4000/secure/api" }
END
broken "a route with a bad address" \
	't.conf:1: relay db: at: hop 1 of route "/ip4/127.0.0.256/tcp/4000/secure/api": bad value after /ip4/: "127.0.0.256", want an IPv4 address (a name goes behind /dnsaddr/)' <<END
relay db { at = "/ip4/127.0.0.256/tcp/4000/secure/api"  authorized = {"$me"} }
END
broken "a route without a port" \
	't.conf:1: relay db: at: route "/ip4/127.0.0.1/secure/api": want /tcp/PORT behind the host, or quic, udp, ws or wss for tcp' <<END
relay db { at = "/ip4/127.0.0.1/secure/api"  authorized = {"$me"} }
END

# ---- what is right, and yet will not work ----

# warned SENTENCE FIRST-LINE <<FILE
warned() {
	cat >t.conf
	is "$1" "$("$POSTERN" check t.conf 2>&1)" "$2"$'\n'"t.conf: 12 sections, all right"
}
web=/ip4/127.0.0.1/wss/443/secure/api
warned "an inlet by a transport that there is not" 't.conf:1: inlet db: to: no transport speaks wss: the route will not open; write transport NAME { use = websocket }' <<END
inlet db { listen = "127.0.0.1:15432"  authorized = {"$me"}  to = {"$route", "$web/service/outlet"} }
END
warned "a portal for datagrams" 't.conf:1: inlet dns: to: no transport speaks wss: the route will not open; write transport NAME { use = websocket }' <<END
inlet dns { use = udp  listen = "127.0.0.1:53"  authorized = {"$me"}  to = "$web/service/dns" }
END
warned "a relay" 't.conf:1: relay db: at: no transport speaks wss: the route will not open; write transport NAME { use = websocket }' <<END
relay db { at = "$web"  authorized = {"$me"} }
END

# named NAME MODULE: a transport of that name, by which another module is meant.
named() {
	printf 'transport %s { listen = {"127.0.0.1:0"} }\n' "$1" >t.conf
	is "a transport called $1 that is none" "$("$POSTERN" check t.conf 2>&1 | head -n 1)" \
		"t.conf:1: transport $1: this is module tcp, as there is no \"use\"; for $1 write use = $2"
}
# second WORD OPTIONS: of two sections of WebSockets, the other having these options, of which that one is for nothing.
second() {
	printf 'transport a { use = websocket  listen = {"127.0.0.1:0"} }\ntransport b { use = websocket  %s }\n' "$2" >t.conf
	is "a second section with $1 for links that it does not make" "$("$POSTERN" check t.conf 2>&1 | head -n 1)" \
		"t.conf:2: transport b: $1: links that go out are made by transport a, which comes first"
}
if [ -e "$builddir/modules/transport/websocket/transport_websocket.la" ]; then
	second proxy 'proxy = "127.0.0.1:3128"'
	second server_name 'listen = {"127.0.0.1:0"}  server_name = hub.test'
	second listen ''
	printf 'transport %s { use = websocket  listen = {"127.0.0.1:0"} }\n' a b >t.conf
	is "one that only listens is right" "$("$POSTERN" check t.conf 2>&1 | head -n 1)" "t.conf: 13 sections, all right"
else
	for word in proxy server_name listen; do skip "a second section with $word for links that it does not make" "transport/websocket is not built"; done
	skip "one that only listens is right" "transport/websocket is not built"
fi

named quic udp
named ws websocket
named wss websocket

# ---- functions, what they may ask, and gateways ----

# of MODULE SENTENCE FIRST-LINE <<FILE: the same, where the module is built.
of() {
	local module=$1
	shift
	if [ -e "$builddir/modules/$module/${module/\//_}.la" ]; then
		broken "$@"
	else
		skip "$1" "$module is not built"
		skip "the same when it is run, and nothing is started" "$module is not built"
	fi
}
of service/gateway "a route of a gateway that is none" 't.conf:1: service front: routes: hello does not begin with a slash' <<'END'
service front { use = gateway  listen = {"127.0.0.1:8080"}  routes = {"GET hello hello"} }
END
of service/gateway "a method that is none" \
	't.conf:2: service front: routes: "GETT /hello hello": GETT is no method of HTTP that is answered' <<'END'
service front { use = gateway  listen = {"127.0.0.1:8080"}
	routes = {"GETT /hello hello"} }
END
of service/gateway "a certificate that is not there" \
	"t.conf:2: service front: certificate: $work/none.pem: No such file or directory" <<'END'
service front { use = gateway  listen = {"127.0.0.1:8080"}  function = hello
	certificate = "none.pem"
	key = "none.pem" }
END
of service/gateway "a constellation's route that ends at no function" \
	't.conf:2: constellation c: nodes: route "/ip4/127.0.0.1/tcp/4000/secure/api" ends without /service/NAME, the function' <<END
constellation c { authorized = {"$me"}
	nodes = {"/ip4/127.0.0.1/tcp/4000/secure/api"} }
END
of service/gateway "one that is no route" \
	't.conf:1: constellation c: nodes: "ip4/127.0.0.1" is no name, and a route begins with a slash' <<'END'
constellation c { nodes = {"ip4/127.0.0.1"} }
END
touch empty.pem
of service/gateway "one that is none" 't.conf:2: service front: certificate: it and the key are of no use together' <<'END'
service front { use = gateway  listen = {"127.0.0.1:8080"}  function = hello
	certificate = "empty.pem"  key = "empty.pem" }
END
of capability/redis "a Redis at a port that is none" 't.conf:1: capability shared: server_address: it is not host:port' <<'END'
capability shared { use = redis  server_address = "127.0.0.1:99999" }
END
for kind in postgresql:'there is nothing in it' mysql:'not one of MySQL: USER:PASSWORD@tcp(HOST:PORT)/DATABASE'; do
	of "capability/db-${kind%%:*}" "a database that is none: ${kind%%:*}" "t.conf:1: capability bank: connection_string: ${kind#*:}" <<END
capability bank { use = db-${kind%%:*}  connection_string = "" }
END
done
of service/functions "two capabilities for the same" 't.conf:4: function f: capabilities: both one and two serve cache_set' <<'END'
capability one { use = cache }
capability two { use = cache }
function f { module = "f.wasm"
	capabilities = {one, log, two} }
END
if [ -e "$builddir/modules/service/functions/service_functions.la" ]; then
	printf 'node n { }\nfunction f {\n\tmodule = "none.wasm" }\n' >t.conf
	is "a module that is not there: the node runs, and check says so" "$("$POSTERN" check t.conf 2>&1 | head -n 1), $?" \
		"t.conf:3: function f: module: $work/none.wasm: No such file or directory: calls will fail, 0"
else
	skip "a module that is not there: the node runs, and check says so" "service/functions is not built"
fi

# ---- who may ----

broken "an outlet for nobody said" \
	't.conf:1: outlet db: authorized: say who may use it: identifiers, or "*" for everybody; or allow, a policy; or a project' <<'END'
outlet db { to = "127.0.0.1:5432" }
END
broken "a relay of no project" 't.conf:1: inlet db: via: goes by a project, and `project` says none' <<'END'
inlet db { listen = "127.0.0.1:5432"  via = bank  authorized = {"*"} }
END
broken "an inlet to nobody said" \
	't.conf:1: inlet db: authorized: say who may be the far end: identifiers, or "*" for everybody; or allow, a policy; or a project' <<END
inlet db { listen = "127.0.0.1:15432"  to = "$route" }
END
broken "a relay service for nobody said" \
	't.conf:1: service relay: authorized: say who may register: identifiers, or "*" for everybody; or allow, a policy; or a project' <<'END'
service relay { }
END
broken "a relay service without users" \
	't.conf:1: service relay: users: say who may send through: identifiers, or "*" for everybody; or allow_users, a policy; or a project' <<END
service relay { authorized = {"$me"} }
END
broken "an identifier that is none" \
	't.conf:2: outlet db: authorized: "I123" is neither an identifier (I and 64 hex digits) nor "*"' <<'END'
outlet db { to = "127.0.0.1:5432"
	authorized = {"I123"} }
END
broken "a policy that does not parse" \
	"t.conf:1: outlet db: allow: character 5: want \"and\", \"or\" or the end" <<'END'
outlet db { to = "127.0.0.1:5432"  allow = 'role = admin' }
END
broken "a section policy for nothing" 't.conf:1: policy p: say what it is for: a type other than any; or the name of a resource' <<'END'
policy p { allow = 'role=admin' }
END
broken "a section policy for what there is not" \
	't.conf:1: policy p: type: "udp-outlet" is not known; known are: any tcp-inlet tcp-outlet relay channel echoer' <<'END'
policy p { type = udp-outlet  allow = 'role=admin' }
END
broken "a section policy that does not parse" "t.conf:1: policy p: allow: character 15: want )" <<'END'
policy p { resource = db  allow = '(and true true' }
END
broken "somebody at the end of a route without channel" \
	't.conf:1: inlet db: authorized: the route has no /secure hop, so nobody can prove who they are' <<END
inlet db { listen = "127.0.0.1:15432"  to = "/ip4/127.0.0.1/tcp/4000/service/outlet"  authorized = {"$me"} }
END
broken "hops that do not fit the route" 't.conf:2: inlet db: hops: want one for each /secure hop but the last' <<END
inlet db { listen = "127.0.0.1:15432"  to = "$route"  authorized = {"$me"}
	hops = {"$me"} }
END

# ---- the file itself ----

broken "a brace that is not closed" 't.conf:2: node n: the section that begins here is not closed' <<'END'

node n {
	log = info
END
broken "a brace too many" 't.conf:1: this } closes nothing; is there one too many above?' <<'END'
node n { } }
END
broken "a quote that is not closed" 't.conf:2: node n: the " that stands here is not closed' <<'END'
node n {
	state = "hub
}
END
broken "a brace that is missing above" \
	't.conf:2: node n: transport: found wan where = is expected; is a } missing above?' <<'END'
node n { log = info
transport wan { }
END
broken "a semicolon" 't.conf:1: node n: unexpected ;: nothing stands between entries' <<'END'
node n { log = info; memory = 1G }
END
unset POSTERN_TEST_NOT_SET
broken "a variable that is not set" \
	't.conf:2: outlet db: ${POSTERN_TEST_NOT_SET} is not set in the environment and has no default, as in ${POSTERN_TEST_NOT_SET:-…}' <<'END'
outlet db {
	to = "${POSTERN_TEST_NOT_SET}:5432"  authorized = {"*"} }
END
broken "an include that is not there" 't.conf:2: include none.conf: no such file' <<'END'
node n { }
include "none.conf"
END
mkdir d
printf 'node n { }\n\nidentity x { vualt = default }\n' >d/x.conf
broken "an error in an included file" './d/x.conf:3: identity x: unknown key "vualt", did you mean "vault"?' <<'END'
include "./d/*.conf"
END
printf 'node n { }\ninclude "t.conf"\n' >t.conf
cp t.conf loop.conf
broken "a file that includes itself" 't.conf:2: include t.conf: this file includes itself' <loop.conf

# files SENTENCE FIRST-LINE PATH: the same for a path that is not a good file.
files() {
	local out rc=0
	out=$("$POSTERN" check "$3" 2>&1) || rc=$?
	is "$1" "$out, exit code $rc" "postern: $2 [conf], exit code 2"
	rc=0
	out=$(timeout 20 "$POSTERN" run --state state "$3" 2>&1) || rc=$?
	[ ! -e state ] || rc="$rc, and a state directory was made"
	is "the same when it is run, and nothing is started" "$out, exit code $rc" "postern: $2 [conf], exit code 2"
}
files "a file that is not there" 'none.conf: No such file or directory' none.conf
mkdir two
echo 'node a { }' >two/a.conf
echo 'node a { }' >two/b.conf
files "a section in two files of a directory" 'two/b.conf:1: node a: stands at two/a.conf:1 already' two
printf 'node n { }\n\0' >nul.conf
files "a byte that is no text" 'nul.conf:2: a control character, 0x00, stands here' nul.conf

# ---- key files: seen only when the node opens them ----

# refused SENTENCE FIRST-LINE: the node stops again before it listens.
ports PORT
refused() {
	local rc=0
	timeout 20 "$POSTERN" run k.conf >out 2>&1 || rc=$?
	is "$1" "$(grep '^postern:' out), exit code $rc" "postern: $2 [conf], exit code 2"
	is "nothing listened" "$(grep -c listening out)" 0
}
cat >k.conf <<'END'
node n { state = "keys" }
transport wan { listen = {"127.0.0.1:${PORT}"} }
identity default { }
END
"$POSTERN" identity show --file k.conf >/dev/null
chmod 644 keys/vault.cbor
refused "a key file that others may read" \
	"vault default: unreadable or too open key file: $work/keys/vault.cbor is open to others (mode 0644): chmod 600 it"
cat >>k.conf <<'END'
vault default {
	path = "keys/vault.cbor" }
END
refused "the same of a vault that is written" \
	"k.conf:4: vault default: unreadable or too open key file: $work/keys/vault.cbor is open to others (mode 0644): chmod 600 it"
chmod 600 keys/vault.cbor
sed -i 's/path = .*/passphrase_file = "none" }/' k.conf
refused "a passphrase file that is not there" \
	"k.conf:5: vault default: passphrase_file: $work/none cannot be read: No such file or directory"
echo secret >none
chmod 644 none
refused "a passphrase file that others may read" \
	"k.conf:5: vault default: passphrase_file: $work/none is open to others (mode 0644): chmod 600 it"
