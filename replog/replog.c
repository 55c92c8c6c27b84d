/* SPDX-License-Identifier: Apache-2.0
 *
 * replog.c - the actor of a log: who may write, in which order, and how many
 * share a sync.
 *
 * Requests wait in one queue.  While the store is at work (in the pool; the
 * job has it meanwhile) they gather; then all appends at the head of the queue
 * become one batch.  Only the writing of a snapshot's file goes on beside
 * that.
 *
 * An append that fails ends its epoch: those behind it fail as well, so that
 * what is in the log is always the beginning of what a writer has asked for.
 * It may open the log again. */
#include <config.h>

#include "replog/replog.h"

#include <inttypes.h>
#include <string.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/work.h>

#include "replog/messages.h"
#include "replog/snapshot.h"
#include "replog/store.h"

/* A batch ends when it has so much; a single entry may have more. */
#define BATCH_ENTRIES 4096u
#define BATCH_SIZE ((size_t) 1 << 20)

#define SNAPSHOT_DUE_MIN ((uint64_t) 1 << 20)
#define APPEND_WINDOW (24 * HOUR)

struct request {
    const struct actor_msg_type *type;
    struct actor_msg *ticket;   /* owned; to answer it */
    struct write_request write; /* data owned; zeroed if it opens the log */
    struct request *prev, *next;
};

struct replog {
    struct actor base;
    char *directory;            /* owned */
    uint64_t segment_size;
    struct store *store;        /* owned; NULL: a job has it, or it failed */
    struct error *failed;       /* owned; for good; NULL: not */
    uint64_t epoch;             /* of the present writer; 0: none */
    struct error *epoch_error;  /* owned; what ended it; NULL: nothing */
    bool is_busy;               /* a job has the store */
    bool is_snapshotting;       /* another one writes a snapshot's file */
    struct request *queue;      /* owned */
    struct install *installs;   /* owned; at most one; waits for the store */
    struct metric *recovered;
    struct metric *ensemble_size;
    struct metric *append_ms;
    struct metric *appends;
    struct metric *batches;
    struct metric *size_bytes;
};

/* A snapshot whose file is written beside the store, then installed. */
struct install {
    struct request *request;    /* owned */
    struct snapshot *snapshot;  /* owned */
};

/* What the pool does with the store. */
struct job {
    struct store *store;        /* owned while the job lasts */
    struct store_options options;       /* opening */
    char *directory;            /* owned */
    uint64_t epoch;
    struct request *requests;   /* owned */
    struct segment_entry *entries;      /* owned; data borrowed */
    size_t n_entries;
    struct actor_msg *opened;   /* owned; the answer to be */
    struct install *install;    /* owned */
    int64_t started_at;
    bool is_fatal;              /* the store has stopped */
};

static void go_on(struct replog *);

static struct replog *
replog_cast(struct actor *self)
{
    return (struct replog *) self;
}

uint64_t
replog_snapshot_due(size_t last_snapshot_size)
{
    return last_snapshot_size > SNAPSHOT_DUE_MIN ? last_snapshot_size
                                                 : SNAPSHOT_DUE_MIN;
}

/* --- answers --- */

static void
reply_opened(struct replog *r, const struct request *request,
             struct error *error)
{
    struct actor_msg *msg = actor_msg_create(&msg_replog_opened);
    struct replog_opened *opened = actor_msg_body(msg, &msg_replog_opened);

    opened->error = error;
    actor_reply(&r->base, request->ticket, &msg);
}

static void
reply_appended(struct replog *r, const struct request *request,
               struct error *error, uint64_t position)
{
    struct actor_msg *msg = actor_msg_create(&msg_replog_appended);
    struct replog_appended *appended = actor_msg_body(msg,
                                                      &msg_replog_appended);

    appended->error = error;
    appended->position = position;
    actor_reply(&r->base, request->ticket, &msg);
}

static void
reply_snapshotted(struct replog *r, const struct request *request,
                  struct error *error)
{
    struct actor_msg *msg = actor_msg_create(&msg_replog_snapshotted);
    struct replog_snapshotted *done = actor_msg_body(msg,
                                                     &msg_replog_snapshotted);

    done->error = error;
    actor_reply(&r->base, request->ticket, &msg);
}

/* Takes 'error'. */
static void
refuse(struct replog *r, const struct request *request, struct error *error)
{
    if (request->type == &replog_msg_open) {
        reply_opened(r, request, error);
    } else if (request->type == &replog_msg_append) {
        reply_appended(r, request, error, 0);
    } else {
        reply_snapshotted(r, request, error);
    }
}

/* --- records --- */

static void
request_destroy(struct request *q)
{
    if (q) {
        actor_msg_destroy(q->ticket);
        free(q->write.data);
        free(q);
    }
}

static void
request_destroy_all(struct request **list)
{
    struct request *q, *next;

    DL_FOREACH_SAFE (*list, q, next) {
        request_destroy(q);
    }
    *list = NULL;
}

static void
install_destroy(struct install *i)
{
    if (i) {
        request_destroy(i->request);
        snapshot_destroy(i->snapshot);
        free(i);
    }
}

static void
install_free(void *install)
{
    install_destroy(install);
}

static void
job_destroy(void *job_)
{
    struct job *job = job_;

    store_close(job->store);
    request_destroy_all(&job->requests);
    install_destroy(job->install);
    actor_msg_destroy(job->opened);
    free(job->entries);
    free(job->directory);
    free(job);
}

/* --- jobs --- */

static struct job *
job_create(struct replog *r)
{
    struct job *job = xcalloc(1, sizeof *job);

    job->store = steal(r->store);
    job->started_at = actor_now(&r->base);
    r->is_busy = true;
    return job;
}

/* Nothing can be done any more; 'error' is on loan. */
static void
fail(struct replog *r, const struct error *error)
{
    if (r->failed) {
        return;
    }
    log_error("Error writing to log: %s", error_text(error));
    r->failed = error_wrap(error_clone(error), "the log has stopped");
    metric_set(r->recovered, 0);
}

/* The store comes back from a job that may have failed with 'error'. */
static void
take_back(struct replog *r, struct job *job, const struct error *error)
{
    r->is_busy = false;
    if (error && job->is_fatal) {
        fail(r, error);
        return;
    }
    r->store = steal(job->store);
    metric_set(r->size_bytes, (double) store_size(r->store));
}

/* --- opening the store --- */

static struct error *
run_open(void *job_)
{
    struct job *job = job_;

    return store_open(&job->options, &job->store);
}

static void
on_store_opened(struct actor *self, void *job_, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct job *job = job_;

    r->is_busy = false;
    if (error) {
        log_error("Failed to recover the log: %s", error_text(error));
        r->failed = error_wrap(error_clone(error), "recovering the log");
    } else {
        r->store = steal(job->store);
        log_info("Replica recovered with log positions %" PRIu64 " -> %" PRIu64
                 " with 0 holes and 0 unlearned", store_snapshot(r->store),
                 store_end(r->store));
        metric_set(r->recovered, 1);
        metric_set(r->size_bytes, (double) store_size(r->store));
    }
    go_on(r);
}

static void
start_opening(struct replog *r)
{
    struct job *job = job_create(r);
    struct uuid id;

    actor_random_uuid(&r->base, &id);
    _Static_assert(sizeof id == REPLOG_ID_SIZE, "the id of a log is a UUID");
    job->directory = xstrdup(r->directory);
    job->options = (struct store_options) {
        .disk = actor_system_disk(actor_system_of(&r->base)),
        .directory = job->directory, .segment_size = r->segment_size,
    };
    memcpy(job->options.id, &id, sizeof id);
    actor_work(&r->base, run_open, on_store_opened, job, job_destroy);
}

/* --- becoming the writer --- */

static struct error *
run_promise(void *job_)
{
    struct job *job = job_;
    struct replog_opened *opened = actor_msg_body(job->opened,
                                                  &msg_replog_opened);
    struct error *error = store_promise(job->store, job->epoch);

    if (!error) {
        error = store_read(job->store, opened);
    }
    opened->epoch = job->epoch;
    job->is_fatal = store_has_stopped(job->store);
    return error;
}

static void
begin_epoch(struct replog *r, const struct job *job)
{
    r->epoch = job->epoch;
    error_destroy(steal(r->epoch_error));
    log_info("Persisted promised to %" PRIu64, r->epoch);
    log_info("Writer started with ending position %" PRIu64,
             store_end(r->store));
}

static void
on_promised(struct actor *self, void *job_, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct job *job = job_;

    take_back(r, job, error);
    if (error) {
        log_info("Could not start the writer, but can be retried: %s",
                 error_text(error));
        reply_opened(r, job->requests, error_clone(error));
    } else {
        begin_epoch(r, job);
        actor_reply(self, job->requests->ticket, &job->opened);
    }
    go_on(r);
}

/* Takes 'q'. */
static void
start_promise(struct replog *r, struct request *q)
{
    uint64_t epoch = store_epoch(r->store) + 1;
    struct job *job = job_create(r);

    log_info("Attempting to start the writer");
    job->epoch = epoch;
    job->opened = actor_msg_create(&msg_replog_opened);
    DL_APPEND(job->requests, q);
    actor_work(&r->base, run_promise, on_promised, job, job_destroy);
}

/* --- appending --- */

static struct error *
run_append(void *job_)
{
    struct job *job = job_;
    struct error *error = store_append(job->store, job->epoch, job->entries,
                                       job->n_entries);

    job->is_fatal = store_has_stopped(job->store);
    return error;
}

static void
end_epoch(struct replog *r, const struct error *error)
{
    log_warn("Writing in epoch %" PRIu64 " has ended: %s", r->epoch,
             error_text(error));
    error_destroy(r->epoch_error);
    r->epoch_error = error_wrap(error_clone(error), "an earlier append");
}

static void
on_appended(struct actor *self, void *job_, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct job *job = job_;
    struct request *q;
    size_t i = 0;

    take_back(r, job, error);
    if (error) {
        end_epoch(r, error);
    } else {
        metric_increment(r->appends, (int64_t) job->n_entries);
        metric_increment(r->batches, 1);
        metric_record(r->append_ms, actor_now(self) - job->started_at,
                      actor_now(self));
    }
    DL_FOREACH (job->requests, q) {
        if (error) {
            reply_appended(r, q, error_clone(error), 0);
        } else {
            vlog(1, "Persisted action APPEND at position %" PRIu64,
                 job->entries[i].position);
            reply_appended(r, q, NULL, job->entries[i].position);
        }
        i++;
    }
    go_on(r);
}

static struct error *
check_epoch(const struct replog *r, uint64_t epoch)
{
    return epoch != r->epoch || epoch == 0
        ? error_create(ERROR_STALE, "epoch %" PRIu64 " is over: the writer has"
                       " epoch %" PRIu64, epoch, r->epoch) : NULL;
}

/* Why the append cannot be done, if so. */
static struct error *
check_append(struct replog *r, const struct write_request *a)
{
    struct error *error = check_epoch(r, a->epoch);

    if (error) {
        return error;
    }
    if (r->epoch_error) {
        return error_clone(r->epoch_error);
    }
    if (a->size > REPLOG_ENTRY_MAX) {
        error = error_create(ERROR_TOO_LARGE, "an entry of %zu bytes; it may "
                             "have %zu", a->size, REPLOG_ENTRY_MAX);
        end_epoch(r, error);
    }
    return error;
}

/* Moves the appends at the head of the queue that go into one batch to
 * 'job'. */
static void
gather(struct replog *r, struct job *job)
{
    size_t size = 0, n = 0;
    struct request *q;

    while ((q = r->queue) && n < BATCH_ENTRIES
           && q->type == &replog_msg_append) {
        const struct write_request *a = &q->write;

        if (a->epoch != job->epoch || a->size > REPLOG_ENTRY_MAX
            || (n > 0 && size + a->size > BATCH_SIZE)) {
            break;
        }
        vlog(1, "Attempting to append %zu bytes to the log", a->size);
        DL_DELETE(r->queue, q);
        DL_APPEND(job->requests, q);
        size += a->size;
        n++;
    }
    job->n_entries = n;
}

static void
start_append(struct replog *r)
{
    struct job *job = job_create(r);
    struct request *q;
    size_t i = 0;

    job->epoch = r->epoch;
    gather(r, job);
    job->entries = alloc_array(job->n_entries, sizeof *job->entries);
    DL_FOREACH (job->requests, q) {
        job->entries[i++] = (struct segment_entry) {
            .type = SEGMENT_TYPE_APPEND, .data = q->write.data,
            .size = q->write.size,
        };
    }
    actor_work(&r->base, run_append, on_appended, job, job_destroy);
}

/* --- snapshots --- */

static struct error *
run_write(void *install)
{
    struct install *i = install;

    return snapshot_write(i->snapshot, i->request->write.data,
                          i->request->write.size);
}

static void
on_written(struct actor *self, void *install, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct install *i = install;

    if (error) {
        r->is_snapshotting = false;
        if (i->snapshot->is_fatal) {
            fail(r, error);
        }
        reply_snapshotted(r, i->request, error_clone(error));
    } else {
        r->installs = xmemdup(i, sizeof *i);
        *i = (struct install) { .request = NULL };
    }
    go_on(r);
}

static struct error *
run_install(void *job_)
{
    struct job *job = job_;
    struct error *error = store_install(job->store, job->install->snapshot);

    job->is_fatal = store_has_stopped(job->store);
    return error;
}

static struct error *
run_discard(void *job_)
{
    snapshot_discard(((struct job *) job_)->install->snapshot);
    return NULL;
}

static void
on_installed(struct actor *self, void *job_, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct job *job = job_;

    r->is_snapshotting = false;
    take_back(r, job, error);
    reply_snapshotted(r, job->install->request, error ? error_clone(error)
                                                      : NULL);
    go_on(r);
}

static void
on_discarded(struct actor *self, void *job_, const struct error *error)
{
    struct replog *r = replog_cast(self);
    struct job *job = job_;

    r->is_snapshotting = false;
    take_back(r, job, error);
    reply_snapshotted(r, job->install->request,
                      check_epoch(r, job->install->snapshot->epoch));
    go_on(r);
}

/* The file of the snapshot has been written. */
static void
start_install(struct replog *r)
{
    struct job *job = job_create(r);

    job->install = steal(r->installs);
    if (job->install->snapshot->epoch == r->epoch) {
        actor_work(&r->base, run_install, on_installed, job, job_destroy);
    } else {
        actor_work(&r->base, run_discard, on_discarded, job, job_destroy);
    }
}

static struct error *
check_snapshot(const struct replog *r, const struct write_request *q)
{
    return q->epoch != r->epoch || q->epoch == 0 ? check_epoch(r, q->epoch)
        : q->size > REPLOG_SNAPSHOT_MAX
              ? error_create(ERROR_TOO_LARGE, "a snapshot of %zu bytes; it may"
                             " have %zu", q->size, REPLOG_SNAPSHOT_MAX)
        : r->is_snapshotting
              ? error_create(ERROR_CONFLICT, "another snapshot is being "
                             "written") : NULL;
}

/* Takes 'q'. */
static void
start_snapshot(struct replog *r, struct request *q)
{
    struct snapshot *snapshot = NULL;
    struct error *error = check_snapshot(r, &q->write);

    if (!error) {
        error = store_new_snapshot(r->store, q->write.position, &snapshot);
    }
    if (error) {
        reply_snapshotted(r, q, error);
        request_destroy(q);
        return;
    }
    struct install *i = xcalloc(1, sizeof *i);

    i->request = q;
    i->snapshot = snapshot;
    r->is_snapshotting = true;
    actor_work(&r->base, run_write, on_written, i, install_free);
}

/* --- the queue --- */

/* Begins with the request at the head of the queue. */
static void
start_next(struct replog *r)
{
    struct request *q = r->queue;
    bool is_append = q->type == &replog_msg_append;
    struct error *error = is_append ? check_append(r, &q->write) : NULL;

    if (is_append && !error) {
        start_append(r);
        return;
    }
    DL_DELETE(r->queue, q);
    if (error) {
        reply_appended(r, q, error, 0);
        request_destroy(q);
    } else if (q->type == &replog_msg_open) {
        start_promise(r, q);
    } else {
        start_snapshot(r, q);
    }
}

static void
refuse_all(struct replog *r)
{
    struct request *q, *next;

    if (r->installs) {
        reply_snapshotted(r, r->installs->request, error_clone(r->failed));
        install_destroy(steal(r->installs));
    }
    DL_FOREACH_SAFE (r->queue, q, next) {
        DL_DELETE(r->queue, q);
        refuse(r, q, error_clone(r->failed));
        request_destroy(q);
    }
}

static void
go_on(struct replog *r)
{
    if (r->failed && !r->is_busy) {
        store_close(steal(r->store));
        refuse_all(r);
        return;
    }
    while (!r->is_busy && (r->installs || r->queue)) {
        if (r->installs) {
            start_install(r);
        } else {
            start_next(r);
        }
    }
}

static void
on_request(struct actor *self, struct actor_msg *msg)
{
    struct replog *r = replog_cast(self);
    struct request *q = xcalloc(1, sizeof *q);

    q->type = actor_msg_type(msg);
    q->ticket = actor_msg_ticket(msg);
    if (q->type != &replog_msg_open) {
        struct write_request *write = actor_msg_body(msg, q->type);

        q->write = *write;
        write->data = NULL;
    }
    DL_APPEND(r->queue, q);
    go_on(r);
}

/* --- life --- */

static struct metric *
add_metric(struct replog *r, const char *prefix, const char *name,
           struct metric *(*add)(struct metrics *, const char *))
{
    autofree char *full = xasprintf("%slog/%s", prefix, name);

    return add(actor_metrics(&r->base), full);
}

static void
add_metrics(struct replog *r, const char *prefix)
{
    autofree char *append_ms = xasprintf("%slog/append_ms", prefix);

    r->recovered = add_metric(r, prefix, "recovered", metrics_add_gauge);
    r->ensemble_size = add_metric(r, prefix, "ensemble_size",
                                  metrics_add_gauge);
    r->size_bytes = add_metric(r, prefix, "size_bytes", metrics_add_gauge);
    r->appends = add_metric(r, prefix, "appends", metrics_add_counter);
    r->batches = add_metric(r, prefix, "batches", metrics_add_counter);
    r->append_ms = metrics_add_timer(actor_metrics(&r->base), append_ms,
                                     APPEND_WINDOW);
    metric_set(r->ensemble_size, 1);
}

static struct error *
replog_init(struct actor *self, void *options_)
{
    struct replog *r = replog_cast(self);
    const struct replog_options *options = options_;

    r->directory = xstrdup(options->directory);
    r->segment_size = options->segment_size;
    add_metrics(r, options->metrics_prefix);
    start_opening(r);
    return NULL;
}

static void
replog_fini(struct actor *self)
{
    struct replog *r = replog_cast(self);
    struct metrics *metrics = actor_metrics(self);

    store_close(r->store);
    request_destroy_all(&r->queue);
    install_destroy(r->installs);
    error_destroy(r->failed);
    error_destroy(r->epoch_error);
    metrics_remove(metrics, &r->recovered);
    metrics_remove(metrics, &r->ensemble_size);
    metrics_remove(metrics, &r->size_bytes);
    metrics_remove(metrics, &r->appends);
    metrics_remove(metrics, &r->batches);
    metrics_remove(metrics, &r->append_ms);
    free(r->directory);
}

static const struct actor_handler handlers[] = {
    { &replog_msg_open, on_request },
    { &replog_msg_append, on_request },
    { &replog_msg_snapshot, on_request },
};

static const struct actor_type replog_type = {
    .name = "replog", .size = sizeof(struct replog), .init = replog_init,
    .fini = replog_fini, .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
replog_start(struct actor_system *system,
             const struct replog_options *options, struct upid *ret_upid)
{
    return actor_spawn(system, &replog_type, NULL, (void *) options, ret_upid);
}
