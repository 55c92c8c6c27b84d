/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpointer.c - writes what an agent keeps.
 *
 * At most one batch is on its way to the journal; what comes meanwhile is the
 * next one.  Who waits for it is answered when the journal is durable.  The
 * files follow behind, in the same order: in a burst the journal takes all
 * that comes, and they are written when it is over.  A segment is settled when
 * all that it has is in the files.
 *
 * Thread: the actor's turns; write_run, apply_run and settle_run are in the
 * pool. */
#include <config.h>

#include "agent/checkpoint/checkpointer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include <actor/work.h>

#include "agent/checkpoint/format.h"
#include "agent/checkpoint/journal.h"

/* When so many segments of the journal have this size, or nothing was written
 * for this long, the files are synced: ten of them for a task, so not while
 * tasks come one after another. */
#define SEGMENT_SIZE ((uint64_t) 1 << 20)
#define N_SEGMENTS 4
#define SEGMENT_TIME (30 * SECOND)

/* What one batch takes, more or less. */
#define BATCH_SIZE ((size_t) 4 << 20)

/* How long something waits for company that nobody waits for. */
#define COMPANY_TIME (10 * MILLISECOND)

/* Files are written when the journal had nothing to do for this long, or is
 * ahead of them by so much; beyond the maximum it waits for them. */
#define BEHIND_TIME (50 * MILLISECOND)
#define BEHIND_SIZE ((size_t) 256 << 10)
#define BEHIND_MAX ((size_t) 16 << 20)

#define RETRY_MIN (1 * SECOND)
#define RETRY_MAX (30 * SECOND)

struct checkpoint {
    struct strbuf changes;
};

/* A checkpoint and who waits for it. */
struct request {
    struct checkpoint *checkpoint;      /* owned */
    struct actor_msg *done;             /* owned; NULL: nobody */
    struct upid from;
    bool is_for_later;
};

struct requests {
    VEC(struct request) all;
};

/* What the pool works on.  It has the journal as long as that lasts. */
struct batch {
    struct journal *journal;            /* owned */
    struct strbuf changes;
    struct requests requests;
};

/* Changes that are durable, on their way to the files. */
struct apply {
    const struct actor_disk *disk;      /* borrowed */
    char *meta;                         /* owned */
    struct strbuf changes;
    uint64_t settles;           /* then all below this may be; 0: none */
    bool again;                 /* some may have been made */
};

struct settling {
    const struct actor_disk *disk;      /* borrowed */
    char *meta;                         /* owned */
    uint64_t number;
};

struct checkpointer {
    struct actor base;
    struct upid owner;
    const struct actor_disk *disk;      /* borrowed */
    char *meta;                         /* owned */
    struct journal *journal;            /* owned; NULL: a batch has it */
    struct requests waiting;
    struct batch *failed;               /* owned; to be tried again */
    struct strbuf behind;               /* durable, and not in the files */
    struct apply *failed_apply;         /* owned; to be tried again */
    uint64_t to_settle;         /* below this, once 'behind' is empty */
    uint64_t first;             /* segment that is not settled */
    bool is_urgent;             /* something waits that is not for later */
    bool is_applying;
    bool is_settling;
    bool has_failed;                    /* for good */
    int64_t retry_ns;
    struct actor_timer company_timer;
    struct actor_timer behind_timer;
    struct actor_timer retry_timer;
    struct actor_timer settle_timer;
};

static void request_fini(void *);
static void failed_fini(void *);

const struct actor_msg_type msg_checkpoint_failed = {
    .name = "checkpoint-failed",
    .size = sizeof(struct checkpoint_failed), .fini = failed_fini,
};

static const struct actor_msg_type msg_submit = {
    .name = "checkpoint-submit",
    .size = sizeof(struct request), .fini = request_fini,
};

static struct error *checkpointer_init(struct actor *, void *arg);
static void checkpointer_fini(struct actor *);
static void on_submit(struct actor *, struct actor_msg *);
static void on_company_timer(struct actor *, void *);
static void write_next(struct checkpointer *);
static struct error *write_run(void *batch);
static void write_done(struct actor *, void *batch, const struct error *);
static void write_failed(struct checkpointer *, struct batch *,
                         const struct error *);
static void batch_destroy(void *batch);
static bool try_again(struct checkpointer *, const struct error *);
static void on_retry(struct actor *, void *);
static void on_behind_timer(struct actor *, void *);
static void apply_next(struct checkpointer *, bool now);
static void apply_start(struct checkpointer *, struct apply *);
static struct error *apply_run(void *apply);
static void apply_done(struct actor *, void *apply, const struct error *);
static void apply_destroy(void *apply);
static void on_settle_timer(struct actor *, void *);
static void settle(struct checkpointer *, uint64_t number);
static struct error *settle_run(void *settling);
static void settle_done(struct actor *, void *settling, const struct error *);
static void settling_destroy(void *settling);

static const struct actor_handler handlers[] = {
    { &msg_submit, on_submit },
};

static const struct actor_type checkpointer_type = {
    .name = "checkpointer", .size = sizeof(struct checkpointer),
    .init = checkpointer_init, .fini = checkpointer_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- checkpoints --- */

struct checkpoint *
checkpoint_create(void)
{
    struct checkpoint *c = xcalloc(1, sizeof *c);

    strbuf_init(&c->changes, STRBUF_UNLIMITED);
    return c;
}

void
checkpoint_destroy(struct checkpoint *c)
{
    if (c) {
        strbuf_fini(&c->changes);
        free(c);
    }
}

static void
add(struct checkpoint *c, enum checkpoint_change_type type, const char *path,
    uint64_t offset, const void *data, size_t size)
{
    struct checkpoint_change change = {
        .type = type, .path = path, .offset = offset,
        .data = data, .size = size,
    };

    checkpoint_change_encode(&c->changes, &change);
}

void
checkpoint_bytes(struct checkpoint *c, const char *path, const char *kind,
                 const void *data, size_t size)
{
    autofini(strbuf) file = STRBUF(STRBUF_UNLIMITED);

    checkpoint_encode(&file, kind, data, size);
    add(c, CHECKPOINT_WRITE, path, 0, file.data, file.len);
}

void
checkpoint_message(struct checkpoint *c, const char *path, const char *kind,
                   const ProtobufCMessage *message)
{
    autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);

    message_encode_msgpack(message, &content);
    checkpoint_bytes(c, path, kind, content.data, content.len);
}

void
checkpoint_record(struct checkpoint *c, struct checkpoint_log *log,
                  const char *kind, const ProtobufCMessage *message)
{
    autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) record = STRBUF(STRBUF_UNLIMITED);

    if (log->size == 0) {
        checkpoint_log_begin(&record, kind);
    }
    message_encode_msgpack(message, &content);
    checkpoint_log_record(&record, log->size + record.len, content.data,
                          content.len);
    add(c, CHECKPOINT_APPEND, log->path, log->size, record.data, record.len);
    log->size += record.len;
}

void
checkpoint_link(struct checkpoint *c, const char *path, const char *target)
{
    add(c, CHECKPOINT_LINK, path, 0, target, strlen(target));
}

void
checkpoint_remove(struct checkpoint *c, const char *path)
{
    add(c, CHECKPOINT_REMOVE, path, 0, NULL, 0);
}

/* --- the actor --- */

struct error *
checkpointer_start(struct actor_system *system,
                   const struct checkpointer_options *options,
                   struct upid *ret)
{
    return actor_spawn(system, &checkpointer_type, NULL, (void *) options,
                       ret);
}

static void
submit(struct actor *self, const struct upid *checkpointer,
       struct request *request)
{
    struct actor_msg *msg = actor_msg_create(&msg_submit);

    request->from = *actor_upid(self);
    *(struct request *) actor_msg_body(msg, &msg_submit) = *request;
    actor_send(self, checkpointer, &msg);
}

void
checkpointer_submit(struct actor *self, const struct upid *checkpointer,
                    struct checkpoint **checkpoint, struct actor_msg **done)
{
    struct request request = {
        .checkpoint = steal(*checkpoint), .done = done ? steal(*done) : NULL,
    };

    submit(self, checkpointer, &request);
}

void
checkpointer_submit_later(struct actor *self, const struct upid *checkpointer,
                          struct checkpoint **checkpoint)
{
    struct request request = {
        .checkpoint = steal(*checkpoint), .is_for_later = true,
    };

    submit(self, checkpointer, &request);
}

static struct error *
checkpointer_init(struct actor *self, void *arg)
{
    struct checkpointer *c = (struct checkpointer *) self;
    const struct checkpointer_options *options = arg;

    c->owner = *options->owner;
    c->disk = actor_system_disk(actor_system_of(self));
    c->meta = xstrdup(options->meta);
    c->journal = journal_create(c->disk, c->meta, options->journal);
    c->first = options->journal;
    strbuf_init(&c->behind, STRBUF_UNLIMITED);
    c->retry_ns = RETRY_MIN;
    /* What was there before us is synced when there is time. */
    actor_timer_start(self, &c->settle_timer, SEGMENT_TIME, on_settle_timer,
                      NULL);
    return NULL;
}

static void
requests_fini(struct requests *requests)
{
    vec_foreach (&requests->all, it) {
        request_fini(it);
    }
    vec_fini(&requests->all);
}

static void
checkpointer_fini(struct actor *self)
{
    struct checkpointer *c = (struct checkpointer *) self;

    requests_fini(&c->waiting);
    if (c->failed) {
        batch_destroy(c->failed);
    }
    if (c->failed_apply) {
        apply_destroy(c->failed_apply);
    }
    journal_destroy(c->journal);
    strbuf_fini(&c->behind);
    free(c->meta);
}

static void
on_submit(struct actor *self, struct actor_msg *msg)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct request *request = actor_msg_body(msg, &msg_submit);

    if (c->has_failed) {
        return;
    }
    c->is_urgent |= !request->is_for_later;
    vec_push(&c->waiting.all, *request);
    *request = (struct request) { .checkpoint = NULL };
    write_next(c);
    if (c->waiting.all.n > 0 && !c->is_urgent
        && !actor_timer_is_armed(&c->company_timer)) {
        actor_timer_start(self, &c->company_timer, COMPANY_TIME,
                          on_company_timer, NULL);
    }
}

static void
on_company_timer(struct actor *self, void *arg UNUSED)
{
    struct checkpointer *c = (struct checkpointer *) self;

    c->is_urgent = c->waiting.all.n > 0;
    write_next(c);
}

/* --- writing --- */

static void
write_next(struct checkpointer *c)
{
    struct batch *batch;
    size_t n = 0;

    if (!c->journal || c->failed || c->has_failed || !c->is_urgent
        || c->behind.len >= BEHIND_MAX) {
        return;
    }
    batch = xcalloc(1, sizeof *batch);
    strbuf_init(&batch->changes, STRBUF_UNLIMITED);
    batch->journal = steal(c->journal);
    while (n < c->waiting.all.n && batch->changes.len < BATCH_SIZE) {
        struct request *request = &c->waiting.all.data[n++];

        strbuf_append_bytes(&batch->changes,
                            request->checkpoint->changes.data,
                            request->checkpoint->changes.len);
        vec_push(&batch->requests.all, *request);
    }
    c->waiting.all.n -= n;
    memmove(c->waiting.all.data, c->waiting.all.data + n,
            c->waiting.all.n * sizeof *c->waiting.all.data);
    c->is_urgent = c->waiting.all.n > 0;
    actor_timer_cancel(&c->base, &c->company_timer);
    actor_timer_cancel(&c->base, &c->settle_timer);
    actor_work(&c->base, write_run, write_done, batch, batch_destroy);
}

static struct error *
write_run(void *batch_)
{
    struct batch *batch = batch_;

    if (batch->changes.len > CHECKPOINT_SIZE_MAX) {
        return error_create(ERROR_TOO_LARGE, "%zu bytes are too much for one "
                            "record of the journal", batch->changes.len);
    }
    return journal_write(batch->journal, batch->changes.data,
                         batch->changes.len);
}

static void
write_done(struct actor *self, void *batch_, const struct error *error)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct batch *batch = batch_;

    if (error) {
        write_failed(c, batch, error);
        return;
    }
    c->retry_ns = RETRY_MIN;
    c->journal = steal(batch->journal);
    vec_foreach (&batch->requests.all, it) {
        if (it->done) {
            actor_send(self, &it->from, &it->done);
        }
    }
    strbuf_append_bytes(&c->behind, batch->changes.data, batch->changes.len);
    if (c->journal->size >= SEGMENT_SIZE) {
        journal_rotate(c->journal);
        if (c->journal->number - c->first >= N_SEGMENTS) {
            c->to_settle = c->journal->number;
        }
    }
    write_next(c);
    apply_next(c, false);
    actor_timer_start(self, &c->behind_timer, BEHIND_TIME, on_behind_timer,
                      NULL);
    if (c->journal) {
        actor_timer_start(self, &c->settle_timer, SEGMENT_TIME,
                          on_settle_timer, NULL);
    }
}

/* The batch is about to be destroyed: what it has is taken out. */
static void
write_failed(struct checkpointer *c, struct batch *batch,
             const struct error *error)
{
    if (try_again(c, error)) {
        c->failed = xcalloc(1, sizeof *batch);
        *c->failed = *batch;
        *batch = (struct batch) { .changes = STRBUF(0) };
    }
}

/* Whether it is worth it; if not, the owner is told. */
static bool
try_again(struct checkpointer *c, const struct error *error)
{
    if (error_code(error) == ERROR_NO_SPACE ||
        error_code(error) == ERROR_UNAVAILABLE) {
        log_error("Failed to checkpoint: %s; trying again in %s",
                  error_text(error), DURATION_TEXT(c->retry_ns));
        actor_timer_start(&c->base, &c->retry_timer, c->retry_ns, on_retry,
                          NULL);
        c->retry_ns = c->retry_ns < RETRY_MAX / 2 ? 2 * c->retry_ns
                                                  : RETRY_MAX;
        return true;
    }
    if (!c->has_failed) {
        struct actor_msg *msg = actor_msg_create(&msg_checkpoint_failed);
        struct checkpoint_failed *body =
            actor_msg_body(msg, &msg_checkpoint_failed);

        body->why = xasprintf("Failed to checkpoint: %s", error_text(error));
        actor_send(&c->base, &c->owner, &msg);
    }
    c->has_failed = true;
    return false;
}

static void
on_retry(struct actor *self, void *arg UNUSED)
{
    struct checkpointer *c = (struct checkpointer *) self;

    if (c->has_failed) {
        return;
    }
    if (c->failed_apply) {
        apply_start(c, steal(c->failed_apply));
    }
    if (c->failed) {
        actor_work(self, write_run, write_done, steal(c->failed),
                   batch_destroy);
    }
}

static void
batch_destroy(void *batch_)
{
    struct batch *batch = batch_;

    journal_destroy(batch->journal);
    strbuf_fini(&batch->changes);
    requests_fini(&batch->requests);
    free(batch);
}

/* --- the files --- */

static void
on_behind_timer(struct actor *self, void *arg UNUSED)
{
    apply_next((struct checkpointer *) self, true);
}

/* 'now': however little there is. */
static void
apply_next(struct checkpointer *c, bool now)
{
    if (c->is_applying || c->failed_apply || c->has_failed) {
        return;
    }
    if (c->behind.len == 0) {
        settle(c, c->to_settle);
        c->to_settle = 0;
        return;
    }
    if (!now && c->to_settle == 0 && c->behind.len < BEHIND_SIZE) {
        return;
    }
    struct apply *apply = xcalloc(1, sizeof *apply);

    apply->disk = c->disk;
    apply->meta = xstrdup(c->meta);
    apply->changes = c->behind;
    strbuf_init(&c->behind, STRBUF_UNLIMITED);
    apply->settles = c->to_settle;
    c->to_settle = 0;
    apply_start(c, apply);
}

static void
apply_start(struct checkpointer *c, struct apply *apply)
{
    c->is_applying = true;
    actor_work(&c->base, apply_run, apply_done, apply, apply_destroy);
}

static struct error *
apply_run(void *apply_)
{
    struct apply *apply = apply_;

    return checkpoint_changes_apply(apply->disk, apply->meta,
                                    apply->changes.data, apply->changes.len,
                                    apply->again);
}

static void
apply_done(struct actor *self, void *apply_, const struct error *error)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct apply *apply = apply_;

    c->is_applying = false;
    if (error) {
        if (try_again(c, error)) {
            c->failed_apply = xcalloc(1, sizeof *apply);
            *c->failed_apply = *apply;
            c->failed_apply->again = true;
            *apply = (struct apply) { .changes = STRBUF(0) };
        }
        return;
    }
    c->retry_ns = RETRY_MIN;
    settle(c, apply->settles);
    apply_next(c, false);
    if (c->behind.len > 0 && !actor_timer_is_armed(&c->behind_timer)) {
        actor_timer_start(self, &c->behind_timer, BEHIND_TIME,
                          on_behind_timer, NULL);
    }
    write_next(c);
}

static void
apply_destroy(void *apply_)
{
    struct apply *apply = apply_;

    strbuf_fini(&apply->changes);
    free(apply->meta);
    free(apply);
}

/* --- settling --- */

/* Nothing has been written for a long time. */
static void
on_settle_timer(struct actor *self, void *arg UNUSED)
{
    struct checkpointer *c = (struct checkpointer *) self;

    if (!c->journal) {
        return;
    }
    if (c->journal->size > 0) {
        journal_rotate(c->journal);
    }
    c->to_settle = c->journal->number;
    apply_next(c, true);
}

/* 0: there is nothing to settle. */
static void
settle(struct checkpointer *c, uint64_t number)
{
    struct settling *settling;

    if (number == 0 || c->is_settling) {
        return;
    }
    settling = xcalloc(1, sizeof *settling);
    settling->disk = c->disk;
    settling->meta = xstrdup(c->meta);
    settling->number = number;
    c->is_settling = true;
    actor_work(&c->base, settle_run, settle_done, settling, settling_destroy);
}

static struct error *
settle_run(void *settling_)
{
    struct settling *settling = settling_;

    return journal_settle(settling->disk, settling->meta, settling->number);
}

/* A journal that grows is no harm; the next round tries again. */
static void
settle_done(struct actor *self, void *settling_, const struct error *error)
{
    struct checkpointer *c = (struct checkpointer *) self;
    const struct settling *settling = settling_;

    c->is_settling = false;
    if (error) {
        log_warn("Failed to shorten the journal of checkpoints: %s",
                 error_text(error));
    } else {
        c->first = settling->number;
    }
}

static void
settling_destroy(void *settling_)
{
    struct settling *settling = settling_;

    free(settling->meta);
    free(settling);
}

/* --- bodies --- */

static void
request_fini(void *request_)
{
    struct request *request = request_;

    checkpoint_destroy(request->checkpoint);
    actor_msg_destroy(request->done);
}

static void
failed_fini(void *body)
{
    free(((struct checkpoint_failed *) body)->why);
}
