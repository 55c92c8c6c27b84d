/* SPDX-License-Identifier: Apache-2.0
 *
 * inverse.c - asking frameworks to give up what they hold on an agent that
 * will be away.
 *
 * A framework is asked once for an agent until it has answered, and not again
 * for as long as it has refused.  What stands between is kept with what it
 * holds there, and goes with that. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>

#include "master/allocator/private.h"

static bool
may_ask(const struct allocator_agent *agent,
        const struct allocator_framework *framework, int64_t now_ns)
{
    if (!framework->active) {
        return false;
    }
    vec_foreach (&agent->holds, hold) {
        if (hold->client->framework == framework
            && (hold->has_inverse_offer
                || hold->inverse_refused_until_ns > now_ns)) {
            return false;
        }
    }
    return true;
}

void
allocator_offer_inverse(struct allocator *a, struct allocator_agent *agent)
{
    int64_t now_ns = actor_now(&a->base);

    vec_foreach (&agent->holds, hold) {
        struct allocator_framework *framework = hold->client->framework;
        struct allocator_inverse_offer *offer;
        struct actor_msg *msg;

        if (!may_ask(agent, framework, now_ns)) {
            continue;
        }
        hold->has_inverse_offer = true;
        msg = actor_msg_create(&msg_allocator_inverse_offer);
        offer = actor_msg_body(msg, &msg_allocator_inverse_offer);
        offer->framework_id = xstrdup(framework->id);
        offer->agent_id = xstrdup(agent->id);
        offer->start_ns = agent->unavailable_start_ns;
        offer->duration_ns = agent->unavailable_duration_ns;
        actor_send(&a->base, &a->options.master, &msg);
    }
}

void
allocator_forget_inverse(struct allocator_agent *agent)
{
    vec_foreach (&agent->holds, hold) {
        hold->has_inverse_offer = false;
        hold->inverse_refused_until_ns = 0;
    }
}
