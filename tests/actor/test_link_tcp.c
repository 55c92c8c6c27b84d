/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_tcp.c - links over loopback TCP, with threads. */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "link/handshake.h"
#include "net/net.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

static const struct address loopback = {
    .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 },
};

START_TEST(two_systems_ping_each_other_over_tcp)
{
    struct pair p = pair_start_threads(&loopback, NULL);

    talker_log_expect(p.log_a, 10000);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b, .n = 10000);
    talker_log_wait(p.log_a);

    ck_assert_uint_eq(p.log_b->n_pings, 10000);
    pair_stop(&p);
}
END_TEST

START_TEST(the_end_of_a_system_is_told_over_tcp)
{
    struct pair p = pair_start_threads(&loopback, NULL);

    talker_log_expect(p.log_a, 1);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    talker_log_wait(p.log_a);
    talker_log_expect(p.log_a, 1);
    actor_system_destroy(p.b);
    p.b = NULL;
    talker_log_wait(p.log_a);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(both_dialling_over_tcp_again_and_again_loses_nothing)
{
    for (int round = 0; round < 30; round++) {
        struct pair p = pair_start_threads(&loopback, NULL);

        talker_log_expect(p.log_a, 200);
        talker_log_expect(p.log_b, 200);
        ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b, .n = 200);
        ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a, .n = 200);
        talker_log_wait(p.log_a);
        talker_log_wait(p.log_b);

        ck_assert_uint_eq(p.log_a->n_pings, 200);
        ck_assert_uint_eq(p.log_b->n_pings, 200);
        pair_stop(&p);
    }
}
END_TEST

/* --- at the door before it opens --- */

struct knocker {
    struct address door;
    atomic_bool is_over;
    atomic_uint n_answers;
};

static void
knock(struct knocker *knocker, const struct strbuf *request)
{
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(&knocker->door, &storage);
    char answer[256];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *) &storage, len) == 0
        && send(fd, request->data, request->len, MSG_NOSIGNAL) > 0
        && recv(fd, answer, sizeof answer, 0) > 0) {
        atomic_fetch_add(&knocker->n_answers, 1);
    }
    close(fd);
}

static void *
knock_on_and_on(void *knocker_)
{
    struct knocker *knocker = knocker_;
    struct handshake handshake = {
        .from = loopback, .to = knocker->door,
        .incarnation = "0123456789abcdef0123456789abcdef",
    };

    handshake.from.port = 1;
    while (!atomic_load(&knocker->is_over)) {
        autofini(strbuf) request = STRBUF(4096);

        handshake.dial++;
        handshake_write_request(&request, &handshake);
        knock(knocker, &request);
    }
    return NULL;
}

/* A port that nobody else gets as long as the descriptor is open, while a
 * system may listen there. */
static int
reserve_port(struct address *ret)
{
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(&loopback, &storage);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(fd, (struct sockaddr *) &storage, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &storage, &len), 0);
    socket_address_from(&storage, ret);
    return fd;
}

/* Which addresses there are is settled before the first connection is looked
 * at: TSan would tell. */
START_TEST(who_connects_while_a_system_is_made_finds_it_whole)
{
    struct actor_system_options options = talker_system_options();
    struct knocker knocker = { .is_over = false };
    autoclose int reserve = reserve_port(&knocker.door);
    struct actor_system *system;
    pthread_t thread;

    ck_assert_int_ge(reserve, 0);
    options.n_workers = 2;
    options.listen = options.advertise = knocker.door;
    pthread_create(&thread, NULL, knock_on_and_on, &knocker);
    for (unsigned round = 0; round < 30; round++) {
        unsigned n = atomic_load(&knocker.n_answers);

        ck_assert_ptr_null(actor_system_create(&options, &system));
        while (atomic_load(&knocker.n_answers) == n) {
            sched_yield();
        }
        actor_system_destroy(system);
    }
    atomic_store(&knocker.is_over, true);
    pthread_join(thread, NULL);
}
END_TEST

static Suite *
link_tcp_suite(void)
{
    Suite *suite = suite_create("link-tcp");

    test_add(suite, "ping", two_systems_ping_each_other_over_tcp);
    test_add(suite, "exit", the_end_of_a_system_is_told_over_tcp);
    test_add(suite, "crossed",
             both_dialling_over_tcp_again_and_again_loses_nothing);
    test_add(suite, "door",
             who_connects_while_a_system_is_made_finds_it_whole);
    return suite;
}

TEST_MAIN(link_tcp_suite)
