/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_actor_throughput.c - local messages between actors.
 *
 * The workloads are those of libprocess' own benchmarks
 * (3rdparty/libprocess/src/tests/benchmarks.cpp), made longer:
 *
 * throughput     A client and a destination for each worker; a client keeps
 *                1000 empty pings on their way until it has all its pongs.
 * client-server  8 clients and one server that links each; a client keeps 250
 *                pings with 3 bytes on their way.
 *
 * In the same run: the first workload on bare queues, a pair of them on each
 * thread, with the allocation of each message but without actors; and what an
 * idle actor takes, and how long spawning and ending one takes. */
#include <config.h>

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#define N_ROUND_TRIPS 60000000u
#define WINDOW 1000u
#define N_RPCS 20000000u
#define N_CLIENTS 8u
#define CONCURRENCY 250u
#define N_IDLE 200000u
#define N_SPAWNS 200000u
#define N_PAIRS_MAX 1024u

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * SECOND + t.tv_nsec;
}

static void
print(const char *name, double value, const char *unit, double peer)
{
    printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\", "
           "\"peer\": ", name, value, unit);
    if (peer > 0) {
        printf("%.2f}\n", peer);
    } else {
        printf("null}\n");
    }
    fflush(stdout);
}

static double
millions_per_second(unsigned n, int64_t ns)
{
    return (double) n / (double) ns * 1e3;
}

/* --- bare queues --- */

/* A queue of Dmitry Vyukov's kind: many producers, one consumer, intrusive,
 * with a dummy element. */
struct node {
    struct node *_Atomic next;
    char body[56];
};

struct queue {
    _Alignas(64) struct node *_Atomic newest;
    _Alignas(64) struct node *oldest;
};

static void
queue_init(struct queue *queue)
{
    struct node *dummy = xcalloc(1, sizeof *dummy);

    queue->newest = dummy;
    queue->oldest = dummy;
}

static void
queue_push(struct queue *queue, struct node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    struct node *before = atomic_exchange_explicit(&queue->newest, node,
                                                   memory_order_acq_rel);
    atomic_store_explicit(&before->next, node, memory_order_release);
}

/* False if it is empty.  Frees the element before. */
static bool
queue_pop(struct queue *queue)
{
    struct node *dummy = queue->oldest;
    struct node *next = atomic_load_explicit(&dummy->next,
                                             memory_order_acquire);

    if (!next) {
        return false;
    }
    queue->oldest = next;
    free(dummy);
    return true;
}

struct bare_pair {
    unsigned share;
    struct queue pings, pongs;
};

static void *
run_bare_pair(void *pair_)
{
    struct bare_pair *pair = pair_;
    unsigned n_sent = 0, n_received = 0;

    while (n_sent < WINDOW && n_sent < pair->share) {
        queue_push(&pair->pings, xmalloc(sizeof(struct node)));
        n_sent++;
    }
    while (n_received < pair->share) {
        while (queue_pop(&pair->pings)) {
            queue_push(&pair->pongs, xmalloc(sizeof(struct node)));
        }
        while (queue_pop(&pair->pongs)) {
            n_received++;
            if (n_sent < pair->share) {
                queue_push(&pair->pings, xmalloc(sizeof(struct node)));
                n_sent++;
            }
        }
    }
    return NULL;
}

static double
bare_queues(unsigned n_pairs)
{
    pthread_t threads[N_PAIRS_MAX];
    struct bare_pair *pairs = aligned_alloc(64, n_pairs * sizeof *pairs);

    CHECK(pairs, "out of memory");
    for (unsigned i = 0; i < n_pairs; i++) {
        pairs[i].share = N_ROUND_TRIPS / n_pairs;
        queue_init(&pairs[i].pings);
        queue_init(&pairs[i].pongs);
    }
    int64_t start = now();
    for (unsigned i = 0; i < n_pairs; i++) {
        int rc = pthread_create(&threads[i], NULL, run_bare_pair, &pairs[i]);

        CHECK(rc == 0, "cannot start a thread");
    }
    for (unsigned i = 0; i < n_pairs; i++) {
        pthread_join(threads[i], NULL);
        free(pairs[i].pings.oldest);
        free(pairs[i].pongs.oldest);
    }
    int64_t elapsed = now() - start;
    free(pairs);
    return millions_per_second(N_ROUND_TRIPS, elapsed);
}

/* --- actors --- */

struct text {
    char bytes[3];
};

static const struct actor_msg_type msg_run = { .name = "run" };
static const struct actor_msg_type msg_ping = { .name = "ping" };
static const struct actor_msg_type msg_pong = { .name = "pong" };
static const struct actor_msg_type msg_text_ping = {
    .name = "text-ping", .size = sizeof(struct text),
};
static const struct actor_msg_type msg_text_pong = {
    .name = "text-pong", .size = sizeof(struct text),
};

/* How a client is to behave, and where it says that it is done. */
struct load {
    struct upid server;
    unsigned share, window;
    bool with_text;
    atomic_uint *n_busy;
    struct actor_gate *done;
};

struct client {
    struct actor base;
    struct load load;
    unsigned n_sent, n_received;
};

static struct error *
client_init(struct actor *self, void *load)
{
    ((struct client *) self)->load = *(const struct load *) load;
    return NULL;
}

static void
client_ping(struct client *client)
{
    struct actor_msg *msg;

    if (client->load.with_text) {
        msg = actor_msg_create(&msg_text_ping);
        memcpy(actor_msg_body(msg, &msg_text_ping), "111", 3);
    } else {
        msg = actor_msg_create(&msg_ping);
    }
    actor_send(&client->base, &client->load.server, &msg);
    client->n_sent++;
}

static void
client_on_run(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct client *client = (struct client *) self;

    if (client->load.with_text) {
        actor_link(self, &client->load.server);
    }
    while (client->n_sent < client->load.window
           && client->n_sent < client->load.share) {
        client_ping(client);
    }
}

static void
client_on_pong(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct client *client = (struct client *) self;

    if (client->n_sent < client->load.share) {
        client_ping(client);
    }
    if (++client->n_received == client->load.share
        && atomic_fetch_sub(client->load.n_busy, 1) == 1) {
        actor_gate_open(client->load.done);
    }
}

static const struct actor_handler client_handlers[] = {
    { &msg_pong, client_on_pong },
    { &msg_text_pong, client_on_pong },
    { &msg_run, client_on_run },
};

static const struct actor_type client_type = {
    .name = "client", .size = sizeof(struct client), .init = client_init,
    .handlers = client_handlers, .n_handlers = ARRAY_SIZE(client_handlers),
};

static void
server_on_ping(struct actor *self, struct actor_msg *ping)
{
    struct actor_msg *pong = actor_msg_create(&msg_pong);

    actor_reply(self, ping, &pong);
}

static void
server_on_text_ping(struct actor *self, struct actor_msg *ping)
{
    struct actor_msg *pong = actor_msg_create(&msg_text_pong);

    memcpy(actor_msg_body(pong, &msg_text_pong),
           actor_msg_body(ping, &msg_text_ping), 3);
    actor_reply(self, ping, &pong);
}

static const struct actor_handler server_handlers[] = {
    { &msg_ping, server_on_ping },
    { &msg_text_ping, server_on_text_ping },
};

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor),
    .handlers = server_handlers, .n_handlers = ARRAY_SIZE(server_handlers),
};

static struct upid
spawn(struct actor_system *system, const struct actor_type *type, void *arg)
{
    struct upid upid;
    struct error *error = actor_spawn(system, type, NULL, arg, &upid);

    CHECK(!error, "%s", error_text(error));
    return upid;
}

static struct actor_system *
start(void)
{
    struct actor_system_options options = { .n_workers = 0 };
    struct actor_system *system = NULL;
    struct error *error = actor_system_create(&options, &system);

    CHECK(!error, "%s", error_text(error));
    return system;
}

/* 'n_servers' divides 'n_clients'. */
static double
run_clients(unsigned n_servers, unsigned n_clients, unsigned n_total,
            unsigned window, bool with_text)
{
    struct actor_system *system = start();
    atomic_uint n_busy = n_clients;
    struct upid *servers = xcalloc(n_servers, sizeof *servers);
    struct upid *clients = xcalloc(n_clients, sizeof *clients);
    struct load load = {
        .share = n_total / n_clients, .window = window,
        .with_text = with_text, .n_busy = &n_busy,
        .done = actor_gate_create(),
    };

    for (unsigned i = 0; i < n_servers; i++) {
        servers[i] = spawn(system, &server_type, NULL);
    }
    for (unsigned i = 0; i < n_clients; i++) {
        load.server = servers[i % n_servers];
        clients[i] = spawn(system, &client_type, &load);
    }
    int64_t begin = now();
    for (unsigned i = 0; i < n_clients; i++) {
        struct actor_msg *msg = actor_msg_create(&msg_run);

        actor_post(system, &clients[i], &msg);
    }
    actor_gate_wait(load.done, DURATION_FOREVER);
    int64_t elapsed = now() - begin;
    actor_system_destroy(system);
    actor_gate_destroy(load.done);
    free(servers);
    free(clients);
    return millions_per_second(load.share * n_clients, elapsed);
}

/* --- life --- */

static const struct actor_type idle_type = {
    .name = "idle", .size = sizeof(struct actor),
};

static double
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    CHECK(file && fscanf(file, "%*d %ld", &pages) == 1, "statm");
    fclose(file);
    return (double) pages * (double) sysconf(_SC_PAGESIZE);
}

static double
idle_bytes(void)
{
    struct actor_system *system = start();

    malloc_trim(0);
    double before = resident_bytes();

    for (unsigned i = 0; i < N_IDLE; i++) {
        spawn(system, &idle_type, NULL);
    }
    double bytes = resident_bytes() - before;
    actor_system_destroy(system);
    return bytes / N_IDLE;
}

static double
spawns(void)
{
    struct actor_system *system = start();
    struct upid upid;
    int64_t begin = now();

    for (unsigned i = 0; i < N_SPAWNS; i++) {
        upid = spawn(system, &idle_type, NULL);
        actor_terminate(system, &upid);
    }
    actor_wait(system, &upid, DURATION_FOREVER);
    int64_t elapsed = now() - begin;
    actor_system_destroy(system);
    return millions_per_second(N_SPAWNS, elapsed);
}

int
main(void)
{
    unsigned n = (unsigned) sysconf(_SC_NPROCESSORS_ONLN);

    n = n > N_PAIRS_MAX ? N_PAIRS_MAX : n;
    double bare = bare_queues(n);
    print("actor_throughput", run_clients(n, n, N_ROUND_TRIPS, WINDOW, false),
          "M round trips/s", bare);
    print("actor_client_server",
          run_clients(1, N_CLIENTS, N_RPCS, CONCURRENCY, true), "M rpcs/s",
          0);
    print("actor_idle_memory", idle_bytes(), "bytes", 0);
    print("actor_spawn_and_terminate", spawns(), "M/s", 0);
    return 0;
}
