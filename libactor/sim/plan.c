/* SPDX-License-Identifier: Apache-2.0
 *
 * plan.c - plans of faults: drawn from a seed, written, read, cut down. */
#include <config.h>

#include <actor/sim_plan.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/sim.h>
#include <actor/strbuf.h>

#include "core/system_private.h"

#define PPM_MAX 1000000
#define SWIZZLE_STEP (1 * SECOND)
#define CLOCK_SPREAD (10 * SECOND)

/* What is read is at most that; sums of it fit. */
#define TIME_MAX (365 * DAY)
#define DELAY_MAX (1 * HOUR)
#define CLOCK_MAX (30 * DAY)

struct kind {
    const char *name;
    int n_hosts;
    const char *amount;
    const char *help;
};

static const struct kind kinds[] = {
#define SIM_FAULT(NAME, text, n_hosts, amount, help) \
    [SIM_FAULT_##NAME] = { text, n_hosts, amount, help },
#include <actor/sim_fault.def>
#undef SIM_FAULT
};

const char *
sim_fault_name(enum sim_fault_kind kind)
{
    return kinds[kind].name;
}

const char *
sim_fault_help(enum sim_fault_kind kind)
{
    return kinds[kind].help;
}

void
sim_plan_fini(struct sim_plan *plan)
{
    vec_fini(&plan->faults);
}

void
sim_plan_copy(struct sim_plan *to, const struct sim_plan *from)
{
    vec_clear(&to->faults);
    vec_foreach (&from->faults, it) {
        vec_push(&to->faults, *it);
    }
}

static int
compare_times(const void *a_, const void *b_)
{
    const struct sim_fault *a = a_, *b = b_;

    return a->at_ns < b->at_ns ? -1 : a->at_ns > b->at_ns;
}

/* Stable: what was drawn first stays first. */
static void
sort(struct sim_plan *plan)
{
    for (size_t i = 1; i < plan->faults.n; i++) {
        struct sim_fault fault = plan->faults.data[i];
        size_t j = i;

        while (j > 0 && compare_times(&plan->faults.data[j - 1], &fault) > 0) {
            plan->faults.data[j] = plan->faults.data[j - 1];
            j--;
        }
        plan->faults.data[j] = fault;
    }
}

/* --- drawing --- */

struct draw {
    const struct sim_plan_options *options;
    uint64_t random[4];
};

static uint64_t
below(struct draw *d, uint64_t n)
{
    return n > 0 ? seeded_next(d->random) % n : 0;
}

static int64_t
draw_time(struct draw *d, int64_t ns)
{
    return (int64_t) below(d, (uint64_t) ns);
}

static int64_t
draw_amount(struct draw *d, enum sim_fault_kind kind)
{
    switch (kind) {
    case SIM_FAULT_CLOCK:
        return draw_time(d, 2 * CLOCK_SPREAD) - CLOCK_SPREAD;
    case SIM_FAULT_DELAY:
        return draw_time(d, SECOND);
    case SIM_FAULT_DISK_ERROR:
        return (int64_t) below(d, PPM_MAX / 20);
    default:
        return kinds[kind].amount[0] ? (int64_t) below(d, PPM_MAX / 2) : 0;
    }
}

static void
draw_fault(struct draw *d, enum sim_fault_kind kind, int64_t at_ns,
           struct sim_plan *plan)
{
    uint32_t n = d->options->n_hosts;
    struct sim_fault fault = {
        .at_ns = at_ns, .for_ns = draw_time(d, d->options->longest_ns),
        .kind = kind, .amount = draw_amount(d, kind),
    };

    fault.hosts[0] = (uint32_t) below(d, n);
    if (kinds[kind].n_hosts == 2) {
        fault.hosts[1] =
            (fault.hosts[0] + 1 + (uint32_t) below(d, n - 1)) % n;
    }
    vec_push(&plan->faults, fault);
}

/* Each host is clogged or not; those that are begin and end in orders of
 * their own. */
static void
draw_swizzle(struct draw *d, int64_t at_ns, struct sim_plan *plan)
{
    int64_t for_ns = draw_time(d, d->options->longest_ns);

    for (uint32_t host = 0; host < d->options->n_hosts; host++) {
        if (below(d, 2) == 0) {
            struct sim_fault fault = {
                .kind = SIM_FAULT_CLOG, .hosts = { host },
                .at_ns = at_ns + draw_time(d, SWIZZLE_STEP),
                .for_ns = for_ns + draw_time(d, SWIZZLE_STEP),
            };

            vec_push(&plan->faults, fault);
        }
    }
}

void
sim_plan_draw(struct sim_plan *plan, const struct sim_plan_options *options)
{
    struct draw d = { .options = options };
    int64_t at_ns = options->from_ns;
    uint64_t total = options->swizzle_weight;

    CHECK(options->n_hosts > 1 && options->pause_ns > 0);
    seeded_init(d.random, options->seed);
    for (int i = 0; i < SIM_N_FAULT_KINDS; i++) {
        total += options->weights[i];
    }
    for (;;) {
        uint64_t rank = below(&d, total);
        unsigned kind = 0;

        at_ns += draw_time(&d, 2 * options->pause_ns);
        if (at_ns >= options->until_ns || total == 0) {
            break;
        }
        while (kind < SIM_N_FAULT_KINDS && rank >= options->weights[kind]) {
            rank -= options->weights[kind++];
        }
        if (kind < SIM_N_FAULT_KINDS) {
            draw_fault(&d, kind, at_ns, plan);
        } else {
            draw_swizzle(&d, at_ns, plan);
        }
    }
    sort(plan);
}

/* --- text --- */

void
sim_plan_format(const struct sim_plan *plan, struct sim *sim,
                struct strbuf *s)
{
    vec_foreach (&plan->faults, it) {
        const struct kind *kind = &kinds[it->kind];

        strbuf_printf(s, "%" PRId64 ".%09" PRId64 "s for %" PRId64 ".%09"
                      PRId64 "s: %s", it->at_ns / SECOND, it->at_ns % SECOND,
                      it->for_ns / SECOND, it->for_ns % SECOND, kind->name);
        for (int i = 0; i < kind->n_hosts; i++) {
            strbuf_printf(s, " %s",
                          sim_host_name(sim_host(sim, it->hosts[i])));
        }
        if (kind->amount[0]) {
            strbuf_printf(s, " %" PRId64, it->amount);
        }
        strbuf_append(s, "\n");
    }
}

/* A blank-separated word of '*line'; NULL at its end. */
static char *
next_word(char **line)
{
    char *word;

    do {
        word = strsep(line, " \t");
    } while (word && !*word);
    return word;
}

static struct error *
parse_time(const char *word, const char *suffix, int64_t *ret_ns)
{
    size_t len = word ? strlen(word) : 0;
    size_t suffix_len = strlen(suffix);

    if (len <= suffix_len || strcmp(word + len - suffix_len, suffix)) {
        return error_create(ERROR_PARSE, "'%s' is not a time such as 1.5%s",
                            word ? word : "", suffix);
    }
    autofree char *text = xasprintf("%.*ssecs", (int) (len - suffix_len),
                                    word);
    int64_t ns = 0;
    struct error *error = duration_parse(text, &ns);

    if (!error && ns > TIME_MAX) {
        error = error_create(ERROR_PARSE, "'%s' is more than a year", word);
    }
    *ret_ns = ns;
    return error;
}

static struct error *
parse_kind(const char *word, enum sim_fault_kind *ret)
{
    for (unsigned i = 0; word && i < SIM_N_FAULT_KINDS; i++) {
        if (!strcmp(kinds[i].name, word)) {
            *ret = i;
            return NULL;
        }
    }
    return error_create(ERROR_PARSE, "'%s' is not a fault", word ? word : "");
}

static struct error *
parse_host(const char *word, struct sim *sim, uint32_t *ret)
{
    for (size_t i = 0; word && i < sim_n_hosts(sim); i++) {
        if (!strcmp(sim_host_name(sim_host(sim, i)), word)) {
            *ret = (uint32_t) i;
            return NULL;
        }
    }
    return error_create(ERROR_PARSE, "'%s' is not a host", word ? word : "");
}

static struct error *
parse_amount(const char *word, enum sim_fault_kind kind, int64_t *ret)
{
    int64_t most = kind == SIM_FAULT_DELAY ? DELAY_MAX
        : kind == SIM_FAULT_CLOCK ? CLOCK_MAX : PPM_MAX;
    int64_t least = kind == SIM_FAULT_CLOCK ? -CLOCK_MAX : 0;
    char *end;

    if (!word) {
        return error_create(ERROR_PARSE, "the amount is missing");
    }
    errno = 0;
    long long amount = strtoll(word, &end, 10);

    if (errno || *end || amount < least || amount > most) {
        return error_create(ERROR_PARSE, "'%s' is not a number from %" PRId64
                            " to %" PRId64, word, least, most);
    }
    *ret = amount;
    return NULL;
}

static struct error *
parse_hosts(char **line, struct sim *sim, struct sim_fault *fault)
{
    struct error *error = NULL;
    int n = kinds[fault->kind].n_hosts;

    for (int i = 0; !error && i < n; i++) {
        error = parse_host(next_word(line), sim, &fault->hosts[i]);
    }
    if (!error && n == 2 && fault->hosts[0] == fault->hosts[1]) {
        error = error_create(ERROR_PARSE, "'%s' twice: two hosts are needed",
                             sim_host_name(sim_host(sim, fault->hosts[0])));
    }
    return error;
}

static struct error *
parse_fault(char *line, struct sim *sim, struct sim_fault *fault)
{
    struct error *error = parse_time(next_word(&line), "s", &fault->at_ns);
    const char *word = error ? NULL : next_word(&line);

    if (!error && (!word || strcmp(word, "for"))) {
        error = error_create(ERROR_PARSE, "'%s' instead of 'for'",
                             word ? word : "");
    }
    if (!error) {
        error = parse_time(next_word(&line), "s:", &fault->for_ns);
    }
    if (!error) {
        error = parse_kind(next_word(&line), &fault->kind);
    }
    if (!error) {
        error = parse_hosts(&line, sim, fault);
    }
    if (!error && kinds[fault->kind].amount[0]) {
        error = parse_amount(next_word(&line), fault->kind, &fault->amount);
    }
    if (!error && (word = next_word(&line))) {
        error = error_create(ERROR_PARSE, "'%s' is too much", word);
    }
    return error;
}

struct error *
sim_plan_parse(const char *text, struct sim *sim, struct sim_plan *to)
{
    autofree char *copy = xstrdup(text);
    char *rest = copy;
    struct error *error = NULL;

    for (unsigned n = 1; !error && rest; n++) {
        char *line = strsep(&rest, "\n");
        struct sim_fault fault = { .at_ns = 0 };

        line += strspn(line, " \t");
        if (*line == '\0' || *line == '#') {
            continue;
        }
        error = error_wrap(parse_fault(line, sim, &fault), "line %u", n);
        if (!error) {
            vec_push(&to->faults, fault);
        }
    }
    if (error) {
        vec_clear(&to->faults);
    }
    sort(to);
    return error;
}

/* --- shrinking --- */

/* 'from' without its faults first..first+n-1. */
static void
leave_out(struct sim_plan *to, const struct sim_plan *from, size_t first,
          size_t n)
{
    vec_clear(&to->faults);
    for (size_t i = 0; i < from->faults.n; i++) {
        if (i < first || i >= first + n) {
            vec_push(&to->faults, from->faults.data[i]);
        }
    }
}

unsigned
sim_plan_shrink(struct sim_plan *plan,
                bool (*fails)(void *aux, const struct sim_plan *), void *aux,
                unsigned max_runs)
{
    struct sim_plan smaller = { VEC_EMPTY };
    unsigned n_runs = 0;
    size_t n = (plan->faults.n + 1) / 2;

    while (n > 0 && n_runs < max_runs) {
        bool found = false;

        for (size_t i = 0; i < plan->faults.n && n_runs < max_runs;) {
            leave_out(&smaller, plan, i, n);
            n_runs++;
            if (fails(aux, &smaller)) {
                sim_plan_copy(plan, &smaller);
                found = true;
            } else {
                i += n;
            }
        }
        if (!found || n > plan->faults.n) {
            n = n > 1 ? (n + 1) / 2 : found ? 1 : 0;
        }
    }
    sim_plan_fini(&smaller);
    return n_runs;
}
