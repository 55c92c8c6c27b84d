/* SPDX-License-Identifier: Apache-2.0
 *
 * group.c - task groups of the framework of a cluster.
 *
 * A group gets an executor of type DEFAULT of its own, by the name of its first
 * task, and as one operation the first offer that has room for all of it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <mesos/scheduler.h>

#include "model/resources.h"
#include "tests/cluster/private.h"

#define TASK_RESOURCES "cpus:1;mem:32"
#define EXECUTOR_RESOURCES "cpus:0.125;mem:32;disk:32"

void
cluster_launch_group(struct cluster *c, const char *const (*tasks)[2],
                     size_t n)
{
    c->n_groups++;
    for (size_t i = 0; i < n; i++) {
        cluster_launch(c, tasks[i][0], tasks[i][1]);
        vec_last(&c->tasks)->group = c->n_groups;
    }
}

unsigned
cluster_waiting_group(struct cluster *c)
{
    vec_foreach (&c->tasks, it) {
        if (!(*it)->is_launched && (*it)->group > 0) {
            return (*it)->group;
        }
    }
    return 0;
}

/* Takes what 'text' says out of 'available'. */
static bool
take(struct resources *available, const char *text, struct message *m,
     V1__Resource ***ret, size_t *ret_n)
{
    autofini(resources) wanted = { 0 };
    autofini(resources) part = { 0 };

    cluster_must(resources_parse(text, "*", &wanted));
    if (!resources_find(available, &wanted, "*", &part)) {
        return false;
    }
    resources_subtract(available, &part);
    resources_encode(&part, m, ret, ret_n);
    return true;
}

/* What a command knows of whose it is: tasks of a group do not inherit their
 * executor's environment. */
static V1__Environment *
make_environment(struct message *m, const char *id)
{
    V1__Environment *environment = message_new(m, &v1__environment__descriptor);
    V1__Environment__Variable *variable =
        message_new(m, &v1__environment__variable__descriptor);

    variable->name = message_strdup(m, CLUSTER_TASK_VARIABLE);
    variable->value = message_strdup(m, id);
    environment->variables = message_array(m, 1, sizeof variable);
    environment->variables[0] = variable;
    environment->n_variables = 1;
    return environment;
}

static bool
add_task(struct message *m, V1__TaskGroupInfo *group,
         const struct cluster_task *task, const V1__Offer *offer,
         struct resources *available)
{
    V1__TaskInfo *info = message_new(m, &v1__task_info__descriptor);

    info->name = task->id;
    info->task_id = message_new(m, &v1__task_id__descriptor);
    info->task_id->value = task->id;
    info->agent_id = offer->agent_id;
    info->command = message_new(m, &v1__command_info__descriptor);
    info->command->value = task->command;
    info->command->environment = make_environment(m, task->id);
    group->tasks[group->n_tasks++] = info;
    return take(available, TASK_RESOURCES, m, &info->resources,
                &info->n_resources);
}

static bool
fill_in(struct cluster *c, unsigned group, const V1__Offer *offer,
        struct resources *available, struct message *m)
{
    V1__Offer__Operation *operation = message_root(m);
    V1__Offer__Operation__LaunchGroup *launch =
        message_new(m, &v1__offer__operation__launch_group__descriptor);
    V1__ExecutorInfo *executor = message_new(m,
                                             &v1__executor_info__descriptor);
    bool fits = take(available, EXECUTOR_RESOURCES, m, &executor->resources,
                     &executor->n_resources);

    operation->has_type = true;
    operation->type = V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP;
    operation->launch_group = launch;
    launch->executor = executor;
    executor->has_type = true;
    executor->type = V1__EXECUTOR_INFO__TYPE__DEFAULT;
    executor->executor_id = message_new(m, &v1__executor_id__descriptor);
    executor->framework_id = offer->framework_id;
    launch->task_group = message_new(m, &v1__task_group_info__descriptor);
    launch->task_group->tasks = message_array(m, c->tasks.n, sizeof(void *));
    vec_foreach (&c->tasks, it) {
        if ((*it)->group == group && fits) {
            if (launch->task_group->n_tasks == 0) {
                executor->executor_id->value = (*it)->id;
            }
            fits = add_task(m, launch->task_group, *it, offer, available);
        }
    }
    return fits;
}

bool
cluster_offer_group(struct cluster *c, const V1__Offer *offer)
{
    unsigned group = cluster_waiting_group(c);
    autodestroy(message) *m =
        message_create(&v1__offer__operation__descriptor);
    autofini(resources) available = { 0 };
    const V1__Offer__Operation *operation = message_root(m);
    const V1__OfferID *id = offer->id;

    cluster_must(resources_decode(offer->resources, offer->n_resources,
                                  &available));
    if (group == 0 || !fill_in(c, group, offer, &available, m)) {
        return false;
    }
    vec_foreach (&c->tasks, it) {
        (*it)->is_launched |= (*it)->group == group;
    }
    mesos_scheduler_driver_accept_offers(c->driver, &id, 1, &operation, 1,
                                         NULL);
    return true;
}
