/* SPDX-License-Identifier: Apache-2.0
 *
 * suite_cluster.c - clusters in which things go wrong at random; at all times
 * nothing is given away twice, and in the end every task is over, once, its
 * framework has heard of it, and nothing is left.
 *
 * Masters, agents, executors and drivers are the real ones (tests/cluster).
 * In three seeds of four nobody is away for long; in the fourth agents may be
 * taken for unreachable, and the framework knows what that means. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>

#include "agent/status_update_manager.h"
#include "tests/cluster/cluster.h"
#include "tests/sim/suite.h"

#define CHAOS_FROM (10 * SECOND)
#define CHAOS (80 * SECOND)
#define PAUSE_MAX (2 * SECOND)
#define SHORT_FAULT (20 * SECOND)
#define LONG_FAULT (150 * SECOND)
#define ROUND (10 * SECOND)
#define N_ROUNDS 100

struct world {
    struct cluster *cluster;
    struct sim *sim;
    unsigned n_tasks;
    struct error *error;        /* owned; the first */
    unsigned n_events;
    unsigned check_period;      /* events between two checks */
    bool has_standby;
    char id[16];                /* of the task named last */
};

static unsigned
pick(struct world *w, unsigned n)
{
    return (unsigned) sim_draw(w->sim, n);
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
            && !cluster_is_over(w->cluster, id)) {
            return id;
        }
    }
    return NULL;
}

/* --- steps --- */

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

/* As many as an agent has room for. */
static void
launch_group(struct world *w)
{
    static const char *const commands[] = {
        "true", "false", "sleep", "sleep", "stubborn",
    };
    char ids[3][16];
    const char *tasks[3][2];
    unsigned n = 1 + pick(w, ARRAY_SIZE(ids));

    for (unsigned i = 0; i < n; i++) {
        snprintf(ids[i], sizeof ids[i], "t%u", w->n_tasks++);
        tasks[i][0] = ids[i];
        tasks[i][1] = commands[pick(w, ARRAY_SIZE(commands))];
    }
    cluster_launch_group(w->cluster, tasks, n);
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
take_over(struct world *w)
{
    cluster_take_over(w->cluster);
}

static void
step(struct world *w)
{
    static void (*const steps[])(struct world *) = {
        launch, launch, launch_group, kill_some, end_some, take_over,
    };

    steps[pick(w, ARRAY_SIZE(steps) - !w->has_standby)](w);
    cluster_advance(w->cluster, (int64_t) sim_draw(w->sim, PAUSE_MAX));
}

/* --- the end --- */

/* Ends what still runs, and asks for what was lost on the way. */
static void
settle(struct world *w)
{
    for (unsigned i = 0; i < w->n_tasks; i++) {
        const char *id = task_id(w, i);

        if (!cluster_is_launched(w->cluster, id)
            || cluster_is_over(w->cluster, id)) {
            continue;
        }
        if (cluster_n_updates(w->cluster, id) > 0) {
            cluster_kill_task(w->cluster, id);
        } else {
            cluster_reconcile_task(w->cluster, id);
        }
    }
    cluster_advance(w->cluster, ROUND);
}

static struct error *
end(struct world *w)
{
    struct error *error = cluster_check_end(w->cluster);

    for (unsigned round = 0; error && !w->error && round < N_ROUNDS;
         round++) {
        error_destroy(error);
        settle(w);
        error = cluster_check_end(w->cluster);
    }
    return error;
}

static void
check(void *w_)
{
    struct world *w = w_;

    if (!w->error && ++w->n_events % w->check_period == 0) {
        w->error = cluster_check(w->cluster);
    }
}

/* --- a run --- */

static void
run(const struct suite_options *options, const struct cluster_options *shape,
    const struct sim_plan_options *draw, unsigned check_period,
    struct suite_result *result)
{
    struct world w = {
        .cluster = cluster_start(shape), .check_period = check_period,
        .has_standby = shape->has_standby,
    };

    w.sim = cluster_sim(w.cluster);
    status_update_manager_fault_forgets = options->planted;
    sim_watch(w.sim, check, &w);
    suite_plan(options, w.sim, draw, result);
    while (!w.error && !result->error
           && sim_now(w.sim) < CHAOS_FROM + CHAOS) {
        step(&w);
    }
    while (!w.error && sim_now(w.sim) < draw->until_ns + draw->longest_ns) {
        cluster_advance(w.cluster, SECOND);
    }
    struct error *error = end(&w);

    if (!result->error) {
        result->error = w.error ? steal(w.error) : steal(error);
    }
    error_destroy(error);
    error_destroy(w.error);
    sim_watch(w.sim, NULL, NULL);
    result->n_done = w.n_tasks;
    suite_finish(w.sim, result);
    cluster_stop(w.cluster);
    status_update_manager_fault_forgets = false;
}

static const struct sim_plan_options every_fault = {
    .from_ns = CHAOS_FROM, .until_ns = CHAOS_FROM + CHAOS,
    .swizzle_weight = 2,
    .weights = {
        [SIM_FAULT_DELAY] = 4, [SIM_FAULT_LOSS] = 4,
        [SIM_FAULT_DUPLICATE] = 1, [SIM_FAULT_REORDER] = 2,
        [SIM_FAULT_PARTITION] = 6, [SIM_FAULT_ONE_WAY] = 4,
        [SIM_FAULT_ISOLATE] = 2, [SIM_FAULT_CLOG] = 3,
        [SIM_FAULT_RESET] = 5, [SIM_FAULT_CRASH] = 3,
        [SIM_FAULT_KILL] = 4, [SIM_FAULT_PAUSE] = 4,
        [SIM_FAULT_CLOCK] = 1, [SIM_FAULT_FULL_DISK] = 1,
        [SIM_FAULT_DISK_ERROR] = 1, [SIM_FAULT_SLOW_DISK] = 1,
    },
};

static void
run_cluster(const struct suite_options *options, struct suite_result *result)
{
    bool is_long = options->seed % 4 == 0;
    struct cluster_options shape = {
        .n_agents = 3, .seed = options->seed, .failover_timeout = 3600,
        .partition_aware = is_long || options->seed % 2 == 0,
        .trace = options->trace, .aux = options->aux,
    };
    struct sim_plan_options draw = every_fault;

    draw.seed = options->seed;
    draw.pause_ns = 5 * SECOND;
    draw.longest_ns = is_long ? LONG_FAULT : SHORT_FAULT;
    draw.n_hosts = 5;
    run(options, &shape, &draw, 1, result);
}

static void
run_large(const struct suite_options *options, struct suite_result *result)
{
    struct cluster_options shape = {
        .n_masters = 3, .n_agents = 20, .seed = options->seed,
        .failover_timeout = 3600, .partition_aware = true,
        .trace = options->trace, .aux = options->aux,
    };
    struct sim_plan_options draw = every_fault;

    draw.seed = options->seed;
    draw.pause_ns = 2 * SECOND;
    draw.longest_ns = SHORT_FAULT;
    draw.n_hosts = 24;
    run(options, &shape, &draw, 16, result);
}

static void
run_failover(const struct suite_options *options, struct suite_result *result)
{
    struct cluster_options shape = {
        .n_agents = 2, .seed = options->seed, .failover_timeout = 3600,
        .partition_aware = options->seed % 2 == 0, .has_standby = true,
        .trace = options->trace, .aux = options->aux,
    };
    struct sim_plan_options draw = every_fault;

    draw.seed = options->seed;
    draw.pause_ns = 5 * SECOND;
    draw.longest_ns = SHORT_FAULT;
    draw.n_hosts = 5;
    run(options, &shape, &draw, 1, result);
}

const struct suite suite_cluster = {
    .name = "cluster",
    .summary = "a master, 3 agents and a framework, all faults",
    .counted = "tasks", .run = run_cluster,
    .bug = "an agent forgets updates whose acknowledgement was lost",
};

const struct suite suite_large = {
    .name = "large",
    .summary = "3 masters, 20 agents and a framework, all faults",
    .counted = "tasks", .run = run_large,
};

const struct suite suite_failover = {
    .name = "failover",
    .summary = "two schedulers that replace each other, all faults",
    .counted = "tasks", .run = run_failover,
};
