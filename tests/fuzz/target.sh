# What run, merge and coverage share. A target says in its opening comment which
# files it covers, or which functions of them, and what others in modules/ these need:
#
#     Covers: modules/vault/file/image.c core/base/dial.c:pst_host_port()
#     Needs: modules/vault/file/disk.c modules/vault/file/keyring.c
top=$(cd "$(dirname "$0")/../.." && pwd)
work=${FUZZ_DIR:-/tmp/postern-fuzz-$(id -u)}
libs='libuv libsodium libcrypto libcbor libconfuse jansson yaml-0.1 libzip libcurl'
cd "$top"

targets() {
	ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||'
}

# said TARGET WORD: the files that stand behind "WORD:" in its comment
said() {
	[ -f "tests/fuzz/fuzz_$1.c" ] || {
		echo "no target $1; there are:" $(targets) >&2
		exit 2
	}
	sed -n "s/^ \* $2: //p" "tests/fuzz/fuzz_$1.c"
}

core_files() {
	find core -name '*.c' ! -path '*/cli/*' | sort
}

# module_files TARGET: sources in modules/, which are not in the core's library
module_files() {
	for file in $(said "$1" Covers) $(said "$1" Needs); do
		case $file in modules/*) echo "${file%:*}" ;; esac
	done | sort -u
}

flags() {
	echo -std=gnu11 -g -w -D_GNU_SOURCE -DPST_SANITIZED=1 -DPST_VERSION='"fuzz"' -DPST_MODULE_DIR='"/nonexistent"' \
		-Icore -Icore/include $(module_files "$1" | sed 's|/[^/]*$||; s|^|-I|' | sort -u) $(pkg-config --cflags $libs)
}

# cxx_files TARGET: those of them that are C++
cxx_files() {
	module_files "$1" | grep '\.cc$' || true
}

# link_flags TARGET
link_flags() {
	echo $(pkg-config --libs $libs) -lltdl -lwslay -lngtcp2 -lngtcp2_crypto_gnutls -lgnutls $([ -z "$(cxx_files "$1")" ] || echo -lwabt -lstdc++ -lm)
}
