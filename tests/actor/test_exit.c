/* SPDX-License-Identifier: Apache-2.0
 *
 * test_exit.c - links between actors, watches of remote linkers, and the seam
 * to other systems. */
#include <config.h>

#include <actor/actor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "core/transport.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- an actor that does in its turn what it is sent --- */

struct puppet {
    struct actor base;
    char *text;                 /* 256 bytes; borrowed */
    bool ends_with_others;
};

struct order {
    void (*fn)(struct actor *self, const struct upid *);
    struct upid upid;
};

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order),
};

static void
on_order(struct actor *self, struct actor_msg *msg)
{
    struct order *order = actor_msg_body(msg, &msg_order);

    order->fn(self, &order->upid);
}

static void
puppet_exited(struct actor *self, const struct upid *who)
{
    struct puppet *puppet = (struct puppet *) self;
    size_t len = strlen(puppet->text);

    snprintf(puppet->text + len, 256 - len, "%s ", who->id);
    if (puppet->ends_with_others) {
        actor_stop(self);
    }
}

static struct error *
puppet_init(struct actor *self, void *text)
{
    ((struct puppet *) self)->text = text;
    return NULL;
}

static const struct actor_handler puppet_handlers[] = {
    { &msg_order, on_order },
};

static const struct actor_type puppet_type = {
    .name = "puppet", .size = sizeof(struct puppet), .init = puppet_init,
    .exited = puppet_exited,
    .handlers = puppet_handlers, .n_handlers = 1,
};

static struct upid
spawn(struct actor_system *system, const char *id, char *text)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &puppet_type, id, text, &upid));
    return upid;
}

static void
tell(struct actor_system *system, const struct upid *whom,
     void (*fn)(struct actor *, const struct upid *), const struct upid *upid)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);
    struct order *order = actor_msg_body(msg, &msg_order);

    order->fn = fn;
    order->upid = *upid;
    actor_post(system, whom, &msg);
}

static void
stop(struct actor *self, const struct upid *upid UNUSED)
{
    actor_stop(self);
}

static void
end_with_others(struct actor *self, const struct upid *upid)
{
    ((struct puppet *) self)->ends_with_others = true;
    actor_link(self, upid);
}

/* --- local links --- */

START_TEST(end_of_a_linked_actor_is_told_once)
{
    struct actor_system *system = bare_manual(NULL);
    char text[256] = "";
    struct upid a = spawn(system, "a", text), b = spawn(system, "b", text);

    tell(system, &a, actor_link, &b);
    tell(system, &a, actor_link, &b);
    actor_system_run(system);
    ck_assert_str_eq(text, "");
    actor_terminate(system, &b);
    actor_system_run(system);
    ck_assert_str_eq(text, "b ");

    /* The link is over. */
    b = spawn(system, "b", text);
    actor_terminate(system, &b);
    actor_system_run(system);
    ck_assert_str_eq(text, "b ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(link_to_nobody_ends_at_once)
{
    struct actor_system *system = bare_manual(NULL);
    char text[256] = "";
    struct upid a = spawn(system, "a", text), nobody;

    ck_assert_ptr_null(actor_system_upid(system, "nobody", &nobody));
    tell(system, &a, actor_link, &nobody);
    actor_system_run(system);

    ck_assert_str_eq(text, "nobody ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(unlinked_actor_ends_unnoticed)
{
    struct actor_system *system = bare_manual(NULL);
    char text[256] = "";
    struct upid a = spawn(system, "a", text), b = spawn(system, "b", text);

    tell(system, &a, actor_unlink, &b);         /* not linked: fine */
    tell(system, &a, actor_link, &b);
    tell(system, &a, actor_unlink, &b);
    actor_terminate(system, &b);
    actor_system_run(system);

    ck_assert_str_eq(text, "");
    actor_system_destroy(system);
}
END_TEST

static void
relink(struct actor *self, const struct upid *upid)
{
    actor_unlink(self, upid);
    actor_link(self, upid);
}

START_TEST(old_notice_does_not_end_a_new_link)
{
    struct actor_system *system = bare_manual(NULL);
    char text[256] = "";
    struct upid a = spawn(system, "a", text), b = spawn(system, "b", text);

    tell(system, &a, actor_link, &b);
    actor_system_run(system);

    /* 'b' ends; before 'a' looks at its mailbox there is a new 'b', to which
     * 'a' links anew before it comes to the notice. */
    struct upid new_b;
    tell(system, &b, stop, &b);
    tell(system, &a, relink, &b);
    actor_system_run(system);
    ck_assert_str_eq(text, "b ");       /* at the new link: there is no b */
    new_b = spawn(system, "b", text);
    tell(system, &a, relink, &new_b);
    actor_system_run(system);
    ck_assert_str_eq(text, "b ");
    actor_terminate(system, &new_b);
    actor_system_run(system);
    ck_assert_str_eq(text, "b b ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(ended_linker_is_forgotten)
{
    struct actor_system *system = bare_manual(NULL);
    char text[256] = "";
    struct upid a = spawn(system, "a", text), b = spawn(system, "b", text);

    tell(system, &a, actor_link, &b);
    tell(system, &a, actor_link, &a);   /* to itself: as any other */
    actor_terminate(system, &a);
    actor_terminate(system, &b);
    actor_system_run(system);

    ck_assert_str_eq(text, "");
    actor_system_destroy(system);
}
END_TEST

START_TEST(chain_of_links_falls_together)
{
    enum { N = 200 };
    struct actor_system *system = bare_threaded(2);
    static char texts[N][256];
    struct upid upids[N];

    for (int i = 0; i < N; i++) {
        upids[i] = spawn(system, NULL, texts[i]);
        if (i > 0) {
            tell(system, &upids[i], end_with_others, &upids[i - 1]);
        }
    }
    tell(system, &upids[0], stop, &upids[0]);

    for (int i = 0; i < N; i++) {
        ck_assert(actor_wait(system, &upids[i], DURATION_FOREVER));
        ck_assert_int_eq(texts[i][0] != '\0', i > 0);
    }
    actor_system_destroy(system);
}
END_TEST

START_TEST(many_linkers_are_all_told)
{
    enum { N = 300 };
    struct actor_system *system = bare_threaded(2);
    static char texts[N][256];
    char none[256] = "";
    struct upid upids[N], center = spawn(system, "center", none);

    for (int i = 0; i < N; i++) {
        upids[i] = spawn(system, NULL, texts[i]);
        tell(system, &upids[i], end_with_others, &center);
        tell(system, &center, actor_link, &upids[i]);
    }
    actor_terminate(system, &center);
    for (int i = 0; i < N; i++) {
        ck_assert(actor_wait(system, &upids[i], DURATION_FOREVER));
        ck_assert_str_eq(texts[i], "center ");
    }
    actor_system_destroy(system);
}
END_TEST

/* --- watches --- */

struct watcher {
    struct exit_watch base;
    int n;
};

static void
count_exit(struct exit_watch *watch)
{
    ((struct watcher *) watch)->n++;
}

START_TEST(watch_is_called_once_at_the_end)
{
    struct actor_system *system = bare_manual(NULL);
    struct watcher first = { .base.fn = count_exit };
    struct watcher second = { .base.fn = count_exit };
    struct watcher nobody = { .base.fn = count_exit };
    struct upid a = spawn(system, "a", NULL);

    ck_assert(system_watch_exit(system, "a", &first.base));
    ck_assert(system_watch_exit(system, "a", &second.base));
    ck_assert(!system_watch_exit(system, "b", &nobody.base));
    system_unwatch_exit(system, &second.base);
    system_unwatch_exit(system, &nobody.base);
    actor_terminate(system, &a);
    actor_system_run(system);
    system_unwatch_exit(system, &first.base);

    ck_assert_int_eq(first.n, 1);
    ck_assert_int_eq(second.n, 0);
    ck_assert_int_eq(nobody.n, 0);
    actor_system_destroy(system);
}
END_TEST

/* --- the seam to other systems --- */

struct transport {
    char text[512];
    struct actor_msg *last;
    uint64_t call;
};

static void
note(struct transport *t, const char *what, const struct upid *from,
     const struct upid *to)
{
    size_t len = strlen(t->text);

    snprintf(t->text + len, sizeof t->text - len, "%s %s %s, ", what,
             from->id, to->id);
}

static void
fake_send(void *t_, const struct upid *from, const struct upid *to,
          struct actor_msg **msg)
{
    struct transport *t = t_;

    note(t, actor_msg_type(*msg)->name, from, to);
    t->call = actor_msg_call(*msg);
    actor_msg_destroy(*msg);
    *msg = NULL;
}

static void
fake_link(void *t, const struct upid *from, const struct upid *to)
{
    note(t, "link", from, to);
}

static void
fake_unlink(void *t, const struct upid *from, const struct upid *to)
{
    note(t, "unlink", from, to);
}

static void
fake_stop(void *t)
{
    static const struct upid none;

    note(t, "stop", &none, &none);
}

static void
fake_destroy(void *t)
{
    static const struct upid none;

    note(t, "destroy", &none, &none);
}

static const struct transport_ops fake_ops = {
    fake_send, fake_link, fake_unlink, fake_stop, fake_destroy,
};

static void
greet(struct actor *self, const struct upid *to)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);

    actor_send(self, to, &msg);
}

static struct upid
remote(const char *id)
{
    struct upid upid = {
        .address = { .family = ADDRESS_IPV4, .port = 9,
                     .ip = { 10, 0, 0, 1 } },
    };

    snprintf(upid.id, sizeof upid.id, "%s", id);
    return upid;
}

START_TEST(what_concerns_others_goes_to_the_transport)
{
    struct actor_system *system = bare_manual(NULL);
    struct transport t = { .text = "" };
    char text[256] = "";
    struct upid there = remote("far");

    system_set_transport(system, &fake_ops, &t);
    struct upid a = spawn(system, "a", text);
    tell(system, &a, greet, &there);
    tell(system, &a, actor_link, &there);
    tell(system, &a, actor_link, &there);
    tell(system, &a, actor_unlink, &there);
    tell(system, &a, actor_link, &there);
    struct actor_msg *msg = actor_msg_create(&msg_order);
    actor_post(system, &there, &msg);
    actor_system_run(system);
    ck_assert_str_eq(t.text, "order  far, order a far, link a far, "
                             "unlink a far, link a far, ");
    t.text[0] = '\0';
    system_deliver_exited(system, &a, &there);
    system_deliver_exited(system, &a, &there);
    system_deliver_exited(system, &there, &a);
    actor_system_run(system);
    ck_assert_str_eq(text, "far ");

    tell(system, &a, actor_link, &there);
    actor_system_run(system);
    actor_system_destroy(system);
    ck_assert_str_eq(t.text, "link a far, unlink a far, stop  , destroy  , ");
}
END_TEST

static void
reply_to_order(struct actor *self, struct actor_msg *msg)
{
    struct actor_msg *answer = actor_msg_create(&msg_order);
    struct upid from;

    actor_msg_from(msg, &from);
    ck_assert_str_eq(from.id, "far");
    actor_reply(self, msg, &answer);
}

static const struct actor_handler replier_handlers[] = {
    { &msg_order, reply_to_order },
};

static const struct actor_type replier_type = {
    .name = "replier", .size = sizeof(struct actor),
    .handlers = replier_handlers, .n_handlers = 1,
};

START_TEST(message_of_another_system_is_delivered_and_answered)
{
    struct pressure_watch pressure = { .is_armed = false };
    struct actor_system *system = bare_manual(NULL);
    struct transport t = { .text = "" };
    struct upid there = remote("far");

    system_set_transport(system, &fake_ops, &t);
    ck_assert_ptr_null(actor_spawn(system, &replier_type, "a", NULL, NULL));
    struct actor_msg *msg = actor_msg_create(&msg_order);
    actor_msg_set_correlation(msg, 17, 0);
    ck_assert(!system_deliver(system, &there, "nobody", &msg, 0,
                              &pressure));
    ck_assert_ptr_nonnull(msg);
    ck_assert(system_deliver(system, &there, "a", &msg, 0, &pressure));
    ck_assert_ptr_null(msg);
    actor_system_run(system);

    ck_assert_str_eq(t.text, "order a far, ");
    ck_assert_uint_eq(t.call, 0);
    actor_system_destroy(system);
}
END_TEST

static Suite *
exit_suite(void)
{
    Suite *suite = suite_create("exit");

    test_add(suite, "once", end_of_a_linked_actor_is_told_once);
    test_add(suite, "nobody", link_to_nobody_ends_at_once);
    test_add(suite, "unlink", unlinked_actor_ends_unnoticed);
    test_add(suite, "relink", old_notice_does_not_end_a_new_link);
    test_add(suite, "linker", ended_linker_is_forgotten);
    test_add(suite, "chain", chain_of_links_falls_together);
    test_add(suite, "many", many_linkers_are_all_told);
    test_add(suite, "watch", watch_is_called_once_at_the_end);
    test_add(suite, "transport", what_concerns_others_goes_to_the_transport);
    test_add(suite, "deliver",
             message_of_another_system_is_delivered_and_answered);
    return suite;
}

TEST_MAIN(exit_suite)
