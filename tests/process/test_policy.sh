#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_policy.sh - an operator with curl: quotas and weights that outlive the
# master, and a machine that is taken down with its agent and its task, and
# brought up again.
. "$top_srcdir/tests/process/cluster.sh"

start_master --agent_reregister_timeout=10mins
resources='cpus:4;mem:1024;disk:1024'
start_agent agent --no-switch_user --resources="$resources" --hostname=node7
agent_port=$(port_in "$tmp/agent.log")

# say JSON: the answer to a call, with its status on a line of its own.
say()
{
    curl -sS -m "$WAIT_SECONDS" -w '\n%{http_code}\n' \
        -H 'Content-Type: application/json' -d "$1" "http://$master/api/v1"
}

# said NAME JSON TEXT: the answer to a call has TEXT in it.
said()
{
    say "$2" >"$tmp/answer" 2>&1
    grep -qF -e "$3" "$tmp/answer"
    result $? "$1" "$tmp/answer"
}

machines="{\"machines\":[{\"hostname\":\"node7\",\"ip\":\"$ip\"}]}"

# --- quotas and weights ---
said "a quota is set" '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[
    {"role":"ops","guarantees":{"cpus":{"value":1}},
     "limits":{"cpus":{"value":2}}}]}}' 200
said "one that is too much is refused" '{"type":"UPDATE_QUOTA","update_quota":{
    "quota_configs":[{"role":"ops","guarantees":{"cpus":{"value":5}}}]}}' \
    "exceed cluster capacity 'cpus:4; disk:1024; mem:1024'"
said "a weight is set" '{"type":"UPDATE_WEIGHTS","update_weights":{
    "weight_infos":[{"role":"ops","weight":2.5}]}}' 200

# --- a machine that will be away ---
said "a machine is scheduled" "{\"type\":\"UPDATE_MAINTENANCE_SCHEDULE\",
    \"update_maintenance_schedule\":{\"schedule\":{\"windows\":[{
     \"machine_ids\":[{\"hostname\":\"NODE7\",\"ip\":\"$ip\"}],
     \"unavailability\":{\"start\":{\"nanoseconds\":1795225477861877248}}}]}}}" \
    200

# --- the next master ---
master_port=$(port_in "$tmp/master.log")
kill -9 "$master_pid"
wait "$master_pid" 2>/dev/null
start_master
wait_until grep -q 'Re-registered agent' "$tmp/master.log"
result $? "the agent is back with the next master" "$tmp/master.log"
said "which has the quota" '{"type":"GET_QUOTA"}' \
    '"limits":{"cpus":{"value":2.0}}'
said "and the weight" '{"type":"GET_WEIGHTS"}' '{"weight":2.5,"role":"ops"}'
said "and the schedule" '{"type":"GET_MAINTENANCE_STATUS"}' \
    '"draining_machines":[{"id":{"hostname":"NODE7"'

# --- down ---

# Whether the agent's process has ended, be it that nobody has asked yet.
is_agent_over()
{
    ! grep '^State:' "/proc/$agent_pid/status" 2>/dev/null | grep -v -q Z
}

# The agent ends by itself.
agent_ends()
{
    wait_until is_agent_over && wait "$agent_pid" 2>/dev/null
}

execute sleeper 'sleep 1000' >"$tmp/sleeper.out" 2>"$tmp/sleeper.err" &
sleeper_pid=$!
wait_until grep -q TASK_RUNNING "$tmp/sleeper.out"
result $? "a task runs on the machine" "$tmp/sleeper.err"
said "the machine goes down" \
    "{\"type\":\"START_MAINTENANCE\",\"start_maintenance\":$machines}" 200
wait_until grep -q TASK_LOST "$tmp/sleeper.out"
result $? "the task is lost" "$tmp/sleeper.out"
wait "$sleeper_pid"
agent_ends
grep -qF "Operator initiated 'Machine DOWN'" "$tmp/agent.log"
result $? "the agent was told to end, and has" "$tmp/agent.log"
said "the machine is down" '{"type":"GET_MAINTENANCE_STATUS"}' \
    '"down_machines":[{"hostname":"NODE7"'

# start_again: the agent, in its directory, without waiting for anything.
start_again()
{
    keep_log agent
    "$build/agent/mesos-agent" --ip="$ip" --port="$agent_port" \
        --master="$master" --work_dir="$tmp/agent" \
        --launcher_dir="$build/executor" --no-switch_user \
        --resources="$resources" --hostname=node7 \
        >"$tmp/agent.out" 2>"$tmp/agent.log" &
    agent_pid=$!
    pids="$pids $agent_pid"
}

start_again
agent_ends
grep -qF 'Machine is `DOWN`' "$tmp/agent.log"
result $? "an agent from there is not let in" "$tmp/agent.log"

# --- up ---
said "the machine is up" \
    "{\"type\":\"STOP_MAINTENANCE\",\"stop_maintenance\":$machines}" 200
start_again
wait_until grep -q -i 'registered with master' "$tmp/agent.log"
result $? "its agent is let in" "$tmp/agent.log"
execute again 'exit 0' >"$tmp/again.out" 2>"$tmp/again.err"
result $? "and runs tasks" "$tmp/again.err"
said "nothing is scheduled any more" '{"type":"GET_MAINTENANCE_SCHEDULE"}' \
    '{"schedule":{}}'

finish
