/* SPDX-License-Identifier: Apache-2.0
 *
 * runner.h - many seeds of a suite; and what to do about one that failed.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_SIM_RUNNER_H
#define TESTS_SIM_RUNNER_H 1

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/suite.h"

struct runner_options {
    const struct suite *suite;
    uint64_t first, n;          /* seeds */
    unsigned n_jobs;            /* processes; 0: one for each processor */
    bool once;                  /* not twice, to compare */
    bool planted;
    bool stop;                  /* at the first that fails */
};

struct runner_summary {
    uint64_t n_run, n_failed, n_events, n_done, n_faults;
    int64_t virtual_ns;         /* of both runs of each seed */
    int64_t wall_ns;
    uint64_t first_failed;      /* the lowest; if 'n_failed' is not 0 */
};

/* Runs each seed twice and compares, in processes of its own, with a progress
 * line on standard error if that is a terminal; failures are told on standard
 * output as they come, with what repeats them. */
void runner_run(const struct runner_options *, struct runner_summary *ret);

/* Runs one seed here and shows its plan and its end on standard output, with
 * 'trace' all that happens; true if all held. */
bool runner_show(const struct suite *, const struct suite_options *,
                 bool trace);

/* Cuts the plan of a failing seed down and shows what is left; false if the
 * seed does not fail. */
bool runner_shrink(const struct suite *, uint64_t seed, bool planted);

#endif /* TESTS_SIM_RUNNER_H */
