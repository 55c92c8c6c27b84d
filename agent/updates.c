/* SPDX-License-Identifier: Apache-2.0
 *
 * updates.c - status updates: from an executor or the agent itself, through
 * the status update manager, to the master; and their acknowledgements back.
 *
 * An executor hears that its update has arrived once it is in its stream; the
 * scheduler's acknowledgement lets the next one of the task go.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>

#include "agent/state.h"
#include "agent/status_update.h"
#include "agent/status_update_manager.h"
#include "model/task_state.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void handle(struct agent *, struct executor *, struct message *update,
                   bool is_from_executor);
static void acknowledge(struct agent *, const struct executor *,
                        struct message *update);
static void apply(struct agent *, struct executor *, const V1__TaskStatus *);
static V1__ContainerStatus *container_status(const struct agent *,
                                             const struct executor *,
                                             const V1__ContainerStatus *,
                                             struct message *);
static V1__FrameworkID *encode_framework_id(struct message *, const char *);
static void copy_uuid(struct message *, const struct uuid *,
                      ProtobufCBinaryData *);
static struct task *find_task(struct agent *, const char *framework_id,
                              const char *executor_id, const char *task_id);

/* --- making updates --- */

void
updates_from_executor(struct agent *agent, struct executor *executor,
                      const V1__TaskStatus *from, struct message *call)
{
    struct message *m = message_create(&internal__status_update__descriptor);
    Internal__StatusUpdate *update = message_root(m);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    /* A shallow copy: what it points to lives as long as the call. */
    *status = *from;
    message_hold(m, call);
    update->framework_id = encode_framework_id(m, executor->framework->id);
    update->executor_id = record_executor_info(executor)->executor_id;
    message_hold(m, executor->info);
    update->agent_id = message_new(m, &v1__agent_id__descriptor);
    update->agent_id->value = message_strdup(m, agent->id);
    update->status = status;
    update->has_uuid = true;
    update->uuid = status->uuid;

    status->agent_id = update->agent_id;
    status->executor_id = update->executor_id;
    status->has_source = true;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
    if (!status->has_timestamp) {
        status->has_timestamp = true;
        status->timestamp = (double) actor_wall_now(&agent->base) / 1e9;
    }
    update->timestamp = status->timestamp;
    status->container_status = container_status(agent, executor,
                                                from->container_status, m);
    if (record_executor_has_completed(executor, status->task_id->value)) {
        /* Its end is acknowledged; only the executor does not know. */
        acknowledge(agent, executor, m);
    } else {
        handle(agent, executor, m, true);
    }
    message_unref(m);
}

void
updates_create(struct agent *agent, const char *framework_id,
               struct executor *executor, const char *task_id, int state,
               int reason, const char *text)
{
    struct message *m = message_create(&internal__status_update__descriptor);
    Internal__StatusUpdate *update = message_root(m);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);
    struct uuid uuid;

    actor_random_uuid(&agent->base, &uuid);
    update->framework_id = encode_framework_id(m, framework_id);
    update->agent_id = message_new(m, &v1__agent_id__descriptor);
    update->agent_id->value = message_strdup(m, agent->id);
    update->timestamp = (double) actor_wall_now(&agent->base) / 1e9;
    update->has_uuid = true;
    copy_uuid(m, &uuid, &update->uuid);
    update->status = status;
    if (executor) {
        update->executor_id = record_executor_info(executor)->executor_id;
        message_hold(m, executor->info);
    }

    status->task_id = message_new(m, &v1__task_id__descriptor);
    status->task_id->value = message_strdup(m, task_id);
    status->state = (V1__TaskState) state;
    status->message = message_strdup(m, text);
    status->has_source = true;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_AGENT;
    status->has_reason = true;
    status->reason = (V1__TaskStatus__Reason) reason;
    status->agent_id = update->agent_id;
    status->executor_id = update->executor_id;
    status->has_timestamp = true;
    status->timestamp = update->timestamp;
    status->has_uuid = true;
    status->uuid = update->uuid;
    if (executor) {
        status->container_status = container_status(agent, executor, NULL, m);
    }
    handle(agent, executor, m, false);
    message_unref(m);
}

int
updates_dropped_state(const struct framework *framework)
{
    bool knows_partitions = framework && record_framework_has_capability(
        framework, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);

    return knows_partitions ? V1__TASK_STATE__TASK_DROPPED
                            : V1__TASK_STATE__TASK_LOST;
}

static void
handle(struct agent *agent, struct executor *executor, struct message *m,
       bool is_from_executor)
{
    const Internal__StatusUpdate *update = status_update_of(m);

    draining_adjust(agent, records_find_framework(
                        &agent->frameworks, update->framework_id->value),
                    update->status);
    log_info("Handling status update %s%s%s", STATUS_UPDATE_TEXT(update),
             is_from_executor ? " from " : "",
             is_from_executor ? UPID_TEXT(&executor->upid) : "");
    metric_increment(agent->metrics.valid_status_updates, 1);
    if (executor) {
        apply(agent, executor, update->status);
    } else {
        /* It was refused, or is not known: this is all there will be. */
        agent_metrics_add_task(&agent->metrics, (int) update->status->state,
                               1);
    }
    autofree char *log = checkpoints_log(agent, executor,
                                         update->status->task_id->value);
    status_update_manager_update(&agent->base, &agent->status_updates, m,
                                 log);
}

/* Takes the update into the task's record.  One that is repeated, or comes
 * after the end, changes nothing there; the stream knows what to make of
 * it. */
static void
apply(struct agent *agent, struct executor *executor,
      const V1__TaskStatus *status)
{
    struct task *task = records_find_task(executor, status->task_id->value);

    if (!task || task->place == TASK_TERMINATED) {
        return;
    }
    agent_metrics_add_task(&agent->metrics, task->state, -1);
    record_task_update(task, status);
    record_task_received(task);
    agent_metrics_add_task(&agent->metrics, task->state, 1);
    if (task_state_is_terminal((int) status->state)) {
        agent_metrics_add_used(&agent->metrics, &task->resources, -1);
        task->place = TASK_TERMINATED;
        draining_task_ended(agent, executor);
    }
}

/* The container's id, and the address of this host where the executor did not
 * give one. */
static V1__ContainerStatus *
container_status(const struct agent *agent, const struct executor *executor,
                 const V1__ContainerStatus *from, struct message *m)
{
    V1__ContainerStatus *status =
        message_new(m, &v1__container_status__descriptor);

    if (from) {
        *status = *from;
    }
    if (!status->container_id) {
        status->container_id = message_new(m, &v1__container_id__descriptor);
        status->container_id->value = message_strdup(m,
                                                     executor->container_id);
    }
    if (status->n_network_infos == 0) {
        V1__NetworkInfo *info = message_new(m, &v1__network_info__descriptor);
        V1__NetworkInfo__IPAddress *ip =
            message_new(m, &v1__network_info__ipaddress__descriptor);
        bool is_v6 = strchr(agent->ip, ':') != NULL;

        ip->has_protocol = true;
        ip->protocol = is_v6 ? V1__NETWORK_INFO__PROTOCOL__IPv6
                             : V1__NETWORK_INFO__PROTOCOL__IPv4;
        ip->ip_address = message_strdup(m, agent->ip);
        info->ip_addresses = message_array(m, 1, sizeof *info->ip_addresses);
        info->ip_addresses[0] = ip;
        info->n_ip_addresses = 1;
        status->network_infos = message_array(m, 1,
                                              sizeof *status->network_infos);
        status->network_infos[0] = info;
        status->n_network_infos = 1;
    }
    return status;
}

/* --- what the status update manager says --- */

void
on_status_recorded(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct status_body *body = actor_msg_body(msg, &msg_status_recorded);
    const Internal__StatusUpdate *update = status_update_of(body->update);
    const V1__TaskStatus *status = update->status;

    if (status->source != V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR) {
        return;
    }

    struct framework *framework =
        records_find_framework(&agent->frameworks,
                               update->framework_id->value);
    struct executor *executor = framework
        ? records_find_executor(framework, update->executor_id->value)
        : NULL;
    if (!executor || executor->state == EXECUTOR_TERMINATED) {
        return;
    }
    acknowledge(agent, executor, body->update);
}

/* The executor need not keep the update any longer. */
static void
acknowledge(struct agent *agent, const struct executor *executor,
            struct message *message)
{
    const Internal__StatusUpdate *update = status_update_of(message);

    log_info("Sending acknowledgement for status update %s to %s",
             STATUS_UPDATE_TEXT(update), UPID_TEXT(&executor->upid));

    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__ACKNOWLEDGED;
    event->acknowledged =
        message_new(m, &executor__event__acknowledged__descriptor);
    event->acknowledged->task_id = update->status->task_id;
    event->acknowledged->uuid = update->uuid;
    message_hold(m, message);
    executors_send(agent, executor, &m);
}

void
on_status_forward(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct status_body *body = actor_msg_body(msg, &msg_status_forward);
    const Internal__StatusUpdate *update = status_update_of(body->update);
    int latest_state = (int) update->status->state;

    if (agent->state != AGENT_RUNNING) {
        log_warn("Dropping status update %s sent by status update manager "
                 "because the agent is in %s state",
                 STATUS_UPDATE_TEXT(update), agent_state_name(agent->state));
        return;
    }

    struct task *task =
        find_task(agent, update->framework_id->value,
                  update->executor_id ? update->executor_id->value : NULL,
                  update->status->task_id->value);
    if (task) {
        latest_state = task->state;
        task->has_update = true;
        task->update_state = (int) update->status->state;
        error_drop(status_update_uuid(update, &task->update_uuid));
    }
    log_info("Forwarding the update %s to %s", STATUS_UPDATE_TEXT(update),
             UPID_TEXT(&agent->master));

    struct message *m = status_update_to_master(body->update, latest_state);
    actor_send_message(self, &agent->master, &msg_update_status, &m);
}

void
on_status_acknowledged(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct status_acknowledged *body =
        actor_msg_body(msg, &msg_status_acknowledged);
    struct framework *framework =
        records_find_framework(&agent->frameworks, body->framework_id);
    struct task *task = find_task(agent, body->framework_id, NULL,
                                  body->task_id);

    if (!framework) {
        return;
    }

    struct executor *executor = task ? task->executor : NULL;
    if (!task && body->is_terminal && framework->n_refused > 0) {
        framework->n_refused--;
    }
    if (task && body->is_terminal && task->place == TASK_TERMINATED) {
        record_executor_complete_task(executor, task);
    }
    executors_settle(agent, framework, executor);
}

/* --- what the master says --- */

void
on_acknowledge_update(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__AcknowledgeUpdate *ack =
        actor_msg_root(msg, &msg_acknowledge_update);
    struct uuid uuid;

    if (!agent_is_from_master(agent, msg, "status update acknowledgement")) {
        return;
    }

    struct error *error = uuid_from_bytes(ack->uuid.data, ack->uuid.len,
                                          &uuid);
    if (error) {
        log_warn("Ignoring status update acknowledgement for task %s of "
                 "framework %s: %s", ack->task_id->value,
                 ack->framework_id->value, error_text(error));
        error_destroy(error);
        return;
    }
    status_update_manager_acknowledge(self, &agent->status_updates,
                                      ack->framework_id->value,
                                      ack->task_id->value, &uuid);
}

/* --- helpers --- */

/* Task ids are unique in a framework, so without an executor's id all of its
 * executors are looked at; a command task is found under its own id. */
static struct task *
find_task(struct agent *agent, const char *framework_id,
          const char *executor_id, const char *task_id)
{
    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);
    struct executor *executor;
    struct task *task;

    if (!framework) {
        return NULL;
    }
    executor = records_find_executor(framework,
                                     executor_id ? executor_id : task_id);
    task = executor ? records_find_task(executor, task_id) : NULL;
    if (task || executor_id) {
        return task;
    }
    records_foreach (framework->executors, it) {
        task = records_find_task(it, task_id);
        if (task) {
            return task;
        }
    }
    return NULL;
}

static V1__FrameworkID *
encode_framework_id(struct message *m, const char *id)
{
    V1__FrameworkID *framework_id =
        message_new(m, &v1__framework_id__descriptor);

    framework_id->value = message_strdup(m, id);
    return framework_id;
}

static void
copy_uuid(struct message *m, const struct uuid *uuid,
          ProtobufCBinaryData *ret)
{
    ret->len = sizeof uuid->bytes;
    ret->data = message_alloc(m, sizeof uuid->bytes);
    memcpy(ret->data, uuid->bytes, sizeof uuid->bytes);
}
