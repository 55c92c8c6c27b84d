/* SPDX-License-Identifier: Apache-2.0
 *
 * launch.c - tasks on their way to an executor, and their kills.
 *
 * An order, a task or a group of them, is checked, gets its executor, and
 * waits there as a record until the executor runs; then it is delivered.  A
 * kill takes it away wherever it is.  What cannot be run is answered with a
 * status update, never with silence.
 *
 * Thread: the agent's turns.  Builds on agent/executors.c and
 * agent/updates.c. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "agent/command_executor_info.h"
#include "agent/default_executor_command.h"
#include "agent/operations/task_resources.h"
#include "agent/operations/volumes.h"
#include "agent/state.h"
#include "agent/support.h"
#include "model/ids.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* One order of the master; lives for the turn. */
struct order {
    struct message *message;    /* borrowed */
    const V1__FrameworkInfo *framework_info;
    const char *scheduler;      /* its UPID; NULL: it is on the HTTP API */
    V1__TaskInfo *const *tasks;
    size_t n_tasks;
    bool is_group;
    const V1__ExecutorInfo *executor_info;      /* NULL: a command task */
    bool has_launch_executor;
    bool launch_executor;
    V1__UUID *const *versions;  /* of our resources, as the master saw them */
    size_t n_versions;
    bool is_linked;             /* volumes are in the sandbox */
    char text[256];             /* "task 'x'", for log lines */
};

static void run(struct agent *, struct order *);
static struct error *check_ids(const struct order *);
static bool is_for_us(const struct agent *, const struct order *);
static struct framework *get_framework(struct agent *,
                                       const struct order *);
static bool is_refused(struct agent *, struct framework *,
                       const struct order *, const struct executor *);
static struct task_resources used_by(const struct order *);
static bool link_volumes(struct agent *, const struct executor *,
                         const struct order *);
static const char *conflict(const struct order *, const struct executor *,
                            int *ret_reason);
static void refuse(struct agent *, struct framework *, const struct order *,
                   int state, int reason, const char *text);
static struct error *check_support(const struct order *);
static struct executor *launch_executor(struct agent *, struct framework *,
                                        const struct order *);
static void enqueue(struct agent *, struct executor *, const struct order *);
static void deliver_task(struct agent *, struct executor *, struct task *);
static void deliver_group(struct agent *, struct executor *, unsigned group);
static struct executor *find_executor(struct framework *, const char *task_id);
static void kill_queued(struct agent *, struct executor *, struct task *);
static void describe(struct order *);

/* --- running --- */

void
on_run_task(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "run task message")) {
        agent_operations_in_line(agent, launch_task, actor_msg_message(msg));
    }
}

void
launch_task(struct agent *agent, struct message *message)
{
    const Internal__RunTask *m = message_root(message);
    struct order order = {
        .message = message,
        .versions = m->resource_version_uuids,
        .n_versions = m->n_resource_version_uuids,
        .framework_info = m->framework, .scheduler = m->pid,
        .tasks = (V1__TaskInfo *const *) &m->task, .n_tasks = 1,
        .executor_info = m->task->executor,
        .has_launch_executor = m->has_launch_executor,
        .launch_executor = m->launch_executor,
    };

    run(agent, &order);
}

void
on_run_task_group(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "run task group message")) {
        agent_operations_in_line(agent, launch_task_group,
                                 actor_msg_message(msg));
    }
}

void
launch_task_group(struct agent *agent, struct message *message)
{
    const Internal__RunTaskGroup *m = message_root(message);
    struct order order = {
        .message = message,
        .versions = m->resource_version_uuids,
        .n_versions = m->n_resource_version_uuids,
        .framework_info = m->framework, .scheduler = m->pid,
        .tasks = m->task_group->tasks, .n_tasks = m->task_group->n_tasks,
        .is_group = true,
        .executor_info = m->executor,
        .has_launch_executor = m->has_launch_executor,
        .launch_executor = m->launch_executor,
    };

    run(agent, &order);
}

static void
run(struct agent *agent, struct order *order)
{
    struct error *error = check_ids(order);

    if (error) {
        log_error("Ignoring run task message from %s: %s",
                  UPID_TEXT(&agent->master), error_text(error));
        error_destroy(error);
        return;
    }
    describe(order);
    const char *framework_id = order->framework_info->id->value;
    log_info("Got assigned %s for framework %s", order->text, framework_id);
    if (!is_for_us(agent, order)) {
        return;
    }

    struct framework *framework = get_framework(agent, order);
    if (framework->is_terminating) {
        log_warn("Ignoring running %s of framework %s because the framework "
                 "is terminating", order->text, framework_id);
        return;
    }

    const char *executor_id = order->executor_info
                                  ? order->executor_info->executor_id->value
                                  : order->tasks[0]->task_id->value;
    struct executor *executor = records_find_executor(framework, executor_id);
    if (is_refused(agent, framework, order, executor)) {
        return;
    }
    if (executor && !order->is_linked
        && link_volumes(agent, executor, order)) {
        return;                 /* it comes again */
    }
    log_info("Launching %s for framework %s", order->text, framework_id);
    if (!executor) {
        executor = launch_executor(agent, framework, order);
    }
    enqueue(agent, executor, order);
}

/* Refuses what cannot be run here, or not by 'executor' (NULL: there is none
 * yet). */
static bool
is_refused(struct agent *agent, struct framework *framework,
           const struct order *order, const struct executor *executor)
{
    autoerror *error = NULL;
    int reason;

    for (size_t i = 0; i < order->n_tasks && !error; i++) {
        error = support_check_limits(order->tasks[i]);
    }
    if (error) {
        refuse(agent, framework, order, updates_dropped_state(framework),
               V1__TASK_STATUS__REASON__REASON_GC_ERROR, error_text(error));
        return true;
    }
    const struct task_resources used = used_by(order);
    const char *why = NULL;

    if (agent->drain) {
        log_warn("Ignoring running %s of framework %s because the agent is "
                 "draining", order->text, framework->id);
        reason = V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING;
        why = "Task was received while agent was already draining";
    }
    if (!why) {
        why = task_resources_check(agent, &used, &reason);
    }
    if (!why) {
        why = conflict(order, executor, &reason);
    }

    if (why) {
        refuse(agent, framework, order, updates_dropped_state(framework),
               reason, why);
        return true;
    }
    error = check_support(order);
    if (error) {
        metric_increment(agent->metrics.container_launch_errors, 1);
        error = error_wrap(error, "Failed to launch container");
        refuse(agent, framework, order, V1__TASK_STATE__TASK_FAILED,
               V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED,
               error_text(error));
        return true;
    }
    return false;
}

/* Ids become paths.  The master has looked at them; so do we. */
static struct error *
check_ids(const struct order *order)
{
    struct error *error = NULL;

    if (!order->framework_info->id) {
        return error_create(ERROR_INVALID, "it does not have a framework ID");
    }
    if (order->n_tasks == 0) {
        return error_create(ERROR_INVALID, "the task group has no tasks");
    }
    error = id_validate(order->framework_info->id->value);
    if (!error && order->executor_info) {
        error = id_validate(order->executor_info->executor_id->value);
    }
    for (size_t i = 0; i < order->n_tasks && !error; i++) {
        error = id_validate(order->tasks[i]->task_id->value);
    }
    return error;
}

static bool
is_for_us(const struct agent *agent, const struct order *order)
{
    const char *agent_id = order->tasks[0]->agent_id->value;

    if (!agent->id || strcmp(agent_id, agent->id) != 0) {
        log_warn("Agent %s ignoring running %s because it was intended for "
                 "old agent %s", agent->id ? agent->id : "", order->text,
                 agent_id);
        return false;
    }
    if (agent->state == AGENT_TERMINATING ||
        agent->state == AGENT_RECOVERING) {
        log_warn("Ignoring running %s because the agent is %s", order->text,
                 agent_state_name(agent->state));
        return false;
    }
    return true;
}

/* One that was here before goes on with what it had. */
static struct framework *
get_framework(struct agent *agent, const struct order *order)
{
    const V1__FrameworkInfo *info = order->framework_info;
    struct framework *framework =
        records_find_framework(&agent->frameworks, info->id->value);

    if (!framework) {
        framework = history_take(agent, info->id->value);
        if (framework) {
            record_framework_set_info(framework, info);
        } else {
            framework = record_framework_create(info);
        }
        record_framework_set_pid(framework, order->scheduler);
        records_add_framework(&agent->frameworks, framework);
        agent_metrics_add(&agent->metrics.frameworks_active, 1);
        checkpoints_framework(agent, framework);
    }
    return framework;
}

/* Why the order does not fit the executor that is there, or is not. */
static const char *
conflict(const struct order *order, const struct executor *executor,
         int *ret_reason)
{
    *ret_reason = V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED;
    if (!order->executor_info && executor) {
        *ret_reason = V1__TASK_STATUS__REASON__REASON_TASK_INVALID;
        return "Cannot reuse an already existing executor for a command task";
    }
    if (executor && executor->state == EXECUTOR_TERMINATING) {
        return "Executor terminating";
    }
    if (executor && executor->state == EXECUTOR_TERMINATED) {
        return "Executor terminated";
    }
    for (size_t i = 0; executor && i < order->n_tasks; i++) {
        if (records_find_task(executor, order->tasks[i]->task_id->value)) {
            *ret_reason = V1__TASK_STATUS__REASON__REASON_TASK_INVALID;
            return "Task has duplicate ID";
        }
    }
    if (!order->executor_info || !order->has_launch_executor) {
        return NULL;
    }
    if (order->launch_executor && executor) {
        return "Master wants to launch executor, but one already exists";
    }
    if (!order->launch_executor && !executor) {
        return "No executor is expected to launch and there is none running";
    }
    return NULL;
}

static struct error *
check_support(const struct order *order)
{
    struct error *error = NULL;

    if (order->executor_info) {
        error = support_check_executor(order->executor_info);
    } else if (!order->tasks[0]->command) {
        return error_create(ERROR_INVALID, "task has neither a command nor an "
                            "executor");
    }
    bool is_default = order->executor_info
                      && default_executor_is(order->executor_info);
    for (size_t i = 0; i < order->n_tasks && !error; i++) {
        error = is_default ? support_check_member(order->tasks[i])
                           : support_check_task(order->tasks[i]);
    }
    return error;
}

/* Answers for all tasks of the order; if the master counts on an executor that
 * there will not be, it hears that too. */
static void
refuse(struct agent *agent, struct framework *framework,
       const struct order *order, int state, int reason, const char *text)
{
    log_warn("Not running %s of framework %s: %s", order->text, framework->id,
             text);
    for (size_t i = 0; i < order->n_tasks; i++) {
        updates_create(agent, framework->id, NULL,
                       order->tasks[i]->task_id->value, state, reason, text);
        framework->n_refused++;
    }
    if (order->executor_info && order->has_launch_executor &&
        order->launch_executor) {
        executors_tell_exited(agent, framework->id,
                              order->executor_info->executor_id->value, -1);
    }
}

static struct executor *
launch_executor(struct agent *agent, struct framework *framework,
                const struct order *order)
{
    const struct task_resources used = used_by(order);
    const V1__TaskInfo *task = order->tasks[0];
    struct volume_links links;
    struct message *info;
    const char *user = NULL;

    if (order->executor_info) {
        info = message_clone(&order->executor_info->base);
    } else {
        info = command_executor_info(task, framework->id,
                                     agent->flags->launcher_dir);
    }
    if (agent->flags->switch_user) {
        const V1__ExecutorInfo *root = message_root(info);

        user = root->command && root->command->user
                   ? root->command->user
                   : record_framework_info(framework)->user;
    }

    task_resources_links(agent, &used, &links);

    struct executor *executor =
        executors_launch(agent, framework, info, !order->executor_info, user,
                         &links);
    message_unref(info);
    return executor;
}

/* --- volumes for an executor that is there --- */

static struct task_resources
used_by(const struct order *order)
{
    return (struct task_resources) {
        .tasks = order->tasks, .n_tasks = order->n_tasks,
        .executor = order->executor_info,
        .versions = order->versions, .n_versions = order->n_versions,
    };
}

static void
linked(struct agent *agent, void *order_, const struct error *error)
{
    struct order *order = order_;
    struct framework *framework = records_find_framework(
        &agent->frameworks, order->framework_info->id->value);

    order->is_linked = true;
    if (!error) {
        run(agent, order);
    } else if (framework) {
        refuse(agent, framework, order, V1__TASK_STATE__TASK_FAILED,
               V1__TASK_STATUS__REASON__REASON_CONTAINER_UPDATE_FAILED,
               error_text(error));
    }
}

static void
order_destroy(void *order_)
{
    struct order *order = order_;

    message_unref(order->message);
    free(order);
}

/* False if there is none to link. */
static bool
link_volumes(struct agent *agent, const struct executor *executor,
             const struct order *order)
{
    const struct task_resources used = used_by(order);
    struct volume_links links;
    struct order *kept;

    task_resources_links(agent, &used, &links);
    if (links.items.n == 0) {
        volume_links_fini(&links);
        return false;
    }
    kept = xmemdup(order, sizeof *order);
    message_ref(kept->message);
    task_resources_link(agent, executor, &links, linked, kept, order_destroy);
    return true;
}

static void
enqueue(struct agent *agent, struct executor *executor,
        const struct order *order)
{
    unsigned group = order->is_group ? ++executor->framework->n_groups : 0;

    for (size_t i = 0; i < order->n_tasks; i++) {
        struct task *task = record_task_create(executor, order->tasks[i],
                                               order->message);

        task->group = group;
        task->checkpoint = checkpoints_is_kept(executor->framework)
                               ? CHECKPOINT_WANTED : 0;
        records_add_task(executor, task);
        agent_metrics_add_task(&agent->metrics, task->state, 1);
        agent_metrics_add_used(&agent->metrics, &task->resources, 1);
    }
    checkpoints_tasks(agent, executor);
    log_info("Queued %s for executor %s", order->text,
             EXECUTOR_TEXT(executor));
    if (executor->state == EXECUTOR_RUNNING) {
        launch_deliver(agent, executor);
    }
}

static void
describe(struct order *order)
{
    autofini(strbuf) text = STRBUF(sizeof order->text - 1);

    strbuf_append(&text, order->is_group ? "task group containing tasks ["
                                         : "task '");
    for (size_t i = 0; i < order->n_tasks; i++) {
        strbuf_printf(&text, order->is_group ? "%s %s" : "%s%s",
                      i ? "," : "", order->tasks[i]->task_id->value);
    }
    strbuf_append(&text, order->is_group ? " ]" : "'");
    memcpy(order->text, text.data, text.len + 1);
}

/* --- delivering --- */

void
launch_deliver(struct agent *agent, struct executor *executor)
{
    records_foreach (executor->tasks, task) {
        if (task->place != TASK_QUEUED || task->checkpoint > 0) {
            continue;
        }
        if (task->group) {
            deliver_group(agent, executor, task->group);
        } else {
            deliver_task(agent, executor, task);
        }
        executor->has_been_sent_task = true;
    }
}

static void
deliver_task(struct agent *agent, struct executor *executor,
             struct task *task)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    log_info("Sending queued task '%s' to executor %s", task->id,
             EXECUTOR_TEXT(executor));
    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__LAUNCH;
    event->launch = message_new(m, &executor__event__launch__descriptor);
    event->launch->task = (V1__TaskInfo *) task->info;
    message_hold(m, task->order);
    record_task_delivered(task);
    executors_send(agent, executor, &m);
}

static void
deliver_group(struct agent *agent, struct executor *executor, unsigned group)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    V1__TaskGroupInfo *info = message_new(m, &v1__task_group_info__descriptor);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__LAUNCH_GROUP;
    event->launch_group =
        message_new(m, &executor__event__launch_group__descriptor);
    event->launch_group->task_group = info;
    info->tasks = message_array(m, records_count_tasks(executor),
                                sizeof *info->tasks);
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_QUEUED && task->group == group) {
            info->tasks[info->n_tasks++] = (V1__TaskInfo *) task->info;
            message_hold(m, task->order);
            record_task_delivered(task);
        }
    }
    log_info("Sending queued task group of %zu tasks to executor %s",
             info->n_tasks, EXECUTOR_TEXT(executor));
    executors_send(agent, executor, &m);
}

/* --- killing --- */

void
on_kill_task(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "kill task message")) {
        agent_operations_in_line(agent, launch_kill_task,
                                 actor_msg_message(msg));
    }
}

void
launch_kill_task(struct agent *agent, struct message *message)
{
    const Internal__KillTask *order = message_root(message);
    const char *task_id = order->task_id->value;
    const char *framework_id = order->framework_id->value;

    log_info("Asked to kill task %s of framework %s", task_id, framework_id);
    if (agent->state == AGENT_TERMINATING ||
        agent->state == AGENT_RECOVERING) {
        log_warn("Cannot kill task %s of framework %s because the agent is %s",
                 task_id, framework_id, agent_state_name(agent->state));
        return;
    }

    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);
    if (!framework || framework->is_terminating) {
        log_warn("Ignoring kill task %s of framework %s because %s", task_id,
                 framework_id, framework ? "the framework is terminating"
                                         : "no such framework is running");
        return;
    }
    struct executor *executor = find_executor(framework, task_id);
    if (!executor) {
        log_warn("Cannot kill task %s of framework %s because no "
                 "corresponding executor is running", task_id, framework_id);
        updates_create(agent, framework_id, NULL, task_id,
                       updates_dropped_state(framework),
                       V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED,
                       "Cannot find executor");
        framework->n_refused++;
        return;
    }
    launch_kill_any(agent, executor, records_find_task(executor, task_id),
                    message);
}

/* The one that has the task; NULL: none has. */
static struct executor *
find_executor(struct framework *framework, const char *task_id)
{
    struct executor *executor = NULL;

    records_foreach (framework->executors, it) {
        if (records_find_task(it, task_id)) {
            executor = it;
        }
    }
    return executor;
}

void
launch_kill_any(struct agent *agent, struct executor *executor,
                struct task *task, struct message *message)
{
    switch (executor->state) {
    case EXECUTOR_REGISTERING:
    case EXECUTOR_RUNNING:
        if (task->place == TASK_QUEUED) {
            kill_queued(agent, executor, task);
        } else {
            launch_kill(agent, executor, task, message);
        }
        break;
    case EXECUTOR_TERMINATING:
    case EXECUTOR_TERMINATED:
        log_warn("Ignoring kill task %s because the executor %s is %s",
                 task->id, EXECUTOR_TEXT(executor),
                 executor->state == EXECUTOR_TERMINATED ? "terminated"
                                                        : "terminating");
        break;
    }
}

/* Its whole group goes with it.  An executor left with nothing to do would
 * wait for ever, so it is ended. */
static void
kill_queued(struct agent *agent, struct executor *executor, struct task *task)
{
    unsigned group = task->group;

    log_warn("Transitioning the state of task %s of framework %s to "
             "TASK_KILLED because the executor is not registered", task->id,
             executor->framework->id);
    records_foreach (executor->tasks, it) {
        if (it == task || (group && it->group == group &&
                           it->place == TASK_QUEUED)) {
            updates_create(
                agent, executor->framework->id, executor, it->id,
                V1__TASK_STATE__TASK_KILLED,
                V1__TASK_STATUS__REASON__REASON_TASK_KILLED_DURING_LAUNCH,
                group ? "A task within the task group was killed before "
                        "delivery to the executor"
                      : "Killed before delivery to the executor");
        }
    }
    if (!executor->has_been_sent_task &&
        !record_executor_has_queued_tasks(executor)) {
        executors_shutdown_unused(agent, executor);
    }
}

/* One that is not there hears of it when it comes back. */
void
launch_kill(struct agent *agent, struct executor *executor, struct task *task,
            struct message *message)
{
    const Internal__KillTask *order = message_root(message);

    if (!executor->is_connected) {
        message_ref(message);
        message_unref(task->kill);
        task->kill = message;
        return;
    }
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__KILL;
    event->kill = message_new(m, &executor__event__kill__descriptor);
    event->kill->task_id = order->task_id;
    event->kill->kill_policy = order->kill_policy;
    message_hold(m, message);
    executors_send(agent, executor, &m);
}
