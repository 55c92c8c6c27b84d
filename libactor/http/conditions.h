/* SPDX-License-Identifier: Apache-2.0
 *
 * conditions.h - conditional and partial requests: what of a file is to be
 * sent (RFC 9110, sections 13 and 14).
 *
 * Thread-safety: any thread. */
#ifndef HTTP_CONDITIONS_H
#define HTTP_CONDITIONS_H 1

#include <stdbool.h>
#include <stdint.h>

struct http_head;

/* What is there. */
struct http_validators {
    const char *etag;           /* quoted, "W/" before it if weak */
    int64_t modified_s;         /* since 1970 */
    uint64_t size;
};

/* What is to be sent: 200 all of it, 206 'length' > 0 bytes from 'first' on,
 * 304 and 412 nothing, 416 nothing but how long it is. */
struct http_selection {
    int status;
    uint64_t first;
    uint64_t length;
};

/* Looks at If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since,
 * Range and If-Range of 'head', a GET or HEAD.  What is malformed, and a range
 * of several pieces, is taken as if it were absent. */
void http_conditions_evaluate(const struct http_head *head,
                              const struct http_validators *,
                              struct http_selection *ret);

enum http_range {
    HTTP_RANGE_NONE,            /* malformed, or not to be honoured */
    HTTP_RANGE_ONE,
    HTTP_RANGE_UNSATISFIABLE,
};

/* Value 'text' of a Range header, for a content of 'size' bytes. */
enum http_range http_range_parse(const char *text, uint64_t size,
                                 uint64_t *ret_first, uint64_t *ret_length);

#endif /* HTTP_CONDITIONS_H */
