#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_workers.sh - a framework with an executor of its own that runs several
# tasks: messages both ways, kills, and a crash.
. "$top_srcdir/tests/process/cluster.sh"

start_master
start_agent agent
executor=$(cd "$build" && pwd)/tests/process/workers_executor

timeout "$WAIT_SECONDS" "$build/tests/process/workers" "$master" "$executor" \
    >"$tmp/out" 2>"$tmp/err"
result $? "tasks of one executor are told apart" "$tmp/out"

expect "each task answered" \
    test "$(grep -c ' heard hello$' "$tmp/out")" -eq 5
expect "one finished" grep -qx 'a TASK_FINISHED: was told so' "$tmp/out"
expect "one failed" grep -qx 'b TASK_FAILED: was told so' "$tmp/out"
expect "one was killed" grep -qx 'c TASK_KILLED: was killed' "$tmp/out"
expect "one ended with its executor" \
    grep -qx 'd TASK_FAILED: Executor terminated' "$tmp/out"
expect "the executor's end is told with its status" \
    grep -qx "executor 'the workers' exited with status 3" "$tmp/out"
expect "the agent logged it" grep -q \
    "Executor 'the workers' of framework .* exited with status 3" \
    "$tmp/agent.log"
expect "another one took its id" \
    grep -qx '[e-z] TASK_FINISHED: was told so' "$tmp/out"
expect "one executor ran four tasks" test "$(grep -c \
    "Launching container .* for executor 'the workers'" "$tmp/agent.log")" \
    -eq 2

no_executor()
{
    ! pgrep -f "$executor"
}
expect "the last executor ends with its framework" wait_until no_executor
finish
