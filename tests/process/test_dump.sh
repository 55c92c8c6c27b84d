#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_dump.sh - SIGUSR2 has each program tell what it is doing, and nothing
# else happens to it.
. "$top_srcdir/tests/process/cluster.sh"

# has_dump FILE PID N: N whole dumps, as far as can be told by their ends, and
# the frame that each worker of ours is called from.
has_dump()
{
    [ "$(grep -c "^\*\*\* Dump of process $2 \*\*\*\$" "$1")" -eq "$3" ] &&
        [ "$(grep -c '^\*\*\* End of dump \*\*\*$' "$1")" -eq "$3" ] &&
        grep -q '^    @ .*  worker_main$' "$1" &&
        grep -q '^\*\*\* worker-0 of [0-9.]*:[0-9]* ' "$1"
}

# dumps NAME FILE PID: twice, and lives on.
dumps()
{
    kill -USR2 "$3" && wait_until has_dump "$2" "$3" 1
    result $? "$1 tells what it is doing" "$2"
    kill -USR2 "$3" && wait_until has_dump "$2" "$3" 2 && kill -0 "$3"
    result $? "$1 does so again" "$2"
}

executor_runs()
{
    executor_pid=$(pgrep -P "$agent_pid" -x mesos-executor) &&
        pgrep -P "$executor_pid" -x sleep
}

start_master
start_agent agent
execute long 'exec sleep 1000' >"$tmp/execute.log" 2>&1 &
execute_pid=$!
pids="$pids $execute_pid"
wait_until executor_runs || give_up "no task runs"
wait_until grep -q TASK_RUNNING "$tmp/execute.log" || give_up "no task runs"

dumps "master" "$tmp/master.log" "$master_pid"
expect "its last messages have their senders" grep -q \
    "ago: 'scheduler.Call' for 'master' from '@127\.0\.0\.1:[0-9]*'\$" \
    "$tmp/master.log"
dumps "agent" "$tmp/agent.log" "$agent_pid"
dumps "executor" "$(find "$tmp/agent/slaves" -path '*/runs/latest/stderr' \
    -o -path '*/runs/*-*/stderr' | head -n 1)" "$executor_pid"

kill "$execute_pid"
"$build/cli/mesos-local" --ip=127.0.0.1 --port=0 --work_dir="$tmp/local" \
    >"$tmp/local.log" 2>&1 &
local_pid=$!
pids="$pids $local_pid"
wait_until grep -q 'Registered with master' "$tmp/local.log" ||
    give_up "mesos-local is not up"
dumps "mesos-local" "$tmp/local.log" "$local_pid"
finish
