/* SPDX-License-Identifier: Apache-2.0
 *
 * heap.h - a heap of points of time, earliest first; of equal ones the first
 * that was added.
 *
 * An element lives in its owner as a 'size_t' that has its position in the
 * heap, counted from 1; 0: not in a heap.
 *
 * Thread-safety: one thread at a time. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/vec.h>

struct heap_element {
    int64_t at_ns;
    uint64_t sequence;
    size_t *index;              /* owned by the element's owner */
};

struct heap {
    VEC(struct heap_element) elements;
};

void heap_fini(struct heap *);
void heap_add(struct heap *, int64_t at_ns, uint64_t sequence, size_t *index);
void heap_remove(struct heap *, size_t *index);

/* The earliest; NULL if the heap is empty. */
static inline const struct heap_element *
heap_first(const struct heap *heap)
{
    return heap->elements.n > 0 ? &heap->elements.data[0] : NULL;
}

#endif /* CORE_HEAP_H */
