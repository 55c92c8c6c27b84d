/* SPDX-License-Identifier: Apache-2.0
 *
 * test_checkpoint_crash.c - checkpoints in a simulated machine whose power
 * goes, whose process is killed, and whose disk fills up, at any moment: what
 * the checkpointer has answered is there ever after, whole and in order, and
 * what it has not does no harm.
 *
 * A process replays the journal, looks whether it finds what was answered,
 * and goes on where the disk has got to.  Of each number there is a file, a
 * record in a log, and a link that leads to the newest. */
#include <config.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/work.h>

#include "agent/checkpoint/checkpointer.h"
#include "agent/checkpoint/file.h"
#include "agent/checkpoint/format.h"
#include "agent/checkpoint/journal.h"
#include "proto/cmesos/checkpoint.pb-c.h"
#include "tests/lib/test.h"

#define META "/w/meta"
#define PAUSE (3 * MILLISECOND)
#define N_RUNS 10
#define N_MAX 600
/* Records are this large at most, so that segments fill up, and are settled,
 * now and then. */
#define RECORD_MAX 12000

/* Outside of the world. */
static struct {
    unsigned n_submitted;       /* 0..n-1, at any time */
    unsigned n_answered;
    unsigned n_starts;
} t;

struct owner {
    struct actor base;
    struct sim_process *process;
    struct upid checkpointer;
    struct checkpoint_log log;
    unsigned n;                 /* submitted by us, or found */
    struct actor_timer timer;
};

/* What a pool thread finds at the start. */
struct finding {
    const struct actor_disk *disk;
    uint64_t journal;
    uint64_t log_size;
    unsigned n;                 /* whole records in the log */
};

struct done_body {
    unsigned n;
};

static const struct actor_msg_type msg_done = {
    .name = "done", .size = sizeof(struct done_body),
};

/* --- what is written --- */

/* A record is one of updates: the number, and so many bytes. */
static size_t
size_of(unsigned i)
{
    return sizeof i + (i * 7919u) % RECORD_MAX;
}

static void
fill(uint8_t *bytes, unsigned i)
{
    memset(bytes, (int) (i % 251), size_of(i));
    memcpy(bytes, &i, sizeof i);
}

static void
add(struct owner *o, struct checkpoint *c, unsigned i)
{
    Checkpoint__UpdateRecord record = CHECKPOINT__UPDATE_RECORD__INIT;
    autofree uint8_t *bytes = xcalloc(1, size_of(i));
    autofree char *path = xasprintf("a/d%u/file", i);

    fill(bytes, i);
    record.has_acknowledged = true;
    record.acknowledged.data = bytes;
    record.acknowledged.len = size_of(i);
    checkpoint_link(c, "a/latest", path);
    checkpoint_bytes(c, path, "file", bytes, size_of(i));
    checkpoint_record(c, &o->log, "log", &record.base);
}

/* Some for later, and one that is waited for. */
static void
on_timer(struct actor *self, void *arg UNUSED)
{
    struct owner *o = (struct owner *) self;
    unsigned n = 1 + o->n % 3;

    for (unsigned i = 0; i < n; i++) {
        struct checkpoint *c = checkpoint_create();

        add(o, c, o->n++);
        t.n_submitted = o->n;
        if (i + 1 < n) {
            checkpointer_submit_later(self, &o->checkpointer, &c);
            continue;
        }
        struct actor_msg *done = actor_msg_create(&msg_done);

        ((struct done_body *) actor_msg_body(done, &msg_done))->n = o->n;
        checkpointer_submit(self, &o->checkpointer, &c, &done);
    }
    if (o->n < N_MAX) {
        actor_timer_start(self, &o->timer, PAUSE, on_timer, NULL);
    }
}

static void
on_done(struct actor *self UNUSED, struct actor_msg *msg)
{
    unsigned n = ((struct done_body *) actor_msg_body(msg, &msg_done))->n;

    ck_assert_uint_gt(n, t.n_answered);
    t.n_answered = n;
}

static void
on_failed(struct actor *self, struct actor_msg *msg UNUSED)
{
    sim_process_exit(((struct owner *) self)->process, W_EXITCODE(1, 0));
}

/* --- what is found --- */

static struct error *
ck_record(void *finding_, uint64_t offset UNUSED, const void *payload,
          size_t size)
{
    struct finding *f = finding_;
    autofree uint8_t *bytes = xcalloc(1, size_of(f->n));
    struct message *m;

    ck_assert_ptr_null(message_decode_msgpack(
        &checkpoint__update_record__descriptor, payload, size, &m));
    const Checkpoint__UpdateRecord *record = message_root(m);

    fill(bytes, f->n);
    ck_assert_uint_eq(record->acknowledged.len, size_of(f->n));
    ck_assert_mem_eq(record->acknowledged.data, bytes, size_of(f->n));
    f->n++;
    message_unref(m);
    return NULL;
}

static void
ck_file(const struct actor_disk *disk, unsigned i)
{
    autofree char *path = xasprintf(META "/a/d%u/file", i);
    autofree uint8_t *bytes = xcalloc(1, size_of(i));
    autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read(disk, path, "file", &content);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    fill(bytes, i);
    ck_assert_uint_eq(content.len, size_of(i));
    ck_assert_mem_eq(content.data, bytes, content.len);
}

static void
ck_link(const struct actor_disk *disk, unsigned last)
{
    autofree char *target = NULL;
    autofree char *wanted = xasprintf(META "/a/d%u/file", last);

    ck_assert_int_eq(actor_disk_realpath(disk, META "/a/latest", &target), 0);
    ck_assert_str_eq(target, wanted);
}

static struct error *
find(void *finding_)
{
    struct finding *f = finding_;
    struct error *error = journal_replay(f->disk, META, &f->journal);

    if (!error) {
        error = checkpoint_read_log(f->disk, META "/b/log", "log", ck_record,
                                    f, &f->log_size);
    }
    if (error && error_code(error) == ERROR_NOT_FOUND) {
        error_destroy(error);
        error = NULL;
    }
    return error;
}

static void
on_found(struct actor *self, void *finding_, const struct error *error)
{
    struct owner *o = (struct owner *) self;
    const struct finding *f = finding_;

    if (error) {
        /* A full disk; nothing else is wrong with it. */
        ck_assert_int_eq(error_code(error), ERROR_NO_SPACE);
        sim_process_exit(o->process, W_EXITCODE(1, 0));
        return;
    }
    ck_assert_uint_ge(f->n, t.n_answered);
    ck_assert_uint_le(f->n, t.n_submitted);
    for (unsigned i = 0; i < f->n; i++) {
        ck_file(f->disk, i);
    }
    if (f->n > 0) {
        ck_link(f->disk, f->n - 1);
    }
    t.n_starts++;
    t.n_submitted = f->n;
    t.n_answered = f->n;        /* it would be answered now */
    o->n = f->n;
    o->log = (struct checkpoint_log) { xstrdup("b/log"), f->log_size };
    const struct checkpointer_options options = {
        .owner = actor_upid(self), .meta = META, .journal = f->journal,
    };
    ck_assert_ptr_null(checkpointer_start(actor_system_of(self), &options,
                                          &o->checkpointer));
    actor_timer_start(self, &o->timer, PAUSE, on_timer, NULL);
}

static struct error *
owner_init(struct actor *self, void *process)
{
    struct owner *o = (struct owner *) self;
    struct finding *f = xcalloc(1, sizeof *f);

    o->process = process;
    f->disk = actor_system_disk(actor_system_of(self));
    actor_work(self, find, on_found, f, free);
    return NULL;
}

static void
owner_fini(struct actor *self)
{
    free(((struct owner *) self)->log.path);
}

static const struct actor_handler handlers[] = {
    { &msg_done, on_done },
    { &msg_checkpoint_failed, on_failed },
};

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct owner),
    .init = owner_init, .fini = owner_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;
    struct error *error = sim_process_open(p, &options, &system);

    return error ? error
                 : actor_spawn(system, &owner_type, "owner", p, NULL);
}

static const struct sim_program program = {
    .name = "agent", .start = start,
};

/* --- a run --- */

static void
note_segments(void *lowest_, const char *name)
{
    uint64_t *lowest = lowest_;
    uint64_t number = strtoull(name, NULL, 10);

    *lowest = number < *lowest ? number : *lowest;
}

static void
do_harm(struct sim *sim)
{
    static const enum sim_fault_kind kinds[] = {
        SIM_FAULT_CRASH, SIM_FAULT_KILL, SIM_FAULT_FULL_DISK,
        SIM_FAULT_SLOW_DISK,
    };
    struct sim_fault fault = {
        .kind = kinds[sim_draw(sim, ARRAY_SIZE(kinds))],
        .for_ns = 1 + (int64_t) sim_draw(sim, (uint64_t) SECOND),
    };

    sim_fault_apply(&fault, sim);
    if (fault.kind == SIM_FAULT_KILL && sim_draw(sim, 2)) {
        /* The power goes soon after it is there again. */
        sim_run(sim, fault.for_ns
                + (int64_t) sim_draw(sim, 100 * (uint64_t) MILLISECOND));
        sim_host_crash(sim_host(sim, 0), SECOND);
    }
}

START_TEST(what_was_answered_is_there_ever_after)
{
    struct sim *sim =
        sim_create(&(struct sim_options) { .seed = (uint64_t) _i });
    uint64_t lowest = UINT64_MAX;

    memset(&t, 0, sizeof t);
    sim_add_program(sim, &program);
    struct sim_host *host = sim_add_host(sim, "host");
    const struct actor_disk *disk = sim_host_disk(host);
    ck_assert_int_eq(actor_disk_make_path(disk, META, 0755), 0);
    ck_assert_int_eq(actor_disk_fsync_directory(disk, "/w"), 0);
    ck_assert_int_eq(actor_disk_fsync_directory(disk, "/"), 0);
    sim_add_service(host, "agent", (char *[]) { (char *) "agent", NULL });

    for (unsigned i = 0; i < 10; i++) {
        sim_run(sim, (int64_t) sim_draw(sim, 500 * (uint64_t) MILLISECOND));
        do_harm(sim);
    }
    sim_run(sim, 120 * SECOND);

    ck_assert_uint_gt(t.n_starts, 1);
    ck_assert_uint_ge(t.n_answered, N_MAX);
    ck_assert_int_eq(actor_disk_list(disk, META "/journal", note_segments,
                                     &lowest), 0);
    ck_assert_uint_gt(lowest, 1);       /* some are settled */

    /* What is found of those. */
    unsigned n_starts = t.n_starts;
    sim_host_crash(host, SECOND);
    sim_run(sim, 60 * SECOND);
    ck_assert_uint_gt(t.n_starts, n_starts);
    ck_assert_uint_ge(t.n_answered, N_MAX);
    sim_destroy(sim);
}
END_TEST

static Suite *
checkpoint_crash_suite(void)
{
    Suite *suite = suite_create("checkpoint_crash");
    TCase *tcase = tcase_create("crash");

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, what_was_answered_is_there_ever_after, 0,
                        N_RUNS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(checkpoint_crash_suite)
