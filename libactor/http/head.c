/* SPDX-License-Identifier: Apache-2.0
 *
 * head.c - heads through http-parser; see head.h.
 *
 * http-parser is given a whole head at a time and told that there is no body:
 * framing of bodies is body.h's.  Its callbacks give pointers into the text; a
 * copy of it is cut into strings when all is known.  Thread: any. */
#include <config.h>

#include <http_parser.h>
#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include "http/head.h"

struct span {
    const char *at;                     /* NULL: empty */
    size_t len;
};

struct parse {
    struct http_head *head;
    struct span target;
    unsigned n_headers;
    bool in_value;
    bool complete;
    bool overflow;
    struct {
        struct span name, value;
    } headers[LIMIT_HTTP_HEADERS];      /* 'n_headers' of them are set */
};

static void
span_extend(struct span *span, const char *at, size_t len)
{
    if (!span->at) {
        span->at = at;
    }
    span->len += len;
}

static int
on_url(http_parser *parser, const char *at, size_t len)
{
    struct parse *parse = parser->data;

    span_extend(&parse->target, at, len);
    return 0;
}

static int
on_header_field(http_parser *parser, const char *at, size_t len)
{
    struct parse *parse = parser->data;

    if (parse->in_value || parse->n_headers == 0) {
        if (parse->n_headers == LIMIT_HTTP_HEADERS) {
            parse->overflow = true;
            return 1;
        }
        memset(&parse->headers[parse->n_headers++], 0,
               sizeof parse->headers[0]);
        parse->in_value = false;
    }
    span_extend(&parse->headers[parse->n_headers - 1].name, at, len);
    return 0;
}

static int
on_header_value(http_parser *parser, const char *at, size_t len)
{
    struct parse *parse = parser->data;

    parse->in_value = true;
    span_extend(&parse->headers[parse->n_headers - 1].value, at, len);
    return 0;
}

static int
on_headers_complete(http_parser *parser)
{
    struct parse *parse = parser->data;
    struct http_head *head = parse->head;

    parse->complete = true;
    head->keep_alive = http_should_keep_alive(parser) != 0;
    head->upgrade = parser->upgrade != 0;
    head->chunked = (parser->flags & F_CHUNKED) != 0;
    head->has_length = (parser->flags & F_CONTENTLENGTH) != 0;
    head->content_length = head->has_length ? parser->content_length : 0;
    head->minor = parser->http_minor;
    head->status = parser->status_code;
    head->method = http_method_str((enum http_method) parser->method);
    return 1;                   /* no body for http-parser */
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
};

/* The span of 'data' as a string in 'copy'.  Bytes after each span are
 * separators that nobody needs any more. */
static const char *
span_cut(const struct span *span, const char *data, char *copy)
{
    if (!span->at) {
        return "";
    }
    char *start = copy + (span->at - data);
    char *end = start + span->len;

    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    *end = '\0';
    return start;
}

static void
head_fill(struct http_head *head, const struct parse *parse, const char *data,
          size_t size)
{
    unsigned n = parse->n_headers;
    struct http_header *headers = xmalloc(n * sizeof *headers + size + 1);
    char *copy = (char *) (headers + n);

    memcpy(copy, data, size);
    copy[size] = '\0';
    head->headers = headers;
    head->n_headers = n;
    head->target = span_cut(&parse->target, data, copy);
    for (unsigned i = 0; i < n; i++) {
        headers[i].name = span_cut(&parse->headers[i].name, data, copy);
        headers[i].value = span_cut(&parse->headers[i].value, data, copy);
    }
}

/* What http-parser let pass, or did not tell from something else. */
static int
head_check(const struct http_head *head, const http_parser *parser,
           const char **ret_reason)
{
    unsigned n_hosts = 0, n_codings = 0;
    bool is_chunked = true;

    if (parser->http_major != 1 || parser->http_minor > 1) {
        *ret_reason = "unsupported HTTP version";
        return 505;
    }
    for (unsigned i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];

        n_hosts += strcasecmp(header->name, "Host") == 0;
        if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
            n_codings++;
            is_chunked = strcasecmp(header->value, "chunked") == 0;
        }
    }
    if (n_hosts > 1) {
        *ret_reason = "more than one Host";
        return 400;
    }
    if (n_codings > 1) {
        *ret_reason = "more than one Transfer-Encoding";
        return 400;
    }
    if (n_codings && head->has_length) {
        *ret_reason = "both Transfer-Encoding and Content-Length";
        return 400;
    }
    if (n_codings && head->minor == 0) {
        *ret_reason = "Transfer-Encoding in HTTP/1.0";
        return 400;
    }
    if (n_codings && !(head->chunked && is_chunked)) {
        *ret_reason = "unsupported Transfer-Encoding";
        return 501;
    }
    return 0;
}

static int
parse_failure(const http_parser *parser, const struct parse *parse,
              const char **ret_reason)
{
    enum http_errno code = HTTP_PARSER_ERRNO(parser);

    if (parse->overflow || code == HPE_HEADER_OVERFLOW) {
        *ret_reason = "the head is too large";
        return 431;
    }
    *ret_reason = code == HPE_OK ? "incomplete head"
                                 : http_errno_description(code);
    return 400;
}

static int
head_parse(struct http_head *head, enum http_parser_type type,
           const char *data, size_t size, const char **ret_reason)
{
    http_parser parser;
    struct parse parse;

    memset(head, 0, sizeof *head);
    memset(&parse, 0, offsetof(struct parse, headers));
    parse.head = head;
    http_parser_init(&parser, type);
    parser.data = &parse;
    size_t n = http_parser_execute(&parser, &settings, data, size);
    if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || !parse.complete
        || (n != size && !parser.upgrade)) {
        return parse_failure(&parser, &parse, ret_reason);
    }
    head_fill(head, &parse, data, size);
    return head_check(head, &parser, ret_reason);
}

int
http_head_parse_request(struct http_head *head, const char *data, size_t size,
                        const char **ret_reason)
{
    return head_parse(head, HTTP_REQUEST, data, size, ret_reason);
}

int
http_head_parse_answer(struct http_head *head, const char *data, size_t size,
                       const char **ret_reason)
{
    return head_parse(head, HTTP_RESPONSE, data, size, ret_reason);
}

void
http_head_fini(struct http_head *head)
{
    free(head->headers);
    head->headers = NULL;
    head->n_headers = 0;
}

const char *
http_head_find(const struct http_head *head, const char *name)
{
    for (unsigned i = 0; i < head->n_headers; i++) {
        if (strcasecmp(head->headers[i].name, name) == 0) {
            return head->headers[i].value;
        }
    }
    return NULL;
}
