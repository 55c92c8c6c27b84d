/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link.c - messages, links and losses between systems: over a network
 * in memory, where order and time are the test's, and over loopback TCP. */
#include <config.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "link/frame.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

/* --- an actor that tells what it saw --- */

struct log {
    atomic_uint n_pings;
    atomic_uint n_pongs;
    atomic_uint n_exited;
    uint8_t texts[100000][4];           /* of shutdown-agent, in order */
    atomic_uint n_texts;
    struct actor_gate *gate;            /* opened at 'gate_at' pongs or exits */
    unsigned gate_at;
    struct upid last_from;
};

struct talker {
    struct actor base;
    struct log *log;                    /* borrowed */
    bool replies;
};

struct talker_options {
    struct log *log;
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
count(struct log *log, atomic_uint *counter)
{
    if (atomic_fetch_add(counter, 1) + 1 >= log->gate_at && log->gate) {
        actor_gate_open(log->gate);
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
    count(t->log, &t->log->n_pongs);
}

static void
on_text(struct actor *self, struct actor_msg *msg)
{
    struct log *log = ((struct talker *) self)->log;
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

struct order {
    enum { ORDER_PING, ORDER_TEXT, ORDER_LINK, ORDER_UNLINK } what;
    struct upid to;
    unsigned n;                         /* times; 0: once */
    size_t size;                        /* of the text; 0: its number */
};

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

static void
give_order(struct actor_system *system, const struct upid *who,
           const struct order *order)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);

    *(struct order *) actor_msg_body(msg, &msg_order) = *order;
    actor_post(system, who, &msg);
}

#define ORDER(system, who, ...) \
    give_order((system), (who), &(struct order) { __VA_ARGS__ })

/* --- fixtures --- */

static struct actor_system_options options;

static void
use_messages(void)
{
    options = (struct actor_system_options) {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
}

static struct upid
spawn_at(struct actor_system *system, const char *id, struct log *log,
         bool replies)
{
    struct talker_options talker = { .log = log, .replies = replies };
    struct upid upid;
    struct error *error = actor_spawn(system, &talker_type, id, &talker,
                                      &upid);

    ck_assert_ptr_null(error);
    return upid;
}

static struct log *
new_log(void)
{
    return xcalloc(1, sizeof(struct log));
}

struct pair {
    struct multi_system *multi;
    struct actor_system *a, *b;
    struct log *log_a, *log_b;
    struct upid at_a, at_b;
};

static struct pair
pair_start(void)
{
    struct pair p = { .multi = multi_system_create() };

    use_messages();
    p.a = multi_system_add(p.multi, &options);
    p.b = multi_system_add(p.multi, &options);
    p.log_a = new_log();
    p.log_b = new_log();
    p.at_a = spawn_at(p.a, "one", p.log_a, true);
    p.at_b = spawn_at(p.b, "two", p.log_b, true);
    return p;
}

static void
pair_stop(struct pair *p)
{
    multi_system_destroy(p->multi);
    free(p->log_a);
    free(p->log_b);
}

static struct upid
nobody_at(struct actor_system *system)
{
    struct upid upid;
    struct error *error = upid_make("nobody", actor_system_address(system),
                                    &upid);

    ck_assert_ptr_null(error);
    return upid;
}

static double
metric_of(struct actor_system *system, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(system), name, &value);
    return value;
}

static void
check_order(const struct log *log, unsigned n)
{
    ck_assert_uint_eq(log->n_texts, n);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_eq(log->texts[i][0], 1 + i % 100);
        ck_assert_uint_eq(log->texts[i][1], 1 + i / 100 % 100);
        ck_assert_uint_eq(log->texts[i][2], 1 + i / 10000 % 100);
    }
}

/* --- messages --- */

START_TEST(a_ping_to_another_system_is_answered)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_b->n_pings, 1);
    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    ck_assert(upid_equal(&p.log_a->last_from, &p.at_b));
    pair_stop(&p);
}
END_TEST

START_TEST(many_messages_arrive_once_and_in_order)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .n = 50000);
    multi_system_run(p.multi);

    check_order(p.log_b, 50000);
    pair_stop(&p);
}
END_TEST

START_TEST(messages_keep_their_order_through_a_small_window)
{
    struct pair p = pair_start();

    memory_net_set_window(multi_system_net(p.multi), 7);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .n = 300);
    multi_system_run(p.multi);

    check_order(p.log_b, 300);
    pair_stop(&p);
}
END_TEST

START_TEST(a_large_message_arrives)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .size = 20 << 20);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_b->n_texts, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_message_to_nobody_is_dropped_and_counted)
{
    struct pair p = pair_start();
    struct upid nobody = nobody_at(p.b);

    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = nobody);
    multi_system_run(p.multi);

    ck_assert(metric_of(p.b, "link/messages_dropped") == 1);
    pair_stop(&p);
}
END_TEST

START_TEST(when_both_dial_at_once_one_connection_carries_all)
{
    struct pair p = pair_start();
    struct memory_net *net = multi_system_net(p.multi);

    memory_net_hold_connects(net, true);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .n = 500);
    ORDER(p.b, &p.at_b, .what = ORDER_TEXT, .to = p.at_a, .n = 500);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    ORDER(p.b, &p.at_b, .what = ORDER_LINK, .to = p.at_a);
    multi_system_run(p.multi);
    memory_net_hold_connects(net, false);
    multi_system_advance(p.multi, 20 * SECOND);

    check_order(p.log_a, 500);
    check_order(p.log_b, 500);
    ck_assert_uint_eq(p.log_a->n_exited, 0);
    ck_assert_uint_eq(p.log_b->n_exited, 0);
    pair_stop(&p);
}
END_TEST

START_TEST(a_peer_that_cannot_be_dialled_is_answered_on_its_own_connection)
{
    struct pair p = pair_start();

    memory_net_refuse(multi_system_net(p.multi), actor_system_address(p.a),
                      true);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_system_answers_under_the_name_that_was_dialled)
{
    struct pair p = { .multi = multi_system_create() };
    struct upid dialled;
    struct address bound;

    use_messages();
    p.a = multi_system_add(p.multi, &options);
    ck_assert_ptr_null(address_parse("10.8.8.8:5050", &bound));
    ck_assert_ptr_null(address_parse("10.9.9.9:5050", &options.advertise));
    p.b = multi_system_add_at(p.multi, &bound, &options);
    p.log_a = new_log();
    p.log_b = new_log();
    p.at_a = spawn_at(p.a, "one", p.log_a, true);
    p.at_b = spawn_at(p.b, "two", p.log_b, true);
    dialled = p.at_b;
    dialled.address = bound;
    ck_assert(!upid_equal(&dialled, &p.at_b));

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = dialled);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = dialled);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    ck_assert(upid_equal(&p.log_a->last_from, &dialled));

    actor_terminate(p.b, &p.at_b);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    pair_stop(&p);
}
END_TEST

/* --- exits --- */

START_TEST(the_end_of_a_linked_remote_actor_is_told)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_exited, 0);
    actor_terminate(p.b, &p.at_b);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert(upid_equal(&p.log_a->last_from, &p.at_b));
    pair_stop(&p);
}
END_TEST

START_TEST(an_unlinked_remote_actor_ends_unnoticed)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    ORDER(p.a, &p.at_a, .what = ORDER_UNLINK, .to = p.at_b);
    multi_system_run(p.multi);
    actor_terminate(p.b, &p.at_b);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 0);
    pair_stop(&p);
}
END_TEST

START_TEST(linking_an_id_that_does_not_exist_there_is_told)
{
    struct pair p = pair_start();
    struct upid nobody = nobody_at(p.b);

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = nobody);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert_str_eq(p.log_a->last_from.id, "nobody");
    pair_stop(&p);
}
END_TEST

START_TEST(the_loss_of_a_connection_is_told_to_both_sides)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    ORDER(p.b, &p.at_b, .what = ORDER_LINK, .to = p.at_a);
    multi_system_advance(p.multi, SECOND);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert_uint_eq(p.log_b->n_exited, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(after_a_loss_the_next_message_makes_a_new_connection)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a);
    multi_system_advance(p.multi, 2 * SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 2);
    ck_assert_uint_eq(p.log_b->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_refused_connection_is_told_to_linkers_and_backed_off_from)
{
    struct pair p = pair_start();
    struct memory_net *net = multi_system_net(p.multi);

    memory_net_refuse(net, actor_system_address(p.b), true);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    memory_net_refuse(net, actor_system_address(p.b), false);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_pongs, 0);
    multi_system_advance(p.multi, SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_connection_that_is_never_made_times_out)
{
    struct pair p = pair_start();

    memory_net_hold_connects(multi_system_net(p.multi), true);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_advance(p.multi, 9 * SECOND);
    ck_assert_uint_eq(p.log_a->n_exited, 0);
    multi_system_advance(p.multi, 2 * SECOND);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_restarted_system_is_noticed_and_reached_again)
{
    struct pair p = pair_start();
    struct address address = *actor_system_address(p.b);

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    multi_system_remove(p.multi, p.b);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    options.seed = 99;
    p.b = multi_system_add_at(p.multi, &address, &options);
    spawn_at(p.b, "two", p.log_b, true);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(idle_peers_are_forgotten_and_may_come_back)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_advance(p.multi, 2 * MINUTE);
    ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a);
    multi_system_advance(p.multi, SECOND);

    ck_assert_uint_eq(p.log_b->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

/* --- bounds --- */

START_TEST(a_peer_that_does_not_read_is_given_up_at_the_bound)
{
    struct pair p = pair_start();

    memory_net_hold_connects(multi_system_net(p.multi), true);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    for (int i = 0; i < 12; i++) {
        ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b,
              .size = 30 << 20);
    }
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert(metric_of(p.a, "link/messages_dropped") >= 9);
    pair_stop(&p);
}
END_TEST

/* --- strangers: what a client may write by hand --- */

static void
write_handshake(struct memory_client *client, const struct address *to,
                const char *version, const char *from, uint64_t dial)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&text,
                  "GET / HTTP/1.1\r\n"
                  "Connection: Upgrade\r\nUpgrade: cmesos-link/%s\r\n"
                  "Link-From: %s\r\nLink-To: %s\r\n"
                  "Link-Incarnation: 0123456789abcdef0123456789abcdef\r\n"
                  "Link-Dial: %llu\r\nLink-Seen: 0\r\n\r\n",
                  version, from, ADDRESS_TEXT(to), (unsigned long long) dial);
    memory_client_write(client, text.data, text.len);
}

static struct memory_client *
link_by_hand(struct pair *p, uint64_t dial)
{
    struct memory_client *client = memory_client_connect(
        multi_system_net(p->multi), actor_system_address(p->b));

    write_handshake(client, actor_system_address(p->b), "1",
                    "10.0.0.77:5050", dial);
    multi_system_run(p->multi);
    return client;
}

static void
expect_start(struct memory_client *client, const char *expected)
{
    const char *text = memory_client_text(client, NULL);

    ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0,
                  "got '%.60s'", text);
}

START_TEST(a_handshake_by_hand_is_accepted)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);

    expect_start(client, "HTTP/1.1 101 Switching Protocols\r\n");
    ck_assert(!memory_client_is_ended(client));
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(another_version_of_the_protocol_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *client = memory_client_connect(
        multi_system_net(p.multi), actor_system_address(p.b));

    write_handshake(client, actor_system_address(p.b), "2",
                    "10.0.0.77:5050", 1);
    multi_system_run(p.multi);

    expect_start(client, "HTTP/1.1 426 ");
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(who_claims_our_own_address_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *client = memory_client_connect(
        multi_system_net(p.multi), actor_system_address(p.b));

    write_handshake(client, actor_system_address(p.b), "1",
                    ADDRESS_TEXT(actor_system_address(p.b)), 1);
    multi_system_run(p.multi);

    expect_start(client, "HTTP/1.1 400 ");
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(an_older_attempt_of_the_same_process_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *newer = link_by_hand(&p, 7);
    struct memory_client *older = link_by_hand(&p, 6);

    expect_start(newer, "HTTP/1.1 101 ");
    expect_start(older, "HTTP/1.1 409 ");
    ck_assert(memory_client_is_ended(older));
    ck_assert(!memory_client_is_ended(newer));
    memory_client_close(newer);
    memory_client_close(older);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(a_newer_attempt_of_the_same_process_takes_over)
{
    struct pair p = pair_start();
    struct memory_client *older = link_by_hand(&p, 6);
    struct memory_client *newer = link_by_hand(&p, 7);

    expect_start(newer, "HTTP/1.1 101 ");
    ck_assert(memory_client_is_ended(older));
    ck_assert(!memory_client_is_ended(newer));
    memory_client_close(newer);
    memory_client_close(older);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

/* Sends 'bytes' over a fresh link; whether the link survives. */
static bool
survives(struct pair *p, const char *bytes, size_t size)
{
    static uint64_t dial = 100;
    struct memory_client *client = link_by_hand(p, ++dial);

    memory_client_write(client, bytes, size);
    multi_system_run(p->multi);
    bool alive = !memory_client_is_ended(client);
    memory_client_close(client);
    multi_system_run(p->multi);
    return alive;
}

#define SURVIVES(p, bytes) survives((p), (bytes), sizeof(bytes) - 1)

START_TEST(frames_that_are_none_end_the_link)
{
    struct pair p = pair_start();

    ck_assert(!SURVIVES(&p, "\0\0\0\0"));
    ck_assert(!SURVIVES(&p, "\xff\xff\xff\xff"));
    ck_assert(!SURVIVES(&p, "GET / HTTP/1.1\r\n"));
    ck_assert(!SURVIVES(&p, "\0\0\0\1\xc0"));
    ck_assert(!SURVIVES(&p, "\0\0\0\4\x92\0\xa1x"));
    ck_assert(!SURVIVES(&p, "\0\0\0\5\x93\1\xa1x\xa1"));
    ck_assert(!SURVIVES(&p, "\0\0\0\5\x93\1\xa1x\xa0"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xdb\xff\xff\xff\xff"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xa2x\n\xa1y"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xa1x\xa2@y"));
    ck_assert(!SURVIVES(&p, "\0\0\0\x10\x97\0\xa3two\xa3you\xa2" "A\n"
                            "\0\0\x80"));
    pair_stop(&p);
}
END_TEST

/* Links of 'n' actors of a stranger to 'to'; whether it is still heard. */
static bool
survives_links(struct pair *p, const char *to, unsigned n)
{
    struct memory_client *client = link_by_hand(p, 1);
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);

    for (unsigned i = 0; i < n && !memory_client_is_ended(client); i++) {
        char from[64];

        snprintf(from, sizeof from, "stranger-with-a-long-name-%u", i);
        frame_encode_notice(&bytes, FRAME_LINK, to, from);
        if (bytes.len > 64 * 1024 || i == n - 1) {
            memory_client_write(client, bytes.data, bytes.len);
            multi_system_run(p->multi);
            strbuf_clear(&bytes);
        }
    }
    bool alive = !memory_client_is_ended(client);
    memory_client_close(client);
    multi_system_run(p->multi);
    return alive;
}

static void
keep_warning(void *aux, const char *line)
{
    if (line[0] == 'W') {
        snprintf(aux, 256, "%s", line);
    }
}

START_TEST(the_end_in_mid_frame_is_told_with_the_place)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);
    char warning[256] = "";

    log_set_sink(keep_warning, warning);
    memory_client_write(client, "\0\0\1\0abc", 7);
    multi_system_run(p.multi);
    memory_client_close(client);
    multi_system_run(p.multi);
    log_set_sink(NULL, NULL);

    ck_assert_msg(strstr(warning, "Lost the link to 10.0.0.77:5050: closed by "
                                  "the other side in the middle of a frame, 7 "
                                  "bytes in"), "got '%s'", warning);
    pair_stop(&p);
}
END_TEST

START_TEST(who_asks_and_does_not_read_the_answers_is_given_up)
{
    struct pair p = pair_start();

    ck_assert(survives_links(&p, "nobody", 1000));
    pair_stop(&p);
    p = pair_start();
    ck_assert(!survives_links(&p, "nobody", 100000));
    pair_stop(&p);
}
END_TEST

START_TEST(who_links_too_many_actors_is_given_up)
{
    struct pair p = pair_start();

    ck_assert(!survives_links(&p, "two", LIMIT_LINK_WATCHES + 1));
    pair_stop(&p);
    p = pair_start();
    ck_assert(survives_links(&p, "two", LIMIT_LINK_WATCHES / 16));
    pair_stop(&p);
}
END_TEST

START_TEST(frames_of_an_unknown_kind_are_passed_over)
{
    struct pair p = pair_start();

    ck_assert(SURVIVES(&p, "\0\0\0\6\x93\x63\xa1x\xa1y"));
    pair_stop(&p);
}
END_TEST

START_TEST(an_unknown_message_is_dropped_and_the_next_arrives)
{
    struct pair p = pair_start();
    static const char frames[] =
        "\0\0\0\x12\x97\0\xa3two\xa3you\xa4What\0\0\x80"
        "\0\0\0\x19\x97\0\xa3two\xa3you\xa9PingAgent\0\0\x81\1\xc3";

    ck_assert(survives(&p, frames, sizeof frames - 1));

    ck_assert_uint_eq(p.log_b->n_pings, 1);
    ck_assert(metric_of(p.b, "link/messages_dropped") >= 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_message_with_a_malformed_body_is_dropped)
{
    struct pair p = pair_start();
    static const char frame[] =
        "\0\0\0\x17\x97\0\xa3two\xa3you\xa9PingAgent\0\0\x81";

    ck_assert(survives(&p, frame, sizeof frame - 1));

    ck_assert_uint_eq(p.log_b->n_pings, 0);
    ck_assert(metric_of(p.b, "link/messages_dropped") == 1);
    pair_stop(&p);
}
END_TEST

/* --- loopback TCP --- */

static struct actor_system *
start_tcp(unsigned n_workers)
{
    struct actor_system *system;

    use_messages();
    options.n_workers = n_workers;
    options.listen = (struct address) {
        .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 },
    };
    struct error *error = actor_system_create(&options, &system);
    ck_assert_ptr_null(error);
    ck_assert_uint_ne(actor_system_address(system)->port, 0);
    return system;
}

START_TEST(two_systems_ping_each_other_over_tcp)
{
    struct actor_system *a = start_tcp(2), *b = start_tcp(2);
    struct log *log_a = new_log(), *log_b = new_log();
    struct upid at_b = spawn_at(b, "two", log_b, true);
    struct upid at_a = spawn_at(a, "one", log_a, true);

    log_a->gate = actor_gate_create();
    log_a->gate_at = 10000;
    ORDER(a, &at_a, .what = ORDER_PING, .to = at_b, .n = 10000);
    ck_assert(actor_gate_wait(log_a->gate, 30 * SECOND));

    ck_assert_uint_eq(log_b->n_pings, 10000);
    actor_system_destroy(a);
    actor_system_destroy(b);
    actor_gate_destroy(log_a->gate);
    free(log_a);
    free(log_b);
}
END_TEST

START_TEST(the_end_of_a_system_is_told_over_tcp)
{
    struct actor_system *a = start_tcp(2), *b = start_tcp(2);
    struct log *log_a = new_log(), *log_b = new_log();
    struct upid at_b = spawn_at(b, "two", log_b, true);
    struct upid at_a = spawn_at(a, "one", log_a, true);

    log_a->gate = actor_gate_create();
    log_a->gate_at = 1;
    ORDER(a, &at_a, .what = ORDER_LINK, .to = at_b);
    ORDER(a, &at_a, .what = ORDER_PING, .to = at_b);
    ck_assert(actor_gate_wait(log_a->gate, 30 * SECOND));
    actor_gate_destroy(log_a->gate);
    log_a->gate = actor_gate_create();
    actor_system_destroy(b);
    ck_assert(actor_gate_wait(log_a->gate, 30 * SECOND));

    ck_assert_uint_eq(log_a->n_exited, 1);
    actor_system_destroy(a);
    actor_gate_destroy(log_a->gate);
    free(log_a);
    free(log_b);
}
END_TEST

START_TEST(both_dialling_over_tcp_again_and_again_loses_nothing)
{
    for (int round = 0; round < 30; round++) {
        struct actor_system *a = start_tcp(2), *b = start_tcp(2);
        struct log *log_a = new_log(), *log_b = new_log();
        struct upid at_b = spawn_at(b, "two", log_b, true);
        struct upid at_a = spawn_at(a, "one", log_a, true);

        log_a->gate = actor_gate_create();
        log_b->gate = actor_gate_create();
        log_a->gate_at = log_b->gate_at = 200;
        ORDER(a, &at_a, .what = ORDER_PING, .to = at_b, .n = 200);
        ORDER(b, &at_b, .what = ORDER_PING, .to = at_a, .n = 200);
        ck_assert(actor_gate_wait(log_a->gate, 30 * SECOND));
        ck_assert(actor_gate_wait(log_b->gate, 30 * SECOND));

        ck_assert_uint_eq(log_a->n_pings, 200);
        ck_assert_uint_eq(log_b->n_pings, 200);
        actor_system_destroy(a);
        actor_system_destroy(b);
        actor_gate_destroy(log_a->gate);
        actor_gate_destroy(log_b->gate);
        free(log_a);
        free(log_b);
    }
}
END_TEST

static Suite *
link_suite(void)
{
    Suite *suite = suite_create("link");

    test_add(suite, "ping", a_ping_to_another_system_is_answered);
    test_add(suite, "order", many_messages_arrive_once_and_in_order);
    test_add(suite, "window",
             messages_keep_their_order_through_a_small_window);
    test_add(suite, "large", a_large_message_arrives);
    test_add(suite, "nobody", a_message_to_nobody_is_dropped_and_counted);
    test_add(suite, "crossed",
             when_both_dial_at_once_one_connection_carries_all);
    test_add(suite, "nat",
             a_peer_that_cannot_be_dialled_is_answered_on_its_own_connection);
    test_add(suite, "alias",
             a_system_answers_under_the_name_that_was_dialled);
    test_add(suite, "exited", the_end_of_a_linked_remote_actor_is_told);
    test_add(suite, "unlink", an_unlinked_remote_actor_ends_unnoticed);
    test_add(suite, "link_nobody",
             linking_an_id_that_does_not_exist_there_is_told);
    test_add(suite, "loss",
             the_loss_of_a_connection_is_told_to_both_sides);
    test_add(suite, "reconnect",
             after_a_loss_the_next_message_makes_a_new_connection);
    test_add(suite, "refused",
             a_refused_connection_is_told_to_linkers_and_backed_off_from);
    test_add(suite, "timeout", a_connection_that_is_never_made_times_out);
    test_add(suite, "restart",
             a_restarted_system_is_noticed_and_reached_again);
    test_add(suite, "forget", idle_peers_are_forgotten_and_may_come_back);
    test_add(suite, "overrun",
             a_peer_that_does_not_read_is_given_up_at_the_bound);
    test_add(suite, "by_hand", a_handshake_by_hand_is_accepted);
    test_add(suite, "version", another_version_of_the_protocol_is_refused);
    test_add(suite, "own_address", who_claims_our_own_address_is_refused);
    test_add(suite, "older",
             an_older_attempt_of_the_same_process_is_refused);
    test_add(suite, "newer", a_newer_attempt_of_the_same_process_takes_over);
    test_add(suite, "garbage", frames_that_are_none_end_the_link);
    test_add(suite, "garbage",
             who_asks_and_does_not_read_the_answers_is_given_up);
    test_add(suite, "garbage", who_links_too_many_actors_is_given_up);
    test_add(suite, "garbage", the_end_in_mid_frame_is_told_with_the_place);
    test_add(suite, "unknown_kind",
             frames_of_an_unknown_kind_are_passed_over);
    test_add(suite, "unknown_name",
             an_unknown_message_is_dropped_and_the_next_arrives);
    test_add(suite, "bad_body", a_message_with_a_malformed_body_is_dropped);
    test_add(suite, "tcp_ping", two_systems_ping_each_other_over_tcp);
    test_add(suite, "tcp_exit", the_end_of_a_system_is_told_over_tcp);
    test_add(suite, "tcp_crossed",
             both_dialling_over_tcp_again_and_again_loses_nothing);
    return suite;
}

TEST_MAIN(link_suite)
