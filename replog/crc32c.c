/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32c.c - CRC-32C, by the processor's instruction where it has one (SSE
 * 4.2), by half bytes where not. */
#include <config.h>

#include "replog/crc32c.h"

#include <string.h>

/* The polynomial 0x1edc6f41, reflected, times each half byte. */
static const uint32_t table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t
crc32c_extend_portable(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *p = data;

    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("sse4.2")))
static uint32_t
extend_sse42(uint32_t crc, const uint8_t *p, size_t size)
{
    uint64_t wide = (uint32_t) ~crc;

    for (; size >= 8; p += 8, size -= 8) {
        uint64_t word;

        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t) wide;
    for (; size > 0; p++, size--) {
        crc = __builtin_ia32_crc32qi(crc, *p);
    }
    return ~crc;
}

uint32_t
crc32c_extend(uint32_t crc, const void *data, size_t size)
{
    return __builtin_cpu_supports("sse4.2")
        ? extend_sse42(crc, data, size)
        : crc32c_extend_portable(crc, data, size);
}
#else
uint32_t
crc32c_extend(uint32_t crc, const void *data, size_t size)
{
    return crc32c_extend_portable(crc, data, size);
}
#endif

uint32_t
crc32c(const void *data, size_t size)
{
    return crc32c_extend(0, data, size);
}
