/* SPDX-License-Identifier: Apache-2.0
 *
 * format.c - how the files under <work_dir>/meta look inside.
 *
 * The first line is read by reading its numbers and writing it again: it is
 * right if that gives the same bytes.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/checkpoint/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#define MAGIC "cmesos-checkpoint"

/* More than the longest first line, with its newline. */
#define LINE_SIZE 160

struct line {
    unsigned long version;
    unsigned long least;
    char kind[CHECKPOINT_KIND_MAX + 1];
    size_t size;
    uint32_t crc;
    size_t len;                 /* of the line, with its newline */
};

/* --- numbers --- */

static uint32_t
checksum(uint32_t seed, const void *data, size_t size)
{
    return size > 0 ? (uint32_t) crc32_z(seed, data, size) : seed;
}

static void
put(uint8_t *to, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t) (value >> (8 * i));
    }
}

static uint32_t
get(const uint8_t *from)
{
    return (uint32_t) from[0] | (uint32_t) from[1] << 8
        | (uint32_t) from[2] << 16 | (uint32_t) from[3] << 24;
}

/* --- the first line --- */

static size_t
print_line(char text[LINE_SIZE], const struct line *line)
{
    int len = snprintf(text, LINE_SIZE, MAGIC " %lu %lu %s %zu %08" PRIx32
                       "\n", line->version, line->least, line->kind,
                       line->size, line->crc);

    CHECK(len > 0 && len < LINE_SIZE);
    return (size_t) len;
}

static void
write_line(struct strbuf *out, const char *kind, size_t size, uint32_t crc)
{
    struct line line = {
        .version = CHECKPOINT_VERSION, .least = CHECKPOINT_VERSION,
        .size = size, .crc = crc,
    };
    char text[LINE_SIZE];

    CHECK(strlen(kind) <= CHECKPOINT_KIND_MAX && !strchr(kind, ' '));
    memcpy(line.kind, kind, strlen(kind) + 1);
    strbuf_append_bytes(out, text, print_line(text, &line));
}

static struct error *
read_line(const void *file, size_t file_size, const char *kind,
          struct line *ret)
{
    char text[LINE_SIZE] = "";
    char again[LINE_SIZE];
    struct line line = { .version = 0 };
    size_t size = file_size < LINE_SIZE - 1 ? file_size : LINE_SIZE - 1;

    memcpy(text, file, size);
    if (sscanf(text, MAGIC " %9lu %9lu %63s %19zu %8" SCNx32, &line.version,
               &line.least, line.kind, &line.size, &line.crc) != 5) {
        return error_create(ERROR_PARSE, "offset 0: not a checkpoint");
    }
    if (line.least > CHECKPOINT_VERSION) {
        return error_create(ERROR_UNSUPPORTED, "offset 0: written in version "
                            "%lu, which takes version %lu to read; this is "
                            "version %d", line.version, line.least,
                            CHECKPOINT_VERSION);
    }
    line.len = print_line(again, &line);
    if (line.len > size || memcmp(again, text, line.len) != 0) {
        return error_create(ERROR_PARSE, "offset 0: the first line is "
                            "damaged");
    }
    if (strcmp(line.kind, kind) != 0) {
        return error_create(ERROR_PARSE, "offset 0: this is '%s' and not '%s'",
                            line.kind, kind);
    }
    *ret = line;
    return NULL;
}

/* --- files --- */

void
checkpoint_encode(struct strbuf *out, const char *kind, const void *data,
                  size_t size)
{
    write_line(out, kind, size, checksum(0, data, size));
    strbuf_append_bytes(out, data, size);
}

struct error *
checkpoint_decode(const void *file, size_t file_size, const char *kind,
                  const void **ret_content, size_t *ret_size)
{
    struct line line;
    struct error *error = read_line(file, file_size, kind, &line);

    if (error) {
        return error;
    }
    const uint8_t *content = (const uint8_t *) file + line.len;
    if (line.size != file_size - line.len) {
        return error_create(ERROR_PARSE, "offset %zu: expected %zu bytes "
                            "instead of %zu", line.len, line.size,
                            file_size - line.len);
    }
    if (checksum(0, content, line.size) != line.crc) {
        return error_create(ERROR_PARSE, "offset %zu: the checksum does not "
                            "match", line.len);
    }
    *ret_content = content;
    *ret_size = line.size;
    return NULL;
}

/* --- logs --- */

void
checkpoint_log_begin(struct strbuf *out, const char *kind)
{
    write_line(out, kind, 0, 0);
}

static uint32_t
record_checksum(uint64_t offset, const uint8_t size[4], const void *payload,
                size_t payload_size)
{
    uint8_t seed[8];

    put(seed, offset, sizeof seed);
    return checksum(checksum(checksum(0, seed, sizeof seed), size, 4),
                    payload, payload_size);
}

void
checkpoint_log_record(struct strbuf *out, uint64_t offset,
                      const void *payload, size_t size)
{
    uint8_t header[CHECKPOINT_RECORD_HEADER];

    CHECK(size > 0 && size <= CHECKPOINT_SIZE_MAX);
    put(header, size, 4);
    put(header + 4, record_checksum(offset, header, payload, size), 4);
    strbuf_append_bytes(out, header, sizeof header);
    strbuf_append_bytes(out, payload, size);
}

/* Whether a record stands at 'offset'; '*ret_size' is its payload's. */
static bool
is_record(const uint8_t *file, size_t file_size, size_t offset,
          size_t *ret_size)
{
    const uint8_t *header = file + offset;
    size_t size;

    if (file_size - offset <= CHECKPOINT_RECORD_HEADER) {
        return false;
    }
    size = get(header);
    if (size == 0 || size > CHECKPOINT_SIZE_MAX
        || size > file_size - offset - CHECKPOINT_RECORD_HEADER
        || get(header + 4) != record_checksum(offset, header,
                                              header
                                              + CHECKPOINT_RECORD_HEADER,
                                              size)) {
        return false;
    }
    *ret_size = size;
    return true;
}

/* How much is looked at beyond what cannot be read. */
#define SEARCH_MAX ((size_t) 256 << 10)

/* Whether a record stands anywhere after 'offset'.  Sizes that do not fit are
 * passed over at once, so the checksums cost little. */
static bool
is_followed(const uint8_t *file, size_t file_size, size_t offset)
{
    size_t end = file_size - offset > SEARCH_MAX ? offset + SEARCH_MAX
                                                 : file_size;
    size_t size;

    for (size_t i = offset + 1; i < end; i++) {
        if (is_record(file, file_size, i, &size)) {
            return true;
        }
    }
    return false;
}

static bool
is_torn_line(const uint8_t *file, size_t file_size)
{
    return file_size < LINE_SIZE && !memchr(file, '\n', file_size)
        && !is_followed(file, file_size, 0);
}

struct error *
checkpoint_log_read(const void *file_, size_t file_size, const char *kind,
                    checkpoint_record_fn *fn, void *aux, size_t *ret_good)
{
    const uint8_t *file = file_;
    struct line line;
    struct error *error;
    size_t offset, size;

    *ret_good = 0;
    if (file_size == 0 || is_torn_line(file, file_size)) {
        return NULL;
    }
    error = read_line(file, file_size, kind, &line);
    if (!error && (line.size != 0 || line.crc != 0)) {
        error = error_create(ERROR_PARSE, "offset 0: the first line is "
                             "damaged");
    }
    if (error) {
        return error;
    }
    for (offset = line.len; is_record(file, file_size, offset, &size);
         offset += CHECKPOINT_RECORD_HEADER + size) {
        error = fn(aux, offset, file + offset + CHECKPOINT_RECORD_HEADER,
                   size);
        if (error) {
            *ret_good = offset;
            return error_wrap(error, "offset %zu", offset);
        }
    }
    *ret_good = offset;
    if (offset < file_size && is_followed(file, file_size, offset)) {
        return error_create(ERROR_PARSE, "offset %zu: the record is damaged",
                            offset);
    }
    return NULL;
}
