/* SPDX-License-Identifier: Apache-2.0
 *
 * segment.c - see segment.h. */
#include <config.h>

#include "replog/segment.h"

#include <inttypes.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "replog/bytes.h"
#include "replog/crc32c.h"
#include "replog/replog.h"

/* A sector: checksum of what follows, position of the batch's first entry,
 * which sector of the batch it is, of how many; then what it carries. */
enum {
    SECTOR_AT_CRC = 0,
    SECTOR_AT_BATCH = 4,
    SECTOR_AT_INDEX = 12,
    SECTOR_AT_N = 16,
    SECTOR_AT_LOAD = 20,
};
#define SECTOR_LOAD (REPLOG_SECTOR - SECTOR_AT_LOAD)

/* What the sectors of a batch carry together: number of entries, bytes with
 * these two, entries, zeroes. */
enum {
    BATCH_AT_N = 0,
    BATCH_AT_SIZE = 4,
    BATCH_AT_ENTRIES = 8,
};
#define BATCH_SECTORS_MAX \
    ((uint32_t) ((SEGMENT_BATCH_MAX + SECTOR_LOAD - 1) / SECTOR_LOAD))

/* An entry: checksum of what follows, then these, then its data. */
enum {
    ENTRY_AT_CRC = 0,
    ENTRY_AT_TYPE = 4,
    ENTRY_AT_SIZE = 8,
    ENTRY_AT_ZERO = 12,
    ENTRY_AT_POSITION = 16,
    ENTRY_AT_EPOCH = 24,
    ENTRY_AT_DATA = 32,
};

static size_t
round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

/* --- writing --- */

size_t
segment_entry_size(const struct segment_entry *e)
{
    return ENTRY_AT_DATA + e->size;
}

static size_t
load_size(const struct segment_entry *entries, size_t n)
{
    size_t size = BATCH_AT_ENTRIES;

    for (size_t i = 0; i < n; i++) {
        size += segment_entry_size(&entries[i]);
    }
    return size;
}

size_t
segment_batch_size(const struct segment_entry *entries, size_t n)
{
    size_t n_sectors = round_up(load_size(entries, n), SECTOR_LOAD)
                       / SECTOR_LOAD;

    return round_up(n_sectors * REPLOG_SECTOR, SEGMENT_PAGE);
}

/* Where the next byte of a batch goes. */
struct pen {
    uint8_t *to;
    size_t n;                   /* bytes carried so far */
};

static void
put(struct pen *pen, const void *data, size_t size)
{
    const uint8_t *from = data;

    while (size > 0) {
        size_t at = pen->n % SECTOR_LOAD;
        size_t n = SECTOR_LOAD - at < size ? SECTOR_LOAD - at : size;

        memcpy(pen->to + pen->n / SECTOR_LOAD * REPLOG_SECTOR + SECTOR_AT_LOAD
               + at, from, n);
        pen->n += n;
        from += n;
        size -= n;
    }
}

static void
put_entry(struct pen *pen, const struct segment_entry *e)
{
    uint8_t head[ENTRY_AT_DATA] = { 0 };

    bytes_put32(head + ENTRY_AT_TYPE, e->type);
    bytes_put32(head + ENTRY_AT_SIZE, (uint32_t) e->size);
    bytes_put64(head + ENTRY_AT_POSITION, e->position);
    bytes_put64(head + ENTRY_AT_EPOCH, e->epoch);
    uint32_t crc = crc32c(head + ENTRY_AT_TYPE, sizeof head - ENTRY_AT_TYPE);

    bytes_put32(head + ENTRY_AT_CRC, crc32c_extend(crc, e->data, e->size));
    put(pen, head, sizeof head);
    put(pen, e->data, e->size);
}

static void
seal_sector(uint8_t *sector, uint64_t batch, uint32_t i, uint32_t n)
{
    bytes_put64(sector + SECTOR_AT_BATCH, batch);
    bytes_put32(sector + SECTOR_AT_INDEX, i);
    bytes_put32(sector + SECTOR_AT_N, n);
    bytes_put32(sector + SECTOR_AT_CRC,
                crc32c(sector + SECTOR_AT_BATCH,
                       REPLOG_SECTOR - SECTOR_AT_BATCH));
}

void
segment_encode_batch(const struct segment_entry *entries, size_t n,
                     uint8_t *to)
{
    size_t size = load_size(entries, n);
    uint32_t n_sectors = (uint32_t) (round_up(size, SECTOR_LOAD)
                                     / SECTOR_LOAD);
    struct pen pen = { to, 0 };
    uint8_t head[BATCH_AT_ENTRIES];

    CHECK(n > 0 && size <= SEGMENT_BATCH_MAX, "%zu entries of %zu bytes", n,
          size);
    memset(to, 0, segment_batch_size(entries, n));
    bytes_put32(head + BATCH_AT_N, (uint32_t) n);
    bytes_put32(head + BATCH_AT_SIZE, (uint32_t) size);
    put(&pen, head, sizeof head);
    for (size_t i = 0; i < n; i++) {
        put_entry(&pen, &entries[i]);
    }
    for (uint32_t i = 0; i < n_sectors; i++) {
        seal_sector(to + i * REPLOG_SECTOR, entries[0].position, i,
                    n_sectors);
    }
}

/* --- reading sectors --- */

enum state {
    STATE_UNWRITTEN,            /* zero, or behind the end of the file */
    STATE_WHOLE,
    STATE_DAMAGED,
};

struct sector {
    enum state state;
    uint64_t batch;
    uint32_t index, n;
};

/* What is read; offsets are of the file. */
struct reader {
    const uint8_t *data;
    size_t size;
    segment_entry_fn *fn;
    void *aux;
    bool is_last;
    uint8_t *load;              /* owned; what a batch carries */
    size_t load_capacity;
    struct segment_scan scan;
};

static struct sector
look(const struct reader *r, size_t offset)
{
    const uint8_t *at = r->data + offset;
    size_t left = offset < r->size ? r->size - offset : 0;

    if (left < REPLOG_SECTOR) {
        return (struct sector) {
            .state = left == 0 || bytes_are_zero(at, left) ? STATE_UNWRITTEN
                                                           : STATE_DAMAGED,
        };
    }
    if (bytes_are_zero(at, REPLOG_SECTOR)) {
        return (struct sector) { .state = STATE_UNWRITTEN };
    }
    struct sector s = {
        .batch = bytes_get64(at + SECTOR_AT_BATCH),
        .index = bytes_get32(at + SECTOR_AT_INDEX),
        .n = bytes_get32(at + SECTOR_AT_N),
    };

    s.state = bytes_get32(at + SECTOR_AT_CRC)
              == crc32c(at + SECTOR_AT_BATCH, REPLOG_SECTOR - SECTOR_AT_BATCH)
        ? STATE_WHOLE : STATE_DAMAGED;
    return s;
}

static struct error *
damaged(size_t offset, const char *what)
{
    return error_create(ERROR_PARSE, "damaged at offset %zu: %s", offset,
                        what);
}

/* 'offset' of the file is where a sector of another batch is, or one that
 * nobody has written like this. */
static struct error *
misplaced(size_t offset, const struct sector *s, uint64_t batch)
{
    return error_create(ERROR_PARSE, "damaged at offset %zu: sector %" PRIu32
                        " of %" PRIu32 " of the batch at position %" PRIu64
                        " where the batch at position %" PRIu64 " should be",
                        offset, s->index, s->n, s->batch, batch);
}

static struct error *
check_zero(const struct reader *r, size_t from, size_t to)
{
    to = to < r->size ? to : r->size;
    if (from >= to || bytes_are_zero(r->data + from, to - from)) {
        return NULL;
    }
    while (r->data[from] == 0) {
        from++;
    }
    return damaged(from, "there should be nothing");
}

/* The first sector at or behind 'offset' that has been written; 'r->size' if
 * there is none. */
static size_t
find_written(const struct reader *r, size_t offset)
{
    while (offset < r->size && look(r, offset).state == STATE_UNWRITTEN) {
        offset += REPLOG_SECTOR;
    }
    return offset < r->size ? offset : r->size;
}

/* Looks at the 'n' sectors of the batch at 'offset' and counts in
 * '*ret_n_unwritten' those that are missing. */
static struct error *
check_sectors(const struct reader *r, size_t offset, uint32_t n,
              uint32_t *ret_n_unwritten)
{
    *ret_n_unwritten = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t at = offset + (size_t) i * REPLOG_SECTOR;
        struct sector s = look(r, at);

        if (s.state == STATE_DAMAGED) {
            return damaged(at, "a sector does not have its checksum");
        }
        if (s.state == STATE_UNWRITTEN) {
            (*ret_n_unwritten)++;
        } else if (s.batch != r->scan.next || s.index != i || s.n != n) {
            return misplaced(at, &s, r->scan.next);
        }
    }
    return check_zero(r, offset + (size_t) n * REPLOG_SECTOR,
                      round_up(offset + (size_t) n * REPLOG_SECTOR,
                               SEGMENT_PAGE));
}

/* --- reading batches --- */

static struct error *
load_batch(struct reader *r, size_t offset, uint32_t n)
{
    size_t size = (size_t) n * SECTOR_LOAD;

    if (r->load_capacity < size) {
        free(r->load);
        r->load = try_malloc(size);
        r->load_capacity = r->load ? size : 0;
        if (!r->load) {
            return error_create(ERROR_NO_MEMORY, "no memory for %zu bytes",
                                size);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        memcpy(r->load + (size_t) i * SECTOR_LOAD,
               r->data + offset + (size_t) i * REPLOG_SECTOR + SECTOR_AT_LOAD,
               SECTOR_LOAD);
    }
    return NULL;
}

/* What the entry at 'at' says, of which 'left' bytes are there. */
static const char *
parse_entry(struct reader *r, const uint8_t *at, size_t left,
            struct segment_entry *ret)
{
    size_t size = left < ENTRY_AT_DATA ? 0 : bytes_get32(at + ENTRY_AT_SIZE);

    if (left < ENTRY_AT_DATA || size > left - ENTRY_AT_DATA) {
        return "an entry is longer than its batch";
    }
    if (bytes_get32(at + ENTRY_AT_CRC)
        != crc32c(at + ENTRY_AT_TYPE, ENTRY_AT_DATA - ENTRY_AT_TYPE + size)) {
        return "an entry does not have its checksum";
    }
    *ret = (struct segment_entry) {
        .type = (enum segment_type) bytes_get32(at + ENTRY_AT_TYPE),
        .position = bytes_get64(at + ENTRY_AT_POSITION),
        .epoch = bytes_get64(at + ENTRY_AT_EPOCH),
        .data = at + ENTRY_AT_DATA, .size = size,
    };
    return ret->type != SEGMENT_TYPE_APPEND ? "an entry is of an unknown type"
        : bytes_get32(at + ENTRY_AT_ZERO) != 0
              ? "an entry has an unknown attribute"
        : size > REPLOG_ENTRY_MAX ? "an entry is too long"
        : ret->position != r->scan.next ? "an entry has the wrong position"
        : ret->epoch < r->scan.epoch ? "an entry is of an earlier epoch"
        : NULL;
}

static struct error *
read_entries(struct reader *r, size_t offset, uint32_t n_sectors)
{
    size_t carried = (size_t) n_sectors * SECTOR_LOAD;
    uint32_t n = bytes_get32(r->load + BATCH_AT_N);
    size_t size = bytes_get32(r->load + BATCH_AT_SIZE);
    size_t at = BATCH_AT_ENTRIES;

    if (n == 0 || size > carried || carried - size >= SECTOR_LOAD) {
        return damaged(offset, "a batch does not have the size it says");
    }
    for (uint32_t i = 0; i < n; i++) {
        struct segment_entry entry;
        const char *wrong = parse_entry(r, r->load + at, size - at, &entry);
        struct error *error = wrong ? damaged(offset, wrong)
            : r->fn ? r->fn(r->aux, &entry) : NULL;

        if (error) {
            return error;
        }
        at += ENTRY_AT_DATA + entry.size;
        r->scan.next++;
        r->scan.epoch = entry.epoch;
    }
    return at == size && bytes_are_zero(r->load + at, carried - at)
        ? NULL : damaged(offset, "there is more in a batch than its entries");
}

/* The batch at 'offset', of 'n' sectors, ends the segment and was not written
 * as a whole. */
static struct error *
read_torn(struct reader *r, size_t offset, uint32_t n)
{
    size_t end = round_up(offset + (size_t) n * REPLOG_SECTOR, SEGMENT_PAGE);

    if (!r->is_last) {
        return damaged(offset, "sectors of a batch are missing, and a later "
                       "segment exists");
    }
    r->scan.torn_size = end - offset;
    return check_zero(r, end, r->size);
}

/* Reads the batch at 'r->scan.end'.  '*ret_more' tells whether another one may
 * follow. */
static struct error *
read_batch(struct reader *r, bool *ret_more)
{
    size_t offset = r->scan.end;
    size_t written = find_written(r, offset);
    struct sector s = look(r, written);
    uint32_t n_unwritten;

    *ret_more = false;
    if (written == r->size) {
        return NULL;
    }
    if (s.state == STATE_DAMAGED) {
        return damaged(written, "a sector does not have its checksum");
    }
    if (s.batch != r->scan.next || s.index >= s.n || s.n > BATCH_SECTORS_MAX
        || offset + (size_t) s.index * REPLOG_SECTOR != written) {
        return misplaced(written, &s, r->scan.next);
    }
    if (offset + (size_t) s.n * REPLOG_SECTOR > r->size) {
        return damaged(r->size, "the file ends in the middle of a batch");
    }
    struct error *error = check_sectors(r, offset, s.n, &n_unwritten);

    if (error || n_unwritten > 0) {
        return error ? error : read_torn(r, offset, s.n);
    }
    error = load_batch(r, offset, s.n);
    if (!error) {
        error = read_entries(r, offset, s.n);
    }
    r->scan.last_batch = offset;
    r->scan.end = round_up(offset + (size_t) s.n * REPLOG_SECTOR,
                           SEGMENT_PAGE);
    *ret_more = true;
    return error;
}

static struct error *
check_header(const struct reader *r, uint64_t first, const uint8_t *id)
{
    struct header h;
    struct error *error = header_decode(r->data, r->size, HEADER_KIND_SEGMENT,
                                        &h);

    if (error) {
        return error;
    }
    if (memcmp(h.id, id, REPLOG_ID_SIZE) != 0) {
        return error_create(ERROR_PARSE, "it is of another log");
    }
    if (h.position != first) {
        return error_create(ERROR_PARSE, "it is the segment of position %"
                            PRIu64, h.position);
    }
    if (r->size < SEGMENT_PAGE) {
        return damaged(r->size, "the file ends in the middle of its first "
                       "page");
    }
    return check_zero(r, REPLOG_SECTOR, SEGMENT_PAGE);
}

struct error *
segment_scan(const uint8_t *data, size_t size, uint64_t first,
             const uint8_t id[REPLOG_ID_SIZE], bool is_last,
             segment_entry_fn *fn, void *aux, struct segment_scan *ret)
{
    struct reader r = {
        .data = data, .size = size, .fn = fn, .aux = aux, .is_last = is_last,
        .scan = {
            .next = first, .end = SEGMENT_PAGE, .last_batch = SEGMENT_PAGE,
        },
    };
    bool more = true;
    struct error *error = check_header(&r, first, id);

    while (!error && more) {
        error = read_batch(&r, &more);
    }
    free(r.load);
    if (!error) {
        *ret = r.scan;
    }
    return error;
}
