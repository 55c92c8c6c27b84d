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

# functions_in HEADER, callbacks_in HEADER: what it declares.
functions_in()
{
    sed -n 's/^\(MESOS_API .*[ *]\)\{0,1\}\(mesos_[a-z_]*\)(.*/\2/p' \
        "$top_srcdir/include/mesos/$1" | sort -u
}
callbacks_in()
{
    sed -n 's/^    void (\*\([a-z_]*\))(.*/\1/p' \
        "$top_srcdir/include/mesos/$1" | sort -u
}

# tells PAGE NAME: beyond its synopsis.
tells()
{
    sed '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/d' "$top_srcdir/docs/man/$1" |
        grep -q -w -- "$2" || { echo "$1 does not tell of $2"; return 1; }
}

# functions_are_documented HEADER: each has a link to a page that tells of it.
functions_are_documented()
{
    functions_in "$1" >"$tmp/functions"
    test "$(wc -l <"$tmp/functions")" -ge "$2" || return 1
    while read -r name; do
        page=$(sed -n "s/^\([a-z_]*\) .*\<$name\>.*/\1/p" \
            "$top_srcdir/docs/man/links")
        test "$page" || { echo "$name has no page"; return 1; }
        tells "$page.3mesos" "$name" || return 1
    done <"$tmp/functions"
}
expect "functions of the executor driver have manual pages" \
    functions_are_documented executor.h 9
expect "functions of the scheduler driver have manual pages" \
    functions_are_documented scheduler.h 20
expect "functions that both share have a manual page" \
    functions_are_documented mesos.h 3

callbacks_are_documented()
{
    callbacks_in "$1" >"$tmp/callbacks"
    test "$(wc -l <"$tmp/callbacks")" -ge "$3" || return 1
    while read -r name; do
        tells "$2" "$name" || return 1
    done <"$tmp/callbacks"
}
expect "callbacks of executors have a manual page" \
    callbacks_are_documented executor.h mesos_executor_callbacks.3mesos 9
expect "callbacks of frameworks have a manual page" \
    callbacks_are_documented scheduler.h mesos_scheduler_callbacks.3mesos 10

# nothing_gone: no link to what is not declared any more.
nothing_gone()
{
    cat "$top_srcdir"/include/mesos/*.h >"$tmp/headers"
    while read -r page names; do
        test -f "$top_srcdir/docs/man/$page.3mesos" || return 1
        for name in $names; do
            grep -q -w -- "$name" "$tmp/headers" ||
                { echo "no header has $name"; return 1; }
        done
    done <"$top_srcdir/docs/man/links"
}
expect "all that has a page exists" nothing_gone

# renders PAGE: without a warning.
renders()
{
    groff -w w -W break -t -man -Tutf8 "$1" >"$tmp/page" 2>"$tmp/warnings"
    cat "$tmp/warnings"
    test -s "$tmp/page" && test ! -s "$tmp/warnings"
}
if command -v groff >/dev/null; then
    for page in "$top_srcdir"/docs/man/*.[1-9]*; do
        expect "$(basename "$page") renders" renders "$page"
    done
fi
finish
