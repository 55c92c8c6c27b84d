/* SPDX-License-Identifier: Apache-2.0
 *
 * offers.c - offers: made of what the allocator gives away, and the ways in
 * which they end. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <utlist.h>

#include "master/allocator/allocator.h"
#include "master/framework_metrics.h"
#include "master/private.h"

static void return_offer(struct master *, const char *framework_id,
                         const struct allocator_offer *);
static struct offer *offer_create(struct master *, struct framework *,
                                  struct agent *, struct allocator_offer *);
static void offer_fill(struct master *, struct offer *, struct message *,
                       V1__Offer *);
static void on_offer_timeout(struct actor *, void *arg);

static bool
check_framework(struct master *m, const char *id, struct framework **ret)
{
    struct framework *f = frameworks_find(&m->frameworks, id);

    if (!f || f->state != FRAMEWORK_CONNECTED || !f->active) {
        log_warn("Master returning resources offered to framework %s because "
                 "the framework has terminated, is not connected, or is "
                 "inactive", id);
        return false;
    }
    *ret = f;
    return true;
}

static bool
check_agent(struct master *m, const struct framework *f, const char *id,
            struct agent **ret)
{
    struct agent *agent = agents_find(&m->agents, id);

    if (!agent) {
        log_warn("Master returning resources offered to framework %s because "
                 "agent %s is not valid", f->text, id);
        return false;
    }
    if (!agent->active) {
        log_warn("Master returning resources offered because agent %s is %s",
                 agent->text, agent->connected ? "deactivated"
                                               : "disconnected");
        return false;
    }
    *ret = agent;
    return true;
}

void
offers_on_allocated(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    struct allocator_offers *given = actor_msg_body(msg,
                                                    &msg_allocator_offers);
    struct framework *f = NULL;
    bool wanted = check_framework(m, given->framework_id, &f);
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__OFFERS,
                                           &event);
    Scheduler__Event__Offers *offers =
        message_new(message, &scheduler__event__offers__descriptor);
    autofini(strbuf) ids = STRBUF(STRBUF_UNLIMITED);

    event->offers = offers;
    offers->offers = message_array(message, given->n_offers,
                                   sizeof *offers->offers);
    for (size_t i = 0; i < given->n_offers; i++) {
        struct allocator_offer *g = &given->offers[i];
        struct agent *agent;
        struct offer *offer;

        if (!wanted || !check_agent(m, f, g->agent_id, &agent)) {
            return_offer(m, given->framework_id, g);
            continue;
        }
        offer = offer_create(m, f, agent, g);
        strbuf_printf(&ids, "%s%s", ids.len ? ", " : "", offer->id);
        offers->offers[offers->n_offers] =
            message_new(message, &v1__offer__descriptor);
        offer_fill(m, offer, message, offers->offers[offers->n_offers++]);
    }
    if (offers->n_offers > 0) {
        log_info("Sending offers [ %s ] to framework %s", ids.data, f->text);
        framework_metrics_add_offers(f->metrics, FRAMEWORK_OFFERS_SENT,
                                     offers->n_offers);
        framework_send(m, f, &message);
    }
    message_unref(message);
}

static void
return_offer(struct master *m, const char *framework_id,
             const struct allocator_offer *given)
{
    allocator_recover(&m->base, &m->allocator, framework_id, given->role,
                      given->agent_id, &given->resources,
                      ALLOCATOR_NO_FILTER);
}

static struct offer *
offer_create(struct master *m, struct framework *f, struct agent *agent,
             struct allocator_offer *given)
{
    struct offer *offer = xcalloc(1, sizeof *offer);

    offer->id = xasprintf("%s-O%llu", m->id,
                          (unsigned long long) m->next_offer++);
    offer->role = steal(given->role);
    offer->master = m;
    offer->agent = agent;
    offer->framework = f;
    offer->resources = given->resources;
    given->resources = (struct resources) { 0 };
    resources_set_allocation(&offer->resources, offer->role);
    offers_add(&m->offers, offer);
    DL_APPEND2(agent->offers, offer, agent_prev, agent_next);
    DL_APPEND2(f->offers, offer, framework_prev, framework_next);
    metric_add(m->metrics.outstanding_offers, 1);
    if (m->flags->offer_timeout > 0) {
        actor_timer_start(&m->base, &offer->timer, m->flags->offer_timeout,
                          on_offer_timeout, offer);
    }
    return offer;
}

/* --- the message --- */

V1__URL *
agent_url(const struct agent *agent, struct message *message)
{
    V1__URL *url = message_new(message, &v1__url__descriptor);
    char ip[ADDRESS_TEXT_SIZE];

    message_hold(message, agent->message);
    url->scheme = message_strdup(message, "http");
    url->address = message_new(message, &v1__address__descriptor);
    url->address->hostname = agent->info->hostname;
    url->address->ip = message_strdup(
        message, address_format_ip(&agent->pid.address, ip));
    url->address->port = agent->pid.address.port;
    url->path = message_printf(message, "/%s", agent->pid.id);
    return url;
}

/* Frameworks of a single role do not see to which it is allocated. */
static void
fill_resources(const struct offer *offer, struct message *message,
               V1__Offer *out)
{
    resources_encode(&offer->resources, message, &out->resources,
                     &out->n_resources);
    if (!offer->framework->is_multi_role) {
        for (size_t i = 0; i < out->n_resources; i++) {
            out->resources[i]->allocation_info = NULL;
        }
        return;
    }
    out->allocation_info =
        message_new(message, &v1__resource__allocation_info__descriptor);
    out->allocation_info->role = message_strdup(message, offer->role);
}

static void
fill_executors(const struct offer *offer, struct message *message,
               V1__Offer *out)
{
    struct executor *executor;
    size_t n = 0;

    DL_COUNT(offer->agent->executors, executor, n);
    if (n == 0) {
        return;
    }
    out->executor_ids = message_array(message, n, sizeof *out->executor_ids);
    DL_FOREACH(offer->agent->executors, executor) {
        if (executor->framework == offer->framework) {
            V1__ExecutorID *id =
                message_new(message, &v1__executor_id__descriptor);

            id->value = message_strdup(message, executor->id);
            out->executor_ids[out->n_executor_ids++] = id;
        }
    }
}

static void
offer_fill(struct master *m, struct offer *offer, struct message *message,
           V1__Offer *out)
{
    struct agent *agent = offer->agent;

    (void) m;
    out->id = message_new(message, &v1__offer_id__descriptor);
    out->id->value = message_strdup(message, offer->id);
    out->framework_id = message_new(message, &v1__framework_id__descriptor);
    out->framework_id->value = message_strdup(message, offer->framework->id);
    out->agent_id = message_new(message, &v1__agent_id__descriptor);
    out->agent_id->value = message_strdup(message, agent->id->s);
    out->hostname = agent->info->hostname;
    out->attributes = agent->info->attributes;
    out->n_attributes = agent->info->n_attributes;
    out->domain = agent->info->domain;
    out->url = agent_url(agent, message);
    out->unavailability = maintenance_unavailability(agent, message);
    fill_resources(offer, message, out);
    fill_executors(offer, message, out);
}

/* --- the end of an offer --- */

void
offer_take(struct master *m, struct offer *offer, struct resources *ret)
{
    log_info("Removing offer %s", offer->id);
    actor_timer_cancel(&m->base, &offer->timer);
    offers_remove(&m->offers, offer);
    DL_DELETE2(offer->agent->offers, offer, agent_prev, agent_next);
    DL_DELETE2(offer->framework->offers, offer, framework_prev,
               framework_next);
    metric_add(m->metrics.outstanding_offers, -1);
    *ret = offer->resources;
    free(offer->role);
    free(offer->id);
    free(offer);
}

void
offer_discard(struct master *m, struct offer *offer, double refuse_seconds)
{
    struct resources resources;

    allocator_recover(&m->base, &m->allocator, offer->framework->id,
                      offer->role, offer->agent->id->s, &offer->resources,
                      refuse_seconds);
    offer_take(m, offer, &resources);
    resources_fini(&resources);
}

void
offer_rescind(struct master *m, struct offer *offer)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__RESCIND,
                                           &event);

    event->rescind =
        message_new(message, &scheduler__event__rescind__descriptor);
    event->rescind->offer_id =
        message_new(message, &v1__offer_id__descriptor);
    event->rescind->offer_id->value = message_strdup(message, offer->id);
    framework_send(m, offer->framework, &message);
    framework_metrics_add_offers(offer->framework->metrics,
                                 FRAMEWORK_OFFERS_RESCINDED, 1);
    offer_discard(m, offer, ALLOCATOR_NO_FILTER);
}

static void
on_offer_timeout(struct actor *self, void *arg)
{
    offer_rescind(master_cast(self), arg);
}
