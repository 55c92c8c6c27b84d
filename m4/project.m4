# SPDX-License-Identifier: Apache-2.0
#
# project.m4 - one macro for each dependency and each switch of configure.ac.
#
# A PROJECT_NEED_X sets X_CFLAGS and X_LIBS or stops with the name of the
# Debian package that is missing.  The switches fill PROJECT_CFLAGS,
# PROJECT_CPPFLAGS and PROJECT_LDFLAGS, which Makefile.am puts into the AM_
# variables; CFLAGS and its kin stay the user's.

# PROJECT_NEED_PKG(VARIABLE, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([PROJECT_NEED_PKG],
[PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 is missing (on Debian: apt install $3)])])])

# PROJECT_NEED_LIB(VARIABLE, HEADER, LIBRARY, FUNCTION, DEBIAN-PACKAGE)
# For libraries that come without a pkg-config file.
AC_DEFUN([PROJECT_NEED_LIB],
[AC_CHECK_HEADER([$2], [],
    [AC_MSG_ERROR([$2 is missing (on Debian: apt install $5)])])
AC_CHECK_LIB([$3], [$4], [$1_LIBS=-l$3],
    [AC_MSG_ERROR([lib$3 is missing (on Debian: apt install $5)])])
AC_SUBST([$1_LIBS])])

AC_DEFUN([PROJECT_NEED_THREADS],
[AX_CHECK_COMPILE_FLAG([-pthread], [],
    [AC_MSG_ERROR([the compiler knows no -pthread])], [-Werror])
PROJECT_CFLAGS="$PROJECT_CFLAGS -pthread"
PROJECT_LDFLAGS="$PROJECT_LDFLAGS -pthread"])

AC_DEFUN([PROJECT_NEED_EV],
[PROJECT_NEED_LIB([EV], [ev.h], [ev], [ev_loop_new], [libev-dev])])

AC_DEFUN([PROJECT_NEED_MSGPACK],
[PROJECT_NEED_PKG([MSGPACK], [msgpack >= 4], [libmsgpack-dev])])

AC_DEFUN([PROJECT_NEED_PROTOBUF_C],
[PROJECT_NEED_PKG([PROTOBUF_C], [libprotobuf-c >= 1.4], [libprotobuf-c-dev])])

AC_DEFUN([PROJECT_NEED_HTTP_PARSER],
[PROJECT_NEED_LIB([HTTP_PARSER], [http_parser.h], [http_parser],
    [http_parser_execute], [libhttp-parser-dev])])

AC_DEFUN([PROJECT_NEED_YAJL],
[PROJECT_NEED_PKG([YAJL], [yajl >= 2.1], [libyajl-dev])])

AC_DEFUN([PROJECT_NEED_PCRE2],
[PROJECT_NEED_PKG([PCRE2], [libpcre2-8 >= 10.30], [libpcre2-dev])])

AC_DEFUN([PROJECT_NEED_ZLIB],
[PROJECT_NEED_PKG([ZLIB], [zlib], [zlib1g-dev])])

AC_DEFUN([PROJECT_NEED_CURL],
[PROJECT_NEED_PKG([CURL], [libcurl >= 7.85], [libcurl4-openssl-dev])])

AC_DEFUN([PROJECT_NEED_ARCHIVE],
[PROJECT_NEED_PKG([ARCHIVE], [libarchive >= 3.6], [libarchive-dev])])

AC_DEFUN([PROJECT_NEED_UTHASH],
[AC_CHECK_HEADERS([uthash.h utlist.h], [],
    [AC_MSG_ERROR([uthash is missing (on Debian: apt install uthash-dev)])])])

AC_DEFUN([PROJECT_NEED_CHECK],
[PROJECT_NEED_PKG([CHECK], [check >= 0.15], [check])])

# The compiler of .proto files.  A tarball has its output and needs none.
AC_DEFUN([PROJECT_PROTOC_C],
[AC_CHECK_PROG([PROTOC_C], [protoc-c], [protoc-c])
AS_IF([test -z "$PROTOC_C" &&
       test ! -f "$srcdir/proto/mesos/v1/mesos.pb-c.c"],
    [AC_MSG_ERROR([protoc-c is missing (on Debian: apt install]m4_dnl
[ protobuf-c-compiler libprotobuf-dev)])])])

# jemalloc goes into the daemons only: a library that Python or the JVM opens
# must not bring it along, and sanitizers bring an allocator of their own.
AC_DEFUN([PROJECT_WITH_JEMALLOC],
[AC_ARG_WITH([jemalloc],
    [AS_HELP_STRING([--without-jemalloc],
        [let the daemons use the C library's allocator])],
    [], [with_jemalloc=check])
AS_IF([test "$project_sanitizers" != ""], [with_jemalloc=no])
AS_IF([test "$with_jemalloc" != no],
    [PKG_CHECK_MODULES([JEMALLOC], [jemalloc >= 5],
        [AC_DEFINE([HAVE_JEMALLOC], [1],
            [Define to 1 if the daemons are linked with jemalloc.])],
        [AS_IF([test "$with_jemalloc" = yes],
            [AC_MSG_ERROR([jemalloc is missing]m4_dnl
[ (on Debian: apt install libjemalloc-dev)])])])])
AC_SUBST([JEMALLOC_LIBS])
AC_SUBST([JEMALLOC_CFLAGS])])

# PROJECT_ADD_CFLAGS(FLAGS): each one that the compiler knows.
AC_DEFUN([PROJECT_ADD_CFLAGS],
[AX_APPEND_COMPILE_FLAGS([$1], [PROJECT_CFLAGS], [-Wall -Werror])])

# Fields of the API that are deprecated are served all the same.  Members that
# a table leaves out are zero, which is what it means.
AC_DEFUN([PROJECT_WARNINGS],
[PROJECT_ADD_CFLAGS([-Wall -Wextra -Wshadow -Wconversion])
PROJECT_ADD_CFLAGS([-Wstrict-prototypes -Wmissing-prototypes -Wvla])
PROJECT_ADD_CFLAGS([-Wformat-security -Wwrite-strings -Wundef])
PROJECT_ADD_CFLAGS([-Wno-deprecated-declarations])
PROJECT_ADD_CFLAGS([-Wno-missing-field-initializers])])

# Hidden by default: what libmesos.so exports is said in its headers.  A
# section for each function lets the linker leave out what is not used.
AC_DEFUN([PROJECT_CODEGEN],
[PROJECT_CFLAGS="$PROJECT_CFLAGS -std=gnu11"
PROJECT_ADD_CFLAGS([-fvisibility=hidden -ffunction-sections -fdata-sections])
PROJECT_ADD_CFLAGS([-fno-omit-frame-pointer -fstack-protector-strong])
dnl A large frame cannot step over the page that guards a stack.
PROJECT_ADD_CFLAGS([-fstack-clash-protection])
AX_APPEND_LINK_FLAGS([-Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro],
    [PROJECT_LDFLAGS])
AX_APPEND_LINK_FLAGS([-Wl,-z,now], [PROJECT_LDFLAGS])
AC_SUBST([PROJECT_CFLAGS])
AC_SUBST([PROJECT_CPPFLAGS])
AC_SUBST([PROJECT_LDFLAGS])])

AC_DEFUN([PROJECT_ENABLE_WERROR],
[AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
AS_IF([test "$enable_werror" = yes],
    [PROJECT_CFLAGS="$PROJECT_CFLAGS -Werror"])])

AC_DEFUN([PROJECT_ENABLE_DEBUG],
[AC_ARG_ENABLE([debug],
    [AS_HELP_STRING([--enable-debug], [compile expensive checks in])])
AS_IF([test "$enable_debug" = yes],
    [AC_DEFINE([ACTOR_DEBUG], [1],
        [Define to 1 to compile expensive checks in.])])])

# PROJECT_ENABLE_SANITIZER(SWITCH, NAME, WHAT)
AC_DEFUN([PROJECT_ENABLE_SANITIZER],
[AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [build with $3])])
AS_IF([test "$enable_$1" = yes],
    [AX_CHECK_LINK_FLAG([-fsanitize=$2], [],
        [AC_MSG_ERROR([the compiler has no -fsanitize=$2])])
    project_sanitizers="$project_sanitizers,$2"])])

AC_DEFUN([PROJECT_ENABLE_SANITIZERS],
[project_sanitizers=
PROJECT_ENABLE_SANITIZER([asan], [address], [AddressSanitizer])
PROJECT_ENABLE_SANITIZER([ubsan], [undefined], [UBSan])
PROJECT_ENABLE_SANITIZER([tsan], [thread], [ThreadSanitizer])
AS_IF([test "$enable_asan,$enable_tsan" = yes,yes],
    [AC_MSG_ERROR([--enable-asan and --enable-tsan exclude each other])])
AS_IF([test "$project_sanitizers" != ""],
    [project_sanitizers="-fsanitize=${project_sanitizers#,}"
    PROJECT_CFLAGS="$PROJECT_CFLAGS $project_sanitizers"
    PROJECT_CFLAGS="$PROJECT_CFLAGS -fno-sanitize-recover=all"
    PROJECT_LDFLAGS="$PROJECT_LDFLAGS $project_sanitizers"],
    [STATIC_LDFLAGS=-all-static])
AC_SUBST([STATIC_LDFLAGS])])

AC_DEFUN([PROJECT_ENABLE_COVERAGE],
[AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [build for gcov])])
AS_IF([test "$enable_coverage" = yes],
    [AX_CHECK_LINK_FLAG([--coverage], [],
        [AC_MSG_ERROR([the compiler has no --coverage])])
    PROJECT_CFLAGS="$PROJECT_CFLAGS --coverage"
    PROJECT_LDFLAGS="$PROJECT_LDFLAGS --coverage"])])

# With the switch, fuzz targets are built for libFuzzer; without, a plain main
# replays their corpus.
AC_DEFUN([PROJECT_ENABLE_FUZZ],
[AC_ARG_ENABLE([fuzz],
    [AS_HELP_STRING([--enable-fuzz], [build the fuzz targets for libFuzzer])])
AS_IF([test "$enable_fuzz" = yes],
    [AX_CHECK_COMPILE_FLAG([-fsanitize=fuzzer-no-link],
        [PROJECT_CFLAGS="$PROJECT_CFLAGS -fsanitize=fuzzer-no-link"],
        [AC_MSG_ERROR([the compiler has no libFuzzer (try CC=clang-14)])])
    AC_SUBST([FUZZ_LDFLAGS], [-fsanitize=fuzzer])])
AM_CONDITIONAL([FUZZ], [test "$enable_fuzz" = yes])])

# What /version says.  A build that wants to be repeatable sets
# SOURCE_DATE_EPOCH.
AC_DEFUN([PROJECT_BUILD_INFO],
[AC_DEFINE_UNQUOTED([BUILD_TIME], [${SOURCE_DATE_EPOCH:-`date +%s`}],
    [When this was configured, in seconds since 1970.])
AS_IF([test "$SOURCE_DATE_EPOCH" = ""], [build_user=`id -un`], [build_user=])
AC_DEFINE_UNQUOTED([BUILD_USER], ["$build_user"], [Who built this.])])
