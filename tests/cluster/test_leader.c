/* SPDX-License-Identifier: Apache-2.0
 *
 * test_leader.c - a cluster with two masters, of which now this one leads and
 * now that one. */
#include <config.h>

#include <stdint.h>

#include <actor/duration.h>
#include <actor/error.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

static struct cluster *
start(size_t n_agents, uint64_t seed)
{
    struct cluster_options options = {
        .n_agents = n_agents, .n_masters = 2, .appointed = true, .seed = seed,
        .failover_timeout = 36000, .partition_aware = true,
    };

    return cluster_start(&options);
}

static void
check(struct cluster *c)
{
    struct error *error = cluster_check(c);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
check_members(struct cluster *c, double n_agents)
{
    ck_assert_double_eq(cluster_metric(c, "master/elected"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), n_agents);
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_active"), 1);
}

START_TEST(all_move_to_the_appointed_master)
{
    struct cluster *c = start(2, 1);

    check_members(c, 2);
    cluster_appoint(c, 1);
    cluster_advance(c, MINUTE);

    check_members(c, 2);
    ck_assert_double_eq(cluster_metric(c, "master/slave_reregistrations"), 2);
    cluster_launch(c, "t", "true");
    cluster_advance(c, MINUTE);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FINISHED");
    check(c);
    cluster_stop(c);
}
END_TEST

START_TEST(tasks_outlive_their_masters)
{
    struct cluster *c = start(2, 2);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    for (size_t i = 1; i < 7; i++) {
        cluster_appoint(c, i % 2);
        cluster_advance(c, MINUTE);
        check_members(c, 2);
        ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
        check(c);
    }
    cluster_end_command(c, "t", 0);
    cluster_advance(c, MINUTE);

    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    cluster_stop(c);
}
END_TEST

START_TEST(nobody_leads_for_a_while)
{
    struct cluster *c = start(1, 3);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_appoint(c, SIZE_MAX);
    cluster_advance(c, MINUTE);

    /* What ends meanwhile is told afterwards. */
    cluster_end_command(c, "t", 0);
    cluster_advance(c, 10 * MINUTE);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    cluster_appoint(c, 0);
    cluster_advance(c, MINUTE);

    check_members(c, 1);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    check(c);
    cluster_stop(c);
}
END_TEST

START_TEST(leader_that_is_killed_leads_again)
{
    struct cluster *c = start(2, 4);

    cluster_appoint(c, 1);
    cluster_advance(c, MINUTE);
    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_restart_master(c);
    cluster_advance(c, MINUTE);

    check_members(c, 2);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    check(c);
    cluster_stop(c);
}
END_TEST

START_TEST(agents_that_start_meanwhile_find_the_leader)
{
    struct cluster *c = start(2, 5);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_agent(c, 0, 20 * SECOND);
    cluster_appoint(c, 1);
    cluster_kill_agent(c, 1, 5 * SECOND);
    cluster_advance(c, 2 * MINUTE);

    check_members(c, 2);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    check(c);
    cluster_stop(c);
}
END_TEST

START_TEST(leadership_moves_faster_than_anybody_follows)
{
    struct cluster *c = start(3, 6);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    for (size_t i = 0; i < 40; i++) {
        cluster_appoint(c, i % 3 == 2 ? SIZE_MAX : i % 3);
        cluster_advance(c, (int64_t) (i % 7) * 300 * MILLISECOND);
    }
    cluster_appoint(c, 1);
    cluster_advance(c, 5 * MINUTE);

    check_members(c, 3);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    check(c);
    cluster_stop(c);
}
END_TEST

static Suite *
leader_suite(void)
{
    Suite *suite = suite_create("leader");

    test_add(suite, "move", all_move_to_the_appointed_master);
    test_add(suite, "tasks", tasks_outlive_their_masters);
    test_add(suite, "nobody", nobody_leads_for_a_while);
    test_add(suite, "killed", leader_that_is_killed_leads_again);
    test_add(suite, "agents", agents_that_start_meanwhile_find_the_leader);
    test_add(suite, "fast", leadership_moves_faster_than_anybody_follows);
    return suite;
}

TEST_MAIN(leader_suite)
