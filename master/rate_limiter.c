/* SPDX-License-Identifier: Apache-2.0
 *
 * rate_limiter.c - at most so many in a time, evenly spread. */
#include <config.h>

#include "master/rate_limiter.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>

/* More would be less than a nanosecond for each. */
#define PERMITS_MAX 1000000000u

/* A whole number above 0. */
static bool
parse_permits(const char *text, uint64_t *ret)
{
    uint64_t n = 0;

    for (; *text >= '0' && *text <= '9' && n <= PERMITS_MAX; text++) {
        n = n * 10 + (uint64_t) (*text - '0');
    }
    *ret = n;
    return *text == '\0' && n > 0 && n <= PERMITS_MAX;
}

struct error *
rate_limiter_parse(const char *text, struct rate_limiter *ret)
{
    const char *slash = text ? strchr(text, '/') : NULL;
    struct error *why = NULL;
    uint64_t n = 0;
    int64_t duration = 0;

    *ret = (struct rate_limiter) { 0, 0 };
    if (!text) {
        return NULL;
    }
    if (slash && !strchr(slash + 1, '/')) {
        autofree char *permits = xstrndup(text, (size_t) (slash - text));

        if (!parse_permits(permits, &n)) {
            why = error_create(ERROR_INVALID, "'%s' is not a number of "
                               "agents", permits);
        } else {
            why = duration_parse(slash + 1, &duration);
        }
        if (!why && duration > 0) {
            ret->interval_ns = duration / (int64_t) n;
            return NULL;
        }
    }
    struct error *error = error_create(
        ERROR_INVALID, "Invalid agent_removal_rate_limit: %s. Format is "
        "<Number of agents>/<Duration>%s%s", text, why ? ": " : "",
        why ? error_text(why) : "");

    error_destroy(why);
    return error;
}

bool
rate_limiter_take(struct rate_limiter *l, int64_t now_ns)
{
    if (l->interval_ns == 0) {
        return true;
    }
    if (now_ns < l->next_ns) {
        return false;
    }
    l->next_ns = now_ns + l->interval_ns;
    return true;
}

int64_t
rate_limiter_wait_ns(const struct rate_limiter *l, int64_t now_ns)
{
    return l->interval_ns == 0 || now_ns >= l->next_ns ? 0
                                                       : l->next_ns - now_ns;
}
