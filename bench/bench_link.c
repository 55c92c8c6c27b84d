/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_link.c - messages between two processes over loopback TCP.
 *
 * Figures beside their peers of the same run:
 *
 *   link_messages      small messages one way, from sender's actor to
 *                      receiver's actor, encoding and decoding included; a
 *                      window of messages is under way.  Peer: link_frames,
 *                      the same bytes written and read by two bare processes
 *   link_message_cpu   processor time of both processes for such a message,
 *                      which a busy machine does not change so much
 *   link_ping_pong_p50 one message there and one back.  Peer:
 *                      epoll_ping_pong_p50, as many bytes over two bare
 *                      epoll loops
 *
 * Prints one JSON object a line. */
#include <config.h>

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/system.h>
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"

#define N_MESSAGES 3000000u
#define BATCH 4096u             /* acknowledged by one message */
#define WINDOW (16 * BATCH)
#define N_PINGS 50000u
#define N_WARM_UP 2000u

/* A ping as it is on the wire, with its length. */
#define FRAME_SIZE 39

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void
print(const char *name, double value, const char *unit, const char *peer)
{
    printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\","
           "\"peer\":%s%s%s}\n",
           name, value, unit, peer ? "\"" : "", peer ? peer : "null",
           peer ? "\"" : "");
    fflush(stdout);
}

static int
compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *) a;
    int64_t right = *(const int64_t *) b;

    return (left > right) - (left < right);
}

static double
median_us(int64_t *times, size_t n)
{
    qsort(times, n, sizeof *times, compare_times);
    return (double) times[n / 2] / 1000;
}

/* --- the two actors --- */

/* Answers each ping that asks for it; counts the others and acknowledges
 * every BATCH of them. */
struct sink {
    struct actor base;
    unsigned n;
};

static void
send_pong(struct actor *self, const struct upid *to)
{
    struct message *m = message_create(&internal__pong_agent__descriptor);

    actor_send_message(self, to, &msg_pong_agent, &m);
}

static void
on_ping(struct actor *self, struct actor_msg *msg)
{
    struct sink *sink = (struct sink *) self;
    const Internal__PingAgent *ping = actor_msg_root(msg, &msg_ping_agent);
    struct upid from;

    if (ping->connected || ++sink->n % BATCH == 0) {
        actor_msg_from(msg, &from);
        send_pong(self, &from);
    }
}

static const struct actor_handler sink_handlers[] = {
    { &msg_ping_agent, on_ping },
};

static const struct actor_type sink_type = {
    .name = "sink", .size = sizeof(struct sink),
    .handlers = sink_handlers, .n_handlers = ARRAY_SIZE(sink_handlers),
};

struct source {
    struct actor base;
    struct upid sink;
    struct actor_gate *gate;
    bool is_ping_pong;
    unsigned n_sent;
    unsigned n_acknowledged;
    int64_t sent_ns;
    int64_t *times;
    int64_t started_ns, ended_ns;
};

static void
send_ping(struct source *source, bool wants_answer)
{
    struct message *m = message_create(&internal__ping_agent__descriptor);
    Internal__PingAgent *ping = message_root(m);

    ping->connected = wants_answer;
    actor_send_message(&source->base, &source->sink, &msg_ping_agent, &m);
    source->n_sent++;
}

static void
fill_window(struct source *source)
{
    while (source->n_sent < N_MESSAGES
           && source->n_sent - source->n_acknowledged < WINDOW) {
        send_ping(source, false);
    }
}

static void
on_window_pong(struct source *source)
{
    source->n_acknowledged += BATCH;
    if (source->n_acknowledged + BATCH > N_MESSAGES) {
        source->ended_ns = now();
        actor_gate_open(source->gate);
    } else {
        fill_window(source);
    }
}

static void
on_ping_pong(struct source *source)
{
    int64_t t = now();

    if (source->n_sent > N_WARM_UP) {
        source->times[source->n_sent - N_WARM_UP - 1] = t - source->sent_ns;
    }
    if (source->n_sent == N_WARM_UP + N_PINGS) {
        actor_gate_open(source->gate);
        return;
    }
    source->sent_ns = t;
    send_ping(source, true);
}

static void
on_pong(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct source *source = (struct source *) self;

    if (source->is_ping_pong) {
        on_ping_pong(source);
    } else {
        on_window_pong(source);
    }
}

static struct error *
source_init(struct actor *self, void *arg)
{
    struct source *source = (struct source *) self;
    const struct source *given = arg;

    source->sink = given->sink;
    source->gate = given->gate;
    source->is_ping_pong = given->is_ping_pong;
    source->times = given->times;
    source->sent_ns = source->started_ns = now();
    if (source->is_ping_pong) {
        send_ping(source, true);
    } else {
        fill_window(source);
    }
    return NULL;
}

static void
source_fini(struct actor *self)
{
    struct source *source = (struct source *) self;

    if (!source->is_ping_pong) {
        double seconds = duration_to_seconds(source->ended_ns
                                             - source->started_ns);

        print("link_messages", source->n_acknowledged / seconds,
              "messages/s", "link_frames");
    }
}

static const struct actor_handler source_handlers[] = {
    { &msg_pong_agent, on_pong },
};

static const struct actor_type source_type = {
    .name = "source", .size = sizeof(struct source),
    .init = source_init, .fini = source_fini,
    .handlers = source_handlers, .n_handlers = ARRAY_SIZE(source_handlers),
};

/* --- links --- */

static struct actor_system *
start_system(void)
{
    struct actor_system_options options = {
        .n_workers = 1,
        .listen = { .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 } },
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    struct error *error = actor_system_create(&options, &system);

    CHECK(!error, "%s", error_text(error));
    return system;
}

/* The other process: tells where its sink is, lives until we close. */
static void
run_sink(int to_parent, int from_parent)
{
    struct actor_system *system = start_system();
    struct upid upid;
    char byte;
    struct error *error = actor_spawn(system, &sink_type, "sink", NULL,
                                      &upid);

    CHECK(!error, "%s", error_text(error));
    upid.hint_generation = 0;
    CHECK(write(to_parent, &upid, sizeof upid) == sizeof upid);
    CHECK(read(from_parent, &byte, 1) == 0);
    actor_system_destroy(system);
    _exit(0);
}

static void
run_source(struct actor_system *system, const struct upid *sink,
           bool is_ping_pong, int64_t *times)
{
    struct source source = {
        .sink = *sink, .gate = actor_gate_create(),
        .is_ping_pong = is_ping_pong, .times = times,
    };
    struct upid upid;
    struct error *error = actor_spawn(system, &source_type, NULL, &source,
                                      &upid);

    CHECK(!error, "%s", error_text(error));
    actor_gate_wait(source.gate, DURATION_FOREVER);
    actor_terminate(system, &upid);
    actor_wait(system, &upid, DURATION_FOREVER);
    actor_gate_destroy(source.gate);
}

/* Of this process, or of those it has waited for. */
static double
cpu_ns(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return 1e9 * (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + 1e3 * (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void
bench_links(bool is_ping_pong)
{
    double before = cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN);
    autofree int64_t *times = xcalloc(N_PINGS + 1, sizeof *times);
    int to_child[2], to_parent[2];
    struct upid sink;

    CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(to_child[1]);
        run_sink(to_parent[1], to_child[0]);
    }
    CHECK(read(to_parent[0], &sink, sizeof sink) == sizeof sink);
    struct actor_system *system = start_system();
    run_source(system, &sink, is_ping_pong, times);
    actor_system_destroy(system);
    close(to_child[1]);
    waitpid(pid, NULL, 0);
    if (is_ping_pong) {
        print("link_ping_pong_p50", median_us(times, N_PINGS), "us",
              "epoll_ping_pong_p50");
        return;
    }
    double used = cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN) - before;
    print("link_message_cpu", used / N_MESSAGES, "ns", NULL);
}

/* --- the bare peers --- */

static int
listen_bare(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address = (struct sockaddr_in) { .sin_family = AF_INET };
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (struct sockaddr *) address, len) == 0);
    CHECK(listen(fd, 1) == 0);
    CHECK(getsockname(fd, (struct sockaddr *) address, &len) == 0);
    return fd;
}

static int
watch_bare(int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    int on = 1;
    int epoll = epoll_create1(0);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    return epoll;
}

/* Waits for bytes; 0 at the end. */
static ssize_t
read_bare(int epoll, int fd, void *buffer, size_t size)
{
    struct epoll_event event;

    CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
    return read(fd, buffer, size);
}

static void
echo_bare(int listener)
{
    int fd = accept(listener, NULL, NULL);
    int epoll = watch_bare(fd);
    char buffer[4096];
    ssize_t n;

    while ((n = read_bare(epoll, fd, buffer, sizeof buffer)) > 0) {
        CHECK(write(fd, buffer, (size_t) n) == n);
    }
    _exit(0);
}

static int
connect_bare(void (*child)(int listener), pid_t *ret_pid)
{
    struct sockaddr_in address;
    int listener = listen_bare(&address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *ret_pid = fork();
    if (*ret_pid == 0) {
        close(fd);
        child(listener);
    }
    close(listener);
    CHECK(connect(fd, (struct sockaddr *) &address, sizeof address) == 0);
    return fd;
}

static void
bench_bare_ping_pong(void)
{
    autofree int64_t *times = xcalloc(N_PINGS, sizeof *times);
    char buffer[4096] = { 0 };
    pid_t pid;
    int fd = connect_bare(echo_bare, &pid);
    int epoll = watch_bare(fd);

    for (unsigned i = 0; i < N_WARM_UP + N_PINGS; i++) {
        int64_t t = now();

        CHECK(write(fd, buffer, FRAME_SIZE) == FRAME_SIZE);
        CHECK(read_bare(epoll, fd, buffer, sizeof buffer) == FRAME_SIZE);
        if (i >= N_WARM_UP) {
            times[i - N_WARM_UP] = now() - t;
        }
    }
    close(fd);
    waitpid(pid, NULL, 0);
    print("epoll_ping_pong_p50", median_us(times, N_PINGS), "us", NULL);
}

static void
drain_bare(int listener)
{
    static char buffer[64 * 1024];
    int fd = accept(listener, NULL, NULL);
    int epoll = watch_bare(fd);
    uint64_t left = (uint64_t) N_MESSAGES * FRAME_SIZE;

    while (left > 0) {
        ssize_t n = read_bare(epoll, fd, buffer, sizeof buffer);

        CHECK(n > 0);
        left -= (uint64_t) n;
    }
    CHECK(write(fd, buffer, 1) == 1);
    _exit(0);
}

static void
bench_bare_frames(void)
{
    static char buffer[64 * 1024];
    uint64_t left = (uint64_t) N_MESSAGES * FRAME_SIZE;
    pid_t pid;
    int fd = connect_bare(drain_bare, &pid);
    int64_t started = now();

    while (left > 0) {
        ssize_t n = write(fd, buffer, left < sizeof buffer ? (size_t) left
                                                           : sizeof buffer);
        CHECK(n > 0);
        left -= (uint64_t) n;
    }
    CHECK(read(fd, buffer, 1) == 1);
    double seconds = duration_to_seconds(now() - started);
    close(fd);
    waitpid(pid, NULL, 0);
    print("link_frames", N_MESSAGES / seconds, "frames/s", NULL);
}

int
main(void)
{
    bench_bare_ping_pong();
    bench_bare_frames();
    bench_links(true);
    bench_links(false);
    return 0;
}
