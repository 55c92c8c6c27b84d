/* SPDX-License-Identifier: Apache-2.0
 *
 * name_tree.c - a crit-bit tree of names.
 *
 * An inner node names the first bit (counted from the start of the name, high
 * bits first, the NUL included) in which the names below it differ.  A
 * reference is a pointer to a leaf, or to an inner node with its lowest bit
 * set.
 *
 * Inner nodes lie together in blocks, apart from the leaves: with names in no
 * order each step down is a cache miss otherwise.
 *
 * Thread: under the lock of the tree's owner. */
#include <config.h>

#include "base/name_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/vec.h>

#define BLOCK_NODES 1024

struct inner {
    uintptr_t child[2];         /* references; 0-bits before 1-bits */
    size_t bit;                 /* larger than that of any node above */
};

struct block {
    struct block *next;
    struct inner nodes[BLOCK_NODES];
};

static inline bool
is_inner(uintptr_t ref)
{
    return ref & 1;
}

static inline struct inner *
to_inner(uintptr_t ref)
{
    return (struct inner *) (ref - 1);
}

static inline struct name_leaf *
to_leaf(uintptr_t ref)
{
    return (struct name_leaf *) ref;
}

/* Bit 'bit' of 'name', which has 'len' bytes; 0 behind its end. */
static inline unsigned
name_bit(const char *name, size_t len, size_t bit)
{
    size_t i = bit / 8;

    return i < len ? (unsigned char) name[i] >> (7 - bit % 8) & 1U : 0;
}

/* The leaf that 'name' would have to be, if it is there at all. */
static struct name_leaf *
nearest(const struct name_tree *tree, const char *name, size_t len)
{
    uintptr_t ref = tree->root;

    while (is_inner(ref)) {
        const struct inner *node = to_inner(ref);
        ref = node->child[name_bit(name, len, node->bit)];
    }
    return to_leaf(ref);
}

struct name_leaf *
name_tree_find(const struct name_tree *tree, const char *name)
{
    struct name_leaf *leaf = nearest(tree, name, strlen(name));

    return leaf && !strcmp(leaf->name, name) ? leaf : NULL;
}

/* The first bit in which two different names of that many bytes differ. */
static size_t
first_difference(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    size_t i = 0;

    for (uint64_t x, y; i + sizeof x <= len; i += sizeof x) {
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        if (x != y) {
            break;
        }
    }
    while (a[i] == b[i]) {
        i++;
    }
    unsigned diff = (unsigned char) a[i] ^ (unsigned char) b[i];
    return i * 8 + (size_t) __builtin_clz(diff) - (sizeof diff - 1) * 8;
}

/* --- inner nodes --- */

/* A free node has the next one in its first child. */
static void
node_free(struct name_tree *tree, struct inner *node)
{
    node->child[0] = (uintptr_t) tree->free_nodes;
    tree->free_nodes = node;
}

static struct inner *
node_create(struct name_tree *tree)
{
    if (!tree->free_nodes) {
        struct block *block = xmalloc(sizeof *block);

        block->next = tree->blocks;
        tree->blocks = block;
        for (size_t i = BLOCK_NODES; i-- > 0;) {
            node_free(tree, &block->nodes[i]);
        }
    }
    struct inner *node = tree->free_nodes;
    tree->free_nodes = (void *) node->child[0];
    return node;
}

void
name_tree_fini(struct name_tree *tree)
{
    struct block *block = tree->blocks;

    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    *tree = (struct name_tree) { .root = 0 };
}

/* --- adding and removing --- */

/* Steps down that are remembered, so as not to be taken again. */
#define STEPS_MAX 64

/* Goes down with 'name' as far as the nodes' bits are below 'bit'; the nodes
 * that were come by are in 'steps'. */
static uintptr_t *
insertion_point(struct name_tree *tree, const char *name, size_t len,
                size_t bit, uintptr_t *steps[], size_t n_steps)
{
    while (n_steps > 0 && to_inner(*steps[n_steps - 1])->bit > bit) {
        n_steps--;
    }
    if (n_steps == 0) {
        return &tree->root;
    }
    uintptr_t *ref = steps[n_steps - 1];
    while (is_inner(*ref) && to_inner(*ref)->bit < bit) {
        struct inner *node = to_inner(*ref);
        ref = &node->child[name_bit(name, len, node->bit)];
    }
    return ref;
}

struct name_leaf *
name_tree_add(struct name_tree *tree, struct name_leaf *leaf)
{
    uintptr_t *steps[STEPS_MAX];
    size_t len = strlen(leaf->name);
    uintptr_t *ref = &tree->root;
    size_t n_steps = 0;

    if (!tree->root) {
        tree->root = (uintptr_t) leaf;
        tree->n = 1;
        return NULL;
    }
    while (is_inner(*ref)) {
        struct inner *node = to_inner(*ref);
        if (n_steps < STEPS_MAX) {
            steps[n_steps++] = ref;
        }
        ref = &node->child[name_bit(leaf->name, len, node->bit)];
    }
    struct name_leaf *near = to_leaf(*ref);
    size_t near_len = strlen(near->name);
    if (len == near_len && !memcmp(near->name, leaf->name, len)) {
        return near;
    }

    size_t bit = first_difference(near->name, near_len, leaf->name, len);
    unsigned side = name_bit(leaf->name, len, bit);
    struct inner *node = node_create(tree);
    ref = insertion_point(tree, leaf->name, len, bit, steps, n_steps);
    node->bit = bit;
    node->child[side] = (uintptr_t) leaf;
    node->child[!side] = *ref;
    *ref = (uintptr_t) node + 1;
    tree->n++;
    return NULL;
}

void
name_tree_remove(struct name_tree *tree, struct name_leaf *leaf)
{
    size_t len = strlen(leaf->name);
    uintptr_t *above = NULL;
    uintptr_t *ref = &tree->root;

    while (is_inner(*ref)) {
        struct inner *node = to_inner(*ref);
        above = ref;
        ref = &node->child[name_bit(leaf->name, len, node->bit)];
    }
    CHECK(to_leaf(*ref) == leaf, "'%s'", leaf->name);
    if (above) {
        struct inner *node = to_inner(*above);
        *above = node->child[ref == &node->child[0]];
        node_free(tree, node);
    } else {
        tree->root = 0;
    }
    tree->n--;
}

/* --- listing --- */

/* References that are still to be visited, the next one last. */
struct path {
    VEC(uintptr_t) refs;
};

/* Goes down to where 'name' is or would be, and keeps in 'path' all that
 * follows it. */
static void
path_begin_after(struct path *path, const struct name_tree *tree,
                 const char *name)
{
    size_t len = strlen(name);
    const struct name_leaf *near = nearest(tree, name, len);
    bool is_there = !strcmp(near->name, name);
    size_t bit = is_there ? SIZE_MAX
                          : first_difference(near->name, strlen(near->name),
                                             name, len);
    uintptr_t ref = tree->root;

    while (is_inner(ref) && to_inner(ref)->bit < bit) {
        const struct inner *node = to_inner(ref);
        unsigned side = name_bit(name, len, node->bit);
        if (side == 0) {
            vec_push(&path->refs, node->child[1]);
        }
        ref = node->child[side];
    }
    if (!is_there && name_bit(name, len, bit) == 0) {
        vec_push(&path->refs, ref);
    }
}

/* The next leaf; there is one. */
static struct name_leaf *
path_next(struct path *path)
{
    uintptr_t ref = vec_pop(&path->refs);

    while (is_inner(ref)) {
        vec_push(&path->refs, to_inner(ref)->child[1]);
        ref = to_inner(ref)->child[0];
    }
    return to_leaf(ref);
}

size_t
name_tree_list(const struct name_tree *tree, const char *after,
               struct name_leaf *leaves[], size_t max)
{
    struct path path = { VEC_EMPTY };
    size_t n = 0;

    if (tree->root && after) {
        path_begin_after(&path, tree, after);
    } else if (tree->root) {
        vec_push(&path.refs, tree->root);
    }
    while (path.refs.n > 0 && n < max) {
        leaves[n++] = path_next(&path);
    }
    vec_fini(&path.refs);
    return n;
}
