#!/bin/bash
# What the *.md files say of the tree is so: links, names of files, rooms, modules, libraries, lines of code.
any_modules=yes
. "${top_srcdir:-.}/tests/scenario/lib.sh"

plan 10
cd "$top" || exit 99
mapfile -t pages < <(find . \( -name '.?*' -o -exec test -e '{}/config.status' \; \) -prune -o -name '*.md' -print | sed 's,^\./,,' | sort)
like "there are pages" "${#pages[@]} ${pages[*]}" "^[1-9][0-9] .*README.md"

# ---- links, and names of files ----

broken() {
	local page target
	for page in "${pages[@]}"; do
		grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -vE '^[a-z]+:' | while read -r target; do
			[ -e "$(dirname "$page")/$target" ] || echo "$page: $target"
		done
	done
}
is "every relative link leads to a file" "$(broken)" ""

# In `…`, with a slash in it. Words in capitals stand for others, and b/ is where things are built.
there() { # PAGE NAME: beside the page, in the tree, or in what the page speaks of
	local root
	for root in "$(dirname "$1")" . core core/include modules; do
		[ ! -e "$root/$2" ] || return 0
	done
	return 1
}
missing() {
	local page name
	for page in "${pages[@]}"; do
		grep -oE '`[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+/?`' "$page" | tr -d '`' | grep -vE '^b/|(^|/)[A-Z]+(/|$)' |
			while read -r name; do
				there "$page" "$name" || echo "$page: $name"
			done
	done
}
is "every file that is named is there" "$(missing)" ""

# ---- README: every directory that has a part of the Makefile ----

unsaid=
for fragment in */*.am tests/*/*.am; do
	name=$(basename "$(dirname "$fragment")")
	grep -qE "^\|.*\`(tests/|)$name(/|\`)" README.md || unsaid+=" $(dirname "$fragment")"
done
is "README names every directory" "$unsaid" ""

# ---- architecture ----

page=doc/architecture.md
is "the rooms of the core" "$(sed -n 's/^| `\([a-z]*\)` | .* | .*/\1/p' $page | sort)" \
	"$(for dir in core/*/; do basename "$dir"; done | grep -vx include)"
is "the arrows between them are those that test_rooms.sh checks" \
	"$(grep -oE 'core/[a-z]+( ← core/[a-z]+)+' $page | head -n 1 | sed 's,core/,,g; s, ← ,\n,g')" \
	"$(sed -n "/^rooms='/,/^'/s/^\([a-z]\{1,\}\)\( .*\|\)$/\1/p" tests/unit/test_rooms.sh)"
is "the modules" "$(sed -n 's,^| `\([a-z]*/[a-z0-9-]*\)` .*,\1,p' $page | sort)" \
	"$(for dir in modules/*/*/; do echo "$dir"; done | sed 's,^modules/,,; s,/$,,' | sort)"

# ---- names ----

# make knows how to make NAME of NAME.sh, by copying it: a test of that name would be another.
is "no test has the name of a file of shell without .sh" "$(for file in tests/*/*.sh; do [ ! -e "${file%.sh}" ] || echo "$file"; done)" ""

# ---- dependencies ----

unsaid=
for library in $(sed -n 's/.*PKG_CHECK_MODULES(\[[A-Z]*\], \[\([a-z]*\)[0-9]* .*/\1/p' configure.ac); do
	grep -qi "^| .*$library" doc/dependencies.md || unsaid+=" $library"
done
is "dependencies.md has every library that configure asks for" "$unsaid" ""

# ---- the tutorial ----

# What stands deeper than a sentence, and is C.
code() { sed -n 's/^    //p' doc/writing-a-module.md | grep -E '^ *(static|struct|const|rc|free|if|size_t|uint|return|pst_|PST_|upper_|\.|[{}])'; }
foreign=
while read -r line; do
	tr -s '\t ' ' ' <tests/module/uppercase/uppercase.c | sed 's/^ //' | grep -qxF -- "$line" || foreign+="$line"$'\n'
done < <(code | tr -s ' ')
is "every line of C in the tutorial is one of its module" "$foreign" ""
