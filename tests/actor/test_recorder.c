/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recorder.c - the flight recorder: what workers note and readers get. */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "core/recorder.h"
#include "core/system_private.h"
#include "tests/lib/test.h"

#define TEXT_MAX ((size_t) 1 << 20)

static const struct actor_msg_type msg_say = { .name = "test.say" };
static const struct actor_msg_type msg_heard = { .name = "test.heard" };

/* Tells whom it was told to that it heard. */
struct talker {
    struct actor base;
    struct upid to;
};

static struct error *
talker_init(struct actor *self, void *to)
{
    if (to) {
        ((struct talker *) self)->to = *(const struct upid *) to;
    }
    return NULL;
}

static void
on_say(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct talker *talker = (struct talker *) self;

    if (!upid_is_empty(&talker->to)) {
        struct actor_msg *heard = actor_msg_create(&msg_heard);

        actor_send(self, &talker->to, &heard);
    }
}

static void
on_heard(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
}

static const struct actor_handler handlers[] = {
    { &msg_say, on_say }, { &msg_heard, on_heard },
};

static const struct actor_type talker_type = {
    .name = "talker", .size = sizeof(struct talker), .init = talker_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- a manual system --- */

static struct actor_system *
create(void)
{
    const struct actor_system_options options = { .manual = true };
    struct actor_system *system;

    ck_assert_ptr_null(actor_system_create(&options, &system));
    return system;
}

static struct upid
spawn(struct actor_system *system, const char *id, struct upid *to)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &talker_type, id, to, &upid));
    return upid;
}

static void
say(struct actor_system *system, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_say);

    actor_post(system, to, &msg);
    actor_system_run(system);
}

static const struct recorder *
recorder_of(struct actor_system *system)
{
    return &system->workers[0].recorder;
}

/* What was read: the number of records, and the last of them. */
struct found {
    size_t n;
    struct recorder_record first, last;
};

static void
keep(void *found_, const struct recorder_record *record)
{
    struct found *found = found_;

    if (found->n++ == 0) {
        found->first = *record;
    }
    found->last = *record;
}

static struct found
find(struct actor_system *system, size_t n_max)
{
    struct found found = { .n = 0 };

    recorder_for_each(recorder_of(system), n_max, keep, &found);
    return found;
}

START_TEST(record_names_message_receiver_and_sender)
{
    struct actor_system *system = create();
    struct upid ear = spawn(system, "ear", NULL);
    struct upid mouth = spawn(system, "mouth", &ear);

    actor_system_advance(system, 5 * SECOND);
    int64_t now = actor_system_now(system);
    say(system, &mouth);
    struct found found = find(system, 2);

    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.first.message, "test.say");
    ck_assert_str_eq(found.first.to, "mouth");
    ck_assert_str_eq(found.first.from, "");
    ck_assert_int_eq(found.first.at_ns, now);
    ck_assert_str_eq(found.last.message, "test.heard");
    ck_assert_str_eq(found.last.to, "ear");
    ck_assert_str_eq(found.last.from, "mouth");
    actor_system_destroy(system);
}
END_TEST

START_TEST(only_the_newest_are_given_as_many_as_were_asked_for)
{
    struct actor_system *system = create();
    struct upid ear = spawn(system, "ear", NULL);
    struct upid mouth = spawn(system, "mouth", &ear);

    for (int i = 0; i < 10; i++) {
        say(system, &mouth);
    }

    ck_assert_uint_eq(find(system, 0).n, 0);
    ck_assert_uint_eq(find(system, 1).n, 1);
    ck_assert_uint_eq(find(system, 7).n, 7);
    ck_assert_uint_eq(find(system, 20).n, 20);
    ck_assert_str_eq(find(system, 1).last.to, "ear");
    actor_system_destroy(system);
}
END_TEST

START_TEST(oldest_records_are_overwritten)
{
    struct actor_system *system = create();
    struct upid early = spawn(system, "early", NULL);
    struct upid late = spawn(system, "late", NULL);

    say(system, &early);
    for (unsigned i = 0; i < RECORDER_SIZE; i++) {
        say(system, &late);
    }
    struct found found = find(system, SIZE_MAX);

    /* Each has the head of its batch before it; the oldest entry may be half
     * overwritten. */
    ck_assert_uint_ge(found.n, RECORDER_SIZE / 2 - 1);
    ck_assert_uint_le(found.n, RECORDER_SIZE / 2);
    ck_assert_str_eq(found.first.to, "late");
    actor_system_destroy(system);
}
END_TEST

START_TEST(messages_of_a_batch_share_its_head)
{
    struct actor_system *system = create();
    struct upid ear = spawn(system, "ear", NULL);

    for (unsigned i = 0; i < RECORDER_SIZE; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_heard);

        actor_post(system, &ear, &msg);
    }
    actor_system_run(system);

    ck_assert_uint_gt(find(system, SIZE_MAX).n, RECORDER_SIZE * 3 / 4);
    ck_assert_str_eq(find(system, SIZE_MAX).first.to, "ear");
    actor_system_destroy(system);
}
END_TEST

START_TEST(ended_actor_keeps_its_name_until_its_place_is_taken)
{
    struct actor_system *system = create();
    struct upid ear = spawn(system, "ear", NULL);

    say(system, &ear);
    actor_terminate(system, &ear);
    actor_system_run(system);
    ck_assert_str_eq(find(system, 2).first.to, "ear");

    /* As many as a place rests for, and more, in batches that leave records of
     * "ear" in the ring. */
    for (uint32_t slot = UINT32_MAX; slot != ear.hint_slot;) {
        struct upid next;

        ck_assert_ptr_null(actor_spawn(system, &talker_type, NULL, NULL,
                                       &next));
        slot = next.hint_slot;
        if (slot != ear.hint_slot) {
            struct actor_slot *place = slot_table_at(&system->slots, slot);

            turn_end_actor(NULL, place);
        }
    }

    ck_assert_str_eq(find(system, 2).first.to, "(gone)");
    actor_system_destroy(system);
}
END_TEST

/* --- senders elsewhere --- */

static void
note_remote(struct actor_system *system, struct recorder *recorder,
            const char *address)
{
    struct upid from = { .id = "far" };
    struct actor_msg msg = {
        .type = &msg_say, .from_kind = MSG_FROM_REMOTE, .from.upid = &from,
    };
    struct actor_slot *slot = slot_table_at(&system->slots, 0);

    ck_assert_ptr_null(address_parse(address, &from.address));
    recorder_begin(recorder, 0, slot, slot_generation(slot));
    recorder_note(recorder, &msg);
}

START_TEST(sender_elsewhere_is_told_by_its_address)
{
    struct actor_system *system = create();
    struct recorder recorder;
    struct found found = { .n = 0 };

    spawn(system, "ear", NULL);
    recorder_init(&recorder);
    note_remote(system, &recorder, "255.0.17.254:65535");
    note_remote(system, &recorder, "[fe80::1]:5051");
    recorder_for_each(&recorder, 2, keep, &found);

    ck_assert_str_eq(found.first.from, "@255.0.17.254:65535");
    ck_assert_str_eq(found.last.from, "@5051");
    recorder_fini(&recorder);
    actor_system_destroy(system);
}
END_TEST

/* --- text --- */

START_TEST(records_are_lines_with_their_age)
{
    struct actor_system *system = create();
    struct upid ear = spawn(system, "ear", NULL);
    struct upid mouth = spawn(system, "mouth", &ear);
    char text[512];
    int fds[2];

    say(system, &mouth);
    actor_system_advance(system, 1500 * MILLISECOND);
    ck_assert_int_eq(pipe(fds), 0);
    recorder_write(recorder_of(system), actor_system_now(system), 2, fds[1]);
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';

    ck_assert_str_eq(text,
                     "    1.500000s ago: 'test.say' for 'mouth'\n"
                     "    1.500000s ago: 'test.heard' for 'ear' from "
                     "'mouth'\n");
    close(fds[0]);
    actor_system_destroy(system);
}
END_TEST

/* --- beside a writer --- */

struct race {
    struct recorder recorder;
    struct actor_slot *slots[2];
    _Atomic bool is_over;
};

/* Messages of one type go from and to one actor, those of the other from and
 * to the other. */
static void *
write_records(void *race_)
{
    static const struct actor_msg_type *const types[] = {
        &msg_say, &msg_heard,
    };
    struct race *race = race_;

    for (unsigned i = 0; !race->is_over; i++) {
        struct actor_slot *slot = race->slots[i % 2];
        struct actor_msg msg = {
            .type = types[i % 2], .from_kind = MSG_FROM_LOCAL,
            .from.slot = slot, .from_generation = slot_generation(slot),
        };

        recorder_begin(&race->recorder, i, slot, slot_generation(slot));
        for (unsigned n = 0; n <= i % 5; n++) {
            recorder_note(&race->recorder, &msg);
        }
    }
    return NULL;
}

static void
check_record(void *last_, const struct recorder_record *record)
{
    int64_t *last = last_;
    const char *id = record->message == msg_say.name ? "one" : "two";

    ck_assert_str_eq(record->to, id);
    ck_assert_str_eq(record->from, id);
    ck_assert_int_ge(record->at_ns, *last);
    *last = record->at_ns;
}

START_TEST(reader_beside_a_writer_sees_whole_records_in_order)
{
    struct actor_system *system = create();
    struct race race = { .is_over = false };
    pthread_t writer;

    spawn(system, "one", NULL);
    spawn(system, "two", NULL);
    for (uint32_t i = 0, n = 0; n < 2; i++) {
        struct upid upid;
        struct actor_slot *slot = slot_table_at(&system->slots, i);

        ck_assert(slot_read_upid(slot, slot_generation(slot), &upid));
        if (strcmp(upid.id, "one") == 0 || strcmp(upid.id, "two") == 0) {
            race.slots[n++] = slot;
        }
    }
    recorder_init(&race.recorder);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_records, &race), 0);
    for (int i = 0; i < 300; i++) {
        int64_t last = 0;

        recorder_for_each(&race.recorder, SIZE_MAX, check_record, &last);
    }
    race.is_over = true;
    pthread_join(writer, NULL);
    recorder_fini(&race.recorder);
    actor_system_destroy(system);
}
END_TEST

static Suite *
recorder_suite(void)
{
    Suite *suite = suite_create("recorder");

    test_add(suite, "record", record_names_message_receiver_and_sender);
    test_add(suite, "only",
             only_the_newest_are_given_as_many_as_were_asked_for);
    test_add(suite, "oldest", oldest_records_are_overwritten);
    test_add(suite, "messages", messages_of_a_batch_share_its_head);
    test_add(suite, "ended",
             ended_actor_keeps_its_name_until_its_place_is_taken);
    test_add(suite, "sender", sender_elsewhere_is_told_by_its_address);
    test_add(suite, "lines", records_are_lines_with_their_age);
    test_add(suite, "reader",
             reader_beside_a_writer_sees_whole_records_in_order);
    return suite;
}

TEST_MAIN(recorder_suite)
