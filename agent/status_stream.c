/* SPDX-License-Identifier: Apache-2.0
 *
 * status_stream.c - the updates of one task: order, duplicates, delays.
 *
 * A task has a handful of updates, so the UUIDs seen are a plain array.
 *
 * Thread: the owner's. */
#include <config.h>

#include "agent/status_stream.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/vec.h>

#include "model/task_state.h"
#include "proto/cmesos/internal.pb-c.h"

struct pending_update {
    struct uuid uuid;
    struct message *message;    /* counted */
    bool is_held;
};

struct status_stream {
    VEC(struct pending_update) pending;     /* oldest first */
    VEC(struct uuid) acknowledged;
    bool is_terminated;
    int64_t due;                /* of the oldest; INT64_MIN: at once */
    int64_t delay;              /* after it was sent */
};

struct status_stream *
status_stream_create(void)
{
    struct status_stream *stream = xcalloc(1, sizeof *stream);

    status_stream_reset(stream);
    return stream;
}

void
status_stream_destroy(struct status_stream *stream)
{
    if (!stream) {
        return;
    }
    vec_foreach (&stream->pending, it) {
        message_unref(it->message);
    }
    vec_fini(&stream->pending);
    vec_fini(&stream->acknowledged);
    free(stream);
}

enum status_stream_result
status_stream_add(struct status_stream *stream, const struct uuid *uuid,
                  struct message *update)
{
    vec_foreach (&stream->acknowledged, it) {
        if (uuid_equal(it, uuid)) {
            return STATUS_STREAM_ACKNOWLEDGED;
        }
    }
    vec_foreach (&stream->pending, it) {
        if (uuid_equal(&it->uuid, uuid)) {
            return STATUS_STREAM_DUPLICATE;
        }
    }

    struct pending_update pending = {
        .uuid = *uuid, .message = message_ref(update),
    };
    vec_push(&stream->pending, pending);
    return STATUS_STREAM_ADDED;
}

static struct pending_update *
find_pending(const struct status_stream *stream, const struct uuid *uuid)
{
    vec_foreach (&stream->pending, it) {
        if (uuid_equal(&it->uuid, uuid)) {
            return it;
        }
    }
    return NULL;
}

void
status_stream_hold(struct status_stream *stream, const struct uuid *uuid)
{
    struct pending_update *pending = find_pending(stream, uuid);

    if (pending) {
        pending->is_held = true;
    }
}

void
status_stream_release(struct status_stream *stream, const struct uuid *uuid)
{
    struct pending_update *pending = find_pending(stream, uuid);

    if (pending) {
        pending->is_held = false;
    }
}

bool
status_stream_is_held(const struct status_stream *stream,
                      const struct uuid *uuid)
{
    const struct pending_update *pending = find_pending(stream, uuid);

    return pending && pending->is_held;
}

struct error *
status_stream_acknowledge(struct status_stream *stream,
                          const struct uuid *uuid)
{
    if (stream->pending.n == 0) {
        return error_create(ERROR_NOT_FOUND, "no update waits for an "
                            "acknowledgement");
    }

    struct pending_update head = stream->pending.data[0];
    if (!uuid_equal(&head.uuid, uuid)) {
        return error_create(ERROR_CONFLICT, "unexpected acknowledgement (UUID "
                            "of the update under way: %s)",
                            UUID_TEXT(&head.uuid));
    }

    const Internal__StatusUpdate *update = message_root(head.message);
    stream->is_terminated |=
        task_state_is_terminal((int) update->status->state);
    vec_push(&stream->acknowledged, head.uuid);
    vec_remove(&stream->pending, 0);
    message_unref(head.message);
    status_stream_reset(stream);
    return NULL;
}

struct message *
status_stream_head(const struct status_stream *stream)
{
    return stream->pending.n > 0 ? stream->pending.data[0].message : NULL;
}

bool
status_stream_is_terminated(const struct status_stream *stream)
{
    return stream->is_terminated;
}

bool
status_stream_is_empty(const struct status_stream *stream)
{
    return stream->pending.n == 0;
}

void
status_stream_sent(struct status_stream *stream, int64_t now)
{
    stream->due = now + stream->delay;
    stream->delay *= 2;
    if (stream->delay > STATUS_RETRY_MAX) {
        stream->delay = STATUS_RETRY_MAX;
    }
}

int64_t
status_stream_due(const struct status_stream *stream)
{
    return stream->pending.n > 0 && !stream->pending.data[0].is_held
               ? stream->due : INT64_MAX;
}

void
status_stream_reset(struct status_stream *stream)
{
    stream->due = INT64_MIN;
    stream->delay = STATUS_RETRY_MIN;
}
