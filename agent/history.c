/* SPDX-License-Identifier: Apache-2.0
 *
 * history.c - frameworks that have nothing left here, and the tasks that they
 * had: for the endpoints, and for a master that does not know of them because
 * it has taken over from another one.
 *
 * A framework that comes back is taken out again, and goes on with the
 * executors that it had completed.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <string.h>

#include <actor/message.h>

#include "agent/state.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define FRAMEWORKS_MAX 50

/* A master is told of the last ones only: what is over must not keep an agent
 * from coming back. */
#define REPORTED_TASKS_MAX 1000

void
history_add(struct agent *agent, struct framework *framework)
{
    vec_push(&agent->completed, framework);
    if (agent->completed.n > FRAMEWORKS_MAX) {
        record_framework_destroy(agent->completed.data[0]);
        vec_remove(&agent->completed, 0);
    }
}

struct framework *
history_take(struct agent *agent, const char *framework_id)
{
    for (size_t i = 0; i < agent->completed.n; i++) {
        struct framework *framework = agent->completed.data[i];

        if (!strcmp(framework->id, framework_id)) {
            vec_remove(&agent->completed, i);
            framework->is_terminating = false;
            framework->n_refused = 0;
            return framework;
        }
    }
    return NULL;
}

void
history_fini(struct agent *agent)
{
    vec_foreach (&agent->completed, it) {
        record_framework_destroy(*it);
    }
    vec_fini(&agent->completed);
}

/* --- what a master is told --- */

static size_t
count_tasks(const struct framework *framework)
{
    size_t n = 0;

    vec_foreach (&framework->completed, executor) {
        n += (*executor)->completed.n;
    }
    return n;
}

/* All but the first '*skip' of them, which become fewer. */
static Internal__CompletedFramework *
encode_framework(const struct agent *agent, const struct framework *framework,
                 size_t *skip, struct message *m)
{
    Internal__CompletedFramework *made =
        message_new(m, &internal__completed_framework__descriptor);

    made->framework = message_root(framework->info);
    message_hold(m, framework->info);
    made->pid = framework->pid ? message_strdup(m, framework->pid) : NULL;
    made->tasks = message_array(m, count_tasks(framework),
                                sizeof *made->tasks);
    vec_foreach (&framework->completed, executor) {
        vec_foreach (&(*executor)->completed, task) {
            if (*skip > 0) {
                --*skip;
            } else {
                made->tasks[made->n_tasks++] =
                    record_task_encode(*task, m, agent->id);
            }
        }
    }
    return made;
}

void
history_encode(const struct agent *agent, struct message *m,
               Internal__ReregisterAgent *root)
{
    size_t n = 0;
    size_t skip;

    vec_foreach (&agent->completed, it) {
        n += count_tasks(*it);
    }
    skip = n > REPORTED_TASKS_MAX ? n - REPORTED_TASKS_MAX : 0;
    root->completed_frameworks =
        message_array(m, agent->completed.n,
                      sizeof *root->completed_frameworks);
    vec_foreach (&agent->completed, it) {
        if (skip > 0 && skip >= count_tasks(*it)) {
            skip -= count_tasks(*it);
        } else {
            root->completed_frameworks[root->n_completed_frameworks++] =
                encode_framework(agent, *it, &skip, m);
        }
    }
}
