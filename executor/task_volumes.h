/* SPDX-License-Identifier: Apache-2.0
 *
 * task_volumes.h - directories that a task of a group sees in its sandbox: of
 * the executor's sandbox, which it has together with the others, or of its
 * own.
 *
 * They are symbolic links: what takes mounts (host paths, read-only volumes,
 * images, absolute places) is refused, with a text that says so.
 *
 * Thread-safety: any thread; task_volumes_link() blocks and belongs into the
 * worker pool. */
#ifndef EXECUTOR_TASK_VOLUMES_H
#define EXECUTOR_TASK_VOLUMES_H 1

#include <actor/compiler.h>

struct actor_disk;
struct error;
struct user_ids;
struct V1__TaskInfo;

/* Makes the links for what 'task' asks for: volumes of type SANDBOX_PATH, and
 * its persistent volumes, which the agent has put into the executor's
 * sandbox, 'parent'.  'directory' is the task's own; directories made there
 * are given to 'user' (NULL: they stay ours). */
struct error *task_volumes_link(const struct actor_disk *,
                                const struct V1__TaskInfo *task,
                                const char *directory, const char *parent,
                                const struct user_ids *user) MUST_CHECK;

#endif /* EXECUTOR_TASK_VOLUMES_H */
