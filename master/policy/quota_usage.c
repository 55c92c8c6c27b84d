/* SPDX-License-Identifier: Apache-2.0
 *
 * quota_usage.c - what there is in the cluster, and what roles have of it.
 *
 * What a role consumes is what its tasks and executors use of resources that
 * are nobody's, and all that is reserved to it; with all roles below it.
 * Revocable resources do not count: so does the allocator see it. */
#include <config.h>

#include "master/policy/quota_usage.h"

#include <actor/alloc.h>
#include <actor/error.h>
#include <utlist.h>

#include "master/private.h"
#include "model/reservations.h"

static void
add_unreserved(struct resource_quantities *sum,
               const struct resources *resources)
{
    resource_quantities_add_scalars(sum, resources, QUANTITIES_UNRESERVED,
                                    NULL);
}

static void
add_used(const struct agent *agent, struct role_usages *usages)
{
    const struct task *task;
    const struct executor *executor;
    const struct text *known = NULL;    /* tasks share the texts of roles */
    struct role_usage *usage = NULL;

    DL_FOREACH(agent->tasks.first, task) {
        if (task->role != known) {
            known = task->role;
            usage = role_usages_find_top(usages, known->s);
        }
        if (usage && task->holds_resources) {
            add_unreserved(&usage->consumed, &task->resources);
        }
    }
    DL_FOREACH(agent->executors, executor) {
        usage = role_usages_find_top(usages, executor->role);
        if (usage) {
            add_unreserved(&usage->consumed, &executor->resources);
        }
    }
}

static void
add_reserved(const struct agent *agent, struct role_usages *usages)
{
    struct role_usage *usage;

    if (!resources_has_reservations(&agent->total)) {
        return;
    }
    for (usage = usages->table; usage; usage = usage->hh.next) {
        resource_quantities_add_scalars(&usage->consumed, &agent->total,
                                        QUANTITIES_RESERVED, usage->role);
    }
}

static void
add_offered(const struct agent *agent, struct role_usages *usages)
{
    const struct offer *offer;

    DL_FOREACH2(agent->offers, offer, agent_next) {
        struct role_usage *usage = role_usages_find_top(usages, offer->role);

        if (usage) {
            add_unreserved(&usage->offered, &offer->resources);
        }
    }
}

void
quota_usage_compute(const struct master *m, struct role_usages *usages)
{
    const struct agent *agent = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        add_used(agent, usages);
        add_reserved(agent, usages);
        add_offered(agent, usages);
    }
}

/* What an agent will have when it is back, as far as the registry knows. */
static void
add_recovered(const V1__AgentInfo *info, struct resource_quantities *sum)
{
    autofini(resources) total = { 0 };
    struct error *error = resources_decode(info->resources, info->n_resources,
                                           &total);

    if (error) {
        error_drop(error);
        return;
    }
    resource_quantities_add_scalars(sum, &total, QUANTITIES_FIRM, NULL);
}

/* Agents that have not come back yet after a failover count as well: else the
 * cluster would have nothing just then (a weak point of Mesos). */
void
quota_usage_capacity(const struct master *m, struct resource_quantities *ret)
{
    const struct agent *agent = NULL;
    const struct id_record *record = NULL;

    *ret = (struct resource_quantities) { 0 };
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        resource_quantities_add_scalars(ret, &agent->total, QUANTITIES_FIRM,
                                        NULL);
    }
    while ((record = ids_next(&m->known.recovered, record)) != NULL) {
        add_recovered(record->part, ret);
    }
}
