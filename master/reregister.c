/* SPDX-License-Identifier: Apache-2.0
 *
 * reregister.c - what an agent that is back brings along.
 *
 * An agent that registers again may be one we know, one that we had taken for
 * lost, or one of a master before us; for the latter two all that it reports
 * is taken over.  (Whether it may come back: readmission.c.) */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <utlist.h>

#include "master/agent_report.h"
#include "master/allocator/allocator.h"
#include "master/observer.h"
#include "master/private.h"
#include "model/task_state.h"

void
agents_send_shutdown(struct master *m, const struct upid *to,
                     const char *text)
{
    struct message *message =
        message_create(&internal__shutdown_agent__descriptor);
    Internal__ShutdownAgent *shutdown = message_root(message);

    shutdown->message = message_strdup(message, text);
    actor_send_message(&m->base, to, &msg_shutdown_agent, &message);
}

/* --- an agent that we do not know, or had lost --- */

static const char *
allocation_role(V1__Resource *const *resources, size_t n,
                const struct framework *f)
{
    for (size_t i = 0; i < n; i++) {
        if (resources[i]->allocation_info
            && resources[i]->allocation_info->role) {
            return resources[i]->allocation_info->role;
        }
    }
    return framework_n_roles(f) > 0 ? framework_role(f, 0) : "*";
}

/* The resources have been checked. */
static void
decode_allocated(V1__Resource *const *from, size_t n, const char *role,
                 struct resources *ret)
{
    struct error *error = resources_decode(from, n, ret);

    if (error) {
        error_drop(error);
        *ret = (struct resources) { 0 };
    }
    resources_set_allocation(ret, role);
}

static void
take_executor(struct master *m, struct agent *agent, struct framework *f,
              const V1__ExecutorInfo *info)
{
    const char *role = allocation_role(info->resources, info->n_resources, f);
    struct resources resources;

    if (agent_find_executor(agent, f, info->executor_id->value)) {
        return;
    }
    decode_allocated(info->resources, info->n_resources, role, &resources);
    agent_add_executor(agent, f, info, &resources, role);
    master_metrics_add_used(&m->metrics, &resources, 1);
    resources_fini(&resources);
}

static void
tell_of_return(struct master *m, const struct task *task, bool was_unreachable)
{
    struct task_notice notice = {
        .task_id = task->id, .agent_id = task->agent_id->s,
        .executor_id = task->executor_id,
        .state = (V1__TaskState) task->state,
        .reason = V1__TASK_STATUS__REASON__REASON_AGENT_REREGISTERED,
        .text = was_unreachable ? "Unreachable agent re-reregistered"
                                : "Unknown agent reregistered",
    };

    task_notify(m, task->framework, &notice);
}

static void
take_task(struct master *m, struct agent *agent, struct framework *f,
          const V1__Task *from, const struct comeback *comeback)
{
    const char *role = allocation_role(from->resources, from->n_resources, f);
    struct task *lost = task_list_find(&f->unreachable, from->task_id->value);
    struct resources resources;
    struct task *task;

    if (framework_find_task(f, from->task_id->value)) {
        log_warn("Ignoring task %s of framework %s that agent %s reports: "
                 "another agent has it", from->task_id->value, f->text,
                 agent->text);
        return;
    }
    if (lost) {
        task_forget_unreachable(m, f, lost);
    }
    decode_allocated(from->resources, from->n_resources, role, &resources);
    task = task_create_from_task(from, &resources, role);
    resources_fini(&resources);
    tasks_add(m, f, agent, task);
    if (!comeback->was_recovered && f->state == FRAMEWORK_CONNECTED) {
        tell_of_return(m, task, comeback->was_unreachable);
    }
}

static void
send_shutdown_framework(struct master *m, const struct agent *agent,
                        const char *framework_id)
{
    struct message *message =
        message_create(&internal__shutdown_framework__descriptor);
    Internal__ShutdownFramework *shutdown = message_root(message);

    shutdown->framework_id = message_new(message,
                                         &v1__framework_id__descriptor);
    shutdown->framework_id->value = message_strdup(message, framework_id);
    actor_send_message(&m->base, &agent->pid, &msg_shutdown_framework,
                       &message);
}

static void
send_update_framework(struct master *m, const struct agent *agent,
                      const struct framework *f)
{
    struct message *message =
        message_create(&internal__update_framework__descriptor);
    Internal__UpdateFramework *update = message_root(message);

    message_hold(message, f->info_message);
    update->framework = f->info;
    update->pid = f->has_pid ? message_strdup(message, f->pid_text) : NULL;
    actor_send_message(&m->base, &agent->pid, &msg_update_framework,
                       &message);
}

void
agents_update_framework(struct master *m, const struct framework *f)
{
    const struct agent *agent = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        if (agent->connected) {
            send_update_framework(m, agent, f);
        }
    }
}

static void
take_frameworks(struct master *m, struct agent *agent,
                const Internal__ReregisterAgent *body)
{
    for (size_t i = 0; i < body->n_frameworks; i++) {
        const V1__FrameworkInfo *info = body->frameworks[i];

        if (!frameworks_find_completed(&m->frameworks, info->id->value)
            && !frameworks_find(&m->frameworks, info->id->value)) {
            log_info("Recovering framework %s from reregistering agent %s",
                     info->id->value, agent->text);
            frameworks_recover(m, info);
        }
    }
}

/* What a framework had there that was over before we led.  One that is not
 * back yet may never be: nobody is asked to keep it. */
static void
take_history(struct master *m, const struct agent *agent,
             const Internal__CompletedFramework *from)
{
    struct framework *f = frameworks_find(&m->frameworks,
                                          from->framework->id->value);

    for (size_t i = 0; f && i < from->n_tasks; i++) {
        const V1__Task *task = from->tasks[i];
        const char *role = allocation_role(task->resources,
                                           task->n_resources, f);
        struct resources resources;
        struct task *made;

        if (framework_find_task(f, task->task_id->value)
            || task_list_find(&f->completed, task->task_id->value)
            || !task_state_is_terminal((int) task->state)) {
            continue;
        }
        vlog(2, "Re-adding completed task %s of framework %s that ran on "
             "agent %s", task->task_id->value, f->text, agent->text);
        decode_allocated(task->resources, task->n_resources, role,
                         &resources);
        made = task_create_from_task(task, &resources, role);
        resources_fini(&resources);
        made->framework = f;
        task_list_push(&f->completed, made,
                       m->flags->max_completed_tasks_per_framework);
    }
    for (size_t i = 0; !f && i < from->n_tasks; i++) {
        log_warn("Possibly orphaned completed task %s of framework %s that "
                 "ran on agent %s", from->tasks[i]->task_id->value,
                 from->framework->id->value, agent->text);
    }
}

/* What goes on at the agent that should not, and what is new to it. */
static void
settle_frameworks(struct master *m, struct agent *agent,
                  const Internal__ReregisterAgent *body)
{
    for (size_t i = 0; i < body->n_frameworks; i++) {
        const char *id = body->frameworks[i]->id->value;
        const struct framework *f = frameworks_find(&m->frameworks, id);

        if (f && f->state == FRAMEWORK_CONNECTED) {
            send_update_framework(m, agent, f);
        } else if (!f && frameworks_find_completed(&m->frameworks, id)) {
            log_info("Shutting down framework %s at reregistered agent %s "
                     "because the framework has been shutdown at the master",
                     id, agent->text);
            send_shutdown_framework(m, agent, id);
        }
    }
}

/* Fills in 'reregistered' with what both kinds of return have. */
static struct message *
create_reregistered(struct master *m, const struct agent *agent,
                    Internal__AgentReregistered **ret)
{
    struct message *message =
        message_create(&internal__agent_reregistered__descriptor);
    Internal__AgentReregistered *reregistered = message_root(message);

    reregistered->agent_id = message_new(message, &v1__agent_id__descriptor);
    reregistered->agent_id->value = message_strdup(message, agent->id->s);
    reregistered->connection = message_new(message,
                                           &internal__connection__descriptor);
    reregistered->connection->has_total_ping_timeout_seconds = true;
    reregistered->connection->total_ping_timeout_seconds =
        agents_total_ping_timeout(m);
    *ret = reregistered;
    return message;
}

static void
log_reregistered(const struct agent *agent)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(&agent->total, &text);
    log_info("Re-registered agent %s with %s", agent->text, text.data);
}

void
agents_rebuild(struct master *m, const struct comeback *comeback)
{
    const Internal__ReregisterAgent *body = comeback->body;
    const char *id = body->agent->id->value;
    struct agent *agent = agent_create(id, &comeback->from);
    Internal__AgentReregistered *reregistered;
    struct message *message;

    agent_set_info(agent, body->agent,
                   body->agent_capabilities, body->n_agent_capabilities,
                   body->version);
    resources_init_copy(&agent->total, &comeback->total);
    uuid_from_message(body->resource_version_uuid, &agent->resource_version);
    if (!agents_admit(m, agent)) {
        agent_destroy(agent);
        return;
    }
    metric_increment(m->metrics.slave_reregistrations, 1);
    ids_remove(&m->known.recovered, id);
    agents_remove_unreachable(&m->agents, id);
    agents_cancel_unreachable(m, id);
    metric_set(m->metrics.slaves_unreachable,
               (double) agents_count_unreachable(&m->agents));
    agent->reregistered_time = agent->registered_time;
    take_frameworks(m, agent, body);
    for (size_t i = 0; i < body->n_executor_infos; i++) {
        struct framework *f = frameworks_find(
            &m->frameworks, body->executor_framework_ids[i]->value);

        if (f) {
            take_executor(m, agent, f, body->executor_infos[i]);
        }
    }
    message = create_reregistered(m, agent, &reregistered);
    actor_send_message(&m->base, &agent->pid, &msg_agent_reregistered,
                       &message);
    for (size_t i = 0; i < body->n_tasks; i++) {
        struct framework *f = frameworks_find(
            &m->frameworks, body->tasks[i]->framework_id->value);

        if (f) {
            take_task(m, agent, f, body->tasks[i], comeback);
        }
    }
    for (size_t i = 0; comeback->was_recovered
                       && i < body->n_completed_frameworks; i++) {
        take_history(m, agent, body->completed_frameworks[i]);
    }
    log_reregistered(agent);
    settle_frameworks(m, agent, body);
    operations_take_report(m, agent, body->operations, body->n_operations);
    agents_tell_allocator(m, agent);
    if (body->draining) {
        agents_correct_drain(m, agent);
    }
    agents_send_drain(m, agent);
    agents_check_drained(m, agent);
}

/* --- an agent that we know --- */

static bool
reports_task(const Internal__ReregisterAgent *body, const struct task *task)
{
    for (size_t i = 0; i < body->n_tasks; i++) {
        if (!strcmp(body->tasks[i]->task_id->value, task->id)
            && !strcmp(body->tasks[i]->framework_id->value,
                       task->framework->id)) {
            return true;
        }
    }
    return false;
}

static bool
reports_executor(const Internal__ReregisterAgent *body,
                 const struct executor *executor)
{
    for (size_t i = 0; i < body->n_executor_infos; i++) {
        if (!strcmp(body->executor_infos[i]->executor_id->value, executor->id)
            && !strcmp(body->executor_framework_ids[i]->value,
                       executor->framework->id)) {
            return true;
        }
    }
    return false;
}

static V1__TaskStatus *
asked_status(struct message *message, const struct task *task)
{
    V1__TaskStatus *status = message_new(message,
                                         &v1__task_status__descriptor);

    status->task_id = message_new(message, &v1__task_id__descriptor);
    status->task_id->value = message_strdup(message, task->id);
    status->agent_id = message_new(message, &v1__agent_id__descriptor);
    status->agent_id->value = message_strdup(message, task->agent_id->s);
    status->state = (V1__TaskState) task->state;
    return status;
}

/* The agent is asked about tasks that it did not name: the order to launch
 * them may have been lost. */
static void
ask_about_tasks(struct agent *agent, const Internal__ReregisterAgent *body,
                struct message *message, Internal__AgentReregistered *out)
{
    const struct task *task;
    size_t n = 0;

    out->reconciliations = message_array(message, agent->tasks.n,
                                         sizeof *out->reconciliations);
    DL_FOREACH(agent->tasks.first, task) {
        Internal__ReconcileTasks *asked;

        if (reports_task(body, task) || task_state_is_terminal(task->state)) {
            continue;
        }
        log_warn("Task %s of framework %s unknown to the agent %s during "
                 "re-registration: reconciling with the agent", task->id,
                 task->framework->id, agent->text);
        asked = message_new(message, &internal__reconcile_tasks__descriptor);
        asked->framework_id = message_new(message,
                                          &v1__framework_id__descriptor);
        asked->framework_id->value = message_strdup(message,
                                                    task->framework->id);
        asked->n_statuses = 1;
        asked->statuses = message_array(message, 1, sizeof *asked->statuses);
        asked->statuses[0] = asked_status(message, task);
        out->reconciliations[n++] = asked;
    }
    out->n_reconciliations = n;
}

static void
drop_unreported_executors(struct master *m, struct agent *agent,
                          const Internal__ReregisterAgent *body)
{
    struct executor *executor, *next;

    DL_FOREACH_SAFE(agent->executors, executor, next) {
        if (!reports_executor(body, executor)) {
            log_warn("Executor '%s' of framework %s possibly unknown to the "
                     "agent %s", executor->id, executor->framework->id,
                     agent->text);
            agents_remove_executor(m, agent, executor);
        }
    }
}

void
agents_kill_task(struct master *m, const struct agent *agent,
                 const char *framework_id, const char *task_id)
{
    struct message *message = message_create(&internal__kill_task__descriptor);
    Internal__KillTask *kill = message_root(message);

    kill->framework_id = message_new(message, &v1__framework_id__descriptor);
    kill->framework_id->value = message_strdup(message, framework_id);
    kill->task_id = message_new(message, &v1__task_id__descriptor);
    kill->task_id->value = message_strdup(message, task_id);
    actor_send_message(&m->base, &agent->pid, &msg_kill_task, &message);
}

/* Kills that did not reach the agent, and tasks that we have given up (those
 * of frameworks that do not checkpoint end when their agent disconnects). */
static void
kill_leftovers(struct master *m, struct agent *agent,
               const Internal__ReregisterAgent *body)
{
    for (size_t i = 0; i < body->n_tasks; i++) {
        const V1__Task *reported = body->tasks[i];
        const char *id = reported->task_id->value;
        const char *framework_id = reported->framework_id->value;
        const struct framework *f = frameworks_find(&m->frameworks,
                                                    framework_id);
        const struct task *task = f ? framework_find_task(f, id) : NULL;

        if (!f || task_state_is_terminal((int) reported->state)
            || (task && !task->killed)) {
            continue;
        }
        log_warn("Agent %s has non-terminal task %s that is supposed to be "
                 "killed. Killing it now!", agent->text, id);
        agents_kill_task(m, agent, framework_id, id);
    }
}

/* The allocator compares what it is told with what it knows. */
void
agents_set_total(struct master *m, struct agent *agent,
                 const struct resources *total)
{
    if (!resources_equal(&agent->total, total)) {
        agents_rescind_offers(m, agent);
        master_metrics_add_total(&m->metrics, &agent->total, -1);
        resources_fini(&agent->total);
        resources_init_copy(&agent->total, total);
        master_metrics_add_total(&m->metrics, &agent->total, 1);
    }
    agents_update_allocator(m, agent);
}

void
agents_welcome_back(struct master *m, struct agent *agent,
                    const struct comeback *comeback)
{
    const struct upid *from = &comeback->from;
    const Internal__ReregisterAgent *body = comeback->body;
    Internal__AgentReregistered *reregistered;
    struct message *message;

    metric_increment(m->metrics.slave_reregistrations, 1);
    actor_timer_cancel(&m->base, &agent->reregister_timer);
    agents_cancel_unreachable(m, agent->id->s);
    agent_set_info(agent, body->agent,
                   body->agent_capabilities, body->n_agent_capabilities,
                   body->version);
    if (!upid_is_same(&agent->pid, from)) {
        actor_unlink(&m->base, &agent->pid);
        agents_set_pid(&m->agents, agent, from);
    }
    actor_link(&m->base, &agent->pid);
    agent->reregistered_time = master_wall_time(m);
    message = create_reregistered(m, agent, &reregistered);
    ask_about_tasks(agent, body, message, reregistered);
    actor_send_message(&m->base, &agent->pid, &msg_agent_reregistered,
                       &message);
    log_reregistered(agent);
    drop_unreported_executors(m, agent, body);
    kill_leftovers(m, agent, body);
    settle_frameworks(m, agent, body);
    agents_set_total(m, agent, &comeback->total);
    uuid_from_message(body->resource_version_uuid, &agent->resource_version);
    operations_take_report(m, agent, body->operations, body->n_operations);
    if (!agent->connected) {
        log_info("Reactivating re-registered agent %s", agent->text);
        agents_set_connected(m, agent, true);
        allocator_set_agent_active(&m->base, &m->allocator, agent->id->s,
                                   agent->active);
    }
    if (body->draining) {
        agents_correct_drain(m, agent);
    }
    agents_send_drain(m, agent);
    agents_check_drained(m, agent);
    observer_set_connected(&m->base, &agent->observer, true, &agent->pid);
}
