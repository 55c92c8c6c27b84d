/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_process.c - simulated processes: how they begin and end, signals,
 * children, services, standing still, and work that blocks.
 *
 * A parent starts children through the back end, as actors do.  A child ticks
 * until something ends it; what it is to do besides is its second argument. */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/system.h>
#include <actor/work.h>

#include "sim/private.h"
#include "tests/lib/test.h"

#define TICK (10 * MILLISECOND)
#define NEVER (-1000)

/* What was seen of all children. */
static struct {
    unsigned n_started, n_stopped, n_ticks;
    unsigned n_signals;
    int last_signal;
    int last_status;            /* in stop() */
    unsigned n_works, n_done, n_destroyed;
} seen;

static struct sim *sim;
static struct sim_host *host;
static struct sim_process *parent;

/* --- programs --- */

struct ticker {
    struct actor base;
    struct sim_process *process;
    struct actor_timer timer;
};

static void
on_timer(struct actor *self, void *arg UNUSED)
{
    seen.n_ticks++;
    actor_timer_start(self, &((struct ticker *) self)->timer, TICK, on_timer,
                      NULL);
}

static struct error *
work(void *disk)
{
    seen.n_works++;
    return actor_disk_access(disk, "/", 0) == 0
        ? NULL : error_create(ERROR_IO, "no disk");
}

static void
on_worked(struct actor *self UNUSED, void *arg UNUSED,
          const struct error *error)
{
    seen.n_done += !error;
}

static void
forget_work(void *arg UNUSED)
{
    seen.n_destroyed++;
}

static bool
is_to(const struct sim_process *p, const char *what)
{
    return sim_process_argv(p)[1] && !strcmp(sim_process_argv(p)[1], what);
}

static struct error *
ticker_init(struct actor *self, void *process)
{
    struct ticker *t = (struct ticker *) self;

    t->process = process;
    actor_timer_start(self, &t->timer, TICK, on_timer, NULL);
    if (is_to(process, "work")) {
        const struct actor_system *system = actor_system_of(self);

        actor_work(self, work, on_worked, (void *) actor_system_disk(system),
                   forget_work);
    }
    return NULL;
}

/* A process that is dead does nothing to others any more. */
static void
ticker_fini(struct actor *self)
{
    struct ticker *t = (struct ticker *) self;

    if (is_to(t->process, "avenge")) {
        sim_process_ops.kill(t->process, sim_process_pid(parent), -1,
                             SIGKILL, false);
        error_destroy(sim_process_ops.kill_marked(t->process, "MARK=1"));
    }
}

static const struct actor_type ticker_type = {
    .name = "ticker", .size = sizeof(struct ticker), .init = ticker_init,
    .fini = ticker_fini,
};

static struct error *
child_start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;

    seen.n_started++;
    if (is_to(p, "fail")) {
        return error_create(ERROR_INVALID, "no wish to live");
    }
    struct error *error = sim_process_open(p, &options, &system);

    if (!error) {
        error = actor_spawn(system, &ticker_type, "ticker", p, NULL);
    }
    if (is_to(p, "exit")) {
        sim_process_exit(p, W_EXITCODE(7, 0));
    }
    return error;
}

static bool
child_signalled(struct sim_process *p, int signal)
{
    seen.n_signals++;
    seen.last_signal = signal;
    if (is_to(p, "obey")) {
        sim_process_exit(p, W_EXITCODE(3, 0));
    }
    return is_to(p, "defy") || is_to(p, "obey");
}

static void
child_stop(struct sim_process *p)
{
    seen.n_stopped++;
    seen.last_status = sim_process_status(p);
}

static const struct sim_program child_program = {
    .name = "child", .start = child_start, .signalled = child_signalled,
    .stop = child_stop,
};

static struct error *
parent_start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;

    return sim_process_open(p, &options, &system);
}

static const struct sim_program parent_program = {
    .name = "parent", .start = parent_start,
};

/* --- what tests do --- */

static void
create_world(uint64_t seed)
{
    memset(&seen, 0, sizeof seen);
    sim = sim_create(&(struct sim_options) { .seed = seed });
    host = sim_add_host(sim, "host");
    sim_add_program(sim, &child_program);
    sim_add_program(sim, &parent_program);
    parent = sim_spawn(host, (char *[]) { (char *) "parent", NULL },
                       (char *[]) { (char *) "HOME=/", NULL });
    sim_run(sim, SECOND);
}

static pid_t
spawn(struct sim_process *from, const char *what, bool new_session)
{
    char *argv[] = { (char *) "/bin/child", (char *) what, NULL };
    const struct actor_child_options options = {
        .path = "/bin/child", .argv = argv, .stdio = { -1, -1, -1 },
        .new_session = new_session,
    };
    pid_t pid;
    int pidfd;

    ck_assert_ptr_null(sim_process_ops.spawn(from, &options, &pid, &pidfd));
    ck_assert_int_eq(pidfd, -1);
    return pid;
}

/* The same, and it has begun. */
static pid_t
run(const char *what)
{
    pid_t pid = spawn(parent, what, true);

    sim_run(sim, 100 * MILLISECOND);
    return pid;
}

static struct sim_process *
process(pid_t pid)
{
    return sim_host_process(host, pid);
}

static bool
lives(pid_t pid)
{
    return process(pid)->is_alive;
}

static void
send_signal(pid_t pid, int signal)
{
    ck_assert_int_eq(sim_process_ops.kill(parent, pid, -1, signal, false), 0);
}

/* Whether children tick. */
static bool
ticks(void)
{
    unsigned before = seen.n_ticks;

    sim_run(sim, 100 * MILLISECOND);
    return seen.n_ticks > before;
}

struct watch {
    struct actor_process_watch base;
    unsigned n;                 /* how often it was told */
    int status;
};

static void
on_exited(struct actor_process_watch *base, int status)
{
    struct watch *watch = (struct watch *) base;

    watch->n++;
    watch->status = status;
}

static void
watch_by(struct sim_process *who, pid_t pid, struct watch *watch)
{
    *watch = (struct watch) { .base.exited = on_exited, .status = NEVER };
    sim_process_ops.watch(who, pid, &watch->base);
}

/* --- life --- */

START_TEST(a_process_has_what_it_was_given)
{
    create_world(1);
    struct sim_process *p = process(spawn(parent, "idle", true));

    ck_assert_ptr_eq(sim_process_sim(p), sim);
    ck_assert_ptr_eq(sim_process_host(p), host);
    ck_assert_str_eq(sim_process_argv(p)[0], "/bin/child");
    ck_assert_str_eq(sim_process_argv(p)[1], "idle");
    ck_assert_ptr_null(sim_process_argv(p)[2]);
    ck_assert_str_eq(sim_process_getenv(p, "HOME"), "/");
    ck_assert_ptr_null(sim_process_getenv(p, "HOM"));
    ck_assert_ptr_null(sim_process_getenv(p, "HOME="));
    ck_assert_int_gt(sim_process_pid(p), 4194304);
    ck_assert_uint_eq(seen.n_started, 0);
    ck_assert(ticks());
    ck_assert_uint_eq(seen.n_started, 1);
    sim_destroy(sim);
    ck_assert_uint_eq(seen.n_stopped, 1);
}
END_TEST

START_TEST(the_end_is_told_once_with_the_status)
{
    struct watch watch;

    create_world(1);
    pid_t pid = spawn(parent, "exit", true);

    watch_by(parent, pid, &watch);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(watch.n, 1);
    ck_assert_int_eq(watch.status, W_EXITCODE(7, 0));
    ck_assert_int_eq(seen.last_status, W_EXITCODE(7, 0));
    ck_assert_uint_eq(seen.n_stopped, 1);
    ck_assert(!ticks());
    sim_destroy(sim);
}
END_TEST

START_TEST(who_watches_too_late_is_told_as_well)
{
    struct watch watch;

    create_world(1);
    pid_t pid = run("exit");

    sim_run(sim, MINUTE);
    watch_by(parent, pid, &watch);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(watch.n, 1);
    ck_assert_int_eq(watch.status, W_EXITCODE(7, 0));
    sim_destroy(sim);
}
END_TEST

START_TEST(who_no_longer_watches_is_not_told)
{
    struct watch before, late;

    create_world(1);
    pid_t pid = run("idle");
    pid_t other = run("idle");

    watch_by(parent, pid, &before);
    sim_process_ops.unwatch(parent, &before.base);
    watch_by(parent, other, &late);
    send_signal(pid, SIGKILL);
    send_signal(other, SIGKILL);
    while (lives(other)) {
        sim_run(sim, MICROSECOND);
    }
    sim_process_ops.unwatch(parent, &late.base);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(before.n + late.n, 0);
    sim_destroy(sim);
}
END_TEST

START_TEST(the_status_of_others_children_is_not_known)
{
    struct watch watch;

    create_world(1);
    pid_t pid = run("idle");
    struct sim_process *other =
        sim_spawn(host, (char *[]) { (char *) "parent", NULL }, NULL);
    int pidfd = 0;

    sim_run(sim, SECOND);
    ck_assert_ptr_null(sim_process_ops.open(other, pid, &pidfd));
    ck_assert_int_eq(pidfd, -1);
    watch_by(other, pid, &watch);
    send_signal(pid, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(watch.n, 1);
    ck_assert_int_eq(watch.status, -1);
    autoerror *error = sim_process_ops.open(other, pid, &pidfd);

    ck_assert_ptr_nonnull(error);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_child_outlives_its_parent)
{
    struct watch watch;

    create_world(1);
    pid_t pid = run("idle");

    watch_by(parent, pid, &watch);
    sim_process_ops.unwatch(parent, &watch.base);
    sim_process_signal(parent, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert(!parent->is_alive);
    ck_assert(ticks());
    struct sim_process *other =
        sim_spawn(host, (char *[]) { (char *) "parent", NULL }, NULL);

    sim_run(sim, SECOND);
    watch_by(other, pid, &watch);
    sim_process_signal(process(pid), SIGKILL);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(watch.n, 1);
    ck_assert_int_eq(watch.status, -1);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_start_that_fails_ends_with_status_1)
{
    struct watch watch;

    create_world(1);
    watch_by(parent, spawn(parent, "fail", true), &watch);
    sim_run(sim, SECOND);
    ck_assert_int_eq(watch.status, W_EXITCODE(1, 0));
    ck_assert_uint_eq(seen.n_stopped, 1);
    sim_destroy(sim);
}
END_TEST

START_TEST(what_cannot_be_started_is_an_error)
{
    char *argv[] = { (char *) "x", NULL };
    struct actor_child_options options = { .path = "/bin/x", .argv = argv };
    pid_t pid;
    int pidfd;

    create_world(1);
    struct error *error = sim_process_ops.spawn(parent, &options, &pid,
                                                &pidfd);

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq((int) error_code(error), ERROR_NOT_FOUND);
    error_destroy(error);
    options.path = "/bin/child";
    options.directory = "/nowhere";
    error = sim_process_ops.spawn(parent, &options, &pid, &pidfd);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "'/nowhere'"));
    error_destroy(error);
    ck_assert_ptr_null(sim_spawn(host, argv, NULL));
    ck_assert_int_eq(actor_disk_mkdir(sim_host_disk(host), "/nowhere", 0755),
                     0);
    ck_assert_ptr_null(sim_process_ops.spawn(parent, &options, &pid,
                                             &pidfd));
    sim_destroy(sim);
}
END_TEST

START_TEST(who_is_killed_before_it_began_never_begins)
{
    struct watch watch;

    create_world(1);
    pid_t pid = spawn(parent, "defy", true);

    watch_by(parent, pid, &watch);
    send_signal(pid, SIGTERM);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(seen.n_started, 0);
    ck_assert_uint_eq(seen.n_signals, 0);
    ck_assert_uint_eq(seen.n_stopped, 1);
    ck_assert_int_eq(watch.status, SIGTERM);
    sim_destroy(sim);
}
END_TEST

/* --- signals --- */

START_TEST(signals_do_what_they_do_by_default)
{
    static const struct {
        int signal;
        bool lives, ticks;
    } signals[] = {
        { SIGTERM, false, false }, { SIGKILL, false, false },
        { SIGUSR1, false, false }, { SIGHUP, false, false },
        { SIGSTOP, true, false }, { SIGTSTP, true, false },
        { SIGCONT, true, true }, { SIGCHLD, true, true },
        { SIGURG, true, true }, { SIGWINCH, true, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        create_world(1);
        pid_t pid = run("idle");

        send_signal(pid, signals[i].signal);
        sim_run(sim, SECOND);
        ck_assert_int_eq(lives(pid), signals[i].lives);
        ck_assert_int_eq(ticks(), signals[i].ticks);
        ck_assert(lives(pid) || seen.last_status == signals[i].signal);
        sim_destroy(sim);
    }
}
END_TEST

START_TEST(a_program_may_see_to_signals_itself)
{
    create_world(1);
    pid_t pid = run("defy");

    send_signal(pid, SIGTERM);
    sim_run(sim, SECOND);
    ck_assert(lives(pid));
    ck_assert_int_eq(seen.last_signal, SIGTERM);
    send_signal(pid, SIGTSTP);
    ck_assert(ticks());
    ck_assert_int_eq(seen.last_signal, SIGTSTP);
    send_signal(pid, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert(!lives(pid));
    ck_assert_uint_eq(seen.n_signals, 2);
    pid = run("obey");
    send_signal(pid, SIGTERM);
    sim_run(sim, SECOND);
    ck_assert_int_eq(seen.last_status, W_EXITCODE(3, 0));
    sim_destroy(sim);
}
END_TEST

START_TEST(a_stopped_process_gets_its_signals_when_it_goes_on)
{
    create_world(1);
    pid_t pid = run("defy");

    send_signal(pid, SIGSTOP);
    sim_run(sim, SECOND);
    send_signal(pid, SIGTERM);
    ck_assert(!ticks());
    ck_assert_uint_eq(seen.n_signals, 0);
    send_signal(pid, SIGCONT);
    ck_assert(ticks());
    ck_assert_uint_eq(seen.n_signals, 1);
    send_signal(pid, SIGSTOP);
    sim_run(sim, SECOND);
    send_signal(pid, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert(!lives(pid));
    sim_destroy(sim);
}
END_TEST

START_TEST(of_stopping_and_going_on_the_last_counts)
{
    create_world(1);
    pid_t pid = run("idle");

    send_signal(pid, SIGSTOP);
    send_signal(pid, SIGCONT);
    ck_assert(ticks());
    send_signal(pid, SIGCONT);
    send_signal(pid, SIGSTOP);
    sim_run(sim, SECOND);
    ck_assert(!ticks());
    send_signal(pid, SIGCONT);
    ck_assert(ticks());
    sim_destroy(sim);
}
END_TEST

START_TEST(a_signal_needs_somebody_to_get_it)
{
    create_world(1);
    pid_t pid = run("idle");

    ck_assert_int_eq(sim_process_ops.kill(parent, 1, -1, SIGTERM, false),
                     -ESRCH);
    send_signal(pid, 0);
    ck_assert(ticks());
    ck_assert_int_eq(sim_process_ops.kill(parent, pid, -1, 64, false),
                     -EINVAL);
    ck_assert_int_eq(sim_process_ops.kill(parent, pid, -1, -1, false),
                     -EINVAL);
    send_signal(pid, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert_int_eq(sim_process_ops.kill(parent, pid, -1, 0, false),
                     -ESRCH);
    sim_process_signal(process(pid), SIGKILL);
    sim_process_pause(process(pid), SECOND);
    sim_run(sim, MINUTE);
    ck_assert_uint_eq(seen.n_stopped, 1);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_dead_process_does_nothing_to_others)
{
    create_world(1);
    pid_t avenger = run("avenge");
    char *argv[] = { (char *) "child", NULL };
    struct sim_process *marked =
        sim_spawn(host, argv, (char *[]) { (char *) "MARK=1", NULL });

    sim_run(sim, SECOND);
    send_signal(avenger, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert(!lives(avenger));
    ck_assert(parent->is_alive);
    ck_assert(marked->is_alive);
    sim_destroy(sim);
}
END_TEST

/* --- groups and trees --- */

START_TEST(a_group_is_killed_together)
{
    create_world(1);
    pid_t leader = run("idle");
    pid_t member = spawn(process(leader), "idle", false);
    pid_t other = spawn(process(leader), "idle", true);

    sim_run(sim, SECOND);
    ck_assert_int_eq(sim_process_ops.kill(parent, leader, -1, SIGKILL, true),
                     0);
    sim_run(sim, SECOND);
    ck_assert(!lives(leader));
    ck_assert(!lives(member));
    ck_assert(lives(other));
    ck_assert_int_eq(sim_process_ops.kill(parent, leader, -1, SIGKILL, true),
                     -ESRCH);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_tree_is_killed_with_the_groups_of_its_root)
{
    create_world(1);
    pid_t root = run("idle");
    pid_t branch = spawn(process(root), "idle", true);
    pid_t leaf = spawn(process(branch), "idle", true);
    pid_t middle = spawn(process(root), "idle", false);
    pid_t orphan = spawn(process(middle), "idle", false);
    pid_t other = spawn(parent, "idle", true);

    sim_run(sim, SECOND);
    send_signal(middle, SIGKILL);
    sim_run(sim, SECOND);

    /* Not by somebody whose child it is not. */
    ck_assert_ptr_null(sim_process_ops.kill_tree(process(other), root,
                                                 SIGKILL));
    ck_assert(lives(root));
    ck_assert_ptr_null(sim_process_ops.kill_tree(parent, root, SIGKILL));
    ck_assert(!lives(root));
    ck_assert(!lives(branch));
    ck_assert(!lives(leaf));
    ck_assert(!lives(orphan));
    ck_assert(lives(other));
    ck_assert(parent->is_alive);
    ck_assert_ptr_null(sim_process_ops.kill_tree(parent, root, SIGKILL));
    sim_destroy(sim);
}
END_TEST

START_TEST(who_is_marked_is_killed_wherever_it_went)
{
    char *argv[] = { (char *) "child", NULL };

    create_world(1);
    struct sim_process *marked =
        sim_spawn(host, argv, (char *[]) { (char *) "MARK=1", NULL });
    struct sim_process *other =
        sim_spawn(host, argv, (char *[]) { (char *) "MARK=12", NULL });
    struct sim_process *below =
        sim_spawn(host, argv, (char *[]) { (char *) "MARK=1/2", NULL });

    sim_run(sim, SECOND);
    pid_t child = spawn(marked, "idle", true);

    sim_run(sim, SECOND);
    ck_assert_ptr_null(sim_process_ops.kill_marked(parent, "MARK=1"));
    ck_assert(!marked->is_alive);
    ck_assert(!below->is_alive);
    ck_assert(!lives(child));
    ck_assert(other->is_alive);
    ck_assert_int_eq(seen.last_status, SIGKILL);
    sim_destroy(sim);
}
END_TEST

/* --- services --- */

START_TEST(a_service_is_started_again_a_second_after_it_ended)
{
    create_world(1);
    sim_add_service(host, "daemon", (char *[]) { (char *) "child", NULL });
    ck_assert_ptr_nonnull(sim_service(host, "daemon"));
    ck_assert_ptr_null(sim_service(host, "demon"));
    ck_assert(ticks());
    pid_t first = sim_process_pid(sim_service(host, "daemon"));

    sim_process_signal(sim_service(host, "daemon"), SIGKILL);
    sim_run(sim, 900 * MILLISECOND);
    ck_assert_ptr_null(sim_service(host, "daemon"));
    sim_run(sim, 200 * MILLISECOND);
    ck_assert_ptr_nonnull(sim_service(host, "daemon"));
    ck_assert_int_ne(sim_process_pid(sim_service(host, "daemon")), first);
    ck_assert(ticks());
    sim_destroy(sim);
}
END_TEST

START_TEST(a_service_stays_dead_as_long_as_one_likes)
{
    create_world(1);
    sim_add_service(host, "daemon", (char *[]) { (char *) "child", NULL });
    sim_run(sim, SECOND);
    sim_service_kill(host, "daemon", MINUTE);
    ck_assert_ptr_null(sim_service(host, "daemon"));
    sim_run(sim, 59 * SECOND);
    ck_assert(!ticks());
    sim_service_kill(host, "daemon", SECOND);
    sim_run(sim, 1100 * MILLISECOND);
    ck_assert(ticks());
    ck_assert_uint_eq(seen.n_started, 2);
    sim_service_kill(host, "nothing", SECOND);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_host_that_boots_starts_its_services_and_nothing_else)
{
    create_world(1);
    sim_add_service(host, "one", (char *[]) { (char *) "child", NULL });
    sim_add_service(host, "two", (char *[]) { (char *) "child", NULL });
    run("idle");
    ck_assert_uint_eq(seen.n_started, 3);
    sim_service_kill(host, "two", 2 * SECOND);
    sim_host_crash(host, 10 * SECOND);
    ck_assert(!sim_host_is_up(host));
    ck_assert_ptr_null(sim_service(host, "one"));
    sim_service_kill(host, "one", SECOND);
    sim_run(sim, 9 * SECOND);
    ck_assert(!ticks());
    ck_assert_uint_eq(seen.n_stopped, 3);
    sim_run(sim, 5 * SECOND);
    ck_assert(sim_host_is_up(host));
    ck_assert_uint_eq(seen.n_started, 5);
    ck_assert_ptr_nonnull(sim_service(host, "two"));
    sim_destroy(sim);
}
END_TEST

START_TEST(a_crash_tells_no_watcher_anything)
{
    struct watch watch;

    create_world(1);
    pid_t pid = run("idle");

    watch_by(parent, pid, &watch);
    send_signal(pid, SIGKILL);
    while (lives(pid)) {
        sim_run(sim, MICROSECOND);
    }
    sim_host_crash(host, SECOND);
    sim_run(sim, MINUTE);
    ck_assert_uint_eq(watch.n, 0);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_second_crash_keeps_the_host_down_longer)
{
    create_world(1);
    sim_add_service(host, "one", (char *[]) { (char *) "child", NULL });
    sim_host_crash(host, 2 * SECOND);
    sim_run(sim, SECOND);
    sim_host_crash(host, 10 * SECOND);
    sim_run(sim, 9 * SECOND);
    ck_assert(!sim_host_is_up(host));
    sim_run(sim, 2 * SECOND);
    ck_assert(sim_host_is_up(host));
    ck_assert_uint_eq(seen.n_started, 1);
    sim_destroy(sim);
}
END_TEST

/* --- standing still --- */

START_TEST(a_paused_process_does_nothing_until_it_goes_on)
{
    create_world(1);
    pid_t pid = run("defy");

    sim_process_pause(process(pid), 10 * SECOND);
    send_signal(pid, SIGTERM);
    sim_run(sim, 9 * SECOND);
    ck_assert(!ticks());
    ck_assert_uint_eq(seen.n_signals, 0);
    sim_run(sim, SECOND);
    ck_assert_uint_eq(seen.n_signals, 1);
    ck_assert(ticks());
    sim_process_pause(process(pid), HOUR);
    sim_run(sim, SECOND);
    sim_process_pause(process(pid), 0);
    ck_assert(ticks());
    sim_process_pause(process(pid), HOUR);
    send_signal(pid, SIGKILL);
    sim_run(sim, SECOND);
    ck_assert(!lives(pid));
    sim_run(sim, 2 * HOUR);
    sim_destroy(sim);
}
END_TEST

START_TEST(a_paused_process_begins_later)
{
    create_world(1);
    pid_t pid = spawn(parent, "idle", true);

    sim_process_pause(process(pid), 10 * SECOND);
    sim_run(sim, 9 * SECOND);
    ck_assert_uint_eq(seen.n_started, 0);
    sim_run(sim, 2 * SECOND);
    ck_assert_uint_eq(seen.n_started, 1);
    ck_assert(ticks());
    sim_destroy(sim);
}
END_TEST

START_TEST(a_pause_does_not_wake_who_was_stopped)
{
    create_world(1);
    pid_t pid = run("idle");

    send_signal(pid, SIGSTOP);
    sim_run(sim, SECOND);
    sim_process_pause(process(pid), SECOND);
    sim_run(sim, 5 * SECOND);
    ck_assert(!ticks());
    send_signal(pid, SIGCONT);
    ck_assert(ticks());
    sim_process_pause(process(pid), SECOND);
    send_signal(pid, SIGSTOP);
    sim_run(sim, MINUTE);
    ck_assert(!ticks());
    sim_destroy(sim);
}
END_TEST

/* --- work --- */

START_TEST(work_is_done_and_told)
{
    create_world(1);
    run("work");
    ck_assert_uint_eq(seen.n_works, 1);
    ck_assert_uint_eq(seen.n_done, 1);
    ck_assert_uint_eq(seen.n_destroyed, 1);
    sim_destroy(sim);
}
END_TEST

/* How long work took in 100 worlds. */
static int64_t
time_work(bool is_slow)
{
    const struct sim_fault slow = {
        .kind = SIM_FAULT_SLOW_DISK, .for_ns = HOUR,
    };
    int64_t total = 0;

    for (uint64_t seed = 0; seed < 100; seed++) {
        create_world(seed);
        if (is_slow) {
            sim_fault_apply(&slow, sim);
        }
        spawn(parent, "work", true);
        while (seen.n_started == 0) {
            sim_run(sim, MICROSECOND);
        }
        int64_t before = sim_now(sim);

        while (seen.n_done == 0) {
            sim_run(sim, MICROSECOND);
        }
        total += sim_now(sim) - before;
        sim_destroy(sim);
    }
    return total;
}

START_TEST(work_takes_longer_on_a_slow_disk)
{
    ck_assert_int_gt(time_work(true), 4 * time_work(false));
}
END_TEST

START_TEST(work_waits_while_the_process_stands_still)
{
    create_world(1);
    pid_t pid = spawn(parent, "work", true);

    while (seen.n_started == 0) {
        sim_run(sim, MICROSECOND);
    }
    sim_process_pause(process(pid), 10 * SECOND);
    sim_run(sim, 9 * SECOND);
    ck_assert_uint_eq(seen.n_done, 0);
    sim_run(sim, 2 * SECOND);
    ck_assert_uint_eq(seen.n_done, 1);
    sim_destroy(sim);
}
END_TEST

/* At whatever point it dies. */
START_TEST(work_of_a_dead_process_is_dropped)
{
    unsigned n_dropped = 0;

    for (int64_t us = 0; us < 300; us++) {
        create_world((uint64_t) us);
        pid_t pid = spawn(parent, "work", true);

        while (seen.n_started == 0) {
            sim_run(sim, MICROSECOND);
        }
        sim_run(sim, us * MICROSECOND);
        error_destroy(sim_process_ops.kill_tree(parent, pid, SIGKILL));
        sim_run(sim, SECOND);
        ck_assert_uint_eq(seen.n_destroyed, 1);
        n_dropped += seen.n_works > seen.n_done;
        sim_destroy(sim);
    }
    ck_assert_uint_gt(n_dropped, 0);
}
END_TEST

START_TEST(work_is_dropped_with_the_world)
{
    create_world(1);
    spawn(parent, "work", true);
    while (seen.n_started == 0) {
        sim_run(sim, MICROSECOND);
    }
    sim_destroy(sim);
    ck_assert_uint_eq(seen.n_destroyed, 1);
    ck_assert_uint_eq(seen.n_done, 0);
}
END_TEST

static Suite *
sim_process_suite(void)
{
    Suite *suite = suite_create("sim_process");

    test_add(suite, "given", a_process_has_what_it_was_given);
    test_add(suite, "told", the_end_is_told_once_with_the_status);
    test_add(suite, "late", who_watches_too_late_is_told_as_well);
    test_add(suite, "unwatch", who_no_longer_watches_is_not_told);
    test_add(suite, "unknown", the_status_of_others_children_is_not_known);
    test_add(suite, "orphan", a_child_outlives_its_parent);
    test_add(suite, "failing", a_start_that_fails_ends_with_status_1);
    test_add(suite, "errors", what_cannot_be_started_is_an_error);
    test_add(suite, "unborn", who_is_killed_before_it_began_never_begins);
    test_add(suite, "signals", signals_do_what_they_do_by_default);
    test_add(suite, "handled", a_program_may_see_to_signals_itself);
    test_add(suite, "pending",
             a_stopped_process_gets_its_signals_when_it_goes_on);
    test_add(suite, "last", of_stopping_and_going_on_the_last_counts);
    test_add(suite, "nobody", a_signal_needs_somebody_to_get_it);
    test_add(suite, "dead", a_dead_process_does_nothing_to_others);
    test_add(suite, "group", a_group_is_killed_together);
    test_add(suite, "tree", a_tree_is_killed_with_the_groups_of_its_root);
    test_add(suite, "marked", who_is_marked_is_killed_wherever_it_went);
    test_add(suite, "service",
             a_service_is_started_again_a_second_after_it_ended);
    test_add(suite, "service-kill",
             a_service_stays_dead_as_long_as_one_likes);
    test_add(suite, "boot",
             a_host_that_boots_starts_its_services_and_nothing_else);
    test_add(suite, "crash", a_crash_tells_no_watcher_anything);
    test_add(suite, "crashes", a_second_crash_keeps_the_host_down_longer);
    test_add(suite, "pause", a_paused_process_does_nothing_until_it_goes_on);
    test_add(suite, "pause-start", a_paused_process_begins_later);
    test_add(suite, "pause-stop", a_pause_does_not_wake_who_was_stopped);
    test_add(suite, "work", work_is_done_and_told);
    test_add(suite, "work-slow", work_takes_longer_on_a_slow_disk);
    test_add(suite, "work-pause",
             work_waits_while_the_process_stands_still);
    test_add(suite, "work-dead", work_of_a_dead_process_is_dropped);
    test_add(suite, "work-world", work_is_dropped_with_the_world);
    return suite;
}

TEST_MAIN(sim_process_suite)
