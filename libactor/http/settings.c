/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c - the options of an HTTP server; see settings.h.  Thread: any.
 *
 * Mesos compares a disabled path with that of the request only, and its routes
 * are prefixes: "/master/state/x" would get around "/master/state". */
#include <config.h>

#include "http/settings.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>
#include "http/internal.h"
#include "http/target.h"

struct http_settings {
    VEC(char *) disabled;               /* owned */
};

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
    return NULL;
}

struct http_settings *
http_settings_create(const struct http_options *options)
{
    struct http_settings *settings = xcalloc(1, sizeof *settings);

    for (size_t i = 0; options && i < options->n_disabled; i++) {
        vec_push(&settings->disabled, xstrdup(options->disabled[i]));
    }
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
        if (is_path(*it, request->id, below)
            || is_path(*it, request->id, route[0] ? route + 1 : "")) {
            return true;
        }
    }
    return false;
}
