/* SPDX-License-Identifier: Apache-2.0
 *
 * launcher.c - what keeps the processes of a container together.
 *
 * Thread: any. */
#include <config.h>

#include "agent/launcher/launcher.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/vec.h>

#include "agent/launcher/cgroup.h"

struct launcher {
    char *root;                 /* owned; the cgroup that has all others */
    char *work_dir;             /* owned */
    int64_t destroy_timeout_ns;
};

/* --- choosing --- */

/* Where version 2 is mounted; NULL: not where we look. */
static char *
find_hierarchy(const char *hierarchy)
{
    char *unified;

    if (cgroup_is_v2(hierarchy)) {
        return xstrdup(hierarchy);
    }
    unified = xasprintf("%s/unified", hierarchy);
    if (cgroup_is_v2(unified)) {
        return unified;
    }
    free(unified);
    return NULL;
}

/* Makes 'path', whose first 'n' bytes are there. */
static struct error *
make_directories(char *path, size_t n)
{
    for (char *p = path + n;; p++) {
        if (*p == '/' || *p == '\0') {
            char c = *p;
            int rc;

            *p = '\0';
            rc = mkdir(path, 0755);
            if (rc < 0 && errno != EEXIST) {
                return error_errno(errno, "Failed to create cgroup '%s'",
                                   path);
            }
            *p = c;
            if (c == '\0') {
                return NULL;
            }
        }
    }
}

static struct error *
make_root(const struct launcher_options *options, char **ret)
{
    autofree char *hierarchy = find_hierarchy(options->hierarchy);
    const char *root = options->root + strspn(options->root, "/");
    autofree char *path = NULL;
    struct error *error;

    if (root[0] == '\0' || strstr(root, "..")) {
        return error_create(ERROR_INVALID, "'%s' is no valid --cgroups_root",
                            options->root);
    }
    if (!hierarchy) {
        return error_create(ERROR_NOT_FOUND, "There is no cgroup hierarchy of "
                            "version 2 at '%s'", options->hierarchy);
    }
    path = xasprintf("%s/%s", hierarchy, root);
    error = make_directories(path, strlen(hierarchy) + 1);
    if (error) {
        return error;
    }
    if (!cgroup_can_kill(path)) {
        return error_create(ERROR_UNAVAILABLE, "The kernel has no "
                            "cgroup.kill in '%s'", path);
    }
    *ret = steal(path);
    return NULL;
}

struct error *
launcher_create(const struct launcher_options *options, struct launcher **ret)
{
    struct launcher *launcher;
    struct error *error;
    char *root = NULL;

    *ret = NULL;
    if (options->name && strcmp(options->name, "posix") == 0) {
        return NULL;
    }
    if (options->name && strcmp(options->name, "linux") != 0) {
        return error_create(ERROR_INVALID, "Unsupported launcher '%s'",
                            options->name);
    }
    if (!options->name && geteuid() != 0) {
        return NULL;
    }
    error = make_root(options, &root);
    if (error && !options->name && error_code(error) != ERROR_INVALID) {
        log_info("Using the posix launcher: %s", error_text(error));
        error_destroy(error);
        return NULL;
    }
    if (error) {
        return error_wrap(error, "Could not create the linux launcher");
    }
    launcher = xcalloc(1, sizeof *launcher);
    launcher->root = root;
    launcher->work_dir = xstrdup(options->work_dir);
    launcher->destroy_timeout_ns = options->destroy_timeout_ns;
    log_info("Using '%s' as the cgroup of the linux launcher", root);
    *ret = launcher;
    return NULL;
}

void
launcher_destroy(struct launcher *launcher)
{
    if (launcher) {
        free(launcher->root);
        free(launcher->work_dir);
        free(launcher);
    }
}

/* --- containers --- */

/* NULL: no id that could be one of ours. */
static char *
path_of(const struct launcher *launcher, const char *container_id)
{
    if (container_id[0] == '\0' || container_id[0] == '.'
        || strchr(container_id, '/')) {
        return NULL;
    }
    return xasprintf("%s/%s", launcher->root, container_id);
}

struct error *
launcher_prepare(const struct launcher *launcher, const char *container_id,
                 int *ret_fd)
{
    autofree char *path = path_of(launcher, container_id);
    struct error *error;

    if (!path) {
        return error_create(ERROR_INVALID, "'%s' cannot be the name of a "
                            "cgroup", container_id);
    }
    error = cgroup_create(path, launcher->work_dir);
    return error ? error : cgroup_open(path, ret_fd);
}

bool
launcher_has(const struct launcher *launcher, const char *container_id)
{
    autofree char *path = path_of(launcher, container_id);

    return path && access(path, F_OK) == 0;
}

/* One that is not there has ended. */
static struct error *
forgive(struct error *error)
{
    if (error && error_code(error) == ERROR_NOT_FOUND) {
        error_destroy(error);
        return NULL;
    }
    return error;
}

struct error *
launcher_kill(const struct launcher *launcher, const char *container_id)
{
    autofree char *path = path_of(launcher, container_id);

    return path ? forgive(cgroup_kill(path)) : NULL;
}

struct error *
launcher_end(const struct launcher *launcher, const char *container_id)
{
    autofree char *path = path_of(launcher, container_id);

    return path ? forgive(cgroup_destroy(path, launcher->destroy_timeout_ns))
                : NULL;
}

struct error *
launcher_list(const struct launcher *launcher,
              void (*fn)(void *aux, const char *container_id), void *aux)
{
    DIR *dir = opendir(launcher->root);
    struct dirent *entry;

    if (!dir) {
        return error_errno(errno, "Failed to list cgroup '%s'",
                           launcher->root);
    }
    while ((entry = readdir(dir))) {
        autofree char *path = entry->d_type == DT_DIR
                                  ? path_of(launcher, entry->d_name) : NULL;

        if (path && cgroup_owner_is(path, launcher->work_dir)) {
            fn(aux, entry->d_name);
        }
    }
    closedir(dir);
    return NULL;
}
