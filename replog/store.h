/* SPDX-License-Identifier: Apache-2.0
 *
 * store.h - one replica of a log on a disk: a directory with its metadata,
 * segments and the newest snapshot.
 *
 * Durable means synced, file and directory.  What is found damaged is refused;
 * only a batch at the very end that was not written as a whole, which nobody
 * can have been told of, is cut off (segment.h).  A call that fails may be
 * repeated, unless it was a sync that failed or an input/output error:
 * afterwards nobody knows what the disk holds, the store has *stopped*, and
 * all that it is asked for fails.
 *
 * Calls block.  Thread-safety: one thread at a time. */
#ifndef REPLOG_STORE_H
#define REPLOG_STORE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "replog/header.h"
#include "replog/replog.h"
#include "replog/segment.h"

struct actor_disk;
struct error;
struct snapshot;
struct store;

#define STORE_SEGMENT_SIZE ((uint64_t) 8 << 20)
#define STORE_SEGMENT_SIZE_MIN ((uint64_t) 2 * SEGMENT_PAGE)
#define STORE_SEGMENT_SIZE_MAX ((uint64_t) 128 << 20)

struct store_options {
    const struct actor_disk *disk;      /* outlives the store */
    const char *directory;      /* borrowed for the call; made if missing */
    uint64_t segment_size;      /* a new one begins behind so many bytes */
    uint8_t id[REPLOG_ID_SIZE]; /* random; if the log is a new one */
};

/* Opens the directory, checks all that counts in it, and has it for itself
 * until store_close(). */
struct error *store_open(const struct store_options *, struct store **ret)
    MUST_CHECK;
void store_close(struct store *);                       /* NULL is fine */

/* --- what there is --- */

uint64_t store_epoch(const struct store *);     /* promised last; 0: none */
uint64_t store_end(const struct store *);       /* of the last entry */
uint64_t store_snapshot(const struct store *);  /* position; 0: none */
uint64_t store_size(const struct store *);      /* bytes of its files */
const char *store_directory(const struct store *);
bool store_has_stopped(const struct store *);

/* The newest snapshot and all entries behind it, in 'ret' as if it were an
 * answer; 'epoch' and 'error' stay as they are. */
struct error *store_read(struct store *, struct replog_opened *ret)
    MUST_CHECK;

/* --- changes, durable when they return --- */

/* Nothing of an epoch below 'epoch', which must be greater than the last one,
 * will be written. */
struct error *store_promise(struct store *, uint64_t epoch) MUST_CHECK;

/* Appends 'n' entries, of which type, data and size are set, as one batch:
 * either all of them are found again or none.  Sets their positions.
 * ERROR_STALE unless 'epoch' is the one that was promised. */
struct error *store_append(struct store *, uint64_t epoch,
                           struct segment_entry *, size_t n) MUST_CHECK;

/* A snapshot of the state at 'position' for the caller to write and to
 * install, or to discard; it is the caller's.  ERROR_INVALID unless 'position'
 * is behind the last snapshot and not behind the end. */
struct error *store_new_snapshot(const struct store *, uint64_t position,
                                 struct snapshot **ret) MUST_CHECK;

/* Makes the snapshot, which has been written, the newest one, and removes what
 * came before it. */
struct error *store_install(struct store *, const struct snapshot *)
    MUST_CHECK;

/* No more of this: something that belongs to it has failed for good. */
void store_stop(struct store *);

#endif /* REPLOG_STORE_H */
