#!/bin/bash
# The vault in a token keeps what <postern/vault.h> promises; and what it makes there cannot be had out of it.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
. "$top/tests/scenario/softhsm.sh"
plan 5
conform=$builddir/pst-conform

token_make bank 1234
export PIN=1234
cat >token.conf <<END
node n { state = "state" }
vault hsm { use = pkcs11  library = "$removable_library"  token = bank  pin_file = "pin" }
vault other { use = pkcs11  library = "$removable_library"  token = bank  pin_env = PIN }
END
ok "in a token" "$conform" vault token.conf hsm
is "all its keys are private, and none to be read" "$(sort -u keys)" \
	"in-token private sensitive not-extractable never-extractable"
ok "and by another section that has the same token" "$conform" vault token.conf other

# EdDSA, and what SoftHSM makes X25519 keys by
printf '0x1057\n0x1055\n' >without
ok "a token that has P-256 only" "$conform" vault token.conf hsm
is "says so of the others" "$("$conform" vault token.conf hsm | grep -c 'it says that it has no such keys')" 2
