#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_execute.sh - a master, an agent and mesos-execute as processes of their
# own.
. "$top_srcdir/tests/process/cluster.sh"

start_master
start_agent agent

# Without the ids, which differ each time.
without_ids()
{
    sed -e "s/ID .*/ID F/" -e "s/agent '.*'/agent 'S'/" "$1"
}

# --- a command that finishes ---
execute hello 'echo hello' >"$tmp/out" 2>"$tmp/err"
result $? "a command that finishes gives 0" "$tmp/err"
cat >"$tmp/expected" <<'END'
Subscribed with ID F
Submitted task 'hello' to agent 'S'
Received status update TASK_STARTING for task 'hello'
  source: SOURCE_EXECUTOR
Received status update TASK_RUNNING for task 'hello'
  source: SOURCE_EXECUTOR
Received status update TASK_FINISHED for task 'hello'
  message: 'Command exited with status 0'
  source: SOURCE_EXECUTOR
END
without_ids "$tmp/out" >"$tmp/plain"
expect "its updates are printed" diff "$tmp/expected" "$tmp/plain"
expect "its output is in its sandbox" sandbox_has agent hello stdout hello

# --- a command that fails ---
execute fails 'echo hello; exit 3' >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ]
result $? "a command that fails gives 1" "$tmp/err"
expect "the update says how it failed" \
    grep -A 1 'TASK_FAILED' "$tmp/out"
expect "with the status of the command" \
    grep "message: 'Command exited with status 3'" "$tmp/out"

# --- flags ---
execute env 'test "$GREETING" = "good day"' --env='{"GREETING":"good day"}' \
    >"$tmp/out" 2>&1
result $? "variables of --env reach the command" "$tmp/out"

execute words 'test -d /' --no-shell >"$tmp/out" 2>&1
result $? "without a shell the command is split into words" "$tmp/out"

cat >"$tmp/task.json" <<'END'
{"name": "json", "task_id": {"value": "json-1"}, "agent_id": {"value": ""},
 "command": {"value": "exit 0"},
 "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
               {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}]}
END
"$build/cli/mesos-execute" --master="$master" --task="$tmp/task.json" \
    >"$tmp/out" 2>&1
result $? "a task can be given as JSON" "$tmp/out"
expect "under its own id" grep "TASK_FINISHED for task 'json-1'" "$tmp/out"

execute slow 'sleep 1000' --kill_after=50ms >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'TASK_KILLED' "$tmp/out"
result $? "--kill_after kills a command that takes too long" "$tmp/out"

"$build/cli/mesos-execute" --master="$master" --name=x >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'Missing required option --command' "$tmp/out"
result $? "a command line without a command is refused" "$tmp/out"

"$build/cli/mesos-execute" --master="$master" --name=x --command=true \
    --resources=cpus:many >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'EXIT with status 1: .*cpus:many' "$tmp/out"
result $? "malformed flags are refused" "$tmp/out"

# --- containers ---
execute limited 'test "$(ulimit -n)" = 77' --rlimits='{"rlimits":[
    {"type":"RLMT_NOFILE","soft":77,"hard":88}]}' >"$tmp/out" 2>&1
result $? "--rlimits limits the processes of the command" "$tmp/out"

execute volume true --volumes='[{"mode":"RW","container_path":"c",
    "host_path":"/tmp"}]' >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q "  message: '.*None of the enabled containerizers.*'" \
    "$tmp/out"
result $? "a volume that the agent does not have comes to its notice" "$tmp/out"

execute image true --docker_image=busybox >"$tmp/out" 2>&1
[ $? -eq 1 ] && ! grep -q Subscribed "$tmp/out" &&
    grep -q "EXIT with status 1: '--docker_image' is not supported" "$tmp/out"
result $? "an image is refused before anything is registered" "$tmp/out"

execute secret true --principal=p --secret=s >"$tmp/out" 2>"$tmp/err" &&
    grep -q '^W.*--secret is without effect' "$tmp/err"
result $? "a secret is accepted, and said not to be used" "$tmp/err"

# --- checks ---
cat >"$tmp/task.json" <<'END'
{"name": "checked", "task_id": {"value": "checked"},
 "agent_id": {"value": ""},
 "command": {"value": "until [ -e seen ]; do sleep 0.02; done"},
 "check": {"type": "COMMAND", "delay_seconds": 0, "interval_seconds": 0.05,
           "command": {"command": {"value": "touch seen; exit 7"}}},
 "health_check": {"type": "COMMAND", "delay_seconds": 0,
                  "command": {"value": "exit 0"}},
 "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
               {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}]}
END
timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
    --task="$tmp/task.json" >"$tmp/out" 2>&1
result $? "a task with checks can be given as JSON" "$tmp/out"
expect "before its first result, the kind of check is shown" \
    grep -x '  check status: COMMAND' "$tmp/out"

# --- a task that no agent has room for ---
"$build/cli/mesos-execute" --master="$master" --name=large --command=true \
    --resources='cpus:0.1;mem:100000000' >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until grep -q "^W.* offers cpus:.*'large' wants .*mem:100000000" \
    "$tmp/err"
result $? "a task that is larger than the offers is warned about" "$tmp/err"
kill -INT $execute_pid
wait $execute_pid
[ $? -eq 1 ]
result $? "and waiting for an offer can be interrupted" "$tmp/err"

# --- being interrupted ---
sleep_command="sleep 1000 # $$-marker"
"$build/cli/mesos-execute" --master="$master" --name=endless \
    --command="$sleep_command" >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until grep -q TASK_RUNNING "$tmp/out"
result $? "a long command comes to run" "$tmp/out"
kill -TERM $execute_pid
wait $execute_pid
[ $? -eq 1 ] && grep -q "TASK_KILLED for task 'endless'" "$tmp/out"
result $? "a signal kills the command" "$tmp/out"
no_such_process()
{
    ! grep -q -s -a -- "$$-marker" /proc/[0-9]*/cmdline
}
expect "no process of it is left" wait_until no_such_process

# --- a task that nobody knows any more ---
"$build/cli/mesos-execute" --master="$master" --name=forgotten \
    --command='sleep 1000' >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until grep -q TASK_RUNNING "$tmp/out"
kill -9 "$master_pid" "$agent_pid"
wait "$master_pid" "$agent_pid" 2>/dev/null
master_port=${master##*:}
rm -rf "$tmp/master"            # or it would wait for the agent
start_master
wait_until grep -q 'Framework reregistered' "$tmp/err"
kill -TERM $execute_pid
wait $execute_pid
[ $? -eq 1 ] && grep -q "TASK_UNKNOWN for task 'forgotten'" "$tmp/out"
result $? "killing a task that nobody knows ends, too" "$tmp/out"
start_agent again

# --- losing the agent ---
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
expect "the master sees that the agent is gone" \
    wait_until grep -q 'Agent .* disconnected' "$tmp/master.log"

# --- a master that is not there ---
"$build/cli/mesos-execute" --master=127.0.0.1:1 --name=x --command=true \
    >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until grep -q '^W.*Cannot reach master' "$tmp/err"
result $? "a master that cannot be reached is warned about" "$tmp/err"
kill -INT $execute_pid
wait $execute_pid
[ $? -eq 1 ]
result $? "and waiting for it can be interrupted" "$tmp/err"
finish
