/* SPDX-License-Identifier: Apache-2.0
 *
 * request.c - an HTTP request on its way to an actor and back.
 *
 * It belongs to its connection until dispatched, then to a message, then to
 * the actor, and comes home as a job of the connection's worker.  A message
 * that is destroyed with the request still in it answers for the actor. */
#include <config.h>

#include <http_parser.h>
#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "core/transport.h"
#include "http/internal.h"

/* Head lines that an actor may add to its answer. */
#define MAX_ANSWER_HEADERS (64 * 1024)

struct request_body {
    struct http_request *request;       /* owned; NULL: taken */
};

static void
request_message_fini(void *body)
{
    struct request_body *b = body;

    if (b->request) {
        http_respond_text(&b->request, 500, "500 Internal Server Error.");
    }
}

static void
request_message_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type request_message = {
    .name = "http-request",
    .size = sizeof(struct request_body),
    .fini = request_message_fini,
    .run = request_message_run,
};

static void
request_message_run(struct actor *self, struct actor_msg *msg)
{
    struct request_body *body = actor_msg_body(msg, &request_message);
    struct http_request *request = steal(body->request);

    request->route->fn(self, request);
}

/* --- life --- */

struct http_request *
http_request_create(struct http_head *head)
{
    struct http_request *request = xcalloc(1, sizeof *request);

    request->head = *head;
    memset(head, 0, sizeof *head);
    request->rest = "";
    strbuf_init(&request->body, LIMIT_HTTP_BODY);
    strbuf_init(&request->headers, MAX_ANSWER_HEADERS);
    strbuf_init(&request->content, STRBUF_UNLIMITED);
    return request;
}

void
http_request_destroy(struct http_request *request)
{
    if (!request) {
        return;
    }
    http_head_fini(&request->head);
    free(request->path);
    free(request->query);
    vec_fini(&request->parameters);
    strbuf_fini(&request->body);
    free(request->content_type);
    strbuf_fini(&request->headers);
    strbuf_fini(&request->content);
    free(request);
}

/* --- the target --- */

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *p = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c)
                      : NULL;

    return p ? (int) (p - digits) : -1;
}

/* Decodes "%41" in place; false for a bad escape or an encoded NUL. */
static bool
percent_decode(char *text, bool plus_is_blank)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high < 0 ? -1 : hex_digit(from[2]);

            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *to++ = (char) (high << 4 | low);
            from += 2;
        } else {
            *to++ = *from == '+' && plus_is_blank ? ' ' : *from;
        }
    }
    *to = '\0';
    return true;
}

static bool
parse_parameter(struct http_request *request, char *text)
{
    char *value = strchr(text, '=');
    struct http_parameter parameter = { .name = text, .value = "" };

    if (value) {
        *value++ = '\0';
        if (!percent_decode(value, true)) {
            return false;
        }
        parameter.value = value;
    }
    if (!percent_decode(text, true)) {
        return false;
    }
    vec_push(&request->parameters, parameter);
    return true;
}

static bool
parse_query(struct http_request *request)
{
    char *p = request->query;

    while (p && *p) {
        char *end = strpbrk(p, "&;");

        if (end) {
            *end++ = '\0';
        }
        if (*p && !parse_parameter(request, p)) {
            return false;
        }
        p = end;
    }
    return true;
}

/* Cuts "http://host" off an absolute target. */
static const char *
skip_authority(const char *target)
{
    struct http_parser_url url;

    if (target[0] == '/') {
        return target;
    }
    http_parser_url_init(&url);
    if (http_parser_parse_url(target, strlen(target), 0, &url) != 0
        || !(url.field_set & 1 << UF_HOST)) {
        return NULL;
    }
    if (!(url.field_set & 1 << UF_PATH)) {
        return "/";
    }
    return target + url.field_data[UF_PATH].off;
}

int
http_request_parse_target(struct http_request *request)
{
    const char *target = skip_authority(request->head.target);

    if (!target) {
        return 400;
    }
    size_t len = strcspn(target, "?#");
    request->path = xstrndup(target, len);
    if (target[len] == '?') {
        request->query = xstrndup(target + len + 1,
                                  strcspn(target + len + 1, "#"));
    }
    if (!percent_decode(request->path, false) || !parse_query(request)) {
        return 400;
    }
    if (strstr(request->path, "/..")) {
        return 404;
    }
    /* "/state/" is "/state". */
    len = strlen(request->path);
    while (len > 1 && request->path[len - 1] == '/') {
        request->path[--len] = '\0';
    }
    return 0;
}

/* --- to the actor --- */

static void
respond_not_found(struct http_request *request)
{
    http_respond_text(&request, 404, "404 Not Found.");
}

void
http_request_dispatch(struct http_server *server,
                      struct http_request *request)
{
    char id[UPID_ID_MAX + 1];
    struct upid nobody = { .id = "" };

    int status = http_request_parse_target(request);
    if (status == 400) {
        http_respond_text(&request, 400, "400 Bad Request.");
        return;
    }
    if (status == 0) {
        request->route = http_routes_find(server->routes, request->path, id,
                                          &request->rest);
    }
    if (!request->route) {
        respond_not_found(request);
        return;
    }
    vlog(1, "Handling HTTP %s for '%s' from %s",
         request->head.method, request->path, ADDRESS_TEXT(&request->peer));
    struct actor_msg *msg = actor_msg_create(&request_message);
    struct request_body *body = actor_msg_body(msg, &request_message);

    body->request = request;
    if (!system_deliver(server->system, &nobody, id, &msg)) {
        body->request = NULL;
        actor_msg_destroy(msg);
        respond_not_found(request);
    }
}

void
http_add_routes(struct actor *self, const struct http_route *routes, size_t n)
{
    struct actor_system *system = actor_system_of(self);
    struct http_server *server = system_http(system);

    if (server) {
        http_routes_add(server->routes, system, actor_upid(self), routes, n);
    }
}

/* --- what handlers ask --- */

const char *
http_request_method(const struct http_request *request)
{
    return request->head.method;
}

const char *
http_request_path(const struct http_request *request)
{
    return request->path;
}

const char *
http_request_rest(const struct http_request *request)
{
    return request->rest;
}

const char *
http_request_query(const struct http_request *request, const char *name)
{
    for (size_t i = request->parameters.n; i > 0; i--) {
        const struct http_parameter *p = &request->parameters.data[i - 1];

        if (strcmp(p->name, name) == 0) {
            return p->value;
        }
    }
    return NULL;
}

const char *
http_request_header(const struct http_request *request, const char *name)
{
    return http_head_find(&request->head, name);
}

const char *
http_request_body(const struct http_request *request, size_t *ret_size)
{
    *ret_size = request->body.len;
    return request->body.data;
}

const struct address *
http_request_peer(const struct http_request *request)
{
    return &request->peer;
}
