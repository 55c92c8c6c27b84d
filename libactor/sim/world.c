/* SPDX-License-Identifier: Apache-2.0
 *
 * world.c - time, chance and events of a simulated world.
 *
 * Events are kept in a heap by when they happen; of those that happen at the
 * same instant any may come first, which is drawn when they are scheduled.
 * The hash is FNV-1a over words instead of bytes. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "core/system_private.h"
#include "sim/private.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)
#define MILLION 1000000u

/* How many bits of an event's rank are drawn; the rest counts. */
#define ORDER_BITS 16

struct sim *
sim_create(const struct sim_options *options)
{
    struct sim *sim = xcalloc(1, sizeof *sim);

    sim->seed = options->seed;
    sim->hash = HASH_START;
    sim->trace = options->trace;
    sim->trace_aux = options->aux;
    sim->last_pid = SIM_FIRST_PID;
    for (uint64_t i = 0; i < SIM_N_STREAMS; i++) {
        seeded_init(sim->random[i], options->seed * SIM_N_STREAMS + i);
    }
    sim->net = sim_net_create(sim);
    return sim;
}

void
sim_destroy(struct sim *sim)
{
    if (!sim) {
        return;
    }
    sim_faults_free(sim);
    vec_foreach (&sim->hosts, it) {
        sim_host_end(*it);
    }
    sim_net_destroy(sim->net);
    vec_foreach (&sim->hosts, it) {
        sim_host_destroy(*it);
    }
    vec_fini(&sim->hosts);
    vec_fini(&sim->programs);
    heap_fini(&sim->events);
    free(sim);
}

int64_t
sim_now(const struct sim *sim)
{
    return sim->now;
}

uint64_t
sim_hash(const struct sim *sim)
{
    return sim->hash;
}

uint64_t
sim_n_events(const struct sim *sim)
{
    return sim->n_events;
}

void
sim_watch(struct sim *sim, void (*fn)(void *aux), void *aux)
{
    sim->watch = fn;
    sim->watch_aux = aux;
}

/* --- chance --- */

uint64_t
sim_random(struct sim *sim, enum sim_stream stream)
{
    return seeded_next(sim->random[stream]);
}

uint64_t
sim_below(struct sim *sim, enum sim_stream stream, uint64_t n)
{
    return n > 0 ? sim_random(sim, stream) % n : 0;
}

bool
sim_chance(struct sim *sim, enum sim_stream stream, uint64_t ppm)
{
    return ppm > 0 && sim_below(sim, stream, MILLION) < ppm;
}

uint64_t
sim_draw(struct sim *sim, uint64_t n)
{
    return sim_below(sim, SIM_STREAM_USER, n);
}

/* --- events --- */

void
sim_schedule(struct sim *sim, struct sim_event *event, int64_t delay_ns,
             void (*fn)(struct sim_event *))
{
    uint64_t order = sim_random(sim, SIM_STREAM_ORDER) >> (64 - ORDER_BITS);

    CHECK(delay_ns >= 0);
    sim_cancel(sim, event);
    event->fn = fn;
    heap_add(&sim->events,
             delay_ns < INT64_MAX - sim->now ? sim->now + delay_ns
                                             : INT64_MAX,
             order << (64 - ORDER_BITS) | ++sim->n_scheduled,
             &event->heap_index);
}

void
sim_cancel(struct sim *sim, struct sim_event *event)
{
    if (event->heap_index != 0) {
        heap_remove(&sim->events, &event->heap_index);
    }
}

/* False if there is nothing until 'until'. */
static bool
step(struct sim *sim, int64_t until)
{
    const struct heap_element *first = heap_first(&sim->events);

    if (!first || first->at_ns > until) {
        return false;
    }
    struct sim_event *event = CONTAINER_OF(first->index, struct sim_event,
                                           heap_index);

    sim->now = first->at_ns;
    heap_remove(&sim->events, &event->heap_index);
    sim->n_events++;
    event->fn(event);
    if (sim->watch) {
        sim->watch(sim->watch_aux);
    }
    return true;
}

void
sim_run(struct sim *sim, int64_t ns)
{
    CHECK(ns >= 0);
    int64_t until = ns < INT64_MAX - sim->now ? sim->now + ns : INT64_MAX;

    while (step(sim, until)) {
    }
    sim->now = until;
}

/* --- what happened --- */

static void
hash_word(struct sim *sim, uint64_t word)
{
    sim->hash = (sim->hash ^ word) * HASH_PRIME;
    sim->hash ^= sim->hash >> 29;       /* high bits count as well */
}

void
sim_hash_bytes(struct sim *sim, const void *data_, size_t size)
{
    const char *data = data_;
    uint64_t word;

    hash_word(sim, size);
    for (; size >= sizeof word; size -= sizeof word, data += sizeof word) {
        memcpy(&word, data, sizeof word);
        hash_word(sim, word);
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, data, size);
        hash_word(sim, word);
    }
}

static void
tell_trace(struct sim *sim, const char *what, const char *whom, uint64_t a,
           uint64_t b)
{
    autofini(strbuf) line = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&line, "%4" PRId64 ".%09" PRId64 " %-12s %s",
                  sim->now / SECOND, sim->now % SECOND, whom, what);
    if (a || b) {
        strbuf_printf(&line, " %" PRIu64, a);
    }
    if (b) {
        strbuf_printf(&line, " %" PRIu64, b);
    }
    sim->trace(sim->trace_aux, line.data);
}

void
sim_note(struct sim *sim, const char *what, const char *whom, uint64_t a,
         uint64_t b)
{
    hash_word(sim, (uint64_t) sim->now);
    sim_hash_bytes(sim, what, strlen(what));
    sim_hash_bytes(sim, whom, strlen(whom));
    hash_word(sim, a);
    hash_word(sim, b);
    if (sim->trace) {
        tell_trace(sim, what, whom, a, b);
    }
}

void
sim_note_host(const struct sim_host *host, const char *what, uint64_t a,
              uint64_t b)
{
    sim_note(host->sim, what, host->name, a, b);
}
