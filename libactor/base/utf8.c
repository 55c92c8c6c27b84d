/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.c - sequences of UTF-8, as the Unicode standard has them (table 3-7).
 *
 * Thread: any. */
#include <config.h>

#include "base/utf8.h"

/* What the first byte of a sequence says: bytes that follow, and the range of
 * the first of them (which excludes overlong forms, surrogates, and what is
 * above U+10FFFF).  False if no sequence begins so. */
static bool
utf8_lead(unsigned char c, size_t *n_more, unsigned char *low,
          unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
        *n_more = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
        *n_more = 2;
        *low = c == 0xe0 ? 0xa0 : 0x80;
        *high = c == 0xed ? 0x9f : 0xbf;
    } else if (c >= 0xf0 && c <= 0xf4) {
        *n_more = 3;
        *low = c == 0xf0 ? 0x90 : 0x80;
        *high = c == 0xf4 ? 0x8f : 0xbf;
    } else {
        return false;
    }
    return true;
}

size_t
utf8_sequence(const char *s, size_t len, bool *ret_valid)
{
    unsigned char low, high;
    size_t n_more;

    *ret_valid = false;
    if (!utf8_lead((unsigned char) s[0], &n_more, &low, &high)) {
        return 1;
    }
    for (size_t i = 1; i <= n_more; i++) {
        unsigned char c = i < len ? (unsigned char) s[i] : 0;
        if (c < low || c > high) {
            return i;
        }
        low = 0x80;
        high = 0xbf;
    }
    *ret_valid = true;
    return n_more + 1;
}

size_t
utf8_truncated(const char *s, size_t len)
{
    size_t most = len < UTF8_MAX - 1 ? len : UTF8_MAX - 1;

    for (size_t n = 1; n <= most; n++) {
        unsigned char low, high;
        size_t n_more;

        if (utf8_lead((unsigned char) s[len - n], &n_more, &low, &high)) {
            bool valid;
            size_t is = utf8_sequence(s + len - n, n, &valid);

            return !valid && is == n ? n : 0;
        }
    }
    return 0;
}
