/* SPDX-License-Identifier: Apache-2.0
 *
 * default_executor_command.c - the command of an executor of type DEFAULT
 * (src/slave/slave.cpp of Mesos, defaultExecutorCommandInfo).
 *
 * Thread: the agent's turn. */
#include <config.h>

#include "agent/default_executor_command.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/message.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define PROGRAM "mesos-default-executor"

bool
default_executor_is(const V1__ExecutorInfo *info)
{
    return info->has_type && info->type == V1__EXECUTOR_INFO__TYPE__DEFAULT;
}

struct message *
default_executor_command(const char *launcher_dir, bool switch_user)
{
    struct message *m = message_create(&v1__command_info__descriptor);
    V1__CommandInfo *command = message_root(m);
    autofree char *program = xasprintf("%s/" PROGRAM, launcher_dir);
    autofree char *path = realpath(program, NULL);

    command->has_shell = true;
    command->shell = false;
    command->value = message_strdup(m, path ? path : program);
    command->arguments = message_array(m, 3, sizeof *command->arguments);
    command->arguments[command->n_arguments++] = message_strdup(m, PROGRAM);
    command->arguments[command->n_arguments++] =
        message_printf(m, "--launcher_dir=%s", launcher_dir);
    if (!switch_user) {
        command->arguments[command->n_arguments++] =
            message_strdup(m, "--no-switch_user");
    }
    return m;
}
