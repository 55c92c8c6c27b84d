/* SPDX-License-Identifier: Apache-2.0
 *
 * leader.c - which of the cluster's masters leads: a standalone detector in
 * each process is told. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/system.h>

#include "election/election.h"
#include "election/standalone.h"
#include "tests/cluster/private.h"

/* Tells the detector of a process who leads. */
static void
tell(struct cluster *c, struct sim_process *p)
{
    struct actor_system *system = p ? sim_process_system(p) : NULL;
    const struct cluster_master *leader =
        c->leader < c->n_masters ? &c->masters[c->leader] : NULL;
    struct message *info = NULL;
    struct upid detector;

    if (!system) {
        return;                         /* it is told when it starts */
    }
    cluster_must(actor_system_upid(system, "standalone-master-detector(1)",
                                   &detector));
    if (leader && leader->host == sim_process_host(p)) {
        standalone_elect(system, &detector);
    } else {
        info = leader ? leader_info_create(&leader->upid, NULL, NULL) : NULL;
        standalone_appoint(system, &detector, info);
        message_unref(info);
    }
    sim_process_touch(p);
}

struct error *
cluster_start_detector(struct sim_process *p, struct upid *ret)
{
    struct error *error = standalone_start(sim_process_system(p),
                                           STANDALONE_APPOINTED, ret);

    if (!error) {
        tell(cluster_of(p), p);
    }
    return error;
}

void
cluster_appoint(struct cluster *c, size_t master)
{
    c->leader = master;
    for (size_t i = 0; i < c->n_masters; i++) {
        tell(c, sim_service(c->masters[i].host, "mesos-master"));
    }
    for (size_t i = 0; i < c->n_agents; i++) {
        tell(c, sim_service(c->agents[i].host, "mesos-agent"));
    }
    tell(c, c->framework);
}
