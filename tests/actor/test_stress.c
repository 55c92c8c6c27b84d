/* SPDX-License-Identifier: Apache-2.0
 *
 * test_stress.c - many actors that do everything at once, on several threads;
 * for ThreadSanitizer and AddressSanitizer first of all. */
#include <config.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/op.h>
#include <actor/system.h>
#include <actor/work.h>

#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- the tally of a run --- */

struct tally {
    atomic_int n_alive;
    atomic_int n_ops, n_works, n_bodies;
    atomic_int budget;          /* spawns left */
    struct upid root;
};

struct hop {
    struct tally *tally;
    int n_left;
};

static void
hop_fini(void *hop)
{
    atomic_fetch_sub(&((struct hop *) hop)->tally->n_bodies, 1);
}

static const struct actor_msg_type msg_hop = {
    .name = "hop", .size = sizeof(struct hop), .fini = hop_fini,
};
static const struct actor_msg_type msg_query = { .name = "query" };
static const struct actor_msg_type msg_result = { .name = "result" };

/* --- an actor that picks at random what to do next --- */

#define N_TIMERS 3

struct bee {
    struct actor base;
    struct tally *tally;
    struct upid friend;
    struct actor_timer timers[N_TIMERS];
};

static const struct actor_type bee_type;

static unsigned
chance(struct actor *self, unsigned n)
{
    return (unsigned) (actor_random_double(self) * n);
}

static void
send_hop(struct bee *bee, const struct upid *to, int n_left)
{
    struct actor_msg *msg = actor_msg_create(&msg_hop);
    struct hop *hop = actor_msg_body(msg, &msg_hop);

    atomic_fetch_add(&bee->tally->n_bodies, 1);
    hop->tally = bee->tally;
    hop->n_left = n_left;
    actor_send(&bee->base, to, &msg);
}

static void
on_timer(struct actor *self, void *bee)
{
    ck_assert_ptr_eq(self, bee);
    send_hop(bee, &((struct bee *) bee)->friend, 0);
}

/* An operation that asks the friend, works and sleeps. */
struct errand {
    struct op base;
    struct tally *tally;
    struct upid to;
};

enum { ERRAND_ASK, ERRAND_WORK, ERRAND_SLEEP, ERRAND_END, ERRAND_FAILED };

static enum op_next
errand_ask(struct actor *self UNUSED, struct op *op)
{
    struct actor_msg *msg = actor_msg_create(&msg_query);

    return op_call(op, &((struct errand *) op)->to, &msg, &msg_result,
                   5 * MILLISECOND, ERRAND_WORK);
}

static struct error *
small_work(void *arg UNUSED)
{
    return NULL;
}

static enum op_next
errand_work(struct actor *self UNUSED, struct op *op)
{
    return op_work(op, small_work, op, ERRAND_SLEEP);
}

static enum op_next
errand_sleep(struct actor *self UNUSED, struct op *op)
{
    return op_sleep(op, 50 * MICROSECOND, ERRAND_END);
}

static enum op_next
errand_end(struct actor *self UNUSED, struct op *op UNUSED)
{
    return OP_DONE;
}

static void
errand_destroy(struct op *op)
{
    atomic_fetch_sub(&((struct errand *) op)->tally->n_ops, 1);
    free(op);
}

static const struct op_step errand_steps[] = {
    [ERRAND_ASK] = { "ask", errand_ask },
    [ERRAND_WORK] = { "work", errand_work },
    [ERRAND_SLEEP] = { "sleep", errand_sleep },
    [ERRAND_END] = { "end", errand_end },
    [ERRAND_FAILED] = { "failed", errand_end },
};

static const struct op_type errand_type = {
    .name = "errand", .steps = errand_steps,
    .n_steps = ARRAY_SIZE(errand_steps), .failure_step = ERRAND_FAILED,
    .destroy = errand_destroy,
};

static void
start_errand(struct bee *bee)
{
    struct errand *errand = xcalloc(1, sizeof *errand);

    atomic_fetch_add(&bee->tally->n_ops, 1);
    errand->tally = bee->tally;
    errand->to = bee->friend;
    op_start(&bee->base, &errand->base, &errand_type);
}

static void
work_over(void *tally)
{
    atomic_fetch_sub(&((struct tally *) tally)->n_works, 1);
}

static void
spawn_child(struct bee *bee)
{
    struct bee template = {
        .tally = bee->tally, .friend = *actor_upid(&bee->base),
    };
    struct upid child;

    if (atomic_fetch_sub(&bee->tally->budget, 1) <= 0) {
        return;
    }
    struct error *error = actor_spawn(actor_system_of(&bee->base), &bee_type,
                                      NULL, &template, &child);
    if (error) {
        error_destroy(error);   /* shutting down, or its init refused */
        return;
    }
    bee->friend = child;
}

static void
do_something(struct bee *bee, int n_left)
{
    struct actor *self = &bee->base;
    struct actor_timer *timer = &bee->timers[chance(self, N_TIMERS)];

    switch (chance(self, 10)) {
    case 0:
        spawn_child(bee);
        break;
    case 1:
        actor_link(self, &bee->friend);
        break;
    case 2:
        actor_unlink(self, &bee->friend);
        break;
    case 3:
    case 4:
        actor_timer_start(self, timer,
                          (int64_t) chance(self, 200) * MICROSECOND, on_timer,
                          bee);
        break;
    case 5:
        actor_timer_cancel(self, timer);
        break;
    case 6:
        start_errand(bee);
        break;
    case 7:
        atomic_fetch_add(&bee->tally->n_works, 1);
        actor_work(self, small_work, NULL, bee->tally, work_over);
        break;
    case 8:
        if (chance(self, 4) == 0
            && !upid_equal(&bee->friend, &bee->tally->root)) {
            actor_terminate(actor_system_of(self), &bee->friend);
        }
        break;
    default:
        bee->friend = bee->tally->root;
        break;
    }
    if (n_left > 0) {
        send_hop(bee, &bee->friend, n_left - 1);
        send_hop(bee, actor_upid(self), n_left / 2);
    }
}

static void
on_hop(struct actor *self, struct actor_msg *msg)
{
    struct hop *hop = actor_msg_body(msg, &msg_hop);

    do_something((struct bee *) self, hop->n_left);
}

static void
on_query(struct actor *self, struct actor_msg *msg)
{
    struct actor_msg *answer = actor_msg_create(&msg_result);

    if (chance(self, 4) > 0) {
        actor_reply(self, msg, &answer);
    }
    actor_msg_destroy(answer);
}

static struct error *
bee_init(struct actor *self, void *arg)
{
    struct bee *bee = (struct bee *) self;
    const struct bee *template = arg;

    bee->tally = template->tally;
    bee->friend = upid_is_empty(&template->friend) ? *actor_upid(self)
                                                   : template->friend;
    atomic_fetch_add(&bee->tally->n_alive, 1);
    actor_link(self, &bee->friend);
    send_hop(bee, actor_upid(self), 3);
    return chance(self, 50) == 0 && !upid_is_empty(&template->friend)
               ? error_create(ERROR_UNAVAILABLE, "not today") : NULL;
}

static void
bee_fini(struct actor *self)
{
    struct bee *bee = (struct bee *) self;

    send_hop(bee, &bee->friend, 0);
    atomic_fetch_sub(&bee->tally->n_alive, 1);
}

static void
bee_exited(struct actor *self, const struct upid *who)
{
    struct bee *bee = (struct bee *) self;

    /* The root may be gone as well; then there is no point in trying again. */
    if (upid_equal(who, &bee->friend)
        && !upid_equal(who, &bee->tally->root)) {
        bee->friend = bee->tally->root;
        actor_link(self, &bee->friend);
    }
}

static const struct actor_handler bee_handlers[] = {
    { &msg_hop, on_hop },
    { &msg_query, on_query },
};

static const struct actor_type bee_type = {
    .name = "bee", .size = sizeof(struct bee), .init = bee_init,
    .fini = bee_fini, .exited = bee_exited,
    .handlers = bee_handlers, .n_handlers = ARRAY_SIZE(bee_handlers),
};

/* --- outside threads that push and wait --- */

struct outsider {
    struct actor_system *system;
    struct tally *tally;
};

static void *
poke(void *outsider_)
{
    struct outsider *outsider = outsider_;
    struct actor_system *system = outsider->system;

    for (int i = 0; i < 500; i++) {
        struct bee template = { .tally = outsider->tally };
        struct actor_msg *msg = actor_msg_create(&msg_hop);
        struct hop *hop = actor_msg_body(msg, &msg_hop);
        struct upid upid;

        atomic_fetch_add(&outsider->tally->n_bodies, 1);
        hop->tally = outsider->tally;
        hop->n_left = 4;
        actor_post(system, &outsider->tally->root, &msg);
        ck_assert_ptr_null(actor_spawn(system, &bee_type, NULL, &template,
                                       &upid));
        actor_terminate(system, &upid);
        actor_wait(system, &upid, i % 2 ? DURATION_FOREVER : 0);
    }
    return NULL;
}

static void
run(unsigned n_workers)
{
    struct tally tally = { .budget = 2000 };
    struct actor_system *system = bare_threaded(n_workers);
    struct bee template = { .tally = &tally };
    struct outsider outsider = { system, &tally };
    pthread_t threads[2];

    ck_assert_ptr_null(actor_system_upid(system, "root", &tally.root));
    ck_assert_ptr_null(actor_spawn(system, &bee_type, "root", &template,
                                   NULL));
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, poke, &outsider);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    actor_system_destroy(system);

    ck_assert_int_eq(tally.n_alive, 0);
    ck_assert_int_eq(tally.n_ops, 0);
    ck_assert_int_eq(tally.n_works, 0);
    ck_assert_int_eq(tally.n_bodies, 0);
}

START_TEST(nothing_is_lost_or_left_when_all_happens_at_once)
{
    static const unsigned n_workers[] = { 1, 2, 4, 8 };

    run(n_workers[_i]);
}
END_TEST

static Suite *
stress_suite(void)
{
    Suite *suite = suite_create("stress");
    TCase *tcase = tcase_create("bees");

    tcase_set_timeout(tcase, 2 * TEST_TIMEOUT_S);
    tcase_add_loop_test(tcase,
                        nothing_is_lost_or_left_when_all_happens_at_once, 0,
                        4);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(stress_suite)
