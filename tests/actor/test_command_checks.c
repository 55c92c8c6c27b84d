/* SPDX-License-Identifier: Apache-2.0
 *
 * test_command_checks.c - what the command executor makes of checks and health
 * checks of its task. */
#include <config.h>

#include <signal.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/duration.h>
#include <actor/message.h>
#include <actor/system.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/command_stage.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/recorder.h"
#include "tests/lib/test.h"

/* Launches task "a" with a health check by command: no delay, no grace, and
 * the second failure kills. */
static void
launch_with_health_check(void)
{
    V1__TaskInfo *task;
    struct message *m = make_launch("serve", &task);
    V1__HealthCheck *health = message_new(m, &v1__health_check__descriptor);

    health->has_type = true;
    health->type = V1__HEALTH_CHECK__TYPE__COMMAND;
    health->command = message_new(m, &v1__command_info__descriptor);
    health->command->value = message_strdup(m, "probe-it");
    health->has_delay_seconds = health->has_interval_seconds = true;
    health->delay_seconds = 0;
    health->interval_seconds = 5;
    health->has_grace_period_seconds = true;
    health->grace_period_seconds = 0;
    health->has_consecutive_failures = true;
    health->consecutive_failures = 2;
    task->health_check = health;
    say(m);
    advance(0);
}

static void
end_probe(int status)
{
    const struct fake_child *probe = fake_process_find(t.processes,
                                                       "probe-it");

    ck_assert_ptr_nonnull(probe);
    ck_assert(fake_process_exit(t.processes, probe->pid, status));
    actor_system_run(t.system);
}

START_TEST(health_is_told)
{
    set_up(false);
    say_subscribed(true);
    launch_with_health_check();
    ck_assert_uint_eq(count_updates(), 2);
    ck_assert(!last_status()->has_healthy);

    end_probe(0);
    ck_assert_uint_eq(count_updates(), 3);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_TASK_HEALTH_CHECK_STATUS_UPDATED);
    ck_assert(last_status()->has_healthy && last_status()->healthy);
    ck_assert_ptr_null(last_status()->check_status);

    advance(5 * SECOND);
    end_probe(0);
    ck_assert_uint_eq(count_updates(), 3);
    end_command(W_EXITCODE(0, 0));
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FINISHED);
    ck_assert(!last_status()->has_healthy);
    size_t n = fake_process_n(t.processes);
    advance(MINUTE / 2);
    ck_assert_uint_eq(fake_process_n(t.processes), n);
    tear_down();
}
END_TEST

START_TEST(unhealthy_task_is_killed)
{
    set_up(false);
    say_subscribed(true);
    launch_with_health_check();
    end_probe(W_EXITCODE(1, 0));
    ck_assert(last_status()->has_healthy && !last_status()->healthy);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);

    advance(5 * SECOND);
    end_probe(W_EXITCODE(1, 0));
    ck_assert_uint_eq(count_updates(), 5);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLING);
    ck_assert(last_status()->has_healthy && !last_status()->healthy);
    ck_assert_int_eq(child()->last_signal, SIGTERM);

    size_t n = fake_process_n(t.processes);
    advance(3 * SECOND);
    ck_assert_int_eq(child()->last_signal, SIGKILL);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    ck_assert(last_status()->has_healthy && !last_status()->healthy);
    ck_assert_uint_eq(fake_process_n(t.processes), n);
    tear_down();
}
END_TEST

START_TEST(task_that_is_killed_is_not_checked_any_more)
{
    set_up(false);
    say_subscribed(true);
    launch_with_health_check();
    end_probe(0);
    say_kill_with_grace(HOUR);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLING);
    ck_assert(!last_status()->has_healthy);

    size_t n = fake_process_n(t.processes);
    advance(10 * MINUTE);
    ck_assert_uint_eq(fake_process_n(t.processes), n);
    tear_down();
}
END_TEST

START_TEST(each_update_of_a_task_with_a_check_has_its_status)
{
    V1__TaskInfo *task;
    set_up(false);
    say_subscribed(true);
    struct message *m = make_launch("serve", &task);
    V1__CheckInfo *check = message_new(m, &v1__check_info__descriptor);

    check->has_type = true;
    check->type = V1__CHECK_INFO__TYPE__COMMAND;
    check->command = message_new(m, &v1__check_info__command__descriptor);
    check->command->command = message_new(m, &v1__command_info__descriptor);
    check->command->command->value = message_strdup(m, "probe-it");
    check->has_delay_seconds = true;
    check->delay_seconds = 0;
    task->check = check;
    say(m);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    ck_assert_ptr_nonnull(last_status()->check_status->command);
    ck_assert(!last_status()->check_status->command->has_exit_code);

    advance(0);
    end_probe(W_EXITCODE(7, 0));
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_TASK_CHECK_STATUS_UPDATED);
    ck_assert_int_eq(last_status()->check_status->type,
                     V1__CHECK_INFO__TYPE__COMMAND);
    ck_assert_int_eq(last_status()->check_status->command->exit_code, 7);
    ck_assert(!last_status()->has_healthy);

    end_command(W_EXITCODE(0, 0));
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FINISHED);
    ck_assert(!last_status()->check_status->command->has_exit_code);
    tear_down();
}
END_TEST

START_TEST(nothing_is_checked_while_the_agent_is_away)
{
    set_up(true);
    say_subscribed(true);
    launch_with_health_check();
    actor_terminate(t.system, recorder_upid(t.agent));
    actor_system_run(t.system);

    const struct fake_child *probe = fake_process_find(t.processes,
                                                       "probe-it");
    ck_assert(!probe->is_running);
    size_t n = fake_process_n(t.processes);
    advance(10 * MINUTE);
    ck_assert_uint_eq(fake_process_n(t.processes), n);
    tear_down();
}
END_TEST

static Suite *
command_checks_suite(void)
{
    Suite *suite = suite_create("command_checks");

    test_add(suite, "health", health_is_told);
    test_add(suite, "unhealthy", unhealthy_task_is_killed);
    test_add(suite, "check_killed",
             task_that_is_killed_is_not_checked_any_more);
    test_add(suite, "check",
             each_update_of_a_task_with_a_check_has_its_status);
    test_add(suite, "check_away", nothing_is_checked_while_the_agent_is_away);
    return suite;
}

TEST_MAIN(command_checks_suite)
