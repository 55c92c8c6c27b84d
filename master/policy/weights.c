/* SPDX-License-Identifier: Apache-2.0
 *
 * weights.c - how much more than others roles get: changed, and shown. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/error.h>
#include <actor/message.h>
#include <utlist.h>

#include "master/allocator/allocator.h"
#include "master/policy/change.h"
#include "master/private.h"
#include "master/registry_calls.h"
#include "master/validation.h"
#include "model/roles.h"

typedef Internal__RegistryChange__UpdateWeights Update;

static bool
is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static double
weight_of(const struct master *m, const char *role)
{
    const struct role_policy *policy = role_policies_find(&m->policy.roles,
                                                          role);

    return policy ? policy->weight : 1;
}

/* --- checking --- */

static struct error *
check_weight(const struct master *m, const V1__WeightInfo *info)
{
    struct error *error = role_validate(info->role);
    char text[DOUBLE_TEXT_SIZE];

    if (error) {
        return error_wrap(error, "Failed to validate update weights request "
                          "JSON: Invalid role '%s'", info->role);
    }
    if (!validate_role_is_listed(m->flags->roles, info->role)) {
        return error_create(ERROR_INVALID, "Failed to validate update weights "
                            "request JSON: Unknown role '%s'", info->role);
    }
    if (!(info->weight > 0) || !isfinite(info->weight)) {
        return error_create(ERROR_INVALID, "Failed to validate update weights "
                            "request JSON for role '%s': Invalid weight "
                            "'%s': Weights must be positive", info->role,
                            double_format(info->weight, false, text));
    }
    return NULL;
}

static struct error *
check_update(struct master *m, const Internal__RegistryChange *change,
             bool force)
{
    const Update *update = change->update_weights;
    struct error *error = NULL;

    (void) force;
    for (size_t i = 0; i < update->n_infos && !error; i++) {
        error = check_weight(m, update->infos[i]);
    }
    return error;
}

/* --- changing --- */

void
weights_take(struct master *m, const char *role, double weight)
{
    role_policies_set_weight(&m->policy.roles, role, weight);
    allocator_set_weight(&m->base, &m->allocator, role, weight);
}

/* Whether somebody gets offers in the role, or in one below it. */
static bool
is_in_use(const struct master *m, const char *role)
{
    const struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        for (size_t i = 0; i < framework_n_roles(f); i++) {
            if (role_is_within(framework_role(f, i), role)) {
                return true;
            }
        }
    }
    return false;
}

/* The allocator knows first: what comes free here is given away by the new
 * weights. */
static void
publish_update(struct master *m, const Internal__RegistryChange *change)
{
    const Update *update = change->update_weights;
    struct agent *agent = NULL;
    bool matters = false;

    for (size_t i = 0; i < update->n_infos; i++) {
        const V1__WeightInfo *info = update->infos[i];

        matters |= !is_same(weight_of(m, info->role), info->weight)
                   && is_in_use(m, info->role);
        weights_take(m, info->role, info->weight);
    }
    while (matters
           && (agent = agents_next(&m->agents, agent)) != NULL) {
        agents_rescind_offers(m, agent);
    }
}

/* Blanks around a role do not count. */
static char *
trim(struct message *m, const char *role)
{
    size_t len;

    role += strspn(role, " \t\r\n");
    len = strlen(role);
    while (len > 0 && strchr(" \t\r\n", role[len - 1])) {
        len--;
    }
    return message_strndup(m, role, len);
}

void
weights_update(struct master *m, V1__WeightInfo *const *infos, size_t n,
               const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "update the weights", .check = check_update,
        .publish = publish_update,
    };
    Internal__RegistryChange *change;
    struct message *out = registry_change_create(&change);

    change->update_weights = message_new(
        out, &internal__registry_change__update_weights__descriptor);
    change->update_weights->infos =
        message_array(out, n, sizeof *change->update_weights->infos);
    for (size_t i = 0; i < n; i++) {
        V1__WeightInfo *info = message_new(out, &v1__weight_info__descriptor);

        info->role = trim(out, infos[i]->role ? infos[i]->role : "");
        info->weight = infos[i]->weight;
        change->update_weights->infos[i] = info;
    }
    change->update_weights->n_infos = n;
    policy_change(m, &type, &out, false, answer);
}

/* --- what there is to see --- */

V1__WeightInfo **
weights_list(const struct master *m, struct message *out, size_t *ret_n)
{
    const struct role_policy *policy = NULL;
    V1__WeightInfo **infos;
    size_t n = 0;

    while ((policy = role_policies_next(&m->policy.roles, policy)) != NULL) {
        n += policy->has_weight;
    }
    infos = message_array(out, n, sizeof *infos);
    *ret_n = 0;
    while ((policy = role_policies_next(&m->policy.roles, policy)) != NULL) {
        if (policy->has_weight) {
            V1__WeightInfo *info = message_new(out,
                                               &v1__weight_info__descriptor);

            info->role = message_strdup(out, policy->role);
            info->weight = policy->weight;
            infos[(*ret_n)++] = info;
        }
    }
    return infos;
}
