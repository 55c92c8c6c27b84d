/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_endpoint.c - /metrics/snapshot and /metrics: the system's metrics,
 * as in Mesos and for Prometheus.
 *
 * Values are pushed by their owners, so a snapshot waits for nobody and the
 * timeout that Mesos' clients send has nothing to cut short; it is checked
 * like there.  Thread: the actor's turn; write_exposition() the pool, since
 * sorting takes a while when there are many. */
#include <config.h>

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/work.h>
#include "http/builtin/builtin.h"
#include "http/builtin/prometheus.h"

/* --- /metrics/snapshot --- */

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

/* --- /metrics --- */

struct exposition_work {
    struct metrics *metrics;            /* borrowed; the system's */
    struct http_request *request;       /* owned until answered */
    enum prometheus_format format;
    struct strbuf body;
};

static struct error *
write_exposition(void *arg)
{
    struct exposition_work *work = arg;

    prometheus_write(work->metrics, work->format, &work->body);
    return NULL;
}

static void
on_exposition_written(struct actor *self UNUSED, void *arg,
                      const struct error *error UNUSED)
{
    struct exposition_work *work = arg;

    http_response_header(work->request, "Vary", "Accept");
    http_respond(&work->request, 200, prometheus_content_type(work->format),
                 &work->body);
}

static void
exposition_work_destroy(void *arg)
{
    struct exposition_work *work = arg;

    if (work->request) {
        http_respond_text(&work->request, 503, "503 Service Unavailable.");
    }
    strbuf_fini(&work->body);
    free(work);
}

static void
on_exposition(struct actor *self, struct http_request *request)
{
    struct exposition_work *work = xcalloc(1, sizeof *work);

    work->metrics = actor_metrics(self);
    work->request = request;
    work->format = prometheus_negotiate(http_request_header(request,
                                                            "Accept"));
    strbuf_init(&work->body, STRBUF_UNLIMITED);
    actor_work(self, write_exposition, on_exposition_written, work,
               exposition_work_destroy);
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
    {
        "", on_exposition,
        "Provides the current metrics for Prometheus.",
        "Returns all metrics in the text format 0.0.4 of Prometheus, or in "
        "OpenMetrics 1.0.0 if the Accept header asks for it.  Names have '_' "
        "for '/'; roles, frameworks and the like are labels.",
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
