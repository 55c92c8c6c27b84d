/* SPDX-License-Identifier: Apache-2.0
 *
 * draining.c - what the operator of a cluster asks of its first master: agents
 * to be drained, and taken back.  Between the master's turns, as an HTTP call
 * would in one. */
#include <config.h>

#include <actor/address.h>
#include <actor/log.h>

#include "master/private.h"
#include "tests/cluster/private.h"

static struct master *
master_of(struct cluster *c)
{
    struct master *m = cluster_find_master(&c->masters[0]);

    CHECK(m != NULL, "the master does not run");
    return m;
}

/* It did something outside of its turns. */
static void
touch(struct cluster *c)
{
    sim_process_touch(sim_service(c->masters[0].host, "mesos-master"));
}

/* The master knows agents by the ids that it gave. */
static const char *
find_id(struct cluster *c, const struct master *m, size_t i)
{
    struct address wanted = *sim_host_address(c->agents[i].host);

    for (struct agent *agent = agents_next(&m->agents, NULL); agent;
         agent = agents_next(&m->agents, agent)) {
        wanted.port = agent->pid.address.port;
        if (address_equal(&agent->pid.address, &wanted)) {
            return agent->id->s;
        }
    }
    return NULL;
}

/* The master may end before it has an answer. */
static void
check_answer(void *aux UNUSED, int status, const char *text)
{
    CHECK(status == 200 || status == 503, "the operator was refused: %s",
          text);
}

static const struct agents_answer answer = { check_answer, NULL };

void
cluster_drain_agent(struct cluster *c, size_t i, int64_t max_grace_ns,
                    bool mark_gone)
{
    struct master *m = master_of(c);
    const char *id = find_id(c, m, i);
    V1__DurationInfo grace = V1__DURATION_INFO__INIT;
    V1__DrainConfig config = V1__DRAIN_CONFIG__INIT;

    CHECK(id != NULL, "the master does not know agent %zu", i);
    grace.nanoseconds = max_grace_ns;
    config.max_grace_period = max_grace_ns >= 0 ? &grace : NULL;
    config.has_mark_gone = true;
    config.mark_gone = mark_gone;
    agents_drain(m, id, &config, &answer);
    touch(c);
}

void
cluster_reactivate_agent(struct cluster *c, size_t i)
{
    struct master *m = master_of(c);
    const char *id = find_id(c, m, i);

    CHECK(id != NULL, "the master does not know agent %zu", i);
    agents_reactivate(m, id, &answer);
    touch(c);
}

const char *
cluster_drain_state(struct cluster *c, size_t i)
{
    const struct master *m = master_of(c);
    const char *id = find_id(c, m, i);
    const V1__DrainInfo *drain = id ? known_agents_drain(&m->known, id)
                                    : NULL;

    if (!id) {
        return "GONE";
    }
    return !drain ? ""
        : drain->state == V1__DRAIN_STATE__DRAINED ? "DRAINED" : "DRAINING";
}
