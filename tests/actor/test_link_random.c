/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_random.c - what docs/wire.md promises about order and gaps, with
 * connections that break, hang and cross at random and processes that stop,
 * overflow and die.
 *
 * On each of a few systems there is a witness.  Witnesses link each other and
 * send each other numbered messages, which also tell which of the receiver's
 * was the last to come.  The seed of a run that fails is in the message;
 * LINK_SEED=<seed> runs it alone, LINK_SEEDS=<n> runs the first n. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/system.h>
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

#define N 3                     /* systems */
#define N_STEPS 150
#define N_MESSAGES 4096         /* of one witness to another */
#define DEFAULT_SEEDS 150

/* What one process has sent to another address, and what became of it. */
struct stream {
    unsigned n_sent;
    unsigned last;              /* the last one that came */
    unsigned told;              /* sent when the sender was told of a loss */
    bool linked[N_MESSAGES];    /* the sender had linked, when it sent */
    bool came[N_MESSAGES];
};

/* What one process knows of another. */
struct view {
    bool is_linked;
    unsigned n_at_link;         /* sent there when it linked */
    unsigned process;           /* that was heard last */
    unsigned n_heard;           /* of its messages, the last one */

    /* It has heard an answer to what it sent after linking: no message may be
     * missing now. */
    bool is_covered;
};

struct world {
    uint64_t seed;
    uint64_t random;            /* xorshift64*; never 0 */
    struct multi_system *multi;
    struct actor_system *systems[N];
    struct address addresses[N];
    struct upid witnesses[N];
    unsigned processes[N];              /* numbers; never used twice */
    struct stream streams[N][N];        /* from, to */
    struct view views[N][N];            /* whose, of whom */
    unsigned n_started;
    bool heals;                 /* nothing breaks any more */
};

struct witness {
    struct actor base;
    struct world *world;        /* borrowed */
    unsigned me;
};

static unsigned
pick(struct world *w, unsigned n)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned) ((w->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* --- witnesses --- */

static unsigned
index_of(const struct world *w, const struct upid *who)
{
    unsigned i = 0;

    while (!address_equal(&w->addresses[i], &who->address)) {
        i++;
        ck_assert_uint_lt(i, N);
    }
    return i;
}

static void
say(struct witness *self, unsigned to)
{
    struct world *w = self->world;
    struct stream *stream = &w->streams[self->me][to];
    struct view *view = &w->views[self->me][to];
    struct message *m = message_create(&internal__shutdown_agent__descriptor);
    Internal__ShutdownAgent *root = message_root(m);
    char text[64];

    ck_assert_uint_lt(stream->n_sent + 1, N_MESSAGES);
    stream->linked[++stream->n_sent] = view->is_linked;
    snprintf(text, sizeof text, "%u %u %u %u", w->processes[self->me],
             stream->n_sent, view->process, view->n_heard);
    root->message = message_strdup(m, text);
    actor_send_message(&self->base, &w->witnesses[to], &msg_shutdown_agent,
                       &m);
}

static void
check_arrival(struct world *w, struct stream *stream, struct view *view,
              unsigned n)
{
    ck_assert_msg(n > stream->last, "seed %" PRIu64 ": %u came after %u",
                  w->seed, n, stream->last);
    ck_assert_msg(!view->is_covered || n == stream->last + 1,
                  "seed %" PRIu64 ": %u came after %u, and nobody was told",
                  w->seed, n, stream->last);
    stream->last = n;
    stream->came[n] = true;
}

static void
on_message(struct actor *self_, struct actor_msg *msg)
{
    struct witness *self = (struct witness *) self_;
    struct world *w = self->world;
    const Internal__ShutdownAgent *root = actor_msg_root(msg,
                                                         &msg_shutdown_agent);
    unsigned process, n, process_heard, n_heard;
    struct upid from;

    actor_msg_from(msg, &from);
    unsigned other = index_of(w, &from);
    struct view *view = &w->views[self->me][other];

    ck_assert_int_eq(sscanf(root->message, "%u %u %u %u", &process, &n,
                            &process_heard, &n_heard), 4);
    ck_assert_msg(process >= view->process, "seed %" PRIu64 ": process %u was "
                  "heard after %u", w->seed, process, view->process);
    if (process != w->processes[other]) {
        return;                         /* its last words */
    }
    check_arrival(w, &w->streams[other][self->me], view, n);
    view->process = process;
    view->n_heard = n;
    if (view->is_linked && process_heard == w->processes[self->me]
        && n_heard > view->n_at_link) {
        view->is_covered = true;
    }
    if (!w->heals && pick(w, 60) == 0) {
        memory_net_break_one(multi_system_net(w->multi), pick(w, 100),
                             pick(w, 3) == 0);
    }
    if (pick(w, 2) == 0) {
        say(self, other);
    }
}

static void
end_link(struct world *w, unsigned me, unsigned other)
{
    w->views[me][other].is_linked = w->views[me][other].is_covered = false;
    w->streams[me][other].told = w->streams[me][other].n_sent;
}

static void
on_exited(struct actor *self_, const struct upid *who)
{
    struct witness *self = (struct witness *) self_;

    end_link(self->world, self->me, index_of(self->world, who));
}

/* What a witness is told to do; a plain message. */
struct deed {
    enum { DEED_SAY, DEED_LINK, DEED_UNLINK } what;
    unsigned to;
    unsigned n;
};

static void run_deed(struct actor *, struct actor_msg *);

static const struct actor_msg_type msg_deed = {
    .name = "deed", .size = sizeof(struct deed), .run = run_deed,
};

static void
run_deed(struct actor *self_, struct actor_msg *msg)
{
    struct witness *self = (struct witness *) self_;
    struct world *w = self->world;
    const struct deed *deed = actor_msg_body(msg, &msg_deed);
    struct view *view = &w->views[self->me][deed->to];

    switch (deed->what) {
    case DEED_SAY:
        for (unsigned i = 0; i < deed->n; i++) {
            say(self, deed->to);
        }
        break;
    case DEED_LINK:
        if (!view->is_linked) {
            view->is_linked = true;
            view->n_at_link = w->streams[self->me][deed->to].n_sent;
        }
        actor_link(&self->base, &w->witnesses[deed->to]);
        say(self, deed->to);
        break;
    case DEED_UNLINK:
        end_link(w, self->me, deed->to);
        actor_unlink(&self->base, &w->witnesses[deed->to]);
        break;
    }
}

static const struct actor_handler handlers[] = {
    { &msg_shutdown_agent, on_message },
};

struct witness_options {
    struct world *world;
    unsigned me;
};

static struct error *
witness_init(struct actor *self, void *arg)
{
    const struct witness_options *options = arg;
    struct witness *witness = (struct witness *) self;

    witness->world = options->world;
    witness->me = options->me;
    return NULL;
}

static const struct actor_type witness_type = {
    .name = "witness", .size = sizeof(struct witness), .init = witness_init,
    .exited = on_exited, .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

/* --- the world --- */

static void
start(struct world *w, unsigned i)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
        .seed = w->seed * 1000 + ++w->n_started,
        .link.queue_size = w->seed % 2 ? 3000 : 0,
    };
    struct witness_options witness = { .world = w, .me = i };

    w->processes[i] = w->n_started;
    w->systems[i] = multi_system_add_at(w->multi, &w->addresses[i], &options);
    ck_assert_ptr_null(actor_spawn(w->systems[i], &witness_type, "witness",
                                   &witness, NULL));
}

/* A process dies, and another begins that knows nothing. */
static void
restart(struct world *w, unsigned i)
{
    multi_system_remove(w->multi, w->systems[i]);
    for (unsigned other = 0; other < N; other++) {
        memset(&w->streams[i][other], 0, sizeof w->streams[i][other]);
        memset(&w->views[i][other], 0, sizeof w->views[i][other]);
    }
    start(w, i);
}

static void
order(struct world *w, unsigned who, const struct deed *deed)
{
    struct actor_msg *msg = actor_msg_create(&msg_deed);

    *(struct deed *) actor_msg_body(msg, &msg_deed) = *deed;
    actor_post(w->systems[who], &w->witnesses[who], &msg);
}

static void
do_deed(struct world *w)
{
    unsigned who = pick(w, N);
    struct deed deed = {
        .what = pick(w, 5) == 0 ? DEED_UNLINK
                                : pick(w, 2) ? DEED_LINK : DEED_SAY,
        .to = (who + 1 + pick(w, N - 1)) % N, .n = 1 + pick(w, 12),
    };

    order(w, who, &deed);
}

static void
do_fault(struct world *w)
{
    struct memory_net *net = multi_system_net(w->multi);
    unsigned i = pick(w, N);
    const struct address *a = &w->addresses[i];
    const struct address *b = &w->addresses[(i + 1) % N];

    switch (pick(w, 12)) {
    case 0:
        memory_net_break_all(net);
        break;
    case 1:
    case 2:
        memory_net_break_one(net, pick(w, 100), pick(w, 2));
        break;
    case 3:
        memory_net_cut(net, a, b, pick(w, 2));
        break;
    case 4:
        memory_net_refuse(net, a, pick(w, 2));
        break;
    case 5:
        memory_net_hold_connects(net, pick(w, 2));
        break;
    case 6:
        memory_net_set_window(net, 1 + pick(w, 300));
        break;
    case 7:
        memory_net_set_window(net, 100000);
        break;
    case 8:
        multi_system_pause(w->multi, w->systems[i], pick(w, 2));
        break;
    case 9:
        restart(w, i);
        break;
    default:
        break;
    }
}

static void
heal(struct world *w)
{
    struct memory_net *net = multi_system_net(w->multi);

    w->heals = true;
    memory_net_hold_connects(net, false);
    memory_net_set_window(net, 100000);
    for (unsigned i = 0; i < N; i++) {
        memory_net_refuse(net, &w->addresses[i], false);
        memory_net_cut(net, &w->addresses[i], &w->addresses[(i + 1) % N],
                       false);
        multi_system_pause(w->multi, w->systems[i], false);
    }
    multi_system_advance(w->multi, MINUTE);

    /* Who still believes in a connection that is none finds out. */
    for (unsigned i = 0; i < N * N; i++) {
        if (i / N != i % N) {
            struct deed deed = { .what = DEED_SAY, .to = i % N, .n = 1 };

            order(w, i / N, &deed);
        }
    }
    multi_system_advance(w->multi, MINUTE);
}

/* What was sent to somebody linked has come, or the sender was told of a
 * loss. */
static void
check_told(const struct world *w, unsigned from, unsigned to)
{
    const struct stream *s = &w->streams[from][to];

    for (unsigned n = 1; n <= s->n_sent; n++) {
        ck_assert_msg(s->came[n] || !s->linked[n] || n <= s->told,
                      "seed %" PRIu64 ": %u of %u to %u was lost, and the "
                      "sender was not told", w->seed, n, from, to);
    }
}

static void
run(uint64_t seed)
{
    struct world *w = xcalloc(1, sizeof *w);

    w->seed = w->random = seed;
    w->multi = multi_system_create();
    for (unsigned i = 0; i < N; i++) {
        w->addresses[i] = (struct address) {
            .family = ADDRESS_IPV4, .ip = { 10, 0, 0, (uint8_t) (1 + i) },
            .port = 5050,
        };
        ck_assert_ptr_null(upid_make("witness", &w->addresses[i],
                                     &w->witnesses[i]));
        start(w, i);
    }
    for (unsigned i = 0; i < N_STEPS; i++) {
        do_deed(w);
        if (pick(w, 5) == 0) {
            do_fault(w);
        }
        multi_system_advance(w->multi, pick(w, 3) * 100 * MILLISECOND);
    }
    heal(w);
    for (unsigned i = 0; i < N * N; i++) {
        check_told(w, i / N, i % N);
    }
    multi_system_destroy(w->multi);
    free(w);
}

START_TEST(order_is_kept_and_linkers_are_told_of_gaps)
{
    static const struct log_options quiet = {
        .program = "test_link_random", .quiet = true,
    };
    const char *one = getenv("LINK_SEED");
    const char *many = getenv("LINK_SEEDS");
    uint64_t n = many ? strtoull(many, NULL, 10) : DEFAULT_SEEDS;

    if (!one) {
        ck_assert_ptr_null(log_init(&quiet));
    }
    for (uint64_t seed = 1; !one && seed <= n; seed++) {
        run(seed);
    }
    if (one) {
        run(strtoull(one, NULL, 10));
    }
}
END_TEST

static Suite *
link_random_suite(void)
{
    Suite *suite = suite_create("link-random");

    test_add(suite, "gaps", order_is_kept_and_linkers_are_told_of_gaps);
    return suite;
}

TEST_MAIN(link_random_suite)
