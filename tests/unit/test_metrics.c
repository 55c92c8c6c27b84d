/* SPDX-License-Identifier: Apache-2.0
 *
 * test_metrics.c - metrics: values, names in order, windows, threads. */
#include <config.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/json.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "base/name_tree.h"
#include "tests/lib/test.h"

/* The value of 'key', which must be there. */
static double
value_of(struct metrics *metrics, const char *key)
{
    double value = -1;

    ck_assert_msg(metrics_get(metrics, key, &value), "%s", key);
    return value;
}

static bool
is_shown(struct metrics *metrics, const char *key)
{
    double value;

    return metrics_get(metrics, key, &value);
}

static char *
json_of(struct metrics *metrics)
{
    struct strbuf out = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&out);

    metrics_write_json(metrics, &w);
    return strbuf_take(&out);
}

static double
read_twice(void *aux)
{
    return 2 * *(double *) aux;
}

START_TEST(counter_counts)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_counter(metrics, "a");

    metric_increment(m, 1);
    metric_increment(m, 41);

    ck_assert_double_eq(value_of(metrics, "a"), 42);
    ck_assert_double_eq(metric_value(m), 42);
    metrics_remove(metrics, &m);
    ck_assert_ptr_null(m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(gauge_is_what_was_set_last)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_gauge(metrics, "g");

    ck_assert_double_eq(metric_value(m), 0);
    metric_set(m, 2.5);
    metric_add(m, -1);

    ck_assert_double_eq(value_of(metrics, "g"), 1.5);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(thousandths_that_come_and_go_leave_nothing)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_thousandths(metrics, "a");

    metric_increment(m, 100);
    metric_increment(m, 200);
    ck_assert_double_eq(value_of(metrics, "a"), 0.3);
    metric_increment(m, -100);
    ck_assert_double_eq(metric_value(m), 0.2);
    metric_increment(m, -200);

    ck_assert_double_eq(value_of(metrics, "a"), 0);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(function_is_asked_at_each_snapshot)
{
    struct metrics *metrics = metrics_create();
    double x = 1;
    struct metric *m = metrics_add_function(metrics, "f", read_twice, &x);

    ck_assert_double_eq(value_of(metrics, "f"), 2);
    x = 4;

    ck_assert_double_eq(value_of(metrics, "f"), 8);
    metrics_remove(metrics, &m);
    ck_assert(!is_shown(metrics, "f"));
    metrics_destroy(metrics);
}
END_TEST

START_TEST(snapshot_is_a_sorted_object)
{
    struct metrics *metrics = metrics_create();
    static const char *const names[] = {
        "master/b", "master/a", "allocator/x", "master/a/b", "master",
        "master/a.c", "z", "",
    };
    struct metric *m[ARRAY_SIZE(names)];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        m[i] = metrics_add_counter(metrics, names[i]);
        metric_increment(m[i], (int64_t) i);
    }

    autofree char *json = json_of(metrics);
    ck_assert_str_eq(json,
                     "{\"\":7.0,\"allocator/x\":2.0,\"master\":4.0,"
                     "\"master/a\":1.0,\"master/a.c\":5.0,\"master/a/b\":3.0,"
                     "\"master/b\":0.0,\"z\":6.0}");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        metrics_remove(metrics, &m[i]);
    }
    autofree char *empty = json_of(metrics);
    ck_assert_str_eq(empty, "{}");
    metrics_destroy(metrics);
}
END_TEST

START_TEST(name_of_the_same_kind_is_shared)
{
    struct metrics *metrics = metrics_create();
    struct metric *a = metrics_add_counter(metrics, "x");
    struct metric *b = metrics_add_counter(metrics, "x");

    metric_increment(a, 1);
    metric_increment(b, 1);
    ck_assert_double_eq(value_of(metrics, "x"), 2);
    metrics_remove(metrics, &a);
    ck_assert_double_eq(value_of(metrics, "x"), 2);
    metrics_remove(metrics, &b);

    ck_assert(!is_shown(metrics, "x"));
    metrics_destroy(metrics);
}
END_TEST

START_TEST(name_of_another_kind_works_and_is_not_shown)
{
    struct metrics *metrics = metrics_create();
    struct metric *counter = metrics_add_counter(metrics, "x");
    struct metric *gauge = metrics_add_gauge(metrics, "x");
    struct metric *timer = metrics_add_timer(metrics, "x", SECOND);

    metric_set(gauge, 7);
    metric_record(timer, SECOND, 0);

    ck_assert_double_eq(value_of(metrics, "x"), 0);
    ck_assert_double_eq(metric_value(gauge), 7);
    metrics_remove(metrics, &gauge);
    metrics_remove(metrics, &timer);
    ck_assert(is_shown(metrics, "x"));
    metrics_remove(metrics, &counter);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(timer_shows_its_last_value_in_milliseconds)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_timer(metrics, "t_ms", 0);

    ck_assert(!is_shown(metrics, "t_ms"));
    metric_record(m, 1500 * MICROSECOND, SECOND);
    metric_record(m, 3 * MILLISECOND, 2 * SECOND);

    ck_assert_double_eq(value_of(metrics, "t_ms"), 3);
    ck_assert(!is_shown(metrics, "t_ms/count"));
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(statistics_begin_with_two_values)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_timer(metrics, "t_ms", HOUR);

    metric_record(m, MILLISECOND, SECOND);
    ck_assert(is_shown(metrics, "t_ms"));
    ck_assert(!is_shown(metrics, "t_ms/count"));
    metric_record(m, MILLISECOND, SECOND);

    ck_assert_double_eq(value_of(metrics, "t_ms/count"), 2);
    metrics_remove(metrics, &m);
    ck_assert(!is_shown(metrics, "t_ms/count"));
    metrics_destroy(metrics);
}
END_TEST

/* 0 .. 100 ms: percentile p is p, between values too. */
START_TEST(percentiles_lie_between_their_neighbours)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_timer(metrics, "t_ms", HOUR);

    for (int i = 100; i >= 0; i--) {
        metric_record(m, i * MILLISECOND, SECOND);
    }

    ck_assert_double_eq(value_of(metrics, "t_ms/count"), 101);
    ck_assert_double_eq(value_of(metrics, "t_ms/min"), 0);
    ck_assert_double_eq(value_of(metrics, "t_ms/max"), 100);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p50"), 50, 1e-9);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p90"), 90, 1e-9);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p95"), 95, 1e-9);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p99"), 99, 1e-9);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p999"), 99.9, 1e-9);
    ck_assert_double_eq_tol(value_of(metrics, "t_ms/p9999"), 99.99, 1e-9);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(values_older_than_the_window_are_forgotten)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_timer(metrics, "t_ms", MINUTE);

    for (int i = 0; i < 10; i++) {
        metric_record(m, MILLISECOND, i * SECOND);
    }
    metric_record(m, 5 * MILLISECOND, 68 * SECOND);

    ck_assert_double_eq(value_of(metrics, "t_ms/count"), 3);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(window_is_bounded_and_thinned_where_it_is_old)
{
    struct metrics *metrics = metrics_create();
    struct metric *m = metrics_add_timer(metrics, "t_ms", WEEK);

    for (int i = 0; i < METRICS_WINDOW_MAX; i++) {
        metric_record(m, MILLISECOND, i);
    }
    ck_assert_double_eq(value_of(metrics, "t_ms/count"), METRICS_WINDOW_MAX);
    metric_record(m, MILLISECOND, METRICS_WINDOW_MAX);

    ck_assert_double_eq(value_of(metrics, "t_ms/count"),
                        METRICS_WINDOW_MAX - METRICS_WINDOW_MAX / 4 + 1);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(statistics_are_sorted_among_other_names)
{
    struct metrics *metrics = metrics_create();
    struct metric *t = metrics_add_timer(metrics, "t_ms", HOUR);
    struct metric *c = metrics_add_counter(metrics, "t_ms-other");

    metric_record(t, MILLISECOND, 1);
    metric_record(t, MILLISECOND, 2);

    autofree char *json = json_of(metrics);
    ck_assert_str_eq(json,
                     "{\"t_ms\":1.0,\"t_ms-other\":0.0,\"t_ms/count\":2.0,"
                     "\"t_ms/max\":1.0,\"t_ms/min\":1.0,\"t_ms/p50\":1.0,"
                     "\"t_ms/p90\":1.0,\"t_ms/p95\":1.0,\"t_ms/p99\":1.0,"
                     "\"t_ms/p999\":1.0,\"t_ms/p9999\":1.0}");
    metrics_remove(metrics, &t);
    metrics_remove(metrics, &c);
    metrics_destroy(metrics);
}
END_TEST

/* --- the tree --- */

struct item {
    struct name_leaf leaf;
    char name[16];
    bool is_in;
};

#define N_ITEMS 512

/* The tree has exactly the items that are in, in order. */
static void
assert_tree(const struct name_tree *tree, struct item *items)
{
    struct name_leaf *leaves[N_ITEMS + 1];
    size_t n = name_tree_list(tree, NULL, leaves, N_ITEMS + 1);

    ck_assert_uint_eq(n, tree->n);
    for (size_t i = 1; i < n; i++) {
        ck_assert_str_lt(leaves[i - 1]->name, leaves[i]->name);
    }
    for (int i = 0; i < N_ITEMS; i++) {
        n -= items[i].is_in;
        ck_assert_ptr_eq(name_tree_find(tree, items[i].name),
                         items[i].is_in ? &items[i].leaf : NULL);
    }
    ck_assert_uint_eq(n, 0);
}

/* What follows each name, whether it is in or not, are the items that are in
 * and greater, the least of them first. */
static void
assert_successors(const struct name_tree *tree, struct item *items)
{
    for (int i = 0; i < N_ITEMS; i++) {
        struct name_leaf *leaves[N_ITEMS];
        size_t n = name_tree_list(tree, items[i].name, leaves, N_ITEMS);
        size_t n_greater = 0;

        for (int j = 0; j < N_ITEMS; j++) {
            n_greater += items[j].is_in
                         && strcmp(items[j].name, items[i].name) > 0;
        }
        ck_assert_uint_eq(n, n_greater);
        for (size_t j = 0; j < n; j++) {
            ck_assert_str_lt(j > 0 ? leaves[j - 1]->name : items[i].name,
                             leaves[j]->name);
        }
    }
}

/* Names of all lengths over a small alphabet, so that many are prefixes of
 * others; added and removed in no order. */
START_TEST(tree_stays_in_order_whatever_comes_and_goes)
{
    static struct item items[N_ITEMS];
    struct name_tree tree = { .root = 0 };
    uint64_t state = 1;

    for (int i = 0; i < N_ITEMS; i++) {
        int len = 0;
        for (int bits = i; bits > 0; bits /= 2) {
            items[i].name[len++] = bits % 2 ? 'a' : (char) 0xe9;
        }
        items[i].leaf.name = items[i].name;
    }
    for (int step = 0; step < 5000; step++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        struct item *item = &items[(state >> 33) % N_ITEMS];
        if (item->is_in) {
            name_tree_remove(&tree, &item->leaf);
        } else {
            ck_assert_ptr_null(name_tree_add(&tree, &item->leaf));
        }
        item->is_in = !item->is_in;
        if (step % 100 == 0) {
            assert_tree(&tree, items);
        }
        if (step % 1000 == 0) {
            assert_successors(&tree, items);
        }
    }

    struct name_leaf *leaf;
    while (name_tree_list(&tree, NULL, &leaf, 1) == 1) {
        name_tree_remove(&tree, leaf);
    }
    ck_assert_uint_eq(tree.n, 0);
    name_tree_fini(&tree);
}
END_TEST

START_TEST(tree_gives_back_who_has_the_name_already)
{
    struct name_tree tree = { .root = 0 };
    struct name_leaf a = { .name = "x" }, b = { .name = "x" };

    ck_assert_ptr_null(name_tree_add(&tree, &a));

    ck_assert_ptr_eq(name_tree_add(&tree, &b), &a);
    ck_assert_uint_eq(tree.n, 1);
    name_tree_remove(&tree, &a);
}
END_TEST

/* --- threads --- */

struct crowd {
    struct metrics *metrics;
    struct metric *shared;
    bool done;                  /* atomic */
};

/* Adds and removes metrics all the time. */
static void *
come_and_go(void *aux)
{
    struct crowd *crowd = aux;

    for (int round = 0; round < 50; round++) {
        struct metric *m[100];
        for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
            autofree char *name = xasprintf("m/%zu/%p", i, (void *) &round);
            m[i] = metrics_add_counter(crowd->metrics, name);
            metric_increment(crowd->shared, 1);
        }
        for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
            metrics_remove(crowd->metrics, &m[i]);
        }
    }
    return NULL;
}

struct keys {
    char last[100];
    int n_fixed;
};

static void
check_key(void *aux, const char *key, double value)
{
    struct keys *keys = aux;

    (void) value;
    if (strcmp(keys->last, key) >= 0) {
        abort();
    }
    snprintf(keys->last, sizeof keys->last, "%s", key);
    keys->n_fixed += strncmp(key, "fixed", 5) == 0;
}

static void *
take_snapshots(void *aux)
{
    struct crowd *crowd = aux;
    intptr_t n_bad = 0;

    while (!__atomic_load_n(&crowd->done, __ATOMIC_ACQUIRE)) {
        struct keys keys = { .n_fixed = 0 };
        metrics_snapshot(crowd->metrics, check_key, &keys);
        n_bad += keys.n_fixed != 1000;
    }
    return (void *) n_bad;
}

START_TEST(snapshots_miss_nothing_that_stays_while_others_come_and_go)
{
    struct crowd crowd = { .metrics = metrics_create() };
    static struct metric *fixed[1000];
    pthread_t writers[3], reader;
    void *n_bad;

    crowd.shared = metrics_add_counter(crowd.metrics, "shared");
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
        autofree char *name = xasprintf("fixed/%zu", i);
        fixed[i] = metrics_add_counter(crowd.metrics, name);
    }
    pthread_create(&reader, NULL, take_snapshots, &crowd);
    for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
        pthread_create(&writers[i], NULL, come_and_go, &crowd);
    }
    for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
        pthread_join(writers[i], NULL);
    }
    __atomic_store_n(&crowd.done, true, __ATOMIC_RELEASE);
    pthread_join(reader, &n_bad);

    ck_assert_ptr_null(n_bad);
    ck_assert_double_eq(metric_value(crowd.shared), 3 * 50 * 100);
    metrics_remove(crowd.metrics, &crowd.shared);
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
        metrics_remove(crowd.metrics, &fixed[i]);
    }
    metrics_destroy(crowd.metrics);
}
END_TEST

static Suite *
metrics_suite(void)
{
    Suite *suite = suite_create("metrics");

    test_add(suite, "counter", counter_counts);
    test_add(suite, "gauge", gauge_is_what_was_set_last);
    test_add(suite, "thousandths",
             thousandths_that_come_and_go_leave_nothing);
    test_add(suite, "function", function_is_asked_at_each_snapshot);
    test_add(suite, "snapshot", snapshot_is_a_sorted_object);
    test_add(suite, "name", name_of_the_same_kind_is_shared);
    test_add(suite, "name", name_of_another_kind_works_and_is_not_shown);
    test_add(suite, "timer", timer_shows_its_last_value_in_milliseconds);
    test_add(suite, "statistics", statistics_begin_with_two_values);
    test_add(suite, "percentiles", percentiles_lie_between_their_neighbours);
    test_add(suite, "values", values_older_than_the_window_are_forgotten);
    test_add(suite, "window", window_is_bounded_and_thinned_where_it_is_old);
    test_add(suite, "statistics", statistics_are_sorted_among_other_names);
    test_add(suite, "tree", tree_stays_in_order_whatever_comes_and_goes);
    test_add(suite, "tree", tree_gives_back_who_has_the_name_already);
    test_add(suite, "snapshots",
             snapshots_miss_nothing_that_stays_while_others_come_and_go);
    return suite;
}

TEST_MAIN(metrics_suite)
