/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_check.c - what frameworks and operators may do to resources.
 *
 * The order of the rules is that of Mesos: the first that is broken is the one
 * that is told. */
#include <config.h>

#include "model/operation.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "model/resource_parts.h"
#include "model/resource_rules.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)
#define TYPE(NAME) V1__OFFER__OPERATION__TYPE__##NAME

/* 'entry' alone, for a text. */
static const char *
format_entry(struct resource *entry, struct strbuf *out)
{
    const struct resources one = { .entries = entry, .n = 1, .capacity = 1 };

    resources_format(&one, out);
    return out->data;
}

static const char *
format_roles(const struct operation_rules *rules, struct strbuf *out)
{
    strbuf_append(out, "{");
    for (size_t i = 0; i < rules->n_roles; i++) {
        strbuf_printf(out, "%s%s", i ? ", " : " ", rules->roles[i]);
    }
    strbuf_append(out, " }");
    return out->data;
}

static bool
has_role(const struct operation_rules *rules, const char *role)
{
    for (size_t i = 0; i < rules->n_roles; i++) {
        if (!strcmp(rules->roles[i], role)) {
            return true;
        }
    }
    return false;
}

/* What all have to be that are reserved or made volumes. */
static struct error *
check_resources(const struct resources *resources)
{
    struct error *error;

    if (resources->n == 0) {
        return INVALID("Invalid resources: There are none");
    }
    error = resources_check(resources);
    if (!error) {
        error = resources_check_one_provider(resources);
    }
    return error_wrap(error, "Invalid resources");
}

/* --- RESERVE --- */

static bool
is_same_reservation(const struct resource *a, const struct resource *b)
{
    const V1__Resource *a_meta = resource_meta(a);
    const V1__Resource *b_meta = resource_meta(b);
    size_t a_n = a_meta ? a_meta->n_reservations : 0;
    size_t b_n = b_meta ? b_meta->n_reservations : 0;

    if (a_n != b_n) {
        return false;
    }
    for (size_t i = 0; i < a_n; i++) {
        const V1__Resource__ReservationInfo *x = a_meta->reservations[i];
        const V1__Resource__ReservationInfo *y = b_meta->reservations[i];

        if (x->type != y->type || strcmp(x->role, y->role)
            || strcmp(x->principal ? x->principal : "",
                      y->principal ? y->principal : "")) {
            return false;
        }
    }
    return true;
}

static struct error *
check_uniform(const struct resources *resources)
{
    if (resources->n == 0) {
        return INVALID("Resource cannot be empty");
    }
    for (size_t i = 1; i < resources->n; i++) {
        if (!is_same_reservation(&resources->entries[0],
                                 &resources->entries[i])) {
            autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

            resources_format(resources, &text);
            return INVALID("Mixed reservations are not supported%s",
                           text.data);
        }
    }
    return NULL;
}

/* What is reserved anew has to be as much as it is taken from. */
static struct error *
check_source(const struct operation *op)
{
    struct resources source, target;
    struct error *error = error_wrap(check_uniform(&op->other),
                                     "Invalid source");

    if (!error) {
        error = error_wrap(check_uniform(&op->resources),
                           "Invalid resources");
    }
    if (error) {
        return error;
    }
    resources_to_unreserved(&op->other, &source);
    resources_to_unreserved(&op->resources, &target);
    if (!resources_equal(&source, &target)) {
        autofini(strbuf) a = STRBUF(STRBUF_UNLIMITED);
        autofini(strbuf) b = STRBUF(STRBUF_UNLIMITED);

        resources_format(&source, &a);
        resources_format(&target, &b);
        error = INVALID("Source and target resources should refer to "
                        "identical resource quantities: %s vs. %s", a.data,
                        b.data);
    }
    resources_fini(&source);
    resources_fini(&target);
    return error;
}

/* What the agent has to know about roles. */
static struct error *
check_agent(struct resource *entry, const struct operation_rules *rules,
            const char *what, const char *done)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    const char *role = resource_reservation_role(entry);

    if (!rules->is_hierarchical_role && role && strchr(role, '/')) {
        return INVALID("%s %s with reservation for hierarchical role '%s' "
                       "cannot be %s on an agent without HIERARCHICAL_ROLE "
                       "capability", what, format_entry(entry, &text), role,
                       done);
    }
    if (!rules->is_reservation_refinement
        && resource_has_refined_reservation(entry)) {
        return INVALID("%s %s with reservation refinement cannot be %s on an "
                       "agent without RESERVATION_REFINEMENT capability",
                       what, format_entry(entry, &text), done);
    }
    return NULL;
}

static struct error *
check_reserve_principal(const struct resource *entry,
                        const struct operation_rules *rules)
{
    const V1__Resource *meta = resource_meta(entry);
    const char *reserved =
        meta->reservations[meta->n_reservations - 1]->principal;

    if (!rules->principal) {
        return NULL;
    }
    if (!reserved) {
        return INVALID("A reserve operation was attempted by principal '%s', "
                       "but there is a reserved resource in the request with "
                       "no principal set", rules->principal);
    }
    if (strcmp(reserved, rules->principal)) {
        return INVALID("A reserve operation was attempted by authenticated "
                       "principal '%s', which does not match a reserved "
                       "resource in the request with principal '%s'",
                       rules->principal, reserved);
    }
    return NULL;
}

static struct error *
check_reserve_role(struct resource *entry,
                   const struct operation_rules *rules)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    const char *role = resource_reservation_role(entry);

    if (!rules->is_framework) {
        return !entry->role ? NULL
            : INVALID("A reserve operation was attempted with an allocated "
                      "resource, but the operator API only allows "
                      "reservations to be made to unallocated resources");
    }
    if (!entry->role) {
        return INVALID("A reserve operation was attempted on unallocated "
                       "resource %s, but frameworks can only perform "
                       "reservations on allocated resources",
                       format_entry(entry, &text));
    }
    if (strcmp(entry->role, role)) {
        return INVALID("A reserve operation was attempted for a resource "
                       "with role '%s', but the resource was allocated to "
                       "role '%s'", role, entry->role);
    }
    if (!has_role(rules, role)) {
        return INVALID("A reserve operation was attempted for a resource "
                       "allocated to role '%s', but the framework only has "
                       "roles '%s'", role, format_roles(rules, &text));
    }
    return NULL;
}

static struct error *
check_reserved(struct resource *entry, const struct operation_rules *rules)
{
    struct error *error;

    if (!resource_is_dynamically_reserved(entry)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        return INVALID("Resource %s is not dynamically reserved",
                       format_entry(entry, &text));
    }
    error = check_agent(entry, rules, "Resource", "reserved");
    if (!error) {
        error = check_reserve_principal(entry, rules);
    }
    return error ? error : check_reserve_role(entry, rules);
}

static struct error *
check_reserve(const struct operation *op, const struct operation_rules *rules)
{
    struct error *error = NULL;

    if (op->has_source) {
        error = error_wrap(resources_check(&op->other), "Invalid source");
        if (!error) {
            error = check_source(op);
        }
    }
    if (!error) {
        error = check_resources(&op->resources);
    }
    for (size_t i = 0; i < op->resources.n && !error; i++) {
        error = check_reserved(&op->resources.entries[i], rules);
    }
    if (!error && rules->is_framework) {
        error = error_wrap(resources_check_one_role(&op->resources),
                           "Invalid reservation resources");
    }
    return error;
}

/* --- UNRESERVE --- */

static struct error *
check_unreserved(struct resource *entry)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (!resource_is_dynamically_reserved(entry)) {
        return INVALID("Resource %s is not dynamically reserved",
                       format_entry(entry, &text));
    }
    if (resource_persistence_id(entry)) {
        return INVALID("A dynamically reserved persistent volume %s cannot "
                       "be unreserved directly. Please destroy the "
                       "persistent volume first then unreserve the resource",
                       format_entry(entry, &text));
    }
    return NULL;
}

static struct error *
check_unreserve(const struct operation *op)
{
    struct error *error = check_resources(&op->resources);

    for (size_t i = 0; i < op->resources.n && !error; i++) {
        error = check_unreserved(&op->resources.entries[i]);
    }
    return error;
}

/* --- CREATE --- */

/* A sum would take a shared volume that is there already for a second copy of
 * it, so each one is looked for. */
static struct error *
check_new_volume(const struct resource *entry,
                 const struct operation_rules *rules)
{
    const char *id = resource_persistence_id(entry);
    const char *role = resource_reservation_role(entry);
    bool is_known = entry->n_shared > 1;

    for (size_t i = 0; i < rules->checkpointed->n; i++) {
        const struct resource *other = &rules->checkpointed->entries[i];
        const char *other_id = resource_persistence_id(other);

        is_known |= other_id && !strcmp(other_id, id)
            && !strcmp(resource_reservation_role(other), role);
    }
    return is_known ? INVALID("Persistence ID '%s' is not unique", id) : NULL;
}

static struct error *
check_create_principal(const struct resource *entry,
                       const struct operation_rules *rules)
{
    const char *principal =
        resource_meta(entry)->disk->persistence->principal;

    if (!rules->principal) {
        return NULL;
    }
    if (!principal) {
        return INVALID("Create volume operation attempted by principal '%s', "
                       "but there is a volume in the operation with no "
                       "principal set in 'disk.persistence'",
                       rules->principal);
    }
    if (strcmp(principal, rules->principal)) {
        return INVALID("Create volume operation attempted by authenticated "
                       "principal '%s', which does not match a volume in the "
                       "operation with principal '%s' set in "
                       "'disk.persistence'", rules->principal, principal);
    }
    return NULL;
}

static struct error *
check_created(struct resource *entry, const struct operation_rules *rules)
{
    struct error *error;

    if (rules->is_framework && resource_is_shared(entry)
        && !rules->wants_shared) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        return INVALID("Create volume operation for '%s' has been attempted "
                       "by framework '%s' with no SHARED_RESOURCES "
                       "capability", format_entry(entry, &text),
                       rules->framework_id);
    }
    error = check_agent(entry, rules, "Volume", "created");
    return error ? error : check_create_principal(entry, rules);
}

static struct error *
check_create(const struct operation *op, const struct operation_rules *rules)
{
    const struct resources *volumes = &op->resources;
    struct error *error = check_resources(volumes);

    if (!error) {
        error = error_wrap(resources_check_volumes(volumes),
                           "Not a persistent volume");
    }
    if (!error) {
        error = resources_check_unique_volumes(volumes);
    }
    for (size_t i = 0; i < volumes->n && !error; i++) {
        error = check_new_volume(&volumes->entries[i], rules);
    }
    for (size_t i = 0; i < volumes->n && !error; i++) {
        error = check_created(&volumes->entries[i], rules);
    }
    if (!error && rules->is_framework) {
        error = error_wrap(resources_check_one_role(volumes),
                           "Invalid volume resources");
    }
    return error;
}

/* --- DESTROY --- */

static bool
has_entry(const struct resources *resources, const struct resource *entry)
{
    for (size_t i = 0; i < resources->n; i++) {
        if (resource_contain(&resources->entries[i], entry)) {
            return true;
        }
    }
    return false;
}

static struct error *
check_destroy(const struct operation *op, const struct operation_rules *rules)
{
    struct resources volumes;
    struct error *error;

    resources_init_copy(&volumes, &op->resources);
    resources_set_allocation(&volumes, NULL);
    error = check_resources(&volumes);
    if (!error) {
        error = error_wrap(resources_check_volumes(&volumes),
                           "Not a persistent volume");
    }
    for (size_t i = 0; i < volumes.n && !error; i++) {
        if (!has_entry(rules->checkpointed, &volumes.entries[i])) {
            error = INVALID("Persistent volumes not found");
        }
    }
    for (size_t i = 0; i < volumes.n && !error; i++) {
        if (has_entry(rules->used, &volumes.entries[i])) {
            error = INVALID("Persistent volumes in use");
        }
    }
    resources_fini(&volumes);
    return error;
}

/* --- GROW_VOLUME and SHRINK_VOLUME --- */

static bool
is_of_provider(const struct resources *resources)
{
    return resource_provider_id(&resources->entries[0]) != NULL;
}

static bool
is_compatible(const struct resource *volume, const struct resource *addition)
{
    struct resource stripped;
    bool fits;

    resource_init_copy(&stripped, volume);
    resource_strip_volume(&stripped);
    fits = resource_equal_kind(&stripped, addition)
        && !resource_is_exclusive(&stripped);
    resource_fini(&stripped);
    return fits;
}

static struct error *
check_resizable(const struct operation *op, const char *field,
                const char *doing)
{
    struct error *error = resources_check(&op->resources);

    if (!error) {
        error = resources_check_volumes(&op->resources);
    }
    if (error) {
        return error_wrap(error, "Invalid persistent volume in the '%s' "
                          "field", field);
    }
    if (resource_is_shared(&op->resources.entries[0])) {
        return INVALID("%s a shared persistent volume is not supported",
                       doing);
    }
    return NULL;
}

static struct error *
check_grow(const struct operation *op, const struct operation_rules *rules)
{
    struct error *error;

    if (op->resources.n != 1) {
        return INVALID("Invalid resource in the 'GrowVolume.volume' field: "
                       "it is empty");
    }
    if (op->other.n != 1 || op->other.entries[0].type != RESOURCE_SCALAR) {
        return INVALID("The size of 'GrowVolume.addition' field must be "
                       "greater than zero");
    }
    if (is_of_provider(&op->resources)) {
        return INVALID("Growing a volume from a resource provider is not "
                       "supported");
    }
    error = check_resizable(op, "GrowVolume.volume", "Growing");
    if (error) {
        return error;
    }
    if (!is_compatible(&op->resources.entries[0], &op->other.entries[0])) {
        return INVALID("Incompatible resources in the 'GrowVolume.volume' "
                       "and 'GrowVolume.addition' fields");
    }
    if (!rules->is_resize_volume) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        return INVALID("Volume %s cannot be grown on an agent without "
                       "RESIZE_VOLUME capability",
                       format_entry(&op->resources.entries[0], &text));
    }
    return NULL;
}

static bool
is_mount(const struct resource *entry)
{
    const V1__Resource *meta = resource_meta(entry);

    return meta && meta->disk && meta->disk->source
        && meta->disk->source->type
            == V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT;
}

static struct error *
check_shrink(const struct operation *op, const struct operation_rules *rules)
{
    struct error *error;

    if (op->resources.n != 1
        || op->resources.entries[0].type != RESOURCE_SCALAR) {
        return INVALID("Invalid resource in the 'ShrinkVolume.volume' field: "
                       "it is empty");
    }
    if (op->subtract <= 0) {
        return INVALID("Value of 'ShrinkVolume.subtract' must be greater "
                       "than zero");
    }
    if (op->resources.entries[0].scalar <= op->subtract) {
        return INVALID("Value of 'ShrinkVolume.subtract' must be smaller "
                       "than the size of 'ShrinkVolume.volume'");
    }
    if (is_of_provider(&op->resources)) {
        return INVALID("Shrinking a volume from a resource provider is not "
                       "supported");
    }
    if (is_mount(&op->resources.entries[0])) {
        return INVALID("Shrinking a volume on a MOUNT disk is not "
                       "supported");
    }
    error = check_resizable(op, "ShrinkVolume.volume", "Shrinking");
    if (!error && !rules->is_resize_volume) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        error = INVALID("Volume %s cannot be shrunk on an agent without "
                        "RESIZE_VOLUME capability",
                        format_entry(&op->resources.entries[0], &text));
    }
    return error;
}

struct error *
operation_check(const struct operation *op,
                const struct operation_rules *rules)
{
    switch (op->type) {
    case TYPE(RESERVE):
        return check_reserve(op, rules);
    case TYPE(UNRESERVE):
        return check_unreserve(op);
    case TYPE(CREATE):
        return check_create(op, rules);
    case TYPE(DESTROY):
        return check_destroy(op, rules);
    case TYPE(GROW_VOLUME):
        return check_grow(op, rules);
    case TYPE(SHRINK_VOLUME):
        return check_shrink(op, rules);
    default:
        return INVALID("Operation not supported");
    }
}
