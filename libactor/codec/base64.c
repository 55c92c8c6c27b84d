/* SPDX-License-Identifier: Apache-2.0
 *
 * base64.c - see base64.h. */
#include <config.h>

#include "codec/base64.h"

#include <actor/strbuf.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const void *data, size_t size, struct strbuf *out)
{
    const uint8_t *p = data;
    size_t len = (size + 2) / 3 * 4;
    char *text = strbuf_reserve(out, len);

    if (!text) {
        return;
    }
    for (; size >= 3; p += 3, size -= 3) {
        uint32_t word = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];

        *text++ = alphabet[word >> 18];
        *text++ = alphabet[word >> 12 & 63];
        *text++ = alphabet[word >> 6 & 63];
        *text++ = alphabet[word & 63];
    }
    if (size > 0) {
        uint32_t word = (uint32_t) p[0] << 16
                        | (size == 2 ? (uint32_t) p[1] << 8 : 0);

        *text++ = alphabet[word >> 18];
        *text++ = alphabet[word >> 12 & 63];
        *text++ = size == 2 ? alphabet[word >> 6 & 63] : '=';
        *text++ = '=';
    }
    strbuf_advance(out, len);
}

/* The six bits that 'c' stands for, or -1. */
static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether nothing but padding and blanks is left. */
static bool
is_padding(const char *text, size_t len)
{
    unsigned n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '=') {
            n++;
        } else if (!is_blank(text[i])) {
            return false;
        }
    }
    return n <= 2;
}

const char *
base64_decode(const char *text, size_t len, uint8_t *data, size_t *ret_size)
{
    uint32_t word = 0;
    size_t n = 0;
    size_t size = 0;

    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);

        if (text[i] == '=') {
            if (!is_padding(text + i, len - i)) {
                return "padding within the text";
            }
            break;
        }
        if (value < 0) {
            if (is_blank(text[i])) {
                continue;
            }
            return "character outside of the alphabet";
        }
        word = word << 6 | (uint32_t) value;
        if (++n % 4 != 1) {
            data[size++] = (uint8_t) (word >> (6 - 2 * ((n - 1) % 4)));
        }
    }
    if (n % 4 == 1) {
        return "cut off";
    }
    *ret_size = size;
    return NULL;
}
