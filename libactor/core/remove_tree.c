/* SPDX-License-Identifier: Apache-2.0
 *
 * remove_tree.c - removes a directory with all that is in it.
 *
 * Whoever made what is in there may still be at work and put a link where a
 * directory was.  So every step is relative to an open directory, and none
 * follows a link.  Mounted filesystems, bind mounts among them, are not
 * entered: what they show belongs to somebody else.
 *
 * Depth is up to whoever filled the tree, descriptors and stack are ours: what
 * lies too deep is moved to the top first.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "core/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>

/* Directories that are open at once. */
#define DEPTH_MAX 64

/* How often a directory is gone through while somebody else fills it; and the
 * top, where what lay too deep arrives piece by piece. */
#define PASSES_MAX 16
#define TOP_PASSES_MAX 100000

struct removal {
    int root;                   /* borrowed; the top of the tree */
    unsigned n_moved;
    unsigned n_removed;
    int rc;                     /* the first failure */
};

static void remove_entries(struct removal *, int fd, unsigned depth);

static void
note(struct removal *r, int errnum)
{
    if (r->rc == 0 && errnum != ENOENT) {
        r->rc = -errnum;
    }
}

static int
open_directory(int at, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, flags);

    /* One of our own that lacks the permission. */
    if (fd < 0 && errno == EACCES
        && fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) == 0) {
        fd = openat(at, name, flags);
    }
    return fd < 0 ? -errno : fd;
}

static bool
is_mount_point(int fd, int parent)
{
    struct statx info;
    struct stat here, above;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0
        && (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)) {
        return info.stx_attributes & STATX_ATTR_MOUNT_ROOT;
    }
    return fstat(fd, &here) < 0 || fstat(parent, &above) < 0
           || here.st_dev != above.st_dev;
}

static bool
move_to_top(struct removal *r, int at, const char *name)
{
    char top_name[32];

    for (int i = 0; i < 100; i++) {
        snprintf(top_name, sizeof top_name, ".deep-%u", ++r->n_moved);
        if (renameat(at, name, r->root, top_name) == 0) {
            return true;
        }
        if (errno != EEXIST && errno != ENOTEMPTY) {
            break;
        }
    }
    note(r, errno);
    return false;
}

static void
remove_directory(struct removal *r, int at, const char *name, unsigned depth)
{
    int fd;

    if (depth >= DEPTH_MAX) {
        r->n_removed += move_to_top(r, at, name);
        return;
    }
    fd = open_directory(at, name);
    if (fd < 0) {
        note(r, -fd);
        return;
    }
    if (is_mount_point(fd, at)) {
        note(r, EBUSY);
    } else {
        remove_entries(r, fd, depth + 1);
    }
    close(fd);
    if (unlinkat(at, name, AT_REMOVEDIR) == 0) {
        r->n_removed++;
    } else {
        note(r, errno);
    }
}

static void
remove_entry(struct removal *r, int at, const char *name, unsigned depth)
{
    if (unlinkat(at, name, 0) == 0 || unlinkat(at, name, AT_REMOVEDIR) == 0) {
        r->n_removed++;
    } else if (errno == ENOTEMPTY || errno == EEXIST) {
        remove_directory(r, at, name, depth);
    } else if (errno == ENOTDIR) {
        note(r, unlinkat(at, name, 0) == 0 ? ENOENT : errno);
    } else {
        note(r, errno);
    }
}

static void
remove_entries(struct removal *r, int fd, unsigned depth)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    int n_passes = depth == 1 ? TOP_PASSES_MAX : PASSES_MAX;
    unsigned before;

    if (!dir) {
        note(r, errno);
        if (copy >= 0) {
            close(copy);
        }
        return;
    }
    do {
        struct dirent *entry;

        before = r->n_removed;
        rewinddir(dir);
        while ((entry = readdir(dir))) {
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
                remove_entry(r, fd, entry->d_name, depth);
            }
        }
    } while (r->n_removed != before && --n_passes > 0);
    closedir(dir);
}

int
remove_tree(const char *path)
{
    struct removal r = { .root = -1 };
    const char *slash = strrchr(path, '/');

    if (!slash || slash[1] == '\0' || !strcmp(slash, "/.")
        || !strcmp(slash, "/..")) {
        return -EINVAL;
    }
    autofree char *parent = xstrndup(path, (size_t) (slash - path));
    int above = open(slash == path ? "/" : parent,
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0) {
        return -errno;
    }
    int fd = open_directory(above, slash + 1);
    if (fd < 0) {
        r.rc = fd;
    } else if (is_mount_point(fd, above)) {
        r.rc = -EBUSY;
    } else {
        r.root = fd;
        remove_entries(&r, fd, 1);
        if (unlinkat(above, slash + 1, AT_REMOVEDIR) == 0) {
            r.rc = 0;
        } else {
            note(&r, errno);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    close(above);
    return r.rc;
}
