/* SPDX-License-Identifier: Apache-2.0
 *
 * container_search.h - which executors live on, and what belongs to nobody.
 *
 * An executor, and all that comes from it, has the path of its sandbox in its
 * environment.  So a pid that was written down is only believed if it is of
 * such a process, and one that was not written down in time is found.  With a
 * launcher of cgroups, a cgroup of no survivor is an orphan, and is ended.
 *
 * Thread-safety: a pool thread; it blocks. */
#ifndef AGENT_CONTAINER_SEARCH_H
#define AGENT_CONTAINER_SEARCH_H 1

#include <actor/compiler.h>

#include "agent/containerizer.h"

struct actor_system;
struct error;
struct launcher;

struct container_search {
    struct actor_system *system;        /* borrowed, as the next */
    const struct launcher *launcher;    /* NULL: none */
    struct container_survivors survivors;
};

/* Sets the pid of each survivor, and kills orphans.  0: the executor does not
 * live, but it has left something; -1: nothing is left of it. */
struct error *container_search_run(struct container_search *) MUST_CHECK;
void container_search_destroy(void *search);

void container_survivors_fini(struct container_survivors *);

#endif /* AGENT_CONTAINER_SEARCH_H */
