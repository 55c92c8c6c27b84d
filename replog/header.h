/* SPDX-License-Identifier: Apache-2.0
 *
 * header.h - the sector that each file of a log begins with: what it is, who
 * can read it, whose it is.  docs/replog-format.md has the bytes.
 *
 * Thread-safety: any thread. */
#ifndef REPLOG_HEADER_H
#define REPLOG_HEADER_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

/* What a disk writes as a whole, and what checks itself. */
#define REPLOG_SECTOR 512u

/* Of all that is written here; and of the least reader that understands it. */
#define REPLOG_VERSION 1u
#define REPLOG_LEAST_VERSION 1u

#define REPLOG_ID_SIZE 16u

enum header_kind {
    HEADER_KIND_METADATA,
    HEADER_KIND_SEGMENT,
    HEADER_KIND_SNAPSHOT,
};

struct header {
    enum header_kind kind;
    uint8_t id[REPLOG_ID_SIZE]; /* the log's; random */
    uint64_t epoch;             /* metadata: promised; else of the writer */

    /* Metadata: of the last entry when the epoch began.  Segment: of its first
     * entry.  Snapshot: of the last entry in it. */
    uint64_t position;
    uint64_t size;              /* snapshot: bytes behind the header */
    uint32_t checksum;          /* snapshot: of those */
};

void header_encode(const struct header *, uint8_t sector[REPLOG_SECTOR]);

/* 'data' is what the file begins with, 'size' bytes.  Errors say what was
 * found, not where: ERROR_UNSUPPORTED for another version, ERROR_PARSE for
 * what is damaged or something else. */
struct error *header_decode(const uint8_t *data, size_t size,
                            enum header_kind, struct header *ret) MUST_CHECK;

#endif /* REPLOG_HEADER_H */
