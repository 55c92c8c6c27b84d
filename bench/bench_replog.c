/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_replog.c - appends to a log: of one writer that waits for each, and of
 * a thousand at a time.
 *
 * The peer of the first is the disk itself: pages written one behind the
 * other into a file of zeroes, with fdatasync() after each, in the same
 * directory and by turns, as disks are moody; both are medians of rounds.  The
 * log is in the present directory. */
#include <config.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "replog/replog.h"

#define N_ROUNDS 101
#define N_EACH 20               /* appends of a round */
#define N_CROWD 200000u
#define CROWD 1000u
#define ENTRY 200
#define PAGE 4096
#define DIRECTORY "bench-replog"
#define BARE "bench-replog.bare"

struct writer {
    struct actor base;
    struct upid log;
    uint64_t epoch;
    unsigned n_left;            /* to be asked for */
    unsigned n_waiting;
    struct actor_gate *gate;    /* opened when all is done */
};

/* Append so many, 'window' of them at a time; none: open the log. */
struct order {
    unsigned n, window;
    struct actor_gate *gate;
};

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order),
};

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* --- the log --- */

static void
append_one(struct writer *w)
{
    void *data = xcalloc(1, ENTRY);
    struct actor_msg *msg = replog_append_create(w->epoch, &data, ENTRY);

    w->n_left--;
    w->n_waiting++;
    actor_send(&w->base, &w->log, &msg);
}

static void
on_order(struct actor *self, struct actor_msg *msg)
{
    struct writer *w = (struct writer *) self;
    const struct order *order = actor_msg_body(msg, &msg_order);

    w->gate = order->gate;
    w->n_left = order->n;
    if (order->n == 0) {
        struct actor_msg *open = replog_open_create();

        actor_send(self, &w->log, &open);
    }
    while (w->n_left > 0 && w->n_waiting < order->window) {
        append_one(w);
    }
}

static void
on_opened(struct actor *self, struct actor_msg *msg)
{
    struct writer *w = (struct writer *) self;
    const struct replog_opened *o = actor_msg_body(msg, &msg_replog_opened);

    CHECK(!o->error, "%s", error_text(o->error));
    w->epoch = o->epoch;
    actor_gate_open(w->gate);
}

static void
on_appended(struct actor *self, struct actor_msg *msg)
{
    struct writer *w = (struct writer *) self;
    const struct replog_appended *a = actor_msg_body(msg,
                                                     &msg_replog_appended);

    CHECK(!a->error, "%s", error_text(a->error));
    w->n_waiting--;
    if (w->n_left > 0) {
        append_one(w);
    } else if (w->n_waiting == 0) {
        actor_gate_open(w->gate);
    }
}

static struct error *
writer_init(struct actor *self, void *log)
{
    ((struct writer *) self)->log = *(const struct upid *) log;
    return NULL;
}

static const struct actor_handler handlers[] = {
    { &msg_order, on_order },
    { &msg_replog_opened, on_opened },
    { &msg_replog_appended, on_appended },
};

static const struct actor_type writer_type = {
    .name = "writer", .size = sizeof(struct writer), .init = writer_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* How long it takes. */
static double
time_order(struct actor_system *system, const struct upid *writer, unsigned n,
           unsigned window)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);
    struct actor_gate *gate = actor_gate_create();
    double before = now_s();

    *(struct order *) actor_msg_body(msg, &msg_order) =
        (struct order) { n, window, gate };
    actor_post(system, writer, &msg);
    actor_gate_wait(gate, DURATION_FOREVER);
    double took = now_s() - before;

    actor_gate_destroy(gate);
    return took;
}

/* --- the disk --- */

static int
open_bare(void)
{
    const size_t size = (size_t) (N_ROUNDS + 1) * N_EACH * PAGE;
    autofree char *zeroes = xcalloc(1, size);
    int fd = open(BARE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CHECK(fd >= 0 && write(fd, zeroes, size) == (ssize_t) size
          && fsync(fd) == 0);
    return fd;
}

/* Writes the pages of that round. */
static double
time_bare(int fd, int round)
{
    char page[PAGE];
    double before = now_s();

    memset(page, 'x', sizeof page);
    for (int i = 0; i < N_EACH; i++) {
        off_t at = ((off_t) round * N_EACH + i) * PAGE;

        CHECK(pwrite(fd, page, sizeof page, at) == (ssize_t) sizeof page
              && fdatasync(fd) == 0);
    }
    return now_s() - before;
}

/* --- all --- */

static int
remove_one(const char *path, const struct stat *st UNUSED, int flag UNUSED,
           struct FTW *ftw UNUSED)
{
    return remove(path);
}

static void
clean_up(void)
{
    nftw(DIRECTORY, remove_one, 10, FTW_DEPTH | FTW_PHYS);
    unlink(BARE);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

/* How many a second, by the median of the rounds. */
static double
rate(double took[N_ROUNDS])
{
    qsort(took, N_ROUNDS, sizeof *took, compare);
    return N_EACH / took[N_ROUNDS / 2];
}

static void
measure(struct actor_system *system, const struct upid *writer)
{
    double bare[N_ROUNDS], alone[N_ROUNDS];
    int fd = open_bare();

    time_order(system, writer, 0, 0);
    time_order(system, writer, N_EACH, 1);
    time_bare(fd, 0);
    for (int i = 0; i < N_ROUNDS; i++) {
        bare[i] = time_bare(fd, i + 1);
        alone[i] = time_order(system, writer, N_EACH, 1);
    }
    close(fd);
    double crowd = time_order(system, writer, N_CROWD, CROWD);
    double limit = rate(bare);

    printf("{\"name\": \"replog: appends, one at a time\", \"value\": %.0f, "
           "\"unit\": \"1/s\", \"peer\": %.0f, \"bar\": %.0f}\n", rate(alone),
           limit, 0.9 * limit);
    printf("{\"name\": \"replog: appends, %u at a time\", \"value\": %.0f, "
           "\"unit\": \"1/s\", \"peer\": null}\n", CROWD, N_CROWD / crowd);
}

int
main(void)
{
    struct actor_system_options options = { .n_workers = 2 };
    const struct replog_options log_options = {
        .directory = DIRECTORY, .metrics_prefix = "bench/",
    };
    const struct log_options quiet = {
        .program = "bench_replog", .level = LOG_SEVERITY_WARNING,
    };
    struct actor_system *system = NULL;
    struct upid log, writer;

    clean_up();
    struct error *error = log_init(&quiet);

    if (!error) {
        error = actor_system_create(&options, &system);
    }
    if (!error) {
        error = replog_start(system, &log_options, &log);
    }
    if (!error) {
        error = actor_spawn(system, &writer_type, NULL, &log, &writer);
    }
    CHECK(!error, "%s", error_text(error));
    measure(system, &writer);
    actor_system_destroy(system);
    log_fini();
    clean_up();
    return 0;
}
