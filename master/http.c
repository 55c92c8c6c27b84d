/* SPDX-License-Identifier: Apache-2.0
 *
 * http.c - the master's endpoints. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/limits.h>
#include <actor/strbuf.h>

#include "master/operator/operator.h"
#include "master/private.h"
#include "master/state_json.h"

#define DEFAULT_TASK_LIMIT 100

static http_handler_fn on_health, on_flags, on_state, on_state_summary,
    on_slaves, on_frameworks, on_tasks, on_redirect;

static const struct http_route routes[] = {
    { "/health", on_health, "Health status of the Master.",
      "Returns 200 OK iff the Master is healthy." },
    { "/flags", on_flags, "Exposes the master's flag configuration.", NULL },
    { "/state", on_state, "Information about state of master.",
      "Returns 200 OK with information about the master, its agents, "
      "frameworks and tasks." },
    { "/state-summary", on_state_summary,
      "Summary of agents, tasks, and registered frameworks in cluster.",
      "Returns 200 OK with a summary of the master's state." },
    { "/slaves", on_slaves, "Information about agents.",
      "Returns 200 OK with the agents that are registered. Query "
      "parameters: slave_id=VALUE, the one agent to show." },
    { "/frameworks", on_frameworks, "Exposes the frameworks info.",
      "Returns 200 OK with the frameworks. Query parameters: "
      "framework_id=VALUE, the one framework to show." },
    { "/tasks", on_tasks, "Lists tasks from all active frameworks.",
      "Query parameters: limit=VALUE (default is 100), offset=VALUE, "
      "order=(asc|desc) by the time of the first status, framework_id=VALUE, "
      "task_id=VALUE." },
    { "/api/v1", operator_on_request,
      "Endpoint for API calls against the master.",
      "Takes a master::Call in JSON or protobuf, as the Content-Type says, "
      "and answers it." },
    { "/redirect", on_redirect,
      "Redirects to the leading Master.",
      "Returns 307 Temporary Redirect to the leading master, or 503 if there "
      "is none." },
};

void
master_add_routes(struct master *m)
{
    http_add_routes(&m->base, routes, ARRAY_SIZE(routes));
}

static void
log_request(const struct http_request *request)
{
    log_info("HTTP %s for %s from %s", http_request_method(request),
             http_request_path(request),
             ADDRESS_TEXT(http_request_peer(request)));
}

/* Logs a request that only the leading master can answer; one that does not
 * lead has answered it here. */
static bool
is_to_be_answered_here(struct actor *self, struct http_request **request)
{
    log_request(*request);
    return !leadership_redirects(master_cast(self), request);
}

static void
on_health(struct actor *self, struct http_request *request)
{
    (void) self;
    http_respond(&request, 200, NULL, NULL);
}

static void
on_flags(struct actor *self, struct http_request *request)
{
    struct master *m = master_cast(self);
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    json_object_begin(&w);
    json_key(&w, "flags");
    flags_write_json(&w, master_flag_table, master_n_flags, m->flags);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static void
on_state(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    if (!is_to_be_answered_here(self, &request)) {
        return;
    }
    state_write_json(master_cast(self), &w);
    http_respond_json(&request, &body);
}

static void
on_state_summary(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    if (!is_to_be_answered_here(self, &request)) {
        return;
    }
    state_summary_write_json(master_cast(self), &w);
    http_respond_json(&request, &body);
}

static void
on_slaves(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    if (!is_to_be_answered_here(self, &request)) {
        return;
    }
    agents_write_json(master_cast(self), &w,
                      http_request_query(request, "slave_id"));
    http_respond_json(&request, &body);
}

static void
on_frameworks(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    if (!is_to_be_answered_here(self, &request)) {
        return;
    }
    frameworks_write_json(master_cast(self), &w,
                          http_request_query(request, "framework_id"));
    http_respond_json(&request, &body);
}

/* A count in the query, or its default. */
static struct error *
parse_count(const struct http_request *request, const char *name,
            size_t default_value, size_t *ret)
{
    const char *text = http_request_query(request, name);
    size_t n = 0;

    if (!text) {
        *ret = default_value;
        return NULL;
    }
    if (text[0] == '\0' || strlen(text) > 9
        || strspn(text, "0123456789") != strlen(text)) {
        return error_create(ERROR_INVALID, "Failed to parse '%s' query "
                            "parameter: '%s' is no number", name, text);
    }
    for (; *text; text++) {
        n = n * 10 + (size_t) (*text - '0');
    }
    *ret = n;
    return NULL;
}

static void
on_tasks(struct actor *self, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);
    const char *order = http_request_query(request, "order");
    struct tasks_query query = {
        .ascending = order && !strcmp(order, "asc"),
        .framework_id = http_request_query(request, "framework_id"),
        .task_id = http_request_query(request, "task_id"),
    };
    struct error *error;

    if (!is_to_be_answered_here(self, &request)) {
        return;
    }
    error = parse_count(request, "limit", DEFAULT_TASK_LIMIT, &query.limit);
    if (!error) {
        error = parse_count(request, "offset", 0, &query.offset);
    }
    if (error) {
        http_respond_error(&request, error);
        return;
    }
    tasks_write_json(master_cast(self), &w, &query);
    http_respond_json(&request, &body);
}

static void
on_redirect(struct actor *self, struct http_request *request)
{
    leadership_redirect(master_cast(self), &request);
}
