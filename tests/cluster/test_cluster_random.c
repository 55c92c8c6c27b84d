/* SPDX-License-Identifier: Apache-2.0
 *
 * test_cluster_random.c - a cluster in which things go wrong at random; in the
 * end every task is over, once, and nothing is left of it.
 *
 * The seed of a run that fails is in the message; CLUSTER_SEED=<seed> runs it
 * alone, CLUSTER_SEEDS=<n> runs more of them, CLUSTER_LOG=1 shows the log. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <actor/compiler.h>
#include <actor/duration.h>

#include "tests/cluster/cluster.h"
#include "tests/lib/test.h"

#define N_AGENTS 3
#define N_STEPS 60
#define N_ROUNDS 20
#define DEFAULT_SEEDS 20

/* With odd seeds nobody is away long enough to be taken for unreachable; with
 * even ones some are, and the framework knows what that means. */
#define MAX_FAULT_S(seed) ((seed) % 2 ? 30U : 300U)

struct world {
    struct cluster *cluster;
    uint64_t seed;
    uint64_t random;            /* xorshift64*; never 0 */
    unsigned n_tasks;
    char id[16];                /* of the task named last */
};

static unsigned
pick(struct world *w, unsigned n)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned) ((w->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

static const char *
task_id(struct world *w, unsigned i)
{
    snprintf(w->id, sizeof w->id, "t%u", i);
    return w->id;
}

/* A task that has been heard of and is not over; NULL if none was found. */
static const char *
any_task(struct world *w)
{
    for (unsigned tries = 0; w->n_tasks > 0 && tries < 10; tries++) {
        const char *id = task_id(w, pick(w, w->n_tasks));

        if (cluster_n_updates(w->cluster, id) > 0
            && cluster_n_endings(w->cluster, id) == 0) {
            return id;
        }
    }
    return NULL;
}

/* --- steps --- */

static void
wait_some(struct world *w)
{
    cluster_advance(w->cluster, pick(w, 20000) * MILLISECOND);
}

static void
launch(struct world *w)
{
    static const char *const commands[] = {
        "true", "false", "sleep", "sleep", "stubborn",
    };
    const char *command = commands[pick(w, ARRAY_SIZE(commands))];

    cluster_launch(w->cluster, task_id(w, w->n_tasks), command);
    w->n_tasks++;
}

static void
kill_some(struct world *w)
{
    const char *id = any_task(w);

    if (id) {
        cluster_kill_task(w->cluster, id);
    }
}

static void
end_some(struct world *w)
{
    const char *id = any_task(w);

    if (id) {
        cluster_end_command(w->cluster, id, W_EXITCODE((int) pick(w, 3), 0));
    }
}

static void
wait_half_fault(struct world *w)
{
    unsigned max_ms = MAX_FAULT_S(w->seed) * 1000 / 2;

    cluster_advance(w->cluster, pick(w, max_ms) * MILLISECOND);
}

/* With something going on meanwhile. */
static void
wait_through_fault(struct world *w)
{
    wait_half_fault(w);
    if (pick(w, 2)) {
        kill_some(w);
    } else {
        end_some(w);
    }
    wait_half_fault(w);
}

static void
recover(struct world *w)
{
    cluster_advance(w->cluster, 20 * SECOND);
}

static void
cut_agent(struct world *w)
{
    unsigned agent = pick(w, N_AGENTS);

    cluster_cut_agent(w->cluster, agent, true);
    wait_through_fault(w);
    cluster_cut_agent(w->cluster, agent, false);
    recover(w);
}

static void
cut_framework(struct world *w)
{
    cluster_cut_framework(w->cluster, true);
    wait_through_fault(w);
    cluster_cut_framework(w->cluster, false);
}

static void
pause_agent(struct world *w)
{
    unsigned agent = pick(w, N_AGENTS);

    cluster_pause_agent(w->cluster, agent, true);
    wait_through_fault(w);
    cluster_pause_agent(w->cluster, agent, false);
    recover(w);
}

static void
restart_master(struct world *w)
{
    cluster_restart_master(w->cluster);
    recover(w);
}

static void
step(struct world *w)
{
    static void (*const steps[])(struct world *) = {
        launch, launch, launch, launch, launch, kill_some, kill_some,
        end_some, end_some, wait_some, wait_some, wait_some, cut_agent,
        cut_framework, pause_agent, restart_master,
    };

    steps[pick(w, ARRAY_SIZE(steps))](w);
    double used = cluster_metric(w->cluster, "master/cpus_used");
    double total = cluster_metric(w->cluster, "master/cpus_total");
    ck_assert_msg(used <= total, "seed %" PRIu64 ": %g CPUs of %g are used",
                  w->seed, used, total);
}

/* --- the end --- */

/* Ends what still runs, and asks for what was lost on the way. */
static void
settle(struct world *w)
{
    for (unsigned round = 0; round < N_ROUNDS; round++) {
        cluster_advance(w->cluster, 30 * SECOND);
        for (unsigned i = 0; i < w->n_tasks; i++) {
            const char *id = task_id(w, i);

            if (!cluster_is_launched(w->cluster, id)
                || cluster_n_endings(w->cluster, id) > 0) {
                continue;
            }
            if (cluster_n_updates(w->cluster, id) > 0) {
                cluster_kill_task(w->cluster, id);
            } else {
                cluster_reconcile_task(w->cluster, id);
            }
        }
    }
}

static void
check_tasks(struct world *w)
{
    for (unsigned i = 0; i < w->n_tasks; i++) {
        const char *id = task_id(w, i);

        ck_assert_msg(cluster_n_endings(w->cluster, id) == 1,
                      "seed %" PRIu64 ": task %s: %s", w->seed, id,
                      cluster_states(w->cluster, id));
        ck_assert_msg(cluster_n_commands(w->cluster, id) <= 1,
                      "seed %" PRIu64 ": task %s was started %zu times",
                      w->seed, id, cluster_n_commands(w->cluster, id));
    }
}

static void
check_metrics(struct world *w)
{
    static const char *const keys[] = {
        "master/cpus_used", "master/mem_used", "master/tasks_staging",
        "master/tasks_starting", "master/tasks_running",
        "master/tasks_killing", "master/tasks_unreachable",
        "master/slaves_unreachable",
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        ck_assert_msg(cluster_metric(w->cluster, keys[i]) == 0,
                      "seed %" PRIu64 ": %s is %g", w->seed, keys[i],
                      cluster_metric(w->cluster, keys[i]));
    }
    ck_assert_msg(cluster_metric(w->cluster, "master/slaves_active")
                  == N_AGENTS, "seed %" PRIu64 ": an agent is missing",
                  w->seed);
    ck_assert_msg(cluster_n_executors(w->cluster) == 0,
                  "seed %" PRIu64 ": an executor is left", w->seed);
}

/* The trace of a run. */
static uint64_t
run(uint64_t seed)
{
    struct cluster_options options = {
        .n_agents = N_AGENTS, .seed = seed, .failover_timeout = 3600,
        .partition_aware = seed % 2 == 0,
    };
    struct world w = {
        .cluster = cluster_start(&options), .seed = seed,
        .random = seed * 2654435761 + 1,
    };

    for (unsigned i = 0; i < N_STEPS; i++) {
        step(&w);
    }
    settle(&w);
    check_tasks(&w);
    check_metrics(&w);
    uint64_t trace = cluster_trace(w.cluster);

    cluster_stop(w.cluster);
    return trace;
}

static uint64_t
number_of(const char *variable, uint64_t default_value)
{
    const char *text = getenv(variable);

    return text ? strtoull(text, NULL, 10) : default_value;
}

START_TEST(every_task_ends_once_whatever_happens)
{
    uint64_t first = number_of("CLUSTER_SEED", 1);
    uint64_t n = getenv("CLUSTER_SEED")
        ? 1 : number_of("CLUSTER_SEEDS", DEFAULT_SEEDS);

    for (uint64_t seed = first; seed < first + n; seed++) {
        run(seed);
    }
}
END_TEST

START_TEST(same_seed_gives_the_same_run)
{
    ck_assert_uint_eq(run(7), run(7));
    ck_assert_uint_ne(run(7), run(8));
}
END_TEST

static Suite *
cluster_random_suite(void)
{
    Suite *suite = suite_create("cluster_random");

    test_add(suite, "random", every_task_ends_once_whatever_happens);
    test_add(suite, "same", same_seed_gives_the_same_run);
    return suite;
}

TEST_MAIN(cluster_random_suite)
