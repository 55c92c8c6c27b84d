/* SPDX-License-Identifier: Apache-2.0
 *
 * suite.h - suites of the simulator: what is run under faults, and what has to
 * hold.
 *
 * A run is made from a seed and nothing else, but for the plan of faults,
 * which may be given instead of being drawn from the seed: that is how a
 * failing run is cut down.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_SIM_SUITE_H
#define TESTS_SIM_SUITE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/sim_plan.h>

struct error;

struct suite_options {
    uint64_t seed;
    const struct sim_plan *plan;        /* NULL: drawn from the seed */
    const char *plan_text;              /* the same as text; NULL: none */
    bool planted;                       /* with the suite's planted bug */

    /* Told what is to go wrong, before it does; NULL: nobody. */
    void (*planned)(void *aux, const struct sim_plan *, const char *text);
    void (*trace)(void *aux, const char *line); /* as in sim.h */
    void *aux;
};

struct suite_result {
    struct error *error;        /* owned; NULL: all held */
    uint64_t hash;
    uint64_t n_events;
    int64_t virtual_ns;
    size_t n_faults;            /* in the plan */
    uint64_t n_done;            /* what the suite counts, see below */
};

struct suite {
    const char *name;
    const char *summary;
    const char *counted;        /* "tasks" */
    const char *bug;            /* that can be planted; NULL: none */
    void (*run)(const struct suite_options *, struct suite_result *);
};

void suite_result_fini(struct suite_result *);

extern const struct suite suite_cluster, suite_large, suite_link, suite_disk;
extern const struct suite suite_failover;
extern const struct suite suite_log;

/* All of them; ends with NULL. */
extern const struct suite *const suites[];
const struct suite *suite_find(const char *name);

/* For suites: puts the plan of a run into effect, drawn with 'draw' if none is
 * given. */
struct sim;
void suite_plan(const struct suite_options *, struct sim *,
                const struct sim_plan_options *draw, struct suite_result *);

/* Takes down what there is to know of the world at the end of a run. */
void suite_finish(struct sim *, struct suite_result *);

#endif /* TESTS_SIM_SUITE_H */
