/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_json.c - resources as /state shows them.
 *
 * Endpoints keep the old form of a Resource, where 'role' says what the last
 * reservation says today.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/resources_json.h"

#include <string.h>

#include <actor/error.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void write_group(V1__Resource *const *, size_t n, const char *role,
                        bool is_full, struct json_writer *);
static bool is_of(const V1__Resource *, const char *role);
static void write_full(const V1__Resource *, struct json_writer *);

const char *
resource_reserved_role(const V1__Resource *resource)
{
    size_t n = resource->n_reservations;

    if (n > 0) {
        return resource->reservations[n - 1]->role;
    }
    if (resource->role && strcmp(resource->role, "*") != 0) {
        return resource->role;
    }
    return NULL;
}

void
resources_json_reserved(V1__Resource *const *array, size_t n, bool is_full,
                        struct json_writer *w)
{
    json_object_begin(w);
    for (size_t i = 0; i < n; i++) {
        const char *role = resource_reserved_role(array[i]);
        bool is_first = role != NULL;

        for (size_t j = 0; j < i && is_first; j++) {
            is_first = !is_of(array[j], role);
        }
        if (is_first) {
            json_key(w, role);
            write_group(array, n, role, is_full, w);
        }
    }
    json_object_end(w);
}

void
resources_json_unreserved(V1__Resource *const *array, size_t n, bool is_full,
                          struct json_writer *w)
{
    write_group(array, n, NULL, is_full, w);
}

/* Those of 'role'; NULL: the unreserved ones. */
static void
write_group(V1__Resource *const *array, size_t n, const char *role,
            bool is_full, struct json_writer *w)
{
    VEC(V1__Resource *) group = VEC_EMPTY;

    for (size_t i = 0; i < n; i++) {
        if (is_of(array[i], role)) {
            vec_push(&group, array[i]);
        }
    }
    if (is_full) {
        json_array_begin(w);
        vec_foreach (&group, it) {
            write_full(*it, w);
        }
        json_array_end(w);
    } else {
        struct resources sum = { .entries = NULL };

        error_drop(resources_decode(group.data, group.n, &sum));
        resources_write_json(&sum, w);
        resources_fini(&sum);
    }
    vec_fini(&group);
}

static bool
is_of(const V1__Resource *resource, const char *role)
{
    const char *own = resource_reserved_role(resource);

    return own && role ? strcmp(own, role) == 0 : own == role;
}

static void
write_full(const V1__Resource *resource, struct json_writer *w)
{
    const char *role = resource_reserved_role(resource);
    V1__Resource copy = *resource;

    copy.role = (char *) (role ? role : "*");
    message_write_json(&copy.base, w);
}
