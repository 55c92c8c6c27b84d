/* SPDX-License-Identifier: Apache-2.0
 *
 * test_driver_log.c - what a scheduler driver writes to the log and shows as
 * metrics, and how the environment changes it. */
#include <config.h>

#include <sys/wait.h>

#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "scheduler-driver/driver.h"
#include "tests/lib/driver_stage.h"
#include "tests/lib/run.h"
#include "tests/lib/test.h"

#define STDERR_MAX ((size_t) 8 << 20)

/* --- the log, looked at from outside --- */

/* A framework's life with something of everything. */
static void
live(void)
{
    struct fixture f;
    V1__OfferID id = V1__OFFER_ID__INIT;

    set_up(&f, false);
    send_event(&f, fake_event_offer("O1", "S0"));
    send_event(&f, fake_event_offer("O2", "S1"));
    send_event(&f, fake_event_offer("O3", "S1"));
    send_event(&f, fake_event_rescind("O3"));
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    send_event(&f, fake_event_failure("S1", "E1", 256));
    send_event(&f, fake_event_failure("S1", NULL, 0));
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);
    launch_task(f.driver, "O9", "lost");
    launch_task(f.driver, "O2", "elsewhere");
    id.value = (char *) "O8";
    mesos_scheduler_driver_decline_offer(f.driver, &id, NULL);
    fake_master_wait(f.master, CALL(DECLINE), 1);
    WAIT_FOR(has_noted(&f.recorder, "agent_lost=S1 "));
    mesos_scheduler_driver_stop(f.driver, false);
    fake_master_wait(f.master, CALL(TEARDOWN), 1);
    tear_down(&f);
}

static void
be_told_an_error(void)
{
    struct fixture f;

    set_up(&f, false);
    send_event(&f, fake_event_error("no more"));
    mesos_scheduler_driver_join(f.driver);
    mesos_scheduler_driver_abort(f.driver);
    tear_down(&f);
}

static void
assert_logs(const char *log, const char *severity, const char *line)
{
    const char *at = strstr(log, line);

    ck_assert_msg(at != NULL, "no '%s' in:\n%s", line, log);
    while (at > log && at[-1] != '\n') {
        at--;
    }
    ck_assert_msg(*at == *severity, "'%s' is %c", line, *at);
}

START_TEST(lines_are_those_that_users_grep_for)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(live, &err), 0);
    assert_logs(err.data, "I", "] Version: 1.12.0\n");
    assert_logs(err.data, "I", "] New master detected at master@127.0.0.1:");
    assert_logs(err.data, "I", "] No credentials provided. Attempting to "
                "register without authentication\n");
    assert_logs(err.data, "I", "] Framework registered with F-0000\n");
    assert_logs(err.data, "W", "] Attempting to launch task lost with the "
                "wrong agent id S0\n");
    assert_logs(err.data, "W", "] Attempting to accept an unknown offer O9\n");
    assert_logs(err.data, "W", "] Attempting to launch task elsewhere with "
                "the wrong agent id S0\n");
    assert_logs(err.data, "W", "] Attempting to decline an unknown offer "
                "O8\n");
    assert_logs(err.data, "I", "] Asked to stop the driver\n");
    assert_logs(err.data, "I", "] Stopping framework F-0000\n");
    ck_assert_ptr_null(strstr(err.data, "SUBSCRIBE"));
}
END_TEST

START_TEST(errors_are_logged_before_the_driver_aborts)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(be_told_an_error, &err), 0);
    assert_logs(err.data, "I", "] Got error 'no more'\n");
    assert_logs(err.data, "I", "] Aborting framework F-0000\n");
    assert_logs(err.data, "I", "] Asked to abort the driver\n");
}
END_TEST

START_TEST(a_driver_on_loopback_warns_in_a_frame)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(live, &err), 0);
    assert_logs(err.data, "W", "] \n"
                "**************************************************\n"
                "Scheduler driver bound to loopback interface! Cannot "
                "communicate with remote master(s). You might want to set "
                "'LIBPROCESS_IP' environment variable to use a routable IP "
                "address.\n"
                "**************************************************\n");
}
END_TEST

START_TEST(glog_v_has_it_tell_more)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    setenv("GLOG_v", "1", 1);
    ck_assert_int_eq(run_child(live, &err), 0);
    assert_logs(err.data, "I", "] Sending SUBSCRIBE call to master@127.0.0.1");
    assert_logs(err.data, "I", "] Will retry registration in ");
    assert_logs(err.data, "I", "] Rescinded offer O3\n");
    assert_logs(err.data, "I", "] Executor E1 on agent S1 exited with status "
                "256\n");
    assert_logs(err.data, "I", "] Lost agent S1\n");
    assert_logs(err.data, "I", "] Scheduler::registered took ");
    assert_logs(err.data, "I", "] Scheduler::resourceOffers took ");
    assert_logs(err.data, "I", "] Scheduler::offerRescinded took ");
    assert_logs(err.data, "I", "] Scheduler::statusUpdate took ");
    assert_logs(err.data, "I", "] Scheduler::executorLost took ");
}
END_TEST

START_TEST(mesos_logging_level_and_quiet_have_it_tell_less)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    setenv("MESOS_LOGGING_LEVEL", "WARNING", 1);
    ck_assert_int_eq(run_child(live, &err), 0);
    assert_logs(err.data, "W", "] Attempting to accept an unknown offer O9\n");
    ck_assert_ptr_null(strstr(err.data, "Framework registered"));
    strbuf_clear(&err);
    setenv("MESOS_QUIET", "1", 1);
    ck_assert_int_eq(run_child(live, &err), 0);
    ck_assert_str_eq(err.data, "");
}
END_TEST

/* --- metrics --- */

struct wanted {
    const char *key;
    double value;               /* -1: there is none */
};

static void
look(void *wanted_, const char *key, double value)
{
    struct wanted *wanted = wanted_;

    if (!strcmp(key, wanted->key)) {
        wanted->value = value;
    }
}

static double
metric_of(struct fixture *f, const char *key)
{
    struct wanted wanted = { key, -1 };

    metrics_snapshot(actor_system_metrics(f->driver->system), look, &wanted);
    return wanted.value;
}

START_TEST(what_waits_is_counted)
{
    struct fixture f;

    set_up(&f, false);
    f.recorder.hold = actor_gate_create();
    send_event(&f, fake_event_update("a", STATE(TASK_RUNNING), NULL));
    WAIT_FOR(has_noted(&f.recorder, "status=a:1 "));
    send_event(&f, fake_event_update("b", STATE(TASK_RUNNING), NULL));
    send_event(&f, fake_event_update("c", STATE(TASK_RUNNING), NULL));
    WAIT_FOR(metric_of(&f, "scheduler/event_queue_messages") == 3);
    actor_gate_open(f.recorder.hold);
    WAIT_FOR(metric_of(&f, "scheduler/event_queue_messages") == 0);
    kill_task(f.driver, "x");
    WAIT_FOR(metric_of(&f, "scheduler/event_queue_dispatches") == 0);
    tear_down(&f);
    actor_gate_destroy(f.recorder.hold);
}
END_TEST

static Suite *
driver_log_suite(void)
{
    Suite *suite = suite_create("driver log");

    test_add(suite, "lines", lines_are_those_that_users_grep_for);
    test_add(suite, "error", errors_are_logged_before_the_driver_aborts);
    test_add(suite, "loopback", a_driver_on_loopback_warns_in_a_frame);
    test_add(suite, "verbose", glog_v_has_it_tell_more);
    test_add(suite, "less", mesos_logging_level_and_quiet_have_it_tell_less);
    test_add(suite, "metrics", what_waits_is_counted);
    return suite;
}

TEST_MAIN(driver_log_suite)
