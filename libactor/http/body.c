/* SPDX-License-Identifier: Apache-2.0
 *
 * body.c - framing of bodies; see body.h.  Thread: any. */
#include <config.h>

#include <string.h>

#include <actor/limits.h>
#include <actor/strbuf.h>
#include "http/body.h"

/* A chunk's size line, extensions included. */
#define MAX_SIZE_LINE 1024

static int
refuse(struct http_body *body, int status, const char *reason)
{
    body->reason = reason;
    return status;
}

static int
begin(struct http_body *body, const struct http_head *head, size_t max_size)
{
    if (head->chunked) {
        body->state = HTTP_BODY_CHUNK_SIZE;
    } else if (head->has_length && head->content_length > 0) {
        if (head->content_length > max_size) {
            return refuse(body, 413, "the body is too large");
        }
        body->state = HTTP_BODY_DATA;
        body->left = head->content_length;
    }
    return 0;
}

int
http_body_begin(struct http_body *body, const struct http_head *head)
{
    memset(body, 0, sizeof *body);
    return begin(body, head, LIMIT_HTTP_BODY);
}

int
http_body_begin_answer(struct http_body *body, const struct http_head *head,
                       bool has_none, size_t max_size)
{
    memset(body, 0, sizeof *body);
    if (has_none) {
        return 0;
    }
    if (!head->chunked && !head->has_length) {
        body->state = HTTP_BODY_TO_END;
        return 0;
    }
    return begin(body, head, max_size);
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
chunk_size_char(struct http_body *body, char c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        if (++body->n_digits > 16) {
            return refuse(body, 413, "the body is too large");
        }
        body->left = body->left << 4 | (uint64_t) digit;
        return 0;
    }
    if (body->n_digits == 0 || (c != '\r' && c != ';')) {
        return refuse(body, 400, "malformed chunk size");
    }
    body->state = c == '\r' ? HTTP_BODY_CHUNK_LF : HTTP_BODY_CHUNK_EXTENSION;
    return 0;
}

static int
chunk_extension_char(struct http_body *body, char c)
{
    if (c == '\r') {
        body->state = HTTP_BODY_CHUNK_LF;
    } else if ((unsigned char) c < ' ' && c != '\t') {
        return refuse(body, 400, "malformed chunk extension");
    }
    return 0;
}

/* The end of a chunk's size line. */
static int
chunk_begin(struct http_body *body, char c, const struct strbuf *out)
{
    if (c != '\n') {
        return refuse(body, 400, "malformed chunk size");
    }
    if (body->left > out->max_len - out->len) {
        return refuse(body, 413, "the body is too large");
    }
    if (body->left > 0) {
        body->state = HTTP_BODY_CHUNK_DATA;
    } else {
        body->state = HTTP_BODY_TRAILERS;
        body->trailers = (struct http_scan) { .state = HTTP_SCAN_LINE };
    }
    return 0;
}

static int
chunk_end_char(struct http_body *body, char c)
{
    if (body->state == HTTP_BODY_CHUNK_END_CR) {
        if (c != '\r') {
            return refuse(body, 400, "malformed end of a chunk");
        }
        body->state = HTTP_BODY_CHUNK_END_LF;
        return 0;
    }
    if (c != '\n') {
        return refuse(body, 400, "malformed end of a chunk");
    }
    body->state = HTTP_BODY_CHUNK_SIZE;
    body->n_digits = 0;
    body->line_size = 0;
    return 0;
}

static int
size_line_char(struct http_body *body, char c, const struct strbuf *out)
{
    if (++body->line_size > MAX_SIZE_LINE) {
        return refuse(body, 400, "malformed chunk size");
    }
    switch (body->state) {
    case HTTP_BODY_CHUNK_SIZE:
        return chunk_size_char(body, c);
    case HTTP_BODY_CHUNK_EXTENSION:
        return chunk_extension_char(body, c);
    default:
        return chunk_begin(body, c, out);
    }
}

/* Takes bytes of the content; returns how many. */
static size_t
take_data(struct http_body *body, const char *data, size_t size,
          struct strbuf *out)
{
    size_t n = size < body->left ? size : (size_t) body->left;

    strbuf_append_bytes(out, data, n);
    body->left -= n;
    if (body->left == 0) {
        body->state = body->state == HTTP_BODY_DATA ? HTTP_BODY_DONE
                                                    : HTTP_BODY_CHUNK_END_CR;
    }
    return n;
}

/* Takes all that comes, within the bound of 'out'. */
static int
take_to_end(struct http_body *body, const char *data, size_t size,
            struct strbuf *out)
{
    if (size > out->max_len - out->len) {
        return refuse(body, 413, "the body is too large");
    }
    strbuf_append_bytes(out, data, size);
    return 0;
}

static int
take_trailers(struct http_body *body, const char *data, size_t size,
              size_t *ret_used)
{
    int status = http_scan(&body->trailers, data, size, ret_used);

    body->reason = body->trailers.reason;
    if (body->trailers.state == HTTP_SCAN_DONE) {
        body->state = HTTP_BODY_DONE;
    }
    return status;
}

int
http_body_feed(struct http_body *body, const char *data, size_t size,
               struct strbuf *out, size_t *ret_used)
{
    size_t i = 0;
    int status = 0;

    while (i < size && status == 0 && body->state != HTTP_BODY_DONE) {
        size_t used = 1;

        switch (body->state) {
        case HTTP_BODY_DATA:
        case HTTP_BODY_CHUNK_DATA:
            used = take_data(body, data + i, size - i, out);
            break;
        case HTTP_BODY_CHUNK_END_CR:
        case HTTP_BODY_CHUNK_END_LF:
            status = chunk_end_char(body, data[i]);
            break;
        case HTTP_BODY_TO_END:
            used = size - i;
            status = take_to_end(body, data + i, used, out);
            break;
        case HTTP_BODY_TRAILERS:
            status = take_trailers(body, data + i, size - i, &used);
            break;
        default:
            status = size_line_char(body, data[i], out);
            break;
        }
        i += used;
    }
    *ret_used = i;
    if (status == 0 && out->overflow) {
        return refuse(body, 503, "there is no memory for the body");
    }
    return status;
}
