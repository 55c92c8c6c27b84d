/* SPDX-License-Identifier: Apache-2.0
 *
 * test_directory.c - directories with all that is above them. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/directory.h>
#include <actor/strbuf.h>

#include "tests/lib/test.h"

START_TEST(what_is_missing_above_is_made_too)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) path = STRBUF(STRBUF_UNLIMITED);
    struct stat st;
    strbuf_printf(&path, "%s/a//b/c/", dir);

    ck_assert_int_eq(directory_make(path.data, 0700), 0);

    ck_assert_int_eq(stat(path.data, &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    ck_assert_int_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(directory_that_is_there_is_left_as_it_is)
{
    autofree char *dir = test_temp_dir();
    struct stat st;
    ck_assert_int_eq(chmod(dir, 0711), 0);

    ck_assert_int_eq(directory_make(dir, 0700), 0);

    ck_assert_int_eq(stat(dir, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0711);
    ck_assert_int_eq(directory_make("/", 0700), 0);
}
END_TEST

START_TEST(nothing_is_made_below_a_file)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) path = STRBUF(STRBUF_UNLIMITED);
    strbuf_printf(&path, "%s/file", dir);
    int fd = open(path.data, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    strbuf_append(&path, "/a/b");

    ck_assert_int_eq(directory_make(path.data, 0700), ENOTDIR);
    ck_assert_int_eq(directory_make("", 0700), ENOENT);
}
END_TEST

static Suite *
directory_suite(void)
{
    Suite *suite = suite_create("directory");

    test_add(suite, "above", what_is_missing_above_is_made_too);
    test_add(suite, "there", directory_that_is_there_is_left_as_it_is);
    test_add(suite, "file", nothing_is_made_below_a_file);
    return suite;
}

TEST_MAIN(directory_suite)
