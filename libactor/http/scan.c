/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.c - strict look at the bytes of a head; see head.h.
 *
 * Refused: NUL and other control characters, a line feed without carriage
 * return and the other way round, header lines that begin with a blank
 * (folding), names that are not tokens, which includes a blank before the
 * colon.  Thread: any. */
#include <config.h>

#include <string.h>

#include "http/head.h"

static bool
is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_text_char(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
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

int
http_scan(struct http_scan *scan, const char *data, size_t size,
          size_t *ret_used)
{
    size_t i = 0;

    while (i < size && scan->state != HTTP_SCAN_DONE) {
        int status = scan_char(scan, (unsigned char) data[i]);
        if (status) {
            return status;
        }
        i++;
        if (++scan->size > LIMIT_HTTP_HEAD) {
            return refuse(scan, 431, "the head is too large");
        }
    }
    *ret_used = i;
    return 0;
}
