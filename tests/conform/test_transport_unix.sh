#!/bin/bash
# Links over Unix sockets keep what <postern/transport.h> promises.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/transport/unix/transport_unix.la" ] || skip_all "transport/unix is not built"
plan 1

cat >unix.conf <<END
node n          { state = "n" }
transport local { use = unix  listen = "$work/local.sock" }
END
ok "over a Unix socket" "$builddir/pst-conform" transport unix.conf local "$work/local.sock"
