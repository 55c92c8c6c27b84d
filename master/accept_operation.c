/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_operation.c - operations that change resources: RESERVE, CREATE and
 * so on.
 *
 * They are done here, in the allocator and at the agent, in this order and
 * without waiting: what comes after them, also in the same call, may build on
 * them. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/accept.h"
#include "master/allocator/allocator.h"
#include "master/framework_metrics.h"
#include "model/ids.h"
#include "model/operation.h"
#include "model/resources_common.h"

#define CAPABILITY(NAME) V1__AGENT_INFO__CAPABILITY__TYPE__##NAME

void
operation_drop(struct master *m, struct framework *f,
               const V1__Offer__Operation *op, const char *why)
{
    log_warn("Dropping %s operation from framework %s: %s",
             operation_type_name((int) op->type), f->text, why);
    operation_metrics_add(&m->operation_metrics, (int) op->type,
                          V1__OPERATION_STATE__OPERATION_ERROR);
    if (op->id) {
        operation_notify(m, f, op->id->value,
                         V1__OPERATION_STATE__OPERATION_ERROR, why, NULL);
    }
}

/* --- what can be said of the operation alone --- */

static struct error *
check_resources(const V1__Offer__Operation *op)
{
    struct operation decoded;
    struct error *error;

    if (op->reserve && op->reserve->n_source > 0) {
        return error_create(ERROR_INVALID, "Reservation updates are not yet "
                            "implemented for the scheduler API.");
    }
    error = operation_decode(op, NULL, &decoded);
    if (!error) {
        operation_fini(&decoded);
    }
    return error;
}

/* An id is how the framework and we talk of an operation, so there may not be
 * two of the same. */
static struct error *
check_id(struct acceptance *a, const V1__Offer__Operation *op)
{
    const struct agent *agent = a->agent;
    struct error *error = id_validate(op->id->value);

    if (error) {
        return error_wrap(error, "Operation has an invalid ID");
    }
    if (operations_find_id(&a->m->operations, a->f->id, op->id->value)) {
        return error_create(ERROR_INVALID, "Operation has duplicate ID: %s",
                            op->id->value);
    }
    if (!agent_has_capability(agent, CAPABILITY(RESOURCE_PROVIDER))) {
        return error_create(ERROR_INVALID, "Operation requested feedback, but "
                            "agent %s does not have the required "
                            "RESOURCE_PROVIDER capability", agent->id->s);
    }
    if (!agent_has_capability(agent, CAPABILITY(AGENT_OPERATION_FEEDBACK))) {
        return error_create(ERROR_INVALID, "Operation on agent default "
                            "resources requested feedback, but agent %s does "
                            "not have the required AGENT_OPERATION_FEEDBACK "
                            "and RESOURCE_PROVIDER capabilities",
                            agent->id->s);
    }
    return NULL;
}

bool
accept_check_operation(struct acceptance *a, const V1__Offer__Operation *op)
{
    struct error *error = NULL;

    if (operation_is_speculative((int) op->type)) {
        error = error_wrap(check_resources(op), "Operation attempted with "
                           "invalid resources");
    }
    if (!error && op->id) {
        error = check_id(a, op);
    }
    if (!error) {
        return true;
    }
    operation_drop(a->m, a->f, op, error_text(error));
    error_destroy(error);
    return false;
}

/* --- judging --- */

static bool
wants_shared(const struct framework *f)
{
    for (size_t i = 0; i < f->info->n_capabilities; i++) {
        if (f->info->capabilities[i]->type
            == V1__FRAMEWORK_INFO__CAPABILITY__TYPE__SHARED_RESOURCES) {
            return true;
        }
    }
    return false;
}

static struct error *
judge(struct acceptance *a, const struct operation *op)
{
    const struct agent *agent = a->agent;
    size_t n_roles = framework_n_roles(a->f);
    autofree const char **roles = alloc_array(n_roles + 1, sizeof *roles);
    autofini(resources) checkpointed = { 0 };
    autofini(resources) used = { 0 };
    struct operation_rules rules = {
        .principal = a->f->info->principal,
        .is_framework = true,
        .framework_id = a->f->id,
        .roles = roles,
        .n_roles = n_roles,
        .wants_shared = wants_shared(a->f),
        .checkpointed = &checkpointed,
        .used = &used,
    };
    struct error *error;

    for (size_t i = 0; i < n_roles; i++) {
        roles[i] = framework_role(a->f, i);
    }
    operation_rules_of_agent(agent, &rules, &checkpointed, &used);
    error = operation_check(op, &rules);
    if (error) {
        struct error *whole = error_create(error_code(error),
                                           "%s; on agent %s",
                                           error_text(error), agent->text);

        error_destroy(error);
        error = whole;
    }
    return error;
}

/* --- doing --- */

static void
log_applying(const struct acceptance *a, const struct operation *op)
{
    bool has_volumes = op->type == V1__OFFER__OPERATION__TYPE__CREATE
        || op->type == V1__OFFER__OPERATION__TYPE__DESTROY;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) other = STRBUF(STRBUF_UNLIMITED);

    resources_format(&op->resources, &text);
    switch (op->type) {
    case V1__OFFER__OPERATION__TYPE__GROW_VOLUME:
        resources_format(&op->other, &other);
        log_info("Processing GROW_VOLUME operation for volume %s with "
                 "additional resource %s from framework %s on agent %s",
                 text.data, other.data, a->f->text, a->agent->text);
        break;
    case V1__OFFER__OPERATION__TYPE__SHRINK_VOLUME:
        strbuf_append_double(&other, (double) op->subtract / 1000, false);
        log_info("Processing SHRINK_VOLUME operation for volume %s "
                 "subtracting scalar value %s from framework %s on agent %s",
                 text.data, other.data, a->f->text, a->agent->text);
        break;
    default:
        log_info("Applying %s operation for %s %s from framework %s to agent "
                 "%s", operation_type_name(op->type),
                 has_volumes ? "volumes" : "resources", text.data,
                 a->f->text, a->agent->text);
        break;
    }
}

/* What the conversion made may be used by this call, but a volume of another
 * size: Mesos found no way to undo that. */
static void
note_made(struct acceptance *a, const struct operation *op,
          const struct resource_conversion *c)
{
    struct resources gone;

    if (op->type == V1__OFFER__OPERATION__TYPE__GROW_VOLUME
        || op->type == V1__OFFER__OPERATION__TYPE__SHRINK_VOLUME) {
        resources_subtract(&a->available, &c->converted);
        resources_add(&a->resized, &c->converted);
        return;
    }
    resources_common(&a->made, &c->consumed, &gone);
    resources_subtract(&a->made, &gone);
    resources_add(&a->made, &c->converted);
    resources_fini(&gone);
}

static struct error *
apply(struct acceptance *a, const struct operation *op)
{
    struct resource_conversion *conversions, *plain;
    struct error *error;
    size_t n;

    operation_convert(op, &conversions, &n);
    plain = alloc_array(n + 1, sizeof *plain);
    for (size_t i = 0; i < n; i++) {
        resource_conversion_init_copy(&plain[i], &conversions[i]);
        resource_conversion_set_allocation(&plain[i], NULL);
    }
    error = operation_apply(conversions, n, &a->available);
    if (!error) {
        agent_convert_total(a->m, a->agent, plain, n);
        allocator_convert_held(&a->m->base, &a->m->allocator, a->f->id,
                               a->role, a->agent->id->s, plain, n);
        for (size_t i = 0; i < n; i++) {
            note_made(a, op, &conversions[i]);
        }
    }
    resource_conversions_destroy(conversions, n);
    resource_conversions_destroy(plain, n);
    return error;
}

static struct error *
run(struct acceptance *a, const V1__Offer__Operation *op,
    const struct operation *decoded)
{
    struct error *error;

    if (!agent_has_capability(a->agent, CAPABILITY(RESOURCE_PROVIDER))) {
        return error_create(ERROR_UNSUPPORTED, "Agent %s does not have the "
                            "RESOURCE_PROVIDER capability that operations "
                            "need", a->agent->id->s);
    }
    error = judge(a, decoded);
    if (error) {
        return error;
    }
    if (op->type == V1__OFFER__OPERATION__TYPE__DESTROY) {
        agent_rescind_volumes(a->m, a->agent, &decoded->resources);
    }
    return apply(a, decoded);
}

void
accept_operation(struct acceptance *a, const V1__Offer__Operation *op)
{
    struct operation decoded = { 0 };
    struct error *error = operation_decode(op, a->role, &decoded);

    if (!error && op->id) {
        /* Another one of this call may have taken the id. */
        error = check_id(a, op);
    }
    if (!error) {
        error = run(a, op, &decoded);
    }
    if (error) {
        operation_drop(a->m, a->f, op, error_text(error));
        error_destroy(error);
    } else {
        framework_metrics_add_operation(a->f->metrics, op->type);
        log_applying(a, &decoded);
        operation_send(a->m, a->agent, a->f->id, a->message, op);
    }
    operation_fini(&decoded);
}

/* --- disks of providers --- */

static const char *
why_no_disk(const V1__Resource *source)
{
    return source && source->provider_id
        ? "'source' is of a resource provider that the agent does not have"
        : "'source' is not managed by a resource provider";
}

void
accept_disk_operation(struct acceptance *a, const V1__Offer__Operation *op)
{
    const V1__Resource *source =
        op->create_disk ? op->create_disk->source
        : op->destroy_disk ? op->destroy_disk->source : NULL;
    autofree char *why = xasprintf("%s; on agent %s", why_no_disk(source),
                                   a->agent->text);

    operation_drop(a->m, a->f, op, why);
}
