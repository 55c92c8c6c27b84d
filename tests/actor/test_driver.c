/* SPDX-License-Identifier: Apache-2.0
 *
 * test_driver.c - the scheduler driver against a master that does what the
 * test says. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "tests/lib/driver_stage.h"
#include "tests/lib/test.h"

/* --- the status machine --- */

START_TEST(nothing_happens_before_the_start)
{
    struct recorder r = { 0 };
    struct mesos_scheduler_driver *driver = create(&r, "127.0.0.1:1", false);

    ck_assert_int_eq(mesos_scheduler_driver_stop(driver, false),
                     MESOS_DRIVER_NOT_STARTED);
    ck_assert_int_eq(mesos_scheduler_driver_abort(driver),
                     MESOS_DRIVER_NOT_STARTED);
    ck_assert_int_eq(mesos_scheduler_driver_join(driver),
                     MESOS_DRIVER_NOT_STARTED);
    ck_assert_int_eq(kill_task(driver, "t"), MESOS_DRIVER_NOT_STARTED);
    mesos_scheduler_driver_destroy(driver);
    actor_mutex_destroy(r.mutex);
    ck_assert_str_eq(r.log, "");
}
END_TEST

START_TEST(a_running_driver_starts_no_second_time)
{
    struct fixture f;

    set_up(&f, false);
    ck_assert_int_eq(mesos_scheduler_driver_start(f.driver),
                     MESOS_DRIVER_RUNNING);
    kill_task(f.driver, "t");
    fake_master_wait(f.master, CALL(KILL), 1);
    ck_assert_str_eq(f.recorder.log, "registered=F-0000 ");
    tear_down(&f);
}
END_TEST

START_TEST(a_stopped_driver_stays_stopped)
{
    struct fixture f;

    set_up(&f, false);
    ck_assert_int_eq(mesos_scheduler_driver_stop(f.driver, false),
                     MESOS_DRIVER_STOPPED);
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_STOPPED);
    ck_assert_int_eq(mesos_scheduler_driver_start(f.driver),
                     MESOS_DRIVER_STOPPED);
    ck_assert_int_eq(mesos_scheduler_driver_abort(f.driver),
                     MESOS_DRIVER_STOPPED);
    ck_assert_int_eq(mesos_scheduler_driver_stop(f.driver, false),
                     MESOS_DRIVER_STOPPED);
    ck_assert_int_eq(kill_task(f.driver, "t"), MESOS_DRIVER_STOPPED);
    tear_down(&f);
}
END_TEST

START_TEST(an_aborted_driver_can_still_be_stopped)
{
    struct fixture f;

    set_up(&f, false);
    ck_assert_int_eq(mesos_scheduler_driver_abort(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert_int_eq(mesos_scheduler_driver_start(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert_int_eq(kill_task(f.driver, "t"), MESOS_DRIVER_ABORTED);
    ck_assert_int_eq(mesos_scheduler_driver_stop(f.driver, false),
                     MESOS_DRIVER_ABORTED);
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_STOPPED);
    tear_down(&f);
}
END_TEST

static void
assert_refused(const char *master, const char *why)
{
    struct recorder r = { 0 };
    struct mesos_scheduler_driver *driver = create(&r, master, false);

    ck_assert_int_eq(mesos_scheduler_driver_run(driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert_msg(strstr(r.log, why) != NULL, "%s", r.log);
    mesos_scheduler_driver_destroy(driver);
    actor_mutex_destroy(r.mutex);
}

START_TEST(masters_that_cannot_be_are_refused_at_the_start)
{
    assert_refused("zk://h:2181/mesos",
                   "error=Failed to create a master detector for "
                   "'zk://h:2181/mesos': finding a master through ZooKeeper");
    assert_refused("local", "run mesos-local");
    assert_refused("localhost", "expecting host:port");
    assert_refused("localhost:0", "expecting host:port");
    assert_refused("localhost:70000", "expecting host:port");
    assert_refused(":5050", "expecting host:port");
    assert_refused("::1:5050", "brackets");
    assert_refused("http://h:5050", "unknown kind");
    assert_refused("file:///nowhere/at/all", "reading '/nowhere/at/all'");
    assert_refused(NULL, "have to be given");
}
END_TEST

/* --- subscribing --- */

static void
update_framework(struct fixture *f, const char *id)
{
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    V1__FrameworkID framework_id = V1__FRAMEWORK_ID__INIT;

    framework_id.value = (char *) id;
    framework.name = (char *) "renamed";
    framework.user = (char *) "";
    framework.id = &framework_id;
    mesos_scheduler_driver_update_framework(f->driver, &framework, NULL, 0,
                                            NULL);
}

START_TEST(the_framework_is_described_to_the_master)
{
    struct fixture f;

    set_up(&f, false);
    const Scheduler__Call *call =
        fake_master_call(f.master, CALL(SUBSCRIBE), 0);

    ck_assert_ptr_null(call->framework_id);
    ck_assert_str_eq(call->subscribe->framework_info->name, "test");
    ck_assert_str_ne(call->subscribe->framework_info->user, "");
    ck_assert_ptr_nonnull(call->subscribe->framework_info->hostname);
    tear_down(&f);
}
END_TEST

START_TEST(a_silent_master_is_asked_again)
{
    struct fixture f = { .master = fake_master_start(0) };

    fake_master_set_answering(f.master, false);
    f.driver = create(&f.recorder, fake_master_address(f.master), false);
    mesos_scheduler_driver_start(f.driver);
    fake_master_wait(f.master, CALL(SUBSCRIBE), 3);
    ck_assert(!has_noted(&f.recorder, "registered"));
    fake_master_set_answering(f.master, true);
    WAIT_FOR(has_noted(&f.recorder, "registered=F-0000 "));
    tear_down(&f);
}
END_TEST

START_TEST(pauses_fit_into_the_failover_timeout)
{
    struct fixture f = { .master = fake_master_start(0) };

    fake_master_set_answering(f.master, false);
    f.recorder.failover_timeout = 0.1;
    f.driver = create(&f.recorder, fake_master_address(f.master), false);
    setenv("MESOS_REGISTRATION_BACKOFF_FACTOR", "1hrs", 1);
    mesos_scheduler_driver_start(f.driver);
    fake_master_wait(f.master, CALL(SUBSCRIBE), 3);
    tear_down(&f);
}
END_TEST

START_TEST(host_names_are_resolved)
{
    struct fixture f = { .master = fake_master_start(0) };

    /* Short for 127.0.0.1, which the resolver knows also where /etc/hosts is
     * missing; and what was read from a file has its newline. */
    autofree char *address =
        xasprintf("master@127.1:%u\n", fake_master_port(f.master));

    f.driver = create(&f.recorder, address, false);
    mesos_scheduler_driver_start(f.driver);
    WAIT_FOR(has_noted(&f.recorder, "registered=F-0000 "));
    tear_down(&f);
}
END_TEST

START_TEST(a_master_that_comes_back_is_subscribed_to_again)
{
    struct fixture f;

    set_up(&f, false);
    uint16_t port = fake_master_port(f.master);

    fake_master_stop(f.master);
    WAIT_FOR(has_noted(&f.recorder, "disconnected "));
    f.master = fake_master_start(port);
    WAIT_FOR(has_noted(&f.recorder, "reregistered "));

    const Scheduler__Call *call =
        fake_master_call(f.master, CALL(SUBSCRIBE), 0);

    ck_assert_str_eq(call->framework_id->value, "F-0000");
    ck_assert_str_eq(call->subscribe->framework_info->id->value, "F-0000");
    tear_down(&f);
}
END_TEST

START_TEST(tasks_launched_without_a_master_are_lost)
{
    struct fixture f;

    set_up(&f, false);
    uint16_t port = fake_master_port(f.master);

    fake_master_stop(f.master);
    WAIT_FOR(has_noted(&f.recorder, "disconnected "));
    launch_task(f.driver, "O1", "t");
    WAIT_FOR(has_noted(&f.recorder, "status=t:5 "));    /* TASK_LOST */
    f.master = fake_master_start(port);
    WAIT_FOR(has_noted(&f.recorder, "reregistered "));
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 0);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACCEPT)), 0);
    tear_down(&f);
}
END_TEST

START_TEST(suppressed_roles_outlive_the_connection)
{
    static const char *const roles[] = { "a", "b" };
    struct fixture f;

    set_up(&f, false);
    uint16_t port = fake_master_port(f.master);

    mesos_scheduler_driver_suppress_offers(f.driver, roles, 2);
    mesos_scheduler_driver_revive_offers(f.driver, roles, 1);
    fake_master_wait(f.master, CALL(REVIVE), 1);
    fake_master_stop(f.master);
    WAIT_FOR(has_noted(&f.recorder, "disconnected "));
    f.master = fake_master_start(port);
    WAIT_FOR(has_noted(&f.recorder, "reregistered "));

    const Scheduler__Call *call =
        fake_master_call(f.master, CALL(SUBSCRIBE), 0);

    ck_assert_uint_eq(call->subscribe->n_suppressed_roles, 1);
    ck_assert_str_eq(call->subscribe->suppressed_roles[0], "b");
    tear_down(&f);
}
END_TEST

START_TEST(an_empty_list_of_roles_is_not_all_of_them)
{
    static const char *const roles[] = { "a" };
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_suppress_offers(f.driver, roles, 0);
    mesos_scheduler_driver_revive_offers(f.driver, roles, 0);
    mesos_scheduler_driver_suppress_offers(f.driver, roles, 1);
    mesos_scheduler_driver_revive_offers(f.driver, NULL, 0);
    fake_master_wait(f.master, CALL(REVIVE), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(SUPPRESS)), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(REVIVE)), 1);
    ck_assert_uint_eq(fake_master_call(f.master, CALL(SUPPRESS), 0)
                          ->suppress->n_roles, 1);
    tear_down(&f);
}
END_TEST

START_TEST(what_changes_without_a_master_is_told_to_the_next)
{
    struct fixture f;

    set_up(&f, false);
    uint16_t port = fake_master_port(f.master);

    fake_master_stop(f.master);
    WAIT_FOR(has_noted(&f.recorder, "disconnected "));
    mesos_scheduler_driver_suppress_offers(f.driver, NULL, 0);
    update_framework(&f, "F-0000");
    kill_task(f.driver, "forgotten");
    f.master = fake_master_start(port);
    WAIT_FOR(has_noted(&f.recorder, "reregistered "));
    kill_task(f.driver, "last");
    fake_master_wait(f.master, CALL(KILL), 1);

    const Scheduler__Call *call =
        fake_master_call(f.master, CALL(SUBSCRIBE), 0);

    ck_assert_str_eq(call->subscribe->framework_info->name, "renamed");
    ck_assert_str_ne(call->subscribe->framework_info->user, "");
    ck_assert_str_eq(fake_master_call(f.master, CALL(KILL), 0)
                         ->kill->task_id->value, "last");
    tear_down(&f);
}
END_TEST

/* --- events --- */

START_TEST(every_event_has_its_callback)
{
    struct fixture f;

    set_up(&f, false);
    send_event(&f, fake_event_offer("O1", "S0"));
    send_event(&f, fake_event_rescind("O1"));
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), NULL));
    send_event(&f, fake_event_message("hello"));
    send_event(&f, fake_event_failure("S1", "E1", 256));
    send_event(&f, fake_event_failure("S2", NULL, 0));
    WAIT_FOR(has_noted(&f.recorder, "agent_lost"));
    ck_assert_str_eq(f.recorder.log,
                     "registered=F-0000 offer=O1 rescinded=O1 status=t:1 "
                     "message=S0/E/hello executor_lost=S1/E1/256 "
                     "agent_lost=S2 ");
    tear_down(&f);
}
END_TEST

START_TEST(an_error_aborts_the_driver_before_it_is_told)
{
    struct fixture f;

    set_up(&f, false);
    send_event(&f, fake_event_error("no more"));
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert(has_noted(&f.recorder, "error=no more "));
    fake_master_wait_deactivated(f.master);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(TEARDOWN)), 0);
    tear_down(&f);
}
END_TEST

/* --- acknowledgements --- */

START_TEST(a_call_that_came_before_subscribe_does_not_abort_the_driver)
{
    struct fixture f = { .master = fake_master_start(0) };

    fake_master_set_answering(f.master, false);
    f.driver = create(&f.recorder, fake_master_address(f.master), false);
    mesos_scheduler_driver_start(f.driver);
    fake_master_wait(f.master, CALL(SUBSCRIBE), 1);
    send_event(&f, fake_event_error("Framework disconnected"));
    fake_master_set_answering(f.master, true);
    WAIT_FOR(has_noted(&f.recorder, "registered=F-0000 "));

    ck_assert(!has_noted(&f.recorder, "error"));
    tear_down(&f);
}
END_TEST

START_TEST(updates_are_acknowledged_after_the_callback)
{
    struct fixture f;

    set_up(&f, false);
    f.recorder.hold = actor_gate_create();
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    WAIT_FOR(has_noted(&f.recorder, "status=t:1 "));
    kill_task(f.driver, "other");
    fake_master_wait(f.master, CALL(KILL), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 0);
    actor_gate_open(f.recorder.hold);
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);

    const Scheduler__Call *call =
        fake_master_call(f.master, CALL(ACKNOWLEDGE), 0);

    ck_assert_str_eq(call->framework_id->value, "F-0000");
    ck_assert_str_eq(call->acknowledge->task_id->value, "t");
    ck_assert_str_eq(call->acknowledge->agent_id->value, "S0");
    ck_assert_uint_eq(call->acknowledge->uuid.len, 16);
    ck_assert_mem_eq(call->acknowledge->uuid.data, UUID_BYTES, 16);
    actor_gate_destroy(f.recorder.hold);
    tear_down(&f);
}
END_TEST

START_TEST(updates_without_a_uuid_are_not_acknowledged)
{
    struct fixture f;

    set_up(&f, false);
    send_event(&f, fake_event_update("a", STATE(TASK_LOST), NULL));
    send_event(&f, fake_event_update("b", STATE(TASK_RUNNING), UUID_BYTES));
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);
    ck_assert_str_eq(fake_master_call(f.master, CALL(ACKNOWLEDGE), 0)
                         ->acknowledge->task_id->value,
                     "b");
    tear_down(&f);
}
END_TEST

START_TEST(explicit_acknowledgements_are_the_frameworks_own)
{
    struct fixture f;
    V1__TaskStatus status = V1__TASK_STATUS__INIT;
    V1__TaskID task_id = V1__TASK_ID__INIT;
    V1__AgentID agent_id = V1__AGENT_ID__INIT;

    set_up(&f, true);
    send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), UUID_BYTES));
    WAIT_FOR(has_noted(&f.recorder, "status=t:1 "));
    kill_task(f.driver, "other");
    fake_master_wait(f.master, CALL(KILL), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 0);

    task_id.value = (char *) "t";
    agent_id.value = (char *) "S0";
    status.task_id = &task_id;
    status.agent_id = &agent_id;
    mesos_scheduler_driver_acknowledge_status_update(f.driver, &status);
    status.has_uuid = true;
    status.uuid.data = (uint8_t *) "fedcba9876543210";
    status.uuid.len = 16;
    mesos_scheduler_driver_acknowledge_status_update(f.driver, &status);
    fake_master_wait(f.master, CALL(ACKNOWLEDGE), 1);
    kill_task(f.driver, "last");
    fake_master_wait(f.master, CALL(KILL), 2);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 1);
    tear_down(&f);
}
END_TEST

/* --- calls --- */

START_TEST(calls_of_one_thread_keep_their_order)
{
    enum { N = 1000 };
    struct fixture f;
    char name[16];

    set_up(&f, false);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "t%d", i);
        kill_task(f.driver, name);
    }
    fake_master_wait(f.master, CALL(KILL), N);
    for (int i = 0; i < N; i += 37) {
        snprintf(name, sizeof name, "t%d", i);
        ck_assert_str_eq(fake_master_call(f.master, CALL(KILL), (size_t) i)
                             ->kill->task_id->value,
                         name);
    }
    tear_down(&f);
}
END_TEST

START_TEST(every_call_reaches_the_master)
{
    struct fixture f;
    V1__OfferID offer_id = V1__OFFER_ID__INIT;
    V1__ExecutorID executor_id = V1__EXECUTOR_ID__INIT;
    V1__AgentID agent_id = V1__AGENT_ID__INIT;
    V1__Filters filters = V1__FILTERS__INIT;

    set_up(&f, false);
    send_event(&f, fake_event_offer("O1", "S0"));
    send_event(&f, fake_event_offer("O2", "S0"));
    WAIT_FOR(has_noted(&f.recorder, "offer=O2 "));
    launch_task(f.driver, "O1", "t");
    offer_id.value = (char *) "O2";
    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 7;
    mesos_scheduler_driver_decline_offer(f.driver, &offer_id, &filters);
    executor_id.value = (char *) "E";
    agent_id.value = (char *) "S0";
    mesos_scheduler_driver_send_framework_message(f.driver, &executor_id,
                                                  &agent_id, "data", 4);
    mesos_scheduler_driver_reconcile_tasks(f.driver, NULL, 0);
    mesos_scheduler_driver_request_resources(f.driver, NULL, 0);
    mesos_scheduler_driver_suppress_offers(f.driver, NULL, 0);
    mesos_scheduler_driver_revive_offers(f.driver, NULL, 0);
    fake_master_wait(f.master, CALL(REVIVE), 1);

    const Scheduler__Call__Accept *accept =
        fake_master_call(f.master, CALL(ACCEPT), 0)->accept;

    ck_assert_str_eq(accept->offer_ids[0]->value, "O1");
    ck_assert_str_eq(
        accept->operations[0]->launch->task_infos[0]->task_id->value, "t");
    ck_assert(fake_master_call(f.master, CALL(DECLINE), 0)
                  ->decline->filters->refuse_seconds == 7);
    ck_assert_mem_eq(fake_master_call(f.master, CALL(MESSAGE), 0)
                         ->message->data.data,
                     "data", 4);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(RECONCILE)), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(REQUEST)), 1);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(SUPPRESS)), 1);
    tear_down(&f);
}
END_TEST

START_TEST(a_framework_can_be_changed_under_its_own_id_only)
{
    struct fixture f;

    set_up(&f, false);
    update_framework(&f, "F-0000");
    fake_master_wait(f.master, CALL(UPDATE_FRAMEWORK), 1);
    ck_assert_str_eq(fake_master_call(f.master, CALL(UPDATE_FRAMEWORK), 0)
                         ->update_framework->framework_info->name,
                     "renamed");
    update_framework(&f, "F-0001");
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert(has_noted(&f.recorder, "(F-0001) must be equal to"));
    tear_down(&f);
}
END_TEST

START_TEST(operations_with_an_id_abort_the_driver)
{
    struct fixture f;
    V1__OfferID offer_id = V1__OFFER_ID__INIT;
    V1__OperationID operation_id = V1__OPERATION_ID__INIT;
    V1__Offer__Operation operation = V1__OFFER__OPERATION__INIT;
    const V1__OfferID *offers = &offer_id;
    const V1__Offer__Operation *operations = &operation;

    set_up(&f, false);
    offer_id.value = (char *) "O1";
    operation_id.value = (char *) "op";
    operation.id = &operation_id;
    mesos_scheduler_driver_accept_offers(f.driver, &offers, 1, &operations, 1,
                                         NULL);
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert(has_noted(&f.recorder, "'id' field was set"));
    tear_down(&f);
}
END_TEST

/* --- the end --- */

START_TEST(stop_tears_the_framework_down)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_stop(f.driver, false);
    mesos_scheduler_driver_join(f.driver);
    mesos_scheduler_driver_destroy(f.driver);
    f.driver = NULL;
    fake_master_wait(f.master, CALL(TEARDOWN), 1);
    ck_assert_str_eq(fake_master_call(f.master, CALL(TEARDOWN), 0)
                         ->framework_id->value,
                     "F-0000");
    fake_master_wait_gone(f.master);
    tear_down(&f);
}
END_TEST

START_TEST(stop_with_failover_only_leaves)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_stop(f.driver, true);
    fake_master_wait_gone(f.master);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(TEARDOWN)), 0);
    tear_down(&f);
}
END_TEST

START_TEST(stopping_inside_a_callback_makes_it_the_last)
{
    struct fixture f;

    set_up(&f, false);
    f.recorder.is_stopping = true;
    send_event(&f, fake_event_update("a", STATE(TASK_RUNNING), UUID_BYTES));
    send_event(&f, fake_event_update("b", STATE(TASK_RUNNING), UUID_BYTES));
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_STOPPED);
    mesos_scheduler_driver_destroy(f.driver);
    f.driver = NULL;
    ck_assert(has_noted(&f.recorder, "status=a:1 "));
    ck_assert(!has_noted(&f.recorder, "status=b:1 "));
    ck_assert_uint_eq(fake_master_count(f.master, CALL(ACKNOWLEDGE)), 0);
    tear_down(&f);
}
END_TEST

START_TEST(destroying_a_running_driver_ends_it)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_destroy(f.driver);
    f.driver = NULL;
    fake_master_wait_gone(f.master);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(TEARDOWN)), 0);
    tear_down(&f);
}
END_TEST

static void
add_life(Suite *suite)
{
    test_add(suite, "before", nothing_happens_before_the_start);
    test_add(suite, "twice", a_running_driver_starts_no_second_time);
    test_add(suite, "stopped", a_stopped_driver_stays_stopped);
    test_add(suite, "aborted", an_aborted_driver_can_still_be_stopped);
    test_add(suite, "refused",
             masters_that_cannot_be_are_refused_at_the_start);
    test_add(suite, "teardown", stop_tears_the_framework_down);
    test_add(suite, "leave", stop_with_failover_only_leaves);
    test_add(suite, "last", stopping_inside_a_callback_makes_it_the_last);
    test_add(suite, "destroy", destroying_a_running_driver_ends_it);
}

static void
add_subscription(Suite *suite)
{
    test_add(suite, "describe", the_framework_is_described_to_the_master);
    test_add(suite, "silent", a_silent_master_is_asked_again);
    test_add(suite, "failover", pauses_fit_into_the_failover_timeout);
    test_add(suite, "names", host_names_are_resolved);
    test_add(suite, "back", a_master_that_comes_back_is_subscribed_to_again);
    test_add(suite, "lost", tasks_launched_without_a_master_are_lost);
    test_add(suite, "roles", an_empty_list_of_roles_is_not_all_of_them);
    test_add(suite, "changes",
             what_changes_without_a_master_is_told_to_the_next);
    test_add(suite, "suppressed", suppressed_roles_outlive_the_connection);
}

static void
add_traffic(Suite *suite)
{
    test_add(suite, "events", every_event_has_its_callback);
    test_add(suite, "error", an_error_aborts_the_driver_before_it_is_told);
    test_add(suite, "early",
             a_call_that_came_before_subscribe_does_not_abort_the_driver);
    test_add(suite, "implicit", updates_are_acknowledged_after_the_callback);
    test_add(suite, "no_uuid",
             updates_without_a_uuid_are_not_acknowledged);
    test_add(suite, "explicit",
             explicit_acknowledgements_are_the_frameworks_own);
    test_add(suite, "order", calls_of_one_thread_keep_their_order);
    test_add(suite, "calls", every_call_reaches_the_master);
    test_add(suite, "update",
             a_framework_can_be_changed_under_its_own_id_only);
    test_add(suite, "operation_id", operations_with_an_id_abort_the_driver);
}

static Suite *
driver_suite(void)
{
    Suite *suite = suite_create("driver");

    add_life(suite);
    add_subscription(suite);
    add_traffic(suite);
    return suite;
}

TEST_MAIN(driver_suite)
