/* SPDX-License-Identifier: Apache-2.0
 *
 * agents.c - agents come, fall silent, and go; what their executors say.
 *
 * What an agent says is checked before anything changes: one that reports
 * nonsense is not let in.  (Those that come back: reregister.c.) */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/vec.h>
#include <utlist.h>

#include "master/agent_report.h"
#include "master/allocator/allocator.h"
#include "master/observer.h"
#include "master/private.h"
#include "model/task_state.h"

/* --- what counts for the metrics --- */

static void
count_agent(struct master *m, const struct agent *agent, int sign)
{
    metric_add(agent->connected ? m->metrics.slaves_connected
                                : m->metrics.slaves_disconnected, sign);
    metric_add(agent->active ? m->metrics.slaves_active
                             : m->metrics.slaves_inactive, sign);
}

void
agents_set_connected(struct master *m, struct agent *agent, bool connected)
{
    count_agent(m, agent, -1);
    agent->connected = connected;
    agent->active = connected
        && !known_agents_is_deactivated(&m->known, agent->id->s);
    count_agent(m, agent, 1);
}

void
agents_set_active(struct master *m, struct agent *agent, bool active)
{
    count_agent(m, agent, -1);
    agent->active = active;
    count_agent(m, agent, 1);
}

/* --- registering --- */

/* "1.12.0", "1.12.0-rc1" and so on; 1.0.0 is the first that counts. */
bool
agents_check_version(const char *version, const struct upid *from,
                     const char *what)
{
    char *end;
    unsigned long major;

    if (!version || version[0] < '0' || version[0] > '9') {
        log_warn("Failed to parse version '%s' of agent at %s: it does not "
                 "begin with a number; ignoring agent %s attempt",
                 version ? version : "", UPID_TEXT(from), what);
        return false;
    }
    major = strtoul(version, &end, 10);
    if (*end != '.') {
        log_warn("Failed to parse version '%s' of agent at %s: it has no "
                 "dot; ignoring agent %s attempt", version, UPID_TEXT(from),
                 what);
        return false;
    }
    if (major < 1) {
        log_warn("Ignoring %s attempt from old agent at %s: agent version is "
                 "%s, minimum supported agent version is 1.0.0", what,
                 UPID_TEXT(from), version);
        return false;
    }
    return true;
}

double
agents_total_ping_timeout(const struct master *m)
{
    return duration_to_seconds(m->flags->agent_ping_timeout)
        * (double) m->flags->max_agent_ping_timeouts;
}

/* The agent's place in tables and metrics, its link and its observer. */
bool
agents_admit(struct master *m, struct agent *agent)
{
    struct observer_options options = {
        .master = *actor_upid(&m->base),
        .agent = agent->pid,
        .agent_id = agent->id->s,
        .ping_timeout_ns = m->flags->agent_ping_timeout,
        .max_timeouts = (unsigned) m->flags->max_agent_ping_timeouts,
    };
    struct error *error = observer_start(actor_system_of(&m->base), &options,
                                         &agent->observer);

    if (error) {
        log_error("Cannot observe agent %s: %s", agent->text,
                  error_text(error));
        error_destroy(error);
        return false;
    }
    agent->master = m;
    agent->connected = true;
    agent->active = !known_agents_is_deactivated(&m->known, agent->id->s);
    agent->registered_time = master_wall_time(m);
    ids_remove(&m->known.removed, agent->id->s);
    agents_add(&m->agents, agent);
    maintenance_add_agent(m, agent);
    count_agent(m, agent, 1);
    master_metrics_add_total(&m->metrics, &agent->total, 1);
    actor_link(&m->base, &agent->pid);
    return true;
}

/* --- the allocator's view --- */

#define CAPABILITY(NAME) V1__AGENT_INFO__CAPABILITY__TYPE__##NAME

static void
add_holding(struct allocator_holding *holding, const struct framework *f,
            const char *role, const struct resources *resources)
{
    holding->framework_id = xstrdup(f->id);
    holding->role = xstrdup(role);
    resources_init_copy(&holding->resources, resources);
}

static struct allocator_agent_options
allocator_options_of(const struct agent *agent)
{
    return (struct allocator_agent_options) {
        .hostname = agent->info->hostname,
        .message = agent->message,
        .info = agent->info,
        .is_multi_role = agent_has_capability(agent, CAPABILITY(MULTI_ROLE)),
        .is_hierarchical_role =
            agent_has_capability(agent, CAPABILITY(HIERARCHICAL_ROLE)),
        .is_reservation_refinement =
            agent_has_capability(agent, CAPABILITY(RESERVATION_REFINEMENT)),
    };
}

void
agents_tell_allocator(struct master *m, struct agent *agent)
{
    VEC(struct allocator_holding) holdings = VEC_EMPTY;
    const struct task *task;
    const struct executor *executor;
    struct allocator_holding holding;
    struct allocator_agent_options options;

    DL_FOREACH(agent->tasks.first, task) {
        if (task->holds_resources) {
            add_holding(&holding, task->framework, task->role->s,
                        &task->resources);
            vec_push(&holdings, holding);
        }
    }
    DL_FOREACH(agent->executors, executor) {
        add_holding(&holding, executor->framework, executor->role,
                    &executor->resources);
        vec_push(&holdings, holding);
    }
    options = allocator_options_of(agent);
    allocator_add_agent(&m->base, &m->allocator, agent->id->s, &options,
                        &agent->total, holdings.data, holdings.n);
    vec_fini(&holdings);
    if (!agent->active) {
        allocator_set_agent_active(&m->base, &m->allocator, agent->id->s,
                                   false);
    }
    maintenance_tell_allocator(m, agent);
}

void
agents_update_allocator(struct master *m, struct agent *agent)
{
    struct allocator_agent_options options = allocator_options_of(agent);

    allocator_update_agent(&m->base, &m->allocator, agent->id->s, &options,
                           &agent->total);
}

void
agents_rescind_offers(struct master *m, struct agent *agent)
{
    while (agent->offers) {
        offer_rescind(m, agent->offers);
    }
}

/* --- falling silent --- */

/* Tasks of frameworks that do not checkpoint end with their agent. */
static void
end_unchecked_tasks(struct master *m, struct agent *agent)
{
    autofree char *text = xasprintf("Agent %s disconnected",
                                    agent->info->hostname);
    struct task *task, *next;
    struct executor *executor, *next_executor;

    DL_FOREACH_SAFE(agent->tasks.first, task, next) {
        if (!task->framework->info->checkpoint) {
            if (!task_state_is_terminal(task->state)) {
                task_end(m, task, V1__TASK_STATE__TASK_LOST,
                         V1__TASK_STATUS__REASON__REASON_AGENT_DISCONNECTED,
                         text, 0);
            }
            task_complete(m, task);
        }
    }
    DL_FOREACH_SAFE(agent->executors, executor, next_executor) {
        if (!executor->framework->info->checkpoint) {
            agents_remove_executor(m, agent, executor);
        }
    }
}

void
agents_disconnected(struct master *m, struct agent *agent)
{
    if (!agent->connected) {
        log_warn("Ignoring duplicate exited() notification for agent %s",
                 agent->text);
        return;
    }
    log_info("Agent %s disconnected", agent->text);
    log_info("Disconnecting agent %s", agent->text);
    log_info("Deactivating agent %s", agent->text);
    agents_set_connected(m, agent, false);
    allocator_set_agent_active(&m->base, &m->allocator, agent->id->s, false);
    observer_set_connected(&m->base, &agent->observer, false, &agent->pid);
    agents_rescind_offers(m, agent);
    inverse_offers_rescind(m, agent);
    end_unchecked_tasks(m, agent);
    actor_timer_start(&m->base, &agent->reregister_timer,
                      m->flags->agent_reregister_timeout,
                      agents_on_reregister_timeout, agent);
}

/* --- going --- */

static void
send_failure(struct master *m, struct framework *f, const char *agent_id,
             const char *executor_id, int status)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__FAILURE,
                                           &event);
    Scheduler__Event__Failure *failure =
        message_new(message, &scheduler__event__failure__descriptor);

    event->failure = failure;
    failure->agent_id = message_new(message, &v1__agent_id__descriptor);
    failure->agent_id->value = message_strdup(message, agent_id);
    if (executor_id) {
        failure->executor_id = message_new(message,
                                           &v1__executor_id__descriptor);
        failure->executor_id->value = message_strdup(message, executor_id);
        failure->has_status = true;
        failure->status = status;
    }
    framework_send(m, f, &message);
}

void
agents_tell_of_loss(struct master *m, const char *id, const char *hostname)
{
    struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        if (f->state == FRAMEWORK_CONNECTED) {
            log_info("Notifying framework %s of lost agent %s (%s)", f->text,
                     id, hostname);
            send_failure(m, f, id, NULL, 0);
        }
    }
}

void
agents_forget(struct master *m, struct agent *agent)
{
    operations_lose_agent(m, agent,
                          V1__OPERATION_STATE__OPERATION_GONE_BY_OPERATOR,
                          "Agent has been marked gone");
    agents_rescind_offers(m, agent);
    maintenance_remove_agent(m, agent);
    while (agent->executors) {
        agents_remove_executor(m, agent, agent->executors);
    }
    allocator_remove_agent(&m->base, &m->allocator, agent->id->s);
    actor_timer_cancel(&m->base, &agent->reregister_timer);
    actor_terminate(actor_system_of(&m->base), &agent->observer);
    actor_unlink(&m->base, &agent->pid);
    count_agent(m, agent, -1);
    master_metrics_add_total(&m->metrics, &agent->total, -1);
    agents_take(&m->agents, agent);
    agents_cancel_unreachable(m, agent->id->s);
    known_agents_add_removed(&m->known, agent->id->s);
    agents_tell_of_loss(m, agent->id->s, agent->info->hostname);
    agent_destroy(agent);
}

/* --- executors --- */

void
agents_remove_executor(struct master *m, struct agent *agent,
                       struct executor *executor)
{
    struct framework *f = executor->framework;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(&executor->resources, &text);
    log_info("Removing executor '%s' with resources %s of framework %s on "
             "agent %s", executor->id, text.data, f->id, agent->text);
    master_metrics_add_used(&m->metrics, &executor->resources, -1);
    allocator_recover(&m->base, &m->allocator, f->id, executor->role,
                      agent->id->s, &executor->resources,
                      ALLOCATOR_NO_FILTER);
    agent_remove_executor(agent, executor);
}

/* The agent a message says it is from, if it is. */
static struct agent *
find_sender(struct master *m, const struct actor_msg *msg,
            const V1__AgentID *id)
{
    struct agent *agent = agents_find(&m->agents, id->value);
    struct upid from;

    actor_msg_from(msg, &from);
    return agent && upid_equal(&agent->pid, &from) ? agent : NULL;
}

static void
format_wait_status(int status, struct strbuf *out)
{
    if (WIFEXITED(status)) {
        strbuf_printf(out, "exited with status %d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        strbuf_printf(out, "terminated with signal %s",
                      strsignal(WTERMSIG(status)));
    } else {
        strbuf_printf(out, "wait status %d", status);
    }
}

void
agents_on_exited_executor(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__ExitedExecutor *body =
        actor_msg_root(msg, &msg_exited_executor);
    const char *id = body->executor_id->value;
    const char *framework_id = body->framework_id->value;
    struct agent *agent = find_sender(m, msg, body->agent_id);
    struct framework *f = frameworks_find(&m->frameworks, framework_id);
    struct executor *executor =
        agent && f ? agent_find_executor(agent, f, id) : NULL;
    autofini(strbuf) status = STRBUF(128);

    metric_increment(m->metrics.messages_exited_executor, 1);
    if (!agent) {
        log_warn("Ignoring exited executor '%s' of framework %s on unknown "
                 "agent %s", id, framework_id, body->agent_id->value);
        return;
    }
    if (!executor) {
        log_warn("Ignoring unknown exited executor '%s' of framework %s on "
                 "agent %s", id, framework_id, agent->text);
        return;
    }
    format_wait_status(body->status, &status);
    log_info("Executor '%s' of framework %s on agent %s: %s", id,
             framework_id, agent->text, status.data);
    agents_remove_executor(m, agent, executor);
    send_failure(m, f, agent->id->s, id, body->status);
}

void
agents_on_executor_message(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__ExecutorToFramework *body =
        actor_msg_root(msg, &msg_executor_to_framework);
    struct agent *agent = find_sender(m, msg, body->agent_id);
    struct framework *f = frameworks_find(&m->frameworks,
                                          body->framework_id->value);
    Scheduler__Event *event;
    struct message *message;

    metric_increment(m->metrics.messages_executor_to_framework, 1);
    if (!agent || !f || f->state != FRAMEWORK_CONNECTED) {
        log_warn("Not forwarding executor message for executor '%s' of "
                 "framework %s on agent %s because the %s",
                 body->executor_id->value, body->framework_id->value,
                 body->agent_id->value,
                 !agent ? "agent is unknown"
                 : !f ? "framework is unknown" : "framework is disconnected");
        metric_increment(m->metrics.invalid_executor_to_framework_messages,
                         1);
        return;
    }
    message = event_create(SCHEDULER__EVENT__TYPE__MESSAGE, &event);
    message_hold(message, actor_msg_message(msg));
    event->message = message_new(message,
                                 &scheduler__event__message__descriptor);
    event->message->agent_id = body->agent_id;
    event->message->executor_id = body->executor_id;
    event->message->data = body->data;
    framework_send(m, f, &message);
    metric_increment(m->metrics.valid_executor_to_framework_messages, 1);
}
