/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.h - memory that is given out piece by piece and freed as a whole.
 *
 * The first block belongs to whoever sets the arena up (struct message puts
 * itself into it); further ones double in size.  What needs alignment is
 * taken from the front of a block and bytes from its back, so that nothing is
 * lost between them.
 *
 * Thread-safety: one thread at a time. */
#ifndef CODEC_ARENA_H
#define CODEC_ARENA_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>

#define ARENA_ALIGN ((size_t) 8)
#define ARENA_ROUND(SIZE) \
    (((size_t) (SIZE) + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1))

struct arena_block;

struct arena {
    char *front;                /* free room of the newest block: aligned */
    char *back;                 /* ... and its end */
    struct arena_block *blocks; /* owned; those after the first */
    size_t memory;              /* bytes of all blocks, the first included */
};

/* 'block' is the first one: 'size' bytes, of which the first 'used' are
 * taken. */
void arena_init(struct arena *, void *block, size_t size, size_t used);

/* Frees all blocks but the first. */
void arena_fini(struct arena *);

/* A new block with room for 'size' bytes; false if there is no memory. */
bool arena_try_grow(struct arena *, size_t size) MUST_CHECK;
void arena_grow(struct arena *, size_t size);

static inline bool
arena_has_room(const struct arena *a, size_t size)
{
    return (size_t) (a->back - a->front) >= size;
}

/* As above for an aligned piece, which takes a whole number of units. */
static inline bool
arena_has_aligned_room(const struct arena *a, size_t size)
{
    return arena_has_room(a, size) && arena_has_room(a, ARENA_ROUND(size));
}

/* 'size' bytes at an aligned place, not zeroed.  The room is there. */
static inline void *
arena_take(struct arena *a, size_t size)
{
    char *p = a->front;

    a->front += ARENA_ROUND(size);
    return p;
}

/* 'size' bytes at any place.  The room is there. */
static inline char *
arena_take_bytes(struct arena *a, size_t size)
{
    a->back -= size;
    return a->back;
}

/* As above, growing the arena; abort when there is no memory. */
static inline void *
arena_alloc(struct arena *a, size_t size)
{
    if (UNLIKELY(!arena_has_aligned_room(a, size))) {
        arena_grow(a, size);
    }
    return arena_take(a, size);
}

static inline char *
arena_alloc_bytes(struct arena *a, size_t size)
{
    if (UNLIKELY(!arena_has_room(a, size))) {
        arena_grow(a, size);
    }
    return arena_take_bytes(a, size);
}

/* As above, growing the arena; NULL when there is no memory. */
static inline void *
arena_try_alloc(struct arena *a, size_t size)
{
    if (UNLIKELY(!arena_has_aligned_room(a, size))
        && !arena_try_grow(a, size)) {
        return NULL;
    }
    return arena_take(a, size);
}

static inline char *
arena_try_alloc_bytes(struct arena *a, size_t size)
{
    if (UNLIKELY(!arena_has_room(a, size)) && !arena_try_grow(a, size)) {
        return NULL;
    }
    return arena_take_bytes(a, size);
}

#endif /* CODEC_ARENA_H */
