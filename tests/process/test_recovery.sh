#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_recovery.sh - an agent that is killed and started again while a task
# runs: the task goes on, and the agent is the one it was.
. "$top_srcdir/tests/process/cluster.sh"

# start_again TEXT [FLAG...]: an agent at $agent_port (0: any), in the one work
# directory; returns once its log has TEXT.
start_again()
{
    wanted=$1
    shift
    keep_log agent
    "$build/agent/mesos-agent" --ip="$ip" --port="$agent_port" \
        --master="$master" --work_dir="$tmp/agent" --hostname=here \
        --launcher_dir="$build/executor" --no-switch_user \
        "$@" >"$tmp/agent.out" 2>"$tmp/agent.log" &
    agent_pid=$!
    pids="$pids $agent_pid"
    wait_until grep -q "$wanted" "$tmp/agent.log" ||
        give_up "the agent does not say '$wanted'"
}

# Ends it as a crash would; nobody is asked.
kill_agent()
{
    kill -9 "$agent_pid"
    wait "$agent_pid" 2>/dev/null
}

ends_with_status_1()
{
    wait "$agent_pid"
    [ $? -eq 1 ]
}

said()
{
    grep -q "$1" "$tmp/agent.log"
}

agent_id()
{
    basename "$(readlink "$tmp/agent/meta/slaves/latest")"
}

start_master
agent_port=0
start_again '] Registered with master' --resources='cpus:2;mem:512'
agent_port=$(port_in "$tmp/agent.log")
wait_until test -L "$tmp/agent/meta/slaves/latest" ||
    give_up "the agent's id is not kept"
first_id=$(agent_id)

execute t "echo start; while ! [ -e '$tmp/go' ]; do sleep 0.1; done; echo end" \
    --checkpoint >"$tmp/execute.log" 2>&1 &
execute_pid=$!
wait_until sandbox_has agent t stdout start || give_up "the task does not run"
wait_until grep -q TASK_RUNNING "$tmp/execute.log" ||
    give_up "nobody heard that the task runs"

kill_agent
start_again 'Re-registered with master' --resources='cpus:2;mem:512'
expect "the executor is asked to come back" \
    said "Sending reconnect request to executor 't'"
expect "the agent has its id again" [ "$(agent_id)" = "$first_id" ]

kill_agent
start_again 'Incompatible agent info detected' --resources='cpus:1;mem:512'
expect "an agent with less than before ends" ends_with_status_1
expect "and says what to do, on a line of its own" \
    said '^Step 1: rm -f .*/meta/slaves/latest$'

start_again 'Re-registered with master' --resources='cpus:3;mem:512' \
    --reconfiguration_policy=additive
touch "$tmp/go"
wait "$execute_pid"
result $? "the task ends well" "$tmp/execute.log"
expect "it ran once" [ "$(cat "$tmp"/agent/slaves/*/frameworks/*/executors/t/runs/latest/stdout |
    grep -c '^start')" -eq 1 ]

execute u "sleep 987$$" --checkpoint \
    >"$tmp/execute.log" 2>&1 &
execute_pid=$!
wait_until grep -q TASK_RUNNING "$tmp/execute.log" ||
    give_up "the second task does not run"
kill_agent
start_again 'Killing executor' --resources='cpus:3;mem:512' --recover=cleanup
wait "$agent_pid"
result $? "cleaning up ends the agent" "$tmp/agent.log"
kill "$execute_pid" 2>/dev/null
wait "$execute_pid" 2>/dev/null
expect "and its executors" wait_until sh -c "! pgrep -f 'sleep 987$$\$' >/dev/null"

# What it advises helps.
rm -f "$tmp/agent/meta/slaves/latest"
start_again '] Registered with master' --resources='cpus:1;mem:512'
result $? "an agent that is to forget who it was registers" "$tmp/agent.log"
expect "as another one" [ "$(agent_id)" != "$first_id" ]
finish
