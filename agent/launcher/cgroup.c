/* SPDX-License-Identifier: Apache-2.0
 *
 * cgroup.c - a control group (version 2) as what holds processes together.
 *
 * Thread: any; cgroup_destroy() blocks. */
#include <config.h>

#include "agent/launcher/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>

#define OWNER "user.mesos.work_dir"
#define N_DIRECTORIES 16        /* open at a time while we go down */
#define EVENTS_SIZE 256         /* cgroup.events has two short lines */

bool
cgroup_is_v2(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

bool
cgroup_can_kill(const char *path)
{
    autofree char *file = xasprintf("%s/cgroup.kill", path);

    return access(file, W_OK) == 0;
}

struct error *
cgroup_create(const char *path, const char *owner)
{
    if (mkdir(path, 0755) < 0) {
        return error_errno(errno, "Failed to create cgroup '%s'", path);
    }
    if (setxattr(path, OWNER, owner, strlen(owner), 0) < 0) {
        vlog(1, "Failed to mark cgroup '%s': error %d", path, errno);
    }
    return NULL;
}

bool
cgroup_owner_is(const char *path, const char *owner)
{
    size_t len = strlen(owner);
    autofree char *found = xmalloc(len + 1);

    return getxattr(path, OWNER, found, len + 1) == (ssize_t) len
           && memcmp(found, owner, len) == 0;
}

struct error *
cgroup_open(const char *path, int *ret_fd)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return error_errno(errno, "Failed to open cgroup '%s'", path);
    }
    *ret_fd = fd;
    return NULL;
}

struct error *
cgroup_kill(const char *path)
{
    autofree char *file = xasprintf("%s/cgroup.kill", path);
    autoclose int fd = open(file, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "1", 1) != 1) {
        return error_errno(errno, "Failed to kill the processes of cgroup "
                           "'%s'", path);
    }
    return NULL;
}

/* --- removing --- */

/* Whether somebody is in it, as its cgroup.events says now. */
static bool
is_populated(int events_fd)
{
    char text[EVENTS_SIZE];
    ssize_t n = pread(events_fd, text, sizeof text - 1, 0);

    if (n <= 0) {
        return false;           /* it is gone */
    }
    text[n] = '\0';
    return strstr(text, "populated 1") != NULL;
}

/* The kernel tells of a change as of exceptional data.  A change that is not
 * the last one's end gives the others their time anew. */
static struct error *
wait_until_empty(const char *path, int64_t timeout_ns)
{
    autofree char *file = xasprintf("%s/cgroup.events", path);
    autoclose int fd = open(file, O_RDONLY | O_CLOEXEC);
    int timeout_ms = timeout_ns > INT_MAX * MILLISECOND
                         ? INT_MAX : (int) (timeout_ns / MILLISECOND);

    if (fd < 0) {
        return error_errno(errno, "Failed to open '%s'", file);
    }
    while (is_populated(fd)) {
        struct pollfd p = { .fd = fd, .events = POLLPRI };

        if (poll(&p, 1, timeout_ms) == 0 && is_populated(fd)) {
            return error_create(ERROR_TIMEOUT, "Processes of cgroup '%s' are "
                                "still there %s after they were killed", path,
                                DURATION_TEXT(timeout_ns));
        }
    }
    return NULL;
}

static int
remove_directory(const char *path, const struct stat *st UNUSED, int type,
                 struct FTW *ftw UNUSED)
{
    return type == FTW_DP && rmdir(path) < 0 && errno != ENOENT ? errno : 0;
}

struct error *
cgroup_destroy(const char *path, int64_t timeout_ns)
{
    struct error *error = cgroup_kill(path);
    int rc;

    if (!error) {
        error = wait_until_empty(path, timeout_ns);
    }
    if (error) {
        return error;
    }

    /* Those who were in it may have made others below. */
    rc = nftw(path, remove_directory, N_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
    if (rc != 0) {
        return error_errno(rc < 0 ? errno : rc, "Failed to remove cgroup '%s'",
                           path);
    }
    return NULL;
}
