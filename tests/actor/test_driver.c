/* SPDX-License-Identifier: Apache-2.0
 *
 * test_driver.c - the scheduler driver against a master that does what the
 * test says. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "tests/lib/fake_master.h"
#include "tests/lib/test.h"
#include "tests/lib/wait.h"

#define CALL(TYPE) SCHEDULER__CALL__TYPE__##TYPE
#define STATE(NAME) V1__TASK_STATE__##NAME

/* --- a framework that notes what it hears --- */

struct recorder {
    struct actor_mutex *mutex;  /* guards the rest */
    char log[16384];            /* one word for each callback */
    struct actor_gate *hold;    /* status_update waits for it; may be NULL */
    bool is_stopping;           /* status_update stops the driver */
};

static void
note(struct recorder *r, const char *what, const char *detail)
{
    actor_mutex_lock(r->mutex);
    size_t len = strlen(r->log);

    snprintf(r->log + len, sizeof r->log - len, "%s%s%s ", what,
             detail ? "=" : "", detail ? detail : "");
    actor_mutex_unlock(r->mutex);
}

static bool
has_noted(struct recorder *r, const char *text)
{
    actor_mutex_lock(r->mutex);
    bool has = strstr(r->log, text) != NULL;

    actor_mutex_unlock(r->mutex);
    return has;
}

static void
on_registered(struct mesos_scheduler_driver *driver, void *r,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) master;
    note(r, "registered", id->value);
}

static void
on_reregistered(struct mesos_scheduler_driver *driver, void *r,
                const V1__MasterInfo *master)
{
    (void) driver;
    (void) master;
    note(r, "reregistered", NULL);
}

static void
on_disconnected(struct mesos_scheduler_driver *driver, void *r)
{
    (void) driver;
    note(r, "disconnected", NULL);
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *r,
          const V1__Offer *const *offers, size_t n_offers)
{
    (void) driver;
    for (size_t i = 0; i < n_offers; i++) {
        note(r, "offer", offers[i]->id->value);
    }
}

static void
on_rescinded(struct mesos_scheduler_driver *driver, void *r,
             const V1__OfferID *id)
{
    (void) driver;
    note(r, "rescinded", id->value);
}

static void
on_status(struct mesos_scheduler_driver *driver, void *r_,
          const V1__TaskStatus *status)
{
    struct recorder *r = r_;
    autofree char *text =
        xasprintf("%s:%d", status->task_id->value, (int) status->state);

    note(r, "status", text);
    if (r->hold) {
        (void) actor_gate_wait(r->hold, INT64_MAX);
    }
    if (r->is_stopping) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static void
on_message(struct mesos_scheduler_driver *driver, void *r,
           const V1__ExecutorID *executor_id, const V1__AgentID *agent_id,
           const void *data, size_t size)
{
    autofree char *text =
        xasprintf("%s/%s/%.*s", agent_id->value, executor_id->value,
                  (int) size, (const char *) data);

    (void) driver;
    note(r, "message", text);
}

static void
on_agent_lost(struct mesos_scheduler_driver *driver, void *r,
              const V1__AgentID *id)
{
    (void) driver;
    note(r, "agent_lost", id->value);
}

static void
on_executor_lost(struct mesos_scheduler_driver *driver, void *r,
                 const V1__ExecutorID *executor_id,
                 const V1__AgentID *agent_id, int status)
{
    autofree char *text =
        xasprintf("%s/%s/%d", agent_id->value, executor_id->value, status);

    (void) driver;
    note(r, "executor_lost", text);
}

static void
on_error(struct mesos_scheduler_driver *driver, void *r, const char *message)
{
    (void) driver;
    note(r, "error", message);
}

static const struct mesos_scheduler_callbacks callbacks = {
    .size = sizeof callbacks,
    .registered = on_registered,
    .reregistered = on_reregistered,
    .disconnected = on_disconnected,
    .resource_offers = on_offers,
    .offer_rescinded = on_rescinded,
    .status_update = on_status,
    .framework_message = on_message,
    .agent_lost = on_agent_lost,
    .executor_lost = on_executor_lost,
    .error = on_error,
};

/* --- fixtures --- */

struct fixture {
    struct fake_master *master;
    struct recorder recorder;
    struct mesos_scheduler_driver *driver;
};

static struct mesos_scheduler_driver *
create(struct recorder *r, const char *master, bool explicit_acks)
{
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = r,
        .framework = &framework,
        .master = master,
        .explicit_acknowledgements = explicit_acks,
    };

    setenv("LIBPROCESS_IP", "127.0.0.1", 1);
    setenv("MESOS_REGISTRATION_BACKOFF_FACTOR", "10ms", 1);
    r->mutex = actor_mutex_create();
    framework.name = (char *) "test";
    framework.user = (char *) "";
    return mesos_scheduler_driver_create(&options);
}

static void
set_up(struct fixture *f, bool explicit_acks)
{
    memset(f, 0, sizeof *f);
    f->master = fake_master_start(0);
    f->driver = create(&f->recorder, fake_master_address(f->master),
                       explicit_acks);
    ck_assert_int_eq(mesos_scheduler_driver_start(f->driver),
                     MESOS_DRIVER_RUNNING);
    WAIT_FOR(has_noted(&f->recorder, "registered=F-0000 "));
}

static void
tear_down(struct fixture *f)
{
    mesos_scheduler_driver_destroy(f->driver);
    actor_mutex_destroy(f->recorder.mutex);
    fake_master_stop(f->master);
}

static void
send(struct fixture *f, struct message *event)
{
    fake_master_send(f->master, &event);
}

static enum mesos_status
kill(struct mesos_scheduler_driver *driver, const char *task_id)
{
    V1__TaskID id = V1__TASK_ID__INIT;

    id.value = (char *) task_id;
    return mesos_scheduler_driver_kill_task(driver, &id);
}

static enum mesos_status
launch(struct mesos_scheduler_driver *driver, const char *offer,
       const char *task_name)
{
    V1__OfferID offer_id = V1__OFFER_ID__INIT;
    V1__TaskID task_id = V1__TASK_ID__INIT;
    V1__AgentID agent_id = V1__AGENT_ID__INIT;
    V1__TaskInfo task = V1__TASK_INFO__INIT;
    const V1__OfferID *offers = &offer_id;
    const V1__TaskInfo *tasks = &task;

    offer_id.value = (char *) offer;
    task_id.value = (char *) task_name;
    agent_id.value = (char *) "S0";
    task.name = (char *) task_name;
    task.task_id = &task_id;
    task.agent_id = &agent_id;
    return mesos_scheduler_driver_launch_tasks(driver, &offers, 1, &tasks, 1,
                                               NULL);
}

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
    ck_assert_int_eq(kill(driver, "t"), MESOS_DRIVER_NOT_STARTED);
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
    kill(f.driver, "t");
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
    ck_assert_int_eq(kill(f.driver, "t"), MESOS_DRIVER_STOPPED);
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
    ck_assert_int_eq(kill(f.driver, "t"), MESOS_DRIVER_ABORTED);
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
    launch(f.driver, "O1", "t");
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

/* --- events --- */

START_TEST(every_event_has_its_callback)
{
    struct fixture f;

    set_up(&f, false);
    send(&f, fake_event_offer("O1", "S0"));
    send(&f, fake_event_rescind("O1"));
    send(&f, fake_event_update("t", STATE(TASK_RUNNING), NULL));
    send(&f, fake_event_message("hello"));
    send(&f, fake_event_failure("S1", "E1", 256));
    send(&f, fake_event_failure("S2", NULL, 0));
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
    send(&f, fake_event_error("no more"));
    ck_assert_int_eq(mesos_scheduler_driver_join(f.driver),
                     MESOS_DRIVER_ABORTED);
    ck_assert(has_noted(&f.recorder, "error=no more "));
    fake_master_wait_gone(f.master);
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
    send(&f, fake_event_error("Framework disconnected"));
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
    send(&f, fake_event_update("t", STATE(TASK_RUNNING), "0123456789abcdef"));
    WAIT_FOR(has_noted(&f.recorder, "status=t:1 "));
    kill(f.driver, "other");
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
    ck_assert_mem_eq(call->acknowledge->uuid.data, "0123456789abcdef", 16);
    actor_gate_destroy(f.recorder.hold);
    tear_down(&f);
}
END_TEST

START_TEST(updates_without_a_uuid_are_not_acknowledged)
{
    struct fixture f;

    set_up(&f, false);
    send(&f, fake_event_update("a", STATE(TASK_LOST), NULL));
    send(&f, fake_event_update("b", STATE(TASK_RUNNING), "0123456789abcdef"));
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
    send(&f, fake_event_update("t", STATE(TASK_RUNNING), "0123456789abcdef"));
    WAIT_FOR(has_noted(&f.recorder, "status=t:1 "));
    kill(f.driver, "other");
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
    kill(f.driver, "last");
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
        kill(f.driver, name);
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
    send(&f, fake_event_offer("O1", "S0"));
    send(&f, fake_event_offer("O2", "S0"));
    WAIT_FOR(has_noted(&f.recorder, "offer=O2 "));
    launch(f.driver, "O1", "t");
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

static void
update_framework(struct fixture *f, const char *id)
{
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    V1__FrameworkID framework_id = V1__FRAMEWORK_ID__INIT;

    framework_id.value = (char *) id;
    framework.name = (char *) "renamed";
    framework.user = (char *) "u";
    framework.id = &framework_id;
    mesos_scheduler_driver_update_framework(f->driver, &framework, NULL, 0,
                                            NULL);
}

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

START_TEST(stop_with_failover_and_abort_only_leave)
{
    struct fixture f;

    set_up(&f, false);
    mesos_scheduler_driver_stop(f.driver, true);
    fake_master_wait_gone(f.master);
    ck_assert_uint_eq(fake_master_count(f.master, CALL(TEARDOWN)), 0);
    tear_down(&f);
    set_up(&f, false);
    mesos_scheduler_driver_abort(f.driver);
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
    send(&f, fake_event_update("a", STATE(TASK_RUNNING), "0123456789abcdef"));
    send(&f, fake_event_update("b", STATE(TASK_RUNNING), "0123456789abcdef"));
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
    test_add(suite, "leave", stop_with_failover_and_abort_only_leave);
    test_add(suite, "last", stopping_inside_a_callback_makes_it_the_last);
    test_add(suite, "destroy", destroying_a_running_driver_ends_it);
}

static void
add_subscription(Suite *suite)
{
    test_add(suite, "describe", the_framework_is_described_to_the_master);
    test_add(suite, "silent", a_silent_master_is_asked_again);
    test_add(suite, "names", host_names_are_resolved);
    test_add(suite, "back", a_master_that_comes_back_is_subscribed_to_again);
    test_add(suite, "lost", tasks_launched_without_a_master_are_lost);
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
