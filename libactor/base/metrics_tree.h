/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_tree.h - an ordered set of names: a crit-bit tree (Bernstein) whose
 * leaves are also a list.
 *
 * Adding costs about as much as a hash table, walking in order costs nothing
 * on top.  How deep it gets depends on the names' lengths, not on how somebody
 * chose them.
 *
 * Thread-safety: under the lock of its owner. */
#ifndef BASE_METRICS_TREE_H
#define BASE_METRICS_TREE_H 1

#include <stddef.h>
#include <stdint.h>

/* First member of what is in the tree. */
struct metrics_leaf {
    const char *name;           /* borrowed; must not change */
    struct metrics_leaf *prev;  /* in the order of names */
    struct metrics_leaf *next;
};

struct metrics_tree {
    uintptr_t root;             /* see metrics_tree.c; 0: empty */
    struct metrics_leaf *first;
    size_t n;
};

struct metrics_leaf *metrics_tree_find(const struct metrics_tree *,
                                       const char *name);

/* Adds 'leaf'; returns the one that has the name already, or NULL. */
struct metrics_leaf *metrics_tree_add(struct metrics_tree *,
                                      struct metrics_leaf *leaf);

/* 'leaf' must be in the tree. */
void metrics_tree_remove(struct metrics_tree *, struct metrics_leaf *leaf);

#endif /* BASE_METRICS_TREE_H */
