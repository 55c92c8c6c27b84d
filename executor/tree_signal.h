/* SPDX-License-Identifier: Apache-2.0
 *
 * tree_signal.h - signals a child with all that came from it, off the actor's
 * turn.
 *
 * Thread-safety: the actor's turns. */
#ifndef EXECUTOR_TREE_SIGNAL_H
#define EXECUTOR_TREE_SIGNAL_H 1

#include <sys/types.h>

struct actor;

/* Has 'signal' sent, soon, to process 'root', a child of this process, as
 * actor_child_signal_tree() does; logs it if that fails.  Nothing happens if
 * the child is gone by then. */
void tree_signal(struct actor *self, pid_t root, int signal);

#endif /* EXECUTOR_TREE_SIGNAL_H */
