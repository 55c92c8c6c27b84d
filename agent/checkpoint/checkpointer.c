/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpointer.c - writes what an agent keeps.
 *
 * At most one batch is under way; what comes meanwhile is the next one.
 *
 * Thread: the actor's turns; write_run and settle_run are in the pool. */
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

/* When a segment of the journal has this size, or nothing was written for
 * this long, its files are synced. */
#define SEGMENT_SIZE ((uint64_t) 1 << 20)
#define SEGMENT_TIME (30 * SECOND)

/* What one batch takes, more or less. */
#define BATCH_SIZE ((size_t) 4 << 20)

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
};

struct requests {
    VEC(struct request) all;
};

/* What the pool works on.  It has the journal as long as that lasts. */
struct batch {
    struct journal *journal;            /* owned */
    struct strbuf changes;
    struct requests requests;
    bool is_in_journal;
};

struct settling {
    const struct actor_disk *disk;      /* borrowed */
    char *meta;                         /* owned */
    uint64_t number;
};

struct checkpointer {
    struct actor base;
    struct upid owner;
    struct journal *journal;            /* owned; NULL: a batch has it */
    struct requests waiting;
    struct batch *failed;               /* owned; to be tried again */
    bool is_settling;
    bool has_failed;                    /* for good */
    int64_t retry_ns;
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
static void write_next(struct checkpointer *);
static struct error *write_run(void *batch);
static void write_done(struct actor *, void *batch, const struct error *);
static void write_failed(struct checkpointer *, struct batch *,
                         const struct error *);
static void batch_destroy(void *batch);
static void on_retry(struct actor *, void *);
static void settle(struct actor *, void *);
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

void
checkpointer_submit(struct actor *self, const struct upid *checkpointer,
                    struct checkpoint **checkpoint, struct actor_msg **done)
{
    struct actor_msg *msg = actor_msg_create(&msg_submit);
    struct request *request = actor_msg_body(msg, &msg_submit);

    request->checkpoint = steal(*checkpoint);
    request->done = done ? steal(*done) : NULL;
    request->from = *actor_upid(self);
    actor_send(self, checkpointer, &msg);
}

static struct error *
checkpointer_init(struct actor *self, void *arg)
{
    struct checkpointer *c = (struct checkpointer *) self;
    const struct checkpointer_options *options = arg;

    c->owner = *options->owner;
    c->journal = journal_create(actor_system_disk(actor_system_of(self)),
                                options->meta, options->journal);
    c->retry_ns = RETRY_MIN;
    /* What was there before us is synced when there is time. */
    actor_timer_start(self, &c->settle_timer, SEGMENT_TIME, settle, NULL);
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
    journal_destroy(c->journal);
}

static void
on_submit(struct actor *self, struct actor_msg *msg)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct request *request = actor_msg_body(msg, &msg_submit);

    if (c->has_failed) {
        return;
    }
    vec_push(&c->waiting.all, *request);
    *request = (struct request) { .checkpoint = NULL };
    write_next(c);
}

/* --- writing --- */

static void
write_next(struct checkpointer *c)
{
    struct batch *batch;
    size_t n = 0;

    if (!c->journal || c->failed || c->waiting.all.n == 0) {
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
    actor_timer_cancel(&c->base, &c->settle_timer);
    actor_work(&c->base, write_run, write_done, batch, batch_destroy);
}

static struct error *
write_run(void *batch_)
{
    struct batch *batch = batch_;
    struct journal *journal = batch->journal;
    struct error *error = NULL;

    if (batch->changes.len > CHECKPOINT_SIZE_MAX) {
        return error_create(ERROR_TOO_LARGE, "%zu bytes are too much for one "
                            "record of the journal", batch->changes.len);
    }
    if (!batch->is_in_journal) {
        error = journal_write(journal, batch->changes.data,
                              batch->changes.len);
    }
    if (error) {
        return error;
    }
    batch->is_in_journal = true;
    return checkpoint_changes_apply(journal->disk, journal->meta,
                                    batch->changes.data, batch->changes.len);
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
    if (c->journal->size >= SEGMENT_SIZE) {
        settle(self, NULL);
    }
    write_next(c);
    if (c->journal) {
        actor_timer_start(self, &c->settle_timer, SEGMENT_TIME, settle, NULL);
    }
}

/* The batch is about to be destroyed: what it has is taken out. */
static void
write_failed(struct checkpointer *c, struct batch *batch,
             const struct error *error)
{
    if (error_code(error) == ERROR_NO_SPACE ||
        error_code(error) == ERROR_UNAVAILABLE) {
        log_error("Failed to checkpoint: %s; trying again in %s",
                  error_text(error), DURATION_TEXT(c->retry_ns));
        c->failed = xcalloc(1, sizeof *batch);
        *c->failed = *batch;
        *batch = (struct batch) { .changes = STRBUF(0) };
        actor_timer_start(&c->base, &c->retry_timer, c->retry_ns, on_retry,
                          NULL);
        c->retry_ns = c->retry_ns < RETRY_MAX / 2 ? 2 * c->retry_ns
                                                  : RETRY_MAX;
        return;
    }
    struct actor_msg *msg = actor_msg_create(&msg_checkpoint_failed);
    struct checkpoint_failed *body = actor_msg_body(msg,
                                                    &msg_checkpoint_failed);

    c->has_failed = true;
    body->why = xasprintf("Failed to checkpoint: %s", error_text(error));
    actor_send(&c->base, &c->owner, &msg);
}

static void
on_retry(struct actor *self, void *arg UNUSED)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct batch *batch = steal(c->failed);

    actor_work(self, write_run, write_done, batch, batch_destroy);
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

/* --- settling --- */

/* Also when its timer is due. */
static void
settle(struct actor *self, void *arg UNUSED)
{
    struct checkpointer *c = (struct checkpointer *) self;
    struct settling *settling;

    if (!c->journal || c->is_settling) {
        return;
    }
    if (c->journal->size > 0) {
        journal_rotate(c->journal);
    }
    settling = xcalloc(1, sizeof *settling);
    settling->disk = c->journal->disk;
    settling->meta = xstrdup(c->journal->meta);
    settling->number = c->journal->number;
    c->is_settling = true;
    actor_work(self, settle_run, settle_done, settling, settling_destroy);
}

static struct error *
settle_run(void *settling_)
{
    struct settling *settling = settling_;

    return journal_settle(settling->disk, settling->meta, settling->number);
}

/* A journal that grows is no harm; the next round tries again. */
static void
settle_done(struct actor *self, void *arg UNUSED, const struct error *error)
{
    struct checkpointer *c = (struct checkpointer *) self;

    c->is_settling = false;
    if (error) {
        log_warn("Failed to shorten the journal of checkpoints: %s",
                 error_text(error));
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
