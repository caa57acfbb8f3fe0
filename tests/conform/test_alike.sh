#!/bin/bash
# Every guest there is, by both engines: the same calls of the host, the same memory each time, the same end.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
for engine in wabt wasmtime; do
	[ -e "$builddir/modules/runtime/$engine/runtime_$engine.la" ] || skip_all "runtime/$engine is not built"
done

# Suborbital's modules are no part of this tree: they lie beside it, or where $POSTERN_FUNCTIONS says.
theirs=${POSTERN_FUNCTIONS:-$top/../shared/functions}
guests=("$builddir"/tests/functions/guests/*.wasm "$theirs"/*.wasm)
plan $((${#guests[@]} + 2))
cat >alike.conf <<END
node n { state = "state" }
runtime one { use = wabt }
runtime other { use = wasmtime }
END

for guest in "${guests[@]}"; do
	ok "$(basename "$guest")" "$builddir/pst-conform" alike alike.conf one other "$guest"
done
of() { # NAME DIRECTORY
	local found=("$2"/*.wasm)
	if [ ${#found[@]} -gt 0 ]; then
		passed "$1: ${#found[@]} modules"
	else
		skip "$1" "there are none in $2"
	fi
}
of "our own guests" "$builddir/tests/functions/guests"
of "Suborbital's" "$theirs"
