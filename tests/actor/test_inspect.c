/* SPDX-License-Identifier: Apache-2.0
 *
 * test_inspect.c - looking into mailboxes: what waits, what runs, and what
 * is stuck; while all goes on, too. */
#include <config.h>

#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "core/transport.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"
#include "tests/lib/wait.h"

/* --- messages with a number, and actors that take them --- */

static char *
describe_number(const void *number)
{
    return xasprintf("%u", *(const unsigned *) number);
}

static const struct actor_msg_type msg_number = {
    .name = "number", .size = sizeof(unsigned), .describe = describe_number,
};
static const struct actor_msg_type msg_stick = { .name = "stick" };

/* What a stuck actor waits for, and that it is stuck. */
static sem_t stuck, unstick;

static void
on_stick(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
    sem_post(&stuck);
    while (sem_wait(&unstick) < 0) {
    }
}

static void
on_number(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
}

static const struct actor_handler handlers[] = {
    { &msg_number, on_number },
    { &msg_stick, on_stick },
};

static const struct actor_type taker_type = {
    .name = "taker", .size = sizeof(struct actor), .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

static struct upid
spawn(struct actor_system *system, const char *id)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, &taker_type, id, NULL, &upid));
    return upid;
}

static void
post_number(struct actor_system *system, const struct upid *to, unsigned n)
{
    struct actor_msg *msg = actor_msg_create(&msg_number);

    *(unsigned *) actor_msg_body(msg, &msg_number) = n;
    actor_post(system, to, &msg);
}

static void
post(struct actor_system *system, const struct upid *to,
     const struct actor_msg_type *type)
{
    struct actor_msg *msg = actor_msg_create(type);

    actor_post(system, to, &msg);
}

/* --- what is seen, as text --- */

/* "id(running): name=text name ... | n_waiting" for each actor. */
static void
show(void *out_, const struct actor_view *view)
{
    struct strbuf *out = out_;

    strbuf_printf(out, "%s(%s):", view->upid.id,
                  view->running ? view->running : "");
    for (size_t i = 0; i < view->n_events; i++) {
        strbuf_printf(out, " %s%s%s", view->events[i].type->name,
                      view->events[i].text ? "=" : "",
                      view->events[i].text ? view->events[i].text : "");
    }
    strbuf_printf(out, " | %zu\n", view->n_waiting);
}

#define EXPECT_SEEN(system, n_max, text) \
    do { \
        autofini(strbuf) seen_ = STRBUF(STRBUF_UNLIMITED); \
        system_for_each_actor((system), (n_max), show, &seen_); \
        ck_assert_str_eq(seen_.data, (text)); \
    } while (0)

START_TEST(what_waits_is_seen_oldest_first)
{
    struct actor_system *system = bare_manual(NULL);
    struct upid a = spawn(system, "a");

    spawn(system, "b");
    post_number(system, &a, 1);
    post_number(system, &a, 2);
    post(system, &a, &msg_stick);
    actor_terminate(system, &a);

    EXPECT_SEEN(system, 10,
                "a(): number=1 number=2 stick actor.terminate | 4\n"
                "b(): | 0\n");
    EXPECT_SEEN(system, 2, "a(): number=1 number=2 | 4\nb(): | 0\n");
    EXPECT_SEEN(system, 0, "a(): | 4\nb(): | 0\n");
    sem_init(&stuck, 0, 0);
    sem_init(&unstick, 0, 1);
    actor_system_run(system);
    EXPECT_SEEN(system, 10, "b(): | 0\n");
    actor_system_destroy(system);
}
END_TEST

static void
check_oldest(void *n_, const struct actor_view *view)
{
    size_t *n = n_;

    *n = view->n_events;
    for (size_t i = 0; i < view->n_events; i++) {
        ck_assert_uint_eq(strtoul(view->events[i].text, NULL, 10), i);
    }
}

static void
check_newer(void *n_, const struct actor_view *view)
{
    size_t *n = n_;

    *n = view->n_events;
    for (size_t i = 1; i < view->n_events; i++) {
        ck_assert_uint_eq(strtoul(view->events[i].text, NULL, 10),
                          strtoul(view->events[i - 1].text, NULL, 10) + 1);
    }
}

START_TEST(of_many_the_oldest_are_seen)
{
    struct actor_system *system = bare_manual(NULL);
    struct upid a = spawn(system, "a");
    size_t n;

    for (unsigned i = 0; i < 4096; i++) {
        post_number(system, &a, i);
    }
    system_for_each_actor(system, 100, check_oldest, &n);
    ck_assert_uint_eq(n, 100);
    for (unsigned i = 4096; i < 5000; i++) {
        post_number(system, &a, i);
    }
    system_for_each_actor(system, 100, check_newer, &n);
    ck_assert_uint_eq(n, 100);
    actor_system_destroy(system);
}
END_TEST

static void
count_events(void *n_, const struct actor_view *view)
{
    *(size_t *) n_ += view->n_events;
}

START_TEST(events_are_bounded_in_all)
{
    struct actor_system *system = bare_manual(NULL);
    size_t n = 0;

    for (int i = 0; i < 150; i++) {
        struct upid upid = spawn(system, NULL);

        for (unsigned j = 0; j < 100; j++) {
            post_number(system, &upid, j);
        }
    }
    system_for_each_actor(system, 100, count_events, &n);
    ck_assert_uint_eq(n, 10000);
    actor_system_destroy(system);
}
END_TEST

/* --- stuck actors --- */

static bool
is_seen(struct actor_system *system, const char *text)
{
    autofini(strbuf) seen = STRBUF(STRBUF_UNLIMITED);

    system_for_each_actor(system, 10, show, &seen);
    return strstr(seen.data, text) != NULL;
}

START_TEST(a_stuck_actor_is_seen_with_what_it_does_and_what_waits)
{
    struct actor_system *system = bare_threaded(2);
    struct upid a = spawn(system, "a");

    sem_init(&stuck, 0, 0);
    sem_init(&unstick, 0, 0);
    post(system, &a, &msg_stick);
    while (sem_wait(&stuck) < 0) {
    }
    post_number(system, &a, 7);
    post_number(system, &a, 8);
    EXPECT_SEEN(system, 10, "a(stick): number=7 number=8 | 2\n");
    sem_post(&unstick);
    WAIT_FOR(is_seen(system, "a(): | 0\n"));
    actor_system_destroy(system);
}
END_TEST

/* Some are taken already by the turn that is stuck, others are not. */
START_TEST(what_a_stuck_turn_has_taken_is_seen_too)
{
    struct actor_system *system = bare_threaded(2);
    struct upid a = spawn(system, "a");

    sem_init(&stuck, 0, 0);
    sem_init(&unstick, 0, 0);
    post(system, &a, &msg_stick);
    while (sem_wait(&stuck) < 0) {
    }
    post(system, &a, &msg_stick);
    post_number(system, &a, 1);
    sem_post(&unstick);
    while (sem_wait(&stuck) < 0) {
    }
    post_number(system, &a, 2);

    ck_assert(is_seen(system, "a(stick): number=1 number=2 |"));
    sem_post(&unstick);
    WAIT_FOR(is_seen(system, "a(): | 0\n"));
    actor_system_destroy(system);
}
END_TEST

static void
stuck_fini(struct actor *self)
{
    on_stick(self, NULL);
}

static const struct actor_type stuck_fini_type = {
    .name = "stuck", .size = sizeof(struct actor), .fini = stuck_fini,
};

START_TEST(an_actor_that_is_stuck_in_its_end_is_seen)
{
    struct actor_system *system = bare_threaded(2);
    struct upid a;

    sem_init(&stuck, 0, 0);
    sem_init(&unstick, 0, 0);
    ck_assert_ptr_null(actor_spawn(system, &stuck_fini_type, "a", NULL, &a));
    actor_terminate(system, &a);
    while (sem_wait(&stuck) < 0) {
    }
    post_number(system, &a, 3);

    ck_assert(is_seen(system, "a(actor.fini): number=3 | 1\n"));
    sem_post(&unstick);
    actor_wait(system, &a, DURATION_FOREVER);
    actor_system_destroy(system);
}
END_TEST

/* Sees the one that is stuck from another actor's turn, on the other
 * worker. */
static struct strbuf seen_by_actor = STRBUF(STRBUF_UNLIMITED);
static sem_t has_seen;

static void
look_run(struct actor *self, struct actor_msg *msg UNUSED)
{
    system_for_each_actor(actor_system_of(self), 10, show, &seen_by_actor);
    sem_post(&has_seen);
}

static const struct actor_msg_type msg_look = {
    .name = "look", .run = look_run,
};

START_TEST(an_actor_may_look_at_others_and_itself)
{
    struct actor_system *system = bare_threaded(2);
    struct upid a = spawn(system, "a"), b = spawn(system, "b");

    sem_init(&stuck, 0, 0);
    sem_init(&unstick, 0, 0);
    sem_init(&has_seen, 0, 0);
    post(system, &a, &msg_stick);
    while (sem_wait(&stuck) < 0) {
    }
    post_number(system, &a, 1);
    post(system, &b, &msg_look);
    while (sem_wait(&has_seen) < 0) {
    }

    ck_assert_str_eq(seen_by_actor.data,
                     "a(stick): number=1 | 1\nb(look): | 0\n");
    sem_post(&unstick);
    actor_system_destroy(system);
    strbuf_fini(&seen_by_actor);
}
END_TEST

/* --- while all goes on --- */

enum { N_TAKERS = 6, N_LOOKS = 100 };

struct sender {
    struct actor_system *system;
    struct upid to;
    atomic_bool *is_over;
};

/* Sends numbers, in bursts, to one actor. */
static void *
send_numbers(void *sender_)
{
    struct sender *sender = sender_;

    for (unsigned n = 0; !atomic_load(sender->is_over); n++) {
        post_number(sender->system, &sender->to, n);
        if (n % 512 == 0) {
            struct timespec pause = { 0, 100 * 1000 };

            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

static struct error *
refuse(struct actor *self, void *arg UNUSED)
{
    post_number(actor_system_of(self), actor_upid(self), 5);
    return error_create(ERROR_UNAVAILABLE, "not today");
}

static const struct actor_type refusing_type = {
    .name = "refusing", .size = sizeof(struct actor), .init = refuse,
};

/* Actors that come and go, from a thread and from turns. */
static void
churn_run(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct actor_system *system = actor_system_of(self);
    struct upid child;

    struct error *error = actor_spawn(system, &refusing_type, NULL, NULL,
                                      NULL);
    error_destroy(error);
    error = actor_spawn(system, &taker_type, NULL, NULL, &child);
    if (!error) {
        post_number(system, &child, 0);
        actor_terminate(system, &child);
        post_number(system, &child, 1);
    }
    error_destroy(error);
}

static const struct actor_msg_type msg_churn = {
    .name = "churn", .run = churn_run,
};

static void *
churn(void *sender_)
{
    struct sender *sender = sender_;

    while (!atomic_load(sender->is_over)) {
        struct error *error = actor_spawn(sender->system, &refusing_type,
                                          NULL, NULL, NULL);

        error_destroy(error);
        post(sender->system, &sender->to, &msg_churn);
    }
    return NULL;
}

/* What one sender sent is in order and without gaps. */
static void
check_numbers(void *n_, const struct actor_view *view)
{
    unsigned before = 0;
    bool has_before = false;

    for (size_t i = 0; i < view->n_events; i++) {
        if (view->events[i].type == &msg_number) {
            unsigned n = (unsigned) strtoul(view->events[i].text, NULL, 10);

            ck_assert(!has_before || n == before + 1);
            before = n;
            has_before = true;
        }
    }
    *(size_t *) n_ += view->n_events;
}

START_TEST(what_is_seen_is_whole_while_all_goes_on)
{
    struct actor_system *system = bare_threaded(3);
    atomic_bool is_over = false;
    struct sender senders[N_TAKERS + 1];
    pthread_t threads[N_TAKERS + 1];
    size_t n = 0;

    for (int i = 0; i <= N_TAKERS; i++) {
        senders[i] = (struct sender) { system, spawn(system, NULL),
                                       &is_over };
        pthread_create(&threads[i], NULL, i < N_TAKERS ? send_numbers : churn,
                       &senders[i]);
    }
    for (int i = 0; i < N_LOOKS || n == 0; i++) {
        system_for_each_actor(system, 1 + (size_t) i % 50, check_numbers, &n);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i <= N_TAKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_gt(n, 0);
    actor_system_destroy(system);
}
END_TEST

/* --- over HTTP --- */

/* What came to a client once the world has stood still. */
static const char *
get(struct multi_system *multi, struct memory_client *client,
    const char *path)
{
    autofree char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n"
                                    "User-Agent: test\r\n\r\n", path);
    size_t size;

    memory_client_clear(client);
    memory_client_write(client, text, strlen(text));
    multi_system_run(multi);
    return memory_client_text(client, &size);
}

struct web_stage {
    struct multi_system *multi;
    struct actor_system *system;
};

static void
tell_secret_run(struct actor *self, struct actor_msg *msg)
{
    struct message *m = message_create(&internal__run_task__descriptor);
    Internal__RunTask *run = message_root(m);
    V1__Environment *environment = message_new(m,
                                               &v1__environment__descriptor);
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);
    V1__Environment__Variable *variable =
        message_new(m, &v1__environment__variable__descriptor);

    variable->name = message_strdup(m, "PASSWORD");
    variable->value = message_strdup(m, "sesame");
    environment->variables = message_array(m, 1, sizeof variable);
    environment->variables[0] = variable;
    environment->n_variables = 1;
    command->environment = environment;
    run->task = message_new(m, &v1__task_info__descriptor);
    run->task->name = message_strdup(m, "web");
    run->task->command = command;
    actor_send_message(self, actor_msg_body(msg, actor_msg_type(msg)),
                       &msg_run_task, &m);
}

static const struct actor_msg_type msg_tell_secret = {
    .name = "tell-secret", .size = sizeof(struct upid),
    .run = tell_secret_run,
};

#define EXPECT_HAS(text, part) \
    ck_assert_msg(strstr((text), (part)), "no '%s' in '%s'", (part), (text))

/* The actor 'self' is behind: this is called in its init. */
static void
look_over_http(struct actor *self, const struct web_stage *stage)
{
    struct actor_system *system = stage->system;
    struct upid teller = spawn(system, "teller"), dead = spawn(system, "x");
    struct actor_msg *msg = actor_msg_create(&msg_tell_secret);
    struct memory_client *clients[2];
    struct actor_timer timer = { NULL };

    for (int i = 0; i < 2; i++) {
        clients[i] = memory_client_connect(multi_system_net(stage->multi),
                                           actor_system_address(system));
    }
    *(struct upid *) actor_msg_body(msg, &msg_tell_secret)
        = *actor_upid(self);
    actor_post(system, &teller, &msg);
    multi_system_run(stage->multi);
    actor_link(self, &dead);
    actor_terminate(system, &dead);
    multi_system_run(stage->multi);
    get(stage->multi, clients[0], "/slow/page?a=b");
    actor_timer_start(self, &timer, 0, NULL, NULL);
    multi_system_run(stage->multi);
    actor_terminate(system, actor_upid(self));
    const char *text = get(stage->multi, clients[1], "/__processes__");

    EXPECT_HAS(text,
               "\",\"from\":\"teller@10.0.0.1:5050\",\"name\":\"RunTask\","
               "\"to\":\"slow@10.0.0.1:5050\",\"type\":\"MESSAGE\"},"
               "{\"type\":\"EXITED\",\"who\":\"x@10.0.0.1:5050\"},"
               "{\"method\":\"GET\",\"type\":\"HTTP\","
               "\"url\":\"/slow/page?a=b\"},"
               "{\"name\":\"actor.timer\",\"type\":\"DISPATCH\"},"
               "{\"type\":\"TERMINATE\"}],"
               "\"id\":\"slow\",\"n_waiting\":5,\"n_waiting_max\":5,"
               "\"type\":\"slow\"}");
    EXPECT_HAS(text, "\"body\":\"{\\\"task\\\":{\\\"name\\\":\\\"web\\\"");
    EXPECT_HAS(text, "<redacted>");
    ck_assert_ptr_null(strstr(text, "sesame"));
    EXPECT_HAS(text, "\"running\":{\"name\":\"http-request\",\"seconds\":");
    actor_timer_cancel(self, &timer);
    memory_client_close(clients[0]);
    memory_client_close(clients[1]);
}

static void
on_page(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "page");
}

static const struct http_route routes[] = { { "/page", on_page, NULL, NULL } };

static struct error *
slow_init(struct actor *self, void *stage)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    look_over_http(self, stage);
    return NULL;
}

static const struct actor_type slow_type = {
    .name = "slow", .size = sizeof(struct actor), .init = slow_init,
};

START_TEST(queues_are_shown_over_http_as_in_mesos)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct web_stage stage = { .multi = multi_system_create() };

    stage.system = multi_system_add(stage.multi, &options);
    ck_assert_ptr_null(actor_spawn(stage.system, &slow_type, "slow", &stage,
                                   NULL));
    multi_system_run(stage.multi);
    multi_system_destroy(stage.multi);
}
END_TEST

static Suite *
inspect_suite(void)
{
    Suite *suite = suite_create("inspect");

    test_add(suite, "order", what_waits_is_seen_oldest_first);
    test_add(suite, "many", of_many_the_oldest_are_seen);
    test_add(suite, "bound", events_are_bounded_in_all);
    test_add(suite, "stuck",
             a_stuck_actor_is_seen_with_what_it_does_and_what_waits);
    test_add(suite, "taken", what_a_stuck_turn_has_taken_is_seen_too);
    test_add(suite, "fini", an_actor_that_is_stuck_in_its_end_is_seen);
    test_add(suite, "actor", an_actor_may_look_at_others_and_itself);
    test_add(suite, "threads", what_is_seen_is_whole_while_all_goes_on);
    test_add(suite, "http", queues_are_shown_over_http_as_in_mesos);
    return suite;
}

TEST_MAIN(inspect_suite)
