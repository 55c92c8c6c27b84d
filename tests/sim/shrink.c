/* SPDX-License-Identifier: Apache-2.0
 *
 * shrink.c - one seed that failed: shows it, and cuts its plan down to the
 * faults that it needs.
 *
 * Each try is a process of its own, since it may crash; the plan that the seed
 * draws comes back in shared memory before anything can go wrong. */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>

#include "tests/sim/runner.h"

#define FAULTS_MAX 4096u
#define TEXT_MAX (512u * 1024)
#define RUNS_MAX 300u

/* What a child tells of its plan; shared. */
struct report {
    size_t n;
    struct sim_fault faults[FAULTS_MAX];
    char text[TEXT_MAX];
    char error[512];
};

struct attempt {
    const struct suite *suite;
    struct suite_options options;
    struct report *report;
    unsigned n_runs;
};

static void
on_planned(void *report_, const struct sim_plan *plan, const char *text)
{
    struct report *report = report_;

    CHECK(plan->faults.n <= FAULTS_MAX, "the plan is too long");
    report->n = plan->faults.n;
    if (report->n > 0) {
        memcpy(report->faults, plan->faults.data,
               report->n * sizeof report->faults[0]);
    }
    snprintf(report->text, sizeof report->text, "%s", text);
}

static void
try_here(struct attempt *a)
{
    struct suite_result result = { .error = NULL };

    if (!freopen("/dev/null", "w", stderr)) {
        _exit(2);
    }
    a->suite->run(&a->options, &result);
    if (result.error) {
        snprintf(a->report->error, sizeof a->report->error, "%s",
                 error_text(result.error));
    }
    _exit(result.error ? 1 : 0);
}

static bool
fails(void *a_, const struct sim_plan *plan)
{
    struct attempt *a = a_;
    int status;

    a->options.plan = plan;
    snprintf(a->report->error, sizeof a->report->error, "it crashed");
    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0, "%s", strerror(errno));
    if (pid == 0) {
        try_here(a);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K%u runs, %zu faults", ++a->n_runs,
                plan ? plan->faults.n : a->report->n);
    }
    return status != 0;
}

bool
runner_shrink(const struct suite *suite, uint64_t seed, bool planted)
{
    struct report *report = mmap(NULL, sizeof *report,
                                 PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sim_plan plan = { VEC_EMPTY };
    struct attempt a = {
        .suite = suite, .report = report,
        .options = { .seed = seed, .planted = planted,
                     .planned = on_planned, .aux = report },
    };

    CHECK(report != MAP_FAILED, "%s", strerror(errno));
    bool failed = fails(&a, NULL);

    if (failed) {
        for (size_t i = 0; i < report->n; i++) {
            vec_push(&plan.faults, report->faults[i]);
        }
        size_t before = plan.faults.n;
        unsigned n_runs = sim_plan_shrink(&plan, fails, &a, RUNS_MAX);

        fails(&a, &plan);
        printf("%sSeed %" PRIu64 " needs %zu of its %zu faults (%u runs):\n"
               "%s%s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", seed,
               plan.faults.n, before, n_runs, report->text, report->error);
    }
    sim_plan_fini(&plan);
    munmap(report, sizeof *report);
    return failed;
}

/* --- showing --- */

static void
on_trace(void *aux UNUSED, const char *line)
{
    puts(line);
}

static void
show_plan(void *aux UNUSED, const struct sim_plan *plan UNUSED,
          const char *text)
{
    printf("Plan:\n%s\n", text);
}

/* Log lines in the order of the trace; the virtual time is in that. */
static void
on_log(void *aux UNUSED, const char *line)
{
    const char *text = strstr(line, "] ");
    const char *file = text;

    while (file && file > line && file[-1] != ' ') {
        file--;
    }
    printf("%29s%.1s %s\n", "", line, file ? file : line);
}

bool
runner_show(const struct suite *suite, const struct suite_options *given,
            bool trace)
{
    struct suite_options options = *given;
    struct suite_result result = { .error = NULL };

    options.planned = show_plan;
    if (trace) {
        options.trace = on_trace;
        log_set_sink(on_log, NULL);
    }
    suite->run(&options, &result);
    log_set_sink(NULL, NULL);
    bool ok = !result.error;

    printf("\nSeed %" PRIu64 ": %s; %.1f virtual seconds, %" PRIu64
           " events, %" PRIu64 " %s, %zu faults, hash %016" PRIx64 "\n",
           options.seed, ok ? "all held" : error_text(result.error),
           (double) result.virtual_ns / SECOND, result.n_events,
           result.n_done, suite->counted, result.n_faults, result.hash);
    suite_result_fini(&result);
    return ok;
}
