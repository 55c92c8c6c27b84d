/* SPDX-License-Identifier: Apache-2.0
 *
 * operations.c - operations on their way: told to the agent, heard of again,
 * acknowledged.
 *
 * The master applies an operation itself, and so do its agents.  Each one is
 * tracked until its outcome is acknowledged: by the framework if it gave the
 * operation an id, or else by the master.  The agent repeats what has not been
 * acknowledged, so an operation that nobody waits for any more is acknowledged
 * here, too. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <utlist.h>

#include "master/private.h"

/* For so long after an agent is back, the framework of an operation that a
 * former master was told of may be on its way back, too. */
#define ORPHAN_WAIT_SECONDS 600.0

static const char *
id_text(const struct tracked_operation *op)
{
    return op->id ? op->id : "";
}

/* --- to the agent --- */

void
operation_send(struct master *m, struct agent *agent,
               const char *framework_id, struct message *message,
               const V1__Offer__Operation *info)
{
    struct message *order =
        message_create(&internal__apply_operation__descriptor);
    Internal__ApplyOperation *apply = message_root(order);
    struct tracked_operation *op;
    struct uuid uuid;

    actor_random_uuid(&m->base, &uuid);
    op = operations_add(&m->operations, agent, &uuid, framework_id, message,
                        info);
    operation_metrics_add(&m->operation_metrics, (int) info->type,
                          (int) op->status->state);
    message_hold(order, message);
    apply->operation = (V1__Offer__Operation *) info;
    apply->operation_uuid = uuid_to_message(&uuid, order);
    apply->resource_version_uuid = uuid_to_message(&agent->resource_version,
                                                   order);
    if (framework_id) {
        apply->framework_id = message_new(order,
                                          &v1__framework_id__descriptor);
        apply->framework_id->value = message_strdup(order, framework_id);
    }
    log_info("Sending operation '%s' (uuid: %s) to agent %s", id_text(op),
             UUID_TEXT(&uuid), agent->text);
    actor_send_message(&m->base, &agent->pid, &msg_apply_operation, &order);
}

static void
send_acknowledgement(struct master *m, const struct tracked_operation *op,
                     const V1__UUID *status_uuid)
{
    struct message *message =
        message_create(&internal__acknowledge_operation_status__descriptor);
    Internal__AcknowledgeOperationStatus *ack = message_root(message);
    struct uuid uuid;

    if (!uuid_from_message(status_uuid, &uuid)) {
        message_unref(message);
        return;
    }
    ack->operation_uuid = uuid_to_message(&op->uuid, message);
    ack->status_uuid = uuid_to_message(&uuid, message);
    actor_send_message(&m->base, &op->agent->pid,
                       &msg_acknowledge_operation_status, &message);
}

/* --- to the framework --- */

static struct message *
create_event(const V1__OperationStatus *status, V1__OperationStatus **ret)
{
    Scheduler__Event *event;
    struct message *message = event_create(
        SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS, &event);

    event->update_operation_status = message_new(
        message, &scheduler__event__update_operation_status__descriptor);
    *ret = status ? message_copy(message, &status->base)
                  : message_new(message, &v1__operation_status__descriptor);
    event->update_operation_status->status = *ret;
    return message;
}

void
operation_notify(struct master *m, struct framework *f,
                 const char *operation_id, V1__OperationState state,
                 const char *text, const char *agent_id)
{
    V1__OperationStatus *status;
    struct message *event = create_event(NULL, &status);

    status->state = state;
    status->operation_id = message_new(event, &v1__operation_id__descriptor);
    status->operation_id->value = message_strdup(event, operation_id);
    if (text) {
        status->message = message_strdup(event, text);
    }
    if (agent_id) {
        status->agent_id = message_new(event, &v1__agent_id__descriptor);
        status->agent_id->value = message_strdup(event, agent_id);
    }
    framework_send(m, f, &event);
}

static void
forward(struct master *m, struct framework *f,
        const struct tracked_operation *op, const V1__OperationStatus *status)
{
    V1__OperationStatus *copy;
    struct message *event;

    if (!f || f->state != FRAMEWORK_CONNECTED) {
        log_warn("Received operation status update %s of operation '%s' "
                 "(uuid: %s), but the framework is %s",
                 operation_state_name(status->state), id_text(op),
                 UUID_TEXT(&op->uuid), f ? "disconnected" : "unknown");
        return;
    }
    log_info("Forwarding operation status update %s of operation '%s' (uuid: "
             "%s) to framework %s", operation_state_name(status->state),
             id_text(op), UUID_TEXT(&op->uuid), f->text);
    event = create_event(status, &copy);
    copy->operation_id = message_new(event, &v1__operation_id__descriptor);
    copy->operation_id->value = message_strdup(event, op->id);
    if (!copy->agent_id) {
        copy->agent_id = message_new(event, &v1__agent_id__descriptor);
        copy->agent_id->value = message_strdup(event, op->agent->id->s);
    }
    framework_send(m, f, &event);
}

/* --- from the agent --- */

/* Whether somebody else than the master acknowledges what becomes of it. */
static bool
is_awaited(const struct master *m, const struct tracked_operation *op)
{
    double since = master_wall_time(m) - op->agent->reregistered_time;

    if (!op->key
        || frameworks_find_completed(&m->frameworks, op->framework_id)) {
        return false;
    }
    return frameworks_find(&m->frameworks, op->framework_id)
        || since < ORPHAN_WAIT_SECONDS;
}

/* Nobody asks for it any more. */
static void
forget(struct master *m, struct tracked_operation *op)
{
    if (!operation_state_is_terminal(op->status->state)) {
        operation_metrics_move(&m->operation_metrics, (int) op->info->type,
                               (int) op->status->state, -1);
    }
    operations_remove(&m->operations, op);
}

/* The same while its agent stays, which may have waited for that. */
static void
finish(struct master *m, struct tracked_operation *op)
{
    struct agent *agent = op->agent;

    forget(m, op);
    agents_check_drained(m, agent);
}

static void
set_status(struct master *m, struct tracked_operation *op,
           const V1__OperationStatus *status)
{
    log_info("Updating the state of operation '%s' (uuid: %s) for%s%s (latest "
             "state: %s, status update state: %s)", id_text(op),
             UUID_TEXT(&op->uuid),
             op->framework_id ? " framework " : " an operator API call",
             op->framework_id ? op->framework_id : "",
             operation_state_name(op->status->state),
             operation_state_name(status->state));
    if (!operation_state_is_terminal(op->status->state)) {
        operation_metrics_move(&m->operation_metrics, (int) op->info->type,
                               (int) op->status->state, (int) status->state);
        tracked_operation_set_status(op, status);
    }
}

static void
settle(struct master *m, struct tracked_operation *op,
       const V1__OperationStatus *status)
{
    bool is_terminal = operation_state_is_terminal(status->state);

    set_status(m, op, status);
    if (is_awaited(m, op)) {
        forward(m, frameworks_find(&m->frameworks, op->framework_id), op,
                status);
        if (is_terminal && !status->uuid) {
            finish(m, op);
        }
        return;
    }
    if (status->uuid) {
        send_acknowledgement(m, op, status->uuid);
    }
    if (is_terminal) {
        finish(m, op);
    }
}

/* Its acknowledgement was lost, or its framework was removed. */
static void
acknowledge_unknown(struct master *m, const struct agent *agent,
                    const struct uuid *uuid, const V1__OperationStatus *status)
{
    struct tracked_operation gone = {
        .uuid = *uuid, .agent = (struct agent *) agent,
    };

    log_info("Acknowledging status update for unknown operation (uuid: %s) of "
             "agent %s", UUID_TEXT(uuid), agent->text);
    metric_increment(m->metrics.invalid_operation_status_updates, 1);
    if (status->uuid) {
        send_acknowledgement(m, &gone, status->uuid);
    }
}

void
operations_on_update(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__UpdateOperationStatus *body =
        actor_msg_root(msg, &msg_update_operation_status);
    struct tracked_operation *op;
    struct agent *agent;
    struct uuid uuid;
    struct upid from;

    metric_increment(m->metrics.messages_operation_status_update, 1);
    actor_msg_from(msg, &from);
    agent = agents_find_pid(&m->agents, &from);
    if (!uuid_from_message(body->operation_uuid, &uuid)) {
        log_warn("Ignoring status update for an operation from %s: Its UUID "
                 "is not 16 bytes", UPID_TEXT(&from));
        metric_increment(m->metrics.invalid_operation_status_updates, 1);
        return;
    }
    if (!agent) {
        log_warn("Ignoring status update for operation '%s' (uuid: %s) for "
                 "%s: Agent %s is not registered",
                 body->status->operation_id
                     ? body->status->operation_id->value : "",
                 UUID_TEXT(&uuid), body->framework_id
                     ? body->framework_id->value : "an operator API call",
                 body->agent_id->value);
        metric_increment(m->metrics.invalid_operation_status_updates, 1);
        return;
    }
    op = operations_find(&m->operations, &uuid);
    if (!op || op->agent != agent) {
        acknowledge_unknown(m, agent, &uuid, body->status);
        return;
    }
    metric_increment(m->metrics.valid_operation_status_updates, 1);
    settle(m, op, body->status);
}

/* --- acknowledged by the framework --- */

static void
refuse_acknowledgement(struct master *m, const struct framework *f,
                       const Scheduler__Call__AcknowledgeOperationStatus *ack,
                       const char *uuid, const char *why)
{
    log_warn("Cannot send operation status update acknowledgement for status "
             "%s of operation '%s' of framework %s to agent %s because %s",
             uuid, ack->operation_id->value, f->text,
             ack->agent_id ? ack->agent_id->value : "", why);
    metric_increment(
        m->metrics.invalid_operation_status_update_acknowledgements, 1);
}

void
operations_acknowledge(struct master *m, struct framework *f,
                       const Scheduler__Call__AcknowledgeOperationStatus *ack)
{
    struct agent *agent =
        ack->agent_id ? agents_find(&m->agents, ack->agent_id->value) : NULL;
    struct tracked_operation *op =
        operations_find_id(&m->operations, f->id, ack->operation_id->value);
    struct uuid uuid, latest;
    char text[UUID_TEXT_SIZE];

    metric_increment(
        m->metrics.messages_operation_status_update_acknowledgement, 1);
    memcpy(uuid.bytes, ack->uuid.data, sizeof uuid.bytes);
    uuid_format(&uuid, text);
    if (!agent) {
        refuse_acknowledgement(m, f, ack, text, "agent is not registered");
        return;
    }
    if (!agent->connected) {
        refuse_acknowledgement(m, f, ack, text, "agent is disconnected");
        return;
    }
    if (!op || op->agent != agent) {
        refuse_acknowledgement(m, f, ack, text, "the operation is unknown");
        return;
    }
    if (!uuid_from_message(op->status->uuid, &latest)
        || !uuid_equal(&uuid, &latest)) {
        log_warn("Ignoring operation status acknowledgement for status %s of "
                 "operation '%s' (uuid %s) of framework %s because the "
                 "operation status is unknown", text, op->id,
                 UUID_TEXT(&op->uuid), f->text);
        metric_increment(
            m->metrics.invalid_operation_status_update_acknowledgements, 1);
        return;
    }
    log_info("Processing ACKNOWLEDGE_OPERATION_STATUS call for status %s of "
             "operation '%s' (uuid %s) of framework %s on agent %s", text,
             op->id, UUID_TEXT(&op->uuid), f->text, agent->id->s);
    send_acknowledgement(m, op, op->status->uuid);
    metric_increment(
        m->metrics.valid_operation_status_update_acknowledgements, 1);
    if (operation_state_is_terminal(op->status->state)) {
        finish(m, op);
    }
}

/* --- reconciliation --- */

static void
reconcile_known(struct master *m, struct framework *f,
                const struct tracked_operation *op)
{
    V1__OperationStatus *status;
    struct message *event = create_event(op->status, &status);

    status->uuid = NULL;
    framework_send(m, f, &event);
}

static void
reconcile_one(struct master *m, struct framework *f,
              const Scheduler__Call__ReconcileOperations__Operation *wanted)
{
    const char *id = wanted->operation_id->value;
    const char *agent_id = wanted->agent_id ? wanted->agent_id->value : NULL;
    const struct tracked_operation *op =
        operations_find_id(&m->operations, f->id, id);

    if (op) {
        reconcile_known(m, f, op);
    } else if (!agent_id) {
        operation_notify(m, f, id, V1__OPERATION_STATE__OPERATION_UNKNOWN,
                         "Reconciliation: Operation is unknown and no "
                         "'agent_id' was provided", NULL);
    } else if (ids_have(&m->known.recovered, agent_id)) {
        operation_notify(m, f, id, V1__OPERATION_STATE__OPERATION_RECOVERING,
                         "Reconciliation: Agent is recovered but has not "
                         "re-registered", agent_id);
    } else if (agents_find(&m->agents, agent_id)) {
        operation_notify(m, f, id, V1__OPERATION_STATE__OPERATION_UNKNOWN,
                         "Reconciliation: Operation is unknown", agent_id);
    } else if (agents_find_unreachable(&m->agents, agent_id)) {
        operation_notify(m, f, id,
                         V1__OPERATION_STATE__OPERATION_UNREACHABLE,
                         "Reconciliation: Agent is unreachable", agent_id);
    } else if (ids_have(&m->known.gone, agent_id)) {
        operation_notify(m, f, id,
                         V1__OPERATION_STATE__OPERATION_GONE_BY_OPERATOR,
                         "Reconciliation: Agent marked gone by operator",
                         agent_id);
    } else {
        operation_notify(m, f, id, V1__OPERATION_STATE__OPERATION_UNKNOWN,
                         "Reconciliation: Both operation and agent are "
                         "unknown", agent_id);
    }
}

void
operations_reconcile(struct master *m, struct framework *f,
                     const Scheduler__Call__ReconcileOperations *reconcile)
{
    const struct tracked_operation *op = NULL;

    metric_increment(m->metrics.messages_reconcile_operations, 1);
    if (reconcile->n_operations == 0) {
        log_info("Performing implicit operation state reconciliation for "
                 "framework %s", f->text);
        while ((op = operations_next(&m->operations, op)) != NULL) {
            if (op->key && !strcmp(op->framework_id, f->id)) {
                reconcile_known(m, f, op);
            }
        }
        return;
    }
    log_info("Performing explicit operation state reconciliation for %zu "
             "operations of framework %s", reconcile->n_operations, f->text);
    for (size_t i = 0; i < reconcile->n_operations; i++) {
        reconcile_one(m, f, reconcile->operations[i]);
    }
}

/* --- agents come back --- */

static void
take_reported(struct master *m, struct agent *agent,
              const V1__Operation *reported)
{
    struct tracked_operation *op;
    struct message *info;
    struct uuid uuid;

    if (!uuid_from_message(reported->uuid, &uuid)
        || operations_find(&m->operations, &uuid)) {
        return;
    }
    if (reported->framework_id && reported->info->id
        && operations_find_id(&m->operations, reported->framework_id->value,
                              reported->info->id->value)) {
        log_warn("Ignoring operation '%s' (uuid: %s) that agent %s reports: "
                 "another one has its id", reported->info->id->value,
                 UUID_TEXT(&uuid), agent->text);
        return;
    }
    info = message_clone(&reported->info->base);
    op = operations_add(&m->operations, agent, &uuid,
                        reported->framework_id
                            ? reported->framework_id->value : NULL,
                        info, message_root(info));
    message_unref(info);
    tracked_operation_set_status(op, reported->latest_status);
    operation_metrics_add(&m->operation_metrics, (int) op->info->type,
                          (int) op->status->state);
    log_info("Recovered orphan operation %s (ID: %s) on agent %s belonging to "
             "framework %s in state %s", UUID_TEXT(&uuid), id_text(op),
             agent->id->s, op->framework_id ? op->framework_id : "",
             operation_state_name(op->status->state));
}

static bool
is_reported(const struct tracked_operation *op, V1__Operation *const *reported,
            size_t n)
{
    struct uuid uuid;

    for (size_t i = 0; i < n; i++) {
        if (uuid_from_message(reported[i]->uuid, &uuid)
            && uuid_equal(&uuid, &op->uuid)) {
            return true;
        }
    }
    return false;
}

/* The order for them may have been lost, or all that is left of them is an
 * acknowledgement that was. */
static void
ask_for_missing(struct master *m, struct agent *agent,
                V1__Operation *const *reported, size_t n)
{
    struct message *message =
        message_create(&internal__reconcile_operations__descriptor);
    Internal__ReconcileOperations *ask = message_root(message);
    const struct tracked_operation *op;
    size_t n_operations;

    DL_COUNT(agent->operations, op, n_operations);
    ask->operation_uuids = message_array(message, n_operations,
                                         sizeof *ask->operation_uuids);
    DL_FOREACH(agent->operations, op) {
        if (!is_reported(op, reported, n)) {
            log_warn("Performing explicit reconciliation with agent for known "
                     "operation %s since it was not present in original "
                     "reconciliation message from agent",
                     UUID_TEXT(&op->uuid));
            ask->operation_uuids[ask->n_operation_uuids++] =
                uuid_to_message(&op->uuid, message);
        }
    }
    if (ask->n_operation_uuids > 0) {
        actor_send_message(&m->base, &agent->pid, &msg_reconcile_operations,
                           &message);
    }
    message_unref(message);
}

void
operations_take_report(struct master *m, struct agent *agent,
                       V1__Operation *const *reported, size_t n)
{
    ask_for_missing(m, agent, reported, n);
    for (size_t i = 0; i < n; i++) {
        take_reported(m, agent, reported[i]);
    }
}

/* --- somebody is gone --- */

void
operations_lose_agent(struct master *m, struct agent *agent,
                      V1__OperationState state, const char *text)
{
    while (agent->operations) {
        struct tracked_operation *op = agent->operations;
        struct framework *f = op->key
            ? frameworks_find(&m->frameworks, op->framework_id) : NULL;

        if (f && f->state == FRAMEWORK_CONNECTED) {
            operation_notify(m, f, op->id, state, text, agent->id->s);
        }
        forget(m, op);
    }
}

void
operations_lose_framework(struct master *m, const struct framework *f)
{
    struct tracked_operation *op =
        operations_next(&m->operations, NULL);

    while (op) {
        struct tracked_operation *next = operations_next(&m->operations, op);

        if (op->framework_id && !strcmp(op->framework_id, f->id)) {
            if (op->status->uuid) {
                send_acknowledgement(m, op, op->status->uuid);
            }
            finish(m, op);
        }
        op = next;
    }
}
