/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recovery.c - agents that die and come back, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

#define N_SEEDS 40

static struct cluster *
start(uint64_t seed)
{
    static struct cluster_options options;

    options = (struct cluster_options) {
        .n_agents = 1, .seed = seed, .failover_timeout = 3600,
        .partition_aware = true,
    };
    return cluster_start(&options);
}

static void
stop_clean(struct cluster *c)
{
    struct error *error = cluster_check_end(c);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    cluster_stop(c);
}

START_TEST(task_goes_on_when_its_agent_is_killed)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, SECOND);
    cluster_advance(c, 10 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING");
    ck_assert_uint_eq(cluster_n_executors(c), 1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 1);

    ck_assert(cluster_end_command(c, "t", 0));
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    stop_clean(c);
}
END_TEST

START_TEST(recovered_task_can_be_killed)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, SECOND);
    cluster_advance(c, 10 * SECOND);
    cluster_kill_task(c, "t");
    cluster_advance(c, 10 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING KILLED");
    stop_clean(c);
}
END_TEST

/* Longer than an executor waits for an acknowledgement. */
START_TEST(end_of_a_task_waits_for_its_agent)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, 5 * MINUTE);
    cluster_advance(c, SECOND);
    ck_assert(cluster_end_command(c, "t", 0));
    cluster_advance(c, 6 * MINUTE);

    const char *states = cluster_new_states(c, "t");
    ck_assert_msg(strstr(states, "FINISHED") != NULL, "%s", states);
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    stop_clean(c);
}
END_TEST

START_TEST(update_is_the_same_after_a_restart)
{
    struct cluster *c = start(1);

    cluster_withhold_acks(c, true);
    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING");
    cluster_kill_agent(c, 0, SECOND);
    cluster_withhold_acks(c, false);
    cluster_advance(c, 20 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING");
    ck_assert_uint_ge(cluster_n_updates(c, "t"), 3);
    ck_assert(cluster_same_uuid(c, "t", 0, 1));
    ck_assert(cluster_end_command(c, "t", 0));
    cluster_advance(c, 5 * SECOND);
    stop_clean(c);
}
END_TEST

START_TEST(task_is_gone_when_its_host_loses_power)
{
    struct cluster *c = start((uint64_t) _i);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_crash_agent(c, 0, 5 * SECOND);
    cluster_advance(c, 30 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING GONE");
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/slave_registrations"), 1);
    stop_clean(c);
}
END_TEST

/* At whatever moment of a launch the agent dies, the command is started once
 * at most, and the task ends. */
static void
die_during_launch(int seed, bool crash)
{
    struct cluster *c = start((uint64_t) seed);
    char id[16];

    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "t%d", i);
        cluster_launch(c, id, "true");
    }
    cluster_advance(c, (int64_t) sim_draw(cluster_sim(c), 40) * MILLISECOND);
    if (crash) {
        cluster_crash_agent(c, 0, SECOND);
    } else {
        cluster_kill_agent(c, 0, 100 * MILLISECOND);
    }
    cluster_advance(c, 2 * MINUTE);

    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "t%d", i);
        ck_assert_uint_le(cluster_n_commands(c, id), 1);
        ck_assert_msg(cluster_is_over(c, id), "%s: %s", id,
                      cluster_states(c, id));
        if (!crash && cluster_n_commands(c, id) == 1) {
            ck_assert_ptr_nonnull(strstr(cluster_states(c, id), "FINISHED"));
        }
    }
    stop_clean(c);
}

START_TEST(task_runs_once_if_its_agent_dies_during_the_launch)
{
    die_during_launch(_i, false);
}
END_TEST

START_TEST(task_runs_once_if_its_host_dies_during_the_launch)
{
    die_during_launch(_i, true);
}
END_TEST

START_TEST(executor_that_died_meanwhile_fails_its_task)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, 20 * SECOND);
    cluster_advance(c, SECOND);
    cluster_kill_executor(c, "t");
    cluster_advance(c, 40 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FAILED");
    stop_clean(c);
}
END_TEST

START_TEST(executor_that_does_not_come_back_is_killed)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_pause_executor(c, "t");
    cluster_kill_agent(c, 0, SECOND);
    cluster_advance(c, 20 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING GONE");
    stop_clean(c);
}
END_TEST

START_TEST(executor_without_checkpoints_ends_with_its_agent)
{
    struct cluster_options options = {
        .n_agents = 1, .seed = 1, .failover_timeout = 3600,
        .partition_aware = true, .no_checkpoint = true,
    };
    struct cluster *c = cluster_start(&options);

    cluster_launch(c, "t", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, 500 * MILLISECOND);
    cluster_advance(c, MINUTE);

    ck_assert_uint_eq(cluster_n_executors(c), 0);
    ck_assert_msg(cluster_is_over(c, "t"), "%s", cluster_states(c, "t"));
    stop_clean(c);
}
END_TEST

static void
add_loop(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_loop_test(tcase, test, 0, N_SEEDS);
    suite_add_tcase(suite, tcase);
}

static Suite *
recovery_suite(void)
{
    Suite *suite = suite_create("recovery");

    test_add(suite, "killed", task_goes_on_when_its_agent_is_killed);
    test_add(suite, "kill", recovered_task_can_be_killed);
    test_add(suite, "end", end_of_a_task_waits_for_its_agent);
    test_add(suite, "uuid", update_is_the_same_after_a_restart);
    add_loop(suite, "power", task_is_gone_when_its_host_loses_power);
    add_loop(suite, "launch",
             task_runs_once_if_its_agent_dies_during_the_launch);
    add_loop(suite, "launch power",
             task_runs_once_if_its_host_dies_during_the_launch);
    test_add(suite, "dead", executor_that_died_meanwhile_fails_its_task);
    test_add(suite, "silent", executor_that_does_not_come_back_is_killed);
    test_add(suite, "without",
             executor_without_checkpoints_ends_with_its_agent);
    return suite;
}

TEST_MAIN(recovery_suite)
