/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.c - strict look at the bytes of a head; see head.h.
 *
 * Refused: NUL and other control characters, a line feed without carriage
 * return and the other way round, header lines that begin with a blank
 * (folding), names that are not tokens, which includes a blank before the
 * colon.  Thread: any. */
#include <config.h>

#include "http/head.h"

#define TEXT 1                  /* may stand in a value or the first line */
#define TOKEN 2                 /* in a name or a method */

static const unsigned char classes[256] = {
    ['\t'] = TEXT,
    [' '] = TEXT,
    ['!'] = TEXT | TOKEN,
    ['"'] = TEXT,
    ['#' ... '\''] = TEXT | TOKEN,
    ['(' ... ')'] = TEXT,
    ['*' ... '+'] = TEXT | TOKEN,
    [','] = TEXT,
    ['-' ... '.'] = TEXT | TOKEN,
    ['/'] = TEXT,
    ['0' ... '9'] = TEXT | TOKEN,
    [':' ... '@'] = TEXT,
    ['A' ... 'Z'] = TEXT | TOKEN,
    ['[' ... ']'] = TEXT,
    ['^' ... 'z'] = TEXT | TOKEN,       /* with '_' and '`' */
    ['{'] = TEXT,
    ['|'] = TEXT | TOKEN,
    ['}'] = TEXT,
    ['~'] = TEXT | TOKEN,
    [0x80 ... 0xff] = TEXT,
};

static bool
is_token_char(unsigned char c)
{
    return classes[c] & TOKEN;
}

static bool
is_text_char(unsigned char c)
{
    return classes[c] & TEXT;
}

static int
refuse(struct http_scan *scan, int status, const char *reason)
{
    scan->reason = reason;
    return status;
}

static int
scan_line_start(struct http_scan *scan, unsigned char c)
{
    if (c == '\r') {
        scan->state = HTTP_SCAN_END_CR;
        return 0;
    }
    if (c == ' ' || c == '\t') {
        return refuse(scan, 400, "folded header");
    }
    if (!is_token_char(c)) {
        return refuse(scan, 400, "malformed header name");
    }
    if (++scan->n_headers > LIMIT_HTTP_HEADERS) {
        return refuse(scan, 431, "too many headers");
    }
    scan->state = HTTP_SCAN_NAME;
    return 0;
}

static int
scan_name(struct http_scan *scan, unsigned char c)
{
    if (c == ':') {
        scan->state = HTTP_SCAN_VALUE;
        return 0;
    }
    return is_token_char(c) ? 0 : refuse(scan, 400, "malformed header name");
}

/* The first line, or the value of a header. */
static int
scan_text(struct http_scan *scan, unsigned char c)
{
    if (c == '\r') {
        scan->state = HTTP_SCAN_CR;
        return 0;
    }
    if (c == '\n') {
        return refuse(scan, 400, "line feed without carriage return");
    }
    return is_text_char(c) ? 0 : refuse(scan, 400, "control character");
}

static int
scan_line_feed(struct http_scan *scan, unsigned char c,
               enum http_scan_state next)
{
    if (c != '\n') {
        return refuse(scan, 400, "carriage return without line feed");
    }
    scan->state = next;
    return 0;
}

static int
scan_start(struct http_scan *scan, unsigned char c)
{
    if (c == '\r') {
        scan->state = HTTP_SCAN_START_CR;   /* an empty line is passed over */
        return 0;
    }
    if (!is_token_char(c)) {
        return refuse(scan, 400, "malformed first line");
    }
    scan->state = HTTP_SCAN_FIRST;
    return 0;
}

static int
scan_char(struct http_scan *scan, unsigned char c)
{
    switch (scan->state) {
    case HTTP_SCAN_START:
        return scan_start(scan, c);
    case HTTP_SCAN_START_CR:
        return scan_line_feed(scan, c, HTTP_SCAN_START);
    case HTTP_SCAN_LINE:
        return scan_line_start(scan, c);
    case HTTP_SCAN_NAME:
        return scan_name(scan, c);
    case HTTP_SCAN_FIRST:
    case HTTP_SCAN_VALUE:
        return scan_text(scan, c);
    case HTTP_SCAN_CR:
        return scan_line_feed(scan, c, HTTP_SCAN_LINE);
    case HTTP_SCAN_END_CR:
        return scan_line_feed(scan, c, HTTP_SCAN_DONE);
    case HTTP_SCAN_DONE:
    default:
        return 0;
    }
}

/* How many of the bytes leave the state as it is. */
static size_t
run_length(enum http_scan_state state, const char *data, size_t size)
{
    unsigned class = state == HTTP_SCAN_NAME ? TOKEN
        : state == HTTP_SCAN_FIRST || state == HTTP_SCAN_VALUE ? TEXT : 0;
    size_t n = 0;

    while (n < size && classes[(unsigned char) data[n]] & class) {
        n++;
    }
    return n;
}

int
http_scan(struct http_scan *scan, const char *data, size_t size,
          size_t *ret_used)
{
    size_t i = 0;

    while (i < size && scan->state != HTTP_SCAN_DONE) {
        size_t n = run_length(scan->state, data + i, size - i);

        if (n == 0) {
            int status = scan_char(scan, (unsigned char) data[i]);
            if (status) {
                return status;
            }
            n = 1;
        }
        i += n;
        scan->size += n;
        if (scan->size > LIMIT_HTTP_HEAD) {
            return refuse(scan, 431, "the head is too large");
        }
    }
    *ret_used = i;
    return 0;
}
