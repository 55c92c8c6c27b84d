/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_sim.c - how fast clusters run in the simulator, against real time.
 *
 * A fixed number of seeds of two suites, all faults on, one after another,
 * each once.  A seed that fails makes the program fail. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <actor/error.h>
#include <actor/log.h>

#include "tests/sim/runner.h"

/* Virtual seconds per real second that a suite has to reach. */
#define BAR 100

static const struct {
    const struct suite *suite;
    unsigned n_seeds;
} runs[] = {
    { &suite_large, 20 },
    { &suite_cluster, 200 },
};

static bool
run(const struct suite *suite, unsigned n_seeds)
{
    const struct runner_options options = {
        .suite = suite, .first = 1, .n = n_seeds, .n_jobs = 1,
        .once = true,
    };
    struct runner_summary summary;

    runner_run(&options, &summary);
    if (summary.n_failed > 0) {
        fprintf(stderr, "bench_sim: %" PRIu64 " seeds of '%s' fail\n",
                summary.n_failed, suite->name);
        return false;
    }
    printf("{\"name\":\"sim/%s: %s\",\"value\":%.0f,"
           "\"unit\":\"x real time\",\"bar\":%d}\n", suite->name,
           suite->summary,
           (double) summary.virtual_ns / (double) summary.wall_ns, BAR);
    printf("{\"name\":\"sim/%s, events\",\"value\":%.0f,"
           "\"unit\":\"events/s\"}\n", suite->name,
           (double) summary.n_events * 1e9 / (double) summary.wall_ns);
    return true;
}

int
main(void)
{
    static const struct log_options quiet = {
        .program = "bench_sim", .quiet = true,
    };
    int status = EXIT_SUCCESS;

    error_drop(log_init(&quiet));
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        if (!run(runs[i].suite, runs[i].n_seeds)) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}
