/* SPDX-License-Identifier: Apache-2.0
 *
 * suite_log.c - writers of a log (replog/) on disks that fail: what was
 * answered is read again, in order, and besides it nothing but the beginning
 * of what was asked for and not answered.
 *
 * Each host has a process with a log and a writer that appends several entries
 * at a time and makes a snapshot now and then.  After any error the process
 * ends, and is started again.  What the disk does to it is drawn from the
 * seed: of four, one has bits flipped, and its log may be refused but must not
 * be read wrongly; one has a disk that lies about syncing, and its log may be
 * refused, or be shorter, but not wrong; two have an honest disk, with errors,
 * that may be full, slow, or without power. */
#include <config.h>

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "replog/replog.h"
#include "tests/sim/suite.h"

#define N_HOSTS 2
#define CHAOS (100 * SECOND)
#define QUIET (20 * SECOND)
#define PAUSE (200 * MILLISECOND)
#define DIRECTORY "/data/log"
#define BURST 6                 /* appends at a time, at most */
#define ENTRY_SPREAD 3000       /* bytes */
#define SNAPSHOT_EVERY 50       /* entries */

enum disk_kind { DISK_FLIPS_BITS, DISK_LIES, DISK_IS_HONEST };

/* What a host has been told, outside of the world. */
struct told {
    VEC(uint64_t) values;       /* that are durable, by position - 1 */
    VEC(uint64_t) asked;        /* behind those, not answered yet */
    uint64_t last_value;
    uint64_t epoch;
};

struct world {
    enum disk_kind disk;
    bool is_planted;            /* what was asked for is taken for durable */
    struct told told[N_HOSTS];
    struct error *error;        /* owned; the first */
};

static _Thread_local struct world *here;

struct writer {
    struct actor base;
    struct sim_process *process;
    struct told *told;
    struct upid log;
    struct actor_timer timer;
    uint64_t epoch;
    uint64_t snapshot;          /* position of the last one asked for */
    size_t n_waiting;           /* appends */
};

static void
wrong(struct writer *w, const char *what, uint64_t position)
{
    if (!here->error) {
        here->error = error_create(
            ERROR_INTERNAL, "%s: %s at position %" PRIu64 ", of %zu durable "
            "and %zu asked for", sim_host_name(sim_process_host(w->process)),
            what, position, w->told->values.n, w->told->asked.n);
    }
}

static void
end(struct writer *w)
{
    sim_process_exit(w->process, W_EXITCODE(1, 0));
}

/* --- entries --- */

/* The entry of 'value': that, and as many bytes as it says. */
static void *
create_entry(uint64_t value, size_t *ret_size)
{
    size_t fill = (size_t) (value * 7919 % ENTRY_SPREAD);
    uint8_t *data = xmalloc(sizeof value + fill);

    memcpy(data, &value, sizeof value);
    memset(data + sizeof value, (int) (value % 3), fill);
    *ret_size = sizeof value + fill;
    return data;
}

static bool
is_entry(uint64_t value, const struct replog_entry *e)
{
    size_t size;
    autofree void *expected = create_entry(value, &size);

    return e->size == size && memcmp(e->data, expected, size) == 0;
}

/* The state after the first 'n' values. */
static uint64_t
digest(const struct told *t, uint64_t n)
{
    uint64_t state = n;

    for (uint64_t i = 0; i < n; i++) {
        state = (state ^ t->values.data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return state;
}

/* --- what is found --- */

/* Takes for durable what was asked for and is found. */
static void
take_asked(struct writer *w, uint64_t n)
{
    struct told *t = w->told;

    for (uint64_t i = 0; i < n; i++) {
        vec_push(&t->values, t->asked.data[i]);
    }
    vec_clear(&t->asked);
}

static void
check_snapshot(struct writer *w, const struct replog_opened *o)
{
    uint64_t n = o->snapshot_position;
    uint64_t state;

    if (n == 0) {
        return;
    }
    if (n > w->told->values.n || o->snapshot_size != sizeof state) {
        wrong(w, "a snapshot that nobody has made", n);
        return;
    }
    memcpy(&state, o->snapshot, sizeof state);
    if (state != digest(w->told, n)) {
        wrong(w, "a snapshot of another state", n);
    }
}

static void
check_entries(struct writer *w, const struct replog_opened *o)
{
    uint64_t next = o->snapshot_position + 1;

    for (size_t i = 0; i < o->n_entries && !here->error; i++, next++) {
        const struct replog_entry *e = &o->entries[i];

        if (e->position != next) {
            wrong(w, "another position than the next one", next);
        } else if (next > w->told->values.n
                   || !is_entry(w->told->values.data[next - 1], e)) {
            wrong(w, "an entry that was never asked for there", next);
        }
    }
    if (o->end != next - 1) {
        wrong(w, "an end that is not that of the entries", o->end);
    }
}

static void
check_opened(struct writer *w, const struct replog_opened *o)
{
    struct told *t = w->told;

    if (o->end < t->values.n && here->disk == DISK_LIES) {
        t->values.n = (size_t) o->end;
        t->epoch = 0;
    }
    if (o->end < t->values.n) {
        wrong(w, "less than was answered: the end is", o->end);
        return;
    }
    if (o->end - t->values.n > t->asked.n) {
        wrong(w, "more than was asked for: the end is", o->end);
        return;
    }
    take_asked(w, o->end - t->values.n);
    if (o->epoch <= t->epoch && here->disk != DISK_LIES) {
        wrong(w, "an epoch that was another writer's", o->epoch);
    }
    t->epoch = o->epoch;
    check_snapshot(w, o);
    check_entries(w, o);
}

/* --- the writer --- */

static void
append_one(struct writer *w)
{
    struct told *t = w->told;
    uint64_t value = ++t->last_value;
    size_t size;
    void *data = create_entry(value, &size);
    struct actor_msg *msg = replog_append_create(w->epoch, &data, size);

    if (here->is_planted) {
        vec_push(&t->values, value);
    } else {
        vec_push(&t->asked, value);
    }
    w->n_waiting++;
    actor_send(&w->base, &w->log, &msg);
}

static void
make_snapshot(struct writer *w)
{
    uint64_t n = w->told->values.n;
    uint64_t state = digest(w->told, n);
    void *data = xmemdup(&state, sizeof state);
    struct actor_msg *msg = replog_snapshot_create(w->epoch, n, &data,
                                                   sizeof state);

    w->snapshot = n;
    actor_send(&w->base, &w->log, &msg);
}

static void
on_timer(struct actor *self, void *arg UNUSED)
{
    struct writer *w = (struct writer *) self;
    uint64_t n = 1 + (uint64_t) (actor_random_double(self) * BURST);

    if (w->told->values.n >= w->snapshot + SNAPSHOT_EVERY
        && !here->is_planted) {
        make_snapshot(w);
    }
    while (n-- > 0) {
        append_one(w);
    }
}

static void
on_appended(struct actor *self, struct actor_msg *msg)
{
    struct writer *w = (struct writer *) self;
    struct told *t = w->told;
    const struct replog_appended *a = actor_msg_body(msg,
                                                     &msg_replog_appended);

    if (a->error) {
        end(w);
        return;
    }
    if (!here->is_planted) {
        if (a->position != t->values.n + 1) {
            wrong(w, "an answer out of order", a->position);
        }
        vec_push(&t->values, t->asked.data[0]);
        vec_remove(&t->asked, 0);
    }
    if (--w->n_waiting == 0) {
        actor_timer_start(self, &w->timer, PAUSE, on_timer, NULL);
    }
}

static void
on_snapshotted(struct actor *self, struct actor_msg *msg)
{
    const struct replog_snapshotted *s = actor_msg_body(
        msg, &msg_replog_snapshotted);

    if (s->error && error_code(s->error) != ERROR_NO_SPACE
        && error_code(s->error) != ERROR_CONFLICT) {
        end((struct writer *) self);
    }
}

static void
on_opened(struct actor *self, struct actor_msg *msg)
{
    struct writer *w = (struct writer *) self;
    const struct replog_opened *o = actor_msg_body(msg, &msg_replog_opened);

    if (!o->error) {
        check_opened(w, o);
        w->epoch = o->epoch;
        w->snapshot = o->snapshot_position;
        actor_timer_start(self, &w->timer, PAUSE, on_timer, NULL);
        return;
    }
    enum error_code code = error_code(o->error);

    if (here->disk == DISK_IS_HONEST && code != ERROR_IO
        && code != ERROR_NO_SPACE && !here->error) {
        here->error = error_wrap(error_clone(o->error), "%s: refused",
                                 sim_host_name(sim_process_host(w->process)));
    }
    end(w);
}

static struct error *
writer_init(struct actor *self, void *process)
{
    struct writer *w = (struct writer *) self;
    const struct replog_options options = {
        .directory = DIRECTORY, .metrics_prefix = "",
        .segment_size = 64 << 10,
    };
    struct actor_msg *msg = replog_open_create();
    struct error *error = replog_start(actor_system_of(self), &options,
                                       &w->log);

    w->process = process;
    w->told = &here->told[sim_host_index(sim_process_host(process))];
    if (error) {
        actor_msg_destroy(msg);
        return error;
    }
    actor_send(self, &w->log, &msg);
    return NULL;
}

static const struct actor_handler handlers[] = {
    { &msg_replog_opened, on_opened },
    { &msg_replog_appended, on_appended },
    { &msg_replog_snapshotted, on_snapshotted },
};

static const struct actor_type writer_type = {
    .name = "writer", .size = sizeof(struct writer), .init = writer_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;
    struct error *error = sim_process_open(p, &options, &system);

    return error ? error
                 : actor_spawn(system, &writer_type, "writer", p, NULL);
}

static const struct sim_program program = { .name = "writer", .start = start };

/* --- a run --- */

static void
draw_faults(enum disk_kind disk, struct sim_plan_options *draw)
{
    draw->weights[SIM_FAULT_CRASH] = 6;
    draw->weights[SIM_FAULT_KILL] = 4;
    draw->weights[SIM_FAULT_PAUSE] = 1;
    draw->weights[SIM_FAULT_FULL_DISK] = 3;
    draw->weights[SIM_FAULT_DISK_ERROR] = 3;
    draw->weights[SIM_FAULT_SLOW_DISK] = 2;
    draw->weights[SIM_FAULT_BIT_FLIP] = disk == DISK_FLIPS_BITS ? 2 : 0;
    draw->weights[SIM_FAULT_LOST_FSYNC] = disk == DISK_LIES ? 4 : 0;
}

static void
run_log(const struct suite_options *options, struct suite_result *result)
{
    const struct sim_options world_options = {
        .seed = options->seed, .trace = options->trace, .aux = options->aux,
    };
    struct sim_plan_options draw = {
        .seed = options->seed, .from_ns = SECOND, .until_ns = CHAOS,
        .pause_ns = 2 * SECOND, .longest_ns = 5 * SECOND, .n_hosts = N_HOSTS,
    };
    struct world w = {
        .disk = options->seed % 4 == 0 ? DISK_FLIPS_BITS
            : options->seed % 4 == 1 ? DISK_LIES : DISK_IS_HONEST,
        .is_planted = options->planted,
    };
    struct sim *sim = sim_create(&world_options);

    here = &w;
    draw_faults(w.disk, &draw);
    sim_add_program(sim, &program);
    for (size_t i = 0; i < N_HOSTS; i++) {
        autofree char *name = xasprintf("host-%zu", i);

        sim_add_service(sim_add_host(sim, name), "writer",
                        (char *[]) { (char *) "writer", NULL });
    }
    suite_plan(options, sim, &draw, result);
    sim_run(sim, CHAOS + draw.longest_ns + QUIET);
    if (!result->error) {
        result->error = w.error;
    } else {
        error_destroy(w.error);
    }
    suite_finish(sim, result);
    sim_destroy(sim);
    for (size_t i = 0; i < N_HOSTS; i++) {
        result->n_done += w.told[i].values.n;
        vec_fini(&w.told[i].values);
        vec_fini(&w.told[i].asked);
    }
    here = NULL;
}

const struct suite suite_log = {
    .name = "log",
    .summary = "2 logs and their writers, faults of disk and power",
    .counted = "entries", .run = run_log,
    .bug = "what was only asked for is taken for durable",
};
