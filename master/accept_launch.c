/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_launch.c - LAUNCH: tasks out of offers.
 *
 * A task that is wrong is refused alone. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/accept.h"
#include "master/framework_metrics.h"
#include "master/validation.h"

/* A task that is about to be launched, with its resources decoded. */
struct launch_order {
    const V1__TaskInfo *info;
    struct resources resources;
    struct resources executor_resources;
    struct executor *running;   /* NULL: none of that id yet */
};

static struct error *
prepare(struct acceptance *a, struct launch_order *order)
{
    const V1__TaskInfo *info = order->info;
    const V1__ExecutorInfo *executor = info->executor;
    struct error *error = accept_decode(a, info->resources,
                                        info->n_resources,
                                        &order->resources);
    struct task_context context;

    if (!error && executor) {
        error = accept_decode(a, executor->resources, executor->n_resources,
                              &order->executor_resources);
    }
    if (error) {
        return error;
    }
    if (executor) {
        order->running = agent_find_executor(a->agent, a->f,
                                             executor->executor_id->value);
    }
    context = accept_task_context(a, info, order->running);
    return validate_task(info, &order->resources, &order->executor_resources,
                         &context);
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
    run->task = accept_complete_task(
        a, order->info, &order->resources, &order->executor_resources,
        message);
    run->pid = message_strdup(message, a->f->pid_text);
    run->n_resource_version_uuids = 1;
    run->resource_version_uuids =
        message_array(message, 1, sizeof *run->resource_version_uuids);
    run->resource_version_uuids[0] =
        uuid_to_message(&a->agent->resource_version, message);
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
        accept_refuse_task(a, info, V1__TASK_STATUS__REASON__REASON_TASK_INVALID,
                    error_text(error));
        error_destroy(error);
    } else {
        if (info->executor && !order.running) {
            accept_add_executor(a, info->executor,
                                &order.executor_resources);
        }
        accept_add_task(a, info, &order.resources);
        framework_metrics_add_operation(a->f->metrics,
                                        V1__OFFER__OPERATION__TYPE__LAUNCH);
        send_run_task(a, &order);
    }
    resources_fini(&order.resources);
    resources_fini(&order.executor_resources);
}

void
accept_launch(struct acceptance *a, const V1__Offer__Operation__Launch *in)
{
    metric_increment(a->m->metrics.messages_launch_tasks, 1);
    if (in->n_task_infos == 0) {
        log_warn("Implicitly declining offers in ACCEPT call for framework %s "
                 "as the launch operation specified no tasks", a->f->id);
    }
    for (size_t i = 0; i < in->n_task_infos; i++) {
        launch_task(a, in->task_infos[i]);
    }
}
