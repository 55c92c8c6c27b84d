/* SPDX-License-Identifier: Apache-2.0
 *
 * channel.h - one connection for all calls of somebody.
 *
 * Thread-safety: said for each member and function. */
#ifndef HTTP_CLIENT_CHANNEL_H
#define HTTP_CLIENT_CHANNEL_H 1

#include <stdatomic.h>
#include <stdbool.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/http_client.h>
#include "core/transport.h"
#include "core/worker.h"

struct client_connection;
struct client_worker;
struct error;

struct http_channel {
    atomic_uint refs;           /* the actor's, of calls, the connection's, of
                                 * a message, of the job */
    struct actor_system *system;        /* borrowed */
    struct client_worker *worker;       /* borrowed */
    struct address address;
    struct upid owner;
    http_channel_closed_fn *closed;
    void *arg;

    /* The actor's turns. */
    struct exit_watch watch;
    bool is_over;                       /* closed by the actor */

    /* The worker. */
    struct worker_job job;              /* closes; posted once */
    struct client_connection *connection;       /* borrowed; NULL: none */
    bool is_closed;
};

void http_channel_ref(struct http_channel *);
void http_channel_unref(struct http_channel *);

/* A call on a channel; the worker. */
void http_channel_start(struct http_channel *, struct http_call *);

/* The connection is gone: tells the actor.  The worker. */
void http_channel_on_gone(struct http_channel *, const struct error *error);

#endif /* HTTP_CLIENT_CHANNEL_H */
