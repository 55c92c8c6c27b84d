/* SPDX-License-Identifier: Apache-2.0
 *
 * store_private.h - a store as its two halves see it: opening and reading
 * (store_open.c), and changes (store.c).
 *
 * Thread-safety: one thread at a time. */
#ifndef REPLOG_STORE_PRIVATE_H
#define REPLOG_STORE_PRIVATE_H 1

#include <actor/vec.h>

#include "replog/store.h"

struct store_segment {
    uint64_t first;             /* position */
    uint64_t size;              /* of the file */
};

struct store {
    const struct actor_disk *disk;      /* borrowed */
    char *directory;            /* owned */
    uint64_t segment_size;
    uint8_t id[REPLOG_ID_SIZE];
    int lock_fd;
    uint64_t epoch;
    uint64_t end;
    uint64_t snapshot;
    uint64_t snapshot_size;     /* of the file */
    bool has_stopped;
    VEC(struct store_segment) segments; /* in order; batches go to the last */

    /* The last segment; fd is -1 if it is not open. */
    int fd;
    size_t at;                  /* where the next batch goes */
    size_t zeroed;              /* up to here there is something durable */
    size_t dirty_end;           /* from 'at' to here there may be a rest of a
                                 * batch that was given up; 0: nothing */
};

/* Takes 'error', after which nothing may be done any more. */
struct error *store_fail(struct store *, struct error *) MUST_CHECK;

/* The same unless the cause, -errno, is a full disk. */
struct error *store_fail_unless_full(struct store *, int rc, struct error *)
    MUST_CHECK;

/* Writes the metadata, with 'epoch'. */
struct error *store_write_metadata(struct store *, uint64_t epoch) MUST_CHECK;

/* Removes segments and snapshots that the newest snapshot makes needless. */
struct error *store_remove_old(struct store *) MUST_CHECK;

#endif /* REPLOG_STORE_PRIVATE_H */
