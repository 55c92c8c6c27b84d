/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster.h - a whole cluster in a simulated world (actor/sim.h).
 *
 *     struct cluster_options options = { .n_agents = 3, .seed = 1 };
 *     struct cluster *c = cluster_start(&options);
 *
 *     cluster_launch(c, "t", "true");
 *     cluster_advance(c, 10 * SECOND);
 *     ck_assert_str_eq(cluster_states(c, "t"), "STARTING RUNNING FINISHED");
 *     cluster_stop(c);
 *
 * The real master, real agents, a real command executor for each task, a real
 * default executor for each group of tasks and the real actor of the scheduler driver, each in a process of its own on a host
 * of its own, but executors, which are where their agents are.  Only commands
 * are not real: "true" or "false" ends soon after it has been started, with
 * status 0 or 1.  Any other runs until cluster_end_command(), or until it gets
 * a signal; "stubborn" lives through all but SIGKILL.
 *
 * Masters and agents are services: what is killed comes back.  With several
 * masters there are several clusters side by side, agents dealt out to them,
 * and the framework is with the first; or, if that is asked for, one cluster of
 * which one master leads, at first the first.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_CLUSTER_CLUSTER_H
#define TESTS_CLUSTER_CLUSTER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#define CLUSTER_MAX_MASTERS 8
#define CLUSTER_MAX_AGENTS 64
#define CLUSTER_AGENT_CPUS 4

struct cluster;
struct error;
struct sim;
struct sim_options;

struct cluster_options {
    size_t n_agents;            /* 1..CLUSTER_MAX_AGENTS */
    size_t n_masters;           /* 0: one */
    bool appointed;             /* the masters are of one cluster */
    uint64_t seed;
    double failover_timeout;    /* of the framework, in seconds */
    bool partition_aware;       /* it wants TASK_UNREACHABLE */
    bool no_checkpoint;         /* it does without checkpoints */
    bool has_standby;           /* a second scheduler, on host "standby" */
    void (*trace)(void *aux, const char *line);         /* sim_options */
    void *aux;

    /* Called after each event from the beginning; NULL: nobody is. */
    void (*watch)(void *cluster);
};

/* The cluster with its agents registered and its framework subscribed; hosts
 * are "master-0", ..., "framework", "agent-0", ... */
struct cluster *cluster_start(const struct cluster_options *);
void cluster_stop(struct cluster *);
struct sim *cluster_sim(struct cluster *);

/* Lets time pass. */
void cluster_advance(struct cluster *, int64_t ns);

/* --- what the framework does and hears --- */

/* A task of one CPU, to be launched with the next offer that has room. */
void cluster_launch(struct cluster *, const char *task, const char *command);
void cluster_kill_task(struct cluster *, const char *task);

/* A group of 'n' such tasks, { task, command } each, in a default executor of
 * its own. */
void cluster_launch_group(struct cluster *, const char *const (*tasks)[2],
                          size_t n);

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

/* The reason in the last update, "REASON_..."; empty: it had none. */
const char *cluster_reason(struct cluster *, const char *task);

/* Whether update 'i' has the uuid of update 'j'. */
bool cluster_same_uuid(struct cluster *, const char *task, size_t i,
                       size_t j);

/* How many updates told that the task is over, repetitions left out. */
size_t cluster_n_endings(struct cluster *, const char *task);

/* Whether the framework need not wait for the task any more: it does not run,
 * and the framework was told that it has ended, that nobody knows it, or that
 * its agent, which will not come back, is out of reach. */
bool cluster_is_over(struct cluster *, const char *task);

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

/* The task's executor is killed, or stands still for good.  It has to live. */
void cluster_kill_executor(struct cluster *, const char *task);
void cluster_pause_executor(struct cluster *, const char *task);

/* How many executors live. */
size_t cluster_n_executors(struct cluster *);

/* --- operators --- */

/* A call to the first master, as tests/lib/policy_calls.h has it, and its
 * answer; lets time pass until it is there.  The caller frees it. */
char *cluster_operate(struct cluster *, const char *fmt, ...)
    PRINTF_FORMAT(2, 3);
char *cluster_show(struct cluster *, const char *type);

/* The agent's machine as a MachineID, in JSON; the caller's. */
char *cluster_machine(struct cluster *, size_t agent);

/* How many agents the framework was asked to leave so far.  It says that it
 * will. */
size_t cluster_n_inverse_offers(struct cluster *);

/* Asks the first master.  With 'max_grace_ns' < 0 tasks may take the time that
 * they want. */
void cluster_drain_agent(struct cluster *, size_t agent,
                         int64_t max_grace_ns, bool mark_gone);
void cluster_reactivate_agent(struct cluster *, size_t agent);

/* "DRAINING", "DRAINED", "GONE" if the master does not know the agent, or "".
 */
const char *cluster_drain_state(struct cluster *, size_t agent);

/* --- faults --- */

/* The agent's processes stand still, or go on. */
void cluster_pause_agent(struct cluster *, size_t agent, bool pause);

/* The agent's process is killed, and starts again after 'ns'; executors go
 * on. */
void cluster_kill_agent(struct cluster *, size_t agent, int64_t ns);

/* The agent's host loses power, and has it again after 'ns'. */
void cluster_crash_agent(struct cluster *, size_t agent, int64_t ns);

/* Master and agent do not reach each other. */
void cluster_cut_agent(struct cluster *, size_t agent, bool cut);

/* Of an appointed cluster: that master leads from now on, as all are told;
 * SIZE_MAX: none does.  Metrics are those of the one that leads. */
void cluster_appoint(struct cluster *, size_t master);

/* The master dies, and another one takes its address. */
void cluster_restart_master(struct cluster *);

/* The scheduler that waits takes over from the one that leads, which lives on
 * until it hears of that.  (One that dies is succeeded by whichever is there
 * first.)  Needs 'has_standby'. */
void cluster_take_over(struct cluster *);

/* How often a scheduler was told that another one has its place. */
unsigned cluster_n_replaced(struct cluster *);

/* The framework's process dies, for good. */
void cluster_kill_framework(struct cluster *);

/* --- what there is to see --- */

/* A metric of the first master; fails the test if there is no such. */
double cluster_metric(struct cluster *, const char *key);

/* What no cluster may come to at any time: resources of an agent that are
 * given away twice.  NULL: all is well. */
struct error *cluster_check(struct cluster *);

/* What is left when all tasks are over and have been heard of: NULL if it is
 * nothing. */
struct error *cluster_check_end(struct cluster *);

#endif /* TESTS_CLUSTER_CLUSTER_H */
