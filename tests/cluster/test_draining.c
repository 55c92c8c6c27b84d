/* SPDX-License-Identifier: Apache-2.0
 *
 * test_draining.c - agents that an operator wants to be empty, seen from both
 * ends, under a virtual clock. */
#include <config.h>

#include <signal.h>
#include <string.h>

#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

#define DRAINING "REASON_AGENT_DRAINING"

static struct cluster *
start(void)
{
    static struct cluster_options options;

    options = (struct cluster_options) {
        .n_agents = 1, .seed = 7, .failover_timeout = 3600,
        .partition_aware = true,
    };
    return cluster_start(&options);
}

/* A drained agent is taken back first. */
static void
stop_clean(struct cluster *c)
{
    if (!strcmp(cluster_drain_state(c, 0), "DRAINED")) {
        cluster_reactivate_agent(c, 0);
        cluster_advance(c, 10 * SECOND);
    }
    struct error *error = cluster_check_end(c);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    cluster_stop(c);
}

START_TEST(drained_agent_has_ended_its_tasks_and_can_be_taken_back)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_drain_agent(c, 0, -1, false);
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_reason(c, "t"), DRAINING);
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    cluster_launch(c, "u", "true");
    cluster_advance(c, 10 * SECOND);
    ck_assert(!cluster_is_launched(c, "u"));

    cluster_reactivate_agent(c, 0);
    cluster_advance(c, 20 * SECOND);
    ck_assert_str_eq(cluster_drain_state(c, 0), "");
    ck_assert_str_eq(cluster_new_states(c, "u"), "STARTING RUNNING FINISHED");
    stop_clean(c);
}
END_TEST

START_TEST(stubborn_task_gets_the_grace_of_the_operator)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_drain_agent(c, 0, SECOND, false);
    cluster_advance(c, SECOND / 2);
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINING");

    /* Three seconds is what it would have had. */
    cluster_advance(c, 3 * SECOND / 2);
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGKILL);
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_reason(c, "t"), DRAINING);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    stop_clean(c);
}
END_TEST

START_TEST(group_is_drained_as_a_whole)
{
    static const char *const tasks[][2] = {
        { "a", "sleep" }, { "b", "stubborn" },
    };
    struct cluster *c = start();

    cluster_launch_group(c, tasks, 2);
    cluster_advance(c, 5 * SECOND);
    cluster_drain_agent(c, 0, SECOND, false);
    cluster_advance(c, 10 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "a"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_new_states(c, "b"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_reason(c, "a"), DRAINING);
    ck_assert_str_eq(cluster_reason(c, "b"), DRAINING);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    stop_clean(c);
}
END_TEST

START_TEST(drain_goes_on_in_a_restarted_agent)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_pause_executor(c, "t");
    cluster_drain_agent(c, 0, SECOND, false);
    cluster_advance(c, SECOND / 10);
    cluster_kill_agent(c, 0, SECOND);
    cluster_advance(c, 30 * SECOND);

    /* Its executor never came back. */
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    ck_assert_uint_eq(cluster_n_endings(c, "t"), 1);
    cluster_reactivate_agent(c, 0);
    cluster_launch(c, "u", "true");
    cluster_advance(c, 20 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "u"), "STARTING RUNNING FINISHED");
    stop_clean(c);
}
END_TEST

/* An agent that is down when it is drained hears of it when it is back. */
START_TEST(agent_that_is_down_drains_when_it_is_back)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, 20 * SECOND);
    cluster_advance(c, SECOND);
    cluster_drain_agent(c, 0, -1, false);
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINING");
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING");

    cluster_advance(c, 40 * SECOND);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_reason(c, "t"), DRAINING);
    stop_clean(c);
}
END_TEST

START_TEST(drain_goes_on_under_another_master)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_drain_agent(c, 0, 2 * SECOND, false);
    cluster_advance(c, SECOND / 2);
    cluster_restart_master(c);
    cluster_advance(c, 30 * SECOND);

    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    ck_assert_uint_eq(cluster_n_endings(c, "t"), 1);
    stop_clean(c);
}
END_TEST

START_TEST(drained_agent_may_be_gone_then)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_drain_agent(c, 0, -1, true);
    cluster_advance(c, 10 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"),
                     "STARTING RUNNING GONE_BY_OPERATOR");
    ck_assert_str_eq(cluster_reason(c, "t"), DRAINING);
    ck_assert_str_eq(cluster_drain_state(c, 0), "GONE");
    ck_assert_uint_eq(cluster_n_executors(c), 0);
    cluster_stop(c);
}
END_TEST

/* A task whose end nobody acknowledges keeps the agent from being drained,
 * and nothing else: when it is taken back, it takes tasks at once. */
START_TEST(end_that_is_not_acknowledged_is_waited_for)
{
    struct cluster *c = start();

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_withhold_acks(c, true);
    cluster_drain_agent(c, 0, -1, false);
    cluster_advance(c, 10 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINING");

    cluster_withhold_acks(c, false);
    cluster_advance(c, 40 * SECOND);
    ck_assert_str_eq(cluster_drain_state(c, 0), "DRAINED");
    cluster_reactivate_agent(c, 0);
    cluster_launch(c, "u", "true");
    cluster_advance(c, 20 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "u"), "STARTING RUNNING FINISHED");
    stop_clean(c);
}
END_TEST

static Suite *
draining_suite(void)
{
    Suite *suite = suite_create("draining");

    test_add(suite, "drain",
             drained_agent_has_ended_its_tasks_and_can_be_taken_back);
    test_add(suite, "grace", stubborn_task_gets_the_grace_of_the_operator);
    test_add(suite, "group", group_is_drained_as_a_whole);
    test_add(suite, "restart", drain_goes_on_in_a_restarted_agent);
    test_add(suite, "down", agent_that_is_down_drains_when_it_is_back);
    test_add(suite, "master", drain_goes_on_under_another_master);
    test_add(suite, "gone", drained_agent_may_be_gone_then);
    test_add(suite, "unheard", end_that_is_not_acknowledged_is_waited_for);
    return suite;
}

TEST_MAIN(draining_suite)
