/* SPDX-License-Identifier: Apache-2.0
 *
 * container_table.h - the containers of an agent, by id.
 *
 * Thread-safety: one thread at a time. */
#ifndef AGENT_CONTAINER_TABLE_H
#define AGENT_CONTAINER_TABLE_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/table.h>

#include "agent/containerizer.h"

struct actor_child;
struct preparation;

enum container_state {
    CONTAINER_STARTING,
    CONTAINER_PREPARING,        /* its sandbox is being made */
    CONTAINER_FETCHING,         /* its URIs are */
    CONTAINER_RUNNING,
    CONTAINER_DESTROYING,
};

struct container {
    struct container_spec spec;
    enum container_state state;
    int64_t state_since;
    struct actor_child *child;  /* borrowed; NULL: no process */
    bool is_destroyed;          /* asked for */

    /* What it will be started with; owned by whoever fetches; NULL: nothing
     * is being fetched. */
    struct preparation *fetching;
    UT_hash_handle hh;
};

struct container_table {
    struct container *head;     /* owned */
};

struct container *container_table_find(const struct container_table *,
                                       const char *id);

/* Takes the container; its id is new. */
void container_table_add(struct container_table *, struct container *);

/* Takes it out and frees it. */
void container_table_remove(struct container_table *, struct container *);

#endif /* AGENT_CONTAINER_TABLE_H */
