/* SPDX-License-Identifier: Apache-2.0
 *
 * allocation.c - between the master and its allocator: what flags and
 * frameworks say about who is to be offered what. */
#include <config.h>

/* FrameworkInfo.role is deprecated, and still what most frameworks set. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "master/allocation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/vec.h>

#include "master/allocator/allocator.h"
#include "master/private.h"
#include "model/roles.h"

typedef VEC(struct resource_quantities) quantities_vec;

static void
quantities_vec_fini(quantities_vec *all)
{
    vec_foreach (all, q) {
        resource_quantities_fini(q);
    }
    vec_fini(all);
}

/* Calls 'fn' with each part between separators, as a copy; empty ones are left
 * out. */
static struct error *
for_each_part(const char *text, char separator,
              struct error *(*fn)(void *aux, char *part), void *aux)
{
    const char separators[] = { separator, '\0' };
    struct error *error = NULL;

    for (const char *at = text; *at != '\0' && !error;) {
        size_t len = strcspn(at, separators);
        autofree char *part = xstrndup(at, len);

        if (len > 0) {
            error = fn(aux, part);
        }
        at += len + (at[len] != '\0');
    }
    return error;
}

/* --- --min_allocatable_resources --- */

static struct error *
add_minimum(void *aux, char *part)
{
    quantities_vec *all = aux;
    struct resource_quantities q;
    struct error *error = resource_quantities_parse(part, &q);

    if (error) {
        return error_wrap(error, "Error parsing min_allocatable_resources "
                          "'%s'", part);
    }
    vec_push(all, q);
    return NULL;
}

static struct error *
parse_minimum(const char *text, quantities_vec *ret)
{
    return for_each_part(text, '|', add_minimum, ret);
}

struct error *
allocation_check_minimum(const char *text)
{
    quantities_vec all = VEC_EMPTY;
    struct error *error = parse_minimum(text, &all);

    quantities_vec_fini(&all);
    return error;
}

/* --- --weights --- */

struct weight {
    char *role;
    double value;
};

typedef VEC(struct weight) weight_vec;

static struct error *
add_weight(void *aux, char *part)
{
    weight_vec *all = aux;
    char *equals = strchr(part, '=');
    struct weight weight = { 0 };
    struct error *error;

    if (!equals || strchr(equals + 1, '=')) {
        return error_create(ERROR_INVALID, "Invalid weight: '%s'. --weights "
                            "should be of the form 'role=weight,role=weight'",
                            part);
    }
    *equals = '\0';
    error = role_validate(part);
    if (error) {
        return error_wrap(error, "Invalid weight");
    }
    if (!double_parse(equals + 1, strlen(equals + 1), &weight.value)
        || !isfinite(weight.value) || weight.value <= 0) {
        return error_create(ERROR_INVALID, "Invalid weight: '%s=%s'. Weights "
                            "must be positive", part, equals + 1);
    }
    weight.role = xstrdup(part);
    vec_push(all, weight);
    return NULL;
}

static void
weight_vec_fini(weight_vec *all)
{
    vec_foreach (all, weight) {
        free(weight->role);
    }
    vec_fini(all);
}

struct error *
allocation_check_weights(const char *text)
{
    weight_vec all = VEC_EMPTY;
    struct error *error = text ? for_each_part(text, ',', add_weight, &all)
                               : NULL;

    weight_vec_fini(&all);
    return error;
}

void
allocation_for_each_weight(const char *text,
                           void (*fn)(void *aux, const char *role,
                                      double weight), void *aux)
{
    weight_vec all = VEC_EMPTY;

    error_drop(for_each_part(text, ',', add_weight, &all));
    vec_foreach (&all, weight) {
        fn(aux, weight->role, weight->value);
    }
    weight_vec_fini(&all);
}

/* --- starting --- */

typedef VEC(char *) string_vec;

static struct error *
add_string(void *aux, char *part)
{
    string_vec *all = aux;

    vec_push(all, xstrdup(part));
    return NULL;
}

static void
set_options(struct master *m, struct allocator_options *options)
{
    const struct master_flags *flags = m->flags;

    allocator_options_init(options);
    options->master = *actor_upid(&m->base);
    options->allocation_interval_ns = flags->allocation_interval;
    options->filter_gpu_resources = flags->filter_gpu_resources;
    options->sorter = !strcmp(flags->role_sorter, "random")
        ? ALLOCATOR_SORTER_RANDOM : ALLOCATOR_SORTER_DRF;
    options->recovery_factor = flags->allocator_agent_recovery_factor;
    options->recovery_timeout_ns = flags->allocator_recovery_timeout;
    options->constraints_limits.max_memory =
        flags->offer_constraints_re2_max_mem;
    options->constraints_limits.max_program_size =
        flags->offer_constraints_re2_max_program_size;
    options->region = m->info->domain && m->info->domain->fault_domain
        ? m->info->domain->fault_domain->region->name : NULL;
}

struct error *
allocation_start(struct master *m)
{
    struct allocator_options options;
    quantities_vec minimum = VEC_EMPTY;
    string_vec excluded = VEC_EMPTY;
    struct error *error;

    if (strcmp(m->flags->role_sorter, m->flags->framework_sorter)) {
        return error_create(ERROR_INVALID, "Unsupported combination of "
                            "'role_sorter' and 'framework_sorter': must be "
                            "equal (for now)");
    }
    set_options(m, &options);
    error = parse_minimum(m->flags->min_allocatable_resources, &minimum);
    if (!error && m->flags->fair_sharing_excluded_resource_names) {
        error = for_each_part(m->flags->fair_sharing_excluded_resource_names,
                              ',', add_string, &excluded);
    }
    if (!error) {
        options.min_allocatable = minimum.data;
        options.n_min_allocatable = minimum.n;
        options.fair_sharing_excluded = (const char *const *) excluded.data;
        options.n_fair_sharing_excluded = excluded.n;
        error = allocator_start(actor_system_of(&m->base), &options,
                                &m->allocator);
    }
    quantities_vec_fini(&minimum);
    vec_foreach (&excluded, name) {
        free(*name);
    }
    vec_fini(&excluded);
    return error;
}

/* --- frameworks --- */

typedef V1__OfferFilters__ResourceQuantities Quantities;

static void
set_quantities(const Quantities *source, struct resource_quantities *q)
{
    *q = (struct resource_quantities) { 0 };
    for (size_t i = 0; i < source->n_quantities; i++) {
        resource_quantities_set(
            q, source->quantities[i]->key,
            (int64_t) llround(source->quantities[i]->value->value * 1000));
    }
}

/* What the framework wants of an offer in a role, if it says so. */
static bool
find_minimum(const V1__FrameworkInfo *info, const char *role,
             quantities_vec *all)
{
    for (size_t i = 0; i < info->n_offer_filters; i++) {
        const V1__FrameworkInfo__OfferFiltersEntry *entry =
            info->offer_filters[i];
        const V1__OfferFilters__MinAllocatableResources *minimum =
            entry->value ? entry->value->min_allocatable_resources : NULL;

        if (!minimum || strcmp(entry->key, role)) {
            continue;
        }
        for (size_t k = 0; k < minimum->n_quantities; k++) {
            struct resource_quantities q;

            set_quantities(minimum->quantities[k], &q);
            vec_push(all, q);
        }
        return true;
    }
    return false;
}

#define CAN(F, NAME) \
    framework_has_capability((F), V1__FRAMEWORK_INFO__CAPABILITY__TYPE__##NAME)

void
allocation_tell_framework(struct master *m, const struct framework *f,
                          char *const *suppressed_roles,
                          size_t n_suppressed_roles)
{
    VEC(const char *) roles = VEC_EMPTY;
    VEC(struct allocator_role_minimum) minimums = VEC_EMPTY;
    VEC(quantities_vec) quantities = VEC_EMPTY;
    struct allocator_framework_options options = {
        .suppressed_roles = (const char *const *) suppressed_roles,
        .n_suppressed_roles = n_suppressed_roles,
        .constraints = f->constraints,
        .wants_gpus = f->wants_gpus,
        .wants_revocable = CAN(f, REVOCABLE_RESOURCES),
        .wants_shared = CAN(f, SHARED_RESOURCES),
        .is_multi_role = f->is_multi_role,
        .is_reservation_refinement = CAN(f, RESERVATION_REFINEMENT),
        .is_region_aware = CAN(f, REGION_AWARE),
    };

    for (size_t i = 0; i < framework_n_roles(f); i++) {
        quantities_vec all = VEC_EMPTY;

        vec_push(&roles, framework_role(f, i));
        if (find_minimum(f->info, framework_role(f, i), &all)) {
            struct allocator_role_minimum minimum = {
                framework_role(f, i), all.data, all.n,
            };

            vec_push(&minimums, minimum);
            vec_push(&quantities, all);
        }
    }
    options.roles = roles.data;
    options.n_roles = roles.n;
    options.minimums = minimums.data;
    options.n_minimums = minimums.n;
    allocator_add_framework(&m->base, &m->allocator, f->id, &options);
    vec_foreach (&quantities, all) {
        quantities_vec_fini(all);
    }
    vec_fini(&quantities);
    vec_fini(&minimums);
    vec_fini(&roles);
}

/* --- checks --- */

static struct error *
check_quantities(const Quantities *q)
{
    if (q->n_quantities == 0) {
        return error_create(ERROR_INVALID, "Resource quantities must contain "
                            "at least one quantity");
    }
    for (size_t i = 0; i < q->n_quantities; i++) {
        const V1__Value__Scalar *scalar = q->quantities[i]->value;
        double value = scalar ? scalar->value : NAN;

        if (!isfinite(value) || value < 0 || value > 1e12
            || fpclassify(value) == FP_SUBNORMAL) {
            return error_create(ERROR_INVALID, "Invalid quantity for resource "
                                "'%s': it must be a finite number that is "
                                "not negative", q->quantities[i]->key);
        }
    }
    return NULL;
}

struct error *
allocation_check_offer_filters(const V1__FrameworkInfo *info)
{
    for (size_t i = 0; i < info->n_offer_filters; i++) {
        const V1__OfferFilters *filters = info->offer_filters[i]->value;
        const V1__OfferFilters__MinAllocatableResources *minimum =
            filters ? filters->min_allocatable_resources : NULL;

        for (size_t k = 0; minimum && k < minimum->n_quantities; k++) {
            struct error *error = check_quantities(minimum->quantities[k]);

            if (error) {
                return error_wrap(error, "Invalid offer filters for role "
                                  "'%s'", info->offer_filters[i]->key);
            }
        }
    }
    return NULL;
}

static bool
has_role(const V1__FrameworkInfo *info, const char *role)
{
    for (size_t i = 0; i < info->n_roles; i++) {
        if (!strcmp(info->roles[i], role)) {
            return true;
        }
    }
    return info->n_roles == 0 && !strcmp(info->role ? info->role : "*", role);
}

struct error *
allocation_check_constraints(const Scheduler__OfferConstraints *constraints,
                             const V1__FrameworkInfo *info,
                             const struct master_flags *flags)
{
    struct offer_constraints_limits limits = {
        .max_memory = flags->offer_constraints_re2_max_mem,
        .max_program_size = flags->offer_constraints_re2_max_program_size,
    };
    struct offer_constraints *compiled = NULL;
    struct error *error;

    if (!constraints) {
        return NULL;
    }
    for (size_t i = 0; i < constraints->n_role_constraints; i++) {
        const char *role = constraints->role_constraints[i]->key;

        if (!has_role(info, role)) {
            /* The missing blank is Mesos' own. */
            return error_create(ERROR_INVALID, "Offer constraints specify "
                                "`role_constraints` for a role '%s'not "
                                "contained in the set of roles", role);
        }
    }
    error = offer_constraints_create(constraints, &limits, &compiled);
    offer_constraints_destroy(compiled);
    return error_wrap(error, "Offer constraints are not valid");
}
