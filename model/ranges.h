/* SPDX-License-Identifier: Apache-2.0
 *
 * ranges.h - sets of whole numbers as ranges: [31000-32000, 40000-40010].
 *
 * Always normal: sorted, disjoint, and not adjacent ([1-2] and [3-4] are
 * [1-4]).  Both ends belong to a range.
 *
 * Thread-safety: pure functions on values. */
#ifndef MODEL_RANGES_H
#define MODEL_RANGES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

struct range {
    uint64_t begin, end;        /* begin <= end */
};

/* Zeroed: the empty set. */
struct ranges {
    struct range *data;         /* owned */
    size_t n;
};

/* Takes the 'n' ranges at 'data' (from malloc, in any order, overlapping or
 * not) and makes them normal. */
void ranges_init_take(struct ranges *, struct range *data, size_t n);
void ranges_init_copy(struct ranges *, const struct ranges *);
void ranges_fini(struct ranges *);

void ranges_add(struct ranges *, const struct ranges *);
void ranges_subtract(struct ranges *, const struct ranges *);
bool ranges_contain(const struct ranges *a, const struct ranges *b);
bool ranges_equal(const struct ranges *, const struct ranges *);

/* "[1-2, 5-5]". */
void ranges_format(const struct ranges *, struct strbuf *);

#endif /* MODEL_RANGES_H */
