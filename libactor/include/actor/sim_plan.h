/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_plan.h - what is to go wrong in a simulated world, as data.
 *
 * A plan is a list of faults, each with a time, a duration, hosts and a
 * number.  It is drawn from a seed, can be written and read as text,
 *
 *     12.340s for 3.000s: partition node-1 node-2
 *     40.000s for 0.500s: loss node-1 master 300000
 *
 * and be cut down to the few faults that a failure needs.  A crash always
 * tears what was not synced (sim.h).
 *
 * Swizzle-clogging, which finds what no single fault does, is several clogs:
 * some hosts are clogged one after the other, and released in another order.
 *
 * Thread-safety: one thread a plan. */
#ifndef ACTOR_SIM_PLAN_H
#define ACTOR_SIM_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/vec.h>

struct error;
struct sim;
struct strbuf;

enum sim_fault_kind {
#define SIM_FAULT(NAME, text, n_hosts, amount, help) SIM_FAULT_##NAME,
#include <actor/sim_fault.def>
#undef SIM_FAULT
    SIM_N_FAULT_KINDS,
};

struct sim_fault {
    int64_t at_ns;
    int64_t for_ns;
    enum sim_fault_kind kind;
    uint32_t hosts[2];          /* indices, in order added */
    int64_t amount;
};

struct sim_plan {
    VEC(struct sim_fault) faults;       /* by time */
};

void sim_plan_fini(struct sim_plan *);
void sim_plan_copy(struct sim_plan *to, const struct sim_plan *from);

/* --- making --- */

struct sim_plan_options {
    uint64_t seed;
    int64_t from_ns, until_ns;  /* when faults begin */
    int64_t pause_ns;           /* between two, on average */
    int64_t longest_ns;         /* of one */

    /* How often each kind comes, relative to the others. */
    unsigned weights[SIM_N_FAULT_KINDS];

    /* How often several clogs come as a swizzle, likewise. */
    unsigned swizzle_weight;

    /* The hosts that things happen to: the first 'n_hosts'. */
    uint32_t n_hosts;
};

/* 'to' is empty. */
void sim_plan_draw(struct sim_plan *to, const struct sim_plan_options *);

/* --- text --- */

const char *sim_fault_name(enum sim_fault_kind);
const char *sim_fault_help(enum sim_fault_kind);

/* A line for each fault; hosts as the world calls them. */
void sim_plan_format(const struct sim_plan *, struct sim *, struct strbuf *);

/* 'to' is empty, and stays so after an error, which says which line is wrong
 * and how.  Times are at most a year, a delay an hour, a jump of the clock 30
 * days. */
struct error *sim_plan_parse(const char *text, struct sim *,
                             struct sim_plan *to) MUST_CHECK;

/* --- doing --- */

/* Lets it all happen in its time.  The plan may go afterwards.  Hosts have
 * been added. */
void sim_plan_apply(const struct sim_plan *, struct sim *);

/* Lets one fault happen now, whatever its time is. */
void sim_fault_apply(const struct sim_fault *, struct sim *);

/* --- finding out what matters --- */

/* Leaves faults out of '*plan' as long as 'fails' is true of what remains,
 * and asks at most 'max_runs' times.  'fails' must be true of the plan itself.
 * Returns how often it asked.  (Zeller and Hildebrandt's ddmin.) */
unsigned sim_plan_shrink(struct sim_plan *plan,
                         bool (*fails)(void *aux, const struct sim_plan *),
                         void *aux, unsigned max_runs);

#endif /* ACTOR_SIM_PLAN_H */
