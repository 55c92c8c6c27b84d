/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sorter.c - the order of clients, against a slow one made by the book.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "master/allocator/sorter.h"
#include "tests/lib/test.h"

#define N_NODES 12
#define N_STEPS 4000

/* A tree of two levels: six nodes with a leaf of their own, of which two have
 * two children more. */
struct tree {
    struct sorter_pool pool;
    struct sorter sorter;
    struct sorter_node nodes[N_NODES];
    char paths[N_NODES][8];
    bool is_in[N_NODES];
    uint64_t chance;
};

static uint64_t
draw(struct tree *t)
{
    t->chance = t->chance * UINT64_C(6364136223846793005)
                + UINT64_C(1442695040888963407);
    return t->chance >> 33;
}

static double
draw_double(void *aux)
{
    return (double) draw(aux) / 0x1p31;
}

/* Nodes 0 and 1 are inner ones; 2 to 5 are leaves of 0 and 1; the rest are
 * leaves of the root. */
static struct sorter_node *
parent_of(struct tree *t, size_t i)
{
    return i >= 2 && i <= 5 ? &t->nodes[i % 2] : NULL;
}

static void
tree_init(struct tree *t, const struct sorter_ops *ops, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->chance = seed;
    t->pool.generation = 1;
    t->pool.random = draw_double;
    t->pool.aux = t;
    t->pool.total.v[0] = 1000;
    t->pool.total.v[1] = 5000;
    sorter_init(&t->sorter, ops, &t->pool);
    for (size_t i = 0; i < N_NODES; i++) {
        t->paths[i][0] = (char) ('a' + (i * 7) % N_NODES);
        t->nodes[i].path = t->paths[i];
        t->nodes[i].weight = 1 + (double) (i % 3);
        t->nodes[i].leaf = i >= 2 ? &t->nodes[i] : NULL;
        sorter_add(&t->sorter, parent_of(t, i), &t->nodes[i]);
        t->is_in[i] = true;
    }
}

static void
tree_fini(struct tree *t)
{
    for (size_t i = N_NODES; i > 0; i--) {
        if (t->is_in[i - 1]) {
            sorter_remove(&t->sorter, &t->nodes[i - 1]);
        }
    }
    sorter_fini(&t->sorter);
}

static void
random_step(struct tree *t)
{
    size_t i = 2 + draw(t) % (N_NODES - 2);
    struct sorter_node *node = &t->nodes[i];
    struct amounts amounts = { { (int64_t) (draw(t) % 50),
                                 (int64_t) (draw(t) % 200) } };

    switch (draw(t) % 8) {
    case 0:
        if (t->is_in[i]) {
            sorter_remove(&t->sorter, node);
        } else {
            node->n_allocations = 0;
            sorter_add(&t->sorter, parent_of(t, i), node);
        }
        t->is_in[i] = !t->is_in[i];
        break;
    case 1:
        if (t->is_in[i]) {
            sorter_set_active(&t->sorter, node, draw(t) % 2);
        }
        break;
    case 2:
        sorter_set_weight(&t->sorter, node, 0.5 + (double) (draw(t) % 4));
        break;
    case 3:
        t->pool.total.v[draw(t) % 2] = (int64_t) (draw(t) % 3000);
        t->pool.generation++;
        break;
    case 4:
        if (t->is_in[i]) {
            sorter_release(&t->sorter, node, &amounts);
        }
        break;
    default:
        if (t->is_in[i]) {
            sorter_charge(&t->sorter, node, &amounts, true);
        }
    }
}

/* --- the book: the active leaves by selection, level by level --- */

static bool
comes_first(const struct tree *t, const struct sorter_node *a,
            const struct sorter_node *b)
{
    double x = sorter_share(&t->pool, a);
    double y = sorter_share(&t->pool, b);

    if (x < y || x > y) {
        return x < y;
    }
    if (a->n_allocations != b->n_allocations) {
        return a->n_allocations < b->n_allocations;
    }
    return strcmp(a->path, b->path) < 0;
}

static size_t
list_below(struct tree *t, struct sorter_node *parent,
           struct sorter_node **ret, size_t n)
{
    bool done[N_NODES] = { false };

    for (;;) {
        struct sorter_node *first = NULL;

        for (size_t i = 0; i < N_NODES; i++) {
            if (t->is_in[i] && !done[i] && parent_of(t, i) == parent
                && (!first || comes_first(t, &t->nodes[i], first))) {
                first = &t->nodes[i];
            }
        }
        if (!first) {
            return n;
        }
        done[first - t->nodes] = true;
        if (!first->leaf) {
            n = list_below(t, first, ret, n);
        } else if (first->n_active > 0) {
            ret[n++] = first;
        }
    }
}

START_TEST(order_is_by_share_then_count_then_path)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct tree t;

        tree_init(&t, &sorter_drf, seed);
        for (int step = 0; step < N_STEPS; step++) {
            struct sorter_node *wanted[N_NODES];
            struct sorter_node *node;
            size_t n, i = 0;

            random_step(&t);
            if (draw(&t) % 3) {
                continue;
            }
            n = list_below(&t, NULL, wanted, 0);
            sorter_begin(&t.sorter);
            while ((node = sorter_next(&t.sorter)) != NULL) {
                ck_assert_uint_lt(i, n);
                ck_assert_msg(node == wanted[i], "seed %d, step %d: %s is at "
                              "%zu, not %s", (int) seed, step, node->path, i,
                              wanted[i]->path);
                i++;
            }
            ck_assert_uint_eq(i, n);
        }
        tree_fini(&t);
    }
}
END_TEST

START_TEST(inner_nodes_hold_what_their_leaves_hold)
{
    struct tree t;

    tree_init(&t, &sorter_drf, 7);
    for (int step = 0; step < N_STEPS; step++) {
        random_step(&t);
    }
    for (size_t i = 0; i < 2; i++) {
        struct amounts sum = { { 0 } };

        for (size_t k = 2; k <= 5; k++) {
            if (t.is_in[k] && k % 2 == i) {
                amounts_add(&sum, &t.nodes[k].allocated);
            }
        }
        ck_assert_int_eq(sum.v[0], t.nodes[i].allocated.v[0]);
        ck_assert_int_eq(sum.v[1], t.nodes[i].allocated.v[1]);
    }
    tree_fini(&t);
}
END_TEST

START_TEST(share_is_that_of_the_scarcest_resource_by_weight)
{
    struct sorter_pool pool = { .total = { { 10, 1000 } } };
    struct sorter_node node = {
        .allocated = { { 1, 500, 7 } }, .weight = 2,
    };

    ck_assert_double_eq(sorter_share(&pool, &node), 0.25);
    pool.excluded[1] = true;
    ck_assert_double_eq(sorter_share(&pool, &node), 0.05);
}
END_TEST

/* Each active leaf once. */
static void
check_permutation(struct tree *t)
{
    bool seen[N_NODES] = { false };
    struct sorter_node *node;
    size_t n = 0;

    sorter_begin(&t->sorter);
    while ((node = sorter_next(&t->sorter)) != NULL) {
        size_t i = (size_t) (node - t->nodes);

        ck_assert(!seen[i]);
        ck_assert_uint_gt(node->n_active, 0);
        seen[i] = true;
        n++;
    }
    ck_assert_uint_eq(n, t->sorter.root.children.n ? t->sorter.chances.n : 0);
    for (size_t i = 2; i < N_NODES; i++) {
        ck_assert_int_eq(seen[i], t->is_in[i] && t->nodes[i].n_active > 0);
    }
}

START_TEST(chance_gives_each_active_leaf_once)
{
    struct tree t;

    tree_init(&t, &sorter_random, 3);
    for (int step = 0; step < N_STEPS; step++) {
        random_step(&t);
        check_permutation(&t);
    }
    tree_fini(&t);
}
END_TEST

/* Three leaves of weights 1, 2 and 3: each is first, and second, as often as
 * drawing without putting back makes it. */
START_TEST(chance_is_by_weight)
{
    struct sorter_pool pool = { .generation = 1, .random = draw_double };
    struct tree t = { .chance = 11 };
    struct sorter_node nodes[3];
    struct sorter sorter;
    int first[3] = { 0 };
    int second[3] = { 0 };

    pool.aux = &t;
    memset(nodes, 0, sizeof nodes);
    sorter_init(&sorter, &sorter_random, &pool);
    for (size_t i = 0; i < 3; i++) {
        nodes[i].path = "x";
        nodes[i].leaf = &nodes[i];
        nodes[i].weight = (double) (i + 1);
        sorter_add(&sorter, NULL, &nodes[i]);
        sorter_set_active(&sorter, &nodes[i], true);
    }
    for (int i = 0; i < 60000; i++) {
        sorter_begin(&sorter);
        first[sorter_next(&sorter) - nodes]++;
        second[sorter_next(&sorter) - nodes]++;
    }
    ck_assert_int_lt(abs(first[0] - 10000), 500);
    ck_assert_int_lt(abs(first[1] - 20000), 500);
    ck_assert_int_lt(abs(first[2] - 30000), 500);
    /* 1/6 first: then 2/5, 3/5; 2/6: 1/4, 3/4; 3/6: 1/3, 2/3. */
    ck_assert_int_lt(abs(second[0] - 15000), 500);
    ck_assert_int_lt(abs(second[1] - 24000), 500);
    ck_assert_int_lt(abs(second[2] - 21000), 500);
    for (size_t i = 0; i < 3; i++) {
        sorter_remove(&sorter, &nodes[i]);
    }
    sorter_fini(&sorter);
}
END_TEST

static Suite *
sorter_suite(void)
{
    Suite *suite = suite_create("sorter");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(order_is_by_share_then_count_then_path);
    ADD(inner_nodes_hold_what_their_leaves_hold);
    ADD(share_is_that_of_the_scarcest_resource_by_weight);
    ADD(chance_gives_each_active_leaf_once);
    ADD(chance_is_by_weight);
#undef ADD
    return suite;
}

TEST_MAIN(sorter_suite)
