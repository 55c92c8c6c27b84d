/* SPDX-License-Identifier: Apache-2.0
 *
 * quota.c - what roles may have, and are sure to get: changed, and shown.
 *
 * What a role consumes is what its tasks and executors use of resources that
 * are nobody's, and all that is reserved to it; with all roles below it.
 * Revocable resources do not count: so does the allocator see it. */
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
#include "master/private.h"
#include "master/registry_calls.h"
#include "model/roles.h"

/* So many resources may have quotas that the allocator, which counts a few
 * kinds only, knows all of them. */
#define MAX_QUOTA_NAMES 12u

typedef Internal__RegistryChange__UpdateQuota Update;

static const char *const bypass = "(use 'force' flag to bypass this check)";

/* --- what there is, and what is used --- */

static void
add_used(const struct agent *agent, const char *role,
         struct resource_quantities *sum)
{
    const struct task *task;
    const struct executor *executor;
    const struct text *known = NULL;    /* tasks share the texts of roles */
    bool is_within = false;

    DL_FOREACH(agent->tasks.first, task) {
        if (task->role != known) {
            known = task->role;
            is_within = role_is_within(known->s, role);
        }
        if (is_within && task->holds_resources) {
            resource_quantities_add_scalars(sum, &task->resources,
                                            QUANTITIES_UNRESERVED, NULL);
        }
    }
    DL_FOREACH(agent->executors, executor) {
        if (role_is_within(executor->role, role)) {
            resource_quantities_add_scalars(sum, &executor->resources,
                                            QUANTITIES_UNRESERVED, NULL);
        }
    }
}

static void
get_consumed(const struct master *m, const char *role,
             struct resource_quantities *ret)
{
    struct agent *agent = NULL;

    *ret = (struct resource_quantities) { 0 };
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        add_used(agent, role, ret);
        resource_quantities_add_scalars(ret, &agent->total,
                                        QUANTITIES_RESERVED, role);
    }
}

/* What an agent will have when it is back, as far as the registry knows. */
static void
add_recovered(const V1__AgentInfo *info, struct resource_quantities *sum)
{
    autofini(resources) total = { 0 };
    struct error *error = resources_decode(info->resources, info->n_resources,
                                           &total);

    if (error) {
        error_drop(error);
        return;
    }
    resource_quantities_add_scalars(sum, &total, QUANTITIES_FIRM, NULL);
}

/* Agents that have not come back yet after a failover count as well: else the
 * cluster would have nothing just then (a weak point of Mesos). */
static void
get_capacity(const struct master *m, struct resource_quantities *ret)
{
    struct agent *agent = NULL;
    const struct id_record *record = NULL;

    *ret = (struct resource_quantities) { 0 };
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        resource_quantities_add_scalars(ret, &agent->total, QUANTITIES_FIRM,
                                        NULL);
    }
    while ((record = ids_next(&m->known.recovered, record)) != NULL) {
        add_recovered(record->part, ret);
    }
}

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
check_config(const Quota__QuotaConfig *config)
{
    if (strchr(config->role, '/')) {
        return error_create(ERROR_INVALID, "Updating quota on nested role "
                            "'%s' is not supported yet", config->role);
    }
    return error_wrap(quota_config_validate(config), "Invalid QuotaConfig");
}

static struct error *
check_consumption(struct master *m, const Quota__QuotaConfig *config,
                  bool force)
{
    struct resource_quantities guarantees, limits, consumed;
    autofini(strbuf) limit = STRBUF(4096);
    autofini(strbuf) used = STRBUF(4096);
    struct error *error = NULL;

    if (config->n_limits == 0) {
        return NULL;
    }
    quota_config_read(config, &guarantees, &limits);
    get_consumed(m, config->role, &consumed);
    resource_quantities_format(&limits, &limit);
    resource_quantities_format(&consumed, &used);
    if (resource_quantities_are_within(&consumed, &limits)) {
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
    resource_quantities_fini(&consumed);
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

    get_capacity(m, &capacity);
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

    for (size_t i = 0; i < update->n_configs; i++) {
        struct error *error = check_config(update->configs[i]);

        if (error) {
            return error;
        }
    }
    for (size_t i = 0; i < update->n_configs; i++) {
        struct error *error = check_consumption(m, update->configs[i], force);

        if (error) {
            return error;
        }
    }
    return check_sum(m, update, force, false);
}

/* --- offers that stand against it --- */

static void
get_offered(const struct offer *offer, struct resource_quantities *ret)
{
    *ret = (struct resource_quantities) { 0 };
    resource_quantities_add_scalars(ret, &offer->resources, QUANTITIES_FIRM,
                                    NULL);
}

static void
rescind(struct master *m, struct offer *offer,
        struct resource_quantities *less, struct resource_quantities *more)
{
    struct resource_quantities offered;

    get_offered(offer, &offered);
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
enforce(struct master *m, const char *role,
        const struct resource_quantities *guarantees,
        const struct resource_quantities *limits)
{
    struct resource_quantities held;
    const struct offer *offer;
    struct agent *agent = NULL;

    get_consumed(m, role, &held);
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        DL_FOREACH2(agent->offers, offer, agent_next) {
            if (role_is_within(offer->role, role)) {
                resource_quantities_add_scalars(&held, &offer->resources,
                                                QUANTITIES_UNRESERVED, NULL);
            }
        }
    }
    enforce_limits(m, role, limits, &held);
    enforce_guarantees(m, role, guarantees, &held);
    resource_quantities_fini(&held);
}

/* --- changing --- */

static void
publish_update(struct master *m, const Internal__RegistryChange *change)
{
    const Update *update = change->update_quota;

    /* The allocator has to know before anything comes free again. */
    for (size_t i = 0; i < update->n_configs; i++) {
        quota_take(m, update->configs[i]);
    }
    for (size_t i = 0; i < update->n_configs; i++) {
        struct resource_quantities guarantees, limits;

        quota_config_read(update->configs[i], &guarantees, &limits);
        enforce(m, update->configs[i]->role, &guarantees, &limits);
        resource_quantities_fini(&guarantees);
        resource_quantities_fini(&limits);
    }
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
