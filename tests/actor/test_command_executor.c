/* SPDX-License-Identifier: Apache-2.0
 *
 * test_command_executor.c - the command executor and its session, with an
 * agent that does what the test says, and commands that are only written
 * down. */
#include <config.h>

#include "executor/command_executor.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>

#include "executor/executor_environment.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/command_stage.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/recorder.h"
#include "tests/lib/test.h"

/* --- running --- */

START_TEST(executor_subscribes_when_it_starts)
{
    set_up(false);

    const Executor__Call *call = recorder_last(t.agent, &msg_executor_call);
    ck_assert_int_eq(call->type, EXECUTOR__CALL__TYPE__SUBSCRIBE);
    ck_assert_str_eq(call->executor_id->value, "a");
    ck_assert_str_eq(call->framework_id->value, "F0");
    tear_down();
}
END_TEST

START_TEST(shell_line_is_given_to_the_shell)
{
    set_up(false);
    say_subscribed(false);

    launch("echo hello");

    ck_assert_str_eq(child()->path, "/bin/sh");
    ck_assert_str_eq(child()->argv[1], "-c");
    ck_assert_str_eq(child()->argv[2], "echo hello");
    ck_assert_ptr_null(child()->argv[3]);
    ck_assert(child()->new_session);
    ck_assert_uint_eq(count_updates(), 2);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    tear_down();
}
END_TEST

START_TEST(program_gets_its_arguments_as_they_are)
{
    V1__TaskInfo *task;
    set_up(false);
    say_subscribed(false);
    struct message *m = make_launch("/bin/echo", &task);

    task->command->has_shell = true;
    task->command->shell = false;
    task->command->arguments = message_array(m, 2, sizeof(char *));
    task->command->arguments[0] = message_strdup(m, "echo");
    task->command->arguments[1] = message_strdup(m, "a b");
    task->command->n_arguments = 2;
    say(m);

    ck_assert_str_eq(child()->path, "/bin/echo");
    ck_assert_str_eq(child()->argv[0], "echo");
    ck_assert_str_eq(child()->argv[1], "a b");
    ck_assert_ptr_null(child()->argv[2]);
    tear_down();
}
END_TEST

START_TEST(program_without_arguments_knows_its_name)
{
    V1__TaskInfo *task;
    struct message *m;

    set_up(false);
    say_subscribed(false);
    m = make_launch("/bin/true", &task);
    task->command->has_shell = true;
    task->command->shell = false;
    say(m);

    ck_assert_str_eq(child()->path, "/bin/true");
    ck_assert_str_eq(child()->argv[0], "/bin/true");
    ck_assert_ptr_null(child()->argv[1]);
    tear_down();
}
END_TEST

START_TEST(environment_of_the_command_wins)
{
    V1__TaskInfo *task;
    set_up(false);
    say_subscribed(false);
    struct message *m = make_launch("env", &task);
    V1__Environment__Variable *variable =
        message_new(m, &v1__environment__variable__descriptor);

    variable->name = message_strdup(m, "PATH");
    variable->value = message_strdup(m, "/mine");
    task->command->environment = message_new(m, &v1__environment__descriptor);
    task->command->environment->variables = message_array(m, 1,
                                                          sizeof variable);
    task->command->environment->variables[0] = variable;
    task->command->environment->n_variables = 1;
    say(m);

    ck_assert_str_eq(fake_child_getenv(child(), "PATH"), "/mine");
    tear_down();
}
END_TEST

START_TEST(command_knows_the_role_of_its_resources)
{
    V1__TaskInfo *task;
    set_up(false);
    say_subscribed(false);
    struct message *m = make_launch("role", &task);
    V1__Resource *resource = message_new(m, &v1__resource__descriptor);

    resource->name = message_strdup(m, "cpus");
    resource->type = V1__VALUE__TYPE__SCALAR;
    resource->scalar = message_new(m, &v1__value__scalar__descriptor);
    resource->allocation_info =
        message_new(m, &v1__resource__allocation_info__descriptor);
    resource->allocation_info->role = message_strdup(m, "web");
    task->resources = message_array(m, 1, sizeof resource);
    task->resources[0] = resource;
    task->n_resources = 1;
    say(m);

    ck_assert_str_eq(fake_child_getenv(child(), "MESOS_ALLOCATION_ROLE"),
                     "web");
    tear_down();
}
END_TEST

START_TEST(status_zero_is_finished)
{
    set_up_running();

    end_command(W_EXITCODE(0, 0));

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FINISHED);
    ck_assert_str_eq(last_status()->message, "Command exited with status 0");
    tear_down();
}
END_TEST

START_TEST(other_status_is_failed)
{
    set_up_running();

    end_command(W_EXITCODE(3, 0));

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_str_eq(last_status()->message, "Command exited with status 3");
    tear_down();
}
END_TEST

START_TEST(signal_is_named)
{
    set_up_running();

    end_command(W_EXITCODE(0, SIGKILL));

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_str_eq(last_status()->message,
                     "Command terminated with signal Killed");
    tear_down();
}
END_TEST

START_TEST(core_dump_is_told)
{
    set_up_running();

    end_command(W_EXITCODE(0, SIGABRT) | WCOREFLAG);

    ck_assert_str_eq(last_status()->message, "Command terminated with signal "
                     "Aborted (core dumped)");
    tear_down();
}
END_TEST

START_TEST(command_that_does_not_start_fails_the_task)
{
    set_up(false);
    say_subscribed(false);
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);

    launch("true");

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_uint_eq(count_updates(), 2);
    tear_down();
}
END_TEST

START_TEST(launch_that_comes_twice_is_one)
{
    size_t n_updates;

    set_up_running();
    n_updates = count_updates();

    launch("true");

    ck_assert_uint_eq(count_updates(), n_updates);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

START_TEST(second_task_is_refused)
{
    V1__TaskInfo *task;
    struct message *m;

    set_up_running();
    m = make_launch("true", &task);
    task->task_id->value = message_strdup(m, "b");

    say(m);

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_str_eq(last_status()->message, "Attempted to run multiple "
                     "tasks using a \"command\" executor");
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

START_TEST(executor_is_done_once_its_last_update_is_acknowledged)
{
    set_up_running();
    acknowledge_last();
    ck_assert(!actor_gate_is_open(t.done));
    end_command(W_EXITCODE(0, 0));
    ck_assert(!actor_gate_is_open(t.done));

    acknowledge_last();

    ck_assert(actor_gate_is_open(t.done));
    ck_assert(t.is_acknowledged);
    tear_down();
}
END_TEST

START_TEST(executor_does_not_wait_for_ever_for_an_acknowledgement)
{
    set_up_running();
    end_command(W_EXITCODE(0, 0));

    advance(60 * SECOND);

    ck_assert(actor_gate_is_open(t.done));
    ck_assert(!t.is_acknowledged);
    tear_down();
}
END_TEST

START_TEST(task_that_runs_too_long_fails)
{
    V1__TaskInfo *task;
    set_up(false);
    say_subscribed(true);
    struct message *m = make_launch("sleep 1000", &task);

    task->max_completion_time = message_new(m, &v1__duration_info__descriptor);
    task->max_completion_time->nanoseconds = 3 * SECOND;
    say(m);
    advance(3 * SECOND);

    ck_assert_int_eq(child()->last_signal, SIGKILL);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED);
    tear_down();
}
END_TEST

/* --- killing --- */

START_TEST(kill_asks_the_whole_group_first)
{
    set_up_running();

    say_kill();

    ck_assert_int_eq(child()->last_signal, SIGTERM);
    ck_assert(child()->last_was_group);
    ck_assert(child()->is_running);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLING);
    end_command(W_EXITCODE(0, SIGTERM));
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    ck_assert_str_eq(last_status()->message,
                     "Command terminated with signal Terminated");
    tear_down();
}
END_TEST

START_TEST(killed_task_that_exits_with_zero_is_killed_all_the_same)
{
    set_up_running();
    say_kill();

    end_command(W_EXITCODE(0, 0));

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    tear_down();
}
END_TEST

START_TEST(stubborn_task_is_killed_after_three_seconds)
{
    set_up_running();
    say_kill();

    advance(3 * SECOND - 1);
    ck_assert(child()->is_running);
    advance(1);

    ck_assert(!child()->is_running);
    ck_assert_int_eq(child()->last_signal, SIGKILL);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    tear_down();
}
END_TEST

START_TEST(kill_policy_of_the_event_says_how_long)
{
    set_up_running();
    say_kill_with_grace(20 * SECOND);

    advance(20 * SECOND - 1);
    ck_assert(child()->is_running);
    advance(1);

    ck_assert(!child()->is_running);
    tear_down();
}
END_TEST

START_TEST(grace_period_below_zero_is_none)
{
    set_up_running();

    say_kill_with_grace(INT64_MIN);
    advance(0);

    ck_assert_int_eq(child()->last_signal, SIGKILL);
    tear_down();
}
END_TEST

START_TEST(grace_period_without_end_is_taken)
{
    set_up_running();

    say_kill_with_grace(INT64_MAX);
    advance(1 * HOUR);

    ck_assert_int_eq(child()->last_signal, SIGTERM);
    tear_down();
}
END_TEST

START_TEST(second_kill_may_hurry_but_not_delay)
{
    set_up_running();
    say_kill_with_grace(20 * SECOND);
    advance(2 * SECOND);

    say_kill_with_grace(30 * SECOND);
    say_kill_with_grace(5 * SECOND);
    advance(3 * SECOND - 1);
    ck_assert(child()->is_running);
    advance(1);

    ck_assert(!child()->is_running);
    ck_assert_uint_eq(child()->n_signals, 2);
    tear_down();
}
END_TEST

START_TEST(framework_without_the_capability_hears_of_no_killing)
{
    set_up(false);
    say_subscribed(false);
    launch("true");

    say_kill();

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    tear_down();
}
END_TEST

START_TEST(kill_before_a_launch_is_ignored)
{
    set_up(false);
    say_subscribed(false);

    say_kill();

    ck_assert_uint_eq(count_updates(), 0);
    ck_assert(!actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

START_TEST(shutdown_leaves_two_seconds_to_report)
{
    set_up_running();

    say(make_event(EXECUTOR__EVENT__TYPE__SHUTDOWN));
    ck_assert_int_eq(child()->last_signal, SIGTERM);
    advance(3 * SECOND);

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    acknowledge_last();
    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

START_TEST(shutdown_without_a_task_is_the_end)
{
    set_up(false);
    say_subscribed(false);

    say(make_event(EXECUTOR__EVENT__TYPE__SHUTDOWN));

    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

/* --- losing the agent --- */

static void
lose_agent(void)
{
    recorder_stop(t.agent);
    actor_system_run(t.system);
}

START_TEST(executor_without_checkpoints_ends_with_its_agent)
{
    set_up_running();

    lose_agent();
    ck_assert_int_eq(child()->last_signal, SIGTERM);
    ck_assert(!actor_gate_is_open(t.done));
    end_command(W_EXITCODE(0, SIGTERM));

    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

START_TEST(executor_with_checkpoints_comes_back_with_what_was_missed)
{
    set_up(true);
    say_subscribed(false);
    launch("true");
    lose_agent();
    end_command(W_EXITCODE(0, 0));
    advance(10 * SECOND);
    recorder_destroy(t.agent);
    t.agent = recorder_start(t.system, "slave(1)");
    advance(2 * SECOND);

    const Executor__Call *call = recorder_last(t.agent, &msg_executor_call);
    ck_assert_int_eq(call->type, EXECUTOR__CALL__TYPE__SUBSCRIBE);
    ck_assert_uint_eq(call->subscribe->n_unacknowledged_updates, 3);
    ck_assert_int_eq(call->subscribe->unacknowledged_updates[2]->status->state,
                     V1__TASK_STATE__TASK_FINISHED);
    ck_assert_uint_eq(call->subscribe->n_unacknowledged_tasks, 1);
    tear_down();
}
END_TEST

START_TEST(executor_with_checkpoints_gives_up_after_the_recovery_timeout)
{
    set_up(true);
    say_subscribed(false);
    launch("true");
    lose_agent();

    advance(15 * MINUTE - 3 * SECOND);
    ck_assert_uint_eq(child()->n_signals, 0);
    advance(6 * SECOND);

    ck_assert_uint_ge(child()->n_signals, 1);
    tear_down();
}
END_TEST

START_TEST(event_of_a_stranger_is_ignored)
{
    set_up(false);
    say_subscribed(false);
    struct recorder *stranger = recorder_start(t.system, "stranger");
    V1__TaskInfo *task;
    struct message *m = make_launch("true", &task);

    recorder_send(stranger, &t.session, &msg_executor_event, &m);
    actor_system_run(t.system);

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
    recorder_destroy(stranger);
}
END_TEST

static Suite *
command_executor_suite(void)
{
    Suite *suite = suite_create("command_executor");

    test_add(suite, "subscribe", executor_subscribes_when_it_starts);
    test_add(suite, "shell", shell_line_is_given_to_the_shell);
    test_add(suite, "program", program_gets_its_arguments_as_they_are);
    test_add(suite, "name", program_without_arguments_knows_its_name);
    test_add(suite, "environment", environment_of_the_command_wins);
    test_add(suite, "role", command_knows_the_role_of_its_resources);
    test_add(suite, "zero", status_zero_is_finished);
    test_add(suite, "other", other_status_is_failed);
    test_add(suite, "signal", signal_is_named);
    test_add(suite, "core", core_dump_is_told);
    test_add(suite, "start", command_that_does_not_start_fails_the_task);
    test_add(suite, "twice", launch_that_comes_twice_is_one);
    test_add(suite, "second", second_task_is_refused);
    test_add(suite, "done",
             executor_is_done_once_its_last_update_is_acknowledged);
    test_add(suite, "patience",
             executor_does_not_wait_for_ever_for_an_acknowledgement);
    test_add(suite, "completion", task_that_runs_too_long_fails);
    test_add(suite, "kill", kill_asks_the_whole_group_first);
    test_add(suite, "kill-zero",
             killed_task_that_exits_with_zero_is_killed_all_the_same);
    test_add(suite, "stubborn", stubborn_task_is_killed_after_three_seconds);
    test_add(suite, "policy", kill_policy_of_the_event_says_how_long);
    test_add(suite, "negative", grace_period_below_zero_is_none);
    test_add(suite, "endless", grace_period_without_end_is_taken);
    test_add(suite, "hurry", second_kill_may_hurry_but_not_delay);
    test_add(suite, "capability",
             framework_without_the_capability_hears_of_no_killing);
    test_add(suite, "early", kill_before_a_launch_is_ignored);
    test_add(suite, "shutdown", shutdown_leaves_two_seconds_to_report);
    test_add(suite, "idle", shutdown_without_a_task_is_the_end);
    test_add(suite, "lost",
             executor_without_checkpoints_ends_with_its_agent);
    test_add(suite, "back",
             executor_with_checkpoints_comes_back_with_what_was_missed);
    test_add(suite, "give-up",
             executor_with_checkpoints_gives_up_after_the_recovery_timeout);
    test_add(suite, "stranger", event_of_a_stranger_is_ignored);
    return suite;
}

TEST_MAIN(command_executor_suite)
