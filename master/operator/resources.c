/* SPDX-License-Identifier: Apache-2.0
 *
 * resources.c - calls that change the resources of an agent: reservations and
 * volumes, made and undone by an operator.
 *
 * They are for what nobody holds.  What is offered is taken back, one offer
 * after the other and no more than it takes; then the allocator changes what
 * is free, or says that it is not free.
 *
 * Mirrors Master::Http::_operation() of Mesos' src/master/http.cpp, which takes
 * back offers first and asks whether that was needed after. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/allocator/allocator.h"
#include "master/operator/operator.h"
#include "model/operation.h"
#include "model/resources_common.h"

#define ALLOCATOR_TIMEOUT MINUTE
#define TYPE(NAME) V1__OFFER__OPERATION__TYPE__##NAME

enum { CHANGE_CONVERT, CHANGE_PUBLISH, CHANGE_FAILED };

/* One call on its way. */
struct change {
    struct op base;
    struct operator_call *call; /* owned; NULL: it is answered */
    struct message *message;    /* counted; its root is 'info' */
    V1__Offer__Operation *info;
    char *agent_id;             /* owned */
    struct operation operation;
    struct resource_conversion *conversions;    /* owned */
    size_t n_conversions;
};

static struct change *
change_cast(struct op *op)
{
    return CONTAINER_OF(op, struct change, base);
}

static enum op_next
answer(struct change *change, int status, const char *text)
{
    operator_answer(steal(change->call), status, text);
    return OP_DONE;
}

static void
change_free(struct change *change)
{
    resource_conversions_destroy(change->conversions, change->n_conversions);
    operation_fini(&change->operation);
    message_unref(change->message);
    free(change->agent_id);
    free(change);
}

static void
change_destroy(struct op *op)
{
    struct change *change = change_cast(op);

    if (change->call) {
        answer(change, 503, "Service Unavailable");
    }
    change_free(change);
}

/* --- steps --- */

static enum op_next
change_convert(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct change *change = change_cast(op);
    struct actor_msg *msg;

    if (!agents_find(&m->agents, change->agent_id)) {
        return answer(change, 409, "Agent removed while processing the call");
    }
    msg = allocator_convert_free_create(change->agent_id, change->conversions,
                                        change->n_conversions);
    return op_call(op, &m->allocator, &msg, &msg_allocator_converted,
                   ALLOCATOR_TIMEOUT, CHANGE_PUBLISH);
}

/* Whether some of what the operation takes is in the offer. */
static bool
is_of_use(const struct change *change, const struct offer *offer)
{
    struct resources offered;
    bool is = false;

    resources_init_copy(&offered, &offer->resources);
    resources_set_allocation(&offered, NULL);
    for (size_t i = 0; i < change->n_conversions && !is; i++) {
        struct resources common;

        resources_common(&offered, &change->conversions[i].consumed, &common);
        is = !resources_is_empty(&common);
        resources_fini(&common);
    }
    resources_fini(&offered);
    return is;
}

/* Takes an offer back that is of use; false if there is none. */
static bool
rescind_one(struct master *m, const struct change *change)
{
    struct agent *agent = agents_find(&m->agents, change->agent_id);

    for (struct offer *it = agent ? agent->offers : NULL; it;
         it = it->agent_next) {
        if (is_of_use(change, it)) {
            offer_rescind(m, it);
            return true;
        }
    }
    return false;
}

static enum op_next
change_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct change *change = change_cast(op);
    const struct allocator_converted *converted =
        actor_msg_body(op_reply(op), &msg_allocator_converted);
    struct agent *agent = agents_find(&m->agents, change->agent_id);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (converted->error) {
        return rescind_one(m, change)
                   ? op_goto(op, CHANGE_CONVERT)
                   : answer(change, 409, error_text(converted->error));
    }
    if (!agent) {
        return answer(change, 409, "Agent removed while processing the call");
    }
    resources_format(&change->operation.resources, &text);
    log_info("Applying %s operation of an operator for %s to agent %s",
             operation_type_name(change->operation.type), text.data,
             agent->text);
    agent_convert_total(m, agent, change->conversions, change->n_conversions);
    operation_send(m, agent, NULL, change->message, change->info);
    return answer(change, 202, NULL);
}

static enum op_next
change_failed(struct actor *self UNUSED, struct op *op)
{
    return answer(change_cast(op), 503, error_text(op_error(op)));
}

static const struct op_step steps[] = {
    [CHANGE_CONVERT] = { "convert", change_convert },
    [CHANGE_PUBLISH] = { "publish", change_publish },
    [CHANGE_FAILED] = { "failed", change_failed },
};

static const struct op_type change_type = {
    .name = "operator-change", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = CHANGE_FAILED, .destroy = change_destroy,
};

/* --- what is asked for --- */

static struct error *
check(const struct agent *agent, const struct operation *operation)
{
    autofini(resources) checkpointed = { 0 };
    autofini(resources) used = { 0 };
    struct operation_rules rules = { .is_framework = false };

    if (!agent_has_capability(
            agent, V1__AGENT_INFO__CAPABILITY__TYPE__RESOURCE_PROVIDER)) {
        return error_create(ERROR_INVALID, "Agent does not have the "
                            "RESOURCE_PROVIDER capability that operations "
                            "need");
    }
    operation_rules_of_agent(agent, &rules, &checkpointed, &used);
    return operation_check(operation, &rules);
}

/* A change for the operation, which is not complete yet; its parts may be of
 * the call. */
static struct change *
change_create(struct operator_call *call, V1__Offer__Operation__Type type)
{
    struct change *change = xcalloc(1, sizeof *change);

    change->call = call;
    change->message = message_create(&v1__offer__operation__descriptor);
    message_hold(change->message, call->message);
    change->info = message_root(change->message);
    change->info->has_type = true;
    change->info->type = type;
    return change;
}

static void
change_start(struct master *m, struct change *change,
             const V1__AgentID *agent_id)
{
    const struct agent *agent = agents_find(&m->agents, agent_id->value);
    struct error *error;

    if (!agent) {
        answer(change, 400, "No agent found with specified ID");
        change_free(change);
        return;
    }
    change->agent_id = xstrdup(agent_id->value);
    error = operation_decode(change->info, NULL, &change->operation);
    if (!error) {
        error = check(agent, &change->operation);
    }
    if (error) {
        autofree char *text = xasprintf(
            "Invalid %s operation on agent %s: %s",
            operation_type_name((int) change->info->type), agent->text,
            error_text(error));

        error_destroy(error);
        answer(change, 400, text);
        change_free(change);
        return;
    }
    operation_convert(&change->operation, &change->conversions,
                      &change->n_conversions);
    if (change->info->type == TYPE(DESTROY)) {
        agent_rescind_volumes(m, agents_find(&m->agents, agent_id->value),
                              &change->operation.resources);
    }
    op_start(&m->base, &change->base, &change_type);
}

void
operator_reserve_resources(struct master *m, struct operator_call *call)
{
    const Master__Call__ReserveResources *in = call->in->reserve_resources;
    struct change *change = change_create(call, TYPE(RESERVE));
    V1__Offer__Operation__Reserve *out = message_new(
        change->message, &v1__offer__operation__reserve__descriptor);

    out->n_source = in->n_source;
    out->source = in->source;
    out->n_resources = in->n_resources;
    out->resources = in->resources;
    change->info->reserve = out;
    change_start(m, change, in->agent_id);
}

void
operator_unreserve_resources(struct master *m, struct operator_call *call)
{
    const Master__Call__UnreserveResources *in =
        call->in->unreserve_resources;
    struct change *change = change_create(call, TYPE(UNRESERVE));
    V1__Offer__Operation__Unreserve *out = message_new(
        change->message, &v1__offer__operation__unreserve__descriptor);

    out->n_resources = in->n_resources;
    out->resources = in->resources;
    change->info->unreserve = out;
    change_start(m, change, in->agent_id);
}

void
operator_create_volumes(struct master *m, struct operator_call *call)
{
    const Master__Call__CreateVolumes *in = call->in->create_volumes;
    struct change *change = change_create(call, TYPE(CREATE));
    V1__Offer__Operation__Create *out = message_new(
        change->message, &v1__offer__operation__create__descriptor);

    out->n_volumes = in->n_volumes;
    out->volumes = in->volumes;
    change->info->create = out;
    change_start(m, change, in->agent_id);
}

void
operator_destroy_volumes(struct master *m, struct operator_call *call)
{
    const Master__Call__DestroyVolumes *in = call->in->destroy_volumes;
    struct change *change = change_create(call, TYPE(DESTROY));
    V1__Offer__Operation__Destroy *out = message_new(
        change->message, &v1__offer__operation__destroy__descriptor);

    out->n_volumes = in->n_volumes;
    out->volumes = in->volumes;
    change->info->destroy = out;
    change_start(m, change, in->agent_id);
}

/* Whether the call says on which agent, which for once is optional; or it has
 * been answered. */
static bool
has_agent_id(struct operator_call *call, const V1__AgentID *agent_id)
{
    if (!agent_id) {
        operator_answer(call, 400, "Failed to validate master::Call: "
                        "Expecting 'agent_id' to be present; only agent "
                        "default resources are supported right now");
    }
    return agent_id != NULL;
}

void
operator_grow_volume(struct master *m, struct operator_call *call)
{
    const Master__Call__GrowVolume *in = call->in->grow_volume;

    if (has_agent_id(call, in->agent_id)) {
        struct change *change = change_create(call, TYPE(GROW_VOLUME));
        V1__Offer__Operation__GrowVolume *out = message_new(
            change->message, &v1__offer__operation__grow_volume__descriptor);

        out->volume = in->volume;
        out->addition = in->addition;
        change->info->grow_volume = out;
        change_start(m, change, in->agent_id);
    }
}

void
operator_shrink_volume(struct master *m, struct operator_call *call)
{
    const Master__Call__ShrinkVolume *in = call->in->shrink_volume;

    if (has_agent_id(call, in->agent_id)) {
        struct change *change = change_create(call, TYPE(SHRINK_VOLUME));
        V1__Offer__Operation__ShrinkVolume *out = message_new(
            change->message,
            &v1__offer__operation__shrink_volume__descriptor);

        out->volume = in->volume;
        out->subtract = in->subtract;
        change->info->shrink_volume = out;
        change_start(m, change, in->agent_id);
    }
}
