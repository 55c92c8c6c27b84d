/* SPDX-License-Identifier: Apache-2.0
 *
 * accept.c - ACCEPT: offers become tasks, reservations and volumes.
 *
 * The whole call is done in the turn it arrives in, orders to the agent
 * included.  What the operations leave of the offers goes back to the
 * allocator as if it had been declined. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/accept.h"
#include "master/allocator/allocator.h"
#include "master/framework_metrics.h"
#include "master/private.h"
#include "model/resources_common.h"

static struct error *check_offers(struct master *, const struct framework *,
                                  const Scheduler__Call__Accept *);
static void refuse_offers(struct master *, struct framework *,
                          const Scheduler__Call__Accept *, struct error *);
static void run_operations(struct acceptance *,
                           const Scheduler__Call__Accept *);
static void give_back(struct acceptance *, const Scheduler__Call__Accept *);

static void
format_offer_ids(const Scheduler__Call__Accept *accept, struct strbuf *out)
{
    strbuf_append(out, "[ ");
    for (size_t i = 0; i < accept->n_offer_ids; i++) {
        strbuf_printf(out, "%s%s", i ? ", " : "",
                      accept->offer_ids[i]->value);
    }
    strbuf_append(out, " ]");
}

void
accept_on_call(struct master *m, struct framework *f,
               struct message *message,
               const Scheduler__Call__Accept *accept)
{
    struct acceptance a = {
        .m = m, .f = f, .message = message,
    };
    struct error *error = check_offers(m, f, accept);
    autofini(strbuf) ids = STRBUF(1 << 16);

    if (error) {
        refuse_offers(m, f, accept, error);
        return;
    }
    a.agent = offers_find(m->offers, accept->offer_ids[0]->value)->agent;
    a.role = xstrdup(offers_find(m->offers,
                                 accept->offer_ids[0]->value)->role);
    format_offer_ids(accept, &ids);
    log_info("Processing ACCEPT call for offers: %s on agent %s for framework "
             "%s", ids.data, a.agent->text, f->text);
    for (size_t i = 0; i < accept->n_offer_ids; i++) {
        struct resources resources;

        offer_take(m, offers_find(m->offers, accept->offer_ids[i]->value),
                   &resources);
        resources_add(&a.available, &resources);
        resources_fini(&resources);
    }
    framework_metrics_add_offers(f->metrics, accept->n_operations > 0
                                 ? FRAMEWORK_OFFERS_ACCEPTED
                                 : FRAMEWORK_OFFERS_DECLINED,
                                 accept->n_offer_ids);
    run_operations(&a, accept);
    give_back(&a, accept);
    free(a.role);
}

/* What operations have made and nobody has taken is offered again at once; the
 * rest counts as declined. */
static void
give_back(struct acceptance *a, const Scheduler__Call__Accept *accept)
{
    struct actor *self = &a->m->base;
    const struct upid *allocator = &a->m->allocator;
    double refuse_seconds = allocator_filter_seconds(
        accept->filters ? accept->filters->refuse_seconds : 5.0);
    struct resources made;

    if (refuse_seconds == 0 && accept->n_operations > 0) {
        /* It has taken some and wants the rest: now, not in a second. */
        refuse_seconds = ALLOCATOR_NO_FILTER;
    }
    resources_common(&a->available, &a->made, &made);
    resources_subtract(&a->available, &made);
    resources_add(&made, &a->resized);
    if (!resources_is_empty(&made)) {
        allocator_recover(self, allocator, a->f->id, a->role, a->agent->id->s,
                          &made, ALLOCATOR_NO_FILTER);
    }
    allocator_recover(self, allocator, a->f->id, a->role, a->agent->id->s,
                      &a->available, refuse_seconds);
    resources_fini(&made);
    resources_fini(&a->available);
    resources_fini(&a->made);
    resources_fini(&a->resized);
}

/* --- the offers --- */

static bool
is_duplicate(const Scheduler__Call__Accept *accept, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (!strcmp(accept->offer_ids[i]->value,
                    accept->offer_ids[j]->value)) {
            return true;
        }
    }
    return false;
}

static struct error *
check_offer(const struct framework *f, const struct offer *offer,
            const struct offer *first)
{
    if (offer->framework != f) {
        return error_create(ERROR_INVALID, "Offer %s has invalid framework %s "
                            "while framework %s is expected", offer->id,
                            offer->framework->id, f->id);
    }
    if (strcmp(offer->role, first->role)) {
        return error_create(ERROR_INVALID, "Aggregated offers must be "
                            "allocated to the same role. Offer %s uses role "
                            "%s but another is using role %s", offer->id,
                            offer->role, first->role);
    }
    if (offer->agent != first->agent) {
        return error_create(ERROR_INVALID, "Aggregated offers must belong to "
                            "one single agent. Offer %s uses agent %s and "
                            "offer %s uses agent %s", offer->id,
                            offer->agent->id->s, first->id,
                            first->agent->id->s);
    }
    return NULL;
}

static struct error *
check_offers(struct master *m, const struct framework *f,
             const Scheduler__Call__Accept *accept)
{
    const struct offer *first = NULL;

    if (accept->n_offer_ids == 0) {
        return error_create(ERROR_INVALID, "No offers specified");
    }
    for (size_t i = 0; i < accept->n_offer_ids; i++) {
        const char *id = accept->offer_ids[i]->value;
        const struct offer *offer = offers_find(m->offers, id);
        struct error *error;

        if (is_duplicate(accept, i)) {
            return error_create(ERROR_INVALID, "Duplicate offer %s in offer "
                                "list", id);
        }
        if (!offer) {
            return error_create(ERROR_INVALID, "Offer %s is no longer valid",
                                id);
        }
        first = first ? first : offer;
        error = check_offer(f, offer, first);
        if (error) {
            return error;
        }
    }
    return NULL;
}

static void
lose_task(struct master *m, struct framework *f, const V1__TaskInfo *task,
          const char *text)
{
    struct task_notice notice = {
        .task_id = task->task_id->value, .agent_id = task->agent_id->value,
        .state = partition_state(f, V1__TASK_STATE__TASK_DROPPED),
        .reason = V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS,
        .text = text,
    };

    tasks_count(m, f, (int) notice.state, 1);
    task_notify(m, f, &notice);
}

static void
drop_invalid(struct master *m, struct framework *f,
             const V1__Offer__Operation *op, const struct error *error)
{
    autofini(strbuf) text = STRBUF(1 << 16);

    strbuf_printf(&text, "Operation attempted with invalid offers: %s",
                  error_text(error));
    operation_drop(m, f, op, text.data);
}

static void
refuse_offers(struct master *m, struct framework *f,
              const Scheduler__Call__Accept *accept, struct error *error)
{
    autofini(strbuf) ids = STRBUF(1 << 16);
    autofini(strbuf) text = STRBUF(1 << 16);

    format_offer_ids(accept, &ids);
    log_warn("ACCEPT call used invalid offers '%s': %s", ids.data,
             error_text(error));
    for (size_t i = 0; i < accept->n_offer_ids; i++) {
        struct offer *offer = offers_find(m->offers,
                                          accept->offer_ids[i]->value);

        if (offer && offer->framework == f) {
            offer_discard(m, offer, ALLOCATOR_NO_FILTER);
        }
    }
    strbuf_printf(&text, "Task launched with invalid offers: %s",
                  error_text(error));
    for (size_t i = 0; i < accept->n_operations; i++) {
        const V1__Offer__Operation *op = accept->operations[i];

        if (op->type != V1__OFFER__OPERATION__TYPE__LAUNCH
            && op->type != V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP) {
            drop_invalid(m, f, op, error);
        }
        for (size_t j = 0; op->launch && j < op->launch->n_task_infos; j++) {
            lose_task(m, f, op->launch->task_infos[j], text.data);
        }
        if (op->launch_group) {
            const V1__TaskGroupInfo *group = op->launch_group->task_group;

            for (size_t j = 0; j < group->n_tasks; j++) {
                lose_task(m, f, group->tasks[j], text.data);
            }
        }
    }
    error_destroy(error);
}

/* --- operations --- */

/* What is wrong with an operation by itself is told before anything is
 * done. */
static bool
check(struct acceptance *a, const V1__Offer__Operation *op)
{
    switch (op->type) {
    case V1__OFFER__OPERATION__TYPE__LAUNCH:
        return accept_check_launch(a, op);
    case V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP:
        return accept_check_group(a, op);
    case V1__OFFER__OPERATION__TYPE__UNKNOWN:
        log_warn("Ignoring unknown operation");
        return false;
    default:
        return accept_check_operation(a, op);
    }
}

static void
run_operation(struct acceptance *a, const V1__Offer__Operation *op)
{
    switch (op->type) {
    case V1__OFFER__OPERATION__TYPE__LAUNCH:
        accept_launch(a, op->launch);
        break;
    case V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP:
        accept_launch_group(a, op->launch_group);
        break;
    case V1__OFFER__OPERATION__TYPE__CREATE_DISK:
    case V1__OFFER__OPERATION__TYPE__DESTROY_DISK:
        accept_disk_operation(a, op);
        break;
    default:
        accept_operation(a, op);
        break;
    }
}

static void
run_operations(struct acceptance *a, const Scheduler__Call__Accept *accept)
{
    size_t n = accept->n_operations;
    autofree bool *is_fine = alloc_array(n + 1, sizeof *is_fine);

    for (size_t i = 0; i < n; i++) {
        is_fine[i] = check(a, accept->operations[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_fine[i]) {
            run_operation(a, accept->operations[i]);
        }
    }
}
