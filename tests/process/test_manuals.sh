#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_manuals.sh - the flags of a program are those of its manual page.
. "$top_srcdir/tests/process/cluster.sh"

# flags_told PROGRAM: the names of its flags by its own account.
flags_told()
{
    "$build/$1" --help |
        sed -n 's/^  --\(\[no-\]\)\{0,1\}\([a-z_]*\).*/\2/p' | sort -u
}

# flags_in PAGE
flags_in()
{
    sed -n -e '/^\.TP/{' -e n -e 's/\\-/-/g' -e 's/--\[no-\]/--/g' \
        -e 's/--no-/--/g' -e p -e '}' "$top_srcdir/docs/man/$1" |
        grep -o -e '--[a-z_][a-z_]*' | sed 's/^--//' | sort -u
}

# same_flags PROGRAM PAGE
same_flags()
{
    flags_told "$1" >"$tmp/told"
    flags_in "$2" >"$tmp/in"
    test -s "$tmp/told" && diff "$tmp/told" "$tmp/in"
}

for pair in master/mesos-master:mesos-master.8 agent/mesos-agent:mesos-agent.8 \
        cli/mesos-execute:mesos-execute.1 cli/mesos-local:mesos-local.1; do
    expect "${pair#*:} has the flags of ${pair%:*}" \
        same_flags "${pair%:*}" "${pair#*:}"
done

# api_in HEADER: the functions that it declares, and the callbacks.
api_in()
{
    sed -n -e 's/^\(MESOS_API .*[ *]\)\{0,1\}\(mesos_executor_driver_[a-z_]*\)(.*/\2/p' \
        -e 's/^    void (\*\([a-z_]*\))(.*/\1/p' \
        "$top_srcdir/include/mesos/$1" | sort -u
}

# api_is_documented HEADER PAGE...
api_is_documented()
{
    api_in "$1" >"$tmp/api"
    shift
    test "$(wc -l <"$tmp/api")" -ge 10 || return 1
    while read -r name; do
        (cd "$top_srcdir/docs/man" && cat "$@") |
            grep -v '^\.B "' | grep -q -w -- "$name" ||
            { echo "$name is in none of: $*"; return 1; }
    done <"$tmp/api"
}
expect "the executor's functions and callbacks have manual pages" \
    api_is_documented executor.h mesos_executor_driver.3mesos \
    mesos_executor_callbacks.3mesos
finish
