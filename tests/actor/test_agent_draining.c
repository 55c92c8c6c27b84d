/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_draining.c - an agent that is to be empty: the master and the
 * executors are puppets, the disk is real. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/agent_stage.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/test.h"

#define GRACE(NS) "\"max_grace_period\":{\"nanoseconds\":" NS "}"
#define COMMAND "\"command\":{\"value\":\"sleep 1000\"}"
#define POLICY(NS) COMMAND ",\"kill_policy\":{\"grace_period\":" \
    "{\"nanoseconds\":" NS "}}"
#define EXECUTOR "\"executor\":{\"type\":\"CUSTOM\",\"executor_id\":" \
    "{\"value\":\"e\"},\"command\":{\"value\":\"sleep\"}}"
#define PARTITION_AWARE ",\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}]"

static void
drain(struct agent_stage *s, const char *config)
{
    puppet_say(s->master, &s->agent, &msg_drain_agent, "{\"config\":{%s}}",
               config);
}

/* Files follow the journal. */
static void
wait_for_files(struct agent_stage *s)
{
    agent_stage_advance(s, 100 * MILLISECOND);
}

static bool
is_kept(struct agent_stage *s)
{
    autofree char *path = agent_stage_path(s, "drain.config");

    wait_for_files(s);
    return access(path, F_OK) == 0;
}

static void
run(struct agent_stage *s, const char *id, const char *task)
{
    agent_stage_run_task(s, id, "", task);
    agent_stage_subscribe(s, id);
    agent_stage_update(s, id, id, "TASK_RUNNING", 1);
    agent_stage_acknowledge(s, 0);
    puppet_forget(s->master);
    puppet_forget(s->executor);
}

static const Executor__Event__Kill *
kill_order(const struct agent_stage *s, size_t i)
{
    const Executor__Event *event =
        agent_stage_event(s, EXECUTOR__EVENT__TYPE__KILL, i);

    return event ? event->kill : NULL;
}

/* The framework has acknowledged the end of the task, and its executor is
 * gone. */
static void
let_end(struct agent_stage *s)
{
    agent_stage_acknowledge(s, agent_stage_n_statuses(s) - 1);
    agent_stage_exit(s, W_EXITCODE(0, 0));
}

#define ck_assert_grace(ORDER, NS) do { \
    ck_assert_ptr_nonnull(ORDER); \
    ck_assert_ptr_nonnull((ORDER)->kill_policy); \
    ck_assert_int_eq((ORDER)->kill_policy->grace_period->nanoseconds, NS); \
} while (0)

START_TEST(agent_with_nothing_to_do_is_drained_at_once)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    drain(&s, "");

    ck_assert(!is_kept(&s));
    agent_stage_run_task(&s, "t", "", COMMAND);
    ck_assert_uint_eq(agent_stage_n_statuses(&s), 0);
    ck_assert_uint_eq(fake_process_n(s.processes), 1);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(task_has_no_more_time_to_end_than_the_operator_allows)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", POLICY("60000000000"));
    drain(&s, GRACE("10000000000"));
    ck_assert_grace(kill_order(&s, 0), 10 * SECOND);
    ck_assert_ptr_null(kill_order(&s, 1));
    agent_stage_fini(&s);
}
END_TEST

START_TEST(task_that_takes_less_time_anyway_is_left_with_that)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", POLICY("5000000000"));
    drain(&s, GRACE("10000000000"));
    ck_assert_ptr_nonnull(kill_order(&s, 0));
    ck_assert_ptr_null(kill_order(&s, 0)->kill_policy);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(command_without_a_policy_is_not_given_more_time_than_usual)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, GRACE("3600000000000"));
    ck_assert_ptr_nonnull(kill_order(&s, 0));
    ck_assert_ptr_null(kill_order(&s, 0)->kill_policy);

    drain(&s, GRACE("1000000000"));
    ck_assert_grace(kill_order(&s, 1), SECOND);
    drain(&s, GRACE("-1"));
    ck_assert_grace(kill_order(&s, 2), 0);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(executor_that_is_not_ours_hears_what_is_allowed)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", EXECUTOR);
    agent_stage_subscribe(&s, "e");
    agent_stage_update(&s, "e", "t", "TASK_RUNNING", 1);
    drain(&s, GRACE("3600000000000"));
    ck_assert_grace(kill_order(&s, 0), 3600 * SECOND);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(kill_without_a_bound_leaves_the_policy_to_the_task)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", POLICY("60000000000"));
    drain(&s, "");
    ck_assert_ptr_nonnull(kill_order(&s, 0));
    ck_assert_ptr_null(kill_order(&s, 0)->kill_policy);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(statuses_of_killed_tasks_say_why)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "");
    agent_stage_update(&s, "t", "t", "TASK_KILLING", 2);
    ck_assert_uint_eq(agent_stage_n_statuses(&s), 1);
    ck_assert_int_eq(agent_stage_status(&s, 0)->state,
                     V1__TASK_STATE__TASK_KILLING);
    ck_assert_int_eq(agent_stage_status(&s, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    agent_stage_acknowledge(&s, 0);
    agent_stage_update(&s, "t", "t", "TASK_KILLED", 3);
    ck_assert_int_eq(agent_stage_status(&s, 1)->state,
                     V1__TASK_STATE__TASK_KILLED);
    ck_assert_int_eq(agent_stage_status(&s, 1)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(task_that_ends_by_itself_meanwhile_has_its_own_reason)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "\"mark_gone\":true");
    agent_stage_update(&s, "t", "t", "TASK_FINISHED", 2);
    ck_assert_int_eq(agent_stage_status(&s, 0)->state,
                     V1__TASK_STATE__TASK_FINISHED);
    ck_assert(!agent_stage_status(&s, 0)->has_reason);
    agent_stage_fini(&s);
}
END_TEST

static void
end_on_an_agent_that_goes(const char *framework, V1__TaskState expected)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", framework, COMMAND);
    agent_stage_subscribe(&s, "t");
    drain(&s, "\"mark_gone\":true");
    agent_stage_update(&s, "t", "t", "TASK_KILLING", 2);
    ck_assert_int_eq(agent_stage_status(&s, 0)->state,
                     V1__TASK_STATE__TASK_KILLING);
    agent_stage_acknowledge(&s, 0);
    agent_stage_update(&s, "t", "t", "TASK_KILLED", 3);
    ck_assert_int_eq(agent_stage_status(&s, 1)->state, expected);
    ck_assert_int_eq(agent_stage_status(&s, 1)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    agent_stage_acknowledge(&s, 1);
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}

START_TEST(task_is_gone_with_an_agent_that_will_be)
{
    end_on_an_agent_that_goes(PARTITION_AWARE,
                              V1__TASK_STATE__TASK_GONE_BY_OPERATOR);
}
END_TEST

START_TEST(framework_that_knows_no_partitions_hears_of_a_kill)
{
    end_on_an_agent_that_goes("", V1__TASK_STATE__TASK_KILLED);
}
END_TEST

START_TEST(task_before_its_executor_is_there_is_killed_at_once)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", COMMAND);
    drain(&s, "");
    ck_assert_uint_eq(agent_stage_n_statuses(&s), 1);
    ck_assert_int_eq(agent_stage_status(&s, 0)->state,
                     V1__TASK_STATE__TASK_KILLED);
    ck_assert_int_eq(agent_stage_status(&s, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    ck_assert(!fake_process_at(s.processes, 0)->is_running);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(task_for_an_agent_that_drains_is_refused)
{
    const V1__TaskStatus *status;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "");
    agent_stage_run_task(&s, "u", "", COMMAND);
    status = agent_stage_status(&s, 0);
    ck_assert_str_eq(status->task_id->value, "u");
    ck_assert_int_eq(status->state, V1__TASK_STATE__TASK_LOST);
    ck_assert_int_eq(status->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    ck_assert_str_eq(status->message,
                     "Task was received while agent was already draining");
    ck_assert_uint_eq(fake_process_n(s.processes), 1);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(agent_is_drained_when_the_last_task_has_been_heard_of)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "");
    ck_assert(is_kept(&s));
    agent_stage_update(&s, "t", "t", "TASK_KILLED", 2);
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    ck_assert(is_kept(&s));
    agent_stage_acknowledge(&s, 0);
    ck_assert(!is_kept(&s));

    /* And open again. */
    agent_stage_run_task(&s, "u", "", COMMAND);
    ck_assert_uint_eq(fake_process_n(s.processes), 2);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(executor_without_tasks_is_asked_to_end)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", EXECUTOR);
    agent_stage_subscribe(&s, "e");
    agent_stage_run_task(&s, "u", "", EXECUTOR);
    drain(&s, "");
    ck_assert_ptr_nonnull(kill_order(&s, 1));
    agent_stage_update(&s, "e", "t", "TASK_KILLED", 2);
    ck_assert_ptr_null(agent_stage_event(&s, EXECUTOR__EVENT__TYPE__SHUTDOWN,
                                         0));
    agent_stage_update(&s, "e", "u", "TASK_KILLED", 3);
    ck_assert_ptr_nonnull(agent_stage_event(
        &s, EXECUTOR__EVENT__TYPE__SHUTDOWN, 0));
    agent_stage_acknowledge(&s, 0);
    let_end(&s);
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}
END_TEST

START_TEST(executor_that_had_no_task_left_is_asked_to_end)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", EXECUTOR);
    agent_stage_subscribe(&s, "e");
    agent_stage_update(&s, "e", "t", "TASK_FINISHED", 1);
    agent_stage_acknowledge(&s, 0);
    drain(&s, "");
    ck_assert_ptr_nonnull(agent_stage_event(
        &s, EXECUTOR__EVENT__TYPE__SHUTDOWN, 0));
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}
END_TEST

START_TEST(master_may_take_the_agent_back)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "");
    ck_assert(is_kept(&s));
    puppet_say(s.master, &s.agent, &msg_drain_agent, "{}");
    ck_assert(!is_kept(&s));
    agent_stage_run_task(&s, "u", "", COMMAND);
    ck_assert_uint_eq(fake_process_n(s.processes), 2);
    ck_assert_uint_eq(agent_stage_n_statuses(&s), 0);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(stranger_does_not_drain_an_agent)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    puppet_say(s.executor, &s.agent, &msg_drain_agent, "{\"config\":{}}");
    ck_assert_ptr_null(kill_order(&s, 0));
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}
END_TEST

/* --- over a restart --- */

static void
restart(struct agent_stage *s)
{
    struct error *error;

    agent_stage_kill(s);
    error = agent_stage_start(s);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

START_TEST(restarted_agent_goes_on_draining)
{
    const Internal__ReregisterAgent *again;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", POLICY("60000000000"));
    drain(&s, GRACE("10000000000"));
    restart(&s);

    /* The executor comes back, and is told again. */
    ck_assert_uint_eq(puppet_count(s.executor, &msg_reconnect_executor), 1);
    agent_stage_subscribe(&s, "t");
    ck_assert_grace(kill_order(&s, 0), 10 * SECOND);
    agent_stage_advance(&s, 2 * SECOND);
    again = puppet_heard(s.master, &msg_reregister_agent, 0);
    ck_assert(again->has_draining && again->draining);
    agent_stage_say_reregistered(&s);
    agent_stage_run_task(&s, "u", "", COMMAND);
    ck_assert_str_eq(agent_stage_status(&s, 0)->message,
                     "Task was received while agent was already draining");
    agent_stage_acknowledge(&s, 0);

    agent_stage_update(&s, "t", "t", "TASK_KILLED", 2);
    ck_assert_int_eq(agent_stage_status(&s, 1)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING);
    let_end(&s);
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}
END_TEST

static void
flip_bit(const char *path)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    off_t end = lseek(fd, -1, SEEK_END);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, end), 1);
    byte ^= 1;
    ck_assert_int_eq(pwrite(fd, &byte, 1, end), 1);
    close(fd);
}

/* What is in the journal would be made again. */
static void
drop_journal(const struct agent_stage *s)
{
    autofree char *command = xasprintf("rm -r '%s/meta/journal'",
                                       s->work_dir);

    ck_assert_int_eq(system(command), 0);
}

START_TEST(agent_that_finds_nothing_left_is_drained)
{
    const Internal__ReregisterAgent *again;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "");
    wait_for_files(&s);
    agent_stage_kill(&s);
    /* All was gone before anybody knew. */
    autofree char *path = agent_stage_path(&s, "frameworks");
    autofree char *command = xasprintf("rm -r '%s'", path);
    ck_assert_int_eq(system(command), 0);
    drop_journal(&s);
    ck_assert_ptr_null(agent_stage_start(&s));
    agent_stage_advance(&s, 2 * SECOND);
    again = puppet_heard(s.master, &msg_reregister_agent, 0);
    ck_assert(!again->draining);
    ck_assert(!is_kept(&s));
    agent_stage_fini(&s);
}
END_TEST

START_TEST(damaged_drain_is_named_and_refused)
{
    struct agent_stage s;
    struct error *error;

    agent_stage_init(&s, NULL);
    run(&s, "t", COMMAND);
    drain(&s, "\"mark_gone\":true");
    wait_for_files(&s);
    agent_stage_kill(&s);
    autofree char *path = agent_stage_path(&s, "drain.config");
    drop_journal(&s);
    flip_bit(path);

    error = agent_stage_start(&s);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error_text(error), "S0/drain.config") != NULL,
                  "%s", error_text(error));
    error_destroy(error);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(damaged_drain_is_passed_over_if_that_is_wanted)
{
    struct agent_stage s;

    agent_stage_init(&s, "--no-strict");
    run(&s, "t", COMMAND);
    drain(&s, "\"mark_gone\":true");
    wait_for_files(&s);
    agent_stage_kill(&s);
    autofree char *path = agent_stage_path(&s, "drain.config");
    drop_journal(&s);
    flip_bit(path);

    ck_assert_ptr_null(agent_stage_start(&s));
    agent_stage_subscribe(&s, "t");
    ck_assert_ptr_null(kill_order(&s, 0));
    agent_stage_fini(&s);
}
END_TEST

static Suite *
agent_draining_suite(void)
{
    Suite *suite = suite_create("agent_draining");

    test_add(suite, "empty", agent_with_nothing_to_do_is_drained_at_once);
    test_add(suite, "bound",
             task_has_no_more_time_to_end_than_the_operator_allows);
    test_add(suite, "policy",
             task_that_takes_less_time_anyway_is_left_with_that);
    test_add(suite, "usual",
             command_without_a_policy_is_not_given_more_time_than_usual);
    test_add(suite, "custom", executor_that_is_not_ours_hears_what_is_allowed);
    test_add(suite, "unbound",
             kill_without_a_bound_leaves_the_policy_to_the_task);
    test_add(suite, "reason", statuses_of_killed_tasks_say_why);
    test_add(suite, "own",
             task_that_ends_by_itself_meanwhile_has_its_own_reason);
    test_add(suite, "gone", task_is_gone_with_an_agent_that_will_be);
    test_add(suite, "unaware",
             framework_that_knows_no_partitions_hears_of_a_kill);
    test_add(suite, "queued",
             task_before_its_executor_is_there_is_killed_at_once);
    test_add(suite, "refuse", task_for_an_agent_that_drains_is_refused);
    test_add(suite, "end",
             agent_is_drained_when_the_last_task_has_been_heard_of);
    test_add(suite, "idle", executor_without_tasks_is_asked_to_end);
    test_add(suite, "late", executor_that_had_no_task_left_is_asked_to_end);
    test_add(suite, "back", master_may_take_the_agent_back);
    test_add(suite, "stranger", stranger_does_not_drain_an_agent);
    test_add(suite, "restart", restarted_agent_goes_on_draining);
    test_add(suite, "nothing", agent_that_finds_nothing_left_is_drained);
    test_add(suite, "damaged", damaged_drain_is_named_and_refused);
    test_add(suite, "lenient", damaged_drain_is_passed_over_if_that_is_wanted);
    return suite;
}

TEST_MAIN(agent_draining_suite)
