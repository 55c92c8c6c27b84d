/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.c - fills in scheduler.Call messages.
 *
 * Thread: pure functions. */
#include <config.h>

#include "scheduler-driver/calls.h"

#include <string.h>

#include <actor/message.h>

struct message *
call_create(Scheduler__Call__Type type)
{
    struct message *m = message_create(&scheduler__call__descriptor);
    Scheduler__Call *call = message_root(m);

    call->has_type = true;
    call->type = type;
    return m;
}

/* --- copying into 'm' --- */

/* An array of copies of the 'n' messages at 'source', an array of pointers to
 * one kind of message. */
static void *
copy_all(struct message *m, const void *source, size_t n)
{
    ProtobufCMessage *const *from = source;
    void **to = message_array(m, n, sizeof *to);

    for (size_t i = 0; i < n; i++) {
        to[i] = message_copy(m, from[i]);
    }
    return to;
}

static void *
copy_one(struct message *m, const void *source)
{
    return source ? message_copy(m, source) : NULL;
}

static char **
copy_strings(struct message *m, const char *const *source, size_t n)
{
    char **to = message_array(m, n, sizeof *to);

    for (size_t i = 0; i < n; i++) {
        to[i] = message_strdup(m, source[i]);
    }
    return to;
}

static ProtobufCBinaryData
copy_bytes(struct message *m, const void *data, size_t size)
{
    ProtobufCBinaryData bytes = { .len = size };

    if (size > 0) {
        bytes.data = message_alloc(m, size);
        memcpy(bytes.data, data, size);
    }
    return bytes;
}

/* --- the calls --- */

struct message *
call_create_request(const V1__Request *const *requests, size_t n)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__REQUEST);
    Scheduler__Call *call = message_root(m);

    call->request = message_new(m, &scheduler__call__request__descriptor);
    call->request->requests = copy_all(m, requests, n);
    call->request->n_requests = n;
    return m;
}

static Scheduler__Call__Accept *
add_accept(struct message *m, const V1__OfferID *const *offer_ids,
           size_t n_ids, const V1__Filters *filters)
{
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__Accept *accept =
        message_new(m, &scheduler__call__accept__descriptor);

    accept->offer_ids = copy_all(m, offer_ids, n_ids);
    accept->n_offer_ids = n_ids;
    accept->filters = copy_one(m, filters);
    call->accept = accept;
    return accept;
}

struct message *
call_create_accept(const V1__OfferID *const *offer_ids, size_t n_ids,
                   const V1__Offer__Operation *const *operations,
                   size_t n_operations, const V1__Filters *filters)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__ACCEPT);
    Scheduler__Call__Accept *accept = add_accept(m, offer_ids, n_ids, filters);

    accept->operations = copy_all(m, operations, n_operations);
    accept->n_operations = n_operations;
    return m;
}

struct message *
call_create_launch(const V1__OfferID *const *offer_ids, size_t n_ids,
                   const V1__TaskInfo *const *tasks, size_t n_tasks,
                   const V1__Filters *filters)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__ACCEPT);
    Scheduler__Call__Accept *accept = add_accept(m, offer_ids, n_ids, filters);
    V1__Offer__Operation *operation =
        message_new(m, &v1__offer__operation__descriptor);

    operation->has_type = true;
    operation->type = V1__OFFER__OPERATION__TYPE__LAUNCH;
    operation->launch =
        message_new(m, &v1__offer__operation__launch__descriptor);
    operation->launch->task_infos = copy_all(m, tasks, n_tasks);
    operation->launch->n_task_infos = n_tasks;
    accept->operations = message_array(m, 1, sizeof *accept->operations);
    accept->operations[0] = operation;
    accept->n_operations = 1;
    return m;
}

struct message *
call_create_decline(const V1__OfferID *offer_id, const V1__Filters *filters)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__DECLINE);
    Scheduler__Call *call = message_root(m);

    call->decline = message_new(m, &scheduler__call__decline__descriptor);
    call->decline->offer_ids = copy_all(m, &offer_id, 1);
    call->decline->n_offer_ids = 1;
    call->decline->filters = copy_one(m, filters);
    return m;
}

struct message *
call_create_accept_inverse(const V1__OfferID *const *ids, size_t n_ids,
                           const V1__Filters *filters)
{
    struct message *m =
        call_create(SCHEDULER__CALL__TYPE__ACCEPT_INVERSE_OFFERS);
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__AcceptInverseOffers *accept =
        message_new(m, &scheduler__call__accept_inverse_offers__descriptor);

    accept->inverse_offer_ids = copy_all(m, ids, n_ids);
    accept->n_inverse_offer_ids = n_ids;
    accept->filters = copy_one(m, filters);
    call->accept_inverse_offers = accept;
    return m;
}

struct message *
call_create_decline_inverse(const V1__OfferID *const *ids, size_t n_ids,
                            const V1__Filters *filters)
{
    struct message *m =
        call_create(SCHEDULER__CALL__TYPE__DECLINE_INVERSE_OFFERS);
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__DeclineInverseOffers *decline =
        message_new(m, &scheduler__call__decline_inverse_offers__descriptor);

    decline->inverse_offer_ids = copy_all(m, ids, n_ids);
    decline->n_inverse_offer_ids = n_ids;
    decline->filters = copy_one(m, filters);
    call->decline_inverse_offers = decline;
    return m;
}

struct message *
call_create_kill(const V1__TaskID *task_id)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__KILL);
    Scheduler__Call *call = message_root(m);

    call->kill = message_new(m, &scheduler__call__kill__descriptor);
    call->kill->task_id = copy_one(m, task_id);
    return m;
}

struct message *
call_create_revive(const char *const *roles, size_t n)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__REVIVE);
    Scheduler__Call *call = message_root(m);

    call->revive = message_new(m, &scheduler__call__revive__descriptor);
    call->revive->roles = copy_strings(m, roles, n);
    call->revive->n_roles = n;
    return m;
}

struct message *
call_create_suppress(const char *const *roles, size_t n)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__SUPPRESS);
    Scheduler__Call *call = message_root(m);

    call->suppress = message_new(m, &scheduler__call__suppress__descriptor);
    call->suppress->roles = copy_strings(m, roles, n);
    call->suppress->n_roles = n;
    return m;
}

struct message *
call_create_acknowledge(const V1__TaskStatus *status)
{
    if (!status->has_uuid || status->uuid.len == 0 || !status->agent_id) {
        return NULL;
    }
    struct message *m = call_create(SCHEDULER__CALL__TYPE__ACKNOWLEDGE);
    Scheduler__Call *call = message_root(m);

    call->acknowledge =
        message_new(m, &scheduler__call__acknowledge__descriptor);
    call->acknowledge->agent_id = copy_one(m, status->agent_id);
    call->acknowledge->task_id = copy_one(m, status->task_id);
    call->acknowledge->uuid =
        copy_bytes(m, status->uuid.data, status->uuid.len);
    return m;
}

struct message *
call_create_message(const V1__ExecutorID *executor_id,
                    const V1__AgentID *agent_id, const void *data, size_t size)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__MESSAGE);
    Scheduler__Call *call = message_root(m);

    call->message = message_new(m, &scheduler__call__message__descriptor);
    call->message->executor_id = copy_one(m, executor_id);
    call->message->agent_id = copy_one(m, agent_id);
    call->message->data = copy_bytes(m, data, size);
    return m;
}

struct message *
call_create_reconcile(const V1__TaskStatus *const *statuses, size_t n)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__RECONCILE);
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__Reconcile__Task **tasks =
        message_array(m, n, sizeof *tasks);

    for (size_t i = 0; i < n; i++) {
        tasks[i] =
            message_new(m, &scheduler__call__reconcile__task__descriptor);
        tasks[i]->task_id = copy_one(m, statuses[i]->task_id);
        tasks[i]->agent_id = copy_one(m, statuses[i]->agent_id);
    }
    call->reconcile = message_new(m, &scheduler__call__reconcile__descriptor);
    call->reconcile->tasks = tasks;
    call->reconcile->n_tasks = n;
    return m;
}

struct message *
call_create_update(const V1__FrameworkInfo *framework,
                   const char *const *suppressed_roles,
                   size_t n_suppressed_roles,
                   const Scheduler__OfferConstraints *constraints)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__UPDATE_FRAMEWORK);
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__UpdateFramework *update =
        message_new(m, &scheduler__call__update_framework__descriptor);

    update->framework_info = copy_one(m, framework);
    update->suppressed_roles =
        copy_strings(m, suppressed_roles, n_suppressed_roles);
    update->n_suppressed_roles = n_suppressed_roles;
    update->offer_constraints = copy_one(m, constraints);
    call->update_framework = update;
    return m;
}
