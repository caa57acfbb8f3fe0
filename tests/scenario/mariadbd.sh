# A MariaDB of a script's own, in a temporary directory; read behind lib.sh. Debian's mariadb-server-core and
# mariadb-client-core are enough.
#
#	mariadb_usable || skip_all "MariaDB is not installed"
#	mariadb_up                     # on 127.0.0.1:$MARIADB_PORT, with a database `bank` and the user teller of $MARIADB_PASSWORD
#	mariadb_query -e 'select 1'
#	mariadb_crash; mariadb_again   # as a power cut does, and back
#	at_exit() { mariadb_down; }

mariadb=

mariadb_usable() {
	PATH=$PATH:/usr/sbin
	command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null && command -v mariadb >/dev/null
}

# It does not run as root, and wants a place for files of its own.
mariadb_user() { if [ "$(id -u)" = 0 ]; then echo nobody; else id -un; fi; }

mariadb_up() {
	[ "${MARIADB_PORT:-}" ] || ports MARIADB_PORT
	mariadb=$(mktemp -d "${TMPDIR:-/tmp}/postern-mariadb.XXXXXX") || return
	MARIADB_PASSWORD=$(head -c 24 /dev/urandom | base64)
	[ "$(id -u)" != 0 ] || chown "$(mariadb_user)" "$mariadb"
	TMPDIR=$mariadb timeout 120 mariadb-install-db --no-defaults --user="$(mariadb_user)" --datadir="$mariadb/data" --auth-root-authentication-method=normal \
		--skip-test-db >"$work/mariadb-install.log" 2>&1 </dev/null || return
	mariadb_again || return
	mariadb_query mysql >>"$work/mariadb-install.log" 2>&1 <<-END
		CREATE DATABASE bank CHARACTER SET utf8mb4;
		CREATE USER teller@'127.0.0.1' IDENTIFIED BY '$MARIADB_PASSWORD';
		GRANT ALL ON bank.* TO teller@'127.0.0.1';
	END
}

mariadb_again() {
	TMPDIR=$mariadb start mariadb mariadbd --no-defaults --user="$(mariadb_user)" --datadir="$mariadb/data" --socket="$mariadb/socket" \
		--pid-file="$mariadb/pid" --bind-address=127.0.0.1 --port="$MARIADB_PORT" --skip-name-resolve --skip-log-bin \
		--innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=8M
	listening "$MARIADB_PORT" && within "$deadline_ms" mariadb_query -e 'SELECT 1' >/dev/null 2>&1
}
mariadb_crash() { crash mariadb; }

mariadb_down() {
	[ "$mariadb" ] || return
	crash mariadb
	rm -rf "$mariadb"
}

# mariadb_query ARGUMENT…: of the command mariadb, without names of columns; in UTF-8, whatever the locale.
mariadb_query() { timeout 30 mariadb --no-defaults --default-character-set=utf8mb4 --socket="$mariadb/socket" -u root -N -B "$@"; }
