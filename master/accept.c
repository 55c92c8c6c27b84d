/* SPDX-License-Identifier: Apache-2.0
 *
 * accept.c - ACCEPT: offers become tasks.
 *
 * The whole call is done in the turn it arrives in, orders to the agent
 * included.  What the tasks leave of the offers goes back to the allocator as
 * if it had been declined. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/allocator/allocator.h"
#include "master/private.h"
#include "master/validation.h"

/* One ACCEPT call while it is worked on. */
struct acceptance {
    struct master *m;
    struct framework *f;
    struct message *message;    /* the call's; borrowed */
    struct agent *agent;        /* of all the offers */
    char *role;                 /* of all the offers; owned */
    struct resources available; /* what is left of them */
};

static struct error *check_offers(struct master *, const struct framework *,
                                  const Scheduler__Call__Accept *);
static void refuse_offers(struct master *, struct framework *,
                          const Scheduler__Call__Accept *, struct error *);
static void run_operation(struct acceptance *,
                          const V1__Offer__Operation *);
static void launch(struct acceptance *, const V1__Offer__Operation__Launch *);
static void launch_task(struct acceptance *, const V1__TaskInfo *);
static void refuse_task(struct acceptance *, const V1__TaskInfo *,
                        V1__TaskStatus__Reason, const char *why);

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
               const struct actor_msg *msg,
               const Scheduler__Call__Accept *accept)
{
    struct acceptance a = {
        .m = m, .f = f, .message = actor_msg_message(msg),
    };
    struct error *error = check_offers(m, f, accept);
    double refuse_seconds;
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
    for (size_t i = 0; i < accept->n_operations; i++) {
        run_operation(&a, accept->operations[i]);
    }
    refuse_seconds = allocator_filter_seconds(
        accept->filters ? accept->filters->refuse_seconds : 5.0);
    if (refuse_seconds == 0 && accept->n_operations > 0) {
        /* It has taken some and wants the rest: now, not in a second. */
        refuse_seconds = ALLOCATOR_NO_FILTER;
    }
    allocator_recover(&m->base, &m->allocator, f->id, a.role,
                      a.agent->id->s, &a.available, refuse_seconds);
    resources_fini(&a.available);
    free(a.role);
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

    master_metrics_add_task(&m->metrics, (int) notice.state, 1);
    task_notify(m, f, &notice);
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

static void
refuse_group(struct acceptance *a, const V1__TaskGroupInfo *group)
{
    for (size_t i = 0; i < group->n_tasks; i++) {
        refuse_task(a, group->tasks[i],
                    V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID,
                    "Task groups are not supported");
    }
}

static void
run_operation(struct acceptance *a, const V1__Offer__Operation *op)
{
    const char *name = message_enum_name(
        &v1__offer__operation__type__descriptor, (int) op->type);

    switch (op->type) {
    case V1__OFFER__OPERATION__TYPE__LAUNCH:
        if (op->launch && op->id) {
            for (size_t i = 0; i < op->launch->n_task_infos; i++) {
                refuse_task(a, op->launch->task_infos[i],
                            V1__TASK_STATUS__REASON__REASON_TASK_INVALID,
                            "The `id` field cannot be set on LAUNCH "
                            "operations");
            }
        } else if (op->launch) {
            launch(a, op->launch);
        }
        break;
    case V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP:
        if (op->launch_group) {
            refuse_group(a, op->launch_group->task_group);
        }
        break;
    default:
        log_warn("Dropping %s operation from framework %s: This master does "
                 "not support it", name ? name : "UNKNOWN", a->f->text);
        break;
    }
}

/* Malformed resources of one task fail the operation as a whole. */
static struct error *
check_resources(const V1__Offer__Operation__Launch *in)
{
    for (size_t i = 0; i < in->n_task_infos; i++) {
        const V1__TaskInfo *task = in->task_infos[i];
        struct resources decoded;
        struct error *error = resources_decode(task->resources,
                                               task->n_resources, &decoded);

        if (!error) {
            resources_fini(&decoded);
        }
        if (!error && task->executor) {
            error = resources_decode(task->executor->resources,
                                     task->executor->n_resources, &decoded);
            if (!error) {
                resources_fini(&decoded);
            }
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

static void
launch(struct acceptance *a, const V1__Offer__Operation__Launch *in)
{
    struct error *error = check_resources(in);

    metric_increment(a->m->metrics.messages_launch_tasks, 1);
    if (in->n_task_infos == 0) {
        log_warn("Implicitly declining offers in ACCEPT call for framework %s "
                 "as the launch operation specified no tasks", a->f->id);
    }
    for (size_t i = 0; i < in->n_task_infos; i++) {
        if (error) {
            refuse_task(a, in->task_infos[i],
                        V1__TASK_STATUS__REASON__REASON_TASK_INVALID,
                        error_text(error));
        } else {
            launch_task(a, in->task_infos[i]);
        }
    }
    error_destroy(error);
}

static void
refuse_task(struct acceptance *a, const V1__TaskInfo *task,
            V1__TaskStatus__Reason reason, const char *why)
{
    struct task_notice notice = {
        .task_id = task->task_id->value, .agent_id = task->agent_id->value,
        .state = V1__TASK_STATE__TASK_ERROR, .reason = (int) reason,
        .text = why,
    };

    master_metrics_add_task(&a->m->metrics, V1__TASK_STATE__TASK_ERROR, 1);
    task_notify(a->m, a->f, &notice);
}

/* --- one task --- */

/* A task that is about to be launched, with its resources decoded. */
struct launch_order {
    const V1__TaskInfo *info;
    struct resources resources;
    struct resources executor_resources;
    struct executor *running;   /* NULL: none of that id yet */
};

static struct error *
decode(V1__Resource *const *from, size_t n, const char *role,
       struct resources *ret)
{
    struct error *error = resources_decode(from, n, ret);

    if (!error) {
        resources_set_allocation(ret, role);
    }
    return error;
}

static struct error *
prepare(struct acceptance *a, struct launch_order *order)
{
    const V1__TaskInfo *info = order->info;
    const V1__ExecutorInfo *executor = info->executor;
    struct error *error = decode(info->resources, info->n_resources, a->role,
                                 &order->resources);
    struct task_context context;

    if (!error && executor) {
        error = decode(executor->resources, executor->n_resources, a->role,
                       &order->executor_resources);
    }
    if (error) {
        return error;
    }
    if (executor) {
        order->running = agent_find_executor(a->agent, a->f,
                                             executor->executor_id->value);
    }
    context = (struct task_context) {
        .agent_id = a->agent->id->s,
        .framework_id = a->f->id,
        .role = a->role,
        .is_duplicate = framework_find_task(a->f, info->task_id->value),
        .is_unreachable = task_list_find(&a->f->unreachable,
                                         info->task_id->value),
        .available = &a->available,
        .running_executor = order->running ? order->running->info : NULL,
    };
    return validate_task(info, &order->resources, &order->executor_resources,
                         &context);
}

static void
add_executor(struct acceptance *a, const struct launch_order *order)
{
    const struct resources *resources = &order->executor_resources;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &text);
    log_info("Adding executor '%s' with resources %s of framework %s on agent "
             "%s", order->info->executor->executor_id->value, text.data,
             a->f->text, a->agent->text);
    agent_add_executor(a->agent, a->f, order->info->executor, resources,
                       a->role);
    resources_subtract(&a->available, resources);
    master_metrics_add_used(&a->m->metrics, resources, 1);
}

static void
add_task(struct acceptance *a, const struct launch_order *order)
{
    const V1__TaskInfo *info = order->info;
    const V1__CommandInfo *command =
        info->command ? info->command
        : info->executor ? info->executor->command : NULL;
    struct task *task = task_create_from_info(
        info, command ? command->user : NULL, &order->resources, a->role);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(&order->resources, &text);
    log_info("Adding task %s with resources %s of framework %s on agent %s",
             task->id, text.data, a->f->text, a->agent->text);
    resources_subtract(&a->available, &order->resources);
    tasks_add(a->m, a->f, a->agent, task);
}

/* The framework's TaskInfo with what it may leave out: the role of resources,
 * and the executor's framework. */
static V1__TaskInfo *
complete_info(struct acceptance *a, const struct launch_order *order,
              struct message *message)
{
    V1__TaskInfo *info = message_alloc(message, sizeof *info);

    *info = *order->info;
    resources_encode(&order->resources, message, &info->resources,
                     &info->n_resources);
    if (info->executor) {
        V1__ExecutorInfo *executor = message_alloc(message,
                                                   sizeof *executor);

        *executor = *info->executor;
        resources_encode(&order->executor_resources, message,
                         &executor->resources, &executor->n_resources);
        if (!executor->framework_id) {
            executor->framework_id =
                message_new(message, &v1__framework_id__descriptor);
            executor->framework_id->value = message_strdup(message,
                                                           a->f->id);
        }
        info->executor = executor;
    }
    if (info->health_check && !info->health_check->has_type) {
        V1__HealthCheck *check = message_alloc(message, sizeof *check);

        log_warn("The type of health check is not set; use of 'HealthCheck' "
                 "without specifying 'type' will be deprecated in Mesos 2.0");
        *check = *info->health_check;
        check->has_type = true;
        check->type = check->command ? V1__HEALTH_CHECK__TYPE__COMMAND
                                     : V1__HEALTH_CHECK__TYPE__HTTP;
        info->health_check = check;
    }
    return info;
}

static void
send_run_task(struct acceptance *a, const struct launch_order *order)
{
    struct message *message = message_create(&internal__run_task__descriptor);
    Internal__RunTask *run = message_root(message);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    message_hold(message, a->message);
    message_hold(message, a->f->info_message);
    run->framework = a->f->info;
    run->task = complete_info(a, order, message);
    run->pid = message_strdup(message, a->f->pid_text);
    run->has_launch_executor = true;
    run->launch_executor = !order->running;
    resources_format(&order->resources, &text);
    log_info("Launching task %s of framework %s with resources %s on agent %s "
             "on %s", order->info->task_id->value, a->f->text, text.data,
             a->agent->text, order->running ? " existing executor"
                                            : " new executor");
    actor_send_message(&a->m->base, &a->agent->pid, &msg_run_task, &message);
}

static void
launch_task(struct acceptance *a, const V1__TaskInfo *info)
{
    struct launch_order order = { .info = info };
    struct error *error = prepare(a, &order);

    if (error) {
        refuse_task(a, info, V1__TASK_STATUS__REASON__REASON_TASK_INVALID,
                    error_text(error));
        error_destroy(error);
    } else {
        if (info->executor && !order.running) {
            add_executor(a, &order);
        }
        add_task(a, &order);
        send_run_task(a, &order);
    }
    resources_fini(&order.resources);
    resources_fini(&order.executor_resources);
}
