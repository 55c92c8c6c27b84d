/* SPDX-License-Identifier: Apache-2.0
 *
 * test_net.c - the real network: a system on a loopback port of its own, and
 * clients that use the system calls. */
#include <config.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/descriptors.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "net/net.h"
#include "tests/lib/test.h"

#define BIG ((size_t) 8 << 20)

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    size_t size;
    const char *body = http_request_body(request, &size);

    strbuf_append_bytes(&text, body, size);
    http_respond(&request, 200, "text/plain", &text);
}

static void
on_peer(struct actor *self UNUSED, struct http_request *request)
{
    char text[ADDRESS_TEXT_SIZE];

    http_respond_text(&request, 200, "%s",
                      address_format_ip(http_request_peer(request), text));
}

static const struct http_route routes[] = {
    { "/echo", on_echo, NULL, NULL },
    { "/peer", on_peer, NULL, NULL },
};

static struct error *
echo_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type echo_type = {
    .name = "echo", .size = sizeof(struct actor), .init = echo_init,
};

static struct actor_system *
start_at(const char *listen)
{
    struct actor_system_options options = { .n_workers = 2 };
    struct actor_system *system;

    ck_assert_ptr_null(address_parse(listen, &options.listen));
    ck_assert_ptr_null(actor_system_create(&options, &system));
    ck_assert_ptr_null(actor_spawn(system, &echo_type, "echo", NULL, NULL));
    return system;
}

/* A blocking client, or -1. */
static int
connect_to(struct actor_system *system)
{
    struct sockaddr_storage storage;
    const struct address *address = actor_system_address(system);
    socklen_t len = socket_address_to(address, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *) &storage, len) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        data += n;
        size -= (size_t) n;
    }
}

/* Reads to the end. */
static void
read_all(int fd, struct strbuf *out)
{
    for (;;) {
        char *to = strbuf_reserve(out, 65536);
        ssize_t n = recv(fd, to, 65536, 0);

        if (n <= 0) {
            ck_assert_int_eq(n, 0);
            return;
        }
        strbuf_advance(out, (size_t) n);
    }
}

static void
ask(struct actor_system *system, const char *path, struct strbuf *out)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    int fd = connect_to(system);

    ck_assert_int_ge(fd, 0);
    strbuf_printf(&text, "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n",
                  path);
    send_all(fd, text.data, text.len);
    read_all(fd, out);
    close(fd);
}

static void
expect_version(struct actor_system *system)
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    ask(system, "/version", &out);
    ck_assert_ptr_nonnull(strstr(out.data, "\"version\":\"1.12.0\""));
}

START_TEST(a_large_body_is_echoed)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    int fd = connect_to(system);

    strbuf_printf(&text, "POST /echo/echo HTTP/1.1\r\nConnection: close\r\n"
                  "Content-Length: %zu\r\n\r\n", BIG);
    for (size_t i = 0; i < BIG; i += 8) {
        strbuf_printf(&text, "%07zx\n", i);
    }
    send_all(fd, text.data, text.len);
    read_all(fd, &out);

    ck_assert_uint_gt(out.len, BIG);
    ck_assert_mem_eq(out.data + out.len - BIG, text.data + text.len - BIG,
                     BIG);
    close(fd);
    actor_system_destroy(system);
}
END_TEST

START_TEST(a_refusal_is_read_though_more_was_sent)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    char junk[4096];
    int fd = connect_to(system);

    memset(junk, 'x', sizeof junk);
    send_all(fd, "GET / HTTP/1.1\n\n", 16);
    for (int i = 0; i < 64; i++) {
        send_all(fd, junk, sizeof junk);
    }
    shutdown(fd, SHUT_WR);
    read_all(fd, &out);

    ck_assert_int_eq(strncmp(out.data, "HTTP/1.1 400 ", 13), 0);
    close(fd);
    actor_system_destroy(system);
}
END_TEST

START_TEST(a_client_that_ends_its_side_is_answered)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    int fd = connect_to(system);

    send_all(fd, "GET /version HTTP/1.1\r\n\r\n", 25);
    shutdown(fd, SHUT_WR);
    read_all(fd, &out);

    ck_assert_ptr_nonnull(strstr(out.data, "1.12.0"));
    close(fd);
    actor_system_destroy(system);
}
END_TEST

START_TEST(clients_over_ipv4_and_ipv6_are_told_apart)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    ask(system, "/echo/peer", &out);
    ck_assert_ptr_nonnull(strstr(out.data, "\r\n\r\n127.0.0.1"));
    actor_system_destroy(system);

    /* Without IPv6 there is nothing to be seen. */
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    bool has_ipv6 = fd >= 0
        && bind(fd, (struct sockaddr *) &in6, sizeof in6) == 0;

    close(fd);
    if (has_ipv6) {
        system = start_at("[::1]:0");
        strbuf_clear(&out);
        ask(system, "/echo/peer", &out);
        ck_assert_ptr_nonnull(strstr(out.data, "\r\n\r\n::1"));
        actor_system_destroy(system);
    }
}
END_TEST

START_TEST(a_taken_port_is_an_error)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    struct actor_system_options options = {
        .n_workers = 1, .listen = *actor_system_address(system),
    };
    struct actor_system *other;
    struct error *error = actor_system_create(&options, &other);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "listening on"));
    error_destroy(error);
    actor_system_destroy(system);
}
END_TEST

START_TEST(the_any_address_is_not_advertised)
{
    struct actor_system *system = start_at("0.0.0.0:0");

    ck_assert(!address_is_any(actor_system_address(system)));
    ck_assert_uint_ne(actor_system_address(system)->port, 0);
    actor_system_destroy(system);
}
END_TEST

START_TEST(many_clients_are_served_at_once)
{
    enum { N = 300 };
    struct actor_system *system = start_at("127.0.0.1:0");
    int fds[N];

    for (int i = 0; i < N; i++) {
        fds[i] = connect_to(system);
        ck_assert_int_ge(fds[i], 0);
        send_all(fds[i], "GET /version HTTP/1.0\r\n\r\n", 25);
    }

    for (int i = 0; i < N; i++) {
        autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

        read_all(fds[i], &out);
        ck_assert_ptr_nonnull(strstr(out.data, "1.12.0"));
        close(fds[i]);
    }
    actor_system_destroy(system);
}
END_TEST

/* The child: holds 'n' connections to 'address' until its standard input
 * ends, and says when it has them. */
static void
hold_connections(const struct actor_system *system, int n, int to_parent,
                 int from_parent)
{
    const struct address *address = actor_system_address(system);
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(address, &storage);
    char c = 'x';

    for (int i = 0; i < n; i++) {
        int fd = socket(storage.ss_family, SOCK_STREAM, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *) &storage, len) < 0) {
            _exit(1);
        }
    }
    if (write(to_parent, &c, 1) != 1 || read(from_parent, &c, 1) != 0) {
        _exit(1);
    }
    _exit(0);
}

START_TEST(fifteen_thousand_connections_are_held)
{
    enum { N = 15000 };
    struct actor_system *system;
    int ready[2], end[2], status;
    char c;

    if (descriptors_raise() < N + 200) {
        return;                         /* not on this machine */
    }
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(end), 0);
    system = start_at("127.0.0.1:0");
    pid_t pid = fork();
    if (pid == 0) {
        close(end[1]);
        hold_connections(system, N, ready[1], end[0]);
    }
    close(end[0]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &c, 1), 1);

    /* Served after all of those, so they have been accepted. */
    expect_version(system);
    close(end[1]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    expect_version(system);
    close(ready[0]);
    actor_system_destroy(system);
}
END_TEST

START_TEST(without_descriptors_left_the_port_recovers)
{
    struct actor_system *system = start_at("127.0.0.1:0");
    int fds[256];
    size_t n = 0;

    expect_version(system);
    struct rlimit limit = { .rlim_cur = 80, .rlim_max = 80 };

    /* Clients and server share the table: soon there is nothing to accept
     * with.  The reserve is given up for what waits. */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (n < ARRAY_SIZE(fds) && (fds[n] = connect_to(system)) >= 0) {
        n++;
    }
    ck_assert_uint_gt(n, 10);
    ck_assert_uint_lt(n, 80);
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }

    /* The server has to see the ends before it can accept again. */
    for (int i = 0;; i++) {
        int fd = connect_to(system);
        char buffer[4096];
        ssize_t size = -1;

        ck_assert_int_lt(i, 1000);
        if (fd >= 0 && send(fd, "GET /version HTTP/1.0\r\n\r\n", 25,
                            MSG_NOSIGNAL) == 25) {
            size = recv(fd, buffer, sizeof buffer, 0);
        }
        close(fd);
        if (size > 0) {
            break;                      /* else it was closed in our face */
        }
    }
    expect_version(system);
    actor_system_destroy(system);
}
END_TEST

static Suite *
net_suite(void)
{
    Suite *suite = suite_create("net");

    test_add(suite, "large", a_large_body_is_echoed);
    test_add(suite, "refusal", a_refusal_is_read_though_more_was_sent);
    test_add(suite, "half_close", a_client_that_ends_its_side_is_answered);
    test_add(suite, "families", clients_over_ipv4_and_ipv6_are_told_apart);
    test_add(suite, "taken", a_taken_port_is_an_error);
    test_add(suite, "any", the_any_address_is_not_advertised);
    test_add(suite, "many", many_clients_are_served_at_once);
    test_add(suite, "held", fifteen_thousand_connections_are_held);
    test_add(suite, "descriptors",
             without_descriptors_left_the_port_recovers);
    return suite;
}

TEST_MAIN(net_suite)
