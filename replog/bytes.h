/* SPDX-License-Identifier: Apache-2.0
 *
 * bytes.h - numbers in files: little-endian, at any address.
 *
 * Thread-safety: any thread. */
#ifndef REPLOG_BYTES_H
#define REPLOG_BYTES_H 1

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void
bytes_put32(uint8_t *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof value);
}

static inline void
bytes_put64(uint8_t *to, uint64_t value)
{
    value = htole64(value);
    memcpy(to, &value, sizeof value);
}

static inline uint32_t
bytes_get32(const uint8_t *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return le32toh(value);
}

static inline uint64_t
bytes_get64(const uint8_t *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return le64toh(value);
}

/* True of none. */
static inline bool
bytes_are_zero(const uint8_t *data, size_t size)
{
    return size == 0
           || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

#endif /* REPLOG_BYTES_H */
