/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.c - answers without end; see stream.h.
 *
 * Counted: the actor has a reference until it ends the stream, the request
 * while its connection knows of it, and each message that tells the actor of
 * the reader's end.  'lock' guards what both sides touch.  The notice about
 * the end looks at 'ended', which only the actor's own turns set. */
#include <config.h>

#include <pthread.h>
#include <stdatomic.h>

#include <actor/alloc.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "http/internal.h"
#include "http/stream.h"

struct http_stream {
    atomic_uint refs;
    struct worker *worker;              /* borrowed; the connection's */
    struct http_connection *connection; /* counted */
    struct actor_system *system;        /* borrowed */
    struct upid owner;
    http_stream_closed_fn *closed;
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
};

/* --- telling the actor --- */

struct closed_body {
    struct http_stream *stream;         /* counted */
};

static void
closed_fini(void *body)
{
    struct closed_body *b = body;

    http_stream_unref(b->stream);
}

static void closed_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type closed_message = {
    .name = "http-stream-closed",
    .size = sizeof(struct closed_body),
    .fini = closed_fini,
    .run = closed_run,
};

static void
closed_run(struct actor *self, struct actor_msg *msg)
{
    struct closed_body *body = actor_msg_body(msg, &closed_message);

    if (!body->stream->ended) {
        body->stream->closed(self, body->stream->arg);
    }
}

static void
post_closed(struct http_stream *stream)
{
    struct actor_msg *msg = actor_msg_create(&closed_message);
    struct closed_body *body = actor_msg_body(msg, &closed_message);

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
    stream->chunked = r->head.minor > 0;
    stream->job.fn = on_ready;
    pthread_mutex_init(&stream->lock, NULL);
    strbuf_init(&stream->pending, STRBUF_UNLIMITED);
    r->stream = stream;
    http_respond(request, status, content_type, NULL);
    return stream;
}

/* --- the actor's side --- */

static void
append_chunk(struct http_stream *stream, const struct strbuf *data)
{
    if (stream->chunked) {
        strbuf_printf(&stream->pending, "%zx\r\n", data->len);
    }
    strbuf_append_bytes(&stream->pending, data->data, data->len);
    if (stream->chunked) {
        strbuf_append(&stream->pending, "\r\n");
    }
}

bool
http_stream_write(struct http_stream *stream, struct strbuf *data)
{
    pthread_mutex_lock(&stream->lock);
    if (!stream->gone && data->len > 0) {
        if (stream->pending.len + stream->backlog + data->len
            > LIMIT_HTTP_QUEUE) {
            stream->overrun = true;
        } else {
            append_chunk(stream, data);
        }
        post_job(stream);
    }
    bool alive = !stream->gone && !stream->overrun;
    pthread_mutex_unlock(&stream->lock);
    strbuf_clear(data);
    return alive;
}

void
http_stream_end(struct http_stream **stream)
{
    struct http_stream *s = steal(*stream);

    s->ended = true;
    pthread_mutex_lock(&s->lock);
    if (s->chunked) {
        strbuf_append(&s->pending, "0\r\n\r\n");
    }
    s->finished = true;
    post_job(s);
    pthread_mutex_unlock(&s->lock);
    http_stream_unref(s);
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
http_stream_abandon(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool first = !stream->gone;
    stream->gone = true;
    strbuf_clear(&stream->pending);
    bool tell = first && !stream->finished && stream->closed;
    pthread_mutex_unlock(&stream->lock);
    if (tell) {
        post_closed(stream);
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
