/* SPDX-License-Identifier: Apache-2.0
 *
 * help.c - /help: what can be asked of this process.
 *
 *     /help                    the actors that have routes
 *     /help/master             the routes of one
 *     /help/master/state       a route's page
 *     /help?format=json        all of it
 *
 * Markdown for curl and HTTPie, and within a plain page for browsers.
 * Thread: the actor's turn. */
#include <config.h>

#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/strbuf.h>
#include "core/transport.h"
#include "http/builtin/builtin.h"
#include "http/internal.h"

static struct http_routes *
routes_of(struct actor *self)
{
    struct http_server *server = system_http(actor_system_of(self));

    return server->routes;
}

/* --- pages --- */

static void
write_page(struct strbuf *out, const char *id, bool is_delegate,
           const struct http_route *route)
{
    strbuf_append(out, "### USAGE ###\n");
    if (is_delegate && route->path[0] != '\0') {
        strbuf_printf(out, ">        %s\n", route->path);
    }
    strbuf_printf(out, ">        /%s%s\n", id, route->path);
    strbuf_printf(out, "\n### TL;DR; ###\n%s\n", route->summary);
    if (route->description) {
        strbuf_printf(out, "\n### DESCRIPTION ###\n%s\n",
                      route->description);
    }
    if (route->realm) {
        strbuf_printf(out, "\n### AUTHENTICATION ###\nNeeded if the realm "
                      "\"%s\" has an authenticator.\n", route->realm);
    }
}

/* What a page is searched by, and gathered into. */
struct search {
    struct strbuf *out;
    struct strbuf *references;          /* of the index */
    struct json_writer *w;
    const char *id;                     /* NULL: all */
    const char *path;                   /* NULL: all of 'id' */
    char last_id[UPID_ID_MAX + 1];
    size_t n;
};

static void
add_to_index(void *aux, const char *id, bool is_delegate UNUSED,
             const struct http_route *route UNUSED)
{
    struct search *search = aux;

    if (strcmp(id, "help") == 0 || strcmp(id, search->last_id) == 0) {
        return;
    }
    strbuf_printf(search->out, "> [/%s][%s]\n", id, id);
    strbuf_printf(search->references, "[%s]: help/%s\n", id, id);
    memcpy(search->last_id, id, strlen(id) + 1);
}

static void
add_of_id(void *aux, const char *id, bool is_delegate UNUSED,
          const struct http_route *route)
{
    struct search *search = aux;

    if (strcmp(id, search->id) != 0) {
        return;
    }
    strbuf_printf(search->out, "> [/%s%s][%s]\n", id, route->path,
                  route->path);
    strbuf_printf(search->references, "[%s]: %s%s%s\n", route->path, id,
                  route->path[0] ? "" : "/", route->path);
    search->n++;
}

static void
add_page(void *aux, const char *id, bool is_delegate,
         const struct http_route *route)
{
    struct search *search = aux;

    if (strcmp(id, search->id) == 0
        && strcmp(route->path, search->path) == 0) {
        write_page(search->out, id, is_delegate, route);
        search->n++;
    }
}

static void
add_to_json(void *aux, const char *id, bool is_delegate,
            const struct http_route *route)
{
    struct search *search = aux;
    autofini(strbuf) page = STRBUF(STRBUF_UNLIMITED);

    if (strcmp(id, "help") == 0) {
        return;
    }
    if (strcmp(id, search->last_id) != 0) {
        if (search->last_id[0] != '\0') {
            json_array_end(search->w);
            json_object_end(search->w);
        }
        json_object_begin(search->w);
        json_member_string(search->w, "id", id);
        json_key(search->w, "endpoints");
        json_array_begin(search->w);
        memcpy(search->last_id, id, strlen(id) + 1);
    }
    write_page(&page, id, is_delegate, route);
    json_object_begin(search->w);
    json_member_string(search->w, "name", route->path);
    json_member_string(search->w, "text", page.data);
    json_object_end(search->w);
}

/* --- answering --- */

static bool
wants_markdown(const struct http_request *request)
{
    const char *agent = http_request_header(request, "User-Agent");

    return agent && (strncmp(agent, "curl", 4) == 0
                     || strncmp(agent, "HTTPie", 6) == 0);
}

static void
append_escaped(struct strbuf *out, const struct strbuf *text)
{
    for (size_t i = 0; i < text->len; i++) {
        switch (text->data[i]) {
        case '<':
            strbuf_append(out, "&lt;");
            break;
        case '>':
            strbuf_append(out, "&gt;");
            break;
        case '&':
            strbuf_append(out, "&amp;");
            break;
        default:
            strbuf_append_char(out, text->data[i]);
            break;
        }
    }
}

static void
respond_page(struct http_request *request, struct strbuf *markdown)
{
    autofini(strbuf) page = STRBUF(STRBUF_UNLIMITED);

    if (wants_markdown(request)) {
        http_respond(&request, 200, "text/x-markdown", markdown);
        return;
    }
    strbuf_append(&page, "<!DOCTYPE html>\n<html><head><title>Help</title>"
                         "</head><body><pre>\n");
    append_escaped(&page, markdown);
    strbuf_append(&page, "</pre></body></html>\n");
    http_respond(&request, 200, "text/html", &page);
}

static void
respond_json(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);
    struct search search = { .w = &w };

    json_object_begin(&w);
    json_key(&w, "processes");
    json_array_begin(&w);
    http_routes_for_each(routes_of(self), add_to_json, &search);
    if (search.last_id[0] != '\0') {
        json_array_end(&w);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static void
on_index(struct actor *self, struct http_request *request)
{
    autofini(strbuf) page = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) references = STRBUF(STRBUF_UNLIMITED);
    struct search search = { .out = &page, .references = &references };
    const char *format = http_request_query(request, "format");

    if (format && strcmp(format, "json") == 0) {
        respond_json(self, request);
        return;
    }
    strbuf_append(&page, "## HELP\n");
    http_routes_for_each(routes_of(self), add_to_index, &search);
    strbuf_printf(&page, "\n%s", references.data);
    respond_page(request, &page);
}

/* The routes of an actor; false if it has none. */
static bool
write_actor(struct actor *self, const char *id, struct strbuf *page)
{
    autofini(strbuf) references = STRBUF(STRBUF_UNLIMITED);
    struct search search = {
        .out = page, .references = &references, .id = id,
    };

    strbuf_printf(page, "## `/%s` ##\n", id);
    http_routes_for_each(routes_of(self), add_of_id, &search);
    strbuf_printf(page, "\n%s", references.data);
    return search.n > 0;
}

static bool
write_route(struct actor *self, const char *id, const char *path,
            struct strbuf *page)
{
    struct search search = { .out = page, .id = id, .path = path };

    http_routes_for_each(routes_of(self), add_page, &search);
    return search.n > 0;
}

static void
on_page(struct actor *self, struct http_request *request)
{
    const char *rest = http_request_rest(request);
    autofree char *id = xstrndup(rest, strcspn(rest, "/"));
    const char *path = rest + strlen(id);
    autofini(strbuf) page = STRBUF(STRBUF_UNLIMITED);
    bool found = *path ? write_route(self, id, path, &page)
                       : write_actor(self, id, &page);

    if (found) {
        respond_page(request, &page);
    } else {
        http_respond_text(&request, 400, "No help available for '/%s'.\n",
                          rest);
    }
}

static const struct http_route routes[] = {
    { "", on_index, NULL, NULL },
    { "/", on_page, NULL, NULL },
};

static struct error *
help_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

const struct actor_type help_type = {
    .name = "help", .size = sizeof(struct actor), .init = help_init,
};
