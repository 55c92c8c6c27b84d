/* SPDX-License-Identifier: Apache-2.0
 *
 * disk.h - a simulated disk, between its two halves: files and names, and what
 * a power failure leaves of them (disk_tree.c), and the calls of processes
 * (disk.c).
 *
 * Everything is there twice: as processes see it, and as it would be found
 * after a power failure.  In between are writes to files and changes of
 * directories that nobody has synced yet.
 *
 * Thread-safety: one thread a world. */
#ifndef SIM_DISK_H
#define SIM_DISK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <actor/strbuf.h>
#include <actor/vec.h>

#include "sim/private.h"

struct inode;

/* A name in a directory; owned, its inode counted. */
struct disk_name {
    char *name;
    struct inode *inode;
};

struct disk_names {
    VEC(struct disk_name) list;
};

/* A write to a file, or the setting of its size, that was not synced. */
struct disk_write {
    bool is_resize;             /* to 'offset' */
    size_t offset;
    size_t size;
    char *data;                 /* owned */
};

struct inode {
    unsigned refs;
    uint64_t number;
    mode_t mode;                /* with its kind */
    uid_t uid;
    gid_t gid;
    int64_t changed_at;

    /* Regular files. */
    struct strbuf data;
    struct strbuf durable;
    VEC(struct disk_write) pending;     /* oldest first */

    char *target;               /* owned; symbolic links */

    /* Directories. */
    struct inode *parent;       /* as processes see it; NULL: removed */
    struct disk_names names;
    struct disk_names durable_names;
};

/* A name that got another inode, or none; not synced.  Both halves of a
 * renaming have one number. */
struct disk_change {
    uint64_t number;
    struct inode *directory;    /* counted */
    char *name;                 /* owned */
    struct inode *inode;        /* counted; NULL: the name is gone */
};

struct disk_file {
    struct inode *inode;        /* counted; NULL: free */
    int flags;
    bool is_locked;
    struct sim_process *process;        /* NULL: somebody outside */
};

struct sim_disk {
    struct sim *sim;
    struct inode *root;         /* counted */
    uint64_t n_inodes;
    uint64_t n_changes;
    VEC(struct disk_change) changes;    /* oldest first */
    VEC(struct disk_file) files;        /* by descriptor */
    struct sim_disk_faults faults;
};

struct inode *inode_create(struct sim_disk *, mode_t mode);
void inode_unref(struct inode *);

/* Whether the last component of a path is followed if it is a symbolic link:
 * not if a name is changed; if a slash comes after it, which says that it is a
 * directory; or always. */
enum disk_follow {
    DISK_FOLLOW_NOT,
    DISK_FOLLOW_SLASH,
    DISK_FOLLOW,
};

/* Where 'path', which is absolute, leads: to '*ret_inode' (NULL: nothing is
 * called so) in '*ret_directory' under 'ret_name'.  -errno if there is no such
 * directory, or if it is none in spite of a slash at the end (but for
 * DISK_FOLLOW_NOT). */
int disk_lookup(struct sim_disk *, const char *path, enum disk_follow,
                struct inode **ret_directory, char ret_name[256],
                struct inode **ret_inode);

/* Whether 'path', which is not empty, ends with a slash. */
static inline bool
disk_has_slash(const char *path)
{
    return path[strlen(path) - 1] == '/';
}

/* Whether it is 'directory' or somewhere in it; as processes see it. */
bool disk_is_below(const struct inode *, const struct inode *directory);

/* Its path; the caller frees it. */
char *disk_path(const struct inode *directory);

struct inode *disk_find(const struct inode *directory, const char *name);

/* Gives 'name' the inode, or none.  Changes with one number are durable
 * together. */
void disk_set(struct sim_disk *, uint64_t number, struct inode *directory,
              const char *name, struct inode *);

/* What a file looks like from now on. */
void disk_write(struct sim_disk *, struct inode *, const void *data,
                size_t size, size_t offset);
void disk_resize(struct sim_disk *, struct inode *, size_t size);

/* Makes it durable. */
void disk_sync_file(struct inode *);
void disk_sync_directory(struct sim_disk *, const struct inode *);

/* The kernel takes for written what is not. */
void disk_forget_writes(struct inode *);

#endif /* SIM_DISK_H */
