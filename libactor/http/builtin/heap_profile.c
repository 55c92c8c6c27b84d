/* SPDX-License-Identifier: Apache-2.0
 *
 * heap_profile.c - writes profiles.
 *
 * jemalloc says nothing when the disk is full while it dumps; a file of
 * ROOM_SIZE that can be written before is a sign that it will not be.
 * Thread: the pool. */
#include <config.h>

#include "http/builtin/heap_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include "http/builtin/jemalloc.h"

#define ROOM_SIZE ((size_t) 64 << 10)

struct error *
heap_profile_make_directory(char **ret)
{
    const char *parent = getenv("TMPDIR");
    autofree char *path = xasprintf("%s/libprocess.XXXXXX",
                                    parent && parent[0] ? parent : "/tmp");

    if (!mkdtemp(path)) {
        return error_errno(errno, "creating directory '%s'", path);
    }
    *ret = steal(path);
    return NULL;
}

static struct error *
check_room(const char *path)
{
    autofree char *zeros = xcalloc(1, ROOM_SIZE);
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
                            | O_CLOEXEC, 0600);

    if (fd < 0) {
        return error_errno(errno, "creating '%s'", path);
    }
    ssize_t n = write(fd, zeros, ROOM_SIZE);
    if (n != (ssize_t) ROOM_SIZE) {
        return error_errno(n < 0 ? errno : ENOSPC, "writing '%s'", path);
    }
    return NULL;
}

struct error *
heap_profile_write(const char *path)
{
    autofree char *new = xasprintf("%s.new", path);
    struct error *error = check_room(new);

    if (!error) {
        error = jemalloc_dump(new);
    }
    if (!error && rename(new, path) < 0) {
        error = error_errno(errno, "renaming '%s' to '%s'", new, path);
    }
    if (error) {
        unlink(new);
    }
    return error;
}
