#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_operator_tasks.sh - what operators do with curl to a cluster that works:
# an agent is drained under a task, twice; a volume is made for a role, used by
# its task, and destroyed.
. "$top_srcdir/tests/process/cluster.sh"

if ! command -v curl >/dev/null; then
    echo "1..0 # SKIP there is no curl"
    exit 0
fi

# answers NAME STATUS BODY: a call.
answers()
{
    curl -s --max-time "$WAIT_SECONDS" -w '\n%{http_code}\n' \
        -H 'Content-Type: application/json' --data-binary "$3" \
        "http://$master/api/v1" >"$tmp/answer" 2>&1
    [ "$(tail -n 1 "$tmp/answer")" = "$2" ]
    result $? "$1" "$tmp/answer"
}

# of_agent TYPE MEMBER [MORE]: a body of a call about the agent.
of_agent()
{
    printf '{"type":"%s","%s":{"agent_id":{"value":"%s"}%s}}' "$1" "$2" \
        "$id" "${3:-}"
}

# was_drained TIMES: the master has said so.
was_drained()
{
    [ "$(grep -c "Agent $id successfully marked as DRAINED" \
        "$tmp/master.log")" -eq "$1" ]
}

# shows STATE: of the drain, at /slaves.
shows()
{
    curl -s --max-time "$WAIT_SECONDS" "http://$master/slaves" >"$tmp/slaves"
    grep -qF "\"drain_info\":{\"state\":\"$1\"" "$tmp/slaves"
}

# run_until_drained NAME: a task that would run on, and a drain that ends it.
run_until_drained()
{
    execute "$1" 'sleep 1000' >"$tmp/$1.log" 2>&1 &
    task_pid=$!
    wait_until grep -q TASK_RUNNING "$tmp/$1.log" ||
        give_up "the task of $1 does not run"
    answers "$1: the agent is to be drained" 200 \
        "$(of_agent DRAIN_AGENT drain_agent \
            ',"max_grace_period":{"seconds":2}')"
    wait "$task_pid"
    expect "$1: its task is killed" grep -q TASK_KILLED "$tmp/$1.log"
}

start_master
start_agent agent --no-switch_user --resources='cpus:4;mem:1024;disk:1024'
know_agent agent

# --- drained, and again ---
run_until_drained first
wait_until was_drained 1
result $? "when nothing is left the agent is DRAINED" "$tmp/master.log"
shows DRAINED
result $? "which is shown" "$tmp/slaves"
answers "the agent is reactivated" 200 \
    "$(of_agent REACTIVATE_AGENT reactivate_agent)"
execute between 'true' >"$tmp/out" 2>&1
result $? "and takes tasks" "$tmp/out"
run_until_drained second
wait_until was_drained 2
result $? "it is drained another time" "$tmp/master.log"
answers "and reactivated" 200 "$(of_agent REACTIVATE_AGENT reactivate_agent)"

# --- a volume, from its reservation to its end ---
disk='{"name":"disk","type":"SCALAR","scalar":{"value":64},
    "reservations":[{"type":"DYNAMIC","role":"ops"}]'
volume="$disk,\"disk\":{\"persistence\":{\"id\":\"v\"},
    \"volume\":{\"mode\":\"RW\",\"container_path\":\"data\"}}}"
directory=$tmp/agent/volumes/roles/ops/v
cat >"$tmp/task.json" <<END
{"name": "user", "task_id": {"value": "user"}, "agent_id": {"value": ""},
 "command": {"value": "echo kept >data/note && cat data/note"},
 "resources": [
  {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
  {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}, $volume]}
END
answers "disk is reserved for a role" 202 "$(of_agent RESERVE_RESOURCES \
    reserve_resources ",\"resources\":[$disk}]")"
answers "and made a volume" 202 "$(of_agent CREATE_VOLUMES create_volumes \
    ",\"volumes\":[$volume]")"
timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
    --role=ops --task="$tmp/task.json" --follow >"$tmp/out" 2>"$tmp/err"
result $? "a task of that role uses it" "$tmp/err"
expect "and finds what it writes" grep -x kept "$tmp/out"
expect "in the volume" grep -x kept "$directory/note"
answers "the volume is destroyed" 202 "$(of_agent DESTROY_VOLUMES \
    destroy_volumes ",\"volumes\":[$volume]")"
wait_until test ! -e "$directory"
result $? "with all that was in it" "$tmp/agent.log"
answers "and its disk given back" 202 "$(of_agent UNRESERVE_RESOURCES \
    unreserve_resources ",\"resources\":[$disk}]")"

# --- drained, and gone ---
answers "the agent may be gone when it is drained" 200 \
    "$(of_agent DRAIN_AGENT drain_agent ',"mark_gone":true')"
wait "$agent_pid"
expect "and ends" grep -q 'Agent has been marked gone' "$tmp/agent.log"
finish
