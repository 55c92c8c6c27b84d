/* SPDX-License-Identifier: Apache-2.0
 *
 * suite_link.c - what links promise, under all that networks and processes
 * do: messages of one actor to another arrive in order and at most once; who
 * linked the receiver is told for each gap; and when all is well again,
 * everybody hears from everybody.
 *
 * Each host has a talker, which numbers what it says to each other one. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/sim.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/sim/suite.h"

#define N_HOSTS 4
#define PORT 6000
#define CHAOS (100 * SECOND)
#define QUIET (120 * SECOND)
#define TALK_PAUSE (200 * MILLISECOND)
#define LINK_PAUSE (500 * MILLISECOND)
#define SIZE_MAX_SAID 20000

/* What one talker has heard of another, and said to it. */
struct ear {
    struct talker *talker;
    struct upid who;
    pid_t pid;                  /* of the process that was heard last */
    uint64_t n_heard;           /* the number heard last */
    uint64_t n_gaps;            /* since that process was heard first */
    int64_t heard_at;
    uint64_t n_said;
    uint64_t n_exits;           /* how often its end was told */
    struct actor_timer relink;
};

struct talker {
    struct actor base;
    struct world *world;
    struct sim_process *process;
    size_t host;
    struct ear ears[N_HOSTS];
    struct actor_timer timer;
};

/* One run; what is in here is outside of the world. */
struct world {
    struct sim *sim;
    struct talker *talkers[N_HOSTS];    /* NULL: dead */
    struct error *error;        /* owned; the first */
    uint64_t n_heard;
};

static _Thread_local struct world *here;

static void on_words(struct actor *, struct actor_msg *);
static void on_exited(struct actor *, const struct upid *who);
static struct error *talker_init(struct actor *, void *process);
static void talker_fini(struct actor *);

static const struct actor_handler handlers[] = {
    { &msg_shutdown_agent, on_words },
};

static const struct actor_type talker_type = {
    .name = "talker", .size = sizeof(struct talker),
    .init = talker_init, .fini = talker_fini, .exited = on_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- talking --- */

static void
say(struct talker *t, struct ear *ear)
{
    struct message *m = message_create(&internal__shutdown_agent__descriptor);
    Internal__ShutdownAgent *root = message_root(m);
    uint16_t size;
    char text[SIZE_MAX_SAID];

    actor_random(&t->base, &size, sizeof size);
    int n = snprintf(text, sizeof text, "%d %" PRIu64 " ",
                     (int) sim_process_pid(t->process), ++ear->n_said);

    size = size % 16 == 0 ? size % (SIZE_MAX_SAID - 100) : 0;
    memset(text + n, 'x', size);
    text[n + size] = '\0';
    root->message = message_strdup(m, text);
    actor_send_message(&t->base, &ear->who, &msg_shutdown_agent, &m);
}

static void
on_timer(struct actor *self, void *arg UNUSED)
{
    struct talker *t = (struct talker *) self;
    size_t i = (size_t) (actor_random_double(self) * N_HOSTS);

    if (i != t->host) {
        say(t, &t->ears[i]);
    }
    actor_timer_start(self, &t->timer,
                      (int64_t) (actor_random_double(self)
                                 * (double) TALK_PAUSE),
                      on_timer, NULL);
}

static void
link_again(struct actor *self, void *ear_)
{
    struct ear *ear = ear_;

    actor_link(self, &ear->who);
}

static void
on_exited(struct actor *self, const struct upid *who)
{
    struct talker *t = (struct talker *) self;

    for (size_t i = 0; i < N_HOSTS; i++) {
        struct ear *ear = &t->ears[i];

        if (i != t->host && upid_equal(&ear->who, who)) {
            ear->n_exits++;
            actor_timer_start(self, &ear->relink, LINK_PAUSE, link_again,
                              ear);
        }
    }
}

/* --- hearing --- */

static struct ear *
find_ear(struct talker *t, const struct upid *from)
{
    for (size_t i = 0; i < N_HOSTS; i++) {
        if (i != t->host && upid_equal(&t->ears[i].who, from)) {
            return &t->ears[i];
        }
    }
    return NULL;
}

static void
hear(struct talker *t, struct ear *ear, pid_t pid, uint64_t number)
{
    struct world *w = t->world;

    if (pid < ear->pid || (pid == ear->pid && number <= ear->n_heard)) {
        if (!w->error) {
            w->error = error_create(ERROR_INTERNAL, "%s hears number %"
                                    PRIu64 " of process %d after %" PRIu64
                                    " of %d", UPID_TEXT(&ear->who), number,
                                    (int) pid, ear->n_heard, (int) ear->pid);
        }
        return;
    }
    if (pid != ear->pid) {
        ear->pid = pid;
        ear->n_gaps = 0;
    } else if (number != ear->n_heard + 1) {
        ear->n_gaps++;
    }
    ear->n_heard = number;
    ear->heard_at = actor_now(&t->base);
    w->n_heard++;
}

static void
on_words(struct actor *self, struct actor_msg *msg)
{
    struct talker *t = (struct talker *) self;
    const Internal__ShutdownAgent *root = actor_msg_root(msg,
                                                         &msg_shutdown_agent);
    struct upid from;
    int pid;
    uint64_t number;

    actor_msg_from(msg, &from);
    struct ear *ear = find_ear(t, &from);

    if (ear && sscanf(root->message, "%d %" SCNu64, &pid, &number) == 2) {
        hear(t, ear, pid, number);
    } else if (!t->world->error) {
        t->world->error = error_create(ERROR_INTERNAL, "%s says '%.20s'",
                                       UPID_TEXT(&from), root->message);
    }
}

/* --- the process --- */

static struct error *
talker_init(struct actor *self, void *process)
{
    struct talker *t = (struct talker *) self;
    struct sim *sim = sim_process_sim(process);

    t->world = here;
    t->process = process;
    t->host = sim_host_index(sim_process_host(process));
    here->talkers[t->host] = t;
    for (size_t i = 0; i < N_HOSTS; i++) {
        struct address address = *sim_host_address(sim_host(sim, i));

        address.port = PORT;
        t->ears[i].talker = t;
        struct error *error = upid_make("talker", &address, &t->ears[i].who);
        if (error) {
            return error;
        }
        if (i != t->host) {
            actor_link(self, &t->ears[i].who);
        }
    }
    actor_timer_start(self, &t->timer, TALK_PAUSE, on_timer, NULL);
    return NULL;
}

static void
talker_fini(struct actor *self)
{
    struct talker *t = (struct talker *) self;

    if (t->world->talkers[t->host] == t) {
        t->world->talkers[t->host] = NULL;
    }
}

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = {
        .listen.port = PORT,
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    struct error *error = sim_process_open(p, &options, &system);

    return error ? error
                 : actor_spawn(system, &talker_type, "talker", p, NULL);
}

static const struct sim_program program = {
    .name = "talker", .start = start,
};

/* --- the end --- */

/* 'a' says to 'b'. */
static struct error *
check_pair(struct world *w, size_t a, size_t b)
{
    const struct ear *said = &w->talkers[a]->ears[b];
    const struct ear *heard = &w->talkers[b]->ears[a];

    if (sim_now(w->sim) + HOUR - heard->heard_at > MINUTE) {
        return error_create(ERROR_INTERNAL, "host %zu has not heard of host "
                            "%zu for a minute", b, a);
    }
    if (heard->pid == sim_process_pid(w->talkers[a]->process)
        && heard->n_gaps > said->n_exits) {
        return error_create(ERROR_INTERNAL, "host %zu has missed words of "
                            "host %zu %" PRIu64 " times, which was told %"
                            PRIu64 " times", b, a, heard->n_gaps,
                            said->n_exits);
    }
    return NULL;
}

static struct error *
check_end(struct world *w)
{
    struct error *error = NULL;

    for (size_t a = 0; !error && a < N_HOSTS; a++) {
        if (!w->talkers[a]) {
            return error_create(ERROR_INTERNAL, "host %zu is dead", a);
        }
        for (size_t b = 0; !error && b < N_HOSTS; b++) {
            error = a != b && w->talkers[b] ? check_pair(w, a, b) : NULL;
        }
    }
    return error;
}

static void
run_link(const struct suite_options *options, struct suite_result *result)
{
    const struct sim_options world_options = {
        .seed = options->seed, .trace = options->trace, .aux = options->aux,
    };
    const struct sim_plan_options draw = {
        .seed = options->seed, .from_ns = SECOND, .until_ns = CHAOS,
        .pause_ns = 2 * SECOND, .longest_ns = 20 * SECOND, .n_hosts = N_HOSTS,
        .swizzle_weight = 2,
        .weights = {
            [SIM_FAULT_DELAY] = 3, [SIM_FAULT_LOSS] = 4,
            [SIM_FAULT_DUPLICATE] = 2, [SIM_FAULT_REORDER] = 3,
            [SIM_FAULT_PARTITION] = 5, [SIM_FAULT_ONE_WAY] = 5,
            [SIM_FAULT_ISOLATE] = 2, [SIM_FAULT_CLOG] = 4,
            [SIM_FAULT_RESET] = 8, [SIM_FAULT_CRASH] = 3,
            [SIM_FAULT_KILL] = 4, [SIM_FAULT_PAUSE] = 4,
        },
    };
    struct world w = { .sim = sim_create(&world_options) };

    here = &w;
    sim_add_program(w.sim, &program);
    for (int i = 0; i < N_HOSTS; i++) {
        autofree char *name = xasprintf("host-%d", i);

        sim_add_service(sim_add_host(w.sim, name), "talker",
                        (char *[]) { (char *) "talker", NULL });
    }
    suite_plan(options, w.sim, &draw, result);
    sim_run(w.sim, CHAOS + draw.longest_ns + QUIET);
    if (!result->error) {
        result->error = w.error ? w.error : check_end(&w);
    } else {
        error_destroy(w.error);
    }
    result->n_done = w.n_heard;
    suite_finish(w.sim, result);
    sim_destroy(w.sim);
    here = NULL;
}

const struct suite suite_link = {
    .name = "link", .summary = "4 hosts that talk to each other, all faults",
    .counted = "messages", .run = run_link,
};
