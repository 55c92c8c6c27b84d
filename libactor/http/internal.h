/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.h - what the files of http/ share.
 *
 * Thread-safety: said for each member. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H 1

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/backend.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include "core/transport.h"
#include "core/worker.h"
#include "http/access.h"
#include "http/body.h"
#include "http/date.h"
#include "http/head.h"
#include "http/server.h"
#include "http/target.h"

struct http_connection;
struct http_routes;

/* --- the server --- */

struct http_worker {
    struct worker *worker;              /* borrowed */
    struct http_connection *connections;/* the worker's thread only */
    int64_t date_s;                     /* of 'date' */
    char date[HTTP_DATE_SIZE];          /* as in a Date header */
};

struct http_server {
    struct actor_system *system;        /* borrowed */
    const struct actor_net_ops *net;
    void *net_ctx;
    http_upgrade_fn *upgrade;
    void *upgrade_aux;
    struct http_routes *routes;         /* owned */
    struct http_settings *settings;     /* owned */
    struct http_access *access;         /* owned */
    atomic_uint n_connections;
    atomic_size_t bodies;               /* bytes of all requests' bodies */
    unsigned n_workers;
    struct http_worker workers[];
};

/* The time as a Date header has it; the worker's thread. */
const char *http_date(struct http_server *, struct http_worker *);

/* --- requests --- */

struct http_request {
    struct http_head head;
    struct http_target target;
    const char *at;                     /* in the target: behind the id */
    const char *rest;                   /* in the target's path, or "" */
    VEC(char *) arguments;              /* owned; those asked for */
    struct strbuf body;
    struct http_inflate *inflate;       /* owned; NULL: the body is plain */
    size_t n_coded;                     /* bytes given to it */
    size_t n_charged;                   /* of 'body', in server->bodies */
    struct address peer;
    const struct http_route *route;     /* static */
    struct upid actor;                  /* that has the route */
    char *methods;                      /* owned; NULL: the route takes it */
    enum http_access_step access_step;
    struct http_principal *principal;   /* owned; NULL: nobody was asked */
    struct http_connection *connection; /* counted */

    /* The answer; filled in by the actor, then the worker's. */
    int status;
    char *content_type;                 /* owned; NULL: none */
    struct strbuf headers;              /* further lines, each with CR LF */
    struct strbuf content;
    struct http_stream *stream;         /* of an answer that goes on */
    bool is_final;                      /* to be sent as it is, no coding */
    bool is_to_code;                    /* as gzip; not done yet */
    bool has_length;                    /* 'length' is the whole content's */
    uint64_t length;

    struct worker_job job;              /* brings the answer home */
    struct http_request *next;          /* of the same connection */
    bool answered;                      /* the worker's thread only */
    bool begun;                         /* a stream's head is out; likewise */
};

/* A request around '*head', which it empties. */
struct http_request *http_request_create(struct http_head *head);
void http_request_destroy(struct http_request *);

struct actor_system *http_request_system(const struct http_request *);

/* Sends the request to the actor that has its route, or answers it.  It has a
 * connection. */
void http_request_dispatch(struct http_server *, struct http_request *);

/* Goes on with it when it has passed a check. */
void http_request_proceed(struct http_server *, struct http_request *);

/* --- answers --- */

/* Appends the status line and all headers of the answer to 'out'. */
void http_answer_write_head(struct http_server *, struct http_worker *,
                            const struct http_request *, bool keep_alive,
                            struct strbuf *out);
const char *http_status_text(int status);

/* Takes a complete answer to its connection, on any thread. */
void http_request_send_home(struct http_request **request);

/* 405; 'allow' is "GET, POST", 'quoted' "'GET', 'POST'". */
void http_answer_method_not_allowed(struct http_request **,
                                    const char *allow, const char *quoted);

/* --- connections --- */

/* Closes it and forgets it; its requests come home later. */
void http_connection_close(struct http_connection *);

void http_connection_ref(struct http_connection *);
void http_connection_unref(struct http_connection *);
struct worker *http_connection_worker(const struct http_connection *);

/* Armed while the actor of one of its requests is behind. */
struct pressure_watch *http_connection_pressure(struct http_connection *);

/* Reads no further request before 'request', which is being checked, has
 * passed or is answered.  On the connection's worker, as all below. */
void http_connection_hold(struct http_connection *,
                          const struct http_request *request);
void http_connection_checked(struct http_connection *,
                             struct http_request *request);

/* The answer of 'request' is there. */
void http_connection_answered(struct http_connection *,
                              struct http_request *request);

/* The system that the connection is one of; any thread. */
struct actor_system *
http_connection_system(const struct http_connection *);
struct http_server *http_connection_server(const struct http_connection *);

/* 'stream', which is the answer of the connection's oldest request, has more
 * to say or has ended. */
void http_connection_stream_ready(struct http_connection *,
                                  struct http_stream *stream);

/* --- routes: any thread --- */

struct http_routes *http_routes_create(const char *delegate);
void http_routes_destroy(struct http_routes *);
void http_routes_add(struct http_routes *, struct actor_system *,
                     const struct upid *, const struct http_route *,
                     size_t n);

/* Whether 'self' is that very actor and not one that came after it under its
 * name: functions of a route or a check are for the actor that gave them. */
bool http_is_actor(const struct actor *self, const struct upid *);

struct http_match {
    const struct http_route *route;     /* NULL: none */
    struct upid actor;                  /* that has it */
    const char *at;                     /* in the target: behind the id */
    const char *rest;                   /* in the target: behind the route */
    bool is_refused;            /* there are routes, none for the method */
    struct strbuf methods;              /* for those there are, "GET, POST" */
};

/* The route for a target and method.  'ret' needs http_match_fini(). */
void http_routes_find(struct http_routes *, const struct http_target *,
                      const char *method, struct http_match *ret);
void http_match_fini(struct http_match *);

/* Calls 'fn' for each route that has a summary, ordered by id and path, under
 * the table's read lock. */
void http_routes_for_each(struct http_routes *,
                          void (*fn)(void *aux, const char *id,
                                     bool is_delegate,
                                     const struct http_route *),
                          void *aux);

#endif /* HTTP_INTERNAL_H */
