/* SPDX-License-Identifier: Apache-2.0
 *
 * launcher.h - what keeps the processes of a container together.
 *
 * Mirrors --launcher of Mesos (linux_launcher.cpp, posix_launcher.cpp).  With
 * "posix" a container is a session, and what was marked in its environment:
 * who leaves the one and clears the other has left the container.  With
 * "linux" each container has a cgroup CONTAINER_ID below --cgroups_root in the
 * hierarchy of version 2, which nobody leaves, and which ends as a whole.
 *
 * Thread-safety: a launcher does not change; those functions that take a
 * container block, and are for pool threads. */
#ifndef AGENT_LAUNCHER_LAUNCHER_H
#define AGENT_LAUNCHER_LAUNCHER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

struct launcher_options {
    const char *name;           /* "linux" or "posix"; NULL: what there is */
    const char *hierarchy;      /* version 2 is this directory, or its
                                 * "unified" */
    const char *root;           /* path below it; is made */
    const char *work_dir;       /* of the agent; its containers are marked */
    int64_t destroy_timeout_ns;
};

struct launcher;

/* '*ret' is NULL for "posix".  Without a name it is that where there is no
 * hierarchy that we may write to. */
struct error *launcher_create(const struct launcher_options *,
                              struct launcher **ret) MUST_CHECK;
void launcher_destroy(struct launcher *);

/* Makes the container's cgroup, and opens it for its processes to be born
 * in (actor_child_options.cgroup).  The caller closes '*ret_fd'. */
struct error *launcher_prepare(const struct launcher *,
                               const char *container_id,
                               int *ret_fd) MUST_CHECK;

/* Whether it has one: containers of an agent with another launcher have
 * none. */
bool launcher_has(const struct launcher *, const char *container_id);

/* Kills all processes of the container; and, in the second, waits for their
 * end and removes the cgroup.  A container without one is fine. */
struct error *launcher_kill(const struct launcher *,
                            const char *container_id) MUST_CHECK;
struct error *launcher_end(const struct launcher *,
                           const char *container_id) MUST_CHECK;

/* Calls 'fn' with each container of the same work directory that has a
 * cgroup; it may end it. */
struct error *launcher_list(const struct launcher *,
                            void (*fn)(void *aux, const char *container_id),
                            void *aux) MUST_CHECK;

#endif /* AGENT_LAUNCHER_LAUNCHER_H */
