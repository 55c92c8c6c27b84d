/* SPDX-License-Identifier: Apache-2.0
 *
 * test_replog_segment.c - segments say again what was written, and tell what
 * was never written from what was damaged. */
#include <config.h>

#include "replog/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "replog/bytes.h"
#include "replog/crc32c.h"
#include "replog/replog.h"
#include "tests/lib/test.h"

#define FILE_SIZE ((size_t) 64 << 10)

static const uint8_t id[REPLOG_ID_SIZE] = "the log's own id";
static const uint8_t other_id[REPLOG_ID_SIZE] = "of another log!";

/* A segment in memory; position 7 is its first. */
struct file {
    uint8_t bytes[FILE_SIZE];
    size_t end;
    uint64_t next;
};

static void
begin(struct file *f)
{
    struct header header = {
        .kind = HEADER_KIND_SEGMENT, .position = 7, .epoch = 1,
    };

    memset(f, 0, sizeof *f);
    memcpy(header.id, id, sizeof id);
    header_encode(&header, f->bytes);
    f->end = SEGMENT_PAGE;
    f->next = 7;
}

/* Appends a batch of 'n' entries of 'size' bytes each, all 'fill'. */
static void
add(struct file *f, size_t n, size_t size, char fill)
{
    struct segment_entry entries[8];
    autofree char *data = xmalloc(size + 1);

    memset(data, fill, size + 1);
    for (size_t i = 0; i < n; i++) {
        entries[i] = (struct segment_entry) {
            SEGMENT_TYPE_APPEND, f->next++, 3, data, size,
        };
    }
    segment_encode_batch(entries, n, f->bytes + f->end);
    f->end += segment_batch_size(entries, n);
}

static struct error *
tell(void *text, const struct segment_entry *e)
{
    const char *data = e->data;

    strbuf_printf(text, "%" PRIu64 ":%zu%c ", e->position, e->size,
                  e->size > 0 ? data[0] ? data[0] : '0' : '-');
    ck_assert(e->size == 0 || memcmp(data, data + 1, e->size - 1) == 0);
    return NULL;
}

static struct error *
scan(const struct file *f, bool is_last, struct strbuf *text,
     struct segment_scan *ret)
{
    strbuf_clear(text);
    return segment_scan(f->bytes, sizeof f->bytes, 7, id, is_last, tell, text,
                        ret);
}

/* Scans a last segment in which nothing is wrong. */
static struct segment_scan
read_all(const struct file *f, const char *expected)
{
    autofini(strbuf) text = STRBUF(1000);
    struct segment_scan found;

    ck_assert_ptr_null(scan(f, true, &text, &found));
    ck_assert_str_eq(text.data, expected);
    return found;
}

static void
refused(const struct file *f, bool is_last, const char *expected)
{
    autofini(strbuf) text = STRBUF(1000);
    struct segment_scan found;
    autoerror *error = scan(f, is_last, &text, &found);

    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error_text(error), expected), "'%s' is not in '%s'",
                  expected, error_text(error));
}

START_TEST(checksum_is_castagnolis)
{
    uint8_t data[300];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t) (i * 37 + 11);
    }

    ck_assert_uint_eq(crc32c("123456789", 9), 0xe3069283);
    ck_assert_uint_eq(crc32c_extend_portable(0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(crc32c_extend(crc32c("1234", 4), "56789", 5),
                      0xe3069283);
    for (size_t at = 0; at < 9; at++) {
        for (size_t n = 0; n + at < sizeof data; n++) {
            ck_assert_uint_eq(crc32c_extend(5, data + at, n),
                              crc32c_extend_portable(5, data + at, n));
        }
    }
}
END_TEST

START_TEST(empty_segment_has_nothing_and_says_where_it_goes_on)
{
    static struct file f;

    begin(&f);

    struct segment_scan found = read_all(&f, "");
    ck_assert_uint_eq(found.next, 7);
    ck_assert_uint_eq(found.end, SEGMENT_PAGE);
    ck_assert_uint_eq(found.last_batch, SEGMENT_PAGE);
    ck_assert_uint_eq(found.torn_size, 0);
    ck_assert_uint_eq(found.epoch, 0);
}
END_TEST

START_TEST(batches_of_all_sizes_are_read_again)
{
    static struct file f;

    for (size_t size = 0; size < 3 * REPLOG_SECTOR; size++) {
        autofree char *text = xasprintf("7:%zu%c 8:%zu%c 9:0- ", size,
                                        size ? 'x' : '-', size,
                                        size ? 'x' : '-');

        begin(&f);
        add(&f, 2, size, 'x');
        add(&f, 1, 0, 0);

        struct segment_scan found = read_all(&f, text);
        ck_assert_uint_eq(found.next, 10);
        ck_assert_uint_eq(found.epoch, 3);
        ck_assert_uint_eq(found.end, f.end);
        ck_assert_uint_eq(found.last_batch, f.end - SEGMENT_PAGE);
    }
}
END_TEST

START_TEST(batches_begin_on_pages_of_their_own)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 1, 'a');
    ck_assert_uint_eq(f.end, 2 * SEGMENT_PAGE);
    add(&f, 1, 5000, 'b');
    ck_assert_uint_eq(f.end, 4 * SEGMENT_PAGE);
}
END_TEST

START_TEST(batch_of_which_any_sectors_are_missing_is_torn)
{
    static struct file f;
    const size_t at = 2 * SEGMENT_PAGE;

    for (unsigned lost = 1; lost < 1u << 4; lost++) {
        begin(&f);
        add(&f, 1, 10, 'a');
        add(&f, 1, 3 * REPLOG_SECTOR, '\0');    /* four sectors */
        for (unsigned i = 0; i < 4; i++) {
            if (lost & 1u << i) {
                memset(f.bytes + at + i * REPLOG_SECTOR, 0, REPLOG_SECTOR);
            }
        }

        struct segment_scan found = read_all(&f, "7:10a ");
        ck_assert_uint_eq(found.next, 8);
        ck_assert_uint_eq(found.end, at);
        ck_assert_uint_eq(found.torn_size, lost == 0xf ? 0 : SEGMENT_PAGE);
    }
}
END_TEST

START_TEST(a_bit_of_any_byte_that_flips_is_damage)
{
    static struct file f;
    autofini(strbuf) text = STRBUF(1000);
    struct segment_scan found;

    begin(&f);
    add(&f, 1, 10, 'a');
    add(&f, 2, 600, '\0');
    ck_assert_uint_eq(f.end, 3 * SEGMENT_PAGE);
    for (size_t at = 0; at < f.end; at++) {
        uint8_t bit = (uint8_t) (1 << (at + at / 8) % 8);

        f.bytes[at] ^= bit;

        autoerror *error = segment_scan(f.bytes, f.end, 7, id, true, tell,
                                        &text, &found);
        ck_assert_msg(error, "byte %zu", at);

        f.bytes[at] ^= bit;
    }
    read_all(&f, "7:10a 8:6000 9:6000 ");
}
END_TEST

START_TEST(damage_is_told_with_its_offset)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 1000, 'a');
    f.bytes[SEGMENT_PAGE + REPLOG_SECTOR + 100] ^= 1;

    refused(&f, true, "damaged at offset 4608: a sector does not have its "
            "checksum");
}
END_TEST

START_TEST(what_follows_the_last_batch_has_to_be_zero)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 10, 'a');
    f.bytes[f.end - 1] = 1;
    refused(&f, true, "damaged at offset 8191: there should be nothing");

    f.bytes[f.end - 1] = 0;
    f.bytes[sizeof f.bytes - 1] = 1;
    refused(&f, true, "damaged at offset 65024: a sector does not have");
}
END_TEST

START_TEST(batch_that_was_never_written_with_others_behind_is_damage)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 10, 'a');
    add(&f, 1, 10, 'b');
    add(&f, 1, 10, 'c');
    memset(f.bytes + 2 * SEGMENT_PAGE, 0, SEGMENT_PAGE);

    refused(&f, true, "damaged at offset 12288: sector 0 of 1 of the batch at "
            "position 9 where the batch at position 8 should be");
}
END_TEST

START_TEST(torn_batch_with_others_behind_is_damage)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 1000, 'a');
    add(&f, 1, 10, 'b');
    memset(f.bytes + SEGMENT_PAGE + REPLOG_SECTOR, 0, REPLOG_SECTOR);

    refused(&f, true, "damaged at offset 8192: there should be nothing");
}
END_TEST

START_TEST(only_the_last_segment_may_be_torn)
{
    static struct file f;

    begin(&f);
    add(&f, 1, 1000, 'a');
    memset(f.bytes + SEGMENT_PAGE, 0, REPLOG_SECTOR);

    refused(&f, false, "damaged at offset 4096: sectors of a batch are "
            "missing, and a later segment exists");
}
END_TEST

START_TEST(file_that_is_cut_off_is_damage)
{
    static struct file f;
    struct segment_scan found;

    begin(&f);
    add(&f, 1, 1000, 'a');
    for (size_t size = 0; size < SEGMENT_PAGE + 3 * REPLOG_SECTOR; size++) {
        autoerror *error = segment_scan(f.bytes, size, 7, id, true, NULL, NULL,
                                        &found);

        /* Cut off before the batch it is a segment without any. */
        ck_assert_msg(size == SEGMENT_PAGE ? !error : error != NULL, "%zu",
                      size);
    }
}
END_TEST

START_TEST(header_is_of_this_log_and_name_and_version)
{
    static struct file f;
    struct segment_scan found;
    struct error *error;

    begin(&f);
    error = segment_scan(f.bytes, sizeof f.bytes, 8, id, true, NULL, NULL,
                         &found);
    ck_assert_str_eq(error_text(error), "it is the segment of position 7");
    error_destroy(error);
    error = segment_scan(f.bytes, sizeof f.bytes, 7, other_id, true, NULL,
                         NULL, &found);
    ck_assert_str_eq(error_text(error), "it is of another log");
    error_destroy(error);

    bytes_put32(f.bytes + 8, 3);
    bytes_put32(f.bytes + 12, 2);
    bytes_put32(f.bytes + 508, crc32c(f.bytes, 508));
    refused(&f, true, "it has format version 3, which needs version 2 or newer"
            " to be read; this is version 1");

    bytes_put32(f.bytes + 12, 1);
    bytes_put32(f.bytes + 508, crc32c(f.bytes, 508));
    read_all(&f, "");

    memcpy(f.bytes, "something else", 14);
    refused(&f, true, "it is not a segment of a log: it begins with "
            "0x736f6d657468696e");
}
END_TEST

/* Appends a batch of what an encoder of ours would never write. */
static void
add_wrong(struct file *f, struct segment_entry entry)
{
    segment_encode_batch(&entry, 1, f->bytes + f->end);
}

START_TEST(entries_are_checked_one_by_one)
{
    static struct file f;
    const enum segment_type unknown = (enum segment_type) 9;

    begin(&f);
    add_wrong(&f, (struct segment_entry) { unknown, 7, 1, "x", 1 });
    refused(&f, true, "an entry is of an unknown type");

    begin(&f);
    add(&f, 1, 1, 'a');
    add_wrong(&f, (struct segment_entry) { SEGMENT_TYPE_APPEND, 8, 2, "x",
                                           1 });
    refused(&f, true, "an entry is of an earlier epoch");
}
END_TEST

/* Changes a number that the first sector of the first batch carries, and gives
 * the sector the checksum of that. */
static void
forge(struct file *f, size_t at, uint32_t value)
{
    uint8_t *sector = f->bytes + SEGMENT_PAGE;

    begin(f);
    add(f, 1, 10, 'a');
    bytes_put32(sector + 20 + at, value);
    bytes_put32(sector, crc32c(sector + 4, REPLOG_SECTOR - 4));
}

START_TEST(what_a_batch_carries_is_bounded_by_it)
{
    static struct file f;

    forge(&f, 0, 0);
    refused(&f, true, "a batch does not have the size it says");
    forge(&f, 0, 2);
    refused(&f, true, "an entry is longer than its batch");
    forge(&f, 4, 51);
    refused(&f, true, "there is more in a batch than its entries");
    forge(&f, 4, 493);
    refused(&f, true, "a batch does not have the size it says");
    forge(&f, 8 + 8, 0xffffffff);
    refused(&f, true, "an entry is longer than its batch");
    forge(&f, 8 + 8, 9);
    refused(&f, true, "an entry does not have its checksum");
}
END_TEST

START_TEST(sectors_say_how_many_there_are_within_a_limit)
{
    static struct file f;
    uint8_t *sector = f.bytes + SEGMENT_PAGE;

    begin(&f);
    add(&f, 1, 10, 'a');
    bytes_put32(sector + 16, 0x7fffffff);
    bytes_put32(sector, crc32c(sector + 4, REPLOG_SECTOR - 4));
    refused(&f, true, "damaged at offset 4096: sector 0 of 2147483647");

    bytes_put32(sector + 16, 1000);
    bytes_put32(sector, crc32c(sector + 4, REPLOG_SECTOR - 4));
    refused(&f, true, "the file ends in the middle of a batch");
}
END_TEST

START_TEST(largest_entry_fits)
{
    struct segment_entry entry = {
        SEGMENT_TYPE_APPEND, 1, 1, xcalloc(1, REPLOG_ENTRY_MAX),
        REPLOG_ENTRY_MAX,
    };
    struct header header = { .kind = HEADER_KIND_SEGMENT, .position = 1 };
    size_t size = SEGMENT_PAGE + segment_batch_size(&entry, 1);
    uint8_t *bytes = xcalloc(1, size);
    struct segment_scan found;

    header_encode(&header, bytes);
    segment_encode_batch(&entry, 1, bytes + SEGMENT_PAGE);

    ck_assert_ptr_null(segment_scan(bytes, size, 1, header.id, true, NULL,
                                    NULL, &found));
    ck_assert_uint_eq(found.next, 2);
    ck_assert_uint_eq(found.end, size);
    free(bytes);
    free((void *) entry.data);
}
END_TEST

static Suite *
segment_suite(void)
{
    Suite *suite = suite_create("replog_segment");

    test_add(suite, "crc", checksum_is_castagnolis);
    test_add(suite, "empty",
             empty_segment_has_nothing_and_says_where_it_goes_on);
    test_add(suite, "sizes", batches_of_all_sizes_are_read_again);
    test_add(suite, "pages", batches_begin_on_pages_of_their_own);
    test_add(suite, "torn", batch_of_which_any_sectors_are_missing_is_torn);
    test_add(suite, "flips", a_bit_of_any_byte_that_flips_is_damage);
    test_add(suite, "offset", damage_is_told_with_its_offset);
    test_add(suite, "behind", what_follows_the_last_batch_has_to_be_zero);
    test_add(suite, "hole",
             batch_that_was_never_written_with_others_behind_is_damage);
    test_add(suite, "torn-middle", torn_batch_with_others_behind_is_damage);
    test_add(suite, "not-last", only_the_last_segment_may_be_torn);
    test_add(suite, "cut", file_that_is_cut_off_is_damage);
    test_add(suite, "header", header_is_of_this_log_and_name_and_version);
    test_add(suite, "entries", entries_are_checked_one_by_one);
    test_add(suite, "forged", what_a_batch_carries_is_bounded_by_it);
    test_add(suite, "limit", sectors_say_how_many_there_are_within_a_limit);
    test_add(suite, "largest", largest_entry_fits);
    return suite;
}

TEST_MAIN(segment_suite)
