/* SPDX-License-Identifier: Apache-2.0
 *
 * test_timer.c - timers of actors and of workers. */
#include <config.h>

#include <actor/actor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "core/worker.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- an actor with timers, whose init is the test's --- */

#define N_TIMERS 8

struct clockwork {
    struct actor base;
    struct script *script;
    struct actor_timer timers[N_TIMERS];
};

struct script {
    void (*init)(struct clockwork *);
    void (*on_tick)(struct clockwork *, int i);
    struct clockwork *self;
    char text[256];
    int64_t started;
};

struct tick {
    struct clockwork *clockwork;
    int i;
};
static struct tick ticks[N_TIMERS];

static void
on_tick(struct actor *self, void *tick_)
{
    struct clockwork *clockwork = (struct clockwork *) self;
    struct script *script = clockwork->script;
    struct tick *tick = tick_;
    size_t len = strlen(script->text);

    snprintf(script->text + len, sizeof script->text - len, "%d@%d ", tick->i,
             (int) ((actor_now(self) - script->started) / SECOND));
    if (script->on_tick) {
        script->on_tick(clockwork, tick->i);
    }
}

static void
arm(struct clockwork *clockwork, int i, int64_t delay)
{
    ticks[i].i = i;
    actor_timer_start(&clockwork->base, &clockwork->timers[i], delay, on_tick,
                      &ticks[i]);
}

static void
cancel(struct clockwork *clockwork, int i)
{
    actor_timer_cancel(&clockwork->base, &clockwork->timers[i]);
}

static struct error *
clockwork_init(struct actor *self, void *script_)
{
    struct clockwork *clockwork = (struct clockwork *) self;
    struct script *script = script_;

    clockwork->script = script;
    script->self = clockwork;
    script->started = actor_now(self);
    script->init(clockwork);
    return NULL;
}

static const struct actor_type clockwork_type = {
    .name = "clockwork", .size = sizeof(struct clockwork),
    .init = clockwork_init,
};

static struct upid
spawn(struct actor_system *system, struct script *script)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &clockwork_type, NULL, script,
                                   &upid));
    return upid;
}

static void
run_for(struct script *script, int64_t ns)
{
    struct actor_system *system = bare_manual(NULL);

    spawn(system, script);
    actor_system_advance(system, ns);
    actor_system_destroy(system);
}

/* --- */

static void
arm_out_of_order(struct clockwork *c)
{
    arm(c, 0, 3 * SECOND);
    arm(c, 1, 1 * SECOND);
    arm(c, 2, 2 * SECOND);
    arm(c, 3, 0);
}

START_TEST(timers_fire_in_the_order_of_their_times)
{
    struct script script = { .init = arm_out_of_order };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "3@0 1@1 2@2 0@3 ");
}
END_TEST

static void
arm_alike(struct clockwork *c)
{
    for (int i = 0; i < N_TIMERS; i++) {
        arm(c, i, SECOND);
    }
}

START_TEST(timers_of_one_time_fire_in_the_order_of_arming)
{
    struct script script = { .init = arm_alike };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "0@1 1@1 2@1 3@1 4@1 5@1 6@1 7@1 ");
}
END_TEST

START_TEST(clock_stops_where_it_was_told_to)
{
    struct script script = { .init = arm_out_of_order };
    struct actor_system *system = bare_manual(NULL);
    int64_t start = actor_system_now(system);
    int64_t wall = actor_system_wall_now(system);

    spawn(system, &script);
    actor_system_advance(system, 2 * SECOND - 1);
    ck_assert_str_eq(script.text, "3@0 1@1 ");
    ck_assert_int_eq(actor_system_next_timer(system), start + 2 * SECOND);
    actor_system_advance(system, 1);
    ck_assert_str_eq(script.text, "3@0 1@1 2@2 ");
    ck_assert_int_eq(actor_system_now(system), start + 2 * SECOND);
    ck_assert_int_eq(actor_system_wall_now(system), wall + 2 * SECOND);
    actor_system_advance(system, HOUR);
    ck_assert_int_eq(actor_system_next_timer(system), INT64_MAX);
    actor_system_destroy(system);
}
END_TEST

static void
arm_and_cancel(struct clockwork *c)
{
    cancel(c, 0);               /* not armed: nothing happens */
    arm(c, 0, SECOND);
    ck_assert(actor_timer_is_armed(&c->timers[0]));
    cancel(c, 0);
    ck_assert(!actor_timer_is_armed(&c->timers[0]));
    arm(c, 1, SECOND);
}

START_TEST(cancelled_timer_does_not_fire)
{
    struct script script = { .init = arm_and_cancel };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "1@1 ");
}
END_TEST

static void
cancel_neighbours(struct clockwork *c, int i)
{
    ck_assert(!actor_timer_is_armed(&c->timers[i]));
    for (int j = 0; j < N_TIMERS; j++) {
        cancel(c, j);
    }
}

START_TEST(timer_that_is_due_already_can_be_cancelled)
{
    /* All eight are in the mailbox when the first one runs. */
    struct script script = {
        .init = arm_alike, .on_tick = cancel_neighbours,
    };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "0@1 ");
}
END_TEST

static void
rearm_neighbour(struct clockwork *c, int i)
{
    if (i == 0) {
        arm(c, 1, 5 * SECOND);
    }
}

START_TEST(timer_that_is_due_already_can_be_armed_anew)
{
    struct script script = { .init = arm_alike, .on_tick = rearm_neighbour };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "0@1 2@1 3@1 4@1 5@1 6@1 7@1 1@6 ");
}
END_TEST

static void
arm_first(struct clockwork *c)
{
    arm(c, 0, 10 * SECOND);
    arm(c, 0, SECOND);          /* anew */
}

static void
arm_again(struct clockwork *c, int i)
{
    arm(c, i, 2 * SECOND);
}

START_TEST(timer_can_be_armed_by_its_own_function)
{
    struct script script = { .init = arm_first, .on_tick = arm_again };

    run_for(&script, 6 * SECOND);

    ck_assert_str_eq(script.text, "0@1 0@3 0@5 ");
}
END_TEST

static void
stop_at_two(struct clockwork *c, int i)
{
    if (i == 2) {
        actor_stop(&c->base);
    }
}

START_TEST(timers_end_with_their_actor)
{
    struct script script = { .init = arm_alike, .on_tick = stop_at_two };

    run_for(&script, MINUTE);

    ck_assert_str_eq(script.text, "0@1 1@1 2@1 ");
}
END_TEST

static void
arm_for_ever(struct clockwork *c)
{
    arm(c, 0, DURATION_FOREVER);
    arm(c, 1, SECOND);
}

START_TEST(timer_for_ever_never_fires)
{
    struct script script = { .init = arm_for_ever };

    run_for(&script, 100 * WEEK);

    ck_assert_str_eq(script.text, "1@1 ");
}
END_TEST

/* --- real time --- */

static void
arm_soon(struct clockwork *c)
{
    arm(c, 0, 2 * MILLISECOND);
    arm(c, 1, MILLISECOND);
    arm(c, 2, HOUR);
}

static void
stop_after_first(struct clockwork *c, int i)
{
    ck_assert_int_ge(actor_now(&c->base), c->script->started
                                              + (i == 0 ? 2 : 1)
                                                    * MILLISECOND);
    if (i == 0) {
        actor_stop(&c->base);
    }
}

START_TEST(timers_fire_in_real_time)
{
    struct script script = { .init = arm_soon, .on_tick = stop_after_first };
    struct actor_system *system = bare_threaded(2);
    struct upid upid = spawn(system, &script);

    ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    actor_system_destroy(system);

    ck_assert_str_eq(script.text, "1@0 0@0 ");
}
END_TEST

/* --- timers of workers --- */

struct bell {
    struct worker_timer timer;
    struct bell *other;         /* stopped when this one fires */
    struct worker *worker;
    int n;
};

static void
ring(struct worker_timer *timer)
{
    struct bell *bell = (struct bell *) timer;

    bell->n++;
    if (bell->other) {
        worker_timer_stop(bell->worker, &bell->other->timer);
    }
}

START_TEST(worker_timer_fires_once_unless_it_is_stopped)
{
    struct actor_system *system = bare_manual(NULL);
    struct worker *worker = system_worker(system, 0);
    struct bell second = { .n = 0 };
    struct bell first = { .other = &second, .worker = worker };
    struct bell third = { .n = 0 };

    worker_timer_start(worker, &second.timer, 2 * SECOND, ring);
    worker_timer_start(worker, &first.timer, SECOND, ring);
    worker_timer_start(worker, &third.timer, HOUR, ring);
    worker_timer_start(worker, &third.timer, 3 * SECOND, ring);
    ck_assert_int_eq(actor_system_next_timer(system),
                     worker_now(worker) + SECOND);
    actor_system_advance(system, 2 * HOUR);

    ck_assert_int_eq(first.n, 1);
    ck_assert_int_eq(second.n, 0);
    ck_assert_int_eq(third.n, 1);
    actor_system_destroy(system);
}
END_TEST

static Suite *
timer_suite(void)
{
    Suite *suite = suite_create("timer");

    test_add(suite, "order", timers_fire_in_the_order_of_their_times);
    test_add(suite, "alike", timers_of_one_time_fire_in_the_order_of_arming);
    test_add(suite, "clock", clock_stops_where_it_was_told_to);
    test_add(suite, "cancel", cancelled_timer_does_not_fire);
    test_add(suite, "due", timer_that_is_due_already_can_be_cancelled);
    test_add(suite, "anew", timer_that_is_due_already_can_be_armed_anew);
    test_add(suite, "again", timer_can_be_armed_by_its_own_function);
    test_add(suite, "end", timers_end_with_their_actor);
    test_add(suite, "for-ever", timer_for_ever_never_fires);
    test_add(suite, "real", timers_fire_in_real_time);
    test_add(suite, "worker", worker_timer_fires_once_unless_it_is_stopped);
    return suite;
}

TEST_MAIN(timer_suite)
