/* SPDX-License-Identifier: Apache-2.0
 *
 * clone_child.h - a child that shares our memory until it calls exec.
 *
 * Thread-safety: any thread. */
#ifndef CORE_CLONE_CHILD_H
#define CORE_CLONE_CHILD_H 1

#include <stddef.h>
#include <sys/types.h>

/* Runs 'fn(arg)' in a child on the 'size' bytes at 'stack', and returns when
 * the child has called exec or has ended; 'fn' does one or the other.  The
 * child is born in the cgroup (of version 2) whose directory is the descriptor
 * 'cgroup', or in ours if that is negative: to move it there later would stop
 * all forks of this machine for some milliseconds.
 *
 * Returns its pid, with '*ret_pidfd' to be closed; or -1 with errno.  All
 * signals are blocked meanwhile, by the caller.
 *
 * Where the machine or ThreadSanitizer do not let memory be shared the child
 * has a copy of it; what it leaves for us then has to be in a shared
 * mapping. */
pid_t clone_child(int (*fn)(void *), void *arg, void *stack, size_t size,
                  int cgroup, int *ret_pidfd);

#endif /* CORE_CLONE_CHILD_H */
