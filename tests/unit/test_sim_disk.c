/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_disk.c - the simulated disk does what the kernel's does, call by
 * call. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/sim.h>
#include <actor/strbuf.h>

#include "core/system_private.h"
#include "tests/lib/place.h"
#include "tests/lib/test.h"

/* --- both disks --- */

/* Calls 'fn' with an empty directory of the kernel's disk, and with one of a
 * simulated disk. */
static void
on_both(void (*fn)(const struct place *))
{
    autofree char *dir = test_temp_dir();
    struct sim *sim = sim_create(&(struct sim_options) { .seed = 1 });
    struct sim_host *host = sim_add_host(sim, "host");

    fn(&(struct place) { &actor_disk_real, dir });
    ck_assert_int_eq(actor_disk_mkdir(sim_host_disk(host), "/d", 0755), 0);
    fn(&(struct place) { sim_host_disk(host), "/d" });
    sim_destroy(sim);
}

/* The descriptor is closed; 0 or -errno. */
static int
try_open(const struct place *p, const char *name, int flags)
{
    int fd = place_open(p, name, flags);
    int rc = fd < 0 ? fd : 0;

    actor_disk_close(p->disk, &fd);
    return rc;
}

/* --- one call after the other --- */

static void
check_opening(const struct place *p)
{
    place_put(p, "file", "text");
    ck_assert_int_eq(place_mkdir(p, "dir"), 0);
    ck_assert_int_eq(try_open(p, "none", O_RDONLY), -ENOENT);
    ck_assert_int_eq(try_open(p, "none/x", O_RDWR | O_CREAT), -ENOENT);
    ck_assert_int_eq(try_open(p, "file/x", O_RDWR | O_CREAT), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "file/", O_RDONLY), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "new/", O_RDWR | O_CREAT), -EISDIR);
    ck_assert_int_eq(try_open(p, "file", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    ck_assert_int_eq(try_open(p, "dir", O_RDONLY), 0);
    ck_assert_int_eq(try_open(p, "dir", O_WRONLY), -EISDIR);
    ck_assert_int_eq(try_open(p, "dir", O_RDONLY | O_CREAT), -EISDIR);
    ck_assert_int_eq(try_open(p, "file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "new", O_RDWR | O_CREAT | O_EXCL), 0);
    place_has(p, "new", "");
    ck_assert_int_eq(try_open(p, "file", O_WRONLY | O_TRUNC), 0);
    place_has(p, "file", "");
    ck_assert_int_eq(actor_disk_open(p->disk, "", O_RDONLY, 0), -ENOENT);
}

START_TEST(files_are_opened_as_the_kernel_does)
{
    on_both(check_opening);
}
END_TEST

static void
check_contents(const struct place *p)
{
    char text[100] = "";
    struct stat info;
    int fd = place_open(p, "file", O_RDWR | O_CREAT);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "abc", 3, 5), 3);
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 100, 0), 8);
    ck_assert_mem_eq(text, "\0\0\0\0\0abc", 8);
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 2, 6), 2);
    ck_assert_mem_eq(text, "bc", 2);
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 2, 8), 0);
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 2, -1), -EINVAL);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, -1), -EINVAL);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, INT64_MAX - 1),
                     -EFBIG);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, fd, 6), 0);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, fd, 2000), 0);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, fd, -1), -EINVAL);
    ck_assert_int_eq(actor_disk_fstat(p->disk, fd, &info), 0);
    ck_assert_int_eq(info.st_size, 2000);
    ck_assert(S_ISREG(info.st_mode));
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 4, 4), 4);
    ck_assert_mem_eq(text, "\0a\0\0", 4);
    ck_assert_int_eq(actor_disk_fsync(p->disk, fd), 0);
    ck_assert_int_eq(actor_disk_fdatasync(p->disk, fd), 0);
    int closed = fd;

    actor_disk_close(p->disk, &fd);
    ck_assert_int_eq(actor_disk_pread(p->disk, closed, text, 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, closed, text, 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_fsync(p->disk, closed), -EBADF);
    ck_assert_int_eq(actor_disk_fstat(p->disk, closed, &info), -EBADF);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, closed, 0), -EBADF);
    ck_assert_int_eq(p->disk->ops->close(p->disk->ctx, closed), -EBADF);
}

START_TEST(files_hold_what_was_written_where_it_was_written)
{
    on_both(check_contents);
}
END_TEST

static void
check_access(const struct place *p)
{
    char text[8];

    place_put(p, "file", "one");
    int reader = place_open(p, "file", O_RDONLY);
    int writer = place_open(p, "file", O_WRONLY);
    int appender = place_open(p, "file", O_WRONLY | O_APPEND);
    int dir = place_open(p, "", O_RDONLY | O_DIRECTORY);

    ck_assert_int_eq(actor_disk_pwrite(p->disk, reader, "x", 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, reader, 0), -EINVAL);
    ck_assert_int_eq(actor_disk_pread(p->disk, writer, text, 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_pread(p->disk, dir, text, 1, 0), -EISDIR);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, appender, "two", 3, 0), 3);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, appender, "!", 1, 1), 1);
    place_has(p, "file", "onetwo!");
    actor_disk_close(p->disk, &reader);
    actor_disk_close(p->disk, &writer);
    actor_disk_close(p->disk, &appender);
    actor_disk_close(p->disk, &dir);
}

START_TEST(a_descriptor_does_what_it_was_opened_for)
{
    on_both(check_access);
}
END_TEST

static void
check_unlinking(const struct place *p)
{
    char text[8] = "";

    place_put(p, "file", "text");
    int fd = place_open(p, "file", O_RDWR);

    ck_assert_int_eq(place_unlink(p, "file"), 0);
    ck_assert_int_eq(place_unlink(p, "file"), -ENOENT);
    ck_assert(!place_exists(p, "file"));
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 4, 0), 4);
    ck_assert_str_eq(text, "text");
    place_put(p, "file", "other");
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "T", 1, 0), 1);
    place_has(p, "file", "other");
    actor_disk_close(p->disk, &fd);
    ck_assert_int_eq(place_mkdir(p, "dir"), 0);
    ck_assert_int_eq(place_mkdir(p, "dir"), -EEXIST);
    ck_assert_int_eq(place_mkdir(p, "none/dir"), -ENOENT);
    ck_assert_int_eq(place_mkdir(p, "file/dir"), -ENOTDIR);
    ck_assert_int_eq(place_unlink(p, "dir"), -EISDIR);
    ck_assert_int_eq(place_rmdir(p, "file"), -ENOTDIR);
    place_put(p, "dir/x", "");
    ck_assert_int_eq(place_rmdir(p, "dir"), -ENOTEMPTY);
    ck_assert_int_eq(place_rmdir(p, "dir/.."), -ENOTEMPTY);
    ck_assert_int_eq(place_rmdir(p, "dir/."), -EINVAL);
    ck_assert_int_eq(place_unlink(p, "dir/x"), 0);
    ck_assert_int_eq(place_rmdir(p, "dir/."), -EINVAL);
    ck_assert_int_eq(place_rmdir(p, "dir/"), 0);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, "/"), -EBUSY);
}

START_TEST(names_are_removed_and_open_files_stay)
{
    on_both(check_unlinking);
}
END_TEST

static void
check_renaming(const struct place *p)
{
    place_put(p, "a", "a");
    place_put(p, "b", "b");
    ck_assert_int_eq(place_move(p, "none", "a"), -ENOENT);
    ck_assert_int_eq(place_move(p, "a", "a"), 0);
    ck_assert_int_eq(place_move(p, "a", "b"), 0);
    ck_assert(!place_exists(p, "a"));
    place_has(p, "b", "a");
    ck_assert_int_eq(place_mkdir(p, "dir"), 0);
    ck_assert_int_eq(place_mkdir(p, "dir/sub"), 0);
    ck_assert_int_eq(place_mkdir(p, "empty"), 0);
    ck_assert_int_eq(place_move(p, "b", "dir"), -EISDIR);
    ck_assert_int_eq(place_move(p, "b", "none/b"), -ENOENT);
    ck_assert_int_eq(place_move(p, "b", "new/"), -ENOTDIR);
    ck_assert_int_eq(place_move(p, "dir", "b"), -ENOTDIR);
    ck_assert_int_eq(place_move(p, "empty", "dir"), -ENOTEMPTY);
    ck_assert_int_eq(place_move(p, "dir", "dir/sub/x"), -EINVAL);
    ck_assert_int_eq(place_move(p, "dir", "dir/x"), -EINVAL);
    ck_assert_int_eq(place_move(p, "dir/sub", "dir"), -ENOTEMPTY);
    ck_assert_int_eq(place_move(p, "dir/.", "x"), -EBUSY);
    ck_assert_int_eq(place_move(p, "dir/sub/..", "x"), -EBUSY);
    ck_assert_int_eq(place_move(p, "dir", "empty"), 0);
    ck_assert(!place_exists(p, "dir"));
    ck_assert(place_exists(p, "empty/sub"));
    ck_assert_int_eq(place_move(p, "empty", "dir/"), 0);
    ck_assert_int_eq(place_move(p, "b", "dir/sub/b"), 0);
    place_has(p, "dir/sub/../sub/./b", "a");
}

START_TEST(files_and_directories_are_renamed_as_the_kernel_does)
{
    on_both(check_renaming);
}
END_TEST

static void
check_links(const struct place *p)
{
    struct stat info;
    char *path = NULL;

    ck_assert_int_eq(place_mkdir(p, "a"), 0);
    ck_assert_int_eq(place_mkdir(p, "a/b"), 0);
    place_put(p, "a/file", "text");
    ck_assert_int_eq(place_link(p, "a/b", "link"), 0);
    ck_assert_int_eq(place_link(p, "x", "link"), -EEXIST);
    ck_assert_int_eq(place_link(p, "nowhere", "dangling"), 0);
    ck_assert_int_eq(place_link(p, "loop", "loop"), 0);
    ck_assert_int_eq(place_stat(p, "link", &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(info.st_size, 3);
    ck_assert_int_eq(place_stat(p, "link/", &info), 0);
    ck_assert(S_ISDIR(info.st_mode));
    place_has(p, "link/../file", "text");
    ck_assert_int_eq(try_open(p, "link", O_RDONLY), -ELOOP);
    ck_assert_int_eq(try_open(p, "dangling", O_RDWR | O_CREAT), -ELOOP);
    ck_assert_int_eq(try_open(p, "dangling", O_RDWR | O_CREAT | O_EXCL),
                     -EEXIST);
    ck_assert_int_eq(actor_disk_access(p->disk, place_path(p, "dangling"),
                                       F_OK), -ENOENT);
    ck_assert_int_eq(actor_disk_access(p->disk, place_path(p, "link"), F_OK),
                     0);
    ck_assert_int_eq(try_open(p, "loop/x", O_RDONLY), -ELOOP);
    ck_assert_int_eq(place_realpath(p, "loop", &path), -ELOOP);
    ck_assert_int_eq(place_realpath(p, "none", &path), -ENOENT);
    ck_assert_int_eq(place_realpath(p, "link/../file", &path), 0);
    ck_assert_str_eq(path, place_path(p, "a/file"));
    free(path);
    ck_assert_int_eq(place_realpath(p, "link/.", &path), 0);
    ck_assert_str_eq(path, place_path(p, "a/b"));
    free(path);
    ck_assert_int_eq(actor_disk_realpath(p->disk, "/..", &path), 0);
    ck_assert_str_eq(path, "/");
    free(path);
    ck_assert_int_eq(place_unlink(p, "link/"), -ENOTDIR);
    ck_assert_int_eq(place_unlink(p, "link"), 0);
    ck_assert(place_exists(p, "a/b"));
}

START_TEST(symbolic_links_lead_where_they_say)
{
    on_both(check_links);
}
END_TEST

static void
add_name(void *names_, const char *name)
{
    struct strbuf *names = names_;

    strbuf_append(names, name);
    strbuf_append_char(names, ' ');
}

static void
check_listing(const struct place *p)
{
    autofini(strbuf) names = STRBUF(STRBUF_UNLIMITED);

    place_put(p, "file", "");
    ck_assert_int_eq(actor_disk_list(p->disk, place_path(p, "file"), add_name,
                                     &names), -ENOTDIR);
    ck_assert_int_eq(actor_disk_list(p->disk, place_path(p, "none"), add_name,
                                     &names), -ENOENT);
    ck_assert_int_eq(actor_disk_list(p->disk, place_path(p, ""), add_name,
                                     &names), 0);
    ck_assert_str_eq(names.data, "file ");
    ck_assert_int_eq(place_sync(p, ""), 0);
    ck_assert_int_eq(place_sync(p, "file"), -ENOTDIR);
    ck_assert_int_eq(place_sync(p, "none"), -ENOENT);
}

START_TEST(directories_are_listed_without_dots)
{
    on_both(check_listing);
}
END_TEST

static void
check_locks(const struct place *p)
{
    int first = place_open(p, "file", O_RDWR | O_CREAT);
    int second = place_open(p, "file", O_RDWR);
    int other = place_open(p, "other", O_RDWR | O_CREAT);

    ck_assert_int_eq(actor_disk_lock(p->disk, first), 0);
    ck_assert_int_eq(actor_disk_lock(p->disk, first), 0);
    ck_assert_int_eq(actor_disk_lock(p->disk, second), -EWOULDBLOCK);
    ck_assert_int_eq(actor_disk_lock(p->disk, other), 0);
    actor_disk_close(p->disk, &first);
    ck_assert_int_eq(actor_disk_lock(p->disk, second), 0);
    actor_disk_close(p->disk, &second);
    int closed = other;

    actor_disk_close(p->disk, &other);
    ck_assert_int_eq(actor_disk_lock(p->disk, closed), -EBADF);
    ck_assert_int_eq(actor_disk_fdatasync(p->disk, closed), -EBADF);
}

START_TEST(lock_is_one_descriptors_until_that_is_closed)
{
    on_both(check_locks);
}
END_TEST

static void
check_long_names(const struct place *p)
{
    char name[300];

    memset(name, 'n', sizeof name);
    name[255] = '\0';
    ck_assert_int_eq(try_open(p, name, O_RDWR | O_CREAT), 0);
    name[255] = 'n';
    name[256] = '\0';
    ck_assert_int_eq(try_open(p, name, O_RDWR | O_CREAT), -ENAMETOOLONG);
    ck_assert_int_eq(place_mkdir(p, name), -ENAMETOOLONG);
}

START_TEST(names_have_at_most_255_bytes)
{
    on_both(check_long_names);
}
END_TEST

static void
check_trees(const struct place *p)
{
    struct stat info;
    uint64_t size = 0, n_free = 0;

    ck_assert_int_eq(place_mkdir(p, "tree"), 0);
    ck_assert_int_eq(place_mkdir(p, "tree/a"), 0);
    ck_assert_int_eq(place_mkdir(p, "tree/a/b"), 0);
    ck_assert_int_eq(place_mkdir(p, "other"), 0);
    place_put(p, "tree/a/b/file", "x");
    place_put(p, "other/file", "kept");
    ck_assert_int_eq(place_link(p, place_path(p, "other"), "tree/link"), 0);
    ck_assert_int_eq(place_link(p, place_path(p, "tree"), "way"), 0);
    ck_assert_int_eq(actor_disk_touch(p->disk, place_path(p, "tree/a")), 0);
    ck_assert_int_eq(actor_disk_touch(p->disk, place_path(p, "none")),
                     -ENOENT);
    ck_assert_int_eq(place_stat(p, "tree/a", &info), 0);
    ck_assert_int_gt(info.st_mtim.tv_sec, 1500000000);
    ck_assert_int_eq(actor_disk_usage(p->disk, place_path(p, "tree"), &size,
                                      &n_free), 0);
    ck_assert_uint_gt(size, 0);
    ck_assert_uint_le(n_free, size);
    ck_assert_int_eq(actor_disk_usage(p->disk, place_path(p, "none"), &size,
                                      &n_free), -ENOENT);

    ck_assert_int_eq(actor_disk_remove_tree(p->disk, place_path(p, "none")),
                     -ENOENT);
    ck_assert_int_eq(actor_disk_remove_tree(p->disk,
                                            place_path(p, "other/file")),
                     -ENOTDIR);
    ck_assert_int_eq(actor_disk_remove_tree(p->disk, place_path(p, "way")),
                     -ENOTDIR);
    ck_assert_int_eq(actor_disk_remove_tree(p->disk, place_path(p, "tree")),
                     0);
    ck_assert(!place_exists(p, "tree"));
    place_has(p, "other/file", "kept");
}

START_TEST(trees_are_removed_and_links_not_followed)
{
    on_both(check_trees);
}
END_TEST

/* --- anything at random, and both say the same --- */

START_TEST(whatever_is_done_both_disks_say_the_same)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        autofree char *dir = test_temp_dir();
        struct sim *sim = sim_create(&(struct sim_options) { .seed = seed });
        struct sim_host *host = sim_add_host(sim, "host");
        autofree char *root = xasprintf("%s/x/x/x/x", dir);
        const struct place real = { &actor_disk_real, root };
        const struct place simulated = { sim_host_disk(host), "/x/x/x/x" };
        uint64_t first[4], second[4];
        char what[200];

        ck_assert_int_eq(actor_disk_make_path(real.disk, root, 0755), 0);
        ck_assert_int_eq(actor_disk_make_path(simulated.disk, "/x/x/x/x",
                                              0755), 0);
        seeded_init(first, seed);
        seeded_init(second, seed);
        for (unsigned i = 0; i < 300; i++) {
            int expected = place_do(&real, first, what);
            int rc = place_do(&simulated, second, what);

            ck_assert_msg(rc == expected, "seed %d, step %u, %s: %d, not %d",
                          (int) seed, i, what, rc, expected);
        }
        sim_destroy(sim);
    }
}
END_TEST

static Suite *
sim_disk_suite(void)
{
    Suite *suite = suite_create("sim_disk");

    test_add(suite, "opening", files_are_opened_as_the_kernel_does);
    test_add(suite, "contents",
             files_hold_what_was_written_where_it_was_written);
    test_add(suite, "access", a_descriptor_does_what_it_was_opened_for);
    test_add(suite, "unlinking", names_are_removed_and_open_files_stay);
    test_add(suite, "renaming",
             files_and_directories_are_renamed_as_the_kernel_does);
    test_add(suite, "links", symbolic_links_lead_where_they_say);
    test_add(suite, "listing", directories_are_listed_without_dots);
    test_add(suite, "locks", lock_is_one_descriptors_until_that_is_closed);
    test_add(suite, "long-names", names_have_at_most_255_bytes);
    test_add(suite, "trees", trees_are_removed_and_links_not_followed);
    test_add(suite, "random", whatever_is_done_both_disks_say_the_same);
    return suite;
}

TEST_MAIN(sim_disk_suite)
