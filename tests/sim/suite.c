/* SPDX-License-Identifier: Apache-2.0
 *
 * suite.c - what suites of the simulator share. */
#include <config.h>

#include "tests/sim/suite.h"

#include <string.h>

#include <actor/error.h>
#include <actor/sim.h>
#include <actor/strbuf.h>

const struct suite *const suites[] = {
    &suite_cluster, &suite_large, &suite_failover, &suite_link, &suite_disk,
    &suite_log, NULL,
};

const struct suite *
suite_find(const char *name)
{
    for (size_t i = 0; suites[i]; i++) {
        if (!strcmp(suites[i]->name, name)) {
            return suites[i];
        }
    }
    return NULL;
}

void
suite_result_fini(struct suite_result *result)
{
    error_destroy(result->error);
    *result = (struct suite_result) { .error = NULL };
}

void
suite_plan(const struct suite_options *options, struct sim *sim,
           const struct sim_plan_options *draw, struct suite_result *result)
{
    struct sim_plan plan = { VEC_EMPTY };
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (options->plan) {
        sim_plan_copy(&plan, options->plan);
    } else if (options->plan_text) {
        result->error = sim_plan_parse(options->plan_text, sim, &plan);
    } else {
        sim_plan_draw(&plan, draw);
    }
    if (options->planned) {
        sim_plan_format(&plan, sim, &text);
        options->planned(options->aux, &plan, text.len > 0 ? text.data : "");
    }
    result->n_faults = plan.faults.n;
    sim_plan_apply(&plan, sim);
    sim_plan_fini(&plan);
}

void
suite_finish(struct sim *sim, struct suite_result *result)
{
    result->hash = sim_hash(sim);
    result->n_events = sim_n_events(sim);
    result->virtual_ns = sim_now(sim);
}
