/* SPDX-License-Identifier: Apache-2.0
 *
 * processes_endpoint.c - /__processes__: the actors of this system, what they
 * are at, and what waits for them.
 *
 * Unlike libprocess it waits for nobody: a stuck actor is shown with the
 * message that it is stuck in and those behind it.  Events are as in Mesos;
 * "who" of EXITED and "name" of DISPATCH are ours, and bodies are shown as in
 * logs, without secrets, and cut.  Thread: the actor's turn. */
#include <config.h>

#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include "core/transport.h"
#include "http/builtin/builtin.h"

#define EVENTS_MAX 100          /* of each actor */
#define BODY_LEN 1000           /* of each message */
#define BODY_MEMORY (64 * 1024) /* of a message that is printed at all */

static void
write_upid(struct json_writer *w, const char *key, const struct upid *upid)
{
    json_member_string(w, key, upid_is_empty(upid) ? "" : UPID_TEXT(upid));
}

static void
write_body(struct json_writer *w, struct message *message)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (message && message_memory(message) > BODY_MEMORY) {
        strbuf_printf(&text, "%zu bytes", message_memory(message));
    } else if (message) {
        message_print_redacted(message_root(message), &text, BODY_LEN);
    }
    json_key(w, "body");
    json_string_n(w, text.data ? text.data : "", text.len);
}

static void
write_request(struct json_writer *w, const char *text)
{
    size_t len = strcspn(text, " ");

    json_key(w, "method");
    json_string_n(w, text, len);
    json_member_string(w, "type", "HTTP");
    json_member_string(w, "url", text[len] ? text + len + 1 : "");
}

static void
write_event(struct json_writer *w, const struct actor_view *view,
            const struct actor_event *event)
{
    const struct actor_msg_type *type = event->type;

    json_object_begin(w);
    if (type->event && event->text && strcmp(type->event, "HTTP") == 0) {
        write_request(w, event->text);
    } else if (type->event) {
        json_member_string(w, "type", type->event);
        if (event->text) {
            json_member_string(w, "who", event->text);
        }
    } else if (type->run) {
        json_member_string(w, "name", type->name);
        json_member_string(w, "type", "DISPATCH");
    } else {
        write_body(w, event->message);
        write_upid(w, "from", &event->from);
        json_member_string(w, "name", type->name);
        write_upid(w, "to", &view->upid);
        json_member_string(w, "type", "MESSAGE");
    }
    json_object_end(w);
}

static void
write_running(struct json_writer *w, const struct actor_view *view)
{
    json_key(w, "running");
    json_object_begin(w);
    json_member_string(w, "name", view->running);
    json_member_double(w, "seconds", (double) view->running_ns / 1e9);
    json_member_uint(w, "worker", view->worker);
    json_object_end(w);
}

static void
write_actor(void *aux, const struct actor_view *view)
{
    struct json_writer *w = aux;

    json_object_begin(w);
    json_key(w, "events");
    json_array_begin(w);
    for (size_t i = 0; i < view->n_events; i++) {
        write_event(w, view, &view->events[i]);
    }
    json_array_end(w);
    json_member_string(w, "id", view->upid.id);
    json_member_uint(w, "n_waiting", view->n_waiting);
    json_member_uint(w, "n_waiting_max", view->depth_max);
    if (view->running) {
        write_running(w, view);
    }
    json_member_string(w, "type", view->type);
    json_object_end(w);
}

static void
on_processes(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    json_array_begin(&w);
    system_for_each_actor(actor_system_of(self), EVENTS_MAX, write_actor, &w);
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
