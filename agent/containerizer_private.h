/* SPDX-License-Identifier: Apache-2.0
 *
 * containerizer_private.h - the containerizer, between the files that make it
 * up: containerizer.c has the actor and how containers begin, container_end.c
 * how they end.
 *
 * Thread-safety: the actor's turns. */
#ifndef AGENT_CONTAINERIZER_PRIVATE_H
#define AGENT_CONTAINERIZER_PRIVATE_H 1

#include <sys/types.h>

#include <actor/actor.h>

#include "agent/container_table.h"
#include "agent/containerizer.h"
#include "agent/logger/logger.h"

struct containerizer {
    struct actor base;
    struct upid owner;          /* the agent */
    struct upid fetcher;
    const struct launcher *launcher;    /* borrowed; NULL: none */
    struct logger_options logger;       /* owned */
    struct container_table containers;
};

/* --- containerizer.c --- */

const char *container_state_name(enum container_state);
void container_go_to(struct containerizer *, struct container *,
                     enum container_state);

/* Tells the agent that it is over.  'status' is as waitpid() gives it; -1: not
 * known. */
void container_tell_terminated(struct containerizer *,
                               const struct container *, int status);

/* --- container_end.c --- */

/* For actor_child_spawn(); 'arg' is the container. */
void container_on_exit(struct actor *, void *container, pid_t, int status);

/* Kills what an executor left that ended with 'status'; after that the agent
 * is told, and the container removed. */
void container_sweep(struct containerizer *, const struct container *,
                     int status);

/* Removes the cgroup of a container that has had no process. */
void container_drop(struct containerizer *, const struct container *);

/* Begins to end it, as the agent has asked. */
void container_kill(struct containerizer *, struct container *);

#endif /* AGENT_CONTAINERIZER_PRIVATE_H */
