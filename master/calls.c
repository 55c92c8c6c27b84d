/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.c - calls of schedulers, apart from SUBSCRIBE and ACCEPT.
 *
 * Every call but SUBSCRIBE has to come from where the framework is known to
 * be; what does not is dropped with a warning, and never answered with more
 * than an error. */
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
#include "master/validation.h"
#include "model/task_state.h"

static rate_limited_fn receive;
static void dispatch(struct master *, struct framework *, struct message *,
                     const Scheduler__Call *);
static const char *missing_field(const Scheduler__Call *);
static void on_decline(struct master *, struct framework *,
                       const Scheduler__Call__Decline *);
static void on_revive(struct master *, struct framework *,
                      const Scheduler__Call *);
static void on_suppress(struct master *, struct framework *,
                        const Scheduler__Call *);
static void on_kill(struct master *, struct framework *, struct message *,
                    const Scheduler__Call__Kill *);
static void on_acknowledge(struct master *, struct framework *,
                           const Scheduler__Call__Acknowledge *);
static void on_message(struct master *, struct framework *,
                       struct message *, const Scheduler__Call__Message *);
static void on_shutdown(struct master *, struct framework *,
                        const Scheduler__Call__Shutdown *);
static void on_teardown(struct master *, struct framework *);

static const char *
type_name(const Scheduler__Call *call)
{
    const char *name = message_enum_name(&scheduler__call__type__descriptor,
                                         (int) call->type);

    return name ? name : "UNKNOWN";
}

void
call_drop(struct master *m, const Scheduler__Call *call,
          const struct upid *from, const char *why)
{
    (void) m;
    log_warn("Dropping %s call from framework %s at %s: %s", type_name(call),
             call->framework_id ? call->framework_id->value : "",
             UPID_TEXT(from), why);
}

void
calls_on_call(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Scheduler__Call *call = actor_msg_root(msg, &msg_scheduler_call);
    struct upid from;

    actor_msg_from(msg, &from);
    if (upid_is_empty(&from)) {
        call_drop(m, call, &from, "It has no sender");
        return;
    }
    rate_limits_receive(m, &from, msg_scheduler_call.name,
                        actor_msg_message(msg), receive);
}

static void
receive(struct master *m, const struct upid *from, struct message *message)
{
    const Scheduler__Call *call = message_root(message);
    const char *missing = missing_field(call);
    struct framework *f;

    if (missing) {
        autofini(strbuf) why = STRBUF(256);

        strbuf_printf(&why, "Expecting '%s' to be present", missing);
        call_drop(m, call, from, why.data);
        return;
    }
    if (call->type == SCHEDULER__CALL__TYPE__SUBSCRIBE) {
        frameworks_on_subscribe(m, from, call->subscribe,
                                call->framework_id);
        return;
    }
    f = frameworks_find(&m->frameworks, call->framework_id->value);
    if (!f) {
        call_drop(m, call, from, "Framework cannot be found");
        return;
    }
    if (f->state == FRAMEWORK_CONNECTED && !upid_equal(&f->pid, from)) {
        call_drop(m, call, from, "Call is not from registered framework");
        return;
    }
    if (f->state != FRAMEWORK_CONNECTED) {
        log_info("Refusing %s call from framework %s: Framework disconnected",
                 type_name(call), f->text);
        framework_send_error(m, from, "Framework disconnected");
        return;
    }
    framework_metrics_add_call(f->metrics, call->type);
    dispatch(m, f, message, call);
}

/* The member that a call of this type has to have; NULL if all is there. */
static const char *
missing_field(const Scheduler__Call *call)
{
    if (!call->has_type) {
        return "type";
    }
    if (call->type != SCHEDULER__CALL__TYPE__SUBSCRIBE
        && !call->framework_id) {
        return "framework_id";
    }
    switch (call->type) {
    case SCHEDULER__CALL__TYPE__SUBSCRIBE:
        return call->subscribe ? NULL : "subscribe";
    case SCHEDULER__CALL__TYPE__ACCEPT:
        return call->accept ? NULL : "accept";
    case SCHEDULER__CALL__TYPE__DECLINE:
        return call->decline ? NULL : "decline";
    case SCHEDULER__CALL__TYPE__KILL:
        return call->kill ? NULL : "kill";
    case SCHEDULER__CALL__TYPE__SHUTDOWN:
        return call->shutdown ? NULL : "shutdown";
    case SCHEDULER__CALL__TYPE__ACKNOWLEDGE:
        return !call->acknowledge ? "acknowledge"
            : call->acknowledge->uuid.len != TASK_UUID_SIZE
            ? "acknowledge.uuid" : NULL;
    case SCHEDULER__CALL__TYPE__RECONCILE:
        return call->reconcile ? NULL : "reconcile";
    case SCHEDULER__CALL__TYPE__ACKNOWLEDGE_OPERATION_STATUS:
        return !call->acknowledge_operation_status
            ? "acknowledge_operation_status"
            : call->acknowledge_operation_status->uuid.len != TASK_UUID_SIZE
            ? "acknowledge_operation_status.uuid" : NULL;
    case SCHEDULER__CALL__TYPE__RECONCILE_OPERATIONS:
        return call->reconcile_operations ? NULL : "reconcile_operations";
    case SCHEDULER__CALL__TYPE__MESSAGE:
        return call->message ? NULL : "message";
    case SCHEDULER__CALL__TYPE__REQUEST:
        return call->request ? NULL : "request";
    case SCHEDULER__CALL__TYPE__ACCEPT_INVERSE_OFFERS:
        return call->accept_inverse_offers ? NULL : "accept_inverse_offers";
    case SCHEDULER__CALL__TYPE__DECLINE_INVERSE_OFFERS:
        return call->decline_inverse_offers ? NULL : "decline_inverse_offers";
    case SCHEDULER__CALL__TYPE__UPDATE_FRAMEWORK:
        return call->update_framework ? NULL : "update_framework";
    default:
        return NULL;
    }
}

static void
dispatch(struct master *m, struct framework *f, struct message *message,
         const Scheduler__Call *call)
{
    switch (call->type) {
    case SCHEDULER__CALL__TYPE__TEARDOWN:
        on_teardown(m, f);
        break;
    case SCHEDULER__CALL__TYPE__ACCEPT:
        accept_on_call(m, f, message, call->accept);
        break;
    case SCHEDULER__CALL__TYPE__DECLINE:
        on_decline(m, f, call->decline);
        break;
    case SCHEDULER__CALL__TYPE__REVIVE:
        on_revive(m, f, call);
        break;
    case SCHEDULER__CALL__TYPE__SUPPRESS:
        on_suppress(m, f, call);
        break;
    case SCHEDULER__CALL__TYPE__KILL:
        on_kill(m, f, message, call->kill);
        break;
    case SCHEDULER__CALL__TYPE__SHUTDOWN:
        on_shutdown(m, f, call->shutdown);
        break;
    case SCHEDULER__CALL__TYPE__ACKNOWLEDGE:
        on_acknowledge(m, f, call->acknowledge);
        break;
    case SCHEDULER__CALL__TYPE__RECONCILE:
        tasks_reconcile(m, f, call->reconcile);
        break;
    case SCHEDULER__CALL__TYPE__ACKNOWLEDGE_OPERATION_STATUS:
        operations_acknowledge(m, f, call->acknowledge_operation_status);
        break;
    case SCHEDULER__CALL__TYPE__RECONCILE_OPERATIONS:
        operations_reconcile(m, f, call->reconcile_operations);
        break;
    case SCHEDULER__CALL__TYPE__MESSAGE:
        on_message(m, f, message, call->message);
        break;
    case SCHEDULER__CALL__TYPE__REQUEST:
        metric_increment(m->metrics.messages_resource_request, 1);
        log_info("Processing REQUEST call for framework %s", f->text);
        break;
    case SCHEDULER__CALL__TYPE__ACCEPT_INVERSE_OFFERS:
        inverse_offers_on_accept(m, f, call->accept_inverse_offers);
        break;
    case SCHEDULER__CALL__TYPE__DECLINE_INVERSE_OFFERS:
        inverse_offers_on_decline(m, f, call->decline_inverse_offers);
        break;
    case SCHEDULER__CALL__TYPE__UPDATE_FRAMEWORK:
        frameworks_on_update(m, f, call->update_framework);
        break;
    default:
        call_drop(m, call, &f->pid, "This master does not support it");
        break;
    }
}

static void
on_teardown(struct master *m, struct framework *f)
{
    log_info("Processing TEARDOWN call for framework %s", f->text);
    metric_increment(m->metrics.messages_unregister_framework, 1);
    frameworks_remove(m, f);
}

/* --- offers --- */

static void
on_decline(struct master *m, struct framework *f,
           const Scheduler__Call__Decline *decline)
{
    double seconds = decline->filters ? decline->filters->refuse_seconds
                                      : 5.0;
    autofini(strbuf) ids = STRBUF(1 << 16);
    autofini(strbuf) text = STRBUF(64);

    for (size_t i = 0; i < decline->n_offer_ids; i++) {
        strbuf_printf(&ids, "%s%s", i ? ", " : "",
                      decline->offer_ids[i]->value);
    }
    strbuf_append_double(&text, seconds, false);
    log_info("Processing DECLINE call for offers: [ %s ] for framework %s "
             "with %s seconds filter", ids.data, f->text, text.data);
    metric_increment(m->metrics.messages_decline_offers, 1);
    seconds = allocator_filter_seconds(seconds);
    for (size_t i = 0; i < decline->n_offer_ids; i++) {
        const char *id = decline->offer_ids[i]->value;
        struct offer *offer = offers_find(m->offers, id);

        if (offer && offer->framework == f) {
            offer_discard(m, offer, seconds);
            framework_metrics_add_offers(f->metrics,
                                         FRAMEWORK_OFFERS_DECLINED, 1);
        } else {
            log_warn("Ignoring decline of offer %s since it is no longer "
                     "valid", id);
        }
    }
}

static bool
check_roles(struct master *m, struct framework *f,
            const Scheduler__Call *call, char *const *roles, size_t n_roles)
{
    struct error *error = validate_suppressed_roles(roles, n_roles, f->info);

    if (!error) {
        return true;
    }
    call_drop(m, call, &f->pid, error_text(error));
    error_destroy(error);
    return false;
}

static void
on_revive(struct master *m, struct framework *f, const Scheduler__Call *call)
{
    char **roles = call->revive ? call->revive->roles : NULL;
    size_t n_roles = call->revive ? call->revive->n_roles : 0;

    log_info("Processing REVIVE call for framework %s", f->text);
    metric_increment(m->metrics.messages_revive_offers, 1);
    if (check_roles(m, f, call, roles, n_roles)) {
        framework_metrics_set_suppressed(f->metrics, roles, n_roles, false);
        allocator_revive(&m->base, &m->allocator, f->id, roles, n_roles);
    }
}

static void
on_suppress(struct master *m, struct framework *f,
            const Scheduler__Call *call)
{
    char **roles = call->suppress ? call->suppress->roles : NULL;
    size_t n_roles = call->suppress ? call->suppress->n_roles : 0;

    log_info("Processing SUPPRESS call for framework %s", f->text);
    metric_increment(m->metrics.messages_suppress_offers, 1);
    if (check_roles(m, f, call, roles, n_roles)) {
        framework_metrics_set_suppressed(f->metrics, roles, n_roles, true);
        allocator_suppress(&m->base, &m->allocator, f->id, roles, n_roles);
    }
}

/* --- tasks --- */

static void
send_kill(struct master *m, struct task *task, const V1__KillPolicy *policy,
          struct message *policy_message)
{
    struct message *message =
        message_create(&internal__kill_task__descriptor);
    Internal__KillTask *kill = message_root(message);

    kill->framework_id = message_new(message, &v1__framework_id__descriptor);
    kill->framework_id->value = message_strdup(message, task->framework->id);
    kill->task_id = message_new(message, &v1__task_id__descriptor);
    kill->task_id->value = message_strdup(message, task->id);
    if (policy) {
        message_hold(message, policy_message);
        kill->kill_policy = (V1__KillPolicy *) policy;
    }
    actor_send_message(&m->base, &task->agent->pid, &msg_kill_task, &message);
}

static void
on_kill(struct master *m, struct framework *f, struct message *message,
        const Scheduler__Call__Kill *kill)
{
    const char *id = kill->task_id->value;
    const char *agent_id = kill->agent_id ? kill->agent_id->value : NULL;
    struct task *task = framework_find_task(f, id);

    log_info("Processing KILL call for task '%s' of framework %s", id,
             f->text);
    metric_increment(m->metrics.messages_kill_task, 1);
    if (!task) {
        log_warn("Cannot kill task %s of framework %s because it is unknown; "
                 "performing reconciliation", id, f->text);
        tasks_reconcile_one(m, f, id, agent_id);
        return;
    }
    if (agent_id && strcmp(agent_id, task->agent_id->s)) {
        log_warn("Cannot kill task %s of agent %s of framework %s because it "
                 "belongs to different agent %s", id, agent_id, f->text,
                 task->agent_id->s);
        return;
    }
    task->killed = true;
    if (task->agent->connected) {
        log_info("Telling agent %s to kill task %s of framework %s",
                 task->agent->text, id, f->text);
        send_kill(m, task, kill->kill_policy, message);
    } else {
        log_warn("Cannot kill task %s of framework %s because the agent %s "
                 "is disconnected. Kill will be retried if the agent "
                 "reregisters", id, f->text, task->agent->text);
    }
}

static void
forward_acknowledgement(struct master *m, const struct framework *f,
                        const struct agent *agent,
                        const Scheduler__Call__Acknowledge *ack)
{
    struct message *message =
        message_create(&internal__acknowledge_update__descriptor);
    Internal__AcknowledgeUpdate *out = message_root(message);

    out->agent_id = message_new(message, &v1__agent_id__descriptor);
    out->agent_id->value = message_strdup(message, agent->id->s);
    out->framework_id = message_new(message, &v1__framework_id__descriptor);
    out->framework_id->value = message_strdup(message, f->id);
    out->task_id = message_new(message, &v1__task_id__descriptor);
    out->task_id->value = message_strdup(message, ack->task_id->value);
    out->uuid.len = ack->uuid.len;
    out->uuid.data = message_alloc(message, ack->uuid.len);
    memcpy(out->uuid.data, ack->uuid.data, ack->uuid.len);
    actor_send_message(&m->base, &agent->pid, &msg_acknowledge_update,
                       &message);
    metric_increment(m->metrics.valid_status_update_acknowledgements, 1);
}

static void
refuse_acknowledgement(struct master *m, const struct framework *f,
                       const Scheduler__Call__Acknowledge *ack,
                       const char *uuid, const char *agent, const char *why)
{
    log_warn("Cannot send status update acknowledgement for status %s of "
             "task %s of framework %s to agent %s because %s", uuid,
             ack->task_id->value, f->text, agent, why);
    metric_increment(m->metrics.invalid_status_update_acknowledgements, 1);
}

static void
on_acknowledge(struct master *m, struct framework *f,
               const Scheduler__Call__Acknowledge *ack)
{
    const char *agent_id = ack->agent_id->value;
    struct agent *agent = agents_find(&m->agents, agent_id);
    struct task *task = framework_find_task(f, ack->task_id->value);
    struct uuid uuid;
    char text[UUID_TEXT_SIZE];

    metric_increment(m->metrics.messages_status_update_acknowledgement, 1);
    memcpy(uuid.bytes, ack->uuid.data, sizeof uuid.bytes);
    uuid_format(&uuid, text);
    if (!agent) {
        refuse_acknowledgement(m, f, ack, text, agent_id,
                               "agent is not registered");
        return;
    }
    if (!agent->connected) {
        refuse_acknowledgement(m, f, ack, text, agent->text,
                               "agent is disconnected");
        return;
    }
    log_info("Processing ACKNOWLEDGE call for status %s for task %s of "
             "framework %s on agent %s", text, ack->task_id->value, f->text,
             agent_id);
    if (task && !task->has_sent_status) {
        log_warn("Ignoring status update acknowledgement for status %s of "
                 "task %s of framework %s to agent %s because the update was "
                 "not sent by this master", text, task->id, f->text,
                 agent->text);
        metric_increment(m->metrics.invalid_status_update_acknowledgements,
                         1);
        return;
    }
    if (task && task->agent == agent
        && task_state_is_terminal(task->sent_state)
        && !memcmp(task->sent_uuid, uuid.bytes, sizeof uuid.bytes)) {
        task_complete(m, task);
    }
    forward_acknowledgement(m, f, agent, ack);
}

/* --- executors --- */

static void
on_message(struct master *m, struct framework *f, struct message *call,
           const Scheduler__Call__Message *in)
{
    struct agent *agent = agents_find(&m->agents, in->agent_id->value);
    struct message *message;
    Internal__FrameworkToExecutor *out;

    metric_increment(m->metrics.messages_framework_to_executor, 1);
    if (!agent || !agent->connected) {
        log_warn("Cannot send framework message for framework %s to agent %s "
                 "because agent is %s", f->text,
                 agent ? agent->text : in->agent_id->value,
                 agent ? "disconnected" : "not registered");
        metric_increment(m->metrics.invalid_framework_to_executor_messages,
                         1);
        return;
    }
    log_info("Processing MESSAGE call from framework %s to agent %s", f->text,
             agent->text);
    message = message_create(&internal__framework_to_executor__descriptor);
    out = message_root(message);
    message_hold(message, call);
    out->agent_id = in->agent_id;
    out->executor_id = in->executor_id;
    out->framework_id = message_new(message, &v1__framework_id__descriptor);
    out->framework_id->value = message_strdup(message, f->id);
    out->data = in->data;
    actor_send_message(&m->base, &agent->pid, &msg_framework_to_executor,
                       &message);
    metric_increment(m->metrics.valid_framework_to_executor_messages, 1);
}

static void
on_shutdown(struct master *m, struct framework *f,
            const Scheduler__Call__Shutdown *in)
{
    struct agent *agent = agents_find(&m->agents, in->agent_id->value);
    struct message *message;
    Internal__ShutdownExecutor *out;

    if (!agent) {
        log_warn("Unable to shutdown executor '%s' of framework %s of unknown "
                 "agent %s", in->executor_id->value, f->id,
                 in->agent_id->value);
        return;
    }
    log_info("Processing SHUTDOWN call for executor '%s' of framework %s on "
             "agent %s", in->executor_id->value, f->text,
             in->agent_id->value);
    message = message_create(&internal__shutdown_executor__descriptor);
    out = message_root(message);
    out->executor_id = message_new(message, &v1__executor_id__descriptor);
    out->executor_id->value = message_strdup(message,
                                             in->executor_id->value);
    out->framework_id = message_new(message, &v1__framework_id__descriptor);
    out->framework_id->value = message_strdup(message, f->id);
    actor_send_message(&m->base, &agent->pid, &msg_shutdown_executor,
                       &message);
}
