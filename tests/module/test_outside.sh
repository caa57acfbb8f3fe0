#!/bin/bash
# A module that is not of this tree is built against an installed copy of Postern and nothing else, loaded, and used through a
# channel. Modules that must not be loaded say why.
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 32
dest=$work/dest
own=$work/own
umask 022

# ---- an installed copy, in a place of its own ----

# Not a part of the make that runs the tests.
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR
ok "make install" make -C "$builddir" install DESTDIR="$dest"
pc=$(find "$dest" -name postern.pc)
# The copy is where DESTDIR is: its .pc file says so now.
sed -i -E "s,^(prefix|exec_prefix|libdir|includedir|moduledir)=/,\1=$dest/," "$pc"
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir postern)
moduledir=$(pkg-config --variable=moduledir postern)
like "postern.pc says where modules are" "$moduledir" "^$dest/.*/postern$"
POSTERN=$(find "$dest" -path '*/bin/postern')
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PST_MODULE_PATH=$own:$moduledir
ok "the installed command runs" "$POSTERN" version
missing=
for file in man1/postern.1 man5/postern.conf.5 man7/postern-module.7 bash-completion/completions/postern.bash \
	fish/vendor_completions.d/postern.fish zsh/site-functions/_postern systemd/system/postern@.service \
	examples/private-database/hub.conf examples/systemd/postern@hub.socket examples/uppercase/uppercase.c; do
	[ "$(find "$dest" -path "*/$file")" ] || missing+=" $file"
done
is "what belongs to it is where it is looked for" "$missing" ""
source=$(find "$dest" -path '*/examples/uppercase')

# ---- the module ----

ok "the installed example is at most 100 lines long" test "$(wc -l <"$source/uppercase.c")" -le 100
mkdir own build bad
cp --no-preserve=mode "$source"/* build
ok "the module is built from the installed headers and library" make -C build
ok "it is installed into a directory of its own" make -C build install moduledir="$own"
info=$("$POSTERN" module info own/service_uppercase.so 2>&1)
is "module info says what it is" "$(head -n 1 <<<"$info")" \
	"service/uppercase 1.0: answers with the same text in upper case"
like "its options are listed" "$info" "longest .*64K"
like "its ABI is the installed one" "$info" "file $own/service_uppercase.so, ABI 2\.[0-9]+"
like "module list has it" "$("$POSTERN" module list 2>&1)" "service +uppercase +1.0"
like "help describes it" "$("$POSTERN" help service uppercase 2>&1)" "longer texts are not answered"

# ---- a node with it ----

ports PORT
cat >node.conf <<'END'
node n { state = "state" }
transport wan { listen = {"127.0.0.1:${PORT}"} }
service uppercase { longest = 20 }
service loud { use = uppercase }
END
ok "a file that uses it is right" "$POSTERN" check node.conf
start node "$POSTERN" run node.conf
listening "$PORT"
at=/ip4/127.0.0.1/tcp/$PORT/secure/api/service
is "its worker answers through a channel" "$("$POSTERN" message send "hello, my friend" --to "$at/uppercase" 2>&1)" \
	"HELLO, MY FRIEND"
is "a second section is a second worker" "$("$POSTERN" message send "and you who speak so softly" --to "$at/loud" 2>&1)" \
	"AND YOU WHO SPEAK SO SOFTLY"
not_ok "what is longer than its option allows is not answered" \
	"$POSTERN" message send "and you who speak so softly" --to "$at/uppercase" --timeout 500ms
is "its status hook counts what it has answered" "$("$POSTERN" service list --state state --output json 2>&1 |
	grep -oE '"(name|answered)": [^,]*' | tr '\n' ' ')" \
	'"name": "uppercase" "answered": 1 "name": "loud" "answered": 1 "name": "echo" '
ok "the node stops in order" stop node

printf 'service uppercase {\n longest = 0 }\n' >zero.conf
is "its own check names the line" "$("$POSTERN" check zero.conf 2>&1)" \
	"postern: zero.conf:2: service uppercase: longest: at least 1 [conf]"
printf 'service uppercase {\n longer = 10 }\n' >unknown.conf
is "its keys are checked like any other" "$("$POSTERN" check unknown.conf 2>&1)" \
	'postern: unknown.conf:2: service uppercase: unknown key "longer", did you mean "longest"? [conf]'

# ---- modules that must not be loaded ----

# build NAME SED-SCRIPT: the module, changed, as bad/NAME.so
build() {
	sed "$2" "$source/uppercase.c" >build/uppercase.c
	make -C build -B CFLAGS=-w LDFLAGS=-Wl,-z,undefs >build.log 2>&1 || comment <build.log
	mv build/service_uppercase.so "bad/$1.so"
}

# refused SENTENCE FILE REGEX
refused() {
	local out rc=0
	out=$("$POSTERN" module info "$2" 2>&1) || rc=$?
	like "$1" "$out, exit code $rc" "^postern: $3 \[module\], exit code 2$"
}

build service_uppercase 's/pst_env_router(/pst_env_rooter(/g; s/^struct upper {/struct pst_router *pst_env_rooter(struct pst_env *);\n&/'
refused "a missing symbol is named" bad/service_uppercase.so ".*undefined symbol: pst_env_rooter"
printf 'service uppercase { }\n' >bad.conf
like "a file that needs such a module is wrong, and says where" \
	"$(PST_MODULE_PATH=$work/bad:$moduledir "$POSTERN" check bad.conf 2>&1), exit code $?" \
	"^postern: bad.conf:1: service uppercase: .*undefined symbol: pst_env_rooter \[conf\], exit code 2$"

build service_uppercase 's/\.kind = PST_KIND_SERVICE/.abi_major = 1, &/'
refused "another major is refused" bad/service_uppercase.so "$work/bad/service_uppercase.so: made for ABI 1\.[0-9]+, this is 2\.[0-9]+"
build service_uppercase 's/\.kind = PST_KIND_SERVICE/.abi_minor = 999, &/'
refused "a newer minor is refused" bad/service_uppercase.so \
	"$work/bad/service_uppercase.so: made for ABI 2\.999, this is 2\.[0-9]+"
build service_uppercase 's/PST_SECTION("service"/PST_SECTION("inlet"/'
refused "a section that is not its kind's is refused" bad/service_uppercase.so \
	"$work/bad/service_uppercase.so: \"inlet\" is no section of a service module"
build service_uppercase 's/"64K"/"64 sheep"/'
refused "a default that cannot be read is refused" bad/service_uppercase.so \
	"$work/bad/service_uppercase.so: section \"service\": longest: .*"

cp own/service_uppercase.so bad/service_lowercase.so
refused "another name than its own is refused" bad/service_lowercase.so \
	"$work/bad/service_lowercase.so: exports no service_lowercase_LTX_pst_module"
cp own/service_uppercase.so bad/uppercase.so
refused "a name without a kind is refused" bad/uppercase.so ".*want a name like KIND_NAME.so"
echo "not a module" >bad/service_text.so
refused "what is no object is refused" bad/service_text.so ".*bad/service_text.so: .*"
refused "what is not there is refused" bad/service_none.so "bad/service_none.so: No such file or directory"

cp own/service_uppercase.so bad/service_uppercase.so
chmod g+w bad/service_uppercase.so
refused "a file that a group may write is refused" bad/service_uppercase.so \
	"$work/bad/service_uppercase.so: may be written by others: chmod go-w it"
chmod g-w bad/service_uppercase.so
chmod o+w bad
refused "a directory that others may write is refused" bad/service_uppercase.so "$work/bad: may be written by others: chmod go-w it"
chmod o-w bad
