# A PostgreSQL of a script's own, in a temporary directory; read behind lib.sh.
#
#	postgres_usable || skip_all "PostgreSQL is not installed"
#	postgres_up                    # on 127.0.0.1:$DB_PORT, with the user teller; its password is in $PGPASSWORD
#	postgres_query -c 'select 1'   # psql
#	postgres_crash; postgres_again # as a power cut does, and back
#	at_exit() { postgres_down; }

postgres= postgres_bin=

postgres_usable() {
	command -v psql >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

# It does not run as root.
postgres_as() {
	local user=nobody
	if [ "$(id -u)" != 0 ]; then
		(cd "$postgres" && "$@")
	else
		! id postgres >/dev/null 2>&1 || user=postgres
		(cd "$postgres" && setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@")
	fi
}

# postgres_up [SETTING=VALUE…]: a new cluster, which only a password opens.
postgres_up() {
	[ "${DB_PORT:-}" ] || ports DB_PORT
	postgres_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	postgres=$(mktemp -d "${TMPDIR:-/tmp}/postern-pg.XXXXXX") || return
	head -c 24 /dev/urandom | base64 >"$postgres/password"
	PGPASSWORD=$(cat "$postgres/password")
	export PGPASSWORD
	[ "$(id -u)" != 0 ] || chown -R "$(postgres_as id -u)" "$postgres"
	postgres_as "$postgres_bin/initdb" -D "$postgres/data" -U teller -A scram-sha-256 --pwfile="$postgres/password" \
		--no-locale -E UTF8 --no-sync >"$work/postgres.log" 2>&1 || return
	printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $DB_PORT" "unix_socket_directories = '$postgres'" \
		"fsync = off" "$@" >"$postgres/more.conf"
	cat "$postgres/more.conf" >>"$postgres/data/postgresql.conf"
	postgres_again
}

postgres_again() { postgres_as "$postgres_bin/pg_ctl" -D "$postgres/data" -l "$postgres/log" -w -t 60 start >>"$work/postgres.log" 2>&1; }
postgres_crash() { postgres_as "$postgres_bin/pg_ctl" -D "$postgres/data" -m immediate -w stop >>"$work/postgres.log" 2>&1; }

postgres_down() {
	[ "$postgres" ] || return
	! [ -f "$postgres/data/postmaster.pid" ] || postgres_crash
	rm -rf "$postgres"
}

# postgres_query ARGUMENT…: of psql.
postgres_query() {
	PGCONNECT_TIMEOUT=20 timeout 30 psql -X -A -t -q -w -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$DB_PORT" -U teller postgres "$@"
}
