/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_replog_segment.c - the bytes of a segment: whatever a disk holds is
 * read or refused; and what is read, written again, reads the same. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/vec.h>

#include "replog/segment.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t id[REPLOG_ID_SIZE] = "0123456789abcdef";

struct found {
    VEC(struct segment_entry) entries;  /* data owned */
};

static struct error *
keep(void *found, const struct segment_entry *e)
{
    struct segment_entry copy = *e;

    copy.data = xmemdup(e->size > 0 ? e->data : "", e->size > 0 ? e->size : 1);
    vec_push(&((struct found *) found)->entries, copy);
    return NULL;
}

static struct error *
compare(void *found, const struct segment_entry *e)
{
    struct found *f = found;
    const struct segment_entry *expected =
        &f->entries.data[e->position - f->entries.data[0].position];

    CHECK(e->size == expected->size && e->epoch == expected->epoch
          && memcmp(e->data, expected->data, e->size) == 0);
    return NULL;
}

/* All of them as one batch. */
static void
write_again(struct found *f)
{
    struct segment_entry *entries = f->entries.data;
    size_t n = f->entries.n, size = SEGMENT_PAGE;
    struct header header = {
        .kind = HEADER_KIND_SEGMENT, .position = entries[0].position,
    };
    struct segment_scan scan;

    memcpy(header.id, id, sizeof header.id);
    size += segment_batch_size(entries, n);
    autofree uint8_t *bytes = xcalloc(1, size);

    header_encode(&header, bytes);
    segment_encode_batch(entries, n, bytes + SEGMENT_PAGE);
    struct error *error = segment_scan(bytes, size, entries[0].position, id,
                                       true, compare, f, &scan);

    CHECK(!error, "%s", error_text(error));
    CHECK(scan.end == size && scan.next == entries[0].position + n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found found = { VEC_EMPTY };
    struct segment_scan scan;

    for (int is_last = 0; is_last < 2; is_last++) {
        struct error *error = segment_scan(data, size, 1, id, is_last, keep,
                                           &found, &scan);

        if (!error) {
            CHECK(scan.next == 1 + found.entries.n);
            if (found.entries.n > 0) {
                write_again(&found);
            }
        }
        error_destroy(error);
        vec_foreach (&found.entries, it) {
            free((void *) it->data);
        }
        vec_clear(&found.entries);
    }
    vec_fini(&found.entries);
    return 0;
}
