/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_tree.c - a crit-bit tree of names.
 *
 * An inner node names the first bit (counted from the start of the name, high
 * bits first, the NUL included) in which the names below it differ.  A
 * reference is a pointer to a leaf, or to an inner node with its lowest bit
 * set.
 *
 * Thread: under the lock of the tree's owner. */
#include <config.h>

#include "base/metrics_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

struct inner {
    uintptr_t child[2];         /* references; 0-bits before 1-bits */
    size_t bit;                 /* larger than that of any node above */
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

static inline struct metrics_leaf *
to_leaf(uintptr_t ref)
{
    return (struct metrics_leaf *) ref;
}

/* Bit 'bit' of 'name', which has 'len' bytes; 0 behind its end. */
static inline unsigned
name_bit(const char *name, size_t len, size_t bit)
{
    size_t i = bit / 8;

    return i < len ? (unsigned char) name[i] >> (7 - bit % 8) & 1U : 0;
}

/* The leaf that 'name' would have to be, if it is there at all. */
static struct metrics_leaf *
nearest(const struct metrics_tree *tree, const char *name, size_t len)
{
    uintptr_t ref = tree->root;

    while (is_inner(ref)) {
        const struct inner *node = to_inner(ref);
        ref = node->child[name_bit(name, len, node->bit)];
    }
    return to_leaf(ref);
}

struct metrics_leaf *
metrics_tree_find(const struct metrics_tree *tree, const char *name)
{
    struct metrics_leaf *leaf = nearest(tree, name, strlen(name));

    return leaf && !strcmp(leaf->name, name) ? leaf : NULL;
}

/* The first bit in which two different names differ. */
static size_t
first_difference(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] == b[i]) {
        i++;
    }
    unsigned diff = (unsigned char) a[i] ^ (unsigned char) b[i];
    return i * 8 + (size_t) __builtin_clz(diff) - (sizeof diff - 1) * 8;
}

/* The first (side 0) or last (side 1) leaf under 'ref'. */
static struct metrics_leaf *
outermost(uintptr_t ref, unsigned side)
{
    while (is_inner(ref)) {
        ref = to_inner(ref)->child[side];
    }
    return to_leaf(ref);
}

/* Puts 'leaf' into the list between 'prev' and 'next'; one of them is given
 * and tells the other. */
static void
list_insert(struct metrics_tree *tree, struct metrics_leaf *leaf,
            struct metrics_leaf *prev, struct metrics_leaf *next)
{
    leaf->prev = prev ? prev : next->prev;
    leaf->next = prev ? prev->next : next;
    if (leaf->prev) {
        leaf->prev->next = leaf;
    } else {
        tree->first = leaf;
    }
    if (leaf->next) {
        leaf->next->prev = leaf;
    }
}

static void
list_remove(struct metrics_tree *tree, struct metrics_leaf *leaf)
{
    if (leaf->prev) {
        leaf->prev->next = leaf->next;
    } else {
        tree->first = leaf->next;
    }
    if (leaf->next) {
        leaf->next->prev = leaf->prev;
    }
}

struct metrics_leaf *
metrics_tree_add(struct metrics_tree *tree, struct metrics_leaf *leaf)
{
    size_t len = strlen(leaf->name);
    struct metrics_leaf *near = nearest(tree, leaf->name, len);

    if (!near) {
        leaf->prev = leaf->next = NULL;
        tree->first = leaf;
        tree->root = (uintptr_t) leaf;
        tree->n = 1;
        return NULL;
    }
    if (!strcmp(near->name, leaf->name)) {
        return near;
    }

    size_t bit = first_difference(near->name, leaf->name);
    unsigned side = name_bit(leaf->name, len, bit);
    uintptr_t *ref = &tree->root;
    while (is_inner(*ref) && to_inner(*ref)->bit < bit) {
        struct inner *node = to_inner(*ref);
        ref = &node->child[name_bit(leaf->name, len, node->bit)];
    }
    struct metrics_leaf *neighbour = outermost(*ref, side);
    list_insert(tree, leaf, side ? neighbour : NULL, side ? NULL : neighbour);

    struct inner *node = xmalloc(sizeof *node);
    node->bit = bit;
    node->child[side] = (uintptr_t) leaf;
    node->child[!side] = *ref;
    *ref = (uintptr_t) node + 1;
    tree->n++;
    return NULL;
}

void
metrics_tree_remove(struct metrics_tree *tree, struct metrics_leaf *leaf)
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
        free(node);
    } else {
        tree->root = 0;
    }
    list_remove(tree, leaf);
    tree->n--;
}
