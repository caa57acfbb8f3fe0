# What scenarios of functions with a database share; read behind lib.sh. They have a directory with functions' guests, and
# know how to ask one for a query.
guests=$builddir/tests/functions/guests

# databases_usable MODULE: or the script is skipped.
databases_usable() {
	[ -e "$builddir/modules/$1/${1/\//_}.la" ] || skip_all "$1 is not built"
	[ -s "$guests/probe.wasm" ] || skip_all "no guests: clang, lld and wasi-libc make them"
	[ -s "$builddir/modules/runtime/wabt/.libs/runtime_wabt.so" ] || [ -s "$builddir/modules/runtime/wasmtime/.libs/runtime_wasmtime.so" ] ||
		skip_all "no runtime is built"
}

# probe FUNCTION WORD…: what the probe answers, without the number in front of it: a length.
probe() {
	local function=$1 answer
	shift
	printf '%s\n' "$@" | timeout 60 "$POSTERN" call --state "$work/n" --no-start "$function" --body - >answer 2>err || { cat err; return 1; }
	answer=$(cat answer)
	echo "${answer#* }"
}
ask() { probe ask db "$@"; } # TYPE QUERY VARIABLE…
status() { "$POSTERN" capability show "$1" --state "$work/n" --no-start --output json | "$builddir/tests/scenario/json" get status "$2"; }
