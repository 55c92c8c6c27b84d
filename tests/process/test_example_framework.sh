#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_example_framework.sh - the example in C builds with nothing but what is
# installed, and runs against a master and an agent.
. "$top_srcdir/tests/process/cluster.sh"

# A static build has no library to link with.
if ! grep -q "^build_libtool_libs=yes" "$build/libtool"; then
    echo "1..0 # SKIP built with --disable-shared"
    exit 0
fi
if grep -q '^PROJECT_CFLAGS = .*-fsanitize=' "$build/Makefile"; then
    sanitizers=$(sed -n \
        's/^PROJECT_CFLAGS = .*\(-fsanitize=[a-z,]*\).*/\1/p' "$build/Makefile")
else
    sanitizers=
fi

make -C "$build" install DESTDIR="$tmp/root" >"$tmp/install.log" 2>&1 </dev/null
result $? "make install works with DESTDIR" "$tmp/install.log"
pc=$(find "$tmp/root" -name mesos.pc)
prefix=$tmp/root$(sed -n 's/^prefix=//p' "$pc")
libdir=$(dirname "$(find "$tmp/root" -name libmesos.so)")

${CC:-cc} -Wall -Werror $sanitizers -o "$tmp/framework" \
    "$top_srcdir/docs/examples/framework.c" -I"$prefix/include" \
    -L"$libdir" -lmesos -lprotobuf-c >"$tmp/cc.log" 2>&1
result $? "the example compiles with the installed headers" "$tmp/cc.log"

${CC:-cc} -Wall -Werror $sanitizers -o "$tmp/executor" \
    "$top_srcdir/docs/examples/executor.c" -I"$prefix/include" \
    -L"$libdir" -lmesos -lprotobuf-c >"$tmp/cc.log" 2>&1
result $? "so does the example of an executor" "$tmp/cc.log"

# compiles_quietly COMPILER...: passes where there is no such compiler.
compiles_quietly()
{
    command -v "$1" >/dev/null || return 0
    "$@" -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include"
}
expect "and without a warning of clang" compiles_quietly clang-14 \
    "$top_srcdir/docs/examples/framework.c"
printf '#include <mesos/%s.h>\n' scheduler executor >"$tmp/both.cc"
expect "the headers are C++ as well" compiles_quietly c++ "$tmp/both.cc"

moved_libdir()
{
    test "$(pkg-config --define-variable=prefix="$prefix" --variable=libdir \
        "$pc")" = "$libdir"
}
expect "mesos.pc can be moved" moved_libdir

start_master
start_agent agent
LD_LIBRARY_PATH=$libdir timeout "$WAIT_SECONDS" "$tmp/framework" "$master" \
    >"$tmp/out" 2>"$tmp/framework.log"
result $? "its five tasks finish" "$tmp/framework.log"
expect "and it says so" grep -x '5 finished, 0 failed' "$tmp/out"
finish
