/* SPDX-License-Identifier: Apache-2.0
 *
 * status_update.c - one status update, as a message in flight.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/status_update.h"

#include <stdio.h>

#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "model/task_state.h"
#include "proto/cmesos/internal.pb-c.h"

const char *
status_update_text(const struct Internal__StatusUpdate *update,
                   char buffer[STATUS_UPDATE_TEXT_SIZE])
{
    const V1__TaskStatus *status = update->status;
    char uuid_text[UUID_TEXT_SIZE] = "";
    const char *health = "";
    struct uuid uuid;

    struct error *error = status_update_uuid(update, &uuid);
    if (!error) {
        uuid_format(&uuid, uuid_text);
    }
    error_destroy(error);
    if (status->has_healthy) {
        health = status->healthy ? " in health state healthy"
                                 : " in health state unhealthy";
    }
    snprintf(buffer, STATUS_UPDATE_TEXT_SIZE,
             "%s (Status UUID: %s) for task %s%s of framework %s",
             task_state_name((int) status->state), uuid_text,
             status->task_id->value, health, update->framework_id->value);
    return buffer;
}

struct error *
status_update_uuid(const struct Internal__StatusUpdate *update,
                   struct uuid *ret)
{
    if (!update->has_uuid) {
        return error_create(ERROR_INVALID, "status update without a UUID");
    }
    return uuid_from_bytes(update->uuid.data, update->uuid.len, ret);
}

const struct Internal__StatusUpdate *
status_update_of(const struct message *message)
{
    CHECK(message_descriptor(message) == &internal__status_update__descriptor);
    return message_root(message);
}

struct message *
status_update_to_master(struct message *update, int latest_state)
{
    struct message *m = message_create(&internal__update_status__descriptor);
    Internal__UpdateStatus *root = message_root(m);
    Internal__StatusUpdate *copy =
        message_new(m, &internal__status_update__descriptor);

    /* A shallow copy: what it points to lives as long as 'update'. */
    *copy = *status_update_of(update);
    copy->has_latest_state = true;
    copy->latest_state = (V1__TaskState) latest_state;
    root->update = copy;
    message_hold(m, update);
    return m;
}
