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
#include <actor/duration.h>
#include <actor/message.h>

#include "agent/agent.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define PROGRAM "mesos-default-executor"
#define ARGUMENTS_MAX 6

static void
add(V1__CommandInfo *command, char *argument)
{
    command->arguments[command->n_arguments++] = argument;
}

bool
default_executor_is(const V1__ExecutorInfo *info)
{
    return info->has_type && info->type == V1__EXECUTOR_INFO__TYPE__DEFAULT;
}

struct message *
default_executor_command(const struct agent_flags *flags)
{
    struct message *m = message_create(&v1__command_info__descriptor);
    V1__CommandInfo *command = message_root(m);
    autofree char *program = xasprintf("%s/" PROGRAM, flags->launcher_dir);
    autofree char *launcher_dir = realpath(flags->launcher_dir, NULL);
    autofree char *path = realpath(program, NULL);

    command->has_shell = true;
    command->shell = false;
    command->value = message_strdup(m, path ? path : program);
    command->arguments = message_array(m, ARGUMENTS_MAX,
                                       sizeof *command->arguments);
    add(command, message_strdup(m, PROGRAM));
    add(command, message_printf(m, "--launcher_dir=%s", launcher_dir
                                ? launcher_dir : flags->launcher_dir));
    if (!flags->switch_user) {
        add(command, message_strdup(m, "--no-switch_user"));
    }
    add(command, message_printf(
        m, "--fetcher_stall_timeout=%s",
        DURATION_TEXT(flags->fetcher_stall_timeout)));
    if (flags->frameworks_home && *flags->frameworks_home) {
        add(command, message_printf(m, "--frameworks_home=%s",
                                    flags->frameworks_home));
    }
    if (flags->hadoop_home && *flags->hadoop_home) {
        add(command, message_printf(m, "--hadoop_home=%s",
                                    flags->hadoop_home));
    }
    return m;
}
