/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_group.c - LAUNCH_GROUP: tasks that start together, in one executor.
 *
 * All are launched or none is. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/accept.h"
#include "master/framework_metrics.h"

/* A group that is about to be launched; all of it owned. */
struct group_order {
    const V1__Offer__Operation__LaunchGroup *in;

    /* The tasks, each with the executor. */
    struct message *message;
    V1__TaskGroupInfo *group;
    const V1__ExecutorInfo *executor_info;
    struct resources *resources;        /* of each task */
    struct resources executor_resources;
    struct executor *running;   /* borrowed; NULL: none of that id yet */
};

static void
group_order_init(struct acceptance *a, struct group_order *order,
                 const V1__Offer__Operation__LaunchGroup *in)
{
    size_t n = in->task_group->n_tasks;

    order->in = in;
    order->message = message_create(&v1__task_group_info__descriptor);
    order->group = message_root(order->message);
    order->executor_info = in->executor;
    order->group->n_tasks = n;
    order->group->tasks = message_array(order->message, n,
                                        sizeof *order->group->tasks);
    for (size_t i = 0; i < n; i++) {
        V1__TaskInfo *task = message_alloc(order->message, sizeof *task);

        *task = *in->task_group->tasks[i];
        if (!task->executor) {
            task->executor = in->executor;
        }
        order->group->tasks[i] = task;
    }
    message_hold(order->message, a->message);
    order->resources = xcalloc(n + 1, sizeof *order->resources);
    order->running = agent_find_executor(a->agent, a->f,
                                         in->executor->executor_id->value);
}

static void
group_order_fini(struct group_order *order)
{
    for (size_t i = 0; i < order->group->n_tasks; i++) {
        resources_fini(&order->resources[i]);
    }
    free(order->resources);
    resources_fini(&order->executor_resources);
    message_unref(order->message);
}

static bool
is_twice(const V1__TaskGroupInfo *group, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (!strcmp(group->tasks[i]->task_id->value,
                    group->tasks[j]->task_id->value)) {
            return true;
        }
    }
    return false;
}

static struct error *
validate(struct acceptance *a, const struct group_order *order)
{
    size_t n = order->group->n_tasks;
    struct task_context *contexts = xcalloc(n + 1, sizeof *contexts);
    struct error *error;

    for (size_t i = 0; i < n; i++) {
        contexts[i] = accept_task_context(a, order->group->tasks[i],
                                          order->running);
        contexts[i].is_duplicate |= is_twice(order->group, i);
        contexts[i].is_group = true;
    }
    error = validate_group(order->group, order->in->executor,
                           order->resources, &order->executor_resources,
                           contexts);
    free(contexts);
    return error;
}

static struct error *
prepare(struct acceptance *a, struct group_order *order)
{
    const V1__ExecutorInfo *executor = order->in->executor;
    struct error *error = accept_decode(a, executor->resources,
                                        executor->n_resources,
                                        &order->executor_resources);

    for (size_t i = 0; i < order->group->n_tasks && !error; i++) {
        error = accept_decode(a, order->group->tasks[i]->resources,
                              order->group->tasks[i]->n_resources,
                              &order->resources[i]);
    }
    return error ? error : validate(a, order);
}

static void
send_run_task_group(struct acceptance *a, const struct group_order *order)
{
    struct message *message =
        message_create(&internal__run_task_group__descriptor);
    Internal__RunTaskGroup *run = message_root(message);
    V1__TaskGroupInfo *group = message_new(message,
                                           &v1__task_group_info__descriptor);

    message_hold(message, order->message);
    message_hold(message, a->f->info_message);
    group->n_tasks = order->group->n_tasks;
    group->tasks = message_array(message, group->n_tasks,
                                 sizeof *group->tasks);
    for (size_t i = 0; i < group->n_tasks; i++) {
        group->tasks[i] = accept_complete_task(
            a, order->group->tasks[i], &order->resources[i],
            &order->executor_resources, message);
    }
    run->framework = a->f->info;
    run->pid = message_strdup(message, a->f->pid_text);
    run->executor = accept_complete_executor(a, order->in->executor,
                                             &order->executor_resources,
                                             message);
    run->task_group = group;
    run->has_launch_executor = true;
    run->launch_executor = !order->running;
    run->n_resource_version_uuids = 1;
    run->resource_version_uuids =
        message_array(message, 1, sizeof *run->resource_version_uuids);
    run->resource_version_uuids[0] =
        uuid_to_message(&a->agent->resource_version, message);
    actor_send_message(&a->m->base, &a->agent->pid, &msg_run_task_group,
                       &message);
}

static void
log_launch(const struct acceptance *a, const struct group_order *order)
{
    autofini(strbuf) ids = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(resources) total = { 0 };

    for (size_t i = 0; i < order->group->n_tasks; i++) {
        strbuf_printf(&ids, "%s%s", i ? ", " : "",
                      order->group->tasks[i]->task_id->value);
        resources_add(&total, &order->resources[i]);
    }
    resources_format(&total, &text);
    log_info("Launching task group { %s } of framework %s with resources %s "
             "on agent %s on %s", ids.data, a->f->text, text.data,
             a->agent->text, order->running ? " existing executor"
                                            : " new executor");
}

void
accept_launch_group(struct acceptance *a,
                    const V1__Offer__Operation__LaunchGroup *in)
{
    struct group_order order = { 0 };
    struct error *error;

    group_order_init(a, &order, in);
    error = prepare(a, &order);
    if (error) {
        accept_refuse_tasks(
            a, order.group->tasks, order.group->n_tasks,
            V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID,
            error_text(error));
        error_destroy(error);
    } else {
        metric_increment(a->m->metrics.messages_launch_tasks, 1);
        if (!order.running) {
            accept_add_executor(a, in->executor, &order.executor_resources);
        }
        for (size_t i = 0; i < order.group->n_tasks; i++) {
            accept_add_task(a, order.group->tasks[i], &order.resources[i]);
        }
        framework_metrics_add_operation(
            a->f->metrics, V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP);
        log_launch(a, &order);
        send_run_task_group(a, &order);
    }
    group_order_fini(&order);
}
