/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_bounds.c - what may wait for a peer, what happens when it is too
 * much, and what is counted. */
#include <config.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/system.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

#define QUEUE_SIZE 40000

static struct pair
start_small(void)
{
    struct actor_link_bounds bounds = { .queue_size = QUEUE_SIZE };

    return pair_start_bounded(&bounds);
}

/* Has 'a' send one text after the other until it is told of the end of 'b';
 * how many they were.  '*ret_before' waited before the last one. */
static unsigned
send_until_told(struct pair *p, double *ret_before)
{
    unsigned n = 0;

    while (p->log_a->n_exited == 0) {
        ck_assert_uint_lt(n, QUEUE_SIZE);
        *ret_before = metric_of(p->a, "link/queued_bytes");
        ck_assert(*ret_before <= QUEUE_SIZE);
        ORDER(p->a, &p->at_a, .what = ORDER_TEXT, .to = p->at_b,
              .size = 1000);
        multi_system_run(p->multi);
        n++;
    }
    return n;
}

START_TEST(what_waits_for_a_connection_is_bounded)
{
    struct pair p = start_small();
    double before;

    memory_net_hold_connects(multi_system_net(p.multi), true);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    unsigned n = send_until_told(&p, &before);

    ck_assert(before > QUEUE_SIZE - 3000);
    ck_assert_double_eq(metric_of(p.a, "link/messages_dropped"), n);
    ck_assert_double_eq(metric_of(p.a, "link/losses/overrun"), 1);
    ck_assert_double_eq(metric_of(p.a, "link/queued_bytes"), 0);
    pair_stop(&p);
}
END_TEST

START_TEST(what_waits_for_a_peer_that_does_not_read_is_bounded)
{
    struct pair p = start_small();
    double before;

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    ORDER(p.b, &p.at_b, .what = ORDER_LINK, .to = p.at_a);
    multi_system_run(p.multi);
    memory_net_set_window(multi_system_net(p.multi), 10000);
    multi_system_pause(p.multi, p.b, true);
    send_until_told(&p, &before);
    ck_assert(before > QUEUE_SIZE - 3000);
    ck_assert_double_eq(metric_of(p.a, "link/connections"), 0);
    multi_system_pause(p.multi, p.b, false);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_b->n_exited, 1);
    ck_assert_uint_gt(p.log_b->n_texts, 0);
    ck_assert_double_eq(metric_of(p.a, "link/losses/overrun"), 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_burst_of_one_turn_is_bounded_too)
{
    struct pair p = start_small();

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .size = 1000,
          .n = 1000);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert_double_eq(metric_of(p.a, "link/losses/overrun"), 1);
    pair_stop(&p);
}
END_TEST

START_TEST(after_an_overrun_the_peer_is_reached_again)
{
    struct pair p = start_small();
    double before;

    memory_net_hold_connects(multi_system_net(p.multi), true);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    send_until_told(&p, &before);
    memory_net_hold_connects(multi_system_net(p.multi), false);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    ck_assert_uint_eq(p.log_b->n_texts, 0);
    pair_stop(&p);
}
END_TEST

START_TEST(links_of_strangers_are_bounded)
{
    struct actor_link_bounds bounds = { .n_watches = 3 };
    struct pair p = pair_start_bounded(&bounds);
    struct talker_log *logs[4];

    for (unsigned i = 0; i < 4; i++) {
        logs[i] = talker_log_create();
        struct upid one = talker_spawn(p.a, NULL, logs[i], false);

        ORDER(p.a, &one, .what = ORDER_LINK, .to = p.at_b);
        multi_system_run(p.multi);
        ck_assert_uint_eq(logs[0]->n_exited, i == 3);
    }

    ck_assert_double_eq(metric_of(p.b, "link/losses/protocol"), 1);
    pair_stop(&p);
    for (unsigned i = 0; i < 4; i++) {
        talker_log_destroy(logs[i]);
    }
}
END_TEST

/* A message of 'size' bytes to "two" and a ping behind it, with the 'n'th
 * bounded allocation failing; whether that many were made.  The link is lost
 * or not, but nothing is out of order, and everybody is told. */
static bool
survive_failure(size_t size, long n)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    ORDER(p.b, &p.at_b, .what = ORDER_LINK, .to = p.at_a);
    multi_system_run(p.multi);
    memory_net_set_window(multi_system_net(p.multi), 30000);
    unsigned long before = alloc_n_tries();
    alloc_fail_after(n);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .size = size);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);
    alloc_fail_after(-1);
    bool was_reached = alloc_n_tries() - before > (unsigned long) n;

    double n_dropped = metric_of(p.a, "link/messages_dropped")
                       + metric_of(p.b, "link/messages_dropped");

    ck_assert_uint_eq(p.log_a->n_exited, p.log_b->n_exited);
    if (p.log_a->n_exited == 0) {       /* what was not decoded goes alone */
        ck_assert_double_eq(p.log_b->n_texts + p.log_a->n_pongs,
                            2 - n_dropped);
    }
    multi_system_advance(p.multi, SECOND);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);
    ck_assert_uint_ge(p.log_a->n_pongs, 1);
    pair_stop(&p);
    return was_reached;
}

START_TEST(each_bounded_allocation_may_fail)
{
    long n = 0;

    while (survive_failure(3 << 20, n)) {
        n++;
    }

    ck_assert_int_gt(n, 5);
}
END_TEST

START_TEST(connections_and_losses_are_counted)
{
    struct pair p = pair_start();

    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_run(p.multi);
    ck_assert_double_eq(metric_of(p.a, "link/connections"), 1);
    ck_assert_double_eq(metric_of(p.b, "link/connections"), 1);
    ck_assert_double_eq(metric_of(p.a, "link/reconnects"), 0);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);
    ck_assert_double_eq(metric_of(p.a, "link/connections"), 0);
    ck_assert_double_eq(metric_of(p.a, "link/losses/broken"), 1);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);
    ck_assert_double_eq(metric_of(p.a, "link/connections"), 1);
    ck_assert_double_eq(metric_of(p.a, "link/reconnects"), 1);
    multi_system_remove(p.multi, p.b);
    ck_assert_double_eq(metric_of(p.a, "link/losses/closed"), 1);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);

    ck_assert_double_eq(metric_of(p.a, "link/losses/unreachable"), 1);
    ck_assert_double_eq(metric_of(p.a, "link/connections"), 0);
    pair_stop(&p);
}
END_TEST

static Suite *
link_bounds_suite(void)
{
    Suite *suite = suite_create("link-bounds");

    test_add(suite, "waiting", what_waits_for_a_connection_is_bounded);
    test_add(suite, "reader",
             what_waits_for_a_peer_that_does_not_read_is_bounded);
    test_add(suite, "burst", a_burst_of_one_turn_is_bounded_too);
    test_add(suite, "again", after_an_overrun_the_peer_is_reached_again);
    test_add(suite, "links", links_of_strangers_are_bounded);
    test_add(suite, "memory", each_bounded_allocation_may_fail);
    test_add(suite, "counted", connections_and_losses_are_counted);
    return suite;
}

TEST_MAIN(link_bounds_suite)
