#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_agent.sh - an agent and its command executor as real processes, with a
# real master and mesos-execute.
set -u
: "${top_builddir:=.}"

dir=$(mktemp -d "${TMPDIR:-/tmp}/test_agent.XXXXXX")
pids=
n=0
failed=0
example=$(cd "$top_builddir" && pwd)/docs/examples/executor

clean_up()
{
    [ -z "$pids" ] || kill $pids 2>/dev/null
    wait
    rm -rf "$dir"
}
trap clean_up EXIT

# check NAME COMMAND...: one test; what the command says goes to its log.
check()
{
    local name=$1
    shift
    n=$((n + 1))
    if "$@" >"$dir/check.log" 2>&1; then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        sed 's/^/# /' "$dir/check.log"
    fi
}

# await COMMAND...: until it succeeds; ten seconds at most.
await()
{
    local i=0
    while [ $i -lt 500 ]; do
        "$@" >"$dir/await.log" 2>&1 && return 0
        sleep 0.02
        i=$((i + 1))
    done
    echo "gave up: $*"
    cat "$dir/await.log"
    return 1
}

# port_of NAME: where the daemon says that it listens.
port_of()
{
    sed -n 's/.* started on .*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/$1.log" |
        head -n 1
}

has_port()
{
    [ -n "$(port_of "$1")" ]
}

# answers PORT PATH TEXT
answers()
{
    curl -sf --max-time 5 "http://127.0.0.1:$1$2" | grep -q "$3"
}

start_agent()
{
    "$top_builddir/agent/mesos-agent" --master="127.0.0.1:$master_port" \
        --ip=127.0.0.1 --port=0 --work_dir="$dir/agent" --no-switch_user \
        --launcher_dir="$top_builddir/executor" --resources='cpus:4;mem:1024' \
        --registration_backoff_factor=10ms >"$dir/agent.log" 2>&1 &
    agent=$!
    pids="$pids $agent"
    await has_port agent
}

execute()
{
    timeout -k 5 30 "$top_builddir/cli/mesos-execute" \
        --master="127.0.0.1:$master_port" "$@" 2>"$dir/execute.err" |
        tee "$dir/execute.out"
}

output_of()
{
    cat "$dir"/agent/slaves/*/frameworks/*/executors/"$1"/runs/latest/"$2"
}

# says TEXT: mesos-execute did.
says()
{
    grep -qF -- "$1" "$dir/execute.out" && return 0
    cat "$dir/execute.out" "$dir/execute.err"
    return 1
}

# --- the tests ---

command_runs_in_its_sandbox()
{
    execute --name=echo --command='echo "hello from $PWD"; echo oops >&2' &&
        says "'Command exited with status 0'" &&
        [ "$(output_of echo stdout)" = "hello from $(dirname \
            "$(ls "$dir"/agent/slaves/*/frameworks/*/executors/echo/runs/*-*/stdout)")" ] &&
        output_of echo stderr | grep -qx oops
}

failure_has_its_status()
{
    execute --name=fails --command='exit 3'
    says "TASK_FAILED" && says "'Command exited with status 3'"
}

signal_has_its_name()
{
    execute --name=signal --command='kill -SEGV $$'
    says "TASK_FAILED" &&
        says "'Command terminated with signal Segmentation fault"
}

environment_tells_who_runs()
{
    execute --name=env --command='env' >"$dir/null" || return 1
    local variable
    for variable in MESOS_AGENT_ENDPOINT MESOS_DIRECTORY MESOS_EXECUTOR_ID \
            MESOS_FRAMEWORK_ID MESOS_SANDBOX MESOS_SLAVE_ID MESOS_SLAVE_PID \
            LIBPROCESS_IP PATH; do
        output_of env stdout | grep -q "^$variable=." ||
            { echo "no $variable"; return 1; }
    done
    ! output_of env stdout | grep -q '^top_builddir='
}

killed_task_gets_a_signal()
{
    execute --name=killed --command='exec sleep 1000' --kill_after=100ms
    says "TASK_KILLED" && says "'Command terminated with signal Terminated'"
}

# has_process SECONDS: that sleeps so long, and is not a zombie.
has_process()
{
    ps -eo stat=,args= | grep -v '^Z' | grep -q "[s]leep $1\$"
}

has_no_process()
{
    ! has_process "$1"
}

background_jobs_end_with_their_command()
{
    execute --name=jobs --command="sleep 1000.${$}1 & exit 0"
    says "TASK_FINISHED" && await has_no_process "1000[.]${$}1"
}

killed_executor_leaves_no_process()
{
    execute --name=orphans \
        --command="setsid sleep 1000.${$}2 & sleep 1000.${$}3" &
    local client=$!
    await has_process "1000[.]${$}2" && await has_process "1000[.]${$}3" ||
        return 1
    # The task's shell is a child of the executor, and that one of the agent.
    local executor
    for executor in $(ps -o pid= --ppid "$agent"); do
        kill -9 "$executor"
    done
    wait $client
    says "'Executor terminated'" && has_no_process "1000[.]${$}[23]"
}

stubborn_task_is_killed_after_its_grace_period()
{
    execute --task='{"name":"s","task_id":{"value":"stubborn"},
        "agent_id":{"value":""},
        "resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}},
                     {"name":"mem","type":"SCALAR","scalar":{"value":32}}],
        "kill_policy":{"grace_period":{"nanoseconds":200000000}},
        "command":{"value":"trap : TERM; while :; do sleep 0.1; done"}}' \
        --kill_after=300ms
    says "TASK_KILLED" && says "'Command terminated with signal Killed'"
}

executor_of_a_framework_runs_its_task()
{
    execute --task='{"name":"c","task_id":{"value":"custom"},
        "agent_id":{"value":""},"data":"aGVsbG8=",
        "resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}},
                     {"name":"mem","type":"SCALAR","scalar":{"value":32}}],
        "executor":{"executor_id":{"value":"example"},
            "command":{"value":"exec '"$example"'"}}}'
    says "TASK_FINISHED" && says "'said it'" &&
        output_of example stdout | grep -qx 'custom: hello'
}

long_task_starts()
{
    execute --name=long --command='exec sleep 1000' >"$dir/null" &
    pids="$pids $!"
    await has_task && executor=$(pgrep -P "$agent" -x mesos-executor)
}

has_task()
{
    local pid
    pid=$(pgrep -P "$agent" -x mesos-executor) && pgrep -P "$pid"
}

executor_is_small()
{
    local rss anonymous
    rss=$(awk '/^Rss:/ { print $2 }' "/proc/$executor/smaps_rollup")
    anonymous=$(awk '/^Anonymous:/ { print $2 }' \
        "/proc/$executor/smaps_rollup")
    echo "Rss $rss kB, anonymous $anonymous kB"
    [ "$rss" -lt 2500 ] && [ "$anonymous" -lt 600 ]
}

is_static()
{
    ! grep -q '\.so' "/proc/$executor/maps"
}

dead_executor_fails_its_task()
{
    task=$(pgrep -P "$executor")
    kill -KILL "$executor"
    await says "TASK_FAILED" && says "'Executor terminated'" &&
        says "REASON_EXECUTOR_TERMINATED"
    status=$?
    kill -KILL "$task" 2>/dev/null
    return $status
}

executor_without_environment_says_so()
{
    env -i "$top_builddir/executor/mesos-executor" >"$dir/alone.log" 2>&1
    [ $? -eq 1 ] && grep -q "Expecting 'MESOS_SLAVE_PID' to be set in the \
environment" "$dir/alone.log"
}

work_directory_that_cannot_be_is_named()
{
    "$top_builddir/agent/mesos-agent" --master=127.0.0.1:1 --ip=127.0.0.1 \
        --port=0 --work_dir=/proc/nowhere >"$dir/nowhere.log" 2>&1
    [ $? -eq 1 ] && grep -q "Failed to create agent work directory \
'/proc/nowhere'" "$dir/nowhere.log"
}

unknown_flag_is_refused()
{
    "$top_builddir/agent/mesos-agent" --nope=1 >"$dir/nope.log" 2>&1
    [ $? -eq 1 ] &&
        grep -q "Failed to load unknown flag 'nope'" "$dir/nope.log"
}

endpoints_answer()
{
    curl -sf "http://127.0.0.1:$agent_port/health" || return 1
    answers "$agent_port" /flags '"work_dir":' &&
        answers "$agent_port" '/slave(1)/state' '"build_date":' &&
        answers "$agent_port" '/slave(1)/state' '"completed_frameworks":'
}

# metric NAME: its value, without decimals.
metric()
{
    curl -sf --max-time 5 "http://127.0.0.1:$agent_port/metrics/snapshot" |
        sed -n "s|.*\"slave/$1\":\([0-9]*\).*|\1|p"
}

metric_is()
{
    [ "$(metric "$1")" = "$2" ]
}

# One more task fails; and all that ran so far is over.
metrics_follow_what_runs()
{
    local n_failed name
    n_failed=$(metric tasks_failed)
    execute --name=counted --command='exit 1'
    await metric_is tasks_failed $((n_failed + 1)) || return 1
    metric_is registered 1 && metric_is cpus_total 4 || return 1
    for name in cpus_used mem_used frameworks_active tasks_running \
            executors_running; do
        await metric_is $name 0 || return 1
    done
}

is_gone()
{
    ! kill -0 "$1"
}

unregistering_ends_the_agent_and_its_tasks()
{
    long_task_starts || return 1
    task=$(pgrep -P "$executor")
    kill -USR1 "$agent"
    await is_gone "$task" && await is_gone "$executor" &&
        await is_gone "$agent" &&
        grep -q "Received SIGUSR1 signal from user" "$dir/agent.log"
}

"$top_builddir/master/mesos-master" --ip=127.0.0.1 --port=0 \
    --work_dir="$dir/master" >"$dir/master.log" 2>&1 &
pids="$pids $!"
await has_port master || { echo "Bail out! no master"; exit 1; }
master_port=$(port_of master)
start_agent || { echo "Bail out! no agent"; exit 1; }
agent_port=$(port_of agent)
await answers "$master_port" /slaves '"pid":"slave' ||
    { echo "Bail out! the agent does not register"; exit 1; }

check "command runs in its sandbox" command_runs_in_its_sandbox
check "failure has its status" failure_has_its_status
check "signal has its name" signal_has_its_name
check "environment tells who runs" environment_tells_who_runs
check "killed task gets a signal" killed_task_gets_a_signal
check "background jobs end with their command" \
    background_jobs_end_with_their_command
check "killed executor leaves no process" killed_executor_leaves_no_process
check "stubborn task is killed after its grace period" \
    stubborn_task_is_killed_after_its_grace_period
check "executor of a framework runs its task" \
    executor_of_a_framework_runs_its_task
check "endpoints answer" endpoints_answer
check "metrics follow what runs" metrics_follow_what_runs
check "long task starts" long_task_starts
if is_static; then
    check "executor is small" executor_is_small
fi
check "dead executor fails its task" dead_executor_fails_its_task
check "executor without environment says so" \
    executor_without_environment_says_so
check "work directory that cannot be is named" \
    work_directory_that_cannot_be_is_named
check "unknown flag is refused" unknown_flag_is_refused
check "unregistering ends the agent and its tasks" \
    unregistering_ends_the_agent_and_its_tasks
echo "1..$n"
exit $failed
