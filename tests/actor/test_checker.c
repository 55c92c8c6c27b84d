/* SPDX-License-Identifier: Apache-2.0
 *
 * test_checker.c - the checker, with processes that are only written down, a
 * network in memory, and time that the test moves. */
#include <config.h>

#include "executor/checks/checker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

enum order { ORDER_PAUSE, ORDER_RESUME, ORDER_END };

struct order_body {
    enum order order;
};

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order_body),
};

/* The stage, which is also what the owner of the checker sees. */
static struct {
    struct fake_process *processes;
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_server *server;
    struct upid owner;
    struct checker *checker;
    bool ends_on_kill;

    V1__CheckInfo *check;
    V1__HealthCheck *health;
    char said[256];             /* "+" healthy, "-" not, "K" kill, "[...]" the
                                 * check's status */
} t;

#define SET(message, field, value) \
    ((message).has_##field = true, (message).field = (value))

static const struct address task_address = {
    .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 }, .port = 8080,
};

/* --- the owner --- */

static void
say(const char *text)
{
    size_t len = strlen(t.said);

    snprintf(t.said + len, sizeof t.said - len, "%s", text);
}

static void
on_check(struct actor *self UNUSED, void *aux,
         const V1__CheckStatusInfo *status)
{
    struct strbuf text = STRBUF(STRBUF_UNLIMITED);

    ck_assert_ptr_eq(aux, &t);
    message_encode_json(&status->base, &text);
    say("[");
    say(text.data);
    say("]");
    strbuf_fini(&text);
}

static void
on_health(struct actor *self UNUSED, void *aux, bool healthy, bool kill)
{
    ck_assert_ptr_eq(aux, &t);
    say(kill ? "K" : healthy ? "+" : "-");
    if (kill && t.ends_on_kill) {
        checker_destroy(t.checker);
        t.checker = NULL;
    }
}

static struct error *
owner_init(struct actor *self, void *arg UNUSED)
{
    static char *const environment[] = {
        (char *) "PATH=/bin", (char *) "A=task", NULL,
    };
    const struct checker_options options = {
        .task_id = "a", .environment = environment, .directory = "/sandbox",
        .on_check = on_check, .on_health = on_health, .aux = &t,
    };

    t.checker = checker_start(self, t.check, t.health, &options);
    return NULL;
}

static void
owner_fini(struct actor *self UNUSED)
{
    checker_destroy(t.checker);
}

static void
on_order(struct actor *self UNUSED, struct actor_msg *msg)
{
    const struct order_body *body = actor_msg_body(msg, &msg_order);

    switch (body->order) {
    case ORDER_PAUSE:
        checker_pause(t.checker);
        break;
    case ORDER_RESUME:
        checker_resume(t.checker);
        break;
    case ORDER_END:
        checker_destroy(t.checker);
        t.checker = NULL;
        break;
    }
}

static const struct actor_handler handlers[] = {
    { &msg_order, on_order },
};

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct actor),
    .init = owner_init, .fini = owner_fini,
    .handlers = handlers, .n_handlers = 1,
};

/* --- the stage --- */

static void
set_up(V1__CheckInfo *check, V1__HealthCheck *health)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = { .backend = &backend, .seed = 1 };

    memset(&t, 0, sizeof t);
    t.check = check;
    t.health = health;
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    t.multi = multi_system_create();
    t.system = multi_system_add(t.multi, &options);
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, NULL,
                                   &t.owner));
    multi_system_run(t.multi);
}

static void
tear_down(void)
{
    multi_system_remove(t.multi, t.system);
    if (t.server) {
        memory_server_destroy(t.server);
    }
    multi_system_destroy(t.multi);
    fake_process_destroy(t.processes);
}

static void
advance(int64_t ns)
{
    multi_system_advance(t.multi, ns);
}

static void
give(enum order order)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);
    struct order_body *body = actor_msg_body(msg, &msg_order);

    body->order = order;
    actor_post(t.system, &t.owner, &msg);
    multi_system_run(t.multi);
}

static void
expect(const char *said)
{
    ck_assert_str_eq(t.said, said);
    t.said[0] = '\0';
}

/* --- commands --- */

static V1__CommandInfo command = V1__COMMAND_INFO__INIT;

/* Delay 1 s, interval 5 s, timeout 2 s, no grace, killed by the third
 * failure. */
static V1__HealthCheck
command_health(void)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;

    command.value = (char *) "probe-it";
    SET(health, type, V1__HEALTH_CHECK__TYPE__COMMAND);
    health.command = &command;
    SET(health, delay_seconds, 1);
    SET(health, interval_seconds, 5);
    SET(health, timeout_seconds, 2);
    SET(health, grace_period_seconds, 0);
    return health;
}

static const struct fake_child *
child(size_t i)
{
    ck_assert_uint_eq(fake_process_n(t.processes), i + 1);
    return fake_process_at(t.processes, i);
}

static void
end_command(size_t i, int status)
{
    ck_assert(fake_process_exit(t.processes, child(i)->pid, status));
    multi_system_run(t.multi);
}

START_TEST(command_is_run_like_the_task)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(SECOND - 1);
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    advance(1);

    ck_assert_str_eq(child(0)->path, "/bin/sh");
    ck_assert_str_eq(child(0)->argv[2], "probe-it");
    ck_assert_str_eq(child(0)->directory, "/sandbox");
    ck_assert_str_eq(fake_child_getenv(child(0), "A"), "task");
    ck_assert(child(0)->new_session);
    ck_assert(!child(0)->set_ids);
    ck_assert_int_eq(child(0)->stdio[0], -1);
    ck_assert_int_eq(child(0)->stdio[1], 2);
    ck_assert_int_eq(child(0)->stdio[2], 2);
    tear_down();
}
END_TEST

START_TEST(interval_counts_from_the_end_of_the_last_one)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(2 * SECOND);
    end_command(0, 0);
    expect("+");
    advance(5 * SECOND - 1);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    advance(1);
    end_command(1, 0);
    expect("");
    tear_down();
}
END_TEST

START_TEST(command_that_takes_too_long_is_killed_and_has_failed)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(3 * SECOND - 1);
    expect("");
    advance(1);
    expect("-");
    ck_assert(!child(0)->is_running);
    ck_assert_int_eq(child(0)->last_signal, SIGKILL);
    advance(5 * SECOND);
    end_command(1, 0);
    expect("+");
    tear_down();
}
END_TEST

START_TEST(without_a_timeout_nothing_takes_too_long)
{
    V1__HealthCheck health = command_health();

    SET(health, timeout_seconds, 0);
    set_up(NULL, &health);
    advance(WEEK);
    ck_assert(child(0)->is_running);
    expect("");
    end_command(0, 0);
    expect("+");
    tear_down();
}
END_TEST

START_TEST(third_failure_in_a_row_kills)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(SECOND);
    end_command(0, W_EXITCODE(1, 0));
    advance(5 * SECOND);
    end_command(1, W_EXITCODE(0, SIGSEGV));
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);
    advance(5 * SECOND);
    expect("--K");

    advance(5 * SECOND);
    end_command(2, 0);
    expect("+");
    tear_down();
}
END_TEST

START_TEST(grace_period_counts_from_the_start_of_the_checker)
{
    V1__HealthCheck health = command_health();

    SET(health, grace_period_seconds, 6);
    set_up(NULL, &health);
    advance(SECOND);
    end_command(0, W_EXITCODE(1, 0));
    advance(5 * SECOND);
    end_command(1, W_EXITCODE(1, 0));
    expect("");
    advance(5 * SECOND);
    end_command(2, W_EXITCODE(1, 0));
    expect("-");
    tear_down();
}
END_TEST

START_TEST(checker_may_be_ended_by_what_it_says)
{
    V1__HealthCheck health = command_health();

    SET(health, consecutive_failures, 1);
    set_up(NULL, &health);
    t.ends_on_kill = true;
    advance(SECOND);
    end_command(0, W_EXITCODE(1, 0));
    expect("K");
    advance(MINUTE);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

START_TEST(nothing_is_checked_while_paused)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(SECOND);
    give(ORDER_PAUSE);
    ck_assert(!child(0)->is_running);
    advance(MINUTE);
    expect("");

    give(ORDER_RESUME);
    multi_system_advance(t.multi, 0);
    end_command(1, 0);
    expect("+");
    tear_down();
}
END_TEST

START_TEST(pause_does_not_shorten_the_delay)
{
    V1__HealthCheck health = command_health();

    SET(health, delay_seconds, 10);
    set_up(NULL, &health);
    advance(SECOND);
    give(ORDER_PAUSE);
    give(ORDER_RESUME);
    advance(9 * SECOND - 1);
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    advance(1);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

START_TEST(end_kills_what_is_under_way)
{
    V1__HealthCheck health = command_health();

    set_up(NULL, &health);
    advance(SECOND);
    give(ORDER_END);
    ck_assert(!child(0)->is_running);
    advance(MINUTE);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    expect("");
    tear_down();
}
END_TEST

START_TEST(user_who_does_not_exist_fails_the_check)
{
    V1__HealthCheck health = command_health();

    command.user = (char *) "nobody-has-this-name";
    set_up(NULL, &health);
    command.user = NULL;
    advance(SECOND);
    expect("-");
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}
END_TEST

/* --- checks --- */

static V1__CheckInfo
command_check(V1__CheckInfo__Command *holder)
{
    V1__CheckInfo check = V1__CHECK_INFO__INIT;

    command.value = (char *) "probe-it";
    *holder = (V1__CheckInfo__Command) V1__CHECK_INFO__COMMAND__INIT;
    holder->command = &command;
    SET(check, type, V1__CHECK_INFO__TYPE__COMMAND);
    check.command = holder;
    SET(check, delay_seconds, 0);
    SET(check, interval_seconds, 1);
    return check;
}

START_TEST(check_tells_what_is_new)
{
    V1__CheckInfo__Command holder;
    V1__CheckInfo check = command_check(&holder);

    set_up(&check, NULL);
    end_command(0, 0);
    expect("[{\"type\":\"COMMAND\",\"command\":{\"exit_code\":0}}]");
    advance(SECOND);
    end_command(1, 0);
    expect("");
    advance(SECOND);
    end_command(2, W_EXITCODE(7, 0));
    expect("[{\"type\":\"COMMAND\",\"command\":{\"exit_code\":7}}]");
    tear_down();
}
END_TEST

START_TEST(check_that_could_not_be_made_tells_nothing_known)
{
    V1__CheckInfo__Command holder;
    V1__CheckInfo check = command_check(&holder);

    set_up(&check, NULL);
    end_command(0, W_EXITCODE(0, SIGKILL));
    expect("");                         /* as it was before */
    advance(SECOND);
    end_command(1, W_EXITCODE(7, 0));
    advance(SECOND);
    end_command(2, W_EXITCODE(0, SIGKILL));
    expect("[{\"type\":\"COMMAND\",\"command\":{\"exit_code\":7}}]"
           "[{\"type\":\"COMMAND\",\"command\":{}}]");
    tear_down();
}
END_TEST

START_TEST(status_before_the_first_check_is_empty)
{
    V1__CheckInfo__Command holder;
    V1__CheckInfo check = command_check(&holder);
    struct strbuf text = STRBUF(STRBUF_UNLIMITED);

    set_up(&check, NULL);
    struct message *m = message_create(&v1__task_status__descriptor);
    const V1__CheckStatusInfo *status = checker_status(t.checker, m);
    message_encode_json(&status->base, &text);
    ck_assert_str_eq(text.data, "{\"type\":\"COMMAND\",\"command\":{}}");
    message_unref(m);
    strbuf_fini(&text);
    tear_down();
}
END_TEST

/* --- TCP --- */

static void
listen_as_the_task(void)
{
    t.server = memory_server_create(multi_system_net(t.multi), &task_address);
}

START_TEST(tcp_check_connects_and_says_nothing)
{
    V1__CheckInfo check = V1__CHECK_INFO__INIT;
    V1__CheckInfo__Tcp tcp = V1__CHECK_INFO__TCP__INIT;

    tcp.port = 8080;
    SET(check, type, V1__CHECK_INFO__TYPE__TCP);
    check.tcp = &tcp;
    SET(check, delay_seconds, 1);
    SET(check, interval_seconds, 5);
    set_up(&check, NULL);
    advance(SECOND);
    expect("[{\"type\":\"TCP\",\"tcp\":{\"succeeded\":false}}]");
    listen_as_the_task();
    advance(5 * SECOND);
    expect("[{\"type\":\"TCP\",\"tcp\":{\"succeeded\":true}}]");

    struct memory_client *peer = memory_server_accept(t.server);
    ck_assert_ptr_nonnull(peer);
    ck_assert_str_eq(memory_client_text(peer, NULL), "");
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);
    tear_down();
}
END_TEST

START_TEST(connection_that_is_not_made_in_time_has_failed)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;
    V1__HealthCheck__TCPCheckInfo tcp = V1__HEALTH_CHECK__TCPCHECK_INFO__INIT;

    tcp.port = 8080;
    SET(health, type, V1__HEALTH_CHECK__TYPE__TCP);
    health.tcp = &tcp;
    SET(health, delay_seconds, 0);
    SET(health, timeout_seconds, 60);
    SET(health, grace_period_seconds, 0);
    set_up(NULL, &health);
    memory_net_hold_connects(multi_system_net(t.multi), true);
    listen_as_the_task();
    expect("-");                /* it was refused at once */
    advance(10 * SECOND);
    expect("");
    advance(60 * SECOND - 1);
    expect("");
    advance(1);
    expect("-");
    tear_down();
}
END_TEST

/* --- HTTP --- */

static V1__HealthCheck__HTTPCheckInfo http;

static V1__HealthCheck
http_health(const char *path)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;

    http = (V1__HealthCheck__HTTPCheckInfo)
        V1__HEALTH_CHECK__HTTPCHECK_INFO__INIT;
    http.port = 8080;
    http.path = (char *) path;
    SET(health, type, V1__HEALTH_CHECK__TYPE__HTTP);
    health.http = &http;
    SET(health, delay_seconds, 1);
    SET(health, interval_seconds, 5);
    SET(health, timeout_seconds, 2);
    SET(health, grace_period_seconds, 0);
    return health;
}

/* The task answers what it is asked next. */
static void
answer(const char *request, const char *text)
{
    struct memory_client *peer = memory_server_accept(t.server);

    ck_assert_ptr_nonnull(peer);
    ck_assert_msg(strstr(memory_client_text(peer, NULL), request) != NULL,
                  "asked: %s", memory_client_text(peer, NULL));
    memory_client_write(peer, text, strlen(text));
    multi_system_run(t.multi);
    memory_client_close(peer);
    multi_system_run(t.multi);
}

START_TEST(each_http_check_has_a_connection_of_its_own)
{
    V1__HealthCheck health = http_health("/up?x=1");

    set_up(NULL, &health);
    listen_as_the_task();
    advance(SECOND);
    answer("GET /up?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect("+");
    advance(5 * SECOND);
    answer("GET /up?x=1 ", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    expect("-");
    advance(5 * SECOND);
    answer("GET /up?x=1 ", "HTTP/1.1 304 Same\r\n\r\n");
    expect("+");
    tear_down();
}
END_TEST

START_TEST(answer_that_does_not_end_has_failed)
{
    V1__HealthCheck health = http_health(NULL);

    set_up(NULL, &health);
    listen_as_the_task();
    advance(SECOND);
    struct memory_client *peer = memory_server_accept(t.server);
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx";
    memory_client_write(peer, text, sizeof text - 1);
    multi_system_run(t.multi);
    expect("");
    advance(2 * SECOND);
    expect("-");
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);
    tear_down();
}
END_TEST

START_TEST(only_named_statuses_are_healthy)
{
    V1__HealthCheck health = http_health("/");
    uint32_t statuses[] = { 418 };

    http.statuses = statuses;
    http.n_statuses = 1;
    set_up(NULL, &health);
    listen_as_the_task();
    advance(SECOND);
    answer("GET / ", "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n");
    expect("+");
    advance(5 * SECOND);
    answer("GET / ", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect("-");
    tear_down();
}
END_TEST

START_TEST(redirections_are_followed)
{
    V1__HealthCheck health = http_health("/a/b");

    set_up(NULL, &health);
    listen_as_the_task();
    advance(SECOND);
    answer("GET /a/b ", "HTTP/1.1 302 There\r\nLocation: c\r\n"
           "Content-Length: 0\r\n\r\n");
    expect("");
    answer("GET /a/c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n",
           "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    expect("-");
    tear_down();
}
END_TEST

START_TEST(redirections_in_a_circle_come_to_an_end)
{
    V1__HealthCheck health = http_health("/a");

    set_up(NULL, &health);
    listen_as_the_task();
    advance(SECOND);
    for (int i = 0; i < 51; i++) {
        expect("");
        answer("GET /a ", "HTTP/1.1 301 There\r\nLocation: /a\r\n"
               "Connection: close\r\nContent-Length: 0\r\n\r\n");
    }
    expect("-");
    tear_down();
}
END_TEST

START_TEST(https_is_asked_by_curl)
{
    V1__HealthCheck health = http_health("/x");

    http.scheme = (char *) "https";
    SET(http, protocol, V1__NETWORK_INFO__PROTOCOL__IPv6);
    set_up(NULL, &health);
    advance(SECOND);
    ck_assert_str_eq(child(0)->path, "curl");
    size_t n = 0;
    while (child(0)->argv[n]) {
        n++;
    }
    ck_assert_str_eq(child(0)->argv[n - 1], "https://[::1]:8080/x");
    end_command(0, 0);          /* it has said nothing, which is no status */
    expect("-");
    advance(5 * SECOND);
    end_command(1, W_EXITCODE(7, 0));
    expect("-");
    tear_down();
}
END_TEST

static Suite *
checker_suite(void)
{
    Suite *suite = suite_create("checker");

    test_add(suite, "command", command_is_run_like_the_task);
    test_add(suite, "interval", interval_counts_from_the_end_of_the_last_one);
    test_add(suite, "timeout",
             command_that_takes_too_long_is_killed_and_has_failed);
    test_add(suite, "no_timeout", without_a_timeout_nothing_takes_too_long);
    test_add(suite, "kill", third_failure_in_a_row_kills);
    test_add(suite, "grace",
             grace_period_counts_from_the_start_of_the_checker);
    test_add(suite, "ended", checker_may_be_ended_by_what_it_says);
    test_add(suite, "pause", nothing_is_checked_while_paused);
    test_add(suite, "delay", pause_does_not_shorten_the_delay);
    test_add(suite, "end", end_kills_what_is_under_way);
    test_add(suite, "user", user_who_does_not_exist_fails_the_check);
    test_add(suite, "news", check_tells_what_is_new);
    test_add(suite, "unknown",
             check_that_could_not_be_made_tells_nothing_known);
    test_add(suite, "empty", status_before_the_first_check_is_empty);
    test_add(suite, "tcp", tcp_check_connects_and_says_nothing);
    test_add(suite, "tcp_timeout",
             connection_that_is_not_made_in_time_has_failed);
    test_add(suite, "http", each_http_check_has_a_connection_of_its_own);
    test_add(suite, "http_timeout", answer_that_does_not_end_has_failed);
    test_add(suite, "statuses", only_named_statuses_are_healthy);
    test_add(suite, "redirect", redirections_are_followed);
    test_add(suite, "circle", redirections_in_a_circle_come_to_an_end);
    test_add(suite, "https", https_is_asked_by_curl);
    return suite;
}

TEST_MAIN(checker_suite)
