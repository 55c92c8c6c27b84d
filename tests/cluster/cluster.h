/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster.h - a whole cluster in one thread, under a virtual clock.
 *
 *     struct cluster_options options = { .n_agents = 3 };
 *     struct cluster *c = cluster_start(&options);
 *
 *     cluster_launch(c, "t", "true");
 *     cluster_advance(c, 10 * SECOND);
 *     ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FINISHED");
 *     cluster_stop(c);
 *
 * The real master, real agents, a real command executor for each task and the
 * real actor of the scheduler driver, each in a manual system of its own; what
 * they say to each other is encoded and goes over a network in memory.  Only
 * processes are not real: the agents' children become further systems, and the
 * commands are written down.
 *
 * A command of "true" or "false" ends as soon as it has been started, with
 * status 0 or 1.  Any other runs until cluster_end_command(), or until it gets
 * a signal; "stubborn" lives through all but SIGKILL.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_CLUSTER_CLUSTER_H
#define TESTS_CLUSTER_CLUSTER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLUSTER_MAX_AGENTS 8
#define CLUSTER_AGENT_CPUS 4

struct cluster;

struct cluster_options {
    size_t n_agents;            /* 1..CLUSTER_MAX_AGENTS */
    uint64_t seed;
    double failover_timeout;    /* of the framework, in seconds */
    bool partition_aware;       /* it wants TASK_UNREACHABLE */
};

/* The cluster with its agents registered and its framework subscribed. */
struct cluster *cluster_start(const struct cluster_options *);
void cluster_stop(struct cluster *);

/* Moves all clocks by 'ns', timer by timer. */
void cluster_advance(struct cluster *, int64_t ns);

/* --- what the framework does and hears --- */

/* A task of one CPU, to be launched with the next offer that has room. */
void cluster_launch(struct cluster *, const char *task, const char *command);
void cluster_kill_task(struct cluster *, const char *task);

/* Whether there was an offer for it. */
bool cluster_is_launched(struct cluster *, const char *task);

/* Asks the master what became of the task. */
void cluster_reconcile_task(struct cluster *, const char *task);

/* While withheld, updates are not acknowledged. */
void cluster_withhold_acks(struct cluster *, bool withhold);

/* The names, without "TASK_", of the states that updates have told, with a
 * space between them; valid until the next call for that task. */
const char *cluster_states(struct cluster *, const char *task);

/* The same without those that only repeat another: with its uuid, or what the
 * master tells by itself, without one. */
const char *cluster_new_states(struct cluster *, const char *task);

size_t cluster_n_updates(struct cluster *, const char *task);

/* Whether update 'i' has the uuid of update 'j'. */
bool cluster_same_uuid(struct cluster *, const char *task, size_t i,
                       size_t j);

/* How many updates told that the task is over, repetitions left out. */
size_t cluster_n_endings(struct cluster *, const char *task);

/* Called when an update comes, before it is acknowledged. */
void cluster_on_update(struct cluster *,
                       void (*fn)(void *aux, const char *task), void *aux);

/* --- commands --- */

/* How often the task's command was started. */
size_t cluster_n_commands(struct cluster *, const char *task);

/* The last signal that the task's command was sent; 0: none. */
int cluster_command_signal(struct cluster *, const char *task);

/* The command ends, with a status as of waitpid().  False if it does not
 * run. */
bool cluster_end_command(struct cluster *, const char *task, int status);

/* How many executors live. */
size_t cluster_n_executors(struct cluster *);

/* --- faults --- */

/* The agent's process dies, or stands still. */
void cluster_kill_agent(struct cluster *, size_t agent);
void cluster_pause_agent(struct cluster *, size_t agent, bool pause);

/* Master and agent, or master and framework, do not reach each other. */
void cluster_cut_agent(struct cluster *, size_t agent, bool cut);
void cluster_cut_framework(struct cluster *, bool cut);

/* The master dies, and another one takes its address. */
void cluster_restart_master(struct cluster *);

/* The framework's process dies. */
void cluster_kill_framework(struct cluster *);

/* --- what there is to see --- */

/* A metric of the master; fails the test if there is no such. */
double cluster_metric(struct cluster *, const char *key);

/* A hash of all updates, and of when they came. */
uint64_t cluster_trace(const struct cluster *);

#endif /* TESTS_CLUSTER_CLUSTER_H */
