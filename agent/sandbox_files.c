/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox_files.c - attaches sandboxes, and detaches them when the agent
 * forgets the executor (src/slave/slave.cpp of Mesos). */
#include <config.h>

#include "agent/sandbox_files.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/files.h>

#include "agent/paths.h"
#include "agent/records.h"

static char *
stable_name(const struct executor *executor)
{
    return xasprintf("/frameworks/%s/executors/%s/runs/latest",
                     executor->framework->id, executor->id);
}

void
sandbox_files_show(struct actor_system *system, struct executor *executor)
{
    autofree char *latest = paths_latest(executor->directory);
    autofree char *stable = stable_name(executor);

    files_attach(system, executor->directory, executor->directory, NULL);
    files_attach(system, latest, executor->directory, NULL);
    files_attach(system, stable, executor->directory, NULL);
    executor->shown_by = system;
}

void
sandbox_files_hide(struct executor *executor)
{
    struct actor_system *system = steal(executor->shown_by);

    if (system) {
        autofree char *latest = paths_latest(executor->directory);
        autofree char *stable = stable_name(executor);

        files_detach(system, executor->directory, executor->directory);
        files_detach(system, latest, executor->directory);
        files_detach(system, stable, executor->directory);
    }
}
