/* SPDX-License-Identifier: Apache-2.0
 *
 * disk_tree.c - files and names on a simulated disk, and what a power failure
 * leaves of them.
 *
 * POSIX promises nothing about what was not synced, and we take it at its
 * word: of several writes to a file each may be found, be lost, or be found in
 * part, by sectors.  Changes of one directory are found up to some point, as
 * journals have them, and changes of different directories independently; a
 * renaming is found whole or not at all. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "sim/disk.h"

#define SECTOR 512u
#define LINKS_MAX 40

/* --- inodes --- */

struct inode *
inode_create(struct sim_disk *disk, mode_t mode)
{
    struct inode *inode = xcalloc(1, sizeof *inode);

    inode->refs = 1;
    inode->number = ++disk->n_inodes;
    inode->mode = mode;
    inode->changed_at = disk->sim->now;
    strbuf_init(&inode->data, STRBUF_UNLIMITED);
    strbuf_init(&inode->durable, STRBUF_UNLIMITED);
    return inode;
}

static struct inode *
inode_ref(struct inode *inode)
{
    if (inode) {
        inode->refs++;
    }
    return inode;
}

void
disk_forget_writes(struct inode *inode)
{
    vec_foreach (&inode->pending, it) {
        free(it->data);
    }
    vec_clear(&inode->pending);
}

static void
names_fini(struct disk_names *names)
{
    vec_foreach (&names->list, it) {
        free(it->name);
        inode_unref(it->inode);
    }
    vec_fini(&names->list);
}

void
inode_unref(struct inode *inode)
{
    if (!inode || --inode->refs > 0) {
        return;
    }
    disk_forget_writes(inode);
    vec_fini(&inode->pending);
    names_fini(&inode->names);
    names_fini(&inode->durable_names);
    strbuf_fini(&inode->data);
    strbuf_fini(&inode->durable);
    free(inode->target);
    free(inode);
}

/* --- names --- */

static struct disk_name *
names_find(const struct disk_names *names, const char *name)
{
    vec_foreach (&names->list, it) {
        if (!strcmp(it->name, name)) {
            return it;
        }
    }
    return NULL;
}

static void
names_set(struct disk_names *names, const char *name, struct inode *inode)
{
    struct disk_name *old = names_find(names, name);

    inode_ref(inode);
    if (old) {
        inode_unref(old->inode);
        old->inode = inode;
    } else if (inode) {
        struct disk_name new = { xstrdup(name), inode };

        vec_push(&names->list, new);
    }
    if (old && !inode) {
        free(old->name);
        vec_remove(&names->list, (size_t) (old - names->list.data));
    }
}

static void
names_copy(struct disk_names *to, const struct disk_names *from)
{
    names_fini(to);
    vec_foreach (&from->list, it) {
        names_set(to, it->name, it->inode);
    }
}

struct inode *
disk_find(const struct inode *directory, const char *name)
{
    const struct disk_name *found = names_find(&directory->names, name);

    return found ? found->inode : NULL;
}

void
disk_set(struct sim_disk *disk, uint64_t number, struct inode *directory,
         const char *name, struct inode *inode)
{
    struct inode *old = disk_find(directory, name);
    struct disk_change change = {
        number, inode_ref(directory), xstrdup(name), inode_ref(inode),
    };

    sim_hash_bytes(disk->sim, name, strlen(name));
    if (old && S_ISDIR(old->mode) && old->parent == directory) {
        old->parent = NULL;
    }
    if (inode && S_ISDIR(inode->mode)) {
        inode->parent = directory;
    }
    vec_push(&disk->changes, change);
    names_set(&directory->names, name, inode);
    directory->changed_at = disk->sim->now;
}

/* The next component of '*path'; false at its end, or if it is too long. */
static bool
next_component(const char **path, char name[256])
{
    while (**path == '/') {
        (*path)++;
    }
    size_t len = strcspn(*path, "/");

    if (len == 0 || len > 255) {
        return false;
    }
    memcpy(name, *path, len);
    name[len] = '\0';
    *path += len;
    return true;
}

/* Nothing follows but maybe slashes. */
static bool
is_last(const char *path)
{
    return path[strspn(path, "/")] == '\0';
}

/* Whether a link is, with 'path' after it. */
static bool
is_followed(const char *path, enum disk_follow follow)
{
    return !is_last(path) || follow == DISK_FOLLOW
        || (follow == DISK_FOLLOW_SLASH && *path);
}

static int
lookup(struct sim_disk *disk, struct inode *at, const char *path,
       enum disk_follow follow, int n_links, struct inode **ret_directory,
       char ret_name[256], struct inode **ret_inode)
{
    struct inode *directory = at;
    char name[256] = ".";

    if (path[0] == '/') {
        at = directory = disk->root;
    }
    while (next_component(&path, name)) {
        if (!at) {
            return -ENOENT;
        }
        if (!S_ISDIR(at->mode)) {
            return -ENOTDIR;
        }
        if (!strcmp(name, ".")) {
            continue;
        }
        directory = at;
        at = strcmp(name, "..") ? disk_find(directory, name)
                                : directory->parent;
        if (at && S_ISLNK(at->mode) && is_followed(path, follow)) {
            if (n_links == LINKS_MAX) {
                return -ELOOP;
            }
            int rc = lookup(disk, directory, at->target, DISK_FOLLOW,
                            n_links + 1, &directory, name, &at);
            if (rc < 0) {
                return rc;
            }
        }
    }
    if (!is_last(path)) {
        return !at ? -ENOENT : S_ISDIR(at->mode) ? -ENAMETOOLONG : -ENOTDIR;
    }
    *ret_directory = directory;
    memcpy(ret_name, name, sizeof name);
    *ret_inode = at;
    return 0;
}

int
disk_lookup(struct sim_disk *disk, const char *path,
            enum disk_follow follow, struct inode **ret_directory,
            char ret_name[256], struct inode **ret_inode)
{
    if (path[0] == '\0') {
        return -ENOENT;
    }
    int rc = lookup(disk, disk->root, path, follow, 0, ret_directory,
                    ret_name, ret_inode);

    if (rc == 0 && follow != DISK_FOLLOW_NOT && disk_has_slash(path)
        && *ret_inode && !S_ISDIR((*ret_inode)->mode)) {
        rc = -ENOTDIR;
    }
    return rc;
}

bool
disk_is_below(const struct inode *inode, const struct inode *directory)
{
    while (inode && inode != directory && inode->parent != inode) {
        inode = inode->parent;
    }
    return inode == directory;
}

static const char *
name_of(const struct inode *inode)
{
    vec_foreach (&inode->parent->names.list, it) {
        if (it->inode == inode) {
            return it->name;
        }
    }
    UNREACHABLE();
}

char *
disk_path(const struct inode *inode)
{
    char *path = xstrdup("");

    for (; inode->parent && inode->parent != inode; inode = inode->parent) {
        char *longer = xasprintf("/%s%s", name_of(inode), path);

        free(path);
        path = longer;
    }
    if (path[0] == '\0') {
        free(path);
        path = xstrdup("/");
    }
    return path;
}

/* --- contents --- */

static void
resize(struct strbuf *data, size_t size)
{
    static const char zeroes[SECTOR];

    if (size < data->len) {
        strbuf_truncate(data, size);
    }
    while (data->len < size) {
        size_t n = size - data->len;

        strbuf_append_bytes(data, zeroes, n < SECTOR ? n : SECTOR);
    }
}

static void
apply(struct strbuf *data, const struct disk_write *w, size_t size)
{
    if (w->is_resize) {
        resize(data, w->offset);
    } else if (size > 0) {
        if (data->len < w->offset + size) {
            resize(data, w->offset + size);
        }
        memcpy(data->data + w->offset, w->data, size);
    }
}

static void
change(struct sim_disk *disk, struct inode *inode, struct disk_write w)
{
    sim_hash_bytes(disk->sim, &w.offset, sizeof w.offset);
    sim_hash_bytes(disk->sim, w.data, w.size);
    apply(&inode->data, &w, w.size);
    vec_push(&inode->pending, w);
    inode->changed_at = disk->sim->now;
}

void
disk_write(struct sim_disk *disk, struct inode *inode, const void *data,
           size_t size, size_t offset)
{
    if (size > 0) {
        change(disk, inode, (struct disk_write) {
            .offset = offset, .size = size, .data = xmemdup(data, size),
        });
    }
}

void
disk_resize(struct sim_disk *disk, struct inode *inode, size_t size)
{
    change(disk, inode, (struct disk_write) {
        .is_resize = true, .offset = size,
    });
}

/* --- syncing --- */

void
disk_sync_file(struct inode *inode)
{
    vec_foreach (&inode->pending, it) {
        apply(&inode->durable, it, it->size);
    }
    disk_forget_writes(inode);
}

static void
change_fini(struct disk_change *c)
{
    inode_unref(c->directory);
    inode_unref(c->inode);
    free(c->name);
}

/* Makes changes durable for which 'is_kept' says so, and forgets those. */
static void
settle(struct sim_disk *disk, bool (*is_kept)(const struct disk_change *,
                                              const void *aux),
       const void *aux)
{
    size_t n = 0;

    for (size_t i = 0; i < disk->changes.n; i++) {
        struct disk_change c = disk->changes.data[i];

        if (is_kept(&c, aux)) {
            names_set(&c.directory->durable_names, c.name, c.inode);
            change_fini(&c);
        } else {
            disk->changes.data[n++] = c;
        }
    }
    disk->changes.n = n;
}

struct numbers {
    VEC(uint64_t) list;
};

static bool
is_among(const struct disk_change *c, const void *numbers_)
{
    const struct numbers *numbers = numbers_;

    vec_foreach (&numbers->list, it) {
        if (*it == c->number) {
            return true;
        }
    }
    return false;
}

/* A set of directories. */
struct directories {
    VEC(const struct inode *) list;
};

static bool
is_one_of(const struct directories *set, const struct inode *directory)
{
    vec_foreach (&set->list, it) {
        if (*it == directory) {
            return true;
        }
    }
    return false;
}

/* Where the changes begin that have the number of the one before 'end'. */
static size_t
begin_of_group(const struct sim_disk *disk, size_t end)
{
    size_t i = end - 1;

    while (i > 0 && disk->changes.data[i - 1].number
                        == disk->changes.data[i].number) {
        i--;
    }
    return i;
}

/* Whether changes i..end-1, which have one number, come before some of those
 * that are durable: they are of one of the directories, or give one that
 * something was moved into or out of its name. */
static bool
is_before(const struct sim_disk *disk, size_t i, size_t end,
          const struct directories *of, const struct directories *moved)
{
    for (; i < end; i++) {
        const struct disk_change *c = &disk->changes.data[i];

        if (is_one_of(of, c->directory)
            || (c->inode && is_one_of(moved, c->inode))) {
            return true;
        }
    }
    return false;
}

/* A renaming takes the other directory along, up to that point: otherwise what
 * was moved could be found twice, or nowhere. */
void
disk_sync_directory(struct sim_disk *disk, const struct inode *directory)
{
    struct directories of = { VEC_EMPTY }, moved = { VEC_EMPTY };
    struct numbers numbers = { VEC_EMPTY };

    vec_push(&of.list, directory);
    for (size_t i, end = disk->changes.n; end > 0; end = i) {
        i = begin_of_group(disk, end);
        if (!is_before(disk, i, end, &of, &moved)) {
            continue;
        }
        vec_push(&numbers.list, disk->changes.data[i].number);
        for (size_t j = i; j < end; j++) {
            const struct inode *other = disk->changes.data[j].directory;

            vec_push(&of.list, other);
            if (end - i > 1) {
                vec_push(&moved.list, other);
            }
        }
    }
    settle(disk, is_among, &numbers);
    vec_fini(&numbers.list);
    vec_fini(&of.list);
    vec_fini(&moved.list);
}

/* --- the power goes --- */

/* Whether the changes with the number of change 'i' are lost. */
static bool
is_lost(struct sim_disk *disk, size_t i, const struct directories *cuts)
{
    bool lost = sim_chance(disk->sim, SIM_STREAM_DISK, 200000);

    for (size_t j = i; j < disk->changes.n; j++) {
        const struct disk_change *c = &disk->changes.data[j];

        if (c->number == disk->changes.data[i].number) {
            lost |= is_one_of(cuts, c->directory);
        }
    }
    return lost;
}

/* Which changes are found: those of each directory up to some point, and none
 * of one whose own name is lost. */
static void
draw_changes(struct sim_disk *disk, struct numbers *found)
{
    struct directories cuts = { VEC_EMPTY };    /* nothing more is found */
    uint64_t last = 0;

    for (size_t i = 0; i < disk->changes.n; i++) {
        uint64_t number = disk->changes.data[i].number;

        if (number == last) {
            continue;
        }
        last = number;
        if (!is_lost(disk, i, &cuts)) {
            vec_push(&found->list, number);
            continue;
        }
        for (size_t j = i; j < disk->changes.n; j++) {
            if (disk->changes.data[j].number == number) {
                vec_push(&cuts.list, disk->changes.data[j].directory);
                vec_push(&cuts.list, disk->changes.data[j].inode);
            }
        }
    }
    vec_fini(&cuts.list);
}

/* How much of a write is found, by sectors of the disk. */
static size_t
draw_size(struct sim *sim, const struct disk_write *w)
{
    switch (sim_below(sim, SIM_STREAM_DISK, 3)) {
    case 0:
        return 0;
    case 1:
        return w->size;
    default:
        break;
    }
    size_t end = w->offset + w->size;
    size_t n = end / SECTOR - w->offset / SECTOR + 1;
    size_t cut = (w->offset / SECTOR + sim_below(sim, SIM_STREAM_DISK, n))
                 * SECTOR;

    return cut <= w->offset ? 0 : cut < end ? cut - w->offset : w->size;
}

static void
crash_file(struct sim *sim, struct inode *inode)
{
    vec_foreach (&inode->pending, it) {
        size_t size = draw_size(sim, it);

        if (!it->is_resize || sim_chance(sim, SIM_STREAM_DISK, 500000)) {
            apply(&inode->durable, it, size);
        }
    }
    disk_forget_writes(inode);
    strbuf_clear(&inode->data);
    strbuf_append_bytes(&inode->data, inode->durable.data,
                        inode->durable.len);
}

static void
crash_tree(struct sim *sim, struct inode *inode)
{
    if (S_ISREG(inode->mode)) {
        crash_file(sim, inode);
    }
    if (!S_ISDIR(inode->mode)) {
        return;
    }
    names_copy(&inode->names, &inode->durable_names);
    vec_foreach (&inode->names.list, it) {
        if (S_ISDIR(it->inode->mode)) {
            it->inode->parent = inode;
        }
        crash_tree(sim, it->inode);
    }
}

void
sim_disk_crash(struct sim_disk *disk)
{
    struct numbers found = { VEC_EMPTY };

    vec_foreach (&disk->files, it) {
        inode_unref(it->inode);
    }
    vec_fini(&disk->files);
    draw_changes(disk, &found);
    settle(disk, is_among, &found);
    vec_fini(&found.list);
    vec_foreach (&disk->changes, it) {
        change_fini(it);
    }
    vec_clear(&disk->changes);
    crash_tree(disk->sim, disk->root);
}

/* --- a bit turns round --- */

struct files {
    VEC(struct inode *) list;
};

static void
collect(struct inode *directory, struct files *files)
{
    vec_foreach (&directory->names.list, it) {
        if (S_ISDIR(it->inode->mode)) {
            collect(it->inode, files);
        } else if (it->inode->data.len > 0) {
            vec_push(&files->list, it->inode);
        }
    }
}

bool
sim_disk_flip_bit(struct sim_disk *disk)
{
    struct files files = { VEC_EMPTY };

    collect(disk->root, &files);
    size_t n = files.list.n;

    if (n > 0) {
        struct inode *inode =
            files.list.data[sim_below(disk->sim, SIM_STREAM_DISK, n)];
        size_t at = sim_below(disk->sim, SIM_STREAM_DISK, inode->data.len);
        char bit = (char) (1 << sim_below(disk->sim, SIM_STREAM_DISK, 8));

        inode->data.data[at] ^= bit;
        if (at < inode->durable.len) {
            inode->durable.data[at] ^= bit;
        }
    }
    vec_fini(&files.list);
    return n > 0;
}
