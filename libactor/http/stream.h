/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.h - an answer that goes on, between the actor that writes it and the
 * connection that sends it.
 *
 * Thread-safety: said for each part; more for actors is in actor/http.h. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H 1

#include <stdbool.h>
#include <stddef.h>

struct actor;
struct http_stream;
struct strbuf;

/* --- the actor's turns --- */

typedef void http_stream_drained_fn(struct actor *self, void *arg);

/* Lets 'drained' be called, in a turn of the actor and with the argument of
 * its 'closed', when what it has written is on its way, once for all that was
 * written since the last time. */
void http_stream_on_drained(struct http_stream *,
                            http_stream_drained_fn *drained);

/* Ends the answer by breaking the connection: it cannot be what its head
 * promised.  '*stream' becomes NULL. */
void http_stream_abort(struct http_stream **stream);

/* --- the connection's worker --- */

/* Moves what the actor has written to 'out', which is empty.  'backlog' bytes
 * of it before are still unwritten.  True once the actor has ended it. */
bool http_stream_take(struct http_stream *, size_t backlog,
                      struct strbuf *out);

/* All but 'backlog' bytes of what was taken have been written. */
void http_stream_written(struct http_stream *, size_t backlog);

/* Nobody reads any more: tells the actor. */
void http_stream_abandon(struct http_stream *);

/* True when the actor wrote more than the bound since the reader last took
 * something. */
bool http_stream_is_overrun(struct http_stream *);

bool http_stream_is_aborted(struct http_stream *);

/* Drops the connection's reference. */
void http_stream_unref(struct http_stream *);

#endif /* HTTP_STREAM_H */
