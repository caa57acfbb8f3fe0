# PST_WORD([NAME]): as a variable of the shell, or of make, can have it.
m4_define([PST_WORD], [m4_translit([$1], [-], [_])])

# PST_MODULE([KIND], [NAME], [yes|no])
# A module of the tree: --enable/--disable-KIND-NAME and the conditional
# MODULE_KIND_NAME, with `_` for `-`. The third argument is what happens when nothing is said.
AC_DEFUN([PST_MODULE], [
AC_ARG_ENABLE([$1-$2],
	m4_if([$3], [yes],
		[AS_HELP_STRING([--disable-$1-$2], [leave out the module $1/$2])],
		[AS_HELP_STRING([--enable-$1-$2], [build the module $1/$2])]),
	[], [enable_[]PST_WORD([$1_$2])=$3])
AM_CONDITIONAL([MODULE_]m4_toupper(PST_WORD([$1_$2])), [test "x$enable_[]PST_WORD([$1_$2])" = xyes])
AS_IF([test "x$enable_[]PST_WORD([$1_$2])" = xyes], [pst_modules="$pst_modules $1/$2"],
	m4_if([$3], [yes], [PST_MODULES_MISSING="$PST_MODULES_MISSING $1/$2"], [:]))
])

# PST_MODULE_IF([KIND], [NAME], [yes|no], [WHAT])
# The same of a module that is built where what it wants is there, unless told otherwise.
AC_DEFUN([PST_MODULE_IF], [
AC_ARG_ENABLE([$1-$2],
	[AS_HELP_STRING([--disable-$1-$2], [leave out the module $1/$2, as where $4 is missing])],
	[], [enable_[]PST_WORD([$1_$2])=$3])
AS_IF([test "x$enable_[]PST_WORD([$1_$2])$3" = xyesno], [AC_MSG_ERROR([$1/$2 wants $4])])
AM_CONDITIONAL([MODULE_]m4_toupper(PST_WORD([$1_$2])), [test "x$enable_[]PST_WORD([$1_$2])" = xyes])
AS_IF([test "x$enable_[]PST_WORD([$1_$2])" = xyes], [pst_modules="$pst_modules $1/$2"])
])

# PST_MODULE_WITH([KIND], [NAME], [VARIABLE], [LIBRARY >= VERSION])
# The same where a library is what it wants.
AC_DEFUN([PST_MODULE_WITH], [
PKG_CHECK_MODULES([$3], [$4], [pst_have_$3=yes], [pst_have_$3=no])
PST_MODULE_IF([$1], [$2], [$pst_have_$3], [$4])
])

# PST_WSLAY: WSLAY_LIBS, and pst_have_wslay. It has no .pc file.
AC_DEFUN([PST_WSLAY], [
pst_have_wslay=no
AC_CHECK_HEADER([wslay/wslay.h], [AC_CHECK_LIB([wslay], [wslay_event_recv], [pst_have_wslay=yes WSLAY_LIBS=-lwslay])])
AC_SUBST([WSLAY_LIBS])
])

# PST_WABT: pst_have_wabt, and WABT_LIBS. Debian has no .pc file of it.
AC_DEFUN([PST_WABT], [
AC_MSG_CHECKING([for libwabt, and a compiler of C++17])
AC_LANG_PUSH([C++])
pst_saved=$LIBS pst_saved_flags=$CXXFLAGS
WABT_LIBS=-lwabt
LIBS="$WABT_LIBS $LIBS" CXXFLAGS="$CXXFLAGS -std=gnu++17"
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <wabt/interp/interp.h>]],
	[[wabt::interp::Store store; return sizeof WABT_VERSION_STRING != sizeof "1.0.32";]])],
	[pst_have_wabt=yes], [pst_have_wabt=no])
LIBS=$pst_saved CXXFLAGS=$pst_saved_flags
AC_LANG_POP([C++])
AC_MSG_RESULT([$pst_have_wabt])
AC_SUBST([WABT_LIBS])
])

# PST_WASMTIME: pst_have_wasmtime, and what a module of it is made with. The library is in the directory that is named, else
# the system's, else the one that build-aux/wasmtime has fetched: that one has no headers, and is of the version that
# the module has declarations of.
AC_DEFUN([PST_WASMTIME], [
AC_ARG_WITH([wasmtime],
	[AS_HELP_STRING([--with-wasmtime=DIR],
		[lib/libwasmtime.so is there (the system's; else what build-aux/wasmtime has fetched)])],
	[], [with_wasmtime=check])
pst_wasmtime= pst_fetched=`$srcdir/build-aux/wasmtime --path`
AS_CASE([$with_wasmtime],
	[no], [],
	[check|yes], [AC_CHECK_HEADER([wasmtime.h], [AC_CHECK_LIB([wasmtime], [wasmtime_config_concurrency_support_set],
		[pst_wasmtime=system])])
		AS_IF([test -z "$pst_wasmtime" && test -e "$pst_fetched/lib/libwasmtime.so"], [pst_wasmtime=$pst_fetched])],
	[AS_IF([test -e "$with_wasmtime/lib/libwasmtime.so"], [pst_wasmtime=`cd "$with_wasmtime" && pwd`],
		[AC_MSG_ERROR([no lib/libwasmtime.so in $with_wasmtime])])])
AC_MSG_CHECKING([for wasmtime])
AC_MSG_RESULT([${pst_wasmtime:-no}])
pst_have_wasmtime=yes
AS_CASE([$pst_wasmtime],
	[""], [pst_have_wasmtime=no],
	[system], [],
	[WASMTIME_LIBRARY=$pst_wasmtime/lib/libwasmtime.so
	WASMTIME_LDFLAGS="-L$pst_wasmtime/lib -Wl,-rpath,'\$\$ORIGIN'"
	AS_IF([test -e "$pst_wasmtime/include/wasmtime.h"], [WASMTIME_CPPFLAGS=-I$pst_wasmtime/include],
		[test "${pst_wasmtime##*/}" = "${pst_fetched##*/}"],
			[WASMTIME_CPPFLAGS='-I$(srcdir)/modules/runtime/wasmtime/abi'],
		[AC_MSG_ERROR([no include/wasmtime.h in $pst_wasmtime])])])
AC_SUBST([WASMTIME_LIBRARY])
AC_SUBST([WASMTIME_CPPFLAGS])
AC_SUBST([WASMTIME_LDFLAGS])
AM_CONDITIONAL([WASMTIME_BESIDE], [test -n "$WASMTIME_LIBRARY"])
])

# PST_LINK_MODULES: --enable-static-modules, after all modules; modules/static.am says what is made of it.
AC_DEFUN([PST_LINK_MODULES], [
AC_ARG_ENABLE([static-modules],
	[AS_HELP_STRING([--enable-static-modules=LIST],
		[one program, with the core and these modules in it: transport/tcp,channel/noise,… or all])],
	[], [enable_static_modules=no])
# in the order of their names, as they are listed then
pst_linked=`AS_ECHO(["$enable_static_modules"]) | tr ', ' '\n\n' | sort -u`
AS_CASE([$pst_linked],
	[no], [pst_linked=],
	[yes|all], [pst_linked=`AS_ECHO(["$pst_modules"]) | sed "s, runtime/wasmtime,,"`])
AC_CHECK_TOOL([OBJCOPY], [objcopy])
PST_STATIC_OBJECTS= pst_names=
for pst_one in $pst_linked; do
	AS_CASE([" $pst_modules "], [*" $pst_one "*], [],
		[AC_MSG_ERROR([--enable-static-modules: $pst_one is none of the modules here:$pst_modules])])
	AS_IF([test $pst_one = runtime/wasmtime],
		[AC_MSG_ERROR([--enable-static-modules: runtime/wasmtime has a library of its own beside it, and stays a file])])
	PST_STATIC_OBJECTS="$PST_STATIC_OBJECTS modules/$pst_one/`AS_ECHO([$pst_one]) | tr / _`-whole.o"
	pst_names="X(`AS_ECHO([$pst_one]) | tr /- __`) $pst_names" # libltdl lists what came last first
done
AC_SUBST([PST_STATIC_OBJECTS])
AM_CONDITIONAL([STATIC_MODULES], [test -n "$pst_names"])
AS_IF([test -n "$pst_names"], [
	AS_IF([test -z "$OBJCOPY"], [AC_MSG_ERROR([--enable-static-modules wants objcopy])])
	AC_DEFINE_UNQUOTED([PST_STATIC_MODULES(X)], [$pst_names], [of the modules that are linked into postern])
])
])

# PST_FLAG([VARIABLE], [FLAG]): append FLAG when the compiler takes it.
AC_DEFUN([PST_FLAG], [
AC_MSG_CHECKING([whether $CC takes $2])
pst_saved=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
	[AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
CFLAGS=$pst_saved
])

# PST_LINK_FLAG([VARIABLE], [FLAG]): the same of the linker.
AC_DEFUN([PST_LINK_FLAG], [
AC_MSG_CHECKING([whether $CC links with $2])
pst_saved=$LDFLAGS
LDFLAGS="$LDFLAGS $2"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	[AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
LDFLAGS=$pst_saved
])

# PST_COMPLETION_DIR(SHELL, DIRECTORY): the variable SHELL_COMPLETION_DIR, and an option to choose another directory, or none.
AC_DEFUN([PST_COMPLETION_DIR], [
	AC_ARG_WITH([$1-completion-dir],
		[AS_HELP_STRING([--with-$1-completion-dir=DIR], [for $1's completion, or no: $2])],
		[], [with_$1_completion_dir=yes])
	AS_CASE([$with_$1_completion_dir],
		[yes], [with_$1_completion_dir='$2'],
		[no], [with_$1_completion_dir=])
	AC_SUBST(m4_toupper([$1])[_COMPLETION_DIR], [$with_$1_completion_dir])
])

# PST_WASI: WASI_CC, and the conditional HAVE_WASI: a compiler of C that makes WASI commands. Tests make their guests by it.
AC_DEFUN([PST_WASI], [
AC_ARG_VAR([WASI_CC], [a compiler of C to WASI, for tests (clang)])
AC_CHECK_PROG([WASI_CC], [clang], [clang], [no])
AC_MSG_CHECKING([whether $WASI_CC makes WASI commands])
pst_have_wasi=no
echo 'int main(void) { return 0; }' >conftest_wasi.c
AS_IF([$WASI_CC --target=wasm32-wasi -o conftest_wasi.wasm conftest_wasi.c >/dev/null 2>&1], [pst_have_wasi=yes])
rm -f conftest_wasi.c conftest_wasi.wasm
AC_MSG_RESULT([$pst_have_wasi])
AM_CONDITIONAL([HAVE_WASI], [test $pst_have_wasi = yes])
])
