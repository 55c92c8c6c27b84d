/* SPDX-License-Identifier: Apache-2.0
 *
 * task_sandbox.h - makes the directory that a task of a group runs in.
 *
 *     <executor's sandbox>/containers/<container>/     stdout, stderr
 *     <executor's sandbox>/tasks/<task>                a link to it
 *
 * The layout is that of Mesos (src/slave/containerizer/mesos/paths.hpp), since
 * tools and people look into it.
 *
 * Thread-safety: any thread; everything here blocks and belongs into the
 * worker pool. */
#ifndef EXECUTOR_TASK_SANDBOX_H
#define EXECUTOR_TASK_SANDBOX_H 1

#include <actor/compiler.h>

struct actor_disk;
struct error;
struct user_ids;
struct V1__TaskInfo;

struct task_sandbox {
    char *directory;            /* owned */
    int out_fd, err_fd;         /* owned; the files stdout and stderr */
};

#define TASK_SANDBOX_EMPTY { .out_fd = -1, .err_fd = -1 }

/* "<parent>/containers/<container>"; the caller's to free. */
char *task_sandbox_path(const char *parent, const char *container_id);

/* Makes it for container 'container_id' in the executor's sandbox, 'parent',
 * with the task's volumes, mode 0750, and gives it to 'user' (NULL: stays
 * ours). */
struct error *task_sandbox_create(const struct actor_disk *,
                                  const struct V1__TaskInfo *task,
                                  const char *container_id,
                                  const char *parent,
                                  const struct user_ids *user,
                                  struct task_sandbox *ret) MUST_CHECK;
void task_sandbox_fini(const struct actor_disk *, struct task_sandbox *);

#endif /* EXECUTOR_TASK_SANDBOX_H */
