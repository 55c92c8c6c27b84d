/* SPDX-License-Identifier: Apache-2.0
 *
 * test_fairness.c - who gets his turn while others are busy: quiet actors,
 * timers and descriptors beside actors that never rest, and actors behind
 * turns that do not end. */
#include <config.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "core/transport.h"
#include "core/worker.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- actors that do what the test's function says --- */

struct shared;

typedef void turn_fn(struct actor *self, struct shared *);

/* What the actors of a test have in common. */
struct shared {
    struct actor_system *system;
    struct actor_gate *done;
    struct upid busy, quiet;
    turn_fn *busy_turn, *quiet_turn;
    atomic_bool is_over;        /* the busy one rests then */
    atomic_uint n_turns;        /* of the busy one */
    unsigned n_at_call;         /* when it called the quiet one */
    unsigned n_at_answer;       /* when that was heard */
    atomic_llong clock_ns;
    sem_t sem;
};

struct player {
    struct actor base;
    struct shared *shared;      /* borrowed */
    turn_fn *turn;
    struct actor_timer timer;
};

static const struct actor_msg_type msg_go = { .name = "go" };

static void
on_go(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct player *player = (struct player *) self;

    player->turn(self, player->shared);
}

static struct error *
busy_init(struct actor *self, void *shared)
{
    struct player *player = (struct player *) self;

    player->shared = shared;
    player->turn = player->shared->busy_turn;
    return NULL;
}

static struct error *
quiet_init(struct actor *self, void *shared)
{
    struct player *player = (struct player *) self;

    player->shared = shared;
    player->turn = player->shared->quiet_turn;
    return NULL;
}

static const struct actor_handler handlers[] = { { &msg_go, on_go } };

static const struct actor_type busy_type = {
    .name = "busy", .size = sizeof(struct player), .init = busy_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static const struct actor_type quiet_type = {
    .name = "quiet", .size = sizeof(struct player), .init = quiet_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static void
go(struct actor *self, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_go);

    actor_send(self, to, &msg);
}

static void
go_from_outside(struct shared *shared, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_go);

    actor_post(shared->system, to, &msg);
}

static void
spawn_players(struct shared *shared)
{
    shared->done = actor_gate_create();
    ck_assert_ptr_null(actor_spawn(shared->system, &busy_type, NULL, shared,
                                   &shared->busy));
    ck_assert_ptr_null(actor_spawn(shared->system, &quiet_type, NULL, shared,
                                   &shared->quiet));
}

static void
finish(struct shared *shared)
{
    actor_gate_wait(shared->done, DURATION_FOREVER);
    atomic_store(&shared->is_over, true);
    actor_system_destroy(shared->system);
    actor_gate_destroy(shared->done);
}

/* Never without a message. */
static void
goes_on_and_on(struct actor *self, struct shared *shared)
{
    atomic_fetch_add(&shared->n_turns, 1);
    if (!atomic_load(&shared->is_over)) {
        go(self, actor_upid(self));
    }
}

static void
says_done(struct actor *self UNUSED, struct shared *shared)
{
    shared->n_at_answer = atomic_load(&shared->n_turns);
    actor_gate_open(shared->done);
}

/* --- quiet actors --- */

static void
counts(struct actor *self UNUSED, struct shared *shared)
{
    atomic_fetch_add(&shared->n_turns, 1);
}

START_TEST(a_quiet_actor_waits_for_one_batch_of_a_busy_one)
{
    struct shared shared = {
        .system = bare_manual(NULL), .busy_turn = counts,
        .quiet_turn = says_done,
    };

    spawn_players(&shared);
    for (int i = 0; i < 1000; i++) {
        go_from_outside(&shared, &shared.busy);
    }
    go_from_outside(&shared, &shared.quiet);
    actor_system_run(shared.system);

    ck_assert_uint_eq(shared.n_at_answer, 64);
    ck_assert_uint_eq(shared.n_turns, 1000);
    finish(&shared);
}
END_TEST

START_TEST(a_quiet_actor_is_served_beside_one_that_never_rests)
{
    struct shared shared = {
        .system = bare_threaded(1), .busy_turn = goes_on_and_on,
        .quiet_turn = says_done,
    };

    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);
    go_from_outside(&shared, &shared.quiet);

    finish(&shared);
}
END_TEST

/* --- long turns, on a clock that each of them moves --- */

static int64_t
clock_now(void *shared)
{
    return atomic_load(&((struct shared *) shared)->clock_ns);
}

static const struct actor_clock_ops clock_ops = {
    .now = clock_now, .wall_now = clock_now,
};

static struct actor_system *
start_with_clock(struct shared *shared)
{
    struct actor_backend backend = {
        .clock = &clock_ops, .clock_ctx = shared,
    };
    struct actor_system_options options = {
        .n_workers = 1, .backend = &backend,
    };
    struct actor_system *system;

    atomic_store(&shared->clock_ns, SECOND);
    ck_assert_ptr_null(system_create(&options, &poller_test, &system));
    return system;
}

/* A millisecond a turn; long after the runtime can know, it calls the quiet
 * one. */
static void
takes_long(struct actor *self, struct shared *shared)
{
    atomic_fetch_add(&shared->clock_ns, MILLISECOND);
    if (atomic_load(&shared->n_turns) == 300) {
        shared->n_at_call = 300;
        go(self, &shared->quiet);
    }
    goes_on_and_on(self, shared);
    go(self, actor_upid(self));         /* more and more wait */
}

START_TEST(of_long_turns_a_batch_has_one)
{
    struct shared shared = {
        .busy_turn = takes_long, .quiet_turn = says_done,
    };

    shared.system = start_with_clock(&shared);
    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);
    actor_gate_wait(shared.done, DURATION_FOREVER);
    atomic_store(&shared.is_over, true);
    actor_terminate(shared.system, &shared.busy);

    ck_assert_uint_eq(shared.n_at_answer, shared.n_at_call + 1);
    actor_gate_destroy(shared.done);
    actor_system_destroy(shared.system);
}
END_TEST

static void
on_timer(struct actor *self, void *arg UNUSED)
{
    struct player *player = (struct player *) self;

    says_done(self, player->shared);
}

static void
starts_timer(struct actor *self, struct shared *shared UNUSED)
{
    struct player *player = (struct player *) self;

    actor_timer_start(self, &player->timer, MILLISECOND / 2, on_timer, NULL);
}

START_TEST(a_timer_fires_after_the_long_turn_in_which_it_is_due)
{
    struct shared shared = {
        .busy_turn = takes_long, .quiet_turn = starts_timer,
    };

    shared.system = start_with_clock(&shared);
    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);
    actor_gate_wait(shared.done, DURATION_FOREVER);
    atomic_store(&shared.is_over, true);
    actor_terminate(shared.system, &shared.busy);

    /* One turn until the quiet one runs; one in which the timer becomes due,
     * and one before it is the quiet one's turn, or two, for the short turn
     * between them had the next batch made longer. */
    ck_assert_uint_ge(shared.n_at_answer, shared.n_at_call + 2);
    ck_assert_uint_le(shared.n_at_answer, shared.n_at_call + 4);
    actor_gate_destroy(shared.done);
    actor_system_destroy(shared.system);
}
END_TEST

/* --- timers and descriptors --- */

START_TEST(timers_fire_beside_an_actor_that_never_rests)
{
    struct shared shared = {
        .system = bare_threaded(1), .busy_turn = goes_on_and_on,
        .quiet_turn = starts_timer,
    };

    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);
    go_from_outside(&shared, &shared.quiet);

    finish(&shared);
}
END_TEST

/* A pipe that worker 0 watches. */
struct watched {
    struct worker_job job;
    struct poll_watch watch;
    struct shared *shared;
    int fds[2];
};

static void
on_readable(struct poll_watch *watch, int events UNUSED)
{
    struct watched *watched = CONTAINER_OF(watch, struct watched, watch);

    poller_test.watch(worker_poller(worker_current()), watch, watch->fd, 0);
    says_done(NULL, watched->shared);
}

static void
watch_pipe(struct worker_job *job)
{
    struct watched *watched = CONTAINER_OF(job, struct watched, job);

    watched->watch.fn = on_readable;
    poller_test.watch(worker_poller(worker_current()), &watched->watch,
                      watched->fds[0], POLL_READ);
}

/* Writes into the pipe when it has been busy for a while. */
static struct watched watched;

static void
writes_and_goes_on(struct actor *self, struct shared *shared)
{
    if (atomic_load(&shared->n_turns) == 1000) {
        ck_assert_int_eq(write(watched.fds[1], "x", 1), 1);
    }
    goes_on_and_on(self, shared);
}

START_TEST(descriptors_are_looked_at_beside_an_actor_that_never_rests)
{
    struct shared shared = {
        .system = bare_threaded(1), .busy_turn = writes_and_goes_on,
        .quiet_turn = says_done,
    };

    ck_assert_int_eq(pipe(watched.fds), 0);
    watched.shared = &shared;
    watched.job.fn = watch_pipe;
    worker_post(system_worker(shared.system, 0), &watched.job);
    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);

    finish(&shared);
    close(watched.fds[0]);
    close(watched.fds[1]);
}
END_TEST

/* --- blocked workers --- */

static void
blocks_until_answered(struct actor *self, struct shared *shared)
{
    /* Goes to our own worker, which stands still from now on. */
    go(self, &shared->quiet);
    while (sem_wait(&shared->sem) < 0) {
    }
    actor_gate_open(shared->done);
}

static void
unblocks(struct actor *self UNUSED, struct shared *shared)
{
    sem_post(&shared->sem);
}

START_TEST(who_waits_behind_a_blocked_turn_is_run_by_another_worker)
{
    struct shared shared = {
        .system = bare_threaded(2), .busy_turn = blocks_until_answered,
        .quiet_turn = unblocks,
    };

    sem_init(&shared.sem, 0, 0);
    spawn_players(&shared);
    for (int i = 0; i < 20; i++) {
        go_from_outside(&shared, &shared.busy);
    }
    actor_terminate(shared.system, &shared.busy);
    actor_wait(shared.system, &shared.busy, DURATION_FOREVER);

    finish(&shared);
    sem_destroy(&shared.sem);
}
END_TEST

/* All workers but one are blocked, each by an actor that waits for what is
 * behind another. */
enum { N_BLOCKED = 3 };

START_TEST(one_free_worker_is_enough)
{
    struct shared shared = {
        .system = bare_threaded(N_BLOCKED + 1),
        .busy_turn = blocks_until_answered, .quiet_turn = unblocks,
    };
    struct upid blocked[N_BLOCKED];

    sem_init(&shared.sem, 0, 0);
    spawn_players(&shared);
    for (int i = 0; i < N_BLOCKED; i++) {
        ck_assert_ptr_null(actor_spawn(shared.system, &busy_type, NULL,
                                       &shared, &blocked[i]));
        go_from_outside(&shared, &blocked[i]);
    }
    for (int i = 0; i < N_BLOCKED; i++) {
        actor_terminate(shared.system, &blocked[i]);
        actor_wait(shared.system, &blocked[i], DURATION_FOREVER);
    }

    finish(&shared);
    sem_destroy(&shared.sem);
}
END_TEST

/* A timer of the worker that is blocked until another worker has had its
 * turns: it waits, and fires. */
static void
starts_timer_and_blocks(struct actor *self, struct shared *shared)
{
    starts_timer(self, shared);
    go(self, &shared->quiet);
    while (sem_wait(&shared->sem) < 0) {
    }
}

START_TEST(a_timer_of_a_blocked_worker_fires_when_it_is_free_again)
{
    struct shared shared = {
        .system = bare_threaded(2), .busy_turn = starts_timer_and_blocks,
        .quiet_turn = unblocks,
    };

    sem_init(&shared.sem, 0, 0);
    spawn_players(&shared);
    go_from_outside(&shared, &shared.busy);

    finish(&shared);
    sem_destroy(&shared.sem);
}
END_TEST

static Suite *
fairness_suite(void)
{
    Suite *suite = suite_create("fairness");

    test_add(suite, "batch", a_quiet_actor_waits_for_one_batch_of_a_busy_one);
    test_add(suite, "busy",
             a_quiet_actor_is_served_beside_one_that_never_rests);
    test_add(suite, "long", of_long_turns_a_batch_has_one);
    test_add(suite, "long_timer",
             a_timer_fires_after_the_long_turn_in_which_it_is_due);
    test_add(suite, "timers", timers_fire_beside_an_actor_that_never_rests);
    test_add(suite, "descriptors",
             descriptors_are_looked_at_beside_an_actor_that_never_rests);
    test_add(suite, "blocked",
             who_waits_behind_a_blocked_turn_is_run_by_another_worker);
    test_add(suite, "one_free", one_free_worker_is_enough);
    test_add(suite, "blocked_timer",
             a_timer_of_a_blocked_worker_fires_when_it_is_free_again);
    return suite;
}

TEST_MAIN(fairness_suite)
