/* SPDX-License-Identifier: Apache-2.0
 *
 * inverse_offers.c - frameworks are asked to leave agents that will be away.
 *
 * Nothing comes of what they answer but that operators see it, and that the
 * framework is not asked again for as long as it wants. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/allocator/allocator.h"
#include "master/private.h"

static void on_timeout(struct actor *, void *arg);

/* The allocator may ask again once 'refuse_seconds' are over. */
static void
tell_allocator(struct master *m, const char *framework_id,
               const char *agent_id, double refuse_seconds)
{
    allocator_inverse_offer_ended(&m->base, &m->allocator, framework_id,
                                  agent_id, refuse_seconds);
}

static void
drop(struct master *m, struct inverse_offer *offer, double refuse_seconds)
{
    tell_allocator(m, offer->framework->id, offer->absence->agent->id->s,
                   refuse_seconds);
    actor_timer_cancel(&m->base, &offer->timer);
    inverse_offers_remove(&m->policy.inverse_offers, offer);
}

static void
rescind(struct master *m, struct inverse_offer *offer)
{
    Scheduler__Event *event;
    struct message *message =
        event_create(SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER, &event);

    event->rescind_inverse_offer = message_new(
        message, &scheduler__event__rescind_inverse_offer__descriptor);
    event->rescind_inverse_offer->inverse_offer_id =
        message_new(message, &v1__offer_id__descriptor);
    event->rescind_inverse_offer->inverse_offer_id->value =
        message_strdup(message, offer->id);
    framework_send(m, offer->framework, &message);
    drop(m, offer, ALLOCATOR_NO_FILTER);
}

static void
on_timeout(struct actor *self, void *arg)
{
    rescind(master_cast(self), arg);
}

/* --- asking --- */

static struct framework *
check_framework(struct master *m, const char *id)
{
    struct framework *f = frameworks_find(&m->frameworks, id);

    if (!f) {
        log_info("Master ignoring inverse offers to framework %s because the "
                 "framework has terminated", id);
        return NULL;
    }
    if (f->state != FRAMEWORK_CONNECTED || !f->active) {
        log_info("Master ignoring inverse offers to framework %s because the "
                 "framework is %s", id, f->active ? "not connected"
                                                  : "inactive");
        return NULL;
    }
    return f;
}

static struct agent *
check_agent(struct master *m, const struct framework *f, const char *id)
{
    struct agent *agent = agents_find(&m->agents, id);

    if (!agent) {
        log_info("Master ignoring inverse offers to framework %s because "
                 "agent %s is not valid", f->text, id);
        return NULL;
    }
    if (!agent->active) {
        log_info("Master ignoring inverse offers to framework %s because "
                 "agent %s is %s", f->text, agent->text,
                 agent->connected ? "deactivated" : "disconnected");
        return NULL;
    }
    if (!agent->absence) {
        log_info("Master dropping inverse offers to framework %s because "
                 "agent %s had its unavailability revoked.", f->text,
                 agent->text);
        return NULL;
    }
    return agent;
}

static struct inverse_offer *
create(struct master *m, struct framework *f, struct agent *agent)
{
    char *id = xasprintf("%s-O%llu", m->id,
                         (unsigned long long) m->next_offer++);
    struct inverse_offer *offer =
        inverse_offers_add(&m->policy.inverse_offers, &id, agent->absence, f);

    if (m->flags->offer_timeout > 0) {
        actor_timer_start(&m->base, &offer->timer, m->flags->offer_timeout,
                          on_timeout, offer);
    }
    return offer;
}

static V1__InverseOffer *
encode(const struct inverse_offer *offer, struct message *m)
{
    V1__InverseOffer *out = message_new(m, &v1__inverse_offer__descriptor);
    const struct agent *agent = offer->absence->agent;

    message_hold(m, agent->message);
    out->id = message_new(m, &v1__offer_id__descriptor);
    out->id->value = message_strdup(m, offer->id);
    out->url = agent_url(agent, m);
    out->framework_id = message_new(m, &v1__framework_id__descriptor);
    out->framework_id->value = message_strdup(m, offer->framework->id);
    out->agent_id = message_new(m, &v1__agent_id__descriptor);
    out->agent_id->value = message_strdup(m, agent->id->s);
    out->unavailability = maintenance_unavailability(agent, m);
    return out;
}

static void
ask(struct master *m, struct framework *f,
    const struct allocator_inverse_offers *asked)
{
    Scheduler__Event *event;
    struct message *message =
        event_create(SCHEDULER__EVENT__TYPE__INVERSE_OFFERS, &event);
    Scheduler__Event__InverseOffers *out =
        message_new(message, &scheduler__event__inverse_offers__descriptor);
    autofini(strbuf) ids = STRBUF(STRBUF_UNLIMITED);

    event->inverse_offers = out;
    out->inverse_offers = message_array(message, asked->n_offers,
                                        sizeof *out->inverse_offers);
    for (size_t i = 0; i < asked->n_offers; i++) {
        const char *agent_id = asked->offers[i].agent_id;
        struct agent *agent = check_agent(m, f, agent_id);
        struct inverse_offer *offer;

        if (!agent) {
            tell_allocator(m, f->id, agent_id, ALLOCATOR_NO_FILTER);
            continue;
        }
        offer = create(m, f, agent);
        strbuf_printf(&ids, "%s%s", ids.len ? ", " : "", offer->id);
        out->inverse_offers[out->n_inverse_offers++] = encode(offer, message);
    }
    if (out->n_inverse_offers > 0) {
        log_info("Sending inverse offers [ %s ] to framework %s", ids.data,
                 f->text);
        framework_send(m, f, &message);
    }
    message_unref(message);
}

void
inverse_offers_on_asked(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const struct allocator_inverse_offers *asked =
        actor_msg_body(msg, &msg_allocator_inverse_offers);
    struct framework *f = check_framework(m, asked->framework_id);

    if (f) {
        ask(m, f, asked);
        return;
    }
    for (size_t i = 0; i < asked->n_offers; i++) {
        tell_allocator(m, asked->framework_id, asked->offers[i].agent_id,
                       ALLOCATOR_NO_FILTER);
    }
}

/* --- answers --- */

static void
format_ids(V1__OfferID *const *ids, size_t n, struct strbuf *out)
{
    for (size_t i = 0; i < n; i++) {
        strbuf_printf(out, "%s%s", i ? ", " : "", ids[i]->value);
    }
}

/* True if there is such an inverse offer to the framework. */
static bool
take_answer(struct master *m, struct framework *f, const char *id,
            bool accepted, const V1__Filters *filters)
{
    struct inverse_offer *offer =
        inverse_offers_find(&m->policy.inverse_offers, id);
    double seconds = filters ? filters->refuse_seconds : 5.0;

    if (!offer || offer->framework != f) {
        log_warn("Ignoring %s of inverse offer %s since it is no longer "
                 "valid", accepted ? "accept" : "decline", id);
        return false;
    }
    absence_put_answer(offer->absence, f->id, accepted,
                       actor_wall_now(&m->base));
    drop(m, offer, allocator_filter_seconds(seconds));
    return true;
}

void
inverse_offers_on_accept(struct master *m, struct framework *f,
                         const Scheduler__Call__AcceptInverseOffers *call)
{
    autofini(strbuf) ids = STRBUF(1 << 16);
    bool all = true;

    format_ids(call->inverse_offer_ids, call->n_inverse_offer_ids, &ids);
    if (call->n_inverse_offer_ids == 0) {
        log_warn("ACCEPT_INVERSE_OFFERS call used invalid offers '[  ]': No "
                 "inverse offers specified");
        return;
    }
    log_info("Processing ACCEPT_INVERSE_OFFERS call for inverse offers: "
             "[ %s ] for framework %s", ids.data, f->text);
    for (size_t i = 0; i < call->n_inverse_offer_ids; i++) {
        all &= take_answer(m, f, call->inverse_offer_ids[i]->value, true,
                           call->filters);
    }
    if (!all) {
        log_warn("ACCEPT_INVERSE_OFFERS call used invalid offers '[ %s ]': "
                 "Some of them are no longer valid", ids.data);
    }
}

void
inverse_offers_on_decline(struct master *m, struct framework *f,
                          const Scheduler__Call__DeclineInverseOffers *call)
{
    autofini(strbuf) ids = STRBUF(1 << 16);

    format_ids(call->inverse_offer_ids, call->n_inverse_offer_ids, &ids);
    log_info("Processing DECLINE_INVERSE_OFFERS call for inverse offers: "
             "[ %s ] for framework %s", ids.data, f->text);
    for (size_t i = 0; i < call->n_inverse_offer_ids; i++) {
        take_answer(m, f, call->inverse_offer_ids[i]->value, false,
                    call->filters);
    }
}

/* --- taking back --- */

void
inverse_offers_rescind(struct master *m, struct agent *agent)
{
    while (agent->absence && agent->absence->offers) {
        rescind(m, agent->absence->offers);
    }
}

void
inverse_offers_rescind_framework(struct master *m, struct framework *f)
{
    while (f->inverse_offers) {
        rescind(m, f->inverse_offers);
    }
}

void
inverse_offers_discard(struct master *m, struct framework *f)
{
    while (f->inverse_offers) {
        drop(m, f->inverse_offers, ALLOCATOR_NO_FILTER);
    }
}

void
inverse_offers_forget_framework(struct master *m, const struct framework *f)
{
    struct machine *machine = NULL;
    struct absence *absence;

    while ((machine = machines_next(&m->policy.machines, machine)) != NULL) {
        for (absence = machine->absences; absence; absence = absence->next) {
            absence_drop_answer(absence, f->id);
        }
    }
}
