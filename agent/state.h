/* SPDX-License-Identifier: Apache-2.0
 *
 * state.h - the inside of the agent actor, shared by the files that make it
 * up.
 *
 *     agent.c         life of the actor, table of its messages
 *     registration.c  finding the master and staying registered
 *     launch.c        tasks on their way to an executor
 *     executors.c     executors: subscribing, ending, being ended
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
#include "agent/records.h"
#include "model/resources.h"

struct gc;
struct json_writer;
struct message;
struct V1__AgentInfo;
struct V1__TaskStatus;

#define AGENT_COMPLETED_FRAMEWORKS_MAX 50

enum agent_state {
    AGENT_DISCONNECTED,         /* not registered, or not any more */
    AGENT_RUNNING,
    AGENT_TERMINATING,          /* waits for the last executor to end */
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
    struct resources resources;
    struct attributes attributes;
    struct uuid resource_version;
    int64_t start_wall_ns;

    struct upid master;
    int64_t registration_backoff_ns;    /* upper bound of the next pause */
    int64_t ping_timeout_ns;
    struct actor_timer registration_timer;
    struct actor_timer ping_timer;

    struct upid status_updates;
    struct upid containerizer;
    struct gc *gc;              /* owned */

    struct agent_metrics metrics;

    struct framework *frameworks;       /* owned; a table */
    VEC(struct framework *) completed;  /* owned; oldest first */
};

const char *agent_state_name(enum agent_state);
void agent_set_state(struct agent *, enum agent_state);

/* Whether 'msg' is from the master we follow; logs what is ignored if it is
 * not. */
bool agent_is_from_master(const struct agent *, const struct actor_msg *,
                          const char *what);

/* --- registration.c --- */

void registration_start(struct agent *);
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

/* Hands the executor, which is running, what is queued for it. */
void launch_deliver(struct agent *, struct executor *);

/* --- executors.c --- */

void on_executor_call(struct actor *, struct actor_msg *);
void on_container_launched(struct actor *, struct actor_msg *);
void on_container_terminated(struct actor *, struct actor_msg *);
void on_shutdown_framework(struct actor *, struct actor_msg *);
void on_shutdown_executor(struct actor *, struct actor_msg *);
void on_update_framework(struct actor *, struct actor_msg *);
void on_framework_to_executor(struct actor *, struct actor_msg *);

/* Makes the record of a new executor and starts its container.  'info' is
 * kept by reference. */
struct executor *executors_launch(struct agent *, struct framework *,
                                  struct message *info, bool is_command,
                                  const char *user);

/* Asks the executor to end, and kills it after its grace period. */
void executors_shutdown(struct agent *, struct executor *);
void executors_shutdown_framework(struct agent *, struct framework *);

/* Asks one whose tasks were killed before it got any. */
void executors_shutdown_unused(struct agent *, struct executor *);

/* Tells the master that an executor it knows of is no more. */
void executors_tell_exited(struct agent *, const char *framework_id,
                           const char *executor_id, int status);

/* The link to an executor, or to another actor, broke. */
void executors_disconnected(struct agent *, const struct upid *);

/* Sends an event, unless the executor is not connected; '*event' becomes
 * NULL. */
void executors_send(struct agent *, const struct executor *,
                    struct message **event);

/* Takes away what is over: the executor if it has ended and nobody waits for
 * its tasks, the framework if nothing is left of it, the agent if it ends. */
void executors_settle(struct agent *, struct framework *, struct executor *);

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
