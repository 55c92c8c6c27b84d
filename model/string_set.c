/* SPDX-License-Identifier: Apache-2.0
 *
 * string_set.c - sorted sets of strings, merged like cards.
 *
 * Thread: pure functions. */
#include <config.h>

#include "model/string_set.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>

static int
compare_indirect(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

bool
string_set_init_take(struct string_set *set, char **data, size_t n)
{
    size_t n_kept = 0;

    if (n > 1) {
        qsort(data, n, sizeof *data, compare_indirect);
    }
    for (size_t i = 0; i < n; i++) {
        if (n_kept > 0 && !strcmp(data[n_kept - 1], data[i])) {
            free(data[i]);
        } else {
            data[n_kept++] = data[i];
        }
    }
    set->data = data;
    set->n = n_kept;
    return n_kept == n;
}

void
string_set_init_copy(struct string_set *set, const struct string_set *source)
{
    set->n = source->n;
    set->data = NULL;
    if (source->n > 0) {
        set->data = alloc_array(source->n, sizeof *set->data);
    }
    for (size_t i = 0; i < source->n; i++) {
        set->data[i] = xstrdup(source->data[i]);
    }
}

void
string_set_fini(struct string_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        free(set->data[i]);
    }
    free(set->data);
    set->data = NULL;
    set->n = 0;
}

void
string_set_add(struct string_set *a, const struct string_set *b)
{
    if (b->n == 0) {
        return;
    }
    size_t n = a->n + b->n;
    char **data = alloc_array(n, sizeof *data);

    if (a->n > 0) {
        memcpy(data, a->data, a->n * sizeof *data);
    }
    for (size_t i = 0; i < b->n; i++) {
        data[a->n + i] = xstrdup(b->data[i]);
    }
    free(a->data);
    (void) string_set_init_take(a, data, n);
}

static bool
has(const struct string_set *set, const char *s)
{
    return set->n > 0
           && bsearch(&s, set->data, set->n, sizeof *set->data,
                      compare_indirect);
}

void
string_set_subtract(struct string_set *a, const struct string_set *b)
{
    size_t n_kept = 0;

    for (size_t i = 0; i < a->n; i++) {
        if (has(b, a->data[i])) {
            free(a->data[i]);
        } else {
            a->data[n_kept++] = a->data[i];
        }
    }
    a->n = n_kept;
}

bool
string_set_contain(const struct string_set *a, const struct string_set *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!has(a, b->data[i])) {
            return false;
        }
    }
    return true;
}

bool
string_set_equal(const struct string_set *a, const struct string_set *b)
{
    return a->n == b->n && string_set_contain(a, b);
}

void
string_set_format(const struct string_set *set, struct strbuf *s)
{
    strbuf_append_char(s, '{');
    for (size_t i = 0; i < set->n; i++) {
        strbuf_append(s, i > 0 ? ", " : "");
        strbuf_append(s, set->data[i]);
    }
    strbuf_append_char(s, '}');
}
