/* SPDX-License-Identifier: Apache-2.0
 *
 * test_mailbox.c - the queue of messages of one actor. */
#include <config.h>

#include "core/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>

#include "tests/lib/test.h"

static const struct actor_msg_type msg_number = {
    .name = "number", .size = 2 * sizeof(int),
};

static struct actor_msg *
number(int producer, int n)
{
    struct actor_msg *msg = actor_msg_create(&msg_number);
    int *body = actor_msg_body(msg, &msg_number);

    body[0] = producer;
    body[1] = n;
    return msg;
}

static int
take_number(struct actor_msg **list)
{
    struct actor_msg *msg = *list;
    int n = ((int *) actor_msg_body(msg, &msg_number))[1];

    *list = msg->next;
    actor_msg_destroy(msg);
    return n;
}

START_TEST(messages_come_out_in_the_order_they_went_in)
{
    struct mailbox mailbox = { MAILBOX_IDLE };
    uint32_t n;

    for (int i = 0; i < 5; i++) {
        mailbox_push(&mailbox, number(0, i));
    }
    ck_assert_uint_eq(mailbox_n_waiting(&mailbox), 5);
    struct actor_msg *list = mailbox_take(&mailbox, &n);

    ck_assert_uint_eq(n, 5);
    ck_assert_uint_eq(mailbox_n_waiting(&mailbox), 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(take_number(&list), i);
    }
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(only_the_first_push_finds_it_idle)
{
    struct mailbox mailbox = { MAILBOX_IDLE };
    uint32_t n;

    ck_assert_int_eq(mailbox_push(&mailbox, number(0, 0)),
                     MAILBOX_PUSHED_TO_IDLE);
    ck_assert_int_eq(mailbox_push(&mailbox, number(0, 1)), MAILBOX_PUSHED);
    struct actor_msg *list = mailbox_take(&mailbox, &n);

    /* Taken, but whoever took still runs. */
    ck_assert_int_eq(mailbox_push(&mailbox, number(0, 2)), MAILBOX_PUSHED);
    ck_assert(!mailbox_try_idle(&mailbox));
    struct actor_msg *rest = mailbox_take(&mailbox, &n);
    ck_assert(mailbox_is_empty(&mailbox));
    ck_assert(mailbox_try_idle(&mailbox));
    ck_assert_int_eq(mailbox_push(&mailbox, number(0, 3)),
                     MAILBOX_PUSHED_TO_IDLE);
    struct actor_msg *last = mailbox_take(&mailbox, &n);
    ck_assert_int_eq(take_number(&list), 0);
    ck_assert_int_eq(take_number(&list), 1);
    ck_assert_int_eq(take_number(&rest), 2);
    ck_assert_int_eq(take_number(&last), 3);
}
END_TEST

START_TEST(dead_mailbox_refuses_messages)
{
    struct mailbox mailbox = { MAILBOX_IDLE };
    struct actor_msg *late = number(0, 9);

    mailbox_push(&mailbox, number(0, 1));
    mailbox_push(&mailbox, number(0, 2));
    struct actor_msg *rest = mailbox_close(&mailbox);

    ck_assert(mailbox_is_dead(&mailbox));
    ck_assert_int_eq(mailbox_push(&mailbox, late), MAILBOX_REFUSED);
    ck_assert_int_eq(take_number(&rest), 1);
    ck_assert_int_eq(take_number(&rest), 2);
    ck_assert_ptr_null(rest);

    /* The next actor in the slot. */
    mailbox_open(&mailbox);
    ck_assert_int_eq(mailbox_push(&mailbox, late), MAILBOX_PUSHED);
    rest = mailbox_close(&mailbox);
    ck_assert_int_eq(take_number(&rest), 9);
}
END_TEST

START_TEST(closing_an_idle_mailbox_gives_nothing)
{
    struct mailbox idle = { MAILBOX_IDLE }, running = { 0 };

    ck_assert_ptr_null(mailbox_close(&idle));
    ck_assert_ptr_null(mailbox_close(&running));
}
END_TEST

START_TEST(count_stops_at_its_maximum)
{
    struct mailbox mailbox = { MAILBOX_IDLE };
    uint32_t n;

    for (int i = 0; i < 70000; i++) {
        mailbox_push(&mailbox, number(0, i));
    }
    ck_assert_uint_eq(mailbox_n_waiting(&mailbox), MAILBOX_COUNT_MAX);
    struct actor_msg *list = mailbox_take(&mailbox, &n);

    ck_assert_uint_eq(n, 70000);
    for (int i = 0; i < 70000; i++) {
        ck_assert_int_eq(take_number(&list), i);
    }
}
END_TEST

START_TEST(push_tells_how_many_are_there)
{
    struct mailbox mailbox = { MAILBOX_IDLE };
    uint32_t n = 0;

    for (unsigned i = 1; i <= 70000; i++) {
        mailbox_push_counted(&mailbox, number(0, 0), &n);
        ck_assert_uint_eq(n, i < MAILBOX_COUNT_MAX ? i : MAILBOX_COUNT_MAX);
    }
    struct actor_msg *list = mailbox_take(&mailbox, &n);
    while (list) {
        take_number(&list);
    }
    mailbox_push_counted(&mailbox, number(0, 0), &n);
    ck_assert_uint_eq(n, 1);
    list = mailbox_close(&mailbox);
    take_number(&list);
}
END_TEST

/* --- several producers, one consumer --- */

enum { N_PRODUCERS = 4, N_EACH = 20000 };

struct shared {
    struct mailbox mailbox;
    _Atomic int n_scheduled;
};

struct producer {
    struct shared *shared;
    int index;
};

static void *
produce(void *producer_)
{
    struct producer *producer = producer_;

    for (int i = 0; i < N_EACH; i++) {
        if (mailbox_push(&producer->shared->mailbox,
                         number(producer->index, i))
            == MAILBOX_PUSHED_TO_IDLE) {
            atomic_fetch_add(&producer->shared->n_scheduled, 1);
        }
    }
    return NULL;
}

START_TEST(nothing_is_lost_or_overtaken_between_threads)
{
    struct shared shared = { .mailbox = { MAILBOX_IDLE } };
    struct producer producers[N_PRODUCERS];
    pthread_t threads[N_PRODUCERS];
    int next[N_PRODUCERS] = { 0 }, n_total = 0;
    uint32_t n;

    for (int i = 0; i < N_PRODUCERS; i++) {
        producers[i] = (struct producer) { &shared, i };
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    }
    while (n_total < N_PRODUCERS * N_EACH) {
        if (atomic_load(&shared.n_scheduled) == 0) {
            sched_yield();
            continue;
        }
        ck_assert_int_eq(atomic_fetch_sub(&shared.n_scheduled, 1), 1);
        do {
            struct actor_msg *list = mailbox_take(&shared.mailbox, &n);

            while (list) {
                struct actor_msg *msg = list;
                int *body = actor_msg_body(msg, &msg_number);

                ck_assert_int_eq(body[1], next[body[0]]);
                next[body[0]]++;
                list = msg->next;
                actor_msg_destroy(msg);
                n_total++;
            }
        } while (!mailbox_try_idle(&shared.mailbox));
    }
    for (int i = 0; i < N_PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(next[i], N_EACH);
    }
    ck_assert_int_eq(shared.n_scheduled, 0);
}
END_TEST

static Suite *
mailbox_suite(void)
{
    Suite *suite = suite_create("mailbox");

    test_add(suite, "order", messages_come_out_in_the_order_they_went_in);
    test_add(suite, "idle", only_the_first_push_finds_it_idle);
    test_add(suite, "dead", dead_mailbox_refuses_messages);
    test_add(suite, "close", closing_an_idle_mailbox_gives_nothing);
    test_add(suite, "count", count_stops_at_its_maximum);
    test_add(suite, "push", push_tells_how_many_are_there);
    test_add(suite, "threads", nothing_is_lost_or_overtaken_between_threads);
    return suite;
}

TEST_MAIN(mailbox_suite)
