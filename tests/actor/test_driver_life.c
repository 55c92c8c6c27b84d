/* SPDX-License-Identifier: Apache-2.0
 *
 * test_driver_life.c - the states of a scheduler driver, its end, and what
 * threads and children of the application have to do with it. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/driver_stage.h"
#include "tests/lib/test.h"

#define STATUS(NAME) MESOS_DRIVER_##NAME

/* --- calls and states --- */

static void
bring_into(struct mesos_scheduler_driver *driver, enum mesos_status status)
{
    if (status != STATUS(NOT_STARTED)) {
        ck_assert_int_eq(mesos_scheduler_driver_start(driver),
                         STATUS(RUNNING));
    }
    if (status == STATUS(ABORTED)) {
        ck_assert_int_eq(mesos_scheduler_driver_abort(driver),
                         STATUS(ABORTED));
    }
    if (status == STATUS(STOPPED)) {
        ck_assert_int_eq(mesos_scheduler_driver_stop(driver, true),
                         STATUS(STOPPED));
    }
}

static enum mesos_status
stop(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_stop(driver, false);
}

static enum mesos_status
stop_with_failover(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_stop(driver, true);
}

static enum mesos_status
request(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_request_resources(driver, NULL, 0);
}

static enum mesos_status
launch(struct mesos_scheduler_driver *driver)
{
    return launch_task(driver, "O", "t");
}

static enum mesos_status
accept(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_accept_offers(driver, NULL, 0, NULL, 0,
                                                NULL);
}

static enum mesos_status
decline(struct mesos_scheduler_driver *driver)
{
    V1__OfferID id = V1__OFFER_ID__INIT;

    id.value = (char *) "O";
    return mesos_scheduler_driver_decline_offer(driver, &id, NULL);
}

static enum mesos_status
kill_one(struct mesos_scheduler_driver *driver)
{
    return kill_task(driver, "t");
}

static enum mesos_status
revive(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_revive_offers(driver, NULL, 0);
}

static enum mesos_status
suppress(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_suppress_offers(driver, NULL, 0);
}

static enum mesos_status
acknowledge(struct mesos_scheduler_driver *driver)
{
    V1__TaskStatus status = V1__TASK_STATUS__INIT;

    return mesos_scheduler_driver_acknowledge_status_update(driver, &status);
}

static enum mesos_status
send_data(struct mesos_scheduler_driver *driver)
{
    V1__ExecutorID executor_id = V1__EXECUTOR_ID__INIT;
    V1__AgentID agent_id = V1__AGENT_ID__INIT;

    executor_id.value = agent_id.value = (char *) "x";
    return mesos_scheduler_driver_send_framework_message(
        driver, &executor_id, &agent_id, "x", 1);
}

static enum mesos_status
reconcile(struct mesos_scheduler_driver *driver)
{
    return mesos_scheduler_driver_reconcile_tasks(driver, NULL, 0);
}

/* What a call returns, and the state that it leaves, for a driver that is not
 * started, runs, is aborted, is stopped.  ('join' of one that runs waits.) */
struct outcome {
    enum mesos_status result, after;
};

#define NOTHING_CHANGES \
    { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) }, \
      { STATUS(RUNNING), STATUS(RUNNING) }, \
      { STATUS(ABORTED), STATUS(ABORTED) }, \
      { STATUS(STOPPED), STATUS(STOPPED) } }

#define STOPS \
    { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) }, \
      { STATUS(STOPPED), STATUS(STOPPED) }, \
      { STATUS(ABORTED), STATUS(STOPPED) }, \
      { STATUS(STOPPED), STATUS(STOPPED) } }

static const struct {
    const char *name;
    enum mesos_status (*call)(struct mesos_scheduler_driver *);
    struct outcome of[4];
} calls[] = {
    { "start", mesos_scheduler_driver_start,
      { { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "stop", stop, STOPS },
    { "stop with failover", stop_with_failover, STOPS },
    { "abort", mesos_scheduler_driver_abort,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "join", mesos_scheduler_driver_join,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { 0, 0 },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "request", request, NOTHING_CHANGES },
    { "launch", launch, NOTHING_CHANGES },
    { "accept", accept, NOTHING_CHANGES },
    { "decline", decline, NOTHING_CHANGES },
    { "kill", kill_one, NOTHING_CHANGES },
    { "revive", revive, NOTHING_CHANGES },
    { "suppress", suppress, NOTHING_CHANGES },
    { "acknowledge", acknowledge, NOTHING_CHANGES },
    { "message", send_data, NOTHING_CHANGES },
    { "reconcile", reconcile, NOTHING_CHANGES },
};

/* (Killing a task tells the state, and in these tests does nothing else.) */
static void
try_call(const char *master, size_t i, size_t column)
{
    enum mesos_status before = (enum mesos_status)(column + 1);
    struct recorder r = { 0 };
    struct mesos_scheduler_driver *driver = create(&r, master, true);
    const struct outcome *expected = &calls[i].of[column];

    if (expected->result != 0) {
        bring_into(driver, before);

        enum mesos_status result = calls[i].call(driver);
        enum mesos_status after = kill_one(driver);

        ck_assert_msg(result == expected->result,
                      "%s of a driver in %s returns %s", calls[i].name,
                      mesos_status_name(before), mesos_status_name(result));
        ck_assert_msg(after == expected->after,
                      "%s of a driver in %s leaves it in %s", calls[i].name,
                      mesos_status_name(before), mesos_status_name(after));
    }
    mesos_scheduler_driver_destroy(driver);
    actor_mutex_destroy(r.mutex);
}

START_TEST(every_call_does_in_every_state_what_it_should)
{
    struct fake_master *master = fake_master_start(0);

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        for (size_t column = 0; column < 4; column++) {
            try_call(fake_master_address(master), i, column);
        }
    }
    fake_master_stop(master);
}
END_TEST

/* --- starts that fail --- */

static void
assert_not_started(const char *variable, const char *value, const char *why)
{
    struct recorder r = { 0 };
    struct mesos_scheduler_driver *driver = create(&r, "127.0.0.1:1", false);
    const char *before = getenv(variable);

    setenv(variable, value, 1);
    ck_assert_int_eq(mesos_scheduler_driver_run(driver), STATUS(ABORTED));
    ck_assert_msg(strstr(r.log, why) != NULL, "%s", r.log);
    ck_assert_int_eq(mesos_scheduler_driver_join(driver), STATUS(ABORTED));
    ck_assert_int_eq(mesos_scheduler_driver_stop(driver, false),
                     STATUS(ABORTED));
    ck_assert_int_eq(mesos_scheduler_driver_join(driver), STATUS(STOPPED));
    mesos_scheduler_driver_destroy(driver);
    actor_mutex_destroy(r.mutex);
    if (before) {
        setenv(variable, before, 1);
    } else {
        unsetenv(variable);
    }
}

START_TEST(a_driver_that_could_not_start_is_aborted_and_can_be_stopped)
{
    struct fake_master *other = fake_master_start(0);
    autofree char *port = xasprintf("%u", fake_master_port(other));

    /* Logging starts once: this comes first. */
    assert_not_started("MESOS_LOG_DIR", "/dev/null/x", "/dev/null/x");
    assert_not_started("MESOS_REGISTRATION_BACKOFF_FACTOR", "soon",
                       "error=Failed to load flag "
                       "'registration_backoff_factor'");
    assert_not_started("MESOS_REGISTRATION_BACKOFF_FACTOR", "0secs",
                       "'registration_backoff_factor'");
    assert_not_started("MESOS_LOGGING_LEVEL", "LOUD", "'logging_level'");
    assert_not_started("MESOS_QUIET", "maybe", "'quiet'");
    assert_not_started("MESOS_LOGBUFSECS", "1000000", "'logbufsecs'");
    assert_not_started("MESOS_MODULES", "{}", "Error loading modules");
    assert_not_started("LIBPROCESS_IP", "nowhere", "LIBPROCESS_IP");
    assert_not_started("LIBPROCESS_PORT", "port", "LIBPROCESS_PORT");
    assert_not_started("LIBPROCESS_PORT", port, port);
    setenv("MESOS_MODULES_DIR", "/", 1);
    assert_not_started("MESOS_MODULES", "{}",
                       "error=Only one of MESOS_MODULES or MESOS_MODULES_DIR "
                       "should be specified");
    fake_master_stop(other);
}
END_TEST

/* --- abort --- */

START_TEST(an_aborted_framework_is_deactivated_and_stays)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_abort(f.driver);
    fake_master_wait_deactivated(f.master);
    mesos_scheduler_driver_destroy(f.driver);
    f.driver = NULL;
    fake_master_wait_gone(f.master);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(TEARDOWN)), 0);
    tear_down(&f);
}
END_TEST

START_TEST(an_aborted_framework_can_be_torn_down)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_abort(f.driver);
    mesos_scheduler_driver_join(f.driver);
    mesos_scheduler_driver_stop(f.driver, false);
    fake_master_wait(f.master, CALL(TEARDOWN), 1);
    fake_master_wait_gone(f.master);
    tear_down(&f);
}
END_TEST

START_TEST(a_framework_aborted_while_it_subscribes_is_deactivated)
{
    struct fixture f = { .master = fake_master_start(0) };

    fake_master_set_answering(f.master, false);
    f.driver = create(&f.recorder, fake_master_address(f.master), false);
    mesos_scheduler_driver_start(f.driver);
    fake_master_wait(f.master, CALL(SUBSCRIBE), 1);
    mesos_scheduler_driver_abort(f.driver);
    mesos_scheduler_driver_join(f.driver);
    fake_master_answer(f.master);
    fake_master_wait_deactivated(f.master);
    ck_assert(!has_noted(&f.recorder, "registered"));
    tear_down(&f);
}
END_TEST

/* --- other threads --- */

START_TEST(no_callback_follows_the_one_that_runs_when_a_driver_is_stopped)
{
    struct fixture f;

    set_up(&f, false);
    f.recorder.hold = actor_gate_create();
    send_event(&f, fake_event_update("a", STATE(TASK_RUNNING), UUID_BYTES));
    WAIT_FOR(has_noted(&f.recorder, "status=a:1 "));
    send_event(&f, fake_event_update("b", STATE(TASK_RUNNING), UUID_BYTES));
    mesos_scheduler_driver_stop(f.driver, true);
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver), STATUS(STOPPED));
    actor_gate_open(f.recorder.hold);
    mesos_scheduler_driver_destroy(f.driver);
    f.driver = NULL;
    ck_assert(!has_noted(&f.recorder, "status=b"));
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 0);
    actor_gate_destroy(f.recorder.hold);
    tear_down(&f);
}
END_TEST

static void *
destroy(void *driver)
{
    mesos_scheduler_driver_destroy(driver);
    return NULL;
}

/* Uses its driver when the destruction has begun. */
static void
on_slow_status(struct mesos_scheduler_driver *driver, void *f_,
               const V1__TaskStatus *status)
{
    struct fixture *f = f_;

    note(&f->recorder, "begin", status->task_id->value);
    fake_master_wait_gone(f->master);
    note(&f->recorder, mesos_status_name(kill_task(driver, "other")), NULL);
    mesos_scheduler_driver_stop(driver, false);
    note(&f->recorder, "end", NULL);
}

static void
set_up_with(struct fixture *f, const struct mesos_scheduler_callbacks *heard)
{
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = heard,
        .user = f,
        .framework = &framework,
    };

    memset(f, 0, sizeof *f);
    setenv("LIBPROCESS_IP", "127.0.0.1", 1);
    f->master = fake_master_start(0);
    f->recorder.mutex = actor_mutex_create();
    framework.name = (char *) "test";
    framework.user = (char *) "";
    options.master = fake_master_address(f->master);
    f->driver = mesos_scheduler_driver_create(&options);
    ck_assert_int_eq(mesos_scheduler_driver_start(f->driver),
                     STATUS(RUNNING));
    fake_master_wait(f->master, CALL(SUBSCRIBE), 1);
}

START_TEST(a_driver_that_is_destroyed_waits_for_its_callback)
{
    static const struct mesos_scheduler_callbacks slow = {
        .size = sizeof slow, .status_update = on_slow_status,
    };
    struct fixture f;
    pthread_t thread;

    set_up_with(&f, &slow);
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    WAIT_FOR(has_noted(&f.recorder, "begin=t "));
    ck_assert_int_eq(pthread_create(&thread, NULL, destroy, f.driver), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    f.driver = NULL;
    ck_assert_str_eq(f.recorder.log, "begin=t DRIVER_STOPPED end ");
    tear_down(&f);
}
END_TEST

static void
on_status_ending(struct mesos_scheduler_driver *driver, void *f_,
                 const V1__TaskStatus *status)
{
    struct fixture *f = f_;

    (void) status;
    mesos_scheduler_driver_destroy(driver);
    note(&f->recorder,
         mesos_status_name(mesos_scheduler_driver_join(driver)), NULL);
    note(&f->recorder, "end", NULL);
}

START_TEST(waiting_for_a_driver_in_its_own_callback_does_not_deadlock)
{
    static const struct mesos_scheduler_callbacks ending = {
        .size = sizeof ending, .status_update = on_status_ending,
    };
    struct fixture f;

    set_up_with(&f, &ending);
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    WAIT_FOR(has_noted(&f.recorder, "end "));
    ck_assert_str_eq(f.recorder.log, "DRIVER_RUNNING end ");
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);
    tear_down(&f);
}
END_TEST

struct caller {
    struct mesos_scheduler_driver *driver;
    int number;
};

enum { N_CALLERS = 4, N_CALLS = 200 };

static void *
call_often(void *caller_)
{
    struct caller *caller = caller_;
    char name[32];

    for (int i = 0; i < N_CALLS; i++) {
        snprintf(name, sizeof name, "%d.%03d", caller->number, i);
        kill_task(caller->driver, name);
    }
    return NULL;
}

START_TEST(threads_may_call_at_once_and_each_keeps_its_order)
{
    struct fixture f;
    pthread_t threads[N_CALLERS];
    struct caller callers[N_CALLERS];
    char last[N_CALLERS][32] = { "" };

    set_up(&f, false);
    for (int i = 0; i < N_CALLERS; i++) {
        callers[i] = (struct caller) { f.driver, i };
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    for (int i = 0; i < N_CALLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    fake_master_wait(f.master, CALL(KILL), N_CALLERS * N_CALLS);
    for (size_t i = 0; i < N_CALLERS * N_CALLS; i++) {
        const char *id =
            fake_master_call(f.master, CALL(KILL), i)->kill->task_id->value;
        char *before = last[id[0] - '0'];

        ck_assert_str_lt(before, id);
        snprintf(before, sizeof last[0], "%s", id);
    }
    tear_down(&f);
}
END_TEST

START_TEST(one_process_may_have_several_drivers)
{
    struct fixture f[3];

    for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
        set_up(&f[i], false);
    }
    for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
        kill_task(f[i].driver, i == 0 ? "a" : i == 1 ? "b" : "c");
    }
    mesos_scheduler_driver_stop(f[1].driver, false);
    for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
        fake_master_wait(f[i].master, CALL(KILL), 1);
        ck_assert_uint_eq(fake_master_count(f[i].master, CALL(KILL)), 1);
    }
    fake_master_wait_gone(f[1].master);
    kill_task(f[2].driver, "d");
    fake_master_wait(f[2].master, CALL(KILL), 2);
    for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
        tear_down(&f[i]);
    }
}
END_TEST

/* --- children of the application --- */

static void
assert_child_ends_well(pid_t pid)
{
    int status;

    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "status %x", (unsigned) status);
}

/* Descriptors that exec() would leave to a child. */
static int
count_inherited(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int n = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        int fd = (int) strtol(entry->d_name, NULL, 10);
        int flags = fcntl(fd, F_GETFD);

        n += entry->d_name[0] != '.' && flags >= 0 && !(flags & FD_CLOEXEC);
    }
    closedir(dir);
    return n;
}

START_TEST(children_do_not_disturb_a_connected_driver)
{
    int n_inherited = count_inherited();
    struct fixture f;

    set_up(&f, false);
    ck_assert_int_eq(count_inherited(), n_inherited);

    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            _exit(0);
        }
        assert_child_ends_well(pid);
        pid = fork();
        if (pid == 0) {
            execl("/bin/sh", "sh", "-c", "exit 0", (char *) NULL);
            _exit(1);
        }
        assert_child_ends_well(pid);
        kill_task(f.driver, "t");
        fake_master_wait(f.master, CALL(KILL), (size_t) i + 1);
    }
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);
    ck_assert(!has_noted(&f.recorder, "disconnected"));
    tear_down(&f);
}
END_TEST

static Suite *
driver_life_suite(void)
{
    Suite *suite = suite_create("driver life");

    test_add(suite, "states", every_call_does_in_every_state_what_it_should);
    test_add(suite, "refused",
             a_driver_that_could_not_start_is_aborted_and_can_be_stopped);
    test_add(suite, "abort", an_aborted_framework_is_deactivated_and_stays);
    test_add(suite, "teardown", an_aborted_framework_can_be_torn_down);
    test_add(suite, "early",
             a_framework_aborted_while_it_subscribes_is_deactivated);
    test_add(suite, "last",
             no_callback_follows_the_one_that_runs_when_a_driver_is_stopped);
    test_add(suite, "destroy",
             a_driver_that_is_destroyed_waits_for_its_callback);
    test_add(suite, "own",
             waiting_for_a_driver_in_its_own_callback_does_not_deadlock);
    test_add(suite, "threads",
             threads_may_call_at_once_and_each_keeps_its_order);
    test_add(suite, "several", one_process_may_have_several_drivers);
    test_add(suite, "fork", children_do_not_disturb_a_connected_driver);
    return suite;
}

TEST_MAIN(driver_life_suite)
