#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_checks.sh - tasks that are looked after: checks and health checks of
# each kind, with real processes and the master's port as what listens; and
# tasks that do not want to end.
. "$top_srcdir/tests/process/cluster.sh"

start_master
start_agent agent --resources='cpus:8;mem:1024' --no-switch_user
master_port=${master##*:}

# task ID COMMAND REST: makes $tmp/ID.json.
task()
{
    cat >"$tmp/$1.json" <<END
{ "name": "$1", "task_id": { "value": "$1" }, "agent_id": { "value": "" },
  "resources": [
    { "name": "cpus", "type": "SCALAR", "scalar": { "value": 0.1 } },
    { "name": "mem", "type": "SCALAR", "scalar": { "value": 32 } } ],
  "command": { "value": "$2" }, $3 }
END
}

# run_task ID [FLAG...]: runs it to its end; $tmp/ID.out is what was told.
run_task()
{
    id=$1
    shift
    timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
        --task="$tmp/$id.json" "$@" >"$tmp/$id.out" 2>"$tmp/$id.log"
}

# begin_task ID: the same in the background; SIGTERM to $task_pid kills the
# task.
begin_task()
{
    "$build/cli/mesos-execute" --master="$master" \
        --task="$tmp/$1.json" >"$tmp/$1.out" 2>"$tmp/$1.log" &
    task_pid=$!
    pids="$pids $task_pid"
}

# told ID TEXT...: mesos-execute has printed them.
told()
{
    told_out=$tmp/$1.out
    shift
    for text in "$@"; do
        grep -q -- "$text" "$told_out" || { cat "$told_out"; return 1; }
    done
}

fast='"delay_seconds": 0, "interval_seconds": 0.05'

# --- each kind ---

# The command of a task that ends when the test says so.
until_told()
{
    echo "while [ ! -e $tmp/$1.end ]; do sleep 0.02; done"
}

# wait_and_end ID TEXT: ends the task once that was told.
wait_and_end()
{
    begin_task "$1"
    wait_until told "$@"
    found=$?
    touch "$tmp/$1.end"
    wait $task_pid
    [ $found -eq 0 ] || { cat "$tmp/$1.out"; return 1; }
}

healthy_by_command()
{
    task command "$(until_told command)" "\"health_check\": {
        \"type\": \"COMMAND\", $fast,
        \"command\": { \"value\": \"test -n \$MESOS_SANDBOX\" } }"
    wait_and_end command 'healthy?: 1' &&
        told command 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' TASK_FINISHED
}

healthy_by_http()
{
    task http "$(until_told http)" "\"health_check\": { \"type\": \"HTTP\", $fast,
        \"http\": { \"port\": $master_port, \"path\": \"/health\",
                    \"statuses\": [ 200 ] } }"
    wait_and_end http 'healthy?: 1'
}

healthy_by_tcp()
{
    task tcp "$(until_told tcp)" "\"health_check\": { \"type\": \"TCP\", $fast,
        \"tcp\": { \"port\": $master_port } }"
    wait_and_end tcp 'healthy?: 1'
}

checked_by_http()
{
    task checked "$(until_told checked)" "\"check\": { \"type\": \"HTTP\", $fast,
        \"http\": { \"port\": $master_port, \"path\": \"/no-such-path\" } }"
    wait_and_end checked REASON_TASK_CHECK_STATUS_UPDATED &&
        told checked 404
}

checked_by_tcp()
{
    task closed "$(until_told closed)" "\"check\": { \"type\": \"TCP\", $fast,
        \"tcp\": { \"port\": $master_port } }"
    wait_and_end closed REASON_TASK_CHECK_STATUS_UPDATED
}

# What listens does not speak TLS, and curl says so.
https_takes_curl()
{
    task https 'sleep 1000' "\"health_check\": { \"type\": \"HTTP\", $fast,
        \"grace_period_seconds\": 0, \"consecutive_failures\": 1,
        \"http\": { \"port\": $master_port, \"scheme\": \"https\" } }"
    run_task https
    told https 'healthy?: 0' TASK_KILLED &&
        sandbox_has agent https stderr "HTTP health check for task 'https' failed: .*curl"
}

# --- failures ---

unhealthy_is_killed()
{
    task unhealthy 'sleep 1000' "\"health_check\": { \"type\": \"COMMAND\",
        $fast, \"grace_period_seconds\": 0, \"consecutive_failures\": 2,
        \"command\": { \"value\": \"false\" } }"
    run_task unhealthy
    told unhealthy 'healthy?: 0' TASK_KILLED &&
        sandbox_has agent unhealthy stderr \
            "COMMAND health check for task 'unhealthy' failed 2 times"
}

grace_is_given()
{
    task grace "sleep 0.5; touch up; $(until_told grace)" \
        "\"health_check\": { \"type\": \"COMMAND\", $fast,
        \"grace_period_seconds\": 100, \"consecutive_failures\": 1,
        \"command\": { \"value\": \"test -e up\" } }"
    wait_and_end grace 'healthy?: 1' && told grace TASK_FINISHED &&
        ! told grace 'healthy?: 0' >"$tmp/none" &&
        sandbox_has agent grace stderr 'still in grace period'
}

# is_gone COMMAND: no process of that command line lives.
is_gone()
{
    ! ps -eo stat=,args= | grep -v '^Z' | grep -q "^[^ ]* *$1\$"
}

slow_check_is_killed_with_all_it_started()
{
    task slow 'sleep 1000' "\"health_check\": { \"type\": \"COMMAND\", $fast,
        \"timeout_seconds\": 0.3, \"grace_period_seconds\": 0,
        \"consecutive_failures\": 1, \"command\": {
        \"value\": \"setsid sleep 32171 & sleep 32172\" } }"
    run_task slow
    told slow 'healthy?: 0' TASK_KILLED &&
        sandbox_has agent slow stderr 'timed out after 300ms' &&
        wait_until is_gone 'sleep 32171' && wait_until is_gone 'sleep 32172'
}

# --- ends ---

time_is_limited()
{
    task limited 'sleep 1000' \
        '"max_completion_time": { "nanoseconds": 200000000 }'
    ! run_task limited && told limited TASK_FAILED \
        REASON_MAX_COMPLETION_TIME_REACHED
}

# Ignores SIGTERM, and has a child in a session of its own.
stubborn_is_made_to_end()
{
    task stubborn \
        "trap '' TERM; setsid sleep 32173 & while true; do sleep 0.1; done" \
        '"kill_policy": { "grace_period": { "nanoseconds": 300000000 } }'
    ! run_task stubborn --kill_after=100ms &&
        told stubborn "Command terminated with signal Killed" TASK_KILLED &&
        sandbox_has agent stubborn stderr \
            'did not terminate after 300ms, sending SIGKILL to process tree' &&
        wait_until is_gone 'sleep 32173'
}

all_of_the_tree_is_asked()
{
    cat >"$tmp/asked.sh" <<'END'
trap 'echo yes >asked; exit 0' TERM
echo yes >ready
while true; do sleep 0.02; done
END
    task tree "trap 'exit 0' TERM; setsid sh $tmp/asked.sh & while true; do sleep 0.02; done" \
        '"kill_policy": { "grace_period": { "nanoseconds": 60000000000 } }'
    begin_task tree
    wait_until sandbox_has agent tree ready yes
    kill $task_pid
    wait $task_pid
    told tree TASK_KILLED && wait_until sandbox_has agent tree asked yes
}

# --- what is shown ---

state_shows_it()
{
    task shown "$(until_told shown)" "\"health_check\": { \"type\": \"TCP\", $fast,
        \"tcp\": { \"port\": $master_port } },
        \"labels\": { \"labels\": [ { \"key\": \"a\", \"value\": \"b\" } ] },
        \"discovery\": { \"visibility\": \"CLUSTER\", \"name\": \"svc\",
            \"ports\": { \"ports\": [ { \"number\": 8000,
            \"name\": \"http\", \"protocol\": \"tcp\" } ] } }"
    begin_task shown
    wait_until told shown 'healthy?: 1'
    curl -sf "http://$master/state" >"$tmp/state.json"
    touch "$tmp/shown.end"
    wait $task_pid
    for text in '"healthy":true' '"labels":\[{"key":"a","value":"b"}\]' \
        '"ports":{"ports":\[{"number":8000,"name":"http","protocol":"tcp"}\]}' \
        '"ip_addresses":\[{"protocol":"IPv4","ip_address":"127.0.0.1"}\]'; do
        grep -q "$text" "$tmp/state.json" || {
            echo "no $text in:"
            cat "$tmp/state.json"
            return 1
        }
    done
}

expect "a command tells that a task is healthy" healthy_by_command
expect "HTTP tells that a task is healthy" healthy_by_http
expect "TCP tells that a task is healthy" healthy_by_tcp
expect "a check by HTTP tells the status" checked_by_http
expect "a check by TCP tells that it connects" checked_by_tcp
if command -v curl >/dev/null; then
    expect "HTTPS is asked by curl" https_takes_curl
fi
expect "an unhealthy task is killed" unhealthy_is_killed
expect "failures in the grace period do not count" grace_is_given
expect "a check that is too slow is killed with all it started" \
    slow_check_is_killed_with_all_it_started
expect "a task that takes too long fails" time_is_limited
expect "a stubborn task is killed" stubborn_is_made_to_end
expect "a kill asks all that came of the task" all_of_the_tree_is_asked
expect "/state shows health, labels, ports and address" state_shows_it
finish
