/* SPDX-License-Identifier: Apache-2.0
 *
 * sorter.h - in which order clients are offered something.
 *
 * A sorter holds a tree: its leaves are clients, and each node has what all
 * below it hold.  The one of roles is as deep as roles are, the one of a
 * role's frameworks is flat.  A walk gives the active leaves in order; what is
 * charged belongs behind it, since the order must stand meanwhile.
 *
 * What the order is, is a table of functions: 'sorter_drf' (fair shares) or
 * 'sorter_random' (weighted chance).
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_SORTER_H
#define MASTER_ALLOCATOR_SORTER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/vec.h>

#include "master/allocator/amounts.h"

struct actor;
struct sorter_node;

/* What all sorters of an allocator share. */
struct sorter_pool {
    struct amounts total;       /* of the cluster */
    uint64_t generation;        /* counts changes of 'total' */
    bool excluded[AMOUNTS_MAX]; /* dimensions that do not count */
    double (*random)(void *aux);        /* [0, 1) */
    void *aux;
};

typedef VEC(struct sorter_node *) sorter_node_vec;

struct sorter_node {
    struct sorter_node *parent; /* NULL: the root, or in no sorter */
    sorter_node_vec children;   /* borrowed */
    void *leaf;                 /* the client; NULL: an inner node */
    const char *path;           /* borrowed; last in the order */
    double weight;
    struct amounts allocated;
    uint64_t n_allocations;
    size_t n_active;            /* leaves at or below that are active */

    /* Of the implementation. */
    double share;
    uint64_t generation;        /* of the pool, when 'children' were sorted */
    size_t cursor;
};

struct sorter {
    const struct sorter_ops *ops;
    const struct sorter_pool *pool;
    struct sorter_node root;
    struct sorter_node *at;     /* of a walk */

    /* Of the random one: leaves with their chances. */
    VEC(struct sorter_chance) chances;
    bool chances_are_equal;
    bool is_stale;
    size_t n_drawn;
};

struct sorter_chance {
    struct sorter_node *leaf;
    double weight;              /* of all: 1 */
    double key;
};

struct sorter_ops {
    const char *name;

    /* A node comes under its parent, or leaves it. */
    void (*add)(struct sorter *, struct sorter_node *);
    void (*remove)(struct sorter *, struct sorter_node *);

    /* What a node holds is 'amounts' more ('sign' 1) or less (-1), by
     * 'n_allocations' allocations. */
    void (*charge)(struct sorter *, struct sorter_node *,
                   const struct amounts *, int sign, unsigned n_allocations);

    /* A new walk, and its next active leaf: NULL behind the last. */
    void (*begin)(struct sorter *);
    struct sorter_node *(*next)(struct sorter *);
};

extern const struct sorter_ops sorter_drf;
extern const struct sorter_ops sorter_random;

void sorter_init(struct sorter *, const struct sorter_ops *,
                 const struct sorter_pool *);
void sorter_fini(struct sorter *);

/* Puts a node under 'parent' (NULL: the root); 'path', 'leaf' and 'weight'
 * (> 0) are set.  A leaf is inactive at first. */
void sorter_add(struct sorter *, struct sorter_node *parent,
                struct sorter_node *);

/* Takes a node without children out, with what it holds. */
void sorter_remove(struct sorter *, struct sorter_node *);
void sorter_set_active(struct sorter *, struct sorter_node *leaf, bool active);
void sorter_set_weight(struct sorter *, struct sorter_node *, double weight);

/* The leaf, and all above it, are given 'amounts' in one allocation, or (not
 * counted as such) hold them already. */
void sorter_charge(struct sorter *, struct sorter_node *leaf,
                   const struct amounts *, bool is_allocation);
void sorter_release(struct sorter *, struct sorter_node *leaf,
                    const struct amounts *);

/* The greatest part of anything that the node holds, by its weight. */
double sorter_share(const struct sorter_pool *, const struct sorter_node *);

void sorter_begin(struct sorter *);
struct sorter_node *sorter_next(struct sorter *);

#endif /* MASTER_ALLOCATOR_SORTER_H */
