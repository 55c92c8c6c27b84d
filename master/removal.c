/* SPDX-License-Identifier: Apache-2.0
 *
 * removal.c - agents that leave for good: because they said so, because
 * another one is where they were, or because an operator says that they are
 * gone. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>
#include <utlist.h>

#include "master/allocator/allocator.h"
#include "master/private.h"
#include "master/registry_calls.h"
#include "model/task_state.h"

static void gone_start(struct master *, const char *id,
                       const struct agents_answer *);

/* --- removing --- */

enum { REMOVE_PERSIST, REMOVE_PUBLISH, REMOVE_FAILED };

struct removal {
    struct op base;
    char *id;                   /* owned */
    char *cause;                /* owned */
    struct metric *reason;      /* borrowed; may be NULL */
};

static struct removal *
removal_cast(struct op *op)
{
    return CONTAINER_OF(op, struct removal, base);
}

static void
removal_destroy(struct op *op)
{
    struct removal *removal = removal_cast(op);

    free(removal->id);
    free(removal->cause);
    free(removal);
}

static enum op_next
remove_persist(struct actor *self, struct op *op)
{
    Internal__RegistryChange *change;
    struct message *m = registry_change_create(&change);

    change->remove_agent =
        message_new(m, &internal__registry_change__agent_id__descriptor);
    change->remove_agent->agent_id =
        registry_agent_id(m, removal_cast(op)->id);
    return registry_call(self, op, &m, REMOVE_PUBLISH);
}

/* Ends what runs on the agent, whatever its frameworks know of partitions. */
static void
end_tasks(struct master *m, struct agent *agent, const char *text)
{
    while (agent->tasks.first) {
        struct task *task = agent->tasks.first;

        if (!task_state_is_terminal(task->state)) {
            task_end(m, task, V1__TASK_STATE__TASK_LOST,
                     V1__TASK_STATUS__REASON__REASON_AGENT_REMOVED, text, 0);
        }
        task_complete(m, task);
    }
}

static void
publish_removal(struct master *m, struct agent *agent,
                const struct removal *removal)
{
    autofree char *text = xasprintf("Agent %s removed: %s",
                                    agent->info->hostname, removal->cause);

    metric_increment(m->metrics.slave_removals, 1);
    if (removal->reason) {
        metric_increment(removal->reason, 1);
    }
    end_tasks(m, agent, text);
    operations_lose_agent(m, agent,
                          V1__OPERATION_STATE__OPERATION_GONE_BY_OPERATOR,
                          text);
    known_agents_reactivate(&m->known, removal->id);
    log_info("Removed agent %s: %s", agent->text, removal->cause);
    agents_forget(m, agent);
}

static enum op_next
remove_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct removal *removal = removal_cast(op);
    struct agent *agent = agents_find(&m->agents, removal->id);
    autoerror *refused = NULL;

    if (!registry_is_changed(op, &refused)) {
        if (!refused) {
            return registry_fail(op);
        }
        log_error("Cannot remove agent %s from the registry: %s",
                  removal->id, error_text(refused));
    }
    if (agent) {
        publish_removal(m, agent, removal);
    }
    known_agents_set_business(&m->known, removal->id, AGENT_IDLE);
    return OP_DONE;
}

static enum op_next
remove_failed(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct agent *agent = agents_find(&m->agents, removal_cast(op)->id);

    master_exit(m, "Failed to remove agent %s from the registrar: %s",
                agent ? agent->text : removal_cast(op)->id,
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step remove_steps[] = {
    [REMOVE_PERSIST] = { "persist", remove_persist },
    [REMOVE_PUBLISH] = { "publish", remove_publish },
    [REMOVE_FAILED] = { "failed", remove_failed },
};

static const struct op_type removal_type = {
    .name = "remove-agent", .steps = remove_steps,
    .n_steps = ARRAY_SIZE(remove_steps), .failure_step = REMOVE_FAILED,
    .destroy = removal_destroy,
};

/* NULL: it may be removed. */
static const char *
hindrance(const struct master *m, const struct agent *agent)
{
    switch (known_agents_business(&m->known, agent->id->s)) {
    case AGENT_MARKING_UNREACHABLE:
        return "marked unreachable";
    case AGENT_MARKING_GONE:
        return "marked gone";
    case AGENT_REMOVING:
        return "removed";
    case AGENT_REREGISTERING:
        return "reregistered";
    case AGENT_IDLE:
        break;
    }
    return NULL;
}

void
agents_remove(struct master *m, struct agent *agent, const char *cause,
              struct metric *reason)
{
    const char *against = hindrance(m, agent);
    struct removal *removal;

    if (against) {
        log_warn("Ignoring removal of agent %s that is in the process of "
                 "being %s", agent->text, against);
        return;
    }
    log_info("Removing agent %s: %s", agent->text, cause);
    known_agents_set_business(&m->known, agent->id->s, AGENT_REMOVING);
    allocator_set_agent_active(&m->base, &m->allocator, agent->id->s, false);
    removal = xcalloc(1, sizeof *removal);
    removal->id = xstrdup(agent->id->s);
    removal->cause = xstrdup(cause);
    removal->reason = reason;
    op_start(&m->base, &removal->base, &removal_type);
}

void
agents_on_unregister(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__UnregisterAgent *body =
        actor_msg_root(msg, &msg_unregister_agent);
    struct agent *agent = agents_find(&m->agents, body->agent_id->value);
    struct upid from;

    metric_increment(m->metrics.messages_unregister_slave, 1);
    actor_msg_from(msg, &from);
    if (!agent) {
        log_warn("Ignoring unregister agent message from %s for unknown agent",
                 UPID_TEXT(&from));
        return;
    }
    if (!upid_equal(&agent->pid, &from)) {
        log_warn("Ignoring unregister agent message from %s because it is not "
                 "the agent %s", UPID_TEXT(&from), agent->pid_text);
        return;
    }
    agents_remove(m, agent, "the agent unregistered",
                  m->metrics.slave_removals_unregistered);
}

/* --- gone --- */

enum { GONE_PERSIST, GONE_PUBLISH, GONE_FAILED };

struct going {
    struct op base;
    char *id;                   /* owned */
    struct agents_answer answer;
    int64_t time_ns;
};

static struct going *
going_cast(struct op *op)
{
    return CONTAINER_OF(op, struct going, base);
}

static void
going_destroy(struct op *op)
{
    agents_answer(&going_cast(op)->answer, 503, "Service Unavailable");
    free(going_cast(op)->id);
    free(going_cast(op));
}

static enum op_next
gone_persist(struct actor *self, struct op *op)
{
    struct going *going = going_cast(op);
    Internal__RegistryChange *change;
    struct message *m = registry_change_create(&change);

    log_info("Marking agent '%s' as gone", going->id);
    going->time_ns = actor_wall_now(self);
    change->mark_agent_gone =
        message_new(m, &internal__registry_change__agent_at__descriptor);
    change->mark_agent_gone->agent_id = registry_agent_id(m, going->id);
    change->mark_agent_gone->timestamp = registry_time(m, going->time_ns);
    return registry_call(self, op, &m, GONE_PUBLISH);
}

/* Frameworks that know of partitions hear that an operator did this. */
static V1__TaskState
gone_state(const struct framework *f, int *ret_reason)
{
    V1__TaskState state =
        partition_state(f, V1__TASK_STATE__TASK_GONE_BY_OPERATOR);

    *ret_reason = state == V1__TASK_STATE__TASK_LOST
        ? (int) V1__TASK_STATUS__REASON__REASON_AGENT_REMOVED
        : (int) V1__TASK_STATUS__REASON__REASON_AGENT_REMOVED_BY_OPERATOR;
    return state;
}

static void
end_gone_tasks(struct master *m, struct agent *agent)
{
    while (agent->tasks.first) {
        struct task *task = agent->tasks.first;
        int reason;

        if (!task_state_is_terminal(task->state)) {
            V1__TaskState state = gone_state(task->framework, &reason);

            task_end(m, task, state, reason,
                     "Agent has been marked gone", 0);
        }
        task_complete(m, task);
    }
}

/* Who knows of partitions hears the end of the task; to others it was lost
 * before. */
static void
end_unreachable_task(struct master *m, struct framework *f, struct task *task)
{
    struct task_notice notice = {
        .task_id = task->id, .agent_id = task->agent_id->s,
        .executor_id = task->executor_id,
        .text = "Agent has been marked gone",
    };
    bool is_over = task_state_is_terminal(task->state);
    V1__TaskStatus *status;
    struct message *event;

    notice.state = gone_state(f, &notice.reason);
    event = task_notice_event(m, &notice, &status);
    task_complete_unreachable(m, f, task, status);
    if (is_over) {
        message_unref(event);
    } else {
        framework_send(m, f, &event);
    }
}

/* Tasks that were out of reach with the agent are over now. */
static void
end_unreachable_tasks(struct master *m, const char *id)
{
    struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        struct task *task, *next;

        DL_FOREACH_SAFE(f->unreachable.first, task, next) {
            if (!strcmp(task->agent_id->s, id)) {
                end_unreachable_task(m, f, task);
            }
        }
    }
}

static void
publish_gone(struct master *m, const struct going *going)
{
    struct agent *agent = agents_find(&m->agents, going->id);

    log_info("Marked agent '%s' as gone", going->id);
    ids_add(&m->known.gone, going->id)->time_ns = going->time_ns;
    ids_remove(&m->known.recovered, going->id);
    known_agents_reactivate(&m->known, going->id);
    agents_cancel_unreachable(m, going->id);
    if (agents_find_unreachable(&m->agents, going->id)) {
        end_unreachable_tasks(m, going->id);
        agents_remove_unreachable(&m->agents, going->id);
        metric_set(m->metrics.slaves_unreachable,
                   (double) agents_count_unreachable(&m->agents));
    }
    if (agent) {
        agents_send_shutdown(m, &agent->pid, "Agent has been marked gone");
        allocator_set_agent_active(&m->base, &m->allocator, agent->id->s,
                                   false);
        end_gone_tasks(m, agent);
        agents_forget(m, agent);
    }
}

static enum op_next
gone_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct going *going = going_cast(op);
    autoerror *refused = NULL;

    if (!registry_is_changed(op, &refused) && !refused) {
        return registry_fail(op);
    }
    if (!refused) {
        publish_gone(m, going);
    }
    known_agents_set_business(&m->known, going->id, AGENT_IDLE);
    agents_answer(&going->answer, refused ? 500 : 200,
                  refused ? error_text(refused) : "");
    return OP_DONE;
}

static enum op_next
gone_failed(struct actor *self, struct op *op)
{
    master_exit(master_cast(self), "Failed to mark agent %s as gone in the "
                "registry: %s", going_cast(op)->id, error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step gone_steps[] = {
    [GONE_PERSIST] = { "persist", gone_persist },
    [GONE_PUBLISH] = { "publish", gone_publish },
    [GONE_FAILED] = { "failed", gone_failed },
};

static const struct op_type going_type = {
    .name = "mark-gone", .steps = gone_steps,
    .n_steps = ARRAY_SIZE(gone_steps), .failure_step = GONE_FAILED,
    .destroy = going_destroy,
};

static void
gone_start(struct master *m, const char *id,
           const struct agents_answer *answer)
{
    struct going *going = xcalloc(1, sizeof *going);

    known_agents_set_business(&m->known, id, AGENT_MARKING_GONE);
    going->id = xstrdup(id);
    going->answer = *answer;
    op_start(&m->base, &going->base, &going_type);
}

void
agents_mark_gone(struct master *m, const char *id,
                 const struct agents_answer *answer_)
{
    struct agents_answer answer = *answer_;
    const char *business = NULL;
    autofree char *text = NULL;

    if (ids_have(&m->known.gone, id)) {
        log_warn("Not marking agent '%s' as gone because it has already "
                 "transitioned to gone", id);
        agents_answer(&answer, 200, "");
        return;
    }
    switch (known_agents_business(&m->known, id)) {
    case AGENT_MARKING_GONE:
        business = "gone";
        break;
    case AGENT_REMOVING:
        business = "remove";
        break;
    case AGENT_MARKING_UNREACHABLE:
        business = "unreachable";
        break;
    case AGENT_REREGISTERING:
        business = "reregister";
        break;
    case AGENT_IDLE:
        break;
    }
    if (business) {
        text = xasprintf("Not marking agent '%s' as gone because another %s "
                         "transition is already in progress", id, business);
        log_warn("%s", text);
        agents_answer(&answer, 503, text);
    } else if (!agents_find(&m->agents, id)
               && !agents_find_unreachable(&m->agents, id)
               && !known_agents_recovered(&m->known, id)) {
        text = xasprintf("Agent '%s' not found", id);
        agents_answer(&answer, 404, text);
    } else {
        gone_start(m, id, &answer);
    }
}

void
agents_answer(struct agents_answer *answer, int status, const char *text)
{
    agents_answer_fn *fn = steal(answer->fn);

    if (fn) {
        fn(answer->aux, status, text);
    }
}
