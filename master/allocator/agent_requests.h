/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_requests.h - handlers of what concerns agents and what is held there.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_AGENT_REQUESTS_H
#define MASTER_ALLOCATOR_AGENT_REQUESTS_H 1

#include <actor/actor.h>

struct allocator;

actor_handler_fn allocator_on_expect_agents, allocator_on_add_agent,
    allocator_on_update_agent, allocator_on_remove_agent,
    allocator_on_set_agent_active, allocator_on_set_unavailability,
    allocator_on_set_whitelist, allocator_on_recover,
    allocator_on_convert_held, allocator_on_convert_free,
    allocator_on_inverse_offer_ended;

void allocator_forget_whitelist(struct allocator *);

#endif /* MASTER_ALLOCATOR_AGENT_REQUESTS_H */
