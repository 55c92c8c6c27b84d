/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_checkpoint.c - what a disk may hold in place of an agent's checkpoint:
 * a file, a log, and a record of the journal; what is understood is written
 * again as it was. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "agent/checkpoint/format.h"
#include "agent/checkpoint/journal.h"
#include "tests/fuzz/fuzz.h"

struct log {
    const uint8_t *data;
    size_t len;                 /* that was read */
};

static struct error *
check_record(void *log_, uint64_t offset, const void *payload, size_t size)
{
    autofini(strbuf) again = STRBUF(STRBUF_UNLIMITED);
    struct log *log = log_;

    checkpoint_log_record(&again, offset, payload, size);
    if ((log->len > 0 && log->len != offset) ||
        memcmp(log->data + offset, again.data, again.len) != 0) {
        abort();
    }
    log->len = offset + again.len;
    return NULL;
}

static struct error *
write_change(void *out, const struct checkpoint_change *change)
{
    autofree char *path = xasprintf("/%s/", change->path);

    if (strstr(path, "/../") || strstr(path, "//")) {
        abort();
    }
    checkpoint_change_encode(out, change);
    return NULL;
}

static void
try_file(const uint8_t *data, size_t size)
{
    const void *content;
    size_t content_size;
    struct error *error = checkpoint_decode(data, size, "x", &content,
                                            &content_size);

    if (!error && (const uint8_t *) content + content_size != data + size) {
        abort();
    }
    error_destroy(error);
}

static void
try_log(const uint8_t *data, size_t size)
{
    struct log log = { .data = data };
    size_t good;
    struct error *error = checkpoint_log_read(data, size, "x", check_record,
                                              &log, &good);

    if (good > size || (log.len > 0 && log.len != good)) {
        abort();
    }
    error_destroy(error);
}

static void
try_changes(const uint8_t *data, size_t size)
{
    autofini(strbuf) again = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_changes_decode(data, size, write_change,
                                                    &again);

    if (again.len > size || memcmp(data, again.data, again.len) != 0 ||
        (!error && again.len != size)) {
        abort();
    }
    error_destroy(error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_file(data, size);
    try_log(data, size);
    try_changes(data, size);
    return 0;
}
