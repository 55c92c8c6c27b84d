/* SPDX-License-Identifier: Apache-2.0
 *
 * operations.h - operations on the agent's resources.
 *
 * The master has done an operation already when the agent hears of it, so
 * tasks that use what it made may be on their way.  The agent writes it down
 * off the turn (resource_store.h); until that is done, what could depend on
 * it waits in a line, in the order in which it came.
 *
 * Outcomes are repeated until they are acknowledged, also after a restart:
 * they are written down together with the resources.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_OPERATIONS_OPERATIONS_H
#define AGENT_OPERATIONS_OPERATIONS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/uuid.h>

#include "agent/operations/resource_store.h"

struct agent;
struct message;
struct Cmesos__Internal__ReregisterAgent;

/* What is done when all that came before has been. */
typedef void operations_step_fn(struct agent *, struct message *);

struct operations_step {
    operations_step_fn *run;
    struct message *message;    /* counted */
};

struct agent_operations {
    struct resource_state state;        /* durable */
    bool is_busy;               /* something is written, or linked */
    VEC(struct operations_step) line;   /* owned */
    size_t n_done;              /* of the line */
    struct actor_timer retry_timer;
    int64_t retry_ns;           /* next pause */
};

/* Takes what was found on the disk. */
void agent_operations_init(struct agent *, struct resource_state *);
void agent_operations_fini(struct agent *);

/* Runs the step now, or when the line has come to it. */
void agent_operations_in_line(struct agent *, operations_step_fn *,
                              struct message *);

/* Work that the line has to wait for begins, or is done. */
void agent_operations_begin(struct agent *);
void agent_operations_end(struct agent *);

void on_apply_operation(struct actor *, struct actor_msg *);
void on_acknowledge_operation_status(struct actor *, struct actor_msg *);
void on_reconcile_operations(struct actor *, struct actor_msg *);

/* The agent is registered (again), as 'agent->id': outcomes are said again,
 * but for those of a former id. */
void agent_operations_resume(struct agent *);
void agent_operations_pause(struct agent *);

#endif /* AGENT_OPERATIONS_OPERATIONS_H */
