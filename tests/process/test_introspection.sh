#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_introspection.sh - asks a running master and agent by curl what they
# are doing: metrics, logs, sandboxes, help.
. "$top_srcdir/tests/process/cluster.sh"

MALLOC_CONF=prof:true,prof_active:false,lg_prof_sample:10
TMPDIR=$tmp
export MALLOC_CONF TMPDIR
start_master --log_dir="$tmp/logs" --memory_profiling
start_agent agent --external_log_file="$tmp/agent.log"
agent=127.0.0.1:$(port_in "$tmp/agent.log")
execute hello 'echo hello; ln -s /etc/passwd out; printf "\377" >bytes' \
    >"$tmp/out" 2>"$tmp/err"
result $? "a task runs" "$tmp/err"

# get URL: the body.
get()
{
    curl -sf -G --max-time 20 "$@"
}

# status_of URL...: the status; the body goes to $tmp/body.
status_of()
{
    curl -s -G --max-time 20 -o "$tmp/body" -w '%{http_code}' "$@"
}

# answers STATUS BODY URL...
answers()
{
    answers_status=$1
    printf '%s' "$2" >"$tmp/expected"
    shift 2
    [ "$(status_of "$@")" = "$answers_status" ] &&
        diff "$tmp/expected" "$tmp/body"
}

# matches REGEX URL...
matches()
{
    matches_regex=$1
    shift
    get "$@" >"$tmp/body"
    grep -Eq -- "$matches_regex" "$tmp/body" && return 0
    head -c 2000 "$tmp/body"
    return 1
}

# --- metrics ---
expect "the master's metrics are JSON" \
    matches '^\{"actor/.*"master/tasks_finished":1\.0[,}]' \
    "$master/metrics/snapshot?timeout=5secs"
expect "a bad timeout is refused" answers 400 \
    "Invalid timeout 'soon': Invalid duration 'soon'." \
    "$master/metrics/snapshot?timeout=soon"
expect "the master's metrics are Prometheus'" \
    matches '^master_tasks_finished_total 1$' "$master/metrics"
expect "and OpenMetrics, for who asks" \
    matches '^# EOF$' -H 'Accept: application/openmetrics-text' \
    "$master/metrics"
expect "the agent's metrics are Prometheus'" \
    matches '^slave_tasks_finished_total 1$' "$agent/metrics"

# --- logs ---
expect "the master's log is there" \
    matches '"data":"Log file created at: ' \
    "$master/files/read?path=/master/log&offset=0&length=100"
expect "with the size of it" \
    matches '^\{"data":"","offset":[1-9][0-9]*\}$' \
    "$master/files/read?path=/master/log"
expect "the agent's log is the external one" \
    matches '"data":"[IW][0-9]{4} ' \
    "$agent/files/read?path=/slave/log&offset=0"
expect "/state tells where it is" \
    matches "\"external_log_file\":\"$tmp/agent.log\"" "$agent/state"
expect "a log is a file" answers 200 '[]' \
    "$master/files/browse?path=/master/log"

# --- the sandbox ---
real=$(find "$tmp/agent/slaves" -type d -path '*/executors/hello/runs/*')
stable=$(get "$agent/files/debug" |
    sed -n 's/^{"\(\/frameworks\/[^"]*\)":.*/\1/p')
# shows_sandbox PATH
shows_sandbox()
{
    matches "\"path\":\"$1/stdout\"" "$agent/files/browse" -d "path=$1"
}
expect "the sandbox is under its own path" shows_sandbox "$real"
expect "and as the latest" shows_sandbox "$(dirname "$real")/latest"
expect "and under its stable name" shows_sandbox "$stable"
expect "its output is read" answers 200 '{"data":"hello\n","offset":0}' \
    "$agent/files/read" -d "path=$stable/stdout" -d offset=0
expect "its output is downloaded" answers 200 'hello
' "$agent/files/download" -d "path=$stable/stdout"
expect "bytes that are no text are still JSON" \
    answers 200 "$(printf '{"data":"\357\277\275","offset":0}')" \
    "$agent/files/read" -d "path=$stable/bytes" -d offset=0
expect "a link to the outside leads nowhere" \
    answers 400 "'$stable/out' is inaccessible.
" "$agent/files/read" -d "path=$stable/out" -d offset=0
expect "a path is needed" answers 400 "Expecting 'path=value' in query.
" "$agent/files/read"
expect "what is not attached is not found" answers 404 '' \
    "$agent/files/browse" -d "path=/etc"

# --- the heap: not all builds have jemalloc, and not every jemalloc profiles ---
heap=$master/memory-profiler
expect "the heap's state is told" \
    matches '"memory_profiler":\{"current_run":\{"id":null\},"jemalloc_' \
    "$heap/state"
if grep -q '"profiling_enabled":true' "$tmp/body"; then
    expect "a heap profile is started" \
        matches '"remaining_seconds":"60"' "$heap/start?duration=60secs"
    expect "and stopped" matches '"url_raw_profile":' "$heap/stop"
    expect "it is a file for jeprof" \
        matches '^heap_v2/1024$' "$heap/download/raw"
    expect "the allocator's statistics are JSON" \
        matches '^\{"jemalloc":' "$heap/statistics"
else
    expect "a heap profile is refused" \
        [ "$(status_of "$heap/start")" = 400 ]
    expect "and says what is missing" grep -q 'jemalloc\|MALLOC_CONF' \
        "$tmp/body"
fi
expect "the heap is not for everybody" answers 404 '404 Not Found.' \
    "$agent/memory-profiler/state"

# --- the rest ---
expect "what the host does is told" matches \
    '^\{"avg_load_15min":[0-9.]+,"avg_load_1min":[0-9.]+,"avg_load_5min":[0-9.]+,"cpus_total":[0-9]+,"mem_free_bytes":[0-9]+,"mem_total_bytes":[0-9]+\}$' \
    "$agent/system/stats.json"
expect "help lists the actors" matches '^> \[/files\]\[files\]$' "$master/help"
expect "and their routes" matches '^> \[/files/read\]\[/read\]$' \
    "$master/help/files"
expect "and has a page for each" matches '^### TL;DR; ###$' \
    "$master/help/files/read"

finish
