/* SPDX-License-Identifier: Apache-2.0
 *
 * multi_system.c - several manual systems in one thread; see multi_system.h.
 */
#include <config.h>

#include "tests/lib/multi_system.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>
#include <actor/vec.h>
#include "tests/lib/memory_net.h"

struct multi_system {
    struct memory_net *net;             /* owned */
    VEC(struct actor_system *) systems; /* owned */
    VEC(struct actor_system *) paused;  /* some of them */
    unsigned n_added;
};

struct multi_system *
multi_system_create(void)
{
    struct multi_system *m = xcalloc(1, sizeof *m);

    m->net = memory_net_create();
    return m;
}

void
multi_system_destroy(struct multi_system *m)
{
    while (m->systems.n > 0) {
        multi_system_remove(m, vec_last(&m->systems));
    }
    vec_fini(&m->systems);
    vec_fini(&m->paused);
    memory_net_destroy(m->net);
    free(m);
}

struct memory_net *
multi_system_net(struct multi_system *m)
{
    return m->net;
}

struct actor_system *
multi_system_add(struct multi_system *m,
                 const struct actor_system_options *options)
{
    unsigned n = ++m->n_added;
    struct address address = {
        .family = ADDRESS_IPV4,
        .ip = { 10, 0, (uint8_t) (n >> 8), (uint8_t) n },
        .port = 5050,
    };

    return multi_system_add_at(m, &address, options);
}

struct actor_system *
multi_system_add_at(struct multi_system *m, const struct address *address,
                    const struct actor_system_options *given)
{
    struct actor_system_options options = { 0 };
    struct actor_backend backend = { .net = NULL };
    struct actor_system *system;

    if (given) {
        options = *given;
    }
    if (options.backend) {
        backend = *options.backend;
    }
    backend.net = &memory_net_ops;
    backend.net_ctx = m->net;
    options.manual = true;
    options.listen = *address;
    options.backend = &backend;
    if (options.seed == 0) {
        options.seed = address->ip[3];
    }
    autoerror *error = actor_system_create(&options, &system);
    CHECK(!error, "%s", error_text(error));
    vec_push(&m->systems, system);
    return system;
}

void
multi_system_remove(struct multi_system *m, struct actor_system *system)
{
    for (size_t i = 0; i < m->systems.n; i++) {
        if (m->systems.data[i] == system) {
            vec_remove(&m->systems, i);
            break;
        }
    }
    multi_system_pause(m, system, false);
    actor_system_destroy(system);
    multi_system_run(m);
}

void
multi_system_pause(struct multi_system *m, struct actor_system *system,
                   bool pause)
{
    for (size_t i = 0; i < m->paused.n; i++) {
        if (m->paused.data[i] == system) {
            vec_remove(&m->paused, i);
            break;
        }
    }
    if (pause) {
        vec_push(&m->paused, system);
    }
}

static bool
is_paused(const struct multi_system *m, const struct actor_system *system)
{
    for (size_t i = 0; i < m->paused.n; i++) {
        if (m->paused.data[i] == system) {
            return true;
        }
    }
    return false;
}

/* --- running --- */

void
multi_system_run(struct multi_system *m)
{
    uint64_t n_events;
    size_t n_turns;

    do {
        n_events = memory_net_n_events(m->net);
        n_turns = 0;
        vec_foreach (&m->systems, it) {
            if (!is_paused(m, *it)) {
                n_turns += actor_system_run(*it);
            }
        }
    } while (n_turns > 0 || memory_net_n_events(m->net) != n_events);
}

/* How long until the first timer of any of them, at most 'ns'. */
static int64_t
next_step(struct multi_system *m, int64_t ns)
{
    vec_foreach (&m->systems, it) {
        int64_t next = is_paused(m, *it) ? INT64_MAX
                                         : actor_system_next_timer(*it);

        if (next != INT64_MAX && next - actor_system_now(*it) < ns) {
            ns = next - actor_system_now(*it);
        }
    }
    return ns > 0 ? ns : 0;
}

void
multi_system_advance(struct multi_system *m, int64_t ns)
{
    multi_system_run(m);
    while (ns > 0) {
        int64_t step = next_step(m, ns);

        vec_foreach (&m->systems, it) {
            if (!is_paused(m, *it)) {
                actor_system_advance(*it, step);
            }
        }
        multi_system_run(m);
        ns -= step;
    }
}
