/* SPDX-License-Identifier: Apache-2.0
 *
 * default_executor_command.h - the command of an executor of type DEFAULT.
 *
 * It is made for each start and not kept in the executor's ExecutorInfo, which
 * the master compares with that of later groups.
 *
 * Thread-safety: pure functions; default_executor_command() asks the file
 * system for one path. */
#ifndef AGENT_DEFAULT_EXECUTOR_COMMAND_H
#define AGENT_DEFAULT_EXECUTOR_COMMAND_H 1

#include <stdbool.h>

struct agent_flags;
struct message;
struct V1__ExecutorInfo;

bool default_executor_is(const struct V1__ExecutorInfo *);

/* A message CommandInfo: mesos-default-executor from --launcher_dir, which is
 * told what of our flags its tasks have to do with. */
struct message *default_executor_command(const struct agent_flags *);

#endif /* AGENT_DEFAULT_EXECUTOR_COMMAND_H */
