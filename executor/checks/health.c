/* SPDX-License-Identifier: Apache-2.0
 *
 * health.c - what the outcomes of a health check make of a task's health.
 * Thread: any. */
#include <config.h>

#include "executor/checks/health.h"

enum health_verdict
health_note(struct health *h, int64_t now, bool is_good)
{
    if (is_good) {
        bool is_news = !h->was_healthy || h->n_failures > 0;

        h->was_healthy = true;
        h->n_failures = 0;
        return is_news ? HEALTH_GOOD : HEALTH_SAME;
    }
    if (!h->was_healthy && h->grace_ns > 0
        && now - h->started <= h->grace_ns) {
        return HEALTH_IGNORED;
    }
    if (h->n_failures < UINT32_MAX) {
        h->n_failures++;
    }
    return h->n_failures >= h->max_failures ? HEALTH_FATAL : HEALTH_BAD;
}
