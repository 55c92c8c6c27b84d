/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.c - answers that go on; see stream.h.
 *
 * Counted: the actor has a reference until it ends the stream, the request
 * while its connection knows of it, and each message that tells the actor of
 * its reader.  'lock' guards what both sides touch.  The notices look at
 * 'ended', which only the actor's own turns set. */
#include <config.h>

#include <pthread.h>
#include <stdatomic.h>

#include <actor/alloc.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "http/internal.h"
#include "http/stream.h"

/* So much may wait of what "is on its way". */
#define DRAINED (64 * 1024)

struct http_stream {
    atomic_uint refs;
    struct worker *worker;              /* borrowed; the connection's */
    struct http_connection *connection; /* counted */
    struct actor_system *system;        /* borrowed */
    struct upid owner;
    http_stream_closed_fn *closed;
    http_stream_drained_fn *drained;    /* NULL: nobody asks */
    void *arg;
    bool chunked;
    bool ended;                         /* by the actor; its turns only */
    struct worker_job job;

    pthread_mutex_t lock;
    struct strbuf pending;              /* not yet taken by the connection */
    size_t backlog;                     /* taken and unwritten, as last told */
    bool posted;                        /* 'job' is on its way */
    bool finished;                      /* nothing comes after 'pending' */
    bool gone;                          /* nobody reads */
    bool overrun;
    bool aborted;                       /* by the actor */
    bool is_owed;                       /* 'drained' is to be told */
};

/* --- telling the actor --- */

struct notice_body {
    struct http_stream *stream;         /* counted */
};

static void
notice_fini(void *body)
{
    struct notice_body *b = body;

    http_stream_unref(b->stream);
}

static void closed_run(struct actor *self, struct actor_msg *msg);
static void drained_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type closed_message = {
    .name = "http-stream-closed",
    .size = sizeof(struct notice_body),
    .fini = notice_fini,
    .run = closed_run,
};

static const struct actor_msg_type drained_message = {
    .name = "http-stream-drained",
    .size = sizeof(struct notice_body),
    .fini = notice_fini,
    .run = drained_run,
};

static void
closed_run(struct actor *self, struct actor_msg *msg)
{
    struct notice_body *body = actor_msg_body(msg, &closed_message);

    if (!body->stream->ended) {
        body->stream->closed(self, body->stream->arg);
    }
}

static void
drained_run(struct actor *self, struct actor_msg *msg)
{
    struct notice_body *body = actor_msg_body(msg, &drained_message);

    if (!body->stream->ended) {
        body->stream->drained(self, body->stream->arg);
    }
}

static void
post_notice(struct http_stream *stream, const struct actor_msg_type *type)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct notice_body *body = actor_msg_body(msg, type);

    atomic_fetch_add(&stream->refs, 1);
    body->stream = stream;
    actor_post(stream->system, &stream->owner, &msg);
}

/* --- life --- */

void
http_stream_unref(struct http_stream *stream)
{
    if (atomic_fetch_sub(&stream->refs, 1) > 1) {
        return;
    }
    http_connection_unref(stream->connection);
    strbuf_fini(&stream->pending);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

static void
on_ready(struct worker_job *job)
{
    struct http_stream *stream = CONTAINER_OF(job, struct http_stream, job);

    pthread_mutex_lock(&stream->lock);
    stream->posted = false;
    pthread_mutex_unlock(&stream->lock);
    http_connection_stream_ready(stream->connection, stream);
    http_stream_unref(stream);
}

/* Called with the lock held. */
static void
post_job(struct http_stream *stream)
{
    if (!stream->posted && !stream->gone) {
        stream->posted = true;
        atomic_fetch_add(&stream->refs, 1);
        worker_post(stream->worker, &stream->job);
    }
}

struct http_stream *
http_respond_stream(struct actor *self, struct http_request **request,
                    int status, const char *content_type,
                    http_stream_closed_fn *closed, void *arg)
{
    struct http_request *r = *request;
    struct http_stream *stream = xcalloc(1, sizeof *stream);

    atomic_init(&stream->refs, 2);
    stream->connection = r->connection;
    http_connection_ref(stream->connection);
    stream->worker = http_connection_worker(r->connection);
    stream->system = actor_system_of(self);
    stream->owner = *actor_upid(self);
    stream->closed = closed;
    stream->arg = arg;
    stream->chunked = r->head.minor > 0 && !r->has_length;
    stream->job.fn = on_ready;
    pthread_mutex_init(&stream->lock, NULL);
    strbuf_init(&stream->pending, STRBUF_UNLIMITED);
    r->stream = stream;
    http_respond(request, status, content_type, NULL);
    return stream;
}

/* --- the actor's side --- */

/* 'prefix' and 'data' as one chunk. */
static void
append_chunk(struct http_stream *stream, const struct strbuf *prefix,
             const void *data, size_t size)
{
    if (stream->chunked) {
        strbuf_printf(&stream->pending, "%zx\r\n", prefix->len + size);
    }
    strbuf_append_bytes(&stream->pending, prefix->data, prefix->len);
    strbuf_append_bytes(&stream->pending, data, size);
    if (stream->chunked) {
        strbuf_append(&stream->pending, "\r\n");
    }
}

/* A chunk without a byte would be the end. */
static bool
write_chunk(struct http_stream *stream, const struct strbuf *prefix,
            const void *data, size_t size)
{
    pthread_mutex_lock(&stream->lock);
    if (!stream->gone && prefix->len + size > 0) {
        size_t waiting = stream->pending.len + stream->backlog + prefix->len;

        if (waiting > LIMIT_HTTP_QUEUE || size > LIMIT_HTTP_QUEUE - waiting) {
            stream->overrun = true;
        } else {
            append_chunk(stream, prefix, data, size);
            stream->is_owed = stream->drained != NULL;
        }
        post_job(stream);
    }
    bool alive = !stream->gone && !stream->overrun;
    pthread_mutex_unlock(&stream->lock);
    return alive;
}

bool
http_stream_write(struct http_stream *stream, struct strbuf *data)
{
    struct strbuf nothing = STRBUF(0);
    bool alive = write_chunk(stream, &nothing, data->data, data->len);

    strbuf_clear(data);
    return alive;
}

bool
http_stream_write_record(struct http_stream *stream, const void *data,
                         size_t size)
{
    autofini(strbuf) length = STRBUF(32);

    strbuf_append_uint(&length, size);
    strbuf_append_char(&length, '\n');
    return write_chunk(stream, &length, data, size);
}

void
http_stream_on_drained(struct http_stream *stream,
                       http_stream_drained_fn *drained)
{
    pthread_mutex_lock(&stream->lock);
    stream->drained = drained;
    pthread_mutex_unlock(&stream->lock);
}

static void
end(struct http_stream *stream, bool aborted)
{
    stream->ended = true;
    pthread_mutex_lock(&stream->lock);
    if (stream->chunked && !aborted) {
        strbuf_append(&stream->pending, "0\r\n\r\n");
    }
    stream->finished = true;
    stream->aborted = aborted;
    post_job(stream);
    pthread_mutex_unlock(&stream->lock);
    http_stream_unref(stream);
}

void
http_stream_end(struct http_stream **stream)
{
    end(steal(*stream), false);
}

void
http_stream_abort(struct http_stream **stream)
{
    end(steal(*stream), true);
}

/* --- the connection's side --- */

bool
http_stream_take(struct http_stream *stream, size_t backlog,
                 struct strbuf *out)
{
    pthread_mutex_lock(&stream->lock);
    strbuf_fini(out);
    *out = stream->pending;
    strbuf_init(&stream->pending, STRBUF_UNLIMITED);
    stream->backlog = backlog + out->len;
    bool finished = stream->finished;
    pthread_mutex_unlock(&stream->lock);
    return finished;
}

void
http_stream_written(struct http_stream *stream, size_t backlog)
{
    pthread_mutex_lock(&stream->lock);
    stream->backlog = backlog;
    bool tell = stream->is_owed && stream->pending.len == 0
        && backlog <= DRAINED && !stream->finished;
    if (tell) {
        stream->is_owed = false;
    }
    pthread_mutex_unlock(&stream->lock);
    if (tell) {
        post_notice(stream, &drained_message);
    }
}

void
http_stream_abandon(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool first = !stream->gone;
    stream->gone = true;
    strbuf_clear(&stream->pending);
    bool tell = first && !stream->finished && stream->closed;
    pthread_mutex_unlock(&stream->lock);
    if (tell) {
        post_notice(stream, &closed_message);
    }
}

bool
http_stream_is_overrun(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool overrun = stream->overrun;
    pthread_mutex_unlock(&stream->lock);
    return overrun;
}

bool
http_stream_is_aborted(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool aborted = stream->aborted;
    pthread_mutex_unlock(&stream->lock);
    return aborted;
}
