/* SPDX-License-Identifier: Apache-2.0
 *
 * puppet.c - an actor that says what the test tells it to, and keeps what it
 * is told. */
#include <config.h>

#include "tests/lib/puppet.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"

#define MAX_HANDLERS 64

struct heard {
    const struct actor_msg_type *type;
    struct message *message;
};

struct puppet {
    struct actor_system *system;
    struct upid upid;
    bool answers_pings;
    bool connected;             /* what the last ping said */
    size_t n_pings;
    VEC(struct heard) heard;
};

struct puppet_actor {
    struct actor base;
    struct puppet *puppet;
};

/* What the actor is to send. */
struct line {
    struct upid to;
    const struct actor_msg_type *type;
    struct message *message;
};

static actor_handler_fn on_anything, on_line;

static void
line_fini(void *body)
{
    message_unref(((struct line *) body)->message);
}

static const struct actor_msg_type msg_line = {
    .name = "puppet.line", .size = sizeof(struct line), .fini = line_fini,
};

static struct error *
puppet_init(struct actor *self, void *arg)
{
    CONTAINER_OF(self, struct puppet_actor, base)->puppet = arg;
    return NULL;
}

static const struct actor_type *
puppet_type(void)
{
    static struct actor_handler handlers[MAX_HANDLERS];
    static struct actor_type type = {
        .name = "puppet", .size = sizeof(struct puppet_actor),
        .init = puppet_init, .handlers = handlers,
    };

    if (type.n_handlers == 0) {
        ck_assert_uint_lt(proto_n_messages, MAX_HANDLERS);
        for (size_t i = 0; i < proto_n_messages; i++) {
            handlers[i].type = proto_messages[i];
            handlers[i].fn = on_anything;
        }
        handlers[proto_n_messages].type = &msg_line;
        handlers[proto_n_messages].fn = on_line;
        type.n_handlers = proto_n_messages + 1;
    }
    return &type;
}

struct puppet *
puppet_create(struct actor_system *system, const char *id)
{
    struct puppet *puppet = xcalloc(1, sizeof *puppet);
    struct error *error;

    puppet->system = system;
    puppet->answers_pings = true;
    error = actor_spawn(system, puppet_type(), id, puppet, &puppet->upid);
    ck_assert_ptr_null(error);
    return puppet;
}

void
puppet_destroy(struct puppet *puppet)
{
    puppet_forget(puppet);
    vec_fini(&puppet->heard);
    free(puppet);
}

const struct upid *
puppet_upid(const struct puppet *puppet)
{
    return &puppet->upid;
}

void
puppet_answer_pings(struct puppet *puppet, bool answer)
{
    puppet->answers_pings = answer;
}

/* --- saying --- */

void
puppet_say(struct puppet *puppet, const struct upid *to,
           const struct actor_msg_type *type, const char *fmt, ...)
{
    struct actor_msg *msg = actor_msg_create(&msg_line);
    struct line *line = actor_msg_body(msg, &msg_line);
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    struct error *error;
    va_list args;

    va_start(args, fmt);
    strbuf_vprintf(&json, fmt, args);
    va_end(args);
    error = message_decode_json(type->descriptor, json.data, json.len,
                                &line->message);
    ck_assert_msg(!error, "%s: %s", error ? error_text(error) : "",
                  json.data);
    line->to = *to;
    line->type = type;
    actor_post(puppet->system, &puppet->upid, &msg);
    actor_system_run(puppet->system);
}

static void
on_line(struct actor *self, struct actor_msg *msg)
{
    struct line *line = actor_msg_body(msg, &msg_line);

    actor_send_message(self, &line->to, line->type, &line->message);
}

void
puppet_die(struct puppet *puppet)
{
    actor_terminate(puppet->system, &puppet->upid);
    actor_system_run(puppet->system);
}

/* --- hearing --- */

static void
answer_ping(struct actor *self, struct puppet *puppet, struct actor_msg *msg)
{
    const Internal__PingAgent *ping = actor_msg_root(msg, &msg_ping_agent);
    struct message *pong = message_create(&internal__pong_agent__descriptor);
    struct upid from;

    puppet->n_pings++;
    puppet->connected = ping->connected;
    if (puppet->answers_pings) {
        actor_msg_from(msg, &from);
        actor_send_message(self, &from, &msg_pong_agent, &pong);
    }
    message_unref(pong);
}

static void
on_anything(struct actor *self, struct actor_msg *msg)
{
    struct puppet *puppet =
        CONTAINER_OF(self, struct puppet_actor, base)->puppet;
    struct heard heard = { .type = actor_msg_type(msg) };

    if (heard.type == &msg_ping_agent) {
        answer_ping(self, puppet, msg);
        return;
    }
    heard.message = message_ref(actor_msg_message(msg));
    vec_push(&puppet->heard, heard);
}

size_t
puppet_count(const struct puppet *puppet, const struct actor_msg_type *type)
{
    size_t n = 0;

    for (size_t i = 0; i < puppet->heard.n; i++) {
        n += puppet->heard.data[i].type == type;
    }
    return n;
}

const void *
puppet_heard(const struct puppet *puppet, const struct actor_msg_type *type,
             size_t i)
{
    for (size_t j = 0; j < puppet->heard.n; j++) {
        const struct heard *heard = &puppet->heard.data[j];

        if (heard->type == type && i-- == 0) {
            return message_root(heard->message);
        }
    }
    ck_abort_msg("'%s' was not told so often '%s'", puppet->upid.id,
                 type->name);
    return NULL;
}

void
puppet_forget(struct puppet *puppet)
{
    vec_foreach (&puppet->heard, heard) {
        message_unref(heard->message);
    }
    vec_clear(&puppet->heard);
}

size_t
puppet_n_pings(const struct puppet *puppet, bool *ret_connected)
{
    *ret_connected = puppet->connected;
    return puppet->n_pings;
}
