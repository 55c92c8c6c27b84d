/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_table.c - operations whose outcome has not been acknowledged. */
#include <config.h>

#include "master/operation_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <utlist.h>

#include "master/agent_table.h"

/* Neither id has a newline in it. */
static char *
make_key(const char *framework_id, const char *id)
{
    return xasprintf("%s\n%s", framework_id, id);
}

static void
set_pending(struct tracked_operation *op)
{
    struct message *message =
        message_create(&v1__operation_status__descriptor);
    V1__OperationStatus *status = message_root(message);

    status->state = V1__OPERATION_STATE__OPERATION_PENDING;
    if (op->id) {
        status->operation_id = message_new(message,
                                           &v1__operation_id__descriptor);
        status->operation_id->value = message_strdup(message, op->id);
    }
    status->agent_id = message_new(message, &v1__agent_id__descriptor);
    status->agent_id->value = message_strdup(message, op->agent->id->s);
    op->status_message = message;
    op->status = status;
}

struct tracked_operation *
operations_add(struct operations *operations, struct agent *agent,
               const struct uuid *uuid, const char *framework_id,
               struct message *message, const V1__Offer__Operation *info)
{
    struct tracked_operation *op = xcalloc(1, sizeof *op);

    op->uuid = *uuid;
    op->agent = agent;
    op->info_message = message_ref(message);
    op->info = info;
    op->framework_id = framework_id ? xstrdup(framework_id) : NULL;
    if (framework_id && info->id) {
        op->id = xstrdup(info->id->value);
        op->key = make_key(framework_id, op->id);
        HASH_ADD_KEYPTR(hh_key, operations->by_key, op->key, strlen(op->key),
                        op);
    }
    set_pending(op);
    HASH_ADD(hh, operations->by_uuid, uuid, sizeof op->uuid, op);
    DL_APPEND(agent->operations, op);
    return op;
}

static void
tracked_operation_destroy(struct tracked_operation *op)
{
    message_unref(op->info_message);
    message_unref(op->status_message);
    free(op->framework_id);
    free(op->id);
    free(op->key);
    free(op);
}

void
operations_remove(struct operations *operations,
                  struct tracked_operation *op)
{
    HASH_DEL(operations->by_uuid, op);
    if (op->key) {
        HASH_DELETE(hh_key, operations->by_key, op);
    }
    DL_DELETE(op->agent->operations, op);
    tracked_operation_destroy(op);
}

void
tracked_operation_set_status(struct tracked_operation *op,
                             const V1__OperationStatus *status)
{
    struct message *message = message_clone(&status->base);

    message_unref(op->status_message);
    op->status_message = message;
    op->status = message_root(message);
}

struct tracked_operation *
operations_find(const struct operations *operations, const struct uuid *uuid)
{
    struct tracked_operation *op;

    HASH_FIND(hh, operations->by_uuid, uuid, sizeof *uuid, op);
    return op;
}

struct tracked_operation *
operations_find_id(const struct operations *operations,
                   const char *framework_id, const char *id)
{
    autofree char *key = make_key(framework_id, id);
    struct tracked_operation *op;

    HASH_FIND(hh_key, operations->by_key, key, strlen(key), op);
    return op;
}

struct tracked_operation *
operations_next(const struct operations *operations,
                const struct tracked_operation *op)
{
    return op ? op->hh.next : operations->by_uuid;
}

size_t
operations_count(const struct operations *operations)
{
    return HASH_COUNT(operations->by_uuid);
}

void
operations_fini(struct operations *operations)
{
    while (operations->by_uuid) {
        operations_remove(operations, operations->by_uuid);
    }
}

bool
operation_state_is_terminal(V1__OperationState state)
{
    switch (state) {
    case V1__OPERATION_STATE__OPERATION_FINISHED:
    case V1__OPERATION_STATE__OPERATION_FAILED:
    case V1__OPERATION_STATE__OPERATION_ERROR:
    case V1__OPERATION_STATE__OPERATION_DROPPED:
    case V1__OPERATION_STATE__OPERATION_GONE_BY_OPERATOR:
        return true;
    default:
        return false;
    }
}

const char *
operation_state_name(V1__OperationState state)
{
    const char *name = message_enum_name(&v1__operation_state__descriptor,
                                         (int) state);

    return name ? name : "OPERATION_UNKNOWN";
}

bool
uuid_from_message(const V1__UUID *message, struct uuid *ret)
{
    if (!message || message->value.len != sizeof ret->bytes) {
        return false;
    }
    memcpy(ret->bytes, message->value.data, sizeof ret->bytes);
    return true;
}

V1__UUID *
uuid_to_message(const struct uuid *uuid, struct message *message)
{
    V1__UUID *ret = message_new(message, &v1__uuid__descriptor);

    ret->value.len = sizeof uuid->bytes;
    ret->value.data = message_alloc(message, sizeof uuid->bytes);
    memcpy(ret->value.data, uuid->bytes, sizeof uuid->bytes);
    return ret;
}
