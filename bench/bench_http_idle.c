/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_http_idle.c - what an open HTTP connection costs.
 *
 * A child process opens 15,000 connections, or as many as it may, and asks on
 * each for one answer; then they are idle.  After that it asks on each for
 * what is not answered before all have asked.  The figures are how much the
 * anonymous resident memory of the server has grown by then, per connection,
 * and how many bytes are allocated, where the allocator tells; what the kernel
 * holds for a connection is not in it. */
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

/* Longest time for all of it. */
#define PATIENCE_S 300

/* What a connection may cost, idle or not. */
#define BAR (8 * 1024)

/* --- the clients --- */

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
ask(int fd, const char *path)
{
    char request[64];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);

    CHECK(write(fd, request, (size_t) n) == n, "writing");
}

static void
read_answer(int fd)
{
    char answer[1024];
    size_t len = 0;

    do {
        ssize_t n = read(fd, answer + len, sizeof answer - 1 - len);

        CHECK(n > 0, "reading");
        len += (size_t) n;
        answer[len] = '\0';
    } while (!strstr(answer, "\r\n\r\nhello"));
}

static void
tell(int fd)
{
    CHECK(write(fd, "", 1) == 1, "writing");
}

static void
hear(int fd)
{
    char byte;

    CHECK(read(fd, &byte, 1) == 1, "the other process has failed");
}

/* Opens all connections, says so, asks again when it is told to, and stays
 * until it is told to go. */
static void
run_clients(int from, int to, unsigned n)
{
    int *fds = alloc_array(n, sizeof *fds);
    uint16_t port;

    CHECK(read(from, &port, sizeof port) == sizeof port, "reading the port");
    for (unsigned i = 0; i < n; i++) {
        fds[i] = open_connection(port);
        ask(fds[i], "/hello");
        read_answer(fds[i]);
    }
    tell(to);
    hear(from);
    for (unsigned i = 0; i < n; i++) {
        ask(fds[i], "/wait");
    }
    hear(from);
    for (unsigned i = 0; i < n; i++) {
        read_answer(fds[i]);
    }
    _exit(0);
}

/* --- the server --- */

/* Answers nobody on /wait before all are there and /go comes. */
struct server {
    struct actor base;
    struct http_request **waiting;      /* owned, and what is in it */
    unsigned n_waiting, n;
    int told;                           /* when all wait */
};

static void
on_hello(struct actor *self UNUSED, struct http_request *r)
{
    http_respond_text(&r, 200, "hello");
}

static void
on_wait(struct actor *self, struct http_request *r)
{
    struct server *server = (struct server *) self;

    server->waiting[server->n_waiting++] = r;
    if (server->n_waiting == server->n) {
        tell(server->told);
    }
}

static void
on_go(struct actor *self, struct http_request *r)
{
    struct server *server = (struct server *) self;

    while (server->n_waiting > 0) {
        http_respond_text(&server->waiting[--server->n_waiting], 200, "hello");
    }
    http_respond_text(&r, 200, "hello");
}

static const struct http_route routes[] = {
    { "/hello", on_hello }, { "/wait", on_wait }, { "/go", on_go },
};

struct server_options {
    unsigned n;
    int told;
};

static struct error *
server_init(struct actor *self, void *options_)
{
    struct server *server = (struct server *) self;
    const struct server_options *options = options_;

    server->n = options->n;
    server->told = options->told;
    server->waiting = alloc_array(server->n, sizeof *server->waiting);
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
server_fini(struct actor *self)
{
    struct server *server = (struct server *) self;

    while (server->n_waiting > 0) {
        http_respond_text(&server->waiting[--server->n_waiting], 503, "bye");
    }
    free(server->waiting);
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct server), .init = server_init,
    .fini = server_fini,
};

static struct actor_system *
start_server(struct server_options *server_options)
{
    struct actor_system_options options = {
        .n_workers = 2, .delegate = "server",
        .listen = { .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 } },
    };
    struct actor_system *system = NULL;
    struct error *error = actor_system_create(&options, &system);

    CHECK(!error, "%s", error_text(error));
    error = actor_spawn(system, &server_type, "server", server_options, NULL);
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

/* --- what it costs --- */

extern int mallctl(const char *name, void *old, size_t *old_size, void *new,
                   size_t new_size) __attribute__((weak));

struct usage {
    size_t anonymous;
    size_t allocated;                   /* 0: nobody tells */
};

static struct usage
use(void)
{
    struct usage usage = { 0 };
    uint64_t epoch = 1;
    size_t size = sizeof usage.allocated;
    unsigned long total, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    CHECK(file && fscanf(file, "%lu %lu %lu", &total, &resident, &shared) == 3,
          "statm");
    fclose(file);
    usage.anonymous = (resident - shared) * (size_t) sysconf(_SC_PAGESIZE);
    if (mallctl) {
        CHECK(!mallctl("epoch", NULL, NULL, &epoch, sizeof epoch)
              && !mallctl("stats.allocated", &usage.allocated, &size, NULL, 0),
              "mallctl");
    }
    return usage;
}

static void
report(const char *what, unsigned n, const struct usage *before)
{
    struct usage after = use();

    printf("{\"name\":\"http/%s, of %u\",\"value\":%.0f,"
           "\"unit\":\"B\",\"bar\":%d}\n", what, n,
           (double) (after.anonymous - before->anonymous) / n, BAR);
    if (after.allocated > 0) {
        printf("{\"name\":\"http/%s, allocated\",\"value\":%.0f,"
               "\"unit\":\"B\"}\n", what,
               (double) (after.allocated - before->allocated) / n);
    }
}

int
main(void)
{
    unsigned n = raise_limit();
    int down[2], up[2], status;

    alarm(PATIENCE_S);                  /* rather than wait for ever */
    CHECK(pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        close(down[1]);
        close(up[0]);
        run_clients(down[0], up[1], n);
    }
    struct server_options options = { .n = n, .told = up[1] };
    struct actor_system *system = start_server(&options);
    uint16_t port = actor_system_address(system)->port;
    int fd = open_connection(port);

    ask(fd, "/hello");                  /* what is made once is made */
    read_answer(fd);
    struct usage before = use();
    CHECK(write(down[1], &port, sizeof port) == sizeof port, "writing");
    hear(up[0]);
    report("idle connection", n, &before);
    tell(down[1]);
    hear(up[0]);
    report("connection with a request under way", n, &before);
    ask(fd, "/go");
    read_answer(fd);
    tell(down[1]);
    CHECK(waitpid(child, &status, 0) == child && status == 0,
          "the clients end with status %d", status);
    close(fd);
    actor_system_destroy(system);
    return 0;
}
