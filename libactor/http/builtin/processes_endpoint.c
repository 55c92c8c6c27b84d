/* SPDX-License-Identifier: Apache-2.0
 *
 * processes_endpoint.c - /__processes__: the actors of this system.
 *
 * Unlike libprocess it waits for nobody, so a stuck actor does not hide the
 * others; it tells how many messages wait, not what is in them.  Thread: the
 * actor's turn. */
#include <config.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/strbuf.h>
#include "core/transport.h"
#include "http/builtin/builtin.h"

static void
write_actor(void *aux, const struct actor_view *view)
{
    struct json_writer *w = aux;

    json_object_begin(w);
    json_key(w, "events");
    json_array_begin(w);
    json_array_end(w);
    json_member_string(w, "id", view->upid.id);
    json_member_uint(w, "n_waiting", view->n_waiting);
    json_member_uint(w, "n_waiting_max", view->depth_max);
    json_member_string(w, "type", view->type);
    json_object_end(w);
}

static void
on_processes(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    json_array_begin(&w);
    system_for_each_actor(actor_system_of(self), write_actor, &w);
    json_array_end(&w);
    http_respond_json(&request, &body);
}

static const struct http_route routes[] = {
    { "", on_processes, NULL, NULL },
};

static struct error *
processes_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

const struct actor_type processes_endpoint_type = {
    .name = "__processes__", .size = sizeof(struct actor),
    .init = processes_init,
};
