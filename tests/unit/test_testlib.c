/* SPDX-License-Identifier: Apache-2.0
 *
 * test_testlib.c - the helpers of the test programs themselves. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/test.h"

START_TEST(temporary_directories_are_new_and_empty)
{
    char *first = test_temp_dir();
    char *second = test_temp_dir();

    ck_assert_str_ne(first, second);
    ck_assert_int_eq(rmdir(first), 0);
    ck_assert_int_eq(rmdir(second), 0);
    free(first);
    free(second);
}
END_TEST

START_TEST(source_paths_lead_to_the_source_tree)
{
    char *path = test_source_path("tests/unit/test_testlib.c");

    ck_assert_int_eq(access(path, R_OK), 0);
    free(path);
}
END_TEST

START_TEST(tests_run_in_a_child_of_their_own)
{
    static int n_runs;

    ck_assert_int_eq(n_runs, 0);
    n_runs++;
}
END_TEST

static Suite *
testlib_suite(void)
{
    Suite *suite = suite_create("testlib");
    TCase *isolation = tcase_create("isolation");

    test_add(suite, "temp_dir", temporary_directories_are_new_and_empty);
    test_add(suite, "source_path", source_paths_lead_to_the_source_tree);
    if (!getenv("CK_FORK")) {
        tcase_add_loop_test(isolation, tests_run_in_a_child_of_their_own, 0,
                            2);
    }
    suite_add_tcase(suite, isolation);
    return suite;
}

TEST_MAIN(testlib_suite)
