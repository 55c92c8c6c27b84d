/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.c - the slow part of arena.h: blocks. */
#include <config.h>

#include "codec/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include <actor/alloc.h>

/* Blocks double from the first one's size up to this. */
#define BLOCK_MIN ((size_t) 1 << 10)
#define BLOCK_MAX ((size_t) 1 << 20)

struct arena_block {
    struct arena_block *next;   /* owned */
};

#define BLOCK_HEADER ARENA_ROUND(sizeof(struct arena_block))

void
arena_init(struct arena *a, void *block, size_t size, size_t used)
{
    a->front = (char *) block + ARENA_ROUND(used);
    a->back = (char *) block + size;
    a->blocks = NULL;
    a->memory = size;
}

void
arena_fini(struct arena *a)
{
    struct arena_block *next;

    for (struct arena_block *b = a->blocks; b; b = next) {
        next = b->next;
        free(b);
    }
}

/* The size of the next block, which has to hold 'size' bytes.  The double of
 * the alignment leaves room for rounding at the front. */
static size_t
next_block_size(const struct arena *a, size_t size)
{
    size_t needed = size + BLOCK_HEADER + 2 * ARENA_ALIGN;
    size_t grown = a->memory < BLOCK_MIN ? BLOCK_MIN : a->memory;

    if (grown > BLOCK_MAX) {
        grown = BLOCK_MAX;
    }
    return grown < needed ? ARENA_ROUND(needed) : ARENA_ROUND(grown);
}

static void
arena_add(struct arena *a, struct arena_block *block, size_t size)
{
    block->next = a->blocks;
    a->blocks = block;
    a->front = (char *) block + BLOCK_HEADER;
    a->back = (char *) block + size;
    a->memory += size;
}

bool
arena_try_grow(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return false;
    }
    size_t block_size = next_block_size(a, size);
    struct arena_block *block = try_malloc(block_size);

    if (!block) {
        return false;
    }
    arena_add(a, block, block_size);
    return true;
}

void
arena_grow(struct arena *a, size_t size)
{
    size_t block_size = next_block_size(a, size);

    /* A size near the end of the address space has wrapped around: ask for
     * it as it is, which no allocator grants. */
    if (block_size < size) {
        block_size = size;
    }
    arena_add(a, xmalloc(block_size), block_size);
}
