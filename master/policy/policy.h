/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.h - what operators lay down for the cluster: quotas and weights of
 * roles, and planned maintenance of machines.
 *
 * The registry has it, so that the next master knows; here is what it means
 * for agents, frameworks and the allocator.  recovery.c takes it over from the
 * master before; quota.c, weights.c and maintenance.c change it, one change
 * after the other (change.c): each is checked against what the one before it
 * has left, is durable before anybody hears of it, and then holds.
 * inverse_offers.c asks frameworks to leave agents that will be away.
 *
 * Mirrors src/master/quota_handler.cpp, weights_handler.cpp, maintenance.cpp
 * and the /machine and /maintenance handlers of Mesos' src/master/http.cpp.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_POLICY_H
#define MASTER_POLICY_POLICY_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>

#include "master/policy/inverse_offer_table.h"
#include "master/policy/machine_table.h"
#include "master/policy/role_policy_table.h"
#include "proto/cmesos/registry.pb-c.h"
#include "proto/mesos/v1/maintenance/maintenance.pb-c.h"
#include "proto/mesos/v1/quota/quota.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct agent;
struct error;
struct framework;
struct master;
struct message;
struct policy_change;
struct resource_quantities;

struct policy {
    struct role_policies roles;
    struct machines machines;
    struct message *schedule;   /* counted; root is a Schedule; NULL: none */
    struct inverse_offers inverse_offers;
    struct policy_change *waiting;      /* list */
    bool is_changing;           /* one change is under way */
    bool is_running_queue;
};

/* Takes over what the registry has, and tells the allocator; weights of the
 * flags go into a registry that has none. */
void policy_take(struct master *, const Internal__Registry *);

/* One quota, and one weight, that hold from now on. */
void quota_take(struct master *, const Quota__QuotaConfig *);
void weights_take(struct master *, const char *role, double weight);

/* All machines that were scheduled; no agents are there yet. */
void maintenance_take(struct master *, const Internal__Registry *);
void policy_fini(struct master *);

/* --- changes --- */

/* What became of a change, told once: '*error' NULL: it is durable and holds.
 * Or else why not, with a code whose HTTP status is the answer; the callee's.
 * If the master ends first the error is ERROR_UNAVAILABLE. */
typedef void policy_answer_fn(void *aux, struct error *error);

struct policy_answer {
    policy_answer_fn *fn;       /* NULL: nobody wants to know */
    void *aux;
};

/* All of these copy what they are given. */

/* New quotas in place of those that the roles have; without 'force' they must
 * not exceed what the cluster has, nor fall below what is used. */
void quota_update(struct master *, Quota__QuotaConfig *const *, size_t n,
                  bool force, const struct policy_answer *);

/* The older form: a quota for a role that has none, guarantee and limit in
 * one; and none any more for one that has. */
void quota_set(struct master *, const Quota__QuotaRequest *,
               const struct policy_answer *);
void quota_remove(struct master *, const char *role,
                  const struct policy_answer *);

void weights_update(struct master *, V1__WeightInfo *const *, size_t n,
                    const struct policy_answer *);

/* A new schedule in place of the old one. */
void maintenance_update_schedule(struct master *,
                                 const Maintenance__Schedule *,
                                 const struct policy_answer *);

/* Machines go down, with what runs there; or are back. */
void maintenance_start(struct master *, V1__MachineID *const *, size_t n,
                       const struct policy_answer *);
void maintenance_stop(struct master *, V1__MachineID *const *, size_t n,
                      const struct policy_answer *);

/* --- what there is to see; all in 'm' --- */

Quota__QuotaStatus *quota_status(const struct master *, struct message *m);
V1__WeightInfo **weights_list(const struct master *, struct message *m,
                              size_t *ret_n);
Maintenance__Schedule *maintenance_schedule(const struct master *,
                                            struct message *m);
Maintenance__ClusterStatus *maintenance_status(const struct master *,
                                               struct message *m);

/* --- agents --- */

/* Whether an agent with that host name at 'pid' must not be let in, since its
 * machine is down; it has been told, then.  'what': "registration". */
bool maintenance_refuses(struct master *, const char *hostname,
                         const struct upid *, const char *what);

/* A new agent: where it is, and that the allocator has to know. */
void maintenance_add_agent(struct master *, struct agent *);
void maintenance_tell_allocator(struct master *, struct agent *);

/* Its machine has gone down while it was let in: it has to go again. */
void maintenance_enforce(struct master *, struct agent *);
void maintenance_remove_agent(struct master *, struct agent *);

/* Offers of the agent tell when it will be away; NULL: nothing is planned.
 * In 'm'. */
V1__Unavailability *maintenance_unavailability(const struct agent *,
                                               struct message *m);

/* "node (10.0.0.1)" if the agent is in the schedule, or else NULL; the
 * caller's. */
char *maintenance_machine_of(const struct agent *);

/* --- inverse_offers.c --- */

actor_handler_fn inverse_offers_on_asked;

void inverse_offers_on_accept(struct master *, struct framework *,
                              const Scheduler__Call__AcceptInverseOffers *);
void inverse_offers_on_decline(struct master *, struct framework *,
                               const Scheduler__Call__DeclineInverseOffers
                                   *);

/* Takes them back: those about an agent, or to a framework, which is told; and
 * without telling it. */
void inverse_offers_rescind(struct master *, struct agent *);
void inverse_offers_rescind_framework(struct master *, struct framework *);
void inverse_offers_discard(struct master *, struct framework *);

/* What the framework has answered does not matter any more. */
void inverse_offers_forget_framework(struct master *,
                                     const struct framework *);

#endif /* MASTER_POLICY_POLICY_H */
