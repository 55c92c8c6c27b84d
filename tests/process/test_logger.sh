#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_logger.sh - outputs of tasks that are rotated, by a real task that says
# much.
: "${top_builddir:=.}" "${top_srcdir:=.}"
. "$top_srcdir/tests/process/cluster.sh"

here=$(cd "$build" && pwd)
mkdir -p "$tmp/libexec"
ln -s "$here/executor/mesos-executor" \
    "$here/agent/logger/mesos-logrotate-logger" "$tmp/libexec"
logger=$here/agent/logger/mesos-logrotate-logger

# size FILE
size()
{
    wc -c <"$1"
}

# --- the program alone ---

yes 'some line' | head -c 300000 | "$logger" --log_filename="$tmp/alone" \
    --max_size=100KB 2>"$tmp/alone.said"
expect "a file stays below its size" [ "$(size "$tmp/alone")" -le 102400 ]
expect "the one before it is kept" [ -s "$tmp/alone.1" ]
expect "it is not larger" [ "$(size "$tmp/alone.1")" -le 102400 ]
echo one | "$logger" --log_filename="$tmp/small" --max_size=100KB
echo two | "$logger" --log_filename="$tmp/small" --max_size=100KB
expect "what is there already stays" [ "$(cat "$tmp/small")" = "one
two" ]
yes | head -c 3000000 | "$logger" --log_filename="$tmp/none/x" \
    2>"$tmp/none.said"
expect "what cannot be written is dropped, and read all the same" \
    [ "$(grep -c 'failed to open' "$tmp/none.said")" -eq 1 ]
cat >"$tmp/logrotate" <<'FAKE'
#!/bin/sh
# Takes '--state FILE CONFIGURATION', as logrotate(8).
cp "$3" "$(dirname "$3")/configuration"
file=$(sed -n 's/^"\(.*\)" {$/\1/p' "$3")
mv "$file" "$file.rotated"
FAKE
chmod +x "$tmp/logrotate"
yes 'some line' | head -c 150000 | "$logger" --log_filename="$tmp/by" \
    --max_size=100KB --logrotate_options='rotate 9' \
    --logrotate_path="$tmp/logrotate"
expect "with options logrotate does it" [ -s "$tmp/by.rotated" ]
expect "it is told the options" grep -q '^rotate 9$' "$tmp/configuration"
expect "and the size" grep -q '^size 102400$' "$tmp/configuration"
expect "the next file is begun" [ -s "$tmp/by" ]

# --- with an agent ---

module=org_apache_mesos_LogrotateContainerLogger
"$build/agent/mesos-agent" --master=127.0.0.1:1 --work_dir="$tmp/no" \
    --container_logger=nobody >"$tmp/no.out" 2>"$tmp/no.said"
expect "an agent refuses a logger that it does not know" \
    grep -q "Module 'nobody' unknown" "$tmp/no.said"
cat >"$tmp/modules.json" <<JSON
{"libraries": [{"file": "/usr/lib/liblogrotate_container_logger.so",
  "modules": [{"name": "$module", "parameters": [
    {"key": "max_stdout_size", "value": "40KB"},
    {"key": "max_stderr_size", "value": "1MB"}]}]}]}
JSON
sed 's/40KB/4/' "$tmp/modules.json" >"$tmp/bad.json"
"$build/agent/mesos-agent" --master=127.0.0.1:1 --work_dir="$tmp/no" \
    --container_logger=$module --modules="file://$tmp/bad.json" \
    >"$tmp/no.out" 2>"$tmp/no.said"
expect "and a size below a page" grep -q "Failed to parse '4'" "$tmp/no.said"

start_master
launcher_dir=$tmp/libexec
start_agent agent --resources='cpus:8;mem:4096' --no-switch_user \
    --container_logger=$module --modules="file://$tmp/modules.json"

# in_sandbox TASK FILE
in_sandbox()
{
    find "$tmp/agent/slaves" -path "*/executors/$1/runs/*/$2" | head -n 1
}

execute chatty 'yes some line | head -c 200000; echo to stderr >&2' \
    >"$tmp/chatty.said" 2>&1
is_over()
{
    grep -q 'some line' "$(in_sandbox chatty stdout.1)" &&
        [ -s "$(in_sandbox chatty stdout)" ]
}
expect "the output of a task is rotated" wait_until is_over
expect "it stays below what the agent was told" \
    [ "$(size "$(in_sandbox chatty stdout)")" -le 40960 ]
expect "so did the one before" \
    [ "$(size "$(in_sandbox chatty stdout.1)")" -le 40960 ]
expect "the other one is its own" sandbox_has agent chatty stderr 'to stderr'

execute own 'yes some line | head -c 200000' \
    --env='{"CONTAINER_LOGGER_MAX_STDOUT_SIZE": "1MB"}' \
    >"$tmp/own.said" 2>&1
has_all()
{
    [ "$(grep -c 'some line' "$(in_sandbox own stdout)")" -ge 19999 ]
}
expect "a task may say how much" wait_until has_all
expect "then nothing is rotated" [ -z "$(in_sandbox own stdout.1)" ]

no_loggers()
{
    ! pgrep -f "log_filename=$tmp/agent" >/dev/null
}
expect "loggers go with their tasks" wait_until no_loggers
finish
