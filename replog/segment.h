/* SPDX-License-Identifier: Apache-2.0
 *
 * segment.h - the bytes of a segment, a file of entries: how they are written
 * and what they say when they are read again.  docs/replog-format.md has the
 * format and its reasons.
 *
 * A segment is a page with the header and then batches, each of them what was
 * written at once and answered for at once.  A batch begins on a page and is
 * made of sectors that name the batch, say which of its sectors they are, and
 * have a checksum each.  Behind the last batch there is nothing but zeroes,
 * which were durable before it was written.  So a sector that does not read as
 * what it should be was not written (it is zero) or was damaged (it is not).
 *
 * Thread-safety: any thread. */
#ifndef REPLOG_SEGMENT_H
#define REPLOG_SEGMENT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "replog/header.h"

struct error;

/* What batches begin on; no two of them are in one.  What the kernel writes at
 * once, so that what was answered for is never written again. */
#define SEGMENT_PAGE 4096u

/* Of the entries of a batch together, with what is put before each. */
#define SEGMENT_BATCH_MAX ((size_t) 18 << 20)

/* Of a file. */
#define SEGMENT_SIZE_MAX ((size_t) 256 << 20)

enum segment_type {
    SEGMENT_TYPE_APPEND = 1,    /* data of the writer's */
};

struct segment_entry {
    enum segment_type type;
    uint64_t position;
    uint64_t epoch;
    const void *data;           /* borrowed */
    size_t size;
};

/* --- writing --- */

/* What the entry takes of SEGMENT_BATCH_MAX. */
size_t segment_entry_size(const struct segment_entry *);

/* Bytes on disk of a batch of 'n' (> 0) entries, in whole pages. */
size_t segment_batch_size(const struct segment_entry *, size_t n);

/* Writes the batch to 'to', so many bytes.  Positions are consecutive. */
void segment_encode_batch(const struct segment_entry *, size_t n, uint8_t *to);

/* --- reading --- */

struct segment_scan {
    uint64_t next;              /* position behind the last entry */
    uint64_t epoch;             /* of the last entry; 0: there is none */

    /* Where the next batch goes, and the last one is (equal: none). */
    size_t end;
    size_t last_batch;

    /* Bytes from 'end' on that are of a batch which was not written as a
     * whole; 0: none. */
    size_t torn_size;
};

/* Given each entry in order; an error ends the scan.  'entry' and its data are
 * on loan for the call. */
typedef struct error *segment_entry_fn(void *aux,
                                       const struct segment_entry *entry);

/* Reads a file of 'size' bytes that has been found under the name of position
 * 'first' and has to be of log 'id'.  With 'is_last' it may end with a torn
 * batch.  What is wrong is told with the offset.  'fn' may be NULL. */
struct error *segment_scan(const uint8_t *data, size_t size, uint64_t first,
                           const uint8_t id[REPLOG_ID_SIZE], bool is_last,
                           segment_entry_fn *fn, void *aux,
                           struct segment_scan *ret) MUST_CHECK;

#endif /* REPLOG_SEGMENT_H */
