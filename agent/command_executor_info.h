/* SPDX-License-Identifier: Apache-2.0
 *
 * command_executor_info.h - the executor that a task without one gets.
 *
 * Thread-safety: pure functions; command_executor_info() asks the file system
 * for one path. */
#ifndef AGENT_COMMAND_EXECUTOR_INFO_H
#define AGENT_COMMAND_EXECUTOR_INFO_H 1

struct message;
struct V1__CommandInfo;
struct V1__TaskInfo;

/* A message ExecutorInfo for command task 'task': mesos-executor from
 * 'launcher_dir', with the task's id as its own, 0.1 cpus and 32 MB. */
struct message *command_executor_info(const struct V1__TaskInfo *task,
                                      const char *framework_id,
                                      const char *launcher_dir);

/* "Command Executor (Task: <id>) (Command: sh -c '...')"; the caller's to
 * free. */
char *command_executor_name(const char *task_id,
                            const struct V1__CommandInfo *);

#endif /* AGENT_COMMAND_EXECUTOR_INFO_H */
