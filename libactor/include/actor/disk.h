/* SPDX-License-Identifier: Apache-2.0
 *
 * disk.h - files, by way of the system's back end.
 *
 *     const struct actor_disk *disk = actor_system_disk(system);
 *     int fd = actor_disk_open(disk, path, O_RDONLY, 0);
 *
 * Whatever an actor keeps on disk goes through here and not to the kernel, so
 * that the simulator can lose it, tear it, and fill the disk up.  Calls are
 * those of POSIX with three differences: failure is -errno; descriptors are
 * closed on exec; and the last component of a path is never followed if it is
 * a symbolic link, but for chmod.  A descriptor belongs to the disk that
 * gave it, and may be handed to a child as its standard input or output.
 *
 * Thread-safety: pool threads (work.h), since calls block; and any thread
 * before there are actors. */
#ifndef ACTOR_DISK_H
#define ACTOR_DISK_H 1

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <actor/backend.h>
#include <actor/compiler.h>

struct actor_system;

struct actor_disk {
    const struct actor_disk_ops *ops;
    void *ctx;
};

/* The disk of a system; lives as long as that. */
const struct actor_disk *actor_system_disk(const struct actor_system *);

/* The one of the kernel. */
extern const struct actor_disk actor_disk_real;

static inline int
actor_disk_open(const struct actor_disk *disk, const char *path, int flags,
                mode_t mode)
{
    return disk->ops->open(disk->ctx, path, flags, mode);
}

/* Sets '*fd' to -1; fine if it is that already. */
void actor_disk_close(const struct actor_disk *, int *fd);

static inline ssize_t
actor_disk_pread(const struct actor_disk *disk, int fd, void *buffer,
                 size_t size, off_t offset)
{
    return disk->ops->pread(disk->ctx, fd, buffer, size, offset);
}

/* May write less than 'size'.  A file opened with O_APPEND is appended to,
 * whatever 'offset' is. */
static inline ssize_t
actor_disk_pwrite(const struct actor_disk *disk, int fd, const void *buffer,
                  size_t size, off_t offset)
{
    return disk->ops->pwrite(disk->ctx, fd, buffer, size, offset);
}

/* What was written is durable.  After a failure nobody knows what of it is:
 * the kernel forgets that it has not written it. */
static inline int
actor_disk_fsync(const struct actor_disk *disk, int fd)
{
    return disk->ops->fsync(disk->ctx, fd);
}

/* The same of the bytes and the size of the file, not of its times: quicker
 * where a file does not grow. */
static inline int
actor_disk_fdatasync(const struct actor_disk *disk, int fd)
{
    return disk->ops->fdatasync(disk->ctx, fd);
}

/* Nobody else has the file locked until the descriptor is closed, or its
 * process ends.  Does not wait: -EWOULDBLOCK if somebody has. */
static inline int
actor_disk_lock(const struct actor_disk *disk, int fd)
{
    return disk->ops->lock(disk->ctx, fd);
}

static inline int
actor_disk_ftruncate(const struct actor_disk *disk, int fd, off_t size)
{
    return disk->ops->ftruncate(disk->ctx, fd, size);
}

static inline int
actor_disk_fstat(const struct actor_disk *disk, int fd, struct stat *ret)
{
    return disk->ops->fstat(disk->ctx, fd, ret);
}

static inline int
actor_disk_fchown(const struct actor_disk *disk, int fd, uid_t uid, gid_t gid)
{
    return disk->ops->fchown(disk->ctx, fd, uid, gid);
}

static inline int
actor_disk_stat(const struct actor_disk *disk, const char *path,
                struct stat *ret)
{
    return disk->ops->stat(disk->ctx, path, ret);
}

/* 'mode' of R_OK and its kin. */
static inline int
actor_disk_access(const struct actor_disk *disk, const char *path, int mode)
{
    return disk->ops->access(disk->ctx, path, mode);
}

static inline int
actor_disk_chmod(const struct actor_disk *disk, const char *path, mode_t mode)
{
    return disk->ops->chmod(disk->ctx, path, mode);
}

static inline int
actor_disk_chown(const struct actor_disk *disk, const char *path, uid_t uid,
                 gid_t gid)
{
    return disk->ops->chown(disk->ctx, path, uid, gid);
}

/* Names are durable once their directories are: see fsync_directory. */
static inline int
actor_disk_rename(const struct actor_disk *disk, const char *from,
                  const char *to)
{
    return disk->ops->rename(disk->ctx, from, to);
}

static inline int
actor_disk_unlink(const struct actor_disk *disk, const char *path)
{
    return disk->ops->unlink(disk->ctx, path);
}

static inline int
actor_disk_symlink(const struct actor_disk *disk, const char *target,
                   const char *path)
{
    return disk->ops->symlink(disk->ctx, target, path);
}

/* '*ret_path' is the caller's to free. */
static inline int
actor_disk_realpath(const struct actor_disk *disk, const char *path,
                    char **ret_path)
{
    return disk->ops->realpath(disk->ctx, path, ret_path);
}

static inline int
actor_disk_mkdir(const struct actor_disk *disk, const char *path, mode_t mode)
{
    return disk->ops->mkdir(disk->ctx, path, mode);
}

/* With what is missing above it; what is there stays as it is. */
int actor_disk_make_path(const struct actor_disk *, const char *path,
                         mode_t mode) MUST_CHECK;

static inline int
actor_disk_rmdir(const struct actor_disk *disk, const char *path)
{
    return disk->ops->rmdir(disk->ctx, path);
}

/* Calls 'fn' with each name in the directory, in no order. */
static inline int
actor_disk_list(const struct actor_disk *disk, const char *path,
                void (*fn)(void *aux, const char *name), void *aux)
{
    return disk->ops->list(disk->ctx, path, fn, aux);
}

/* What was created, renamed and removed in the directory is durable. */
static inline int
actor_disk_fsync_directory(const struct actor_disk *disk, const char *path)
{
    return disk->ops->fsync_directory(disk->ctx, path);
}

/* The time of its last modification becomes now. */
static inline int
actor_disk_touch(const struct actor_disk *disk, const char *path)
{
    return disk->ops->touch(disk->ctx, path);
}

/* Bytes that the filesystem of 'path' has, and how many of them nothing is
 * stored in (statvfs' f_bfree). */
static inline int
actor_disk_usage(const struct actor_disk *disk, const char *path,
                 uint64_t *ret_size, uint64_t *ret_free)
{
    return disk->ops->usage(disk->ctx, path, ret_size, ret_free);
}

/* Removes directory 'path', an absolute path, with all that is in it.  Links
 * are removed and never followed, whatever is changed in there meanwhile;
 * filesystems that are mounted in there are left alone, which is a failure
 * (-EBUSY).  Goes on after a failure; the first one is returned. */
static inline int
actor_disk_remove_tree(const struct actor_disk *disk, const char *path)
{
    return disk->ops->remove_tree(disk->ctx, path);
}

#endif /* ACTOR_DISK_H */
