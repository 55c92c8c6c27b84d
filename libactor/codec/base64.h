/* SPDX-License-Identifier: Apache-2.0
 *
 * base64.h - bytes in JSON: RFC 4648, standard alphabet.
 *
 * Thread-safety: pure functions. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* Appends the text, padded. */
void base64_encode(const void *data, size_t size, struct strbuf *out);

/* Room for what 'len' characters decode to. */
#define BASE64_DECODED_MAX(LEN) ((LEN) / 4 * 3 + 3)

/* White space is passed over and padding may be missing.  NULL, with the
 * bytes in 'data' and their number in '*ret_size'; or what is wrong. */
const char *base64_decode(const char *text, size_t len, uint8_t *data,
                          size_t *ret_size);

#endif /* CODEC_BASE64_H */
