/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.c - a connection to a server: writes requests, reads answers in
 * their order.
 *
 * A connection of the pool has one call at a time, one of a channel as many as
 * were made: the oldest is the one whose answer is read.  Reading goes on when
 * there is none: that is how the end of a kept connection is noticed.  While
 * the actor of a streamed answer is behind, what has come is held and nothing
 * more is read.
 *
 * Bytes that nobody asked for end the connection: to take them for the answer
 * to the next request would be the smuggler's way in.
 *
 * Thread: the worker's. */
#include <config.h>

#include <stdlib.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include "http/client/call.h"
#include "http/client/channel.h"
#include "http/client/connection.h"
#include "http/client/pool.h"

/* What is read of a stream before looking whether the actor is behind, and
 * inflated at once. */
#define SLICE 4096
#define KEEPALIVE_TIMEOUT (120 * SECOND)

static void write_out(struct client_connection *);
static void watch_silence(struct client_connection *);
static bool finish(struct client_connection *, bool has_more);
static void end_connects(struct client_connection *);

/* --- the end --- */

static struct http_call *
take_first(struct client_connection *c)
{
    struct http_call *call = c->calls;

    DL_DELETE(c->calls, call);
    http_response_fini(&c->response);
    c->has_head = c->is_streaming = false;
    return call;
}

static void
end_calls(struct client_connection *c)
{
    while (c->calls) {
        pool_end_call(take_first(c),
                      error_create(ERROR_CLOSED, "the connection was closed "
                                   "before the answer"));
    }
}

static void
destroy(struct client_connection *c)
{
    output_fini(&c->output);
    strbuf_fini(&c->held);
    error_destroy(c->error);
    free(c);
}

void
client_connection_close(struct client_connection *c,
                        const struct error *error)
{
    struct http_client *client = c->worker->client;
    struct origin *origin = c->origin;
    struct http_channel *channel = c->channel;

    client->net->close(client->net_ctx, c->stream);
    worker_timer_stop(c->worker->worker, &c->timer);
    DL_DELETE(c->worker->connections, c);
    end_calls(c);
    if (origin) {
        pool_unkeep(c);
        origin->n_connections--;
        origin->n_counted -= c->is_counted;
    }
    destroy(c);
    if (origin) {
        pool_on_gone(origin);
    }
    if (channel) {
        http_channel_on_gone(channel, error);
        http_channel_unref(channel);
    }
}

void
client_connection_fail(struct client_connection *c, struct http_call *call,
                       struct error *error)
{
    autoerror *why = error_clone(error);

    if (call == c->calls) {
        take_first(c);
    } else {
        DL_DELETE(c->calls, call);
    }
    pool_end_call(call, error);
    client_connection_close(c, why);
}

/* A kept connection that the server had given up when it was used again. */
static bool
may_repeat(const struct client_connection *c, const struct http_call *call)
{
    return c->origin && c->n_answers > 0 && !c->response.has_begun
        && call->is_repeatable && !call->is_repeated;
}

/* The connection has ended before the answer did. */
static void
lose(struct client_connection *c, struct error *error)
{
    struct http_call *call = c->calls;

    if (!may_repeat(c, call)) {
        client_connection_fail(c, call, error);
        return;
    }
    take_first(c);
    call->connection = NULL;
    client_connection_close(c, error);
    error_destroy(error);
    pool_repeat(call);
}

/* All that had come before the end has been read. */
static void
on_end(struct client_connection *c)
{
    struct error *error = steal(c->error);

    if (!c->calls) {
        autoerror *why = error ? error
                               : error_create(ERROR_CLOSED, "the server "
                                              "closed the connection");

        client_connection_close(c, why);
        return;
    }
    if (!error) {
        error = http_response_end(&c->response);
    }
    if (error) {
        lose(c, error);
    } else {
        finish(c, false);
    }
}

/* --- reading --- */

static void
set_reading(struct client_connection *c, bool on)
{
    struct http_client *client = c->worker->client;

    if (!c->is_ended) {
        client->net->set_reading(client->net_ctx, c->stream, on);
    }
}

static void
on_head(struct client_connection *c)
{
    struct http_call *call = c->calls;
    unsigned status = c->response.answer->head.status;

    c->has_head = true;
    c->is_streaming = call->on_data && status < 300;
    if (c->is_streaming) {
        http_call_tell_head(call, &c->response.answer);
    }
}

/* The answer to the first call is whole. */
static struct error *
conclude(struct client_connection *c)
{
    struct http_call *call = c->calls;

    if (!c->is_streaming) {
        http_call_set_answer(call, &c->response.answer);
        return NULL;
    }
    return call->has_records ? recordio_end(&call->records) : NULL;
}

/* Ends the first call and goes on to the next.  'has_more': bytes follow the
 * answer.  False if the connection is gone. */
static bool
finish(struct client_connection *c, bool has_more)
{
    struct error *error = conclude(c);
    bool keeps = c->response.keep_alive;
    struct http_call *call = take_first(c);

    c->n_answers++;
    pool_end_call(call, error);
    if (!keeps
        || (c->origin && (has_more || c->is_ended || c->output.size > 0))) {
        autoerror *why = error_create(ERROR_CLOSED, "the server closes the "
                                      "connection");

        client_connection_close(c, why);
        return false;
    }
    if (c->calls) {
        http_response_init(&c->response, &c->calls->response);
        end_connects(c);
    } else if (c->origin) {
        pool_keep(c);
    }
    return true;
}

/* Takes some of the bytes; false if the connection is gone. */
static bool
feed_some(struct client_connection *c, const char *data, size_t size,
          size_t *ret_used)
{
    struct http_call *call = c->calls;
    autofini(strbuf) piece = STRBUF(STRBUF_UNLIMITED);
    struct http_answer *answer = c->is_streaming ? NULL : c->response.answer;

    struct error *error = http_response_feed(
        &c->response, data, size < SLICE ? size : SLICE,
        answer ? &answer->body : &piece, ret_used);
    if (!error && !c->has_head && c->response.state != HTTP_RESPONSE_HEAD) {
        on_head(c);
    }
    if (c->is_streaming && piece.len > 0) {
        struct error *of_records = http_call_tell_data(call, &piece);

        if (error) {
            error_destroy(of_records);
        } else {
            error = of_records;
        }
    }
    if (error) {
        client_connection_fail(c, call, error);
        return false;
    }
    return c->response.state != HTTP_RESPONSE_DONE
        || finish(c, *ret_used < size);
}

/* Keeps what cannot be read yet; the connection may be gone afterwards. */
static void
hold(struct client_connection *c, const char *data, size_t size)
{
    strbuf_append_bytes(&c->held, data, size);
    if (c->held.overflow) {
        client_connection_fail(c, c->calls,
                               error_create(ERROR_NO_MEMORY, "no memory for "
                                            "the answer"));
        return;
    }
    set_reading(c, false);
    worker_timer_stop(c->worker->worker, &c->timer);
}

/* Reads answers out of 'data'; the connection may be gone afterwards. */
static void
feed(struct client_connection *c, const char *data, size_t size)
{
    size_t i = 0;

    while (i < size && c->calls) {
        size_t used = 0;

        if (c->is_streaming && http_call_is_full(c->calls)) {
            hold(c, data + i, size - i);
            return;
        }
        if (!feed_some(c, data + i, size - i, &used)) {
            return;
        }
        i += used;
    }
    if (i < size) {
        autoerror *error = error_create(ERROR_PARSE, "%zu bytes came that "
                                        "are no answer", size - i);

        client_connection_close(c, error);
    } else if (c->is_ended) {
        on_end(c);
    } else {
        watch_silence(c);
    }
}

void
client_connection_resume(struct client_connection *c)
{
    if (c->held.len == 0) {
        return;
    }
    autofini(strbuf) held = c->held;

    strbuf_init(&c->held, LIMIT_HTTP_QUEUE);
    set_reading(c, true);
    feed(c, held.data, held.len);
}

/* --- writing --- */

/* What may have to be written once more stays in the call, if there is memory
 * for that. */
static void
append_request(struct client_connection *c, struct http_call *call)
{
    autofini(strbuf) head = STRBUF(call->head.len);
    autofini(strbuf) body = STRBUF(call->body.len);

    if (may_repeat(c, call)) {
        strbuf_append_bytes(&head, call->head.data, call->head.len);
        strbuf_append_bytes(&body, call->body.data, call->body.len);
        call->is_repeated = head.overflow || body.overflow;
    }
    if (head.len > 0 && !call->is_repeated) {
        output_append(&c->output, &head);
        output_append(&c->output, &body);
    } else {
        output_append(&c->output, &call->head);
        output_append(&c->output, &call->body);
    }
}

static void
write_out(struct client_connection *c)
{
    struct http_client *client = c->worker->client;

    /* If it is broken, on_closed() tells. */
    output_write(&c->output, client->net, client->net_ctx, c->stream);
}

static void
enqueue(struct client_connection *c, struct http_call *call)
{
    call->connection = c;
    if (!c->calls) {
        http_response_init(&c->response, &call->response);
    }
    DL_APPEND(c->calls, call);
    append_request(c, call);
}

void
client_connection_add(struct client_connection *c, struct http_call *call)
{
    enqueue(c, call);
    if (c->is_connected) {
        write_out(c);
        end_connects(c);
        watch_silence(c);
    }
}

/* Ends those of the calls that are next which want a connection and no more.
 * Only channels have such calls. */
static void
end_connects(struct client_connection *c)
{
    while (c->is_connected && c->calls && c->calls->is_connect_only) {
        pool_end_call(take_first(c), NULL);
        if (c->calls) {
            http_response_init(&c->response, &c->calls->response);
        }
    }
}

/* --- time --- */

static void
on_connect_timeout(struct worker_timer *timer)
{
    struct client_connection *c =
        CONTAINER_OF(timer, struct client_connection, timer);

    client_connection_fail(
        c, c->calls, error_create(ERROR_TIMEOUT, "no connection within %s",
                                  DURATION_TEXT(c->calls
                                                ->connect_timeout_ns)));
}

static void
on_silence(struct worker_timer *timer)
{
    struct client_connection *c =
        CONTAINER_OF(timer, struct client_connection, timer);

    client_connection_fail(
        c, c->calls, error_create(ERROR_TIMEOUT, "nothing came for %s",
                                  DURATION_TEXT(c->calls->idle_timeout_ns)));
}

/* Something has come or gone while the first call waits. */
static void
watch_silence(struct client_connection *c)
{
    struct worker *worker = c->worker->worker;

    if (!c->is_connected || c->is_idle || c->held.len > 0) {
        return;                 /* the timer is another's, or stopped */
    }
    if (c->calls && c->calls->idle_timeout_ns != DURATION_FOREVER) {
        worker_timer_start(worker, &c->timer, c->calls->idle_timeout_ns,
                           on_silence);
    } else {
        worker_timer_stop(worker, &c->timer);
    }
}

/* --- the stream's callbacks --- */

static void
on_data(void *aux, const void *data, size_t size)
{
    struct client_connection *c = aux;

    if (c->held.len > 0) {
        hold(c, data, size);
    } else {
        feed(c, data, size);
    }
}

static void
on_writable(void *aux)
{
    struct client_connection *c = aux;
    struct http_client *client = c->worker->client;

    if (!c->is_connected) {
        c->is_connected = true;
        worker_timer_stop(c->worker->worker, &c->timer);
        client->net->set_keepalive(client->net_ctx, c->stream,
                                   KEEPALIVE_TIMEOUT);
        set_reading(c, true);
        end_connects(c);
    }
    write_out(c);
    watch_silence(c);
}

static void
on_closed(void *aux, const struct error *error)
{
    struct client_connection *c = aux;

    c->is_ended = true;
    if (error && !c->error) {
        c->error = error_clone(error);
    }
    if (c->held.len == 0) {
        on_end(c);
    }
}

static const struct actor_stream_callbacks callbacks = {
    .on_data = on_data,
    .on_writable = on_writable,
    .on_closed = on_closed,
};

/* --- the beginning --- */

struct client_connection *
client_connection_open(struct client_worker *worker, struct http_call *call,
                       struct error **ret_error)
{
    struct http_client *client = worker->client;
    struct client_connection *c = xcalloc(1, sizeof *c);

    c->worker = worker;
    c->address = call->address;
    strbuf_init(&c->held, LIMIT_HTTP_QUEUE);
    struct error *error = client->net->connect(
        client->net_ctx, worker->worker, &c->address, &callbacks, c,
        &c->stream);
    if (error) {
        destroy(c);
        *ret_error = error;
        return NULL;
    }
    DL_APPEND(worker->connections, c);
    if (call->channel) {
        c->channel = call->channel;
        http_channel_ref(c->channel);
    }
    enqueue(c, call);
    if (call->connect_timeout_ns != DURATION_FOREVER) {
        worker_timer_start(worker->worker, &c->timer,
                           call->connect_timeout_ns, on_connect_timeout);
    }
    return c;
}
