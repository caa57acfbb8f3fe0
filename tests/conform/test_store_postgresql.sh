#!/bin/bash
# The store in a database keeps what <postern/store.h> promises: with another section that has the same schema open.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/postgres.sh"
at_exit() { postgres_down; }
[ -f "$builddir/modules/store/postgresql/store_postgresql.la" ] || skip_all "store/postgresql is not built"
postgres_usable || skip_all "PostgreSQL is not installed"
plan 1

postgres_up || bail "PostgreSQL does not start"
cat >two.conf <<END
node n { state = "two" }
store one { use = postgresql  conninfo = "host=127.0.0.1 port=$DB_PORT user=teller dbname=postgres" }
store again { use = postgresql  conninfo = "postgresql://teller@127.0.0.1:$DB_PORT/postgres" }
END
ok "with another" "$builddir/pst-conform" store two.conf one
