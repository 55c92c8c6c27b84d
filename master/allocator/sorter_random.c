/* SPDX-License-Identifier: Apache-2.0
 *
 * sorter_random.c - clients in an order of chance, by their weights.
 *
 * A leaf's chance is, from the root down, the product of its nodes' weights
 * by the sum of those of the active siblings, as in the random sorter of
 * Mesos.  That sorts all clients at each turn; here one is drawn when it is
 * asked for, without putting back, which gives the same order with the same
 * likelihood: who comes first mostly takes everything. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "master/allocator/sorter.h"

/* So many draws by different weights, each of which looks at all clients,
 * are cheaper than sorting. */
#define DRAWS_MAX 8

static void
random_add(struct sorter *s, struct sorter_node *node)
{
    vec_push(&node->parent->children, node);
    s->is_stale = true;
}

static void
random_remove(struct sorter *s, struct sorter_node *node)
{
    sorter_node_vec *siblings = &node->parent->children;

    for (size_t i = 0; i < siblings->n; i++) {
        if (siblings->data[i] == node) {
            vec_remove(siblings, i);
            break;
        }
    }
    s->is_stale = true;
}

static void
random_charge(struct sorter *s, struct sorter_node *node,
              const struct amounts *amounts, int sign, unsigned n_allocations)
{
    (void) s;
    if (sign > 0) {
        amounts_add(&node->allocated, amounts);
    } else {
        amounts_subtract(&node->allocated, amounts);
    }
    node->n_allocations += n_allocations;
}

/* --- chances --- */

static double
active_weight(const struct sorter_node *node)
{
    double sum = 0;

    vec_foreach (&node->children, child) {
        sum += (*child)->n_active > 0 ? (*child)->weight : 0;
    }
    return sum;
}

/* Pre-order without recursion: roles may be very deep.  'share' holds what is
 * left of 1 on the way down. */
static void
collect(struct sorter *s)
{
    struct sorter_node *node = &s->root;

    node->cursor = 0;
    node->share = 1 / active_weight(node);
    while (node) {
        struct sorter_node *child;

        if (node->cursor == node->children.n) {
            node = node->parent;
            continue;
        }
        child = node->children.data[node->cursor++];
        if (child->n_active == 0) {
            continue;
        }
        child->share = node->share * child->weight;
        if (child->leaf) {
            struct sorter_chance chance = { child, child->share, 0 };

            vec_push(&s->chances, chance);
            continue;
        }
        child->share /= active_weight(child);
        child->cursor = 0;
        node = child;
    }
}

static void
random_begin(struct sorter *s)
{
    s->n_drawn = 0;
    if (!s->is_stale) {
        return;
    }
    vec_clear(&s->chances);
    if (s->root.children.n > 0) {
        collect(s);
    }
    s->chances_are_equal = true;
    for (size_t i = 1; i < s->chances.n; i++) {
        double difference = s->chances.data[i].weight
                            - s->chances.data[0].weight;

        s->chances_are_equal = s->chances_are_equal
            && fabs(difference) <= 1e-12 * s->chances.data[0].weight;
    }
    s->is_stale = false;
}

static int
compare_keys(const void *a, const void *b)
{
    const struct sorter_chance *x = a;
    const struct sorter_chance *y = b;

    return x->key < y->key ? 1 : x->key > y->key ? -1 : 0;
}

/* All that are left, at once: by u^(1/w), greatest first. */
static void
draw_all(struct sorter *s)
{
    for (size_t i = s->n_drawn; i < s->chances.n; i++) {
        struct sorter_chance *chance = &s->chances.data[i];
        double u = 1 - s->pool->random(s->pool->aux);

        chance->key = log(u) / chance->weight;
    }
    qsort(&s->chances.data[s->n_drawn], s->chances.n - s->n_drawn,
          sizeof *s->chances.data, compare_keys);
}

static size_t
draw_weighted(struct sorter *s)
{
    double left = 0;
    double at;

    for (size_t i = s->n_drawn; i < s->chances.n; i++) {
        left += s->chances.data[i].weight;
    }
    at = s->pool->random(s->pool->aux) * left;
    for (size_t i = s->n_drawn; i < s->chances.n; i++) {
        at -= s->chances.data[i].weight;
        if (at < 0) {
            return i;
        }
    }
    return s->chances.n - 1;
}

static struct sorter_node *
random_next(struct sorter *s)
{
    struct sorter_chance *data = s->chances.data;
    struct sorter_chance drawn;
    size_t at = s->n_drawn;

    if (s->n_drawn == s->chances.n) {
        return NULL;
    }
    if (s->chances_are_equal) {
        at += (size_t) (s->pool->random(s->pool->aux)
                        * (double) (s->chances.n - s->n_drawn));
    } else if (s->n_drawn < DRAWS_MAX) {
        at = draw_weighted(s);
    } else if (s->n_drawn == DRAWS_MAX) {
        draw_all(s);
    }
    drawn = data[at];
    data[at] = data[s->n_drawn];
    data[s->n_drawn++] = drawn;
    return drawn.leaf;
}

const struct sorter_ops sorter_random = {
    .name = "random", .add = random_add, .remove = random_remove,
    .charge = random_charge, .begin = random_begin, .next = random_next,
};
