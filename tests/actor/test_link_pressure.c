/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_pressure.c - links and HTTP connections of actors that are
 * behind.
 *
 * An actor is behind for as long as its 'init' runs: it has its name, messages
 * wait for it, and nobody else may run it.  So all of a test's interesting
 * part is called from there. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "core/transport.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

/* What the network holds between a writer and its reader. */
#define WINDOW (64 * 1024)

/* More than an actor may have, and than the network holds besides. */
enum { N_FLOOD = 25000 };

struct stage {
    struct multi_system *multi;
    struct actor_system *a, *b, *c;
};

/* --- an actor that sends numbered texts, and one that reads them --- */

struct order {
    struct upid to;
    unsigned n;
    unsigned first;             /* number */
    size_t size;                /* of each, at least */
};

static void order_run(struct actor *, struct actor_msg *);

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order), .run = order_run,
};

static void
order_run(struct actor *self, struct actor_msg *msg)
{
    const struct order *order = actor_msg_body(msg, &msg_order);

    for (unsigned i = 0; i < order->n; i++) {
        struct message *m =
            message_create(&internal__shutdown_agent__descriptor);
        Internal__ShutdownAgent *root = message_root(m);

        root->message = message_printf(m, "%0*u", (int) order->size,
                                       order->first + i);
        actor_send_message(self, &order->to, &msg_shutdown_agent, &m);
    }
}

struct reader_options {
    struct stage *stage;
    void (*meanwhile)(struct stage *);  /* in its init; NULL: nothing */
    bool refuse;                        /* its init fails then */
    unsigned *n_read;
};

struct reader {
    struct actor base;
    unsigned *n_read;
};

static void
on_post(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "read");
}

static const struct http_route routes[] = { { "/post", on_post, NULL, NULL } };

static struct error *
reader_init(struct actor *self, void *arg)
{
    const struct reader_options *options = arg;

    ((struct reader *) self)->n_read = options->n_read;
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    if (options->meanwhile) {
        options->meanwhile(options->stage);
    }
    return options->refuse ? error_create(ERROR_UNAVAILABLE, "not today")
                           : NULL;
}

static void
on_text(struct actor *self, struct actor_msg *msg)
{
    unsigned *n_read = ((struct reader *) self)->n_read;
    const Internal__ShutdownAgent *m = actor_msg_root(msg,
                                                      &msg_shutdown_agent);

    ck_assert_uint_eq(strtoul(m->message, NULL, 10), *n_read);
    (*n_read)++;
}

static const struct actor_handler handlers[] = {
    { &msg_shutdown_agent, on_text },
};

static const struct actor_type reader_type = {
    .name = "reader", .size = sizeof(struct reader), .init = reader_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static const struct actor_type sender_type = {
    .name = "sender", .size = sizeof(struct actor),
};

/* --- the stage --- */

static unsigned n_slow, n_other, n_back;

static struct upid
upid_at(struct actor_system *system, const char *id)
{
    struct upid upid;

    ck_assert_ptr_null(upid_make(id, actor_system_address(system), &upid));
    return upid;
}

/* Lets sender 'id' of 'from' send 'n' texts. */
static void
order(struct actor_system *from, struct actor_system *to, const char *id,
      unsigned n, unsigned first, size_t size)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);
    struct order *o = actor_msg_body(msg, &msg_order);
    struct upid sender = upid_at(from, "sender");

    *o = (struct order) {
        .to = upid_at(to, id), .n = n, .first = first, .size = size,
    };
    actor_post(from, &sender, &msg);
}

static struct stage
start(void)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct stage stage = { .multi = multi_system_create() };
    struct actor_system **systems[] = { &stage.a, &stage.b, &stage.c };

    memory_net_set_window(multi_system_net(stage.multi), WINDOW);
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        *systems[i] = multi_system_add(stage.multi, &options);
        ck_assert_ptr_null(actor_spawn(*systems[i], &sender_type, "sender",
                                       NULL, NULL));
    }
    n_slow = n_other = n_back = 0;
    return stage;
}

static struct error *
spawn_reader(struct stage *stage, struct actor_system *at, const char *id,
             unsigned *n_read, void (*meanwhile)(struct stage *))
{
    struct reader_options options = {
        .stage = stage, .meanwhile = meanwhile, .n_read = n_read,
    };

    return actor_spawn(at, &reader_type, id, &options, NULL);
}

static double
metric_of(struct actor_system *system, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(system), name, &value);
    return value;
}

static double
n_stopped(struct actor_system *system)
{
    return metric_of(system, "actor/mailbox/stopped");
}

static double
n_received(struct actor_system *system)
{
    return metric_of(system, "link/messages_received");
}

/* --- links --- */

static void
flood(struct stage *stage)
{
    order(stage->a, stage->b, "slow", N_FLOOD, 0, 1);
    multi_system_run(stage->multi);

    /* What was read with the one that made it stop came too. */
    ck_assert_double_eq(n_stopped(stage->b), 1);
    ck_assert_double_ge(n_received(stage->b), LIMIT_MAILBOX_MESSAGES);
    ck_assert_double_le(n_received(stage->b),
                        LIMIT_MAILBOX_MESSAGES + WINDOW / 20);
}

START_TEST(a_link_is_not_read_while_a_receiver_is_behind)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow, flood));
    ck_assert_uint_eq(n_slow, 0);
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_slow, N_FLOOD);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    ck_assert_double_eq(metric_of(stage.b, "link/messages_dropped"), 0);
    multi_system_destroy(stage.multi);
}
END_TEST

static void
flood_and_talk_to_others(struct stage *stage)
{
    flood(stage);
    order(stage->a, stage->b, "other", 1, 0, 1);
    multi_system_run(stage->multi);
    ck_assert_uint_eq(n_other, 0);

    order(stage->c, stage->b, "other", 1, 0, 1);
    multi_system_run(stage->multi);
    ck_assert_uint_eq(n_other, 1);
    n_other = 0;                        /* a's own has this number, too */
}

START_TEST(others_of_that_peer_wait_and_other_peers_do_not)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "other", &n_other,
                                    NULL));
    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    flood_and_talk_to_others));
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_slow, N_FLOOD);
    ck_assert_uint_eq(n_other, 1);
    multi_system_destroy(stage.multi);
}
END_TEST

/* Both directions of one connection stand still. */
static void
flood_back(struct stage *stage)
{
    flood(stage);
    order(stage->b, stage->a, "back", N_FLOOD, 0, 1);
    multi_system_run(stage->multi);
    ck_assert_double_eq(n_stopped(stage->a), 1);
    ck_assert_double_eq(n_stopped(stage->b), 1);
}

static void
let_b_be_slow(struct stage *stage)
{
    ck_assert_ptr_null(spawn_reader(stage, stage->b, "slow", &n_slow,
                                    flood_back));
}

START_TEST(two_systems_that_are_both_behind_come_out_of_it)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.a, "back", &n_back,
                                    let_b_be_slow));
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_slow, N_FLOOD);
    ck_assert_uint_eq(n_back, N_FLOOD);
    ck_assert_double_eq(n_stopped(stage.a), 0);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    multi_system_destroy(stage.multi);
}
END_TEST

/* 1000 bytes each. */
static void
flood_for_hours(struct stage *stage)
{
    const double sip = (1 << 20) / 1000.0, slack = 2.0 * WINDOW / 1000;

    order(stage->a, stage->b, "slow", 40000, 0, 1000);
    multi_system_run(stage->multi);
    double before = n_received(stage->b);

    multi_system_advance(stage->multi, 9 * SECOND);
    ck_assert_double_eq(n_received(stage->b), before);
    multi_system_advance(stage->multi, 2 * SECOND);
    ck_assert_double_ge(n_received(stage->b), before + sip - slack);
    ck_assert_double_le(n_received(stage->b), before + sip + slack);
    multi_system_advance(stage->multi, 10 * SECOND);
    ck_assert_double_ge(n_received(stage->b), before + 2 * (sip - slack));
    multi_system_advance(stage->multi, HOUR);
    ck_assert_double_ge(n_received(stage->b), before + 16 * (sip - slack));
    ck_assert_double_le(n_received(stage->b), before + 16 * (sip + slack));
}

START_TEST(a_link_that_is_not_read_is_sipped_at_within_bounds)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    flood_for_hours));
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_slow, 40000);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    multi_system_destroy(stage.multi);
}
END_TEST

static void
flood_and_break(struct stage *stage)
{
    flood(stage);
    memory_net_break_all(multi_system_net(stage->multi));
    multi_system_run(stage->multi);
    multi_system_advance(stage->multi, MINUTE);
}

START_TEST(a_link_may_break_while_it_is_not_read)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    flood_and_break));
    multi_system_run(stage.multi);
    ck_assert_uint_ge(n_slow, LIMIT_MAILBOX_MESSAGES);
    ck_assert_uint_lt(n_slow, N_FLOOD);
    ck_assert_double_eq(n_stopped(stage.b), 0);

    /* The next connection is as good as any. */
    order(stage.a, stage.b, "slow", 1000, n_slow, 1);
    unsigned before = n_slow;
    multi_system_run(stage.multi);
    multi_system_advance(stage.multi, MINUTE);
    ck_assert_uint_eq(n_slow, before + 1000);
    multi_system_destroy(stage.multi);
}
END_TEST

static void
flood_and_lose_sender(struct stage *stage)
{
    flood(stage);
    multi_system_remove(stage->multi, steal(stage->a));
    multi_system_run(stage->multi);
}

START_TEST(a_sender_may_end_while_its_link_is_not_read)
{
    struct stage stage = start();

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    flood_and_lose_sender));
    multi_system_run(stage.multi);

    ck_assert_uint_ge(n_slow, LIMIT_MAILBOX_MESSAGES);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    multi_system_destroy(stage.multi);
}
END_TEST

START_TEST(a_link_is_read_on_when_the_receiver_has_ended)
{
    struct stage stage = start();
    struct reader_options options = {
        .stage = &stage, .meanwhile = flood, .n_read = &n_slow,
        .refuse = true,
    };

    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "other", &n_other,
                                    NULL));
    struct error *error = actor_spawn(stage.b, &reader_type, "slow", &options,
                                      NULL);
    ck_assert_ptr_nonnull(error);
    error_destroy(error);
    order(stage.a, stage.b, "other", 10, 0, 1);
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_slow, 0);
    ck_assert_uint_eq(n_other, 10);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    multi_system_destroy(stage.multi);
}
END_TEST

/* --- HTTP --- */

static struct memory_client *clients[2];

static unsigned
n_answers(struct memory_client *client)
{
    size_t size;
    const char *p = memory_client_text(client, &size);
    unsigned n = 0;

    while ((p = strstr(p, "HTTP/1.1 200 "))) {
        n++;
        p++;
    }
    return n;
}

/* A request whose body counts a tenth of what an actor may have. */
static void
post(struct stage *stage, struct memory_client *client)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    size_t size = LIMIT_MAILBOX_BYTES / 10;
    autofree char *body = xcalloc(1, size);

    memset(body, 'x', size);
    strbuf_printf(&text, "POST /slow/post HTTP/1.1\r\nHost: b\r\n"
                         "User-Agent: test\r\nContent-Length: %zu\r\n\r\n",
                  size);
    strbuf_append_bytes(&text, body, size);
    memory_client_write(client, text.data, text.len);
    multi_system_run(stage->multi);
}

static void
get_version(struct stage *stage, struct memory_client *client)
{
    static const char text[] = "GET /version HTTP/1.1\r\nHost: b\r\n"
                               "User-Agent: test\r\n\r\n";

    memory_client_write(client, text, sizeof text - 1);
    multi_system_run(stage->multi);
}

static void
post_and_get(struct stage *stage)
{
    for (int i = 0; i < 2; i++) {
        clients[i] = memory_client_connect(multi_system_net(stage->multi),
                                           actor_system_address(stage->b));
        ck_assert_ptr_nonnull(clients[i]);
    }
    for (int i = 0; i < 10; i++) {
        post(stage, clients[0]);
    }
    ck_assert_double_eq(n_stopped(stage->b), 0);
    post(stage, clients[0]);
    ck_assert_double_eq(n_stopped(stage->b), 1);
    get_version(stage, clients[0]);
    get_version(stage, clients[1]);
    ck_assert_uint_eq(n_answers(clients[0]), 0);
    ck_assert_uint_eq(n_answers(clients[1]), 1);
}

START_TEST(an_http_connection_is_not_read_while_its_actor_is_behind)
{
    struct stage stage = start();

    memory_net_set_window(multi_system_net(stage.multi), 1 << 24);
    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    post_and_get));
    multi_system_run(stage.multi);

    ck_assert_uint_eq(n_answers(clients[0]), 12);
    ck_assert_double_eq(n_stopped(stage.b), 0);
    memory_client_close(clients[0]);
    memory_client_close(clients[1]);
    multi_system_destroy(stage.multi);
}
END_TEST

static void
post_and_leave(struct stage *stage)
{
    post_and_get(stage);
    memory_client_close(steal(clients[0]));
    multi_system_run(stage->multi);
}

START_TEST(a_client_may_leave_while_it_is_not_read)
{
    struct stage stage = start();

    memory_net_set_window(multi_system_net(stage.multi), 1 << 24);
    ck_assert_ptr_null(spawn_reader(&stage, stage.b, "slow", &n_slow,
                                    post_and_leave));
    multi_system_run(stage.multi);

    ck_assert_double_eq(n_stopped(stage.b), 0);
    get_version(&stage, clients[1]);
    ck_assert_uint_eq(n_answers(clients[1]), 2);
    memory_client_close(clients[1]);
    multi_system_destroy(stage.multi);
}
END_TEST

static Suite *
link_pressure_suite(void)
{
    Suite *suite = suite_create("link_pressure");

    test_add(suite, "link", a_link_is_not_read_while_a_receiver_is_behind);
    test_add(suite, "others",
             others_of_that_peer_wait_and_other_peers_do_not);
    test_add(suite, "both",
             two_systems_that_are_both_behind_come_out_of_it);
    test_add(suite, "sips",
             a_link_that_is_not_read_is_sipped_at_within_bounds);
    test_add(suite, "break", a_link_may_break_while_it_is_not_read);
    test_add(suite, "sender", a_sender_may_end_while_its_link_is_not_read);
    test_add(suite, "receiver",
             a_link_is_read_on_when_the_receiver_has_ended);
    test_add(suite, "http",
             an_http_connection_is_not_read_while_its_actor_is_behind);
    test_add(suite, "http_leave", a_client_may_leave_while_it_is_not_read);
    return suite;
}

TEST_MAIN(link_pressure_suite)
