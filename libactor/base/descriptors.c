/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptors.c - see descriptors.h.  Thread: as said there. */
#include <config.h>

#include <actor/descriptors.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

static struct rlimit before;
static bool is_raised;

uint64_t
descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return 0;
    }
    if (!is_raised && limit.rlim_cur < limit.rlim_max) {
        before = limit;
        limit.rlim_cur = limit.rlim_max;
        is_raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

const struct rlimit *
descriptors_of_children(void)
{
    return is_raised ? &before : NULL;
}
