/* SPDX-License-Identifier: Apache-2.0
 *
 * connection_private.h - what the two halves of an HTTP connection share:
 * connection.c, which answers, and connection_read.c.
 *
 * Thread-safety: the connection's worker, but for the reference count. */
#ifndef HTTP_CONNECTION_PRIVATE_H
#define HTTP_CONNECTION_PRIVATE_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/internal.h"
#include "http/output.h"

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
    bool owes_continue;                 /* the body waits for our 100 */
    size_t n_read;                      /* of a body, in this span of it */
    const struct http_request *checked; /* borrowed; holds up reading */
    bool is_old;                        /* the last request is HTTP/1.0 */
    bool no_more;                       /* no further request is read */
    bool ended;                         /* the peer has ended its side */
    bool feeding;                       /* feed() is on the stack */
    struct pressure_watch pressure;     /* an actor is behind */
    struct worker_job caught_up;        /* it is not any more */

    /* Answering. */
    struct http_request *requests;      /* oldest first; answered: owned */
    unsigned n_requests;
    unsigned n_answered;                /* of these */
    struct output output;
    struct worker_timer write_timer;
    size_t n_written;                   /* in this span of it */
    struct worker_job flush;            /* counts as a reference */
    bool is_flush_posted;
    bool is_shed;                       /* one too many */
    bool lingering;                     /* our side is ended */
};

/* --- connection.c --- */

/* Writes, and does what is to be done when something or all was written.  The
 * connection may be closed afterwards. */
void connection_flush(struct http_connection *);

/* Forgets the stream, which was closed or given away. */
void connection_detach(struct http_connection *);
void connection_destroy_request(struct http_connection *,
                                struct http_request *);
void connection_set_reading(struct http_connection *, bool on);

/* --- connection_read.c --- */

void connection_on_data(void *connection, const void *data, size_t size);

/* Reads on, if it may and something is held.  The connection may be gone
 * afterwards. */
void connection_resume(struct http_connection *);

/* Tells who waits for it to send its body, if that is due. */
void connection_say_continue(struct http_connection *);

/* Answers the request that is being read, or the connection as such, with an
 * error; there will be no further one.  connection_flush() has to follow. */
void connection_refuse(struct http_connection *, int status,
                       const char *reason);

#endif /* HTTP_CONNECTION_PRIVATE_H */
