/* SPDX-License-Identifier: Apache-2.0
 *
 * body.h - where the body of an HTTP message ends: by length, in chunks, or,
 * of an answer, with the connection.
 *
 * As strict as the scan of the head: chunk lines end in CR LF, sizes are plain
 * hexadecimal, trailers are passed over within the bounds of a head.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/head.h"

struct strbuf;

enum http_body_state {
    HTTP_BODY_DONE,             /* also: there is none */
    HTTP_BODY_DATA,             /* 'left' bytes of it */
    HTTP_BODY_CHUNK_SIZE,
    HTTP_BODY_CHUNK_EXTENSION,
    HTTP_BODY_CHUNK_LF,         /* of the size line */
    HTTP_BODY_CHUNK_DATA,       /* 'left' bytes of it */
    HTTP_BODY_CHUNK_END_CR,
    HTTP_BODY_CHUNK_END_LF,
    HTTP_BODY_TRAILERS,
    HTTP_BODY_TO_END,           /* of the connection; never DONE by itself */
};

struct http_body {
    enum http_body_state state;
    uint64_t left;
    unsigned n_digits;
    size_t line_size;           /* of a chunk's size line */
    struct http_scan trailers;
    const char *reason;         /* why it was refused; a literal */
};

/* Begins the body that 'head' announces.  Returns 0, or the status to refuse
 * the request with. */
int http_body_begin(struct http_body *, const struct http_head *head);

/* The same for an answer, whose content has at most 'max_size' bytes.
 * 'has_none': whatever the head says, it was an answer to HEAD, for
 * example. */
int http_body_begin_answer(struct http_body *, const struct http_head *head,
                           bool has_none, size_t max_size);

/* Appends what the next bytes hold of the body to 'out', whose maximum is the
 * limit.  '*ret_used' bytes belong to it; it is whole when 'state' is
 * HTTP_BODY_DONE.  Returns 0, or the status to refuse it with: 503 if there
 * was no memory. */
int http_body_feed(struct http_body *, const char *data, size_t size,
                   struct strbuf *out, size_t *ret_used);

#endif /* HTTP_BODY_H */
