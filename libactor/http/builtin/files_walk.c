/* SPDX-License-Identifier: Apache-2.0
 *
 * files_walk.c - from a directory down, one component at a time.
 *
 * The C library finds the real path, of which the kernel then may follow no
 * link any more: if one is there after all, somebody has put it there between
 * the two, and is refused.  (openat2(2) with RESOLVE_BENEATH would do it in
 * one call, but refuses absolute links into the same directory, which Mesos'
 * own "latest" are, and is not everywhere.)
 *
 * Thread: any. */
#include <config.h>

#include "http/builtin/files_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>

/* What the last component is opened as. */
#define LOOK (O_PATH | O_NOFOLLOW | O_CLOEXEC)
#define READ (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Where below 'root' 'path' is; NULL if it is not.  Both are real paths. */
static const char *
part_below(const char *root, const char *path)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strncmp(path, root, len) != 0) {
        return NULL;
    }
    if (path[len] == '/') {
        return path + len + 1;
    }
    return path[len] == '\0' ? path + len : NULL;
}

/* A link where there should be none any more. */
static int
open_failure(void)
{
    return errno == ELOOP ? -EXDEV : -errno;
}

static bool
can_be_read(const struct stat *st)
{
    return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

/* The descriptor, for somebody else to close. */
static int
take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Opens 'name' in 'dir', or looks at it only. */
static int
open_last(int dir, const char *name, bool read, struct stat *ret)
{
    struct stat st;
    autoclose int look = openat(dir, name, LOOK);

    if (look < 0 || fstat(look, &st) < 0) {
        return open_failure();
    }
    if (S_ISLNK(st.st_mode)) {
        return -EXDEV;
    }
    if (!read || !can_be_read(&st)) {
        *ret = st;
        return take_fd(&look);
    }
    autoclose int fd = openat(dir, name, READ);
    if (fd < 0 || fstat(fd, &st) < 0) {
        return open_failure();
    }
    *ret = st;
    return take_fd(&fd);
}

/* Opens 'path', a real path below the real path 'root'. */
static int
walk(const char *root, const char *path, bool read, struct stat *ret)
{
    autofree char *names = xstrdup(path);
    autoclose int dir = open(root, LOOK | O_DIRECTORY);
    char *name = names;
    char *slash;

    if (dir < 0) {
        return open_failure();
    }
    while ((slash = strchr(name, '/'))) {
        *slash = '\0';
        int next = openat(dir, name, LOOK | O_DIRECTORY);
        if (next < 0) {
            return errno == ENOTDIR ? -EXDEV : open_failure();
        }
        close(dir);
        dir = next;
        name = slash + 1;
    }
    return open_last(dir, name, read, ret);
}

static int
open_below(const char *root, const char *rest, bool read, struct stat *ret)
{
    autofree char *path = xasprintf("%s/%s", root, rest);
    autofree char *real_root = realpath(root, NULL);
    autofree char *real_path = NULL;

    if (!real_root) {
        return -errno;
    }
    if (rest[0] == '\0') {
        return open_last(AT_FDCWD, real_root, read, ret);
    }
    real_path = realpath(path, NULL);
    if (!real_path) {
        return -errno;
    }
    const char *below = part_below(real_root, real_path);
    if (!below) {
        return -EXDEV;
    }
    return walk(real_root, below[0] != '\0' ? below : ".", read, ret);
}

int
files_walk_open(const char *root, const char *rest, struct stat *ret)
{
    return open_below(root, rest, true, ret);
}

int
files_walk_stat(const char *root, const char *rest, struct stat *ret)
{
    int fd = open_below(root, rest, false, ret);

    if (fd < 0) {
        return fd;
    }
    close(fd);
    return 0;
}
