/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link.c - messages, links and losses between systems, over a network in
 * memory, where order and time are the test's. */
#include <config.h>

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

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

/* 'b' advertises another address than it is dialled at. */
static struct pair
start_with_two_names(struct upid *ret_dialled)
{
    struct pair p = { .multi = multi_system_create() };
    struct actor_system_options options = talker_system_options();
    struct address bound;

    p.a = multi_system_add(p.multi, &options);
    ck_assert_ptr_null(address_parse("10.8.8.8:5050", &bound));
    ck_assert_ptr_null(address_parse("10.9.9.9:5050", &options.advertise));
    p.b = multi_system_add_at(p.multi, &bound, &options);
    p.log_a = talker_log_create();
    p.log_b = talker_log_create();
    p.at_a = talker_spawn(p.a, "one", p.log_a, true);
    p.at_b = talker_spawn(p.b, "two", p.log_b, true);
    *ret_dialled = p.at_b;
    ret_dialled->address = bound;
    ck_assert(!upid_equal(ret_dialled, &p.at_b));
    return p;
}

START_TEST(a_system_answers_under_the_name_that_was_dialled)
{
    struct upid dialled;
    struct pair p = start_with_two_names(&dialled);

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

START_TEST(a_second_connection_overtakes_nothing_on_the_first)
{
    struct upid dialled;
    struct pair p = start_with_two_names(&dialled);
    struct memory_net *net = multi_system_net(p.multi);

    ORDER(p.b, &p.at_b, .what = ORDER_PING, .to = p.at_a);
    multi_system_run(p.multi);
    memory_net_set_window(net, 7);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = dialled);
    ORDER(p.b, &p.at_b, .what = ORDER_TEXT, .to = p.at_a, .n = 100);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    ck_assert_uint_eq(p.log_a->n_texts_at_pong, 100);
    memory_net_break_all(net);
    multi_system_advance(p.multi, SECOND);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = dialled);
    multi_system_run(p.multi);
    ORDER(p.b, &p.at_b, .what = ORDER_TEXT, .to = p.at_a, .n = 100);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_pongs, 2);
    ck_assert_uint_eq(p.log_a->n_texts, 200);
    ck_assert_double_eq(metric_of(p.b, "link/connections"), 1);
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
    struct actor_system_options options = talker_system_options();
    struct address address = *actor_system_address(p.b);

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = p.at_b);
    multi_system_run(p.multi);
    multi_system_remove(p.multi, p.b);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    options.seed = 99;
    p.b = multi_system_add_at(p.multi, &address, &options);
    talker_spawn(p.b, "two", p.log_b, true);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 1);
    pair_stop(&p);
}
END_TEST

/* Process 'b' ends and another begins in its place, with a "two" too. */
static void
restart_b(struct pair *p)
{
    struct actor_system_options options = talker_system_options();
    struct address address = *actor_system_address(p->b);

    multi_system_remove(p->multi, p->b);
    options.seed = 99;
    p->b = multi_system_add_at(p->multi, &address, &options);
    talker_spawn(p->b, "two", p->log_b, true);
}

/* "two" as "one" knows it from a message. */
static struct upid
learn_two(struct pair *p)
{
    ORDER(p->a, &p->at_a, .what = ORDER_PING, .to = p->at_b);
    multi_system_run(p->multi);
    ck_assert_uint_eq(p->log_a->n_pongs, 1);
    return p->log_a->last_from;
}

START_TEST(a_message_for_a_process_that_was_restarted_is_dropped)
{
    struct pair p = pair_start();
    struct upid learnt = learn_two(&p);

    restart_b(&p);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = learnt);
    multi_system_advance(p.multi, 2 * SECOND);
    ck_assert_uint_eq(p.log_b->n_pings, 1);
    ck_assert(metric_of(p.a, "link/messages_dropped") == 1);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = learnt);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_b->n_pings, 1);
    ck_assert(metric_of(p.a, "link/messages_dropped") == 2);
    pair_stop(&p);
}
END_TEST

START_TEST(a_name_that_nobody_told_us_reaches_whoever_has_it_now)
{
    struct pair p = pair_start();
    struct upid named;

    learn_two(&p);
    ck_assert_ptr_null(upid_parse("two@10.0.0.2:5050", &named));
    restart_b(&p);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = named);
    multi_system_advance(p.multi, 2 * SECOND);

    ck_assert_uint_eq(p.log_a->n_pongs, 2);
    ck_assert(upid_equal(&p.log_a->last_from, &named));
    pair_stop(&p);
}
END_TEST

START_TEST(a_link_to_a_process_that_was_restarted_is_told_to_be_over)
{
    struct pair p = pair_start();
    struct upid learnt = learn_two(&p);

    restart_b(&p);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = learnt);
    multi_system_advance(p.multi, 2 * SECOND);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = learnt);
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 2);
    pair_stop(&p);
}
END_TEST

START_TEST(a_link_to_a_successor_takes_the_place_of_one_to_who_is_gone)
{
    struct pair p = pair_start();
    struct upid learnt = learn_two(&p), successor;

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = learnt);
    multi_system_run(p.multi);
    restart_b(&p);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, 2 * SECOND);
    successor = p.log_a->last_from;
    ck_assert(upid_equal(&successor, &learnt));
    ck_assert(!upid_is_same(&successor, &learnt));
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = successor);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_exited, 1);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 2);
    pair_stop(&p);
}
END_TEST

/* "one" talks to a new process at the address of "two", where nothing is read
 * for now, and links the "two" that is gone: that waits behind texts.  The
 * two are learnt. */
static struct pair
link_predecessor_late(struct upid *ret_gone, struct upid *ret_successor)
{
    struct pair p = pair_start();

    *ret_gone = learn_two(&p);
    restart_b(&p);
    ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
    multi_system_advance(p.multi, 2 * SECOND);
    *ret_successor = p.log_a->last_from;
    ck_assert(!upid_is_same(ret_successor, ret_gone));
    memory_net_set_window(multi_system_net(p.multi), 10000);
    multi_system_pause(p.multi, p.b, true);
    ORDER(p.a, &p.at_a, .what = ORDER_TEXT, .to = p.at_b, .size = 100000,
          .n = 5);
    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = *ret_gone);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_a->n_exited, 0);
    return p;
}

START_TEST(a_late_link_does_not_end_that_to_the_successor)
{
    struct upid gone, successor;
    struct pair p = link_predecessor_late(&gone, &successor);

    ORDER(p.a, &p.at_a, .what = ORDER_LINK, .to = successor);
    multi_system_run(p.multi);
    multi_system_pause(p.multi, p.b, false);
    multi_system_run(p.multi);
    ck_assert_uint_eq(p.log_b->n_texts, 5);
    ck_assert_uint_eq(p.log_a->n_exited, 0);
    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert(upid_is_same(&p.log_a->last_from, &successor));
    pair_stop(&p);
}
END_TEST

START_TEST(a_late_link_is_told_to_be_over_when_the_connection_breaks)
{
    struct upid gone, successor;
    struct pair p = link_predecessor_late(&gone, &successor);

    memory_net_break_all(multi_system_net(p.multi));
    multi_system_run(p.multi);

    ck_assert_uint_eq(p.log_a->n_exited, 1);
    ck_assert(upid_is_same(&p.log_a->last_from, &gone));
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
    test_add(suite, "second",
             a_second_connection_overtakes_nothing_on_the_first);
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
    test_add(suite, "successor",
             a_message_for_a_process_that_was_restarted_is_dropped);
    test_add(suite, "successor",
             a_name_that_nobody_told_us_reaches_whoever_has_it_now);
    test_add(suite, "successor",
             a_link_to_a_process_that_was_restarted_is_told_to_be_over);
    test_add(suite, "successor",
             a_link_to_a_successor_takes_the_place_of_one_to_who_is_gone);
    test_add(suite, "late", a_late_link_does_not_end_that_to_the_successor);
    test_add(suite, "late",
             a_late_link_is_told_to_be_over_when_the_connection_breaks);
    test_add(suite, "forget", idle_peers_are_forgotten_and_may_come_back);
    return suite;
}

TEST_MAIN(link_suite)
