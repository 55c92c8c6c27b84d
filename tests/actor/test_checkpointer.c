/* SPDX-License-Identifier: Apache-2.0
 *
 * test_checkpointer.c - the actor that writes checkpoints: all is in the
 * journal when it says so, in order, and in the files a little later; and a
 * place that cannot be written is told once. */
#include <config.h>

#include "agent/checkpoint/checkpointer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "agent/checkpoint/file.h"
#include "agent/checkpoint/journal.h"
#include "agent/checkpoint/saved_state.h"
#include "tests/lib/test.h"

#define N_FILES 100

/* Stands for the agent. */
struct owner {
    struct actor base;
};

static struct {
    struct actor_system *system;
    struct upid owner;
    struct upid checkpointer;
    char *meta;
    unsigned n_done;
    unsigned n_failed;
    bool replay;                /* what is said to be done */
} t;

struct done_body {
    unsigned i;
};

struct later_body {
    const char *text;
};

static const struct actor_msg_type msg_later = {
    .name = "later", .size = sizeof(struct later_body),
};
static const struct actor_msg_type msg_go = { .name = "go" };
static const struct actor_msg_type msg_done = {
    .name = "done", .size = sizeof(struct done_body),
};

static char *
path_of(unsigned i)
{
    return xasprintf("d%u/e/file", i % 7);
}

static void
ck_content_of(const char *path, unsigned i)
{
    autofree char *full = xasprintf("%s/%s", t.meta, path);
    autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read(&actor_disk_real, full, "file",
                                          &content);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    /* Later ones of the same path may be there already. */
    ck_assert_uint_ge(strtoul(content.data, NULL, 10), i);
}

static void
ck_content(unsigned i)
{
    autofree char *path = path_of(i);

    ck_content_of(path, i);
}

static void
on_later(struct actor *self, struct actor_msg *msg)
{
    const struct later_body *body = actor_msg_body(msg, &msg_later);
    struct checkpoint *c = checkpoint_create();

    checkpoint_bytes(c, "later", "file", body->text, strlen(body->text));
    checkpointer_submit_later(self, &t.checkpointer, &c);
}

static void
on_go(struct actor *self, struct actor_msg *msg UNUSED)
{
    for (unsigned i = 0; i < N_FILES; i++) {
        struct checkpoint *c = checkpoint_create();
        struct actor_msg *done = actor_msg_create(&msg_done);
        struct done_body *body = actor_msg_body(done, &msg_done);
        autofree char *path = path_of(i);
        autofree char *text = xasprintf("%u", i);

        body->i = i;
        checkpoint_bytes(c, path, "file", text, strlen(text));
        checkpointer_submit(self, &t.checkpointer, &c, &done);
    }
}

static void
on_done(struct actor *self UNUSED, struct actor_msg *msg)
{
    struct done_body *body = actor_msg_body(msg, &msg_done);

    uint64_t next;

    ck_assert_uint_eq(body->i, t.n_done);
    if (t.replay) {
        ck_assert_ptr_null(journal_replay(&actor_disk_real, t.meta, &next));
        ck_content(body->i);
    }
    t.n_done++;
}

static void
on_failed(struct actor *self UNUSED, struct actor_msg *msg)
{
    struct checkpoint_failed *body = actor_msg_body(msg,
                                                    &msg_checkpoint_failed);

    ck_assert_ptr_nonnull(strstr(body->why, "Failed to checkpoint: "));
    t.n_failed++;
}

static const struct actor_handler handlers[] = {
    { &msg_go, on_go },
    { &msg_later, on_later },
    { &msg_done, on_done },
    { &msg_checkpoint_failed, on_failed },
};

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct owner),
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static void
set_up(void)
{
    const struct actor_system_options options = { .manual = true, .seed = 1 };
    autofree char *dir = test_temp_dir();

    memset(&t, 0, sizeof t);
    t.meta = xasprintf("%s/meta", dir);
    ck_assert_int_eq(mkdir(t.meta, 0755), 0);
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, NULL,
                                   &t.owner));
    const struct checkpointer_options checkpointer = {
        .owner = &t.owner, .meta = t.meta, .journal = 1,
    };
    ck_assert_ptr_null(checkpointer_start(t.system, &checkpointer,
                                          &t.checkpointer));
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    free(t.meta);
}

static void
go(void)
{
    struct actor_msg *msg = actor_msg_create(&msg_go);

    actor_post(t.system, &t.owner, &msg);
    actor_system_run(t.system);
}

START_TEST(what_is_said_to_be_done_is_in_the_journal_and_in_order)
{
    set_up();
    t.replay = true;

    go();

    ck_assert_uint_eq(t.n_done, N_FILES);
    ck_assert_uint_eq(t.n_failed, 0);
    tear_down();
}
END_TEST

START_TEST(files_follow_the_journal)
{
    set_up();

    go();
    actor_system_advance(t.system, SECOND);

    ck_assert_uint_eq(t.n_done, N_FILES);
    for (unsigned i = 0; i < N_FILES; i++) {
        ck_content(i);
    }
    tear_down();
}
END_TEST

static void
submit_later(const char *text)
{
    struct actor_msg *msg = actor_msg_create(&msg_later);

    ((struct later_body *) actor_msg_body(msg, &msg_later))->text = text;
    actor_post(t.system, &t.owner, &msg);
    actor_system_run(t.system);
}

static bool
is_in_journal(void)
{
    autofree char *path = xasprintf("%s/journal/1", t.meta);

    return access(path, F_OK) == 0;
}

START_TEST(what_is_for_later_waits_for_company_but_not_long)
{
    set_up();

    submit_later("7");
    ck_assert(!is_in_journal());
    actor_system_advance(t.system, SECOND);

    ck_assert(is_in_journal());
    ck_content_of("later", 7);
    tear_down();
}
END_TEST

START_TEST(what_is_for_later_goes_with_what_comes_next_and_before_it)
{
    set_up();
    t.replay = true;

    submit_later("7");
    go();

    ck_assert_uint_eq(t.n_done, N_FILES);
    ck_content_of("later", 7);
    tear_down();
}
END_TEST

START_TEST(failure_is_told_once_and_nothing_is_done_any_more)
{
    set_up();
    autofree char *journal = xasprintf("%s/journal", t.meta);
    FILE *file = fopen(journal, "w");   /* where a directory should be */
    ck_assert_ptr_nonnull(file);
    fclose(file);

    go();
    go();

    ck_assert_uint_eq(t.n_done, 0);
    ck_assert_uint_eq(t.n_failed, 1);
    tear_down();
}
END_TEST

/* --- what is found of it --- */

static void
write_file(const char *name, const char *text)
{
    autofree char *path = xasprintf("%s/%s", t.meta, name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(damage_ends_a_strict_recovery_and_is_counted_in_another)
{
    struct saved_state state;

    set_up();
    write_file("boot_id", "cmesos-checkpoint 1 1 boot_id 3 00000000\nxyz");

    struct error *error = saved_state_read(&actor_disk_real, t.meta, "b",
                                           true, &state);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "/boot_id': offset 41: "));
    error_destroy(error);

    error = saved_state_read(&actor_disk_real, t.meta, "b", false, &state);
    ck_assert_ptr_null(error);
    ck_assert_uint_eq(state.n_errors, 1);
    ck_assert_ptr_null(state.agent_id);
    saved_state_fini(&state);
    tear_down();
}
END_TEST

START_TEST(nothing_is_a_new_agent)
{
    struct saved_state state;

    set_up();

    ck_assert_ptr_null(saved_state_read(&actor_disk_real, t.meta, "b", true,
                                        &state));
    ck_assert_ptr_null(state.agent_id);
    ck_assert(!state.is_rebooted);
    ck_assert_uint_eq(state.journal, 1);
    saved_state_fini(&state);
    tear_down();
}
END_TEST

static Suite *
checkpointer_suite(void)
{
    Suite *suite = suite_create("checkpointer");

    test_add(suite, "order",
             what_is_said_to_be_done_is_in_the_journal_and_in_order);
    test_add(suite, "files", files_follow_the_journal);
    test_add(suite, "later",
             what_is_for_later_waits_for_company_but_not_long);
    test_add(suite, "company",
             what_is_for_later_goes_with_what_comes_next_and_before_it);
    test_add(suite, "failure",
             failure_is_told_once_and_nothing_is_done_any_more);
    test_add(suite, "damage",
             damage_ends_a_strict_recovery_and_is_counted_in_another);
    test_add(suite, "nothing", nothing_is_a_new_agent);
    return suite;
}

TEST_MAIN(checkpointer_suite)
