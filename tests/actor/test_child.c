/* SPDX-License-Identifier: Apache-2.0
 *
 * test_child.c - child processes, real ones and fakes. */
#include <config.h>

#include <actor/child.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/descriptors.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "tests/lib/fake_process.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* An actor that starts a child in its init and ends with it. */
struct parent {
    struct actor base;
    struct plan *plan;
    struct actor_child *child;
};

struct plan {
    struct actor_child_options options;
    pid_t watch;                /* instead of starting one; 0: no */
    int kill_signal;            /* sent at once; 0: none */
    bool kill_group;
    bool stop_at_once;
    bool abandon;

    pid_t pid;
    int status;
    int n_exits;
};

static void
on_exit_(struct actor *self, void *arg, pid_t pid, int status)
{
    struct plan *plan = arg;

    ck_assert_int_eq(actor_child_pid(((struct parent *) self)->child), pid);
    plan->pid = pid;
    plan->status = status;
    plan->n_exits++;

    /* A process that has ended is fine. */
    actor_child_kill(((struct parent *) self)->child, SIGTERM, false);
    actor_stop(self);
}

static struct error *
parent_init(struct actor *self, void *arg)
{
    struct parent *parent = (struct parent *) self;
    struct plan *plan = arg;
    struct error *error;

    parent->plan = plan;
    error = plan->watch ? actor_child_watch(self, plan->watch, on_exit_, plan,
                                            &parent->child)
                        : actor_child_spawn(self, &plan->options, on_exit_,
                                            plan, &parent->child);
    if (!error && plan->kill_signal) {
        actor_child_kill(parent->child, plan->kill_signal, plan->kill_group);
    }
    if (!error && plan->abandon) {
        actor_child_abandon(&parent->child);
        ck_assert_ptr_null(parent->child);
    }
    if (plan->stop_at_once) {
        actor_stop(self);
    }
    return error;
}

static const struct actor_type parent_type = {
    .name = "parent", .size = sizeof(struct parent), .init = parent_init,
};

static struct error *
try_child(struct plan *plan)
{
    struct actor_system *system = bare_threaded(2);
    struct upid upid;
    struct error *error = actor_spawn(system, &parent_type, NULL, plan, &upid);

    if (!error) {
        ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    }
    actor_system_destroy(system);
    return error;
}

static void
run_child(struct plan *plan)
{
    struct error *error = try_child(plan);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static struct plan
shell(char *const argv[])
{
    return (struct plan) {
        .options = { .path = "/bin/sh", .argv = argv,
                     .stdio = { -1, -1, -1 }, .cgroup = -1 },
        .status = -2,
    };
}
#define SHELL(script) \
    shell((char *[]) { (char *) "sh", (char *) "-c", (char *) (script), NULL })

/* Runs 'script' with the options in 'plan' and gives what it wrote. */
static char *
output_of(struct plan *plan)
{
    FILE *file = tmpfile();
    char text[4096];

    plan->options.stdio[1] = fileno(file);
    plan->options.stdio[2] = fileno(file);
    run_child(plan);
    rewind(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return xstrdup(text);
}

START_TEST(child_may_have_as_many_descriptors_as_we_were_given)
{
    struct rlimit limit = { .rlim_cur = 300, .rlim_max = 500 };
    struct plan plan = SHELL("ulimit -Sn; ulimit -Hn");

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(descriptors_raise(), 500);
    ck_assert_uint_eq(descriptors_raise(), 500);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 500);
    autofree char *output = output_of(&plan);

    ck_assert_str_eq(output, "300\n500\n");
}
END_TEST

START_TEST(exit_status_is_told)
{
    struct plan plan = SHELL("exit 7");

    run_child(&plan);

    ck_assert_int_eq(plan.n_exits, 1);
    ck_assert(WIFEXITED(plan.status));
    ck_assert_int_eq(WEXITSTATUS(plan.status), 7);
}
END_TEST

START_TEST(killed_child_is_told_with_its_signal)
{
    struct plan plan = SHELL("exec sleep 1000");

    plan.kill_signal = SIGKILL;
    run_child(&plan);

    ck_assert(WIFSIGNALED(plan.status));
    ck_assert_int_eq(WTERMSIG(plan.status), SIGKILL);
}
END_TEST

START_TEST(group_is_killed_as_a_whole)
{
    struct plan plan = SHELL("sleep 1000 | sleep 1000");
    int status;

    /* What the shell leaves behind becomes ours, to be waited for. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    plan.options.new_session = true;
    plan.kill_signal = SIGKILL;
    plan.kill_group = true;
    run_child(&plan);

    ck_assert(WIFSIGNALED(plan.status));
    while (waitpid(-plan.pid, &status, 0) > 0) {
        ck_assert(WIFSIGNALED(status));
    }
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(session_is_made_only_when_asked_for)
{
    struct plan plan = SHELL("set -- $(cat /proc/$$/stat); echo $1 $6");
    int pid = 0, session = 0;

    plan.options.new_session = true;
    autofree char *with = output_of(&plan);
    ck_assert_int_eq(sscanf(with, "%d %d", &pid, &session), 2);
    ck_assert_int_eq(pid, session);

    plan.options.new_session = false;
    autofree char *without = output_of(&plan);
    ck_assert_int_eq(sscanf(without, "%d %d", &pid, &session), 2);
    ck_assert_int_eq(session, getsid(0));
}
END_TEST

/* The directory of version 2; where there is none, or none for us, there is
 * nothing to be tested. */
START_TEST(child_is_born_in_the_cgroup_that_is_given)
{
    static const char *const places[] = {
        "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
    };
    struct plan plan = SHELL("tail -n 1 /proc/self/cgroup");
    autofree char *name = xasprintf("cmesos-test-%d", (int) getpid());

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        autofree char *path = xasprintf("%s/%s", places[i], name);
        autofree char *expected = xasprintf("0::/%s\n", name);
        autofree char *kill_file = xasprintf("%s/cgroup.kill", path);

        if (mkdir(path, 0755) == 0 && access(kill_file, F_OK) == 0) {
            plan.options.cgroup = open(path, O_RDONLY | O_DIRECTORY);
            autofree char *output = output_of(&plan);

            ck_assert_str_eq(output, expected);
            ck_assert_int_eq(plan.status, 0);
            close(plan.options.cgroup);
        }
        rmdir(path);
    }
}
END_TEST

START_TEST(directory_that_is_no_cgroup_is_an_error)
{
    struct plan plan = SHELL("exit 0");

    plan.options.cgroup = open("/", O_RDONLY | O_DIRECTORY);
    struct error *error = try_child(&plan);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "starting '/bin/sh': "));
    error_destroy(error);
    close(plan.options.cgroup);
}
END_TEST

START_TEST(missing_program_is_an_error)
{
    struct plan plan = SHELL("");

    plan.options.path = "/nonexistent/program";
    struct error *error = try_child(&plan);

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error_text(error), "/nonexistent/program"));
    ck_assert_int_eq(plan.n_exits, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);   /* no zombie */
    error_destroy(error);
}
END_TEST

START_TEST(missing_directory_is_an_error)
{
    struct plan plan = SHELL("");

    plan.options.directory = "/nonexistent/directory";
    struct error *error = try_child(&plan);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error),
                                 "/nonexistent/directory"));
    error_destroy(error);
}
END_TEST

START_TEST(program_is_searched_in_the_path_of_its_environment)
{
    autofree char *dir = test_temp_dir();
    autofree char *file = xasprintf("%s/oddly-named", dir);
    autofree char *path = xasprintf("PATH=/nonexistent:%s:/bin", dir);
    struct plan plan = SHELL("");

    ck_assert_int_eq(symlink("/bin/echo", file), 0);
    plan.options.path = "oddly-named";
    plan.options.argv = (char *[]) { (char *) "x", (char *) "found", NULL };
    plan.options.envp = (char *[]) { path, NULL };
    autofree char *output = output_of(&plan);

    ck_assert_str_eq(output, "found\n");
}
END_TEST

START_TEST(directory_and_environment_are_the_given_ones)
{
    autofree char *dir = test_temp_dir();
    struct plan plan = SHELL("pwd -P; echo $COLOUR; cat");

    plan.options.directory = dir;
    plan.options.envp = (char *[]) {
        (char *) "COLOUR=red", (char *) "PATH=/bin", NULL,
    };
    autofree char *output = output_of(&plan);
    autofree char *real = realpath(dir, NULL);
    autofree char *expected = xasprintf("%s\nred\n", real);

    ck_assert_str_eq(output, expected);
}
END_TEST

START_TEST(no_other_descriptor_is_left_open)
{
    struct plan plan = SHELL("ls /proc/self/fd | wc -l");
    int fd = open("/dev/null", O_RDONLY);       /* not close-on-exec */

    ck_assert_int_ge(fd, 0);
    autofree char *output = output_of(&plan);

    /* 0, 1, 2 and the one that ls reads the directory by. */
    ck_assert_int_eq(strtol(output, NULL, 10), 4);
    close(fd);
}
END_TEST

START_TEST(swapped_descriptors_end_up_where_they_belong)
{
    struct plan plan = SHELL("echo out; echo err >&2");
    FILE *out = tmpfile(), *err = tmpfile();
    char text[8] = "";
    int saved[3];

    /* Ours: 1 is 'err' and 2 is 'out'; the child's: the other way round. */
    for (int i = 1; i < 3; i++) {
        saved[i] = dup(i);
    }
    dup2(fileno(err), 1);
    dup2(fileno(out), 2);
    plan.options.stdio[1] = 2;
    plan.options.stdio[2] = 1;
    run_child(&plan);
    for (int i = 1; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }

    rewind(out);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, out));
    ck_assert_str_eq(text, "out\n");
    rewind(err);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, err));
    ck_assert_str_eq(text, "err\n");
    fclose(out);
    fclose(err);
}
END_TEST

START_TEST(signals_are_at_their_defaults)
{
    struct plan plan = SHELL("exec cat /proc/self/status");
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    autofree char *output = output_of(&plan);

    ck_assert_ptr_nonnull(strstr(output, "SigBlk:\t0000000000000000\n"));
    ck_assert_ptr_nonnull(strstr(output, "SigIgn:\t0000000000000000\n"));
}
END_TEST

START_TEST(user_and_groups_are_switched)
{
    struct plan plan = SHELL("id -u; id -g; id -G");
    gid_t groups[] = { 65533 };

    if (geteuid() != 0) {
        return;
    }
    plan.options.set_ids = true;
    plan.options.uid = 65534;
    plan.options.gid = 65532;
    plan.options.groups = groups;
    plan.options.n_groups = 1;
    autofree char *output = output_of(&plan);

    ck_assert_str_eq(output, "65534\n65532\n65532 65533\n");
    ck_assert_int_eq(geteuid(), 0);
}
END_TEST

START_TEST(child_outlives_its_actor_and_is_waited_for)
{
    struct plan plan = SHELL("read line");
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    plan.options.stdio[0] = fds[0];
    plan.stop_at_once = true;

    struct actor_system *system = bare_threaded(1);
    ck_assert_ptr_null(actor_spawn(system, &parent_type, NULL, &plan, NULL));
    close(fds[0]);
    close(fds[1]);

    /* Whoever waits for it is the runtime: once it has, there is nobody. */
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) {
    }
    actor_system_destroy(system);
    ck_assert_int_eq(plan.n_exits, 0);
}
END_TEST

START_TEST(abandoned_child_is_waited_for_and_not_told)
{
    struct plan plan = SHELL("exit 3");

    plan.abandon = true;
    struct actor_system *system = bare_threaded(1);
    ck_assert_ptr_null(actor_spawn(system, &parent_type, NULL, &plan, NULL));

    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) {
    }
    actor_system_destroy(system);
    ck_assert_int_eq(plan.n_exits, 0);
}
END_TEST

START_TEST(running_child_does_not_keep_the_system)
{
    struct plan plan = SHELL("read line");
    int fds[2];
    struct actor_system *system = bare_threaded(2);

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    plan.options.stdio[0] = fds[0];
    ck_assert_ptr_null(actor_spawn(system, &parent_type, NULL, &plan, NULL));
    actor_system_destroy(system);

    ck_assert_int_eq(plan.n_exits, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);    /* it lives */
    close(fds[0]);
    close(fds[1]);
    ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
}
END_TEST

START_TEST(process_of_somebody_else_can_be_watched)
{
    /* A grandchild: its parent prints its pid and ends. */
    struct plan starter = SHELL("sleep 1000 >/dev/null 2>&1 & echo $!");
    autofree char *pid = output_of(&starter);
    struct plan plan = SHELL("");

    plan.watch = (pid_t) strtol(pid, NULL, 10);
    plan.kill_signal = SIGKILL;
    run_child(&plan);

    ck_assert_int_eq(plan.n_exits, 1);
    ck_assert_int_eq(plan.pid, plan.watch);
    ck_assert_int_eq(plan.status, -1);
}
END_TEST

START_TEST(watching_nothing_is_an_error)
{
    struct plan plan = SHELL("");

    plan.watch = 0x3ffffff;     /* above pid_max's limit */
    struct error *error = try_child(&plan);

    ck_assert_ptr_nonnull(error);
    error_destroy(error);
}
END_TEST

START_TEST(many_children_are_all_told)
{
    enum { N = 50 };
    static struct plan plans[N];
    struct actor_system *system = bare_threaded(2);

    for (int i = 0; i < N; i++) {
        plans[i] = (struct plan) {
            .options = { .path = "/bin/true",
                         .argv = (char *[]) { (char *) "true", NULL },
                         .stdio = { -1, -1, -1 }, .cgroup = -1 },
        };
        ck_assert_ptr_null(actor_spawn(system, &parent_type, NULL, &plans[i],
                                       NULL));
    }
    for (int i = 0; i < N; i++) {
        char *id = xasprintf("parent(%d)", i + 1);
        struct upid upid;

        ck_assert_ptr_null(actor_system_upid(system, id, &upid));
        ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
        ck_assert_int_eq(plans[i].n_exits, 1);
        free(id);
    }
    actor_system_destroy(system);
}
END_TEST

/* --- fakes, on the virtual clock --- */

struct fake_fixture {
    struct fake_process *fake;
    struct actor_backend backend;
    struct actor_system *system;
};

static struct fake_fixture
start_fake(void)
{
    struct fake_fixture f = { .fake = fake_process_create() };

    f.backend.process = &fake_process_ops;
    f.backend.process_ctx = f.fake;
    f.system = bare_manual(&f.backend);
    return f;
}

static void
end_fake(struct fake_fixture *f)
{
    actor_system_destroy(f->system);
    fake_process_destroy(f->fake);
}

START_TEST(fake_child_ends_when_the_test_says_so)
{
    struct fake_fixture f = start_fake();
    struct plan plan = SHELL("exit 0");

    ck_assert_ptr_null(actor_spawn(f.system, &parent_type, NULL, &plan,
                                   NULL));
    actor_system_advance(f.system, HOUR);
    ck_assert_int_eq(plan.n_exits, 0);
    ck_assert_uint_eq(fake_process_n(f.fake), 1);
    const struct fake_child *child = fake_process_find(f.fake, "exit 0");
    ck_assert_ptr_nonnull(child);
    ck_assert_str_eq(child->path, "/bin/sh");
    ck_assert_str_eq(child->argv[2], "exit 0");
    ck_assert(fake_process_exit(f.fake, child->pid, W_EXITCODE(3, 0)));
    ck_assert(!fake_process_exit(f.fake, child->pid, W_EXITCODE(3, 0)));
    actor_system_run(f.system);

    ck_assert_int_eq(plan.n_exits, 1);
    ck_assert_int_eq(WEXITSTATUS(plan.status), 3);
    end_fake(&f);
}
END_TEST

START_TEST(fake_child_dies_of_sigkill_only)
{
    struct fake_fixture f = start_fake();
    struct plan term = SHELL("term"), killed = SHELL("killed");

    term.kill_signal = SIGTERM;
    killed.kill_signal = SIGKILL;
    killed.kill_group = true;
    ck_assert_ptr_null(actor_spawn(f.system, &parent_type, NULL, &term,
                                   NULL));
    ck_assert_ptr_null(actor_spawn(f.system, &parent_type, NULL, &killed,
                                   NULL));
    actor_system_run(f.system);

    ck_assert_int_eq(term.n_exits, 0);
    ck_assert_int_eq(fake_process_at(f.fake, 0)->last_signal, SIGTERM);
    ck_assert_int_eq(killed.n_exits, 1);
    ck_assert_int_eq(WTERMSIG(killed.status), SIGKILL);
    ck_assert(fake_process_at(f.fake, 1)->last_was_group);
    end_fake(&f);
}
END_TEST

START_TEST(fake_can_refuse_and_be_watched)
{
    struct fake_fixture f = start_fake();
    struct plan plan = SHELL("x");

    fake_process_fail_next(f.fake, ERROR_NO_MEMORY);
    struct error *error = actor_spawn(f.system, &parent_type, NULL, &plan,
                                      NULL);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_NO_MEMORY);
    error_destroy(error);

    plan.watch = fake_process_add(f.fake, "/bin/old");
    ck_assert_ptr_null(actor_spawn(f.system, &parent_type, NULL, &plan,
                                   NULL));
    fake_process_exit(f.fake, plan.watch, -1);
    actor_system_run(f.system);
    ck_assert_int_eq(plan.n_exits, 1);
    ck_assert_int_eq(plan.status, -1);
    end_fake(&f);
}
END_TEST

static Suite *
child_suite(void)
{
    Suite *suite = suite_create("child");

    test_add(suite, "descriptors",
             child_may_have_as_many_descriptors_as_we_were_given);
    test_add(suite, "status", exit_status_is_told);
    test_add(suite, "killed", killed_child_is_told_with_its_signal);
    test_add(suite, "group", group_is_killed_as_a_whole);
    test_add(suite, "session", session_is_made_only_when_asked_for);
    test_add(suite, "cgroup", child_is_born_in_the_cgroup_that_is_given);
    test_add(suite, "no-cgroup", directory_that_is_no_cgroup_is_an_error);
    test_add(suite, "missing", missing_program_is_an_error);
    test_add(suite, "directory", missing_directory_is_an_error);
    test_add(suite, "path",
             program_is_searched_in_the_path_of_its_environment);
    test_add(suite, "options", directory_and_environment_are_the_given_ones);
    test_add(suite, "descriptors", no_other_descriptor_is_left_open);
    test_add(suite, "swapped", swapped_descriptors_end_up_where_they_belong);
    test_add(suite, "signals", signals_are_at_their_defaults);
    test_add(suite, "ids", user_and_groups_are_switched);
    test_add(suite, "outlives", child_outlives_its_actor_and_is_waited_for);
    test_add(suite, "abandoned", abandoned_child_is_waited_for_and_not_told);
    test_add(suite, "system", running_child_does_not_keep_the_system);
    test_add(suite, "watch", process_of_somebody_else_can_be_watched);
    test_add(suite, "nothing", watching_nothing_is_an_error);
    test_add(suite, "many", many_children_are_all_told);
    test_add(suite, "fake", fake_child_ends_when_the_test_says_so);
    test_add(suite, "fake-kill", fake_child_dies_of_sigkill_only);
    test_add(suite, "fake-watch", fake_can_refuse_and_be_watched);
    return suite;
}

TEST_MAIN(child_suite)
