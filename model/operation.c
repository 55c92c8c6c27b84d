/* SPDX-License-Identifier: Apache-2.0
 *
 * operation.c - operations as conversions of resources.
 *
 * A reservation is a stack: RESERVE puts one on top of what is there, and
 * UNRESERVE takes the top away. */
#include <config.h>

#include "model/operation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "model/resource_parts.h"
#include "model/resources_common.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define TYPE(NAME) V1__OFFER__OPERATION__TYPE__##NAME

const char *
operation_type_name(int type)
{
    const char *name =
        message_enum_name(&v1__offer__operation__type__descriptor, type);

    return name ? name : "UNKNOWN";
}

bool
operation_is_speculative(int type)
{
    switch (type) {
    case TYPE(RESERVE):
    case TYPE(UNRESERVE):
    case TYPE(CREATE):
    case TYPE(DESTROY):
    case TYPE(GROW_VOLUME):
    case TYPE(SHRINK_VOLUME):
        return true;
    default:
        return false;
    }
}

/* --- decoding --- */

static struct error *
decode(V1__Resource *const *from, size_t n, const char *role,
       struct resources *ret)
{
    struct error *error = resources_decode(from, n, ret);

    if (!error && role) {
        resources_default_allocation(ret, role);
    }
    return error;
}

static struct error *
decode_subtract(const V1__Value__Scalar *scalar, int64_t *ret)
{
    double thousandths = round(scalar->value * 1000);

    /* What is negative, or too much, is refused when it is checked. */
    if (isnan(thousandths)) {
        return error_create(ERROR_INVALID, "'ShrinkVolume.subtract' is no "
                            "number");
    }
    if (thousandths > (double) RESOURCE_SCALAR_MAX) {
        *ret = RESOURCE_SCALAR_MAX + 1;
    } else {
        *ret = thousandths > 0 ? (int64_t) thousandths : 0;
    }
    return NULL;
}

static struct error *
missing(const char *what, int type)
{
    return error_create(ERROR_INVALID, "Expecting '%s' to be present in %s "
                        "operation", what, operation_type_name(type));
}

static struct error *
decode_reserve(const V1__Offer__Operation__Reserve *m, const char *role,
               struct operation *ret)
{
    struct error *error = decode(m->source, m->n_source, role, &ret->other);

    ret->has_source = m->n_source > 0;
    return error ? error : decode(m->resources, m->n_resources, role,
                                  &ret->resources);
}

static struct error *
decode_grow(const V1__Offer__Operation__GrowVolume *m, const char *role,
            struct operation *ret)
{
    struct error *error = decode(&m->volume, 1, role, &ret->resources);

    return error ? error : decode(&m->addition, 1, role, &ret->other);
}

static struct error *
decode_shrink(const V1__Offer__Operation__ShrinkVolume *m, const char *role,
              struct operation *ret)
{
    struct error *error = decode(&m->volume, 1, role, &ret->resources);

    return error ? error : decode_subtract(m->subtract, &ret->subtract);
}

static struct error *
decode_typed(const V1__Offer__Operation *m, const char *role,
             struct operation *ret)
{
    switch (ret->type) {
    case TYPE(RESERVE):
        return m->reserve ? decode_reserve(m->reserve, role, ret)
                          : missing("reserve", ret->type);
    case TYPE(UNRESERVE):
        return m->unreserve
            ? decode(m->unreserve->resources, m->unreserve->n_resources,
                     role, &ret->resources)
            : missing("unreserve", ret->type);
    case TYPE(CREATE):
        return m->create ? decode(m->create->volumes, m->create->n_volumes,
                                  role, &ret->resources)
                         : missing("create", ret->type);
    case TYPE(DESTROY):
        return m->destroy ? decode(m->destroy->volumes,
                                   m->destroy->n_volumes, role,
                                   &ret->resources)
                          : missing("destroy", ret->type);
    case TYPE(GROW_VOLUME):
        return m->grow_volume ? decode_grow(m->grow_volume, role, ret)
                              : missing("grow_volume", ret->type);
    case TYPE(SHRINK_VOLUME):
        return m->shrink_volume ? decode_shrink(m->shrink_volume, role, ret)
                                : missing("shrink_volume", ret->type);
    default:
        return error_create(ERROR_INVALID, "Operation not supported");
    }
}

struct error *
operation_decode(const V1__Offer__Operation *m, const char *role,
                 struct operation *ret)
{
    struct operation op = { .type = (int) m->type };
    struct error *error = decode_typed(m, role, &op);

    if (error) {
        operation_fini(&op);
        return error;
    }
    *ret = op;
    return NULL;
}

void
operation_fini(struct operation *op)
{
    resources_fini(&op->resources);
    resources_fini(&op->other);
}

/* --- conversions --- */

static void
add_copy(struct resources *to, const struct resource *entry,
         void (*change)(struct resource *))
{
    struct resource copy;

    resource_init_copy(&copy, entry);
    if (change) {
        change(&copy);
    }
    resources_add_entry(to, &copy);
}

static struct resource_conversion *
create(size_t n)
{
    struct resource_conversion *c = alloc_array(n ? n : 1, sizeof *c);

    memset(c, 0, (n ? n : 1) * sizeof *c);
    return c;
}

/* One conversion for each entry; 'before' and 'after' make its two sides. */
static void
convert_each(const struct operation *op, void (*before)(struct resource *),
             void (*after)(struct resource *),
             struct resource_conversion **ret, size_t *ret_n)
{
    struct resource_conversion *c = create(op->resources.n);

    for (size_t i = 0; i < op->resources.n; i++) {
        add_copy(&c[i].consumed, &op->resources.entries[i], before);
        add_copy(&c[i].converted, &op->resources.entries[i], after);
    }
    *ret = c;
    *ret_n = op->resources.n;
}

static void
convert_reserve(const struct operation *op, struct resource_conversion *c)
{
    resources_init_copy(&c->converted, &op->resources);
    if (op->has_source) {
        resources_init_copy(&c->consumed, &op->other);
        return;
    }
    for (size_t i = 0; i < op->resources.n; i++) {
        add_copy(&c->consumed, &op->resources.entries[i],
                 resource_pop_reservation);
    }
}

static void
add_resized(struct resources *to, const struct resource *volume,
            int64_t scalar)
{
    struct resource copy;

    resource_init_copy(&copy, volume);
    copy.scalar = scalar;
    resources_add_entry(to, &copy);
}

static void
convert_grow(const struct operation *op, struct resource_conversion *c)
{
    const struct resource *volume = &op->resources.entries[0];

    resources_init_copy(&c->consumed, &op->resources);
    resources_add(&c->consumed, &op->other);
    add_resized(&c->converted, volume,
                volume->scalar + op->other.entries[0].scalar);
}

static void
convert_shrink(const struct operation *op, struct resource_conversion *c)
{
    const struct resource *volume = &op->resources.entries[0];
    struct resource freed;

    resources_init_copy(&c->consumed, &op->resources);
    add_resized(&c->converted, volume, volume->scalar - op->subtract);
    resource_init_copy(&freed, volume);
    resource_strip_volume(&freed);
    freed.scalar = op->subtract;
    resources_add_entry(&c->converted, &freed);
}

void
operation_convert(const struct operation *op,
                  struct resource_conversion **ret, size_t *ret_n)
{
    switch (op->type) {
    case TYPE(UNRESERVE):
        convert_each(op, NULL, resource_pop_reservation, ret, ret_n);
        return;
    case TYPE(CREATE):
        convert_each(op, resource_strip_volume, NULL, ret, ret_n);
        return;
    case TYPE(DESTROY):
        convert_each(op, NULL, resource_strip_volume, ret, ret_n);
        return;
    default:
        break;
    }
    *ret = create(1);
    *ret_n = 1;
    switch (op->type) {
    case TYPE(RESERVE):
        convert_reserve(op, *ret);
        break;
    case TYPE(GROW_VOLUME):
        convert_grow(op, *ret);
        break;
    case TYPE(SHRINK_VOLUME):
        convert_shrink(op, *ret);
        break;
    default:
        CHECK(false, "operation of type %d has no conversions", op->type);
    }
}

/* --- applying --- */

static struct error *
not_there(const struct resources *resources,
          const struct resource_conversion *c)
{
    autofini(strbuf) had = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &had);
    resources_format(&c->consumed, &wanted);
    return error_create(ERROR_CONFLICT, "%s does not contain %s", had.data,
                        wanted.data);
}

/* A shared volume that ends may not be held by others too. */
static struct error *
check_copies(const struct resource_conversion *c,
             const struct resources *after)
{
    if (c->consumed.n == 1 && resource_is_shared(&c->consumed.entries[0])
        && resources_contain(after, &c->consumed)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        resources_format(&c->consumed, &text);
        return error_create(ERROR_CONFLICT, "Persistent volume %s cannot be "
                            "removed due to additional shared copies",
                            text.data);
    }
    return NULL;
}

struct error *
operation_apply(const struct resource_conversion *conversions, size_t n,
                struct resources *resources)
{
    struct resources result;
    struct error *error = NULL;

    resources_init_copy(&result, resources);
    for (size_t i = 0; i < n && !error; i++) {
        if (!resource_conversion_fits(&conversions[i], &result)) {
            error = not_there(&result, &conversions[i]);
            break;
        }
        resource_conversion_apply(&conversions[i], &result);
        error = check_copies(&conversions[i], &result);
    }
    if (error) {
        resources_fini(&result);
        return error;
    }
    resources_fini(resources);
    *resources = result;
    return NULL;
}
