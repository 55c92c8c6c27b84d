/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.c - an HTTP connection: reads requests, writes answers in order.
 *
 * Requests of one connection may be answered in any order and are written in
 * theirs.  Reading stops while too many are under way, too much waits to be
 * written, or an actor that has one of them is behind.  What is malformed or
 * too large is answered, after the requests before it; then our side is ended,
 * what still comes is passed over for a moment (closing at once would make the
 * kernel throw the answer away), and the connection is closed.
 *
 * A connection may be idle between requests for as long as it likes.  Time
 * runs from the first byte of a request to its last, and while the peer does
 * not take what we write: a head has to be whole in its time, and a body or an
 * answer has to make some progress in each such span.  Not each byte starts it
 * anew, or one byte a minute would hold a connection for ever.
 *
 * Thread: the connection's worker, but for the reference count. */
#include <config.h>

#include <string.h>
#include <strings.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "http/inflate.h"
#include "http/internal.h"
#include "http/output.h"
#include "http/settings.h"
#include "http/stream.h"

#define LINGER_TIMEOUT (2 * SECOND)
#define KEEPALIVE_TIMEOUT (120 * SECOND)

/* Connections beyond the limit that may be about to be told so. */
#define MAX_SHED 256

struct http_connection {
    atomic_uint refs;
    struct http_server *server;         /* borrowed */
    struct http_worker *worker;         /* borrowed */
    struct actor_stream *stream;        /* owned; NULL once closed */
    struct address peer;
    struct http_connection *prev, *next;    /* of the worker's list */
    struct worker_job start;
    bool started;                       /* in the list */

    /* Reading. */
    struct http_scan scan;
    struct strbuf head;                 /* bytes of an unfinished head */
    struct http_request *reading;       /* owned; its body is to come */
    struct http_body body;
    struct strbuf held;                 /* came while we did not read */
    struct worker_timer read_timer;
    size_t n_read;                      /* of a body, in this span of it */
    const struct http_request *checked; /* borrowed; holds up reading */
    bool no_more;                       /* no further request is read */
    bool ended;                         /* the peer has ended its side */
    bool feeding;                       /* feed() is on the stack */
    struct pressure_watch pressure;     /* an actor is behind */
    struct worker_job caught_up;        /* it is not any more */

    /* Answering. */
    struct http_request *requests;      /* oldest first; answered: owned */
    unsigned n_requests;
    struct output output;
    struct worker_timer write_timer;
    size_t n_written;                   /* in this span of it */
    bool is_shed;                       /* one too many */
    bool lingering;                     /* our side is ended */
};

static void flush(struct http_connection *);
static void resume(struct http_connection *);

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

static void
destroy_request(struct http_connection *c, struct http_request *request)
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
            destroy_request(c, request);
        }
        request = next;
    }
    c->n_requests = 0;
}

/* Forgets the stream, which was closed or given away. */
static void
detach(struct http_connection *c)
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
        destroy_request(c, steal(c->reading));
    }
    drop_requests(c);
    output_fini(&c->output);
    http_connection_unref(c);
}

void
http_connection_close(struct http_connection *c)
{
    c->server->net->close(c->server->net_ctx, c->stream);
    detach(c);
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
    flush(c);
}

static void
set_reading(struct http_connection *c, bool on)
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
    set_reading(c, true);
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
           && write_answer(c, c->requests)) {
        struct http_request *request = c->requests;

        LL_DELETE(c->requests, request);
        c->n_requests--;
        destroy_request(c, request);
    }
}

/* Nothing is left to be written, nor will there be. */
static bool
is_finished(const struct http_connection *c)
{
    return c->output.size == 0 && !c->requests && !c->reading
        && (c->no_more || (c->ended && c->held.len == 0));
}

/* Writes, and does what is to be done when something or all was written.  The
 * connection may be closed afterwards. */
static void
flush(struct http_connection *c)
{
    queue_answers(c);
    if (is_aborted(c)) {
        http_connection_close(c);
        return;
    }
    if (!write_output(c)) {
        return;                         /* on_closed() tells */
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
        resume(c);
    }
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
        destroy_request(c, request);
        return;
    }
    http_request_proceed(c->server, request);
    resume(c);
}

void
http_connection_answered(struct http_connection *c,
                         struct http_request *request)
{
    release(c, request);
    request->answered = true;
    if (!c->stream) {
        destroy_request(c, request);
        return;
    }
    if (request->stream && !request->has_length && c->ended) {
        http_connection_close(c);            /* nobody reads a stream any more */
        return;
    }
    flush(c);
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
        flush(c);
    }
}

/* --- refusing --- */

static void
enqueue(struct http_connection *c, struct http_request *request)
{
    request->next = NULL;
    LL_APPEND(c->requests, request);
    c->n_requests++;
}

static struct http_request *
new_request(struct http_connection *c, struct http_head *head)
{
    struct http_request *request = http_request_create(head);

    http_connection_ref(c);
    request->connection = c;
    request->peer = c->peer;
    return request;
}

/* Answers the request that is being read with an error; there will be no
 * further one. */
static void
refuse(struct http_connection *c, int status, const char *reason)
{
    struct http_head head = { .method = "GET", .minor = 1 };

    log_warn_every(SECOND, "Refusing a request from %s: %d %s: %s",
                   ADDRESS_TEXT(&c->peer), status, http_status_text(status),
                   reason);
    if (c->reading) {
        head.method = strcmp(c->reading->head.method, "HEAD") == 0 ? "HEAD"
                                                                   : "GET";
        destroy_request(c, steal(c->reading));
    }
    worker_timer_stop(c->worker->worker, &c->read_timer);
    c->no_more = true;
    struct http_request *request = new_request(c, &head);

    request->status = status;
    if (status == 415) {
        http_response_header(request, "Accept-Encoding", "gzip");
    }
    request->content_type = xstrdup("text/plain; charset=utf-8");
    strbuf_printf(&request->content, "%d %s. %c%s.", status,
                  http_status_text(status),
                  reason[0] >= 'a' && reason[0] <= 'z' ? reason[0] - 32
                                                       : reason[0],
                  reason + 1);
    request->answered = true;
    enqueue(c, request);
}

static bool
can_read(const struct http_connection *c)
{
    return !c->no_more && !c->checked
        && c->n_requests < LIMIT_HTTP_PIPELINE
        && c->output.size < LIMIT_HTTP_QUEUE && !c->pressure.is_armed;
}

static void start_read_timer(struct http_connection *);

static void
on_read_timeout(struct worker_timer *timer)
{
    struct http_connection *c =
        CONTAINER_OF(timer, struct http_connection, read_timer);

    if (!c->reading && c->scan.state <= HTTP_SCAN_START_CR) {
        return;                         /* an empty line begins nothing */
    }
    if (!can_read(c) || c->n_read >= HTTP_LEAST_PROGRESS) {
        start_read_timer(c);            /* we are slow, or it is not */
        return;
    }
    refuse(c, 408, "the request took too long");
    flush(c);
}

static void
start_read_timer(struct http_connection *c)
{
    c->n_read = 0;
    worker_timer_start(c->worker->worker, &c->read_timer,
                       c->server->settings->request_timeout_ns,
                       on_read_timeout);
}

/* --- reading --- */

static void
on_request(struct http_connection *c)
{
    struct http_request *request = steal(c->reading);

    worker_timer_stop(c->worker->worker, &c->read_timer);
    if (!request->head.keep_alive) {
        c->no_more = true;
    }
    enqueue(c, request);
    http_request_dispatch(c->server, request);
}

/* How the body that is to come is coded.  Returns 0, or the status to refuse
 * it with. */
static int
begin_coding(struct http_request *request)
{
    const char *coding = http_head_find(&request->head, "Content-Encoding");

    if (!coding || strcasecmp(coding, "identity") == 0) {
        return 0;
    }
    if (strcasecmp(coding, "gzip") != 0 && strcasecmp(coding, "x-gzip") != 0) {
        return 415;
    }
    request->inflate = http_inflate_create();
    return request->inflate ? 0 : 503;
}

/* To who waits for it before it sends its body. */
static void
say_continue(struct http_connection *c, const char *expect)
{
    autofini(strbuf) text = STRBUF(64);

    if (expect && c->reading->head.minor > 0 && !c->requests) {
        strbuf_append(&text, "HTTP/1.1 100 Continue\r\n\r\n");
        output_append(&c->output, &text);
    }
}

static void
begin_body(struct http_connection *c, struct http_head *head)
{
    const char *expect = http_head_find(head, "Expect");
    int status;

    c->reading = new_request(c, head);
    status = http_body_begin(&c->body, &c->reading->head);
    if (status) {
        refuse(c, status, c->body.reason);
    } else if (expect && strcasecmp(expect, "100-continue") != 0) {
        refuse(c, 417, "unknown expectation");
    } else if (c->body.state == HTTP_BODY_DONE) {
        on_request(c);
    } else if ((status = begin_coding(c->reading))) {
        refuse(c, status, "the body is coded in a way we cannot read");
    } else {
        start_read_timer(c);
        say_continue(c, expect);
    }
}

/* True if the connection is no more ours. */
static bool
try_upgrade(struct http_connection *c, struct http_head *head,
            const char *rest, size_t rest_size)
{
    struct http_server *server = c->server;
    const char *reason = "cannot upgrade";
    int status = 400;

    if (!c->requests && c->output.size == 0) {
        set_reading(c, false);
        status = server->upgrade(server->upgrade_aux, head, c->worker->worker,
                                 c->stream, rest, rest_size, &reason);
    }
    if (status == 0) {
        detach(c);
        return true;
    }
    set_reading(c, true);
    if (status < 0) {
        begin_body(c, head);
    } else {
        refuse(c, status, reason);
    }
    return false;
}

/* A whole head has come; 'rest' is what follows it.  True if the connection
 * is no more ours. */
static bool
on_head(struct http_connection *c, const char *rest, size_t rest_size)
{
    struct http_head head;
    const char *reason = "";
    bool taken = false;

    int status = http_head_parse_request(&head, c->head.data, c->head.len,
                                         &reason);
    strbuf_fini(&c->head);
    strbuf_init(&c->head, LIMIT_HTTP_HEAD);
    c->scan = (struct http_scan) { 0 };
    if (status) {
        refuse(c, status, reason);
    } else if (head.upgrade && c->server->upgrade) {
        taken = try_upgrade(c, &head, rest, rest_size);
    } else {
        begin_body(c, &head);
    }
    http_head_fini(&head);
    return taken;
}

/* Takes bytes of a head; returns how many, 0 if the connection is gone. */
static size_t
feed_head(struct http_connection *c, const char *data, size_t size)
{
    size_t used = 0;

    if (c->scan.state <= HTTP_SCAN_START_CR) {
        start_read_timer(c);
    }
    int status = http_scan(&c->scan, data, size, &used);
    if (status) {
        refuse(c, status, c->scan.reason);
        return size;
    }
    strbuf_append_bytes(&c->head, data, used);
    if (c->scan.state == HTTP_SCAN_DONE
        && on_head(c, data + used, size - used)) {
        return 0;
    }
    return used;
}

/* Takes bytes of a coded body; the bounds hold for both of its forms. */
static int
feed_coded(struct http_connection *c, const char *data, size_t size,
           size_t *ret_used)
{
    struct http_request *request = c->reading;
    autofini(strbuf) coded = STRBUF(LIMIT_HTTP_BODY - request->n_coded);

    int status = http_body_feed(&c->body, data, size, &coded, ret_used);
    if (status) {
        return status;
    }
    request->n_coded += coded.len;
    autoerror *error = http_inflate(request->inflate, coded.data, coded.len,
                                    &request->body);
    if (!error && c->body.state == HTTP_BODY_DONE && request->n_coded > 0) {
        error = http_inflate_end(request->inflate);
    }
    if (error) {
        c->body.reason = error_code(error) == ERROR_TOO_LARGE
            ? "the body is too large" : "the body is no whole gzip";
        return error_code_http_status(error_code(error));
    }
    return 0;
}

static size_t
feed_body(struct http_connection *c, const char *data, size_t size)
{
    size_t used = 0;

    int status = c->reading->inflate
        ? feed_coded(c, data, size, &used)
        : http_body_feed(&c->body, data, size, &c->reading->body, &used);
    if (status) {
        refuse(c, status, c->body.reason);
        return size;
    }
    c->n_read += used;
    if (c->body.state == HTTP_BODY_DONE) {
        on_request(c);
    }
    return used;
}

/* Reads requests out of 'data'; what cannot be read yet is held.  The
 * connection may be gone afterwards. */
static void
feed(struct http_connection *c, const char *data, size_t size)
{
    size_t i = 0;

    c->feeding = true;
    while (i < size && can_read(c)) {
        size_t used = c->reading ? feed_body(c, data + i, size - i)
                                 : feed_head(c, data + i, size - i);
        if (used == 0) {
            return;                     /* upgraded: 'c' is gone */
        }
        i += used;
    }
    if (i < size && !c->no_more) {
        strbuf_append_bytes(&c->held, data + i, size - i);
        set_reading(c, false);
    }
    c->feeding = false;
    flush(c);
}

/* Reads on, if it may. */
static void
resume(struct http_connection *c)
{
    if (c->held.len == 0 || !can_read(c)) {
        return;
    }
    autofini(strbuf) held = c->held;

    strbuf_init(&c->held, STRBUF_UNLIMITED);
    set_reading(c, true);
    feed(c, held.data, held.len);
}

static void
on_caught_up(struct worker_job *job)
{
    struct http_connection *c =
        CONTAINER_OF(job, struct http_connection, caught_up);

    c->pressure.is_armed = false;
    if (c->stream && !c->lingering) {
        resume(c);
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
on_data(void *aux, const void *data, size_t size)
{
    struct http_connection *c = aux;

    if (c->lingering || c->no_more) {
        return;
    }
    if (c->held.len > 0) {
        strbuf_append_bytes(&c->held, data, size);
        return;
    }
    feed(c, data, size);
}

static void
on_writable(void *aux)
{
    struct http_connection *c = aux;

    if (!c->lingering) {
        flush(c);
    }
}

static void
on_closed(void *aux, const struct error *error)
{
    struct http_connection *c = aux;
    bool streaming = present_stream(c) && !c->requests->has_length;

    c->ended = true;
    if (error || c->lingering || streaming
        || (!c->requests && c->output.size == 0 && c->held.len == 0)) {
        http_connection_close(c);
        return;
    }
    worker_timer_stop(c->worker->worker, &c->read_timer);
    if (c->reading) {
        destroy_request(c, steal(c->reading));
    }
}

static const struct actor_stream_callbacks callbacks = {
    .on_data = on_data,
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
        refuse(c, 503, "too many connections");
        flush(c);
        return;
    }
    set_reading(c, true);
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
