/* SPDX-License-Identifier: Apache-2.0
 *
 * volumes.h - persistent volumes as directories.
 *
 * A volume of the agent's own disk, or of a disk at a path, is
 *
 *     <root>/volumes/roles/<role>/<id>    '/' in the role becomes ' '
 *
 * and one of a disk that is mounted is the mount point itself.  A container
 * sees it through a link in its sandbox, which is what Mesos'
 * filesystem/posix isolator makes.
 *
 * Thread-safety: pool threads, or before there are actors: these block. */
#ifndef AGENT_OPERATIONS_VOLUMES_H
#define AGENT_OPERATIONS_VOLUMES_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>
#include <actor/vec.h>

struct actor_disk;
struct error;
struct resources;
struct V1__Resource;

/* Where the volume is; NULL if the resource is none.  The caller's to free. */
char *volume_path(const char *work_dir, const struct V1__Resource *);

struct volume_change {
    char *path;                 /* owned */
    bool is_new;                /* else it is over, with all that is in it */
    bool is_mount;              /* the directory itself stays */
};

struct volume_changes {
    VEC(struct volume_change) items;    /* owned */
};

/* What has to be done when one sum of resources becomes another. */
void volume_changes_init(struct volume_changes *, const char *work_dir,
                         const struct resources *before,
                         const struct resources *after);
void volume_changes_fini(struct volume_changes *);

/* Does it, new ones first; doing it again is fine.  An error is about a new
 * one. */
struct error *volume_changes_apply(const struct actor_disk *,
                                   const struct volume_changes *) MUST_CHECK;

/* How a container sees a volume. */
struct volume_link {
    char *source;               /* owned, as the next */
    char *name;                 /* of the link, in the sandbox */
    bool is_shared;             /* and keeps its owner */
};

struct volume_links {
    VEC(struct volume_link) items;      /* owned */
};

/* Adds links for the volumes in 'resources'. */
void volume_links_add(struct volume_links *, const char *work_dir,
                      const struct resources *);
void volume_links_fini(struct volume_links *);

/* Makes them in the sandbox; whom that belongs to gets the volumes. */
struct error *volume_links_make(const struct actor_disk *,
                                const char *sandbox,
                                const struct volume_links *) MUST_CHECK;

#endif /* AGENT_OPERATIONS_VOLUMES_H */
