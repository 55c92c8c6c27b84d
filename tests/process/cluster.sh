# SPDX-License-Identifier: Apache-2.0
#
# cluster.sh - real masters and agents on loopback, for tests to source.
#
# All ports are free ones that the kernel chose.  What was started is stopped
# and its directory removed when the test ends.  Conditions are waited for, in
# small steps up to WAIT_SECONDS.
set -u
WAIT_SECONDS=${WAIT_SECONDS:-60}
build=$top_builddir
tmp=$(mktemp -d "${TMPDIR:-/tmp}/cmesos-test.XXXXXX")
pids=
n_tests=0
ulimit -c 0
ip=127.0.0.1                    # of the daemons
LIBPROCESS_IP=$ip
MESOS_REGISTRATION_BACKOFF_FACTOR=10ms
MESOS_CGROUPS_ROOT=cmesos-test-$$
export LIBPROCESS_IP MESOS_REGISTRATION_BACKOFF_FACTOR MESOS_CGROUPS_ROOT

stop_daemons()
{
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    for pid in $pids; do
        wait "$pid" 2>/dev/null
    done
    pids=
}

# What executors that outlived their agents have left: nothing outlives a test.
stop_containers()
{
    for cgroup in "/sys/fs/cgroup/$MESOS_CGROUPS_ROOT" \
        "/sys/fs/cgroup/unified/$MESOS_CGROUPS_ROOT"; do
        [ -d "$cgroup" ] || continue
        echo 1 >"$cgroup/cgroup.kill"
        wait_until grep -q 'populated 0' "$cgroup/cgroup.events"
        find "$cgroup" -depth -type d -exec rmdir {} +
    done
}

stop_all()
{
    stop_daemons
    stop_containers
    rm -rf "$tmp" "$tmp.said"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

# result STATUS NAME [FILE]: one line of TAP; FILE goes along if it failed.
result()
{
    n_tests=$((n_tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $n_tests - $2"
    else
        echo "not ok $n_tests - $2"
        if [ "${3:-}" ]; then
            tail -n 40 "$3" | sed 's/^/# /'
        fi
    fi
}

# expect NAME COMMAND...: a test that is one command.
expect()
{
    expected_name=$1
    shift
    "$@" >"$tmp/said" 2>&1
    result $? "$expected_name" "$tmp/said"
}

# The test cannot go on.
give_up()
{
    echo "Bail out! $1"
    for log in "$tmp"/*.log; do
        echo "# $log"
        tail -n 20 "$log" | sed 's/^/# /'
    done
    exit 1
}

# wait_until COMMAND...: succeeds as soon as the command does.
wait_until()
{
    wait_end=$(($(date +%s) + WAIT_SECONDS))
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -ge "$wait_end" ]; then
            echo "waited in vain for: $*"
            return 1
        fi
        sleep 0.02
    done
}

# port_in LOG: the port that the line "... started on ...:PORT" tells.
port_in()
{
    sed -n 's/.* started on .*\(127\.0\.0\.1\|\[::1\]\):\([0-9]*\)$/\2/p' \
        "$1" | head -n 1
}

has_port()
{
    [ "$(port_in "$1")" ]
}

# keep_log NAME: puts the log of a daemon before this one aside, so that nobody
# takes its lines for those of the next.
keep_log()
{
    if [ -f "$tmp/$1.log" ]; then
        mv "$tmp/$1.log" "$tmp/$1.before.log"
    fi
}

# start_master [FLAG...]: sets $master and $master_pid.  At $master_port, if
# that is set.
start_master()
{
    keep_log master
    "$build/master/mesos-master" --ip="$ip" \
        --port="${master_port:-0}" \
        --work_dir="$tmp/master" "$@" >"$tmp/master.out" 2>"$tmp/master.log" &
    master_pid=$!
    pids="$pids $master_pid"
    wait_until has_port "$tmp/master.log" || give_up "the master is not up"
    wait_until grep -q 'Elected as the leading master' "$tmp/master.log" ||
        give_up "the master does not lead"
    case $ip in
    *:*) master=[$ip]:$(port_in "$tmp/master.log") ;;
    *) master=$ip:$(port_in "$tmp/master.log") ;;
    esac
}

# start_agent NAME [FLAG...]: sets $agent_pid; returns once the master has it.
# Programs come from $launcher_dir, if that is set.
start_agent()
{
    agent_name=$1
    shift
    keep_log "$agent_name"
    "$build/agent/mesos-agent" --ip="$ip" --port=0 --master="$master" \
        --work_dir="$tmp/$agent_name" --launcher_dir="${launcher_dir:-$build/executor}" \
        "$@" >"$tmp/$agent_name.out" 2>"$tmp/$agent_name.log" &
    agent_pid=$!
    pids="$pids $agent_pid"
    wait_until grep -q 'Registered with master' "$tmp/$agent_name.log" ||
        give_up "the agent has not registered"
}

# know_agent NAME: sets $id, which the agent writes down after it has told its
# log that it is registered.
know_agent()
{
    wait_until test -L "$tmp/$1/meta/slaves/latest" ||
        give_up "the agent has not written its id down"
    id=$(basename "$(readlink "$tmp/$1/meta/slaves/latest")")
}

# execute NAME COMMAND [FLAG...]: mesos-execute in the foreground.
execute()
{
    execute_name=$1
    execute_command=$2
    shift 2
    timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" \
        --master="$master" --name="$execute_name" \
        --command="$execute_command" --resources='cpus:0.1;mem:32' "$@"
}

# sandbox_has AGENT TASK FILE TEXT.  (find is happy if there is no such file.)
sandbox_has()
{
    find "$tmp/$1/slaves" -path "*/executors/$2/runs/*/$3" \
        -exec grep -l -- "$4" {} + 2>/dev/null | grep -q .
}

# The last test: nobody was killed by an invariant or by a sanitizer.
finish()
{
    stop_daemons
    ! grep -r -s -h -I -e 'Check failed' -e 'ERROR: .*Sanitizer' \
        -e 'WARNING: ThreadSanitizer' -e 'runtime error:' "$tmp" >"$tmp.said"
    result $? "no program broke down" "$tmp.said"
    echo "1..$n_tests"
}
