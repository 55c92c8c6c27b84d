/* SPDX-License-Identifier: Apache-2.0
 *
 * connection.h - a connection to a server, of the pool or of a channel.
 *
 * Thread-safety: the worker's thread. */
#ifndef HTTP_CLIENT_CONNECTION_H
#define HTTP_CLIENT_CONNECTION_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/address.h>
#include <actor/strbuf.h>
#include "core/worker.h"
#include "http/output.h"
#include "http/response.h"

struct actor_stream;
struct client_worker;
struct error;
struct http_call;
struct http_channel;
struct origin;

struct client_connection {
    struct client_worker *worker;       /* borrowed */
    struct address address;
    struct origin *origin;              /* borrowed; NULL: a channel's */
    struct http_channel *channel;       /* counted; NULL: the pool's */
    struct actor_stream *stream;        /* owned */
    bool is_connected;
    bool is_counted;                    /* in origin->n_counted */
    bool is_idle;
    struct worker_timer timer;          /* connecting, silence, idleness */
    struct output output;

    struct http_call *calls;    /* owned; oldest, the one answered, first */
    struct http_response response;      /* to the first; if there is one */
    bool has_head;                      /* of the first, has been told */
    bool is_streaming;                  /* the answer to the first */
    unsigned n_answers;
    struct strbuf held;                 /* came while the actor was behind */
    bool is_ended;                      /* the peer ended its side, or ... */
    struct error *error;                /* owned; ... it broke, and how */

    struct client_connection *prev, *next;      /* worker->connections */
    struct client_connection *idle_prev, *idle_next;    /* worker->idle */
    struct client_connection *origin_prev, *origin_next;/* origin->idle */
};

/* Connects, to do 'call' first.  NULL if that fails at once: '*ret_error' says
 * why, and the call is the caller's. */
struct client_connection *
client_connection_open(struct client_worker *, struct http_call *call,
                       struct error **ret_error);

/* Writes the request of a further call. */
void client_connection_add(struct client_connection *, struct http_call *);

/* The actor is not behind any more. */
void client_connection_resume(struct client_connection *);

/* Ends 'call' with 'error', which it takes; the connection and what else is on
 * it end too. */
void client_connection_fail(struct client_connection *,
                            struct http_call *call, struct error *error);

/* Ends what is on it, and the connection.  'error' is on loan. */
void client_connection_close(struct client_connection *,
                             const struct error *error);

#endif /* HTTP_CLIENT_CONNECTION_H */
