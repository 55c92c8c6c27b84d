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
finish
