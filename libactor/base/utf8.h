/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.h - where the characters of UTF-8 begin and end.
 *
 * Thread-safety: any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H 1

#include <stdbool.h>
#include <stddef.h>

#define UTF8_MAX 4                      /* bytes of the longest sequence */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"  /* U+FFFD */

/* Length of the sequence at 's' ('len' > 0), or of the longest beginning of
 * one; at least one.  '*ret_valid' says which. */
size_t utf8_sequence(const char *s, size_t len, bool *ret_valid);

/* How many bytes at the end begin a sequence that is cut off; 0 if none is. */
size_t utf8_truncated(const char *s, size_t len);

#endif /* BASE_UTF8_H */
