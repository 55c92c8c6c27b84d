/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox.c - makes the directory an executor runs in.
 *
 * As Mesos does it (src/slave/paths.cpp): only the directory itself and the
 * two files in it change hands; texts of failures are Mesos'.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "agent/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#include "agent/paths.h"

#define SANDBOX_MODE 0750
#define PASSWD_BUFFER_SIZE 16384
#define GROUPS_MAX 65536

static struct error *make_directory(const struct actor_disk *,
                                    const char *directory,
                                    const struct sandbox_user *,
                                    const char *user_name);
static struct error *link_latest(const struct actor_disk *,
                                 const char *directory);
static struct error *open_output(const struct actor_disk *,
                                 const char *directory, const char *name,
                                 const struct sandbox_user *, int *ret_fd);
static struct error *find_groups(const char *name, struct sandbox_user *);

struct error *
sandbox_user_find(const char *name, struct sandbox_user *ret)
{
    autofree char *buffer = xmalloc(PASSWD_BUFFER_SIZE);
    struct sandbox_user user = { .groups = NULL };
    struct passwd entry;
    struct passwd *found;

    int errnum = getpwnam_r(name, &entry, buffer, PASSWD_BUFFER_SIZE, &found);
    if (errnum != 0) {
        return error_errno(errnum, "Failed to get user information for '%s'",
                           name);
    }
    if (!found) {
        return error_create(ERROR_NOT_FOUND, "No such user '%s'", name);
    }
    user.uid = entry.pw_uid;
    user.gid = entry.pw_gid;

    struct error *error = find_groups(name, &user);
    if (error) {
        return error;
    }
    *ret = user;
    return NULL;
}

void
sandbox_user_fini(struct sandbox_user *user)
{
    free(user->groups);
    user->groups = NULL;
    user->n_groups = 0;
}

struct error *
sandbox_create(const struct actor_disk *disk, const char *directory,
               const struct sandbox_user *user, const char *user_name,
               struct sandbox *ret)
{
    struct sandbox sandbox = { .out_fd = -1, .err_fd = -1 };
    struct error *error = make_directory(disk, directory, user, user_name);

    if (error) {
        return error_wrap(error, "Failed to create executor directory '%s'",
                          directory);
    }
    error = link_latest(disk, directory);
    if (!error) {
        error = open_output(disk, directory, "stdout", user, &sandbox.out_fd);
    }
    if (!error) {
        error = open_output(disk, directory, "stderr", user, &sandbox.err_fd);
    }
    if (error) {
        sandbox_fini(disk, &sandbox);
        return error;
    }
    *ret = sandbox;
    return NULL;
}

void
sandbox_fini(const struct actor_disk *disk, struct sandbox *sandbox)
{
    actor_disk_close(disk, &sandbox->out_fd);
    actor_disk_close(disk, &sandbox->err_fd);
}

struct error *
sandbox_make_path(const struct actor_disk *disk, const char *path,
                  mode_t mode)
{
    int rc = actor_disk_make_path(disk, path, mode);

    return rc < 0 ? error_errno(-rc, "creating directory '%s'", path) : NULL;
}

static struct error *
make_directory(const struct actor_disk *disk, const char *directory,
               const struct sandbox_user *user, const char *user_name)
{
    struct error *error = sandbox_make_path(disk, directory, 0755);

    if (error) {
        return error;
    }
    int rc = actor_disk_chmod(disk, directory, SANDBOX_MODE);
    if (rc < 0) {
        return error_errno(-rc, "Failed to chmod directory");
    }
    if (!user) {
        return NULL;
    }
    rc = actor_disk_chown(disk, directory, user->uid, user->gid);
    if (rc < 0) {
        error = error_errno(-rc, "Failed to chown directory to '%s'",
                            user_name);
        actor_disk_rmdir(disk, directory);
        return error;
    }
    return NULL;
}

static struct error *
link_latest(const struct actor_disk *disk, const char *directory)
{
    autofree char *latest = paths_latest(directory);
    int rc = actor_disk_unlink(disk, latest);

    if (rc < 0 && rc != -ENOENT) {
        return error_errno(-rc, "Failed to remove latest symlink '%s'",
                           latest);
    }
    rc = actor_disk_symlink(disk, directory, latest);
    if (rc < 0) {
        return error_errno(-rc, "Failed to symlink '%s' to '%s'", directory,
                           latest);
    }
    return NULL;
}

static struct error *
open_output(const struct actor_disk *disk, const char *directory,
            const char *name, const struct sandbox_user *user, int *ret_fd)
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

static struct error *
find_groups(const char *name, struct sandbox_user *user)
{
    int n = 32;

    for (;;) {
        gid_t *groups = alloc_array((size_t) n, sizeof *groups);
        int n_found = n;

        if (getgrouplist(name, user->gid, groups, &n_found) >= 0) {
            user->groups = groups;
            user->n_groups = (size_t) n_found;
            return NULL;
        }
        free(groups);
        n = n_found > n ? n_found : 2 * n;
        if (n > GROUPS_MAX) {
            return error_create(ERROR_TOO_LARGE, "Failed to get the "
                                "supplementary gids of user '%s'", name);
        }
    }
}
