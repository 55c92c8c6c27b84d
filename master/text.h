/* SPDX-License-Identifier: Apache-2.0
 *
 * text.h - a string that many records share: immutable and counted.
 *
 * Thread-safety: all owners belong to one thread. */
#ifndef MASTER_TEXT_H
#define MASTER_TEXT_H 1

#include <stddef.h>
#include <stdint.h>

struct text {
    uint32_t n_refs;
    uint32_t len;
    char s[];                   /* NUL-terminated */
};

struct text *text_create(const char *);
struct text *text_create_n(const char *, size_t len);
struct text *text_ref(struct text *);           /* NULL stays NULL */
void text_unref(struct text *);                 /* NULL is fine */

#endif /* MASTER_TEXT_H */
