# What the files of this directory call. Each describes one way from PORT to TARGET:
#
#	about     a sentence
#	usable    whether this machine has what it takes (absent: it has)
#	up        starts it; TARGET is given, PORT is to be set
#	settle    seconds to leave it alone after a busy stream (absent: 0.2)
#
#	LISTENER  a port where secure channels can be made to `api` (absent: none)
#
# `way` is its name; every process is started by `spawn ROLE COMMAND…`, so that its CPU time and memory are counted. The last one
# is the near end, where the load connects.

spawn() {
	start "$way.$1" "${@:2}"
	role "$1" "${pid_of[$way.$1]}"
	near_of[$way]=$1
	near_command=$(printf '%q ' "${@:2}")
	commands_of[$way]=${commands_of[$way]:+${commands_of[$way]} -- }$near_command
}

# role NAME PID: a process counts as part of the way.
role() { roles[$way]=${roles[$way]:+${roles[$way]},}$1=$2; }

# ---- Postern ----

postern_usable() { [ -x "$POSTERN" ]; }

# Identifiers of outlet and inlet, for the files.
postern_ids() {
	OUTLET_ID=$(identifier "$work/$way.outlet.state")
	INLET_ID=$(identifier "$work/$way.inlet.state")
	[ "$OUTLET_ID" ] && [ "$INLET_ID" ] && export OUTLET_ID INLET_ID TARGET
}

# postern ROLE FILE: a file of its own, which may be changed.
postern() {
	cp "$here/postern/$2" "$work/$way.$1.conf"
	spawn "$1" "$POSTERN" run --state "$work/$way.$1.state" "$work/$way.$1.conf"
}

# ---- Ockam ----

ockam_role() { # ROLE PORT
	ockam_node "$way-$1" "$2" && role "$1" "${pid_of[ockam.$way-$1]}"
}

ockam_outlet() {
	ports LINK_PORT
	ockam_role outlet "$LINK_PORT" && ockam "$way-outlet" tcp-outlet create --at "$way-outlet" --to "127.0.0.1:$TARGET"
}

ockam_hub() { # "" or /secure/api: how the outlet's node registers
	ports HUB_PORT
	ockam_role hub "$HUB_PORT" &&
		ockam "$way-outlet" relay create target --at "/dnsaddr/localhost/tcp/$HUB_PORT$1" --to "$way-outlet"
}

ockam_inlet() { # ROUTE OPTION…
	local route=$1
	shift
	ports INLET_NODE_PORT PORT
	ockam_role inlet "$INLET_NODE_PORT" &&
		ockam "$way-inlet" tcp-inlet create --at "$way-inlet" --from "127.0.0.1:$PORT" --to "$route" "$@"
}

# ---- HAProxy ----

certs=$work/certs

haproxy_hop() { # ROLE PORT TLS-OF-IT NEXT TLS-TO-IT

	cat >"$work/$way.$1.cfg" <<-CFG
		global
		    maxconn 8000
		defaults
		    mode tcp
		    timeout connect 5s
		    timeout client 1h
		    timeout server 1h
		listen hop
		    bind 127.0.0.1:$2 $3
		    server next 127.0.0.1:$4 $5
	CFG
	spawn "$1" haproxy -db -f "$work/$way.$1.cfg"
}

# An authority, and a certificate with key for each side; P-256.
haproxy_certs() {
	local side new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
	[ ! -d "$certs" ] || return 0
	mkdir "$certs"
	{
		$new -x509 -subj /CN=bench -keyout "$certs/ca.key" -out "$certs/ca.pem"
		for side in server client; do
			$new -subj "/CN=$side" -keyout "$certs/$side.key" -out "$certs/$side.csr"
			openssl x509 -req -days 2 -in "$certs/$side.csr" -CA "$certs/ca.pem" -CAkey "$certs/ca.key" -CAcreateserial \
				-extfile <(echo subjectAltName=DNS:localhost) -out "$certs/$side.crt"
			cat "$certs/$side.crt" "$certs/$side.key" >"$certs/$side.pem"
		done
	} >"$work/certs.log" 2>&1
}
