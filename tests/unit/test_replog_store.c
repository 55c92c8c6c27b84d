/* SPDX-License-Identifier: Apache-2.0
 *
 * test_replog_store.c - what was answered for is found again, on the real disk
 * and on the simulated one; what is wrong with the files is told, and nothing
 * is skipped. */
#include <config.h>

#include "replog/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/sim.h>
#include <actor/strbuf.h>

#include "replog/crc32c.h"
#include "replog/snapshot.h"
#include "replog/storage.h"
#include "tests/lib/faulty_disk.h"
#include "tests/lib/place.h"
#include "tests/lib/test.h"

/* A disk, a directory on it, and a store there. */
struct stage {
    const struct actor_disk *disk;
    char *directory;            /* owned */
    uint64_t segment_size;
    struct store *store;        /* NULL: closed */
};

static struct error *
try_open(struct stage *s)
{
    const struct store_options options = {
        .disk = s->disk, .directory = s->directory,
        .segment_size = s->segment_size, .id = "0123456789abcdef",
    };

    return store_open(&options, &s->store);
}

static void
open_again(struct stage *s)
{
    store_close(steal(s->store));
    struct error *error = try_open(s);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
refuses(struct stage *s, enum error_code code, const char *expected)
{
    store_close(steal(s->store));
    autoerror *error = try_open(s);

    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error_text(error), expected), "'%s' is not in '%s'",
                  expected, error_text(error));
    ck_assert_int_eq(error_code(error), code);
}

static struct stage
stage_real(const struct actor_disk *disk)
{
    autofree char *root = test_temp_dir();
    struct stage s = { disk, xasprintf("%s/work/log", root), 0, NULL };

    return s;
}

static void
stage_fini(struct stage *s)
{
    store_close(steal(s->store));
    free(s->directory);
}

static struct error *
try_append(struct stage *s, const char *text)
{
    struct segment_entry entry = {
        .type = SEGMENT_TYPE_APPEND, .data = text, .size = strlen(text),
    };

    return store_append(s->store, store_epoch(s->store), &entry, 1);
}

static void
append(struct stage *s, const char *text)
{
    struct error *error = try_append(s, text);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
promise(struct stage *s)
{
    ck_assert_ptr_null(store_promise(s->store, store_epoch(s->store) + 1));
}

static void
snapshot(struct stage *s, uint64_t position, const char *text)
{
    struct snapshot *snapshot;

    ck_assert_ptr_null(store_new_snapshot(s->store, position, &snapshot));
    ck_assert_ptr_null(snapshot_write(snapshot, text, strlen(text)));
    ck_assert_ptr_null(store_install(s->store, snapshot));
    snapshot_destroy(snapshot);
}

static void
free_contents(struct replog_opened *contents)
{
    for (size_t i = 0; i < contents->n_entries; i++) {
        free(contents->entries[i].data);
    }
    free(contents->entries);
    free(contents->snapshot);
}

/* "2[ab] 3:c 4:d": the snapshot, if there is one, and the entries. */
static void
holds(struct stage *s, const char *expected)
{
    autofini(strbuf) text = STRBUF(100000);
    struct replog_opened contents = { .epoch = 0 };
    struct error *error = store_read(s->store, &contents);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    if (contents.snapshot_position > 0) {
        strbuf_printf(&text, "%" PRIu64 "[%.*s] ", contents.snapshot_position,
                      (int) contents.snapshot_size,
                      (const char *) contents.snapshot);
    }
    for (size_t i = 0; i < contents.n_entries; i++) {
        const struct replog_entry *e = &contents.entries[i];

        strbuf_printf(&text, "%" PRIu64 ":%.*s ", e->position, (int) e->size,
                      (const char *) e->data);
    }
    strbuf_truncate(&text, text.len > 0 ? text.len - 1 : 0);
    ck_assert_str_eq(text.data, expected);
    ck_assert_uint_eq(contents.end, store_end(s->store));
    free_contents(&contents);
}

static struct place
place_of(const struct stage *s)
{
    return (struct place) { s->disk, s->directory };
}

static void
overwrite(const struct stage *s, const char *name, const void *data,
          size_t size, off_t offset)
{
    struct place p = place_of(s);
    int fd = place_open(&p, name, O_WRONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(actor_disk_pwrite(s->disk, fd, data, size, offset),
                     (ssize_t) size);
    actor_disk_close(s->disk, &fd);
}

#define SEGMENT_1 "segment-00000000000000000001"
#define SNAPSHOT_2 "snapshot-00000000000000000002"

/* --- on both disks --- */

static void
run_life(struct stage *s)
{
    s->segment_size = STORE_SEGMENT_SIZE_MIN;
    open_again(s);
    ck_assert_uint_eq(store_epoch(s->store), 0);
    ck_assert_uint_eq(store_end(s->store), 0);
    holds(s, "");
    promise(s);
    append(s, "a");
    append(s, "b");
    append(s, "");
    holds(s, "1:a 2:b 3:");
    open_again(s);
    ck_assert_uint_eq(store_epoch(s->store), 1);
    promise(s);
    append(s, "d");
    holds(s, "1:a 2:b 3: 4:d");
    snapshot(s, 2, "ab");
    holds(s, "2[ab] 3: 4:d");
    open_again(s);
    ck_assert_uint_eq(store_epoch(s->store), 2);
    holds(s, "2[ab] 3: 4:d");
    promise(s);
    snapshot(s, 4, "abd");
    holds(s, "4[abd]");
    open_again(s);
    promise(s);
    append(s, "e");
    open_again(s);
    holds(s, "4[abd] 5:e");
}

START_TEST(log_is_found_as_it_was_left_on_the_real_disk)
{
    struct stage s = stage_real(&actor_disk_real);

    run_life(&s);
    stage_fini(&s);
}
END_TEST

START_TEST(log_is_found_as_it_was_left_on_the_simulated_disk)
{
    struct sim *sim = sim_create(&(struct sim_options) { .seed = 1 });
    struct sim_host *host = sim_add_host(sim, "host");
    struct stage s = { sim_host_disk(host), xstrdup("/a/b/log"), 0, NULL };

    run_life(&s);
    stage_fini(&s);
    sim_destroy(sim);
}
END_TEST

START_TEST(what_was_answered_survives_a_power_failure)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct sim *sim = sim_create(&(struct sim_options) { .seed = seed });
        struct sim_host *host = sim_add_host(sim, "host");
        struct stage s = { sim_host_disk(host), xstrdup("/a/b/log"),
                           STORE_SEGMENT_SIZE_MIN, NULL };

        open_again(&s);
        promise(&s);
        append(&s, "a");
        append(&s, "b");
        append(&s, "c");
        snapshot(&s, 1, "A");
        append(&s, "d");
        store_close(steal(s.store));
        sim_host_crash(host, SECOND);
        sim_run(sim, 2 * SECOND);
        open_again(&s);
        ck_assert_uint_eq(store_epoch(s.store), 1);
        holds(&s, "1[A] 2:b 3:c 4:d");
        stage_fini(&s);
        sim_destroy(sim);
    }
}
END_TEST

START_TEST(batch_is_found_as_a_whole_or_not_at_all)
{
    struct stage s = stage_real(&actor_disk_real);
    struct segment_entry entries[] = {
        { .type = SEGMENT_TYPE_APPEND, .data = "x", .size = 1 },
        { .type = SEGMENT_TYPE_APPEND, .data = "y", .size = 1 },
        { .type = SEGMENT_TYPE_APPEND, .data = "", .size = 0 },
    };

    open_again(&s);
    promise(&s);
    ck_assert_ptr_null(store_append(s.store, 1, entries, 3));
    ck_assert_uint_eq(entries[2].position, 3);
    ck_assert_uint_eq(entries[2].epoch, 1);
    holds(&s, "1:x 2:y 3:");
    stage_fini(&s);
}
END_TEST

START_TEST(torn_batch_is_cut_off_with_a_word_and_its_place_is_used_again)
{
    static const uint8_t zeroes[REPLOG_SECTOR];
    struct stage s = stage_real(&actor_disk_real);
    autofree char *large = xmalloc(2001);

    memset(large, 'x', 2000);
    large[2000] = '\0';
    open_again(&s);
    promise(&s);
    append(&s, "a");
    append(&s, large);
    overwrite(&s, SEGMENT_1, zeroes, sizeof zeroes,
              2 * SEGMENT_PAGE + 2 * REPLOG_SECTOR);

    /* As if nobody had been told of the second. */
    open_again(&s);
    holds(&s, "1:a");
    append(&s, "b");
    open_again(&s);
    holds(&s, "1:a 2:b");
    stage_fini(&s);
}
END_TEST

START_TEST(epochs_grow_and_old_ones_cannot_write)
{
    struct stage s = stage_real(&actor_disk_real);
    struct segment_entry entry = { .type = SEGMENT_TYPE_APPEND };
    struct error *error;

    open_again(&s);
    error = store_append(s.store, 0, &entry, 1);
    ck_assert_int_eq(error_code(error), ERROR_STALE);
    error_destroy(error);
    ck_assert_ptr_null(store_promise(s.store, 7));
    error = store_promise(s.store, 7);
    ck_assert_int_eq(error_code(error), ERROR_STALE);
    error_destroy(error);
    error = store_append(s.store, 6, &entry, 1);
    ck_assert_int_eq(error_code(error), ERROR_STALE);
    error_destroy(error);
    ck_assert_ptr_null(store_append(s.store, 7, &entry, 1));
    open_again(&s);
    ck_assert_uint_eq(store_epoch(s.store), 7);
    stage_fini(&s);
}
END_TEST

START_TEST(segments_end_and_go_when_a_snapshot_has_what_was_in_them)
{
    struct stage s = stage_real(&actor_disk_real);
    struct place p = place_of(&s);

    s.segment_size = STORE_SEGMENT_SIZE_MIN;
    open_again(&s);
    promise(&s);
    append(&s, "a");
    append(&s, "b");
    append(&s, "c");
    ck_assert(place_exists(&p, SEGMENT_1));
    ck_assert(place_exists(&p, "segment-00000000000000000003"));
    uint64_t size = store_size(s.store);

    snapshot(&s, 2, "ab");
    ck_assert(!place_exists(&p, SEGMENT_1));
    ck_assert(place_exists(&p, "segment-00000000000000000003"));
    ck_assert_uint_lt(store_size(s.store), size);
    snapshot(&s, 3, "abc");
    ck_assert(!place_exists(&p, SNAPSHOT_2));
    append(&s, "d");
    holds(&s, "3[abc] 4:d");
    open_again(&s);
    holds(&s, "3[abc] 4:d");
    stage_fini(&s);
}
END_TEST

START_TEST(snapshot_is_of_a_state_that_there_was)
{
    struct stage s = stage_real(&actor_disk_real);
    struct snapshot *new;

    open_again(&s);
    promise(&s);
    append(&s, "a");
    for (uint64_t position = 0; position < 3; position += 2) {
        autoerror *error = store_new_snapshot(s.store, position, &new);

        ck_assert_int_eq(error_code(error), ERROR_INVALID);
    }
    stage_fini(&s);
}
END_TEST

/* Copies a file of the fixture, which stays as it is. */
static void
copy_fixture(const struct stage *s, const char *name)
{
    autofree char *relative = xasprintf("tests/fixtures/replog-v1/%s", name);
    autofree char *path = test_source_path(relative);
    struct place p = place_of(s);
    uint8_t *data;
    size_t size;

    ck_assert_ptr_null(storage_read_whole(&actor_disk_real, path, 1 << 20,
                                          &data, &size));
    place_put(&p, name, "");
    overwrite(s, name, data, size, 0);
    free(data);
}

START_TEST(log_of_version_1_is_read_for_ever)
{
    struct stage s = stage_real(&actor_disk_real);

    ck_assert_int_eq(actor_disk_make_path(s.disk, s.directory, 0755), 0);
    copy_fixture(&s, "metadata");
    copy_fixture(&s, SNAPSHOT_2);
    copy_fixture(&s, "segment-00000000000000000002");
    copy_fixture(&s, "segment-00000000000000000003");
    copy_fixture(&s, "segment-00000000000000000004");
    open_again(&s);
    ck_assert_uint_eq(store_epoch(s.store), 2);
    holds(&s, "2[the state after two] 3:third 4:");
    promise(&s);
    append(&s, "fifth");
    open_again(&s);
    holds(&s, "2[the state after two] 3:third 4: 5:fifth");
    stage_fini(&s);
}
END_TEST

/* --- what is refused --- */

START_TEST(directory_has_one_opener)
{
    struct stage s = stage_real(&actor_disk_real);
    struct stage other = s;

    open_again(&s);
    autoerror *error = try_open(&other);
    ck_assert_int_eq(error_code(error), ERROR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error_text(error), "/lock' is locked"));
    stage_fini(&s);
}
END_TEST

START_TEST(strange_files_are_refused)
{
    struct stage s = stage_real(&actor_disk_real);
    struct place p = place_of(&s);

    open_again(&s);
    place_put(&p, "notes.txt", "mine");
    refuses(&s, ERROR_INVALID, "/notes.txt' does not belong to a log");
    place_put(&p, "CURRENT", "MANIFEST-000002\n");
    refuses(&s, ERROR_UNSUPPORTED, "holds a replicated log as Mesos keeps it");
    place_unlink(&p, "CURRENT");
    place_unlink(&p, "notes.txt");
    place_mkdir(&p, "lost+found");
    open_again(&s);
    stage_fini(&s);
}
END_TEST

START_TEST(what_was_never_finished_is_removed)
{
    struct stage s = stage_real(&actor_disk_real);
    struct place p = place_of(&s);

    open_again(&s);
    place_put(&p, "metadata.new", "");
    place_put(&p, SEGMENT_1 ".new", "x");
    place_put(&p, SNAPSHOT_2 ".new", "y");
    open_again(&s);
    ck_assert(!place_exists(&p, "metadata.new"));
    ck_assert(!place_exists(&p, SEGMENT_1 ".new"));
    ck_assert(!place_exists(&p, SNAPSHOT_2 ".new"));
    stage_fini(&s);
}
END_TEST

static struct stage
stage_with_entries(void)
{
    struct stage s = stage_real(&actor_disk_real);

    s.segment_size = STORE_SEGMENT_SIZE_MIN;
    open_again(&s);
    promise(&s);
    append(&s, "a");
    append(&s, "b");
    append(&s, "c");
    return s;
}

START_TEST(missing_files_are_missed)
{
    struct stage s = stage_with_entries();
    struct place p = place_of(&s);

    store_close(steal(s.store));
    place_move(&p, SEGMENT_1, "../x");
    refuses(&s, ERROR_PARSE, "entries are missing: there is nothing from "
            "position 1 to 1");
    place_move(&p, "../x", SEGMENT_1);
    place_move(&p, "segment-00000000000000000002", "../x");
    refuses(&s, ERROR_PARSE, "entries are missing: there is nothing from "
            "position 2 to 2");
    place_move(&p, "../x", "segment-00000000000000000002");
    place_move(&p, "metadata", "../x");
    refuses(&s, ERROR_PARSE, "/metadata' is missing, and there are 3 segments "
            "and 0 snapshots");
    place_move(&p, "../x", "metadata");
    open_again(&s);
    holds(&s, "1:a 2:b 3:c");
    stage_fini(&s);
}
END_TEST

START_TEST(log_that_ends_before_it_did_is_refused)
{
    struct stage s = stage_with_entries();
    struct place p = place_of(&s);

    promise(&s);
    store_close(steal(s.store));
    place_move(&p, "segment-00000000000000000003", "../x");
    refuses(&s, ERROR_PARSE, "entries are missing: the log ends at position 2,"
            " and had one at 3 when epoch 2 began");
    stage_fini(&s);
}
END_TEST

START_TEST(damage_names_file_and_offset)
{
    struct stage s = stage_with_entries();
    struct place p = place_of(&s);

    store_close(steal(s.store));
    overwrite(&s, SEGMENT_1, "?", 1, SEGMENT_PAGE + 100);
    refuses(&s, ERROR_PARSE, "/" SEGMENT_1 "': damaged at offset 4096: a "
            "sector does not have its checksum");
    overwrite(&s, SEGMENT_1, "\0", 1, SEGMENT_PAGE + 100);
    open_again(&s);
    store_close(steal(s.store));
    overwrite(&s, "metadata", "?", 1, 100);
    refuses(&s, ERROR_PARSE, "/metadata': the header is damaged");
    place_put(&p, "metadata", "");
    refuses(&s, ERROR_PARSE, "/metadata': the header is cut off");
    stage_fini(&s);
}
END_TEST

START_TEST(damaged_snapshot_is_refused)
{
    struct stage s = stage_with_entries();
    struct place p = place_of(&s);

    snapshot(&s, 2, "ab");
    store_close(steal(s.store));
    overwrite(&s, SNAPSHOT_2, "x", 1, REPLOG_SECTOR);
    refuses(&s, ERROR_PARSE, "/" SNAPSHOT_2 "': damaged at offset 512: the "
            "checksum of what follows is");
    place_cut(&p, SNAPSHOT_2, REPLOG_SECTOR + 1);
    refuses(&s, ERROR_PARSE, "/" SNAPSHOT_2 "': damaged at offset 513: there "
            "should be 2 bytes behind the header, and there are 1");
    stage_fini(&s);
}
END_TEST

START_TEST(files_of_another_log_are_refused)
{
    struct stage a = stage_with_entries(), b = stage_real(&actor_disk_real);
    const struct store_options options = {
        .disk = b.disk, .directory = b.directory, .id = "another log",
    };

    ck_assert_ptr_null(store_open(&options, &b.store));
    promise(&b);
    append(&b, "x");
    autofree char *from = xasprintf("%s/" SEGMENT_1, b.directory);
    autofree char *to = xasprintf("%s/" SEGMENT_1, a.directory);

    ck_assert_int_eq(actor_disk_rename(a.disk, from, to), 0);
    refuses(&a, ERROR_PARSE, "/" SEGMENT_1 "': it is of another log");
    stage_fini(&a);
    stage_fini(&b);
}
END_TEST

START_TEST(old_metadata_is_noticed)
{
    struct stage s = stage_with_entries();
    struct place p = place_of(&s);
    uint8_t *old = xmalloc(REPLOG_SECTOR);
    int fd = place_open(&p, "metadata", O_RDONLY);

    ck_assert_int_eq(actor_disk_pread(s.disk, fd, old, REPLOG_SECTOR, 0),
                     REPLOG_SECTOR);
    actor_disk_close(s.disk, &fd);
    promise(&s);
    append(&s, "d");
    store_close(steal(s.store));
    overwrite(&s, "metadata", old, REPLOG_SECTOR, 0);
    refuses(&s, ERROR_PARSE, "was written in epoch 2, and only 1 was "
            "promised");
    free(old);
    stage_fini(&s);
}
END_TEST

START_TEST(segment_sizes_are_bounded)
{
    struct stage s = stage_real(&actor_disk_real);

    s.segment_size = STORE_SEGMENT_SIZE_MIN - 1;
    refuses(&s, ERROR_INVALID, "segments of 8191 bytes");
    s.segment_size = STORE_SEGMENT_SIZE_MAX + 1;
    refuses(&s, ERROR_INVALID, "segments of 134217729 bytes");
    stage_fini(&s);
}
END_TEST

START_TEST(too_large_an_entry_is_refused)
{
    struct stage s = stage_real(&actor_disk_real);
    struct segment_entry entry = {
        .type = SEGMENT_TYPE_APPEND, .size = REPLOG_ENTRY_MAX + 1,
        .data = xcalloc(1, REPLOG_ENTRY_MAX + 1),
    };

    open_again(&s);
    promise(&s);
    autoerror *error = store_append(s.store, 1, &entry, 1);
    ck_assert_int_eq(error_code(error), ERROR_TOO_LARGE);
    entry.size--;
    ck_assert_ptr_null(store_append(s.store, 1, &entry, 1));
    open_again(&s);
    ck_assert_uint_eq(store_end(s.store), 1);
    free((void *) entry.data);
    stage_fini(&s);
}
END_TEST

/* --- disks that fail --- */

START_TEST(full_disk_fails_appends_until_there_is_room)
{
    struct faulty_disk disk;

    faulty_disk_init(&disk);
    for (long room = 0; room < 6 * REPLOG_SECTOR; room += 100) {
        struct stage s = stage_real(&disk.disk);
        autofree char *large = xmalloc(2001);

        memset(large, 'x', 2000);
        large[2000] = '\0';
        disk.room = -1;
        open_again(&s);
        promise(&s);
        append(&s, "a");
        disk.room = room;
        autoerror *error = try_append(&s, large);
        ck_assert_ptr_nonnull(strstr(error_text(error), "No space left"));
        ck_assert(!store_has_stopped(s.store));
        holds(&s, "1:a");
        disk.room = -1;
        append(&s, "b");
        append(&s, "c");
        open_again(&s);
        holds(&s, "1:a 2:b 3:c");
        stage_fini(&s);
    }
}
END_TEST

START_TEST(log_that_was_left_with_a_full_disk_is_opened_again)
{
    struct faulty_disk disk;
    struct stage s;

    faulty_disk_init(&disk);
    s = stage_real(&disk.disk);
    open_again(&s);
    promise(&s);
    append(&s, "a");
    disk.room = 700;
    autoerror *error = try_append(&s, "b");
    ck_assert_ptr_nonnull(error);
    disk.room = -1;
    open_again(&s);
    append(&s, "c");
    open_again(&s);
    ck_assert_uint_ge(store_end(s.store), 2);
    stage_fini(&s);
}
END_TEST

START_TEST(short_writes_are_gone_on_with)
{
    struct faulty_disk disk;
    struct stage s;

    faulty_disk_init(&disk);
    disk.write_max = 300;
    s = stage_real(&disk.disk);
    s.segment_size = STORE_SEGMENT_SIZE_MIN;
    open_again(&s);
    promise(&s);
    append(&s, "a");
    append(&s, "b");
    snapshot(&s, 1, "A");
    open_again(&s);
    holds(&s, "1[A] 2:b");
    stage_fini(&s);
}
END_TEST

/* What a writer does; it stops at the first error and says how many appends
 * were answered. */
static struct error *
try_work(struct stage *s, uint64_t *ret_n)
{
    struct snapshot *new = NULL;
    struct error *error = try_open(s);

    if (!error) {
        error = store_promise(s->store, store_epoch(s->store) + 1);
    }
    for (uint64_t i = 0; !error && i < 3; i++) {
        error = try_append(s, "x");
        *ret_n += !error;
    }
    if (!error) {
        error = store_new_snapshot(s->store, 2, &new);
    }
    if (!error) {
        error = snapshot_write(new, "xx", 2);
    }
    if (!error) {
        error = store_install(s->store, new);
    }
    snapshot_destroy(new);
    return error;
}

START_TEST(error_at_any_call_loses_nothing_that_was_answered)
{
    bool done = false;

    for (long fail_at = 0; !done; fail_at++) {
        struct faulty_disk disk;
        struct stage s;
        uint64_t n = 0;

        faulty_disk_init(&disk);
        s = stage_real(&disk.disk);
        s.segment_size = STORE_SEGMENT_SIZE_MIN;
        disk.fail_at = fail_at;
        disk.rc = -EIO;
        struct error *error = try_work(&s, &n);

        done = disk.n_calls <= fail_at;
        ck_assert_msg(done || error, "call %ld", fail_at);
        if (error && s.store && n > 0 && n < 3) {
            ck_assert(store_has_stopped(s.store));
            autoerror *again = try_append(&s, "y");
            ck_assert_ptr_nonnull(strstr(error_text(again), "has stopped"));
        }
        error_destroy(error);
        disk.fail_at = -1;
        open_again(&s);
        ck_assert_uint_ge(store_end(s.store), n);
        ck_assert_uint_le(store_end(s.store), 3);
        stage_fini(&s);
    }
}
END_TEST

START_TEST(batch_is_one_sync)
{
    struct faulty_disk disk;
    struct stage s;

    faulty_disk_init(&disk);
    s = stage_real(&disk.disk);
    open_again(&s);
    promise(&s);
    append(&s, "a");
    long before = disk.n_syncs;

    append(&s, "b");
    ck_assert_int_eq(disk.n_syncs, before + 1);
    stage_fini(&s);
}
END_TEST

static Suite *
store_suite(void)
{
    Suite *suite = suite_create("replog_store");

    test_add(suite, "real", log_is_found_as_it_was_left_on_the_real_disk);
    test_add(suite, "sim", log_is_found_as_it_was_left_on_the_simulated_disk);
    test_add(suite, "power", what_was_answered_survives_a_power_failure);
    test_add(suite, "batch", batch_is_found_as_a_whole_or_not_at_all);
    test_add(suite, "torn",
             torn_batch_is_cut_off_with_a_word_and_its_place_is_used_again);
    test_add(suite, "epochs", epochs_grow_and_old_ones_cannot_write);
    test_add(suite, "segments",
             segments_end_and_go_when_a_snapshot_has_what_was_in_them);
    test_add(suite, "snapshot", snapshot_is_of_a_state_that_there_was);
    test_add(suite, "version-1", log_of_version_1_is_read_for_ever);
    test_add(suite, "lock", directory_has_one_opener);
    test_add(suite, "foreign", strange_files_are_refused);
    test_add(suite, "unfinished", what_was_never_finished_is_removed);
    test_add(suite, "missing", missing_files_are_missed);
    test_add(suite, "short", log_that_ends_before_it_did_is_refused);
    test_add(suite, "damage", damage_names_file_and_offset);
    test_add(suite, "snapshot-damage", damaged_snapshot_is_refused);
    test_add(suite, "other-log", files_of_another_log_are_refused);
    test_add(suite, "old-metadata", old_metadata_is_noticed);
    test_add(suite, "segment-size", segment_sizes_are_bounded);
    test_add(suite, "large", too_large_an_entry_is_refused);
    test_add(suite, "full", full_disk_fails_appends_until_there_is_room);
    test_add(suite, "left-full",
             log_that_was_left_with_a_full_disk_is_opened_again);
    test_add(suite, "short-writes", short_writes_are_gone_on_with);
    test_add(suite, "errors",
             error_at_any_call_loses_nothing_that_was_answered);
    test_add(suite, "syncs", batch_is_one_sync);
    return suite;
}

TEST_MAIN(store_suite)
