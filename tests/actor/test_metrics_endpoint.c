/* SPDX-License-Identifier: Apache-2.0
 *
 * test_metrics_endpoint.c - /metrics/snapshot and /metrics; and that a busy
 * actor does not keep them. */
#include <config.h>

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "core/worker.h"
#include "net/net.h"
#include "tests/lib/exposition.h"
#include "tests/lib/http_talk.h"
#include "tests/lib/test.h"

/* --- what is answered --- */

START_TEST(snapshot_is_json_or_a_call_with_it)
{
    struct http_talk *t = http_talk_start(NULL);
    struct metric *m = metrics_add_counter(
        actor_system_metrics(http_talk_system(t)), "a/b");

    metric_increment(m, 7);

    const char *text = http_talk_get(t, "/metrics/snapshot");
    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: application/json\r\n");
    EXPECT_HAS(text, "{\"a/b\":7.0,\"actor/");
    text = http_talk_get(t, "/metrics/snapshot?jsonp=f.g");
    EXPECT_HAS(text, "\r\nContent-Type: text/javascript\r\n");
    EXPECT_HAS(text, "\r\n\r\nf.g({\"a/b\":7.0,");
    metrics_remove(actor_system_metrics(http_talk_system(t)), &m);
    http_talk_stop(&t);
}
END_TEST

START_TEST(timeout_is_a_duration_or_refused)
{
    struct http_talk *t = http_talk_start(NULL);
    static const struct {
        const char *query;
        const char *body;
    } refused[] = {
        { "x", "Invalid timeout 'x': " }, { "5", "Invalid timeout '5': " },
        { "5parsecs", "Invalid timeout '5parsecs': Unknown duration unit "
                      "'parsecs'" },
        { "-1secs", "Invalid timeout '-1secs': " },
        { "", "Invalid timeout '': " },
    };

    EXPECT_STATUS(http_talk_get(t, "/metrics/snapshot?timeout=0ns"), "200 ");
    EXPECT_STATUS(http_talk_get(t, "/metrics/snapshot?timeout=1.5hrs"),
                  "200 ");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        autofree char *path = xasprintf("/metrics/snapshot?timeout=%s",
                                        refused[i].query);
        const char *text = http_talk_get(t, path);

        EXPECT_STATUS(text, "400 Bad Request");
        EXPECT_HAS(body_of(text), refused[i].body);
        ck_assert_int_eq(text[strlen(text) - 1], '.');
    }
    http_talk_stop(&t);
}
END_TEST

static void
expect_exposition(const char *body, bool openmetrics)
{
    autofree char *problem = exposition_check(body, openmetrics);

    ck_assert_msg(!problem, "%s", problem);
    EXPECT_HAS(body, "# TYPE system_cpus_total gauge\nsystem_cpus_total ");
}

START_TEST(metrics_are_in_the_format_that_is_asked_for)
{
    struct http_talk *t = http_talk_start(NULL);
    const char *text = http_talk_get(t, "/metrics");

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; version=0.0.4; "
                     "charset=utf-8\r\n");
    expect_exposition(body_of(text), false);
    text = http_talk_say(t, "GET /metrics HTTP/1.1\r\nHost: x\r\n"
                         "Accept: application/openmetrics-text\r\n\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: application/openmetrics-text; "
                     "version=1.0.0; charset=utf-8\r\n");
    expect_exposition(body_of(text), true);
    http_talk_stop(&t);
}
END_TEST

/* --- a busy actor --- */

/* Reads from a pipe in its turn, which an actor never should; but not on the
 * worker that accepts connections, which would be another test. */
struct stuck {
    struct actor base;
    const int *fds;             /* 0: read here; 1: say here where it is */
    struct metric *metric;
};

static const struct actor_msg_type msg_stick = { .name = "stick" };

static void
on_stick(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct stuck *s = (struct stuck *) self;
    struct worker *accepting = system_worker(actor_system_of(self), 0);
    bool is_stuck = worker_current() != accepting;
    char c = is_stuck ? 's' : 'a';

    if (is_stuck) {
        metric_set(s->metric, 42);
    }
    ck_assert_int_eq(write(s->fds[1], &c, 1), 1);
    if (is_stuck) {
        ck_assert_int_eq(read(s->fds[0], &c, 1), 1);
    }
}

static struct error *
stuck_init(struct actor *self, void *fds)
{
    struct stuck *s = (struct stuck *) self;

    s->fds = fds;
    s->metric = metrics_add_gauge(actor_metrics(self), "stuck/answer");
    return NULL;
}

static void
stuck_fini(struct actor *self)
{
    metrics_remove(actor_metrics(self), &((struct stuck *) self)->metric);
}

static const struct actor_handler stuck_handlers[] = {
    { &msg_stick, on_stick },
};

static const struct actor_type stuck_type = {
    .name = "stuck", .size = sizeof(struct stuck), .init = stuck_init,
    .fini = stuck_fini, .handlers = stuck_handlers, .n_handlers = 1,
};

/* Starts actors until one is stuck on a worker that accepts nothing. */
static void
stick_one(struct actor_system *system, const int *fds, int said)
{
    char where = 'a';

    while (where == 'a') {
        struct actor_msg *msg = actor_msg_create(&msg_stick);
        struct upid upid;

        ck_assert_ptr_null(actor_spawn(system, &stuck_type, NULL,
                                       (void *) fds, &upid));
        actor_post(system, &upid, &msg);
        ck_assert_int_eq(read(said, &where, 1), 1);
    }
}

static int
ask(struct actor_system *system, const char *path)
{
    autofree char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n"
                                    "Connection: close\r\n\r\n", path);
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(actor_system_address(system), &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *) &storage, len), 0);
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t) strlen(text));
    return fd;
}

static void
read_all(int fd, struct strbuf *out)
{
    ssize_t n;

    do {
        char *to = strbuf_reserve(out, 65536);

        n = recv(fd, to, 65536, 0);
        ck_assert_int_ge(n, 0);
        strbuf_advance(out, (size_t) n);
    } while (n > 0);
}

#define N_ASKING 6

/* Connections are spread over the workers; those of the stuck actor's worker
 * have to wait, the others have not. */
static void
expect_answer(struct actor_system *system, const char *path, const char *part)
{
    struct pollfd polls[N_ASKING];
    int i = 0;

    for (int j = 0; j < N_ASKING; j++) {
        polls[j] = (struct pollfd) { .fd = ask(system, path),
                                     .events = POLLIN };
    }
    ck_assert_int_gt(poll(polls, N_ASKING, -1), 0);
    while (!polls[i].revents) {
        i++;
    }
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    read_all(polls[i].fd, &text);
    EXPECT_STATUS(text.data, "200 OK");
    EXPECT_HAS(text.data, part);
    for (int j = 0; j < N_ASKING; j++) {
        close(polls[j].fd);
    }
}

START_TEST(busy_actor_keeps_nobody_from_the_metrics)
{
    struct actor_system_options options = { .n_workers = 3 };
    struct actor_system *system;
    int release[2], said[2];

    ck_assert_ptr_null(address_parse("127.0.0.1:0", &options.listen));
    ck_assert_ptr_null(actor_system_create(&options, &system));
    ck_assert_int_eq(pipe(release), 0);
    ck_assert_int_eq(pipe(said), 0);
    const int fds[] = { release[0], said[1] };
    stick_one(system, fds, said[0]);

    expect_answer(system, "/metrics/snapshot", "\"stuck/answer\":42.0");
    expect_answer(system, "/metrics", "\nstuck_answer 42\n");

    ck_assert_int_eq(write(release[1], "x", 1), 1);
    actor_system_destroy(system);
    for (int i = 0; i < 2; i++) {
        close(release[i]);
        close(said[i]);
    }
}
END_TEST

static Suite *
metrics_endpoint_suite(void)
{
    Suite *suite = suite_create("metrics_endpoint");

    test_add(suite, "snapshot", snapshot_is_json_or_a_call_with_it);
    test_add(suite, "timeout", timeout_is_a_duration_or_refused);
    test_add(suite, "format", metrics_are_in_the_format_that_is_asked_for);
    test_add(suite, "busy", busy_actor_keeps_nobody_from_the_metrics);
    return suite;
}

TEST_MAIN(metrics_endpoint_suite)
