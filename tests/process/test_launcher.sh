#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_launcher.sh - containers in cgroups: nothing gets out of one, and nothing
# is left of it.
. "$top_srcdir/tests/process/cluster.sh"

for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified none; do
    [ "$(stat -f -c %T "$hierarchy" 2>/dev/null)" = cgroup2fs ] && break
done
root=$hierarchy/$MESOS_CGROUPS_ROOT
if ! mkdir "$root" 2>/dev/null || ! [ -w "$root/cgroup.kill" ]; then
    echo "1..0 # SKIP no cgroups of version 2 that this user may make"
    exit 0
fi

# What a task does to get away: a session of its own, without a parent, and
# without what its environment said.
flee()
{
    echo "env -i setsid sh -c 'echo \$\$ >$tmp/$1; exec sleep 1000' &" \
        "while ! [ -s $tmp/$1 ]; do sleep 0.02; done"
}

is_gone()
{
    ! kill -0 "$(cat "$tmp/$1")" 2>/dev/null
}

is_running()
{
    kill -0 "$(cat "$tmp/$1")"
}

n_containers()
{
    find "$root" -mindepth 1 -maxdepth 1 -type d | wc -l
}

has_containers()
{
    [ "$(n_containers)" -eq "$1" ]
}

agent()
{
    start_agent agent --no-switch_user --resources='cpus:2;mem:512' \
        --launcher=linux "$@"
}

start_master
agent
expect "the agent says which launcher it has" \
    grep -F "Using '$root' as the cgroup of the linux launcher" "$tmp/agent.log"

# --- a task that ends ---
execute ends "$(flee a); tail -n 1 /proc/self/cgroup >$tmp/cgroup" \
    >"$tmp/out" 2>&1
result $? "a task ends well" "$tmp/out"
expect "it was in a cgroup of its own" \
    grep -q "/$MESOS_CGROUPS_ROOT/[-0-9a-f]*\$" "$tmp/cgroup"
expect "what it left is killed" wait_until is_gone a
expect "its cgroup is gone" wait_until has_containers 0

# --- one that makes a cgroup in its own ---
execute nests "below=$hierarchy\$(tail -n 1 /proc/self/cgroup | cut -d: -f3)/below
    mkdir \$below && echo \$\$ >\$below/cgroup.procs || exit 1
    $(flee b)" >"$tmp/out" 2>&1
result $? "a task makes a cgroup below its own" "$tmp/out"
expect "what it left there is killed" wait_until is_gone b
expect "that cgroup is gone too" wait_until has_containers 0

# --- one that cannot start ---
execute fails true --shell=false >"$tmp/out" 2>&1
expect "nothing is left of what did not run" wait_until has_containers 0

# --- an agent that is killed, and comes again ---
execute stays "$(flee c); while ! [ -e $tmp/go ]; do sleep 0.02; done" \
    --checkpoint >"$tmp/stays.log" 2>&1 &
stays_pid=$!
pids="$pids $stays_pid"
wait_until test -s "$tmp/c" || give_up "the task does not run"
wait_until grep -q TASK_RUNNING "$tmp/stays.log" ||
    give_up "nobody heard that the task runs"
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
expect "a task outlives its agent" is_running c
mv "$tmp/agent.log" "$tmp/agent.1.log"
start_again()
{
    "$build/agent/mesos-agent" --ip="$ip" \
        --port="$(port_in "$tmp/agent.1.log")" --master="$master" \
        --work_dir="$tmp/agent" --launcher_dir="$build/executor" \
        --no-switch_user --resources='cpus:2;mem:512' --launcher=linux \
        >"$tmp/agent.out" 2>"$tmp/agent.log" &
    agent_pid=$!
    pids="$pids $agent_pid"
    wait_until grep -q "$1" "$tmp/agent.log"
}
start_again 'Re-registered with master'
result $? "the agent comes again" "$tmp/agent.log"
expect "the container is still there" has_containers 1
touch "$tmp/go"
wait "$stays_pid"
result $? "the task ends well" "$tmp/stays.log"
expect "what it left is killed by the next agent" wait_until is_gone c
expect "which removes the cgroup" wait_until has_containers 0

# --- an agent that forgets ---
execute orphan "$(flee d); sleep 1000" --checkpoint >"$tmp/orphan.log" 2>&1 &
pids="$pids $!"
wait_until test -s "$tmp/d" || give_up "the second task does not run"
wait_until grep -q TASK_RUNNING "$tmp/orphan.log" ||
    give_up "nobody heard that the second task runs"
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
mkdir "$root/of-somebody-else"
rm -rf "$tmp/agent/meta"
start_again '] Registered with master'
result $? "an agent without a past registers" "$tmp/agent.log"
expect "it kills the orphans" wait_until is_gone d
expect "and says so" grep -q 'Cleaning up orphan container' "$tmp/agent.log"
expect "what is not its own stays" test -d "$root/of-somebody-else"
expect "the rest does not" has_containers 1
rmdir "$root/of-somebody-else"
finish
