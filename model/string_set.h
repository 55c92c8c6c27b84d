/* SPDX-License-Identifier: Apache-2.0
 *
 * string_set.h - a sorted set of strings, for resources like "disks:{a,b}".
 *
 * Thread-safety: pure functions on values. */
#ifndef MODEL_STRING_SET_H
#define MODEL_STRING_SET_H 1

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* Zeroed: the empty set. */
struct string_set {
    char **data;                /* owned, as are the strings */
    size_t n;
};

/* Takes the 'n' strings at 'data' (both from malloc), in any order.  False if
 * one was there twice; the set has it once then. */
bool string_set_init_take(struct string_set *, char **data, size_t n);
void string_set_init_copy(struct string_set *, const struct string_set *);
void string_set_fini(struct string_set *);

void string_set_add(struct string_set *, const struct string_set *);
void string_set_subtract(struct string_set *, const struct string_set *);
bool string_set_contain(const struct string_set *a,
                        const struct string_set *b);
bool string_set_equal(const struct string_set *, const struct string_set *);

/* "{a, b}". */
void string_set_format(const struct string_set *, struct strbuf *);

#endif /* MODEL_STRING_SET_H */
