#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_follow.sh - mesos-execute --follow shows what tasks print.
. "$top_srcdir/tests/process/cluster.sh"

start_master
start_agent agent --no-switch_user --resources='cpus:4;mem:1024;disk:1024'

# --- a command ---
execute hello 'echo hello; echo oops >&2; printf end' --follow \
    >"$tmp/out" 2>"$tmp/err"
result $? "a command that is followed gives its status" "$tmp/err"
printf 'hello\nend' >"$tmp/expected"
expect "standard output is what the command prints" \
    cmp "$tmp/expected" "$tmp/out"
expect "what it says on standard error goes there" grep -x oops "$tmp/err"
expect "so do updates" grep "TASK_FINISHED for task 'hello'" "$tmp/err"

execute order 'echo said' --follow >"$tmp/out" 2>&1
sed -n -e '/^said$/p' -e '/TASK_FINISHED/p' "$tmp/out" >"$tmp/lines"
printf "said\nReceived status update TASK_FINISHED for task 'order'\n" \
    >"$tmp/expected"
expect "its output comes before its last update" \
    diff "$tmp/expected" "$tmp/lines"

execute fails 'echo said; exit 3' --follow >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] && grep -qx said "$tmp/out"
result $? "a command that fails is shown, too" "$tmp/out"

execute many 'seq 1 200000' --follow >"$tmp/out" 2>"$tmp/err"
seq 1 200000 >"$tmp/expected"
expect "a large output comes whole" cmp "$tmp/expected" "$tmp/out"

execute silent 'echo hello' >"$tmp/out" 2>"$tmp/err"
! grep -qx hello "$tmp/out"
result $? "nothing is shown of a command that is not followed" "$tmp/out"

# --- as it comes, and to its end ---
"$build/cli/mesos-execute" --master="$master" --name=endless --follow \
    --resources='cpus:0.1;mem:32' --command='trap "echo farewell; exit 0" TERM
               echo begun; while :; do sleep 0.02; done' \
    >"$tmp/out" 2>"$tmp/err" &
execute_pid=$!
wait_until grep -qx begun "$tmp/out"
result $? "output is shown while the command runs" "$tmp/out"
kill -INT $execute_pid
wait $execute_pid
grep -q "Asked to kill task 'endless'" "$tmp/err"
result $? "a signal kills the command" "$tmp/err"
printf 'begun\nfarewell\n' >"$tmp/expected"
expect "and the rest is shown" diff "$tmp/expected" "$tmp/out"

# --- a group ---
# task ID COMMAND
task()
{
    printf '{"name":"the %s","task_id":{"value":"%s"},' "$1" "$1"
    printf '"agent_id":{"value":""},"command":{"value":"%s"},' "$2"
    printf '"resources":[{"name":"cpus","type":"SCALAR","scalar":'
    printf '{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":'
    printf '{"value":32}}]}'
}
timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
    --follow --task_group="{\"tasks\":[$(task one 'echo a; printf b'),$(
    task two 'echo c; echo d >&2')]}" >"$tmp/out" 2>"$tmp/err"
result $? "a group can be followed" "$tmp/err"
printf 'the one: a\nthe one: b\nthe two: c\n' >"$tmp/expected"
sort "$tmp/out" >"$tmp/lines"
expect "each line has the name of its task" diff "$tmp/expected" "$tmp/lines"
expect "on standard error, too" grep -x 'the two: d' "$tmp/err"

# --- a task that does not come to run ---
execute volume true --follow --volumes='[{"mode":"RW","container_path":"c",
    "host_path":"/tmp"}]' >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] && grep -q "for task 'volume'" "$tmp/err"
result $? "a task that is refused ends all the same" "$tmp/err"
finish
