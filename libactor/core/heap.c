/* SPDX-License-Identifier: Apache-2.0
 *
 * heap.c - a heap of points of time, with four children to a node. */
#include <config.h>

#include "core/heap.h"

#include <stdbool.h>

#define WIDTH 4

static bool
is_before(const struct heap_element *a, const struct heap_element *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns
                                : a->sequence < b->sequence;
}

static void
put(struct heap *heap, size_t i, struct heap_element element)
{
    heap->elements.data[i] = element;
    *element.index = i + 1;
}

static void
sift_up(struct heap *heap, size_t i, struct heap_element element)
{
    while (i > 0) {
        size_t parent = (i - 1) / WIDTH;

        if (!is_before(&element, &heap->elements.data[parent])) {
            break;
        }
        put(heap, i, heap->elements.data[parent]);
        i = parent;
    }
    put(heap, i, element);
}

static void
sift_down(struct heap *heap, size_t i, struct heap_element element)
{
    for (;;) {
        size_t first = i * WIDTH + 1, best = first;

        if (first >= heap->elements.n) {
            break;
        }
        for (size_t c = first + 1;
             c < first + WIDTH && c < heap->elements.n; c++) {
            if (is_before(&heap->elements.data[c],
                          &heap->elements.data[best])) {
                best = c;
            }
        }
        if (!is_before(&heap->elements.data[best], &element)) {
            break;
        }
        put(heap, i, heap->elements.data[best]);
        i = best;
    }
    put(heap, i, element);
}

void
heap_fini(struct heap *heap)
{
    vec_fini(&heap->elements);
}

void
heap_add(struct heap *heap, int64_t at_ns, uint64_t sequence, size_t *index)
{
    struct heap_element element = { at_ns, sequence, index };

    vec_push(&heap->elements, element);
    sift_up(heap, heap->elements.n - 1, element);
}

void
heap_remove(struct heap *heap, size_t *index)
{
    size_t i = *index - 1;
    struct heap_element last = vec_pop(&heap->elements);

    *index = 0;
    if (i == heap->elements.n) {
        return;
    }
    if (i > 0 && is_before(&last, &heap->elements.data[(i - 1) / WIDTH])) {
        sift_up(heap, i, last);
    } else {
        sift_down(heap, i, last);
    }
}
