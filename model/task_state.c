/* SPDX-License-Identifier: Apache-2.0
 *
 * task_state.c - the states of a task.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "model/task_state.h"

#include <actor/message.h>

#include "proto/mesos/v1/mesos.pb-c.h"

bool
task_state_is_terminal(int state)
{
    switch (state) {
    case V1__TASK_STATE__TASK_FINISHED:
    case V1__TASK_STATE__TASK_FAILED:
    case V1__TASK_STATE__TASK_KILLED:
    case V1__TASK_STATE__TASK_LOST:
    case V1__TASK_STATE__TASK_ERROR:
    case V1__TASK_STATE__TASK_DROPPED:
    case V1__TASK_STATE__TASK_GONE:
    case V1__TASK_STATE__TASK_GONE_BY_OPERATOR:
        return true;
    default:
        return false;
    }
}

const char *
task_state_name(int state)
{
    const char *name = message_enum_name(&v1__task_state__descriptor, state);

    return name ? name : "TASK_UNKNOWN";
}
