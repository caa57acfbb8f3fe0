#!/bin/bash
# --enable-static-modules: the image of README, built in a directory of its own, which stays for the next time. It serves a
# portal and a function without a single module file, and still loads other modules from files.
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/nodes.sh"

edge=$builddir/static
modules=$(sed -n 's/.*--enable-static-modules=\([a-z0-9/,]*\)$/\1/p' "$top/README.md")
nowhere=$work/nowhere # no modules are there
hello=$builddir/tests/functions/guests/hello.wasm
for module in ${modules//,/ }; do
	[ -e "$builddir/modules/$module/${module/\//_}.la" ] || skip_all "$module is not built"
done
plan 13

# ---- the program ----

unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR
build() {
	mkdir -p "$edge" && cd "$edge" &&
		{ [ -f Makefile ] || "$top/configure" --prefix="$nowhere" --enable-static-modules="$modules"; } && make -j2 postern
}
ok "it is built" timeout 600 bash -c "$(declare -f build); top='$top' edge='$edge' nowhere='$nowhere' modules='$modules'; build" ||
	bail "nothing to be tried"
files=$PST_MODULE_PATH
POSTERN=$edge/postern
export PST_MODULE_PATH=$nowhere
list=$("$POSTERN" module list)
is "it has the modules that were asked for, and no others" "$(awk '{ print $1 "/" $2 }' <<<"$list")" "$(tr , '\n' <<<"$modules" | sort)"
is "all of them are built in" "$(grep -vc ' (built in)$' <<<"$list")" 0
strip -o stripped "$POSTERN"
echo "# size: $(stat -c %s stripped) bytes stripped, of $(wc -l <<<"$list") modules and the core"
ldd stripped | awk '{ print $1 }' | sort >needed
echo "# shared libraries: $(tr '\n' ' ' <needed)"
is "it needs no libpostern" "$(grep -c postern needed)" 0

# ---- what it does ----

three_nodes
up hub bank analysis
ok "three nodes of it are a portal" inlet_up
start target "$tools" http "$DB_PORT" "$conf/private-database/hub.conf"
listening "$DB_PORT"
fetch() { tools get "$INLET_PORT" / 20000 | cmp - "$conf/private-database/hub.conf"; }
ok "bytes pass through it" fetch
ended() { stop analysis && stop bank && stop hub; }
ok "they stop in order" ended

sentence="postern sat answers by it"
if [ -e "$hello" ] && command -v curl >/dev/null; then
	ports SAT
	start sat "$POSTERN" sat --listen 127.0.0.1 --http-port "$SAT" --state "$work/sat" "$hello"
	line sat 'node up' >/dev/null
	is "$sentence" "$(curl -s --max-time 20 -d "my friend" "http://127.0.0.1:$SAT/")" "hello, my friend"
	stop sat
else
	skip "$sentence" "no curl, or no compiler for guests"
fi

# ---- modules in files ----

like "a module that is not there is missed" "$("$POSTERN" help service authority 2>&1)" \
	"no module service/authority \(there are: functions, gateway, project, relay\)"
mkdir bad
echo "not a module" >bad/service_relay.so
like "a file does not come before what is built in" "$(PST_MODULE_PATH=$work/bad "$POSTERN" help service relay 2>&1)" "^service/relay "
is "nor is it listed" "$(PST_MODULE_PATH=$work/bad "$POSTERN" module list)" "$list"

ports PORT
cat >echo.conf <<'END'
node n { state = "state" }
transport wan { listen = {"127.0.0.1:${PORT}"} }
service echo { }
END
PST_MODULE_PATH=$files start echo "$POSTERN" run echo.conf
listening "$PORT"
is "a module in a file serves in it, too" \
	"$("$POSTERN" message send "to and fro" --to "/ip4/127.0.0.1/tcp/$PORT/secure/api/service/echo" 2>&1)" "to and fro"
ok "and ends with it" stop echo
