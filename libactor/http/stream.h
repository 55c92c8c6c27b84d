/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.h - an answer without end, between the actor that writes it and the
 * connection that sends it.
 *
 * Thread-safety: the functions here are the connection's worker's; the
 * actor's are in actor/http.h. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H 1

#include <stdbool.h>
#include <stddef.h>

struct http_stream;
struct strbuf;

/* Moves what the actor has written to 'out', which is empty.  'backlog' bytes
 * of it before are still unwritten.  True once the actor has ended it. */
bool http_stream_take(struct http_stream *, size_t backlog,
                      struct strbuf *out);

/* Nobody reads any more: tells the actor. */
void http_stream_abandon(struct http_stream *);

/* True when the actor wrote more than the bound since the reader last took
 * something. */
bool http_stream_is_overrun(struct http_stream *);

/* Drops the connection's reference. */
void http_stream_unref(struct http_stream *);

#endif /* HTTP_STREAM_H */
