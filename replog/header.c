/* SPDX-License-Identifier: Apache-2.0
 *
 * header.c - see header.h. */
#include <config.h>

#include "replog/header.h"

#include <inttypes.h>

#include <actor/error.h>

#include "replog/bytes.h"
#include "replog/crc32c.h"

#define MAGIC_SIZE 8u

/* Where what is. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_LEAST = 12,
    AT_ID = 16,
    AT_EPOCH = 32,
    AT_POSITION = 40,
    AT_SIZE = 48,
    AT_CHECKSUM = 56,
    AT_ZEROES = 60,
    AT_CRC = REPLOG_SECTOR - 4,
};

static const char *const magics[] = {
    [HEADER_KIND_METADATA] = "REPLOG-M",
    [HEADER_KIND_SEGMENT] = "REPLOG-E",
    [HEADER_KIND_SNAPSHOT] = "REPLOG-S",
};

static const char *const kinds[] = {
    [HEADER_KIND_METADATA] = "metadata",
    [HEADER_KIND_SEGMENT] = "a segment",
    [HEADER_KIND_SNAPSHOT] = "a snapshot",
};

void
header_encode(const struct header *h, uint8_t sector[REPLOG_SECTOR])
{
    memset(sector, 0, REPLOG_SECTOR);
    memcpy(sector + AT_MAGIC, magics[h->kind], MAGIC_SIZE);
    bytes_put32(sector + AT_VERSION, REPLOG_VERSION);
    bytes_put32(sector + AT_LEAST, REPLOG_LEAST_VERSION);
    memcpy(sector + AT_ID, h->id, REPLOG_ID_SIZE);
    bytes_put64(sector + AT_EPOCH, h->epoch);
    bytes_put64(sector + AT_POSITION, h->position);
    bytes_put64(sector + AT_SIZE, h->size);
    bytes_put32(sector + AT_CHECKSUM, h->checksum);
    bytes_put32(sector + AT_CRC, crc32c(sector, AT_CRC));
}

struct error *
header_decode(const uint8_t *data, size_t size, enum header_kind kind,
              struct header *ret)
{
    if (size < REPLOG_SECTOR) {
        return error_create(ERROR_PARSE, "the header is cut off: %zu bytes of "
                            "%u", size, REPLOG_SECTOR);
    }
    if (memcmp(data + AT_MAGIC, magics[kind], MAGIC_SIZE) != 0) {
        return error_create(ERROR_PARSE, "it is not %s of a log: it begins "
                            "with 0x%016" PRIx64, kinds[kind],
                            __builtin_bswap64(bytes_get64(data)));
    }
    uint32_t version = bytes_get32(data + AT_VERSION);
    uint32_t least = bytes_get32(data + AT_LEAST);
    uint32_t crc = crc32c(data, AT_CRC);

    if (crc != bytes_get32(data + AT_CRC)) {
        return error_create(ERROR_PARSE, "the header is damaged: its checksum "
                            "is 0x%08" PRIx32 " and should be 0x%08" PRIx32,
                            bytes_get32(data + AT_CRC), crc);
    }
    if (least > REPLOG_VERSION) {
        return error_create(ERROR_UNSUPPORTED, "it has format version %" PRIu32
                            ", which needs version %" PRIu32 " or newer to be "
                            "read; this is version %u", version, least,
                            REPLOG_VERSION);
    }
    if (version == 0 || least == 0 || least > version) {
        return error_create(ERROR_UNSUPPORTED, "there is no format version %"
                            PRIu32 " for readers of version %" PRIu32,
                            version, least);
    }
    *ret = (struct header) {
        .kind = kind,
        .epoch = bytes_get64(data + AT_EPOCH),
        .position = bytes_get64(data + AT_POSITION),
        .size = bytes_get64(data + AT_SIZE),
        .checksum = bytes_get32(data + AT_CHECKSUM),
    };
    memcpy(ret->id, data + AT_ID, REPLOG_ID_SIZE);
    return NULL;
}
