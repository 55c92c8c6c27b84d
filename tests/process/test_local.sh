#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_local.sh - a cluster in one process.
. "$top_srcdir/tests/process/cluster.sh"

MESOS_LAUNCHER_DIR=$build/executor
export MESOS_LAUNCHER_DIR
"$build/cli/mesos-local" --ip=127.0.0.1 --port=0 --num_slaves=3 \
    --work_dir="$tmp/local" 2>"$tmp/local.log" &
local_pid=$!
pids=$local_pid
wait_until has_port "$tmp/local.log" || give_up "mesos-local is not up"
master=127.0.0.1:$(port_in "$tmp/local.log")

all_are_registered()
{
    [ "$(grep -c 'Registered with master' "$tmp/local.log")" -eq 3 ]
}
expect "all three agents register" wait_until all_are_registered

metrics_add_up()
{
    curl -sf --max-time 5 "http://$master/metrics/snapshot" >"$tmp/metrics" &&
        grep -q '"slave/registered":3[.,}]' "$tmp/metrics" &&
        grep -q '"slave/cpus_percent":0[.,}]' "$tmp/metrics"
}
expect "the metrics of the agents add up" wait_until metrics_add_up
! grep 'already added with another kind' "$tmp/local.log"
result $? "no metric is in the way of another" "$tmp/local.log"

execute hello 'echo hello' >"$tmp/out" 2>&1
result $? "a command runs" "$tmp/out"
kill -TERM $local_pid
wait $local_pid
result $? "a signal ends the cluster" "$tmp/local.log"

"$build/cli/mesos-local" --nonsense >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q "nonsense" "$tmp/out"
result $? "unknown flags are refused" "$tmp/out"
finish
