/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - the inside of a cluster of cluster.h.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_CLUSTER_PRIVATE_H
#define TESTS_CLUSTER_PRIVATE_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/sim.h>
#include <actor/upid.h>
#include <actor/vec.h>

#include "agent/agent.h"
#include "master/master.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/cluster/cluster.h"

struct actor_system;
struct mesos_scheduler_driver;

struct cluster_update {
    const char *state;          /* static */
    bool is_terminal;
    const char *reason;         /* static; "": it had none */
    uint8_t uuid[16];           /* zeroes: it had none */
    unsigned scheduler;         /* that heard it: how many there were before */
};

struct cluster_task {
    char *id;                   /* owned */
    char *command;              /* owned */
    unsigned group;             /* 0: it is on its own */
    bool is_launched;
    VEC(struct cluster_update) updates;
    char *states;               /* owned; of the last cluster_states() */
    size_t n_commands;
    int last_signal;            /* of its command */
    struct sim_process *process;        /* its command; NULL: none runs */
    struct sim_process *executor;       /* NULL: none runs */
};

/* A host with the daemon that it runs. */
struct cluster_master {
    struct sim_host *host;
    struct address address;
    struct upid upid;
};

struct cluster_agent {
    struct sim_host *host;
    struct agent_flags flags;
    const struct cluster_master *master;
};

struct cluster {
    struct sim *sim;            /* owned */
    struct cluster_options own_options;
    const struct cluster_options *options;      /* those */
    struct master_flags master_flags;
    struct cluster_master masters[CLUSTER_MAX_MASTERS];
    size_t n_masters;
    size_t leader;              /* of an appointed cluster; SIZE_MAX: none */
    struct cluster_agent agents[CLUSTER_MAX_AGENTS];
    size_t n_agents;
    size_t n_executors;         /* that live */
    size_t n_running;           /* commands */

    struct sim_host *framework_host;
    struct sim_host *standby_host;      /* NULL: there is none */
    bool gives_way;             /* the next scheduler to start leads */
    unsigned n_replaced;
    struct sim_process *framework;      /* NULL: dead */
    struct mesos_scheduler_driver *driver;      /* owned; NULL: likewise */
    unsigned n_drivers;         /* so far */
    char *framework_id;         /* owned; NULL: none yet */
    VEC(struct cluster_task *) tasks;   /* owned */
    unsigned n_groups;          /* so far */
    bool withholds_acks;
    size_t n_inverse_offers;    /* so far */
    void (*on_update)(void *aux, const char *task);
    void *on_update_aux;
    struct error *broken;       /* owned; what the framework should not have
                                 * heard */
};

/* Ends the program if there is an error: also outside of tests. */
void cluster_must(struct error *);

/* The cluster whose world this is. */
struct cluster *cluster_of(const struct sim_process *);

/* --- framework.c --- */

extern const struct sim_program cluster_framework_program;

void cluster_free_tasks(struct cluster *);

/* NULL if there is none. */
struct cluster_task *cluster_find_task(struct cluster *, const char *id);

/* Fails the test if there is none. */
struct cluster_task *cluster_task(struct cluster *, const char *id);

/* --- leader.c --- */

/* A detector for the process, which is told who leads. */
struct error *cluster_start_detector(struct sim_process *, struct upid *ret);

/* --- group.c --- */

/* What tells a command of a group its task. */
#define CLUSTER_TASK_VARIABLE "CLUSTER_TASK"

/* A group that is not launched yet; 0: there is none. */
unsigned cluster_waiting_group(struct cluster *);

/* Launches one that fits; false if none does, or none waits. */
bool cluster_offer_group(struct cluster *, const V1__Offer *);

/* --- operator.c --- */

/* Accepts them all, and does not want to be asked again for an hour. */
void cluster_on_inverse_offers(struct mesos_scheduler_driver *, void *cluster,
                               const V1__InverseOffer *const *, size_t n);

/* --- check.c --- */

struct actor;
struct master;

/* The actor; NULL if the process is not there. */
struct master *cluster_find_master(const struct cluster_master *);

/* NULL if it has ended. */
struct actor *cluster_find_actor(struct actor_system *, const struct upid *);

/* The newest update of 'task' is one that may follow those before it. */
void cluster_check_update(struct cluster *, const struct cluster_task *);

/* --- executors.c --- */

extern const struct sim_program cluster_executor_program;
extern const struct sim_program cluster_default_executor_program;
extern const struct sim_program cluster_command_program;

#endif /* TESTS_CLUSTER_PRIVATE_H */
