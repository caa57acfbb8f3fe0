# What scripts share that need a network of their own; on top of ../scenario/lib.sh, whose rules hold here too.
#
#	#!/bin/bash
#	# What is shown.
#	#
#	#	alice 10.0.0.1 ----- 10.0.0.2 bob
#	. "$(dirname "$0")/lib.sh"
#	plan 2
#	place alice bob                              # each a network namespace
#	impaired alice bob loss 1 delay 20           # a cable between them; alice's interface is called "bob", and bob's "alice"
#	address alice bob 10.0.0.1/24
#	address bob alice 10.0.0.2/24
#	start_at bob server "$bytes" serve 10.0.0.2 7
#	at bob "$tools" listening 7 20000
#	ok "bytes arrive" at alice "$bytes" swap 10.0.0.2 7 100000 5000
#	conditions alice bob cut                     # or `sever alice bob`; `mend` makes them what they were at first
#
# A script that reads this runs in new user, network and mount namespaces, as their root, whoever calls it; all of it is gone
# when it ends. Nothing outside is touched, and ports can be fixed. Where a system allows no namespaces the script is skipped.
#
# What to know of the kernel:
# - An interface below an MTU of 1280 has no IPv6.
# - A veth pair drops what is longer than the other end's MTU, and tells nobody. Who shall be told has a router in between,
#   whose next cable has the smaller MTU. Trains of segments pass whatever their length: gso_max_segs 1 is against that.
# - An interface that is set down loses its routes; a cable that is cut does not.
# - `ip` takes a short name for an option of its own unless "dev" or "name" stands before it.
# - What comes for a masqueraded port before anything has gone out there makes an entry for the router itself, and the mapping
#   moves elsewhere. A home router drops such packets on input, which makes no entry; so does `nat`.
PATH=$PATH:/usr/sbin:/sbin
outside=$(readlink /proc/self/ns/net)
if [ "${NETNS_OUTSIDE:-$outside}" = "$outside" ]; then
	lacks=
	command -v ip >/dev/null || lacks="no ip(8): apt-get install iproute2"
	unshare -Urnm true 2>/dev/null || lacks="namespaces are not allowed here"
	[ -z "$lacks" ] || { echo "1..0 # SKIP $lacks"; exit 0; }
	NETNS_OUTSIDE=$outside exec unshare -Urnm bash "$0" "$@"
fi
unset NETNS_OUTSIDE
# Names of namespaces lie below /run, where only this script sees its own.
mount -t tmpfs none /run && mkdir /run/netns && ip link set dev lo up || { echo "1..0 # SKIP no mounts in namespaces"; exit 0; }
. "$(dirname "${BASH_SOURCE[0]}")/../scenario/lib.sh"

netns=$builddir/tests/netns
bytes=$netns/bytes frames=$netns/frames impair=$netns/impair
declare -A wire_words=() wire_told=()

# ---- places ----

place() {
	local name
	for name; do
		ip netns add "$name" && at "$name" sh -e -c '
			ip link set dev lo up
			cd /proc/sys/net
			for all in all default; do
				echo 0 >ipv6/conf/$all/accept_dad # an address is usable at once
				echo 1 >ipv6/conf/$all/keep_addr_on_down
			done' || bail "no place $name"
	done
}

# at PLACE COMMAND…: a program, not a function.
at() { nsenter --net="/run/netns/$1" "${@:2}"; }

# start_at PLACE NAME COMMAND…: as `start`.
start_at() { start "$2" nsenter --net="/run/netns/$1" "${@:3}"; }

# address PLACE INTERFACE ADDRESS/LENGTH…
address() {
	local each
	for each in "${@:3}"; do ip -n "$1" address add "$each" dev "$2" || bail "no address $each at $1"; done
}

# gateway PLACE ADDRESS: where all goes that is for no neighbour.
gateway() { ip -n "$1" route add default via "$2" || bail "no gateway $2 at $1"; }

# forwards PLACE…: a router.
forwards() {
	local name
	for name; do
		at "$name" sh -e -c 'cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding' || bail "$name does not forward"
	done
}

# ---- cables ----

# cable A B [MTU]: as fast as this machine.
cable() {
	ip link add name "$2" netns "$1" mtu "${3:-1500}" type veth peer name "$1" netns "$2" mtu "${3:-1500}" || bail "no cable $1 $2"
	ip -n "$1" link set dev "$2" up && ip -n "$2" link set dev "$1" up || bail "no cable $1 $2"
}

# impaired A B WORD…: a cable of which one can say how bad it is (conditions.h has the words).
impaired() {
	local wire=$1-$2
	wire_end "$1" "$2"
	wire_end "$2" "$1"
	mkfifo "$work/$wire.fifo"
	wire_words[$wire]=${*:3} wire_told[$wire]=1
	start "$wire" "$impair" "$1.$2" "$2.$1" "$work/$wire.fifo" "${@:3}"
	line "$wire" '^now' >/dev/null || bail "no cable $1 $2: $(cat "$wire.log")"
}

# wire_end A B: A's interface, and where the program takes it up, which must not become a host of its own. 15 characters are
# a name's limit. A segment is a frame: what happens happens to each.
wire_end() {
	ip link add name "$1.$2" type veth peer name "$2" netns "$1" &&
		echo 1 >"/proc/sys/net/ipv6/conf/$1.$2/disable_ipv6" &&
		ip link set dev "$1.$2" up &&
		ip -n "$1" link set dev "$2" gso_max_segs 1 up || bail "no cable $1 $2"
}

# whole A B: an impaired cable carries what a sender gives at once, up to 64 KiB in a frame: ten times as fast, where chance has no
# part.
whole() {
	ip -n "$1" link set dev "$2" gso_max_segs 65535 && ip -n "$2" link set dev "$1" gso_max_segs 65535
}

# wire_tell A B LINE: to the program of that cable, and waits for its answer, which is in $said.
wire_tell() {
	local wire=$1-$2
	echo "$3" 1<>"$work/$wire.fifo"
	wire_told[$wire]=$((wire_told[$wire] + 1))
	said=$(line "$wire" '^(now|wrong|back)' "${wire_told[$wire]}")
}

# conditions A B WORD…: what holds for that cable from now on. In the order in which `impaired` named the ends.
conditions() {
	wire_tell "$1" "$2" "${*:3}"
	[[ $said = now* ]]
}
sever() { conditions "$1" "$2" cut; }
mend() { conditions "$1" "$2" ${wire_words[$1-$2]}; }

# counts A B: what has become of the frames: in $there from A to B, in $back from B to A.
counts() {
	wire_tell "$1" "$2" count
	back=$said there=$(grep '^there' "$work/$1-$2.log" | tail -n 1)
}

# ---- NAT ----

# need_nft: before the plan.
need_nft() {
	command -v nft >/dev/null || skip_all "no nft(8): apt-get install nftables"
	masquerade lo "" | unshare -n nft -f - 2>/dev/null || skip_all "nft(8) may not masquerade here"
}

masquerade() {
	cat <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oifname "$1" masquerade $2
			}
		}
		table ip filter {
			chain in {
				type filter hook input priority filter
				policy drop
				ct state established,related accept
				iifname != "$1" accept
			}
			chain through {
				type filter hook forward priority filter
				policy accept
				iifname "$1" ct state new drop
			}
		}
	END
}

# nat PLACE INTERFACE [fully-random]: as a home router does, whose outside is that interface. fully-random: a port of its own for
# each connection, so that nobody outside can foresee it.
nat() { forwards "$1" && masquerade "$2" "${3:-}" | at "$1" nft -f - || bail "no NAT at $1"; }

# two_nats [fully-random]: both hosts have the same address, and can reach nothing but the hub.
#
#	bank 192.168.1.2 - 192.168.1.1 natA 203.0.113.1 --- 203.0.113.2 hub 198.51.100.2 --- 198.51.100.1 natB 192.168.1.1 - 192.168.1.2 analysis
#
# The cables beside the hub can be impaired: "natA hub" and "hub natB".
two_nats() {
	place bank natA hub natB analysis
	cable bank natA
	impaired natA hub
	impaired hub natB
	cable natB analysis
	address bank natA 192.168.1.2/24
	address natA bank 192.168.1.1/24
	address natA hub 203.0.113.1/24
	address hub natA 203.0.113.2/24
	address hub natB 198.51.100.2/24
	address natB hub 198.51.100.1/24
	address natB analysis 192.168.1.1/24
	address analysis natB 192.168.1.2/24
	gateway bank 192.168.1.1
	gateway natA 203.0.113.2
	gateway natB 198.51.100.2
	gateway analysis 192.168.1.1
	forwards hub
	nat natA hub "${1:-}"
	nat natB hub "${1:-}"
}
