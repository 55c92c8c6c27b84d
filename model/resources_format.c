/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_format.c - resources for logs and for the legacy endpoints.
 *
 * Thread: one at a time.  The forms are those of Mesos' operator<< for
 * Resource, and of its JSON models. */
#include <config.h>

#include "model/resources.h"

#include <inttypes.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* --- text --- */

/* 1500 -> "1.5". */
static void
format_scalar(int64_t thousandths, struct strbuf *s)
{
    char digits[4] = { 0 };
    int64_t fraction = thousandths % 1000;

    strbuf_printf(s, "%" PRId64, thousandths / 1000);
    if (fraction == 0) {
        return;
    }
    for (int i = 2; i >= 0; i--) {
        digits[i] = (char) ('0' + fraction % 10);
        fraction /= 10;
    }
    for (int i = 2; digits[i] == '0'; i--) {
        digits[i] = '\0';
    }
    strbuf_printf(s, ".%s", digits);
}

static void
format_value(const struct resource *r, struct strbuf *s)
{
    switch (r->type) {
    case RESOURCE_SCALAR:
        format_scalar(r->scalar, s);
        break;
    case RESOURCE_RANGES:
        ranges_format(&r->ranges, s);
        break;
    case RESOURCE_SET:
        string_set_format(&r->set, s);
        break;
    }
}

static void
format_labels(const V1__Labels *labels, struct strbuf *s)
{
    strbuf_append_char(s, '{');
    for (size_t i = 0; i < labels->n_labels; i++) {
        const V1__Label *label = labels->labels[i];

        strbuf_printf(s, "%s%s", i > 0 ? ", " : "", label->key);
        if (label->value) {
            strbuf_printf(s, ": %s", label->value);
        }
    }
    strbuf_append_char(s, '}');
}

static void
format_reservation(const V1__Resource__ReservationInfo *r, struct strbuf *s)
{
    const char *type = message_enum_name(
        &v1__resource__reservation_info__type__descriptor, (int) r->type);

    strbuf_printf(s, "(%s,%s", type ? type : "UNKNOWN",
                  r->role ? r->role : "");
    if (r->principal) {
        strbuf_printf(s, ",%s", r->principal);
    }
    if (r->labels) {
        strbuf_append_char(s, ',');
        format_labels(r->labels, s);
    }
    strbuf_append_char(s, ')');
}

static void
format_reservations(const V1__Resource *meta, struct strbuf *s)
{
    if (meta->n_reservations == 0) {
        return;
    }
    strbuf_append(s, "(reservations: [");
    for (size_t i = 0; i < meta->n_reservations; i++) {
        strbuf_append(s, i > 0 ? "," : "");
        format_reservation(meta->reservations[i], s);
    }
    strbuf_append(s, "])");
}

static void
format_source(const V1__Resource__DiskInfo__Source *source, struct strbuf *s)
{
    const char *type = message_enum_name(
        &v1__resource__disk_info__source__type__descriptor,
        (int) source->type);
    const char *root = NULL;

    strbuf_append(s, type ? type : "UNKNOWN");
    if (source->id || source->profile) {
        strbuf_printf(s, "(%s,%s,%s)", source->vendor ? source->vendor : "",
                      source->id ? source->id : "",
                      source->profile ? source->profile : "");
    }
    if (source->path) {
        root = source->path->root;
    } else if (source->mount) {
        root = source->mount->root;
    }
    if (root) {
        strbuf_printf(s, ":%s", root);
    }
}

static void
format_volume(const V1__Volume *volume, struct strbuf *s)
{
    if (volume->host_path) {
        strbuf_printf(s, "%s:", volume->host_path);
    }
    strbuf_append(s, volume->container_path);
    if (volume->mode == V1__VOLUME__MODE__RO) {
        strbuf_append(s, ":ro");
    }
}

static void
format_disk(const V1__Resource__DiskInfo *disk, struct strbuf *s)
{
    strbuf_append_char(s, '[');
    if (disk->source) {
        format_source(disk->source, s);
    }
    if (disk->persistence) {
        strbuf_printf(s, "%s%s", disk->source ? "," : "",
                      disk->persistence->id);
    }
    if (disk->volume) {
        strbuf_append_char(s, ':');
        format_volume(disk->volume, s);
    }
    strbuf_append_char(s, ']');
}

static void
format_entry(const struct resource *r, struct strbuf *s)
{
    const V1__Resource *meta = resource_meta(r);

    strbuf_append(s, r->name);
    if (r->role) {
        strbuf_printf(s, "(allocated: %s)", r->role);
    }
    if (meta) {
        format_reservations(meta, s);
        if (meta->disk) {
            format_disk(meta->disk, s);
        }
        strbuf_append(s, meta->revocable ? "{REV}" : "");
        if (meta->shared) {
            strbuf_append(s, "<SHARED>");
        }
    }
    strbuf_append_char(s, ':');
    format_value(r, s);
    if (r->n_shared > 1) {
        strbuf_printf(s, "<%u>", r->n_shared);
    }
}

void
resources_format(const struct resources *r, struct strbuf *s)
{
    if (r->n == 0) {
        strbuf_append(s, "{}");
    }
    for (size_t i = 0; i < r->n; i++) {
        strbuf_append(s, i > 0 ? "; " : "");
        format_entry(&r->entries[i], s);
    }
}

/* --- JSON --- */

static bool
is_revocable(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->revocable;
}

static bool
is_same_member(const struct resource *a, const struct resource *b)
{
    return a->type == b->type && is_revocable(a) == is_revocable(b)
           && !strcmp(a->name, b->name);
}

/* The sum of all entries that go into one member with entry 'i'. */
static void
sum_member(const struct resources *r, size_t i, struct resource *ret)
{
    resource_init_copy(ret, &r->entries[i]);
    for (size_t k = i + 1; k < r->n; k++) {
        if (is_same_member(&r->entries[i], &r->entries[k])) {
            resource_add(ret, &r->entries[k]);
        }
    }
}

static void
write_member(struct json_writer *w, const char *key,
             const struct resource *sum)
{
    autofini(strbuf) value = STRBUF(STRBUF_UNLIMITED);

    if (sum->type == RESOURCE_SCALAR) {
        json_member_double(w, key, (double) sum->scalar / 1000);
    } else {
        format_value(sum, &value);
        json_member_string(w, key, value.data);
    }
}

static const char *const always[] = { "cpus", "disk", "gpus", "mem" };

static int64_t
sum_regular(const struct resources *r, const char *name)
{
    int64_t sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (r->entries[i].type == RESOURCE_SCALAR
            && !is_revocable(&r->entries[i])
            && !strcmp(r->entries[i].name, name)
            && __builtin_add_overflow(sum, r->entries[i].scalar, &sum)) {
            return INT64_MAX;
        }
    }
    return sum;
}

/* Whether the entry was written before: with 'always', or together with one
 * of its member that stands earlier. */
static bool
is_written(const struct resources *r, size_t i)
{
    const struct resource *entry = &r->entries[i];

    for (size_t k = 0; k < ARRAY_SIZE(always); k++) {
        if (entry->type == RESOURCE_SCALAR && !is_revocable(entry)
            && !strcmp(entry->name, always[k])) {
            return true;
        }
    }
    for (size_t k = 0; k < i; k++) {
        if (is_same_member(entry, &r->entries[k])) {
            return true;
        }
    }
    return false;
}

void
resources_write_json(const struct resources *r, struct json_writer *w)
{
    json_object_begin(w);
    for (size_t k = 0; k < ARRAY_SIZE(always); k++) {
        json_member_double(w, always[k],
                           (double) sum_regular(r, always[k]) / 1000);
    }
    for (size_t i = 0; i < r->n; i++) {
        autofini(strbuf) key = STRBUF(STRBUF_UNLIMITED);
        struct resource sum;

        if (is_written(r, i)) {
            continue;
        }
        sum_member(r, i, &sum);
        strbuf_printf(&key, "%s%s", sum.name,
                      is_revocable(&sum) ? "_revocable" : "");
        write_member(w, key.data, &sum);
        resource_fini(&sum);
    }
    json_object_end(w);
}

void
resources_write_member(const struct resources *r, struct json_writer *w,
                       const char *key)
{
    json_key(w, key);
    resources_write_json(r, w);
}
