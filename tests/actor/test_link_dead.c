/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_dead.c - peers that say nothing any more, over real sockets: hosts
 * that vanish, processes that are stopped, ports that never answer.
 *
 * To make a host vanish a test moves into a network of its own, for which it
 * has to be root, and takes the address away; it passes over that otherwise.
 * How long it takes is not tested, but that it is told. */
#include <config.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "net/net.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

static const struct address loopback = {
    .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 },
};

/* The shortest that the kernel's whole seconds allow. */
static const struct actor_link_bounds impatient = {
    .silence_ns = 3 * SECOND, .dial_timeout_ns = SECOND,
};

/* --- a system with a talker, and what it is told --- */

struct side {
    struct actor_system *system;
    struct talker_log *log;
    struct upid talker;
};

static struct side
side_start(const char *ip, const char *id)
{
    struct actor_system_options options = talker_system_options();
    struct side side = { .log = talker_log_create() };

    options.n_workers = 1;
    options.link = impatient;
    ck_assert_ptr_null(address_parse_ip(ip, 0, &options.listen));
    ck_assert_ptr_null(actor_system_create(&options, &side.system));
    side.talker = talker_spawn(side.system, id, side.log, true);
    return side;
}

static void
side_stop(struct side *side)
{
    actor_system_destroy(side->system);
    talker_log_destroy(side->log);
}

/* Links 'to' and waits until the link is up. */
static void
link_up(struct side *side, const struct upid *to)
{
    talker_log_expect(side->log, 1);
    ORDER(side->system, &side->talker, .what = ORDER_LINK, .to = *to);
    ORDER(side->system, &side->talker, .what = ORDER_PING, .to = *to);
    talker_log_wait(side->log);
    ck_assert_uint_eq(side->log->n_exited, 0);
}

static void
expect_silent(struct side *side)
{
    talker_log_wait(side->log);
    ck_assert_uint_eq(side->log->n_exited, 1);
    ck_assert_double_eq(metric_of(side->system, "link/losses/silent"), 1);
}

/* --- hosts --- */

static bool
shell(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* False if we may not. */
static bool
enter_own_network(void)
{
    return unshare(CLONE_NEWNET) == 0 && shell("ip link set lo up")
        && shell("ip address add 10.77.0.1/32 dev lo")
        && shell("ip address add 10.77.0.2/32 dev lo");
}

static void
vanish(const char *ip)
{
    char command[64];

    snprintf(command, sizeof command, "ip address del %s/32 dev lo", ip);
    ck_assert(shell(command));
}

START_TEST(a_host_that_vanishes_is_noticed_though_nothing_is_sent)
{
    if (!enter_own_network()) {
        return;
    }
    struct side a = side_start("10.77.0.1", "one");
    struct side b = side_start("10.77.0.2", "two");

    link_up(&a, &b.talker);
    talker_log_expect(a.log, 1);
    vanish("10.77.0.2");

    expect_silent(&a);
    side_stop(&a);
    side_stop(&b);
}
END_TEST

START_TEST(a_host_that_vanishes_is_noticed_while_it_is_sent_to)
{
    if (!enter_own_network()) {
        return;
    }
    struct side a = side_start("10.77.0.1", "one");
    struct side b = side_start("10.77.0.2", "two");

    link_up(&a, &b.talker);
    talker_log_expect(a.log, 1);
    vanish("10.77.0.2");
    ORDER(a.system, &a.talker, .what = ORDER_TEXT, .to = b.talker,
          .size = 1000, .n = 100);

    expect_silent(&a);
    ck_assert_uint_eq(b.log->n_texts, 0);
    side_stop(&a);
    side_stop(&b);
}
END_TEST

/* --- processes --- */

/* The child: a system until it is killed. */
static void
be_peer(int to_parent)
{
    struct side side = side_start("127.0.0.1", "two");

    ck_assert_int_eq(write(to_parent, &side.talker, sizeof side.talker),
                     sizeof side.talker);
    for (;;) {
        pause();
    }
}

static pid_t
start_peer(struct upid *ret)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        be_peer(fds[1]);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(read(fds[0], ret, sizeof *ret), sizeof *ret);
    close(fds[0]);
    close(fds[1]);
    return pid;
}

START_TEST(a_stopped_process_is_noticed_once_its_buffers_are_full)
{
    struct upid peer;
    pid_t pid = start_peer(&peer);
    struct side a = side_start("127.0.0.1", "one");

    link_up(&a, &peer);
    talker_log_expect(a.log, 1);
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    ORDER(a.system, &a.talker, .what = ORDER_TEXT, .to = peer,
          .size = 32 << 20);

    expect_silent(&a);
    side_stop(&a);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_killed_process_is_noticed_at_once)
{
    struct upid peer;
    pid_t pid = start_peer(&peer);
    struct side a = side_start("127.0.0.1", "one");

    link_up(&a, &peer);
    talker_log_expect(a.log, 1);
    kill(pid, SIGKILL);
    talker_log_wait(a.log);

    ck_assert_uint_eq(a.log->n_exited, 1);
    ck_assert_double_eq(metric_of(a.system, "link/losses/silent"), 0);
    side_stop(&a);
    waitpid(pid, NULL, 0);
}
END_TEST

/* --- ports --- */

START_TEST(a_port_that_never_answers_is_given_up)
{
    struct side a = side_start("127.0.0.1", "one");
    struct upid nobody;
    struct address bound;
    int fd;

    ck_assert_ptr_null(socket_listen(&loopback, &fd, &bound));
    ck_assert_ptr_null(upid_make("two", &bound, &nobody));
    talker_log_expect(a.log, 1);
    ORDER(a.system, &a.talker, .what = ORDER_LINK, .to = nobody);
    talker_log_wait(a.log);

    ck_assert_uint_eq(a.log->n_exited, 1);
    ck_assert_double_eq(metric_of(a.system, "link/losses/unreachable"), 1);
    side_stop(&a);
    close(fd);
}
END_TEST

/* Has talker 'a' link somebody at a port that answers the handshake and then
 * 'answer'. */
static void
link_liar(struct side *a, const char *answer, size_t size)
{
    autofini(strbuf) text = STRBUF(4096);
    struct address bound;
    struct upid liar;
    char request[2048];
    int door;

    ck_assert_ptr_null(socket_listen(&loopback, &door, &bound));
    ck_assert_int_eq(fcntl(door, F_SETFL, 0), 0);
    ck_assert_ptr_null(upid_make("two", &bound, &liar));
    ORDER(a->system, &a->talker, .what = ORDER_LINK, .to = liar);
    autoclose int fd = accept(door, NULL, NULL);

    ck_assert_int_gt(recv(fd, request, sizeof request, 0), 0);
    strbuf_printf(&text, "HTTP/1.1 101 Switching Protocols\r\n"
                  "Connection: Upgrade\r\nUpgrade: cmesos-link/1\r\n"
                  "Link-From: %s\r\nLink-To: %s\r\n"
                  "Link-Incarnation: 0123456789abcdef0123456789abcdef\r\n"
                  "Link-Dial: 1\r\nLink-Seen: 0\r\n\r\n",
                  ADDRESS_TEXT(&bound),
                  ADDRESS_TEXT(actor_system_address(a->system)));
    strbuf_append_bytes(&text, answer, size);
    ck_assert_int_eq(send(fd, text.data, text.len, MSG_NOSIGNAL),
                     (ssize_t) text.len);

    /* Until it has closed. */
    while (recv(fd, request, sizeof request, 0) > 0) {
    }
    close(door);
}

START_TEST(a_port_that_lies_after_the_handshake_is_given_up)
{
    static const struct { const char *text; size_t size; } lies[] = {
        { "HTTP/1.1 200 OK\r\n\r\n", 19 },
        { "\xff\xff\xff\xff", 4 },
        { "\0\0\0\0", 4 },
        { "\0\0\0\1\x93\x01\xa1", 7 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        struct side a = side_start("127.0.0.1", "one");

        talker_log_expect(a.log, 1);
        link_liar(&a, lies[i].text, lies[i].size);
        talker_log_wait(a.log);

        ck_assert_uint_eq(a.log->n_exited, 1);
        ck_assert_double_eq(metric_of(a.system, "link/losses/protocol"), 1);
        side_stop(&a);
    }
}
END_TEST

START_TEST(a_port_that_begins_a_frame_and_no_more_is_given_up)
{
    struct side a = side_start("127.0.0.1", "one");

    talker_log_expect(a.log, 1);
    link_liar(&a, "\0\0\1\0abc", 7);

    expect_silent(&a);
    side_stop(&a);
}
END_TEST

static Suite *
link_dead_suite(void)
{
    Suite *suite = suite_create("link-dead");

    test_add(suite, "idle_host",
             a_host_that_vanishes_is_noticed_though_nothing_is_sent);
    test_add(suite, "busy_host",
             a_host_that_vanishes_is_noticed_while_it_is_sent_to);
    test_add(suite, "stopped",
             a_stopped_process_is_noticed_once_its_buffers_are_full);
    test_add(suite, "killed", a_killed_process_is_noticed_at_once);
    test_add(suite, "liar",
             a_port_that_lies_after_the_handshake_is_given_up);
    test_add(suite, "half",
             a_port_that_begins_a_frame_and_no_more_is_given_up);
    test_add(suite, "mute", a_port_that_never_answers_is_given_up);
    return suite;
}

TEST_MAIN(link_dead_suite)
