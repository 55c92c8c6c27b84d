#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_ipv6.sh - a whole cluster at ::1: master, agent, executor, and
# mesos-execute.
. "$top_srcdir/tests/process/cluster.sh"

if ! grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null; then
    echo "1..0 # SKIP this host has no ::1"
    exit 0
fi
ip=::1
LIBPROCESS_IP=$ip
start_master
start_agent agent

runs()
{
    execute six 'echo "$LIBPROCESS_IP is where we are"' &&
        sandbox_has agent six stdout '::1 is where we are'
}
expect "a task runs on a cluster at ::1" runs

expect "errors name the flag and the value" sh -c '
    ! "$1/master/mesos-master" --ip=:::1 2>"$2" && grep -q ":::1" "$2"
' sh "$build" "$tmp/refused"

refuses_variable()
{
    ! LIBPROCESS_ADVERTISE_PORT=99999 "$build/agent/mesos-agent" \
        --master="$master" --work_dir="$tmp/none" 2>"$tmp/refused" &&
        grep -q "LIBPROCESS_ADVERTISE_PORT: '99999'" "$tmp/refused"
}
expect "errors name the variable and the value" refuses_variable

says_who()
{
    LIBPROCESS_ADVERTISE_IP=::2 "$build/master/mesos-master" --ip=::1 \
        --port=0 --advertise_port=7 --work_dir="$tmp/other" \
        --no-hostname_lookup 2>"$tmp/other.log" &
    pids="$pids $!"
    wait_until grep -q 'started on .*\[::2\]:7' "$tmp/other.log"
}
expect "flags and variables say what to advertise" says_who
finish
