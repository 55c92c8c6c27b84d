/* SPDX-License-Identifier: Apache-2.0
 *
 * registry_gc.c - agents that were out of reach for so long, or are gone for
 * so long, that nobody will ask for them any more. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>
#include <utlist.h>

#include "master/private.h"
#include "master/registry_calls.h"

/* What one change may name; the rest waits for the next time. */
#define MAX_PRUNED ((size_t) 1 << 16)

enum { PRUNE_PERSIST, PRUNE_PUBLISH, PRUNE_FAILED };

struct pruning {
    struct op base;
    struct message *change;     /* counted */
    const Internal__RegistryChange__Prune *prune;       /* of 'change' */
};

static struct pruning *
pruning_cast(struct op *op)
{
    return CONTAINER_OF(op, struct pruning, base);
}

static void
pruning_destroy(struct op *op)
{
    message_unref(pruning_cast(op)->change);
    free(pruning_cast(op));
}

static enum op_next
prune_persist(struct actor *self, struct op *op)
{
    struct message *change = message_ref(pruning_cast(op)->change);

    return registry_call(self, op, &change, PRUNE_PUBLISH);
}

/* Tasks that nobody will hear of again go with their agent. */
static void
forget_tasks(struct master *m, const struct id_table *agents)
{
    struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        struct task *task, *next;

        DL_FOREACH_SAFE(f->unreachable.first, task, next) {
            if (ids_have(agents, task->agent_id->s)) {
                task_forget_unreachable(m, f, task);
            }
        }
    }
}

static size_t
forget_unreachable(struct master *m,
                   const Internal__RegistryChange__Prune *prune)
{
    struct id_table forgotten = { .table = NULL };
    size_t n = 0;

    for (size_t i = 0; i < prune->n_unreachable; i++) {
        const char *id = prune->unreachable[i]->value;

        if (!agents_find_unreachable(&m->agents, id)) {
            log_warn("Failed to garbage collect %s from the unreachable list",
                     id);
            continue;
        }
        agents_remove_unreachable(&m->agents, id);
        known_agents_reactivate(&m->known, id);
        ids_add(&forgotten, id);
        n++;
    }
    if (n > 0) {
        forget_tasks(m, &forgotten);
    }
    ids_fini(&forgotten);
    metric_set(m->metrics.slaves_unreachable,
               (double) agents_count_unreachable(&m->agents));
    return n;
}

static enum op_next
prune_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    const Internal__RegistryChange__Prune *prune = pruning_cast(op)->prune;
    autoerror *refused = NULL;
    size_t n_unreachable, n_gone = 0;

    if (!registry_is_changed(op, &refused) && !refused) {
        return registry_fail(op);
    }
    n_unreachable = forget_unreachable(m, prune);
    for (size_t i = 0; i < prune->n_gone; i++) {
        if (ids_remove(&m->known.gone, prune->gone[i]->value)) {
            n_gone++;
        } else {
            log_warn("Failed to garbage collect %s from the gone list",
                     prune->gone[i]->value);
        }
    }
    log_info("Garbage collected %zu unreachable and %zu gone agents from the "
             "registry", n_unreachable, n_gone);
    return OP_DONE;
}

static enum op_next
prune_failed(struct actor *self, struct op *op)
{
    master_exit(master_cast(self), "Failed to garbage collect the registry: "
                "%s", error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [PRUNE_PERSIST] = { "persist", prune_persist },
    [PRUNE_PUBLISH] = { "publish", prune_publish },
    [PRUNE_FAILED] = { "failed", prune_failed },
};

static const struct op_type pruning_type = {
    .name = "registry-gc", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = PRUNE_FAILED, .destroy = pruning_destroy,
};

/* Whether the oldest of 'n_left' that are left has to go. */
static bool
is_due(const struct master *m, size_t n_left, int64_t time_ns)
{
    return n_left > m->flags->registry_max_agent_count
        || actor_wall_now(&m->base) - time_ns
           > m->flags->registry_max_agent_age;
}

static V1__AgentID **
due_unreachable(const struct master *m, struct message *message, size_t *ret_n)
{
    size_t n = agents_count_unreachable(&m->agents);
    V1__AgentID **ids = message_array(message, n, sizeof *ids);
    const struct lost_agent *lost = m->agents.unreachable;
    size_t n_due = 0;

    for (; lost && n_due < MAX_PRUNED && is_due(m, n - n_due, lost->time_ns);
         lost = lost->hh.next) {
        ids[n_due++] = registry_agent_id(message, lost->id);
    }
    *ret_n = n_due;
    return ids;
}

static V1__AgentID **
due_gone(const struct master *m, struct message *message, size_t *ret_n)
{
    size_t n = ids_count(&m->known.gone);
    V1__AgentID **ids = message_array(message, n, sizeof *ids);
    const struct id_record *gone = ids_next(&m->known.gone, NULL);
    size_t n_due = 0;

    for (; gone && n_due < MAX_PRUNED && is_due(m, n - n_due, gone->time_ns);
         gone = ids_next(&m->known.gone, gone)) {
        ids[n_due++] = registry_agent_id(message, gone->id);
    }
    *ret_n = n_due;
    return ids;
}

static void
on_timer(struct actor *self, void *arg)
{
    struct master *m = master_cast(self);
    Internal__RegistryChange *change;
    struct message *message = registry_change_create(&change);
    struct pruning *pruning;

    (void) arg;
    registry_gc_start(m);
    change->prune =
        message_new(message, &internal__registry_change__prune__descriptor);
    change->prune->unreachable =
        due_unreachable(m, message, &change->prune->n_unreachable);
    change->prune->gone = due_gone(m, message, &change->prune->n_gone);
    if (change->prune->n_unreachable + change->prune->n_gone == 0) {
        message_unref(message);
        return;
    }
    pruning = xcalloc(1, sizeof *pruning);
    pruning->change = message;
    pruning->prune = change->prune;
    op_start(&m->base, &pruning->base, &pruning_type);
}

void
registry_gc_start(struct master *m)
{
    actor_timer_start(&m->base, &m->gc_timer, m->flags->registry_gc_interval,
                      on_timer, NULL);
}
