/* SPDX-License-Identifier: Apache-2.0
 *
 * volumes.c - persistent volumes as directories.
 *
 * Thread: pool threads. */
#include <config.h>

#include "agent/operations/volumes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define VOLUME_MODE 0755

/* --- where they are --- */

static const char *
role_of(const V1__Resource *r)
{
    return r->n_reservations > 0 ? r->reservations[r->n_reservations - 1]->role
                                 : "*";
}

static bool
is_mount(const V1__Resource *r)
{
    return r->disk && r->disk->source
        && r->disk->source->type
            == V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT;
}

static char *
make_root(const char *work_dir, const char *root)
{
    return root[0] == '/' ? xstrdup(root) : xasprintf("%s/%s", work_dir, root);
}

/* The directory of the disk; NULL: the volume has none. */
static char *
disk_root(const char *work_dir, const V1__Resource *r)
{
    const V1__Resource__DiskInfo__Source *source = r->disk->source;

    if (!source) {
        return xstrdup(work_dir);
    }
    if (source->path && source->path->root) {
        return make_root(work_dir, source->path->root);
    }
    if (is_mount(r) && source->mount && source->mount->root) {
        return make_root(work_dir, source->mount->root);
    }
    return NULL;
}

char *
volume_path(const char *work_dir, const V1__Resource *r)
{
    autofree char *root = NULL;
    autofree char *role = NULL;

    if (!r->disk || !r->disk->persistence) {
        return NULL;
    }
    root = disk_root(work_dir, r);
    if (!root || is_mount(r)) {
        return steal(root);
    }
    role = xstrdup(role_of(r));
    for (char *p = role; *p; p++) {
        *p = *p == '/' ? ' ' : *p;
    }
    return xasprintf("%s/volumes/roles/%s/%s", root, role,
                     r->disk->persistence->id);
}

/* --- what changes --- */

static bool
has_path(const char *work_dir, V1__Resource *const *resources, size_t n,
         const char *path)
{
    for (size_t i = 0; i < n; i++) {
        autofree char *other = volume_path(work_dir, resources[i]);

        if (other && !strcmp(other, path)) {
            return true;
        }
    }
    return false;
}

/* Adds volumes of 'a' that are not in 'b'. */
static void
add_missing(struct volume_changes *changes, const char *work_dir,
            V1__Resource *const *a, size_t n_a, V1__Resource *const *b,
            size_t n_b, bool is_new)
{
    for (size_t i = 0; i < n_a; i++) {
        struct volume_change change = {
            .path = volume_path(work_dir, a[i]),
            .is_new = is_new,
            .is_mount = is_mount(a[i]),
        };

        if (!change.path || has_path(work_dir, b, n_b, change.path)) {
            free(change.path);
        } else {
            vec_push(&changes->items, change);
        }
    }
}

void
volume_changes_init(struct volume_changes *changes, const char *work_dir,
                    const struct resources *before,
                    const struct resources *after)
{
    struct message *m = message_create(&v1__resource__descriptor);
    V1__Resource **old_ones, **new_ones;
    size_t n_old, n_new;

    memset(changes, 0, sizeof *changes);
    resources_encode(before, m, &old_ones, &n_old);
    resources_encode(after, m, &new_ones, &n_new);
    add_missing(changes, work_dir, new_ones, n_new, old_ones, n_old, true);
    add_missing(changes, work_dir, old_ones, n_old, new_ones, n_new, false);
    message_unref(m);
}

void
volume_changes_fini(struct volume_changes *changes)
{
    vec_foreach (&changes->items, it) {
        free(it->path);
    }
    vec_fini(&changes->items);
}

/* --- doing it --- */

struct names {
    VEC(char *) items;          /* owned */
};

static void
add_name(void *names_, const char *name)
{
    struct names *names = names_;

    vec_push(&names->items, xstrdup(name));
}

static int remove_tree(const struct actor_disk *, const char *path);

/* What is in the directory; paths are short enough for this to end. */
static int
remove_content(const struct actor_disk *disk, const char *path)
{
    struct names names = { .items = VEC_EMPTY };
    int rc = actor_disk_list(disk, path, add_name, &names);

    vec_foreach (&names.items, it) {
        if (rc == 0 && strcmp(*it, ".") && strcmp(*it, "..")) {
            autofree char *below = xasprintf("%s/%s", path, *it);

            rc = remove_tree(disk, below);
        }
        free(*it);
    }
    vec_fini(&names.items);
    return rc;
}

static int
remove_tree(const struct actor_disk *disk, const char *path)
{
    struct stat info;
    int rc = actor_disk_stat(disk, path, &info);

    if (rc == 0 && !S_ISDIR(info.st_mode)) {
        rc = actor_disk_unlink(disk, path);
    } else if (rc == 0) {
        rc = remove_content(disk, path);
        if (rc == 0) {
            rc = actor_disk_rmdir(disk, path);
        }
    }
    return rc == -ENOENT ? 0 : rc;
}

static char *
parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return xasprintf("%.*s", slash ? (int) (slash - path) : 0, path);
}

static struct error *
create_volume(const struct actor_disk *disk, const struct volume_change *c)
{
    autofree char *parent = parent_of(c->path);
    int rc = actor_disk_make_path(disk, c->path, VOLUME_MODE);

    if (rc == 0 && !c->is_mount) {
        rc = actor_disk_fsync_directory(disk, parent);
    }
    return rc < 0 ? error_errno(-rc, "Failed to create persistent volume at "
                                "'%s'", c->path) : NULL;
}

/* What cannot be removed is left where it is: part of it may be gone, so that
 * the volume is over in any case. */
static void
remove_volume(const struct actor_disk *disk, const struct volume_change *c)
{
    int rc;

    log_info("Deleting persistent volume at '%s'", c->path);
    rc = c->is_mount ? remove_content(disk, c->path)
                     : remove_tree(disk, c->path);
    if (rc < 0) {
        log_error("Failed to remove persistent volume at '%s': %s", c->path,
                  strerror(-rc));
    }
}

struct error *
volume_changes_apply(const struct actor_disk *disk,
                     const struct volume_changes *changes)
{
    vec_foreach (&changes->items, it) {
        struct error *error = NULL;

        if (it->is_new) {
            error = create_volume(disk, it);
        } else {
            remove_volume(disk, it);
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* --- links --- */

void
volume_links_add(struct volume_links *links, const char *work_dir,
                 const struct resources *resources)
{
    struct message *m = message_create(&v1__resource__descriptor);
    V1__Resource **all;
    size_t n;

    resources_encode(resources, m, &all, &n);
    for (size_t i = 0; i < n; i++) {
        struct volume_link link = {
            .source = volume_path(work_dir, all[i]),
            .is_shared = all[i]->shared != NULL,
        };

        if (!link.source || !all[i]->disk->volume) {
            free(link.source);
            continue;
        }
        link.name = xstrdup(all[i]->disk->volume->container_path);
        vec_push(&links->items, link);
    }
    message_unref(m);
}

void
volume_links_fini(struct volume_links *links)
{
    vec_foreach (&links->items, it) {
        free(it->source);
        free(it->name);
    }
    vec_fini(&links->items);
}

/* One that is there already has to be the same. */
static struct error *
check_link(const struct actor_disk *disk, const char *path,
           const struct volume_link *link)
{
    autofree char *there = NULL;
    autofree char *wanted = NULL;
    int rc = actor_disk_realpath(disk, path, &there);

    if (rc == 0) {
        rc = actor_disk_realpath(disk, link->source, &wanted);
    }
    if (rc < 0) {
        return error_errno(-rc, "Failed to get the realpath of symlink '%s'",
                           path);
    }
    if (strcmp(there, wanted)) {
        return error_create(ERROR_CONFLICT, "The existing symlink '%s' points "
                            "to '%s' and the new target is '%s'", path, there,
                            wanted);
    }
    return NULL;
}

static struct error *
own_volume(const struct actor_disk *disk, const struct volume_link *link,
           const struct stat *sandbox)
{
    struct stat info;
    int rc = actor_disk_stat(disk, link->source, &info);

    if (rc == 0 && !link->is_shared && sandbox->st_uid != 0
        && (info.st_uid != sandbox->st_uid
            || info.st_gid != sandbox->st_gid)) {
        log_info("Changing the ownership of the persistent volume at '%s' "
                 "with uid %u and gid %u", link->source,
                 (unsigned) sandbox->st_uid, (unsigned) sandbox->st_gid);
        rc = actor_disk_chown(disk, link->source, sandbox->st_uid,
                              sandbox->st_gid);
    }
    return rc < 0 ? error_errno(-rc, "Failed to change the ownership of the "
                                "persistent volume at '%s' with uid %u and "
                                "gid %u", link->source,
                                (unsigned) sandbox->st_uid,
                                (unsigned) sandbox->st_gid) : NULL;
}

static struct error *
make_link(const struct actor_disk *disk, const char *sandbox,
          const struct volume_link *link, const struct stat *owner)
{
    autofree char *path = xasprintf("%s/%s", sandbox, link->name);
    struct error *error;
    int rc;

    if (strchr(link->name, '/') || !strcmp(link->name, "")
        || !strcmp(link->name, ".") || !strcmp(link->name, "..")) {
        log_warn("Skipping updating symlink for persistent volume '%s' "
                 "because the container path '%s' contains slash",
                 link->source, link->name);
        return NULL;
    }
    error = own_volume(disk, link, owner);
    if (error) {
        return error;
    }
    rc = actor_disk_symlink(disk, link->source, path);
    if (rc == -EEXIST) {
        return check_link(disk, path, link);
    }
    if (rc < 0) {
        return error_errno(-rc, "Failed to symlink persistent volume from "
                           "'%s' to '%s'", link->source, path);
    }
    log_info("Adding symlink from '%s' to '%s' for persistent volume",
             link->source, path);
    return NULL;
}

struct error *
volume_links_make(const struct actor_disk *disk, const char *sandbox,
                  const struct volume_links *links)
{
    struct stat owner;
    int rc;

    if (links->items.n == 0) {
        return NULL;
    }
    rc = actor_disk_stat(disk, sandbox, &owner);
    if (rc < 0) {
        return error_errno(-rc, "Failed to get ownership for '%s'", sandbox);
    }
    vec_foreach (&links->items, it) {
        struct error *error = make_link(disk, sandbox, it, &owner);

        if (error) {
            return error;
        }
    }
    return NULL;
}
