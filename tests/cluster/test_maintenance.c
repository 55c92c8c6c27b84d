/* SPDX-License-Identifier: Apache-2.0
 *
 * test_maintenance.c - machines of a cluster are taken down and brought up
 * again, under a virtual clock. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <signal.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

#define N_SEEDS 5

static struct cluster *
start(uint64_t seed, size_t n_agents)
{
    static struct cluster_options options;

    options = (struct cluster_options) {
        .n_agents = n_agents, .seed = seed, .failover_timeout = 3600,
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

static void
schedule(struct cluster *c, size_t agent)
{
    autofree char *machine = cluster_machine(c, agent);
    autofree char *answer = cluster_operate(
        c, "\"update_maintenance_schedule\":{\"schedule\":{\"windows\":[{"
        "\"machine_ids\":[%s],\"unavailability\":{\"start\":{"
        "\"nanoseconds\":1000},\"duration\":{\"nanoseconds\":2000}}}]}}",
        machine);

    ck_assert_str_eq(answer, "200");
}

/* "start" or "stop". */
static void
do_maintenance(struct cluster *c, const char *what, size_t agent)
{
    autofree char *machine = cluster_machine(c, agent);
    autofree char *answer = cluster_operate(
        c, "\"%s_maintenance\":{\"machines\":[%s]}", what, machine);

    ck_assert_str_eq(answer, "200");
}

static bool
status_has(struct cluster *c, const char *text)
{
    autofree char *status = cluster_show(c, "GET_MAINTENANCE_STATUS");

    return strstr(status, text) != NULL;
}

START_TEST(machine_is_emptied_taken_down_and_brought_back)
{
    struct cluster *c = start((uint64_t) _i, 1);

    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    ck_assert_uint_eq(cluster_n_inverse_offers(c), 0);
    schedule(c, 0);
    cluster_advance(c, 10 * SECOND);
    ck_assert_uint_eq(cluster_n_inverse_offers(c), 1);
    ck_assert(status_has(c, "\"status\":\"ACCEPT\""));
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING");

    do_maintenance(c, "start", 0);
    cluster_advance(c, 20 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "t"), "STARTING RUNNING LOST");
    ck_assert_int_eq(cluster_command_signal(c, "t"), SIGTERM);
    ck_assert_uint_eq(cluster_n_executors(c), 0);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_connected"), 0);
    ck_assert(status_has(c, "\"down_machines\""));

    /* The agent is started again and again, and is not let in. */
    cluster_advance(c, 20 * SECOND);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_connected"), 0);

    do_maintenance(c, "stop", 0);
    cluster_advance(c, 2 * MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    cluster_launch(c, "u", "true");
    cluster_advance(c, 10 * SECOND);
    ck_assert_str_eq(cluster_new_states(c, "u"), "STARTING RUNNING FINISHED");
    stop_clean(c);
}
END_TEST

START_TEST(framework_is_not_asked_about_other_machines)
{
    struct cluster *c = start(1, 2);

    schedule(c, 1);
    cluster_launch(c, "t", "sleep");
    cluster_advance(c, 5 * SECOND);
    do_maintenance(c, "start", 1);
    cluster_advance(c, MINUTE);

    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    ck_assert_uint_le(cluster_n_inverse_offers(c), 1);
    do_maintenance(c, "stop", 1);
    cluster_advance(c, 2 * MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 2);
    cluster_kill_task(c, "t");
    cluster_advance(c, 30 * SECOND);
    stop_clean(c);
}
END_TEST

/* At whatever moment the master dies, what was answered stands. */
START_TEST(what_was_answered_outlives_the_master)
{
    struct cluster *c = start((uint64_t) _i, 2);
    autofree char *quota = NULL;

    schedule(c, 0);
    quota = cluster_operate(c, "\"update_quota\":{\"quota_configs\":[{"
                            "\"role\":\"*\",\"limits\":{\"cpus\":{"
                            "\"value\":3}}}]}");
    ck_assert_str_eq(quota, "200");
    cluster_restart_master(c);
    cluster_advance(c, MINUTE);
    ck_assert(status_has(c, "\"draining_machines\""));
    do_maintenance(c, "start", 0);
    cluster_restart_master(c);
    cluster_advance(c, 30 * SECOND);

    autofree char *quotas = cluster_show(c, "GET_QUOTA");
    ck_assert_ptr_nonnull(strstr(quotas, "\"value\":3.0"));
    ck_assert(status_has(c, "\"down_machines\""));
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 1);
    for (int i = 0; i < 4; i++) {
        cluster_launch(c, (const char *[]) { "a", "b", "c", "d" }[i],
                       "sleep");
    }
    cluster_advance(c, MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 3);
    do_maintenance(c, "stop", 0);
    cluster_advance(c, MINUTE);
    ck_assert_double_eq(cluster_metric(c, "master/slaves_active"), 2);
    ck_assert_double_eq(cluster_metric(c, "master/cpus_used"), 3);
    cluster_stop(c);
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
maintenance_suite(void)
{
    Suite *suite = suite_create("maintenance");

    add_loop(suite, "down", machine_is_emptied_taken_down_and_brought_back);
    test_add(suite, "other", framework_is_not_asked_about_other_machines);
    add_loop(suite, "master", what_was_answered_outlives_the_master);
    return suite;
}

TEST_MAIN(maintenance_suite)
