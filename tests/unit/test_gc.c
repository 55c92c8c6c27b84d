/* SPDX-License-Identifier: Apache-2.0
 *
 * test_gc.c - directories go when it is their time, and not before. */
#include <config.h>

#include "agent/gc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/work.h>

#include "agent/gc_table.h"
#include "tests/lib/test.h"

static struct {
    struct actor_system *system;
    struct upid owner;
    struct gc *gc;
    struct actor *self;
    char *work_dir;
    int n_called;
    int n_destroyed;
    bool is_holding;
    struct actor_work *held;    /* the last that came while holding */
} t;

static void
do_work(struct actor_work *work)
{
    actor_work_run(work);
    actor_work_finish(work);
}

static void
submit(void *ctx UNUSED, struct actor_work *work)
{
    if (t.is_holding) {
        ck_assert_ptr_null(t.held);
        t.held = work;
    } else {
        do_work(work);
    }
}

static const struct actor_work_ops work_ops = { .submit = submit };

static struct error *
owner_init(struct actor *self, void *arg)
{
    t.self = self;
    t.gc = gc_create(self, arg);
    return NULL;
}

static void
owner_fini(struct actor *self UNUSED)
{
    gc_destroy(t.gc);
}

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct actor),
    .init = owner_init, .fini = owner_fini,
};

static void
set_up_with(double headroom)
{
    struct actor_backend backend = { .work = &work_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    struct gc_options gc = {
        .delay_ns = WEEK, .disk_headroom = headroom,
        .disk_watch_interval_ns = 100 * WEEK,
    };

    memset(&t, 0, sizeof t);
    t.work_dir = test_temp_dir();
    gc.work_dir = t.work_dir;
    if (headroom > 0) {
        gc.disk_watch_interval_ns = MINUTE;
    }
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, &gc,
                                   &t.owner));
    actor_system_run(t.system);
}

static void
set_up(void)
{
    set_up_with(0);
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    free(t.work_dir);
}

/* A directory with something in it that was changed 'age_ns' ago; its path is
 * good until there have been four more. */
static const char *
make(const char *name, int64_t age_ns)
{
    static char paths[4][500];
    static int i;
    char *path = paths[i++ % 4];
    int64_t at = actor_system_wall_now(t.system) - age_ns;
    const struct timespec times[2] = {
        { at / SECOND, at % SECOND }, { at / SECOND, at % SECOND },
    };

    snprintf(path, sizeof paths[0], "%s/%s", t.work_dir, name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    autofree char *file = xasprintf("%s/file", path);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    return path;
}

static bool
is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static double
metric(const char *name)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(t.system), name, &value));
    return value;
}

START_TEST(directory_goes_when_it_is_old_enough)
{
    set_up();
    const char *path = make("a", 2 * DAY);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);
    ck_assert_double_eq(metric("gc/path_removals_pending"), 1);
    actor_system_advance(t.system, 5 * DAY - SECOND);
    ck_assert(is_there(path));
    actor_system_advance(t.system, 2 * SECOND);

    ck_assert(!is_there(path));
    ck_assert_double_eq(metric("gc/path_removals_pending"), 0);
    ck_assert_double_eq(metric("gc/path_removals_succeeded"), 1);
    tear_down();
}
END_TEST

START_TEST(what_ended_just_now_stays_for_the_whole_delay)
{
    set_up();
    const char *path = make("a", 2 * WEEK);
    struct stat before, after;

    ck_assert_int_eq(stat(path, &before), 0);
    gc_schedule(t.gc, path, true);
    actor_system_run(t.system);

    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_int_ne(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    tear_down();
}
END_TEST

START_TEST(what_is_older_than_the_delay_goes_at_once)
{
    set_up();
    const char *path = make("a", 2 * WEEK);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);

    ck_assert(!is_there(path));
    tear_down();
}
END_TEST

START_TEST(unscheduled_directory_stays)
{
    set_up();
    const char *asked = make("a", DAY);
    const char *placed = make("b", DAY);

    gc_schedule(t.gc, placed, false);
    actor_system_run(t.system);
    gc_schedule(t.gc, asked, false);
    ck_assert(gc_unschedule(t.gc, asked));
    ck_assert(gc_unschedule(t.gc, placed));
    ck_assert(gc_unschedule(t.gc, "/never/scheduled"));
    actor_system_advance(t.system, 2 * WEEK);

    ck_assert(is_there(asked));
    ck_assert(is_there(placed));
    ck_assert_double_eq(metric("gc/path_removals_pending"), 0);
    tear_down();
}
END_TEST

START_TEST(directory_scheduled_again_waits_for_the_newer_time)
{
    set_up();
    const char *path = make("a", 6 * DAY);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, NULL, 0), 0);
    gc_schedule(t.gc, path, false);
    actor_system_advance(t.system, DAY + HOUR);

    /* Now, to the kernel, is later than the virtual clock's. */
    ck_assert(is_there(path));
    ck_assert_double_eq(metric("gc/path_removals_pending"), 1);
    tear_down();
}
END_TEST

START_TEST(directory_that_is_not_there_is_forgotten)
{
    set_up();
    autofree char *path = xasprintf("%s/none", t.work_dir);

    gc_schedule(t.gc, path, true);
    actor_system_run(t.system);

    ck_assert_double_eq(metric("gc/path_removals_pending"), 0);
    tear_down();
}
END_TEST

START_TEST(what_disappears_meanwhile_is_skipped)
{
    set_up();
    const char *path = make("a", DAY);
    autofree char *file = xasprintf("%s/file", path);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(rmdir(path), 0);
    actor_system_advance(t.system, WEEK);

    ck_assert_double_eq(metric("gc/path_removals_pending"), 0);
    ck_assert_double_eq(metric("gc/path_removals_succeeded"), 0);
    ck_assert_double_eq(metric("gc/path_removals_failed"), 0);
    tear_down();
}
END_TEST

START_TEST(link_in_place_of_a_directory_is_not_followed)
{
    set_up();
    const char *path = make("a", DAY);
    const char *other = make("other", DAY);
    autofree char *file = xasprintf("%s/file", path);
    autofree char *kept = xasprintf("%s/file", other);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(symlink(other, path), 0);
    actor_system_advance(t.system, WEEK);

    ck_assert(is_there(kept));
    ck_assert_double_eq(metric("gc/path_removals_failed"), 1);
    tear_down();
}
END_TEST

START_TEST(others_in_a_directory_are_scheduled)
{
    set_up();
    const char *old = make("S0", 8 * DAY);
    const char *ours = make("S1", 8 * DAY);
    autofree char *latest = xasprintf("%s/latest", t.work_dir);

    ck_assert_int_eq(symlink(ours, latest), 0);
    gc_schedule_others(t.gc, t.work_dir, "S1");
    gc_schedule_others(t.gc, "/no/such/directory", NULL);
    actor_system_run(t.system);

    ck_assert(!is_there(old));
    ck_assert(is_there(ours));
    ck_assert(is_there(latest));
    tear_down();
}
END_TEST

static void
on_moved(struct actor *owner, void *arg)
{
    ck_assert_ptr_eq(owner, t.self);
    ck_assert(!is_there(arg));
    t.n_called++;
}

static void
on_destroy(void *arg UNUSED)
{
    t.n_destroyed++;
}

START_TEST(who_wants_what_is_being_moved_waits_for_that)
{
    set_up();
    const char *path = make("a", WEEK + DAY);

    gc_schedule(t.gc, path, false);     /* the first trip is over */
    t.is_holding = true;
    actor_system_run(t.system);
    ck_assert_ptr_nonnull(t.held);

    ck_assert(!gc_unschedule(t.gc, path));
    gc_schedule(t.gc, path, true);
    gc_wait(t.gc, on_moved, (void *) path, on_destroy);
    t.is_holding = false;
    do_work(t.held);
    actor_system_run(t.system);
    ck_assert_int_eq(t.n_called, 1);
    ck_assert_int_eq(t.n_destroyed, 1);
    ck_assert(gc_unschedule(t.gc, path));
    ck_assert_double_eq(metric("gc/path_removals_pending"), 0);
    tear_down();
}
END_TEST

START_TEST(who_waits_when_the_owner_ends_is_not_called)
{
    set_up();

    gc_wait(t.gc, on_moved, NULL, on_destroy);
    tear_down();

    ck_assert_int_eq(t.n_called, 0);
    ck_assert_int_eq(t.n_destroyed, 1);
}
END_TEST

START_TEST(full_disk_lets_directories_go_early)
{
    /* Nothing may be old if a disk has to be empty. */
    set_up_with(1.0);
    const char *path = make("a", 0);

    gc_schedule(t.gc, path, false);
    actor_system_run(t.system);
    ck_assert(is_there(path));
    actor_system_advance(t.system, 2 * MINUTE);

    ck_assert(!is_there(path));
    ck_assert_double_eq(
        metric("slave/executor_directory_max_allowed_age_secs"), 0);
    tear_down();
}
END_TEST

START_TEST(what_an_earlier_agent_was_removing_is_removed)
{
    struct gc_options options = {
        .delay_ns = WEEK, .disk_watch_interval_ns = MINUTE,
    };

    set_up();
    ck_assert(is_there(make("gc", 0)));
    const char *left = make("gc/left", 0);
    options.work_dir = t.work_dir;
    actor_terminate(t.system, &t.owner);
    actor_system_run(t.system);
    ck_assert(is_there(left));
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, &options,
                                   &t.owner));
    actor_system_run(t.system);

    ck_assert(!is_there(left));
    tear_down();
}
END_TEST

START_TEST(allowed_age_shrinks_as_the_disk_fills_up)
{
    ck_assert_int_eq(gc_max_allowed_age(WEEK, 0.1, 0.1),
                     (int64_t) ((double) WEEK * (1.0 - 0.1 - 0.1)));
    ck_assert_int_eq(gc_max_allowed_age(WEEK, 0.0, 0.0), WEEK);
    ck_assert_int_eq(gc_max_allowed_age(WEEK, 0.1, 0.95), 0);
    ck_assert_int_eq(gc_max_allowed_age(0, 0.1, 0.5), 0);
}
END_TEST

START_TEST(timeline_is_in_order_whatever_comes_first)
{
    struct gc_table table = { .head = NULL };
    static const int times[] = { 5, 1, 9, 5, 0, 7, 3 };
    int64_t last = -1;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        autofree char *path = xasprintf("/%d", (int) i);

        gc_table_schedule(&table, gc_table_add(&table, path), times[i]);
    }
    gc_table_schedule(&table, gc_table_find(&table, "/2"), 4);
    gc_table_remove(&table, gc_table_find(&table, "/4"));
    for (struct gc_entry *it = table.timeline; it; it = it->next, n++) {
        ck_assert_int_le(last, it->removal_time);
        last = it->removal_time;
    }

    ck_assert_uint_eq(n, ARRAY_SIZE(times) - 1);
    gc_table_fini(&table);
    ck_assert_ptr_null(table.timeline);
}
END_TEST

static Suite *
gc_suite(void)
{
    Suite *suite = suite_create("gc");

    test_add(suite, "age", directory_goes_when_it_is_old_enough);
    test_add(suite, "over", what_ended_just_now_stays_for_the_whole_delay);
    test_add(suite, "old", what_is_older_than_the_delay_goes_at_once);
    test_add(suite, "unschedule", unscheduled_directory_stays);
    test_add(suite, "again",
             directory_scheduled_again_waits_for_the_newer_time);
    test_add(suite, "missing", directory_that_is_not_there_is_forgotten);
    test_add(suite, "gone", what_disappears_meanwhile_is_skipped);
    test_add(suite, "link", link_in_place_of_a_directory_is_not_followed);
    test_add(suite, "others", others_in_a_directory_are_scheduled);
    test_add(suite, "waiting",
             who_wants_what_is_being_moved_waits_for_that);
    test_add(suite, "waiting-end",
             who_waits_when_the_owner_ends_is_not_called);
    test_add(suite, "full", full_disk_lets_directories_go_early);
    test_add(suite, "left", what_an_earlier_agent_was_removing_is_removed);
    test_add(suite, "formula", allowed_age_shrinks_as_the_disk_fills_up);
    test_add(suite, "timeline", timeline_is_in_order_whatever_comes_first);
    return suite;
}

TEST_MAIN(gc_suite)
