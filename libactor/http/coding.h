/* SPDX-License-Identifier: Apache-2.0
 *
 * coding.h - answers as gzip, for clients that take it.
 *
 * Only whole bodies of HTTP_CODING_MIN bytes or more are coded: streams have
 * to arrive as they are written, and files as they are.
 *
 * Thread-safety: said for each function. */
#ifndef HTTP_CODING_H
#define HTTP_CODING_H 1

#include <stdbool.h>
#include <stddef.h>

struct http_head;
struct http_request;
struct strbuf;

#define HTTP_CODING_MIN 1024

/* True if the client of 'head' takes gzip, and no less gladly than what is not
 * coded.  Any thread. */
bool http_accepts_gzip(const struct http_head *head);

/* True if 'value' of an Accept-Encoding header does. */
bool http_accept_encoding_has_gzip(const char *value);

/* The whole of 'data' as gzip, in 'out'.  False if it would not be smaller, or
 * memory ran out.  Any thread; takes about a millisecond for 100 kB. */
bool http_gzip(const struct strbuf *data, struct strbuf *out);

/* The answer of '*request' is complete: decides whether it will be coded.  One
 * that is large goes to the pool, and home from there: true, and '*request' is
 * NULL.  Whoever fills in the answer. */
bool http_coding_begin(struct http_request **request);

/* Codes what was decided to be and is small.  The connection's worker. */
void http_coding_finish(struct http_request *request);

#endif /* HTTP_CODING_H */
