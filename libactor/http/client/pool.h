/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h - the client of a system: its workers, the addresses they talk to,
 * the calls they carry out.
 *
 * A call is made by an actor and carried out by a worker, which is chosen by
 * the address that is called: all connections to an address belong to one
 * worker, so that keeping and sharing them needs no locks.
 *
 *     actor   call.c -- request.c, the request as bytes
 *               |          (and a look-up in the pool, for a host name)
 *             a job
 *               v
 *     worker  pool.c -- connection.c -- response.c
 *               |
 *            messages, one for each event
 *               v
 *     actor   call.c
 *
 * Whoever dies first, the other notices: the worker by a watch on the actor's
 * exit, the actor by the error that ends each call.
 *
 * Thread-safety: the worker's thread, unless it is said otherwise. */
#ifndef HTTP_CLIENT_POOL_H
#define HTTP_CLIENT_POOL_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/backend.h>
#include <actor/table.h>
#include "core/transport.h"
#include "core/worker.h"

struct client_connection;
struct error;
struct http_call;

/* --- the client of a system --- */

/* All of it is the worker's. */
struct client_worker {
    struct http_client *client;         /* borrowed */
    struct worker *worker;              /* borrowed */
    struct origin *origins;             /* owned; origin_table.c */
    struct client_connection *connections;      /* owned */
    struct client_connection *idle;     /* some of them, oldest first */
    unsigned n_idle;
    bool is_stopping;
};

/* Fixed. */
struct http_client {
    struct system_part part;
    struct actor_system *system;        /* borrowed */
    const struct actor_net_ops *net;
    void *net_ctx;
    actor_resolve_fn *resolve;  /* NULL: there are no names */
    unsigned n_workers;
    struct client_worker workers[];
};

/* Made if the system has none yet.  Any thread. */
struct http_client *http_client_of(struct actor_system *);

/* The worker that talks to 'address'.  Any thread. */
struct client_worker *http_client_worker(struct http_client *,
                                         const struct address *);

/* Whether 'self' is that very actor, and not a successor of its name.  The
 * turn of 'self'. */
bool http_client_is_owner(const struct actor *self, const struct upid *owner);

/* --- calls and connections --- */

/* An address, what is open to it, and what waits for it. */
struct origin {
    UT_hash_handle hh;
    struct address address;
    struct client_worker *worker;       /* borrowed */
    struct client_connection *idle;     /* oldest first */
    struct http_call *waiting;          /* oldest first */
    unsigned n_connections;
    unsigned n_counted;                 /* those that no stream has */
};

struct origin *origin_table_get(struct client_worker *,
                                const struct address *);
void origin_table_remove(struct origin *);      /* frees it */

void pool_on_wants(struct http_call *, unsigned wants);

/* Ends a call that is on no connection and waits nowhere.  Takes 'error'; the
 * call may be gone. */
void pool_end_call(struct http_call *, struct error *error);

/* A connection is free: it gets the next call, or is kept. */
void pool_keep(struct client_connection *);

/* The same once it is taken, or gone. */
void pool_unkeep(struct client_connection *);

/* A connection is gone: what waits for one may open it. */
void pool_on_gone(struct origin *);

/* A call whose kept connection was dead: once more, on a fresh one. */
void pool_repeat(struct http_call *);

/* Ends all that is left.  All owners are gone. */
void pool_stop(struct client_worker *);

#endif /* HTTP_CLIENT_POOL_H */
