/* SPDX-License-Identifier: Apache-2.0
 *
 * check.c - what must be true of a cluster: always, and when all is over.
 *
 * Looks into the masters themselves, between their turns. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include <actor/error.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "core/system_private.h"
#include "master/private.h"
#include "tests/cluster/private.h"

struct actor *
cluster_find_actor(struct actor_system *system, const struct upid *upid)
{
    uint32_t generation;
    struct actor_slot *slot = system_find(system, upid, &generation);

    return slot ? slot->actor : NULL;
}

struct master *
cluster_find_master(const struct cluster_master *m)
{
    struct sim_process *p = sim_service(m->host, "mesos-master");
    struct actor_system *system = p ? sim_process_system(p) : NULL;
    struct actor *actor = system ? cluster_find_actor(system, &m->upid)
                                 : NULL;

    return actor ? master_cast(actor) : NULL;
}

/* --- always --- */

static int64_t
given_away(const struct agent *agent, const char *name)
{
    int64_t sum = 0;

    for (const struct task *t = agent->tasks.first; t; t = t->next) {
        if (t->holds_resources) {
            sum += resources_scalar(&t->resources, name);
        }
    }
    for (const struct executor *e = agent->executors; e; e = e->next) {
        sum += resources_scalar(&e->resources, name);
    }
    for (const struct offer *o = agent->offers; o; o = o->agent_next) {
        sum += resources_scalar(&o->resources, name);
    }
    return sum;
}

static struct error *
check_agent(const struct agent *agent)
{
    static const char *const names[] = { "cpus", "mem", "disk" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        int64_t total = resources_scalar(&agent->total, names[i]);
        int64_t given = given_away(agent, names[i]);

        if (given > total) {
            return error_create(ERROR_INTERNAL, "agent %s has %" PRId64
                                " thousandths of %s, and %" PRId64
                                " are offered and used", agent->text, total,
                                names[i], given);
        }
    }
    return NULL;
}

struct error *
cluster_check(struct cluster *c)
{
    for (size_t i = 0; i < c->n_masters; i++) {
        const struct master *m = cluster_find_master(&c->masters[i]);

        for (struct agent *agent = m ? agents_next(&m->agents, NULL) : NULL;
             agent; agent = agents_next(&m->agents, agent)) {
            struct error *error = check_agent(agent);

            if (error) {
                return error;
            }
        }
    }
    return c->broken ? error_clone(c->broken) : NULL;
}

/* --- what a framework may hear --- */

static bool
is_final(const char *state)
{
    static const char *const states[] = {
        "FINISHED", "FAILED", "KILLED", "ERROR",
    };

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (!strcmp(states[i], state)) {
            return true;
        }
    }
    return false;
}

/* How far a task has come; 0: that says nothing of it. */
static int
rank(const char *state)
{
    static const char *const states[] = {
        "STAGING", "STARTING", "RUNNING", "KILLING",
    };

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (!strcmp(states[i], state)) {
            return (int) i + 1;
        }
    }
    return is_final(state) ? (int) ARRAY_SIZE(states) + 1 : 0;
}

/* What a master says by itself is the latest it knows, and may run ahead of
 * what the agent still has to tell. */
static bool
is_by_master(const struct cluster_update *update)
{
    static const uint8_t none[sizeof update->uuid];

    return !memcmp(update->uuid, none, sizeof none);
}

void
cluster_check_update(struct cluster *c, const struct cluster_task *task)
{
    const struct cluster_update *last = &vec_last(&task->updates);

    if (is_by_master(last)) {
        return;
    }
    for (size_t i = 0; !c->broken && i + 1 < task->updates.n; i++) {
        const struct cluster_update *before = &task->updates.data[i];
        bool is_repeated = !memcmp(before->uuid, last->uuid,
                                   sizeof last->uuid);

        /* What is on its way to a scheduler may come when it has been
         * replaced: each hears things in order. */
        if (is_by_master(before) || before->scheduler != last->scheduler) {
            continue;
        }
        if (is_final(before->state) && strcmp(before->state, last->state)) {
            c->broken = error_create(ERROR_INTERNAL, "task %s is %s after it "
                                     "was %s", task->id, last->state,
                                     before->state);
        } else if (!is_repeated && rank(last->state) > 0
                   && rank(last->state) < rank(before->state)) {
            c->broken = error_create(ERROR_INTERNAL, "task %s went back from "
                                     "%s to %s", task->id, before->state,
                                     last->state);
        }
    }
}

/* --- at the end --- */

/* How often the task really ended, as told by its executor or its agent.  A
 * master that does not know a task takes it for lost, which it need not be. */
static size_t
count_ends(const struct cluster_task *task)
{
    size_t n = 0;

    for (size_t i = 0; i < task->updates.n; i++) {
        const struct cluster_update *update = &task->updates.data[i];
        bool is_new = is_final(update->state);

        for (size_t j = 0; j < i; j++) {
            is_new &= strcmp(task->updates.data[j].state, update->state) != 0;
        }
        n += is_new;
    }
    return n;
}

static struct error *
check_task(struct cluster *c, const struct cluster_task *task)
{
    if (!cluster_is_over(c, task->id) || count_ends(task) > 1) {
        return error_create(ERROR_INTERNAL, "task %s %s: %.300s", task->id,
                            count_ends(task) > 1 ? "ended more than once"
                                                 : "is stuck",
                            cluster_states(c, task->id));
    }
    if (task->n_commands > 1) {
        return error_create(ERROR_INTERNAL, "task %s was started %zu times",
                            task->id, task->n_commands);
    }
    return NULL;
}

static struct error *
check_metric(struct cluster *c, const char *key, double wanted)
{
    double value;

    if (!cluster_find_master(&c->masters[0])) {
        return error_create(ERROR_INTERNAL, "the master does not run");
    }
    value = cluster_metric(c, key);
    return value == wanted ? NULL
        : error_create(ERROR_INTERNAL, "%s is %g and not %g", key, value,
                       wanted);
}

static struct error *
check_metrics(struct cluster *c)
{
    static const char *const keys[] = {
        "master/cpus_used", "master/mem_used", "master/tasks_staging",
        "master/tasks_starting", "master/tasks_running",
        "master/tasks_killing",
    };
    size_t n_agents = (c->n_agents + c->n_masters - 1) / c->n_masters;
    struct error *error = check_metric(c, "master/slaves_active",
                                       (double) n_agents);

    for (size_t i = 0; !error && i < ARRAY_SIZE(keys); i++) {
        error = check_metric(c, keys[i], 0);
    }
    return error;
}

struct error *
cluster_check_end(struct cluster *c)
{
    struct error *error = cluster_check(c);

    for (size_t i = 0; !error && i < c->tasks.n; i++) {
        error = check_task(c, c->tasks.data[i]);
    }
    if (!error) {
        error = check_metrics(c);
    }
    if (!error && (c->n_executors > 0 || c->n_running > 0)) {
        error = error_create(ERROR_INTERNAL, "%zu executors and %zu commands "
                             "are left", c->n_executors, c->n_running);
    }
    return error;
}
