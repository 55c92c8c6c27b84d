/* SPDX-License-Identifier: Apache-2.0
 *
 * task_resources.c - reservations and volumes that tasks use.
 *
 * Thread: the agent's turns; link_run() in the pool. */
#include <config.h>

#include "agent/operations/task_resources.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/work.h>

#include "agent/operations/volumes.h"
#include "agent/state.h"
#include "model/checkpointed_resources.h"
#include "model/resources.h"

/* --- whether we have them --- */

static bool
is_outdated(const struct agent *agent, const struct task_resources *order)
{
    const struct uuid *present = &agent->resource_version;

    for (size_t i = 0; i < order->n_versions; i++) {
        const ProtobufCBinaryData *version = &order->versions[i]->value;

        if (version->len != sizeof present->bytes
            || memcmp(version->data, present->bytes, version->len)) {
            return true;
        }
    }
    return false;
}

/* Whether there is something reserved, or a volume, that we do not have. */
static bool
has_unknown(const struct agent *agent, V1__Resource *const *resources,
            size_t n)
{
    autofini(resources) all = { 0 };
    autofini(resources) wanted = { 0 };
    struct error *error = resources_decode(resources, n, &all);

    if (error) {
        error_drop(error);
        return false;
    }
    resources_set_allocation(&all, NULL);
    resources_checkpointed(&all, &wanted);
    return !resources_contain(&agent->operations.state.checkpointed, &wanted);
}

const char *
task_resources_check(const struct agent *agent,
                     const struct task_resources *order, int *ret_reason)
{
    const V1__ExecutorInfo *executor = order->executor;

    if (is_outdated(agent, order)) {
        *ret_reason = V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS;
        return "Task assumes outdated resource state";
    }
    *ret_reason = V1__TASK_STATUS__REASON__REASON_RESOURCES_UNKNOWN;
    for (size_t i = 0; i < order->n_tasks; i++) {
        if (has_unknown(agent, order->tasks[i]->resources,
                        order->tasks[i]->n_resources)) {
            return "The checkpointed resources being used by the task or task "
                   "group are unknown to the agent";
        }
    }
    if (executor
        && has_unknown(agent, executor->resources, executor->n_resources)) {
        return "The checkpointed resources being used by the executor are "
               "unknown to the agent";
    }
    return NULL;
}

/* --- links --- */

static void
add_links(const struct agent *agent, V1__Resource *const *resources, size_t n,
          struct volume_links *links)
{
    autofini(resources) decoded = { 0 };
    struct error *error = resources_decode(resources, n, &decoded);

    if (error) {
        error_drop(error);
    } else {
        volume_links_add(links, agent->work_dir, &decoded);
    }
}

void
task_resources_links(const struct agent *agent,
                     const struct task_resources *order,
                     struct volume_links *ret)
{
    struct volume_links links = { .items = VEC_EMPTY };

    if (order->executor) {
        add_links(agent, order->executor->resources,
                  order->executor->n_resources, &links);
    }
    for (size_t i = 0; i < order->n_tasks; i++) {
        add_links(agent, order->tasks[i]->resources,
                  order->tasks[i]->n_resources, &links);
    }
    *ret = links;
}

struct linking {
    const struct actor_disk *disk;      /* borrowed */
    char *sandbox;              /* owned */
    struct volume_links links;
    task_resources_linked_fn *done;
    void *aux;                  /* owned */
    void (*destroy)(void *aux);
};

static struct error *
link_run(void *arg)
{
    struct linking *linking = arg;
    int rc = actor_disk_make_path(linking->disk, linking->sandbox, 0755);

    if (rc < 0) {
        return error_errno(-rc, "Failed to create '%s'", linking->sandbox);
    }
    return volume_links_make(linking->disk, linking->sandbox,
                             &linking->links);
}

static void
link_done(struct actor *self, void *arg, const struct error *failure)
{
    struct linking *linking = arg;

    linking->done((struct agent *) self, linking->aux, failure);
    agent_operations_end((struct agent *) self);
}

static void
link_destroy(void *arg)
{
    struct linking *linking = arg;

    linking->destroy(linking->aux);
    volume_links_fini(&linking->links);
    free(linking->sandbox);
    free(linking);
}

void
task_resources_link(struct agent *agent, const struct executor *executor,
                    struct volume_links *links,
                    task_resources_linked_fn *done, void *aux,
                    void (*destroy)(void *aux))
{
    struct linking *linking = xcalloc(1, sizeof *linking);

    linking->disk = actor_system_disk(actor_system_of(&agent->base));
    linking->sandbox = xstrdup(executor->directory);
    linking->links = *links;
    *links = (struct volume_links) { .items = VEC_EMPTY };
    linking->done = done;
    linking->aux = aux;
    linking->destroy = destroy;
    agent_operations_begin(agent);
    actor_work(&agent->base, link_run, link_done, linking, link_destroy);
}
