#!/bin/bash
# The guests that pst-conform carries are those that guests.wat says.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"
command -v wat2wasm >/dev/null || skip_all "no wat2wasm"
plan 1

made() { "$top/tests/conform/guests.sh" "$top/tests/conform/guests.wat" | diff "$top/tests/conform/guests.c" -; }
ok "guests.c is made of guests.wat" made
