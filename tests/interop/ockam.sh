# The real Ockam in a scenario (tests/scenario/lib.sh comes first). POSTERN_OCKAM is the program, as tests/interop/build prints it.
#
#	ockam_or_skip                         # no program, no test
#	ockam_node outlet "$OCKAM_PORT"       # a node of its own, with an identity of its own, listening there
#	ockam outlet tcp-outlet create --at outlet --to "127.0.0.1:$TARGET_PORT"
#	ockam_identifier outlet
#	ockam_down                            # all of them; the end of the script does it too
export OCKAM_OPENTELEMETRY_EXPORT=false OCKAM_TELEMETRY_EXPORT=false OCKAM_DISABLE_UPGRADE_CHECK=true
export OCKAM_LOGGING=${OCKAM_LOGGING:-false} NO_COLOR=true
ockam_nodes=()

ockam_or_skip() {
	[ -x "${POSTERN_OCKAM:-}" ] || skip_all "POSTERN_OCKAM does not name the real Ockam (tests/interop/build)"
}

# ockam NODE ARGUMENT…: one command, with that node's state.
ockam() {
	local node=$1
	shift
	OCKAM_HOME=$work/ockam.$node timeout 30 "$POSTERN_OCKAM" "$@" </dev/null
}

# ockam_run NODE FILE: runs it as the file says, in the foreground: `start NODE ockam_run NODE FILE`. It logs what it does.
ockam_run() {
	OCKAM_HOME=$work/ockam.$1 OCKAM_LOGGING=true exec "$POSTERN_OCKAM" "${OCKAM_VERBOSE:--vv}" node create --foreground "$2"
}

# ockam_node NAME PORT: creates it in the background, as the command does, and counts it among the processes of this script.
ockam_node() {
	local pid
	ockam_nodes+=("$1")
	ockam "$1" node create "$1" --tcp-listener-address "127.0.0.1:$2" --no-status-endpoint >"$work/ockam.$1.log" 2>&1 || return
	pid=$(ockam "$1" node show "$1" --output json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	pid_of[ockam.$1]=$pid
}

# ockam_identity NODE: makes one for a node that is yet to be, and prints it.
ockam_identity() { ockam "$1" identity create 2>&1 | grep -o 'I[0-9a-f]\{64\}' | head -n 1; }
ockam_identifier() { ockam "$1" identity show --full | grep -o 'I[0-9a-f]\{64\}' | head -n 1; }

ockam_down() {
	local node
	for node in ${ockam_nodes[@]+"${ockam_nodes[@]}"}; do
		ockam "$node" node delete --all --yes >/dev/null 2>&1
		end "ockam.$node" KILL
	done
	ockam_nodes=()
}
