/* SPDX-License-Identifier: Apache-2.0
 *
 * request.h - what the master asks of the allocator, as messages.
 *
 * Private to the allocators that handle them.
 * Thread-safety: a body belongs to the handler. */
#ifndef MASTER_ALLOCATOR_REQUEST_H
#define MASTER_ALLOCATOR_REQUEST_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>

#include "master/allocator/allocator.h"
#include "model/resource_quantities.h"

struct request_minimum {
    char *role;
    struct resource_quantities *any;
    size_t n;
};

/* One body serves all requests; each uses what it needs, and owns it. */
struct request {
    char *framework_id;
    char *agent_id;
    char *hostname;
    char **roles;               /* NULL in a whitelist: all */
    size_t n_roles;
    char **suppressed_roles;
    size_t n_suppressed_roles;
    struct resources resources;
    struct allocator_holding *holdings;
    size_t n_holdings;
    struct request_minimum *minimums;
    size_t n_minimums;
    struct resource_conversion *conversions;
    size_t n_conversions;
    struct resource_quantities guarantees;
    struct resource_quantities limits;
    struct message *message;    /* counted: of an agent, or constraints */

    /* Borrowed pointers in it do not matter: copied fields above. */
    struct allocator_agent_options agent;
    struct allocator_framework_options framework;
    double number;              /* refuse_seconds, weight */
    size_t n_agents;
    int64_t start_ns;
    int64_t duration_ns;
    bool flag;                  /* active */
};

#define ALLOCATOR_REQUESTS(X) \
    X(expect_agents) X(add_agent) X(update_agent) X(remove_agent) \
    X(set_agent_active) X(set_unavailability) X(set_whitelist) \
    X(add_framework) X(remove_framework) X(deactivate_framework) \
    X(revive) X(suppress) X(set_quota) X(set_weight) X(recover) \
    X(convert_held) X(convert_free) X(inverse_offer_ended)

#define X(NAME) extern const struct actor_msg_type msg_allocator_##NAME;
ALLOCATOR_REQUESTS(X)
#undef X

#endif /* MASTER_ALLOCATOR_REQUEST_H */
