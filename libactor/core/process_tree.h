/* SPDX-License-Identifier: Apache-2.0
 *
 * process_tree.h - kills a process with all that came from it.
 *
 * Thread-safety: any thread; reads /proc, so it belongs into the worker
 * pool. */
#ifndef CORE_PROCESS_TREE_H
#define CORE_PROCESS_TREE_H 1

#include <sys/types.h>

#include <actor/backend.h>
#include <actor/compiler.h>

struct error;

/* Sends 'signal' to process 'root', a child of ours, to its descendants, and
 * to every member of a session or process group that one of those leads.
 * Processes that left both the tree and the session are not found; containing
 * them takes cgroups. */
struct error *process_tree_kill(pid_t root, int signal) MUST_CHECK;

/* Sends SIGKILL to what an executor that is gone left behind: all processes
 * whose environment has 'variable', "NAME=VALUE".  A process that we may not
 * look into is passed over. */
struct error *process_tree_kill_marked(const char *variable) MUST_CHECK;

/* As actor_child_list_marked(). */
struct error *process_tree_list_marked(const char *name, actor_marked_fn *fn,
                                       void *aux) MUST_CHECK;

#endif /* CORE_PROCESS_TREE_H */
