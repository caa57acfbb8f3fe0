# PostgreSQL for the measure "pg": a throw-away cluster for this machine only, with pgbench's tables.

pg_port= pg_bin=

pg_usable() {
	local bin
	for bin in /usr/lib/postgresql/*/bin; do [ -x "$bin/initdb" ] && pg_bin=$bin; done
	[ "$pg_bin" ] && command -v pgbench >/dev/null && { [ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1; }
}

# It refuses to run as root.
as_pg() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
	else
		"$@"
	fi
}

pg_up() {
	ports pg_port
	chmod 711 "$work"
	mkdir "$work/pg"
	[ "$(id -u)" != 0 ] || chown postgres: "$work/pg"
	as_pg "$pg_bin/initdb" -A trust -U postgres -D "$work/pg/data" &&
		as_pg "$pg_bin/pg_ctl" -D "$work/pg/data" -w -l "$work/pg/log" -o "-c listen_addresses=127.0.0.1 -p $pg_port
			-k $work/pg -c fsync=off -c max_connections=60" start &&
		pgbench -q -i -s 5 -h 127.0.0.1 -p "$pg_port" -U postgres postgres
} >"$work/pg.up" 2>&1

pg_down() {
	[ ! -e "$work/pg/data/postmaster.pid" ] || as_pg "$pg_bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1
}

pg_answers() { psql -q -h 127.0.0.1 -p "$1" -U postgres -c 'select 1' postgres >/dev/null 2>&1; } # PORT

# pg_queries PORT SECONDS: transactions a second.
pg_queries() {
	timeout $(($2 + 20)) pgbench -n -S -c 8 -j 1 -T "$2" -h 127.0.0.1 -p "$1" -U postgres postgres 2>&1 |
		awk '/^tps/ { print $3 }'
}
