/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_child.c - starting a child process from an actor's turn, in a process
 * that is big.
 *
 * The turn that starts a child stands still until the child has called exec;
 * the first figure says for how long.  The second is from there to the turn
 * that hears of the end of /bin/true.  The peer of the first is what fork() in
 * the same process takes. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#define N 500
#define SIZE ((size_t) 512 << 20)

struct times {
    double started[N], heard[N];
};

struct starter {
    struct actor base;
    struct times *times;
    int n;
    double at;
};

static double
now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void on_exited(struct actor *, void *, pid_t, int status);

static void
start_one(struct starter *starter)
{
    static char *const argv[] = { (char *) "true", NULL };
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    struct actor_child *child;
    double before = now_us();

    options.path = "/bin/true";
    options.argv = argv;
    struct error *error = actor_child_spawn(&starter->base, &options,
                                            on_exited, NULL, &child);
    CHECK(!error, "%s", error_text(error));
    starter->at = now_us();
    starter->times->started[starter->n] = starter->at - before;
}

static void
on_exited(struct actor *self, void *arg UNUSED, pid_t pid UNUSED, int status)
{
    struct starter *starter = (struct starter *) self;

    CHECK(status == 0, "status %d", status);
    starter->times->heard[starter->n] = now_us() - starter->at;
    if (++starter->n == N) {
        actor_stop(self);
    } else {
        start_one(starter);
    }
}

static struct error *
starter_init(struct actor *self, void *times)
{
    struct starter *starter = (struct starter *) self;

    starter->times = times;
    start_one(starter);
    return NULL;
}

static const struct actor_type starter_type = {
    .name = "starter", .size = sizeof(struct starter), .init = starter_init,
};

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

static double
median(double *values, int n)
{
    qsort(values, (size_t) n, sizeof *values, compare);
    return values[n / 2];
}

static double
time_forks(void)
{
    double times[20];

    for (int i = 0; i < 20; i++) {
        double before = now_us();
        pid_t pid = fork();

        if (pid == 0) {
            _exit(0);
        }
        times[i] = now_us() - before;
        waitpid(pid, NULL, 0);
    }
    return median(times, 20);
}

int
main(void)
{
    struct actor_system_options options = { .n_workers = 2 };
    struct actor_system *system = NULL;
    struct times *times = xcalloc(1, sizeof *times);
    char *ballast = xmalloc(SIZE);
    struct upid upid;

    memset(ballast, 1, SIZE);
    double fork_us = time_forks();
    struct error *error = actor_system_create(&options, &system);
    CHECK(!error, "%s", error_text(error));
    error = actor_spawn(system, &starter_type, NULL, times, &upid);
    CHECK(!error, "%s", error_text(error));
    actor_wait(system, &upid, DURATION_FOREVER);
    actor_system_destroy(system);
    printf("{\"name\": \"child: start in a turn, 512 MB process, p50\", "
           "\"value\": %.1f, \"unit\": \"us\", \"peer\": %.1f}\n",
           median(times->started, N), fork_us);
    printf("{\"name\": \"child: run of /bin/true heard of, p50\", "
           "\"value\": %.1f, \"unit\": \"us\", \"peer\": null}\n",
           median(times->heard, N));
    free(ballast);
    free(times);
    return 0;
}
