/* SPDX-License-Identifier: Apache-2.0
 *
 * quota.c - what roles may have, and are sure to get: changed, and shown. */
#include <config.h>

/* QuotaStatus.infos is deprecated, and still what older tools read. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <utlist.h>

#include "master/allocator/allocator.h"
#include "master/policy/change.h"
#include "master/policy/quota_config.h"
#include "master/policy/quota_usage.h"
#include "master/private.h"
#include "master/registry_calls.h"
#include "master/validation.h"
#include "model/roles.h"

/* So many resources may have quotas that the allocator, which counts a few
 * kinds only, knows all of them. */
#define MAX_QUOTA_NAMES 12u

typedef Internal__RegistryChange__UpdateQuota Update;

static const char *const bypass = "(use 'force' flag to bypass this check)";

/* --- checking --- */

/* The config of that role; NULL: the update has none.  The last one counts. */
static const Quota__QuotaConfig *
find_config(const Update *update, const char *role)
{
    for (size_t i = update->n_configs; i > 0; i--) {
        if (!strcmp(update->configs[i - 1]->role, role)) {
            return update->configs[i - 1];
        }
    }
    return NULL;
}

static struct error *
check_config(const struct master *m, const Quota__QuotaConfig *config)
{
    if (!validate_role_is_listed(m->flags->roles, config->role)) {
        return error_create(ERROR_INVALID, "Invalid QuotaConfig: '%s' is not "
                            "on the roles whitelist", config->role);
    }
    if (strchr(config->role, '/')) {
        return error_create(ERROR_INVALID, "Updating quota on nested role "
                            "'%s' is not supported yet", config->role);
    }
    return error_wrap(quota_config_validate(config), "Invalid QuotaConfig");
}

static struct error *
check_consumption(const struct role_usages *usages,
                  const Quota__QuotaConfig *config, bool force)
{
    const struct resource_quantities *consumed =
        &role_usages_find_top(usages, config->role)->consumed;
    struct resource_quantities guarantees, limits;
    autofini(strbuf) limit = STRBUF(4096);
    autofini(strbuf) used = STRBUF(4096);
    struct error *error = NULL;

    quota_config_read(config, &guarantees, &limits);
    resource_quantities_format(&limits, &limit);
    resource_quantities_format(consumed, &used);
    if (resource_quantities_are_within(consumed, &limits)) {
        /* As it should be. */
    } else if (force) {
        log_info("Updating '%s' quota limit to '%s'; this is below its "
                 "current quota consumption '%s'; Ignored violation since "
                 "the force flag is provided.", config->role, limit.data,
                 used.data);
    } else {
        error = error_create(ERROR_INVALID, "Invalid QuotaConfig: Role '%s' "
                             "is already consuming '%s'; this is more than "
                             "the requested limits '%s' %s", config->role,
                             used.data, limit.data, bypass);
    }
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
    return error;
}

/* All limits against what is used now. */
static struct error *
check_limits(const struct master *m, const Update *update, bool force)
{
    struct role_usages usages = { NULL };
    struct error *error = NULL;

    for (size_t i = 0; i < update->n_configs; i++) {
        if (update->configs[i]->n_limits > 0) {
            role_usages_add(&usages, update->configs[i]->role);
        }
    }
    if (usages.table) {
        quota_usage_compute(m, &usages);
    }
    for (size_t i = 0; i < update->n_configs && !error; i++) {
        if (update->configs[i]->n_limits > 0) {
            error = check_consumption(&usages, update->configs[i], force);
        }
    }
    role_usages_fini(&usages);
    return error;
}

static void
add_config(const Quota__QuotaConfig *config, struct resource_quantities *sum,
           struct resource_quantities *names)
{
    struct resource_quantities guarantees, limits;

    quota_config_read(config, &guarantees, &limits);
    resource_quantities_add(sum, &guarantees);
    resource_quantities_add(names, &guarantees);
    resource_quantities_add(names, &limits);
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
}

/* All guarantees as they will be, and in 'names' all that has a quota. */
static void
sum_up(const struct master *m, const Update *update,
       struct resource_quantities *sum, struct resource_quantities *names)
{
    const struct role_policy *policy = NULL;

    while ((policy = role_policies_next(&m->policy.roles, policy)) != NULL) {
        if (!find_config(update, policy->role)) {
            resource_quantities_add(sum, &policy->guarantees);
            resource_quantities_add(names, &policy->guarantees);
            resource_quantities_add(names, &policy->limits);
        }
    }
    for (size_t i = 0; i < update->n_configs; i++) {
        const Quota__QuotaConfig *config = update->configs[i];

        if (find_config(update, config->role) == config) {
            add_config(config, sum, names);
        }
    }
}

/* "total quota guarantees '...' exceed cluster capacity '...'", both as text;
 * false if they do not. */
static bool
exceeds_capacity(const struct master *m,
                 const struct resource_quantities *sum, struct strbuf *text)
{
    struct resource_quantities capacity;
    bool exceeds;

    quota_usage_capacity(m, &capacity);
    exceeds = !resource_quantities_contain(&capacity, sum);
    if (exceeds) {
        strbuf_append(text, "otal quota guarantees '");
        resource_quantities_format(sum, text);
        strbuf_append(text, "' exceed cluster capacity '");
        resource_quantities_format(&capacity, text);
        strbuf_append(text, "'");
    }
    resource_quantities_fini(&capacity);
    return exceeds;
}

/* All quotas together; 'is_old' for an update in the older form. */
static struct error *
check_sum(struct master *m, const Update *update, bool force, bool is_old)
{
    struct resource_quantities sum = { 0 }, names = { 0 };
    autofini(strbuf) text = STRBUF(4096);
    struct error *error = NULL;

    sum_up(m, update, &sum, &names);
    if (names.n > MAX_QUOTA_NAMES) {
        error = error_create(ERROR_INVALID, "Invalid QuotaConfig: quotas for "
                             "more than %u different resources",
                             MAX_QUOTA_NAMES);
    } else if (!exceeds_capacity(m, &sum, &text)) {
        /* As it should be. */
    } else if (force) {
        log_info("Using force flag to override quota overcommit check");
    } else if (is_old) {
        error = error_create(ERROR_CONFLICT, "Quota guarantees overcommit the "
                             "cluster (use 'force' to bypass this check): "
                             "T%s", text.data);
    } else {
        error = error_create(ERROR_INVALID, "Invalid QuotaConfig: t%s %s",
                             text.data, bypass);
    }
    resource_quantities_fini(&sum);
    resource_quantities_fini(&names);
    return error;
}

static struct error *
check_update(struct master *m, const Internal__RegistryChange *change,
             bool force)
{
    const Update *update = change->update_quota;
    struct error *error;

    for (size_t i = 0; i < update->n_configs; i++) {
        error = check_config(m, update->configs[i]);
        if (error) {
            return error;
        }
    }
    error = check_limits(m, update, force);
    return error ? error : check_sum(m, update, force, false);
}

/* --- offers that stand against it --- */

static void
rescind(struct master *m, struct offer *offer,
        struct resource_quantities *less, struct resource_quantities *more)
{
    struct resource_quantities offered = { 0 };

    resource_quantities_add_scalars(&offered, &offer->resources,
                                    QUANTITIES_FIRM, NULL);
    if (less) {
        resource_quantities_subtract(less, &offered);
    }
    if (more) {
        resource_quantities_add(more, &offered);
    }
    resource_quantities_fini(&offered);
    offer_rescind(m, offer);
}

/* Offers of the role and those below it go until its limits hold. */
static void
enforce_limits(struct master *m, const char *role,
               const struct resource_quantities *limits,
               struct resource_quantities *held)
{
    struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        struct offer *offer, *next;

        DL_FOREACH_SAFE2(f->offers, offer, next, framework_next) {
            if (resource_quantities_are_within(held, limits)) {
                return;
            }
            if (role_is_within(offer->role, role)) {
                rescind(m, offer, held, NULL);
            }
        }
    }
}

/* Offers of others go until what came free, at worst, is what is
 * guaranteed. */
static void
enforce_guarantees(struct master *m, const char *role,
                   const struct resource_quantities *guarantees,
                   struct resource_quantities *held)
{
    struct agent *agent = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        struct offer *offer, *next;

        DL_FOREACH_SAFE2(agent->offers, offer, next, agent_next) {
            if (resource_quantities_contain(held, guarantees)) {
                return;
            }
            if (!role_is_within(offer->role, role)) {
                rescind(m, offer, NULL, held);
            }
        }
    }
}

/* The allocator may give away more while we look: this is best effort, and
 * makes true soon what would be true in the end. */
static void
enforce(struct master *m, const struct role_usage *usage,
        const Quota__QuotaConfig *config)
{
    struct resource_quantities guarantees, limits, held;

    quota_config_read(config, &guarantees, &limits);
    resource_quantities_init_copy(&held, &usage->consumed);
    resource_quantities_add(&held, &usage->offered);
    enforce_limits(m, config->role, &limits, &held);
    enforce_guarantees(m, config->role, &guarantees, &held);
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
    resource_quantities_fini(&held);
}

/* --- changing --- */

static void
publish_update(struct master *m, const Internal__RegistryChange *change)
{
    const Update *update = change->update_quota;
    struct role_usages usages = { NULL };

    /* The allocator has to know before anything comes free again. */
    for (size_t i = 0; i < update->n_configs; i++) {
        quota_take(m, update->configs[i]);
        role_usages_add(&usages, update->configs[i]->role);
    }
    quota_usage_compute(m, &usages);
    for (size_t i = 0; i < update->n_configs; i++) {
        const Quota__QuotaConfig *config = update->configs[i];

        if (find_config(update, config->role) == config) {
            enforce(m, role_usages_find_top(&usages, config->role), config);
        }
    }
    role_usages_fini(&usages);
}

void
quota_take(struct master *m, const Quota__QuotaConfig *config)
{
    struct resource_quantities guarantees, limits;

    quota_config_read(config, &guarantees, &limits);
    role_policies_set_quota(&m->policy.roles, config->role, &guarantees,
                            &limits);
    allocator_set_quota(&m->base, &m->allocator, config->role, &guarantees,
                        &limits);
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
}

/* With room for 'n' quotas. */
static struct message *
create_change(size_t n, Update **ret_update)
{
    Internal__RegistryChange *change;
    struct message *message = registry_change_create(&change);

    *ret_update = change->update_quota = message_new(
        message, &internal__registry_change__update_quota__descriptor);
    (*ret_update)->configs = message_array(message, n,
                                           sizeof *(*ret_update)->configs);
    return message;
}

void
quota_update(struct master *m, Quota__QuotaConfig *const *configs, size_t n,
             bool force, const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "update the quotas", .check = check_update,
        .publish = publish_update,
    };
    Update *update;
    struct message *message = create_change(n, &update);

    for (size_t i = 0; i < n; i++) {
        update->configs[update->n_configs++] =
            message_copy(message, &configs[i]->base);
    }
    policy_change(m, &type, &message, force, answer);
}

/* --- the older form --- */

static bool
has_quota(const struct master *m, const char *role)
{
    const struct role_policy *policy = role_policies_find(&m->policy.roles,
                                                          role);

    return policy && policy->has_quota;
}

static struct error *
check_set(struct master *m, const Internal__RegistryChange *change,
          bool force)
{
    const Update *update = change->update_quota;
    const char *role = update->configs[0]->role;

    if (has_quota(m, role)) {
        return error_create(ERROR_INVALID, "Failed to validate set quota "
                            "request: Cannot set quota for role '%s' which "
                            "already has quota", role);
    }
    if (strchr(role, '/')) {
        return error_create(ERROR_INVALID, "Setting quota on nested role '%s' "
                            "is not supported yet", role);
    }
    return check_sum(m, update, force, true);
}

void
quota_set(struct master *m, const Quota__QuotaRequest *request,
          const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "set a quota", .check = check_set, .publish = publish_update,
    };
    Update *update;
    struct message *message = create_change(1, &update);
    struct error *error = quota_request_read(request, message,
                                             &update->configs[0]);

    if (error) {
        message_unref(message);
        policy_answer(answer, error);
        return;
    }
    update->n_configs = 1;
    policy_change(m, &type, &message, request->has_force && request->force,
                  answer);
}

static struct error *
check_remove(struct master *m, const Internal__RegistryChange *change,
             bool force)
{
    const char *role = change->update_quota->configs[0]->role;

    (void) force;
    return has_quota(m, role) ? NULL
        : error_create(ERROR_INVALID, "Failed to remove quota: Role '%s' has "
                       "no quota set", role);
}

void
quota_remove(struct master *m, const char *role,
             const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "remove a quota", .check = check_remove,
        .publish = publish_update,
    };
    const struct resource_quantities none = { 0 };
    Update *update;
    struct message *message = create_change(1, &update);

    update->configs[update->n_configs++] =
        quota_config_create(message, role, &none, &none);
    policy_change(m, &type, &message, false, answer);
}

/* --- what there is to see --- */

/* The older form of a quota, which has no limits. */
static Quota__QuotaInfo *
create_info(struct message *m, const struct role_policy *policy)
{
    Quota__QuotaInfo *info = message_new(m, &quota__quota_info__descriptor);
    const struct resource_quantities *q = &policy->guarantees;

    info->role = message_strdup(m, policy->role);
    info->guarantee = message_array(m, q->n, sizeof *info->guarantee);
    for (size_t i = 0; i < q->n; i++) {
        V1__Resource *resource = message_new(m, &v1__resource__descriptor);

        resource->name = message_strdup(m, q->entries[i].name);
        resource->type = V1__VALUE__TYPE__SCALAR;
        resource->scalar = message_new(m, &v1__value__scalar__descriptor);
        resource->scalar->value = (double) q->entries[i].amount / 1000;
        info->guarantee[info->n_guarantee++] = resource;
    }
    return info;
}

Quota__QuotaStatus *
quota_status(const struct master *m, struct message *out)
{
    Quota__QuotaStatus *status =
        message_new(out, &quota__quota_status__descriptor);
    const struct role_policy *policy = NULL;
    size_t n = 0;

    while ((policy = role_policies_next(&m->policy.roles, policy)) != NULL) {
        n += policy->has_quota;
    }
    status->infos = message_array(out, n, sizeof *status->infos);
    status->configs = message_array(out, n, sizeof *status->configs);
    while ((policy = role_policies_next(&m->policy.roles, policy)) != NULL) {
        if (policy->has_quota) {
            status->infos[status->n_infos++] = create_info(out, policy);
            status->configs[status->n_configs++] =
                quota_config_create(out, policy->role, &policy->guarantees,
                                    &policy->limits);
        }
    }
    return status;
}
