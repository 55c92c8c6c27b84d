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
#include <actor/upid.h>
#include <actor/vec.h>

#include "agent/agent.h"
#include "executor/executor_environment.h"
#include "master/master.h"
#include "tests/cluster/cluster.h"

struct actor_gate;
struct actor_system;
struct actor_system_options;
struct fake_child;
struct fake_process;
struct mesos_scheduler_driver;
struct multi_system;

struct cluster_update {
    const char *state;          /* static */
    bool is_terminal;
    uint8_t uuid[16];           /* zeroes: it had none */
};

struct cluster_task {
    char *id;                   /* owned */
    char *command;              /* owned */
    bool is_launched;
    VEC(struct cluster_update) updates;
    char *states;               /* owned; of the last cluster_states() */
    size_t n_commands;
};

/* A process mesos-executor. */
struct cluster_executor {
    struct cluster *cluster;
    struct fake_process *agent_processes;       /* borrowed */
    const struct fake_child *process;   /* it, among them */
    struct actor_system *system;        /* NULL: not started, or over */
    struct fake_process *processes;     /* owned; its command */
    struct executor_environment environment;
    struct actor_gate *done;            /* owned */
    bool is_acknowledged;
    bool is_over;
};

struct cluster_agent {
    struct cluster *cluster;
    struct actor_system *system;        /* NULL: dead */
    struct address address;
    struct fake_process *processes;     /* owned */
    struct agent_flags flags;
    char *work_dir;                     /* owned */
};

struct cluster {
    struct multi_system *systems;       /* owned */
    uint64_t seed;
    struct actor_system *master;
    struct address master_address;
    struct upid master_upid;
    struct master_flags master_flags;
    struct cluster_agent agents[CLUSTER_MAX_AGENTS];
    size_t n_agents;
    VEC(struct cluster_executor *) executors;   /* owned; all ever */

    struct mesos_scheduler_driver *driver;      /* owned */
    struct actor_system *framework;     /* NULL: dead */
    struct address framework_address;
    VEC(struct cluster_task *) tasks;   /* owned */
    bool withholds_acks;
    void (*on_update)(void *aux, const char *task);
    void *on_update_aux;
    uint64_t trace;
};

/* A system that knows the messages, seeded; NULL for a free address. */
struct actor_system *cluster_add_system(struct cluster *,
                                        struct fake_process *,
                                        const struct address *);

/* --- framework.c --- */

void cluster_start_framework(struct cluster *,
                             const struct cluster_options *);
void cluster_stop_framework(struct cluster *);

/* Fails the test if there is none. */
struct cluster_task *cluster_task(struct cluster *, const char *id);

/* --- executors.c --- */

/* Makes the children of 'agent' executors of the cluster. */
void cluster_watch_agent(struct cluster_agent *);

/* Starts and ends what is to start and to end; true if there was any. */
bool cluster_tend_executors(void *cluster);
void cluster_free_executors(struct cluster *);

#endif /* TESTS_CLUSTER_PRIVATE_H */
