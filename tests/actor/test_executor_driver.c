/* SPDX-License-Identifier: Apache-2.0
 *
 * test_executor_driver.c - the states of an executor driver, whose agent says
 * nothing. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/error.h>
#include <actor/system.h>
#include <mesos/executor.h>

#include "proto/messages.h"
#include "tests/lib/test.h"

#define STATUS(NAME) MESOS_DRIVER_##NAME

/* --- an agent that is there --- */

static void
on_executor_call(struct actor *self, struct actor_msg *msg)
{
    (void) self;
    (void) msg;
}

static const struct actor_handler agent_handlers[] = {
    { &msg_executor_call, on_executor_call },
};

static const struct actor_type agent_type = {
    .name = "silent-agent", .size = sizeof(struct actor),
    .handlers = agent_handlers, .n_handlers = ARRAY_SIZE(agent_handlers),
};

static struct actor_system *
start_agent(void)
{
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system = NULL;
    struct upid agent;

    ck_assert_ptr_null(address_parse_ip("127.0.0.1", 0, &options.listen));
    ck_assert_ptr_null(actor_system_create(&options, &system));
    ck_assert_ptr_null(actor_spawn(system, &agent_type, "slave(1)", NULL,
                                   &agent));
    setenv("LIBPROCESS_IP", "127.0.0.1", 1);
    setenv("MESOS_SLAVE_PID", UPID_TEXT(&agent), 1);
    setenv("MESOS_SLAVE_ID", "S0", 1);
    setenv("MESOS_FRAMEWORK_ID", "F", 1);
    setenv("MESOS_EXECUTOR_ID", "E", 1);
    setenv("MESOS_DIRECTORY", "/", 1);
    setenv("MESOS_LOCAL", "1", 1);      /* our process group is to live */
    return system;
}

/* --- an executor --- */

static void
on_error(struct mesos_executor_driver *driver, void *user,
         const char *message)
{
    (void) driver;
    *(char **) user = strdup(message);
}

static struct mesos_executor_driver *
create(char **error)
{
    struct mesos_executor_callbacks callbacks = {
        .size = sizeof callbacks, .error = on_error,
    };
    struct mesos_executor_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = error,
    };

    return mesos_executor_driver_create(&options);
}

/* --- a driver in each of its states --- */

static void
bring_into(struct mesos_executor_driver *driver, enum mesos_status status)
{
    if (status != STATUS(NOT_STARTED)) {
        ck_assert_int_eq(mesos_executor_driver_start(driver),
                         STATUS(RUNNING));
    }
    if (status == STATUS(ABORTED)) {
        ck_assert_int_eq(mesos_executor_driver_abort(driver),
                         STATUS(ABORTED));
    }
    if (status == STATUS(STOPPED)) {
        ck_assert_int_eq(mesos_executor_driver_stop(driver),
                         STATUS(STOPPED));
    }
}

static enum mesos_status
send_update(struct mesos_executor_driver *driver)
{
    V1__TaskStatus status = V1__TASK_STATUS__INIT;
    V1__TaskID id = V1__TASK_ID__INIT;

    id.value = (char *) "t";
    status.task_id = &id;
    status.state = V1__TASK_STATE__TASK_RUNNING;
    return mesos_executor_driver_send_status_update(driver, &status);
}

static enum mesos_status
send_message(struct mesos_executor_driver *driver)
{
    return mesos_executor_driver_send_framework_message(driver, "x", 1);
}

/* What a call returns, and the state that it leaves, for a driver that is not
 * started, runs, is aborted, is stopped.  ('join' of one that runs waits.) */
static const struct {
    const char *name;
    enum mesos_status (*call)(struct mesos_executor_driver *);
    struct {
        enum mesos_status result, after;
    } of[4];
} calls[] = {
    { "start", mesos_executor_driver_start,
      { { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "stop", mesos_executor_driver_stop,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { STATUS(STOPPED), STATUS(STOPPED) },
        { STATUS(ABORTED), STATUS(STOPPED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "abort", mesos_executor_driver_abort,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "join", mesos_executor_driver_join,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { 0, 0 },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "update", send_update,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
    { "message", send_message,
      { { STATUS(NOT_STARTED), STATUS(NOT_STARTED) },
        { STATUS(RUNNING), STATUS(RUNNING) },
        { STATUS(ABORTED), STATUS(ABORTED) },
        { STATUS(STOPPED), STATUS(STOPPED) } } },
};

/* (Sending tells the state, and in these tests does nothing else.) */
static void
try_call(size_t i, size_t column)
{
    enum mesos_status before = (enum mesos_status)(column + 1);
    struct mesos_executor_driver *driver = create(NULL);

    if (calls[i].of[column].result == 0) {
        mesos_executor_driver_destroy(driver);
        return;
    }
    bring_into(driver, before);

    enum mesos_status result = calls[i].call(driver);
    enum mesos_status after = send_message(driver);

    ck_assert_msg(result == calls[i].of[column].result,
                  "%s of a driver in %s returns %s", calls[i].name,
                  mesos_status_name(before), mesos_status_name(result));
    ck_assert_msg(after == calls[i].of[column].after,
                  "%s of a driver in %s leaves it in %s", calls[i].name,
                  mesos_status_name(before), mesos_status_name(after));
    mesos_executor_driver_destroy(driver);
}

START_TEST(every_call_does_in_every_state_what_it_should)
{
    struct actor_system *agent = start_agent();

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        for (size_t column = 0; column < 4; column++) {
            try_call(i, column);
        }
    }
    actor_system_destroy(agent);
}
END_TEST

/* --- a start that fails --- */

START_TEST(a_driver_that_could_not_start_is_aborted_and_can_be_stopped)
{
    char *error = NULL;

    unsetenv("MESOS_SLAVE_PID");
    struct mesos_executor_driver *driver = create(&error);

    ck_assert_int_eq(mesos_executor_driver_start(driver), STATUS(ABORTED));
    ck_assert_str_eq(error,
                     "Expecting 'MESOS_SLAVE_PID' to be set in the "
                     "environment");
    ck_assert_int_eq(mesos_executor_driver_join(driver), STATUS(ABORTED));
    ck_assert_int_eq(mesos_executor_driver_stop(driver), STATUS(ABORTED));
    ck_assert_int_eq(mesos_executor_driver_join(driver), STATUS(STOPPED));
    mesos_executor_driver_destroy(driver);
    free(error);
}
END_TEST

static Suite *
executor_driver_suite(void)
{
    Suite *suite = suite_create("executor driver");

    test_add(suite, "states", every_call_does_in_every_state_what_it_should);
    test_add(suite, "refused",
             a_driver_that_could_not_start_is_aborted_and_can_be_stopped);
    return suite;
}

TEST_MAIN(executor_driver_suite)
