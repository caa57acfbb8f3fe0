#!/bin/bash
# The arrows between the rooms (doc/architecture.md): base <- conf <- route <- trust <- call <- node <- cli, installed headers likewise;
# modules include <postern/...>, system headers, and what lies beside them.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"

# A room's rank, and its installed headers. module.h only declares: every room from conf on may say what an option is.
rooms='
base   aead buf bytes cbor descriptors dial env err hosts linked listen local log outbox pipe quiet stream tcp told utf8
conf   module runtime
route  multiaddr refusal route router stream_link transport
trust  admission api credential identity policy project store ticket vault
call   call capability coordinated json map
node   channel choice imply look path
cli
'
# arrows ROOM FILE…: what these files include and may not.
arrows() {
	local room=$1
	shift
	awk -v own="$room" -v table="$rooms" '
		BEGIN {
			n = split(table, line, "\n")
			for (i = 1; i <= n; i++) {
				m = split(line[i], word, " ")
				if (!m) continue
				rank[word[1]] = i
				for (j = 2; j <= m; j++) header[word[j] ".h"] = i
			}
			if (!(own in rank)) { print "room " own " is not known"; exit }
		}
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			split($0, part, "\"")
			room = part[2]
			if (!sub("/.*", "", room)) next # beside it
			if (!(room in rank) || rank[room] > rank[own]) print FILENAME ": " $0
		}
		/^[ \t]*#[ \t]*include[ \t]*<postern\// {
			name = $0
			sub(".*<postern/", "", name)
			sub(">.*", "", name)
			if (!(name in header) || header[name] > rank[own]) print FILENAME ": " $0
		}' "$@"
}

# own_only FILE…: includes in quotes that are not a file of the same directory, or of one in it, or of a shared room.
own_only() {
	local file name room
	for file; do
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file" | while read -r name; do
			case ${file%/*}:$name in
			# what a module has within it, too: the library of a room
			*:*/shared/*/*)
				room=${name%/*}
				[ -f "${file%/*}/$name" ] && grep -qs "/shared/${room##*/}/lib[a-z]*\.la" "${file%/*}/module.am" || echo "$file: \"$name\"" ;;
			# a room's neighbour, of which who has the one has the other
			"$top"/modules/*/shared/*:../*) [ -f "${file%/*}/$name" ] || echo "$file: \"$name\"" ;;
			*:../*) echo "$file: \"$name\"" ;;
			*) [ -f "${file%/*}/$name" ] || echo "$file: \"$name\"" ;;
			esac
		done
	done
}

core=$top/core
shopt -s extglob
modules=("$top"/modules/*/!(shared)/ "$top"/modules/*/shared/*/)
headers=("$core"/include/postern/*.h)
plan $((7 + 2 + ${#modules[@]} + ${#headers[@]}))

for room in base conf route trust call node cli; do
	is "$room knows only the rooms before it" "$(arrows $room "$core/$room"/*.[ch])" ""
done

printf '#include "node/node.h"\n#include <postern/path.h>\n#include "beside.h"\n' >planted.c
is "what breaks an arrow is found" "$(arrows route planted.c | wc -l)" 2
printf '#include "../tcp/tcp.h"\n#include "../../transport/tcp/tcp.h"\n#include "base/env.h"\n#include "config.h"\n' >planted.c
is "what a module may not include is found" "$(own_only planted.c; own_only ./planted.c)" "$(printf '%s\n' \
	'planted.c: "../tcp/tcp.h"' 'planted.c: "../../transport/tcp/tcp.h"' 'planted.c: "base/env.h"' 'planted.c: "config.h"' \
	'./planted.c: "../tcp/tcp.h"' './planted.c: "../../transport/tcp/tcp.h"' './planted.c: "base/env.h"' './planted.c: "config.h"')"

for module in "${modules[@]}"; do
	name=${module#"$top/modules/"}
	is "module ${name%/} includes what any module may" "$(own_only "$module"*.[ch])" ""
done

# Each installed header can be the first one that a file includes, and knows none of a later room.
rank_of() { awk -v name="$1" '{ for (i = 2; i <= NF; i++) if ($i == name) print $1 }' <<<"$rooms"; }
alone() {
	local room
	room=$(rank_of "$(basename "$1" .h)")
	[ "$room" ] || { echo "$1 belongs to no room: add it to the table"; return 1; }
	[ -z "$(arrows "$room" "$1")" ] || { arrows "$room" "$1"; return 1; }
	printf '#include <postern/%s>\n' "$(basename "$1")" >alone.c
	${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -I"$core/include" $(pkg-config --cflags libuv) alone.c
}
for header in "${headers[@]}"; do
	ok "<postern/$(basename "$header")> stands alone" alone "$header"
done
