/* SPDX-License-Identifier: Apache-2.0
 *
 * test_checkpoint.c - what an agent keeps on disk: the format, byte for byte,
 * and a journal that power failures tear. */
#include <config.h>

#include "agent/checkpoint/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "agent/checkpoint/format.h"
#include "agent/checkpoint/journal.h"
#include "tests/lib/test.h"

/* --- files --- */

/* As version 1 writes it: this must be readable for ever. */
#define FILE_1 "cmesos-checkpoint 1 1 forked.pid 5 7d931721\n1234\n"

START_TEST(file_is_written_as_it_always_was)
{
    autofini(strbuf) file = STRBUF(STRBUF_UNLIMITED);

    checkpoint_encode(&file, "forked.pid", "1234\n", 5);

    ck_assert_str_eq(file.data, FILE_1);
}
END_TEST

START_TEST(file_of_version_1_is_read)
{
    const void *content;
    size_t size;

    ck_assert_ptr_null(checkpoint_decode(FILE_1, strlen(FILE_1), "forked.pid",
                                         &content, &size));
    ck_assert_uint_eq(size, 5);
    ck_assert_mem_eq(content, "1234\n", 5);
}
END_TEST

static const struct {
    const char *file;
    const char *text;
} wrong_files[] = {
    { "", "offset 0: not a checkpoint" },
    { "cmesos-checkpoint 1 1 forked.pid 5 7d931721",
      "offset 0: the first line is damaged" },
    { "cmesos-checkpoint 1 1 forked.pid 05 7d931721\n1234\n",
      "offset 0: the first line is damaged" },
    { "cmesos-checkpoint 1 1 executor.info 5 7d931721\n1234\n",
      "offset 0: this is 'executor.info' and not 'forked.pid'" },
    { "cmesos-checkpoint 1 1 forked.pid 5 7d931721\n123",
      "offset 44: expected 5 bytes instead of 3" },
    { "cmesos-checkpoint 1 1 forked.pid 5 7d931721\n1235\n",
      "offset 44: the checksum does not match" },
    { "cmesos-checkpoint 3 2 forked.pid 5 7d931721\n1234\n",
      "offset 0: written in version 3, which takes version 2 to read; this "
      "is version 1" },
};

START_TEST(file_that_is_wrong_says_where)
{
    const void *content;
    size_t size;
    struct error *error =
        checkpoint_decode(wrong_files[_i].file, strlen(wrong_files[_i].file),
                          "forked.pid", &content, &size);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), wrong_files[_i].text);
    error_destroy(error);
}
END_TEST

START_TEST(newer_file_that_we_can_read_is_read)
{
    const char *file = "cmesos-checkpoint 9 1 forked.pid 5 7d931721\n1234\n";
    const void *content;
    size_t size;

    ck_assert_ptr_null(checkpoint_decode(file, strlen(file), "forked.pid",
                                         &content, &size));
}
END_TEST

/* --- logs --- */

struct records {
    struct strbuf text;
};

static struct error *
note(void *records_, uint64_t offset UNUSED, const void *payload, size_t size)
{
    struct records *records = records_;

    strbuf_append_bytes(&records->text, payload, size);
    strbuf_append_char(&records->text, ' ');
    return NULL;
}

static void
append(struct strbuf *log, const char *text)
{
    checkpoint_log_record(log, log->len, text, strlen(text));
}

/* Three records; '*ret_at' is where each begins, and the end. */
static void
make_log(struct strbuf *log, size_t ret_at[4])
{
    checkpoint_log_begin(log, "task.updates");
    ret_at[0] = log->len;
    append(log, "one");
    ret_at[1] = log->len;
    append(log, "two");
    ret_at[2] = log->len;
    append(log, "three");
    ret_at[3] = log->len;
}

static struct error *
read_log(const void *data, size_t size, struct records *records,
         size_t *ret_good)
{
    strbuf_init(&records->text, STRBUF_UNLIMITED);
    return checkpoint_log_read(data, size, "task.updates", note, records,
                               ret_good);
}

#define LOG_1 \
    "cmesos-checkpoint 1 1 task.updates 0 00000000\n" \
    "\x03\x00\x00\x00\x72\x60\xa0\x06" "one"

START_TEST(log_is_as_it_always_was)
{
    autofini(strbuf) log = STRBUF(STRBUF_UNLIMITED);

    checkpoint_log_begin(&log, "task.updates");
    append(&log, "one");

    ck_assert_uint_eq(log.len, sizeof LOG_1 - 1);
    ck_assert_mem_eq(log.data, LOG_1, log.len);
}
END_TEST

START_TEST(log_that_is_cut_anywhere_has_what_came_before)
{
    static const char *const wanted[] = { "", "one ", "one two " };
    autofini(strbuf) log = STRBUF(STRBUF_UNLIMITED);
    size_t at[4];

    make_log(&log, at);
    for (size_t size = 0; size < log.len; size++) {
        struct records records;
        size_t good;
        unsigned n = size < at[1] ? 0 : size < at[2] ? 1 : 2;

        ck_assert_ptr_null(read_log(log.data, size, &records, &good));
        ck_assert_str_eq(records.text.data, wanted[n]);
        ck_assert_uint_eq(good, size < at[0] ? 0 : at[n]);
        strbuf_fini(&records.text);
    }
}
END_TEST

START_TEST(log_with_any_byte_of_its_last_record_wrong_is_cut_there)
{
    autofini(strbuf) log = STRBUF(STRBUF_UNLIMITED);
    size_t at[4];

    make_log(&log, at);
    for (size_t i = at[2]; i < at[3]; i++) {
        struct records records;
        size_t good;

        log.data[i] ^= 0x10;
        ck_assert_ptr_null(read_log(log.data, log.len, &records, &good));
        ck_assert_str_eq(records.text.data, "one two ");
        ck_assert_uint_eq(good, at[2]);
        log.data[i] ^= 0x10;
        strbuf_fini(&records.text);
    }
}
END_TEST

START_TEST(log_with_any_byte_before_that_wrong_is_damaged)
{
    autofini(strbuf) log = STRBUF(STRBUF_UNLIMITED);
    size_t at[4];

    make_log(&log, at);
    for (size_t i = 0; i < at[2]; i++) {
        struct records records;
        size_t good;

        log.data[i] ^= 0x10;
        struct error *error = read_log(log.data, log.len, &records, &good);
        ck_assert_msg(error != NULL, "byte %zu", i);
        ck_assert_ptr_nonnull(strstr(error_text(error), "offset "));
        error_destroy(error);
        log.data[i] ^= 0x10;
        strbuf_fini(&records.text);
    }
}
END_TEST

/* --- changes --- */

static struct error *
never(void *aux UNUSED, const struct checkpoint_change *change UNUSED)
{
    ck_abort_msg("it was taken for a change");
    return NULL;
}

START_TEST(change_outside_of_meta_is_refused)
{
    static const char *const paths[] = {
        "", "/etc/passwd", "../x", "a/../b", "a//b", "a/.", "a/",
    };
    autofini(strbuf) payload = STRBUF(STRBUF_UNLIMITED);
    struct checkpoint_change change = {
        .type = CHECKPOINT_REMOVE, .path = paths[_i],
    };

    checkpoint_change_encode(&payload, &change);
    struct error *error = checkpoint_changes_decode(payload.data, payload.len,
                                                    never, NULL);
    ck_assert_ptr_nonnull(error);
    error_destroy(error);
}
END_TEST

/* --- the journal --- */

#define META "/w/meta"

struct machine {
    struct sim *sim;
    struct sim_host *host;
    const struct actor_disk *disk;
    struct journal *journal;
};

static struct machine
machine_create(uint64_t seed)
{
    struct machine m = {
        .sim = sim_create(&(struct sim_options) { .seed = seed }),
    };

    m.host = sim_add_host(m.sim, "host");
    m.disk = sim_host_disk(m.host);
    ck_assert_int_eq(actor_disk_make_path(m.disk, META, 0755), 0);
    ck_assert_int_eq(actor_disk_fsync_directory(m.disk, "/w"), 0);
    ck_assert_int_eq(actor_disk_fsync_directory(m.disk, "/"), 0);
    m.journal = journal_create(m.disk, META, 1);
    return m;
}

static void
machine_destroy(struct machine *m)
{
    journal_destroy(m->journal);
    sim_destroy(m->sim);
}

/* File 'i' gets a text, and the log grows by it. */
static void
make_payload(struct strbuf *payload, unsigned i, uint64_t *log_size)
{
    autofree char *path = xasprintf("a/f%u/x", i);
    autofree char *text = xasprintf("text %u", i);
    autofini(strbuf) file = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) record = STRBUF(STRBUF_UNLIMITED);
    struct checkpoint_change change = {
        .type = CHECKPOINT_WRITE, .path = path,
    };

    checkpoint_encode(&file, "x", text, strlen(text));
    change.data = file.data;
    change.size = file.len;
    checkpoint_change_encode(payload, &change);

    if (*log_size == 0) {
        checkpoint_log_begin(&record, "log");
    }
    checkpoint_log_record(&record, *log_size + record.len, text,
                          strlen(text));
    change = (struct checkpoint_change) {
        .type = CHECKPOINT_APPEND, .path = "b/log", .offset = *log_size,
        .data = record.data, .size = record.len,
    };
    checkpoint_change_encode(payload, &change);
    *log_size += record.len;
    change = (struct checkpoint_change) {
        .type = CHECKPOINT_LINK, .path = "a/latest", .data = path,
        .size = strlen(path),
    };
    checkpoint_change_encode(payload, &change);
}

static void
ck_step(struct machine *m, unsigned i, uint64_t *log_size, bool apply)
{
    autofini(strbuf) payload = STRBUF(STRBUF_UNLIMITED);

    make_payload(&payload, i, log_size);
    ck_assert_ptr_null(journal_write(m->journal, payload.data, payload.len));
    if (apply) {
        ck_assert_ptr_null(checkpoint_changes_apply(m->disk, META,
                                                    payload.data,
                                                    payload.len, false));
    }
}

static struct error *
count(void *n, uint64_t offset UNUSED, const void *payload, size_t size)
{
    autofree char *text = xasprintf("text %u", *(unsigned *) n);

    ck_assert_uint_eq(size, strlen(text));
    ck_assert_mem_eq(payload, text, size);
    ++*(unsigned *) n;
    return NULL;
}

/* All of the first 'n' files are there, and the log has as many records. */
static void
ck_all(struct machine *m, unsigned n)
{
    unsigned n_records = 0;
    uint64_t size;
    char *latest;

    for (unsigned i = 0; i < n; i++) {
        autofree char *path = xasprintf(META "/a/f%u/x", i);
        autofree char *text = xasprintf("text %u", i);
        autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);
        struct error *error = checkpoint_read(m->disk, path, "x", &content);

        ck_assert_msg(!error, "%s", error ? error_text(error) : "");
        ck_assert_str_eq(content.data, text);
    }
    ck_assert_ptr_null(checkpoint_read_log(m->disk, META "/b/log", "log",
                                           count, &n_records, &size));
    ck_assert_uint_eq(n_records, n);
    ck_assert_int_eq(actor_disk_realpath(m->disk, META "/a/latest", &latest),
                     0);
    autofree char *wanted = xasprintf(META "/a/f%u/x", n - 1);
    ck_assert_str_eq(latest, wanted);
    free(latest);
}

static void
crash(struct machine *m)
{
    sim_host_crash(m->host, SECOND);
    sim_run(m->sim, 2 * SECOND);
}

START_TEST(power_failure_loses_nothing_that_is_in_the_journal)
{
    struct machine m = machine_create((uint64_t) _i);
    unsigned n = 1 + (unsigned) sim_draw(m.sim, 20);
    uint64_t size = 0, next;

    for (unsigned i = 0; i < n; i++) {
        ck_step(&m, i, &size, true);
        if (sim_draw(m.sim, 4) == 0) {
            journal_rotate(m.journal);
        }
        if (sim_draw(m.sim, 6) == 0) {
            ck_assert_ptr_null(journal_settle(m.disk, META,
                                              m.journal->number));
        }
    }
    journal_destroy(steal(m.journal));
    crash(&m);
    ck_assert_ptr_null(journal_replay(m.disk, META, &next));

    ck_all(&m, n);

    /* What was replayed is settled, and needs no journal any more. */
    ck_assert_ptr_null(journal_settle(m.disk, META, next));
    crash(&m);
    ck_assert_ptr_null(journal_replay(m.disk, META, &next));
    ck_assert_uint_eq(next, 1);
    ck_all(&m, n);
    machine_destroy(&m);
}
END_TEST

START_TEST(what_was_not_applied_is_replayed)
{
    struct machine m = machine_create(1);
    uint64_t size = 0, next;

    ck_step(&m, 0, &size, true);
    ck_step(&m, 1, &size, false);

    ck_assert_ptr_null(journal_replay(m.disk, META, &next));
    ck_assert_uint_eq(next, 2);
    ck_all(&m, 2);
    machine_destroy(&m);
}
END_TEST

static void
scribble(struct machine *m, const char *text, uint64_t offset)
{
    int fd = actor_disk_open(m->disk, META "/b/log", O_WRONLY, 0);

    ck_assert_int_eq(actor_disk_pwrite(m->disk, fd, text, strlen(text),
                                       (off_t) offset),
                     (ssize_t) strlen(text));
    actor_disk_close(m->disk, &fd);
}

/* What cannot be read at its end shows that nobody wrote or cut it. */
START_TEST(log_that_has_it_all_is_left_alone)
{
    struct machine m = machine_create(1);
    uint64_t size = 0, next;
    struct stat info;

    for (unsigned i = 0; i < 3; i++) {
        ck_step(&m, i, &size, true);
    }
    scribble(&m, "torn", size);

    ck_assert_ptr_null(journal_replay(m.disk, META, &next));
    ck_all(&m, 3);
    ck_assert_int_eq(actor_disk_stat(m.disk, META "/b/log", &info), 0);
    ck_assert_uint_eq((uint64_t) info.st_size, size + 4);
    machine_destroy(&m);
}
END_TEST

START_TEST(log_that_is_wrong_anywhere_is_made_good)
{
    struct machine m = machine_create(1);
    uint64_t size = 0, next;

    for (unsigned i = 0; i < 3; i++) {
        ck_step(&m, i, &size, true);
    }
    scribble(&m, "\x01", size * (unsigned) _i / 8);

    ck_assert_ptr_null(journal_replay(m.disk, META, &next));
    ck_all(&m, 3);
    machine_destroy(&m);
}
END_TEST

START_TEST(append_to_a_file_that_was_removed_is_passed_over)
{
    struct machine m = machine_create(1);
    uint64_t size = 0, next;
    struct stat info;

    ck_step(&m, 0, &size, true);
    journal_rotate(m.journal);
    ck_assert_ptr_null(journal_settle(m.disk, META, m.journal->number));
    ck_step(&m, 1, &size, true);
    ck_assert_int_eq(actor_disk_unlink(m.disk, META "/b/log"), 0);

    ck_assert_ptr_null(journal_replay(m.disk, META, &next));
    ck_assert_int_eq(actor_disk_stat(m.disk, META "/b/log", &info), -2);
    machine_destroy(&m);
}
END_TEST

START_TEST(damage_in_the_journal_names_file_and_offset)
{
    struct machine m = machine_create(1);
    uint64_t size = 0, next;
    uint64_t at;

    ck_step(&m, 0, &size, true);
    at = m.journal->size;
    ck_step(&m, 1, &size, true);
    ck_step(&m, 2, &size, true);
    int fd = actor_disk_open(m.disk, META "/journal/1", O_WRONLY, 0);
    ck_assert_int_eq(actor_disk_pwrite(m.disk, fd, "x", 1, (off_t) at + 20),
                     1);
    actor_disk_close(m.disk, &fd);

    struct error *error = journal_replay(m.disk, META, &next);
    autofree char *text = xasprintf("'" META "/journal/1': offset %" PRIu64
                                    ": the record is damaged", at);
    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), text);
    error_destroy(error);
    machine_destroy(&m);
}
END_TEST

static void
add_loop(Suite *suite, const char *name, const TTest *test, size_t n)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test, 0, (int) n);
    suite_add_tcase(suite, tcase);
}

static Suite *
checkpoint_suite(void)
{
    Suite *suite = suite_create("checkpoint");

    test_add(suite, "written", file_is_written_as_it_always_was);
    test_add(suite, "version", file_of_version_1_is_read);
    add_loop(suite, "wrong", file_that_is_wrong_says_where,
             ARRAY_SIZE(wrong_files));
    test_add(suite, "newer", newer_file_that_we_can_read_is_read);
    test_add(suite, "log", log_is_as_it_always_was);
    test_add(suite, "cut", log_that_is_cut_anywhere_has_what_came_before);
    test_add(suite, "tail",
             log_with_any_byte_of_its_last_record_wrong_is_cut_there);
    test_add(suite, "damage",
             log_with_any_byte_before_that_wrong_is_damaged);
    add_loop(suite, "outside", change_outside_of_meta_is_refused, 7);
    add_loop(suite, "power",
             power_failure_loses_nothing_that_is_in_the_journal, 60);
    test_add(suite, "replay", what_was_not_applied_is_replayed);
    test_add(suite, "whole log", log_that_has_it_all_is_left_alone);
    add_loop(suite, "wrong log", log_that_is_wrong_anywhere_is_made_good, 8);
    test_add(suite, "removed",
             append_to_a_file_that_was_removed_is_passed_over);
    test_add(suite, "journal damage",
             damage_in_the_journal_names_file_and_offset);
    return suite;
}

TEST_MAIN(checkpoint_suite)
