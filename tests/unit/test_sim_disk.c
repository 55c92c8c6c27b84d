/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_disk.c - the simulated disk does what the kernel's does, call by
 * call; and loses what it may lose, and nothing else. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "core/system_private.h"
#include "sim/private.h"
#include "tests/lib/test.h"

#define N_SEEDS 300
#define SECTOR 512

/* --- both disks --- */

/* A directory of a disk in which a test works. */
struct place {
    const struct actor_disk *disk;
    const char *root;
};

/* 'name' in the place; good until it is called eight times more. */
static const char *
at(const struct place *p, const char *name)
{
    static char paths[8][4500];
    static unsigned i;
    char *path = paths[i++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", p->root, name);
    return path;
}

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

static int
open_at(const struct place *p, const char *name, int flags)
{
    return actor_disk_open(p->disk, at(p, name), flags, 0644);
}

/* The descriptor is closed; 0 or -errno. */
static int
try_open(const struct place *p, const char *name, int flags)
{
    int fd = open_at(p, name, flags);
    int rc = fd < 0 ? fd : 0;

    actor_disk_close(p->disk, &fd);
    return rc;
}

static void
put(const struct place *p, const char *name, const char *text)
{
    int fd = open_at(p, name, O_WRONLY | O_CREAT | O_TRUNC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, text, strlen(text), 0),
                     (int) strlen(text));
    actor_disk_close(p->disk, &fd);
}

static void
assert_has(const struct place *p, const char *name, const char *expected)
{
    char text[100] = "";
    int fd = open_at(p, name, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(actor_disk_pread(p->disk, fd, text, sizeof text - 1, 0),
                     0);
    ck_assert_str_eq(text, expected);
    actor_disk_close(p->disk, &fd);
}

static bool
exists(const struct place *p, const char *name)
{
    struct stat info;

    return actor_disk_stat(p->disk, at(p, name), &info) == 0;
}

static int
make_dir(const struct place *p, const char *name)
{
    return actor_disk_mkdir(p->disk, at(p, name), 0755);
}

static int
move(const struct place *p, const char *from, const char *to)
{
    return actor_disk_rename(p->disk, at(p, from), at(p, to));
}

/* --- one call after the other --- */

static void
check_opening(const struct place *p)
{
    put(p, "file", "text");
    ck_assert_int_eq(make_dir(p, "dir"), 0);
    ck_assert_int_eq(try_open(p, "none", O_RDONLY), -ENOENT);
    ck_assert_int_eq(try_open(p, "none/x", O_RDWR | O_CREAT), -ENOENT);
    ck_assert_int_eq(try_open(p, "file/x", O_RDWR | O_CREAT), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "file/", O_RDONLY), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "new/", O_RDWR | O_CREAT), -EISDIR);
    ck_assert_int_eq(try_open(p, "file", O_RDWR | O_CREAT | O_EXCL),
                     -EEXIST);
    ck_assert_int_eq(try_open(p, "dir", O_RDONLY), 0);
    ck_assert_int_eq(try_open(p, "dir", O_WRONLY), -EISDIR);
    ck_assert_int_eq(try_open(p, "dir", O_RDONLY | O_CREAT), -EISDIR);
    ck_assert_int_eq(try_open(p, "file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    ck_assert_int_eq(try_open(p, "new", O_RDWR | O_CREAT | O_EXCL), 0);
    assert_has(p, "new", "");
    ck_assert_int_eq(try_open(p, "file", O_WRONLY | O_TRUNC), 0);
    assert_has(p, "file", "");
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
    int fd = open_at(p, "file", O_RDWR | O_CREAT);

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

    put(p, "file", "one");
    int reader = open_at(p, "file", O_RDONLY);
    int writer = open_at(p, "file", O_WRONLY);
    int appender = open_at(p, "file", O_WRONLY | O_APPEND);
    int dir = open_at(p, "", O_RDONLY | O_DIRECTORY);

    ck_assert_int_eq(actor_disk_pwrite(p->disk, reader, "x", 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_ftruncate(p->disk, reader, 0), -EINVAL);
    ck_assert_int_eq(actor_disk_pread(p->disk, writer, text, 1, 0), -EBADF);
    ck_assert_int_eq(actor_disk_pread(p->disk, dir, text, 1, 0), -EISDIR);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, appender, "two", 3, 0), 3);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, appender, "!", 1, 1), 1);
    assert_has(p, "file", "onetwo!");
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

    put(p, "file", "text");
    int fd = open_at(p, "file", O_RDWR);

    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "file")), 0);
    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "file")), -ENOENT);
    ck_assert(!exists(p, "file"));
    ck_assert_int_eq(actor_disk_pread(p->disk, fd, text, 4, 0), 4);
    ck_assert_str_eq(text, "text");
    put(p, "file", "other");
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "T", 1, 0), 1);
    assert_has(p, "file", "other");
    actor_disk_close(p->disk, &fd);
    ck_assert_int_eq(make_dir(p, "dir"), 0);
    ck_assert_int_eq(make_dir(p, "dir"), -EEXIST);
    ck_assert_int_eq(make_dir(p, "none/dir"), -ENOENT);
    ck_assert_int_eq(make_dir(p, "file/dir"), -ENOTDIR);
    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "dir")), -EISDIR);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "file")), -ENOTDIR);
    put(p, "dir/x", "");
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "dir")), -ENOTEMPTY);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "dir/..")), -ENOTEMPTY);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "dir/.")), -EINVAL);
    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "dir/x")), 0);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "dir/.")), -EINVAL);
    ck_assert_int_eq(actor_disk_rmdir(p->disk, at(p, "dir/")), 0);
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
    put(p, "a", "a");
    put(p, "b", "b");
    ck_assert_int_eq(move(p, "none", "a"), -ENOENT);
    ck_assert_int_eq(move(p, "a", "a"), 0);
    ck_assert_int_eq(move(p, "a", "b"), 0);
    ck_assert(!exists(p, "a"));
    assert_has(p, "b", "a");
    ck_assert_int_eq(make_dir(p, "dir"), 0);
    ck_assert_int_eq(make_dir(p, "dir/sub"), 0);
    ck_assert_int_eq(make_dir(p, "empty"), 0);
    ck_assert_int_eq(move(p, "b", "dir"), -EISDIR);
    ck_assert_int_eq(move(p, "b", "none/b"), -ENOENT);
    ck_assert_int_eq(move(p, "b", "new/"), -ENOTDIR);
    ck_assert_int_eq(move(p, "dir", "b"), -ENOTDIR);
    ck_assert_int_eq(move(p, "empty", "dir"), -ENOTEMPTY);
    ck_assert_int_eq(move(p, "dir", "dir/sub/x"), -EINVAL);
    ck_assert_int_eq(move(p, "dir", "dir/x"), -EINVAL);
    ck_assert_int_eq(move(p, "dir/sub", "dir"), -ENOTEMPTY);
    ck_assert_int_eq(move(p, "dir/.", "x"), -EBUSY);
    ck_assert_int_eq(move(p, "dir/sub/..", "x"), -EBUSY);
    ck_assert_int_eq(move(p, "dir", "empty"), 0);
    ck_assert(!exists(p, "dir"));
    ck_assert(exists(p, "empty/sub"));
    ck_assert_int_eq(move(p, "empty", "dir/"), 0);
    ck_assert_int_eq(move(p, "b", "dir/sub/b"), 0);
    assert_has(p, "dir/sub/../sub/./b", "a");
}

START_TEST(files_and_directories_are_renamed_as_the_kernel_does)
{
    on_both(check_renaming);
}
END_TEST

static int
link_at(const struct place *p, const char *target, const char *name)
{
    return actor_disk_symlink(p->disk, target, at(p, name));
}

static void
check_links(const struct place *p)
{
    struct stat info;
    char *path = NULL;

    ck_assert_int_eq(actor_disk_make_path(p->disk, at(p, "a/b"), 0755), 0);
    put(p, "a/file", "text");
    ck_assert_int_eq(link_at(p, "a/b", "link"), 0);
    ck_assert_int_eq(link_at(p, "x", "link"), -EEXIST);
    ck_assert_int_eq(link_at(p, "nowhere", "dangling"), 0);
    ck_assert_int_eq(link_at(p, "loop", "loop"), 0);
    ck_assert_int_eq(actor_disk_stat(p->disk, at(p, "link"), &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(info.st_size, 3);
    ck_assert_int_eq(actor_disk_stat(p->disk, at(p, "link/"), &info), 0);
    ck_assert(S_ISDIR(info.st_mode));
    assert_has(p, "link/../file", "text");
    ck_assert_int_eq(try_open(p, "link", O_RDONLY), -ELOOP);
    ck_assert_int_eq(try_open(p, "dangling", O_RDWR | O_CREAT), -ELOOP);
    ck_assert_int_eq(try_open(p, "dangling", O_RDWR | O_CREAT | O_EXCL),
                     -EEXIST);
    ck_assert_int_eq(actor_disk_access(p->disk, at(p, "dangling"), F_OK),
                     -ENOENT);
    ck_assert_int_eq(actor_disk_access(p->disk, at(p, "link"), F_OK), 0);
    ck_assert_int_eq(try_open(p, "loop/x", O_RDONLY), -ELOOP);
    ck_assert_int_eq(actor_disk_realpath(p->disk, at(p, "loop"), &path),
                     -ELOOP);
    ck_assert_int_eq(actor_disk_realpath(p->disk, at(p, "none"), &path),
                     -ENOENT);
    ck_assert_int_eq(actor_disk_realpath(p->disk, at(p, "link/../file"),
                                         &path), 0);
    ck_assert_str_eq(path, at(p, "a/file"));
    free(path);
    ck_assert_int_eq(actor_disk_realpath(p->disk, at(p, "link/."), &path),
                     0);
    ck_assert_str_eq(path, at(p, "a/b"));
    free(path);
    ck_assert_int_eq(actor_disk_realpath(p->disk, "/..", &path), 0);
    ck_assert_str_eq(path, "/");
    free(path);
    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "link/")), -ENOTDIR);
    ck_assert_int_eq(actor_disk_unlink(p->disk, at(p, "link")), 0);
    ck_assert(exists(p, "a/b"));
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

    put(p, "file", "");
    ck_assert_int_eq(actor_disk_list(p->disk, at(p, "file"), add_name,
                                     &names), -ENOTDIR);
    ck_assert_int_eq(actor_disk_list(p->disk, at(p, "none"), add_name,
                                     &names), -ENOENT);
    ck_assert_int_eq(actor_disk_list(p->disk, at(p, ""), add_name, &names),
                     0);
    ck_assert_str_eq(names.data, "file ");
    ck_assert_int_eq(actor_disk_fsync_directory(p->disk, at(p, "")), 0);
    ck_assert_int_eq(actor_disk_fsync_directory(p->disk, at(p, "file")),
                     -ENOTDIR);
    ck_assert_int_eq(actor_disk_fsync_directory(p->disk, at(p, "none")),
                     -ENOENT);
}

START_TEST(directories_are_listed_without_dots)
{
    on_both(check_listing);
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
    ck_assert_int_eq(make_dir(p, name), -ENAMETOOLONG);
}

START_TEST(names_have_at_most_255_bytes)
{
    on_both(check_long_names);
}
END_TEST

/* --- anything at random, and both say the same --- */

/* A path of up to three components, some of which lead out of where one is, or
 * end with a slash. */
static const char *
draw_path(uint64_t random[4], char path[64])
{
    static const char *const names[] = { "a", "b", "c", "d", ".", ".." };
    unsigned n = 1 + (unsigned) (seeded_next(random) % 3);
    int len = 0;

    for (unsigned i = 0; i < n; i++) {
        len += snprintf(path + len, 64 - (size_t) len, "%s%s",
                        i > 0 ? "/" : "",
                        names[seeded_next(random) % ARRAY_SIZE(names)]);
    }
    if (seeded_next(random) % 8 == 0) {
        snprintf(path + len, 64 - (size_t) len, "/");
    }
    return path;
}

static int
write_at(const struct place *p, const char *name, int flags, size_t size)
{
    static const char data[1000];
    int fd = open_at(p, name, flags);

    if (fd < 0) {
        return fd;
    }
    int rc = (int) actor_disk_pwrite(p->disk, fd, data, size, (off_t) size);

    actor_disk_close(p->disk, &fd);
    return rc;
}

static int
cut_at(const struct place *p, const char *name, size_t size)
{
    int fd = open_at(p, name, O_RDWR);
    int rc = fd < 0 ? fd : actor_disk_ftruncate(p->disk, fd, (off_t) size);

    actor_disk_close(p->disk, &fd);
    return rc;
}

/* What stat() says of it in one number; -errno. */
static int
look_at(const struct place *p, const char *name)
{
    struct stat info;
    int rc = actor_disk_stat(p->disk, at(p, name), &info);

    return rc < 0 ? rc
        : (int) (info.st_mode & S_IFMT)
          + (S_ISDIR(info.st_mode) ? 0 : (int) info.st_size);
}

/* Names in it and their lengths, in no order; -errno. */
static int
list_at(const struct place *p, const char *name)
{
    autofini(strbuf) names = STRBUF(STRBUF_UNLIMITED);
    int rc = actor_disk_list(p->disk, at(p, name), add_name, &names);

    for (size_t i = 0; rc >= 0 && i < names.len; i++) {
        rc += (int) names.data[i] * 7;
    }
    return rc;
}

/* Length of the real path below the place; -errno. */
static int
real_of(const struct place *p, const char *name)
{
    char *path;
    int rc = actor_disk_realpath(p->disk, at(p, name), &path);

    if (rc == 0) {
        rc = (int) strlen(path) - (int) strlen(p->root) + 10000;
        free(path);
    }
    return rc;
}

/* Does what the numbers say; what comes of it. */
static int
do_something(const struct place *p, uint64_t random[4], char what[200])
{
    static const int flags[] = {
        O_WRONLY | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_TRUNC,
        O_WRONLY | O_APPEND, O_RDONLY | O_CREAT, O_RDONLY,
    };
    unsigned kind = (unsigned) (seeded_next(random) % 11);
    int flag = flags[seeded_next(random) % ARRAY_SIZE(flags)];
    size_t size = seeded_next(random) % 1000;
    char a[64], b[64];

    draw_path(random, a);
    draw_path(random, b);
    snprintf(what, 200, "call %u of '%s' and '%s', flags %o", kind, a, b,
             (unsigned) flag);
    switch (kind) {
    case 0:
        return make_dir(p, a);
    case 1:
        return actor_disk_rmdir(p->disk, at(p, a));
    case 2:
        return actor_disk_unlink(p->disk, at(p, a));
    case 3:
    case 4:
        return move(p, a, b);
    case 5:
        return b[0] == '.' || strstr(b, "..") ? 0 : link_at(p, b, a);
    case 6:
        return write_at(p, a, flag, size);
    case 7:
        return cut_at(p, a, size);
    case 8:
        return look_at(p, a);
    case 9:
        return list_at(p, a);
    default:
        return real_of(p, a);
    }
}

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
            int expected = do_something(&real, first, what);
            int rc = do_something(&simulated, second, what);

            ck_assert_msg(rc == expected, "seed %d, step %u, %s: %d, not %d",
                          (int) seed, i, what, rc, expected);
        }
        sim_destroy(sim);
    }
}
END_TEST

/* --- what a power failure leaves --- */

/* A host with files, and a process on it that is subject to faults. */
struct machine {
    struct sim *sim;
    struct sim_host *host;
    struct place outside;
    struct place inside;        /* as the process sees it */
};

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;

    return sim_process_open(p, &options, &system);
}

static const struct sim_program program = { .name = "user", .start = start };

static struct machine
machine_create(uint64_t seed)
{
    struct machine m = {
        .sim = sim_create(&(struct sim_options) { .seed = seed }),
    };

    m.host = sim_add_host(m.sim, "host");
    m.outside = (struct place) { sim_host_disk(m.host), "" };
    sim_add_program(m.sim, &program);
    struct sim_process *p =
        sim_spawn(m.host, (char *[]) { (char *) "user", NULL }, NULL);

    sim_run(m.sim, SECOND);
    m.inside = (struct place) {
        actor_system_disk(sim_process_system(p)), "",
    };
    return m;
}

static void
crash(struct machine *m)
{
    sim_host_crash(m->host, SECOND);
}

static void
begin_fault(struct machine *m, enum sim_fault_kind kind, int64_t amount,
            int64_t for_ns)
{
    const struct sim_fault fault = {
        .kind = kind, .amount = amount, .for_ns = for_ns,
    };

    sim_fault_apply(&fault, m->sim);
    sim_run(m->sim, 0);
}

static void
write_text(const struct place *p, const char *name, const char *text,
           off_t offset, bool sync)
{
    int fd = open_at(p, name, O_WRONLY | O_CREAT);

    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, text, strlen(text),
                                       offset), (int) strlen(text));
    if (sync) {
        ck_assert_int_eq(actor_disk_fsync(p->disk, fd), 0);
    }
    actor_disk_close(p->disk, &fd);
}

static void
sync_dir(const struct place *p, const char *name)
{
    ck_assert_int_eq(actor_disk_fsync_directory(p->disk, at(p, name)), 0);
}

/* A file that survives. */
static void
write_durably(const struct place *p, const char *name, const char *text)
{
    write_text(p, name, text, 0, true);
    sync_dir(p, "");
}

START_TEST(what_was_synced_survives_a_crash)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);

        ck_assert_int_eq(make_dir(&m.outside, "dir"), 0);
        write_text(&m.outside, "dir/file", "text", 0, true);
        sync_dir(&m.outside, "dir");
        write_durably(&m.outside, "file", "other");
        crash(&m);
        assert_has(&m.outside, "dir/file", "text");
        assert_has(&m.outside, "file", "other");
        sim_destroy(m.sim);
    }
}
END_TEST

/* Sets bit 'i' of '*seen'. */
static void
see(unsigned *seen, unsigned i)
{
    ck_assert_uint_lt(i, 32);
    *seen |= 1U << i;
}

/* How many bytes of 'text' are 'c', which come first; the rest is 'rest'. */
static size_t
count_prefix(const char *text, size_t size, char c, char rest)
{
    size_t n = 0;

    while (n < size && text[n] == c) {
        n++;
    }
    for (size_t i = n; i < size; i++) {
        ck_assert_int_eq(text[i], rest);
    }
    return n;
}

START_TEST(a_write_is_torn_between_sectors_and_nowhere_else)
{
    static const size_t ends[] = { 0, 412, 924, 1000 };
    char old[1200], new[1001];
    unsigned seen = 0;

    memset(old, 'o', sizeof old);
    old[sizeof old - 1] = '\0';
    memset(new, 'n', sizeof new);
    new[1000] = '\0';
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char found[1200] = "";
        unsigned i = 0;

        write_durably(&m.outside, "file", old);
        write_text(&m.outside, "file", new, 100, false);
        crash(&m);
        int fd = open_at(&m.outside, "file", O_RDONLY);

        ck_assert_int_eq(actor_disk_pread(m.outside.disk, fd, found,
                                          sizeof found, 0), 1199);
        actor_disk_close(m.outside.disk, &fd);
        ck_assert_mem_eq(found, old, 100);
        size_t n = count_prefix(found + 100, 1000, 'n', 'o');

        while (i < ARRAY_SIZE(ends) && ends[i] != n) {
            i++;
        }
        ck_assert_msg(i < ARRAY_SIZE(ends), "%zu bytes", n);
        see(&seen, i);
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 0xf);
}
END_TEST

START_TEST(writes_to_a_file_are_lost_each_by_itself)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char text[2 * SECTOR] = "";

        memset(text, '-', sizeof text);
        text[sizeof text - 1] = '\0';
        write_durably(&m.outside, "file", text);
        write_text(&m.outside, "file", "1", 0, false);
        write_text(&m.outside, "file", "2", SECTOR, false);
        crash(&m);
        int fd = open_at(&m.outside, "file", O_RDONLY);

        ck_assert_int_eq(actor_disk_pread(m.outside.disk, fd, text,
                                          sizeof text, 0), 2 * SECTOR - 1);
        actor_disk_close(m.outside.disk, &fd);
        see(&seen, (text[0] == '1') + 2U * (text[SECTOR] == '2'));
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 0xf);
}
END_TEST

START_TEST(a_size_that_was_not_synced_is_the_old_or_the_new)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        struct stat info;

        write_durably(&m.outside, "file", "12345678");
        ck_assert_int_eq(cut_at(&m.outside, "file", 3), 0);
        crash(&m);
        ck_assert_int_eq(actor_disk_stat(m.outside.disk, "/file", &info), 0);
        ck_assert(info.st_size == 3 || info.st_size == 8);
        see(&seen, info.st_size == 3);
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_name_needs_its_directory_synced)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);

        write_text(&m.outside, "file", "text", 0, true);
        crash(&m);
        bool found = exists(&m.outside, "file");

        see(&seen, found);
        if (found) {
            assert_has(&m.outside, "file", "text");
        }
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_removed_name_may_come_back)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);

        write_durably(&m.outside, "file", "text");
        ck_assert_int_eq(actor_disk_unlink(m.outside.disk, "/file"), 0);
        crash(&m);
        see(&seen, exists(&m.outside, "file"));
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(changes_of_one_directory_are_found_up_to_some_point)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        unsigned found = 0;

        put(&m.outside, "a", "");
        put(&m.outside, "b", "");
        put(&m.outside, "c", "");
        crash(&m);
        found += exists(&m.outside, "a");
        found += exists(&m.outside, "b") ? 2 : 0;
        found += exists(&m.outside, "c") ? 4 : 0;
        see(&seen, found);
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 1U << 0 | 1U << 1 | 1U << 3 | 1U << 7);
}
END_TEST

/* /x and /y with /x/file, all durable. */
static void
make_two_dirs(struct machine *m)
{
    ck_assert_int_eq(make_dir(&m->outside, "x"), 0);
    ck_assert_int_eq(make_dir(&m->outside, "y"), 0);
    write_text(&m->outside, "x/file", "new", 0, true);
    sync_dir(&m->outside, "x");
    sync_dir(&m->outside, "");
}

START_TEST(a_renaming_is_found_whole_or_not_at_all)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);

        make_two_dirs(&m);
        ck_assert_int_eq(move(&m.outside, "x/file", "y/file"), 0);
        crash(&m);
        bool moved = exists(&m.outside, "y/file");

        ck_assert_int_eq(exists(&m.outside, "x/file"), !moved);
        assert_has(&m.outside, moved ? "y/file" : "x/file", "new");
        see(&seen, moved);
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_replaced_file_is_the_old_or_the_new_one)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char text[4] = "";

        write_durably(&m.outside, "file", "old");
        write_text(&m.outside, "file.new", "new", 0, true);
        ck_assert_int_eq(move(&m.outside, "file.new", "file"), 0);
        crash(&m);
        int fd = open_at(&m.outside, "file", O_RDONLY);

        ck_assert_int_eq(actor_disk_pread(m.outside.disk, fd, text, 3, 0),
                         3);
        actor_disk_close(m.outside.disk, &fd);
        ck_assert(!strcmp(text, "old") || !strcmp(text, "new"));
        see(&seen, text[0] == 'n');
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(what_was_moved_is_not_found_where_it_was_made)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char *path;

        make_two_dirs(&m);
        ck_assert_int_eq(make_dir(&m.outside, "x/dir"), 0);
        ck_assert_int_eq(move(&m.outside, "x/dir", "y/dir"), 0);
        sync_dir(&m.outside, "y");
        crash(&m);
        ck_assert(!exists(&m.outside, "x/dir"));
        ck_assert_int_eq(actor_disk_realpath(m.outside.disk, "/y/dir/.",
                                             &path), 0);
        ck_assert_str_eq(path, "/y/dir");
        free(path);
        sim_destroy(m.sim);
    }
}
END_TEST

/* The new directory is synced or it is not. */
static void
move_into_new_directory(uint64_t seed)
{
    struct machine m = machine_create(seed);

    make_two_dirs(&m);
    ck_assert_int_eq(make_dir(&m.outside, "z"), 0);
    ck_assert_int_eq(move(&m.outside, "x/file", "z/file"), 0);
    if (seed % 2) {
        sync_dir(&m.outside, "z");
    }
    crash(&m);
    ck_assert_int_eq(exists(&m.outside, "x/file")
                         + exists(&m.outside, "z/file"), 1);
    sim_destroy(m.sim);
}

START_TEST(what_was_moved_into_a_new_directory_is_not_lost)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        move_into_new_directory(seed);
    }
}
END_TEST

/* Everything in a directory, from the top. */
static void
walk(const struct place *p, const char *path, unsigned depth);

struct walk {
    const struct place *place;
    const char *path;
    unsigned depth;
};

static void
walk_on(void *walk_, const char *name)
{
    const struct walk *w = walk_;
    autofree char *path = xasprintf("%s/%s", w->path, name);
    struct stat info;

    ck_assert_int_eq(actor_disk_stat(w->place->disk, path, &info), 0);
    if (S_ISDIR(info.st_mode)) {
        walk(w->place, path, w->depth + 1);
    }
}

static void
walk(const struct place *p, const char *path, unsigned depth)
{
    struct walk w = { p, path, depth };
    char *again;

    ck_assert_uint_lt(depth, 500);
    ck_assert_int_eq(actor_disk_list(p->disk, *path ? path : "/", walk_on,
                                     &w), 0);
    ck_assert_int_eq(actor_disk_realpath(p->disk, *path ? path : "/",
                                         &again), 0);
    ck_assert_str_eq(again, *path ? path : "/");
    free(again);
}

START_TEST(whatever_was_done_a_crash_leaves_a_tree)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        uint64_t random[4];
        char what[200];

        seeded_init(random, seed);
        for (unsigned i = 0; i < 200; i++) {
            do_something(&m.outside, random, what);
            if (i % 20 == 7) {
                char path[64];

                actor_disk_fsync_directory(
                    m.outside.disk, at(&m.outside, draw_path(random, path)));
            }
            if (i % 50 == 49) {
                crash(&m);
                walk(&m.outside, "", 0);
            }
        }
        sim_destroy(m.sim);
    }
}
END_TEST

/* --- faults --- */

START_TEST(a_failed_sync_forgets_what_it_should_have_written)
{
    struct machine m = machine_create(1);
    const struct actor_disk *disk = m.inside.disk;

    write_durably(&m.outside, "file", "old");
    int fd = open_at(&m.inside, "file", O_RDWR);

    ck_assert_int_eq(actor_disk_pwrite(disk, fd, "new", 3, 0), 3);
    begin_fault(&m, SIM_FAULT_DISK_ERROR, 1000000, SECOND);
    ck_assert_int_eq(actor_disk_fsync(disk, fd), -EIO);
    sim_run(m.sim, 2 * SECOND);
    ck_assert_int_eq(actor_disk_fsync(disk, fd), 0);
    assert_has(&m.inside, "file", "new");
    crash(&m);
    assert_has(&m.outside, "file", "old");
    sim_destroy(m.sim);
}
END_TEST

START_TEST(a_lost_sync_says_that_all_is_well)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char text[4] = "";

        write_durably(&m.outside, "file", "old");
        begin_fault(&m, SIM_FAULT_LOST_FSYNC, 0, SECOND);
        write_text(&m.inside, "file", "new", 0, true);
        sync_dir(&m.inside, "");
        crash(&m);
        int fd = open_at(&m.outside, "file", O_RDONLY);

        ck_assert_int_eq(actor_disk_pread(m.outside.disk, fd, text, 3, 0),
                         3);
        actor_disk_close(m.outside.disk, &fd);
        see(&seen, text[0] == 'n');
        sim_destroy(m.sim);
    }
    ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_full_disk_takes_nothing_more_and_gives_what_it_has)
{
    struct machine m = machine_create(1);
    const struct place *p = &m.inside;

    put(p, "file", "text");
    int fd = open_at(p, "file", O_RDWR);

    begin_fault(&m, SIM_FAULT_FULL_DISK, 0, SECOND);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, 0), -ENOSPC);
    ck_assert_int_eq(try_open(p, "new", O_RDWR | O_CREAT), -ENOSPC);
    ck_assert_int_eq(make_dir(p, "dir"), -ENOSPC);
    ck_assert_int_eq(link_at(p, "file", "link"), -ENOSPC);
    assert_has(p, "file", "text");
    ck_assert_int_eq(actor_disk_fsync(p->disk, fd), 0);
    ck_assert_int_eq(move(p, "file", "other"), 0);
    put(&m.outside, "from-outside", "text");
    sim_run(m.sim, 2 * SECOND);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, 0), 1);
    ck_assert_int_eq(make_dir(p, "dir"), 0);
    actor_disk_close(p->disk, &fd);
    sim_destroy(m.sim);
}
END_TEST

START_TEST(calls_fail_about_as_often_as_they_should)
{
    struct machine m = machine_create(1);
    unsigned n_failed = 0;

    put(&m.outside, "file", "text");
    begin_fault(&m, SIM_FAULT_DISK_ERROR, 100000, SECOND);
    for (unsigned i = 0; i < 10000; i++) {
        struct stat info;
        int rc = actor_disk_stat(m.inside.disk, "/file", &info);

        ck_assert(rc == 0 || rc == -EIO);
        n_failed += rc < 0;
    }
    ck_assert_uint_ge(n_failed, 800);
    ck_assert_uint_le(n_failed, 1200);
    sim_run(m.sim, 2 * SECOND);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert(exists(&m.inside, "file"));
    }
    sim_destroy(m.sim);
}
END_TEST

START_TEST(one_bit_turns_round_and_stays_so)
{
    static const char text[] = "0123456789abcdef";

    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct machine m = machine_create(seed);
        char found[sizeof text] = "";
        unsigned n_bits = 0;

        write_durably(&m.outside, "file", text);
        begin_fault(&m, SIM_FAULT_BIT_FLIP, 0, 0);
        crash(&m);
        int fd = open_at(&m.outside, "file", O_RDONLY);

        ck_assert_int_eq(actor_disk_pread(m.outside.disk, fd, found,
                                          sizeof found, 0), 16);
        actor_disk_close(m.outside.disk, &fd);
        for (size_t i = 0; i < strlen(text); i++) {
            n_bits += (unsigned) __builtin_popcount(
                (unsigned char) (found[i] ^ text[i]));
        }
        ck_assert_uint_eq(n_bits, 1);
        sim_destroy(m.sim);
    }
}
END_TEST

START_TEST(an_empty_disk_has_no_bit_to_turn)
{
    struct machine m = machine_create(1);

    put(&m.outside, "empty", "");
    begin_fault(&m, SIM_FAULT_BIT_FLIP, 0, 0);
    assert_has(&m.outside, "empty", "");
    sim_destroy(m.sim);
}
END_TEST

START_TEST(descriptors_do_not_survive_a_crash)
{
    struct machine m = machine_create(1);
    const struct actor_disk *disk = m.outside.disk;
    struct stat info;
    char text[4];

    write_durably(&m.outside, "file", "text");
    int fd = open_at(&m.outside, "file", O_RDWR);

    crash(&m);
    ck_assert_int_eq(actor_disk_pread(disk, fd, text, 4, 0), -EBADF);
    ck_assert_int_eq(actor_disk_pwrite(disk, fd, text, 4, 0), -EBADF);
    ck_assert_int_eq(actor_disk_fsync(disk, fd), -EBADF);
    ck_assert_int_eq(actor_disk_ftruncate(disk, fd, 0), -EBADF);
    ck_assert_int_eq(actor_disk_fstat(disk, fd, &info), -EBADF);
    ck_assert_int_eq(actor_disk_fchown(disk, fd, 0, 0), -EBADF);
    ck_assert_int_eq(disk->ops->close(disk->ctx, fd), -EBADF);
    sim_destroy(m.sim);
}
END_TEST

START_TEST(a_dead_process_has_nothing_open)
{
    struct machine m = machine_create(1);
    char text[4];

    put(&m.outside, "file", "text");
    int inside = open_at(&m.inside, "file", O_RDWR);
    int outside = open_at(&m.outside, "file", O_RDWR);

    sim_process_signal(m.host->processes, SIGKILL);
    sim_run(m.sim, SECOND);
    ck_assert_int_eq(actor_disk_pread(m.outside.disk, inside, text, 4, 0),
                     -EBADF);
    ck_assert_int_eq(actor_disk_pread(m.outside.disk, outside, text, 4, 0),
                     4);
    actor_disk_close(m.outside.disk, &outside);
    sim_destroy(m.sim);
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
    test_add(suite, "long-names", names_have_at_most_255_bytes);
    test_add(suite, "random", whatever_is_done_both_disks_say_the_same);
    test_add(suite, "synced", what_was_synced_survives_a_crash);
    test_add(suite, "torn", a_write_is_torn_between_sectors_and_nowhere_else);
    test_add(suite, "writes", writes_to_a_file_are_lost_each_by_itself);
    test_add(suite, "size", a_size_that_was_not_synced_is_the_old_or_the_new);
    test_add(suite, "name", a_name_needs_its_directory_synced);
    test_add(suite, "removed", a_removed_name_may_come_back);
    test_add(suite, "order",
             changes_of_one_directory_are_found_up_to_some_point);
    test_add(suite, "whole", a_renaming_is_found_whole_or_not_at_all);
    test_add(suite, "replaced", a_replaced_file_is_the_old_or_the_new_one);
    test_add(suite, "moved", what_was_moved_is_not_found_where_it_was_made);
    test_add(suite, "moved-new",
             what_was_moved_into_a_new_directory_is_not_lost);
    test_add(suite, "tree", whatever_was_done_a_crash_leaves_a_tree);
    test_add(suite, "failed-sync",
             a_failed_sync_forgets_what_it_should_have_written);
    test_add(suite, "lost-sync", a_lost_sync_says_that_all_is_well);
    test_add(suite, "full",
             a_full_disk_takes_nothing_more_and_gives_what_it_has);
    test_add(suite, "errors", calls_fail_about_as_often_as_they_should);
    test_add(suite, "bit", one_bit_turns_round_and_stays_so);
    test_add(suite, "no-bit", an_empty_disk_has_no_bit_to_turn);
    test_add(suite, "descriptors", descriptors_do_not_survive_a_crash);
    test_add(suite, "dead", a_dead_process_has_nothing_open);
    return suite;
}

TEST_MAIN(sim_disk_suite)
