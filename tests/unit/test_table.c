/* SPDX-License-Identifier: Apache-2.0
 *
 * test_table.c - the hash of tables, and that uthash uses it. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/table.h>

#include "tests/lib/test.h"

/* Of the reference implementation: key 00 01 .. 0f, input 00 01 .. (n - 1). */
static const struct {
    size_t size;
    uint64_t hash;
} vectors[] = {
    { 0, UINT64_C(0x726fdb47dd0e0e31) },
    { 1, UINT64_C(0x74f839c593dc67fd) },
    { 7, UINT64_C(0xab0200f58b01d137) },
    { 8, UINT64_C(0x93f5f5799a932462) },
    { 15, UINT64_C(0xa129ca6149be45e5) },
    { 63, UINT64_C(0x958a324ceb064572) },
};

struct item {
    char name[16];
    UT_hash_handle hh;
};

static void
fill(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t) i;
    }
}

static struct item *
add_items(int n)
{
    struct item *items = NULL;

    for (int i = 0; i < n; i++) {
        struct item *item = xcalloc(1, sizeof *item);
        snprintf(item->name, sizeof item->name, "item%d", i);
        HASH_ADD_STR(items, name, item);
    }
    return items;
}

static void
free_items(struct item *items)
{
    struct item *item, *next;

    HASH_ITER (hh, items, item, next) {
        HASH_DEL(items, item);
        free(item);
    }
}

START_TEST(hash_is_siphash_2_4)
{
    uint8_t key[16], input[64];
    fill(key, sizeof key);
    fill(input, sizeof input);

    table_set_key(key);

    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        ck_assert_uint_eq(table_hash(input, vectors[i].size),
                          vectors[i].hash);
    }
}
END_TEST

START_TEST(hash_depends_on_the_key)
{
    uint8_t key[16] = { 1 };
    table_set_key(key);
    uint64_t one = table_hash("x", 1);

    key[0] = 2;
    table_set_key(key);

    ck_assert_uint_ne(table_hash("x", 1), one);
}
END_TEST

START_TEST(key_drawn_at_random_stays)
{
    uint64_t first = table_hash("x", 1);

    ck_assert_uint_eq(table_hash("x", 1), first);
    ck_assert_uint_ne(table_hash("y", 1), first);
}
END_TEST

START_TEST(hash_does_not_depend_on_alignment)
{
    char text[] = "xabcdefghijk";

    ck_assert_uint_eq(table_hash(text + 1, 11), table_hash("abcdefghijk", 11));
}
END_TEST

START_TEST(table_finds_what_is_in_it)
{
    struct item *items = add_items(1000);
    struct item *found;

    HASH_FIND_STR(items, "item777", found);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->name, "item777");
    HASH_FIND_STR(items, "item1000", found);

    ck_assert_ptr_null(found);
    free_items(items);
}
END_TEST

START_TEST(table_keeps_the_order_of_insertion)
{
    struct item *items = add_items(100);
    struct item *item, *next;
    int i = 0;

    HASH_ITER (hh, items, item, next) {
        char expected[16];
        snprintf(expected, sizeof expected, "item%d", i++);
        ck_assert_str_eq(item->name, expected);
    }

    ck_assert_int_eq(i, 100);
    free_items(items);
}
END_TEST

static Suite *
table_suite(void)
{
    Suite *suite = suite_create("table");

    test_add(suite, "hash", hash_is_siphash_2_4);
    test_add(suite, "hash", hash_depends_on_the_key);
    test_add(suite, "key", key_drawn_at_random_stays);
    test_add(suite, "hash", hash_does_not_depend_on_alignment);
    test_add(suite, "table", table_finds_what_is_in_it);
    test_add(suite, "table", table_keeps_the_order_of_insertion);
    return suite;
}

TEST_MAIN(table_suite)
