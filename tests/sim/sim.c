/* SPDX-License-Identifier: Apache-2.0
 *
 * sim.c - runs suites of the simulator; see --help. */
#include <config.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>

#include "tests/sim/runner.h"

struct options {
    bool help;
    char *suite;
    uint64_t seeds;
    uint64_t first;
    int64_t seed;
    char *plan;
    bool trace;
    bool once;
    bool planted;
    bool shrink;
    bool stop;
    uint64_t jobs;
};

#define FLAG(NAME, TYPE, DEFAULT, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = DEFAULT, \
      .offset = offsetof(struct options, NAME), .help = HELP }

static const struct flag flag_table[] = {
    FLAG(help, FLAG_BOOL, "false", "Shows this, with the suites and the\n"
         "faults there are."),
    FLAG(suite, FLAG_STRING, "cluster", "What to run; 'all' for each."),
    FLAG(seeds, FLAG_UINT, "100", "How many seeds."),
    FLAG(first, FLAG_UINT, "1", "The first of them."),
    FLAG(seed, FLAG_INT, "-1", "Runs this one alone and shows its plan and\n"
         "how it ended."),
    FLAG(plan, FLAG_PATH, NULL, "With --seed: a file with what is to go\n"
         "wrong, in place of what the seed draws."),
    FLAG(trace, FLAG_BOOL, "false", "With --seed: shows all that happens,\n"
         "and what daemons log."),
    FLAG(shrink, FLAG_BOOL, "true", "Cuts the plan of the first seed that\n"
         "fails down to the faults that it needs."),
    FLAG(once, FLAG_BOOL, "false", "Runs each seed once instead of twice."),
    FLAG(planted, FLAG_BOOL, "false", "Runs with the bug that the suite can\n"
         "plant: it has to be found, or the status is 1."),
    FLAG(stop, FLAG_BOOL, "false", "Stops at the first seed that fails."),
    FLAG(jobs, FLAG_UINT, "0", "Processes; 0: as many as processors."),
};

static void
print_help(void)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    flags_usage(&text, "sim", NULL, flag_table, ARRAY_SIZE(flag_table));
    fputs(text.data, stdout);
    puts("\nSuites:");
    for (size_t i = 0; suites[i]; i++) {
        printf("  %-14s%s\n", suites[i]->name, suites[i]->summary);
        if (suites[i]->bug) {
            printf("  %-14splanted: %s\n", "", suites[i]->bug);
        }
    }
    puts("\nFaults:");
    for (int i = 0; i < SIM_N_FAULT_KINDS; i++) {
        printf("  %-14s%s\n", sim_fault_name((enum sim_fault_kind) i),
               sim_fault_help((enum sim_fault_kind) i));
    }
}

/* --- one seed --- */

static char *
read_file(const char *path)
{
    autofini(strbuf) text = STRBUF(1 << 20);
    FILE *file = fopen(path, "re");
    char line[512];

    if (!file) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, file)) {
        strbuf_append(&text, line);
    }
    fclose(file);
    return xstrdup(text.len > 0 ? text.data : "");
}

static int
run_one(const struct suite *suite, const struct options *o)
{
    autofree char *plan = o->plan ? read_file(o->plan) : NULL;
    const struct suite_options options = {
        .seed = (uint64_t) o->seed, .planted = o->planted, .plan_text = plan,
    };
    bool ok = runner_show(suite, &options, o->trace);

    if (!ok && o->shrink && !plan) {
        runner_shrink(suite, options.seed, o->planted);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- many --- */

static void
print_heading(void)
{
    printf("%-10s%8s%8s%11s%10s%9s%12s%9s\n", "SUITE", "SEEDS", "FAILED",
           "VIRTUAL s", "WALL s", "SPEED", "EVENTS", "FAULTS");
}

static void
print_summary(const struct suite *suite, const struct runner_summary *s)
{
    printf("%-10s%8" PRIu64 "%8" PRIu64 "%11.0f%10.1f%8.0fx%12" PRIu64 "%9"
           PRIu64 "   %" PRIu64 " %s\n", suite->name, s->n_run, s->n_failed,
           (double) s->virtual_ns / SECOND, (double) s->wall_ns / SECOND,
           (double) s->virtual_ns / (double) s->wall_ns, s->n_events,
           s->n_faults, s->n_done, suite->counted);
    fflush(stdout);
}

/* True if it is as it should be. */
static bool
run_suite(const struct suite *suite, const struct options *o)
{
    const struct runner_options options = {
        .suite = suite, .first = o->first, .n = o->seeds, .once = o->once,
        .n_jobs = (unsigned) o->jobs, .planted = o->planted,
        .stop = o->stop || o->planted,
    };
    struct runner_summary summary;

    runner_run(&options, &summary);
    print_summary(suite, &summary);
    if (summary.n_failed > 0 && o->shrink) {
        runner_shrink(suite, summary.first_failed, o->planted);
    }
    return (summary.n_failed == 0) == !o->planted;
}

static bool
is_wanted(const struct suite *suite, const struct options *o)
{
    return !strcmp(o->suite, suite->name)
        || (!strcmp(o->suite, "all") && (!o->planted || suite->bug));
}

static int
run_many(const struct options *o)
{
    int status = EXIT_SUCCESS;

    print_heading();
    for (size_t i = 0; suites[i]; i++) {
        if (is_wanted(suites[i], o) && !run_suite(suites[i], o)) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}

/* --- main --- */

static int
run(const struct options *o)
{
    const struct suite *suite = suite_find(o->suite);

    if (o->help) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (!suite && (strcmp(o->suite, "all") || o->seed >= 0)) {
        fprintf(stderr, "sim: there is no suite '%s'; see --help\n",
                o->suite);
        return 2;
    }
    if (o->planted && suite && !suite->bug) {
        fprintf(stderr, "sim: suite '%s' has no bug to plant\n", o->suite);
        return 2;
    }
    return o->seed >= 0 ? run_one(suite, o) : run_many(o);
}

int
main(int argc, char *argv[])
{
    static const struct log_options quiet = {
        .program = "sim", .quiet = true,
    };
    struct options options = { .help = false };
    struct error *error = flags_load(flag_table, ARRAY_SIZE(flag_table),
                                     &options, argc, argv, NULL, NULL);

    if (error) {
        fprintf(stderr, "sim: %s; see --help\n", error_text(error));
        error_destroy(error);
        return 2;
    }
    error_drop(log_init(&quiet));
    int status = run(&options);

    flags_fini(flag_table, ARRAY_SIZE(flag_table), &options);
    return status;
}
