#!/bin/bash
# The store in a file keeps what <postern/store.h> promises: alone, and with another section that has the same file open.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
plan 2

cat >alone.conf <<END
node n { state = "alone" }
store default { use = sqlite }
END
cat >two.conf <<END
node n { state = "two" }
store one { use = sqlite  path = "shared.db" }
store again { use = sqlite  path = "shared.db" }
END
ok "alone" "$builddir/pst-conform" store alone.conf
ok "with another" "$builddir/pst-conform" store two.conf one
