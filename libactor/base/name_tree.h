/* SPDX-License-Identifier: Apache-2.0
 *
 * name_tree.h - an ordered set of names: a crit-bit tree (Bernstein).
 *
 * Adding costs about as much as a hash table, and the order is there for
 * nothing.  How deep it gets depends on the names' lengths, not on how
 * somebody chose them.
 *
 * Thread-safety: under the lock of its owner. */
#ifndef BASE_NAME_TREE_H
#define BASE_NAME_TREE_H 1

#include <stddef.h>
#include <stdint.h>

/* First member of what is in the tree. */
struct name_leaf {
    const char *name;           /* borrowed; must not change */
};

struct name_tree {
    uintptr_t root;             /* see name_tree.c; 0: empty */
    size_t n;
    void *blocks;               /* owned; memory of the inner nodes */
    void *free_nodes;           /* in it */
};

/* Zeroed is an empty tree.  This forgets the leaves, which are the owner's. */
void name_tree_fini(struct name_tree *);

struct name_leaf *name_tree_find(const struct name_tree *, const char *name);

/* Adds 'leaf'; returns the one that has the name already, or NULL. */
struct name_leaf *name_tree_add(struct name_tree *, struct name_leaf *leaf);

/* 'leaf' must be in the tree. */
void name_tree_remove(struct name_tree *, struct name_leaf *leaf);

/* Puts the first 'max' leaves whose names follow 'after', which need not be in
 * the tree (NULL: the first of all), into 'leaves', in the order of names.
 * Returns how many there were. */
size_t name_tree_list(const struct name_tree *, const char *after,
                      struct name_leaf *leaves[], size_t max);

#endif /* BASE_NAME_TREE_H */
