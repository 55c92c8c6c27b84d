#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_master.sh - a master as a real process: its flags, endpoints, logs and
# end; with a real agent and mesos-execute where a task is needed.
set -u
: "${top_builddir:=.}"

dir=$(mktemp -d "${TMPDIR:-/tmp}/test_master.XXXXXX")
program=$top_builddir/master/mesos-master
pids=
n=0
failed=0

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

# start_master NAME FLAG...: sets $master and $port.
start_master()
{
    local name=$1
    shift
    "$program" --ip=127.0.0.1 --hostname=here --work_dir="$dir/work" "$@" \
        >"$dir/$name.log" 2>&1 &
    master=$!
    pids="$pids $master"
    await has_port "$name" && port=$(port_of "$name") &&
        await grep -q 'Elected as the leading master' "$dir/$name.log"
}

# get PATH: the body.
get()
{
    curl -sf --max-time 5 "http://127.0.0.1:$port$1"
}

# shows PATH TEXT
shows()
{
    get "$1" >"$dir/body"
    grep -qF -- "$2" "$dir/body" && return 0
    echo "$1 has no $2:"
    cat "$dir/body"
    return 1
}

# refuses TEXT FLAG...: the master does not start, and says why.
refuses()
{
    local text=$1
    shift
    "$program" "$@" >"$dir/out" 2>&1
    [ $? -eq 1 ] && grep -qF -- "$text" "$dir/out" && return 0
    cat "$dir/out"
    return 1
}

# --- the tests ---

flags_that_do_nothing_are_refused()
{
    refuses "Failed to load unknown flag 'zk'" --zk=zk://h:1/m &&
        refuses "Failed to load unknown flag 'quorum'" --quorum=1 &&
        refuses "See \`mesos-master --help\`" --nope
}

bad_values_are_refused()
{
    refuses "Failed to load flag 'port'" --port=abc &&
        refuses "Failed to load flag 'port'" --port=65536 &&
        refuses "Failed to load flag 'ip'" --ip=localhost &&
        refuses "'leveldb' is not a supported option for registry" \
            --registry=leveldb &&
        refuses "--work_dir needed for replicated log based registry" &&
        refuses "Invalid agent_removal_rate_limit: 1/2/3. Format is" \
            --agent_removal_rate_limit=1/2/3 &&
        refuses "missing '%'" --registry=in_memory \
            --recovery_agent_removal_limit=50 --ip=127.0.0.1 --port=0 &&
        refuses "Failed to load flag 'agent_ping_timeout'" \
            --agent_ping_timeout=5 &&
        refuses "between 1secs and 15mins" --agent_ping_timeout=10ms &&
        refuses "Must be greater than zero" --offer_timeout=0secs
}

address_that_is_not_ours_is_refused()
{
    refuses "EXIT with status 1" --ip=192.0.2.77 --port=0
}

work_dir_that_cannot_be_made_is_refused()
{
    refuses "Failed to create work directory '/proc/nope'" \
        --ip=127.0.0.1 --port=0 --work_dir=/proc/nope
}

version_and_help_are_told()
{
    "$program" --version | head -n 1 | grep -qx 'mesos 1\.12\.0 (cmesos .*)' &&
        "$program" --help | grep -q -- '--max_agent_ping_timeouts=VALUE'
}

health_is_an_empty_200()
{
    [ "$(curl -s -o "$dir/body" -w '%{http_code}' \
        "http://127.0.0.1:$port/health")" = 200 ] && [ ! -s "$dir/body" ]
}

state_has_the_members_of_mesos()
{
    get /state | grep -qE '^\{"version":"1\.12\.0","build_date":"[^"]*","build_time":[^,]*,"build_user":"[^"]*","start_time":[^,]*,"elected_time":[^,]*,"id":"[-0-9a-f]{36}","pid":"master@127\.0\.0\.1:[0-9]*","hostname":"here","capabilities":\[[^]]*\],"activated_slaves":0\.0,"deactivated_slaves":0\.0,"unreachable_slaves":0\.0,"leader":"master@[^"]*","leader_info":\{[^}]*\},"cluster":"test","flags":\{[^}]*\},"slaves":\[\],"recovered_slaves":\[\],"frameworks":\[\],"completed_frameworks":\[\],"orphan_tasks":\[\],"unregistered_frameworks":\[\]\}$'
}

endpoints_answer_below_the_actor_too()
{
    [ "$(get /slaves)" = '{"slaves":[],"recovered_slaves":[]}' ] &&
        [ "$(get /master/slaves)" = '{"slaves":[],"recovered_slaves":[]}' ] &&
        [ "$(get /tasks)" = '{"tasks":[]}' ] &&
        shows /frameworks '"completed_frameworks":[]' &&
        shows /state-summary '"hostname":"here","cluster":"test"' &&
        shows /flags '"allocation_interval":"1secs"' &&
        shows /metrics/snapshot '"master/elected":1.0'
}

bad_query_is_a_400()
{
    [ "$(curl -s -o "$dir/body" -w '%{http_code}' \
        "http://127.0.0.1:$port/tasks?limit=x")" = 400 ] &&
        grep -q "'limit'" "$dir/body"
}

redirect_leads_here()
{
    curl -s -i "http://127.0.0.1:$port/redirect" | tr -d '\r' |
        grep -qx "Location: //here:$port"
}

environment_sets_flags()
{
    shows /flags '"agent_ping_timeout":"20secs"'
}

sigterm_ends_it_and_is_logged()
{
    kill "$master"
    wait "$master"
    [ $? -eq 143 ] &&
        grep -q 'Received signal SIGTERM from process' "$dir/master.log" &&
        grep -q 'Master terminating' "$dir/master.log"
}

logs_go_to_files()
{
    "$program" --ip=127.0.0.1 --port=0 --quiet --log_dir="$dir/logs" \
        --work_dir="$dir/a/b/c" >"$dir/quiet.log" 2>&1 &
    master=$!
    pids="$pids $master"
    await grep -q Elected "$dir/logs/mesos-master.INFO" &&
        kill "$master"
    wait "$master"
    [ ! -s "$dir/quiet.log" ] && [ -d "$dir/a/b/c" ]
}

# The task of $dir/task.log runs, as far as the master knows.
task_is_running()
{
    shows /tasks '"state":"TASK_RUNNING"'
}

task_survives_its_master()
{
    start_master first --port=0 || return 1
    "$top_builddir/agent/mesos-agent" --master="127.0.0.1:$port" \
        --ip=127.0.0.1 --port=0 --work_dir="$dir/agent" --no-switch_user \
        --launcher_dir="$top_builddir/executor" --resources='cpus:4;mem:1024' \
        --registration_backoff_factor=10ms >"$dir/agent.log" 2>&1 &
    pids="$pids $!"
    timeout 60 "$top_builddir/cli/mesos-execute" \
        --master="127.0.0.1:$port" --name=t --resources='cpus:1;mem:32' \
        --command="until [ -e $dir/go ]; do sleep 0.05; done" \
        >"$dir/task.log" 2>&1 &
    task=$!
    pids="$pids $task"
    await task_is_running || return 1
    agent_id=$(get /slaves | grep -o '"id":"[^"]*-S0"' | cut -d'"' -f4)

    kill -9 "$master"
    wait "$master"
    start_master second --port="$port" || return 1
    await grep -q "Recovered 1 agents from the registry" "$dir/second.log" ||
        return 1
    await task_is_running || return 1
    shows /slaves "\"id\":\"$agent_id\"" || return 1
    await shows "/registrar(1)/registry" "\"value\":\"$agent_id\"" ||
        return 1
    await shows /frameworks '"connected":true' || return 1
    shows /slaves '"used_resources":{"cpus":1.0' || return 1
    touch "$dir/go"
    wait "$task" || { cat "$dir/task.log"; return 1; }
    await shows /frameworks '"frameworks":[],"completed_frameworks":[{' &&
        shows /tasks '"state":"TASK_FINISHED"'
}

lost_scheduler_is_removed_with_its_tasks()
{
    "$top_builddir/cli/mesos-execute" \
        --master="127.0.0.1:$port" --name=u --resources='cpus:1;mem:32' \
        --command="sleep 30" >"$dir/lost.log" 2>&1 &
    task=$!
    pids="$pids $task"
    await grep -q TASK_RUNNING "$dir/lost.log" || return 1

    kill -9 "$task"
    wait "$task"
    await shows /slaves '"used_resources":{"cpus":0.0' &&
        shows /tasks '"state":"TASK_KILLED"'
}

check "flags that do nothing are refused" flags_that_do_nothing_are_refused
check "bad values are refused" bad_values_are_refused
check "an address that is not ours is refused" \
    address_that_is_not_ours_is_refused
check "a work_dir that cannot be made is refused" \
    work_dir_that_cannot_be_made_is_refused
check "version and help are told" version_and_help_are_told

MESOS_AGENT_PING_TIMEOUT=20secs
export MESOS_AGENT_PING_TIMEOUT
check "it starts" start_master master --port=0 --cluster=test
unset MESOS_AGENT_PING_TIMEOUT
check "/health is an empty 200" health_is_an_empty_200
check "/state has the members of Mesos" state_has_the_members_of_mesos
check "endpoints answer below the actor, too" \
    endpoints_answer_below_the_actor_too
check "a bad query is a 400" bad_query_is_a_400
check "/redirect leads here" redirect_leads_here
check "the environment sets flags" environment_sets_flags
check "SIGTERM ends it and is logged" sigterm_ends_it_and_is_logged
check "logs go to files, and nowhere else if it is quiet" logs_go_to_files
check "a task survives its master" task_survives_its_master
check "a scheduler that is lost is removed with its tasks" \
    lost_scheduler_is_removed_with_its_tasks

echo "1..$n"
exit $failed
