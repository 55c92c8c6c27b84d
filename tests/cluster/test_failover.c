/* SPDX-License-Identifier: Apache-2.0
 *
 * test_failover.c - masters that come after others, and find in the registry
 * what those have left; under a virtual clock, on simulated disks. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/duration.h>
#include <actor/sim.h>
#include <actor/system.h>

#include "master/private.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/private.h"
#include "tests/lib/test.h"

static struct cluster *
start(size_t n_agents, uint64_t seed)
{
    struct cluster_options options = {
        .n_agents = n_agents, .seed = seed, .failover_timeout = 36000,
        .partition_aware = true,
    };

    return cluster_start(&options);
}

/* The master's actor; NULL if it is not there. */
static struct master *
find_master(struct cluster *c)
{
    struct sim_process *p = sim_service(c->masters[0].host, "mesos-master");
    struct actor_system *system = p ? sim_process_system(p) : NULL;
    struct actor *actor =
        system ? cluster_find_actor(system, &c->masters[0].upid) : NULL;

    return actor ? master_cast(actor) : NULL;
}

static void
get_agent_id(struct cluster *c, char id[128])
{
    const struct agent *agent = agents_next(&find_master(c)->agents, NULL);

    ck_assert_ptr_nonnull(agent);
    snprintf(id, 128, "%s", agent->id->s);
}

START_TEST(agent_keeps_its_id_under_the_next_master)
{
    struct cluster *c = start(1, 1);
    char before[128], after[128];

    get_agent_id(c, before);
    cluster_restart_master(c);
    cluster_advance(c, MINUTE);
    get_agent_id(c, after);

    ck_assert_str_eq(after, before);
    ck_assert_uint_eq(find_master(c)->n_registry_agents, 1);
    ck_assert_double_eq(cluster_metric(c, "master/slave_reregistrations"), 1);
    cluster_stop(c);
}
END_TEST

START_TEST(agent_that_misses_a_failover_is_given_up_and_comes_back)
{
    struct cluster *c = start(1, 2);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_cut_agent(c, 0, true);
    cluster_restart_master(c);
    cluster_advance(c, 2 * MINUTE);
    cluster_reconcile_task(c, "t");
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING");
    cluster_advance(c, 10 * MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/recovery_slave_removals"),
                        1);
    cluster_cut_agent(c, 0, false);
    cluster_advance(c, 3 * MINUTE);

    ck_assert_double_eq(cluster_metric(c, "master/slaves_unreachable"), 0);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    ck_assert(cluster_end_command(c, "t", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    ck_assert_uint_eq(cluster_n_commands(c, "t"), 1);
    cluster_stop(c);
}
END_TEST

static unsigned n_kills;

/* Kills the master while its registrar is asked to admit an agent. */
static void
kill_in_admission(void *c_)
{
    struct cluster *c = c_;
    struct master *m = find_master(c);

    if (m && ids_count(&m->known.registering) > 0) {
        sim_watch(c->sim, NULL, NULL);
        cluster_restart_master(c);
        n_kills++;
    }
}

/* Whether the registry has the agent or not, the agent has not been told: it
 * asks again, and what is left of the first time is given up. */
START_TEST(agent_is_admitted_although_its_master_dies_meanwhile)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct cluster_options options = {
            .n_agents = 1, .seed = seed, .failover_timeout = 36000,
            .watch = kill_in_admission,
        };
        struct cluster *c = cluster_start(&options);

        cluster_advance(c, 2 * MINUTE);
        ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
        cluster_advance(c, 11 * MINUTE);

        ck_assert_uint_eq(ids_count(&find_master(c)->known.recovered), 0);
        ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
        ck_assert_double_le(cluster_metric(c, "master/slaves_unreachable"),
                            1);
        ck_assert_uint_eq(n_kills, seed);
        cluster_stop(c);
    }
}
END_TEST

/* --- schedulers --- */

static struct cluster *
start_two_schedulers(uint64_t seed)
{
    struct cluster_options options = {
        .n_agents = 2, .seed = seed, .failover_timeout = 36000,
        .partition_aware = true, .has_standby = true,
    };

    return cluster_start(&options);
}

START_TEST(schedulers_replace_each_other_and_tasks_go_on)
{
    struct cluster *c = start_two_schedulers(3);
    char id[16];

    for (unsigned i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "t%u", i);
        cluster_launch(c, id, "sleep");
        cluster_advance(c, 5 * SECOND);
        cluster_take_over(c);
        cluster_advance(c, 30 * SECOND);
        ck_assert_uint_eq(cluster_n_replaced(c), i + 1);
    }
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 4);
    for (unsigned i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "t%u", i);
        ck_assert(cluster_end_command(c, id, W_EXITCODE(0, 0)));
    }
    cluster_advance(c, 5 * SECOND);

    for (unsigned i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "t%u", i);
        ck_assert_str_eq(cluster_new_states(c, id),
                         "STARTING RUNNING FINISHED");
        ck_assert_uint_eq(cluster_n_commands(c, id), 1);
    }
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_connected"), 1);
    cluster_stop(c);
}
END_TEST

/* It was cut off while the other one took its place; when it finds the master
 * again it is told, and the other one keeps its place. */
START_TEST(scheduler_that_was_cut_off_does_not_come_back)
{
    struct cluster *c = start_two_schedulers(4);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    sim_cut(c->masters[0].host, c->framework_host, true);
    cluster_take_over(c);
    cluster_advance(c, 60 * SECOND);
    ck_assert_uint_eq(cluster_n_replaced(c), 0);
    sim_cut(c->masters[0].host, c->framework_host, false);
    cluster_advance(c, 120 * SECOND);

    ck_assert_uint_eq(cluster_n_replaced(c), 1);
    ck_assert_ptr_eq(sim_process_host(c->framework), c->standby_host);
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_connected"), 1);
    ck_assert(cluster_end_command(c, "t", W_EXITCODE(0, 0)));
    cluster_advance(c, 5 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING FINISHED");
    cluster_stop(c);
}
END_TEST

/* Nobody subscribes with its id under the next master. */
START_TEST(framework_that_misses_a_failover_is_given_up)
{
    struct cluster_options options = {
        .n_agents = 1, .seed = 5, .failover_timeout = 60,
    };
    struct cluster *c = cluster_start(&options);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    cluster_kill_framework(c);
    cluster_restart_master(c);
    cluster_advance(c, 5 * MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/frameworks_disconnected"),
                        1);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 1);
    cluster_advance(c, 6 * MINUTE);

    ck_assert_double_eq(cluster_metric(c, "master/frameworks_disconnected"),
                        0);
    ck_assert_double_eq(cluster_metric(c, "master/tasks_running"), 0);
    ck_assert_uint_eq(cluster_n_executors(c), 0);
    cluster_stop(c);
}
END_TEST

static Suite *
failover_suite(void)
{
    Suite *suite = suite_create("failover");

    test_add(suite, "id", agent_keeps_its_id_under_the_next_master);
    test_add(suite, "missed",
             agent_that_misses_a_failover_is_given_up_and_comes_back);
    test_add(suite, "admission",
             agent_is_admitted_although_its_master_dies_meanwhile);
    test_add(suite, "schedulers",
             schedulers_replace_each_other_and_tasks_go_on);
    test_add(suite, "cut_off",
             scheduler_that_was_cut_off_does_not_come_back);
    test_add(suite, "given_up", framework_that_misses_a_failover_is_given_up);
    return suite;
}

TEST_MAIN(failover_suite)
