/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32c.h - the CRC of Castagnoli, as iSCSI (RFC 3720, appendix B.4) and
 * most logs have it.
 *
 * Thread-safety: any thread. */
#ifndef REPLOG_CRC32C_H
#define REPLOG_CRC32C_H 1

#include <stddef.h>
#include <stdint.h>

/* Of 'size' bytes.  "123456789" gives 0xe3069283. */
uint32_t crc32c(const void *, size_t size);

/* The same of what 'crc' is of, and 'size' bytes behind it. */
uint32_t crc32c_extend(uint32_t crc, const void *, size_t size);

/* The same without the processor's instruction for it; for tests. */
uint32_t crc32c_extend_portable(uint32_t crc, const void *, size_t size);

#endif /* REPLOG_CRC32C_H */
