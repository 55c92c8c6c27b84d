/* SPDX-License-Identifier: Apache-2.0
 *
 * disk.c - the kernel's files, as a back end. */
#include <config.h>

#include <actor/disk.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <actor/directory.h>

#include "core/remove_tree.h"
#include "core/system_private.h"

static int
result(int rc)
{
    return rc < 0 ? -errno : rc;
}

static int
real_open(void *ctx UNUSED, const char *path, int flags, mode_t mode)
{
    return result(open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode));
}

static int
real_close(void *ctx UNUSED, int fd)
{
    return result(close(fd));
}

static ssize_t
real_pread(void *ctx UNUSED, int fd, void *buffer, size_t size, off_t offset)
{
    ssize_t n = pread(fd, buffer, size, offset);

    return n < 0 ? -errno : n;
}

static ssize_t
real_pwrite(void *ctx UNUSED, int fd, const void *buffer, size_t size,
            off_t offset)
{
    ssize_t n = pwrite(fd, buffer, size, offset);

    return n < 0 ? -errno : n;
}

static int
real_fsync(void *ctx UNUSED, int fd)
{
    return result(fsync(fd));
}

static int
real_fdatasync(void *ctx UNUSED, int fd)
{
    return result(fdatasync(fd));
}

static int
real_lock(void *ctx UNUSED, int fd)
{
    return result(flock(fd, LOCK_EX | LOCK_NB));
}

static int
real_ftruncate(void *ctx UNUSED, int fd, off_t size)
{
    return result(ftruncate(fd, size));
}

static int
real_fstat(void *ctx UNUSED, int fd, struct stat *ret)
{
    return result(fstat(fd, ret));
}

static int
real_fchown(void *ctx UNUSED, int fd, uid_t uid, gid_t gid)
{
    return result(fchown(fd, uid, gid));
}

static int
real_stat(void *ctx UNUSED, const char *path, struct stat *ret)
{
    return result(lstat(path, ret));
}

static int
real_access(void *ctx UNUSED, const char *path, int mode)
{
    return result(access(path, mode));
}

static int
real_chmod(void *ctx UNUSED, const char *path, mode_t mode)
{
    return result(fchmodat(AT_FDCWD, path, mode, 0));
}

static int
real_chown(void *ctx UNUSED, const char *path, uid_t uid, gid_t gid)
{
    return result(lchown(path, uid, gid));
}

static int
real_rename(void *ctx UNUSED, const char *from, const char *to)
{
    return result(rename(from, to));
}

static int
real_unlink(void *ctx UNUSED, const char *path)
{
    return result(unlink(path));
}

static int
real_symlink(void *ctx UNUSED, const char *target, const char *path)
{
    return result(symlink(target, path));
}

static int
real_realpath(void *ctx UNUSED, const char *path, char **ret_path)
{
    char *resolved = realpath(path, NULL);

    if (!resolved) {
        return -errno;
    }
    *ret_path = resolved;
    return 0;
}

static int
real_mkdir(void *ctx UNUSED, const char *path, mode_t mode)
{
    return result(mkdir(path, mode));
}

static int
real_rmdir(void *ctx UNUSED, const char *path)
{
    return result(rmdir(path));
}

static bool
is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

static int
real_list(void *ctx UNUSED, const char *path,
          void (*fn)(void *aux, const char *name), void *aux)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir) {
        return -errno;
    }
    errno = 0;
    while ((entry = readdir(dir))) {
        if (!is_dots(entry->d_name)) {
            fn(aux, entry->d_name);
        }
        errno = 0;
    }
    int errnum = errno;

    closedir(dir);
    return -errnum;
}

static int
real_fsync_directory(void *ctx UNUSED, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    int rc = result(fsync(fd));

    close(fd);
    return rc;
}

static int
real_touch(void *ctx UNUSED, const char *path)
{
    return result(utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW));
}

static int
real_usage(void *ctx UNUSED, const char *path, uint64_t *ret_size,
           uint64_t *ret_free)
{
    struct statvfs info;

    if (statvfs(path, &info) < 0) {
        return -errno;
    }
    *ret_size = (uint64_t) info.f_blocks * info.f_frsize;
    *ret_free = (uint64_t) info.f_bfree * info.f_frsize;
    return 0;
}

static int
real_remove_tree(void *ctx UNUSED, const char *path)
{
    return remove_tree(path);
}

static const struct actor_disk_ops real_ops = {
    .open = real_open,
    .close = real_close,
    .pread = real_pread,
    .pwrite = real_pwrite,
    .fsync = real_fsync,
    .fdatasync = real_fdatasync,
    .lock = real_lock,
    .ftruncate = real_ftruncate,
    .fstat = real_fstat,
    .fchown = real_fchown,
    .stat = real_stat,
    .access = real_access,
    .chmod = real_chmod,
    .chown = real_chown,
    .rename = real_rename,
    .unlink = real_unlink,
    .symlink = real_symlink,
    .realpath = real_realpath,
    .mkdir = real_mkdir,
    .rmdir = real_rmdir,
    .list = real_list,
    .fsync_directory = real_fsync_directory,
    .touch = real_touch,
    .usage = real_usage,
    .remove_tree = real_remove_tree,
};

const struct actor_disk actor_disk_real = { .ops = &real_ops };

const struct actor_disk *
actor_system_disk(const struct actor_system *system)
{
    return &system->disk;
}

void
actor_disk_close(const struct actor_disk *disk, int *fd)
{
    if (*fd >= 0) {
        disk->ops->close(disk->ctx, *fd);
        *fd = -1;
    }
}

static int
make_one(void *disk_, const char *path, mode_t mode)
{
    const struct actor_disk *disk = disk_;

    return -actor_disk_mkdir(disk, path, mode);
}

int
actor_disk_make_path(const struct actor_disk *disk, const char *path,
                     mode_t mode)
{
    return -directory_make_by(make_one, (void *) disk, path, mode);
}
