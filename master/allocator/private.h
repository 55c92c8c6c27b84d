/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - the hierarchical allocator's parts, to each other.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_PRIVATE_H
#define MASTER_ALLOCATOR_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/vec.h>

#include "master/allocator/allocator.h"
#include "master/allocator/metrics.h"
#include "master/allocator/table.h"

struct allocator {
    struct actor base;
    struct allocator_options options;
    struct allocator_minimum minimum;   /* of all who have none of their own */
    struct allocator_tables tables;
    struct allocator_metrics metrics;
    VEC(struct allocator_agent *) candidates;
    uint64_t chance;            /* state of allocator_random() */

    bool cycle_pending;         /* a msg_cycle is in our mailbox */
    int64_t cycle_requested_ns;
    struct actor_timer interval;
    int64_t regular_cycle_ns;   /* when 'interval' is over */

    /* Agents that quota held something back on are worth another look. */
    bool quota_moved;
    bool is_any_held_back;

    /* After a failover, until so many agents are there. */
    bool is_paused;
    size_t n_awaited;
    struct actor_timer pause_timer;

    bool has_whitelist;
    VEC(char *) whitelist;      /* sorted; owned, as are the strings */
    size_t n_unavailable;       /* agents */
    VEC(struct allocator_framework *) asked;    /* in the cycle under way */
};

/* A fast generator, seeded by the system's randomness. */
uint64_t allocator_random(struct allocator *);

/* --- allocator.c --- */

struct allocator *allocator_cast(struct actor *);

void allocator_mark(struct allocator *, struct allocator_agent *);
void allocator_mark_all(struct allocator *);
void allocator_request_cycle(struct allocator *);

/* --- cycle.c --- */

/* Offers what the candidates have, and forgets them. */
void allocator_run_cycle(struct allocator *);

/* --- inverse.c --- */

/* If the agent will be away: prepares to ask those who hold something there,
 * and asks all, in one message to each. */
void allocator_ask_to_leave(struct allocator *, struct allocator_agent *);
void allocator_send_inverse_offers(struct allocator *);

/* A framework that was asked to leave the agent has answered, or need not any
 * more; 'refused_until_ns' 0: it may be asked again at once. */
void allocator_asked_to_leave(struct allocator_agent *,
                              const char *framework_id,
                              int64_t refused_until_ns);

/* Forgets how long the framework does not want to be asked; all that it was
 * asked; all that anybody was asked about an agent. */
void allocator_forget_refusals(struct allocator *, const char *framework_id);
void allocator_forget_framework_requests(struct allocator *,
                                         const char *framework_id);
void allocator_forget_requests(struct allocator_agent *);

#endif /* MASTER_ALLOCATOR_PRIVATE_H */
