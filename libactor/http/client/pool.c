/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.c - calls on a worker: each gets a connection, or waits for one.
 *
 * Connections to an address that have done their call are kept for a while,
 * the last one used again first.  Calls with a whole answer share a bounded
 * number of them.  Streams do not count: they may last for ever, and what they
 * hold would be missing.  Thread: the worker's. */
#include <config.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include "http/client/call.h"
#include "http/client/channel.h"
#include "http/client/connection.h"
#include "http/client/pool.h"

#define KEEP_TIME (30 * SECOND)

static void assign(struct origin *, struct http_call *);

/* --- the end of a call --- */

void
pool_end_call(struct http_call *call, struct error *error)
{
    worker_timer_stop(call->worker->worker, &call->timer);
    call->connection = NULL;
    call->is_finished = true;
    strbuf_fini(&call->head);
    strbuf_fini(&call->body);
    http_call_tell_end(call, error);
    http_call_unref(call);
}

static void
remove_if_unused(struct origin *origin)
{
    if (!origin->waiting && origin->n_connections == 0) {
        origin_table_remove(origin);
    }
}

static void
leave_queue(struct http_call *call)
{
    struct origin *origin = steal(call->origin);

    DL_DELETE(origin->waiting, call);
    remove_if_unused(origin);
}

/* Wherever it is. */
static void
fail_call(struct http_call *call, struct error *error)
{
    if (call->connection) {
        client_connection_fail(call->connection, call, error);
        return;
    }
    if (call->origin) {
        leave_queue(call);
    }
    pool_end_call(call, error);
}

/* --- what the actor's side wants --- */

static void
on_deadline(struct worker_timer *timer)
{
    struct http_call *call = CONTAINER_OF(timer, struct http_call, timer);

    fail_call(call, error_create(ERROR_TIMEOUT, "no whole answer within %s",
                                 DURATION_TEXT(call->timeout_ns)));
}

static void
start(struct http_call *call)
{
    struct client_worker *worker = call->worker;

    if (call->deadline_ns != INT64_MAX) {
        int64_t left = call->deadline_ns - actor_system_now(call->system);

        worker_timer_start(worker->worker, &call->timer, left > 0 ? left : 0,
                           on_deadline);
    }
    if (call->channel) {
        http_channel_start(call->channel, call);
    } else {
        assign(origin_table_get(worker, &call->address), call);
    }
}

void
pool_on_wants(struct http_call *call, unsigned wants)
{
    if (call->is_finished) {
        return;
    }
    if (wants & CALL_WANTS_DROP) {
        fail_call(call, error_create(ERROR_CANCELLED, "cancelled"));
    } else if (wants & CALL_WANTS_START) {
        start(call);
    } else if (call->connection) {
        client_connection_resume(call->connection);
    }
}

/* --- who gets what --- */

static void
open_for(struct origin *origin, struct http_call *call)
{
    struct error *error;
    struct client_connection *c = client_connection_open(origin->worker, call,
                                                         &error);

    if (!c) {
        pool_end_call(call, error);
        return;
    }
    c->origin = origin;
    origin->n_connections++;
    c->is_counted = !call->on_data;
    origin->n_counted += c->is_counted;
}

static void
give(struct client_connection *c, struct http_call *call)
{
    bool is_counted = !call->on_data;

    c->origin->n_counted += is_counted;
    c->origin->n_counted -= c->is_counted;
    c->is_counted = is_counted;
    client_connection_add(c, call);
}

static bool
may_open(const struct origin *origin, const struct http_call *call)
{
    return call->on_data
        || origin->n_counted < LIMIT_HTTP_CLIENT_CONNECTIONS;
}

static void
assign(struct origin *origin, struct http_call *call)
{
    struct client_connection *kept =
        origin->idle && !call->is_repeated ? origin->idle->origin_prev : NULL;

    if (kept) {
        pool_unkeep(kept);
        give(kept, call);
    } else if (may_open(origin, call)) {
        open_for(origin, call);
        remove_if_unused(origin);
    } else {
        call->origin = origin;
        DL_APPEND(origin->waiting, call);
    }
}

static struct http_call *
next_waiting(struct origin *origin)
{
    struct http_call *call = origin->waiting;

    DL_DELETE(origin->waiting, call);
    call->origin = NULL;
    return call;
}

void
pool_repeat(struct http_call *call)
{
    call->is_repeated = true;
    call->connection = NULL;
    assign(origin_table_get(call->worker, &call->address), call);
}

/* --- keeping --- */

static void
on_kept_for_long(struct worker_timer *timer)
{
    client_connection_close(CONTAINER_OF(timer, struct client_connection,
                                         timer), NULL);
}

void
pool_unkeep(struct client_connection *c)
{
    struct client_worker *worker = c->worker;

    if (!c->is_idle) {
        return;
    }
    worker_timer_stop(worker->worker, &c->timer);
    c->is_idle = false;
    worker->n_idle--;
    DL_DELETE2(worker->idle, c, idle_prev, idle_next);
    DL_DELETE2(c->origin->idle, c, origin_prev, origin_next);
}

void
pool_keep(struct client_connection *c)
{
    struct client_worker *worker = c->worker;
    struct origin *origin = c->origin;

    if (origin->waiting) {
        give(c, next_waiting(origin));
        return;
    }
    if (worker->n_idle == LIMIT_HTTP_CLIENT_IDLE) {
        client_connection_close(worker->idle, NULL);
    }
    origin->n_counted += !c->is_counted;
    c->is_counted = true;
    c->is_idle = true;
    worker->n_idle++;
    DL_APPEND2(worker->idle, c, idle_prev, idle_next);
    DL_APPEND2(origin->idle, c, origin_prev, origin_next);
    worker_timer_start(worker->worker, &c->timer, KEEP_TIME,
                       on_kept_for_long);
}

void
pool_on_gone(struct origin *origin)
{
    struct client_worker *worker = origin->worker;

    while (origin->waiting && !worker->is_stopping
           && may_open(origin, origin->waiting)) {
        open_for(origin, next_waiting(origin));
    }
    remove_if_unused(origin);
}

/* --- the end --- */

static void
end_waiting(struct origin *origin)
{
    while (origin->waiting) {
        pool_end_call(next_waiting(origin),
                      error_create(ERROR_CANCELLED, "the system ends"));
    }
}

void
pool_stop(struct client_worker *worker)
{
    struct origin *origin, *next;
    autoerror *error = error_create(ERROR_CANCELLED, "the system ends");

    worker->is_stopping = true;
    for (origin = worker->origins; origin; origin = next) {
        next = origin->hh.next;
        end_waiting(origin);
        remove_if_unused(origin);
    }
    while (worker->connections) {
        client_connection_close(worker->connections, error);
    }
}
