/* SPDX-License-Identifier: Apache-2.0
 *
 * test_directory.c - directories with all that is above them. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

struct tree {
    const char *there;          /* this is there, and all above it */
    char made[64];              /* the last that was made */
    const char *refused;        /* EACCES; or NULL */
    unsigned n_calls;
};

static int
make(void *tree_, const char *path, mode_t mode UNUSED)
{
    struct tree *tree = tree_;
    const char *newest = *tree->made ? tree->made : tree->there;
    const char *slash = strrchr(path, '/');

    tree->n_calls++;
    if (tree->refused && !strcmp(path, tree->refused)) {
        return EACCES;
    }
    if (!strncmp(newest, path, strlen(path))) {
        return EEXIST;
    }
    if (slash && slash != path
        && ((size_t) (slash - path) > strlen(newest)
            || strncmp(newest, path, (size_t) (slash - path)) != 0)) {
        return ENOENT;
    }
    ck_assert_uint_lt(strlen(path), sizeof tree->made);
    memcpy(tree->made, path, strlen(path) + 1);
    return 0;
}

static void
ck_make(struct tree tree, const char *path, int errnum, const char *made,
        unsigned n_calls)
{
    ck_assert_int_eq(directory_make_by(make, &tree, path, 0755), errnum);
    ck_assert_str_eq(tree.made, made);
    ck_assert_uint_eq(tree.n_calls, n_calls);
}

START_TEST(only_what_is_missing_costs_calls)
{
    struct tree tree = { .there = "/a/b/c/d" };

    ck_make(tree, "/a/b", 0, "", 1);
    ck_make(tree, "/a/b/c/d/e", 0, "/a/b/c/d/e", 1);
    ck_make(tree, "/a/b/c/d/e/f", 0, "/a/b/c/d/e/f", 3);
    ck_make(tree, "/a/b/c/d/e/f/g", 0, "/a/b/c/d/e/f/g", 5);
}
END_TEST

START_TEST(first_failure_ends_it)
{
    struct tree tree = { .there = "/a", .refused = "/a/b/c" };

    ck_make(tree, "/a/b/c/d", EACCES, "", 2);
    tree.refused = "/a/b/c/d";
    ck_make(tree, "/a/b/c/d/e", EACCES, "", 2);
    tree.refused = "/";
    ck_make(tree, "/x/y", 0, "/x/y", 3);
}
END_TEST

START_TEST(nothing_is_made_below_a_link_to_nowhere)
{
    autofree char *dir = test_temp_dir();
    autofree char *link = xasprintf("%s/link", dir);
    autofree char *path = xasprintf("%s/a/b", link);

    ck_assert_int_eq(symlink("nowhere", link), 0);
    ck_assert_int_eq(directory_make(path, 0700), ENOENT);
}
END_TEST

static Suite *
directory_suite(void)
{
    Suite *suite = suite_create("directory");

    test_add(suite, "above", what_is_missing_above_is_made_too);
    test_add(suite, "there", directory_that_is_there_is_left_as_it_is);
    test_add(suite, "file", nothing_is_made_below_a_file);
    test_add(suite, "calls", only_what_is_missing_costs_calls);
    test_add(suite, "failure", first_failure_ends_it);
    test_add(suite, "link", nothing_is_made_below_a_link_to_nowhere);
    return suite;
}

TEST_MAIN(directory_suite)
