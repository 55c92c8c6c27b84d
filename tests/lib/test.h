/* SPDX-License-Identifier: Apache-2.0
 *
 * test.h - what every test program shares.
 *
 *     START_TEST(empty_vector_has_no_elements)
 *     {
 *         ...
 *     }
 *     END_TEST
 *
 *     static Suite *
 *     vec_suite(void)
 *     {
 *         Suite *suite = suite_create("vec");
 *         test_add(suite, "empty", empty_vector_has_no_elements);
 *         return suite;
 *     }
 *
 *     TEST_MAIN(vec_suite)
 *
 * The program prints TAP.  Each test runs in a child of its own, unless
 * CK_FORK=no is in the environment (for gdb), and is killed after
 * TEST_TIMEOUT_S seconds, unless CK_DEFAULT_TIMEOUT says otherwise.
 * CK_RUN_CASE=<name> runs one case only.
 *
 * Thread-safety: asserts belong on the test's own thread; the parent has no
 * other. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H 1

#include <check.h>

/* Long enough for a sanitizer on a busy machine. */
#define TEST_TIMEOUT_S 60

/* Adds 'test' to 'suite' as a case of its own. */
void test_add(Suite *suite, const char *name, const TTest *test);

/* Runs what 'create' returns.  The result is main's. */
int test_run(Suite *(*create)(void));

/* The path 'name' has in the source tree, where fixtures are.  The caller
 * frees it. */
char *test_source_path(const char *name);

/* The path 'name' has in the build tree, where programs are.  The caller
 * frees it. */
char *test_build_path(const char *name);

/* A new, empty directory for this test; the caller frees the string.  The
 * directory is removed with all that is in it when the program ends. */
char *test_temp_dir(void);

#define TEST_MAIN(create)    \
    int main(void)           \
    {                        \
        return test_run(create); \
    }

#endif /* TESTS_LIB_TEST_H */
