/* SPDX-License-Identifier: Apache-2.0
 *
 * test_ids.c - what may be an id. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>

#include "model/ids.h"
#include "tests/lib/test.h"

static void
assert_refused(const char *id, const char *why)
{
    struct task_id task = { NULL };
    autoerror *error = task_id_parse(id, &task);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), why);
    ck_assert_ptr_null(task.s);
}

START_TEST(ordinary_ids_are_kept_as_they_are)
{
    static const char *const ids[] = {
        "web.7", "54e19305-24e6-4e26-8b4b-68bc71b60245-S0", "...", "a b",
        "\xc3\xa4",
    };

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        autofini(task_id) id = { NULL };

        ck_assert_ptr_null(task_id_parse(ids[i], &id));
        ck_assert_str_eq(id.s, ids[i]);
    }
}
END_TEST

START_TEST(ids_that_cannot_be_directories_are_refused)
{
    assert_refused("", "ID must not be empty");
    assert_refused(".", "'.' is disallowed");
    assert_refused("..", "'..' is disallowed");
    assert_refused("a/b", "'a/b' contains invalid characters");
    assert_refused("a\\b", "'a\\b' contains invalid characters");
    assert_refused("a\nb", "'a\nb' contains invalid characters");
    assert_refused("a\x7f", "'a\x7f' contains invalid characters");
}
END_TEST

START_TEST(ids_are_at_most_255_bytes_long)
{
    char id[257];
    autofini(agent_id) longest = { NULL };

    memset(id, 'x', 256);
    id[256] = '\0';
    assert_refused(id, "ID must not be greater than 255 characters");
    id[255] = '\0';
    ck_assert_ptr_null(agent_id_parse(id, &longest));
}
END_TEST

START_TEST(copies_of_ids_are_equal_and_no_id_equals_only_itself)
{
    autofini(offer_id) id = { NULL };
    autofini(offer_id) copy = { NULL };
    struct offer_id none = { NULL };

    ck_assert_ptr_null(offer_id_parse("O1", &id));
    offer_id_init_copy(&copy, &id);

    ck_assert(offer_id_equal(&id, &copy));
    ck_assert(!offer_id_equal(&id, &none));
    ck_assert(!offer_id_equal(&none, &id));
    ck_assert(offer_id_equal(&none, &none));
}
END_TEST

static Suite *
ids_suite(void)
{
    Suite *suite = suite_create("ids");

    test_add(suite, "ordinary", ordinary_ids_are_kept_as_they_are);
    test_add(suite, "refused", ids_that_cannot_be_directories_are_refused);
    test_add(suite, "long", ids_are_at_most_255_bytes_long);
    test_add(suite, "equal",
             copies_of_ids_are_equal_and_no_id_equals_only_itself);
    return suite;
}

TEST_MAIN(ids_suite)
