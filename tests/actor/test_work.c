/* SPDX-License-Identifier: Apache-2.0
 *
 * test_work.c - blocking calls in the pool. */
#include <config.h>

#include <actor/work.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "tests/lib/poller.h"
#include "tests/lib/test.h"

#define N_WORKS 40

struct task {
    struct tasks *all;
    _Atomic int n_run, n_done, n_destroyed;
    bool fail;
    pthread_t thread;
};

struct tasks {
    struct task tasks[N_WORKS];
    int n;
    int n_done;                 /* the actor's turn */
    struct actor_gate *hold;    /* work waits here; NULL: it does not */
    bool leave;                 /* the actor ends at once */
    _Atomic int n_running, most_running;
};

static struct error *
work(void *task_)
{
    struct task *task = task_;
    int n = atomic_fetch_add(&task->all->n_running, 1) + 1;
    int most = atomic_load(&task->all->most_running);

    while (n > most
           && !atomic_compare_exchange_weak(&task->all->most_running, &most,
                                            n)) {
    }
    task->thread = pthread_self();
    task->n_run++;
    if (task->all->hold) {
        actor_gate_wait(task->all->hold, DURATION_FOREVER);
    }
    atomic_fetch_sub(&task->all->n_running, 1);
    return task->fail ? error_create(ERROR_IO, "made to fail") : NULL;
}

static void
done(struct actor *self, void *task_, const struct error *error)
{
    struct task *task = task_;

    ck_assert_int_eq(task->n_run, 1);
    ck_assert_int_eq(task->n_destroyed, 0);
    ck_assert_int_eq(error != NULL, task->fail);
    task->n_done++;
    if (++task->all->n_done == task->all->n) {
        actor_stop(self);
    }
}

static void
destroy(void *task)
{
    ((struct task *) task)->n_destroyed++;
}

static struct error *
init(struct actor *self, void *tasks_)
{
    struct tasks *tasks = tasks_;

    for (int i = 0; i < tasks->n; i++) {
        tasks->tasks[i].all = tasks;
        tasks->tasks[i].fail = i % 2;
        actor_work(self, work, done, &tasks->tasks[i], destroy);
    }
    if (tasks->leave) {
        actor_stop(self);
    }
    return NULL;
}

static const struct actor_type type = {
    .name = "foreman", .size = sizeof(struct actor), .init = init,
};

static void
assert_all(const struct tasks *tasks, int n_done)
{
    for (int i = 0; i < tasks->n; i++) {
        ck_assert_int_eq(tasks->tasks[i].n_run, 1);
        ck_assert_int_eq(tasks->tasks[i].n_done, n_done);
        ck_assert_int_eq(tasks->tasks[i].n_destroyed, 1);
    }
}

START_TEST(work_comes_back_to_the_turn)
{
    struct tasks tasks = { .n = N_WORKS };
    struct actor_system *system = bare_threaded(2);
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &type, NULL, &tasks, &upid));
    ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    actor_system_destroy(system);

    assert_all(&tasks, 1);
}
END_TEST

START_TEST(pool_grows_up_to_its_bound)
{
    struct tasks tasks = { .n = N_WORKS, .hold = actor_gate_create() };
    struct actor_system *system = bare_threaded(2);
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &type, NULL, &tasks, &upid));
    while (atomic_load(&tasks.n_running) < 16) {
        actor_gate_wait(tasks.hold, MILLISECOND);
    }
    actor_gate_open(tasks.hold);
    ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    actor_system_destroy(system);

    assert_all(&tasks, 1);
    ck_assert_int_eq(tasks.most_running, 16);
    actor_gate_destroy(tasks.hold);
}
END_TEST

START_TEST(work_of_a_gone_actor_is_only_destroyed)
{
    struct tasks tasks = { .n = N_WORKS, .leave = true };
    struct actor_system *system = bare_threaded(2);
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &type, NULL, &tasks, &upid));
    actor_system_destroy(system);

    assert_all(&tasks, 0);
}
END_TEST

START_TEST(work_of_a_manual_system_runs_on_the_driving_thread)
{
    struct tasks tasks = { .n = 3 };
    struct actor_system *system = bare_manual(NULL);

    ck_assert_ptr_null(actor_spawn(system, &type, NULL, &tasks, NULL));
    ck_assert_int_eq(tasks.tasks[0].n_run, 0);
    actor_system_run(system);

    assert_all(&tasks, 1);
    for (int i = 0; i < tasks.n; i++) {
        ck_assert(pthread_equal(tasks.tasks[i].thread, pthread_self()));
    }
    actor_system_destroy(system);
}
END_TEST

static struct error *
bare_work(void *n)
{
    ++*(int *) n;
    return NULL;
}

static struct error *
bare_init(struct actor *self, void *n)
{
    actor_work(self, bare_work, NULL, n, NULL);
    return NULL;
}

static const struct actor_type bare_type = {
    .name = "bare", .size = sizeof(struct actor), .init = bare_init,
};

START_TEST(nobody_has_to_hear_of_it)
{
    struct actor_system *system = bare_manual(NULL);
    int n = 0;

    ck_assert_ptr_null(actor_spawn(system, &bare_type, NULL, &n, NULL));
    actor_system_run(system);
    ck_assert_int_eq(n, 1);
    actor_system_destroy(system);
}
END_TEST

static Suite *
work_suite(void)
{
    Suite *suite = suite_create("work");

    test_add(suite, "turn", work_comes_back_to_the_turn);
    test_add(suite, "bound", pool_grows_up_to_its_bound);
    test_add(suite, "gone", work_of_a_gone_actor_is_only_destroyed);
    test_add(suite, "manual",
             work_of_a_manual_system_runs_on_the_driving_thread);
    test_add(suite, "bare", nobody_has_to_hear_of_it);
    return suite;
}

TEST_MAIN(work_suite)
