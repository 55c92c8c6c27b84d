/* SPDX-License-Identifier: Apache-2.0
 *
 * talker.c - actors that talk over links when told to; see talker.h. */
#include <config.h>

#include "tests/lib/talker.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/multi_system.h"

/* --- an actor that tells what it saw --- */

struct talker {
    struct actor base;
    struct talker_log *log;                    /* borrowed */
    bool replies;
};

struct talker_options {
    struct talker_log *log;
    bool replies;
};

static struct error *
talker_init(struct actor *self, void *arg)
{
    struct talker *t = (struct talker *) self;
    const struct talker_options *options = arg;

    t->log = options->log;
    t->replies = options->replies;
    return NULL;
}

static struct message *
new_pong(void)
{
    return message_create(&internal__pong_agent__descriptor);
}

static struct message *
new_ping(void)
{
    struct message *m = message_create(&internal__ping_agent__descriptor);
    Internal__PingAgent *ping = message_root(m);

    ping->connected = true;
    return m;
}

static void
count(struct talker_log *log, atomic_uint *counter)
{
    unsigned n = atomic_fetch_add(counter, 1) + 1;
    unsigned n_gates = atomic_load(&log->n_gates);

    if (n_gates > 0 && n >= atomic_load(&log->gate_at)) {
        actor_gate_open(log->gates[n_gates - 1]);
    }
}

static void
on_ping(struct actor *self, struct actor_msg *msg)
{
    struct talker *t = (struct talker *) self;

    atomic_fetch_add(&t->log->n_pings, 1);
    if (t->replies) {
        struct message *m = new_pong();
        struct actor_msg *reply = actor_msg_create_message(&msg_pong_agent,
                                                           &m);

        actor_reply(self, msg, &reply);
    }
}

static void
on_pong(struct actor *self, struct actor_msg *msg)
{
    struct talker *t = (struct talker *) self;

    actor_msg_from(msg, &t->log->last_from);
    t->log->n_texts_at_pong = atomic_load(&t->log->n_texts);
    count(t->log, &t->log->n_pongs);
}

static void
on_text(struct actor *self, struct actor_msg *msg)
{
    struct talker_log *log = ((struct talker *) self)->log;
    const Internal__ShutdownAgent *m = actor_msg_root(msg,
                                                      &msg_shutdown_agent);
    unsigned n = atomic_load(&log->n_texts);

    if (n < ARRAY_SIZE(log->texts) && m->message) {
        memcpy(log->texts[n], m->message,
               strlen(m->message) < 4 ? strlen(m->message) : 4);
    }
    atomic_store(&log->n_texts, n + 1);
}

static void
talker_exited(struct actor *self, const struct upid *who)
{
    struct talker *t = (struct talker *) self;

    t->log->last_from = *who;
    count(t->log, &t->log->n_exited);
}

static const struct actor_handler handlers[] = {
    { &msg_ping_agent, on_ping },
    { &msg_pong_agent, on_pong },
    { &msg_shutdown_agent, on_text },
};

static const struct actor_type talker_type = {
    .name = "talker", .size = sizeof(struct talker), .init = talker_init,
    .exited = talker_exited, .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

/* --- driving it from outside: a plain message with what to do --- */

static void order_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order), .run = order_run,
};

static void
send_text(struct actor *self, const struct order *order, unsigned i)
{
    struct message *m = message_create(&internal__shutdown_agent__descriptor);
    Internal__ShutdownAgent *root = message_root(m);

    if (order->size > 0) {
        root->message = message_alloc(m, order->size + 1);
        memset(root->message, 'x', order->size);
    } else {
        uint8_t digits[5] = {
            (uint8_t) (1 + i % 100), (uint8_t) (1 + i / 100 % 100),
            (uint8_t) (1 + i / 10000 % 100), 1, 0,
        };

        root->message = message_strdup(m, (const char *) digits);
    }
    actor_send_message(self, &order->to, &msg_shutdown_agent, &m);
}

static void
order_run(struct actor *self, struct actor_msg *msg)
{
    const struct order *order = actor_msg_body(msg, &msg_order);

    for (unsigned i = 0; i < (order->n ? order->n : 1); i++) {
        struct message *m;

        switch (order->what) {
        case ORDER_PING:
            m = new_ping();
            actor_send_message(self, &order->to, &msg_ping_agent, &m);
            break;
        case ORDER_TEXT:
            send_text(self, order, i);
            break;
        case ORDER_LINK:
            actor_link(self, &order->to);
            break;
        case ORDER_UNLINK:
            actor_unlink(self, &order->to);
            break;
        }
    }
}

void
give_order(struct actor_system *system, const struct upid *who,
           const struct order *order)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);

    *(struct order *) actor_msg_body(msg, &msg_order) = *order;
    actor_post(system, who, &msg);
}

/* --- fixtures --- */

struct actor_system_options
talker_system_options(void)
{
    return (struct actor_system_options) {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
}

struct upid
talker_spawn(struct actor_system *system, const char *id,
             struct talker_log *log, bool replies)
{
    struct talker_options talker = { .log = log, .replies = replies };
    struct upid upid;
    struct error *error = actor_spawn(system, &talker_type, id, &talker,
                                      &upid);

    ck_assert_ptr_null(error);
    return upid;
}

struct talker_log *
talker_log_create(void)
{
    return xcalloc(1, sizeof(struct talker_log));
}

void
talker_log_destroy(struct talker_log *log)
{
    for (unsigned i = 0; i < atomic_load(&log->n_gates); i++) {
        actor_gate_destroy(log->gates[i]);
    }
    free(log);
}

struct pair
pair_start(void)
{
    static const struct actor_link_bounds usual;

    return pair_start_bounded(&usual);
}

struct pair
pair_start_bounded(const struct actor_link_bounds *bounds)
{
    struct pair p = { .multi = multi_system_create() };
    struct actor_system_options options = talker_system_options();

    options.link = *bounds;
    p.a = multi_system_add(p.multi, &options);
    p.b = multi_system_add(p.multi, &options);
    p.log_a = talker_log_create();
    p.log_b = talker_log_create();
    p.at_a = talker_spawn(p.a, "one", p.log_a, true);
    p.at_b = talker_spawn(p.b, "two", p.log_b, true);
    return p;
}

static struct actor_system *
start_threads(const struct address *listen,
              const struct actor_backend *backend)
{
    struct actor_system_options options = talker_system_options();
    struct actor_system *system;

    options.n_workers = 2;
    options.listen = *listen;
    options.backend = backend;
    autoerror *error = actor_system_create(&options, &system);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    ck_assert_uint_ne(actor_system_address(system)->port, 0);
    return system;
}

struct pair
pair_start_threads(const struct address *listen,
                   const struct actor_backend *backend)
{
    struct pair p = {
        .a = start_threads(listen, backend),
        .b = start_threads(listen, backend),
        .log_a = talker_log_create(), .log_b = talker_log_create(),
    };

    p.at_a = talker_spawn(p.a, "one", p.log_a, true);
    p.at_b = talker_spawn(p.b, "two", p.log_b, true);
    return p;
}

void
pair_stop(struct pair *p)
{
    if (p->multi) {
        multi_system_destroy(p->multi);
    } else {
        actor_system_destroy(p->a);
        actor_system_destroy(p->b);
    }
    talker_log_destroy(p->log_a);
    talker_log_destroy(p->log_b);
}

void
talker_log_expect(struct talker_log *log, unsigned n)
{
    unsigned n_gates = atomic_load(&log->n_gates);

    /* The one before stays: somebody may be about to open it again. */
    ck_assert_uint_lt(n_gates, ARRAY_SIZE(log->gates));
    log->gates[n_gates] = actor_gate_create();
    atomic_store(&log->gate_at, n);
    atomic_store(&log->n_gates, n_gates + 1);
}

void
talker_log_wait(struct talker_log *log)
{
    unsigned n_gates = atomic_load(&log->n_gates);

    ck_assert(actor_gate_wait(log->gates[n_gates - 1], 30 * SECOND));
}

struct upid
nobody_at(struct actor_system *system)
{
    struct upid upid;
    struct error *error = upid_make("nobody", actor_system_address(system),
                                    &upid);

    ck_assert_ptr_null(error);
    return upid;
}

double
metric_of(struct actor_system *system, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(system), name, &value);
    return value;
}

void
check_order(const struct talker_log *log, unsigned n)
{
    ck_assert_uint_eq(log->n_texts, n);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_eq(log->texts[i][0], 1 + i % 100);
        ck_assert_uint_eq(log->texts[i][1], 1 + i / 100 % 100);
        ck_assert_uint_eq(log->texts[i][2], 1 + i / 10000 % 100);
    }
}
