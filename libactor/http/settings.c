/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c - the options of an HTTP server; see settings.h.  Thread: any.
 *
 * Mesos compares a disabled path with that of the request only, and its routes
 * are prefixes: "/master/state/x" would get around "/master/state". */
#include <config.h>

#include "http/settings.h"

#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/vec.h>
#include "http/internal.h"
#include "http/target.h"

#define DEFAULT_TIMEOUT MINUTE

struct error *
http_options_check(const struct http_options *options)
{
    for (size_t i = 0; options && i < options->n_disabled; i++) {
        const char *path = options->disabled[i];
        size_t len = strlen(path);

        if (path[0] != '/' || len < 2 || path[len - 1] == '/') {
            return error_create(ERROR_INVALID, "disabling endpoint '%s': not "
                                "a path such as '/master/state'", path);
        }
    }
    if (options && (options->request_timeout_ns < 0
                    || options->write_timeout_ns < 0)) {
        return error_create(ERROR_INVALID, "a timeout of HTTP is negative");
    }
    return NULL;
}

/* Leaves some descriptors for files, links and children. */
static unsigned
most_connections(bool is_real)
{
    struct rlimit limit;

    if (!is_real || getrlimit(RLIMIT_NOFILE, &limit) < 0
        || limit.rlim_cur > UINT_MAX) {
        return UINT_MAX;
    }
    return (unsigned) (limit.rlim_cur - limit.rlim_cur / 8);
}

struct http_settings *
http_settings_create(const struct http_options *options, bool is_real)
{
    static const struct http_options defaults = { .disabled = NULL };
    const struct http_options *o = options ? options : &defaults;
    struct http_settings *settings = xcalloc(1, sizeof *settings);

    for (size_t i = 0; i < o->n_disabled; i++) {
        vec_push(&settings->disabled, xstrdup(o->disabled[i]));
    }
    settings->max_connections = o->max_connections
        ? o->max_connections : most_connections(is_real);
    settings->max_bodies = o->max_bodies ? o->max_bodies : LIMIT_HTTP_BODIES;
    settings->request_timeout_ns = o->request_timeout_ns
        ? o->request_timeout_ns : DEFAULT_TIMEOUT;
    settings->write_timeout_ns = o->write_timeout_ns
        ? o->write_timeout_ns : DEFAULT_TIMEOUT;
    return settings;
}

void
http_settings_destroy(struct http_settings *settings)
{
    vec_foreach (&settings->disabled, it) {
        free(*it);
    }
    vec_fini(&settings->disabled);
    free(settings);
}

/* True if 'path' is "/<id>", and then "/<below>" unless that is empty. */
static bool
is_path(const char *path, const char *id, const char *below)
{
    size_t len = strlen(id);

    if (strncmp(path + 1, id, len) != 0) {
        return false;
    }
    path += 1 + len;
    return below[0] == '\0' ? path[0] == '\0'
                            : path[0] == '/' && strcmp(path + 1, below) == 0;
}

bool
http_settings_disable(const struct http_settings *settings,
                      const struct http_request *request)
{
    const char *route = request->route->path;
    const char *below = http_target_rest(&request->target, request->at);

    vec_foreach (&settings->disabled, it) {
        if (is_path(*it, request->actor.id, below)
            || is_path(*it, request->actor.id, route[0] ? route + 1 : "")) {
            return true;
        }
    }
    return false;
}
