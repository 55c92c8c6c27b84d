/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_tcp.c - links over loopback TCP, with threads. */
#include <config.h>

#include <stddef.h>

#include <actor/address.h>
#include <actor/system.h>
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

static Suite *
link_tcp_suite(void)
{
    Suite *suite = suite_create("link-tcp");

    test_add(suite, "ping", two_systems_ping_each_other_over_tcp);
    test_add(suite, "exit", the_end_of_a_system_is_told_over_tcp);
    test_add(suite, "crossed",
             both_dialling_over_tcp_again_and_again_loses_nothing);
    return suite;
}

TEST_MAIN(link_tcp_suite)
