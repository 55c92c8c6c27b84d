/* SPDX-License-Identifier: Apache-2.0
 *
 * connection_read.c - the requests of an HTTP connection.
 *
 * Reading stops while too many are under way, too much waits to be written,
 * one is being checked, or an actor that has one of them is behind.  What is
 * malformed or too large is answered, after the requests before it, and ends
 * the connection.
 *
 * A connection may be idle between requests for as long as it likes.  Time
 * runs from the first byte of a request to its last: a head has to be whole in
 * its time, and a body has to make some progress in each such span.  Not each
 * byte starts it anew, or one byte a minute would hold a connection for ever.
 *
 * Thread: the connection's worker. */
#include <config.h>

#include "http/connection_private.h"

#include <string.h>
#include <strings.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "http/inflate.h"
#include "http/settings.h"

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

void
connection_refuse(struct http_connection *c, int status, const char *reason)
{
    struct http_head head = { .method = "GET", .minor = 1 };

    log_warn_every(SECOND, "Refusing a request from %s: %d %s: %s",
                   ADDRESS_TEXT(&c->peer), status, http_status_text(status),
                   reason);
    if (c->reading) {
        head.method = strcmp(c->reading->head.method, "HEAD") == 0 ? "HEAD"
                                                                   : "GET";
        connection_destroy_request(c, steal(c->reading));
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
    c->n_answered++;
}

/* HTTP/1.0 has no pipelining: what ends an answer may be the connection. */
static bool
can_read(const struct http_connection *c)
{
    return !c->no_more && !c->checked && !(c->is_old && c->requests)
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
    if (!can_read(c) || c->owes_continue
        || c->n_read >= HTTP_LEAST_PROGRESS) {
        start_read_timer(c);            /* we are slow, or it is not */
        return;
    }
    connection_refuse(c, 408, "the request took too long");
    connection_flush(c);
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
    c->is_old = request->head.minor == 0;
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

/* An interim answer stands behind the answers to what was asked before. */
void
connection_say_continue(struct http_connection *c)
{
    autofini(strbuf) text = STRBUF(64);

    if (c->owes_continue && c->reading && !c->requests) {
        c->owes_continue = false;
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
        connection_refuse(c, status, c->body.reason);
    } else if (expect && strcasecmp(expect, "100-continue") != 0) {
        connection_refuse(c, 417, "unknown expectation");
    } else if (c->body.state == HTTP_BODY_DONE) {
        on_request(c);
    } else if ((status = begin_coding(c->reading))) {
        connection_refuse(c, status, status == 415
                          ? "the body is coded in an unknown way"
                          : "no memory to read the body");
    } else {
        start_read_timer(c);
        c->owes_continue = expect && c->reading->head.minor > 0;
    }
}

/* True if the connection is no more ours.  Behind requests that are not
 * answered yet, one to upgrade is an ordinary one. */
static bool
try_upgrade(struct http_connection *c, struct http_head *head,
            const char *rest, size_t rest_size)
{
    struct http_server *server = c->server;
    const char *reason = "cannot upgrade";
    int status = -1;

    if (!c->requests && c->output.size == 0) {
        connection_set_reading(c, false);
        status = server->upgrade(server->upgrade_aux, head, c->worker->worker,
                                 c->stream, rest, rest_size, &reason);
    }
    if (status == 0) {
        connection_detach(c);
        return true;
    }
    connection_set_reading(c, true);
    if (status < 0) {
        begin_body(c, head);
    } else {
        connection_refuse(c, status, reason);
    }
    return false;
}

/* A whole head has come; 'rest' is what follows it.  True if the connection
 * is no more ours. */
static bool
on_head(struct http_connection *c, const char *text, size_t size,
        const char *rest, size_t rest_size)
{
    struct http_head head;
    const char *reason = "";
    bool taken = false;

    int status = http_head_parse_request(&head, text, size, &reason);
    strbuf_fini(&c->head);
    c->scan = (struct http_scan) { 0 };
    if (status) {
        connection_refuse(c, status, reason);
    } else if (head.upgrade && c->server->upgrade) {
        taken = try_upgrade(c, &head, rest, rest_size);
    } else {
        begin_body(c, &head);
    }
    http_head_fini(&head);
    return taken;
}

/* Takes bytes of a head; returns how many, 0 if the connection is gone.  One
 * that comes in one piece is not copied. */
static size_t
feed_head(struct http_connection *c, const char *data, size_t size)
{
    bool is_begin = c->scan.state <= HTTP_SCAN_START_CR;
    const char *text = data;
    size_t used = 0;

    int status = http_scan(&c->scan, data, size, &used);
    if (status) {
        connection_refuse(c, status, c->scan.reason);
        return size;
    }
    bool is_whole = c->scan.state == HTTP_SCAN_DONE;
    if (is_begin && !is_whole) {
        start_read_timer(c);
    }
    if (c->head.len > 0 || !is_whole) {
        strbuf_append_bytes(&c->head, data, used);
        text = c->head.data;
    }
    if (c->head.overflow) {
        connection_refuse(c, 503, "there is no memory for the request");
        return size;
    }
    if (is_whole && on_head(c, text, text == data ? used : c->head.len,
                            data + used, size - used)) {
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

/* Counts what has come; false if that is too much, with all other bodies. */
static bool
charge(struct http_connection *c)
{
    struct http_request *request = c->reading;
    size_t more = request->body.len - request->n_charged;

    request->n_charged += more;
    return atomic_fetch_add(&c->server->bodies, more) + more
        <= c->server->settings->max_bodies;
}

static size_t
feed_body(struct http_connection *c, const char *data, size_t size)
{
    size_t used = 0;

    c->owes_continue = false;           /* it did not wait */
    int status = c->reading->inflate
        ? feed_coded(c, data, size, &used)
        : http_body_feed(&c->body, data, size, &c->reading->body, &used);
    if (status) {
        connection_refuse(c, status, c->body.reason);
        return size;
    }
    if (!charge(c)) {
        connection_refuse(c, 503, "too much is being sent to this server");
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
        connection_set_reading(c, false);
    }
    c->feeding = false;
    connection_flush(c);
}

void
connection_resume(struct http_connection *c)
{
    if (c->held.len == 0 || !can_read(c)) {
        return;
    }
    autofini(strbuf) held = c->held;

    strbuf_init(&c->held, STRBUF_UNLIMITED);
    connection_set_reading(c, true);
    feed(c, held.data, held.len);
}

void
connection_on_data(void *aux, const void *data, size_t size)
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
