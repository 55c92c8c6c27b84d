/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_apply.c - what an operation is judged by at an agent, and what
 * becomes of the agent's resources and of offers. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>

#include "master/private.h"
#include "model/checkpointed_resources.h"
#include "model/operation.h"
#include "model/resource_conversion.h"
#include "model/resources_common.h"

#define CAPABILITY(NAME) V1__AGENT_INFO__CAPABILITY__TYPE__##NAME

void
operation_rules_of_agent(const struct agent *agent,
                         struct operation_rules *rules,
                         struct resources *checkpointed,
                         struct resources *used)
{
    resources_checkpointed(&agent->total, checkpointed);
    agent_used_resources(agent, used);
    rules->checkpointed = checkpointed;
    rules->used = used;
    rules->is_hierarchical_role =
        agent_has_capability(agent, CAPABILITY(HIERARCHICAL_ROLE));
    rules->is_reservation_refinement =
        agent_has_capability(agent, CAPABILITY(RESERVATION_REFINEMENT));
    rules->is_resize_volume =
        agent_has_capability(agent, CAPABILITY(RESIZE_VOLUME));
}

void
agent_convert_total(struct master *m, struct agent *agent,
                    const struct resource_conversion *conversions, size_t n)
{
    (void) m;
    /* What is held or free there is a part of the total, unless the agent came
     * back with less; then its next report settles it. */
    if (!resource_conversions_apply(conversions, n, &agent->total)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        resources_format(&agent->total, &text);
        log_warn("Agent %s has less than what is held there: %s",
                 agent->text, text.data);
    }
}

/* Whether one of the volumes is among the resources. */
static bool
has_volume(const struct resources *resources, const struct resources *volumes)
{
    struct resources offered, wanted, common;
    bool has;

    resources_init_copy(&offered, resources);
    resources_init_copy(&wanted, volumes);
    resources_set_allocation(&offered, NULL);
    resources_set_allocation(&wanted, NULL);
    resources_common(&offered, &wanted, &common);
    has = !resources_is_empty(&common);
    resources_fini(&offered);
    resources_fini(&wanted);
    resources_fini(&common);
    return has;
}

void
agent_rescind_volumes(struct master *m, struct agent *agent,
                      const struct resources *volumes)
{
    struct offer *offer = agent->offers;

    while (offer) {
        struct offer *next = offer->agent_next;

        if (has_volume(&offer->resources, volumes)) {
            offer_rescind(m, offer);
        }
        offer = next;
    }
}
