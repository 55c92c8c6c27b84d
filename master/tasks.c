/* SPDX-License-Identifier: Apache-2.0
 *
 * tasks.c - the states of tasks: updates from agents, statuses of our own,
 * reconciliation, and what becomes of tasks that are over.
 *
 * An update goes on to the framework first and is applied to the task then; a
 * task that is over stays until its framework has acknowledged that. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/allocator/allocator.h"
#include "master/framework_metrics.h"
#include "master/private.h"
#include "model/task_state.h"

static struct message *update_event(const Internal__StatusUpdate *,
                                    struct message *update_message);
static void release_resources(struct master *, struct task *);
static void fill_reconciled(struct message *, V1__TaskStatus *,
                            const struct task *);
static void *decode(const ProtobufCMessageDescriptor *,
                    const struct text *json, struct message *holder);
static void task_leave_agent(struct task *);

V1__TaskState
partition_state(const struct framework *f, V1__TaskState state)
{
    return f->is_partition_aware ? state : V1__TASK_STATE__TASK_LOST;
}

/* --- statuses of our own --- */

struct message *
task_notice_event(struct master *m, const struct task_notice *notice,
                  V1__TaskStatus **ret_status)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__UPDATE,
                                           &event);
    V1__TaskStatus *status = message_new(message,
                                         &v1__task_status__descriptor);

    event->update = message_new(message,
                                &scheduler__event__update__descriptor);
    event->update->status = status;
    status->task_id = message_new(message, &v1__task_id__descriptor);
    status->task_id->value = message_strdup(message, notice->task_id);
    status->state = notice->state;
    status->message = message_strdup(message, notice->text);
    status->has_source = true;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_MASTER;
    status->has_reason = notice->reason >= 0;
    status->reason = status->has_reason
        ? (V1__TaskStatus__Reason) notice->reason
        : V1__TASK_STATUS__REASON__REASON_COMMAND_EXECUTOR_FAILED;
    status->has_timestamp = true;
    status->timestamp = master_wall_time(m);
    if (notice->agent_id) {
        status->agent_id = message_new(message, &v1__agent_id__descriptor);
        status->agent_id->value = message_strdup(message, notice->agent_id);
    }
    if (notice->executor_id) {
        status->executor_id = message_new(message,
                                          &v1__executor_id__descriptor);
        status->executor_id->value = message_strdup(message,
                                                    notice->executor_id);
    }
    if (notice->unreachable_ns != 0) {
        status->unreachable_time = message_new(message,
                                               &v1__time_info__descriptor);
        status->unreachable_time->nanoseconds = notice->unreachable_ns;
    }
    *ret_status = status;
    return message;
}

static void
log_sending(const V1__TaskStatus *status, const struct framework *f)
{
    log_info("Sending status update %s for task %s of framework %s%s%s%s",
             task_state_name((int) status->state), status->task_id->value,
             f->id,
             status->message ? " '" : "",
             status->message ? status->message : "",
             status->message ? "'" : "");
}

void
task_notify(struct master *m, struct framework *f,
            const struct task_notice *notice)
{
    V1__TaskStatus *status;
    struct message *event = task_notice_event(m, notice, &status);

    log_sending(status, f);
    framework_send(m, f, &event);
}

void
task_end(struct master *m, struct task *task, V1__TaskState state, int reason,
         const char *text, int64_t unreachable_ns)
{
    struct framework *f = task->framework;
    struct task_notice notice = {
        .task_id = task->id, .agent_id = task->agent_id->s,
        .executor_id = task->executor_id, .state = state, .reason = reason,
        .text = text, .unreachable_ns = unreachable_ns,
    };
    V1__TaskStatus *status;
    struct message *event = task_notice_event(m, &notice, &status);

    task_update(m, task, status, state);
    if (f->state == FRAMEWORK_CONNECTED) {
        log_sending(status, f);
    } else {
        log_warn("Dropping update %s for task %s of framework %s for "
                 "disconnected  framework %s", task_state_name((int) state),
                 task->id, f->id, f->id);
    }
    framework_send(m, f, &event);
}

/* --- adding, changing, and letting go --- */

void
tasks_count(struct master *m, struct framework *f, int state, int sign)
{
    master_metrics_add_task(&m->metrics, state, sign);
    framework_metrics_add_task(f->metrics, state, sign);
}

/* Tasks of a framework mostly have the same role: keep one copy. */
static void
share_role(struct framework *f, struct task *task)
{
    if (f->task_role && !strcmp(f->task_role->s, task->role->s)) {
        text_unref(task->role);
        task->role = text_ref(f->task_role);
    } else {
        text_unref(f->task_role);
        f->task_role = text_ref(task->role);
    }
}

void
tasks_add(struct master *m, struct framework *f, struct agent *agent,
          struct task *task)
{
    framework_add_task(f, task);
    task->agent = agent;
    text_unref(task->agent_id);
    task->agent_id = text_ref(agent->id);
    share_role(f, task);
    task_list_push(&agent->tasks, task, SIZE_MAX);
    if (!task_state_is_terminal(task->state)) {
        task->holds_resources = true;
        master_metrics_add_used(&m->metrics, &task->resources, 1);
        tasks_count(m, f, task->state, 1);
    }
}

static void
set_state(struct master *m, struct task *task, V1__TaskState state)
{
    if (task->state == state) {
        return;
    }
    tasks_count(m, task->framework, task->state, -1);
    task->state = (uint8_t) state;
    tasks_count(m, task->framework, task->state, 1);
}

void
task_update(struct master *m, struct task *task, const V1__TaskStatus *status,
            V1__TaskState latest_state)
{
    bool was_terminal = task_state_is_terminal(task->state);

    if (!was_terminal) {
        set_state(m, task, latest_state);
    }
    task_add_status(task, status);
    log_info("Updating the state of task %s of framework %s (latest state: "
             "%s, status update state: %s)", task->id, task->framework->id,
             task_state_name(task->state),
             task_state_name((int) status->state));
    if (task_state_is_terminal(task->state)
        || task->state == V1__TASK_STATE__TASK_UNREACHABLE) {
        release_resources(m, task);
    }
}

static void
release_resources(struct master *m, struct task *task)
{
    if (!task->holds_resources) {
        return;
    }
    task->holds_resources = false;
    master_metrics_add_used(&m->metrics, &task->resources, -1);
    allocator_recover(&m->base, &m->allocator, task->framework->id,
                      task->role->s, task->agent->id->s, &task->resources,
                      ALLOCATOR_NO_FILTER);
}

static void
task_leave_agent(struct task *task)
{
    if (task->agent) {
        task_list_remove(&task->agent->tasks, task);
        task->agent = NULL;
    }
}

void
task_complete(struct master *m, struct task *task)
{
    struct framework *f = task->framework;
    struct agent *agent = task->agent;
    autofini(strbuf) resources = STRBUF(STRBUF_UNLIMITED);

    resources_format(&task->resources, &resources);
    if (task_state_is_terminal(task->state)) {
        log_info("Removing task %s with resources %s of framework %s on "
                 "agent %s", task->id, resources.data, f->id,
                 task->agent ? task->agent->text : task->agent_id->s);
    } else {
        log_warn("Removing task %s with resources %s of framework %s on "
                 "agent %s in non-terminal state %s", task->id,
                 resources.data, f->id,
                 task->agent ? task->agent->text : task->agent_id->s,
                 task_state_name(task->state));
        tasks_count(m, task->framework, task->state, -1);
    }
    release_resources(m, task);
    task_leave_agent(task);
    framework_take_task(f, task);
    task_list_push(&f->completed, task,
                   m->flags->max_completed_tasks_per_framework);
    if (agent) {
        agents_check_drained(m, agent);
    }
}

void
task_set_unreachable(struct master *m, struct task *task)
{
    struct framework *f = task->framework;
    size_t max = m->flags->max_unreachable_tasks_per_framework;

    task_leave_agent(task);
    framework_take_task(f, task);
    task_list_push(&f->unreachable, task, SIZE_MAX);
    while (f->unreachable.n > max) {
        task_forget_unreachable(m, f, f->unreachable.first);
    }
}

static void
take_unreachable(struct master *m, struct framework *f, struct task *task)
{
    if (task->state == V1__TASK_STATE__TASK_UNREACHABLE) {
        tasks_count(m, task->framework, task->state, -1);
    }
    task_list_remove(&f->unreachable, task);
}

void
task_forget_unreachable(struct master *m, struct framework *f,
                        struct task *task)
{
    take_unreachable(m, f, task);
    task_destroy(task);
}

void
task_complete_unreachable(struct master *m, struct framework *f,
                          struct task *task, const V1__TaskStatus *status)
{
    take_unreachable(m, f, task);
    if (!task_state_is_terminal(task->state)) {
        task->state = (uint8_t) status->state;
        tasks_count(m, task->framework, task->state, 1);
    }
    task_add_status(task, status);
    task_list_push(&f->completed, task,
                   m->flags->max_completed_tasks_per_framework);
}

/* --- updates from agents --- */

static bool
read_uuid(const Internal__StatusUpdate *update, uint8_t ret[TASK_UUID_SIZE])
{
    const ProtobufCBinaryData *uuid =
        update->has_uuid ? &update->uuid
        : update->status->has_uuid ? &update->status->uuid : NULL;

    if (!uuid || uuid->len != TASK_UUID_SIZE) {
        return false;
    }
    memcpy(ret, uuid->data, TASK_UUID_SIZE);
    return true;
}

static const char *
format_update(const Internal__StatusUpdate *update, const uint8_t *uuid_bytes,
              struct strbuf *out)
{
    struct uuid uuid;
    char text[UUID_TEXT_SIZE];

    memcpy(uuid.bytes, uuid_bytes, sizeof uuid.bytes);
    strbuf_printf(out, "%s (Status UUID: %s)",
                  task_state_name((int) update->status->state),
                  uuid_format(&uuid, text));
    if (update->status->has_healthy) {
        strbuf_printf(out, " in health state %s",
                      update->status->healthy ? "healthy" : "unhealthy");
    }
    strbuf_printf(out, " for task %s of framework %s",
                  update->status->task_id->value,
                  update->framework_id->value);
    return out->data;
}

static void
forward_update(struct master *m, struct framework *f,
               const Internal__StatusUpdate *update, struct actor_msg *msg,
               const char *text)
{
    struct message *event;

    log_info("Forwarding status update %s", text);
    event = update_event(update, actor_msg_message(msg));
    framework_send(m, f, &event);
}

/* Its launch was on the way for so long that we gave the task up, and the
 * agent registered again without it.  Nobody could end it any more. */
static void
kill_unknown_task(struct master *m, const struct agent *agent,
                  const Internal__StatusUpdate *update)
{
    log_warn("Killing task %s of framework %s, which is not known to run on "
             "agent %s", update->status->task_id->value,
             update->framework_id->value, agent->text);
    agents_kill_task(m, agent, update->framework_id->value,
                     update->status->task_id->value);
}

static void
apply_update(struct master *m, struct framework *f, struct agent *agent,
             const Internal__StatusUpdate *update, const uint8_t *uuid,
             bool forwarded, const char *text)
{
    const V1__TaskStatus *status = update->status;
    struct task *task = f ? framework_find_task(f, status->task_id->value)
                          : NULL;
    V1__TaskState latest = update->has_latest_state ? update->latest_state
                                                    : status->state;

    if (!task || task->agent != agent) {
        log_warn("Could not lookup task for status update %s from agent %s",
                 text, agent->text);
        metric_increment(m->metrics.invalid_status_updates, 1);
        if (!task_state_is_terminal((int) latest)) {
            kill_unknown_task(m, agent, update);
        }
        return;
    }
    if (!task_state_is_known((int) latest)
        || !task_state_is_known((int) status->state)) {
        log_warn("Ignoring status update %s from agent %s: unknown state",
                 text, agent->text);
        metric_increment(m->metrics.invalid_status_updates, 1);
        return;
    }
    if (forwarded) {
        task_note_sent(task, status->state, uuid);
    }
    task_update(m, task, status, latest);
    metric_increment(m->metrics.valid_status_updates, 1);
}

void
tasks_on_update(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__UpdateStatus *body = actor_msg_root(msg,
                                                        &msg_update_status);
    const Internal__StatusUpdate *update = body->update;
    uint8_t uuid[TASK_UUID_SIZE];
    struct upid from;
    struct agent *agent;
    struct framework *f;
    bool connected;
    autofini(strbuf) text = STRBUF(4096);

    actor_msg_from(msg, &from);
    agent = agents_find_pid(&m->agents, &from);
    metric_increment(m->metrics.messages_status_update, 1);
    if (!agent) {
        log_warn("Ignoring status update %s for task %s of framework %s from "
                 "unknown agent %s with id %s",
                 task_state_name((int) update->status->state),
                 update->status->task_id->value, update->framework_id->value,
                 UPID_TEXT(&from),
                 update->agent_id ? update->agent_id->value : "");
        metric_increment(m->metrics.invalid_status_updates, 1);
        return;
    }
    if (!read_uuid(update, uuid)) {
        log_warn("Ignoring status update  from agent %s: it has no valid "
                 "uuid", agent->text);
        metric_increment(m->metrics.invalid_status_updates, 1);
        return;
    }
    format_update(update, uuid, &text);
    log_info("Status update %s from agent %s", text.data, agent->text);
    f = frameworks_find(&m->frameworks, update->framework_id->value);
    connected = f && f->state == FRAMEWORK_CONNECTED;
    if (connected) {
        forward_update(m, f, update, msg, text.data);
    } else {
        log_warn("Received status update %s from agent %s for %sframework",
                 text.data, agent->text, f ? "a disconnected "
                                           : "an unknown ");
    }
    apply_update(m, f, agent, update, uuid, connected, text.data);
}

/* The update as its scheduler gets it: the status itself, with what it needs
 * to be acknowledged. */
static struct message *
update_event(const Internal__StatusUpdate *update,
             struct message *update_message)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__UPDATE,
                                           &event);
    V1__TaskStatus *status = message_alloc(message, sizeof *status);

    message_hold(message, update_message);
    *status = *update->status;
    if (!status->has_uuid) {
        status->has_uuid = true;
        status->uuid = update->uuid;
    }
    if (!status->agent_id) {
        status->agent_id = update->agent_id;
    }
    if (!status->executor_id) {
        status->executor_id = update->executor_id;
    }
    if (!status->has_timestamp) {
        status->has_timestamp = true;
        status->timestamp = update->timestamp;
    }
    event->update = message_new(message,
                                &scheduler__event__update__descriptor);
    event->update->status = status;
    return message;
}

/* --- reconciliation --- */

static void
reconcile_task(struct master *m, struct framework *f, const struct task *task)
{
    struct task_notice notice = {
        .task_id = task->id, .agent_id = task->agent_id->s,
        .executor_id = task->executor_id,
        .state = (V1__TaskState) (task->has_sent_status ? task->sent_state
                                                        : task->state),
        .reason = V1__TASK_STATUS__REASON__REASON_RECONCILIATION,
        .text = "Reconciliation: Latest task state",
    };
    V1__TaskStatus *status;
    struct message *event = task_notice_event(m, &notice, &status);

    fill_reconciled(event, status, task);
    log_sending(status, f);
    framework_send(m, f, &event);
}

static void
fill_reconciled(struct message *event, V1__TaskStatus *status,
                const struct task *task)
{
    const struct task_status *last =
        task->n_statuses ? &task->statuses[task->n_statuses - 1] : NULL;

    if (!last) {
        return;
    }
    if (last->healthy >= 0) {
        status->has_healthy = true;
        status->healthy = last->healthy;
    }
    status->container_status = decode(&v1__container_status__descriptor,
                                      last->container_status, event);
    status->check_status = decode(&v1__check_status_info__descriptor,
                                  last->check_status, event);
}

/* JSON of our own as a message that 'holder' keeps; NULL: there is none. */
static void *
decode(const ProtobufCMessageDescriptor *descriptor, const struct text *json,
       struct message *holder)
{
    struct message *decoded = NULL;

    if (!json) {
        return NULL;
    }
    struct error *error = message_decode_json(descriptor, json->s, json->len,
                                              &decoded);
    if (error) {
        error_drop(error);
        return NULL;
    }
    void *root = message_root(decoded);

    message_hold(holder, decoded);
    message_unref(decoded);
    return root;
}

void
tasks_reconcile_one(struct master *m, struct framework *f,
                    const char *task_id, const char *agent_id)
{
    const struct task *task = framework_find_task(f, task_id);
    struct task_notice notice = {
        .task_id = task_id, .agent_id = agent_id,
        .reason = V1__TASK_STATUS__REASON__REASON_RECONCILIATION,
    };
    const struct lost_agent *lost =
        agent_id ? agents_find_unreachable(&m->agents, agent_id) : NULL;

    if (task) {
        reconcile_task(m, f, task);
        return;
    }
    if (agent_id ? ids_have(&m->known.recovered, agent_id)
                 : ids_count(&m->known.recovered) > 0) {
        log_info("Dropping reconciliation of task %s for framework %s because "
                 "%s%s%s not yet reregistered with the master", task_id,
                 f->text, agent_id ? "agent " : "some agents",
                 agent_id ? agent_id : "", agent_id ? " has" : " have");
        return;
    }
    if (agent_id && agents_find(&m->agents, agent_id)) {
        notice.state = partition_state(f, V1__TASK_STATE__TASK_GONE);
        notice.text = "Reconciliation: Task is unknown to the agent";
    } else if (lost) {
        notice.state = partition_state(f, V1__TASK_STATE__TASK_UNREACHABLE);
        notice.text = "Reconciliation: Task is unreachable";
        notice.unreachable_ns = lost->time_ns;
    } else if (agent_id && ids_have(&m->known.gone, agent_id)) {
        notice.state =
            partition_state(f, V1__TASK_STATE__TASK_GONE_BY_OPERATOR);
        notice.text = "Reconciliation: Task is gone";
    } else {
        notice.state = partition_state(f, V1__TASK_STATE__TASK_UNKNOWN);
        notice.text = "Reconciliation: Task is unknown";
    }
    task_notify(m, f, &notice);
}

void
tasks_reconcile(struct master *m, struct framework *f,
                const Scheduler__Call__Reconcile *reconcile)
{
    const struct task *task = NULL;

    metric_increment(m->metrics.messages_reconcile_tasks, 1);
    if (reconcile->n_tasks == 0) {
        log_info("Performing implicit task state reconciliation for "
                 "framework %s", f->text);
        while ((task = framework_next_task(f, task)) != NULL) {
            reconcile_task(m, f, task);
        }
        return;
    }
    log_info("Performing explicit task state reconciliation for %zu tasks of "
             "framework %s", reconcile->n_tasks, f->text);
    for (size_t i = 0; i < reconcile->n_tasks; i++) {
        const Scheduler__Call__Reconcile__Task *wanted = reconcile->tasks[i];

        tasks_reconcile_one(m, f, wanted->task_id->value,
                            wanted->agent_id ? wanted->agent_id->value
                                             : NULL);
    }
}
