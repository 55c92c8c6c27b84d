/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_tree.h - an ordered set of names: a crit-bit tree (Bernstein).
 *
 * Adding costs about as much as a hash table, and the order is there for
 * nothing.  How deep it gets depends on the names' lengths, not on how
 * somebody chose them.
 *
 * Thread-safety: under the lock of its owner. */
#ifndef BASE_METRICS_TREE_H
#define BASE_METRICS_TREE_H 1

#include <stddef.h>
#include <stdint.h>

/* First member of what is in the tree. */
struct metrics_leaf {
    const char *name;           /* borrowed; must not change */
};

struct metrics_tree {
    uintptr_t root;             /* see metrics_tree.c; 0: empty */
    size_t n;
    void *blocks;               /* owned; memory of the inner nodes */
    void *free_nodes;           /* in it */
};

/* Zeroed is an empty tree.  This forgets the leaves, which are the owner's. */
void metrics_tree_fini(struct metrics_tree *);

struct metrics_leaf *metrics_tree_find(const struct metrics_tree *,
                                       const char *name);

/* Adds 'leaf'; returns the one that has the name already, or NULL. */
struct metrics_leaf *metrics_tree_add(struct metrics_tree *,
                                      struct metrics_leaf *leaf);

/* 'leaf' must be in the tree. */
void metrics_tree_remove(struct metrics_tree *, struct metrics_leaf *leaf);

/* Puts the first 'max' leaves whose names follow 'after', which need not be in
 * the tree (NULL: the first of all), into 'leaves', in the order of names.
 * Returns how many there were. */
size_t metrics_tree_list(const struct metrics_tree *, const char *after,
                         struct metrics_leaf *leaves[], size_t max);

#endif /* BASE_METRICS_TREE_H */
