# Nodes of both kinds, and the chains they make; after lib.sh.
#
# A role is what a node does in a chain: near (begins), hub, hop (a second hub), far (serves). A node is a role and who plays it:
# hub_P is Postern, hub_O the real Ockam. `network` writes and runs all that some chains need; it does so with functions that have the
# same arguments for either kind, and write one file for each node:
#
#	nodes near_P hub_O            # identities and ports: ${id[hub_O]} ${port[hub_O]}
#	register far_P hub_O          # far_P has a relay there, in clear and over a channel
#	outlet far_P NAME PORT [IDENTITY]    # the one that may use it
#	inlet near_O PORT ROUTE END…  # END…: the identities at the ends of the route's channels
#	run hub_O                     # starts it as its file says; its output goes to $work/hub_O.log
#	registered far_P hub_O        # waits until it is
#	message near_O TEXT ROUTE     # sends TEXT, prints what comes back
#
# A chain is a name, its roles in order, and a route: @ROLE is that node's address, to_ROLE the name with which it is registered at
# the one before it, to_ROLE+ the same over a channel. Players are as many letters, P or O, as there are roles. At each ! an Ockam
# that begins must be given the channel so far (README.md says why).
chains=(
	"link|near far|@far"
	"channel|near far|@far/secure/api"
	"channel in a channel|near far|@far/secure/api!/secure/api"
	"relay|near hub far|@hub/service/to_far"
	"relay; channel to the end|near hub far|@hub/service/to_far/secure/api"
	"channel to the relay|near hub far|@hub/secure/api/service/to_far+"
	"channel to the relay; in it one to the end|near hub far|@hub/secure/api/service/to_far+/secure/api"
	"the same; in that another|near hub far|@hub/secure/api/service/to_far+/secure/api!/secure/api"
	"two relays; channel to the second, in it one to the end|near hub hop far|@hub/service/to_hop/secure/api!/service/to_far/secure/api"
	"two relays; channel to each, in them one to the end|near hub hop far|@hub/secure/api/service/to_hop+/secure/api!/service/to_far+/secure/api"
)

PST_MODULE_PATH=$PST_MODULE_PATH:$builddir/tests/interop/.libs
exchange=$builddir/tests/interop/exchange

chain_name() { echo "${1%%|*}"; }
chain_roles() { cut -d '|' -f 2 <<<"$1"; }

# chain NAME: the chain of that name.
chain() {
	local chain
	for chain in "${chains[@]}"; do
		[ "$(chain_name "$chain")" != "$1" ] || echo "$chain"
	done
}
two_chains=("$(chain channel)" "$(chain "channel to the relay; in it one to the end")") # for what takes long

# all_players ROLE…: every way to give those roles away, one a line.
all_players() {
	local first rest
	[ $# -gt 0 ] || { echo; return; }
	for first in P O; do
		while read -r rest; do echo "$first$rest"; done < <(all_players "${@:2}")
	done
}

# chain_route CHAIN PLAYERS: the multiaddr of the last node.
chain_route() {
	local route=${1##*|} players=$2 role node before=
	for role in $(chain_roles "$1"); do
		node=${role}_${players:0:1} players=${players:1}
		route=${route/@$role//ip4/127.0.0.1/tcp/${port[$node]}}
		route=${route/\/to_$role+/\/forward_to_${node}_at_${before}_sealed}
		route=${route/\/to_$role/\/forward_to_${node}_at_$before}
		before=$node
	done
	echo "$route"
}

# chain_ends CHAIN PLAYERS: the identities at the ends of its channels, in order.
chain_ends() {
	local players=$2 role step at=
	local -A who=()
	for role in $(chain_roles "$1"); do who[$role]=${role}_${players:0:1} players=${players:1}; done
	for step in $(tr '/+!' '   ' <<<"${1##*|}"); do
		case $step in
		@*) at=${who[${step#@}]} ;;
		to_*) at=${who[${step#to_}]} ;;
		secure) echo "${id[$at]}" ;;
		esac
	done
}

# ---- files of nodes ----

declare -A port=() id=()

nodes() {
	local node
	for node; do
		ports PORT
		port[$node]=$PORT
		node_$([[ $node = *_P ]] && echo postern || echo ockam) "$node"
		[ "${id[$node]}" ] || bail "no identity for $node"
	done
}

node_postern() {
	id[$1]=$(identifier "$work/$1")
	cat >"$1.conf" <<-END
		node $1 { state = "$1" }
		transport wan {
		  listen = {"127.0.0.1:${port[$1]}"}
		  expose = {"api", "echo", "outlet", "forwarding_service", "static_forwarding_service", "forward_to_*"}
		  unknown_max_frame = 16M
		}
		service relay { authorized = {"*"}  users = {"*"} }
	END
}

node_ockam() {
	id[$1]=$(ockam_identity "$1")
	cat >"$1.yaml" <<-END
		name: $1
		tcp-listener-address: 127.0.0.1:${port[$1]}
		no-status-endpoint: true
	END
}

# yaml NODE KEY LINE: below that key, which is there once.
yaml() {
	grep -qFx "$2:" "$1.yaml" || echo "$2:" >>"$1.yaml"
	echo "  $3" >>"$1.yaml"
}

# list WORD…: {"…", "…"}; without words everybody.
list() {
	local words
	words=$(printf '"%s", ' "${@:-*}")
	echo "{${words%, }}"
}

# An Ockam that makes several channels at once may find its own database locked, and waits two minutes then; from a file it makes
# one after the other.
register() {
	local name=${1}_at_$2 at=/ip4/127.0.0.1/tcp/${port[$2]}
	if [[ $1 = *_P ]]; then
		echo "relay $name { at = \"$at\"  authorized = {\"*\"} }" >>"$1.conf"
		echo "relay ${name}_sealed { at = \"$at/secure/api\"  authorized = {\"${id[$2]}\"} }" >>"$1.conf"
	else
		yaml "$1" relays "$name: { at: $at }"
		yaml "$1" relays "${name}_sealed: { at: $at/secure/api, authorized: ${id[$2]} }"
	fi
}

outlet() {
	if [[ $1 = *_P ]]; then
		echo "outlet $2 { to = \"127.0.0.1:$3\"  authorized = $(list ${4:-}) }" >>"$1.conf"
	else
		yaml "$1" tcp-outlets "$2: { to: 127.0.0.1:$3${4:+, allow: '(= subject.identifier \"$4\")'} }"
	fi
}

# Postern pins the end of every channel. Ockam's --authorized is the one end of all channels: said when there is one.
inlet() {
	local node=$1 at=$2 to=$3
	shift 3
	if [[ $node = *_P ]]; then
		echo "inlet i$at { listen = \"127.0.0.1:$at\"  to = \"${to//!/}\"  authorized = $(list "${@:$#:$#}")" \
			"${2:+ hops = $(list "${@:1:$#-1}")} }" >>"$node.conf"
	else
		[ $# = 1 ] || set --
		yaml "$node" tcp-inlets "i$at: { from: 127.0.0.1:$at, to: $to${1:+, authorized: $1} }"
	fi
}

# ---- running them ----

run() {
	local count
	if [[ $1 = *_P ]]; then
		start "$1" "$POSTERN" run "$work/$1.conf"
		listening "${port[$1]}" || bail "$1 does not start"
	else
		count=$(grep -c 'Created a new Node' "$work/$1.log" 2>/dev/null)
		start "$1" ockam_run "$1" "$work/$1.yaml"
		line "$1" 'Created a new Node' $((${count:-0} + 1)) >/dev/null || bail "$1 does not start"
	fi
}

registered() {
	local node=$1 at name text
	shift
	for at; do
		for name in "${node}_at_$at" "${node}_at_${at}_sealed"; do
			text="RemoteRelay registered .*forward_to_$name registration"
			[[ $node = *_O ]] || text="relay registered relay=$name( |\$)"
			line "$node" "$text" >/dev/null || bail "$node does not register at $at"
		done
	done
}

# network TARGET_PORT CHAIN…: all nodes of these chains, with an inlet for each way to give their roles away: its port is
# ${inlet_port[NAME|PLAYERS]}. Where an Ockam must be given channels it has none yet.
declare -A inlet_port=()
network() {
	local target=$1 chain role player at players route roles registers=
	shift
	roles=$(for role in hub hop far near; do
		[[ "$(printf '%s\n' "$@" | cut -d '|' -f 2)" = *$role* ]] && echo "$role"
	done)
	for role in $roles; do nodes "${role}_P" "${role}_O"; done
	for role in $roles; do
		for player in P O; do
			for at in $([ $role = near ] || echo "$registers"); do register "${role}_$player" "$at"; done
			[ $role != far ] || outlet "far_$player" outlet "$target"
		done
		[[ $role = h* ]] && registers+=" ${role}_P ${role}_O"
	done
	for chain; do
		for players in $(all_players $(chain_roles "$chain")); do
			ports INLET_PORT
			inlet_port["$(chain_name "$chain")|$players"]=$INLET_PORT
			route=$(chain_route "$chain" "$players")
			[[ $players = O* && $route = *!* ]] ||
				inlet "near_${players:0:1}" "$INLET_PORT" "$route/service/outlet" $(chain_ends "$chain" "$players")
		done
	done
	registers=
	for role in $roles; do
		run "${role}_P"
		run "${role}_O"
		[ $role = near ] || for player in P O; do registered "${role}_$player" $registers; done
		[[ $role = h* ]] && registers+=" ${role}_P ${role}_O"
	done
}

message() {
	if [[ $1 = *_P ]]; then
		identifier "$work/$1.sender" >/dev/null # made when it is first asked for
		timeout 30 "$POSTERN" message send "$2" --to "${3//!/}/service/echo" --timeout 20s --state "$work/$1.sender"
	else
		ockam "$1" message send "$2" --from "$1" --to "$3/service/echo" --timeout 20s
	fi
}

# by_hand NODE ROUTE: an Ockam makes the channels that end at a !; prints how the route goes on from there.
by_hand() {
	local route=$2 channel
	while [[ $route = *!* ]]; do
		channel=$(ockam "$1" secure-channel create --from "$1" --to "${route%%/secure/api!*}/service/api" 2>>"$work/$1.log") || return
		route=$channel${route#*!}
	done
	echo "$route"
}

# inlet_by_hand NODE PORT ROUTE
inlet_by_hand() {
	ockam "$1" tcp-inlet create "i$2" --at "$1" --from "127.0.0.1:$2" --to "$3/service/outlet" >>"$work/$1.log" 2>&1
}

# ---- the table ----

rows=()
declare -A cells=() row_roles=()

# mark ROW PLAYERS RESULT
mark() {
	[ "${row_roles[$1]:-}" ] || rows+=("$1")
	row_roles[$1]=${#2}
	cells["$1|$2"]=$3
}

# cell ROW PLAYERS COMMAND…: a case, and its place in the table.
cell() {
	local row=$1 players=$2
	shift 2
	if ok "$row: $players" "$@"; then mark "$row" "$players" ok; else mark "$row" "$players" FAILED; fi
}

# table: all that was marked, in parts for two, three and four roles.
table() {
	local roles row players
	for roles in "near far" "near hub far" "near hub hop far"; do
		[[ " ${row_roles[*]} " = *" $(wc -w <<<"$roles") "* ]] || continue
		players=$(all_players $roles)
		printf '\n| %s |%s\n| --- |%s\n' "${roles// /, }" "$(printf ' %s |' $players)" "$(printf ' --- |%.0s' $players)"
		for row in "${rows[@]}"; do
			[ "${row_roles[$row]}" != "$(wc -w <<<"$roles")" ] ||
				echo "| $row |$(for p in $players; do printf ' %s |' "${cells["$row|$p"]:-}"; done)"
		done
	done
}

# table_is_in_readme NAME: the last case of a script: prints the table, and compares it with the one there. Without POSTERN_LONG some
# places are empty.
table_is_in_readme() {
	table >"$work/table"
	comment <"$work/table"
	sed -n "/^<!-- $1 -->/,/^<!-- end -->/p" "$top/tests/interop/README.md" | sed '1d;$d' >"$work/known"
	ok "README.md has this table" awk -F '|' '
		NR == FNR { ours[FNR] = $0; next }
		{
			n = split(ours[FNR], mine)
			for (i = 1; i <= n || i <= NF; i++)
				if (mine[i] != $i && mine[i] != "  ") { print "there: " $0; bad = 1; break }
		}
		END { exit bad || FNR * 2 != NR }' "$work/table" "$work/known"
	plan "$case_no"
}
