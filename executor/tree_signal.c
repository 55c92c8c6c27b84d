/* SPDX-License-Identifier: Apache-2.0
 *
 * tree_signal.c - signals a child with all that came from it.
 *
 * Thread: the record belongs to the pool's thread until it is done. */
#include <config.h>

#include "executor/tree_signal.h"

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/work.h>

struct tree {
    struct actor_system *system;
    pid_t root;
    int signal;
};

static struct error *
signal_run(void *arg)
{
    const struct tree *tree = arg;

    return actor_child_signal_tree(tree->system, tree->root, tree->signal);
}

static void
signal_done(struct actor *self UNUSED, void *arg, const struct error *error)
{
    const struct tree *tree = arg;

    if (error) {
        log_error("Failed to kill the process tree rooted at pid %d: %s",
                  (int) tree->root, error_text(error));
    }
}

void
tree_signal(struct actor *self, pid_t root, int signal)
{
    struct tree *tree = xcalloc(1, sizeof *tree);

    tree->system = actor_system_of(self);
    tree->root = root;
    tree->signal = signal;
    actor_work(self, signal_run, signal_done, tree, free);
}
