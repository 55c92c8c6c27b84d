/* SPDX-License-Identifier: Apache-2.0
 *
 * test_error.c - errors: codes, texts, and who owns them. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "tests/lib/test.h"

static void
keep_line(void *aux, const char *line)
{
    char **kept = aux;

    free(*kept);
    *kept = xstrdup(line);
}

START_TEST(error_has_the_code_and_text_it_was_made_with)
{
    autoerror *e = error_create(ERROR_NOT_FOUND, "task '%s' is unknown", "t");

    ck_assert_int_eq(error_code(e), ERROR_NOT_FOUND);
    ck_assert_str_eq(error_text(e), "task 't' is unknown");
}
END_TEST

START_TEST(wrapping_puts_what_we_did_before_the_reason)
{
    struct error *inner = error_create(ERROR_CLOSED, "connection refused");
    inner = error_wrap(inner, "fetching '%s'", "app.tgz");

    autoerror *e = error_wrap(inner, "launching task '%s'", "web.7");

    ck_assert_str_eq(error_text(e), "launching task 'web.7': fetching "
                                    "'app.tgz': connection refused");
    ck_assert_int_eq(error_code(e), ERROR_CLOSED);
}
END_TEST

START_TEST(no_error_stays_none_when_wrapped_or_cloned)
{
    ck_assert_ptr_null(error_wrap(NULL, "doing %d things", 3));
    ck_assert_ptr_null(error_clone(NULL));
    error_destroy(NULL);
    error_drop(NULL);
}
END_TEST

START_TEST(clone_outlives_the_original)
{
    struct error *e = error_create(ERROR_TIMEOUT, "waited");
    autoerror *copy = error_clone(e);

    error_destroy(e);

    ck_assert_str_eq(error_text(copy), "waited");
    ck_assert_int_eq(error_code(copy), ERROR_TIMEOUT);
}
END_TEST

START_TEST(errno_gives_a_code_and_the_text_of_the_c_library)
{
    static const struct {
        int errnum;
        enum error_code code;
    } cases[] = {
        { ENOENT, ERROR_NOT_FOUND },    { EEXIST, ERROR_EXISTS },
        { EACCES, ERROR_FORBIDDEN },    { EINVAL, ERROR_INVALID },
        { ENOMEM, ERROR_NO_MEMORY },    { ETIMEDOUT, ERROR_TIMEOUT },
        { ECONNREFUSED, ERROR_UNAVAILABLE }, { EPIPE, ERROR_CLOSED },
        { ENOSYS, ERROR_UNSUPPORTED },  { EIO, ERROR_IO },
        { ENOSPC, ERROR_NO_SPACE },     { EFBIG, ERROR_TOO_LARGE },
        { EBUSY, ERROR_CONFLICT },      { ECANCELED, ERROR_CANCELLED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        autoerror *e = error_errno(cases[i].errnum, "opening '%s'", "f");
        ck_assert_int_eq(error_code(e), cases[i].code);
    }
    autoerror *e = error_errno(ENOENT, "opening '%s'", "f");
    ck_assert_str_eq(error_text(e), "opening 'f': No such file or directory");
}
END_TEST

START_TEST(each_code_has_a_name_and_an_http_status)
{
    for (int i = 0; i < N_ERROR_CODES; i++) {
        enum error_code code = (enum error_code) i;
        ck_assert_uint_gt(strlen(error_code_name(code)), 0);
        ck_assert_int_ge(error_code_http_status(code), 400);
        ck_assert_int_lt(error_code_http_status(code), 600);
    }
    ck_assert_str_eq(error_code_name(ERROR_NOT_FOUND), "NOT_FOUND");
    ck_assert_int_eq(error_code_http_status(ERROR_NOT_FOUND), 404);
    ck_assert_int_eq(error_code_http_status(ERROR_TOO_LARGE), 413);
}
END_TEST

START_TEST(dropped_error_is_told_at_verbose_level_one)
{
    autofree char *line = NULL;
    log_set_sink(keep_line, &line);

    error_drop(error_create(ERROR_IO, "one"));
    ck_assert_ptr_null(line);
    log_set_verbosity(1);
    error_drop(error_create(ERROR_IO, "two"));

    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(strstr(line, "] Ignoring: two"));
}
END_TEST

static Suite *
error_suite(void)
{
    Suite *suite = suite_create("error");

    test_add(suite, "error", error_has_the_code_and_text_it_was_made_with);
    test_add(suite, "wrapping", wrapping_puts_what_we_did_before_the_reason);
    test_add(suite, "no", no_error_stays_none_when_wrapped_or_cloned);
    test_add(suite, "clone", clone_outlives_the_original);
    test_add(suite, "errno", errno_gives_a_code_and_the_text_of_the_c_library);
    test_add(suite, "each", each_code_has_a_name_and_an_http_status);
    test_add(suite, "dropped", dropped_error_is_told_at_verbose_level_one);
    return suite;
}

TEST_MAIN(error_suite)
