/* SPDX-License-Identifier: Apache-2.0
 *
 * test_scramble.c - links and HTTP over a back end that puts something between
 * a connection and its owner, as TLS will: the seam is 'struct actor_net_ops'.
 */
#include <config.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "net/net.h"
#include "tests/lib/scramble_net.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

static const struct address loopback = {
    .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 },
};

static const struct actor_backend scrambled = { .net = &scramble_net_ops };

/* --- links --- */

START_TEST(scrambled_systems_ping_each_other)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);

    talker_log_expect(p.log_a, 3000);
    talker_log_expect(p.log_b, 3000);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b, .n = 3000);
    ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a, .n = 3000);
    talker_log_wait(p.log_a);
    talker_log_wait(p.log_b);

    ck_assert_uint_eq(p.log_a->n_pings, 3000);
    ck_assert_uint_eq(p.log_b->n_pings, 3000);
    pair_stop(&p);
}
END_TEST

START_TEST(scrambled_messages_keep_their_order)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);

    talker_log_expect(p.log_a, 1);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .n = 20000);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    talker_log_wait(p.log_a);

    check_order(p.log_b, 20000);
    pair_stop(&p);
}
END_TEST

START_TEST(a_large_scrambled_message_arrives)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);

    talker_log_expect(p.log_a, 1);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .size = 1 << 20);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    talker_log_wait(p.log_a);

    ck_assert_uint_eq(p.log_b->n_texts, 1);
    pair_stop(&p);
}
END_TEST

START_TEST(the_end_of_a_scrambled_system_is_told)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);

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

START_TEST(scrambled_systems_that_dial_at_once_lose_nothing)
{
    for (int round = 0; round < 30; round++) {
        struct pair p = pair_start_threads(&loopback, &scrambled);

        talker_log_expect(p.log_a, 100);
        talker_log_expect(p.log_b, 100);
        ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b, .n = 100);
        ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a, .n = 100);
        talker_log_wait(p.log_a);
        talker_log_wait(p.log_b);
        pair_stop(&p);
    }
}
END_TEST

/* --- HTTP --- */

static void
send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        data += n;
        size -= (size_t) n;
    }
}

/* All that comes until the other side ends, unscrambled. */
static void
read_scrambled(int fd, struct strbuf *out)
{
    for (;;) {
        char *to = strbuf_reserve(out, 4096);
        ssize_t n = recv(fd, to, 4096, 0);

        ck_assert_int_ge(n, 0);
        if (n == 0) {
            break;
        }
        strbuf_advance(out, (size_t) n);
    }
    ck_assert_int_eq(strncmp(out->data, SCRAMBLE_HELLO,
                             strlen(SCRAMBLE_HELLO)), 0);
    strbuf_consume(out, strlen(SCRAMBLE_HELLO));
    scramble(out->data, out->len, 0);
}

static size_t
count_texts(const char *text, const char *wanted)
{
    size_t n = 0;

    while ((text = strstr(text, wanted))) {
        text += strlen(wanted);
        n++;
    }
    return n;
}

START_TEST(scrambled_requests_in_a_row_are_answered)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);
    autofini(strbuf) requests = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) answers = STRBUF(STRBUF_UNLIMITED);
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(actor_system_address(p.a), &storage);
    autoclose int fd = socket(AF_INET, SOCK_STREAM, 0);

    for (int i = 0; i < 200; i++) {
        strbuf_printf(&requests, "GET /version HTTP/1.1\r\nHost: h\r\n%s\r\n",
                      i == 199 ? "Connection: close\r\n" : "");
    }
    ck_assert_int_eq(connect(fd, (struct sockaddr *) &storage, len), 0);
    send_all(fd, SCRAMBLE_HELLO, strlen(SCRAMBLE_HELLO));
    scramble(requests.data, requests.len, 0);
    send_all(fd, requests.data, requests.len);
    read_scrambled(fd, &answers);

    ck_assert_uint_eq(count_texts(answers.data, "HTTP/1.1 200 OK\r\n"), 200);
    pair_stop(&p);
}
END_TEST

START_TEST(a_system_ends_while_somebody_is_in_the_handshake)
{
    struct pair p = pair_start_threads(&loopback, &scrambled);
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(actor_system_address(p.a), &storage);
    autoclose int fd = socket(AF_INET, SOCK_STREAM, 0);
    char hello[sizeof SCRAMBLE_HELLO] = "";

    ck_assert_int_eq(connect(fd, (struct sockaddr *) &storage, len), 0);
    ck_assert_int_eq(recv(fd, hello, strlen(SCRAMBLE_HELLO), MSG_WAITALL),
                     (ssize_t) strlen(SCRAMBLE_HELLO));
    send_all(fd, SCRAMBLE_HELLO, 2);
    pair_stop(&p);

    ck_assert_int_le(recv(fd, hello, 1, 0), 0);
}
END_TEST

static Suite *
scramble_suite(void)
{
    Suite *suite = suite_create("scramble");

    test_add(suite, "ping", scrambled_systems_ping_each_other);
    test_add(suite, "order", scrambled_messages_keep_their_order);
    test_add(suite, "large", a_large_scrambled_message_arrives);
    test_add(suite, "exit", the_end_of_a_scrambled_system_is_told);
    test_add(suite, "crossed",
             scrambled_systems_that_dial_at_once_lose_nothing);
    test_add(suite, "http", scrambled_requests_in_a_row_are_answered);
    test_add(suite, "handshake",
             a_system_ends_while_somebody_is_in_the_handshake);
    return suite;
}

TEST_MAIN(scramble_suite)
