/* SPDX-License-Identifier: Apache-2.0
 *
 * faulty_disk.c - see faulty_disk.h.  The calls of the real disk do not look
 * at their context, so that it can be ours. */
#include <config.h>

#include "tests/lib/faulty_disk.h"

#include <errno.h>
#include <fcntl.h>

static const struct actor_disk_ops *
real(void)
{
    return actor_disk_real.ops;
}

static int
begin(void *faulty)
{
    struct faulty_disk *f = faulty;
    long n = f->n_calls++;

    return f->fail_at >= 0 && (n == f->fail_at
                               || (f->for_ever && n > f->fail_at)) ? f->rc : 0;
}

static int
faulty_open(void *f_, const char *path, int flags, mode_t mode)
{
    struct faulty_disk *f = f_;
    int rc = flags & O_CREAT ? begin(f) : 0;

    return rc == 0 && (flags & O_CREAT) && f->room == 0 ? -ENOSPC
        : rc < 0 ? rc : real()->open(NULL, path, flags, mode);
}

static ssize_t
faulty_pwrite(void *f_, int fd, const void *data, size_t size, off_t offset)
{
    struct faulty_disk *f = f_;
    int rc = begin(f);

    if (rc < 0) {
        return rc;
    }
    if (f->write_max > 0 && size > f->write_max) {
        size = f->write_max;
    }
    if (f->room >= 0 && (size_t) f->room < size) {
        size = (size_t) f->room;
        if (size == 0) {
            return -ENOSPC;
        }
    }
    ssize_t n = real()->pwrite(NULL, fd, data, size, offset);

    if (n > 0 && f->room >= 0) {
        f->room -= n;
    }
    return n;
}

static int
faulty_fsync(void *f_, int fd)
{
    int rc = begin(f_);

    ((struct faulty_disk *) f_)->n_syncs++;
    return rc < 0 ? rc : real()->fsync(NULL, fd);
}

static int
faulty_fdatasync(void *f_, int fd)
{
    int rc = begin(f_);

    ((struct faulty_disk *) f_)->n_syncs++;
    return rc < 0 ? rc : real()->fdatasync(NULL, fd);
}

static int
faulty_rename(void *f, const char *from, const char *to)
{
    int rc = begin(f);

    return rc < 0 ? rc : real()->rename(NULL, from, to);
}

static int
faulty_unlink(void *f, const char *path)
{
    int rc = begin(f);

    return rc < 0 ? rc : real()->unlink(NULL, path);
}

static int
faulty_fsync_directory(void *f, const char *path)
{
    int rc = begin(f);

    return rc < 0 ? rc : real()->fsync_directory(NULL, path);
}

void
faulty_disk_init(struct faulty_disk *f)
{
    static struct actor_disk_ops ops;

    ops = *real();
    ops.open = faulty_open;
    ops.pwrite = faulty_pwrite;
    ops.fsync = faulty_fsync;
    ops.fdatasync = faulty_fdatasync;
    ops.rename = faulty_rename;
    ops.unlink = faulty_unlink;
    ops.fsync_directory = faulty_fsync_directory;
    *f = (struct faulty_disk) {
        .disk = { &ops, f }, .fail_at = -1, .room = -1,
    };
}
