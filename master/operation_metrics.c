/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_metrics.c - how many operations there are and were. */
#include <config.h>

#include "master/operation_metrics.h"

#include <stdio.h>

#include <actor/compiler.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define TYPE(NAME) V1__OFFER__OPERATION__TYPE__##NAME
#define STATE(NAME) V1__OPERATION_STATE__OPERATION_##NAME

static const struct {
    int type;
    const char *name;
} types[OPERATION_METRICS_TYPES] = {
    { -1, "" },
    { TYPE(RESERVE), "reserve/" },
    { TYPE(UNRESERVE), "unreserve/" },
    { TYPE(CREATE), "create/" },
    { TYPE(DESTROY), "destroy/" },
    { TYPE(GROW_VOLUME), "grow_volume/" },
    { TYPE(SHRINK_VOLUME), "shrink_volume/" },
    { TYPE(CREATE_DISK), "create_disk/" },
    { TYPE(DESTROY_DISK), "destroy_disk/" },
};

static const struct {
    int state;                  /* -1: counts all */
    const char *name;
    int is_gauge;
} states[OPERATION_METRICS_STATES] = {
    { -1, "total", 0 },
    { STATE(PENDING), "pending", 1 },
    { STATE(RECOVERING), "recovering", 1 },
    { STATE(UNREACHABLE), "unreachable", 1 },
    { STATE(FINISHED), "finished", 0 },
    { STATE(FAILED), "failed", 0 },
    { STATE(ERROR), "error", 0 },
    { STATE(DROPPED), "dropped", 0 },
    { STATE(GONE_BY_OPERATOR), "gone_by_operator", 0 },
};

void
operation_metrics_init(struct operation_metrics *m,
                       struct actor_system *system)
{
    struct metrics *registry = actor_system_metrics(system);

    m->system = system;
    for (int t = 0; t < OPERATION_METRICS_TYPES; t++) {
        for (int s = 0; s < OPERATION_METRICS_STATES; s++) {
            char name[96];

            snprintf(name, sizeof name, "master/operations/%s%s",
                     types[t].name, states[s].name);
            m->metrics[t][s] = states[s].is_gauge
                ? metrics_add_gauge(registry, name)
                : metrics_add_counter(registry, name);
        }
    }
}

void
operation_metrics_fini(struct operation_metrics *m)
{
    if (!m->system) {
        return;
    }
    for (int t = 0; t < OPERATION_METRICS_TYPES; t++) {
        for (int s = 0; s < OPERATION_METRICS_STATES; s++) {
            metrics_remove(actor_system_metrics(m->system),
                           &m->metrics[t][s]);
        }
    }
}

static void
count(struct operation_metrics *m, int type, int state, int amount)
{
    for (int t = 0; t < OPERATION_METRICS_TYPES; t++) {
        for (int s = 0; s < OPERATION_METRICS_STATES; s++) {
            if ((types[t].type != -1 && types[t].type != type)
                || states[s].state != state) {
                continue;
            }
            if (states[s].is_gauge) {
                metric_add(m->metrics[t][s], amount);
            } else if (amount > 0) {
                metric_increment(m->metrics[t][s], amount);
            }
        }
    }
}

void
operation_metrics_add(struct operation_metrics *m, int type, int state)
{
    count(m, type, -1, 1);
    count(m, type, state, 1);
}

void
operation_metrics_move(struct operation_metrics *m, int type, int from,
                       int to)
{
    count(m, type, from, -1);
    if (to >= 0) {
        count(m, type, to, 1);
    }
}
