/* SPDX-License-Identifier: Apache-2.0
 *
 * lost_task.c - tells a framework what became of tasks launched into the void.
 *
 * Thread: pure functions. */
#include <config.h>

#include "scheduler-driver/lost_task.h"

#include <actor/message.h>

void
lost_task_for_each(const Scheduler__Call__Accept *accept,
                   void (*fn)(void *aux, const V1__TaskInfo *), void *aux)
{
    for (size_t i = 0; i < accept->n_operations; i++) {
        const V1__Offer__Operation *o = accept->operations[i];
        const V1__Offer__Operation__Launch *launch = o->launch;
        const V1__TaskGroupInfo *group =
            o->launch_group ? o->launch_group->task_group : NULL;

        for (size_t k = 0; launch && k < launch->n_task_infos; k++) {
            fn(aux, launch->task_infos[k]);
        }
        for (size_t k = 0; group && k < group->n_tasks; k++) {
            fn(aux, group->tasks[k]);
        }
    }
}

static bool
is_partition_aware(const V1__FrameworkInfo *framework)
{
    for (size_t i = 0; i < framework->n_capabilities; i++) {
        if (framework->capabilities[i]->type
            == V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE) {
            return true;
        }
    }
    return false;
}

static V1__TaskStatus *
make_status(struct message *m, const V1__TaskInfo *task,
            const V1__FrameworkInfo *framework, double timestamp)
{
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    status->task_id = message_copy(m, &task->task_id->base);
    if (task->agent_id) {
        status->agent_id = message_copy(m, &task->agent_id->base);
    }
    status->state = is_partition_aware(framework)
                        ? V1__TASK_STATE__TASK_DROPPED
                        : V1__TASK_STATE__TASK_LOST;
    status->has_source = true;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_MASTER;
    status->has_reason = true;
    status->reason = V1__TASK_STATUS__REASON__REASON_MASTER_DISCONNECTED;
    status->message = message_strdup(m, "Master disconnected");
    status->has_timestamp = true;
    status->timestamp = timestamp;
    return status;
}

struct message *
lost_task_event(const V1__TaskInfo *task, const V1__FrameworkInfo *framework,
                double timestamp)
{
    struct message *m = message_create(&scheduler__event__descriptor);
    Scheduler__Event *event = message_root(m);

    event->has_type = true;
    event->type = SCHEDULER__EVENT__TYPE__UPDATE;
    event->update = message_new(m, &scheduler__event__update__descriptor);
    event->update->status = make_status(m, task, framework, timestamp);
    return m;
}
