/* SPDX-License-Identifier: Apache-2.0
 *
 * vec.h - growing arrays with real element types.
 *
 *     VEC(struct offer *) offers = VEC_EMPTY;
 *
 *     vec_push(&offers, offer);
 *     vec_foreach (&offers, it) {         // it: struct offer **
 *         use(*it);
 *     }
 *     vec_fini(&offers);
 *
 * Elements move when the vector grows: keep indices, not pointers.
 * Thread-safety: one thread at a time. */
#ifndef ACTOR_VEC_H
#define ACTOR_VEC_H 1

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#define VEC(TYPE) \
    struct { TYPE *data; size_t n; size_t capacity; }

#define VEC_EMPTY { NULL, 0, 0 }

/* Makes room for 'n_more' further elements. */
#define vec_reserve(vec, n_more) \
    ((vec)->data = vec_grow_((vec)->data, (vec)->n, (n_more), \
                             &(vec)->capacity, sizeof *(vec)->data))

#define vec_push(vec, element) \
    do { \
        vec_reserve((vec), 1); \
        (vec)->data[(vec)->n++] = (element); \
    } while (0)

/* The last element, taken off; the vector must not be empty. */
#define vec_pop(vec) ((vec)->data[--(vec)->n])

#define vec_last(vec) ((vec)->data[(vec)->n - 1])

/* Takes element 'i' out; the order is kept. */
#define vec_remove(vec, i) \
    do { \
        size_t vec_i_ = (i); \
        memmove(&(vec)->data[vec_i_], &(vec)->data[vec_i_ + 1], \
                (--(vec)->n - vec_i_) * sizeof *(vec)->data); \
    } while (0)

/* Takes element 'i' out and puts the last one in its place. */
#define vec_remove_unordered(vec, i) \
    do { \
        size_t vec_i_ = (i); \
        (vec)->data[vec_i_] = (vec)->data[(vec)->n - 1]; \
        (vec)->n--; \
    } while (0)

#define vec_clear(vec) ((void) ((vec)->n = 0))

#define vec_fini(vec) \
    do { \
        free((vec)->data); \
        (vec)->data = NULL; \
        (vec)->n = (vec)->capacity = 0; \
    } while (0)

#define vec_foreach(vec, it) \
    for (__typeof__(*(vec)->data) *it = (vec)->data; \
         (vec)->n > 0 && it < (vec)->data + (vec)->n; it++)

static inline void *
vec_grow_(void *data, size_t n, size_t n_more, size_t *capacity, size_t size)
{
    size_t wanted = n + n_more;

    if (wanted <= *capacity) {
        return data;
    }
    size_t grown = *capacity + *capacity / 2 + 4;
    if (grown < wanted) {
        grown = wanted;
    }
    void *array = alloc_array(grown, size);
    if (n > 0) {
        memcpy(array, data, n * size);
    }
    free(data);
    *capacity = grown;
    return array;
}

#endif /* ACTOR_VEC_H */
