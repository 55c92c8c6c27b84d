/* SPDX-License-Identifier: Apache-2.0
 *
 * test_pressure.c - connections that wait for actors which are behind: when
 * they are told to wait, and when to go on. */
#include <config.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "core/transport.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"
#include "tests/lib/wait.h"

static const unsigned max = LIMIT_MAILBOX_MESSAGES;
static const size_t max_bytes = LIMIT_MAILBOX_BYTES;

/* --- an actor that counts --- */

static const struct actor_msg_type msg_load = { .name = "load" };

struct sink {
    struct actor base;
    atomic_uint *n_handled;     /* borrowed */
};

static struct error *
sink_init(struct actor *self, void *n_handled)
{
    ((struct sink *) self)->n_handled = n_handled;
    return NULL;
}

static void
on_load(struct actor *self, struct actor_msg *msg UNUSED)
{
    atomic_fetch_add(((struct sink *) self)->n_handled, 1);
}

static const struct actor_handler handlers[] = { { &msg_load, on_load } };

static const struct actor_type sink_type = {
    .name = "sink", .size = sizeof(struct sink), .init = sink_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- a connection --- */

struct edge {
    struct pressure_watch watch;
    atomic_uint *n_handled;     /* borrowed */
    unsigned n_wakes;
    unsigned n_handled_at_wake;
    sem_t woken;
};

static void
on_caught_up(struct pressure_watch *watch)
{
    struct edge *edge = CONTAINER_OF(watch, struct edge, watch);

    edge->n_wakes++;
    edge->n_handled_at_wake = atomic_load(edge->n_handled);
    sem_post(&edge->woken);
}

static void
edge_init(struct edge *edge, atomic_uint *n_handled)
{
    *edge = (struct edge) {
        .watch.fn = on_caught_up, .n_handled = n_handled,
    };
    sem_init(&edge->woken, 0, 0);
}

/* Delivers 'n' messages that say they are of 'size'. */
static void
deliver(struct actor_system *system, struct edge *edge, const char *id,
        unsigned n, size_t size)
{
    static const struct upid nobody;

    for (unsigned i = 0; i < n; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_load);

        ck_assert(system_deliver(system, &nobody, id, &msg, size,
                                 &edge->watch));
    }
}

static struct upid
spawn(struct actor_system *system, const char *id, atomic_uint *n_handled)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &sink_type, id, n_handled, &upid));
    return upid;
}

static double
metric_of(struct actor_system *system, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(system), name, &value);
    return value;
}

/* --- one thread --- */

START_TEST(the_message_that_reaches_the_limit_stops_its_connection)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    deliver(system, &edge, "sink", max - 1, 100);
    ck_assert(!edge.watch.is_armed);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stops"), 0);
    deliver(system, &edge, "sink", 1, 100);

    ck_assert(edge.watch.is_armed);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stops"), 1);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stopped"), 1);
    ck_assert(system_pressure_cancel(&edge.watch));
    actor_system_destroy(system);
}
END_TEST

START_TEST(it_goes_on_when_a_quarter_is_left)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    deliver(system, &edge, "sink", max + 5, 100);
    actor_system_run(system);

    ck_assert_uint_eq(edge.n_wakes, 1);
    ck_assert_uint_gt(edge.n_handled_at_wake, max - max / 4);
    ck_assert_uint_le(edge.n_handled_at_wake, max - max / 4 + 128);
    ck_assert_uint_eq(n_handled, max + 5);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stopped"), 0);
    actor_system_destroy(system);
}
END_TEST

START_TEST(large_messages_count_by_their_bytes)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    deliver(system, &edge, "sink", 63, max_bytes / 64);
    ck_assert(!edge.watch.is_armed);
    deliver(system, &edge, "sink", 1, max_bytes / 64);
    ck_assert(edge.watch.is_armed);
    actor_system_run(system);

    /* Not before they are handled, few as they are. */
    ck_assert_uint_eq(edge.n_wakes, 1);
    ck_assert_uint_eq(edge.n_handled_at_wake, 64);
    actor_system_destroy(system);
}
END_TEST

START_TEST(bytes_are_forgotten_when_they_are_handled)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    for (unsigned i = 0; i < 10; i++) {
        deliver(system, &edge, "sink", 1, max_bytes / 2);
        actor_system_run(system);
    }
    ck_assert(!edge.watch.is_armed);
    actor_system_destroy(system);
}
END_TEST

START_TEST(a_message_of_any_size_is_counted)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    deliver(system, &edge, "sink", 1, SIZE_MAX);
    ck_assert(edge.watch.is_armed);
    actor_system_run(system);

    ck_assert_uint_eq(edge.n_wakes, 1);
    actor_system_destroy(system);
}
END_TEST

START_TEST(a_cancelled_wait_is_not_woken)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    ck_assert(!system_pressure_cancel(&edge.watch));
    deliver(system, &edge, "sink", max, 100);
    ck_assert(system_pressure_cancel(&edge.watch));
    ck_assert(!edge.watch.is_armed);
    ck_assert(!system_pressure_cancel(&edge.watch));
    actor_system_run(system);

    ck_assert_uint_eq(edge.n_wakes, 0);
    actor_system_destroy(system);
}
END_TEST

START_TEST(a_wait_that_is_over_cannot_be_cancelled)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    spawn(system, "sink", &n_handled);
    deliver(system, &edge, "sink", max, 100);
    actor_system_run(system);

    ck_assert_uint_eq(edge.n_wakes, 1);
    ck_assert(!system_pressure_cancel(&edge.watch));
    actor_system_destroy(system);
}
END_TEST

START_TEST(the_end_of_the_actor_is_the_end_of_the_wait)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct edge edge;

    edge_init(&edge, &n_handled);
    struct upid sink = spawn(system, "sink", &n_handled);
    actor_terminate(system, &sink);     /* handled first */
    deliver(system, &edge, "sink", max, 100);
    ck_assert(edge.watch.is_armed);
    actor_system_run(system);

    ck_assert_uint_eq(n_handled, 0);
    ck_assert_uint_eq(edge.n_wakes, 1);
    actor_system_destroy(system);
}
END_TEST

/* Slots whose numbers differ by 64 share a list. */
START_TEST(only_who_waits_for_that_actor_is_woken)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_first = 0, n_other = 0;
    struct edge first, second, other;

    edge_init(&first, &n_first);
    edge_init(&second, &n_first);
    edge_init(&other, &n_other);
    spawn(system, "first", &n_first);
    for (int i = 0; i < 63; i++) {
        spawn(system, NULL, &n_other);
    }
    spawn(system, "other", &n_other);
    deliver(system, &first, "first", max, 100);
    deliver(system, &second, "first", 1, 100);
    deliver(system, &other, "other", max, 100);
    ck_assert(second.watch.is_armed && other.watch.is_armed);
    ck_assert(system_pressure_cancel(&first.watch));
    actor_system_run(system);

    ck_assert_uint_eq(first.n_wakes, 0);
    ck_assert_uint_eq(second.n_wakes, 1);
    ck_assert_uint_eq(second.n_handled_at_wake, other.n_handled_at_wake);
    ck_assert_uint_eq(other.n_wakes, 1);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stops"), 3);
    actor_system_destroy(system);
}
END_TEST

START_TEST(local_senders_are_never_stopped)
{
    struct actor_system *system = bare_manual(NULL);
    atomic_uint n_handled = 0;
    struct upid sink = spawn(system, "sink", &n_handled);

    for (unsigned i = 0; i < 3 * max; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_load);

        actor_post(system, &sink, &msg);
    }
    actor_system_run(system);

    ck_assert_uint_eq(n_handled, 3 * max);
    ck_assert_double_eq(metric_of(system, "actor/mailbox/stops"), 0);
    actor_system_destroy(system);
}
END_TEST

/* --- threads --- */

enum { N_EDGES = 4, N_SINKS = 3, N_ROUNDS = 60000 };

/* Keeps a sink from its messages until it is opened. */
static const struct actor_msg_type msg_block;

static void
block(struct actor *self UNUSED, struct actor_msg *msg)
{
    sem_t *open = *(sem_t **) actor_msg_body(msg, &msg_block);

    while (sem_wait(open) < 0) {
    }
}

static const struct actor_msg_type msg_block = {
    .name = "block", .size = sizeof(sem_t *), .run = block,
};

struct reader {
    struct actor_system *system;
    struct edge edge;
    unsigned seed;
};

/* Reads, and waits when it should. */
static void *
read_on(void *reader_)
{
    static const char *const ids[N_SINKS] = { "0", "1", "2" };
    struct reader *reader = reader_;
    struct edge *edge = &reader->edge;

    for (unsigned i = 0; i < N_ROUNDS; i++) {
        reader->seed = reader->seed * 1103515245 + 12345;
        deliver(reader->system, edge, ids[(reader->seed >> 16) % N_SINKS], 1,
                (reader->seed >> 20) % 128 == 0 ? 1 << 20 : 100);
        if (edge->watch.is_armed) {
            if ((reader->seed >> 24) % 8 == 0
                && system_pressure_cancel(&edge->watch)) {
                continue;               /* a connection that is closed */
            }
            while (sem_wait(&edge->woken) < 0) {
            }
            edge->watch.is_armed = false;
        }
    }
    return NULL;
}

START_TEST(nobody_waits_for_ever_and_nothing_piles_up)
{
    struct actor_system *system = bare_threaded(2);
    atomic_uint n_handled = 0;
    struct reader readers[N_EDGES];
    pthread_t threads[N_EDGES];
    struct actor_msg *msg = actor_msg_create(&msg_block);
    struct upid blocked = spawn(system, "0", &n_handled);
    sem_t open;

    sem_init(&open, 0, 0);
    *(sem_t **) actor_msg_body(msg, &msg_block) = &open;
    actor_post(system, &blocked, &msg);
    spawn(system, "1", &n_handled);
    spawn(system, "2", &n_handled);
    for (unsigned i = 0; i < N_EDGES; i++) {
        readers[i] = (struct reader) { .system = system, .seed = i };
        edge_init(&readers[i].edge, &n_handled);
        pthread_create(&threads[i], NULL, read_on, &readers[i]);
    }
    WAIT_FOR(metric_of(system, "actor/mailbox/stops") >= N_EDGES);
    sem_post(&open);
    for (unsigned i = 0; i < N_EDGES; i++) {
        pthread_join(threads[i], NULL);
    }
    WAIT_FOR(atomic_load(&n_handled) == N_EDGES * N_ROUNDS);

    ck_assert_double_eq(metric_of(system, "actor/mailbox/stopped"), 0);

    /* Twice the limit, and what was delivered after cancelling. */
    ck_assert_double_le(metric_of(system, "actor/mailbox/depth_max"),
                        2 * (max + 500));
    actor_system_destroy(system);
}
END_TEST

static Suite *
pressure_suite(void)
{
    Suite *suite = suite_create("pressure");

    test_add(suite, "limit",
             the_message_that_reaches_the_limit_stops_its_connection);
    test_add(suite, "low", it_goes_on_when_a_quarter_is_left);
    test_add(suite, "bytes", large_messages_count_by_their_bytes);
    test_add(suite, "forget", bytes_are_forgotten_when_they_are_handled);
    test_add(suite, "size", a_message_of_any_size_is_counted);
    test_add(suite, "cancel", a_cancelled_wait_is_not_woken);
    test_add(suite, "over", a_wait_that_is_over_cannot_be_cancelled);
    test_add(suite, "end", the_end_of_the_actor_is_the_end_of_the_wait);
    test_add(suite, "others", only_who_waits_for_that_actor_is_woken);
    test_add(suite, "local", local_senders_are_never_stopped);
    test_add(suite, "threads", nobody_waits_for_ever_and_nothing_piles_up);
    return suite;
}

TEST_MAIN(pressure_suite)
