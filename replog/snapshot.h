/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.h - the file of a snapshot: the state after all entries up to a
 * position.
 *
 * Writing one takes long and touches nothing else of the log, so it may be
 * done beside it: the file is made under another name, and store_install()
 * gives it its own.
 *
 * Calls block.  Thread-safety: one thread at a time for each snapshot. */
#ifndef REPLOG_SNAPSHOT_H
#define REPLOG_SNAPSHOT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "replog/header.h"

struct actor_disk;
struct error;

struct snapshot {
    const struct actor_disk *disk;      /* borrowed; outlives us */
    char *directory;            /* owned */
    uint8_t id[REPLOG_ID_SIZE];
    uint64_t epoch;
    uint64_t position;

    /* It failed in a way after which nobody knows what the disk holds. */
    bool is_fatal;
};

void snapshot_destroy(struct snapshot *);               /* NULL is fine */

/* Writes "snapshot-P.new" and syncs it. */
struct error *snapshot_write(struct snapshot *, const void *, size_t size)
    MUST_CHECK;

/* Removes it, if there. */
void snapshot_discard(const struct snapshot *);

/* Reads and checks the snapshot of 'position' of log 'id'.  '*ret_data' is the
 * caller's; NULL: only checked. */
struct error *snapshot_read(const struct actor_disk *, const char *directory,
                            const uint8_t id[REPLOG_ID_SIZE],
                            uint64_t position, struct header *ret_header,
                            void **ret_data) MUST_CHECK;

#endif /* REPLOG_SNAPSHOT_H */
