#!/bin/bash
# wasmtime keeps what <postern/runtime.h> promises.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
[ -e "$builddir/modules/runtime/wasmtime/runtime_wasmtime.la" ] || skip_all "runtime/wasmtime is not built"
plan 1

cat >runtime.conf <<END
node n { state = "state" }
runtime it { use = wasmtime }
END
ok "wasmtime" "$builddir/pst-conform" runtime runtime.conf it
