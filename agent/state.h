/* SPDX-License-Identifier: Apache-2.0
 *
 * state.h - the inside of the agent actor, shared by the files that make it
 * up.
 *
 *     agent.c         life of the actor, table of its messages
 *     registration.c  finding the master and staying registered
 *     launch.c        tasks on their way to an executor
 *     checkpoints.c   what is kept of all that
 *     recovery.c      and how it is taken up again
 *     history.c       frameworks that have nothing left here
 *     executors.c     executors: how each comes to be
 *     executor_calls.c    what they say, and are told
 *     executor_end.c      and how they end
 *     draining.c      all of it to end, because an operator wants so
 *     updates.c       status updates
 *     endpoints.c     /state, /flags, /health
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/uuid.h>
#include <actor/vec.h>

#include "agent/agent.h"
#include "agent/attributes.h"
#include "agent/metrics.h"
#include "agent/operations/operations.h"
#include "agent/records.h"
#include "model/resources.h"

struct gc;
struct json_writer;
struct saved_state;
struct V1__TaskInfo;
struct message;
struct V1__AgentInfo;
struct V1__TaskStatus;
struct Internal__ReregisterAgent;

enum agent_state {
    AGENT_RECOVERING,           /* waits for executors from before it started */
    AGENT_DISCONNECTED,         /* not registered, or not any more */
    AGENT_RUNNING,
    AGENT_TERMINATING,          /* waits for the last executor to end */
};

/* One that has ended while no master had the agent. */
struct exited_executor {
    char *framework_id;         /* owned, as the next */
    char *executor_id;
    int status;                 /* as waitpid() gives it */
};

struct agent {
    struct actor base;
    const struct agent_flags *flags;    /* borrowed; outlive us */
    enum agent_state state;     /* set by agent_set_state() */
    char *id;                   /* owned; NULL until the master gives one */
    char *hostname;             /* owned */
    char *work_dir;             /* owned; absolute */
    char *ip;                   /* owned; ours, as text */
    char *libprocess_ip;        /* owned; for executors; NULL: unset */
    struct resources base_resources;    /* as flags say, or as detected */
    struct resources resources; /* with what operations made of them */
    struct agent_operations operations;
    struct attributes attributes;
    struct uuid resource_version;
    int64_t start_wall_ns;

    struct upid detector;
    struct message *leader;     /* counted; its info; NULL: nobody leads */
    struct upid master;         /* the leader; empty: nobody leads */
    bool is_detecting;          /* asked anew for who leads */
    bool has_attempted;         /* to register with this leader */
    int64_t registration_backoff_ns;    /* upper bound of the next pause */
    int64_t ping_timeout_ns;
    struct actor_timer registration_timer;
    struct actor_timer ping_timer;

    struct upid checkpointer;
    uint64_t n_checkpoints;     /* of tasks, so far */
    struct actor_timer recovery_timer;
    struct actor_timer reconnect_timer;
    int64_t recovery_started;
    char *boot_id;              /* owned */
    void (*on_failure)(void *aux, const char *why);
    void *on_failure_aux;

    struct upid status_updates;
    struct upid containerizer;
    struct upid fetcher;
    struct gc *gc;              /* owned */

    struct agent_metrics metrics;

    struct message *drain;      /* counted; DrainConfig; NULL: not draining */
    int64_t drain_start_wall_ns;        /* or when we came back to it */

    struct framework *frameworks;       /* owned; a table */
    VEC(struct framework *) completed;  /* owned; oldest first */
    VEC(struct exited_executor) exited; /* to be told to the next master */
};

const char *agent_state_name(enum agent_state);
void agent_set_state(struct agent *, enum agent_state);

/* Whether 'msg' is from the master we follow; logs what is ignored if it is
 * not. */
bool agent_is_from_master(const struct agent *, const struct actor_msg *,
                          const char *what);

/* --- registration.c --- */

void registration_start(struct agent *);
void registration_fini(struct agent *);
void on_leader(struct actor *, struct actor_msg *);
void on_agent_registered(struct actor *, struct actor_msg *);
void on_agent_reregistered(struct actor *, struct actor_msg *);
void on_ping_agent(struct actor *, struct actor_msg *);

/* The connection to the master is lost. */
void registration_lost(struct agent *);
void registration_stop(struct agent *);

/* The agent as the master knows it, made in 'm'. */
struct V1__AgentInfo *registration_agent_info(const struct agent *,
                                              struct message *m);

/* "capabilities" of /state: those that we tell the master. */
void registration_write_capabilities(struct json_writer *);

/* --- launch.c --- */

void on_run_task(struct actor *, struct actor_msg *);
void on_run_task_group(struct actor *, struct actor_msg *);
void on_kill_task(struct actor *, struct actor_msg *);

/* Tells the executor, or keeps the order (an Internal__KillTask) for when it
 * is back. */
void launch_kill(struct agent *, struct executor *, struct task *,
                 struct message *order);

/* Kills the task, which is not over, wherever it is on its way. */
void launch_kill_any(struct agent *, struct executor *, struct task *,
                     struct message *order);

/* Orders of the master, when it is their turn (agent_operations_in_line()). */
void launch_task(struct agent *, struct message *);
void launch_task_group(struct agent *, struct message *);
void launch_kill_task(struct agent *, struct message *);

/* Hands the executor, which is running, what is queued for it. */
void launch_deliver(struct agent *, struct executor *);

/* --- executors.c, executor_calls.c, executor_end.c --- */

void on_executor_call(struct actor *, struct actor_msg *);
void on_container_launched(struct actor *, struct actor_msg *);
void on_container_terminated(struct actor *, struct actor_msg *);
void on_shutdown_framework(struct actor *, struct actor_msg *);
void on_shutdown_executor(struct actor *, struct actor_msg *);
void on_update_framework(struct actor *, struct actor_msg *);
void on_framework_to_executor(struct actor *, struct actor_msg *);

/* Makes the record of a new executor and starts its container.  'info' is
 * kept by reference; of 'links' (taken) its sandbox has those to volumes. */
struct volume_links;
struct executor *executors_launch(struct agent *, struct framework *,
                                  struct message *info, bool is_command,
                                  const char *user,
                                  struct volume_links *links);

/* What the executor asks for as its grace period, within reason. */
int64_t executors_grace(const struct agent *,
                        const struct V1__ExecutorInfo *);

/* Ends it at once. */
void executors_kill(struct agent *, struct executor *);

/* Takes away all of the framework that is over. */
void executors_settle_all(struct agent *, struct framework *);

/* Asks the executor to end, and kills it after its grace period. */
void executors_shutdown(struct agent *, struct executor *);
void executors_shutdown_framework(struct agent *, struct framework *);

/* Asks one whose tasks were killed before it got any. */
void executors_shutdown_unused(struct agent *, struct executor *);

/* Tells the master that an executor it knows of is no more: at once, or while
 * no master has the agent, the next one. */
void executors_tell_exited(struct agent *, const char *framework_id,
                           const char *executor_id, int status);

/* Tells a master that has just taken the agent of those that ended before. */
void executors_tell_exited_again(struct agent *);
void executors_forget_exited(struct agent *);

/* The link to an executor, or to another actor, broke. */
void executors_disconnected(struct agent *, const struct upid *);

/* Sends an event, unless the executor is not connected; '*event' becomes
 * NULL. */
void executors_send(struct agent *, const struct executor *,
                    struct message **event);

/* Takes away what is over: the executor if it has ended and nobody waits for
 * its tasks, the framework if nothing is left of it, the agent if it ends. */
void executors_settle(struct agent *, struct framework *, struct executor *);

/* Ends the agent, whose executors go on, because it can do no more. */
void agent_fail(struct agent *, const char *why);

/* Ends all executors, and then the agent, which stays known by its id. */
void agent_clean_up(struct agent *);

/* --- history.c --- */

/* Takes the framework, which has no executors left. */
void history_add(struct agent *, struct framework *);

/* Gives one back that has something to do again; NULL if it is not there. */
struct framework *history_take(struct agent *, const char *framework_id);

/* What of it a master is told, made in 'm', whose root is 'root'. */
void history_encode(const struct agent *, struct message *m,
                    struct Internal__ReregisterAgent *root);
void history_fini(struct agent *);

/* --- draining.c --- */

void on_drain_agent(struct actor *, struct actor_msg *);

/* Something that it waits for is over: perhaps all of it is. */
void draining_check(struct agent *);

/* All but the last of the executor's tasks may be over. */
void draining_task_ended(struct agent *, struct executor *);

/* Gives the status of a task that is killed meanwhile the reason that it has.
 * The framework may be NULL: unknown. */
void draining_adjust(const struct agent *, const struct framework *,
                     struct V1__TaskStatus *);

/* Takes what was saved; and, when recovery is over, goes on with it. */
void draining_recover(struct agent *, const struct saved_state *);
void draining_replay(struct agent *);

/* Members of /state, if there is anything to say. */
void draining_write_json(const struct agent *, struct json_writer *);

/* --- checkpoints.c --- */

/* A task that has to be written down. */
#define CHECKPOINT_WANTED UINT64_MAX

/* Whether the framework asks for checkpoints. */
bool checkpoints_is_kept(const struct framework *);

/* What follows does nothing for a framework that does not. */
void checkpoints_agent(struct agent *);
void checkpoints_boot(struct agent *, const char *boot_id);
void checkpoints_drain(struct agent *);
void checkpoints_framework(struct agent *, struct framework *);
void checkpoints_executor(struct agent *, struct executor *);
void checkpoints_pid(struct agent *, struct executor *);
void checkpoints_upid(struct agent *, struct executor *);
void checkpoints_over(struct agent *, struct executor *);

/* Those that are wanted; they are delivered when they are durable. */
void checkpoints_tasks(struct agent *, struct executor *);
void on_tasks_durable(struct actor *, struct actor_msg *);
extern const struct actor_msg_type msg_tasks_durable;
void on_checkpoint_failed(struct actor *, struct actor_msg *);

/* Where updates of the task are kept; NULL: nowhere.  The caller frees it. */
char *checkpoints_log(const struct agent *, const struct executor *,
                      const char *task_id);

/* --- recovery.c --- */

/* Takes over what was saved, and waits for the executors. */
void recovery_start(struct agent *, const struct saved_state *);
void on_containers_recovered(struct actor *, struct actor_msg *);

/* An executor of before has subscribed, or has ended: when it was the last
 * one, recovery is over. */
void recovery_check(struct agent *);

/* Compares an executor's tasks with ours: hands out again what it did not
 * get. */
void recovery_compare(struct agent *, struct executor *,
                      struct V1__TaskInfo *const *, size_t n);

/* --- updates.c --- */

/* An update from an executor; 'call' holds 'status'. */
void updates_from_executor(struct agent *, struct executor *,
                           const struct V1__TaskStatus *status,
                           struct message *call);

/* An update of our own.  'executor' may be NULL; its task need not exist. */
void updates_create(struct agent *, const char *framework_id,
                    struct executor *, const char *task_id, int state,
                    int reason, const char *message);

/* TASK_DROPPED, or TASK_LOST for a framework that does not know partitions
 * (or is unknown: NULL). */
int updates_dropped_state(const struct framework *);

void on_status_recorded(struct actor *, struct actor_msg *);
void on_status_forward(struct actor *, struct actor_msg *);
void on_status_acknowledged(struct actor *, struct actor_msg *);
void on_acknowledge_update(struct actor *, struct actor_msg *);

/* --- endpoints.c --- */

void endpoints_add(struct agent *);

#endif /* AGENT_STATE_H */
