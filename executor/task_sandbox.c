/* SPDX-License-Identifier: Apache-2.0
 *
 * task_sandbox.c - makes the directory that a task of a group runs in.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "executor/task_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#include "executor/checks/user_lookup.h"
#include "executor/task_volumes.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define SANDBOX_MODE 0750

static struct error *
make_directory(const struct actor_disk *disk, const char *path,
               const struct user_ids *user)
{
    int rc = actor_disk_make_path(disk, path, 0755);

    if (rc == 0) {
        rc = actor_disk_chmod(disk, path, SANDBOX_MODE);
    }
    if (rc == 0 && user) {
        rc = actor_disk_chown(disk, path, user->uid, user->gid);
    }
    return rc < 0 ? error_errno(-rc, "Failed to create sandbox '%s'", path)
                  : NULL;
}

static struct error *
open_output(const struct actor_disk *disk, const char *directory,
            const char *name, const struct user_ids *user, int *ret_fd)
{
    autofree char *path = xasprintf("%s/%s", directory, name);
    int fd = actor_disk_open(disk, path,
                             O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

    if (fd < 0) {
        return error_errno(-fd, "Failed to create '%s'", path);
    }
    int rc = user ? actor_disk_fchown(disk, fd, user->uid, user->gid) : 0;

    if (rc < 0) {
        actor_disk_close(disk, &fd);
        return error_errno(-rc, "Failed to chown '%s'", path);
    }
    *ret_fd = fd;
    return NULL;
}

/* A task of that id may have run before: its link is replaced. */
static struct error *
link_task(const struct actor_disk *disk, const char *task_id,
          const char *directory, const char *parent)
{
    autofree char *tasks = xasprintf("%s/tasks", parent);
    autofree char *path = xasprintf("%s/%s", tasks, task_id);
    int rc = actor_disk_make_path(disk, tasks, 0755);

    if (rc < 0) {
        return error_errno(-rc, "Unable to create task directory");
    }
    rc = actor_disk_unlink(disk, path);
    if (rc == 0 || rc == -ENOENT) {
        rc = actor_disk_symlink(disk, directory, path);
    }
    return rc < 0 ? error_errno(-rc, "Unable to create symbolic link '%s'",
                                path)
                  : NULL;
}

char *
task_sandbox_path(const char *parent, const char *container_id)
{
    return xasprintf("%s/containers/%s", parent, container_id);
}

struct error *
task_sandbox_create(const struct actor_disk *disk, const V1__TaskInfo *task,
                    const char *container_id, const char *parent,
                    const struct user_ids *user, struct task_sandbox *ret)
{
    struct task_sandbox sandbox = TASK_SANDBOX_EMPTY;
    struct error *error;

    sandbox.directory = task_sandbox_path(parent, container_id);
    error = make_directory(disk, sandbox.directory, user);
    if (!error) {
        error = open_output(disk, sandbox.directory, "stdout", user,
                            &sandbox.out_fd);
    }
    if (!error) {
        error = open_output(disk, sandbox.directory, "stderr", user,
                            &sandbox.err_fd);
    }
    if (!error) {
        error = link_task(disk, task->task_id->value, sandbox.directory,
                          parent);
    }
    if (!error) {
        error = task_volumes_link(disk, task, sandbox.directory, parent,
                                  user);
    }
    if (error) {
        task_sandbox_fini(disk, &sandbox);
        return error;
    }
    *ret = sandbox;
    return NULL;
}

void
task_sandbox_fini(const struct actor_disk *disk, struct task_sandbox *sandbox)
{
    actor_disk_close(disk, &sandbox->out_fd);
    actor_disk_close(disk, &sandbox->err_fd);
    free(sandbox->directory);
    sandbox->directory = NULL;
}
