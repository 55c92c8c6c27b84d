/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.c - what operators have laid down, taken over from the master
 * before. */
#include <config.h>

#include "master/policy/policy.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>

#include "master/allocation.h"
#include "master/allocator/allocator.h"
#include "master/policy/change.h"
#include "master/private.h"

static void
take_weight_of_flag(void *aux, const char *role, double weight)
{
    weights_take(aux, role, weight);
}

/* The registry has them from now on, and the flag does not matter any more. */
static void
store_weights(struct master *m)
{
    autodestroy(message) *message =
        message_create(&internal__registry_change__descriptor);
    size_t n;
    V1__WeightInfo **infos = weights_list(m, message, &n);

    weights_update(m, infos, n, NULL);
}

static void
take_weights(struct master *m, const Internal__Registry *registry)
{
    const char *flag = m->flags->weights;

    if (registry->n_weights > 0 && flag && flag[0] != '\0') {
        log_warn("Ignoring --weights flag '%s' and recovering the weights "
                 "from registry", flag);
    }
    for (size_t i = 0; i < registry->n_weights; i++) {
        const V1__WeightInfo *info = registry->weights[i]->info;

        if (info->role && info->weight > 0) {
            weights_take(m, info->role, info->weight);
        }
    }
    if (registry->n_weights == 0 && flag) {
        allocation_for_each_weight(flag, take_weight_of_flag, m);
        if (m->policy.roles.table) {
            store_weights(m);
        }
    }
}

/* A registry of another version may have what we do not let anybody ask for:
 * the allocator would take it for a quota of the role above. */
static void
take_quota(struct master *m, const Quota__QuotaConfig *config)
{
    if (strchr(config->role, '/')) {
        log_warn("Ignoring the quota of nested role '%s', which is not "
                 "supported yet", config->role);
        return;
    }
    quota_take(m, config);
}

void
policy_take(struct master *m, const Internal__Registry *registry)
{
    maintenance_take(m, registry);
    take_weights(m, registry);
    for (size_t i = 0; i < registry->n_quota_configs; i++) {
        take_quota(m, registry->quota_configs[i]);
    }

    /* Without a quota nothing comes of it. */
    allocator_expect_agents(&m->base, &m->allocator, m->n_registry_agents);
}

void
policy_fini(struct master *m)
{
    struct policy *p = &m->policy;

    policy_changes_fini(m);
    while (p->inverse_offers.table) {
        struct inverse_offer *offer = p->inverse_offers.table;

        actor_timer_cancel(&m->base, &offer->timer);
        inverse_offers_remove(&p->inverse_offers, offer);
    }
    machines_fini(&p->machines);
    message_unref(p->schedule);
    role_policies_fini(&p->roles);
}
