/* SPDX-License-Identifier: Apache-2.0
 *
 * resource.c - what may be merged with what, and split from what.
 *
 * Thread: one at a time.  The rules are those of addable() and subtractable()
 * in Mesos' src/common/resources.cpp: disks that are things of their own stay
 * whole, shared ones are counted. */
#include <config.h>

#include "model/resource.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/log.h>
#include <actor/message.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static const char *const well_known[] = {
    "cpus", "mem", "disk", "gpus", "ports",
};

static const char *
find_well_known(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(well_known); i++) {
        if (name == well_known[i] || !strcmp(name, well_known[i])) {
            return well_known[i];
        }
    }
    return NULL;
}

const char *
resource_name_create(const char *name)
{
    const char *known = find_well_known(name);

    return known ? known : xstrdup(name);
}

void
resource_name_destroy(const char *name)
{
    if (name && !find_well_known(name)) {
        free((char *) name);
    }
}

void
resource_init_copy(struct resource *r, const struct resource *source)
{
    *r = *source;
    r->name = resource_name_create(source->name);
    r->role = source->role ? xstrdup(source->role) : NULL;
    r->meta = source->meta ? message_ref(source->meta) : NULL;
    if (r->type == RESOURCE_RANGES) {
        ranges_init_copy(&r->ranges, &source->ranges);
    } else if (r->type == RESOURCE_SET) {
        string_set_init_copy(&r->set, &source->set);
    }
}

void
resource_fini(struct resource *r)
{
    resource_name_destroy(r->name);
    free(r->role);
    message_unref(r->meta);
    if (r->type == RESOURCE_RANGES) {
        ranges_fini(&r->ranges);
    } else if (r->type == RESOURCE_SET) {
        string_set_fini(&r->set);
    }
    memset(r, 0, sizeof *r);
}

const V1__Resource *
resource_meta(const struct resource *r)
{
    return r->meta ? message_root(r->meta) : NULL;
}

bool
resource_is_empty(const struct resource *r)
{
    switch (r->type) {
    case RESOURCE_SCALAR:
        return r->scalar == 0;
    case RESOURCE_RANGES:
        return r->ranges.n == 0;
    case RESOURCE_SET:
        return r->set.n == 0;
    }
    UNREACHABLE();
}

bool
resource_is_shared(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->shared;
}

bool
resource_is_exclusive(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    if (!meta || !meta->disk) {
        return false;
    }
    if (meta->disk->persistence) {
        return true;
    }
    if (!meta->disk->source) {
        return false;
    }
    switch (meta->disk->source->type) {
    case V1__RESOURCE__DISK_INFO__SOURCE__TYPE__PATH:
        return false;
    case V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW:
        return meta->disk->source->id != NULL;
    default:
        return true;
    }
}

bool
resource_equal_value(const struct resource *a, const struct resource *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case RESOURCE_SCALAR:
        return a->scalar == b->scalar;
    case RESOURCE_RANGES:
        return ranges_equal(&a->ranges, &b->ranges);
    case RESOURCE_SET:
        return string_set_equal(&a->set, &b->set);
    }
    UNREACHABLE();
}

/* Shallow copies without the volume, for comparing. */
struct meta_view {
    V1__Resource resource;
    V1__Resource__DiskInfo disk;
};

static const ProtobufCMessage *
view_meta(const V1__Resource *meta, struct meta_view *view)
{
    if (!meta->disk || !meta->disk->volume) {
        return &meta->base;
    }
    view->resource = *meta;
    view->disk = *meta->disk;
    view->disk.volume = NULL;
    view->resource.disk = &view->disk;
    return &view->resource.base;
}

static bool
equal_meta(const struct resource *a, const struct resource *b)
{
    const V1__Resource *a_meta = resource_meta(a);
    const V1__Resource *b_meta = resource_meta(b);
    struct meta_view a_view, b_view;

    if (a_meta == b_meta) {
        return true;
    }
    return a_meta && b_meta
           && message_equal(view_meta(a_meta, &a_view),
                            view_meta(b_meta, &b_view));
}

static bool
equal_role(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

bool
resource_equal_kind(const struct resource *a, const struct resource *b)
{
    return a->type == b->type && !strcmp(a->name, b->name)
           && equal_role(a->role, b->role) && equal_meta(a, b);
}

static bool
contain_value(const struct resource *a, const struct resource *b)
{
    switch (a->type) {
    case RESOURCE_SCALAR:
        return a->scalar >= b->scalar;
    case RESOURCE_RANGES:
        return ranges_contain(&a->ranges, &b->ranges);
    case RESOURCE_SET:
        return string_set_contain(&a->set, &b->set);
    }
    UNREACHABLE();
}

bool
resource_contain(const struct resource *a, const struct resource *b)
{
    if (!resource_equal_kind(a, b)) {
        return false;
    }
    if (resource_is_shared(a)) {
        return resource_equal_value(a, b) && a->n_shared >= b->n_shared;
    }
    return resource_is_exclusive(a) ? resource_equal_value(a, b)
                                    : contain_value(a, b);
}

void
resource_add(struct resource *a, const struct resource *b)
{
    switch (a->type) {
    case RESOURCE_SCALAR:
        if (__builtin_add_overflow(a->scalar, b->scalar, &a->scalar)) {
            a->scalar = INT64_MAX;
        }
        break;
    case RESOURCE_RANGES:
        ranges_add(&a->ranges, &b->ranges);
        break;
    case RESOURCE_SET:
        string_set_add(&a->set, &b->set);
        break;
    }
}

void
resource_subtract(struct resource *a, const struct resource *b)
{
    switch (a->type) {
    case RESOURCE_SCALAR:
        a->scalar -= b->scalar;
        break;
    case RESOURCE_RANGES:
        ranges_subtract(&a->ranges, &b->ranges);
        break;
    case RESOURCE_SET:
        string_set_subtract(&a->set, &b->set);
        break;
    }
}
