/* SPDX-License-Identifier: Apache-2.0
 *
 * head.h - the head of an HTTP message: request or status line and headers.
 *
 * Bytes are scanned as they come, before the parser sees any: http-parser
 * passes over bare line feeds, folded headers and blanks before a colon, and
 * every such leniency has been a hole in somebody's proxy.  A whole head that
 * passed is then given to http-parser.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/limits.h>

/* --- scanning --- */

enum http_scan_state {
    HTTP_SCAN_START,            /* before the first line */
    HTTP_SCAN_START_CR,
    HTTP_SCAN_FIRST,            /* in the first line */
    HTTP_SCAN_LINE,             /* at the start of a header or of the end */
    HTTP_SCAN_NAME,
    HTTP_SCAN_VALUE,
    HTTP_SCAN_CR,               /* a line feed has to follow */
    HTTP_SCAN_END_CR,
    HTTP_SCAN_DONE,
};

/* Zeroed at the start of a message. */
struct http_scan {
    enum http_scan_state state;
    size_t size;                /* bytes seen */
    unsigned n_headers;
    const char *reason;         /* why it was refused; a literal */
};

/* Looks at the next 'size' bytes.  Returns 0, or the status to refuse the
 * message with.  '*ret_used' is how many bytes belong to the head; once
 * 'state' is HTTP_SCAN_DONE the rest is body. */
int http_scan(struct http_scan *, const char *data, size_t size,
              size_t *ret_used);

/* --- parsing --- */

struct http_header {
    const char *name;
    const char *value;          /* no blanks around it */
};

struct http_head {
    struct http_header *headers;    /* owned; all text stands behind them */
    unsigned n_headers;
    const char *method;         /* requests */
    const char *target;         /* requests: as it was sent */
    unsigned status;            /* answers */
    unsigned minor;             /* HTTP/1.minor */
    bool keep_alive;
    bool upgrade;               /* Connection: upgrade, with an Upgrade */
    bool chunked;
    bool has_length;
    uint64_t content_length;
};

/* Parses a whole head that passed the scan.  Returns 0, or the status to
 * refuse it with and '*ret_reason', a literal.  'head' needs http_head_fini()
 * in any case. */
int http_head_parse_request(struct http_head *, const char *data, size_t size,
                            const char **ret_reason);
int http_head_parse_answer(struct http_head *, const char *data, size_t size,
                           const char **ret_reason);
void http_head_fini(struct http_head *);

/* Value of the first header of that name, in any case; NULL: absent. */
const char *http_head_find(const struct http_head *, const char *name);

#endif /* HTTP_HEAD_H */
