/* SPDX-License-Identifier: Apache-2.0
 *
 * suite_disk.c - what was synced is found again, whatever happens to disk,
 * process and power: a journal that acknowledges each record once it is
 * durable, and must know it ever after.
 *
 * The journal is a file of records of fixed size, each with its number and a
 * checksum.  When it begins, the process takes what is whole into a new file
 * and puts that in the place of the old one, so that nothing is built on
 * records that the kernel only pretends to have written.  After any error it
 * ends, and is started again. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/system.h>
#include <actor/work.h>

#include "tests/sim/suite.h"

#define N_HOSTS 2
#define CHAOS (100 * SECOND)
#define QUIET (20 * SECOND)
#define APPEND_PAUSE (20 * MILLISECOND)
#define DIRECTORY "/data"
#define JOURNAL DIRECTORY "/journal"
#define NEW_JOURNAL DIRECTORY "/journal.new"
#define FILL 80                 /* so that sectors cut records; no padding */

struct record {
    uint64_t number;
    uint64_t checksum;
    char fill[FILL];
};

/* Outside of the world: what each host has acknowledged. */
struct world {
    uint64_t n_acknowledged[N_HOSTS];
    bool is_planted;            /* the directory is not synced */
    struct error *error;        /* owned; the first */
};

static _Thread_local struct world *here;

struct journal {
    struct actor base;
    struct world *world;
    struct sim_process *process;
    size_t host;
    struct actor_timer timer;
    int fd;                     /* -1: not recovered yet */
    uint64_t n;                 /* records in it */
};

/* What a pool thread does. */
struct task {
    const struct actor_disk *disk;
    struct world *world;
    int fd;
    uint64_t n;
};

static uint64_t
checksum(uint64_t number)
{
    return (number + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ number >> 7;
}

static struct error *
disk_error(int rc, const char *what)
{
    return error_errno(-rc, "%s", what);
}

/* --- blocking --- */

static struct error *
write_record(const struct actor_disk *disk, int fd, uint64_t number)
{
    struct record record = { number, checksum(number), { 0 } };
    ssize_t n = actor_disk_pwrite(disk, fd, &record, sizeof record,
                                  (off_t) (number * sizeof record));

    return n == sizeof record ? NULL
        : disk_error(n < 0 ? (int) n : -ENOSPC, "writing a record");
}

/* 1 if record 'number' is whole, 0 if not; -errno. */
static int
is_whole(const struct actor_disk *disk, int fd, uint64_t number)
{
    struct record record;
    ssize_t n = actor_disk_pread(disk, fd, &record, sizeof record,
                                 (off_t) (number * sizeof record));

    return n < 0 ? (int) n
        : n == sizeof record && record.number == number
          && record.checksum == checksum(number);
}

/* How many records there are; -errno. */
static int64_t
count(const struct actor_disk *disk)
{
    int fd = actor_disk_open(disk, JOURNAL, O_RDONLY, 0);
    int64_t n = 0;
    int rc;

    if (fd < 0) {
        return fd == -ENOENT ? 0 : fd;
    }
    while ((rc = is_whole(disk, fd, (uint64_t) n)) > 0) {
        n++;
    }
    actor_disk_close(disk, &fd);
    return rc < 0 ? rc : n;
}

static struct error *
write_new(struct task *t, int fd)
{
    struct error *error = NULL;

    for (uint64_t i = 0; !error && i < t->n; i++) {
        error = write_record(t->disk, fd, i);
    }
    int rc = error ? 0 : actor_disk_fsync(t->disk, fd);

    if (rc < 0) {
        error = disk_error(rc, "syncing the new journal");
    }
    rc = error ? 0 : actor_disk_rename(t->disk, NEW_JOURNAL, JOURNAL);
    if (rc < 0) {
        error = disk_error(rc, "renaming the new journal");
    }
    rc = error || t->world->is_planted
        ? 0 : actor_disk_fsync_directory(t->disk, DIRECTORY);
    return rc < 0 ? disk_error(rc, "syncing the directory") : error;
}

static struct error *
recover(void *t_)
{
    struct task *t = t_;
    int64_t n = count(t->disk);

    if (n < 0) {
        return disk_error((int) n, "reading the journal");
    }
    t->n = (uint64_t) n;
    int fd = actor_disk_open(t->disk, NEW_JOURNAL,
                             O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) {
        return disk_error(fd, "making the new journal");
    }
    struct error *error = write_new(t, fd);

    if (error) {
        actor_disk_close(t->disk, &fd);
    } else {
        t->fd = fd;
    }
    return error;
}

static struct error *
append(void *t_)
{
    struct task *t = t_;
    struct error *error = write_record(t->disk, t->fd, t->n);
    int rc = error ? 0 : actor_disk_fsync(t->disk, t->fd);

    return rc < 0 ? disk_error(rc, "syncing a record") : error;
}

/* --- the actor --- */

static void on_timer(struct actor *, void *);

static struct task *
new_task(struct journal *j)
{
    struct task *t = xcalloc(1, sizeof *t);

    t->disk = actor_system_disk(actor_system_of(&j->base));
    t->world = j->world;
    t->fd = j->fd;
    t->n = j->n;
    return t;
}

static void
on_appended(struct actor *self, void *t UNUSED, const struct error *error)
{
    struct journal *j = (struct journal *) self;

    if (error) {
        sim_process_exit(j->process, W_EXITCODE(1, 0));
        return;
    }
    j->n++;
    j->world->n_acknowledged[j->host] = j->n;
    actor_timer_start(self, &j->timer, APPEND_PAUSE, on_timer, NULL);
}

static void
on_timer(struct actor *self, void *arg UNUSED)
{
    actor_work(self, append, on_appended, new_task((struct journal *) self),
               free);
}

static void
on_recovered(struct actor *self, void *t_, const struct error *error)
{
    struct journal *j = (struct journal *) self;
    struct world *w = j->world;
    const struct task *t = t_;

    if (error) {
        sim_process_exit(j->process, W_EXITCODE(1, 0));
        return;
    }
    if (t->n < w->n_acknowledged[j->host] && !w->error) {
        w->error = error_create(ERROR_INTERNAL, "host %zu has acknowledged %"
                                PRIu64 " records and finds %" PRIu64,
                                j->host, w->n_acknowledged[j->host], t->n);
    }
    j->fd = t->fd;
    j->n = t->n;
    actor_timer_start(self, &j->timer, APPEND_PAUSE, on_timer, NULL);
}

static struct error *
journal_init(struct actor *self, void *process)
{
    struct journal *j = (struct journal *) self;

    j->world = here;
    j->process = process;
    j->host = sim_host_index(sim_process_host(process));
    j->fd = -1;
    actor_work(self, recover, on_recovered, new_task(j), free);
    return NULL;
}

static const struct actor_type journal_type = {
    .name = "journal", .size = sizeof(struct journal), .init = journal_init,
};

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;
    struct error *error = sim_process_open(p, &options, &system);

    return error ? error
                 : actor_spawn(system, &journal_type, "journal", p, NULL);
}

static const struct sim_program program = {
    .name = "journal", .start = start,
};

/* --- a run --- */

static void
add_host(struct sim *sim, const char *name)
{
    struct sim_host *host = sim_add_host(sim, name);
    const struct actor_disk *disk = sim_host_disk(host);

    if (actor_disk_make_path(disk, DIRECTORY, 0755) == 0) {
        actor_disk_fsync_directory(disk, "/");
    }
    sim_add_service(host, "journal",
                    (char *[]) { (char *) "journal", NULL });
}

static void
run_disk(const struct suite_options *options, struct suite_result *result)
{
    const struct sim_options world_options = {
        .seed = options->seed, .trace = options->trace, .aux = options->aux,
    };
    const struct sim_plan_options draw = {
        .seed = options->seed, .from_ns = SECOND, .until_ns = CHAOS,
        .pause_ns = 2 * SECOND, .longest_ns = 5 * SECOND, .n_hosts = N_HOSTS,
        .weights = {
            [SIM_FAULT_CRASH] = 6, [SIM_FAULT_KILL] = 3,
            [SIM_FAULT_PAUSE] = 2, [SIM_FAULT_FULL_DISK] = 2,
            [SIM_FAULT_DISK_ERROR] = 3, [SIM_FAULT_SLOW_DISK] = 2,
        },
    };
    struct sim *sim = sim_create(&world_options);
    struct world w = { .is_planted = options->planted };

    here = &w;
    sim_add_program(sim, &program);
    add_host(sim, "host-0");
    add_host(sim, "host-1");
    suite_plan(options, sim, &draw, result);
    sim_run(sim, CHAOS + draw.longest_ns + QUIET);
    if (!result->error) {
        result->error = w.error;
    } else {
        error_destroy(w.error);
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        result->n_done += w.n_acknowledged[i];
    }
    suite_finish(sim, result);
    sim_destroy(sim);
    here = NULL;
}

const struct suite suite_disk = {
    .name = "disk",
    .summary = "2 journals that sync what they say, faults of disk and power",
    .counted = "records", .run = run_disk,
    .bug = "the directory of a renamed file is not synced",
};
