/* SPDX-License-Identifier: Apache-2.0
 *
 * request.c - an HTTP request on its way to an actor and back.
 *
 * It belongs to its connection until dispatched, then to a message, then to
 * the actor, and comes home as a job of the connection's worker.  A message
 * that is destroyed with the request still in it answers for the actor. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include "core/transport.h"
#include "http/inflate.h"
#include "http/internal.h"
#include "http/pattern.h"
#include "http/settings.h"
#include "http/target.h"

/* Head lines that an actor may add to its answer. */
#define MAX_ANSWER_HEADERS (64 * 1024)

/* Bytes of a waiting request's target in /__processes__. */
#define MAX_TARGET_SHOWN 1024

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

/* Method and target; the latter may be as long as a head. */
static char *
request_message_describe(const void *body)
{
    const struct request_body *b = body;

    return xasprintf("%s %.*s", b->request->head.method, MAX_TARGET_SHOWN,
                     b->request->head.target);
}

static const struct actor_msg_type request_message = {
    .name = "http-request",
    .size = sizeof(struct request_body),
    .fini = request_message_fini,
    .run = request_message_run,
    .event = "HTTP",
    .describe = request_message_describe,
};

static void
request_message_run(struct actor *self, struct actor_msg *msg)
{
    struct request_body *body = actor_msg_body(msg, &request_message);
    struct http_request *request = steal(body->request);

    if (http_is_actor(self, &request->actor)) {
        request->route->fn(self, request);
    } else {
        http_respond_text(&request, 503, "503 Service Unavailable.");
    }
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
    if (request->n_charged > 0) {
        atomic_fetch_sub(&http_connection_server(request->connection)->bodies,
                         request->n_charged);
    }
    http_head_fini(&request->head);
    http_target_fini(&request->target);
    vec_foreach (&request->arguments, it) {
        free(*it);
    }
    vec_fini(&request->arguments);
    free(request->methods);
    http_principal_destroy(request->principal);
    strbuf_fini(&request->body);
    http_inflate_destroy(request->inflate);
    free(request->content_type);
    strbuf_fini(&request->headers);
    strbuf_fini(&request->content);
    free(request);
}

/* --- to the actor --- */

static void
respond_not_found(struct http_request **request)
{
    http_respond_text(request, 404, "404 Not Found.");
}

/* "OPTIONS *" asks what the server can do, not about a resource. */
static bool
is_about_server(const struct http_request *request)
{
    return strcmp(request->head.target, "*") == 0
        && strcmp(request->head.method, "OPTIONS") == 0;
}

static void
respond_options(struct http_request **request, const char *methods)
{
    bool has_get = strstr(methods, "GET") && !strstr(methods, "HEAD");
    autofini(strbuf) allow = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&allow, "%s%s, OPTIONS", methods, has_get ? ", HEAD" : "");
    http_response_header(*request, "Allow", allow.data);
    http_respond(request, 200, NULL, NULL);
}

/* The path has routes, but none for the method. */
static void
respond_by_method(struct http_request **request)
{
    const char *methods = (*request)->methods;

    if (strcmp((*request)->head.method, "OPTIONS") == 0) {
        respond_options(request, methods);
        return;
    }
    autofini(strbuf) quoted = STRBUF(STRBUF_UNLIMITED);

    for (const char *p = methods; *p; p += strspn(p, ", ")) {
        int n = (int) strcspn(p, ", ");

        strbuf_printf(&quoted, "%s'%.*s'", quoted.len > 0 ? ", " : "", n, p);
        p += n;
    }
    http_answer_method_not_allowed(request, methods, quoted.data);
}

static void
deliver(struct http_server *server, struct http_request *request)
{
    struct upid nobody = { .id = "" };
    struct actor_msg *msg = actor_msg_create(&request_message);
    struct request_body *body = actor_msg_body(msg, &request_message);

    vlog(1, "Handling HTTP %s for '%s' from %s", request->head.method,
         request->target.path, ADDRESS_TEXT(&request->peer));
    body->request = request;
    if (!system_deliver(server->system, &nobody, request->actor.id, &msg,
                        request->body.len,
                        http_connection_pressure(request->connection))) {
        body->request = NULL;
        actor_msg_destroy(msg);
        respond_not_found(&request);
    }
}

static void
respond_disabled(struct http_request **request)
{
    const char *below = http_target_rest(&(*request)->target, (*request)->at);

    http_respond_text(request, 403, "Endpoint '/%s%s%s' is disabled",
                      (*request)->actor.id, below[0] ? "/" : "", below);
}

/* To the route it has; answers instead if there is none, or not for it. */
static void
route(struct http_server *server, struct http_request *request)
{
    autofini(http_match) match;

    http_routes_find(server->routes, &request->target, request->head.method,
                     &match);
    if (!match.route) {
        respond_not_found(&request);
        return;
    }
    request->route = match.route;
    request->actor = match.actor;
    request->at = match.at;
    request->rest = http_target_rest(&request->target, match.rest);
    if (match.is_refused) {
        request->methods = strbuf_take(&match.methods);
    }
    if (http_settings_disable(server->settings, request)) {
        respond_disabled(&request);
    } else {
        http_request_proceed(server, request);
    }
}

void
http_request_dispatch(struct http_server *server,
                      struct http_request *request)
{
    const char *reason;

    if (is_about_server(request)) {
        respond_options(&request, "GET, HEAD, POST, PUT, DELETE");
        return;
    }
    int status = http_target_parse(&request->target, request->head.target,
                                   &reason);
    if (status) {
        http_respond_text(&request, status, "%s", reason);
        return;
    }
    route(server, request);
}

void
http_request_proceed(struct http_server *server, struct http_request *request)
{
    if (http_access_ask(server, request)) {
        return;
    }
    if (request->methods) {
        respond_by_method(&request);
    } else {
        deliver(server, request);
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

struct actor_system *
http_request_system(const struct http_request *request)
{
    return http_connection_system(request->connection);
}

const char *
http_request_method(const struct http_request *request)
{
    return request->head.method;
}

const char *
http_request_path(const struct http_request *request)
{
    return request->target.path;
}

const char *
http_request_target(const struct http_request *request)
{
    return request->head.target;
}

const char *
http_request_rest(const struct http_request *request)
{
    return request->rest;
}

const char *
http_request_argument(struct http_request *request, const char *name)
{
    char *value = http_pattern_argument(request->route->path, name,
                                        request->at,
                                        request->target.raw_end);

    CHECK(value, "route '%s' has no {%s}", request->route->path, name);
    vec_push(&request->arguments, value);
    return value;
}

const char *
http_request_query(const struct http_request *request, const char *name)
{
    return http_target_query(&request->target, name);
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
