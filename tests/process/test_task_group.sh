#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_task_group.sh - groups of tasks in a default executor: a master, an
# agent, executors and mesos-execute as processes of their own.
. "$top_srcdir/tests/process/cluster.sh"

# An agent finds all its programs in one directory.
here=$(cd "$build" && pwd)
launcher_dir=$tmp/libexec
mkdir -p "$launcher_dir"
ln -s "$here/executor/mesos-executor" \
    "$here/executor/mesos-default-executor" \
    "$here/agent/fetcher/mesos-fetcher" "$launcher_dir"

# A user's own master and agent: nobody to switch to.
start_master
start_agent agent --no-switch_user --resources='cpus:4;mem:1024;disk:1024'

# task ID COMMAND [MEMBERS [OF_COMMAND]]: the JSON of a task; MEMBERS end with
# a comma, OF_COMMAND begins with one.
task()
{
    printf '{"name":"%s","task_id":{"value":"%s"},"agent_id":{"value":""},' \
        "$1" "$1"
    printf '%s' "${3:-}"
    printf '"resources":[{"name":"cpus","type":"SCALAR",'
    printf '"scalar":{"value":0.1}},{"name":"mem","type":"SCALAR",'
    printf '"scalar":{"value":32}}],"command":{"value":"%s"%s}}' \
        "$2" "${4:-}"
}

# group TASK...: the JSON of a group.
group()
{
    group_text=$1
    shift
    for group_task in "$@"; do
        group_text="$group_text,$group_task"
    done
    printf '{"tasks":[%s]}' "$group_text"
}

execute_group()
{
    timeout "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
        --task_group="$1"
}

# said TASK STATE: mesos-execute printed it.
said()
{
    grep -qx "Received status update $2 for task '$1'" "$tmp/out"
}

# sandbox TASK: the newest one of that task.
sandbox()
{
    ls -td "$tmp"/agent/slaves/*/frameworks/*/executors/*/runs/*-*/tasks/"$1" |
        head -n 1
}

# --- two tasks that need each other ---
# They have a directory of their executor's sandbox in common, and talk over
# loopback: "server" says on which port it listens, "client" fetches a word.
shared='"container":{"type":"MESOS","volumes":[{"mode":"RW",
    "container_path":"ours","source":{"type":"SANDBOX_PATH",
    "sandbox_path":{"type":"PARENT","path":"shared"}}}]},'
talker=$(cd "$build" && pwd)/tests/process/talk_once
group "$(task server "exec $talker listen ours/port hello" "$shared")" \
    "$(task client "exec $talker ask ours/port" "$shared")" >"$tmp/group.json"
execute_group "$tmp/group.json" >"$tmp/out" 2>"$tmp/err"
result $? "a group whose tasks finish gives 0" "$tmp/err"
expect "it is submitted as a group" grep -q \
    "^Submitted task group with tasks \[ server, client \] to agent '" \
    "$tmp/out"
for id in server client; do
    for state in TASK_STARTING TASK_RUNNING TASK_FINISHED; do
        said $id $state
        result $? "$id is told to be $state" "$tmp/out"
    done
done
expect "the tasks talked" grep -qx hello "$(sandbox client)/stdout"
expect "each in a sandbox of its own" test ! -s "$(sandbox server)/stdout"
expect "which is a container's" test \
    "$(basename "$(dirname "$(readlink "$(sandbox server)")")")" = containers
expect "the agent launched a default executor" grep -q \
    "Launching executor 'default-executor' of framework " "$tmp/agent.log"
expect "for a group" grep -q \
    'Got assigned task group containing tasks \[ server, client \]' \
    "$tmp/agent.log"
expect "which ended well" wait_until grep -q \
    "Executor 'default-executor' of framework .* exited with status 0" \
    "$tmp/agent.log"

# --- the environment ---
execute_group "$(group "$(task env env)")" >"$tmp/out" 2>"$tmp/err"
result $? "a group of one runs" "$tmp/err"
for variable in MESOS_SANDBOX MESOS_CONTAINER_IP MESOS_ALLOCATION_ROLE PATH
do
    expect "a task of a group has $variable" grep -q "^$variable=." \
        "$(sandbox env)/stdout"
done
! grep -q '^MESOS_SLAVE_PID=' "$(sandbox env)/stdout"
result $? "and nothing of its executor's"

# --- what is to be fetched, and what is limited ---
echo 'a word' >"$tmp/word.txt"
limits='"container":{"type":"MESOS","rlimit_info":{"rlimits":[
    {"type":"RLMT_NOFILE","soft":71,"hard":72}]}},'
execute_group "$(group \
    "$(task fetched 'cat word.txt named' '' ",\"uris\":[
        {\"value\":\"$tmp/word.txt\"},
        {\"value\":\"$tmp/word.txt\",\"output_file\":\"named\"}]")" \
    "$(task limited 'ulimit -Sn; ulimit -Hn' "$limits")" \
    "$(task free 'ulimit -Sn')")" >"$tmp/out" 2>"$tmp/err"
result $? "a group with URIs and limits runs" "$tmp/err"
expect "what a task wanted is in its sandbox" test \
    "$(cat "$(sandbox fetched)/stdout")" = "a word
a word"
expect "and the fetcher's words are in its stderr" grep -q \
    'Successfully fetched all URIs into' "$(sandbox fetched)/stderr"
expect "limits hold for the task" test \
    "$(cat "$(sandbox limited)/stdout")" = "71
72"
expect "and for no other" test "$(cat "$(sandbox free)/stdout")" != 71
execute_group "$(group \
    "$(task unfetched true '' \
        ",\"uris\":[{\"value\":\"$tmp/no.such\"}]")" \
    "$(task other "sleep 1000.${$}5")")" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] && said unfetched TASK_FAILED && said other TASK_KILLED &&
    grep -q 'Failed to fetch all URIs for container' "$tmp/out"
result $? "a group whose files do not come fails" "$tmp/out"

# --- one fails ---
execute_group "$(group "$(task bad 'exit 3')" \
    "$(task good "sleep 1000.${$}1")")" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] && said bad TASK_FAILED && said good TASK_KILLED
result $? "a task that fails has the others killed" "$tmp/out"
expect "with its status" grep -q "'Command exited with status 3'" "$tmp/out"
no_process()
{
    ! pgrep -f "$1"
}
expect "no process of them is left" wait_until no_process "1000[.]${$}1"
executor_says()
{
    grep -q "$1" "$tmp"/agent/slaves/*/frameworks/*/executors/*/runs/*/stderr
}
expect "the executor says so" executor_says \
    'Killing task group containing tasks \[ good \]'

# --- killed from outside ---
"$build/cli/mesos-execute" --master="$master" --task_group="$(group \
    "$(task one "exec sleep 1000.${$}2")" \
    "$(task two "exec sleep 1000.${$}3")")" >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
both_run()
{
    said one TASK_RUNNING && said two TASK_RUNNING
}
expect "a long group comes to run" wait_until both_run

# --- what it looks like meanwhile ---
agent_port=$(port_in "$tmp/agent.log")
curl -sf "http://$ip:$agent_port/state" >"$tmp/state"
expect "the agent shows both tasks" test \
    "$(grep -o '"executor_id":"default-executor"' "$tmp/state" | wc -l)" -ge 2
expect "and their containers inside of their executor's" \
    grep -q '"container_id":{"value":"[^"]*","parent":{"value":"' "$tmp/state"
directory=$(readlink -f "$(dirname "$(dirname "$(sandbox one)")")")
expect "their sandboxes are shown" curl -sf -o "$tmp/listing" \
    "http://$ip:$agent_port/files/browse?path=$directory/tasks/one"
expect "with their output" grep -q stdout "$tmp/listing"

# Figures are those of the program as it is installed.
executor_pid=$(pgrep -f "mesos-default-executor.*--launcher_dir" | head -n 1)
if ! grep -q '\.so' "/proc/$executor_pid/maps"; then
    rss=$(awk '/^Rss:/ { print $2 }' "/proc/$executor_pid/smaps_rollup")
    anonymous=$(awk '/^Anonymous:/ { print $2 }' \
        "/proc/$executor_pid/smaps_rollup")
    echo "# Rss $rss kB, anonymous $anonymous kB"
    [ "$rss" -lt 2500 ] && [ "$anonymous" -lt 600 ]
    result $? "the executor is small"
fi

kill -TERM $execute_pid
wait $execute_pid
[ $? -eq 1 ] && said one TASK_KILLED && said two TASK_KILLED
result $? "a signal kills the group" "$tmp/out"
expect "and its processes" wait_until no_process "1000[.]${$}[23]"

# --- its executor is killed ---
"$build/cli/mesos-execute" --master="$master" --task_group="$(group \
    "$(task left "exec sleep 1000.${$}4")")" >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until said left TASK_RUNNING
kill -9 "$(pgrep -f "mesos-default-executor.*--launcher_dir" | head -n 1)"
wait $execute_pid
[ $? -eq 1 ] && said left TASK_FAILED &&
    grep -q "'Executor terminated'" "$tmp/out"
result $? "a task fails with its executor" "$tmp/out"
expect "and does not outlive it" wait_until no_process "1000[.]${$}4"

# --- the agent is killed ---
agent_port=$(port_in "$tmp/agent.log")
waits="while ! [ -e $tmp/go ]; do sleep 0.1; done; echo over"
"$build/cli/mesos-execute" --master="$master" --checkpoint \
    --task_group="$(group "$(task first "$waits")" \
    "$(task second "$waits")")" >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
first_and_second()
{
    said first "$1" && said second "$1"
}
wait_until first_and_second TASK_RUNNING || give_up "the group does not run"
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
keep_log agent
"$build/agent/mesos-agent" --ip="$ip" --port="$agent_port" \
    --master="$master" --work_dir="$tmp/agent" \
    --launcher_dir="$launcher_dir" --no-switch_user \
    --resources='cpus:4;mem:1024;disk:1024' \
    >"$tmp/agent.out" 2>"$tmp/agent.log" &
agent_pid=$!
pids="$pids $agent_pid"
expect "a killed agent comes back" wait_until grep -q \
    'Re-registered with master' "$tmp/agent.log"
touch "$tmp/go"
wait $execute_pid
result $? "its group has gone on" "$tmp/out"
first_and_second TASK_FINISHED
result $? "to its end" "$tmp/out"
expect "in the same sandbox" grep -qx over "$(sandbox first)/stdout"

# --- flags ---
"$build/cli/mesos-execute" --master="$master" --task_group='{"tasks":[]}' \
    >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q "flag 'task_group': it has no tasks" "$tmp/out"
result $? "a group without tasks is refused" "$tmp/out"
"$build/cli/mesos-execute" --master="$master" --task_group='{}' --task='{}' \
    >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'Either task or task group should be set' "$tmp/out"
result $? "a task and a group are one too many" "$tmp/out"

"$build/executor/mesos-default-executor" --help >"$tmp/out"
result $? "the executor's flags are explained"
expect "all of them" grep -q -- '--\[no-\]switch_user' "$tmp/out"
env -i "$build/executor/mesos-default-executor" >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q "Expecting 'MESOS_SLAVE_PID' to be set" "$tmp/out"
result $? "without an agent it says what is missing" "$tmp/out"
finish
