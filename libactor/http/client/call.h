/* SPDX-License-Identifier: Apache-2.0
 *
 * call.h - a call, between the actor that made it and the worker that carries
 * it out.
 *
 * Thread-safety: said for each member and function. */
#ifndef HTTP_CLIENT_CALL_H
#define HTTP_CLIENT_CALL_H 1

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/http_client.h>
#include <actor/strbuf.h>
#include "core/transport.h"
#include "core/worker.h"
#include "http/recordio.h"
#include "http/response.h"

struct call_piece;
struct client_connection;
struct client_worker;
struct origin;

struct http_call {
    atomic_uint refs;           /* the actor's, the worker's, of messages, of
                                 * the job, of a look-up */

    /* Fixed before the worker has it. */
    struct actor_system *system;        /* borrowed */
    struct upid owner;
    http_call_done_fn *done;
    http_call_head_fn *on_head;
    http_call_data_fn *on_data;         /* NULL: the answer comes whole */
    void (*destroy)(void *arg);
    void *arg;
    struct client_worker *worker;       /* borrowed */
    struct http_channel *channel;       /* counted; NULL: none */
    struct address address;
    char *host;                         /* owned; to be looked up, or NULL */
    char *name;                         /* owned; "GET http://host/path" */
    struct http_response_options response;
    bool has_records;
    size_t max_record;
    bool is_repeatable;
    bool is_connect_only;
    int64_t connect_timeout_ns, timeout_ns, idle_timeout_ns;
    int64_t deadline_ns;

    /* The actor's turns. */
    struct exit_watch watch;
    struct actor_timer look_up_timer;
    bool is_over;                       /* nothing is called any more */

    /* Both, with the lock. */
    pthread_mutex_t lock;
    struct worker_job job;
    unsigned wants;                     /* enum call_want */
    bool is_posted;                     /* 'job' is on its way */
    bool is_told;                       /* a message is on its way */
    bool is_started;                    /* the worker has it, or will */
    bool is_paused;                     /* by the actor */
    bool is_held;                       /* not read, since too much waits */
    bool head_is_due;                   /* on_head() */
    struct http_answer *answer;         /* owned */
    struct call_piece *pieces;          /* owned; oldest first */
    size_t n_bytes;                     /* of 'pieces' */
    bool is_ended;                      /* nothing comes after 'pieces' */
    struct error *error;                /* owned; how it ended */

    /* The worker. */
    struct strbuf head, body;           /* of the request; until written */
    struct client_connection *connection;       /* NULL: it waits */
    struct origin *origin;              /* where it waits; NULL: nowhere */
    struct http_call *prev, *next;      /* of the connection, or waiting */
    struct worker_timer timer;
    struct recordio_decoder records;
    bool is_repeated;           /* or may not be, any more */
    bool is_finished;
};

void http_call_unref(struct http_call *);

/* What the actor's side wants of the worker. */
enum call_want {
    CALL_WANTS_START = 1,
    CALL_WANTS_DROP = 2,
    CALL_WANTS_RESUME = 4,
};

/* Fills in what the options say, but for functions and channel (call.c).
 * The call is fresh.  With a 'host', the address is still to be looked up. */
struct error *http_call_build(struct http_call *,
                              const struct http_call_options *) MUST_CHECK;

/* --- from the worker to the actor --- */

/* '*answer', which becomes NULL, is the head of a streamed answer, or else
 * the whole of it, to be given with the end. */
void http_call_tell_head(struct http_call *, struct http_answer **answer);
void http_call_set_answer(struct http_call *, struct http_answer **answer);

/* A piece of a streamed answer; empties 'data'.  The error is about its
 * records. */
struct error *http_call_tell_data(struct http_call *, struct strbuf *data)
    MUST_CHECK;

/* True if so much waits for the actor that reading should stop; then
 * CALL_WANTS_RESUME comes later. */
bool http_call_is_full(struct http_call *);

/* The last that is told.  Takes 'error'; NULL: all is well. */
void http_call_tell_end(struct http_call *, struct error *error);

#endif /* HTTP_CLIENT_CALL_H */
