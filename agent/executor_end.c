/* SPDX-License-Identifier: Apache-2.0
 *
 * executor_end.c - how executors end, and what ends with them.
 *
 * The record of one that has ended stays until the last update of its tasks is
 * acknowledged, then it moves to the completed ones of its framework; a
 * framework without executors goes the same way.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>

#include "agent/containerizer.h"
#include "agent/executors_private.h"
#include "agent/leftovers.h"
#include "agent/state.h"
#include "agent/status_update_manager.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void on_shutdown_timeout(struct actor *, void *executor);
static void log_exit(const struct container_terminated *);
static void end_tasks(struct agent *, struct executor *);
static void complete_task(struct agent *, struct task *);
static void remove_executor(struct agent *, struct executor *);
static void remove_framework(struct agent *, struct framework *);

/* --- shutting down --- */

void
executors_kill(struct agent *agent, struct executor *executor)
{
    executors_set_state(agent, executor, EXECUTOR_TERMINATING);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    containerizer_destroy(&agent->base, &agent->containerizer,
                          executor->container_id);
}

void
executors_shutdown_unused(struct agent *agent, struct executor *executor)
{
    log_warn("Shutting down executor %s because it has never been sent a "
             "task and all of its queued tasks have been killed before "
             "delivery", EXECUTOR_TEXT(executor));
    executors_shutdown(agent, executor);
}

void
executors_shutdown(struct agent *agent, struct executor *executor)
{
    bool has_registered = executor->state == EXECUTOR_RUNNING;

    if (executor->state > EXECUTOR_RUNNING) {
        return;
    }
    log_info("Shutting down executor %s", EXECUTOR_TEXT(executor));
    executors_set_state(agent, executor, EXECUTOR_TERMINATING);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    if (!has_registered) {
        containerizer_destroy(&agent->base, &agent->containerizer,
                              executor->container_id);
        return;
    }
    if (executor->is_connected) {
        executors_send_shutdown(agent, &executor->upid);
    }
    actor_timer_start(&agent->base, &executor->shutdown_timer,
                      executor->grace_ns, on_shutdown_timeout, executor);
}

static void
on_shutdown_timeout(struct actor *self, void *arg)
{
    struct agent *agent = (struct agent *) self;
    struct executor *executor = arg;

    log_info("Killing executor %s", EXECUTOR_TEXT(executor));
    containerizer_destroy(self, &agent->containerizer,
                          executor->container_id);
}

void
executors_shutdown_framework(struct agent *agent, struct framework *framework)
{
    log_info("Shutting down framework %s", framework->id);
    framework->is_terminating = true;
    framework->n_refused = 0;
    status_update_manager_close(&agent->base, &agent->status_updates,
                                framework->id);
    records_foreach (framework->executors, executor) {
        if (executor->state == EXECUTOR_TERMINATED) {
            remove_executor(agent, executor);
        } else {
            executors_shutdown(agent, executor);
        }
    }
    executors_settle(agent, framework, NULL);
}

static void
shut_framework_down(struct agent *agent, struct message *message)
{
    const Internal__ShutdownFramework *order = message_root(message);
    const char *framework_id = order->framework_id->value;

    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);
    if (!framework) {
        log_warn("Cannot shut down unknown framework %s", framework_id);
    } else if (framework->is_terminating) {
        log_warn("Ignoring shutdown framework %s because it is terminating",
                 framework_id);
    } else {
        executors_shutdown_framework(agent, framework);
    }
}

void
on_shutdown_framework(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__ShutdownFramework *order =
        actor_msg_root(msg, &msg_shutdown_framework);

    if (!agent_is_from_master(agent, msg, "shutdown framework message")) {
        return;
    }
    log_info("Asked to shut down framework %s by %s",
             order->framework_id->value, UPID_TEXT(&agent->master));
    agent_operations_in_line(agent, shut_framework_down,
                             actor_msg_message(msg));
}

void
on_shutdown_executor(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__ShutdownExecutor *order =
        actor_msg_root(msg, &msg_shutdown_executor);
    struct executor *executor;

    if (!agent_is_from_master(agent, msg, "shutdown executor message")) {
        return;
    }
    log_info("Asked to shut down executor '%s' of framework %s by %s",
             order->executor_id->value, order->framework_id->value,
             UPID_TEXT(&agent->master));
    executor = executors_find(agent, order->framework_id->value,
                              order->executor_id->value);
    if (!executor) {
        log_warn("Ignoring shutdown executor '%s' of framework %s because it "
                 "is unknown", order->executor_id->value,
                 order->framework_id->value);
        return;
    }
    executors_shutdown(agent, executor);
}

void
on_update_framework(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__UpdateFramework *order =
        actor_msg_root(msg, &msg_update_framework);
    const V1__FrameworkID *id = order->framework->id;
    struct framework *framework =
        id ? records_find_framework(&agent->frameworks, id->value) : NULL;

    if (agent_is_from_master(agent, msg, "update framework message") &&
        framework) {
        log_info("Updating info for framework %s", framework->id);
        record_framework_set_info(framework, order->framework);
        record_framework_set_pid(framework, order->pid);
        checkpoints_framework(agent, framework);
        if (agent->state == AGENT_RUNNING) {
            /* Its new scheduler hears at once what the old one missed. */
            status_update_manager_resume(self, &agent->status_updates);
        }
    }
}

/* --- ending --- */

void
on_container_terminated(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct container_terminated *body =
        actor_msg_body(msg, &msg_container_terminated);
    struct executor *executor =
        executors_find_container(agent, body->framework_id,
                                 body->executor_id, body->container_id);

    log_exit(body);
    if (executor) {
        executors_ended(agent, executor, body->status);
    }
}

static void
log_exit(const struct container_terminated *body)
{
    const char *executor_id = body->executor_id;
    const char *framework_id = body->framework_id;

    if (body->status == -1) {
        log_info("Executor '%s' of framework %s has terminated with unknown "
                 "status", executor_id, framework_id);
    } else if (WIFEXITED(body->status)) {
        log_info("Executor '%s' of framework %s exited with status %d",
                 executor_id, framework_id, WEXITSTATUS(body->status));
    } else {
        log_info("Executor '%s' of framework %s terminated with signal %s",
                 executor_id, framework_id,
                 strsignal(WTERMSIG(body->status)));
    }
}

void
executors_ended(struct agent *agent, struct executor *executor, int status)
{
    struct framework *framework = executor->framework;

    actor_timer_cancel(&agent->base, &executor->registration_timer);
    actor_timer_cancel(&agent->base, &executor->shutdown_timer);
    executor->is_recovered = false;
    executors_set_state(agent, executor, EXECUTOR_TERMINATED);
    agent_metrics_add_used(&agent->metrics, &executor->resources, -1);
    end_tasks(agent, executor);
    if (!executor->is_command) {
        executors_tell_exited(agent, framework->id, executor->id, status);
    }
    executors_settle(agent, framework, executor);
    recovery_check(agent);
}

static int
lost_state(const struct framework *framework)
{
    bool knows_partitions = record_framework_has_capability(
        framework, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);

    return knows_partitions ? V1__TASK_STATE__TASK_GONE
                            : V1__TASK_STATE__TASK_LOST;
}

/* Its tasks end with it.  Nobody waits for those of a framework that goes. */
static void
end_tasks(struct agent *agent, struct executor *executor)
{
    const char *text = executor->failure ? executor->failure
                                         : "Executor terminated";
    int state = !executor->is_lost ? V1__TASK_STATE__TASK_FAILED
                                   : lost_state(executor->framework);
    int reason = executor->failure
        ? executor->failure_reason
        : V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED;

    records_foreach (executor->tasks, task) {
        if (executor->framework->is_terminating) {
            complete_task(agent, task);
        } else if (task->place != TASK_TERMINATED) {
            updates_create(agent, executor->framework->id, executor, task->id,
                           state, reason, text);
        }
    }
}

static void
complete_task(struct agent *agent, struct task *task)
{
    if (task->place != TASK_TERMINATED) {
        agent_metrics_add_task(&agent->metrics, task->state, -1);
        agent_metrics_add_used(&agent->metrics, &task->resources, -1);
    }
    record_executor_complete_task(task->executor, task);
}

static void
send_exited(struct agent *agent, const char *framework_id,
            const char *executor_id, int status)
{
    struct message *m = message_create(&internal__exited_executor__descriptor);
    Internal__ExitedExecutor *root = message_root(m);

    root->agent_id = message_new(m, &v1__agent_id__descriptor);
    root->agent_id->value = message_strdup(m, agent->id);
    root->framework_id = message_new(m, &v1__framework_id__descriptor);
    root->framework_id->value = message_strdup(m, framework_id);
    root->executor_id = message_new(m, &v1__executor_id__descriptor);
    root->executor_id->value = message_strdup(m, executor_id);
    root->status = status;
    actor_send_message(&agent->base, &agent->master, &msg_exited_executor,
                       &m);
}

void
executors_tell_exited(struct agent *agent, const char *framework_id,
                      const char *executor_id, int status)
{
    if (agent->state != AGENT_DISCONNECTED
        && agent->state != AGENT_RECOVERING) {
        send_exited(agent, framework_id, executor_id, status);
        return;
    }
    /* The master may have been told of it by then, and not take it over before
     * it hears this. */
    vec_push(&agent->exited, ((struct exited_executor) {
        .framework_id = xstrdup(framework_id),
        .executor_id = xstrdup(executor_id), .status = status,
    }));
}

void
executors_tell_exited_again(struct agent *agent)
{
    vec_foreach (&agent->exited, it) {
        send_exited(agent, it->framework_id, it->executor_id, it->status);
    }
    executors_forget_exited(agent);
}

void
executors_forget_exited(struct agent *agent)
{
    vec_foreach (&agent->exited, it) {
        free(it->framework_id);
        free(it->executor_id);
    }
    vec_fini(&agent->exited);
}

void
executors_settle(struct agent *agent, struct framework *framework,
                 struct executor *executor)
{
    bool is_ending = framework->is_terminating ||
                     agent->state == AGENT_TERMINATING;

    if (executor && executor->state == EXECUTOR_TERMINATED &&
        (is_ending || !record_executor_has_incomplete_tasks(executor))) {
        remove_executor(agent, executor);
    }
    if (framework->executors || framework->n_refused > 0) {
        return;
    }
    remove_framework(agent, framework);
    if (agent->state == AGENT_TERMINATING && !agent->frameworks) {
        actor_stop(&agent->base);
    }
}

void
executors_settle_all(struct agent *agent, struct framework *framework)
{
    records_foreach (framework->executors, executor) {
        if (executor->state == EXECUTOR_TERMINATED &&
            !record_executor_has_incomplete_tasks(executor)) {
            remove_executor(agent, executor);
        }
    }
    executors_settle(agent, framework, NULL);
}

static void
remove_executor(struct agent *agent, struct executor *executor)
{
    size_t max =
        (size_t) agent->flags->max_completed_executors_per_framework;

    log_info("Cleaning up executor %s", EXECUTOR_TEXT(executor));
    checkpoints_over(agent, executor);
    if (executor->is_connected) {
        actor_unlink(&agent->base, &executor->upid);
    }
    records_foreach (executor->tasks, task) {
        complete_task(agent, task);
    }
    leftovers_schedule_executor(agent, executor);
    record_framework_complete_executor(executor->framework, executor, max);
}

static void
remove_framework(struct agent *agent, struct framework *framework)
{
    log_info("Cleaning up framework %s", framework->id);
    /* Again, if it was shut down: its executors' last words came since. */
    status_update_manager_close(&agent->base, &agent->status_updates,
                                framework->id);
    leftovers_schedule_framework(agent, framework);
    records_remove_framework(&agent->frameworks, framework);
    agent_metrics_add(&agent->metrics.frameworks_active, -1);
    history_add(agent, framework);
    draining_check(agent);
}
