/* SPDX-License-Identifier: Apache-2.0
 *
 * test_churn.c - actors that do all that actors can do, at random, while
 * their system ends: nothing may be left behind, and sanitizers look on. */
#include <config.h>

#include <actor/actor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/op.h>
#include <actor/system.h>
#include <actor/work.h>

#include "tests/lib/poller.h"
#include "tests/lib/test.h"

#define N_ROOTS 16
#define N_ROUNDS 20
#define N_POSTS 1000
#define MAX_DEPTH 8
#define MAX_DEEDS 200           /* of one actor */
#define MAX_STEPS 6             /* of one operation */
#define N_TIMERS 3

/* What has begun and not ended; atomic. */
static struct {
    int actors;
    int errands;
    int works;
} living;

static void
count(int *n, int difference)
{
    __atomic_add_fetch(n, difference, __ATOMIC_RELAXED);
}

static const struct actor_msg_type msg_poke = { .name = "poke" };
static const struct actor_msg_type msg_ask = { .name = "ask", .size = 200 };

struct citizen {
    struct actor base;
    struct upid parent;
    struct upid friend;
    struct actor_timer timers[N_TIMERS];
    uint32_t random;
    int depth;
    int n_deeds;
};

/* How the next one begins. */
struct birth {
    struct upid parent;
    uint32_t random;
    int depth;
};

static void deed(struct citizen *);

static uint32_t
draw(struct citizen *c, uint32_t n)
{
    c->random = c->random * 1664525u + 1013904223u;
    return (c->random >> 8) % n;
}

static const struct upid *
draw_peer(struct citizen *c)
{
    return draw(c, 2) ? &c->friend : &c->parent;
}

/* --- work --- */

static struct error *
work_run(void *arg)
{
    int *value = arg;

    return ++*value % 3 == 0 ? error_create(ERROR_IO, "tired") : NULL;
}

static void
work_done(struct actor *self, void *arg, const struct error *error)
{
    (void) arg;
    (void) error;
    deed((struct citizen *) self);
}

static void
work_destroy(void *arg)
{
    count(&living.works, -1);
    free(arg);
}

static void
start_work(struct citizen *c)
{
    count(&living.works, 1);
    actor_work(&c->base, work_run, work_done, xcalloc(1, sizeof(int)),
               work_destroy);
}

/* --- operations --- */

enum { ERRAND_BEGIN, ERRAND_FAILED };

struct errand {
    struct op base;
    struct upid to;
    int n_steps;
    int *value;                 /* owned; what work works on */
};

static enum op_next
errand_begin(struct actor *self, struct op *op)
{
    struct errand *e = (struct errand *) op;
    struct citizen *c = (struct citizen *) self;
    struct actor_msg *msg;

    if (e->n_steps++ == MAX_STEPS) {
        return OP_DONE;
    }
    switch (draw(c, 6)) {
    case 0:
        msg = actor_msg_create(&msg_ask);
        return op_call(op, &e->to, &msg, &msg_poke, DURATION_FOREVER,
                       ERRAND_BEGIN);
    case 1:
        msg = actor_msg_create(&msg_ask);
        return op_call(op, &e->to, &msg, &msg_poke,
                       draw(c, 100) * MICROSECOND, ERRAND_BEGIN);
    case 2 ... 3:
        return op_work(op, work_run, e->value, ERRAND_BEGIN);
    case 4:
        return op_sleep(op, draw(c, 100) * MICROSECOND, ERRAND_BEGIN);
    default:
        return op_fail(op, error_create(ERROR_INVALID, "lost"));
    }
}

static enum op_next
errand_failed(struct actor *self, struct op *op)
{
    (void) self;
    return op_error(op) ? op_goto(op, ERRAND_BEGIN) : OP_DONE;
}

static void
errand_destroy(struct op *op)
{
    struct errand *e = (struct errand *) op;

    count(&living.errands, -1);
    ++*e->value;
    free(e->value);
    free(e);
}

static const struct op_step errand_steps[] = {
    [ERRAND_BEGIN] = { "begin", errand_begin },
    [ERRAND_FAILED] = { "failed", errand_failed },
};

static const struct op_type errand_type = {
    .name = "errand", .steps = errand_steps,
    .n_steps = ARRAY_SIZE(errand_steps), .failure_step = ERRAND_FAILED,
    .destroy = errand_destroy,
};

static void
start_errand(struct citizen *c)
{
    struct errand *e = xcalloc(1, sizeof *e);

    count(&living.errands, 1);
    e->to = *draw_peer(c);
    e->value = xcalloc(1, sizeof *e->value);
    op_start(&c->base, &e->base, &errand_type);
}

/* --- actors --- */

static void
on_timer(struct actor *self, void *arg)
{
    (void) arg;
    deed((struct citizen *) self);
}

static void
start_timer(struct citizen *c)
{
    actor_timer_start(&c->base, &c->timers[draw(c, N_TIMERS)],
                      draw(c, 200) * MICROSECOND, on_timer, NULL);
}

static void
send_poke(struct citizen *c, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_poke);

    actor_send(&c->base, to, &msg);
}

static struct error *
citizen_init(struct actor *self, void *arg)
{
    struct citizen *c = (struct citizen *) self;
    const struct birth *birth = arg;

    count(&living.actors, 1);
    c->parent = c->friend = birth->parent;
    c->random = birth->random;
    c->depth = birth->depth;
    start_timer(c);
    if (draw(c, 3) == 0) {
        actor_link(self, &c->parent);
    }
    if (draw(c, 10) == 0) {
        actor_stop(self);
    }
    return draw(c, 10) == 0 ? error_create(ERROR_FORBIDDEN, "unfit") : NULL;
}

static void
citizen_fini(struct actor *self)
{
    struct citizen *c = (struct citizen *) self;

    count(&living.actors, -1);
    start_timer(c);
    start_work(c);
    actor_link(self, &c->friend);
    send_poke(c, &c->parent);
}

static void
citizen_exited(struct actor *self, const struct upid *who)
{
    (void) who;
    deed((struct citizen *) self);
}

static void
on_poke(struct actor *self, struct actor_msg *msg)
{
    (void) msg;
    deed((struct citizen *) self);
    deed((struct citizen *) self);
}

static void
on_ask(struct actor *self, struct actor_msg *msg)
{
    struct citizen *c = (struct citizen *) self;

    for (uint32_t n = draw(c, 3); n > 0; n--) {
        struct actor_msg *answer = actor_msg_create(&msg_poke);

        actor_reply(self, msg, &answer);
    }
    deed(c);
}

static const struct actor_handler citizen_handlers[] = {
    { &msg_poke, on_poke },
    { &msg_ask, on_ask },
};

static const struct actor_type citizen_type = {
    .name = "citizen", .size = sizeof(struct citizen),
    .init = citizen_init, .fini = citizen_fini, .exited = citizen_exited,
    .handlers = citizen_handlers,
    .n_handlers = ARRAY_SIZE(citizen_handlers),
};

static void
start_child(struct citizen *c)
{
    struct birth birth = {
        .parent = *actor_upid(&c->base), .random = draw(c, 1 << 20),
        .depth = c->depth + 1,
    };

    if (c->depth < MAX_DEPTH) {
        error_drop(actor_spawn(actor_system_of(&c->base), &citizen_type, NULL,
                               &birth, &c->friend));
    }
}

/* Any one thing. */
static void
deed(struct citizen *c)
{
    if (c->n_deeds++ > MAX_DEEDS) {
        return;
    }
    switch (draw(c, 16)) {
    case 0 ... 2:
        start_child(c);
        break;
    case 3:
        actor_terminate(actor_system_of(&c->base), &c->friend);
        break;
    case 4:
        actor_link(&c->base, draw_peer(c));
        break;
    case 5:
        actor_unlink(&c->base, draw_peer(c));
        break;
    case 6 ... 7:
        start_timer(c);
        break;
    case 8:
        actor_timer_cancel(&c->base, &c->timers[draw(c, N_TIMERS)]);
        break;
    case 9 ... 10:
        start_errand(c);
        break;
    case 11:
        start_work(c);
        break;
    case 12:
        if (draw(c, 2) == 0) {
            actor_stop(&c->base);
        }
        break;
    default:
        send_poke(c, draw_peer(c));
        break;
    }
}

/* --- the tests --- */

/* Number of worker threads; 0: a manual system. */
static const unsigned n_workers[] = { 0, 1, 2, 8 };

static void
poke(struct actor_system *system, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_poke);

    actor_post(system, to, &msg);
}

static void
live(struct actor_system *system, bool is_manual, uint32_t seed)
{
    struct birth birth = { .random = seed };
    struct upid roots[N_ROOTS] = { 0 };

    for (size_t i = 0; i < N_ROOTS; i++) {
        birth.random += 1000;
        error_drop(actor_spawn(system, &citizen_type, NULL, &birth,
                               &roots[i]));
        birth.parent = roots[i];
    }
    for (size_t i = 0; i < N_POSTS; i++) {
        const struct upid *root = &roots[i % N_ROOTS];

        poke(system, root);
        if (i % 100 == 99) {
            actor_terminate(system, root);
            actor_wait(system, root, (int64_t) (i % 3) * MICROSECOND);
        }
        if (is_manual) {
            actor_system_advance(system, 10 * MICROSECOND);
        }
    }
}

START_TEST(nothing_is_left_of_a_system_that_ends_in_full_swing)
{
    for (uint32_t round = 0; round < N_ROUNDS; round++) {
        struct actor_system *system = n_workers[_i] == 0
                                          ? bare_manual(NULL)
                                          : bare_threaded(n_workers[_i]);

        live(system, n_workers[_i] == 0, round * 77777);
        actor_system_destroy(system);
        ck_assert_int_eq(living.actors, 0);
        ck_assert_int_eq(living.errands, 0);
        ck_assert_int_eq(living.works, 0);
    }
}
END_TEST

static Suite *
churn_suite(void)
{
    Suite *suite = suite_create("churn");
    TCase *tcase = tcase_create("full-swing");

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_loop_test(
        tcase, nothing_is_left_of_a_system_that_ends_in_full_swing, 0,
        ARRAY_SIZE(n_workers));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(churn_suite)
