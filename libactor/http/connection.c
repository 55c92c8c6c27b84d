/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.c - an HTTP connection: its life, and its answers in order.
 *
 * Requests of one connection may be answered in any order and are written in
 * theirs.  When all that was asked for is written and nothing more is to be
 * read, our side is ended, what still comes is passed over for a moment
 * (closing at once would make the kernel throw the answer away), and the
 * connection is closed.
 *
 * While the peer does not take what we write, time runs; it has to make some
 * progress in each span of it.
 *
 * Thread: the connection's worker, but for the reference count. */
#include <config.h>

#include "http/connection_private.h"

#include <string.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "http/settings.h"
#include "http/stream.h"

#define LINGER_TIMEOUT (2 * SECOND)
#define KEEPALIVE_TIMEOUT (120 * SECOND)

/* What heads of answers mostly fit into. */
#define HEAD_ROOM 256

/* Connections beyond the limit that may be about to be told so. */
#define MAX_SHED 256

/* --- life --- */

void
http_connection_ref(struct http_connection *c)
{
    atomic_fetch_add(&c->refs, 1);
}

void
http_connection_unref(struct http_connection *c)
{
    if (atomic_fetch_sub(&c->refs, 1) > 1) {
        return;
    }
    strbuf_fini(&c->head);
    strbuf_fini(&c->held);
    output_fini(&c->output);
    free(c);
}

struct worker *
http_connection_worker(const struct http_connection *c)
{
    return c->worker->worker;
}

struct http_server *
http_connection_server(const struct http_connection *c)
{
    return c->server;
}

struct actor_system *
http_connection_system(const struct http_connection *c)
{
    return c->server->system;
}

struct pressure_watch *
http_connection_pressure(struct http_connection *c)
{
    return &c->pressure;
}

void
connection_destroy_request(struct http_connection *c,
                           struct http_request *request)
{
    if (request->stream) {
        http_stream_abandon(request->stream);
        http_stream_unref(request->stream);
    }
    http_request_destroy(request);
    http_connection_unref(c);
}

/* What is unanswered comes home later and is destroyed then. */
static void
drop_requests(struct http_connection *c)
{
    struct http_request *request = steal(c->requests);

    while (request) {
        struct http_request *next = request->next;

        if (request->answered) {
            connection_destroy_request(c, request);
        }
        request = next;
    }
    c->n_requests = c->n_answered = 0;
}

void
connection_detach(struct http_connection *c)
{
    struct worker *worker = c->worker->worker;

    worker_timer_stop(worker, &c->read_timer);
    worker_timer_stop(worker, &c->write_timer);
    system_pressure_cancel(&c->pressure);
    c->stream = NULL;
    atomic_fetch_sub(&c->server->n_connections, 1);
    if (c->started) {
        DL_DELETE(c->worker->connections, c);
    }
    if (c->reading) {
        connection_destroy_request(c, steal(c->reading));
    }
    drop_requests(c);
    output_fini(&c->output);
    http_connection_unref(c);
}

void
http_connection_close(struct http_connection *c)
{
    c->server->net->close(c->server->net_ctx, c->stream);
    connection_detach(c);
}

/* --- timers --- */

static void
on_linger_timeout(struct worker_timer *timer)
{
    http_connection_close(CONTAINER_OF(timer, struct http_connection,
                                       read_timer));
}

/* Writes what the peer takes; false if the connection is broken. */
static bool
write_output(struct http_connection *c)
{
    size_t before = c->output.size;
    bool is_fine = output_write(&c->output, c->server->net,
                                c->server->net_ctx, c->stream);

    c->n_written += before - c->output.size;
    return is_fine;
}

static void on_write_timeout(struct worker_timer *timer);

static void
start_write_timer(struct http_connection *c)
{
    c->n_written = 0;
    worker_timer_start(c->worker->worker, &c->write_timer,
                       c->server->settings->write_timeout_ns,
                       on_write_timeout);
}

/* A socket with a large buffer tells only now and then that it takes more, so
 * it is asked. */
static void
on_write_timeout(struct worker_timer *timer)
{
    struct http_connection *c =
        CONTAINER_OF(timer, struct http_connection, write_timer);

    if (!write_output(c)) {
        return;                         /* on_closed() tells */
    }
    if (c->output.size > 0 && c->n_written < HTTP_LEAST_PROGRESS) {
        log_warn_every(10 * SECOND, "Closing the HTTP connection of %s: it "
                       "hardly reads", ADDRESS_TEXT(&c->peer));
        http_connection_close(c);
        return;
    }
    start_write_timer(c);
    connection_flush(c);
}

void
connection_set_reading(struct http_connection *c, bool on)
{
    if (!c->ended) {
        c->server->net->set_reading(c->server->net_ctx, c->stream, on);
    }
}

/* --- answering --- */

/* Ends our side; the peer has a moment to end its own. */
static void
linger(struct http_connection *c)
{
    if (c->ended) {
        http_connection_close(c);
        return;
    }
    c->lingering = true;
    c->server->net->shutdown(c->server->net_ctx, c->stream);
    connection_set_reading(c, true);
    worker_timer_start(c->worker->worker, &c->read_timer, LINGER_TIMEOUT,
                       on_linger_timeout);
}

static bool
keeps_alive(const struct http_connection *c,
            const struct http_request *request)
{
    return request->head.keep_alive && !(c->no_more && !request->next)
        && !(request->stream && !request->has_length
             && request->head.minor == 0);
}

static bool
has_content(const struct http_request *request)
{
    return strcmp(request->head.method, "HEAD") != 0
        && request->status != 204 && request->status != 304;
}

/* Queues what there is of the oldest answer; true if that was all. */
static bool
write_answer(struct http_connection *c, struct http_request *request)
{
    bool keep_alive = keeps_alive(c, request);
    bool finished = true;

    if (!request->begun) {
        autofini(strbuf) head = STRBUF(STRBUF_UNLIMITED);

        request->begun = true;
        strbuf_reserve(&head, HEAD_ROOM + (request->content.len <= OUTPUT_SMALL
                                           ? request->content.len : 0));
        http_answer_write_head(c->server, c->worker, request, keep_alive,
                               &head);
        output_append(&c->output, &head);
        if (has_content(request)) {
            output_append(&c->output, &request->content);
        }
    }
    if (request->stream && has_content(request)) {
        autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);

        finished = http_stream_take(request->stream, c->output.size, &data);
        output_append(&c->output, &data);
    }
    if (finished && !keep_alive) {
        c->no_more = true;
    }
    return finished;
}

/* The stream that is the oldest answer; NULL: it is none, or is not there yet,
 * and the request is somebody else's. */
static struct http_stream *
present_stream(const struct http_connection *c)
{
    return c->requests && c->requests->answered ? c->requests->stream : NULL;
}

/* Who has ended its side reads no stream that has no end. */
static bool
is_unread(const struct http_connection *c)
{
    return c->ended && present_stream(c) && !c->requests->has_length;
}

static bool
is_aborted(const struct http_connection *c)
{
    struct http_stream *stream = present_stream(c);

    return stream && http_stream_is_aborted(stream);
}

static void
queue_answers(struct http_connection *c)
{
    while (c->requests && c->requests->answered && !is_aborted(c)
           && !is_unread(c) && write_answer(c, c->requests)) {
        struct http_request *request = c->requests;

        LL_DELETE(c->requests, request);
        c->n_requests--;
        c->n_answered--;
        connection_destroy_request(c, request);
    }
}

/* Nothing is left to be written, nor will there be. */
static bool
is_finished(const struct http_connection *c)
{
    return c->output.size == 0 && !c->requests && !c->reading
        && (c->no_more || (c->ended && c->held.len == 0));
}

void
connection_flush(struct http_connection *c)
{
    queue_answers(c);
    if (is_aborted(c)) {
        http_connection_close(c);
        return;
    }
    connection_say_continue(c);
    if (!write_output(c)) {
        return;                         /* on_closed() tells */
    }
    if (c->output.size == 0 && is_unread(c)) {
        http_connection_close(c);
        return;
    }
    if (c->output.size == 0) {
        worker_timer_stop(c->worker->worker, &c->write_timer);
    } else if (c->write_timer.heap_index == 0) {
        start_write_timer(c);
    }
    struct http_stream *stream = present_stream(c);
    if (stream) {
        http_stream_written(stream, c->output.size);
    }
    if (is_finished(c)) {
        linger(c);
    } else if (!c->feeding) {
        connection_resume(c);
    }
}

static void
on_flush(struct worker_job *job)
{
    struct http_connection *c =
        CONTAINER_OF(job, struct http_connection, flush);

    c->is_flush_posted = false;
    if (c->stream && c->n_answered > 0) {
        connection_flush(c);
    }
    http_connection_unref(c);
}

/* Answers of a pipeline mostly come home together: they go out together as
 * well, with the last of them, or after what else there is to do by now. */
static void
flush_soon(struct http_connection *c)
{
    if (c->is_flush_posted) {
        return;
    }
    c->is_flush_posted = true;
    c->flush.fn = on_flush;
    http_connection_ref(c);
    worker_post(c->worker->worker, &c->flush);
}

void
http_connection_hold(struct http_connection *c,
                     const struct http_request *request)
{
    c->checked = request;
}

static void
release(struct http_connection *c, const struct http_request *request)
{
    if (c->checked == request) {
        c->checked = NULL;
    }
}

void
http_connection_checked(struct http_connection *c,
                        struct http_request *request)
{
    release(c, request);
    if (!c->stream) {
        connection_destroy_request(c, request);
        return;
    }
    http_request_proceed(c->server, request);
    connection_resume(c);
}

void
http_connection_answered(struct http_connection *c,
                         struct http_request *request)
{
    release(c, request);
    request->answered = true;
    if (!c->stream) {
        connection_destroy_request(c, request);
        return;
    }
    if (++c->n_answered < c->n_requests) {
        flush_soon(c);
    } else {
        connection_flush(c);
    }
}

void
http_connection_stream_ready(struct http_connection *c,
                             struct http_stream *stream)
{
    if (!c->stream) {
        return;
    }
    if (http_stream_is_overrun(stream)) {
        log_warn_every(10 * SECOND, "Dropping the event stream of %s: its "
                       "reader is too slow", ADDRESS_TEXT(&c->peer));
        http_connection_close(c);
        return;
    }
    if (present_stream(c) == stream) {
        connection_flush(c);
    }
}

/* --- actors that are behind --- */

static void
on_caught_up(struct worker_job *job)
{
    struct http_connection *c =
        CONTAINER_OF(job, struct http_connection, caught_up);

    c->pressure.is_armed = false;
    if (c->stream && !c->lingering) {
        connection_resume(c);
    }
    http_connection_unref(c);
}

static void
post_caught_up(struct pressure_watch *watch)
{
    struct http_connection *c =
        CONTAINER_OF(watch, struct http_connection, pressure);

    http_connection_ref(c);
    worker_post(c->worker->worker, &c->caught_up);
}

/* --- the stream's callbacks --- */

static void
on_writable(void *aux)
{
    struct http_connection *c = aux;

    if (!c->lingering) {
        connection_flush(c);
    }
}

static void
on_closed(void *aux, const struct error *error)
{
    struct http_connection *c = aux;

    c->ended = true;
    bool is_idle = !c->requests && c->held.len == 0;
    if (error || c->lingering
        || (c->output.size == 0 && (is_idle || is_unread(c)))) {
        http_connection_close(c);
        return;
    }
    worker_timer_stop(c->worker->worker, &c->read_timer);
    if (c->reading) {
        connection_destroy_request(c, steal(c->reading));
    }
}

static const struct actor_stream_callbacks callbacks = {
    .on_data = connection_on_data,
    .on_writable = on_writable,
    .on_closed = on_closed,
};

/* --- the server --- */

static void
begin(struct http_connection *c)
{
    c->started = true;
    DL_APPEND(c->worker->connections, c);
    c->server->net->set_keepalive(c->server->net_ctx, c->stream,
                                  KEEPALIVE_TIMEOUT);
    if (c->is_shed) {
        connection_refuse(c, 503, "too many connections");
        connection_flush(c);
        return;
    }
    connection_set_reading(c, true);
}

static void
on_start(struct worker_job *job)
{
    struct http_connection *c =
        CONTAINER_OF(job, struct http_connection, start);

    if (c->stream) {                    /* it may have broken already */
        begin(c);
    }
    http_connection_unref(c);
}

/* Counts a connection.  False if there are so many that this one cannot even
 * be told. */
static bool
admit(struct http_server *server, const struct address *peer,
      bool *ret_is_shed)
{
    unsigned max = server->settings->max_connections;
    unsigned n = atomic_fetch_add(&server->n_connections, 1);

    *ret_is_shed = n >= max;
    if (n < max || n - max < MAX_SHED) {
        return true;
    }
    atomic_fetch_sub(&server->n_connections, 1);
    log_warn_every(10 * SECOND, "Closing the connection of %s: there are %u",
                   ADDRESS_TEXT(peer), n);
    return false;
}

void
http_server_accept(struct http_server *server, unsigned index,
                   struct actor_stream *stream, const struct address *peer)
{
    bool is_shed;

    if (!admit(server, peer, &is_shed)) {
        server->net->close(server->net_ctx, stream);
        return;
    }
    struct http_connection *c = xcalloc(1, sizeof *c);

    atomic_init(&c->refs, 2);           /* the stream's, the job's */
    c->server = server;
    c->worker = &server->workers[index];
    c->stream = stream;
    c->peer = *peer;
    c->start.fn = on_start;
    c->is_shed = is_shed;
    c->caught_up.fn = on_caught_up;
    c->pressure.fn = post_caught_up;
    strbuf_init(&c->head, LIMIT_HTTP_HEAD);
    strbuf_init(&c->held, STRBUF_UNLIMITED);
    server->net->attach(server->net_ctx, stream, c->worker->worker,
                        &callbacks, c);
    worker_post(c->worker->worker, &c->start);
}
