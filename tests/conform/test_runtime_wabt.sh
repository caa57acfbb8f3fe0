#!/bin/bash
# wabt's interpreter keeps what <postern/runtime.h> promises.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/runtime/wabt/runtime_wabt.la" ] || skip_all "runtime/wabt is not built"
plan 1

cat >runtime.conf <<END
node n { state = "state" }
runtime it { use = wabt }
END
ok "wabt" "$builddir/pst-conform" runtime runtime.conf it
