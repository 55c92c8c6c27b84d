/* SPDX-License-Identifier: Apache-2.0
 *
 * answer.c - answers to HTTP requests: filled in by actors, written by the
 * connection's worker.
 *
 * Reason phrases are those of RFC 2616, as Mesos sends them. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/system.h>
#include "http/coding.h"
#include "http/date.h"
#include "http/internal.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

static const struct {
    int status;
    const char *text;
} statuses[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Time-out" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request-URI Too Large" },
    { 415, "Unsupported Media Type" },
    { 416, "Requested range not satisfiable" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Entity" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Time-out" },
    { 505, "HTTP Version not supported" },
};

const char *
http_status_text(int status)
{
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        if (statuses[i].status == status) {
            return statuses[i].text;
        }
    }
    return "Unknown";
}

/* --- writing --- */

const char *
http_date(struct http_server *server, struct http_worker *worker)
{
    int64_t now_s = actor_system_wall_now(server->system) / SECOND;

    if (worker->date_s != now_s || worker->date[0] == '\0') {
        http_date_format(now_s, worker->date);
        worker->date_s = now_s;
    }
    return worker->date;
}

static void
write_connection(const struct http_request *request, bool keep_alive,
                 struct strbuf *out)
{
    if (!keep_alive) {
        strbuf_append(out, "Connection: close\r\n");
    } else if (request->head.minor == 0) {
        strbuf_append(out, "Connection: keep-alive\r\n");
    }
}

static void
write_line(struct strbuf *out, const char *name, const char *value)
{
    strbuf_append(out, name);
    strbuf_append(out, ": ");
    strbuf_append(out, value);
    strbuf_append(out, "\r\n");
}

static void
write_content_length(uint64_t length, struct strbuf *out)
{
    strbuf_append(out, "Content-Length: ");
    strbuf_append_uint(out, length);
    strbuf_append(out, "\r\n");
}

static void
write_length(const struct http_request *request, struct strbuf *out)
{
    if (request->has_length) {
        write_content_length(request->length, out);
    } else if (request->stream) {
        if (request->head.minor > 0) {
            strbuf_append(out, "Transfer-Encoding: chunked\r\n");
        }
    } else if (request->status != 204 && request->status != 304) {
        write_content_length(request->content.len, out);
    }
}

void
http_answer_write_head(struct http_server *server, struct http_worker *worker,
                       const struct http_request *request, bool keep_alive,
                       struct strbuf *out)
{
    strbuf_append(out, "HTTP/1.1 ");
    strbuf_append_int(out, request->status);
    strbuf_append_char(out, ' ');
    strbuf_append(out, http_status_text(request->status));
    strbuf_append(out, "\r\n");
    write_line(out, "Date", http_date(server, worker));
    strbuf_append_bytes(out, request->headers.data, request->headers.len);
    if (request->content_type) {
        write_line(out, "Content-Type", request->content_type);
    }
    write_length(request, out);
    write_connection(request, keep_alive, out);
    strbuf_append(out, "\r\n");
}

/* --- filling in --- */

static bool
has_line_break(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

void
http_response_header(struct http_request *request, const char *name,
                     const char *value)
{
    const struct strbuf *headers = &request->headers;
    size_t size = strlen(name) + strlen(value) + strlen(": \r\n");

    /* A value may repeat what a stranger sent: no second line by it. */
    if (has_line_break(name) || has_line_break(value)) {
        return;
    }
    if (size > headers->max_len - headers->len) {   /* nor half a one */
        log_warn_every(SECOND, "Leaving out header '%.64s' of an answer: "
                       "there is no room for it", name);
        return;
    }
    write_line(&request->headers, name, value);
}

static void
on_home(struct worker_job *job)
{
    struct http_request *request = CONTAINER_OF(job, struct http_request, job);

    http_coding_finish(request);
    http_connection_answered(request->connection, request);
}

void
http_request_send_home(struct http_request **request)
{
    struct http_request *r = steal(*request);

    r->job.fn = on_home;
    worker_post(http_connection_worker(r->connection), &r->job);
}

void
http_respond(struct http_request **request, int status,
             const char *content_type, struct strbuf *body)
{
    struct http_request *r = *request;

    r->status = status;
    if (content_type && !has_line_break(content_type)) {
        r->content_type = xstrdup(content_type);
    }
    if (body) {
        strbuf_fini(&r->content);
        r->content = *body;
        strbuf_init(body, body->max_len);
    }
    if (!http_coding_begin(request)) {
        http_request_send_home(request);
    }
}

void
http_respond_text(struct http_request **request, int status,
                  const char *fmt, ...)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    va_list args;

    va_start(args, fmt);
    strbuf_vprintf(&text, fmt, args);
    va_end(args);
    http_respond(request, status, TEXT_TYPE, &text);
}

void
http_respond_json(struct http_request **request, struct strbuf *body)
{
    const char *jsonp = http_request_query(*request, "jsonp");

    if (!jsonp) {
        http_respond(request, 200, "application/json", body);
        return;
    }
    autofini(strbuf) wrapped = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&wrapped, jsonp);
    strbuf_append_char(&wrapped, '(');
    strbuf_append_bytes(&wrapped, body->data, body->len);
    strbuf_append_char(&wrapped, ')');
    strbuf_clear(body);
    http_respond(request, 200, "text/javascript", &wrapped);
}

void
http_respond_error(struct http_request **request, struct error *error)
{
    http_respond_text(request, error_code_http_status(error_code(error)),
                      "%s", error_text(error));
    error_destroy(error);
}

void
http_respond_method_not_allowed(struct http_request **request,
                                const char *const methods[], size_t n)
{
    autofini(strbuf) allow = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) quoted = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < n; i++) {
        strbuf_printf(&allow, "%s%s", i > 0 ? ", " : "", methods[i]);
        strbuf_printf(&quoted, "%s'%s'", i > 0 ? ", " : "", methods[i]);
    }
    http_answer_method_not_allowed(request, allow.data, quoted.data);
}

void
http_answer_method_not_allowed(struct http_request **request,
                               const char *allow, const char *quoted)
{
    http_response_header(*request, "Allow", allow);
    http_respond_text(request, 405, "405 Method Not Allowed. Expecting one "
                      "of { %s }, but received '%s'.", quoted,
                      http_request_method(*request));
}
