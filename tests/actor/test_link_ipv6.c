/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_ipv6.c - links and HTTP over IPv6, and over both.  A host without
 * ::1 passes over all of it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "net/net.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

static struct address
ip(const char *text)
{
    struct address address;

    ck_assert_ptr_null(address_parse_ip(text, 0, &address));
    return address;
}

static bool
has_ipv6(void)
{
    struct address loopback = ip("::1"), bound;
    int fd;
    autoerror *error = socket_listen(&loopback, &fd, &bound);

    if (!error) {
        close(fd);
    }
    return !error;
}

static void
ping_both_ways(struct pair *p)
{
    talker_log_expect(p->log_a, 100);
    talker_log_expect(p->log_b, 100);
    ORDER(p->a, &p->at_a, .what = ORDER_PING, .to = p->at_b, .n = 100);
    ORDER(p->b, &p->at_b, .what = ORDER_PING, .to = p->at_a, .n = 100);
    talker_log_wait(p->log_a);
    talker_log_wait(p->log_b);
    ck_assert_uint_eq(p->log_a->n_pings, 100);
    ck_assert_uint_eq(p->log_b->n_pings, 100);
}

START_TEST(two_systems_talk_over_ipv6)
{
    struct address loopback = ip("::1");

    if (!has_ipv6()) {
        return;
    }
    struct pair p = pair_start_threads(&loopback, NULL);
    struct upid parsed;

    ck_assert_int_eq(strncmp(UPID_TEXT(&p.at_b), "two@[::1]:", 10), 0);
    ck_assert_ptr_null(upid_parse(UPID_TEXT(&p.at_b), &parsed));
    ck_assert(upid_equal(&parsed, &p.at_b));
    p.at_b = parsed;

    ping_both_ways(&p);
    ck_assert(upid_equal(&p.log_a->last_from, &p.at_b));
    pair_stop(&p);
}
END_TEST

START_TEST(the_end_of_a_system_is_told_over_ipv6)
{
    struct address loopback = ip("::1");

    if (!has_ipv6()) {
        return;
    }
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

/* What 'system' answers to a request over 'host' at its port. */
static void
ask(struct actor_system *system, const char *host, struct strbuf *out)
{
    struct address address = ip(host);
    struct sockaddr_storage storage;

    address.port = actor_system_address(system)->port;
    socklen_t len = socket_address_to(&address, &storage);
    autoclose int fd = socket(storage.ss_family, SOCK_STREAM, 0);
    autofini(strbuf) request = STRBUF(1024);

    ck_assert_int_eq(connect(fd, (struct sockaddr *) &storage, len), 0);
    strbuf_printf(&request, "GET /version HTTP/1.1\r\nHost: %s\r\n"
                  "Connection: close\r\n\r\n", ADDRESS_TEXT(&address));
    ck_assert_int_eq(write(fd, request.data, request.len),
                     (ssize_t) request.len);
    for (;;) {
        char *to = strbuf_reserve(out, 4096);
        ssize_t n = read(fd, to, 4096);

        ck_assert_int_ge(n, 0);
        if (n == 0) {
            return;
        }
        strbuf_advance(out, (size_t) n);
    }
}

static void
expect_version(struct actor_system *system, const char *host)
{
    autofini(strbuf) answer = STRBUF(STRBUF_UNLIMITED);

    ask(system, host, &answer);
    ck_assert_msg(strstr(answer.data, "200 OK"), "%s: got '%.60s'", host,
                  answer.data);
}

START_TEST(http_is_served_over_ipv6)
{
    struct address loopback = ip("::1");

    if (!has_ipv6()) {
        return;
    }
    struct pair p = pair_start_threads(&loopback, NULL);

    expect_version(p.a, "::1");
    pair_stop(&p);
}
END_TEST

START_TEST(all_addresses_are_those_of_both_families)
{
    static const char *const anys[] = { "0.0.0.0", "::" };

    if (!has_ipv6()) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(anys); i++) {
        struct address any = ip(anys[i]);
        struct pair p = pair_start_threads(&any, NULL);

        ck_assert_int_eq(actor_system_address(p.a)->family, any.family);
        expect_version(p.a, "127.0.0.1");
        expect_version(p.a, "::1");
        ping_both_ways(&p);
        pair_stop(&p);
    }
}
END_TEST

START_TEST(a_system_of_ipv4_and_one_of_ipv6_talk_where_both_listen)
{
    struct address any = ip("0.0.0.0");

    if (!has_ipv6()) {
        return;
    }
    struct pair p = pair_start_threads(&any, NULL);

    /* 'b' is known by another name, of the other family. */
    uint16_t port = p.at_b.address.port;
    p.at_b.address = ip("::1");
    p.at_b.address.port = port;
    talker_log_expect(p.log_a, 10);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b, .n = 10);
    talker_log_wait(p.log_a);

    ck_assert(upid_equal(&p.log_a->last_from, &p.at_b));
    pair_stop(&p);
}
END_TEST

static Suite *
link_ipv6_suite(void)
{
    Suite *suite = suite_create("link-ipv6");

    test_add(suite, "ping", two_systems_talk_over_ipv6);
    test_add(suite, "exit", the_end_of_a_system_is_told_over_ipv6);
    test_add(suite, "http", http_is_served_over_ipv6);
    test_add(suite, "both", all_addresses_are_those_of_both_families);
    test_add(suite, "mixed",
             a_system_of_ipv4_and_one_of_ipv6_talk_where_both_listen);
    return suite;
}

TEST_MAIN(link_ipv6_suite)
