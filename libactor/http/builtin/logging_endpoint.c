/* SPDX-License-Identifier: Apache-2.0
 *
 * logging_endpoint.c - /logging/toggle: more talkative for a while.  Thread:
 * the actor's turn. */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <actor/actor.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include "http/builtin/builtin.h"

struct logging_endpoint {
    struct actor base;
    int original;               /* verbosity to go back to */
    struct actor_timer revert;
};

static void
on_revert(struct actor *self, void *arg UNUSED)
{
    struct logging_endpoint *l = (struct logging_endpoint *) self;

    log_info("Setting verbose logging level to %d", l->original);
    log_set_verbosity(l->original);
}

static bool
parse_level(const char *text, int *ret_level)
{
    char *end;

    errno = 0;
    long level = strtol(text, &end, 10);
    if (errno || *end || end == text || level < INT_MIN || level > INT_MAX) {
        return false;
    }
    *ret_level = (int) level;
    return true;
}

/* Answers the request. */
static void
set_level(struct logging_endpoint *l, struct http_request *request,
          const char *level_text, const char *duration_text)
{
    int64_t duration;
    int level;

    if (!parse_level(level_text, &level)) {
        http_respond_text(&request, 400, "Failed to convert '%.64s' to "
                          "number.\n", level_text);
        return;
    }
    if (level < 0) {
        http_respond_text(&request, 400, "Invalid level '%d'.\n", level);
        return;
    }
    if (level < l->original) {
        http_respond_text(&request, 400, "'%d' < original level.\n", level);
        return;
    }
    struct error *error = duration_parse(duration_text, &duration);
    if (error) {
        http_respond_text(&request, 400, "%s.\n", error_text(error));
        error_destroy(error);
        return;
    }
    log_info("Setting verbose logging level to %d", level);
    log_set_verbosity(level);
    if (level != l->original) {
        actor_timer_start(&l->base, &l->revert, duration, on_revert, NULL);
    } else {
        actor_timer_cancel(&l->base, &l->revert);
    }
    http_respond(&request, 200, NULL, NULL);
}

static void
on_toggle(struct actor *self, struct http_request *request)
{
    struct logging_endpoint *l = (struct logging_endpoint *) self;
    const char *level = http_request_query(request, "level");
    const char *duration = http_request_query(request, "duration");

    if (!level && !duration) {
        http_respond_text(&request, 200, "%d\n", log_verbosity());
    } else if (!level) {
        http_respond_text(&request, 400,
                          "Expecting 'level=value' in query.\n");
    } else if (!duration) {
        http_respond_text(&request, 400,
                          "Expecting 'duration=value' in query.\n");
    } else {
        set_level(l, request, level, duration);
    }
}

static const struct http_route routes[] = {
    {
        "/toggle", on_toggle,
        "Sets the logging verbosity level for a specified duration.",
        "Verbosity levels are those of glog: 1 (requests and "
        "drops), 2 (messages and time) and 3 (scheduling).  Without query "
        "parameters the present level is returned.\n\n"
        "Required query parameters to set it:\n\n"
        ">        level=VALUE          Verbosity level (e.g., 1, 2, 3)\n"
        ">        duration=VALUE       Duration to keep verbosity level "
        "toggled (e.g., 10secs, 15mins, etc.)",
        .realm = "readwrite",
    },
};

static struct error *
logging_init(struct actor *self, void *arg UNUSED)
{
    struct logging_endpoint *l = (struct logging_endpoint *) self;

    l->original = log_verbosity();
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

const struct actor_type logging_endpoint_type = {
    .name = "logging", .size = sizeof(struct logging_endpoint),
    .init = logging_init,
};
