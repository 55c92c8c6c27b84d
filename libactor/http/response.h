/* SPDX-License-Identifier: Apache-2.0
 *
 * response.h - reads one answer out of the bytes of a connection.
 *
 * As strict as the server is with requests, and for the same reason: of two
 * answers on a connection the second must be the second's.  Interim answers
 * (1xx) are passed over; 101 is refused, nobody asked for it.  Answers to
 * HEAD, 204 and 304 have no body; others end by their length, with their last
 * chunk, or with the connection, never by two of these.
 *
 * Errors: ERROR_PARSE what is malformed, ERROR_TOO_LARGE what is above a
 * limit, ERROR_UNSUPPORTED, ERROR_CLOSED what ends early, ERROR_NO_MEMORY.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>
#include <actor/strbuf.h>
#include "http/body.h"
#include "http/head.h"

struct error;
struct http_inflate;

/* What <actor/http_client.h> hands out. */
struct http_answer {
    struct http_head head;
    struct strbuf body;
};

void http_answer_destroy(struct http_answer *);         /* NULL is fine */

enum http_response_state {
    HTTP_RESPONSE_HEAD,
    HTTP_RESPONSE_BODY,
    HTTP_RESPONSE_DONE,
};

struct http_response_options {
    bool is_head;               /* it answers HEAD */
    bool inflates;              /* gzip was asked for */
    bool streams;               /* 'max_body' is not for answers with 2xx */
    size_t max_body;            /* inflated or not */
};

struct http_response {
    enum http_response_state state;
    struct http_response_options options;
    bool has_begun;             /* a byte has come */
    bool keep_alive;            /* the connection may be used again */
    struct http_answer *answer; /* owned, from its head on; may be taken */
    size_t max_body;            /* of this answer */
    unsigned n_interim;
    struct http_scan scan;
    struct strbuf text;         /* of the head */
    struct http_body body;
    struct http_inflate *inflate;       /* owned; NULL: not compressed */
};

void http_response_init(struct http_response *,
                        const struct http_response_options *);
void http_response_fini(struct http_response *);

/* Looks at the next bytes; '*ret_used' is how many it took.  Returns when the
 * head is whole (the state changes) and when the answer is.  What there is of
 * the body is appended to 'out', decoded, and is not kept here; the maximum
 * of 'out' bounds it. */
struct error *http_response_feed(struct http_response *, const char *data,
                                 size_t size, struct strbuf *out,
                                 size_t *ret_used) MUST_CHECK;

/* The peer has ended its side.  NULL if the answer is whole now. */
struct error *http_response_end(struct http_response *) MUST_CHECK;

#endif /* HTTP_RESPONSE_H */
