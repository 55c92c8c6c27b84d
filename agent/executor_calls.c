/* SPDX-License-Identifier: Apache-2.0
 *
 * executor_calls.c - what executors say, and what they are told.
 *
 * An executor that has lost its agent subscribes again, with what the agent
 * may have missed; one that nobody knows is told to end.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>

#include "agent/executors_private.h"
#include "agent/state.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void count_ignored(struct agent *, const Executor__Call *);
static void subscribe(struct agent *, const struct upid *,
                      const Executor__Call *, struct message *);
static void resubscribe(struct agent *, struct executor *,
                        const Executor__Call__Subscribe *, struct message *);
static void update(struct agent *, struct executor *, const V1__TaskStatus *,
                   struct message *);
static void forward_data(struct agent *, const Executor__Call *,
                         struct message *);
static void send_subscribed(struct agent *, const struct executor *);

/* --- calls of an executor --- */

void
on_executor_call(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Executor__Call *call = actor_msg_root(msg, &msg_executor_call);
    const char *executor_id = call->executor_id->value;
    const char *framework_id = call->framework_id->value;
    struct message *message = actor_msg_message(msg);
    struct upid from;

    actor_msg_from(msg, &from);
    if (call->type == EXECUTOR__CALL__TYPE__SUBSCRIBE) {
        subscribe(agent, &from, call, message);
        return;
    }

    struct executor *executor = executors_find(agent, framework_id,
                                               executor_id);
    if (!executor || !upid_is_same(&executor->upid, &from)) {
        log_warn("Ignoring call of executor '%s' of framework %s from %s "
                 "because it is not subscribed", executor_id, framework_id,
                 UPID_TEXT(&from));
        count_ignored(agent, call);
        return;
    }
    executor->is_connected = true;
    if (call->type == EXECUTOR__CALL__TYPE__UPDATE && call->update) {
        update(agent, executor, call->update->status, message);
    } else if (call->type == EXECUTOR__CALL__TYPE__MESSAGE && call->message) {
        forward_data(agent, call, message);
    } else {
        count_ignored(agent, call);
    }
}

static void
count_ignored(struct agent *agent, const Executor__Call *call)
{
    if (call->type == EXECUTOR__CALL__TYPE__UPDATE) {
        metric_increment(agent->metrics.invalid_status_updates, 1);
    } else if (call->type == EXECUTOR__CALL__TYPE__MESSAGE) {
        metric_increment(agent->metrics.invalid_framework_messages, 1);
    }
}

static void
subscribe(struct agent *agent, const struct upid *from,
          const Executor__Call *call, struct message *message)
{
    const char *executor_id = call->executor_id->value;
    const char *framework_id = call->framework_id->value;
    struct executor *executor = executors_find(agent, framework_id,
                                               executor_id);

    log_info("Got registration for executor '%s' of framework %s from %s",
             executor_id, framework_id, UPID_TEXT(from));
    if (!executor || executor->framework->is_terminating ||
        agent->state == AGENT_TERMINATING ||
        executor->state > EXECUTOR_RUNNING) {
        log_warn("Shutting down executor '%s' of framework %s because it is "
                 "%s", executor_id, framework_id,
                 executor ? "terminating" : "unknown");
        executors_send_shutdown(agent, from);
        return;
    }
    bool is_moved = !upid_equal(&executor->upid, from);
    bool is_new = executor->state == EXECUTOR_REGISTERING &&
                  !executor->is_recovered;

    executor->upid = *from;
    executor->is_connected = true;
    executor->is_recovered = false;
    actor_link(&agent->base, from);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    if (is_moved) {
        checkpoints_upid(agent, executor);
    }
    executors_set_state(agent, executor, EXECUTOR_RUNNING);
    send_subscribed(agent, executor);
    if (!is_new && call->subscribe) {
        resubscribe(agent, executor, call->subscribe, message);
    }
    launch_deliver(agent, executor);
    if (!executor->has_been_sent_task &&
        !record_executor_has_queued_tasks(executor)) {
        executors_shutdown_unused(agent, executor);
    }
    recovery_check(agent);
}

/* An executor that lost us comes back with what we may have missed. */
static void
resubscribe(struct agent *agent, struct executor *executor,
            const Executor__Call__Subscribe *call, struct message *message)
{
    for (size_t i = 0; i < call->n_unacknowledged_updates; i++) {
        update(agent, executor, call->unacknowledged_updates[i]->status,
               message);
    }
    recovery_compare(agent, executor, call->unacknowledged_tasks,
                     call->n_unacknowledged_tasks);
    records_foreach (executor->tasks, task) {
        if (task->kill && task->place == TASK_LAUNCHED) {
            struct message *kill = steal(task->kill);

            launch_kill(agent, executor, task, kill);
            message_unref(kill);
        }
    }
}

static void
update(struct agent *agent, struct executor *executor,
       const V1__TaskStatus *status, struct message *message)
{
    const char *task_id = status->task_id->value;

    if (!status->has_uuid || status->uuid.len != sizeof(struct uuid)) {
        log_warn("Ignoring status update for task %s of executor %s because "
                 "it has no UUID", task_id, EXECUTOR_TEXT(executor));
        metric_increment(agent->metrics.invalid_status_updates, 1);
        return;
    }
    if (status->state == V1__TASK_STATE__TASK_STAGING) {
        log_error("Executor %s sent TASK_STAGING for task %s, which it must "
                  "not", EXECUTOR_TEXT(executor), task_id);
        metric_increment(agent->metrics.invalid_status_updates, 1);
        executors_shutdown(agent, executor);
        return;
    }
    updates_from_executor(agent, executor, status, message);
}

static void
forward_data(struct agent *agent, const Executor__Call *call,
             struct message *message)
{
    struct message *m =
        message_create(&internal__executor_to_framework__descriptor);
    Internal__ExecutorToFramework *root = message_root(m);

    root->agent_id = message_new(m, &v1__agent_id__descriptor);
    root->agent_id->value = message_strdup(m, agent->id);
    root->framework_id = call->framework_id;
    root->executor_id = call->executor_id;
    root->data = call->message->data;
    message_hold(m, message);
    actor_send_message(&agent->base, &agent->master,
                       &msg_executor_to_framework, &m);
    metric_increment(agent->metrics.valid_framework_messages, 1);
}

/* --- events --- */

void
executors_send(struct agent *agent, const struct executor *executor,
               struct message **event)
{
    if (!executor->is_connected) {
        vlog(1, "Dropping an event for executor %s, which is disconnected",
             EXECUTOR_TEXT(executor));
        message_unref(steal(*event));
        return;
    }
    actor_send_message(&agent->base, &executor->upid, &msg_executor_event,
                       event);
}

/* The executor will end or subscribe again.  Until then nothing is sent: it
 * would not know what it has missed. */
void
executors_disconnected(struct agent *agent, const struct upid *who)
{
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (executor->is_connected && upid_equal(&executor->upid, who)) {
                executor->is_connected = false;
            }
        }
    }
}

static void
send_subscribed(struct agent *agent, const struct executor *executor)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    Executor__Event__Subscribed *subscribed =
        message_new(m, &executor__event__subscribed__descriptor);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__SUBSCRIBED;
    event->subscribed = subscribed;
    subscribed->executor_info = message_root(executor->info);
    message_hold(m, executor->info);
    subscribed->framework_info = message_root(executor->framework->info);
    message_hold(m, executor->framework->info);
    subscribed->agent_info = registration_agent_info(agent, m);
    subscribed->container_id = message_new(m, &v1__container_id__descriptor);
    subscribed->container_id->value = message_strdup(m,
                                                     executor->container_id);
    executors_send(agent, executor, &m);
}

void
on_framework_to_executor(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__FrameworkToExecutor *data =
        actor_msg_root(msg, &msg_framework_to_executor);
    struct executor *executor = executors_find(agent,
                                               data->framework_id->value,
                                               data->executor_id->value);

    if (!executor || executor->state != EXECUTOR_RUNNING) {
        log_warn("Dropping message for executor '%s' of framework %s because "
                 "it is not running", data->executor_id->value,
                 data->framework_id->value);
        metric_increment(agent->metrics.invalid_framework_messages, 1);
        return;
    }

    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__MESSAGE;
    event->message = message_new(m, &executor__event__message__descriptor);
    event->message->data = data->data;
    message_hold(m, actor_msg_message(msg));
    executors_send(agent, executor, &m);
    metric_increment(executor->is_connected
                         ? agent->metrics.valid_framework_messages
                         : agent->metrics.invalid_framework_messages, 1);
}

void
executors_send_shutdown(struct agent *agent, const struct upid *to)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__SHUTDOWN;
    actor_send_message(&agent->base, to, &msg_executor_event, &m);
}
