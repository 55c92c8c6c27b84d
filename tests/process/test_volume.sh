#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_volume.sh - a persistent volume from its reservation to its end: made by
# a framework, written by one task and read by others, across restarts.
. "$top_srcdir/tests/process/cluster.sh"

resources='cpus:4;mem:1024;disk:1024'
start_master
start_agent agent --no-switch_user --resources="$resources"

# volume make|end
volume()
{
    timeout -k 5 "$WAIT_SECONDS" "$build/tests/process/volume" "$master" "$1"
}

# use TASK COMMAND: a task of role "db" that has the volume as "data".
use()
{
    cat >"$tmp/task.json" <<END
{"name": "$1", "task_id": {"value": "$1"}, "agent_id": {"value": ""},
 "command": {"value": "$2"},
 "resources": [
  {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
  {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
  {"name": "disk", "type": "SCALAR", "scalar": {"value": 10},
   "reservations": [{"type": "DYNAMIC", "role": "db", "principal": "p1"}],
   "disk": {"persistence": {"id": "v1", "principal": "p1"},
            "volume": {"mode": "RW", "container_path": "data"}}}]}
END
    timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" \
        --master="$master" --role=db --task="$tmp/task.json" --follow
}

directory=$tmp/agent/volumes/roles/db/v1

# --- from nothing ---
volume make >"$tmp/out" 2>"$tmp/err"
result $? "a framework reserves disk and makes a volume of it" "$tmp/err"
# The master offers it at once; the agent makes it when the order has come.
wait_until test -d "$directory"
result $? "the volume is a directory of the agent" "$tmp/agent.log"

# --- used ---
use writer 'echo precious >data/note && echo written' >"$tmp/out" 2>"$tmp/err"
result $? "a task of mesos-execute gets the volume" "$tmp/err"
expect "and writes" grep -x written "$tmp/out"
expect "what it writes is in the volume" grep -x precious "$directory/note"

use reader 'cat data/note; echo more >>data/note' >"$tmp/out" 2>"$tmp/err"
result $? "so does another task" "$tmp/err"
echo precious >"$tmp/expected"
expect "which reads what the first one wrote" diff "$tmp/expected" "$tmp/out"

# --- across restarts ---
agent_port=$(port_in "$tmp/agent.log")
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
keep_log agent
"$build/agent/mesos-agent" --ip="$ip" --port="$agent_port" \
    --master="$master" --work_dir="$tmp/agent" \
    --launcher_dir="$build/executor" --no-switch_user \
    --resources="$resources" \
    >"$tmp/agent.out" 2>"$tmp/agent.log" &
agent_pid=$!
pids="$pids $agent_pid"
wait_until grep -q 'Re-registered with master' "$tmp/agent.log"
result $? "the agent comes again" "$tmp/agent.log"
use again 'cat data/note' >"$tmp/out" 2>"$tmp/err"
result $? "a task gets the volume from an agent that was killed" "$tmp/err"
printf 'precious\nmore\n' >"$tmp/expected"
expect "with all that was in it" diff "$tmp/expected" "$tmp/out"

# --- who has no part in it ---
execute stranger 'test ! -e data' >"$tmp/out" 2>&1
result $? "a task that does not name the volume does not have it" "$tmp/out"

# --- and gone ---
volume end >"$tmp/out" 2>"$tmp/err"
result $? "a framework destroys it and gives the disk back" "$tmp/err"
wait_until test ! -e "$directory"
result $? "the directory is gone" "$tmp/agent.log"
finish
