/* SPDX-License-Identifier: Apache-2.0
 *
 * test_system.c - systems: driving them, ending them, workers and jobs, gates
 * and mutexes. */
#include <config.h>

#include <actor/system.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/actor.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/metrics.h>

#include "core/slot.h"
#include "core/transport.h"
#include "core/worker.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- an actor that says when it ends --- */

struct mortal {
    struct actor base;
    char *text;                 /* 64 bytes; borrowed */
};

static struct error *
mortal_init(struct actor *self, void *text)
{
    ((struct mortal *) self)->text = text;
    return NULL;
}

static void
mortal_fini(struct actor *self)
{
    char *text = ((struct mortal *) self)->text;
    size_t len = strlen(text);

    snprintf(text + len, 64 - len, "%s ", actor_upid(self)->id);
}

static const struct actor_msg_type msg_die = { .name = "die" };

static void
on_die(struct actor *self, struct actor_msg *msg UNUSED)
{
    actor_stop(self);
}

static const struct actor_handler mortal_handlers[] = {
    { &msg_die, on_die },
};

static const struct actor_type mortal_type = {
    .name = "mortal", .size = sizeof(struct mortal), .init = mortal_init,
    .fini = mortal_fini, .handlers = mortal_handlers, .n_handlers = 1,
};

static struct upid
spawn(struct actor_system *system, const char *id, char *text)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &mortal_type, id, text, &upid));
    return upid;
}

START_TEST(destroy_ends_actors_newest_first)
{
    struct actor_system *system = _i ? bare_threaded(2) : bare_manual(NULL);
    char text[64] = "";

    spawn(system, "c", text);
    spawn(system, "a", text);
    spawn(system, "b", text);
    actor_system_destroy(system);

    ck_assert_str_eq(text, "b a c ");
}
END_TEST

START_TEST(destroying_nothing_is_fine)
{
    actor_system_destroy(NULL);
}
END_TEST

/* Tries to spawn when it ends. */
static enum error_code code_of_late_spawn;

static void
heir_fini(struct actor *self)
{
    struct error *error = actor_spawn(actor_system_of(self), &mortal_type,
                                      NULL, NULL, NULL);

    ck_assert_ptr_nonnull(error);
    code_of_late_spawn = error_code(error);
    error_destroy(error);
}

static const struct actor_type heir_type = {
    .name = "heir", .size = sizeof(struct actor), .fini = heir_fini,
};

START_TEST(nobody_is_spawned_while_the_system_shuts_down)
{
    struct actor_system *system = bare_threaded(2);

    ck_assert_ptr_null(actor_spawn(system, &heir_type, NULL, NULL, NULL));
    actor_system_destroy(system);

    ck_assert_int_eq(code_of_late_spawn, ERROR_UNAVAILABLE);
}
END_TEST

START_TEST(too_many_workers_are_refused)
{
    struct actor_system_options options = { .n_workers = 1025 };
    struct actor_system *system = NULL;

    struct error *error = system_create(&options, &poller_test, &system);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(system);
    error_destroy(error);
}
END_TEST

START_TEST(number_of_workers_is_the_given_one_or_that_of_processors)
{
    struct actor_system *three = bare_threaded(3), *some = bare_threaded(0);

    ck_assert_uint_eq(system_n_workers(three), 3);
    ck_assert_uint_ge(system_n_workers(some), 1);
    actor_system_destroy(three);
    actor_system_destroy(some);
}
END_TEST

/* --- driving --- */

START_TEST(run_counts_turns)
{
    struct actor_system *system = bare_manual(NULL);
    char text[64] = "";
    struct upid upid = spawn(system, "a", text);

    ck_assert_uint_eq(actor_system_run(system), 0);
    actor_terminate(system, &upid);
    ck_assert_uint_eq(actor_system_run(system), 1);
    ck_assert_uint_eq(actor_system_run(system), 0);
    actor_system_destroy(system);
}
END_TEST

static int64_t
fixed_now(void *ctx)
{
    return *(int64_t *) ctx;
}

static void
fixed_fill(void *ctx, void *buffer, size_t size)
{
    (void) ctx;
    memset(buffer, 0x55, size);
}

START_TEST(back_ends_give_time_and_chance)
{
    int64_t now = 123;
    struct actor_clock_ops clock = { fixed_now, fixed_now };
    struct actor_random_ops random = { fixed_fill };
    struct actor_backend backend = {
        .clock = &clock, .clock_ctx = &now, .random = &random,
    };
    struct actor_system *system = bare_manual(&backend);
    uint32_t number = 0;

    ck_assert_int_eq(actor_system_now(system), 123);
    now = 456;
    ck_assert_int_eq(actor_system_wall_now(system), 456);
    system_backend(system)->random->fill(NULL, &number, sizeof number);
    ck_assert_uint_eq(number, 0x55555555);
    ck_assert_ptr_nonnull(system_backend(system)->process);
    actor_system_destroy(system);
}
END_TEST

START_TEST(virtual_clock_starts_at_a_fixed_time)
{
    struct actor_system *system = bare_manual(NULL);

    ck_assert_int_eq(actor_system_now(system), HOUR);
    ck_assert_int_eq(actor_system_wall_now(system) / SECOND, 1577836800);
    actor_system_destroy(system);
}
END_TEST

START_TEST(real_clock_goes_on)
{
    struct actor_system *system = bare_threaded(1);
    int64_t before = actor_system_now(system);
    int64_t wall = actor_system_wall_now(system) / SECOND;

    ck_assert_int_ge(actor_system_now(system), before);
    ck_assert_int_le(llabs(wall - (int64_t) time(NULL)), 5);
    actor_system_destroy(system);
}
END_TEST

/* --- parts --- */

static void
list_actor(void *text_, const struct actor_view *view)
{
    char *text = text_;
    size_t len = strlen(text);

    snprintf(text + len, 64 - len, "%s/%s/%zu/%zu ", view->upid.id,
             view->type, view->n_waiting, view->depth_max);
}

static void
post_nothing(struct actor_system *system, const struct upid *to, int n)
{
    static const struct actor_msg_type msg_nothing = { .name = "nothing" };

    for (int i = 0; i < n; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_nothing);

        actor_post(system, to, &msg);
    }
}

START_TEST(actors_are_listed_with_what_waits_and_what_ever_waited)
{
    struct actor_system *system = bare_manual(NULL);
    char text[64] = "", listed[64] = "";
    struct upid b = spawn(system, "b", text);

    spawn(system, "a", text);
    post_nothing(system, &b, 3);
    system_for_each_actor(system, 0, list_actor, listed);
    ck_assert_str_eq(listed, "b/mortal/3/3 a/mortal/0/0 ");
    actor_system_run(system);
    post_nothing(system, &b, 2);
    listed[0] = '\0';
    system_for_each_actor(system, 0, list_actor, listed);
    ck_assert_str_eq(listed, "b/mortal/2/3 a/mortal/0/0 ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(the_deepest_mailbox_is_a_metric)
{
    struct actor_system *system = bare_manual(NULL);
    char text[64] = "";
    struct upid a = spawn(system, "a", text), b = spawn(system, "b", text);
    double depth = -1;

    ck_assert(metrics_get(actor_system_metrics(system),
                          "actor/mailbox/depth_max", &depth));
    ck_assert_double_eq(depth, 0);
    post_nothing(system, &a, 200);
    post_nothing(system, &b, 100);
    actor_system_run(system);
    post_nothing(system, &b, 150);
    actor_system_run(system);

    metrics_get(actor_system_metrics(system), "actor/mailbox/depth_max",
                &depth);
    ck_assert_double_eq(depth, 200);
    actor_system_destroy(system);
}
END_TEST

/* Sends itself as much as it is told to, while more waits already. */
struct greedy {
    struct actor base;
};

static const struct actor_msg_type msg_more = {
    .name = "more", .size = sizeof(int),
};

static void
on_more(struct actor *self, struct actor_msg *msg)
{
    int n = *(int *) actor_msg_body(msg, &msg_more);

    post_nothing(actor_system_of(self), actor_upid(self), n);
}

static const struct actor_handler greedy_handlers[] = {
    { &msg_more, on_more },
};

static const struct actor_type greedy_type = {
    .name = "greedy", .size = sizeof(struct greedy),
    .handlers = greedy_handlers, .n_handlers = ARRAY_SIZE(greedy_handlers),
};

START_TEST(what_comes_during_a_batch_counts_with_what_was_there)
{
    struct actor_system *system = bare_manual(NULL);
    struct upid greedy;
    char listed[64] = "";
    struct actor_msg *msg = actor_msg_create(&msg_more);

    ck_assert_ptr_null(actor_spawn(system, &greedy_type, "g", NULL, &greedy));
    *(int *) actor_msg_body(msg, &msg_more) = 500;
    actor_post(system, &greedy, &msg);
    post_nothing(system, &greedy, 199);
    actor_system_run(system);

    /* After the first batch of 64 there are 136 of the old ones. */
    system_for_each_actor(system, 0, list_actor, listed);
    ck_assert_str_eq(listed, "g/greedy/0/636 ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(messages_are_found_by_name)
{
    static const struct actor_msg_type a = { .name = "Apple" };
    static const struct actor_msg_type b = { .name = "Banana" };
    static const struct actor_msg_type c = { .name = "App" };
    const struct actor_msg_type *types[] = { &b, &a, &c };
    struct actor_system_options options = {
        .manual = true, .messages = types, .n_messages = 3,
        .delegate = "master",
    };
    struct actor_system *system = NULL;

    ck_assert_ptr_null(system_create(&options, &poller_test, &system));
    ck_assert_ptr_eq(system_find_message(system, "Apple", 5), &a);
    ck_assert_ptr_eq(system_find_message(system, "App", 3), &c);
    ck_assert_ptr_eq(system_find_message(system, "Bananas", 6), &b);
    ck_assert_ptr_null(system_find_message(system, "Banan", 5));
    ck_assert_ptr_null(system_find_message(system, "", 0));
    ck_assert_ptr_null(system_find_message(system, "Zebra", 5));
    ck_assert_str_eq(system_delegate(system), "master");
    actor_system_destroy(system);
}
END_TEST

START_TEST(upid_of_a_local_actor_is_made_by_id)
{
    struct actor_system *system = bare_manual(NULL);
    char text[64] = "";
    struct upid a = spawn(system, "a", text), upid;

    ck_assert_ptr_null(actor_system_upid(system, "a", &upid));
    ck_assert(upid_equal(&upid, &a));
    ck_assert_uint_eq(upid.hint_generation, a.hint_generation);
    ck_assert_ptr_null(actor_system_upid(system, "later", &upid));
    ck_assert_uint_eq(upid.hint_generation, 0);
    struct error *error = actor_system_upid(system, "not an id", &upid);
    ck_assert_ptr_nonnull(error);
    error_destroy(error);
    actor_system_destroy(system);
}
END_TEST

START_TEST(idle_actor_is_small)
{
    /* 320 bytes with the allocator's share and the table's. */
    ck_assert_uint_le(sizeof(struct actor_slot), 192);
    ck_assert_uint_le(sizeof(struct actor), 72);
}
END_TEST

/* --- jobs --- */

struct numbered_job {
    struct worker_job job;
    struct job_log *log;
    int n;
};

struct job_log {
    struct worker *worker;
    int n_run;
    bool in_order;
    struct actor_gate *gate;
    int n_expected;
};

static void
run_numbered(struct worker_job *job_)
{
    struct numbered_job *job = (struct numbered_job *) job_;

    job->log->in_order &= job->n == job->log->n_run
                          && worker_current() == job->log->worker;
    if (++job->log->n_run == job->log->n_expected) {
        actor_gate_open(job->log->gate);
    }
}

START_TEST(jobs_run_in_order_on_their_worker)
{
    enum { N = 1000 };
    static struct numbered_job jobs[N];
    struct actor_system *system = bare_threaded(3);
    struct job_log log = {
        .worker = system_worker(system, 2), .in_order = true,
        .gate = actor_gate_create(), .n_expected = N,
    };

    ck_assert_ptr_null(worker_current());
    ck_assert_ptr_eq(worker_system(log.worker), system);
    for (int i = 0; i < N; i++) {
        jobs[i] = (struct numbered_job) { { NULL, run_numbered }, &log, i };
        worker_post(log.worker, &jobs[i].job);
    }
    ck_assert(actor_gate_wait(log.gate, DURATION_FOREVER));
    actor_system_destroy(system);

    ck_assert(log.in_order);
    actor_gate_destroy(log.gate);
}
END_TEST

/* --- long turns --- */

static struct actor_gate *reached;

static void
on_reach(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
    actor_gate_open(reached);
}

static const struct actor_handler reacher_handlers[] = {
    { &msg_die, on_reach },
};
static const struct actor_type reacher_type = {
    .name = "reacher", .size = sizeof(struct actor),
    .handlers = reacher_handlers, .n_handlers = 1,
};

struct hog {
    struct actor base;
    struct upid other;
};

static struct error *
hog_init(struct actor *self, void *other)
{
    ((struct hog *) self)->other = *(struct upid *) other;
    return NULL;
}

/* Sends, and does not give the worker back until the other has received. */
static void
on_hog(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct actor_msg *wake = actor_msg_create(&msg_die);

    actor_send(self, &((struct hog *) self)->other, &wake);
    ck_assert(actor_gate_wait(reached, DURATION_FOREVER));
}

static const struct actor_handler hog_handlers[] = {
    { &msg_die, on_hog },
};
static const struct actor_type hog_type = {
    .name = "hog", .size = sizeof(struct hog), .init = hog_init,
    .handlers = hog_handlers, .n_handlers = 1,
};

START_TEST(long_turn_does_not_hold_up_others)
{
    for (int i = 0; i < 20; i++) {
        struct actor_system *system = bare_threaded(2);
        struct upid other, hog;

        reached = actor_gate_create();
        ck_assert_ptr_null(actor_spawn(system, &reacher_type, NULL, NULL,
                                       &other));
        ck_assert_ptr_null(actor_spawn(system, &hog_type, NULL, &other,
                                       &hog));
        struct actor_msg *msg = actor_msg_create(&msg_die);
        actor_post(system, &hog, &msg);
        ck_assert(actor_gate_wait(reached, DURATION_FOREVER));
        actor_system_destroy(system);
        actor_gate_destroy(reached);
    }
}
END_TEST

/* --- gates and mutexes --- */

static void *
open_gate(void *gate)
{
    actor_gate_open(gate);
    return NULL;
}

START_TEST(gate_opens_once_and_for_all)
{
    struct actor_gate *gate = actor_gate_create();
    pthread_t thread;

    ck_assert(!actor_gate_is_open(gate));
    ck_assert(!actor_gate_wait(gate, 0));
    ck_assert(!actor_gate_wait(gate, MILLISECOND));
    pthread_create(&thread, NULL, open_gate, gate);
    ck_assert(actor_gate_wait(gate, DURATION_FOREVER));
    ck_assert(actor_gate_is_open(gate));
    ck_assert(actor_gate_wait(gate, 0));
    pthread_join(thread, NULL);
    actor_gate_open(gate);
    actor_gate_destroy(gate);
    actor_gate_destroy(NULL);
}
END_TEST

struct guarded {
    struct actor_mutex *mutex;
    int n;
};

static void *
count_up(void *guarded_)
{
    struct guarded *guarded = guarded_;

    for (int i = 0; i < 10000; i++) {
        actor_mutex_lock(guarded->mutex);
        actor_mutex_lock(guarded->mutex);       /* recursive */
        guarded->n++;
        actor_mutex_unlock(guarded->mutex);
        actor_mutex_unlock(guarded->mutex);
    }
    return NULL;
}

START_TEST(mutex_excludes_and_is_recursive)
{
    struct guarded guarded = { actor_mutex_create(), 0 };
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, count_up, &guarded);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(guarded.n, 30000);
    actor_mutex_destroy(guarded.mutex);
    actor_mutex_destroy(NULL);
}
END_TEST

static Suite *
system_suite(void)
{
    Suite *suite = suite_create("system");
    TCase *tcase = tcase_create("newest-first");

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_loop_test(tcase, destroy_ends_actors_newest_first, 0, 2);
    suite_add_tcase(suite, tcase);
    test_add(suite, "nothing", destroying_nothing_is_fine);
    test_add(suite, "late", nobody_is_spawned_while_the_system_shuts_down);
    test_add(suite, "too-many", too_many_workers_are_refused);
    test_add(suite, "workers",
             number_of_workers_is_the_given_one_or_that_of_processors);
    test_add(suite, "turns", run_counts_turns);
    test_add(suite, "backend", back_ends_give_time_and_chance);
    test_add(suite, "virtual", virtual_clock_starts_at_a_fixed_time);
    test_add(suite, "real", real_clock_goes_on);
    test_add(suite, "list",
             actors_are_listed_with_what_waits_and_what_ever_waited);
    test_add(suite, "depth", the_deepest_mailbox_is_a_metric);
    test_add(suite, "greedy",
             what_comes_during_a_batch_counts_with_what_was_there);
    test_add(suite, "messages", messages_are_found_by_name);
    test_add(suite, "upid", upid_of_a_local_actor_is_made_by_id);
    test_add(suite, "small", idle_actor_is_small);
    test_add(suite, "jobs", jobs_run_in_order_on_their_worker);
    test_add(suite, "long-turn", long_turn_does_not_hold_up_others);
    test_add(suite, "gate", gate_opens_once_and_for_all);
    test_add(suite, "mutex", mutex_excludes_and_is_recursive);
    return suite;
}

TEST_MAIN(system_suite)
