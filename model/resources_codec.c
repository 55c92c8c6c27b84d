/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_codec.c - Resource messages to native entries and back.
 *
 * Both forms of a reservation are read: a stack in 'reservations', and the
 * older 'role' (static) or 'role' with 'reservation' (dynamic).  Only the
 * stack is kept and written.
 *
 * Thread: one at a time.  Texts follow Resources::validate() in Mesos'
 * src/common/resources.cpp. */
#include <config.h>

/* The field of the older form of reservations is read here. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "model/resources.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "model/roles.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* --- values --- */

static struct error *
decode_scalar(const V1__Resource *m, struct resource *ret)
{
    if (!m->scalar || m->ranges || m->set) {
        return error_create(ERROR_INVALID, "Invalid scalar resource");
    }
    double thousandths = round(m->scalar->value * 1000);

    if (!(thousandths >= 0)) {
        return error_create(ERROR_INVALID,
                            "Invalid scalar resource: value <= 0");
    }
    if (thousandths > (double) RESOURCE_SCALAR_MAX) {
        return error_create(ERROR_INVALID,
                            "Invalid scalar resource: value too large");
    }
    ret->type = RESOURCE_SCALAR;
    ret->scalar = (int64_t) thousandths;
    return NULL;
}

static int
compare_begin(const void *a_, const void *b_)
{
    const struct range *a = a_;
    const struct range *b = b_;

    return (a->begin > b->begin) - (a->begin < b->begin);
}

static struct error *
check_ranges(struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].begin > ranges[i].end) {
            return error_create(ERROR_INVALID,
                                "Invalid ranges resource: begin > end");
        }
    }
    if (n > 1) {
        qsort(ranges, n, sizeof *ranges, compare_begin);
    }
    for (size_t i = 1; i < n; i++) {
        if (ranges[i].begin <= ranges[i - 1].end) {
            return error_create(ERROR_INVALID,
                                "Invalid ranges resource: overlapping ranges");
        }
    }
    return NULL;
}

static struct error *
decode_ranges(const V1__Resource *m, struct resource *ret)
{
    if (!m->ranges || m->scalar || m->set) {
        return error_create(ERROR_INVALID, "Invalid ranges resource");
    }
    size_t n = m->ranges->n_range;
    struct range *data = n > 0 ? alloc_array(n, sizeof *data) : NULL;

    for (size_t i = 0; i < n; i++) {
        data[i].begin = m->ranges->range[i]->begin;
        data[i].end = m->ranges->range[i]->end;
    }
    struct error *error = check_ranges(data, n);

    if (error) {
        free(data);
        return error;
    }
    ret->type = RESOURCE_RANGES;
    ranges_init_take(&ret->ranges, data, n);
    return NULL;
}

static struct error *
decode_set(const V1__Resource *m, struct resource *ret)
{
    if (!m->set || m->scalar || m->ranges) {
        return error_create(ERROR_INVALID, "Invalid set resource");
    }
    size_t n = m->set->n_item;
    char **data = n > 0 ? alloc_array(n, sizeof *data) : NULL;

    for (size_t i = 0; i < n; i++) {
        data[i] = xstrdup(m->set->item[i]);
    }
    ret->type = RESOURCE_SET;
    if (!string_set_init_take(&ret->set, data, n)) {
        return error_create(ERROR_INVALID,
                            "Invalid set resource: duplicated elements");
    }
    return NULL;
}

static struct error *
decode_value(const V1__Resource *m, struct resource *ret)
{
    switch (m->type) {
    case V1__VALUE__TYPE__SCALAR:
        return decode_scalar(m, ret);
    case V1__VALUE__TYPE__RANGES:
        return decode_ranges(m, ret);
    case V1__VALUE__TYPE__SET:
        return decode_set(m, ret);
    default:
        return error_create(ERROR_INVALID, "Unsupported resource type");
    }
}

/* --- metadata --- */

static bool
has_plain_role(const V1__Resource *m)
{
    return !m->role || !strcmp(m->role, "*");
}

static struct error *
check_disk(const V1__Resource *m)
{
    if (!m->disk) {
        return NULL;
    }
    if (strcmp(m->name, "disk")) {
        return error_create(ERROR_INVALID, "DiskInfo should not be set for "
                            "%s resource", m->name);
    }
    const V1__Resource__DiskInfo__Source *source = m->disk->source;

    if (source
        && source->type == V1__RESOURCE__DISK_INFO__SOURCE__TYPE__UNKNOWN) {
        return error_create(ERROR_INVALID, "Unsupported 'DiskInfo.Source."
                            "Type' in %s resource", m->name);
    }
    return NULL;
}

static struct error *
check_shared(const V1__Resource *m)
{
    if (!m->shared) {
        return NULL;
    }
    if (strcmp(m->name, "disk")) {
        return error_create(ERROR_INVALID, "Resource %s cannot be shared",
                            m->name);
    }
    if (!m->disk || !m->disk->persistence) {
        return error_create(ERROR_INVALID,
                            "Only persistent volumes can be shared");
    }
    return NULL;
}

static struct error *
check_reservation_role(const char *role)
{
    if (!role) {
        return error_create(ERROR_INVALID, "Invalid reservation: role is not "
                            "set");
    }
    if (!strcmp(role, "*")) {
        return error_create(ERROR_INVALID, "Invalid reservation: role \"*\" "
                            "cannot be reserved");
    }
    return error_wrap(role_validate(role), "Invalid reservation");
}

/* The stack: each one narrows the role before it, and only the first may be
 * static. */
static struct error *
check_stack(const V1__Resource *m)
{
    if (!has_plain_role(m) || m->reservation) {
        return error_create(ERROR_INVALID, "Invalid resource format: 'role' "
                            "and 'reservation' cannot be set together with "
                            "'reservations'");
    }
    for (size_t i = 0; i < m->n_reservations; i++) {
        const V1__Resource__ReservationInfo *r = m->reservations[i];

        if (!r->has_type
            || r->type == V1__RESOURCE__RESERVATION_INFO__TYPE__UNKNOWN) {
            return error_create(ERROR_INVALID, "Invalid reservation: type is "
                                "not set");
        }
        if (i > 0
            && r->type == V1__RESOURCE__RESERVATION_INFO__TYPE__STATIC) {
            return error_create(ERROR_INVALID, "Invalid refined reservation: "
                                "A refined reservation cannot be STATIC");
        }
        struct error *error = check_reservation_role(r->role);

        if (error) {
            return error;
        }
        if (i > 0
            && (!strcmp(r->role, m->reservations[i - 1]->role)
                || !role_is_within(r->role, m->reservations[i - 1]->role))) {
            return error_create(ERROR_INVALID, "Invalid refined reservation: "
                                "role '%s' is not a refinement of '%s'",
                                r->role, m->reservations[i - 1]->role);
        }
    }
    return NULL;
}

static struct error *
check_old_reservation(const V1__Resource *m)
{
    if (m->reservation && m->reservation->role) {
        return error_create(ERROR_INVALID, "Invalid resource format: 'role' "
                            "of 'reservation' is only for 'reservations'");
    }
    if (has_plain_role(m)) {
        if (m->reservation) {
            return error_create(ERROR_INVALID, "Invalid reservation: role "
                                "\"*\" cannot be dynamically reserved");
        }
        return NULL;
    }
    return check_reservation_role(m->role);
}

static struct error *
check_meta(const V1__Resource *m)
{
    struct error *error = check_disk(m);

    if (!error) {
        error = m->n_reservations > 0 ? check_stack(m)
                                      : check_old_reservation(m);
    }
    return error ? error : check_shared(m);
}

/* The stack of one that stands for 'role' and 'reservation'. */
static void
upgrade_reservation(struct message *meta, V1__Resource *root,
                    const V1__Resource *m)
{
    V1__Resource__ReservationInfo *r;

    if (m->reservation) {
        r = message_copy(meta, &m->reservation->base);
        r->type = V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC;
    } else {
        r = message_new(meta, &v1__resource__reservation_info__descriptor);
        r->type = V1__RESOURCE__RESERVATION_INFO__TYPE__STATIC;
    }
    r->has_type = true;
    r->role = message_strdup(meta, m->role);
    root->reservations = message_array(meta, 1, sizeof *root->reservations);
    root->reservations[0] = r;
    root->n_reservations = 1;
}

static struct message *
decode_meta(const V1__Resource *m)
{
    if (m->n_reservations == 0 && has_plain_role(m) && !m->disk
        && !m->revocable && !m->shared && !m->provider_id) {
        return NULL;
    }
    V1__Resource part = V1__RESOURCE__INIT;

    part.provider_id = m->provider_id;
    part.n_reservations = m->n_reservations;
    part.reservations = m->reservations;
    part.disk = m->disk;
    part.revocable = m->revocable;
    part.shared = m->shared;
    part.name = (char *) "";
    struct message *meta = message_clone(&part.base);

    if (!has_plain_role(m)) {
        upgrade_reservation(meta, message_root(meta), m);
    }
    return meta;
}

/* --- whole entries --- */

static void
format_wrong(const V1__Resource *m, struct strbuf *s)
{
    strbuf_append(s, m->name);
    if (m->type == V1__VALUE__TYPE__SCALAR && m->scalar) {
        strbuf_append_char(s, ':');
        strbuf_append_double(s, m->scalar->value, false);
    }
}

static struct error *
decode_entry(const V1__Resource *m, struct resource *entry)
{
    if (m->name[0] == '\0') {
        return error_create(ERROR_INVALID, "Empty resource name");
    }
    entry->name = resource_name_create(m->name);
    entry->n_shared = 1;
    struct error *error = decode_value(m, entry);

    if (!error) {
        error = check_meta(m);
    }
    if (!error && m->allocation_info && m->allocation_info->role) {
        error = role_validate(m->allocation_info->role);
    }
    if (error) {
        return error;
    }
    entry->meta = decode_meta(m);
    if (m->allocation_info && m->allocation_info->role) {
        entry->role = xstrdup(m->allocation_info->role);
    }
    return NULL;
}

struct error *
resources_decode(V1__Resource *const *messages, size_t n,
                 struct resources *ret)
{
    struct resources sum = { 0 };

    if (n > RESOURCES_MAX) {
        return error_create(ERROR_TOO_LARGE, "%zu resources are too many; at "
                            "most %zu are allowed", n, RESOURCES_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        struct resource entry = { 0 };
        struct error *error = decode_entry(messages[i], &entry);

        if (error) {
            autofini(strbuf) text = STRBUF(256);

            format_wrong(messages[i], &text);
            resource_fini(&entry);
            resources_fini(&sum);
            return error_wrap(error, "Resource '%s' is invalid", text.data);
        }
        resources_add_entry(&sum, &entry);
    }
    *ret = sum;
    return NULL;
}

/* --- encoding --- */

static void
encode_scalar(const struct resource *entry, struct message *m,
              V1__Resource *ret)
{
    ret->type = V1__VALUE__TYPE__SCALAR;
    ret->scalar = message_new(m, &v1__value__scalar__descriptor);
    ret->scalar->value = (double) entry->scalar / 1000;
}

static void
encode_ranges(const struct resource *entry, struct message *m,
              V1__Resource *ret)
{
    size_t n = entry->ranges.n;
    V1__Value__Range **range = message_array(m, n, sizeof *range);

    for (size_t i = 0; i < n; i++) {
        range[i] = message_new(m, &v1__value__range__descriptor);
        range[i]->begin = entry->ranges.data[i].begin;
        range[i]->end = entry->ranges.data[i].end;
    }
    ret->type = V1__VALUE__TYPE__RANGES;
    ret->ranges = message_new(m, &v1__value__ranges__descriptor);
    ret->ranges->n_range = n;
    ret->ranges->range = range;
}

static void
encode_set(const struct resource *entry, struct message *m, V1__Resource *ret)
{
    size_t n = entry->set.n;
    char **item = message_array(m, n, sizeof *item);

    for (size_t i = 0; i < n; i++) {
        item[i] = message_strdup(m, entry->set.data[i]);
    }
    ret->type = V1__VALUE__TYPE__SET;
    ret->set = message_new(m, &v1__value__set__descriptor);
    ret->set->n_item = n;
    ret->set->item = item;
}

/* The message points into the entry's metadata, and keeps it alive. */
static void
encode_meta(const struct resource *entry, struct message *m,
            V1__Resource *ret)
{
    const V1__Resource *meta = resource_meta(entry);

    if (meta) {
        message_hold(m, entry->meta);
        ret->provider_id = meta->provider_id;
        ret->n_reservations = meta->n_reservations;
        ret->reservations = meta->reservations;
        ret->disk = meta->disk;
        ret->revocable = meta->revocable;
        ret->shared = meta->shared;
    }
    if (entry->role) {
        ret->allocation_info =
            message_new(m, &v1__resource__allocation_info__descriptor);
        ret->allocation_info->role = message_strdup(m, entry->role);
    }
}

static V1__Resource *
encode_entry(const struct resource *entry, struct message *m)
{
    V1__Resource *ret = message_new(m, &v1__resource__descriptor);

    ret->name = message_strdup(m, entry->name);
    switch (entry->type) {
    case RESOURCE_SCALAR:
        encode_scalar(entry, m, ret);
        break;
    case RESOURCE_RANGES:
        encode_ranges(entry, m, ret);
        break;
    case RESOURCE_SET:
        encode_set(entry, m, ret);
        break;
    }
    encode_meta(entry, m, ret);
    return ret;
}

void
resources_encode(const struct resources *r, struct message *m,
                 V1__Resource ***ret, size_t *ret_n)
{
    size_t n = 0;

    /* A shared resource is written as often as it is in the sum. */
    for (size_t i = 0; i < r->n; i++) {
        n += r->entries[i].n_shared;
    }
    V1__Resource **array = message_array(m, n, sizeof *array);

    n = 0;
    for (size_t i = 0; i < r->n; i++) {
        for (unsigned k = 0; k < r->entries[i].n_shared; k++) {
            array[n++] = encode_entry(&r->entries[i], m);
        }
    }
    *ret = array;
    *ret_n = n;
}
