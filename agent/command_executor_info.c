/* SPDX-License-Identifier: Apache-2.0
 *
 * command_executor_info.c - the executor that a task without one gets.
 *
 * The same as in Mesos (src/slave/slave.cpp, getExecutorInfo), since it shows
 * in /state, in process lists and in sandboxes' paths.
 *
 * Thread: the agent's turn. */
#include <config.h>

#include "agent/command_executor_info.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define PROGRAM "mesos-executor"

/* Commands longer than MAX are shown with their first SHOWN bytes. */
#define COMMAND_MAX 15
#define COMMAND_SHOWN 12

/* What its shutdown takes besides the grace period of the task. */
#define SHUTDOWN_MARGIN (2 * SECOND)

static V1__CommandInfo *make_command(struct message *, const V1__TaskInfo *,
                                     const char *launcher_dir);
static V1__Resource *make_scalar(struct message *, const V1__TaskInfo *,
                                 const char *name, double value);

struct message *
command_executor_info(const V1__TaskInfo *task, const char *framework_id,
                      const char *launcher_dir)
{
    struct message *m = message_create(&v1__executor_info__descriptor);
    V1__ExecutorInfo *info = message_root(m);
    autofree char *name = command_executor_name(task->task_id->value,
                                                task->command);

    info->executor_id = message_new(m, &v1__executor_id__descriptor);
    info->executor_id->value = message_strdup(m, task->task_id->value);
    info->framework_id = message_new(m, &v1__framework_id__descriptor);
    info->framework_id->value = message_strdup(m, framework_id);
    info->name = message_strdup(m, name);
    info->source = message_strdup(m, task->task_id->value);
    info->command = make_command(m, task, launcher_dir);
    info->resources = message_array(m, 2, sizeof *info->resources);
    info->resources[0] = make_scalar(m, task, "cpus", 0.1);
    info->resources[1] = make_scalar(m, task, "mem", 32);
    info->n_resources = 2;
    if (task->container) {
        info->container = message_copy(m, &task->container->base);
    }
    if (task->labels) {
        info->labels = message_copy(m, &task->labels->base);
    }
    if (task->discovery) {
        info->discovery = message_copy(m, &task->discovery->base);
    }
    if (task->kill_policy && task->kill_policy->grace_period) {
        int64_t grace = task->kill_policy->grace_period->nanoseconds;

        info->shutdown_grace_period =
            message_new(m, &v1__duration_info__descriptor);
        info->shutdown_grace_period->nanoseconds =
            grace < INT64_MAX - SHUTDOWN_MARGIN ? grace + SHUTDOWN_MARGIN
                                                : INT64_MAX;
    }
    return m;
}

char *
command_executor_name(const char *task_id, const V1__CommandInfo *command)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    const char *open = command->shell ? "sh -c '" : "[";
    const char *close = command->shell ? "'" : "]";

    if (!command->value) {
        return xasprintf("Command Executor (Task: %s) (Command: %s)", task_id,
                         command->shell ? "NO COMMAND" : "NO EXECUTABLE");
    }
    strbuf_append(&text, command->value);
    if (!command->shell) {
        strbuf_append(&text, ", ");
        for (size_t i = 0; i < command->n_arguments; i++) {
            strbuf_printf(&text, "%s%s", i ? ", " : "",
                          command->arguments[i]);
        }
    }
    if (text.len > COMMAND_MAX) {
        strbuf_truncate(&text, COMMAND_SHOWN);
        strbuf_append(&text, "...");
    }
    return xasprintf("Command Executor (Task: %s) (Command: %s%s%s)", task_id,
                     open, text.data, close);
}

/* Where the program is missing, its start will fail and say so.  (Mesos puts a
 * shell line in its place that says so in the sandbox.) */
static V1__CommandInfo *
make_command(struct message *m, const V1__TaskInfo *task,
             const char *launcher_dir)
{
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);
    autofree char *program = xasprintf("%s/" PROGRAM, launcher_dir);
    autofree char *path = realpath(program, NULL);

    command->has_shell = true;
    command->shell = false;
    command->value = message_strdup(m, path ? path : program);
    command->arguments = message_array(m, 2, sizeof *command->arguments);
    command->arguments[0] = message_strdup(m, PROGRAM);
    command->arguments[1] = message_printf(m, "--launcher_dir=%s",
                                           launcher_dir);
    command->n_arguments = 2;
    if (task->command->environment) {
        command->environment =
            message_copy(m, &task->command->environment->base);
    }
    command->uris = message_array(m, task->command->n_uris,
                                  sizeof *command->uris);
    for (size_t i = 0; i < task->command->n_uris; i++) {
        command->uris[command->n_uris++] =
            message_copy(m, &task->command->uris[i]->base);
    }
    if (task->command->user) {
        command->user = message_strdup(m, task->command->user);
    }
    return command;
}

/* Allocated to the role that the task's resources are. */
static V1__Resource *
make_scalar(struct message *m, const V1__TaskInfo *task, const char *name,
            double value)
{
    V1__Resource *resource = message_new(m, &v1__resource__descriptor);
    V1__Resource__AllocationInfo *allocation =
        task->n_resources > 0 ? task->resources[0]->allocation_info : NULL;

    resource->name = message_strdup(m, name);
    resource->type = V1__VALUE__TYPE__SCALAR;
    resource->scalar = message_new(m, &v1__value__scalar__descriptor);
    resource->scalar->value = value;
    if (allocation) {
        resource->allocation_info = message_copy(m, &allocation->base);
    }
    return resource;
}
