#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_house.sh - the tree keeps the rules of the house, and the checks that
# say so notice when it does not.
set -u
aux=$top_srcdir/build-aux
tmp=$(mktemp -d "${TMPDIR:-/tmp}/cmesos-house.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
n_tests=0

# result STATUS NAME: one line of TAP; what the check said goes along.
result()
{
    n_tests=$((n_tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $n_tests - $2"
    else
        echo "not ok $n_tests - $2"
        sed 's/^/# /' "$tmp/said"
    fi
}

# tree_passes CHECK
tree_passes()
{
    "$aux/$1" "$top_srcdir" >"$tmp/said" 2>&1
    result $? "the tree passes $1"
}

# plant FILE: writes standard input to FILE of an otherwise clean tree.
plant()
{
    rm -rf "$tmp/tree"
    mkdir -p "$tmp/tree/libactor/base" "$tmp/tree/libactor/core" \
        "$tmp/tree/$(dirname "$1")"
    echo 'libactor/include/actor/log.h' >"$tmp/tree/libactor/base/local.mk"
    echo 'libactor/include/actor/actor.h' >"$tmp/tree/libactor/core/local.mk"
    cat >"$tmp/tree/$1"
}

# refuses CHECK WHAT EXPECTED: CHECK fails and its text has EXPECTED in it.
refuses()
{
    if "$aux/$1" "$tmp/tree" >"$tmp/said" 2>&1; then
        result 1 "$1 refuses $2"
    else
        grep -q "$3" "$tmp/said"
        result $? "$1 refuses $2"
    fi
}

# accepts CHECK WHAT
accepts()
{
    "$aux/$1" "$tmp/tree" >"$tmp/said" 2>&1
    result $? "$1 accepts $2"
}

tree_passes check-config-h
plant master/a.c <<'END'
#include <stdio.h>
#include <config.h>
END
refuses check-config-h "a file that includes config.h late" 'a.c:1:'
plant master/a.h <<'END'
#include <config.h>
END
refuses check-config-h "a header that includes config.h" 'a.h:1:'
plant master/a.c <<'END'
/* Empty. */
#include <config.h>
#include <stdio.h>
END
accepts check-config-h "a file that includes it first"

tree_passes check-layers
plant libactor/base/a.c <<'END'
#include <actor/actor.h>
END
refuses check-layers "a lower layer's use of a higher one" 'a.c:1:'
plant libactor/base/a.c <<'END'
#include "core/mailbox.h"
END
refuses check-layers "the same by an internal header" 'a.c:1:'
plant master/a.c <<'END'
#include "agent/agent.h"
END
refuses check-layers "a daemon that includes another" 'a.c:1:'
plant master/a.c <<'END'
#include "core/mailbox.h"
END
refuses check-layers "a daemon that includes libactor's inside" 'inside'
plant master/a.c <<'END'
#include "libactor/core/mailbox.h"
END
refuses check-layers "the same by another path" 'inside'
plant model/a.h <<'END'
#include "master/offer.h"
END
refuses check-layers "a model that knows a daemon" 'a.h:1:'
plant cli/execute.c <<'END'
#include "master/master.h"
END
refuses check-layers "a command that includes a daemon" 'daemon'
plant master/a.c <<'END'
#include "offer.h"
END
refuses check-layers "a path that is not from the top" 'from the top'
plant libactor/include/actor/a.h <<'END'
#include <stdio.h>
END
refuses check-layers "a public header of no layer" 'no local.mk'
plant include/mesos/a.h <<'END'
#include <actor/log.h>
END
refuses check-layers "an installed header that needs one that is not" 'a.h:1:'
plant cli/mesos_local.c <<'END'
#include "master/master.h"
#include "agent/agent.h"
END
accepts check-layers "mesos-local's use of both daemons"
plant libactor/core/a.c <<'END'
#include <actor/log.h>
#include "base/siphash.h"
#include "core/mailbox.h"
END
accepts check-layers "a higher layer's use of a lower one"

tree_passes check-calls
for call in strtok sprintf strcpy atoi sleep rand localtime; do
    echo "    x = $call(y);" | plant tests/unit/a.c
    refuses check-calls "$call()" "$call()"
done
for call in strtod exit fork malloc clock_gettime pthread_mutex_lock \
        atomic_load; do
    echo "    $call(x);" | plant agent/a.c
    refuses check-calls "$call() in a daemon" 'a.c:1:'
done
plant agent/a.c <<'END'
/* sleep() is
 * sprintf() */ int x; // atoi(x)
    x("sleep(1)", '"', "\"strcpy(a, b)"); y->exit(0); gmtime_r(a, b);
    my_strtok(a); _exit(1);
END
accepts check-calls "comments, strings and other names"

printf '%s\n' a.c docs/b docs/deep/c.txt >"$tmp/tracked"
printf '%s\n' a.c docs >"$tmp/distributed"
"$aux/check-dist" "$tmp/tracked" "$tmp/distributed" >"$tmp/said" 2>&1
result $? "check-dist accepts files of a distributed directory"
echo b.c >>"$tmp/tracked"
! "$aux/check-dist" "$tmp/tracked" "$tmp/distributed" >"$tmp/said" 2>&1 &&
    grep -q '^b.c' "$tmp/said"
result $? "check-dist refuses a file that was forgotten"

if [ -e "$top_srcdir/.git" ] && command -v git >/dev/null; then
    git -C "$top_srcdir" ls-files >"$tmp/tracked"
    (unset MAKEFLAGS MFLAGS; make -s -C "$top_builddir" list-distributed) \
        >"$tmp/distributed"
    "$aux/check-dist" "$tmp/tracked" "$tmp/distributed" >"$tmp/said" 2>&1
    result $? "every file of git is distributed"
else
    n_tests=$((n_tests + 1))
    echo "ok $n_tests - every file of git is distributed # SKIP no git"
fi

echo "1..$n_tests"
