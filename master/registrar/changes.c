/* SPDX-License-Identifier: Apache-2.0
 *
 * changes.c - what may happen to a registry, and when it must not.
 *
 * One function for each member of RegistryChange.  It looks first, and then
 * changes: what is refused has changed nothing. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>

#include "master/registrar/registry_private.h"
#include "model/roles.h"

#define AGENT_DRAINING "AGENT_DRAINING"
#define QUOTA_V2 "QUOTA_V2"

typedef struct error *change_fn(struct registry *,
                                const Internal__RegistryChange *,
                                struct registry_effect *);

static struct error *
refuse(const char *text)
{
    return error_create(ERROR_CONFLICT, "%s", text);
}

static struct record *
find(const struct registry *r, enum section section, const V1__AgentID *id)
{
    return records_find(&r->sections[section], id->value);
}

static const V1__AgentID no_id = { .value = (char *) "" };

/* The agent of a change that tells all of it; an id has to be there. */
static const V1__AgentID *
id_of(const Internal__RegistryChange__Agent *agent)
{
    return agent->info->id ? agent->info->id : &no_id;
}

static struct error *
check_id(const V1__AgentID *id)
{
    return id->value[0] != '\0' ? NULL
        : error_create(ERROR_INVALID, "SlaveInfo is missing the 'id' field");
}

/* --- capabilities --- */

/* The capability is demanded if and only if 'is_needed'. */
static void
demand(struct registry *r, const char *capability, bool is_needed)
{
    struct record *record =
        records_find(&r->sections[SECTION_CAPABILITIES], capability);
    Internal__Registry__MinimumCapability message =
        INTERNAL__REGISTRY__MINIMUM_CAPABILITY__INIT;

    message.capability = (char *) capability;
    if (is_needed && !record) {
        registry_put(r, SECTION_CAPABILITIES, capability, &message.base);
    } else if (!is_needed && record) {
        registry_remove(r, SECTION_CAPABILITIES, record);
    }
}

/* Whoever does not know of draining would offer what must not be offered. */
static void
demand_draining(struct registry *r)
{
    demand(r, AGENT_DRAINING, r->n_deactivated > 0);
}

/* --- the master --- */

static struct error *
set_master(struct registry *r, const Internal__RegistryChange *change,
           struct registry_effect *effect)
{
    effect->has_changed = registry_put(r, SECTION_MASTER, "",
                                       &change->set_master->base);
    return NULL;
}

/* --- agents come and go --- */

static void
put_agent(struct registry *r, V1__AgentInfo *info, V1__DrainInfo *drain_info,
          bool deactivated)
{
    Internal__Registry__Slave agent = INTERNAL__REGISTRY__SLAVE__INIT;

    agent.info = info;
    agent.drain_info = drain_info;
    agent.has_deactivated = deactivated;
    agent.deactivated = deactivated;
    registry_put(r, SECTION_AGENTS, info->id->value, &agent.base);
}

static struct error *
admit_agent(struct registry *r, const Internal__RegistryChange *change,
            struct registry_effect *effect)
{
    V1__AgentInfo *info = change->admit_agent->info;
    const V1__AgentID *id = id_of(change->admit_agent);
    struct error *error = check_id(id);

    if (error) {
        return error;
    }
    if (find(r, SECTION_AGENTS, id) || find(r, SECTION_UNREACHABLE, id)
        || find(r, SECTION_GONE, id)) {
        return refuse("Agent already admitted");
    }
    put_agent(r, info, NULL, false);
    effect->has_changed = true;
    return NULL;
}

static struct error *
update_agent(struct registry *r, const Internal__RegistryChange *change,
             struct registry_effect *effect)
{
    const V1__AgentID *id = id_of(change->update_agent);
    struct record *record = find(r, SECTION_AGENTS, id);
    autodestroy(message) *before = NULL;
    Internal__Registry__Slave agent;

    if (!record) {
        return refuse("Agent not yet admitted.");
    }
    before = registry_get(r, SECTION_AGENTS, record);
    agent = *(Internal__Registry__Slave *) message_root(before);
    agent.info = change->update_agent->info;
    effect->has_changed = registry_put(r, SECTION_AGENTS, id->value,
                                       &agent.base);
    return NULL;
}

static struct error *
remove_agent(struct registry *r, const Internal__RegistryChange *change,
             struct registry_effect *effect)
{
    struct record *record = find(r, SECTION_AGENTS,
                                 change->remove_agent->agent_id);

    if (!record) {
        return refuse("Agent not yet admitted");
    }
    registry_remove(r, SECTION_AGENTS, record);
    demand_draining(r);
    effect->has_changed = true;
    return NULL;
}

/* Its drain and its deactivation stay with the agent. */
static struct error *
mark_agent_unreachable(struct registry *r,
                       const Internal__RegistryChange *change,
                       struct registry_effect *effect)
{
    const Internal__RegistryChange__AgentAt *mark =
        change->mark_agent_unreachable;
    struct record *record = find(r, SECTION_AGENTS, mark->agent_id);
    Internal__Registry__UnreachableSlave lost =
        INTERNAL__REGISTRY__UNREACHABLE_SLAVE__INIT;
    autodestroy(message) *before = NULL;
    const Internal__Registry__Slave *agent;

    if (!record) {
        return refuse("Agent not yet admitted");
    }
    before = registry_get(r, SECTION_AGENTS, record);
    agent = message_root(before);
    lost.id = mark->agent_id;
    lost.timestamp = mark->timestamp;
    lost.drain_info = agent->drain_info;
    lost.has_deactivated = lost.deactivated = agent->deactivated;
    registry_remove(r, SECTION_AGENTS, record);
    registry_put(r, SECTION_UNREACHABLE, mark->agent_id->value, &lost.base);
    effect->has_changed = true;
    return NULL;
}

static struct error *
mark_agent_reachable(struct registry *r,
                     const Internal__RegistryChange *change,
                     struct registry_effect *effect)
{
    V1__AgentInfo *info = change->mark_agent_reachable->info;
    const V1__AgentID *id = id_of(change->mark_agent_reachable);
    struct record *record = find(r, SECTION_UNREACHABLE, id);
    struct error *error = check_id(id);
    autodestroy(message) *before = NULL;
    const Internal__Registry__UnreachableSlave *lost;

    if (error) {
        return error;
    }
    if (find(r, SECTION_GONE, id)) {
        return error_create(ERROR_CONFLICT, "Agent %s already marked as gone",
                            id->value);
    }
    if (find(r, SECTION_AGENTS, id)) {
        return NULL;
    }
    effect->has_changed = true;
    if (!record) {
        effect->was_unknown = true;
        put_agent(r, info, NULL, false);
        return NULL;
    }
    before = registry_get(r, SECTION_UNREACHABLE, record);
    lost = message_root(before);
    registry_remove(r, SECTION_UNREACHABLE, record);
    put_agent(r, info, lost->drain_info, lost->deactivated);
    return NULL;
}

static struct error *
mark_agent_gone(struct registry *r, const Internal__RegistryChange *change,
                struct registry_effect *effect)
{
    const Internal__RegistryChange__AgentAt *mark = change->mark_agent_gone;
    struct record *admitted = find(r, SECTION_AGENTS, mark->agent_id);
    struct record *lost = find(r, SECTION_UNREACHABLE, mark->agent_id);
    Internal__Registry__GoneSlave gone = INTERNAL__REGISTRY__GONE_SLAVE__INIT;

    if (find(r, SECTION_GONE, mark->agent_id)) {
        return error_create(ERROR_CONFLICT, "Agent %s already marked as gone",
                            mark->agent_id->value);
    }
    if (!admitted && !lost) {
        return error_create(ERROR_NOT_FOUND, "Failed to find agent %s",
                            mark->agent_id->value);
    }
    gone.id = mark->agent_id;
    gone.timestamp = mark->timestamp;
    if (admitted) {
        registry_remove(r, SECTION_AGENTS, admitted);
    }
    if (lost) {
        registry_remove(r, SECTION_UNREACHABLE, lost);
    }
    registry_put(r, SECTION_GONE, mark->agent_id->value, &gone.base);
    demand_draining(r);
    effect->has_changed = true;
    return NULL;
}

/* What was asked for may have gone meanwhile, or come back. */
static bool
forget(struct registry *r, enum section section, V1__AgentID **ids, size_t n)
{
    bool has_changed = false;

    for (size_t i = 0; i < n; i++) {
        struct record *record = find(r, section, ids[i]);

        if (record) {
            registry_remove(r, section, record);
            has_changed = true;
        }
    }
    return has_changed;
}

static struct error *
prune(struct registry *r, const Internal__RegistryChange *change,
      struct registry_effect *effect)
{
    const Internal__RegistryChange__Prune *ids = change->prune;
    bool unreachable = forget(r, SECTION_UNREACHABLE, ids->unreachable,
                              ids->n_unreachable);
    bool gone = forget(r, SECTION_GONE, ids->gone, ids->n_gone);

    demand_draining(r);
    effect->has_changed = unreachable || gone;
    return NULL;
}

/* --- agents that are to be empty, or are not to be offered --- */

/* How an agent stands, wherever it is. */
struct standing {
    V1__DrainInfo *drain_info;  /* NULL: it is not drained */
    bool deactivated;
};

/* Gives the agent, reachable or not, another standing.  Not there: nothing
 * happens. */
static bool
set_standing(struct registry *r, const V1__AgentID *id,
             const struct standing *standing)
{
    enum section section = find(r, SECTION_AGENTS, id) ? SECTION_AGENTS
                                                       : SECTION_UNREACHABLE;
    struct record *record = find(r, section, id);
    autodestroy(message) *message = NULL;
    bool has_changed;

    if (!record) {
        return false;
    }
    message = registry_get(r, section, record);
    if (section == SECTION_AGENTS) {
        Internal__Registry__Slave agent =
            *(Internal__Registry__Slave *) message_root(message);

        agent.drain_info = standing->drain_info;
        agent.has_deactivated = agent.deactivated = standing->deactivated;
        has_changed = registry_put(r, section, id->value, &agent.base);
    } else {
        Internal__Registry__UnreachableSlave agent =
            *(Internal__Registry__UnreachableSlave *) message_root(message);

        agent.drain_info = standing->drain_info;
        agent.has_deactivated = agent.deactivated = standing->deactivated;
        has_changed = registry_put(r, section, id->value, &agent.base);
    }
    demand_draining(r);
    return has_changed;
}

/* The drain of an agent, in '*ret_message'; NULL: it has none. */
static V1__DrainInfo *
drain_of(const struct registry *r, const V1__AgentID *id,
         struct message **ret_message)
{
    struct record *record = find(r, SECTION_AGENTS, id);

    if (record) {
        *ret_message = registry_get(r, SECTION_AGENTS, record);
        return ((Internal__Registry__Slave *) message_root(*ret_message))
            ->drain_info;
    }
    record = find(r, SECTION_UNREACHABLE, id);
    if (record) {
        *ret_message = registry_get(r, SECTION_UNREACHABLE, record);
        return ((Internal__Registry__UnreachableSlave *)
                message_root(*ret_message))->drain_info;
    }
    return NULL;
}

static struct error *
drain_agent(struct registry *r, const Internal__RegistryChange *change,
            struct registry_effect *effect)
{
    V1__DrainInfo info = V1__DRAIN_INFO__INIT;
    struct standing standing = { &info, true };

    info.state = V1__DRAIN_STATE__DRAINING;
    info.config = change->drain_agent->config;
    effect->has_changed = set_standing(r, change->drain_agent->agent_id,
                                       &standing);
    return NULL;
}

static struct error *
mark_agent_drained(struct registry *r, const Internal__RegistryChange *change,
                   struct registry_effect *effect)
{
    const V1__AgentID *id = change->mark_agent_drained->agent_id;
    autodestroy(message) *message = NULL;
    V1__DrainInfo *before = drain_of(r, id, &message);
    struct standing standing = { .deactivated = true };
    V1__DrainInfo info;

    if (!message) {
        return NULL;
    }
    if (!before || before->state != V1__DRAIN_STATE__DRAINING) {
        return error_create(ERROR_CONFLICT, "Agent %s is not DRAINING",
                            id->value);
    }
    info = *before;
    info.state = V1__DRAIN_STATE__DRAINED;
    standing.drain_info = &info;
    effect->has_changed = set_standing(r, id, &standing);
    return NULL;
}

static struct error *
deactivate_agent(struct registry *r, const Internal__RegistryChange *change,
                 struct registry_effect *effect)
{
    const V1__AgentID *id = change->deactivate_agent->agent_id;
    autodestroy(message) *message = NULL;
    struct standing standing = { drain_of(r, id, &message), true };

    effect->has_changed = set_standing(r, id, &standing);
    return NULL;
}

static struct error *
reactivate_agent(struct registry *r, const Internal__RegistryChange *change,
                 struct registry_effect *effect)
{
    struct standing standing = { NULL, false };

    effect->has_changed = set_standing(r, change->reactivate_agent->agent_id,
                                       &standing);
    return NULL;
}

/* --- maintenance --- */

static struct error *
update_schedule(struct registry *r, const Internal__RegistryChange *change,
                struct registry_effect *effect)
{
    effect->has_changed =
        registry_update_schedule(r, change->update_schedule->schedule);
    return NULL;
}

static struct error *
start_maintenance(struct registry *r, const Internal__RegistryChange *change,
                  struct registry_effect *effect)
{
    effect->has_changed =
        registry_start_maintenance(r, change->start_maintenance);
    return NULL;
}

static struct error *
stop_maintenance(struct registry *r, const Internal__RegistryChange *change,
                 struct registry_effect *effect)
{
    effect->has_changed =
        registry_stop_maintenance(r, change->stop_maintenance);
    return NULL;
}

/* --- quotas and weights --- */

static double
amount(const V1__Value__Scalar *scalar)
{
    return scalar ? scalar->value : NAN;
}

static bool
is_amount(const V1__Value__Scalar *scalar)
{
    return isfinite(amount(scalar)) && amount(scalar) >= 0;
}

static bool
is_valid_quota(const Quota__QuotaConfig *config)
{
    struct error *error = role_validate(config->role);

    if (error) {
        error_destroy(error);
        return false;
    }
    for (size_t i = 0; i < config->n_limits; i++) {
        if (!is_amount(config->limits[i]->value)) {
            return false;
        }
    }
    for (size_t i = 0; i < config->n_guarantees; i++) {
        const Quota__QuotaConfig__GuaranteesEntry *guarantee =
            config->guarantees[i];

        if (!is_amount(guarantee->value)) {
            return false;
        }
        for (size_t j = 0; j < config->n_limits; j++) {
            if (!strcmp(config->limits[j]->key, guarantee->key)
                && amount(config->limits[j]->value)
                   < amount(guarantee->value)) {
                return false;
            }
        }
    }
    return true;
}

/* Nothing is guaranteed, and nothing is limited. */
static bool
is_no_quota(const Quota__QuotaConfig *config)
{
    for (size_t i = 0; i < config->n_guarantees; i++) {
        if (amount(config->guarantees[i]->value) > 0) {
            return false;
        }
    }
    return config->n_limits == 0;
}

static struct error *
update_quota(struct registry *r, const Internal__RegistryChange *change,
             struct registry_effect *effect)
{
    const Internal__RegistryChange__UpdateQuota *update =
        change->update_quota;

    for (size_t i = 0; i < update->n_configs; i++) {
        if (!is_valid_quota(update->configs[i])) {
            return error_create(ERROR_INVALID, "Invalid quota config");
        }
    }
    for (size_t i = 0; i < update->n_configs; i++) {
        const Quota__QuotaConfig *config = update->configs[i];
        struct record *record = records_find(&r->sections[SECTION_QUOTAS],
                                             config->role);

        if (!is_no_quota(config)) {
            effect->has_changed |= registry_put(r, SECTION_QUOTAS,
                                                config->role, &config->base);
        } else if (record) {
            registry_remove(r, SECTION_QUOTAS, record);
            effect->has_changed = true;
        }
    }
    demand(r, QUOTA_V2, records_count(&r->sections[SECTION_QUOTAS]) > 0);
    return NULL;
}

static struct error *
update_weights(struct registry *r, const Internal__RegistryChange *change,
               struct registry_effect *effect)
{
    const Internal__RegistryChange__UpdateWeights *update =
        change->update_weights;

    for (size_t i = 0; i < update->n_infos; i++) {
        if (!update->infos[i]->role) {
            return error_create(ERROR_INVALID, "a weight has no role");
        }
    }
    for (size_t i = 0; i < update->n_infos; i++) {
        Internal__Registry__Weight weight = INTERNAL__REGISTRY__WEIGHT__INIT;

        weight.info = update->infos[i];
        effect->has_changed |= registry_put(r, SECTION_WEIGHTS,
                                            weight.info->role, &weight.base);
    }
    return NULL;
}

/* --- which it is --- */

struct error *
registry_apply(struct registry *r, const Internal__RegistryChange *change,
               struct registry_effect *ret)
{
    const struct {
        const void *member;
        change_fn *fn;
    } kinds[] = {
#define KIND(NAME) { change->NAME, NAME }
        KIND(set_master), KIND(admit_agent), KIND(update_agent),
        KIND(mark_agent_unreachable), KIND(mark_agent_reachable),
        KIND(remove_agent), KIND(mark_agent_gone), KIND(drain_agent),
        KIND(mark_agent_drained), KIND(deactivate_agent),
        KIND(reactivate_agent), KIND(prune), KIND(update_schedule),
        KIND(start_maintenance), KIND(stop_maintenance), KIND(update_quota),
        KIND(update_weights),
#undef KIND
    };
    change_fn *fn = NULL;

    *ret = (struct registry_effect) { false, false };
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].member && fn) {
            return error_create(ERROR_INVALID, "a change of several kinds");
        }
        if (kinds[i].member) {
            fn = kinds[i].fn;
        }
    }
    if (!fn) {
        return error_create(ERROR_UNSUPPORTED, "a change of a kind that this "
                            "version does not know");
    }
    return fn(r, change, ret);
}
