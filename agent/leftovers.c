/* SPDX-License-Identifier: Apache-2.0
 *
 * leftovers.c - which directories the agent's garbage collection gets, and
 * when.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include "agent/leftovers.h"

#include <actor/alloc.h>

#include "agent/gc.h"
#include "agent/paths.h"
#include "agent/state.h"

/* The trees that have directories of an executor. */
#define N_ROOTS 2

struct roots {
    char *paths[N_ROOTS];       /* owned */
};

static struct roots
get_roots(const struct agent *agent)
{
    return (struct roots) {
        { xstrdup(agent->work_dir), paths_meta(agent->work_dir) },
    };
}

static void
roots_fini(struct roots *roots)
{
    for (int i = 0; i < N_ROOTS; i++) {
        free(roots->paths[i]);
    }
}

void
leftovers_schedule_executor(struct agent *agent,
                            const struct executor *executor)
{
    const char *framework_id = executor->framework->id;
    struct roots roots = get_roots(agent);

    for (int i = 0; i < N_ROOTS; i++) {
        const char *root = roots.paths[i];
        autofree char *run = paths_sandbox(root, agent->id, framework_id,
                                           executor->id,
                                           executor->container_id);
        autofree char *all = paths_executor(root, agent->id, framework_id,
                                            executor->id);

        gc_schedule(agent->gc, run, true);
        gc_schedule(agent->gc, all, true);
    }
    roots_fini(&roots);
}

void
leftovers_schedule_framework(struct agent *agent,
                             const struct framework *framework)
{
    struct roots roots = get_roots(agent);

    for (int i = 0; i < N_ROOTS; i++) {
        autofree char *path = paths_framework(roots.paths[i], agent->id,
                                              framework->id);

        gc_schedule(agent->gc, path, true);
    }
    roots_fini(&roots);
}

void
leftovers_schedule_agents(struct agent *agent)
{
    struct roots roots = get_roots(agent);

    for (int i = 0; i < N_ROOTS; i++) {
        autofree char *parent = xasprintf("%s/slaves", roots.paths[i]);

        gc_schedule_others(agent->gc, parent, agent->id);
    }
    roots_fini(&roots);
}

bool
leftovers_unschedule(struct agent *agent, const struct executor *executor)
{
    const char *framework_id = executor->framework->id;
    struct roots roots = get_roots(agent);
    bool is_free = true;

    for (int i = 0; i < N_ROOTS; i++) {
        const char *root = roots.paths[i];
        autofree char *framework = paths_framework(root, agent->id,
                                                   framework_id);
        autofree char *path = paths_executor(root, agent->id, framework_id,
                                             executor->id);

        is_free = gc_unschedule(agent->gc, framework) && is_free;
        is_free = gc_unschedule(agent->gc, path) && is_free;
    }
    roots_fini(&roots);
    return is_free;
}
