/* SPDX-License-Identifier: Apache-2.0
 *
 * container_end.c - how containers end: by themselves, or because they have
 * to.
 *
 * An executor's end is not yet its container's: what it has left is killed
 * first.  Then the agent is told.
 *
 * Thread: the containerizer's turns; the functions that end in _run are in the
 * pool. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/work.h>

#include "agent/containerizer_private.h"
#include "agent/fetcher/fetcher.h"
#include "agent/launcher/launcher.h"

struct tree_kill {
    struct actor_system *system;        /* borrowed, as the next */
    const struct launcher *launcher;    /* NULL: none */
    char *container_id;         /* owned */
    pid_t pid;
};

/* The search for what an executor left. */
struct sweep {
    struct actor_system *system;        /* borrowed, as the next */
    const struct launcher *launcher;    /* NULL: none */
    char *container_id;         /* owned, as the next */
    char *variable;             /* that its processes have; NULL: none are
                                 * looked for */
    int status;                 /* the executor's */
};

static bool is_clean(const struct container *, int status);
static struct error *sweep_run(void *arg);
static void sweep_done(struct actor *, void *arg, const struct error *);
static void sweep_destroy(void *arg);
static void sweep(struct containerizer *, const struct container *,
                  char *variable, int status);
static struct error *kill_run(void *arg);
static void kill_done(struct actor *, void *arg, const struct error *);
static void kill_destroy(void *arg);

/* --- the end of an executor --- */

void
container_on_exit(struct actor *self, void *arg, pid_t pid UNUSED, int status)
{
    struct containerizer *c = (struct containerizer *) self;
    struct container *container = arg;

    log_info("Container %s has exited", container->spec.container_id);
    /* What else is in its process group. */
    actor_child_kill(container->child, SIGKILL, true);
    container->child = NULL;
    if (!container->is_destroyed) {
        container_go_to(c, container, CONTAINER_DESTROYING);
    }
    if (c->launcher || !is_clean(container, status)) {
        container_sweep(c, container, status);
        return;
    }
    container_tell_terminated(c, container, status);
    container_table_remove(&c->containers, container);
}

/* An executor that ends well has ended its tasks. */
static bool
is_clean(const struct container *container, int status)
{
    return !container->is_destroyed && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* --- sweeping --- */

/* Tasks are in sessions of their own and have no parent any more, but they
 * are in the container's cgroup, or else their environment says whose they
 * are.  The agent is told when they are gone. */
void
container_sweep(struct containerizer *c, const struct container *container,
                int status)
{
    sweep(c, container,
          is_clean(container, status)
              ? NULL
              : xasprintf("MESOS_SANDBOX=%s", container->spec.sandbox),
          status);
}

/* A cgroup that no process was born in. */
void
container_drop(struct containerizer *c, const struct container *container)
{
    if (c->launcher) {
        sweep(c, container, NULL, -1);
    }
}

/* Takes 'variable'. */
static void
sweep(struct containerizer *c, const struct container *container,
      char *variable, int status)
{
    struct sweep *s = xcalloc(1, sizeof *s);

    s->system = actor_system_of(&c->base);
    s->launcher = c->launcher;
    s->container_id = xstrdup(container->spec.container_id);
    s->variable = variable;
    s->status = status;
    actor_work(&c->base, sweep_run, sweep_done, s, sweep_destroy);
}

static struct error *
sweep_run(void *arg)
{
    struct sweep *s = arg;

    if (s->launcher && launcher_has(s->launcher, s->container_id)) {
        return launcher_end(s->launcher, s->container_id);
    }
    return s->variable ? actor_child_kill_marked(s->system, s->variable)
                       : NULL;
}

static void
sweep_done(struct actor *self, void *arg, const struct error *error)
{
    struct containerizer *c = (struct containerizer *) self;
    struct sweep *s = arg;
    struct container *container =
        container_table_find(&c->containers, s->container_id);

    if (error) {
        log_error("Failed to kill what container %s left: %s",
                  s->container_id, error_text(error));
    }
    if (container) {
        container_tell_terminated(c, container, s->status);
        container_table_remove(&c->containers, container);
    }
}

static void
sweep_destroy(void *arg)
{
    struct sweep *s = arg;

    free(s->container_id);
    free(s->variable);
    free(s);
}

/* --- destroying --- */

void
container_kill(struct containerizer *c, struct container *container)
{
    log_info("Destroying container %s in %s state",
             container->spec.container_id,
             container_state_name(container->state));
    container->is_destroyed = true;
    container_go_to(c, container, CONTAINER_DESTROYING);
    if (container->fetching) {
        fetcher_kill(&c->base, &c->fetcher, container->spec.container_id);
    }
    if (!container->child) {
        return;         /* prepare_done() and others find out */
    }

    struct tree_kill *tree = xcalloc(1, sizeof *tree);
    tree->system = actor_system_of(&c->base);
    tree->launcher = c->launcher;
    tree->container_id = xstrdup(container->spec.container_id);
    tree->pid = actor_child_pid(container->child);
    actor_work(&c->base, kill_run, kill_done, tree, kill_destroy);
}

static struct error *
kill_run(void *arg)
{
    struct tree_kill *tree = arg;

    return tree->launcher && launcher_has(tree->launcher, tree->container_id)
               ? launcher_kill(tree->launcher, tree->container_id)
               : actor_child_kill_tree(tree->system, tree->pid);
}

/* The tree is gone if /proc could be read, or the cgroup killed; if not, this
 * still ends the executor and its process group. */
static void
kill_done(struct actor *self, void *arg, const struct error *error)
{
    struct containerizer *c = (struct containerizer *) self;
    struct tree_kill *tree = arg;

    if (error) {
        log_error("Failed to kill the process tree rooted at pid %d: %s",
                  (int) tree->pid, error_text(error));
    }
    for (struct container *it = c->containers.head; it; it = it->hh.next) {
        if (it->child && actor_child_pid(it->child) == tree->pid) {
            actor_child_kill(it->child, SIGKILL, true);
        }
    }
}

static void
kill_destroy(void *arg)
{
    struct tree_kill *tree = arg;

    free(tree->container_id);
    free(tree);
}
