/* SPDX-License-Identifier: Apache-2.0
 *
 * meta_paths.h - where things are under <work_dir>/meta, relative to it.
 *
 * The layout is that of Mesos (docs/agent-checkpoints.md).  Results are the
 * caller's to free.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_CHECKPOINT_META_PATHS_H
#define AGENT_CHECKPOINT_META_PATHS_H 1

#define META_BOOT_ID "boot_id"
#define META_LATEST_AGENT "slaves/latest"

/* Names of files, which are their kinds, too. */
#define META_AGENT_INFO "slave.info"
#define META_DRAIN_CONFIG "drain.config"
#define META_FRAMEWORK_INFO "framework.info"
#define META_FRAMEWORK_PID "framework.pid"
#define META_EXECUTOR_INFO "executor.info"
#define META_IS_COMMAND "executor_generated_for_command_task"
#define META_SENTINEL "executor.sentinel"
#define META_FORKED_PID "forked.pid"
#define META_EXECUTOR_UPID "libprocess.pid"
#define META_TASK_INFO "task.info"
#define META_TASK_UPDATES "task.updates"

char *meta_agent(const char *agent_id);
char *meta_framework(const char *agent_id, const char *framework_id);
char *meta_executor(const char *agent_id, const char *framework_id,
                    const char *executor_id);
char *meta_run(const char *agent_id, const char *framework_id,
               const char *executor_id, const char *container_id);

#endif /* AGENT_CHECKPOINT_META_PATHS_H */
