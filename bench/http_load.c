/* SPDX-License-Identifier: Apache-2.0
 *
 * http_load.c - keeps an HTTP server busy; see http_load.h. */
#include <config.h>

#include "bench/http_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#define MAX_EVENTS 64

/* Latencies are counted by the microsecond up to here. */
#define N_BINS 200000

struct connection {
    int fd;
    unsigned n_due;                     /* answers to come */
    int64_t sent_ns;
    size_t len;
    char in[64 * 1024];
};

struct load {
    const struct http_load *what;
    struct strbuf requests;             /* 'depth' of them */
    struct connection *connections;
    int epoll_fd;
    int64_t now_ns;
    uint64_t n_answers;
    uint32_t bins[N_BINS];
};

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

int
http_load_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof address)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* --- one connection --- */

static void
ask(struct load *load, struct connection *c)
{
    ssize_t n = write(c->fd, load->requests.data, load->requests.len);

    CHECK(n == (ssize_t) load->requests.len, "writing requests: errno %d",
          errno);
    c->n_due = load->what->depth;
    c->sent_ns = load->now_ns;
}

/* Size of the answer at the start of 'text', 0 if it is not whole.  It has to
 * be what is expected. */
static size_t
answer_size(const struct load *load, const char *text, size_t len)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *end = memmem(text, len, "\r\n\r\n", 4);

    if (!end) {
        return 0;
    }
    size_t head_size = (size_t) (end - text) + 4;
    const char *length = memmem(text, head_size, field, sizeof field - 1);
    CHECK(memcmp(text, "HTTP/1.1 200 ", 13) == 0 && length
          && strtoul(length + sizeof field - 1, NULL, 10)
              == load->what->body_size,
          "'%s' is answered: %.*s", load->what->target, (int) head_size,
          text);
    size_t size = head_size + load->what->body_size;
    return size <= len ? size : 0;
}

static void
count(struct load *load, const struct connection *c)
{
    int64_t us = (load->now_ns - c->sent_ns) / MICROSECOND;

    load->bins[us < N_BINS ? us : N_BINS - 1]++;
    load->n_answers++;
}

static void
on_readable(struct load *load, struct connection *c)
{
    ssize_t n = read(c->fd, c->in + c->len, sizeof c->in - c->len);
    size_t used = 0, size;

    CHECK(n > 0, "reading answers: %zd, errno %d", n, errno);
    c->len += (size_t) n;
    while (c->n_due > 0
           && (size = answer_size(load, c->in + used, c->len - used)) > 0) {
        used += size;
        c->n_due--;
        count(load, c);
    }
    c->len -= used;
    memmove(c->in, c->in + used, c->len);
    if (c->n_due == 0) {
        ask(load, c);
    }
}

/* --- all of them --- */

static void
start(struct load *load)
{
    const struct http_load *what = load->what;

    for (unsigned i = 0; i < what->depth; i++) {
        strbuf_printf(&load->requests, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:"
                      "%u\r\n\r\n", what->target, what->port);
    }
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->connections = xcalloc(what->n_connections,
                                sizeof *load->connections);
    load->now_ns = now();
    for (unsigned i = 0; i < what->n_connections; i++) {
        struct connection *c = &load->connections[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
        int one = 1;

        c->fd = http_load_connect(what->port);
        CHECK(c->fd >= 0, "connecting: errno %d", errno);
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        CHECK(epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) == 0,
              "epoll_ctl: errno %d", errno);
        ask(load, c);
    }
}

static void
finish(struct load *load)
{
    for (unsigned i = 0; i < load->what->n_connections; i++) {
        close(load->connections[i].fd);
    }
    close(load->epoll_fd);
    strbuf_fini(&load->requests);
    free(load->connections);
    free(load);
}

static double
quantile_us(const struct load *load, double q)
{
    uint64_t left = (uint64_t) (q * (double) load->n_answers);
    unsigned us = 0;

    while (us < N_BINS - 1 && load->bins[us] <= left) {
        left -= load->bins[us++];
    }
    return us;
}

void
http_load_run(const struct http_load *what, struct http_load_result *ret)
{
    struct load *load = xcalloc(1, sizeof *load);

    load->what = what;
    strbuf_init(&load->requests, STRBUF_UNLIMITED);
    start(load);
    int64_t start_ns = now();
    do {
        struct epoll_event events[MAX_EVENTS];
        int n = epoll_wait(load->epoll_fd, events, MAX_EVENTS, -1);

        load->now_ns = now();
        for (int i = 0; i < n; i++) {
            on_readable(load, events[i].data.ptr);
        }
    } while (load->now_ns - start_ns < what->duration_ns);
    ret->n_answers = load->n_answers;
    ret->per_second = (double) load->n_answers * SECOND
        / (double) (load->now_ns - start_ns);
    ret->p50_us = quantile_us(load, 0.5);
    ret->p99_us = quantile_us(load, 0.99);
    finish(load);
}
