/* SPDX-License-Identifier: Apache-2.0
 *
 * journal_settle.c - the end of a segment: the files that it is about are
 * synced.
 *
 * Thread: a pool thread. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/table.h>

#include "agent/checkpoint/journal_private.h"

/* What has been synced: "dir/file" for a directory, "dir/file\n" for a file,
 * both relative to meta. */
struct path {
    char *text;                 /* owned */
    UT_hash_handle hh;
};

struct sync {
    const struct actor_disk *disk;
    const char *meta;
    struct path *done;          /* owned; a table */
};

/* False if it was there. */
static bool
note(struct sync *sync, const char *text)
{
    struct path *path;

    HASH_FIND_STR(sync->done, text, path);
    if (path) {
        return false;
    }
    path = xcalloc(1, sizeof *path);
    path->text = xstrdup(text);
    HASH_ADD_KEYPTR(hh, sync->done, path->text, strlen(path->text), path);
    return true;
}

static void
forget_all(struct sync *sync)
{
    struct path *path, *next;

    HASH_ITER(hh, sync->done, path, next) {
        HASH_DEL(sync->done, path);
        free(path->text);
        free(path);
    }
}

static struct error *
sync_file(const struct sync *sync, const char *path)
{
    int fd = actor_disk_open(sync->disk, path, O_RDONLY, 0);
    int rc;

    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
        return NULL;            /* removed since, or a link */
    }
    rc = fd < 0 ? fd : actor_disk_fsync(sync->disk, fd);
    actor_disk_close(sync->disk, &fd);
    return rc < 0 ? error_errno(-rc, "syncing '%s'", path) : NULL;
}

/* The directories that lead to it. */
static struct error *
sync_directories(struct sync *sync, const char *path)
{
    autofree char *directory = xstrdup(path);

    for (;;) {
        char *slash = strrchr(directory, '/');

        *(slash ? slash : directory) = '\0';
        if (!note(sync, directory)) {
            return NULL;
        }
        autofree char *full = xasprintf("%s/%s", sync->meta, directory);
        int rc = actor_disk_fsync_directory(sync->disk, full);
        if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR) {
            return error_errno(-rc, "syncing directory '%s'", full);
        }
        if (*directory == '\0') {
            return NULL;
        }
    }
}

static struct error *
sync_change(void *sync_, const struct checkpoint_change *change)
{
    struct sync *sync = sync_;
    struct error *error = NULL;

    if (change->type == CHECKPOINT_WRITE
        || change->type == CHECKPOINT_APPEND) {
        autofree char *key = xasprintf("%s\n", change->path);
        autofree char *path = xasprintf("%s/%s", sync->meta, change->path);

        if (note(sync, key)) {
            error = sync_file(sync, path);
        }
    }
    return error ? error : sync_directories(sync, change->path);
}

static struct error *
remove_segment(const struct actor_disk *disk, const char *meta,
               uint64_t number)
{
    autofree char *path = journal_path(meta, number);
    int rc = actor_disk_unlink(disk, path);

    return rc < 0 && rc != -ENOENT ? error_errno(-rc, "removing '%s'", path)
                                   : NULL;
}

struct error *
journal_settle(const struct actor_disk *disk, const char *meta,
               uint64_t number)
{
    struct journal_segments segments = { .numbers = VEC_EMPTY };
    struct sync sync = { .disk = disk, .meta = meta };
    struct error *error = journal_list(disk, meta, &segments);

    for (size_t i = 0; !error && i < segments.numbers.n; i++) {
        if (segments.numbers.data[i] < number) {
            error = journal_read(disk, meta, segments.numbers.data[i],
                                 sync_change, &sync);
        }
    }
    /* The oldest goes first, and nothing is missing in between. */
    for (size_t i = 0; !error && i < segments.numbers.n; i++) {
        if (segments.numbers.data[i] < number) {
            error = remove_segment(disk, meta, segments.numbers.data[i]);
        }
        if (!error) {
            autofree char *directory = journal_directory(meta);
            int rc = actor_disk_fsync_directory(disk, directory);

            error = rc < 0 ? error_errno(-rc, "syncing directory '%s'",
                                         directory) : NULL;
        }
    }
    forget_all(&sync);
    vec_fini(&segments.numbers);
    return error;
}
