/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - the master actor, between the files that make it up.
 *
 * master.c starts it and knows all its handlers; leadership.c hears whether it
 * leads; recovery.c reads what the master before it has left.  Agents come by admission.c, come back by
 * reregister.c, fall silent by unreachable.c, go by removal.c and are emptied
 * by draining.c; agents.c has what these share.  policy/ has what operators lay
 * down.  frameworks.c, calls.c,
 * rate_limits.c, accept.c, offers.c and tasks.c each have the part that their name says;
 * http.c answers requests by what state_json.h declares.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_PRIVATE_H
#define MASTER_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/log.h>
#include <actor/uuid.h>

#include "master/agent_table.h"
#include "master/framework_table.h"
#include "master/known_agents.h"
#include "master/master.h"
#include "master/metrics.h"
#include "master/offer_table.h"
#include "master/operation_metrics.h"
#include "master/operation_table.h"
#include "master/policy/policy.h"
#include "master/rate_limiter.h"
#include "master/rate_limits.h"
#include "master/task.h"
#include "master/whitelist.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"

struct error;
struct http_request;
struct json_writer;
struct message;

struct master {
    struct actor base;
    const struct master_flags *flags;   /* borrowed; outlives us */
    char id[UUID_TEXT_SIZE];
    char *hostname;             /* owned */
    struct message *info_message;       /* root is 'info' */
    V1__MasterInfo *info;
    struct upid allocator;
    struct upid registrar;
    struct upid contender;
    struct upid detector;
    struct message *leader;     /* counted; its info; NULL: nobody leads */
    bool is_leading;            /* it is us */
    double elected_time;        /* wall clock, seconds; if we lead */
    bool is_recovered;          /* what the registry has is known */
    bool is_ending;
    double start_time;          /* wall clock, seconds */
    uint64_t next_framework;
    uint64_t next_agent;
    uint64_t next_offer;
    struct agents agents;
    struct known_agents known;
    size_t n_registry_agents;   /* that the registry had when it was read */
    struct id_table pending_unreachable;        /* who waits, in order */
    struct rate_limiter removal_limiter;
    double removal_limit;       /* of recovered agents, 0..1 */
    struct actor_timer pending_timer;
    struct actor_timer recovered_timer;
    struct actor_timer gc_timer;
    struct frameworks frameworks;
    struct rate_limits rate_limits;
    struct offer *offers;       /* table */
    struct whitelist whitelist;
    struct policy policy;
    struct operations operations;
    struct master_metrics metrics;
    struct operation_metrics operation_metrics;
};

static inline struct master *
master_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct master, base);
}

/* --- master.c --- */

double master_wall_time(const struct master *);         /* seconds */

/* The master cannot go on: says why, and ends it with this turn.  The program
 * exits with status 1. */
void master_exit(struct master *, const char *fmt, ...) PRINTF_FORMAT(2, 3);

/* --- leadership.c --- */

/* Contends, and asks who leads; recovery starts when it is us. */
void leadership_start(struct master *);
void leadership_fini(struct master *);
actor_handler_fn leadership_on_candidacy, leadership_on_leader;

/* Unless we lead, answers with where the leader is (or 503, if there is none):
 * '*request' is NULL then.  To be asked before anything of a request is done
 * that is the leader's to do. */
bool leadership_redirects(struct master *, struct http_request **request);

/* GET /redirect: where the leader is, also if that is here. */
void leadership_redirect(struct master *, struct http_request **request);

/* --- recovery.c --- */

/* Reads the flags that say when agents may be given up. */
struct error *master_recovery_init(struct master *) MUST_CHECK;
void master_recovery_start(struct master *);

/* --- registry_gc.c --- */

void registry_gc_start(struct master *);

/* --- admission.c --- */

actor_handler_fn agents_on_register;

/* --- unreachable.c --- */

actor_handler_fn agents_on_observer_timeout, agents_on_observer_pong;
actor_timer_fn agents_on_reregister_timeout;    /* 'arg' is the agent */

enum unreachable_why {
    UNREACHABLE_HEALTH_CHECK,
    UNREACHABLE_DISCONNECTED,   /* and has not come back */
    UNREACHABLE_FAILOVER,       /* of a master before us, likewise */
};

/* The agent is to be taken for unreachable when --agent_removal_rate_limit
 * allows it, unless that is cancelled before. */
void agents_schedule_unreachable(struct master *, const char *id,
                                 enum unreachable_why);
void agents_cancel_unreachable(struct master *, const char *id);

/* --- removal.c --- */

actor_handler_fn agents_on_unregister;

/* Called once with an HTTP status and what there is to say besides, in a turn
 * of the master: if it ends first, in its last one (503).  What promises that
 * are operations that ask other actors only; one with work in the pool may
 * outlive the master, and must not answer. */
typedef void agents_answer_fn(void *aux, int status, const char *text);

struct agents_answer {
    agents_answer_fn *fn;       /* NULL: nobody wants to know */
    void *aux;
};

/* Answers once: a second time, or if nobody waits, nothing happens. */
void agents_answer(struct agents_answer *, int status, const char *text);

/* For good, as soon as the registry has it: its tasks are lost.  'reason' is
 * a counter; NULL: none. */
void agents_remove(struct master *, struct agent *, const char *cause,
                   struct metric *reason);

/* MARK_AGENT_GONE: 200 once that is durable and all is done. */
void agents_mark_gone(struct master *, const char *id,
                      const struct agents_answer *);

/* --- draining.c --- */

/* Registered, recovered or unreachable. */
bool agents_is_known(const struct master *, const char *id);

/* DRAIN_AGENT, DEACTIVATE_AGENT and REACTIVATE_AGENT. */
void agents_drain(struct master *, const char *id, const V1__DrainConfig *,
                  const struct agents_answer *);
void agents_deactivate(struct master *, const char *id,
                       const struct agents_answer *);
void agents_reactivate(struct master *, const char *id,
                       const struct agents_answer *);

/* Tells an agent that is connected and is to be drained to begin. */
void agents_send_drain(struct master *, struct agent *);

/* Tells one that drains to stop, if nobody wants it to. */
void agents_correct_drain(struct master *, struct agent *);

/* To be called when an agent has less to do than before. */
void agents_check_drained(struct master *, struct agent *);

/* --- agents.c --- */

actor_handler_fn agents_on_exited_executor, agents_on_executor_message;

/* The agent's place in tables and metrics, its link and its observer.  False
 * if it could not get one; it is the caller's then. */
bool agents_admit(struct master *, struct agent *);

/* Whether an agent of this version may register; 'what' is for the log. */
bool agents_check_version(const char *version, const struct upid *from,
                          const char *what);

/* For how long an agent that is not pinged waits. */
double agents_total_ping_timeout(const struct master *);

/* Whether it may be offered goes with that, unless it is deactivated. */
void agents_set_connected(struct master *, struct agent *, bool connected);
void agents_set_active(struct master *, struct agent *, bool active);

/* Tells the allocator of a new agent and all that is held there. */
void agents_tell_allocator(struct master *, struct agent *);

/* Tells it of the agent's present attributes and resources. */
void agents_update_allocator(struct master *, struct agent *);
void agents_rescind_offers(struct master *, struct agent *);

/* Takes the agent, which has no tasks any more, out of all tables, and frees
 * it; frameworks are told. */
void agents_forget(struct master *, struct agent *);
void agents_tell_of_loss(struct master *, const char *id,
                         const char *hostname);

/* The link to 'agent' broke. */
void agents_disconnected(struct master *, struct agent *);

/* Takes an executor off its agent; what it used is free. */
void agents_remove_executor(struct master *, struct agent *,
                            struct executor *);

/* --- readmission.c --- */

actor_handler_fn agents_on_reregister;

/* An agent that may come back, and what it reports. */
struct comeback {
    struct upid from;
    struct message *request;    /* counted */
    const Internal__ReregisterAgent *body;      /* of 'request' */
    struct resources total;     /* owned */
    bool was_recovered;         /* we knew it from the registry */
    bool was_unreachable;
};

/* --- reregister.c --- */

/* Takes over all that it reports. */
void agents_rebuild(struct master *, const struct comeback *);

/* Settles with a registered agent what either side does not know. */
void agents_welcome_back(struct master *, struct agent *,
                         const struct comeback *);

/* The agent has other resources now; offers of it are taken back. */
void agents_set_total(struct master *, struct agent *,
                      const struct resources *total);

/* The agent at that UPID is not wanted. */
void agents_send_shutdown(struct master *, const struct upid *,
                          const char *text);

/* Has the agent kill a task that we do not know, or have given up. */
void agents_kill_task(struct master *, const struct agent *,
                      const char *framework_id, const char *task_id);

/* Tells all agents of a framework whose scheduler or info is new. */
void agents_update_framework(struct master *, const struct framework *);

/* --- frameworks.c --- */

void frameworks_on_subscribe(struct master *, const struct upid *from,
                             const Scheduler__Call__Subscribe *,
                             const V1__FrameworkID *);
void frameworks_on_deactivate(struct actor *, struct actor_msg *);
void frameworks_on_update(struct master *, struct framework *,
                          const Scheduler__Call__UpdateFramework *);

/* Its scheduler, at that UPID, is gone. */
rate_limited_fn frameworks_on_exited;
void frameworks_disconnected(struct master *, struct framework *);
void frameworks_remove(struct master *, struct framework *);

/* A framework that an agent knows and we do not. */
struct framework *frameworks_recover(struct master *,
                                     const V1__FrameworkInfo *);

/* An event for a framework: fill in 'root', then send.  What is sent to one
 * that is not connected is dropped. */
struct message *event_create(Scheduler__Event__Type, Scheduler__Event **root);
void framework_send(struct master *, struct framework *,
                    struct message **event);
void framework_send_error(struct master *, const struct upid *,
                          const char *text);

/* All that is known of its roles: which are suppressed, and nothing of those
 * that it has left. */
void framework_note_roles(struct framework *, char *const *suppressed_roles,
                          size_t n_suppressed_roles);

/* --- calls.c --- */

actor_handler_fn calls_on_call;

/* "Dropping ACCEPT call from framework ...: why". */
void call_drop(struct master *, const Scheduler__Call *,
               const struct upid *from, const char *why);

/* --- accept.c --- */

/* 'message' is the call. */
void accept_on_call(struct master *, struct framework *,
                    struct message *message, const Scheduler__Call__Accept *);

/* --- offers.c --- */

actor_handler_fn offers_on_allocated;

/* The ways of an offer to end.  'refuse_seconds' as in allocator.h. */
void offer_rescind(struct master *, struct offer *);
void offer_discard(struct master *, struct offer *, double refuse_seconds);

/* Ends the offer without giving anything back: its resources are the
 * caller's, in '*ret'. */
void offer_take(struct master *, struct offer *, struct resources *ret);

/* Where the agent can be asked; in 'm'. */
V1__URL *agent_url(const struct agent *, struct message *m);

/* --- tasks.c --- */

actor_handler_fn tasks_on_update;

/* A status that the master itself makes. */
struct task_notice {
    const char *task_id;
    const char *agent_id;       /* NULL: none */
    const char *executor_id;    /* NULL: none */
    V1__TaskState state;
    int reason;                 /* V1__TaskStatus__Reason; -1: none */
    const char *text;
    int64_t unreachable_ns;     /* wall clock; 0: not set */
};

/* An UPDATE event with it; '*ret_status' is inside. */
struct message *task_notice_event(struct master *, const struct task_notice *,
                                  V1__TaskStatus **ret_status);
void task_notify(struct master *, struct framework *,
                 const struct task_notice *);

/* 'partition_state' for frameworks that know about partitions, TASK_LOST for
 * the others. */
V1__TaskState partition_state(const struct framework *,
                              V1__TaskState partition_state);

/* A task of the framework more (or less) in a state; terminal ones are
 * counted for ever. */
void tasks_count(struct master *, struct framework *, int state, int sign);

/* A new task that was launched, or that an agent reported: counts what it
 * uses, unless it is over. */
void tasks_add(struct master *, struct framework *, struct agent *,
               struct task *);

/* A new status. */
void task_update(struct master *, struct task *, const V1__TaskStatus *,
                 V1__TaskState latest_state);

/* Makes a notice of a task's end or loss, applies it, and sends it on. */
void task_end(struct master *, struct task *, V1__TaskState, int reason,
              const char *text, int64_t unreachable_ns);

/* Takes the task from its agent and puts it to the completed ones, or to the
 * unreachable ones. */
void task_complete(struct master *, struct task *);
void task_set_unreachable(struct master *, struct task *);

/* What becomes of an unreachable task: it is known to run after all, or its
 * framework is removed, which 'status' says. */
void task_forget_unreachable(struct master *, struct framework *,
                             struct task *);
void task_complete_unreachable(struct master *, struct framework *,
                               struct task *, const V1__TaskStatus *status);

void tasks_reconcile(struct master *, struct framework *,
                     const Scheduler__Call__Reconcile *);
void tasks_reconcile_one(struct master *, struct framework *,
                         const char *task_id, const char *agent_id);

/* --- agent_update.c --- */

actor_handler_fn agents_on_update;

/* --- operation_apply.c --- */

struct operation_rules;
struct resource_conversion;

/* Fills in what of the rules is the agent's; both sums have to live as long as
 * the rules. */
void operation_rules_of_agent(const struct agent *, struct operation_rules *,
                              struct resources *checkpointed,
                              struct resources *used);

/* What the agent has in all changes; the conversions are without allocation
 * role. */
void agent_convert_total(struct master *, struct agent *,
                         const struct resource_conversion *, size_t n);

/* Takes back offers of the agent with one of these volumes in it. */
void agent_rescind_volumes(struct master *, struct agent *,
                           const struct resources *volumes);

/* --- operations.c --- */

actor_handler_fn operations_on_update;

/* Has the agent do what was done to its resources here, and remembers it until
 * the outcome is acknowledged.  'framework_id' NULL: an operator's; 'info' is
 * inside 'message'. */
void operation_send(struct master *, struct agent *, const char *framework_id,
                    struct message *message, const V1__Offer__Operation *info);

/* A status that the master itself makes, and nobody acknowledges.  'agent_id'
 * and 'text' may be NULL. */
void operation_notify(struct master *, struct framework *,
                      const char *operation_id, V1__OperationState,
                      const char *text, const char *agent_id);

void operations_acknowledge(struct master *, struct framework *,
                            const Scheduler__Call__AcknowledgeOperationStatus
                                *);
void operations_reconcile(struct master *, struct framework *,
                          const Scheduler__Call__ReconcileOperations *);

/* The agent is back, and says which operations it knows of. */
void operations_take_report(struct master *, struct agent *,
                            V1__Operation *const *, size_t n);

/* The agent is gone; frameworks are told 'state' of their operations there. */
void operations_lose_agent(struct master *, struct agent *,
                           V1__OperationState, const char *text);

/* Nobody will acknowledge them any more. */
void operations_lose_framework(struct master *, const struct framework *);

/* --- http.c --- */

void master_add_routes(struct master *);

#endif /* MASTER_PRIVATE_H */
