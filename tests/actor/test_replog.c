/* SPDX-License-Identifier: Apache-2.0
 *
 * test_replog.c - the log as its writers see it: order, group commit, epochs,
 * snapshots, errors. */
#include <config.h>

#include "replog/replog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/error.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "tests/lib/faulty_disk.h"
#include "tests/lib/test.h"

/* --- a writer that says what the test tells it to --- */

struct writer {
    struct actor base;
    struct stage *stage;
};

struct stage {
    struct faulty_disk disk;
    char *directory;            /* owned */
    struct actor_system *system;
    struct upid writer;
    struct upid log;
    struct strbuf heard;        /* answers since they were looked at */
};

struct order {
    struct actor_msg *msg;      /* owned */
};

static void
order_fini(void *order)
{
    actor_msg_destroy(((struct order *) order)->msg);
}

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order), .fini = order_fini,
};

static void
on_order(struct actor *self, struct actor_msg *msg)
{
    struct order *order = actor_msg_body(msg, &msg_order);

    actor_send(self, &((struct writer *) self)->stage->log, &order->msg);
}

static bool
tell_error(struct stage *s, const char *what, const struct error *error)
{
    if (error) {
        strbuf_printf(&s->heard, "%s %s; ", what,
                      error_code_name(error_code(error)));
    }
    return error != NULL;
}

static void
on_opened(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = ((struct writer *) self)->stage;
    const struct replog_opened *o = actor_msg_body(msg, &msg_replog_opened);

    if (tell_error(s, "open", o->error)) {
        return;
    }
    strbuf_printf(&s->heard, "epoch %" PRIu64 " %" PRIu64 "[%.*s]", o->epoch,
                  o->snapshot_position, (int) o->snapshot_size,
                  (const char *) o->snapshot);
    for (size_t i = 0; i < o->n_entries; i++) {
        strbuf_printf(&s->heard, " %" PRIu64 ":%.*s", o->entries[i].position,
                      (int) o->entries[i].size,
                      (const char *) o->entries[i].data);
    }
    strbuf_printf(&s->heard, " end %" PRIu64 "; ", o->end);
}

static void
on_appended(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = ((struct writer *) self)->stage;
    const struct replog_appended *a = actor_msg_body(msg,
                                                     &msg_replog_appended);

    if (!tell_error(s, "append", a->error)) {
        strbuf_printf(&s->heard, "%" PRIu64 "; ", a->position);
    }
}

static void
on_snapshotted(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = ((struct writer *) self)->stage;
    const struct replog_snapshotted *d = actor_msg_body(
        msg, &msg_replog_snapshotted);

    if (!tell_error(s, "snapshot", d->error)) {
        strbuf_append(&s->heard, "snapshot; ");
    }
}

static struct error *
writer_init(struct actor *self, void *stage)
{
    ((struct writer *) self)->stage = stage;
    return NULL;
}

static const struct actor_handler writer_handlers[] = {
    { &msg_order, on_order },
    { &msg_replog_opened, on_opened },
    { &msg_replog_appended, on_appended },
    { &msg_replog_snapshotted, on_snapshotted },
};

static const struct actor_type writer_type = {
    .name = "writer", .size = sizeof(struct writer), .init = writer_init,
    .handlers = writer_handlers, .n_handlers = ARRAY_SIZE(writer_handlers),
};

/* --- the stage --- */

static void
start_log(struct stage *s)
{
    const struct replog_options options = {
        .directory = s->directory, .metrics_prefix = "registrar/",
    };

    ck_assert_ptr_null(replog_start(s->system, &options, &s->log));
}

static void
stage_init(struct stage *s)
{
    autofree char *root = test_temp_dir();

    *s = (struct stage) { .heard = STRBUF(100000) };
    faulty_disk_init(&s->disk);
    const struct actor_backend backend = {
        .disk = s->disk.disk.ops, .disk_ctx = s->disk.disk.ctx,
    };
    const struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };

    s->directory = xasprintf("%s/log", root);
    ck_assert_ptr_null(actor_system_create(&options, &s->system));
    ck_assert_ptr_null(actor_spawn(s->system, &writer_type, "writer", s,
                                   &s->writer));
    start_log(s);
}

static void
stage_fini(struct stage *s)
{
    actor_system_destroy(s->system);
    free(s->directory);
    strbuf_fini(&s->heard);
}

static void
say(struct stage *s, struct actor_msg *request)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);

    ((struct order *) actor_msg_body(msg, &msg_order))->msg = request;
    actor_post(s->system, &s->writer, &msg);
}

static void
say_append(struct stage *s, uint64_t epoch, const char *text)
{
    void *data = xstrdup(text);

    say(s, replog_append_create(epoch, &data, strlen(text)));
    ck_assert_ptr_null(data);
}

static void
say_snapshot(struct stage *s, uint64_t epoch, uint64_t position,
             const char *text)
{
    void *data = xstrdup(text);

    say(s, replog_snapshot_create(epoch, position, &data, strlen(text)));
    ck_assert_ptr_null(data);
}

/* Runs everything; what was answered, in order. */
static void
hears(struct stage *s, const char *expected)
{
    actor_system_run(s->system);
    ck_assert_str_eq(s->heard.data, expected);
    strbuf_clear(&s->heard);
}

static double
metric(struct stage *s, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(s->system), name, &value);
    return value;
}

/* Another process, so to say. */
static void
restart_log(struct stage *s)
{
    actor_terminate(s->system, &s->log);
    actor_system_run(s->system);
    start_log(s);
}

/* --- tests --- */

START_TEST(writer_is_told_what_there_was)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 1 0[] end 0; ");
    say_append(&s, 1, "a");
    say_append(&s, 1, "");
    hears(&s, "1; 2; ");
    restart_log(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 2 0[] 1:a 2: end 2; ");
    stage_fini(&s);
}
END_TEST

START_TEST(answers_come_in_order_and_many_share_a_sync)
{
    struct stage s;
    autofini(strbuf) expected = STRBUF(10000);

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "first");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    long before = s.disk.n_syncs;

    for (unsigned i = 0; i < 500; i++) {
        say_append(&s, 1, "next");
        strbuf_printf(&expected, "%u; ", i + 2);
    }
    hears(&s, expected.data);

    /* One for the first of them, one for all others. */
    ck_assert_int_le(s.disk.n_syncs - before, 3);
    ck_assert_double_eq(metric(&s, "registrar/log/appends"), 501);
    ck_assert_double_le(metric(&s, "registrar/log/batches"), 4);
    stage_fini(&s);
}
END_TEST

START_TEST(batches_are_bounded)
{
    struct stage s;
    autofree char *large = xmalloc((768 << 10) + 1);

    memset(large, 'x', 768 << 10);
    large[768 << 10] = '\0';
    stage_init(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 1 0[] end 0; ");
    for (unsigned i = 0; i < 5; i++) {
        say_append(&s, 1, large);
    }
    hears(&s, "1; 2; 3; 4; 5; ");
    ck_assert_double_eq(metric(&s, "registrar/log/batches"), 5);
    stage_fini(&s);
}
END_TEST

START_TEST(old_writer_is_refused)
{
    struct stage s;

    stage_init(&s);
    say_append(&s, 1, "too early");
    say_append(&s, 0, "of nobody");
    hears(&s, "append STALE; append STALE; ");
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    say(&s, replog_open_create());
    say_append(&s, 1, "too late");
    say_snapshot(&s, 1, 1, "too late");
    say_append(&s, 2, "b");
    hears(&s, "epoch 1 0[] end 0; 1; epoch 2 0[] 1:a end 1; append STALE; "
          "snapshot STALE; 2; ");
    stage_fini(&s);
}
END_TEST

START_TEST(snapshot_takes_the_place_of_entries)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    say_append(&s, 1, "b");
    say_append(&s, 1, "c");
    hears(&s, "epoch 1 0[] end 0; 1; 2; 3; ");
    say_snapshot(&s, 1, 2, "ab");
    hears(&s, "snapshot; ");
    restart_log(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 2 2[ab] 3:c end 3; ");
    stage_fini(&s);
}
END_TEST

START_TEST(appends_go_on_while_a_snapshot_is_written)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    say_snapshot(&s, 1, 1, "A");
    say_snapshot(&s, 1, 1, "meanwhile");
    say_append(&s, 1, "b");
    say_append(&s, 1, "c");
    actor_system_run(s.system);
    ck_assert_ptr_nonnull(strstr(s.heard.data, "snapshot; "));
    ck_assert_ptr_nonnull(strstr(s.heard.data, "snapshot CONFLICT; "));
    ck_assert_ptr_nonnull(strstr(s.heard.data, "2; "));
    strbuf_clear(&s.heard);
    say(&s, replog_open_create());
    hears(&s, "epoch 2 1[A] 2:b 3:c end 3; ");
    stage_fini(&s);
}
END_TEST

START_TEST(snapshot_of_a_writer_that_was_replaced_is_given_up)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    say_snapshot(&s, 1, 1, "A");
    say(&s, replog_open_create());
    actor_system_run(s.system);
    ck_assert_ptr_nonnull(strstr(s.heard.data, "epoch 2 0[] 1:a end 1; "));
    ck_assert_ptr_nonnull(strstr(s.heard.data, "snapshot STALE; "));
    strbuf_clear(&s.heard);
    restart_log(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 3 0[] 1:a end 1; ");
    stage_fini(&s);
}
END_TEST

START_TEST(snapshot_of_what_is_not_there_is_refused)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_snapshot(&s, 1, 1, "A");
    say_snapshot(&s, 1, 0, "");
    hears(&s, "epoch 1 0[] end 0; snapshot INVALID; snapshot INVALID; ");
    stage_fini(&s);
}
END_TEST

START_TEST(append_that_fails_ends_the_epoch)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    s.disk.room = 0;
    say_append(&s, 1, "b");
    hears(&s, "append NO_SPACE; ");

    /* Were it appended, something that the writer asked for later would be
     * there, and this not. */
    s.disk.room = -1;
    say_append(&s, 1, "c");
    hears(&s, "append NO_SPACE; ");
    say(&s, replog_open_create());
    say_append(&s, 2, "d");
    hears(&s, "epoch 2 0[] 1:a end 1; 2; ");
    stage_fini(&s);
}
END_TEST

START_TEST(too_large_an_append_is_refused)
{
    struct stage s;
    void *data = xcalloc(1, REPLOG_ENTRY_MAX + 1);

    stage_init(&s);
    say(&s, replog_open_create());
    say(&s, replog_append_create(1, &data, REPLOG_ENTRY_MAX + 1));
    say_append(&s, 1, "b");
    hears(&s, "epoch 1 0[] end 0; append TOO_LARGE; append TOO_LARGE; ");
    stage_fini(&s);
}
END_TEST

START_TEST(log_whose_disk_failed_stops)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 1 0[] end 0; ");
    s.disk.fail_at = s.disk.n_calls;
    s.disk.rc = -EIO;
    say_append(&s, 1, "a");
    say_append(&s, 1, "b");
    hears(&s, "append IO; append IO; ");
    ck_assert_double_eq(metric(&s, "registrar/log/recovered"), 0);
    say(&s, replog_open_create());
    say_snapshot(&s, 1, 1, "A");
    hears(&s, "open IO; snapshot IO; ");

    /* The files are free for who starts it again. */
    start_log(&s);
    say(&s, replog_open_create());
    hears(&s, "epoch 2 0[] end 0; ");
    stage_fini(&s);
}
END_TEST

START_TEST(log_stops_when_a_snapshot_cannot_be_synced)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    s.disk.fail_at = s.disk.n_calls + 3;        /* made, written twice */
    s.disk.rc = -EIO;
    say_snapshot(&s, 1, 1, "A");
    hears(&s, "snapshot IO; ");
    say_append(&s, 1, "b");
    hears(&s, "append IO; ");
    stage_fini(&s);
}
END_TEST

START_TEST(snapshot_that_finds_no_room_costs_nothing_else)
{
    struct stage s;

    stage_init(&s);
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "epoch 1 0[] end 0; 1; ");
    s.disk.room = 600;
    say_snapshot(&s, 1, 1, "A state that is too long for what there is, as it "
                 "has more than eighty-eight characters, like this.");
    hears(&s, "snapshot NO_SPACE; ");
    s.disk.room = -1;
    say_append(&s, 1, "b");
    say_snapshot(&s, 1, 1, "A");
    hears(&s, "2; snapshot; ");
    stage_fini(&s);
}
END_TEST

START_TEST(what_is_wrong_with_the_files_is_told_in_each_answer)
{
    struct stage s;

    stage_init(&s);
    actor_system_run(s.system);
    ck_assert_double_eq(metric(&s, "registrar/log/recovered"), 1);
    ck_assert_double_eq(metric(&s, "registrar/log/ensemble_size"), 1);
    start_log(&s);              /* beside the first */
    say(&s, replog_open_create());
    say_append(&s, 1, "a");
    hears(&s, "open CONFLICT; append CONFLICT; ");
    stage_fini(&s);
}
END_TEST

START_TEST(log_may_end_at_any_time)
{
    for (unsigned n = 0; n < 3; n++) {
        struct stage s;

        stage_init(&s);
        if (n > 0) {
            say(&s, replog_open_create());
            actor_system_run(s.system);
        }
        say(&s, n > 1 ? actor_msg_create(&msg_order) : replog_open_create());
        say_append(&s, 1, "a");
        say_snapshot(&s, 1, 1, "A");
        actor_terminate(s.system, &s.log);
        stage_fini(&s);
    }
}
END_TEST

START_TEST(snapshots_are_due_when_entries_outweigh_them)
{
    ck_assert_uint_eq(replog_snapshot_due(0), 1 << 20);
    ck_assert_uint_eq(replog_snapshot_due(5 << 20), 5 << 20);
}
END_TEST

static Suite *
replog_suite(void)
{
    Suite *suite = suite_create("replog");

    test_add(suite, "open", writer_is_told_what_there_was);
    test_add(suite, "order", answers_come_in_order_and_many_share_a_sync);
    test_add(suite, "bounded", batches_are_bounded);
    test_add(suite, "stale", old_writer_is_refused);
    test_add(suite, "snapshot", snapshot_takes_the_place_of_entries);
    test_add(suite, "beside", appends_go_on_while_a_snapshot_is_written);
    test_add(suite, "given-up",
             snapshot_of_a_writer_that_was_replaced_is_given_up);
    test_add(suite, "nothing", snapshot_of_what_is_not_there_is_refused);
    test_add(suite, "full", append_that_fails_ends_the_epoch);
    test_add(suite, "large", too_large_an_append_is_refused);
    test_add(suite, "stops", log_whose_disk_failed_stops);
    test_add(suite, "snapshot-stops",
             log_stops_when_a_snapshot_cannot_be_synced);
    test_add(suite, "snapshot-full",
             snapshot_that_finds_no_room_costs_nothing_else);
    test_add(suite, "wrong",
             what_is_wrong_with_the_files_is_told_in_each_answer);
    test_add(suite, "end", log_may_end_at_any_time);
    test_add(suite, "due", snapshots_are_due_when_entries_outweigh_them);
    return suite;
}

TEST_MAIN(replog_suite)
