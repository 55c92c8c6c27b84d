/* SPDX-License-Identifier: Apache-2.0
 *
 * recorder.c - an actor that plays any part.
 *
 * Thread: the test's. */
#include <config.h>

#include "tests/lib/recorder.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/vec.h>

#include "proto/messages.h"

struct record {
    const struct actor_msg_type *type;
    struct message *message;    /* counted */
};

struct recorder {
    struct actor_system *system;
    struct upid upid;
    VEC(struct record) records;
};

/* The actor; the recorder outlives it. */
struct recorder_actor {
    struct actor base;
    struct recorder *recorder;
};

struct say_body {
    struct upid to;
    const struct actor_msg_type *type;
    struct message *message;    /* counted */
};

static void say_fini(void *);

static const struct actor_msg_type msg_say = {
    .name = "recorder-say", .size = sizeof(struct say_body), .fini = say_fini,
};

static void
on_any(struct actor *self, struct actor_msg *msg)
{
    struct recorder *recorder = ((struct recorder_actor *) self)->recorder;
    struct record record = {
        .type = actor_msg_type(msg),
        .message = message_ref(actor_msg_message(msg)),
    };

    vec_push(&recorder->records, record);
}

static void
on_say(struct actor *self, struct actor_msg *msg)
{
    struct say_body *body = actor_msg_body(msg, &msg_say);
    struct message *m = steal(body->message);

    actor_send_message(self, &body->to, body->type, &m);
}

static struct error *
recorder_init(struct actor *self, void *arg)
{
    ((struct recorder_actor *) self)->recorder = arg;
    return NULL;
}

static const struct actor_handler handlers[] = {
#define HANDLER(NAME, WIRE_NAME, C_NAME) { &msg_##NAME, on_any },
    PROTO_MESSAGES(HANDLER)
#undef HANDLER
    { &msg_say, on_say },
};

static const struct actor_type recorder_type = {
    .name = "recorder", .size = sizeof(struct recorder_actor),
    .init = recorder_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct recorder *
recorder_start(struct actor_system *system, const char *id)
{
    struct recorder *recorder = xcalloc(1, sizeof *recorder);
    struct error *error;

    recorder->system = system;
    error = actor_spawn(system, &recorder_type, id, recorder,
                        &recorder->upid);
    CHECK(!error, "%s", error_text(error));
    return recorder;
}

void
recorder_destroy(struct recorder *recorder)
{
    if (recorder) {
        recorder_clear(recorder);
        vec_fini(&recorder->records);
        free(recorder);
    }
}

const struct upid *
recorder_upid(const struct recorder *recorder)
{
    return &recorder->upid;
}

void
recorder_stop(struct recorder *recorder)
{
    actor_terminate(recorder->system, &recorder->upid);
}

void
recorder_send(struct recorder *recorder, const struct upid *to,
              const struct actor_msg_type *type, struct message **message)
{
    struct actor_msg *msg = actor_msg_create(&msg_say);
    struct say_body *body = actor_msg_body(msg, &msg_say);

    body->to = *to;
    body->type = type;
    body->message = steal(*message);
    actor_post(recorder->system, &recorder->upid, &msg);
}

size_t
recorder_count(const struct recorder *recorder,
               const struct actor_msg_type *type)
{
    size_t n = 0;

    vec_foreach (&recorder->records, it) {
        n += !type || it->type == type;
    }
    return n;
}

const void *
recorder_get(const struct recorder *recorder,
             const struct actor_msg_type *type, size_t i)
{
    vec_foreach (&recorder->records, it) {
        if (it->type == type && i-- == 0) {
            return message_root(it->message);
        }
    }
    log_fatal("only %zu messages '%s' came", recorder_count(recorder, type),
              type->name);
}

const void *
recorder_last(const struct recorder *recorder,
              const struct actor_msg_type *type)
{
    return recorder_get(recorder, type, recorder_count(recorder, type) - 1);
}

void
recorder_clear(struct recorder *recorder)
{
    vec_foreach (&recorder->records, it) {
        message_unref(it->message);
    }
    vec_clear(&recorder->records);
}

static void
say_fini(void *arg)
{
    struct say_body *body = arg;

    message_unref(body->message);
}
