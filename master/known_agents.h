/* SPDX-License-Identifier: Apache-2.0
 *
 * known_agents.h - agents that are not registered, and what is being done to
 * those that are.
 *
 * An agent is registered (agent_table.h), or else it is in at most one of
 * 'recovered', 'unreachable' (agent_table.h) and 'gone'.  Besides, one thing
 * at a time may be under way with it that has to be durable first: until that
 * is so, others that would cross it are refused.
 *
 * Mirrors Master::Slaves of Mesos' src/master/master.hpp.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_KNOWN_AGENTS_H
#define MASTER_KNOWN_AGENTS_H 1

#include <stdbool.h>

#include "master/id_table.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* How many agents that were removed are remembered as that. */
#define MAX_REMOVED_AGENTS 100000

enum agent_business {
    AGENT_IDLE,
    AGENT_REREGISTERING,
    AGENT_MARKING_UNREACHABLE,
    AGENT_MARKING_GONE,
    AGENT_REMOVING,
};

struct known_agents {
    /* In the registry that we took over, and not heard of since; 'part' is
     * the V1__AgentInfo. */
    struct id_table recovered;
    struct id_table gone;       /* oldest first; 'time_ns' */
    struct id_table removed;    /* the newest MAX_REMOVED_AGENTS */
    struct id_table registering;        /* by UPID */
    struct id_table busy;       /* 'what' is an agent_business */

    /* Those that are not to be offered; 'part' is a V1__DrainInfo if they are
     * being drained, or were. */
    struct id_table standing;
};

void known_agents_fini(struct known_agents *);

enum agent_business known_agents_business(const struct known_agents *,
                                          const char *id);

/* AGENT_IDLE: no more. */
void known_agents_set_business(struct known_agents *, const char *id,
                               enum agent_business);
void known_agents_add_removed(struct known_agents *, const char *id);

/* The info of an agent that was recovered; NULL: it was not, or is back. */
const V1__AgentInfo *known_agents_recovered(const struct known_agents *,
                                            const char *id);

/* --- how agents stand --- */

bool known_agents_is_deactivated(const struct known_agents *, const char *id);

/* NULL: the agent is not drained. */
const V1__DrainInfo *known_agents_drain(const struct known_agents *,
                                        const char *id);

/* Deactivates; 'drain' is copied, NULL: it is not drained. */
void known_agents_deactivate(struct known_agents *, const char *id,
                             const V1__DrainInfo *drain);
void known_agents_reactivate(struct known_agents *, const char *id);

#endif /* MASTER_KNOWN_AGENTS_H */
