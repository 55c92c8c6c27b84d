/* SPDX-License-Identifier: Apache-2.0
 *
 * test_remove_tree.c - trees that somebody made to be hard to remove. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/disk.h>

#include "tests/lib/test.h"

#define N_LEVELS 1000

static void
make_file(int at, const char *name)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

static bool
is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

START_TEST(tree_deeper_than_paths_and_descriptors_allow_is_removed)
{
    autofree char *dir = test_temp_dir();
    autofree char *top = xasprintf("%s/top", dir);

    ck_assert_int_eq(mkdir(top, 0755), 0);
    int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < N_LEVELS; i++) {
        make_file(at, ".deep-1");
        ck_assert_int_eq(mkdirat(at, "next-level", 0755), 0);
        int next = openat(at, "next-level", O_RDONLY | O_DIRECTORY
                                                | O_CLOEXEC);
        ck_assert_int_ge(next, 0);
        close(at);
        at = next;
    }
    make_file(at, "bottom");
    close(at);

    ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, top), 0);

    ck_assert(!is_there(top));
}
END_TEST

START_TEST(thousands_of_names_in_one_directory_are_removed)
{
    autofree char *dir = test_temp_dir();
    autofree char *top = xasprintf("%s/top", dir);

    ck_assert_int_eq(mkdir(top, 0755), 0);
    int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 5000; i++) {
        autofree char *name = xasprintf("file-%d", i);

        make_file(at, name);
    }
    close(at);

    ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, top), 0);

    ck_assert(!is_there(top));
}
END_TEST

START_TEST(directory_without_permissions_is_removed)
{
    autofree char *dir = test_temp_dir();
    autofree char *top = xasprintf("%s/top", dir);
    autofree char *closed = xasprintf("%s/top/closed", dir);
    autofree char *file = xasprintf("%s/top/closed/file", dir);

    ck_assert_int_eq(mkdir(top, 0755), 0);
    ck_assert_int_eq(mkdir(closed, 0755), 0);
    make_file(AT_FDCWD, file);
    ck_assert_int_eq(chmod(closed, 0), 0);

    ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, top), 0);

    ck_assert(!is_there(top));
}
END_TEST

START_TEST(paths_without_a_name_at_their_end_are_refused)
{
    const char *const paths[] = { "", "name", "/", "/tmp/", "/tmp/.",
                                  "/tmp/.." };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, paths[i]),
                         -EINVAL);
    }
}
END_TEST

/* Needs root, or a kernel that lets anybody have namespaces. */
START_TEST(what_is_mounted_in_the_tree_stays)
{
    autofree char *dir = test_temp_dir();
    autofree char *volume = xasprintf("%s/volume", dir);
    autofree char *kept = xasprintf("%s/volume/kept", dir);
    autofree char *top = xasprintf("%s/top", dir);
    autofree char *point = xasprintf("%s/top/point", dir);
    autofree char *other = xasprintf("%s/top/other", dir);
    int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;

    ck_assert_int_eq(mkdir(volume, 0755), 0);
    make_file(AT_FDCWD, kept);
    ck_assert_int_eq(mkdir(top, 0755), 0);
    ck_assert_int_eq(mkdir(point, 0755), 0);
    make_file(AT_FDCWD, other);
    if (unshare(flags) < 0
        || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
        || mount(volume, point, NULL, MS_BIND, NULL) < 0) {
        return;
    }

    ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, top), -EBUSY);
    ck_assert_int_eq(actor_disk_remove_tree(&actor_disk_real, point),
                     -EBUSY);

    ck_assert(is_there(kept));
    ck_assert(!is_there(other));
    ck_assert_int_eq(umount(point), 0);
}
END_TEST

static Suite *
remove_tree_suite(void)
{
    Suite *suite = suite_create("remove_tree");

    test_add(suite, "deep",
             tree_deeper_than_paths_and_descriptors_allow_is_removed);
    test_add(suite, "wide", thousands_of_names_in_one_directory_are_removed);
    test_add(suite, "closed", directory_without_permissions_is_removed);
    test_add(suite, "names", paths_without_a_name_at_their_end_are_refused);
    test_add(suite, "mounts", what_is_mounted_in_the_tree_stays);
    return suite;
}

TEST_MAIN(remove_tree_suite)
