#!/bin/bash
# The vault in a token keeps what <postern/vault.h> promises; and what it makes there cannot be had out of it.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/token.sh"
plan 6
conform=$builddir/pst-conform

token_make bank 1234
export PIN=1234
cat >token.conf <<END
node n { state = "state" }
vault hsm { use = pkcs11  library = "$token_library"  token = bank  pin_file = "pin" }
vault other { use = pkcs11  library = "$token_library"  token = bank  pin_env = PIN }
END
ok "in a token" "$conform" vault token.conf hsm
ok "and by another section that has the same token" "$conform" vault token.conf other

sed "s,library = \"[^\"]*\",library = \"$removable_library\"," token.conf >removable.conf
ok "and through a library that tells how they were made" "$conform" vault removable.conf hsm
is "all private, and none to be read" "$(sort -u keys)" "in-token private sensitive not-extractable never-extractable"

# EdDSA, and what SoftHSM makes X25519 keys by
printf '0x1057\n0x1055\n' >without
ok "a token that has P-256 only" "$conform" vault removable.conf hsm
like "says so of the others" "$("$conform" vault removable.conf hsm | grep -c 'it says that it has no such keys')" '^2$'
