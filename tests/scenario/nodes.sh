# Three nodes as in conf/private-database, for scenarios: sourced after lib.sh.
#
#	three_nodes            # configurations and identities in $work; sets HUB_ID BANK_ID ANALYSIS_ID
#	up hub bank analysis   # starts nodes and waits until they are up
#
# The target is whatever listens on DB_PORT; applications connect to INLET_PORT.

three_nodes() {
	local node name
	ports DB_PORT HUB_PORT INLET_PORT
	for node in hub bank analysis; do
		cp "$conf/private-database/$node.conf" "$work"
		name=${node^^}_ID
		printf -v "$name" '%s' "$(identifier "$work/$node")"
		export "${name?}"
	done
}

up() {
	local node before
	for node; do
		before=$(cat "$work/$node.log" 2>/dev/null | grep -c 'node up')
		start "$node" "$POSTERN" run "$work/$node.conf"
		line "$node" 'node up' $((before + 1)) >/dev/null || bail "$node does not start"
	done
}

# inlet_up [COUNT]: waits until the analyst's route is open, for the COUNTth time.
inlet_up() { line analysis 'inlet up' "${1:-1}" >/dev/null; }
