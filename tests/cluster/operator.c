/* SPDX-License-Identifier: Apache-2.0
 *
 * operator.c - somebody who looks after a cluster, and what the framework
 * hears of that. */
#include <config.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "master/private.h"
#include "tests/cluster/private.h"
#include "tests/lib/policy_calls.h"

#define PATIENCE (60 * SECOND)

static struct master *
get_master(struct cluster *c)
{
    struct sim_process *p = sim_service(c->masters[0].host, "mesos-master");
    struct actor *actor = p && sim_process_system(p)
        ? cluster_find_actor(sim_process_system(p), &c->masters[0].upid)
        : NULL;

    CHECK(actor != NULL, "the master does not run");
    return master_cast(actor);
}

char *
cluster_operate(struct cluster *c, const char *fmt, ...)
{
    autofree char *member = NULL;
    char *answer = NULL;
    va_list args;

    va_start(args, fmt);
    member = xvasprintf(fmt, args);
    va_end(args);
    policy_call(get_master(c), member, &answer);
    sim_process_touch(sim_service(c->masters[0].host, "mesos-master"));
    for (int64_t ns = 0; !answer && ns < PATIENCE; ns += 10 * MILLISECOND) {
        cluster_advance(c, 10 * MILLISECOND);
    }
    CHECK(answer != NULL, "the master does not answer");
    return answer;
}

char *
cluster_show(struct cluster *c, const char *type)
{
    return policy_show(get_master(c), type);
}

char *
cluster_machine(struct cluster *c, size_t agent)
{
    char ip[ADDRESS_TEXT_SIZE];

    return xasprintf("{\"hostname\":\"here\",\"ip\":\"%s\"}",
                     address_format_ip(sim_host_address(c->agents[agent].host),
                                       ip));
}

void
cluster_on_inverse_offers(struct mesos_scheduler_driver *driver, void *c_,
                          const V1__InverseOffer *const *offers, size_t n)
{
    struct cluster *c = c_;
    V1__Filters filters = V1__FILTERS__INIT;

    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 3600;
    c->n_inverse_offers += n;
    for (size_t i = 0; i < n; i++) {
        const V1__OfferID *id = offers[i]->id;

        mesos_scheduler_driver_accept_inverse_offers(driver, &id, 1,
                                                     &filters);
    }
}

size_t
cluster_n_inverse_offers(struct cluster *c)
{
    return c->n_inverse_offers;
}
