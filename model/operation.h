/* SPDX-License-Identifier: Apache-2.0
 *
 * operation.h - RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME and
 * SHRINK_VOLUME: what they mean for resources.
 *
 * An Offer.Operation is decoded once; what is decoded is judged
 * (operation_check()), becomes conversions (operation_convert()), and these
 * are applied (operation_apply()).  All six are speculative: the master knows
 * what becomes of the resources without asking the agent.
 *
 * Mirrors namespace 'operation' of Mesos' src/master/validation.cpp, and
 * getResourceConversions().
 * Thread-safety: pure functions. */
#ifndef MODEL_OPERATION_H
#define MODEL_OPERATION_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "model/resource_conversion.h"
#include "model/resources.h"

struct error;
struct V1__Offer__Operation;

/* One operation, decoded.  'type' is a V1__Offer__Operation__Type. */
struct operation {
    int type;

    /* Of RESERVE and UNRESERVE; the volumes of CREATE and DESTROY; the volume
     * of GROW_VOLUME and SHRINK_VOLUME.  Owned, as is the next. */
    struct resources resources;
    struct resources other;     /* source of RESERVE, addition of GROW */
    bool has_source;
    int64_t subtract;           /* of SHRINK_VOLUME, thousandths */
};

/* "RESERVE", ...; "UNKNOWN" for what is none. */
const char *operation_type_name(int type);

/* One of the six. */
bool operation_is_speculative(int type);

/* Resources without an allocation role get 'role' (NULL: none).  An error says
 * which resource is malformed, or what is missing. */
struct error *operation_decode(const struct V1__Offer__Operation *,
                               const char *role,
                               struct operation *ret) MUST_CHECK;
void operation_fini(struct operation *);

/* What an operation is judged by; all borrowed. */
struct operation_rules {
    /* Whose operation it is; NULL: that is not looked at. */
    const char *principal;

    /* Of a framework; false: an operator's, on what nobody holds. */
    bool is_framework;
    const char *framework_id;
    const char *const *roles;
    size_t n_roles;
    bool wants_shared;          /* SHARED_RESOURCES of the framework */

    bool is_hierarchical_role;  /* capabilities of the agent */
    bool is_reservation_refinement;
    bool is_resize_volume;

    const struct resources *checkpointed;       /* of the agent */

    /* What tasks and executors hold there, without allocation role. */
    const struct resources *used;
};

/* The first rule that the operation breaks. */
struct error *operation_check(const struct operation *,
                              const struct operation_rules *) MUST_CHECK;

/* '*ret' is an array of '*ret_n', for resource_conversions_destroy(). */
void operation_convert(const struct operation *,
                       struct resource_conversion **ret, size_t *ret_n);

/* Applies an operation's conversions to what there is.  An error leaves
 * '*resources' as they were. */
struct error *operation_apply(const struct resource_conversion *, size_t n,
                              struct resources *resources) MUST_CHECK;

#endif /* MODEL_OPERATION_H */
