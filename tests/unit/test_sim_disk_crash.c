/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_disk_crash.c - what a power failure and other faults leave of a
 * simulated disk: all that may happen does, and nothing else. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/system.h>

#include "core/system_private.h"
#include "sim/private.h"
#include "tests/lib/place.h"
#include "tests/lib/test.h"

#define N_SEEDS 300
#define SECTOR 512

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
    int fd = place_open(p, name, O_WRONLY | O_CREAT);

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
    ck_assert_int_eq(place_sync(p, name), 0);
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

        ck_assert_int_eq(place_mkdir(&m.outside, "dir"), 0);
        write_text(&m.outside, "dir/file", "text", 0, true);
        sync_dir(&m.outside, "dir");
        write_durably(&m.outside, "file", "other");
        crash(&m);
        place_has(&m.outside, "dir/file", "text");
        place_has(&m.outside, "file", "other");
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
        int fd = place_open(&m.outside, "file", O_RDONLY);

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
        int fd = place_open(&m.outside, "file", O_RDONLY);

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
        ck_assert_int_eq(place_cut(&m.outside, "file", 3), 0);
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
        bool found = place_exists(&m.outside, "file");

        see(&seen, found);
        if (found) {
            place_has(&m.outside, "file", "text");
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
        see(&seen, place_exists(&m.outside, "file"));
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

        place_put(&m.outside, "a", "");
        place_put(&m.outside, "b", "");
        place_put(&m.outside, "c", "");
        crash(&m);
        found += place_exists(&m.outside, "a");
        found += place_exists(&m.outside, "b") ? 2 : 0;
        found += place_exists(&m.outside, "c") ? 4 : 0;
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
    ck_assert_int_eq(place_mkdir(&m->outside, "x"), 0);
    ck_assert_int_eq(place_mkdir(&m->outside, "y"), 0);
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
        ck_assert_int_eq(place_move(&m.outside, "x/file", "y/file"), 0);
        crash(&m);
        bool moved = place_exists(&m.outside, "y/file");

        ck_assert_int_eq(place_exists(&m.outside, "x/file"), !moved);
        place_has(&m.outside, moved ? "y/file" : "x/file", "new");
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
        ck_assert_int_eq(place_move(&m.outside, "file.new", "file"), 0);
        crash(&m);
        int fd = place_open(&m.outside, "file", O_RDONLY);

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
        ck_assert_int_eq(place_mkdir(&m.outside, "x/dir"), 0);
        ck_assert_int_eq(place_move(&m.outside, "x/dir", "y/dir"), 0);
        sync_dir(&m.outside, "y");
        crash(&m);
        ck_assert(!place_exists(&m.outside, "x/dir"));
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
    ck_assert_int_eq(place_mkdir(&m.outside, "z"), 0);
    ck_assert_int_eq(place_move(&m.outside, "x/file", "z/file"), 0);
    if (seed % 2) {
        sync_dir(&m.outside, "z");
    }
    crash(&m);
    ck_assert_int_eq(place_exists(&m.outside, "x/file")
                         + place_exists(&m.outside, "z/file"), 1);
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
            place_do(&m.outside, random, what);
            if (i % 20 == 7) {
                char path[64];

                place_sync(&m.outside, place_draw(random, path));
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
    int fd = place_open(&m.inside, "file", O_RDWR);

    ck_assert_int_eq(actor_disk_pwrite(disk, fd, "new", 3, 0), 3);
    begin_fault(&m, SIM_FAULT_DISK_ERROR, 1000000, SECOND);
    ck_assert_int_eq(actor_disk_fsync(disk, fd), -EIO);
    sim_run(m.sim, 2 * SECOND);
    ck_assert_int_eq(actor_disk_fsync(disk, fd), 0);
    place_has(&m.inside, "file", "new");
    crash(&m);
    place_has(&m.outside, "file", "old");
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
        int fd = place_open(&m.outside, "file", O_RDONLY);

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

    place_put(p, "file", "text");
    int fd = place_open(p, "file", O_RDWR);

    begin_fault(&m, SIM_FAULT_FULL_DISK, 0, SECOND);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, 0), -ENOSPC);
    ck_assert_int_eq(place_open(p, "new", O_RDWR | O_CREAT), -ENOSPC);
    ck_assert_int_eq(place_mkdir(p, "dir"), -ENOSPC);
    ck_assert_int_eq(place_link(p, "file", "link"), -ENOSPC);
    place_has(p, "file", "text");
    ck_assert_int_eq(actor_disk_fsync(p->disk, fd), 0);
    ck_assert_int_eq(place_move(p, "file", "other"), 0);
    place_put(&m.outside, "from-outside", "text");
    sim_run(m.sim, 2 * SECOND);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, "x", 1, 0), 1);
    ck_assert_int_eq(place_mkdir(p, "dir"), 0);
    actor_disk_close(p->disk, &fd);
    sim_destroy(m.sim);
}
END_TEST

START_TEST(calls_fail_about_as_often_as_they_should)
{
    struct machine m = machine_create(1);
    unsigned n_failed = 0;

    place_put(&m.outside, "file", "text");
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
        ck_assert(place_exists(&m.inside, "file"));
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
        int fd = place_open(&m.outside, "file", O_RDONLY);

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

    place_put(&m.outside, "empty", "");
    begin_fault(&m, SIM_FAULT_BIT_FLIP, 0, 0);
    place_has(&m.outside, "empty", "");
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
    int fd = place_open(&m.outside, "file", O_RDWR);

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

    place_put(&m.outside, "file", "text");
    int inside = place_open(&m.inside, "file", O_RDWR);
    int outside = place_open(&m.outside, "file", O_RDWR);

    sim_process_signal(m.host->processes, SIGKILL);
    sim_run(m.sim, SECOND);
    ck_assert_int_eq(actor_disk_pread(m.outside.disk, inside, text, 4, 0),
                     -EBADF);
    ck_assert_int_eq(actor_disk_pread(m.outside.disk, outside, text, 4, 0), 4);
    actor_disk_close(m.outside.disk, &outside);
    sim_destroy(m.sim);
}
END_TEST

static Suite *
sim_disk_crash_suite(void)
{
    Suite *suite = suite_create("sim_disk_crash");

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

TEST_MAIN(sim_disk_crash_suite)
