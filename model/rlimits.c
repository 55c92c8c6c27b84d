/* SPDX-License-Identifier: Apache-2.0
 *
 * rlimits.c - resource limits that a task asks for.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "model/rlimits.h"

#include <sys/resource.h>

#include <actor/error.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define TYPE(NAME) [V1__RLIMIT_INFO__RLIMIT__TYPE__RLMT_##NAME] = RLIMIT_##NAME

static const int resources[] = {
    TYPE(AS), TYPE(CORE), TYPE(CPU), TYPE(DATA), TYPE(FSIZE), TYPE(LOCKS),
    TYPE(MEMLOCK), TYPE(MSGQUEUE), TYPE(NICE), TYPE(NOFILE), TYPE(NPROC),
    TYPE(RSS), TYPE(RTPRIO), TYPE(RTTIME), TYPE(SIGPENDING), TYPE(STACK),
};

static struct error *
read_one(const V1__RLimitInfo__RLimit *limit, struct actor_child_rlimit *ret)
{
    struct actor_child_rlimit read = {
        .soft = RLIM_INFINITY, .hard = RLIM_INFINITY,
    };

    if (!limit->has_type || limit->type <= 0
        || (size_t) limit->type >= ARRAY_SIZE(resources)) {
        return error_create(ERROR_INVALID,
                            "Could not convert rlimit: Unknown rlimit type");
    }
    if (limit->has_soft != limit->has_hard) {
        return error_create(ERROR_INVALID, "Invalid rlimit values");
    }
    read.resource = resources[limit->type];
    if (limit->has_soft) {
        read.soft = limit->soft;
        read.hard = limit->hard;
    }
    *ret = read;
    return NULL;
}

struct error *
rlimits_read(const V1__RLimitInfo *info,
             struct actor_child_rlimit ret[RLIMITS_MAX], size_t *ret_n)
{
    size_t n = 0;

    for (size_t i = 0; info && i < info->n_rlimits; i++) {
        struct actor_child_rlimit limit;
        struct error *error = read_one(info->rlimits[i], &limit);
        size_t at = 0;

        if (error) {
            return error;
        }
        while (at < n && ret[at].resource != limit.resource) {
            at++;
        }
        ret[at] = limit;
        n += at == n;
    }
    *ret_n = n;
    return NULL;
}
