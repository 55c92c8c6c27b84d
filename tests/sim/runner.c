/* SPDX-License-Identifier: Apache-2.0
 *
 * runner.c - many seeds of a suite, shared out to child processes.
 *
 * A run may crash, as what it tests may: then its process is replaced by
 * another and the seed has failed.  What processes tell each other is in
 * memory that they share. */
#include <config.h>

#include "tests/sim/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>

#define JOBS_MAX 64u
#define NO_SEED UINT64_MAX
#define PROGRESS_PERIOD (500 * MILLISECOND)

/* Shared by all processes. */
struct tally {
    atomic_uint_fast64_t next;          /* seed to be taken */
    atomic_uint_fast64_t taken[JOBS_MAX];       /* what each job is at */
    atomic_uint_fast64_t n_run, n_failed, n_events, n_done, n_faults;
    atomic_uint_fast64_t first_failed;
    atomic_int_fast64_t virtual_ns;
};

struct runner {
    const struct runner_options *options;
    struct tally *tally;
    pid_t jobs[JOBS_MAX];       /* 0: ended */
    unsigned n_jobs;
    int64_t began_ns;
    bool shows_progress;
};

static int64_t
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * SECOND + ts.tv_nsec;
}

static void *
shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED, "%s", strerror(errno));
    return memory;
}

/* --- one seed --- */

static void
fail(struct runner *r, uint64_t seed, const char *why)
{
    const struct runner_options *o = r->options;
    uint64_t first = atomic_load(&r->tally->first_failed);

    atomic_fetch_add(&r->tally->n_failed, 1);
    while (seed < first
           && !atomic_compare_exchange_weak(&r->tally->first_failed, &first,
                                            seed)) {
    }
    printf("%sFAIL %s, seed %" PRIu64 ": %s\n"
           "    scripts/sim --suite=%s --seed=%" PRIu64 "%s runs it again\n",
           r->shows_progress ? "\r\033[K" : "", o->suite->name, seed, why,
           o->suite->name, seed, o->planted ? " --planted" : "");
    fflush(stdout);
}

static void
count(struct tally *t, const struct suite_result *result)
{
    atomic_fetch_add(&t->n_events, result->n_events);
    atomic_fetch_add(&t->n_done, result->n_done);
    atomic_fetch_add(&t->n_faults, result->n_faults);
    atomic_fetch_add(&t->virtual_ns, result->virtual_ns);
}

static void
run_seed(struct runner *r, uint64_t seed)
{
    const struct suite_options options = {
        .seed = seed, .planted = r->options->planted,
    };
    struct suite_result first = { .error = NULL }, second = { .error = NULL };

    r->options->suite->run(&options, &first);
    count(r->tally, &first);
    if (first.error) {
        fail(r, seed, error_text(first.error));
    } else if (!r->options->once) {
        r->options->suite->run(&options, &second);
        atomic_fetch_add(&r->tally->virtual_ns, second.virtual_ns);
        if (second.hash != first.hash) {
            fail(r, seed, "the same seed gave another run");
        }
    }
    atomic_fetch_add(&r->tally->n_run, 1);
    suite_result_fini(&first);
    suite_result_fini(&second);
}

/* --- jobs --- */

static bool
is_over(struct runner *r)
{
    return r->options->stop && atomic_load(&r->tally->n_failed) > 0;
}

static void
work(struct runner *r, unsigned job)
{
    struct tally *t = r->tally;
    uint64_t end = r->options->first + r->options->n;

    while (!is_over(r)) {
        uint64_t seed = atomic_fetch_add(&t->next, 1);

        if (seed >= end) {
            break;
        }
        atomic_store(&t->taken[job], seed);
        run_seed(r, seed);
        atomic_store(&t->taken[job], NO_SEED);
    }
}

static void
start_job(struct runner *r, unsigned job)
{
    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0, "%s", strerror(errno));
    if (pid == 0) {
        work(r, job);
        fflush(stdout);
        _exit(0);
    }
    r->jobs[job] = pid;
}

/* A process has ended; true if it is to be replaced. */
static bool
end_job(struct runner *r, unsigned job, int status)
{
    uint64_t seed = atomic_exchange(&r->tally->taken[job], NO_SEED);
    char why[80];

    r->jobs[job] = 0;
    if (seed == NO_SEED) {
        return false;
    }
    if (WIFSIGNALED(status)) {
        snprintf(why, sizeof why, "crashed with signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(why, sizeof why, "ended with status %d",
                 WEXITSTATUS(status));
    }
    fail(r, seed, why);
    atomic_fetch_add(&r->tally->n_run, 1);
    return true;
}

static void
reap(struct runner *r)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < r->n_jobs; i++) {
            if (r->jobs[i] == pid && end_job(r, i, status)) {
                start_job(r, i);
            }
        }
    }
}

static bool
any_job(const struct runner *r)
{
    for (unsigned i = 0; i < r->n_jobs; i++) {
        if (r->jobs[i]) {
            return true;
        }
    }
    return false;
}

/* --- what people see --- */

static double
times_real(const struct runner *r)
{
    return (double) atomic_load(&r->tally->virtual_ns)
        / (double) (now() - r->began_ns);
}

static void
show_progress(struct runner *r)
{
    uint64_t n = atomic_load(&r->tally->n_run);

    if (r->shows_progress) {
        fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64 " seeds, %"
                PRIuFAST64 " failed, %.0f x real time, %.0f s",
                r->options->suite->name, n, r->options->n,
                atomic_load(&r->tally->n_failed), times_real(r),
                (double) (now() - r->began_ns) / SECOND);
    }
}

static unsigned
choose_n_jobs(const struct runner_options *options)
{
    long n = options->n_jobs > 0 ? (long) options->n_jobs
                                 : sysconf(_SC_NPROCESSORS_ONLN);

    if (n > (long) JOBS_MAX) {
        n = (long) JOBS_MAX;
    }
    if ((uint64_t) n > options->n) {
        n = (long) options->n;
    }
    return n < 1 ? 1 : (unsigned) n;
}

static void
wait_for_jobs(struct runner *r)
{
    struct timespec pause = { .tv_nsec = 20 * MILLISECOND };
    int64_t shown_ns = 0;

    while (any_job(r)) {
        nanosleep(&pause, NULL);
        reap(r);
        if (now() - shown_ns >= PROGRESS_PERIOD) {
            shown_ns = now();
            show_progress(r);
        }
    }
    if (r->shows_progress) {
        fprintf(stderr, "\r\033[K");
    }
}

void
runner_run(const struct runner_options *options, struct runner_summary *ret)
{
    struct runner r = {
        .options = options, .n_jobs = choose_n_jobs(options),
        .tally = shared_memory(sizeof(struct tally)),
        .began_ns = now(), .shows_progress = isatty(STDERR_FILENO),
    };

    atomic_store(&r.tally->next, options->first);
    atomic_store(&r.tally->first_failed, NO_SEED);
    for (unsigned i = 0; i < JOBS_MAX; i++) {
        atomic_store(&r.tally->taken[i], NO_SEED);
    }
    for (unsigned i = 0; i < r.n_jobs; i++) {
        start_job(&r, i);
    }
    wait_for_jobs(&r);
    *ret = (struct runner_summary) {
        .n_run = atomic_load(&r.tally->n_run),
        .n_failed = atomic_load(&r.tally->n_failed),
        .n_events = atomic_load(&r.tally->n_events),
        .n_done = atomic_load(&r.tally->n_done),
        .n_faults = atomic_load(&r.tally->n_faults),
        .virtual_ns = atomic_load(&r.tally->virtual_ns),
        .first_failed = atomic_load(&r.tally->first_failed),
        .wall_ns = now() - r.began_ns,
    };
    munmap(r.tally, sizeof *r.tally);
}
