#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_examples.sh - each example of docs/examples does what it says; with a
# shared library also that it builds with nothing but what is installed.
# (test_example_framework.sh has framework.c, the first of them.)
. "$top_srcdir/tests/process/cluster.sh"

# builds PROGRAM: from docs/examples/PROGRAM.c, in $tmp.
builds()
{
    ${CC:-cc} -Wall -Wextra -Werror $sanitizers -pthread -o "$tmp/$1" \
        "$top_srcdir/docs/examples/$1.c" -I"$prefix/include" \
        -L"$libdir" -Wl,-rpath,"$libdir" -lmesos -lprotobuf-c
}
if grep -q "^build_libtool_libs=yes" "$build/libtool"; then
    bin=$tmp
    sanitizers=$(sed -n \
        's/^PROJECT_CFLAGS = .*\(-fsanitize=[a-z,]*\).*/\1/p' "$build/Makefile")
    make -C "$build" install DESTDIR="$tmp/root" >"$tmp/install.log" 2>&1 \
        </dev/null
    result $? "make install works with DESTDIR" "$tmp/install.log"
    pc=$(find "$tmp/root" -name mesos.pc)
    prefix=$tmp/root$(sed -n 's/^prefix=//p' "$pc")
    libdir=$(dirname "$(find "$tmp/root" -name libmesos.so)")
    for example in batch durable executor roles words; do
        expect "$example.c builds without a warning" builds "$example"
    done
    expect "functions have manual pages that are installed" \
        grep -r -q -x '\.so man3/mesos_scheduler_driver\.3mesos' "$tmp/root" \
        --include=mesos_scheduler_driver_start.3mesos
else
    bin=$build/docs/examples
fi

# runs NAME COMMAND...: what it prints is in $tmp/NAME.out.
runs()
{
    run_name=$1
    shift
    timeout "$WAIT_SECONDS" "$@" >"$tmp/$run_name.out" 2>"$tmp/$run_name.log"
}
says()
{
    grep -x -e "$2" "$tmp/$1.out"
}

start_master
start_agent agent --resources='cpus:4;mem:1024'

# --- batch: more tasks than fit at once, and one that fails twice ---

runs batch "$bin/batch" "$master" 60 "
    test \$BATCH_INDEX != 7 || {
        echo >>$tmp/attempts; test \$(wc -l <$tmp/attempts) -ge 3; }"
result $? "a batch of 60 tasks ends well" "$tmp/batch.log"
expect "all of it has finished" says batch '60 finished, 0 given up'
expect "the task that failed was tried again" \
    test "$(grep -c '^job-7\..*TASK_FAILED' "$tmp/batch.out")" -eq 2

runs vain "$bin/batch" "$master" 2 'exit 1'
expect "a batch that fails says so" test $? -eq 1
expect "and how much of it" says vain '0 finished, 2 given up'
expect "after three attempts each" \
    test "$(grep -c TASK_FAILED "$tmp/vain.out")" -eq 6

# --- roles ---

runs roles "$bin/roles" "$master" 3
result $? "two roles end well" "$tmp/roles.log"
expect "tasks of the one have finished" says roles 'day: 3 finished'
expect "and those of the other" says roles 'night: 3 finished'
expect "each of them was run" sandbox_has agent 'night.*' stdout 'good night'

# --- words: an executor of its own ---

runs words "$bin/words" "$master" "$bin/executor" one two three
result $? "a framework with its own executor ends well" "$tmp/words.log"
expect "the executor has had all tasks" says words '3 of 3 words said'
expect "it answers messages" says words 'words answers: are you there?'
n_executors()
{
    find "$tmp/agent/slaves" -path '*/executors/words/runs/*' -name stdout |
        wc -l
}
expect "one process ran them all" test "$(n_executors)" -eq 1
expect "and said all words" sandbox_has agent words stdout 'word-2: three'

# --- durable: killed, and started again ---

start_durable()
{
    "$bin/durable" "$master" "$tmp/state" 3 "echo >>$tmp/ran
        while ! test -e $tmp/go; do sleep 0.1; done" \
        >>"$tmp/durable.out" 2>>"$tmp/durable.log" &
    durable_pid=$!
    pids="$pids $durable_pid"
}
n_running()
{
    test "$(grep -c 'is TASK_RUNNING' "$tmp/durable.out")" -ge "$1" &&
        test "$(wc -l <"$tmp/ran")" -eq 3
}
start_durable
expect "a durable framework has its tasks running" wait_until n_running 3
kill -9 "$durable_pid"
wait "$durable_pid" 2>/dev/null
start_durable
expect "killed and started again it hears of each of them" \
    wait_until n_running 6
: >"$tmp/go"
ends_well()
{
    wait_until grep -q -x '3 finished' "$tmp/durable.out" &&
        wait "$durable_pid"
}
ends_well
result $? "they finish, and so does it" "$tmp/durable.log"
expect "each ran once" test "$(wc -l <"$tmp/ran")" -eq 3
expect "it was one framework all the time" \
    test "$(grep '^registered as' "$tmp/durable.out" | sort -u | wc -l)" -eq 1
expect "and leaves nothing behind" test ! -e "$tmp/state"
finish
