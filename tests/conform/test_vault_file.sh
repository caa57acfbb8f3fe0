#!/bin/bash
# The vault in a file keeps what <postern/vault.h> promises: in clear, then sealed.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
plan 4
conform=$builddir/pst-conform

cat >clear.conf <<END
node n { state = "clear" }
vault default { use = file }
END
cat >sealed.conf <<END
node n { state = "sealed" }
vault sealed { use = file  passphrase_file = "passphrase" }
END
(umask 077 && echo "open sesame" >passphrase)

ok "in clear" "$conform" vault clear.conf
ok "sealed" "$conform" vault sealed.conf sealed
not_ok "a section that is not there is told of" "$conform" vault clear.conf other
not_ok "and a kind without a kit" "$conform" portal clear.conf
