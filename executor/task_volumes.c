/* SPDX-License-Identifier: Apache-2.0
 *
 * task_volumes.c - directories that a task of a group sees in its sandbox.
 *
 * What volumes of type SANDBOX_PATH mean is defined in Mesos by
 * src/slave/containerizer/mesos/isolators/volume/sandbox_path.cpp.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "executor/task_volumes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#include "executor/checks/user_lookup.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* Where a task has its volumes. */
struct place {
    const struct actor_disk *disk;
    const char *directory;
    const char *parent;
    const struct user_ids *user;
};

static struct error *link_volume(const struct place *, const V1__Volume *);
static struct error *link_to(const struct place *, const char *target,
                             const char *container_path);

/* --- what may be asked for --- */

/* Below the directory it is taken relative to. */
static bool
is_inside(const char *path)
{
    if (path[0] == '/' || path[0] == '\0') {
        return false;
    }
    while (*path != '\0') {
        size_t len = strcspn(path, "/");

        if (len == 2 && strncmp(path, "..", 2) == 0) {
            return false;
        }
        path += len + (path[len] == '/');
    }
    return true;
}

static struct error *
check_path(const char *path, const char *what)
{
    if (!is_inside(path)) {
        return error_create(ERROR_UNSUPPORTED, "%s '%s' is not inside of the "
                            "sandbox", what, path);
    }
    return NULL;
}

static struct error *
check_volume(const V1__Volume *volume)
{
    const V1__Volume__Source *source = volume->source;
    struct error *error = check_path(volume->container_path,
                                     "the container path");

    if (error) {
        return error;
    }
    if (!source || !source->has_type
        || source->type != V1__VOLUME__SOURCE__TYPE__SANDBOX_PATH
        || !source->sandbox_path) {
        return error_create(ERROR_UNSUPPORTED, "only volumes of type "
                            "SANDBOX_PATH can be had without mounts");
    }
    if (volume->mode == V1__VOLUME__MODE__RO) {
        return error_create(ERROR_UNSUPPORTED, "a read-only volume cannot be "
                            "had without mounts");
    }
    return check_path(source->sandbox_path->path, "the path");
}

/* --- making links --- */

struct error *
task_volumes_link(const struct actor_disk *disk, const V1__TaskInfo *task,
                  const char *directory, const char *parent,
                  const struct user_ids *user)
{
    const struct place place = {
        .disk = disk, .directory = directory, .parent = parent, .user = user,
    };
    size_t n = task->container ? task->container->n_volumes : 0;
    struct error *error = NULL;

    for (size_t i = 0; i < task->n_resources && !error; i++) {
        const V1__Resource__DiskInfo *info = task->resources[i]->disk;

        if (info && info->persistence && info->volume) {
            const char *path = info->volume->container_path;
            autofree char *target = xasprintf("%s/%s", parent, path);

            error = check_path(path, "the container path");
            error = error ? error : link_to(&place, target, path);
        }
    }
    for (size_t i = 0; i < n && !error; i++) {
        const V1__Volume *volume = task->container->volumes[i];

        error = error_wrap(link_volume(&place, volume), "Failed to prepare "
                           "volume '%s'", volume->container_path);
    }
    return error;
}

static struct error *
make_directory(const struct place *place, const char *path, bool is_own)
{
    int rc = actor_disk_make_path(place->disk, path, 0755);

    if (rc == 0 && is_own && place->user) {
        rc = actor_disk_chown(place->disk, path, place->user->uid,
                              place->user->gid);
    }
    return rc < 0 ? error_errno(-rc, "creating directory '%s'", path) : NULL;
}

static struct error *
link_volume(const struct place *place, const V1__Volume *volume)
{
    struct error *error = check_volume(volume);

    if (error) {
        return error;
    }
    const V1__Volume__Source__SandboxPath *from =
        volume->source->sandbox_path;
    bool is_parents =
        from->has_type
        && from->type == V1__VOLUME__SOURCE__SANDBOX_PATH__TYPE__PARENT;
    autofree char *target =
        xasprintf("%s/%s", is_parents ? place->parent : place->directory,
                  from->path);

    error = make_directory(place, target, !is_parents);
    if (error || (!is_parents && !strcmp(from->path,
                                         volume->container_path))) {
        return error;           /* or it is in its place already */
    }
    return link_to(place, target, volume->container_path);
}

static struct error *
link_to(const struct place *place, const char *target,
        const char *container_path)
{
    autofree char *path = xasprintf("%s/%s", place->directory,
                                    container_path);
    size_t len = strlen(path);
    struct error *error;

    while (path[len - 1] == '/') {
        path[--len] = '\0';
    }
    char *slash = strrchr(path, '/');

    *slash = '\0';
    error = make_directory(place, path, strcmp(path, place->directory) != 0);
    *slash = '/';
    if (error) {
        return error;
    }
    int rc = actor_disk_symlink(place->disk, target, path);

    return rc < 0 ? error_errno(-rc, "Failed to symlink '%s' to '%s'", target,
                                path)
                  : NULL;
}
