/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_http_idle.c - what a connection costs that is open and idle.
 *
 * A child process opens 15,000 connections, or as many as it may, asks on each
 * for one answer, and leaves them open.  The figure is how much the server's
 * resident memory has grown by then, per connection; buffers of the kernel are
 * not in it. */
#include <config.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/log.h>
#include <actor/system.h>

#define N 15000

/* Descriptors that are not connections. */
#define N_OTHERS 3000

/* --- the clients --- */

static const char request[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

static int
open_connection(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && connect(fd, (struct sockaddr *) &address,
                             sizeof address) == 0, "connecting");
    return fd;
}

static void
ask(int fd)
{
    char answer[1024];
    size_t len = 0;

    CHECK(write(fd, request, sizeof request - 1) > 0, "writing");
    do {
        ssize_t n = read(fd, answer + len, sizeof answer - 1 - len);

        CHECK(n > 0, "reading");
        len += (size_t) n;
        answer[len] = '\0';
    } while (!strstr(answer, "\r\n\r\nhello"));
}

/* Opens all connections, says so, and stays until it is told to go. */
static void
run_clients(int from, int to, unsigned n)
{
    uint16_t port;
    char byte = 0;

    CHECK(read(from, &port, sizeof port) == sizeof port, "reading the port");
    for (unsigned i = 0; i < n; i++) {
        ask(open_connection(port));
    }
    CHECK(write(to, &byte, 1) == 1, "writing");
    if (read(from, &byte, 1) < 0) {
        log_warn("The server has gone");
    }
    _exit(0);
}

/* --- the server --- */

static void
on_hello(struct actor *self UNUSED, struct http_request *r)
{
    http_respond_text(&r, 200, "hello");
}

static const struct http_route routes[] = {
    { "/hello", on_hello },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor), .init = server_init,
};

static size_t
resident(void)
{
    unsigned long total, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    CHECK(file && fscanf(file, "%lu %lu", &total, &pages) == 2, "statm");
    fclose(file);
    return pages * (size_t) sysconf(_SC_PAGESIZE);
}

static struct actor_system *
start_server(void)
{
    struct actor_system_options options = {
        .n_workers = 2, .delegate = "server",
        .listen = { .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 } },
    };
    struct actor_system *system = NULL;
    struct error *error = actor_system_create(&options, &system);

    CHECK(!error, "%s", error_text(error));
    error = actor_spawn(system, &server_type, "server", NULL, NULL);
    CHECK(!error, "%s", error_text(error));
    return system;
}

static unsigned
raise_limit(void)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    return limit.rlim_cur > N + N_OTHERS ? N
                                         : (unsigned) limit.rlim_cur * 3 / 4;
}

int
main(void)
{
    unsigned n = raise_limit();
    int down[2], up[2];
    char byte;

    CHECK(pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        close(down[1]);
        run_clients(down[0], up[1], n);
    }
    struct actor_system *system = start_server();
    uint16_t port = actor_system_address(system)->port;
    int fd = open_connection(port);

    ask(fd);                            /* what is made once is made */
    size_t before = resident();
    CHECK(write(down[1], &port, sizeof port) == sizeof port, "writing");
    CHECK(read(up[0], &byte, 1) == 1, "the clients have failed");
    size_t after = resident();

    printf("{\"name\": \"idle HTTP connection, of %u\", \"value\": %.0f, "
           "\"unit\": \"B\"}\n", n, (double) (after - before) / n);
    close(down[1]);
    close(fd);
    waitpid(child, NULL, 0);
    actor_system_destroy(system);
    return 0;
}
