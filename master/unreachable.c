/* SPDX-License-Identifier: Apache-2.0
 *
 * unreachable.c - agents that are taken for unreachable.
 *
 * Whoever thinks that an agent is, because it does not answer or did not come
 * back, has it put into a queue, which --agent_removal_rate_limit empties
 * slowly: when very many fall silent together it is rather us who are cut off.
 * Then the registry is told, and then everybody else.  An agent that answers
 * meanwhile leaves the queue. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>

#include "master/allocator/allocator.h"
#include "master/observer.h"
#include "master/private.h"
#include "master/registry_calls.h"
#include "model/task_state.h"

static void mark(struct master *, const char *id, const char *hostname,
                 enum unreachable_why);
static void on_pending(struct actor *, void *arg);

/* --- the queue --- */

static void
count_canceled(struct master *m, const char *id)
{
    if (ids_remove(&m->pending_unreachable, id)) {
        metric_increment(m->metrics.slave_unreachable_canceled, 1);
    }
}

/* Lets go whom the limit lets go. */
static void
work_off(struct master *m)
{
    const struct id_record *first;
    int64_t wait_ns;

    while ((first = ids_next(&m->pending_unreachable, NULL)) != NULL
           && rate_limiter_take(&m->removal_limiter, actor_now(&m->base))) {
        autofree char *id = xstrdup(first->id);
        enum unreachable_why why = (enum unreachable_why) first->what;
        const struct agent *agent = agents_find(&m->agents, id);
        const V1__AgentInfo *info = agent ? agent->info
            : known_agents_recovered(&m->known, id);
        autofree char *hostname = xstrdup(info ? info->hostname : "");

        ids_remove(&m->pending_unreachable, id);
        metric_increment(m->metrics.slave_unreachable_completed, 1);
        mark(m, id, hostname, why);
    }
    wait_ns = rate_limiter_wait_ns(&m->removal_limiter,
                                   actor_now(&m->base));
    if (first) {
        actor_timer_start(&m->base, &m->pending_timer, wait_ns, on_pending,
                          NULL);
    }
}

static void
on_pending(struct actor *self, void *arg)
{
    (void) arg;
    work_off(master_cast(self));
}

void
agents_schedule_unreachable(struct master *m, const char *id,
                            enum unreachable_why why)
{
    if (ids_have(&m->pending_unreachable, id)) {
        return;
    }
    metric_increment(m->metrics.slave_unreachable_scheduled, 1);
    ids_add(&m->pending_unreachable, id)->what = (int) why;
    work_off(m);
}

void
agents_cancel_unreachable(struct master *m, const char *id)
{
    count_canceled(m, id);
}

void
agents_on_observer_timeout(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    struct observer_timeout *body = actor_msg_body(msg,
                                                   &msg_observer_timeout);

    if (!agents_find(&m->agents, body->agent_id)) {
        log_warn("Skipping transition of agent %s to unreachable because it "
                 "has already been removed or marked unreachable",
                 body->agent_id);
        return;
    }
    if (ids_have(&m->pending_unreachable, body->agent_id)
        || known_agents_business(&m->known, body->agent_id)
           == AGENT_MARKING_UNREACHABLE) {
        return;
    }
    log_info("Scheduling transition of agent %s to UNREACHABLE because of "
             "health check timeout", body->agent_id);
    agents_schedule_unreachable(m, body->agent_id, UNREACHABLE_HEALTH_CHECK);
}

void
agents_on_observer_pong(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    struct observer_timeout *body = actor_msg_body(msg, &msg_observer_pong);
    const struct id_record *pending = ids_find(&m->pending_unreachable,
                                               body->agent_id);

    if (pending && pending->what == UNREACHABLE_HEALTH_CHECK) {
        log_info("Canceling transition of agent %s to UNREACHABLE because a "
                 "pong was received!", body->agent_id);
        count_canceled(m, body->agent_id);
    }
}

void
agents_on_reregister_timeout(struct actor *self, void *arg)
{
    struct master *m = master_cast(self);
    struct agent *agent = arg;

    log_info("Scheduling removal of agent %s; did not reregister within %s "
             "after disconnecting", agent->text,
             DURATION_TEXT(m->flags->agent_reregister_timeout));
    agents_schedule_unreachable(m, agent->id->s, UNREACHABLE_DISCONNECTED);
}

/* --- what speaks against it --- */

/* NULL: nothing. */
static const char *
objection(const struct master *m, const char *id, enum unreachable_why why)
{
    const struct agent *agent = agents_find(&m->agents, id);

    if (why == UNREACHABLE_FAILOVER
        && !known_agents_recovered(&m->known, id)) {
        return "it reregistered in the interim";
    }
    if (ids_have(&m->known.gone, id)) {
        return "it has been marked as gone";
    }
    switch (known_agents_business(&m->known, id)) {
    case AGENT_REREGISTERING:
        return "it is reregistering";
    case AGENT_MARKING_UNREACHABLE:
        return "another unreachable transition is already in progress";
    case AGENT_REMOVING:
        return "it is being removed";
    case AGENT_MARKING_GONE:
        return "it is being marked as gone";
    case AGENT_IDLE:
        break;
    }
    if (why != UNREACHABLE_FAILOVER && !agent) {
        return ids_have(&m->known.removed, id)
            ? "it has been removed"
            : "it has already been removed or marked unreachable";
    }
    if (why == UNREACHABLE_DISCONNECTED && agent->connected) {
        return "it reregistered in the interim";
    }
    return NULL;
}

static char *
cause_of(const struct master *m, enum unreachable_why why)
{
    switch (why) {
    case UNREACHABLE_DISCONNECTED:
        return xasprintf("agent did not reregister within %s after "
                         "disconnecting",
                         DURATION_TEXT(m->flags->agent_reregister_timeout));
    case UNREACHABLE_FAILOVER:
        return xasprintf("did not reregister within %s after master failover",
                         DURATION_TEXT(m->flags->agent_reregister_timeout));
    case UNREACHABLE_HEALTH_CHECK:
        break;
    }
    return xstrdup("health check timed out");
}

/* --- marking --- */

enum { MARK_PERSIST, MARK_PUBLISH, MARK_FAILED };

struct marking {
    struct op base;
    enum unreachable_why why;
    char *id;                   /* owned, all three */
    char *hostname;
    char *cause;
    int64_t time_ns;
};

static struct marking *
marking_cast(struct op *op)
{
    return CONTAINER_OF(op, struct marking, base);
}

static void
marking_destroy(struct op *op)
{
    struct marking *marking = marking_cast(op);

    free(marking->id);
    free(marking->hostname);
    free(marking->cause);
    free(marking);
}

static enum op_next
mark_persist(struct actor *self, struct op *op)
{
    struct marking *marking = marking_cast(op);
    Internal__RegistryChange *change;
    struct message *m = registry_change_create(&change);

    log_info("Marking agent %s (%s) unreachable: %s", marking->id,
             marking->hostname, marking->cause);
    marking->time_ns = actor_wall_now(self);
    change->mark_agent_unreachable =
        message_new(m, &internal__registry_change__agent_at__descriptor);
    change->mark_agent_unreachable->agent_id = registry_agent_id(m,
                                                                 marking->id);
    change->mark_agent_unreachable->timestamp =
        registry_time(m, marking->time_ns);
    return registry_call(self, op, &m, MARK_PUBLISH);
}

/* What ran there is out of reach as well. */
static void
lose_tasks(struct master *m, struct agent *agent,
           const struct marking *marking)
{
    int reason = V1__TASK_STATUS__REASON__REASON_AGENT_REMOVED;

    allocator_set_agent_active(&m->base, &m->allocator, agent->id->s, false);
    while (agent->tasks.first) {
        struct task *task = agent->tasks.first;

        if (task_state_is_terminal(task->state)) {
            task_complete(m, task);
            continue;
        }
        task_end(m, task,
                 partition_state(task->framework,
                                 V1__TASK_STATE__TASK_UNREACHABLE),
                 reason, marking->cause, marking->time_ns);
        task_set_unreachable(m, task);
    }
    operations_lose_agent(m, agent,
                          V1__OPERATION_STATE__OPERATION_UNREACHABLE,
                          "Agent was marked unreachable");
}

static void
publish(struct master *m, const struct marking *marking)
{
    struct agent *agent = agents_find(&m->agents, marking->id);

    log_info("Marked agent %s (%s) unreachable: %s", marking->id,
             marking->hostname, marking->cause);
    metric_increment(m->metrics.slave_removals, 1);
    metric_increment(m->metrics.slave_removals_unhealthy, 1);
    agents_add_unreachable(&m->agents, marking->id, marking->time_ns,
                           SIZE_MAX);
    metric_set(m->metrics.slaves_unreachable,
               (double) agents_count_unreachable(&m->agents));
    if (agent) {
        lose_tasks(m, agent, marking);
        agents_forget(m, agent);
        return;
    }
    if (ids_remove(&m->known.recovered, marking->id)) {
        metric_increment(m->metrics.recovery_slave_removals, 1);
    }
    agents_tell_of_loss(m, marking->id, marking->hostname);
}

static enum op_next
mark_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct marking *marking = marking_cast(op);
    autoerror *refused = NULL;

    if (registry_is_changed(op, &refused)) {
        publish(m, marking);
    } else if (refused) {
        log_error("Cannot mark agent %s (%s) unreachable: %s", marking->id,
                  marking->hostname, error_text(refused));
    } else {
        return registry_fail(op);
    }
    known_agents_set_business(&m->known, marking->id, AGENT_IDLE);
    return OP_DONE;
}

static enum op_next
mark_failed(struct actor *self, struct op *op)
{
    const struct marking *marking = marking_cast(op);

    master_exit(master_cast(self), "Failed to mark agent %s (%s) unreachable "
                "in the registry: %s", marking->id, marking->hostname,
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [MARK_PERSIST] = { "persist", mark_persist },
    [MARK_PUBLISH] = { "publish", mark_publish },
    [MARK_FAILED] = { "failed", mark_failed },
};

static const struct op_type marking_type = {
    .name = "mark-unreachable", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = MARK_FAILED, .destroy = marking_destroy,
};

static void
mark(struct master *m, const char *id, const char *hostname,
     enum unreachable_why why)
{
    const char *against = objection(m, id, why);
    struct marking *marking;

    if (against) {
        log_warn("Skipping transition of agent %s (%s) to unreachable because "
                 "%s", id, hostname, against);
        return;
    }
    known_agents_set_business(&m->known, id, AGENT_MARKING_UNREACHABLE);
    marking = xcalloc(1, sizeof *marking);
    marking->why = why;
    marking->id = xstrdup(id);
    marking->hostname = xstrdup(hostname);
    marking->cause = cause_of(m, why);
    op_start(&m->base, &marking->base, &marking_type);
}
