/* SPDX-License-Identifier: Apache-2.0
 *
 * compatibility.h - whether an agent may take up what another one left
 * (src/slave/compatibility.cpp of Mesos).
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_COMPATIBILITY_H
#define AGENT_COMPATIBILITY_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct attributes;
struct error;
struct message;
struct resources;
struct V1__AgentInfo;

struct agent_description {
    const char *hostname;
    uint16_t port;
    const struct resources *resources;
    const struct attributes *attributes;
};

/* As the master is told, but for the id; made in 'm'. */
struct V1__AgentInfo *agent_describe(const struct agent_description *,
                                     struct message *m);

/* Whether an agent that was 'old' may go on as 'now'; ids are not compared.
 * 'policy' is "equal", or "additive": more resources and attributes than
 * before are fine, hostname and port stay the same.  The error shows both. */
struct error *agent_compatible(const char *policy,
                               const struct V1__AgentInfo *old,
                               const struct V1__AgentInfo *now) MUST_CHECK;

#endif /* AGENT_COMPATIBILITY_H */
