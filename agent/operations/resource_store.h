/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_store.h - what an agent remembers of its resources, on the disk.
 *
 *     meta/resources/resources_and_operations.state   what is so
 *     meta/resources/resources_and_operations.target  what is to be so
 *
 * Both are checkpoints (checkpoint/format.h) of kind "resources": reservations
 * and volumes, and operations whose outcome has not been acknowledged.  The
 * target is written and synced first, then volumes are made and removed, then
 * it takes the place of the state.  A target that is found whole at a start is
 * finished; one that is not was never promised to anybody.
 *
 * Thread-safety: pool threads, or before there are actors: these block. */
#ifndef AGENT_OPERATIONS_RESOURCE_STORE_H
#define AGENT_OPERATIONS_RESOURCE_STORE_H 1

#include <stddef.h>

#include <actor/compiler.h>
#include <actor/vec.h>

#include "model/resources.h"

struct actor_disk;
struct error;
struct message;

/* Zeroed: nothing. */
struct resource_state {
    struct resources checkpointed;      /* owned */

    /* Roots are V1.Operation, with their latest status; counted. */
    VEC(struct message *) operations;
};

void resource_state_init_copy(struct resource_state *,
                              const struct resource_state *);
void resource_state_fini(struct resource_state *);

/* What there is; nothing at all at the first start. */
struct error *resource_store_load(const struct actor_disk *,
                                  const char *work_dir,
                                  struct resource_state *ret) MUST_CHECK;

/* Makes 'after' durable, and the volumes as it says.  If it fails, '*before'
 * is still so, and is found at a start. */
struct error *resource_store_commit(const struct actor_disk *,
                                    const char *work_dir,
                                    const struct resource_state *before,
                                    const struct resource_state *after)
    MUST_CHECK;

#endif /* AGENT_OPERATIONS_RESOURCE_STORE_H */
