/* SPDX-License-Identifier: Apache-2.0
 *
 * test_cluster.c - masters, agents, executors and a framework together, under
 * a virtual clock. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <actor/duration.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

static struct cluster *
start(size_t n_agents)
{
    struct cluster_options options = {
        .n_agents = n_agents, .seed = 1, .failover_timeout = 3600,
    };

    return cluster_start(&options);
}

static void
assert_nothing_used(struct cluster *c)
{
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/mem_used"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_staging"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_starting"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_killing"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_unreachable"), 0);
    ck_assert_uint_eq(cluster_n_executors(c), 0);
}

/* --- tasks --- */

START_TEST(task_goes_through_all_states)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "true");
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FINISHED");
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_finished"), 1);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(running_task_uses_what_it_was_given)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    cluster_stop(c);
}
END_TEST

START_TEST(hundred_tasks_finish_once_each)
{
    struct cluster *c = start(3);
    char id[16];

    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "t%d", i);
        cluster_launch(c, id, "true");
    }
    cluster_advance(c, 60 * SECOND);

    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "t%d", i);
        ck_assert_str_eq(cluster_states(c, id), "STARTING RUNNING FINISHED");
        ck_assert_uint_eq(cluster_n_commands(c, id), 1);
    }
    ck_assert_double_eq(cluster_metric(c, "master/tasks_finished"), 100);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(failing_command_fails_its_task)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "false");
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FAILED");
    ck_assert_double_eq(cluster_metric(c, "master/tasks_failed"), 1);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(killed_task_ends_by_itself_within_its_grace)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_task(c, "t");
    cluster_advance(c, 1 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING KILLED");
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(stubborn_task_is_killed_after_its_grace)
{
    struct cluster *c = start(1);

    cluster_launch(c, "t", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_task(c, "t");
    cluster_advance(c, 2 * SECOND);
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    cluster_advance(c, 2 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING KILLED");
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGKILL);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

/* --- groups --- */

static void
launch_group(struct cluster *c, const char *first, const char *second)
{
    const char *const tasks[][2] = { { "a", first }, { "b", second } };

    cluster_launch_group(c, tasks, 2);
}

START_TEST(group_runs_in_one_executor)
{
    struct cluster *c = start(1);

    launch_group(c, "sleep", "true");
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_states(c, "a"), "STARTING RUNNING");
    ck_assert_str_eq(cluster_states(c, "b"), "STARTING RUNNING FINISHED");
    ck_assert_uint_eq(cluster_n_executors(c), 1);
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 1.125);
    ck_assert(cluster_end_command(c, "a", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "a"), "STARTING RUNNING FINISHED");
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(group_dies_with_a_task_that_fails)
{
    struct cluster *c = start(1);

    launch_group(c, "stubborn", "sleep");
    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    ck_assert(cluster_end_command(c, "b", W_EXITCODE(1, 0)));
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "a"), "STARTING RUNNING KILLED");
    ck_assert_int_eq(cluster_command_signal(c, "a"), SIGKILL);
    ck_assert_str_eq(cluster_states(c, "b"), "STARTING RUNNING FAILED");
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    ck_assert_uint_eq(cluster_n_executors(c), 1);
    cluster_stop(c);
}
END_TEST

START_TEST(group_dies_with_a_task_that_is_killed)
{
    struct cluster *c = start(1);

    launch_group(c, "sleep", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_task(c, "b");
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "a"), "STARTING RUNNING KILLED");
    ck_assert_str_eq(cluster_states(c, "b"), "STARTING RUNNING KILLED");
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(groups_live_through_a_new_master)
{
    struct cluster *c = start(2);

    launch_group(c, "sleep", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_restart_master(c);
    cluster_advance(c, 120 * SECOND);
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 2.125);
    ck_assert(cluster_end_command(c, "a", W_EXITCODE(0, 0)));
    ck_assert(cluster_end_command(c, "b", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "a"), "STARTING RUNNING FINISHED");
    ck_assert_str_eq(cluster_new_states(c, "b"), "STARTING RUNNING FINISHED");
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(groups_die_with_their_framework)
{
    struct cluster_options options = { .n_agents = 2, .seed = 1 };
    struct cluster *c = cluster_start(&options);

    launch_group(c, "sleep", "stubborn");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_framework(c);
    cluster_advance(c, 30 * SECOND);

    ck_assert_int_eq(cluster_command_signal(c, "a"), SIGTERM);
    ck_assert_int_eq(cluster_command_signal(c, "b"), SIGKILL);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

/* --- agents and links --- */

START_TEST(silent_agent_becomes_unreachable_after_five_pings)
{
    struct cluster_options options = {
        .n_agents = 1, .seed = 1, .partition_aware = true,
    };
    struct cluster *c = cluster_start(&options);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_pause_agent(c, 0, true);
    cluster_advance(c, 4 * 15 * SECOND);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    cluster_advance(c, 2 * 15 * SECOND);

    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_unreachable"), 1);
    ck_assert_str_eq(cluster_states(c, "t"),
                     "STARTING RUNNING UNREACHABLE");
    cluster_stop(c);
}
END_TEST

START_TEST(task_lives_through_a_broken_link)
{
    struct cluster *c = start(2);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_cut_agent(c, 0, true);
    cluster_cut_agent(c, 1, true);
    cluster_advance(c, 5 * SECOND);
    cluster_cut_agent(c, 0, false);
    cluster_cut_agent(c, 1, false);
    cluster_advance(c, 60 * SECOND);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 2);
    ck_assert(cluster_end_command(c, "t", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FINISHED");
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

/* --- masters and frameworks --- */

START_TEST(tasks_live_through_a_new_master)
{
    struct cluster *c = start(3);

    cluster_launch(c, "a", "sleep");
    cluster_launch(c, "b", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_restart_master(c);
    ck_assert(cluster_end_command(c, "a", W_EXITCODE(0, 0)));
    cluster_advance(c, 120 * SECOND);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 3);
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_active"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    ck_assert(cluster_end_command(c, "b", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);

    ck_assert_str_eq(cluster_states(c, "a"), "STARTING RUNNING FINISHED");
    ck_assert_str_eq(cluster_states(c, "b"), "STARTING RUNNING FINISHED");
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

START_TEST(tasks_die_with_their_framework)
{
    struct cluster_options options = { .n_agents = 2, .seed = 1 };
    struct cluster *c = cluster_start(&options);

    cluster_launch(c, "t", "sleep");
    cluster_launch(c, "stubborn", "stubborn");
    cluster_advance(c, 5 * SECOND);
    ck_assert_uint_eq(cluster_n_executors(c), 2);
    cluster_kill_framework(c);
    cluster_advance(c, 30 * SECOND);

    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    ck_assert_int_eq(cluster_command_signal(c, "stubborn"), SIGKILL);
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_active"), 0);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

/* --- acknowledgements --- */

START_TEST(update_without_acknowledgement_is_repeated)
{
    struct cluster *c = start(1);

    cluster_withhold_acks(c, true);
    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING");
    cluster_withhold_acks(c, false);
    cluster_advance(c, 60 * SECOND);

    ck_assert_str_eq(cluster_states(c, "t"), "STARTING STARTING RUNNING");
    ck_assert(cluster_same_uuid(c, "t", 0, 1));
    ck_assert(!cluster_same_uuid(c, "t", 1, 2));
    cluster_stop(c);
}
END_TEST

/* The acknowledgement of the first update finds the link to the agent cut. */
static void
cut_at_first_update(void *c, const char *task)
{
    if (cluster_n_updates(c, task) == 1) {
        cluster_cut_agent(c, 0, true);
    }
}

START_TEST(update_whose_acknowledgement_was_lost_is_repeated)
{
    struct cluster *c = start(1);

    cluster_on_update(c, cut_at_first_update, c);
    cluster_launch(c, "t", "true");
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING");
    cluster_cut_agent(c, 0, false);
    cluster_advance(c, 60 * SECOND);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    ck_assert_uint_gt(cluster_n_updates(c, "t"), 3);
    ck_assert(cluster_same_uuid(c, "t", 0, 1));
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    assert_nothing_used(c);
    cluster_stop(c);
}
END_TEST

static Suite *
cluster_suite(void)
{
    Suite *suite = suite_create("cluster");

    test_add(suite, "states", task_goes_through_all_states);
    test_add(suite, "running", running_task_uses_what_it_was_given);
    test_add(suite, "hundred", hundred_tasks_finish_once_each);
    test_add(suite, "failing", failing_command_fails_its_task);
    test_add(suite, "kill", killed_task_ends_by_itself_within_its_grace);
    test_add(suite, "stubborn", stubborn_task_is_killed_after_its_grace);
    test_add(suite, "group", group_runs_in_one_executor);
    test_add(suite, "group_fail", group_dies_with_a_task_that_fails);
    test_add(suite, "group_kill", group_dies_with_a_task_that_is_killed);
    test_add(suite, "group_master", groups_live_through_a_new_master);
    test_add(suite, "group_framework", groups_die_with_their_framework);
    test_add(suite, "unreachable",
             silent_agent_becomes_unreachable_after_five_pings);
    test_add(suite, "link", task_lives_through_a_broken_link);
    test_add(suite, "new_master", tasks_live_through_a_new_master);
    test_add(suite, "framework", tasks_die_with_their_framework);
    test_add(suite, "repeat", update_without_acknowledgement_is_repeated);
    test_add(suite, "lost_ack",
             update_whose_acknowledgement_was_lost_is_repeated);
    return suite;
}

TEST_MAIN(cluster_suite)
