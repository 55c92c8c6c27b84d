/* SPDX-License-Identifier: Apache-2.0
 *
 * test_alloc.c - memory: what fails, what aborts, what cleans up. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/compiler.h>

#include "tests/lib/test.h"

/* Runs 'fn' in a child and returns the signal that ended it, or 0. */
static int
signal_of(void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        fn();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
allocate_too_long_array(void)
{
    free(alloc_array(SIZE_MAX / 2, 3));
}

static void
allocate_short_array(void)
{
    free(alloc_array(2, 3));
}

static int n_finished;

struct thing {
    int unused;
};

static void
thing_fini(struct thing *thing UNUSED)
{
    n_finished++;
}

START_TEST(zeroed_memory_is_zero)
{
    autofree unsigned char *p = xcalloc(7, 11);

    for (size_t i = 0; i < 77; i++) {
        ck_assert_int_eq(p[i], 0);
    }
}
END_TEST

START_TEST(nothing_can_be_allocated_too)
{
    autofree void *a = xmalloc(0);
    autofree void *b = xcalloc(0, 5);
    autofree void *c = xmemdup(NULL, 0);
    autofree void *d = alloc_array(0, 8);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_nonnull(d);
}
END_TEST

START_TEST(copied_strings_end_where_they_are_told_to)
{
    autofree char *whole = xstrdup("agent");
    autofree char *cut = xstrndup("agent", 3);
    autofree char *unharmed = xstrndup("agent", 30);

    ck_assert_str_eq(whole, "agent");
    ck_assert_str_eq(cut, "age");
    ck_assert_str_eq(unharmed, "agent");
}
END_TEST

START_TEST(formatted_strings_are_as_long_as_they_need)
{
    autofree char *s = xasprintf("%0300d", 7);

    ck_assert_uint_eq(strlen(s), 300);
    ck_assert_int_eq(s[299], '7');
}
END_TEST

START_TEST(array_whose_size_overflows_aborts)
{
    ck_assert_int_eq(signal_of(allocate_too_long_array), SIGABRT);
    ck_assert_int_eq(signal_of(allocate_short_array), 0);
}
END_TEST

START_TEST(chosen_try_allocation_fails_once)
{
    unsigned long n_before = alloc_n_tries();

    alloc_fail_after(2);
    autofree void *first = try_malloc(1);
    autofree void *second = try_calloc(1, 1);
    void *third = try_realloc(NULL, 1);
    autofree void *fourth = try_malloc(1);

    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(third);
    ck_assert_ptr_nonnull(fourth);
    ck_assert_uint_eq(alloc_n_tries() - n_before, 4);
}
END_TEST

START_TEST(failing_allocations_can_be_switched_off)
{
    alloc_fail_after(0);
    alloc_fail_after(-1);
    autofree void *p = try_malloc(1);

    ck_assert_ptr_nonnull(p);
}
END_TEST

START_TEST(failed_growth_leaves_the_old_block_alone)
{
    autofree char *p = xstrdup("kept");

    alloc_fail_after(0);

    ck_assert_ptr_null(try_realloc(p, 100));
    ck_assert_str_eq(p, "kept");
}
END_TEST

START_TEST(locals_are_cleaned_up_at_the_end_of_their_scope)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    {
        autoclose int closed = fd;
        autoclose int none = -1;
        autofini(thing) thing = { 0 };
        (void) closed;
        (void) none;
        (void) thing;
    }

    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
    ck_assert_int_eq(n_finished, 1);
}
END_TEST

START_TEST(stolen_pointer_becomes_null)
{
    char *from = xstrdup("x");
    autofree char *to = steal(from);

    ck_assert_ptr_null(from);
    ck_assert_str_eq(to, "x");
}
END_TEST

static Suite *
alloc_suite(void)
{
    Suite *suite = suite_create("alloc");

    test_add(suite, "zeroed", zeroed_memory_is_zero);
    test_add(suite, "nothing", nothing_can_be_allocated_too);
    test_add(suite, "copied", copied_strings_end_where_they_are_told_to);
    test_add(suite, "formatted", formatted_strings_are_as_long_as_they_need);
    test_add(suite, "array", array_whose_size_overflows_aborts);
    test_add(suite, "chosen", chosen_try_allocation_fails_once);
    test_add(suite, "failing", failing_allocations_can_be_switched_off);
    test_add(suite, "failed", failed_growth_leaves_the_old_block_alone);
    test_add(suite, "locals", locals_are_cleaned_up_at_the_end_of_their_scope);
    test_add(suite, "stolen", stolen_pointer_becomes_null);
    return suite;
}

TEST_MAIN(alloc_suite)
