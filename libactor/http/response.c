/* SPDX-License-Identifier: Apache-2.0
 *
 * response.c - reads one answer; see response.h.  Thread: any. */
#include <config.h>

#include "http/response.h"

#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include "http/inflate.h"

#define MAX_INTERIM 16          /* of one answer */

static const char prefix[] = "HTTP/1.";

void
http_answer_destroy(struct http_answer *answer)
{
    if (answer) {
        http_head_fini(&answer->head);
        strbuf_fini(&answer->body);
        free(answer);
    }
}

void
http_response_init(struct http_response *response,
                   const struct http_response_options *options)
{
    *response = (struct http_response) {
        .options = *options,
        .text = STRBUF(LIMIT_HTTP_HEAD),
    };
}

void
http_response_fini(struct http_response *response)
{
    http_answer_destroy(steal(response->answer));
    http_inflate_destroy(steal(response->inflate));
    strbuf_fini(&response->text);
}

/* The parsers of requests and answers are the same, and say what is wrong by
 * the status that a server would refuse it with. */
static struct error *
refused(int status, const char *what, const char *reason)
{
    enum error_code code = status == 413 || status == 431 ? ERROR_TOO_LARGE
                         : status == 501 ? ERROR_UNSUPPORTED
                         : status == 503 ? ERROR_NO_MEMORY : ERROR_PARSE;

    return error_create(code, "%s: %s", what, reason);
}

static struct error *
no_memory(void)
{
    return error_create(ERROR_NO_MEMORY, "no memory for the answer");
}

/* --- the head --- */

/* Whether one Transfer-Encoding says "chunked" and nothing else: of other
 * codings http-parser looks at the last only. */
static bool
is_plainly_chunked(const struct http_head *head)
{
    unsigned n = 0;

    for (unsigned i = 0; i < head->n_headers; i++) {
        if (strcasecmp(head->headers[i].name, "Transfer-Encoding") == 0) {
            if (strcasecmp(head->headers[i].value, "chunked") != 0) {
                return false;
            }
            n++;
        }
    }
    return n == 1;
}

static struct error *
check_head(const struct http_head *head)
{
    if (head->status < 100 || head->status > 599) {
        return error_create(ERROR_PARSE, "the answer has status %u",
                            head->status);
    }
    if (head->status == 101) {
        return error_create(ERROR_PARSE, "the answer changes the protocol, "
                            "unasked");
    }
    if (head->chunked && !is_plainly_chunked(head)) {
        return error_create(ERROR_UNSUPPORTED,
                            "the answer has an unknown Transfer-Encoding");
    }
    return NULL;
}

static struct error *
begin_inflating(struct http_response *response)
{
    const char *coding = http_head_find(&response->answer->head,
                                        "Content-Encoding");

    if (!response->options.inflates || !coding
        || strcasecmp(coding, "identity") == 0
        || response->body.state == HTTP_BODY_DONE) {
        return NULL;
    }
    if (strcasecmp(coding, "gzip") != 0) {
        return error_create(ERROR_UNSUPPORTED,
                            "the answer has Content-Encoding '%.40s'",
                            coding);
    }
    response->inflate = http_inflate_create();
    return response->inflate ? NULL : no_memory();
}

static struct error *
begin_body(struct http_response *response)
{
    const struct http_head *head = &response->answer->head;
    bool has_none = response->options.is_head || head->status == 204
        || head->status == 304;

    response->max_body = response->options.streams && head->status < 300
        ? STRBUF_UNLIMITED : response->options.max_body;
    response->keep_alive = head->keep_alive
        && !(head->status == 204
             && (head->chunked || head->content_length > 0));
    int status = http_body_begin_answer(&response->body, head, has_none,
                                        response->max_body);
    if (status) {
        return refused(status, "the answer", response->body.reason);
    }
    if (response->body.state == HTTP_BODY_TO_END) {
        response->keep_alive = false;
    }
    response->state = response->body.state == HTTP_BODY_DONE
        ? HTTP_RESPONSE_DONE : HTTP_RESPONSE_BODY;
    return begin_inflating(response);
}

/* Forgets an interim answer. */
static struct error *
pass_over(struct http_response *response)
{
    http_answer_destroy(steal(response->answer));
    if (++response->n_interim > MAX_INTERIM) {
        return error_create(ERROR_TOO_LARGE,
                            "more than %d interim answers", MAX_INTERIM);
    }
    return NULL;
}

static struct error *
on_head(struct http_response *response)
{
    struct http_answer *answer = xcalloc(1, sizeof *answer);
    const char *reason = "";

    response->answer = answer;
    strbuf_init(&answer->body, response->options.max_body);
    int status = http_head_parse_answer(&answer->head, response->text.data,
                                        response->text.len, &reason);
    strbuf_fini(&response->text);
    strbuf_init(&response->text, LIMIT_HTTP_HEAD);
    response->scan = (struct http_scan) { 0 };
    if (status) {
        return refused(status, "the head of the answer", reason);
    }
    struct error *error = check_head(&answer->head);
    if (error) {
        return error;
    }
    return answer->head.status < 200 ? pass_over(response)
                                     : begin_body(response);
}

/* Says at once that this is no answer, instead of waiting for its end. */
static struct error *
check_prefix(const struct strbuf *text, const char *data, size_t size)
{
    for (size_t i = 0; i < size && text->len + i < strlen(prefix); i++) {
        if (data[i] != prefix[text->len + i]) {
            return error_create(ERROR_PARSE, "the answer does not begin with "
                                "'%s': byte %zu is 0x%02x", prefix,
                                text->len + i, (unsigned char) data[i]);
        }
    }
    return NULL;
}

static struct error *
feed_head(struct http_response *response, const char *data, size_t size,
          size_t *ret_used)
{
    struct error *error = check_prefix(&response->text, data, size);
    if (error) {
        return error;
    }
    int status = http_scan(&response->scan, data, size, ret_used);
    if (status) {
        return refused(status, "the head of the answer",
                       response->scan.reason);
    }
    strbuf_append_bytes(&response->text, data, *ret_used);
    if (response->text.overflow) {
        return no_memory();
    }
    return response->scan.state == HTTP_SCAN_DONE ? on_head(response) : NULL;
}

/* --- the body --- */

static struct error *
end_body(struct http_response *response)
{
    response->state = HTTP_RESPONSE_DONE;
    struct error *error = response->inflate
        ? http_inflate_end(response->inflate) : NULL;

    return error_wrap(error, "the body of the answer");
}

static struct error *
feed_inflating(struct http_response *response, const char *data, size_t size,
               struct strbuf *out, size_t *ret_used)
{
    autofini(strbuf) raw = STRBUF(response->max_body);
    int status = http_body_feed(&response->body, data, size, &raw, ret_used);
    if (status) {
        return refused(status, "the body of the answer",
                       response->body.reason);
    }
    return error_wrap(http_inflate(response->inflate, raw.data, raw.len, out),
                      "the body of the answer");
}

static struct error *
feed_plain(struct http_response *response, const char *data, size_t size,
           struct strbuf *out, size_t *ret_used)
{
    int status = http_body_feed(&response->body, data, size, out, ret_used);

    if (status) {
        return refused(status, "the body of the answer",
                       response->body.reason);
    }
    return NULL;
}

static struct error *
feed_body(struct http_response *response, const char *data, size_t size,
          struct strbuf *out, size_t *ret_used)
{
    struct error *error = response->inflate
        ? feed_inflating(response, data, size, out, ret_used)
        : feed_plain(response, data, size, out, ret_used);

    if (!error && response->body.state == HTTP_BODY_DONE) {
        error = end_body(response);
    }
    return error;
}

struct error *
http_response_feed(struct http_response *response, const char *data,
                   size_t size, struct strbuf *out, size_t *ret_used)
{
    response->has_begun |= size > 0;
    *ret_used = 0;
    switch (response->state) {
    case HTTP_RESPONSE_HEAD:
        return feed_head(response, data, size, ret_used);
    case HTTP_RESPONSE_BODY:
        return feed_body(response, data, size, out, ret_used);
    case HTTP_RESPONSE_DONE:
    default:
        return NULL;
    }
}

struct error *
http_response_end(struct http_response *response)
{
    if (response->state == HTTP_RESPONSE_BODY
        && response->body.state == HTTP_BODY_TO_END) {
        return end_body(response);
    }
    if (response->state == HTTP_RESPONSE_DONE) {
        return NULL;
    }
    return error_create(ERROR_CLOSED, "the connection was closed %s",
                        response->state == HTTP_RESPONSE_BODY
                        ? "within the body of the answer"
                        : response->has_begun
                        ? "within the head of the answer"
                        : "before the answer");
}
