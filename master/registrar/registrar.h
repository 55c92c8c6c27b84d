/* SPDX-License-Identifier: Apache-2.0
 *
 * registrar.h - the master's durable memory: agents, quotas, weights,
 * maintenance.
 *
 * The actor registrar(1) owns the registry (registry.h) and its log
 * (replog/replog.h, or nothing with --registry=in_memory).  The master asks for
 * a change by registrar_apply_create() and hears of it, by
 * msg_registrar_applied, when it is durable; all that waits while an append is
 * under way goes into the next one together.  What the log gets is the change,
 * not the registry.
 *
 * Mirrors src/master/registrar.cpp and registry_operations.cpp of Mesos.
 *
 * Thread-safety: functions that take 'self' are for that actor's turns. */
#ifndef MASTER_REGISTRAR_REGISTRAR_H
#define MASTER_REGISTRAR_REGISTRAR_H 1

#include <stdint.h>

#include <actor/actor.h>
#include <actor/compiler.h>

struct actor_system;
struct error;
struct message;

struct registrar_options {
    struct upid log;            /* empty: in memory only */
    int64_t fetch_timeout_ns;
    int64_t store_timeout_ns;
};

/* Starts "registrar(1)". */
struct error *registrar_start(struct actor_system *,
                              const struct registrar_options *,
                              struct upid *ret_upid) MUST_CHECK;

/* The requests are for op_call(), or for actor_send() by who has a handler for
 * the answer. */

/* Reads the registry and writes the new master's info into it; answered by
 * msg_registrar_recovered, once: a second request is refused.  'info' has a
 * V1.MasterInfo as root, and is referenced. */
struct actor_msg *registrar_recover_create(struct message *info);

struct registrar_recovered {
    struct error *error;        /* owned; NULL: success */
    struct message *registry;   /* counted; root is cmesos.internal.Registry */
    uint64_t size;              /* bytes, for the log line */
};

extern const struct actor_msg_type msg_registrar_recovered;

/* 'change' has a cmesos.internal.RegistryChange as root (proto/cmesos/
 * registry.proto): one of admit_agent, update_agent, mark_agent_unreachable,
 * mark_agent_reachable, remove_agent, mark_agent_gone, drain_agent,
 * mark_agent_drained, deactivate_agent, reactivate_agent, prune,
 * update_schedule, start_maintenance, stop_maintenance, update_quota,
 * update_weights.  Takes '*change', which becomes NULL. */
struct actor_msg *registrar_apply_create(struct message **change);

struct registrar_applied {
    /* Owned.  The log could not store it, or the registrar does not lead any
     * more: the master cannot go on.  NULL: stored, or refused. */
    struct error *error;

    /* Owned; why the registry does not take the change ("Agent already
     * admitted"); NULL: it did. */
    struct error *refused;
};

extern const struct actor_msg_type msg_registrar_applied;

#endif /* MASTER_REGISTRAR_REGISTRAR_H */
