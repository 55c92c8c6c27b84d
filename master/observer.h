/* SPDX-License-Identifier: Apache-2.0
 *
 * observer.h - watches one agent: pings it, and tells the master when it does
 * not answer any more.
 *
 * One actor for each registered agent, named "slave-observer(N)" as in Mesos.
 * Pings go out at once and then at every ping timeout, whatever the answers;
 * after 'max_timeouts' pings in a row without an answer the master is told, at
 * every further one again.
 *
 * Thread-safety: functions that take 'self' are for that actor's turns. */
#ifndef MASTER_OBSERVER_H
#define MASTER_OBSERVER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/compiler.h>

struct error;

struct observer_options {
    struct upid master;         /* who is told */
    struct upid agent;
    const char *agent_id;       /* on loan for the call */
    int64_t ping_timeout_ns;
    unsigned max_timeouts;
};

struct error *observer_start(struct actor_system *,
                             const struct observer_options *,
                             struct upid *ret_upid) MUST_CHECK;

/* What pings tell the agent, and where they go from now on. */
void observer_set_connected(struct actor *self, const struct upid *observer,
                            bool connected, const struct upid *agent);

/* To the master. */
struct observer_timeout {
    char *agent_id;             /* owned */
};

extern const struct actor_msg_type msg_observer_timeout;

/* The agent that this was said of has answered after all; same body. */
extern const struct actor_msg_type msg_observer_pong;

#endif /* MASTER_OBSERVER_H */
