/* SPDX-License-Identifier: Apache-2.0
 *
 * sorter.c - in which order clients are offered something: what all orders
 * have in common. */
#include <config.h>

#include "master/allocator/sorter.h"

#include <string.h>

#include <actor/log.h>

void
sorter_init(struct sorter *s, const struct sorter_ops *ops,
            const struct sorter_pool *pool)
{
    memset(s, 0, sizeof *s);
    s->ops = ops;
    s->pool = pool;
    s->root.path = "";
    s->root.weight = 1;
}

void
sorter_fini(struct sorter *s)
{
    vec_fini(&s->root.children);
    vec_fini(&s->chances);
}

void
sorter_add(struct sorter *s, struct sorter_node *parent,
           struct sorter_node *node)
{
    node->parent = parent ? parent : &s->root;
    node->n_active = 0;
    s->ops->add(s, node);
}

/* Changes the number of active leaves all the way up.  Nodes without any are
 * last among their siblings, so they move when they get their first. */
static void
add_active(struct sorter *s, struct sorter_node *node, int sign)
{
    for (; node->parent; node = node->parent) {
        bool moves = node->n_active == (sign > 0 ? 0 : 1);

        if (moves) {
            s->ops->remove(s, node);
        }
        node->n_active += (size_t) sign;
        if (moves) {
            s->ops->add(s, node);
        }
    }
}

void
sorter_remove(struct sorter *s, struct sorter_node *node)
{
    struct amounts rest = node->allocated;

    CHECK(node->children.n == 0, "%s has children", node->path);
    if (node->leaf && node->n_active > 0) {
        add_active(s, node, -1);
    }
    if (!amounts_is_zero(&rest)) {
        sorter_release(s, node, &rest);
    }
    s->ops->remove(s, node);
    node->parent = NULL;
    vec_fini(&node->children);
}

void
sorter_set_active(struct sorter *s, struct sorter_node *leaf, bool active)
{
    if ((leaf->n_active > 0) != active) {
        add_active(s, leaf, active ? 1 : -1);
    }
}

void
sorter_set_weight(struct sorter *s, struct sorter_node *node, double weight)
{
    if (!node->parent) {
        node->weight = weight;
        return;
    }
    s->ops->remove(s, node);
    node->weight = weight;
    s->ops->add(s, node);
}

void
sorter_charge(struct sorter *s, struct sorter_node *leaf,
              const struct amounts *amounts, bool is_allocation)
{
    for (struct sorter_node *node = leaf; node->parent; node = node->parent) {
        s->ops->charge(s, node, amounts, 1, is_allocation);
    }
}

void
sorter_release(struct sorter *s, struct sorter_node *leaf,
               const struct amounts *amounts)
{
    for (struct sorter_node *node = leaf; node->parent; node = node->parent) {
        s->ops->charge(s, node, amounts, -1, 0);
    }
}

double
sorter_share(const struct sorter_pool *pool, const struct sorter_node *node)
{
    double share = 0;

    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        if (node->allocated.v[i] > 0 && pool->total.v[i] > 0
            && !pool->excluded[i]) {
            double part = (double) node->allocated.v[i]
                          / (double) pool->total.v[i];

            share = part > share ? part : share;
        }
    }
    return share / node->weight;
}

void
sorter_begin(struct sorter *s)
{
    s->ops->begin(s);
}

struct sorter_node *
sorter_next(struct sorter *s)
{
    return s->ops->next(s);
}
