/* SPDX-License-Identifier: Apache-2.0
 *
 * inverse.c - asking frameworks to give up what they hold on an agent that
 * will be away.
 *
 * A framework is asked once for an agent until the master says how that ended,
 * and not again for as long as it has refused.  That is kept with the agent as
 * long as its unavailability is the same, whatever the framework holds there
 * meanwhile. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "master/allocator/private.h"

static struct allocator_request_to_leave *
find(struct allocator_agent *agent, const char *framework_id)
{
    vec_foreach (&agent->requests_to_leave, request) {
        if (!strcmp(request->framework_id, framework_id)) {
            return request;
        }
    }
    return NULL;
}

static struct allocator_request_to_leave *
get(struct allocator_agent *agent, const char *framework_id)
{
    struct allocator_request_to_leave *request = find(agent, framework_id);

    if (!request) {
        struct allocator_request_to_leave new = {
            .framework_id = xstrdup(framework_id),
        };

        vec_push(&agent->requests_to_leave, new);
        request = &vec_last(&agent->requests_to_leave);
    }
    return request;
}

static void
drop(struct allocator_agent *agent, struct allocator_request_to_leave *request)
{
    size_t i = (size_t) (request - agent->requests_to_leave.data);

    free(request->framework_id);
    vec_remove_unordered(&agent->requests_to_leave, i);
}

static bool
may_ask(struct allocator_agent *agent,
        const struct allocator_framework *framework, int64_t now_ns)
{
    const struct allocator_request_to_leave *request =
        find(agent, framework->id);

    return framework->active
        && !(request && (request->is_asked
                         || request->refused_until_ns > now_ns));
}

void
allocator_ask_to_leave(struct allocator *a, struct allocator_agent *agent)
{
    int64_t now_ns = actor_now(&a->base);

    if (!agent->has_unavailability || !agent->active || !agent->is_listed) {
        return;
    }
    vec_foreach (&agent->holds, hold) {
        struct allocator_framework *framework = hold->client->framework;
        struct allocator_inverse_offer offer = { .agent_id = NULL };

        if (!may_ask(agent, framework, now_ns)) {
            continue;
        }
        get(agent, framework->id)->is_asked = true;
        offer.agent_id = xstrdup(agent->id);
        offer.start_ns = agent->unavailable_start_ns;
        offer.duration_ns = agent->unavailable_duration_ns;
        if (framework->inverse_offers.n == 0) {
            vec_push(&a->asked, framework);
        }
        vec_push(&framework->inverse_offers, offer);
    }
}

void
allocator_send_inverse_offers(struct allocator *a)
{
    vec_foreach (&a->asked, it) {
        struct allocator_framework *framework = *it;
        struct actor_msg *msg = actor_msg_create(
            &msg_allocator_inverse_offers);
        struct allocator_inverse_offers *body =
            actor_msg_body(msg, &msg_allocator_inverse_offers);

        body->framework_id = xstrdup(framework->id);
        body->offers = steal(framework->inverse_offers.data);
        body->n_offers = framework->inverse_offers.n;
        framework->inverse_offers.n = framework->inverse_offers.capacity = 0;
        actor_send(&a->base, &a->options.master, &msg);
    }
    vec_clear(&a->asked);
}

void
allocator_asked_to_leave(struct allocator_agent *agent,
                         const char *framework_id, int64_t refused_until_ns)
{
    struct allocator_request_to_leave *request = find(agent, framework_id);

    if (!request) {
        return;
    }
    request->is_asked = false;
    request->refused_until_ns = refused_until_ns;
    if (refused_until_ns == 0) {
        drop(agent, request);
    }
}

/* What was asked last is still open: the master will tell. */
void
allocator_forget_refusals(struct allocator *a, const char *framework_id)
{
    struct allocator_agent *agent = NULL;

    if (a->n_unavailable == 0) {
        return;
    }
    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        struct allocator_request_to_leave *request =
            find(agent, framework_id);

        if (request && request->is_asked) {
            request->refused_until_ns = 0;
        } else if (request) {
            drop(agent, request);
        }
    }
}

void
allocator_forget_framework_requests(struct allocator *a,
                                    const char *framework_id)
{
    struct allocator_agent *agent = NULL;

    if (a->n_unavailable == 0) {
        return;
    }
    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        struct allocator_request_to_leave *request =
            find(agent, framework_id);

        if (request) {
            drop(agent, request);
        }
    }
}

void
allocator_forget_requests(struct allocator_agent *agent)
{
    while (agent->requests_to_leave.n > 0) {
        drop(agent, &vec_last(&agent->requests_to_leave));
    }
    vec_fini(&agent->requests_to_leave);
}
