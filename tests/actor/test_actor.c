/* SPDX-License-Identifier: Apache-2.0
 *
 * test_actor.c - the life of actors, messages, waiting; on one thread and on
 * several. */
#include <config.h>

#include <actor/actor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/uuid.h>

#include "core/transport.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* Every test runs in both modes. */
enum { MANUAL, THREADED, N_MODES };

static struct actor_system *
start(int mode)
{
    return mode == MANUAL ? bare_manual(NULL) : bare_threaded(2);
}

/* --- an actor that writes down what happens to it --- */

struct record {
    char text[1024];
    struct actor_gate *gate;    /* opened at "done"; NULL: none */
};

struct diary {
    struct actor base;
    struct record *record;
    bool refuse;
    bool stop_in_init;
    struct upid link_to;
};

struct note {
    int n;
    int *n_freed;
};

static void
note_fini(void *note_)
{
    struct note *note = note_;

    if (note->n_freed) {
        (*note->n_freed)++;
    }
}

static const struct actor_msg_type msg_note = {
    .name = "note", .size = sizeof(struct note), .fini = note_fini,
};
static const struct actor_msg_type msg_ask = { .name = "ask" };
static const struct actor_msg_type msg_stop = { .name = "stop" };
static const struct actor_msg_type msg_unknown = { .name = "unknown" };

static void
write_down(struct record *record, const char *text)
{
    if (record) {
        size_t len = strlen(record->text);

        snprintf(record->text + len, sizeof record->text - len, "%s ", text);
    }
}

static struct error *
diary_init(struct actor *self, void *arg)
{
    struct diary *diary = (struct diary *) self;
    const struct diary *template = arg;

    if (template) {
        diary->record = template->record;
        if (!upid_is_empty(&template->link_to)) {
            actor_link(self, &template->link_to);
        }
        if (template->stop_in_init) {
            actor_stop(self);
        }
        if (template->refuse) {
            return error_create(ERROR_FORBIDDEN, "not today");
        }
    }
    write_down(diary->record, "init");
    return NULL;
}

static void
diary_fini(struct actor *self)
{
    write_down(((struct diary *) self)->record, "fini");
}

static void
diary_exited(struct actor *self, const struct upid *who)
{
    struct diary *diary = (struct diary *) self;

    write_down(diary->record, "exited");
    write_down(diary->record, who->id);
    if (diary->record && diary->record->gate) {
        actor_gate_open(diary->record->gate);
    }
}

static void
on_note(struct actor *self, struct actor_msg *msg)
{
    struct diary *diary = (struct diary *) self;
    struct note *note = actor_msg_body(msg, &msg_note);
    char text[16];

    snprintf(text, sizeof text, "%d", note->n);
    write_down(diary->record, text);
    if (diary->record && diary->record->gate && note->n < 0) {
        actor_gate_open(diary->record->gate);
    }
}

static void
on_ask(struct actor *self, struct actor_msg *msg)
{
    struct actor_msg *answer = actor_msg_create(&msg_note);
    struct upid from;

    actor_msg_from(msg, &from);
    write_down(((struct diary *) self)->record, from.id);
    ((struct note *) actor_msg_body(answer, &msg_note))->n = -1;
    actor_reply(self, msg, &answer);
    ck_assert_ptr_null(answer);
}

static void
on_stop(struct actor *self, struct actor_msg *msg)
{
    (void) msg;
    write_down(((struct diary *) self)->record, "stop");
    actor_stop(self);
}

static const struct actor_handler diary_handlers[] = {
    { &msg_note, on_note },
    { &msg_ask, on_ask },
    { &msg_stop, on_stop },
};

static const struct actor_type diary_type = {
    .name = "diary", .size = sizeof(struct diary),
    .init = diary_init, .fini = diary_fini, .exited = diary_exited,
    .handlers = diary_handlers, .n_handlers = ARRAY_SIZE(diary_handlers),
};

static struct upid
spawn(struct actor_system *system, const char *id, struct record *record)
{
    struct diary template = { .record = record };
    struct upid upid;
    struct error *error = actor_spawn(system, &diary_type, id, &template,
                                      &upid);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return upid;
}

static void
post_note(struct actor_system *system, const struct upid *to, int n)
{
    struct actor_msg *msg = actor_msg_create(&msg_note);

    ((struct note *) actor_msg_body(msg, &msg_note))->n = n;
    actor_post(system, to, &msg);
    ck_assert_ptr_null(msg);
}

static void
post(struct actor_system *system, const struct upid *to,
     const struct actor_msg_type *type)
{
    struct actor_msg *msg = actor_msg_create(type);

    actor_post(system, to, &msg);
}

static void
end(struct actor_system *system, const struct upid *upid)
{
    actor_terminate(system, upid);
    ck_assert(actor_wait(system, upid, DURATION_FOREVER));
}

static double
dead_letters(struct actor_system *system)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(system), "actor/dead_letters",
                          &value));
    return value;
}

START_TEST(messages_are_handled_in_order_before_a_termination)
{
    struct actor_system *system = start(_i);
    struct record record = { .text = "" };
    struct upid upid = spawn(system, "a", &record);

    for (int n = 1; n <= 5; n++) {
        post_note(system, &upid, n);
    }
    end(system, &upid);

    ck_assert_str_eq(record.text, "init 1 2 3 4 5 fini ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(stop_drops_what_still_waits)
{
    struct actor_system *system = start(MANUAL);
    struct record record = { .text = "" };
    struct upid upid = spawn(system, "a", &record);

    post(system, &upid, &msg_stop);
    post_note(system, &upid, 1);
    actor_system_run(system);

    ck_assert_str_eq(record.text, "init stop fini ");
    ck_assert_double_eq(dead_letters(system), 1);
    actor_system_destroy(system);
}
END_TEST

START_TEST(spawn_names_the_actor)
{
    struct actor_system *system = start(_i);
    struct upid a = spawn(system, "a", NULL);
    struct upid first = spawn(system, NULL, NULL);
    struct upid second = spawn(system, NULL, NULL);
    char id[UPID_ID_MAX + 1];

    ck_assert_str_eq(a.id, "a");
    ck_assert(address_equal(&a.address, actor_system_address(system)));
    ck_assert_str_eq(first.id, "diary(1)");
    ck_assert_str_eq(second.id, "diary(2)");
    actor_generate_id(system, "diary", id);
    ck_assert_str_eq(id, "diary(3)");
    actor_generate_id(system, "other", id);
    ck_assert_str_eq(id, "other(1)");
    actor_system_destroy(system);
}
END_TEST

START_TEST(generated_id_passes_over_one_that_is_taken)
{
    struct actor_system *system = start(MANUAL);

    spawn(system, "diary(1)", NULL);
    struct upid upid = spawn(system, NULL, NULL);

    ck_assert_str_eq(upid.id, "diary(2)");
    actor_system_destroy(system);
}
END_TEST

START_TEST(spawn_refuses_an_id_that_is_taken)
{
    struct actor_system *system = start(_i);
    struct upid upid = spawn(system, "a", NULL);

    struct error *error = actor_spawn(system, &diary_type, "a", NULL, NULL);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_EXISTS);
    error_destroy(error);

    end(system, &upid);
    spawn(system, "a", NULL);
    actor_system_destroy(system);
}
END_TEST

START_TEST(spawn_refuses_a_malformed_id)
{
    struct actor_system *system = start(MANUAL);
    static const char *const ids[] = { "", "a b", "a/b", "a@b" };

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        struct error *error = actor_spawn(system, &diary_type, ids[i], NULL,
                                          NULL);

        ck_assert_ptr_nonnull(error);
        error_destroy(error);
    }
    actor_system_destroy(system);
}
END_TEST

START_TEST(refused_init_undoes_the_spawn)
{
    struct actor_system *system = start(_i);
    struct record record = { .text = "" };
    struct diary template = { .record = &record, .refuse = true };

    struct error *error = actor_spawn(system, &diary_type, "a", &template,
                                      NULL);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_FORBIDDEN);
    ck_assert_str_eq(record.text, "fini ");
    error_destroy(error);
    spawn(system, "a", NULL);
    actor_system_destroy(system);
}
END_TEST

START_TEST(stop_in_init_ends_the_actor_at_once)
{
    struct actor_system *system = start(_i);
    struct record record = { .text = "" };
    struct diary template = { .record = &record, .stop_in_init = true };
    struct upid upid;

    struct error *error = actor_spawn(system, &diary_type, "a", &template,
                                      &upid);
    ck_assert_ptr_null(error);
    ck_assert_str_eq(upid.id, "a");
    ck_assert_str_eq(record.text, "init fini ");
    ck_assert(actor_wait(system, &upid, 0));
    actor_system_destroy(system);
}
END_TEST

START_TEST(terminating_and_waiting_for_an_unknown_actor_is_fine)
{
    struct actor_system *system = start(_i);
    struct upid upid;

    ck_assert_ptr_null(actor_system_upid(system, "nobody", &upid));
    actor_terminate(system, &upid);
    ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    actor_system_destroy(system);
}
END_TEST

START_TEST(wait_gives_up_when_the_time_is_over)
{
    struct actor_system *system = start(_i);
    struct upid upid = spawn(system, "a", NULL);

    ck_assert(!actor_wait(system, &upid, MILLISECOND));
    ck_assert(!actor_wait(system, &upid, 0));
    ck_assert(!actor_wait(system, &upid, INT64_MIN));
    actor_system_destroy(system);
}
END_TEST

START_TEST(message_reaches_an_actor_known_by_id_only)
{
    struct actor_system *system = start(_i);
    struct record record = { .text = "" };
    struct upid upid = spawn(system, "a", &record), by_id = upid;

    by_id.hint_generation = 0;
    by_id.hint_slot = 0;
    post_note(system, &by_id, 7);
    end(system, &by_id);

    ck_assert_str_eq(record.text, "init 7 fini ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(stale_upid_means_the_actor_that_has_the_id_now)
{
    struct actor_system *system = start(_i);
    struct record record = { .text = "" };
    struct upid old = spawn(system, "a", NULL);

    end(system, &old);
    struct upid new = spawn(system, "a", &record);
    post_note(system, &old, 7);
    end(system, &new);

    ck_assert_str_eq(record.text, "init 7 fini ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(wait_is_for_the_very_actor_and_not_for_its_successor)
{
    struct actor_system *system = start(_i);
    struct upid old = spawn(system, "a", NULL);

    end(system, &old);
    spawn(system, "a", NULL);

    ck_assert(actor_wait(system, &old, DURATION_FOREVER));
    actor_system_destroy(system);
}
END_TEST

START_TEST(hint_of_another_system_is_ignored)
{
    struct actor_system *one = start(_i), *two = start(_i);
    struct record record = { .text = "" };
    struct upid a = spawn(one, "a", NULL);
    struct upid b = spawn(two, "b", &record);

    /* Both addresses are the same, as without ports; 'a' is in the slot that
     * 'b' has in the other system. */
    ck_assert_uint_eq(a.hint_slot, b.hint_slot);
    post_note(two, &a, 7);
    end(two, &b);

    ck_assert_str_eq(record.text, "init fini ");
    ck_assert_double_eq(dead_letters(two), 1);
    actor_system_destroy(one);
    actor_system_destroy(two);
}
END_TEST

START_TEST(message_without_handler_is_dropped_and_counted)
{
    struct actor_system *system = start(_i);
    struct upid upid = spawn(system, "a", NULL);

    post(system, &upid, &msg_unknown);
    end(system, &upid);

    ck_assert_double_eq(dead_letters(system), 1);
    actor_system_destroy(system);
}
END_TEST

START_TEST(message_to_nobody_is_freed_and_counted)
{
    struct actor_system *system = start(_i);
    struct actor_msg *msg = actor_msg_create(&msg_note);
    struct upid upid = { .id = "" };
    int n_freed = 0;

    ((struct note *) actor_msg_body(msg, &msg_note))->n_freed = &n_freed;
    actor_post(system, &upid, &msg);

    ck_assert_int_eq(n_freed, 1);
    ck_assert_double_eq(dead_letters(system), 1);
    actor_system_destroy(system);
}
END_TEST

START_TEST(handled_message_is_freed_once)
{
    struct actor_system *system = start(_i);
    struct upid upid = spawn(system, "a", NULL);
    int n_freed = 0;

    for (int i = 0; i < 3; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_note);

        ((struct note *) actor_msg_body(msg, &msg_note))->n_freed = &n_freed;
        actor_post(system, &upid, &msg);
    }
    end(system, &upid);

    ck_assert_int_eq(n_freed, 3);
    actor_system_destroy(system);
}
END_TEST

/* --- asking --- */

struct asker {
    struct actor base;
    struct record *record;
    struct upid whom;
    bool stop_at_once;
};

static struct error *
asker_init(struct actor *self, void *arg)
{
    struct asker *asker = (struct asker *) self;
    const struct asker *template = arg;
    struct actor_msg *msg = actor_msg_create(&msg_ask);

    asker->record = template->record;
    actor_send(self, &template->whom, &msg);
    ck_assert_ptr_null(msg);
    if (template->stop_at_once) {
        actor_stop(self);
    }
    return NULL;
}

static void
asker_on_note(struct actor *self, struct actor_msg *msg)
{
    struct asker *asker = (struct asker *) self;
    struct upid from;

    actor_msg_from(msg, &from);
    write_down(asker->record, from.id);
    actor_stop(self);
}

static const struct actor_handler asker_handlers[] = {
    { &msg_note, asker_on_note },
};

static const struct actor_type asker_type = {
    .name = "asker", .size = sizeof(struct asker), .init = asker_init,
    .handlers = asker_handlers, .n_handlers = ARRAY_SIZE(asker_handlers),
};

START_TEST(reply_goes_to_the_sender)
{
    struct actor_system *system = start(_i);
    struct record heard = { .text = "" }, answered = { .text = "" };
    struct asker template = { .record = &answered };
    struct upid asker;

    template.whom = spawn(system, "oracle", &heard);
    ck_assert_ptr_null(actor_spawn(system, &asker_type, "asker", &template,
                                   &asker));
    ck_assert(actor_wait(system, &asker, DURATION_FOREVER));

    ck_assert_str_eq(heard.text, "init asker ");
    ck_assert_str_eq(answered.text, "oracle ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(reply_to_a_message_without_sender_is_dropped)
{
    struct actor_system *system = start(_i);
    struct record heard = { .text = "" };
    struct upid oracle = spawn(system, "oracle", &heard);

    post(system, &oracle, &msg_ask);
    end(system, &oracle);

    ck_assert_str_eq(heard.text, "init  fini ");
    ck_assert_double_eq(dead_letters(system), 1);
    actor_system_destroy(system);
}
END_TEST

START_TEST(sender_is_known_even_after_its_end)
{
    struct actor_system *system = start(MANUAL);
    struct record heard = { .text = "" };
    struct asker template = { .stop_at_once = true };
    struct upid asker;

    template.whom = spawn(system, "oracle", &heard);
    ck_assert_ptr_null(actor_spawn(system, &asker_type, "asker", &template,
                                   &asker));
    ck_assert(actor_wait(system, &asker, 0));
    actor_system_run(system);
    ck_assert_str_eq(heard.text, "init asker ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(sender_whose_place_is_taken_is_nobody)
{
    struct actor_system *system = start(MANUAL);
    struct record heard = { .text = "" };
    struct asker template = { .stop_at_once = true };

    template.whom = spawn(system, "oracle", &heard);
    ck_assert_ptr_null(actor_spawn(system, &asker_type, "asker", &template,
                                   NULL));
    for (int i = 0; i < 2000; i++) {
        struct diary brief = { .stop_in_init = true };

        ck_assert_ptr_null(actor_spawn(system, &diary_type, NULL, &brief,
                                       NULL));
    }
    actor_system_run(system);

    ck_assert_str_eq(heard.text, "init  ");
    actor_system_destroy(system);
}
END_TEST

/* --- many --- */

struct counter {
    struct actor base;
    unsigned n;
    unsigned *total;
};

static const struct actor_msg_type msg_count = { .name = "count" };

static struct error *
counter_init(struct actor *self, void *arg)
{
    ((struct counter *) self)->total = arg;
    return NULL;
}

static void
counter_fini(struct actor *self)
{
    struct counter *counter = (struct counter *) self;

    __atomic_add_fetch(counter->total, counter->n, __ATOMIC_RELAXED);
}

static void
on_count(struct actor *self, struct actor_msg *msg)
{
    (void) msg;
    ((struct counter *) self)->n++;
}

static const struct actor_handler counter_handlers[] = {
    { &msg_count, on_count },
};

static const struct actor_type counter_type = {
    .name = "counter", .size = sizeof(struct counter),
    .init = counter_init, .fini = counter_fini,
    .handlers = counter_handlers, .n_handlers = 1,
};

START_TEST(every_message_to_many_actors_is_handled_once)
{
    enum { N_ACTORS = 300, N_MESSAGES = 200 };
    struct actor_system *system = start(_i);
    struct upid upids[N_ACTORS];
    unsigned total = 0;

    for (int i = 0; i < N_ACTORS; i++) {
        ck_assert_ptr_null(actor_spawn(system, &counter_type, NULL, &total,
                                       &upids[i]));
    }
    for (int n = 0; n < N_MESSAGES; n++) {
        for (int i = 0; i < N_ACTORS; i++) {
            post(system, &upids[i], &msg_count);
        }
    }
    actor_system_destroy(system);

    ck_assert_uint_eq(total, N_ACTORS * N_MESSAGES);
}
END_TEST

START_TEST(slots_are_used_again)
{
    struct actor_system *system = start(_i);
    uint32_t highest = 0;

    for (int i = 0; i < 2000; i++) {
        struct upid upid = spawn(system, NULL, NULL);

        highest = upid.hint_slot > highest ? upid.hint_slot : highest;
        end(system, &upid);
    }

    ck_assert_uint_lt(highest, 1000);
    actor_system_destroy(system);
}
END_TEST

/* --- an end while actors are being spawned --- */

struct breeder {
    struct actor base;
    int *n_living;
};

static const struct actor_msg_type msg_breed = { .name = "breed" };

static struct error *
breeder_init(struct actor *self, void *arg)
{
    struct breeder *breeder = (struct breeder *) self;

    breeder->n_living = arg;
    __atomic_add_fetch(breeder->n_living, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void
breeder_fini(struct actor *self)
{
    __atomic_sub_fetch(((struct breeder *) self)->n_living, 1,
                       __ATOMIC_RELAXED);
}

static const struct actor_type bred_type = {
    .name = "bred", .size = sizeof(struct breeder) + (64 << 10),
    .init = breeder_init, .fini = breeder_fini,
};

/* Until the system refuses. */
static void
on_breed(struct actor *self, struct actor_msg *msg)
{
    struct breeder *breeder = (struct breeder *) self;
    struct error *error = NULL;

    (void) msg;
    for (int i = 0; i < 1000 && !error; i++) {
        error = actor_spawn(actor_system_of(self), &bred_type, NULL,
                            breeder->n_living, NULL);
    }
    error_destroy(error);
}

static const struct actor_handler breeder_handlers[] = {
    { &msg_breed, on_breed },
};

static const struct actor_type breeder_type = {
    .name = "breeder", .size = sizeof(struct breeder),
    .init = breeder_init, .fini = breeder_fini,
    .handlers = breeder_handlers,
    .n_handlers = ARRAY_SIZE(breeder_handlers),
};

START_TEST(destroying_a_system_ends_what_is_just_being_spawned)
{
    int n_living = 0;

    for (int i = 0; i < 200; i++) {
        struct actor_system *system = start(THREADED);
        struct upid upid;

        ck_assert_ptr_null(actor_spawn(system, &breeder_type, NULL, &n_living,
                                       &upid));
        post(system, &upid, &msg_breed);
        actor_system_destroy(system);
        ck_assert_int_eq(n_living, 0);
    }
}
END_TEST

/* --- randomness --- */

static struct error *
random_init(struct actor *self, void *arg)
{
    struct uuid *uuids = arg;
    double d = actor_random_double(self);

    ck_assert(d >= 0 && d < 1);
    actor_random_uuid(self, &uuids[0]);
    actor_random_uuid(self, &uuids[1]);
    return NULL;
}

static const struct actor_type random_type = {
    .name = "random", .size = sizeof(struct actor), .init = random_init,
};

START_TEST(seeded_randomness_repeats)
{
    struct uuid first[2], second[2];
    struct actor_system *system = start(MANUAL);

    ck_assert_ptr_null(actor_spawn(system, &random_type, NULL, first, NULL));
    actor_system_destroy(system);
    system = start(MANUAL);
    ck_assert_ptr_null(actor_spawn(system, &random_type, NULL, second, NULL));
    actor_system_destroy(system);

    ck_assert(uuid_equal(&first[0], &second[0]));
    ck_assert(uuid_equal(&first[1], &second[1]));
    ck_assert(!uuid_equal(&first[0], &first[1]));
}
END_TEST

START_TEST(real_randomness_does_not_repeat)
{
    struct uuid uuids[2];
    struct actor_system *system = start(THREADED);

    ck_assert_ptr_null(actor_spawn(system, &random_type, NULL, uuids, NULL));
    actor_system_destroy(system);

    ck_assert(!uuid_equal(&uuids[0], &uuids[1]));
}
END_TEST

static void
add_both(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_loop_test(tcase, test, 0, N_MODES);
    suite_add_tcase(suite, tcase);
}

static Suite *
actor_suite(void)
{
    Suite *suite = suite_create("actor");

    add_both(suite, "order",
             messages_are_handled_in_order_before_a_termination);
    test_add(suite, "stop", stop_drops_what_still_waits);
    add_both(suite, "names", spawn_names_the_actor);
    test_add(suite, "generated", generated_id_passes_over_one_that_is_taken);
    add_both(suite, "taken", spawn_refuses_an_id_that_is_taken);
    test_add(suite, "malformed", spawn_refuses_a_malformed_id);
    add_both(suite, "refused", refused_init_undoes_the_spawn);
    add_both(suite, "stop-in-init", stop_in_init_ends_the_actor_at_once);
    add_both(suite, "unknown",
             terminating_and_waiting_for_an_unknown_actor_is_fine);
    add_both(suite, "wait", wait_gives_up_when_the_time_is_over);
    add_both(suite, "by-id", message_reaches_an_actor_known_by_id_only);
    add_both(suite, "stale",
             stale_upid_means_the_actor_that_has_the_id_now);
    add_both(suite, "very",
             wait_is_for_the_very_actor_and_not_for_its_successor);
    add_both(suite, "foreign-hint", hint_of_another_system_is_ignored);
    add_both(suite, "no-handler",
             message_without_handler_is_dropped_and_counted);
    add_both(suite, "nobody", message_to_nobody_is_freed_and_counted);
    add_both(suite, "freed", handled_message_is_freed_once);
    add_both(suite, "reply", reply_goes_to_the_sender);
    add_both(suite, "reply-nobody",
             reply_to_a_message_without_sender_is_dropped);
    test_add(suite, "sender", sender_is_known_even_after_its_end);
    test_add(suite, "taken-place", sender_whose_place_is_taken_is_nobody);
    add_both(suite, "many", every_message_to_many_actors_is_handled_once);
    add_both(suite, "slots", slots_are_used_again);
    test_add(suite, "breeding",
             destroying_a_system_ends_what_is_just_being_spawned);
    test_add(suite, "seeded", seeded_randomness_repeats);
    test_add(suite, "random", real_randomness_does_not_repeat);
    return suite;
}

TEST_MAIN(actor_suite)
