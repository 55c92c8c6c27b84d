/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_sim_plan.c - plans of faults as text: what is read is written and read
 * again, and a world survives what it says. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>

#include "tests/fuzz/fuzz.h"

static void
check_again(const struct sim_plan *plan, struct sim *sim)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) other = STRBUF(STRBUF_UNLIMITED);
    struct sim_plan again = { VEC_EMPTY };

    sim_plan_format(plan, sim, &text);
    struct error *error = sim_plan_parse(text.data, sim, &again);

    CHECK(!error, "'%s': %s", text.data, error_text(error));
    sim_plan_format(&again, sim, &other);
    CHECK(!strcmp(text.data, other.data), "'%s': '%s'", text.data,
          other.data);
    sim_plan_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);
    struct sim *sim = sim_create(&(struct sim_options) { .seed = 1 });
    struct sim_plan plan = { VEC_EMPTY };

    sim_add_host(sim, "a");
    sim_add_host(sim, "b");
    struct error *error = sim_plan_parse(text, sim, &plan);

    if (error) {
        CHECK(plan.faults.n == 0);
        error_destroy(error);
    } else {
        check_again(&plan, sim);
        sim_plan_apply(&plan, sim);
        sim_run(sim, 1000 * DAY);
    }
    sim_plan_fini(&plan);
    sim_destroy(sim);
    return 0;
}
