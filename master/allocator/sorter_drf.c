/* SPDX-License-Identifier: Apache-2.0
 *
 * sorter_drf.c - dominant resource fairness: who has the smallest share comes
 * first.
 *
 * Siblings are kept in the order of share, number of allocations and path, as
 * in the DRF sorter of Mesos, those without an active leaf behind all others.
 * The key is a total order, so that a node is found, and its new place too, by
 * halving.  When the cluster's total changes all shares do: then a list is
 * sorted anew when a walk next comes to it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/log.h>

#include "master/allocator/sorter.h"

static int
compare(const struct sorter_node *a, const struct sorter_node *b)
{
    bool a_is_idle = a->n_active == 0;
    bool b_is_idle = b->n_active == 0;

    if (a_is_idle != b_is_idle) {
        return a_is_idle ? 1 : -1;
    }
    if (a->share < b->share || a->share > b->share) {
        return a->share < b->share ? -1 : 1;
    }
    if (a->n_allocations != b->n_allocations) {
        return a->n_allocations < b->n_allocations ? -1 : 1;
    }
    return strcmp(a->path, b->path);
}

static int
compare_indirect(const void *a, const void *b)
{
    return compare(*(const struct sorter_node *const *) a,
                   *(const struct sorter_node *const *) b);
}

static bool
is_sorted(const struct sorter *s, const struct sorter_node *parent)
{
    return parent->generation == s->pool->generation;
}

static void
sort_children(struct sorter *s, struct sorter_node *parent)
{
    if (is_sorted(s, parent)) {
        return;
    }
    vec_foreach (&parent->children, child) {
        (*child)->share = sorter_share(s->pool, *child);
    }
    if (parent->children.n > 1) {
        qsort(parent->children.data, parent->children.n,
              sizeof *parent->children.data, compare_indirect);
    }
    parent->generation = s->pool->generation;
}

/* How many of nodes [low, high) come before 'node'. */
static size_t
count_before(const sorter_node_vec *nodes, size_t low, size_t high,
             const struct sorter_node *node)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(nodes->data[middle], node) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t
find(const struct sorter *s, const struct sorter_node *node)
{
    const sorter_node_vec *siblings = &node->parent->children;
    size_t at = 0;

    if (is_sorted(s, node->parent)) {
        at = count_before(siblings, 0, siblings->n, node);
    } else {
        while (at < siblings->n && siblings->data[at] != node) {
            at++;
        }
    }
    CHECK(at < siblings->n && siblings->data[at] == node, "%s is lost",
          node->path);
    return at;
}

static void
drf_add(struct sorter *s, struct sorter_node *node)
{
    sorter_node_vec *siblings = &node->parent->children;
    size_t at = siblings->n;

    if (siblings->n == 0) {
        node->parent->generation = s->pool->generation;
    }
    if (is_sorted(s, node->parent)) {
        node->share = sorter_share(s->pool, node);
        at = count_before(siblings, 0, siblings->n, node);
    }
    vec_push(siblings, node);
    memmove(&siblings->data[at + 1], &siblings->data[at],
            (siblings->n - 1 - at) * sizeof *siblings->data);
    siblings->data[at] = node;
}

static void
drf_remove(struct sorter *s, struct sorter_node *node)
{
    vec_remove(&node->parent->children, find(s, node));
}

/* Moves the node at 'from', whose key has changed, to where it belongs. */
static void
move(sorter_node_vec *nodes, size_t from)
{
    struct sorter_node *node = nodes->data[from];
    size_t to;

    if (from + 1 < nodes->n && compare(nodes->data[from + 1], node) < 0) {
        to = count_before(nodes, from + 1, nodes->n, node) - 1;
        memmove(&nodes->data[from], &nodes->data[from + 1],
                (to - from) * sizeof *nodes->data);
    } else {
        to = count_before(nodes, 0, from, node);
        memmove(&nodes->data[to + 1], &nodes->data[to],
                (from - to) * sizeof *nodes->data);
    }
    nodes->data[to] = node;
}

static void
drf_charge(struct sorter *s, struct sorter_node *node,
           const struct amounts *amounts, int sign, unsigned n_allocations)
{
    bool sorted = is_sorted(s, node->parent);
    size_t at = sorted ? find(s, node) : 0;

    if (sign > 0) {
        amounts_add(&node->allocated, amounts);
    } else {
        amounts_subtract(&node->allocated, amounts);
    }
    node->n_allocations += n_allocations;
    if (sorted) {
        node->share = sorter_share(s->pool, node);
        move(&node->parent->children, at);
    }
}

static void
enter(struct sorter *s, struct sorter_node *node)
{
    sort_children(s, node);
    node->cursor = 0;
    s->at = node;
}

static void
drf_begin(struct sorter *s)
{
    enter(s, &s->root);
}

static struct sorter_node *
drf_next(struct sorter *s)
{
    while (s->at) {
        struct sorter_node *node = s->at;
        struct sorter_node *child;

        if (node->cursor == node->children.n
            || node->children.data[node->cursor]->n_active == 0) {
            s->at = node->parent;
            continue;
        }
        child = node->children.data[node->cursor++];
        if (child->leaf) {
            return child;
        }
        enter(s, child);
    }
    return NULL;
}

const struct sorter_ops sorter_drf = {
    .name = "drf", .add = drf_add, .remove = drf_remove,
    .charge = drf_charge, .begin = drf_begin, .next = drf_next,
};
