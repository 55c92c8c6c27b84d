/* SPDX-License-Identifier: Apache-2.0
 *
 * inflate.h - content that came as gzip, within a bound.
 *
 * A kilobyte may become a megabyte: what is too large is refused before it is
 * kept.  One member is a content; bytes after it are an error.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_INFLATE_H
#define HTTP_INFLATE_H 1

#include <stddef.h>

#include <actor/compiler.h>

struct error;
struct http_inflate;
struct strbuf;

/* NULL when there is no memory for it. */
struct http_inflate *http_inflate_create(void) MUST_CHECK;
void http_inflate_destroy(struct http_inflate *);       /* NULL is fine */

/* Appends what the next bytes become to 'out', whose maximum is the limit.
 * ERROR_PARSE: not gzip; ERROR_TOO_LARGE; ERROR_NO_MEMORY. */
struct error *http_inflate(struct http_inflate *, const void *data,
                           size_t size, struct strbuf *out) MUST_CHECK;

/* No more bytes come: ERROR_PARSE if some are missing. */
struct error *http_inflate_end(const struct http_inflate *) MUST_CHECK;

#endif /* HTTP_INFLATE_H */
