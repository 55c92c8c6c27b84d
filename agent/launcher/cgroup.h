/* SPDX-License-Identifier: Apache-2.0
 *
 * cgroup.h - a control group (version 2) as what holds processes together.
 *
 * Of the kernel's cgroup-v2 documentation: who is in one, cgroup.procs;
 * whether anybody is, there or below, cgroup.events; the end of all of them
 * at once, cgroup.kill (since Linux 5.14).
 *
 * Thread-safety: pure system calls, any thread; they may block. */
#ifndef AGENT_LAUNCHER_CGROUP_H
#define AGENT_LAUNCHER_CGROUP_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

/* Whether the directory is in a hierarchy of version 2. */
bool cgroup_is_v2(const char *path);

/* Whether all that is in it can be killed at once; no root of a hierarchy
 * can. */
bool cgroup_can_kill(const char *path);

/* Makes one for 'owner', a text that cgroup_owner_is() knows again.  The
 * directory above is there; this one is not. */
struct error *cgroup_create(const char *path, const char *owner) MUST_CHECK;
bool cgroup_owner_is(const char *path, const char *owner);

/* A descriptor of the directory, for children to be born in; the caller
 * closes it. */
struct error *cgroup_open(const char *path, int *ret_fd) MUST_CHECK;

/* Kills all that is in it, now. */
struct error *cgroup_kill(const char *path) MUST_CHECK;

/* Kills all that is in it, waits until the last has gone, for 'timeout_ns' at
 * most, and removes it.  One that is not there is an error, ERROR_NOT_FOUND.
 * Blocks. */
struct error *cgroup_destroy(const char *path, int64_t timeout_ns) MUST_CHECK;

#endif /* AGENT_LAUNCHER_CGROUP_H */
