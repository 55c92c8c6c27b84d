#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_thousand_tasks.sh - one framework runs 1,000 tasks on one agent, twice,
# and none is lost.
. "$top_srcdir/tests/process/cluster.sh"

start_master
start_agent agent --resources='cpus:100;mem:100000'

for round in first second; do
    timeout 300 "$build/tests/process/thousand_tasks" "$master" 1000 \
        >"$tmp/out" 2>"$tmp/framework.log"
    result $? "the $round thousand tasks all finish" "$tmp/out"
    expect "and each of them once" grep -x 'finished 1000' "$tmp/out"
done
kill -0 "$master_pid" && kill -0 "$agent_pid"
result $? "master and agent are still there" "$tmp/agent.log"
finish
