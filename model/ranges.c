/* SPDX-License-Identifier: Apache-2.0
 *
 * ranges.c - arithmetic on sorted, disjoint ranges, linear in their number.
 *
 * Thread: pure functions. */
#include <config.h>

#include "model/ranges.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

static int
compare_begin(const void *a_, const void *b_)
{
    const struct range *a = a_;
    const struct range *b = b_;

    return (a->begin > b->begin) - (a->begin < b->begin);
}

/* Merges neighbours in place; 'data' is sorted by its begins. */
static size_t
merge(struct range *data, size_t n)
{
    size_t last = 0;

    for (size_t i = 1; i < n; i++) {
        /* The end may be the greatest number, whose successor is 0. */
        if (data[last].end == UINT64_MAX
            || data[i].begin <= data[last].end + 1) {
            if (data[i].end > data[last].end) {
                data[last].end = data[i].end;
            }
        } else {
            data[++last] = data[i];
        }
    }
    return n > 0 ? last + 1 : 0;
}

void
ranges_init_take(struct ranges *ranges, struct range *data, size_t n)
{
    if (n > 1) {
        qsort(data, n, sizeof *data, compare_begin);
    }
    ranges->data = data;
    ranges->n = merge(data, n);
}

void
ranges_init_copy(struct ranges *ranges, const struct ranges *source)
{
    ranges->n = source->n;
    ranges->data = NULL;
    if (source->n > 0) {
        ranges->data = xmemdup(source->data, source->n * sizeof *source->data);
    }
}

void
ranges_fini(struct ranges *ranges)
{
    free(ranges->data);
    ranges->data = NULL;
    ranges->n = 0;
}

void
ranges_add(struct ranges *a, const struct ranges *b)
{
    if (b->n == 0) {
        return;
    }
    size_t n = a->n + b->n;
    struct range *data = alloc_array(n, sizeof *data);

    if (a->n > 0) {
        memcpy(data, a->data, a->n * sizeof *data);
    }
    memcpy(data + a->n, b->data, b->n * sizeof *data);
    free(a->data);
    ranges_init_take(a, data, n);
}

void
ranges_subtract(struct ranges *a, const struct ranges *b)
{
    VEC(struct range) left = VEC_EMPTY;
    size_t j = 0;

    for (size_t i = 0; i < a->n; i++) {
        struct range rest = a->data[i];
        bool is_over = false;

        while (j < b->n && b->data[j].end < rest.begin) {
            j++;
        }
        for (size_t k = j; k < b->n && b->data[k].begin <= rest.end; k++) {
            if (b->data[k].begin > rest.begin) {
                struct range head = { rest.begin, b->data[k].begin - 1 };

                vec_push(&left, head);
            }
            if (b->data[k].end >= rest.end) {
                is_over = true;
                break;
            }
            rest.begin = b->data[k].end + 1;
        }
        if (!is_over) {
            vec_push(&left, rest);
        }
    }
    free(a->data);
    a->data = left.data;
    a->n = left.n;
}

bool
ranges_contain(const struct ranges *a, const struct ranges *b)
{
    size_t i = 0;

    for (size_t j = 0; j < b->n; j++) {
        while (i < a->n && a->data[i].end < b->data[j].begin) {
            i++;
        }
        if (i == a->n || a->data[i].begin > b->data[j].begin
            || a->data[i].end < b->data[j].end) {
            return false;
        }
    }
    return true;
}

bool
ranges_equal(const struct ranges *a, const struct ranges *b)
{
    return a->n == b->n
           && (a->n == 0
               || !memcmp(a->data, b->data, a->n * sizeof *a->data));
}

void
ranges_format(const struct ranges *ranges, struct strbuf *s)
{
    strbuf_append_char(s, '[');
    for (size_t i = 0; i < ranges->n; i++) {
        strbuf_printf(s, "%s%" PRIu64 "-%" PRIu64, i > 0 ? ", " : "",
                      ranges->data[i].begin, ranges->data[i].end);
    }
    strbuf_append_char(s, ']');
}
