/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_endpoint.c - /metrics/snapshot: the system's metrics.
 *
 * Values are pushed by their owners, so a snapshot waits for nobody and the
 * timeout that Mesos' clients send has nothing to cut short; it is checked
 * like there.  Thread: the actor's turn. */
#include <config.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include "http/builtin/builtin.h"

static void
on_snapshot(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);
    const char *timeout = http_request_query(request, "timeout");

    if (timeout) {
        int64_t timeout_ns;
        autoerror *error = duration_parse(timeout, &timeout_ns);

        if (error) {
            http_respond_text(&request, 400, "Invalid timeout '%s': %s.",
                              timeout, error_text(error));
            return;
        }
    }
    metrics_write_json(actor_metrics(self), &w);
    http_respond_json(&request, &body);
}

static const struct http_route routes[] = {
    {
        "/snapshot", on_snapshot,
        "Provides a snapshot of the current metrics.",
        "Returns a JSON object of all metrics, name to number.\n\n"
        "Query parameters:\n\n"
        ">        timeout=VALUE        Accepted for the sake of clients that "
        "send it; a snapshot does not wait\n"
        ">        jsonp=VALUE          Wraps the answer in a call of VALUE",
        .realm = "readonly",
    },
};

static struct error *
metrics_endpoint_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

const struct actor_type metrics_endpoint_type = {
    .name = "metrics", .size = sizeof(struct actor),
    .init = metrics_endpoint_init,
};
