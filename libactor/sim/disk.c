/* SPDX-License-Identifier: Apache-2.0
 *
 * disk.c - the calls of processes to their simulated disk: the back end.
 *
 * A call changes the disk at once; what it costs is added up for the work that
 * makes it (work.c).  Faults are for processes: who looks from outside sees
 * the disk as it is. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>

#include "sim/disk.h"

#define FIRST_FD (1 << 20)
#define BLOCK 4096
#define SECTOR 512u

/* What a disk is said to have. */
#define DISK_SIZE ((uint64_t) 1 << 40)

/* No file is larger. */
#define FILE_SIZE_MAX ((off_t) 1 << 30)

/* What a call costs, and a sync. */
#define CALL_SPREAD (40 * MICROSECOND)
#define SYNC_MIN (200 * MICROSECOND)
#define SYNC_SPREAD (4 * MILLISECOND)
#define SLOW_FACTOR 50

struct sim_disk *
sim_disk_create(struct sim *sim)
{
    struct sim_disk *disk = xcalloc(1, sizeof *disk);

    disk->sim = sim;
    disk->root = inode_create(disk, S_IFDIR | 0755);
    disk->root->parent = disk->root;
    return disk;
}

void
sim_disk_destroy(struct sim_disk *disk)
{
    sim_disk_crash(disk);
    inode_unref(disk->root);
    vec_fini(&disk->changes);
    free(disk);
}

struct sim_disk_faults *
sim_disk_faults(struct sim_disk *disk)
{
    return &disk->faults;
}

/* --- what each call begins with --- */

static void
pay(struct sim_disk_view *view, int64_t ns)
{
    if (view->process) {
        view->process->disk_ns +=
            view->disk->faults.n_slow > 0 ? SLOW_FACTOR * ns : ns;
    }
}

/* -EIO, or 0: go on. */
static int
begin(struct sim_disk_view *view)
{
    struct sim_disk *disk = view->disk;

    if (!view->process) {
        return 0;
    }
    sim_hash_bytes(disk->sim, &disk->sim->now, sizeof disk->sim->now);
    pay(view, (int64_t) sim_below(disk->sim, SIM_STREAM_DISK, CALL_SPREAD));
    return !view->process->is_alive
           || sim_chance(disk->sim, SIM_STREAM_DISK, disk->faults.error_ppm)
        ? -EIO : 0;
}

/* The same of calls that need room on the disk. */
static int
begin_growing(struct sim_disk_view *view)
{
    int rc = begin(view);

    return rc == 0 && view->process && view->disk->faults.n_full > 0 ? -ENOSPC
                                                                  : rc;
}

/* --- descriptors --- */

static struct disk_file *
find_file(struct sim_disk *disk, int fd)
{
    size_t i = (size_t) (fd - FIRST_FD);

    return fd >= FIRST_FD && i < disk->files.n && disk->files.data[i].inode
        ? &disk->files.data[i] : NULL;
}

static int
add_file(struct sim_disk_view *view, struct inode *inode, int flags)
{
    struct sim_disk *disk = view->disk;
    struct disk_file file = { inode, flags, false, view->process };
    size_t i = 0;

    inode->refs++;
    while (i < disk->files.n && disk->files.data[i].inode) {
        i++;
    }
    if (i == disk->files.n) {
        vec_push(&disk->files, file);
    } else {
        disk->files.data[i] = file;
    }
    return FIRST_FD + (int) i;
}

static void
close_file(struct disk_file *file)
{
    inode_unref(file->inode);
    *file = (struct disk_file) { .inode = NULL };
}

void
sim_disk_process_ended(struct sim_process *p)
{
    vec_foreach (&p->host->disk->files, it) {
        if (it->inode && it->process == p) {
            close_file(it);
        }
    }
}

/* --- files --- */

static bool
is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* What is called 'path', made if that is wanted. */
static int
find_or_create(struct sim_disk_view *view, const char *path, int flags,
               mode_t mode, struct inode **ret)
{
    struct sim_disk *disk = view->disk;
    struct inode *directory, *inode;
    char name[256];
    int rc = disk_lookup(disk, path, flags & O_CREAT ? DISK_FOLLOW_NOT
                                                     : DISK_FOLLOW_SLASH,
                         &directory, name, &inode);

    if (rc < 0) {
        return rc;
    }
    if ((flags & O_CREAT) && disk_has_slash(path) && !is_dots(name)) {
        return -EISDIR;
    }
    if (inode && (flags & O_CREAT) && (flags & O_EXCL)) {
        return -EEXIST;
    }
    if (!inode && !(flags & O_CREAT)) {
        return -ENOENT;
    }
    if (!inode) {
        if (view->process && disk->faults.n_full > 0) {
            return -ENOSPC;
        }
        inode = inode_create(disk, S_IFREG | (mode & 07777));
        disk_set(disk, ++disk->n_changes, directory, name, inode);
        inode_unref(inode);
    }
    *ret = inode;
    return 0;
}

static int
disk_open(void *view_, const char *path, int flags, mode_t mode)
{
    struct sim_disk_view *view = view_;
    struct inode *inode;
    int rc = begin(view);

    if (rc == 0) {
        rc = find_or_create(view, path, flags, mode, &inode);
    }
    if (rc < 0) {
        return rc;
    }
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode)) {
        return -ENOTDIR;
    }
    if (S_ISLNK(inode->mode)) {
        return -ELOOP;
    }
    if (S_ISDIR(inode->mode) && (writes || (flags & O_CREAT))) {
        return -EISDIR;
    }
    if ((flags & O_TRUNC) && writes && inode->data.len > 0) {
        disk_resize(view->disk, inode, 0);
    }
    return add_file(view, inode, flags);
}

static int
disk_close(void *view_, int fd)
{
    struct sim_disk_view *view = view_;
    struct disk_file *file = find_file(view->disk, fd);

    if (!file) {
        return -EBADF;
    }
    close_file(file);
    return 0;
}

/* The open file, or NULL and why in '*ret_rc'. */
static struct disk_file *
use_file(struct sim_disk_view *view, int fd, bool writes, int *ret_rc)
{
    struct disk_file *file = find_file(view->disk, fd);
    int access = file ? file->flags & O_ACCMODE : 0;
    int unwanted = writes ? O_RDONLY : O_WRONLY;

    *ret_rc = !file || access == unwanted ? -EBADF
        : S_ISDIR(file->inode->mode) ? -EISDIR
        : writes ? begin_growing(view) : begin(view);
    return *ret_rc < 0 ? NULL : file;
}

static ssize_t
disk_pread(void *view, int fd, void *buffer, size_t size, off_t offset)
{
    int rc;
    struct disk_file *file = use_file(view, fd, false, &rc);

    if (!file || offset < 0) {
        return file ? -EINVAL : rc;
    }
    const struct strbuf *data = &file->inode->data;
    size_t at = (size_t) offset;

    if (at >= data->len) {
        return 0;
    }
    if (size > data->len - at) {
        size = data->len - at;
    }
    if (size > 0) {
        memcpy(buffer, data->data + at, size);
    }
    return (ssize_t) size;
}

static ssize_t
disk_pwrite(void *view_, int fd, const void *buffer, size_t size,
            off_t offset)
{
    struct sim_disk_view *view = view_;
    int rc;
    struct disk_file *file = use_file(view, fd, true, &rc);

    if (!file || offset < 0) {
        return file ? -EINVAL : rc;
    }
    if (file->flags & O_APPEND) {
        offset = (off_t) file->inode->data.len;
    }
    if (offset > FILE_SIZE_MAX || size > (size_t) (FILE_SIZE_MAX - offset)) {
        return -EFBIG;
    }
    disk_write(view->disk, file->inode, buffer, size, (size_t) offset);
    return (ssize_t) size;
}

static int
disk_ftruncate(void *view_, int fd, off_t size)
{
    struct sim_disk_view *view = view_;
    int rc;
    struct disk_file *file = find_file(view->disk, fd);

    if (file && (size < 0 || (file->flags & O_ACCMODE) == O_RDONLY)) {
        return -EINVAL;
    }
    file = use_file(view, fd, true, &rc);
    if (!file || size > FILE_SIZE_MAX) {
        return file ? -EFBIG : rc;
    }
    disk_resize(view->disk, file->inode, (size_t) size);
    return 0;
}

/* What a sync does apart from syncing: 1 if it is to be left out. */
static int
begin_sync(struct sim_disk_view *view)
{
    struct sim *sim = view->disk->sim;

    if (view->process) {
        pay(view, SYNC_MIN + (int64_t) sim_below(sim, SIM_STREAM_DISK,
                                                 SYNC_SPREAD));
    }
    int rc = begin(view);

    return rc == 0 && view->process && view->disk->faults.n_lost_syncs > 0 ? 1
                                                                      : rc;
}

static int
disk_fsync(void *view_, int fd)
{
    struct sim_disk_view *view = view_;
    struct disk_file *file = find_file(view->disk, fd);

    if (!file) {
        return -EBADF;
    }
    int rc = begin_sync(view);

    if (rc < 0) {
        disk_forget_writes(file->inode);
        return rc;
    }
    if (rc == 0) {
        disk_sync_file(file->inode);
    }
    return 0;
}

static int
disk_lock(void *view_, int fd)
{
    struct sim_disk_view *view = view_;
    struct disk_file *file = find_file(view->disk, fd);
    int rc = file ? begin(view) : -EBADF;

    if (rc < 0) {
        return rc;
    }
    vec_foreach (&view->disk->files, it) {
        if (it != file && it->inode == file->inode && it->is_locked) {
            return -EWOULDBLOCK;
        }
    }
    file->is_locked = true;
    return 0;
}

static void
fill_stat(const struct inode *inode, struct stat *ret)
{
    size_t size = S_ISLNK(inode->mode) ? strlen(inode->target)
                                       : inode->data.len;

    int64_t changed_at = SIM_WALL_START + inode->changed_at;

    *ret = (struct stat) {
        .st_ino = inode->number, .st_mode = inode->mode, .st_nlink = 1,
        .st_uid = inode->uid, .st_gid = inode->gid,
        .st_size = (off_t) size, .st_blksize = BLOCK,
        .st_blocks = (blkcnt_t) ((size + SECTOR - 1) / SECTOR),
        .st_mtim = { changed_at / SECOND, changed_at % SECOND },
    };
}

static int
disk_fstat(void *view_, int fd, struct stat *ret)
{
    struct sim_disk_view *view = view_;
    struct disk_file *file = find_file(view->disk, fd);
    int rc = file ? begin(view) : -EBADF;

    if (rc == 0) {
        fill_stat(file->inode, ret);
    }
    return rc;
}

static int
disk_fchown(void *view_, int fd, uid_t uid, gid_t gid)
{
    struct sim_disk_view *view = view_;
    struct disk_file *file = find_file(view->disk, fd);
    int rc = file ? begin(view) : -EBADF;

    if (rc == 0) {
        file->inode->uid = uid;
        file->inode->gid = gid;
    }
    return rc;
}

/* --- paths --- */

/* What is called 'path' and exists, with where it is. */
static int
find_at(struct sim_disk_view *view, const char *path, enum disk_follow follow,
        struct inode **ret_directory, char ret_name[256],
        struct inode **ret_inode)
{
    int rc = begin(view);

    if (rc == 0) {
        rc = disk_lookup(view->disk, path, follow, ret_directory, ret_name,
                         ret_inode);
    }
    return rc == 0 && !*ret_inode ? -ENOENT : rc;
}

static int
find(struct sim_disk_view *view, const char *path, enum disk_follow follow,
     struct inode **ret)
{
    struct inode *directory;
    char name[256];

    return find_at(view, path, follow, &directory, name, ret);
}

static int
disk_stat(void *view, const char *path, struct stat *ret)
{
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW_SLASH, &inode);

    if (rc == 0) {
        fill_stat(inode, ret);
    }
    return rc;
}

static int
disk_access(void *view, const char *path, int mode UNUSED)
{
    struct inode *inode;

    return find(view, path, DISK_FOLLOW, &inode);
}

static int
disk_chmod(void *view, const char *path, mode_t mode)
{
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW, &inode);

    if (rc == 0) {
        inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
    }
    return rc;
}

static int
disk_chown(void *view, const char *path, uid_t uid, gid_t gid)
{
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW_SLASH, &inode);

    if (rc == 0) {
        inode->uid = uid;
        inode->gid = gid;
    }
    return rc;
}

static int
disk_realpath(void *view, const char *path, char **ret_path)
{
    struct inode *directory, *inode;
    char name[256];
    int rc = find_at(view, path, DISK_FOLLOW, &directory, name, &inode);

    if (rc < 0) {
        return rc;
    }
    if (S_ISDIR(inode->mode)) {
        *ret_path = disk_path(inode);
    } else {
        autofree char *above = disk_path(directory);

        *ret_path = xasprintf("%s/%s", above[1] ? above : "", name);
    }
    return 0;
}

/* --- names --- */

static bool
is_empty(const struct inode *directory)
{
    return directory->names.list.n == 0;
}

/* Whether 'inode' may be replaced or removed as one that is a directory, or is
 * none. */
static int
check_kind(const struct inode *inode, bool is_directory)
{
    if (!S_ISDIR(inode->mode) == is_directory) {
        return is_directory ? -ENOTDIR : -EISDIR;
    }
    return is_directory && !is_empty(inode) ? -ENOTEMPTY : 0;
}

/* Whether 'name', the last of a path, is one that a directory has; 0, or
 * -errno for removing it. */
static int
check_name(const struct sim_disk *disk, const struct inode *inode,
           const char *name)
{
    return inode == disk->root ? -EBUSY
        : !strcmp(name, ".") ? -EINVAL
        : !strcmp(name, "..") ? -ENOTEMPTY : 0;
}

static int
remove_name(struct sim_disk_view *view, const char *path, bool is_directory)
{
    struct inode *directory, *inode;
    char name[256];
    int rc = find_at(view, path, DISK_FOLLOW_NOT, &directory, name, &inode);

    if (rc == 0 && is_directory) {
        rc = check_name(view->disk, inode, name);
    }
    if (rc == 0 && !S_ISDIR(inode->mode) && disk_has_slash(path)) {
        rc = -ENOTDIR;
    }
    if (rc == 0) {
        rc = check_kind(inode, is_directory);
    }
    if (rc == 0) {
        disk_set(view->disk, ++view->disk->n_changes, directory, name, NULL);
    }
    return rc;
}

static int
disk_unlink(void *view, const char *path)
{
    return remove_name(view, path, false);
}

static int
disk_rmdir(void *view, const char *path)
{
    return remove_name(view, path, true);
}

/* Enters a new inode under 'path'; takes it. */
static int
add_name(struct sim_disk_view *view, const char *path, struct inode *new)
{
    struct inode *directory, *inode;
    char name[256];
    int rc = begin_growing(view);

    if (rc == 0) {
        rc = disk_lookup(view->disk, path, DISK_FOLLOW_NOT, &directory, name,
                         &inode);
    }
    if (rc == 0 && inode) {
        rc = -EEXIST;
    }
    if (rc == 0 && !S_ISDIR(new->mode) && disk_has_slash(path)) {
        rc = -ENOENT;
    }
    if (rc == 0) {
        disk_set(view->disk, ++view->disk->n_changes, directory, name, new);
    }
    inode_unref(new);
    return rc;
}

static int
disk_mkdir(void *view_, const char *path, mode_t mode)
{
    struct sim_disk_view *view = view_;

    return add_name(view, path,
                    inode_create(view->disk, S_IFDIR | (mode & 07777)));
}

static int
disk_symlink(void *view_, const char *target, const char *path)
{
    struct sim_disk_view *view = view_;
    struct inode *inode = inode_create(view->disk, S_IFLNK | 0777);

    inode->target = xstrdup(target);
    return add_name(view, path, inode);
}

/* One end of a renaming. */
struct end {
    struct inode *directory;
    char name[256];
    struct inode *inode;        /* NULL: nothing is called so */
};

static int
find_end(struct sim_disk *disk, const char *path, struct end *ret)
{
    return disk_lookup(disk, path, DISK_FOLLOW_NOT, &ret->directory,
                       ret->name, &ret->inode);
}

/* In the order in which Linux looks. */
static int
check_move(const struct sim_disk *disk, const struct end *from,
           const struct end *to, bool has_slash)
{
    bool is_directory = from->inode && S_ISDIR(from->inode->mode);

    if (check_name(disk, from->inode, from->name) < 0
        || check_name(disk, to->inode, to->name) < 0) {
        return -EBUSY;
    }
    if (!from->inode) {
        return -ENOENT;
    }
    if (!is_directory && has_slash) {
        return -ENOTDIR;
    }
    if (is_directory && disk_is_below(to->directory, from->inode)) {
        return -EINVAL;
    }
    if (to->inode && disk_is_below(from->directory, to->inode)) {
        return -ENOTEMPTY;
    }
    return to->inode && to->inode != from->inode
        ? check_kind(to->inode, is_directory) : 0;
}

static int
disk_rename(void *view_, const char *from_path, const char *to_path)
{
    struct sim_disk_view *view = view_;
    struct sim_disk *disk = view->disk;
    struct end from, to;
    int rc = begin(view);

    if (rc == 0) {
        rc = find_end(disk, from_path, &from);
    }
    if (rc == 0) {
        rc = find_end(disk, to_path, &to);
    }
    if (rc == 0) {
        rc = check_move(disk, &from, &to, disk_has_slash(from_path)
                                              || disk_has_slash(to_path));
    }
    if (rc == 0 && from.inode != to.inode) {
        uint64_t number = ++disk->n_changes;

        from.inode->refs++;
        disk_set(disk, number, from.directory, from.name, NULL);
        disk_set(disk, number, to.directory, to.name, from.inode);
        inode_unref(from.inode);
    }
    return rc;
}

static int
disk_list(void *view, const char *path,
          void (*fn)(void *aux, const char *name), void *aux)
{
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW, &inode);

    if (rc == 0 && !S_ISDIR(inode->mode)) {
        rc = -ENOTDIR;
    }
    if (rc == 0) {
        vec_foreach (&inode->names.list, it) {
            fn(aux, it->name);
        }
    }
    return rc;
}

static int
disk_fsync_directory(void *view_, const char *path)
{
    struct sim_disk_view *view = view_;
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW, &inode);

    if (rc == 0 && !S_ISDIR(inode->mode)) {
        rc = -ENOTDIR;
    }
    if (rc == 0) {
        rc = begin_sync(view);
    }
    if (rc == 0) {
        disk_sync_directory(view->disk, inode);
    }
    return rc < 0 ? rc : 0;
}

static int
disk_touch(void *view_, const char *path)
{
    struct sim_disk_view *view = view_;
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW_SLASH, &inode);

    if (rc == 0) {
        inode->changed_at = view->disk->sim->now;
    }
    return rc;
}

/* Half of it is free, unless it is full. */
static int
disk_usage(void *view_, const char *path, uint64_t *ret_size,
           uint64_t *ret_free)
{
    struct sim_disk_view *view = view_;
    struct inode *inode;
    int rc = find(view, path, DISK_FOLLOW, &inode);

    if (rc == 0) {
        *ret_size = DISK_SIZE;
        *ret_free = view->disk->faults.n_full > 0 ? 0 : DISK_SIZE / 2;
    }
    return rc;
}

static void
remove_names(struct sim_disk_view *view, struct inode *directory)
{
    while (!is_empty(directory)) {
        struct disk_name *last = &vec_last(&directory->names.list);

        if (S_ISDIR(last->inode->mode)) {
            remove_names(view, last->inode);
        }
        pay(view, CALL_SPREAD / 2);
        autofree char *name = xstrdup(last->name);
        disk_set(view->disk, ++view->disk->n_changes, directory, name, NULL);
    }
}

static int
disk_remove_tree(void *view, const char *path)
{
    struct inode *directory, *inode;
    char name[256];
    int rc = find_at(view, path, DISK_FOLLOW_NOT, &directory, name, &inode);

    if (rc == 0 && !S_ISDIR(inode->mode)) {
        rc = -ENOTDIR;
    }
    if (rc == 0) {
        rc = check_name(((struct sim_disk_view *) view)->disk, inode, name);
    }
    if (rc == 0) {
        remove_names(view, inode);
        rc = remove_name(view, path, true);
    }
    return rc;
}

const struct actor_disk_ops sim_disk_ops = {
    .open = disk_open,
    .close = disk_close,
    .pread = disk_pread,
    .pwrite = disk_pwrite,
    .fsync = disk_fsync,
    .fdatasync = disk_fsync,
    .lock = disk_lock,
    .ftruncate = disk_ftruncate,
    .fstat = disk_fstat,
    .fchown = disk_fchown,
    .stat = disk_stat,
    .access = disk_access,
    .chmod = disk_chmod,
    .chown = disk_chown,
    .rename = disk_rename,
    .unlink = disk_unlink,
    .symlink = disk_symlink,
    .realpath = disk_realpath,
    .mkdir = disk_mkdir,
    .rmdir = disk_rmdir,
    .list = disk_list,
    .fsync_directory = disk_fsync_directory,
    .touch = disk_touch,
    .usage = disk_usage,
    .remove_tree = disk_remove_tree,
};
