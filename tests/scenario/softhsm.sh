# Tokens by SoftHSM, in the directory of the script that reads this file, which is left out where there is none.

token_library=
for library in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib*/libsofthsm2.so; do
	[ -f "$library" ] && token_library=$library && break
done
[ -n "$(printf '%s\n' ${PST_MODULE_PATH//:/ } | while read -r dir; do ls "$dir"/vault_pkcs11.so 2>/dev/null; done)" ] ||
	skip_all "vault/pkcs11 was not built"
[ "$token_library" ] && command -v softhsm2-util >/dev/null || skip_all "no SoftHSM"

mkdir tokens
cat >softhsm2.conf <<END
directories.tokendir = $work/tokens
objectstore.backend = file
log.level = ERROR
slots.removable = false
END
export SOFTHSM2_CONF=$work/softhsm2.conf

# token_make LABEL PIN: a new one; the PIN goes to the file pin.
token_make() {
	(umask 077 && echo "$2" >pin)
	softhsm2-util --init-token --free --label "$1" --pin "$2" --so-pin 87654321 >token_make.log 2>&1 ||
		bail "no token: $(cat token_make.log)"
}

# The same tokens, which can be pulled out: `touch removed`, `rm removed`; see removable.c.
removable_library=$builddir/tests/scenario/.libs/removable.so
export REMOVABLE_LIBRARY=$token_library REMOVABLE_DIR=$work

# What SoftHSM loses is no fault of ours. Slower, but the way to it is known.
export ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
export LSAN_OPTIONS=suppressions=$top/tests/scenario/token.supp:print_suppressions=0
