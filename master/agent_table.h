/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_table.h - registered agents, by id and by UPID, and those that are
 * out of reach.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_AGENT_TABLE_H
#define MASTER_AGENT_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/table.h>
#include <actor/upid.h>
#include <actor/uuid.h>

#include "master/framework_table.h"
#include "master/text.h"
#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct absence;
struct master;
struct message;
struct offer;
struct tracked_operation;

/* An executor that was launched for more than one command task. */
struct executor {
    struct executor *prev, *next;       /* in the agent's list */
    char *id;                   /* owned */
    struct framework *framework;        /* borrowed; outlives us */
    struct message *info_message;       /* counted; root is 'info' */
    const V1__ExecutorInfo *info;
    struct resources resources; /* allocated */
    char *role;                 /* owned; of the resources */
};

struct agent {
    UT_hash_handle hh;          /* by id */
    UT_hash_handle hh_pid;
    struct text *id;            /* counted; the key */
    char *text;                 /* owned; "id at pid (hostname)", for logs */
    struct master *master;      /* borrowed; for the timer */
    struct upid pid;
    char pid_text[UPID_TEXT_SIZE];      /* key of hh_pid */

    /* What it says of itself: without its resources, at hand, and whole, as
     * protobuf has it, for when it is compared. */
    struct message *message;    /* counted; root is 'info' */
    const V1__AgentInfo *info;
    void *whole_info;           /* owned */
    size_t whole_info_size;
    char *version;              /* owned */
    uint32_t capabilities;      /* bits, by type */

    bool connected;
    bool active;                /* may be offered */
    bool is_marking_drained;    /* the registry has been asked to */
    double drain_start_time;    /* when it was told to; 0: never */
    struct resources total;
    struct task_list tasks;
    struct executor *executors; /* list */
    struct offer *offers;       /* list, by 'agent_next' */
    struct tracked_operation *operations;       /* list */
    struct absence *absence;    /* owned (policy/); NULL: none is planned */

    /* Which state its resources are in; see ApplyOperation. */
    struct uuid resource_version;
    double registered_time;
    double reregistered_time;   /* 0: never */
    struct upid observer;
    struct actor_timer reregister_timer;        /* while disconnected */
};

/* An agent that stopped answering. */
struct lost_agent {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    int64_t time_ns;            /* wall clock */
};

struct agents {
    struct agent *by_id;
    struct agent *by_pid;
    struct lost_agent *unreachable;     /* table, oldest first */
};

/* Nothing but id and UPID is set. */
struct agent *agent_create(const char *id, const struct upid *);
void agent_destroy(struct agent *);

/* Takes over what the agent says of itself; all of it is copied. */
void agent_set_info(struct agent *, const V1__AgentInfo *,
                    V1__AgentInfo__Capability **, size_t n_capabilities,
                    const char *version);

/* Whether 'info' says the same. */
bool agent_has_info(const struct agent *, const V1__AgentInfo *info);

/* Its info with its resources; the caller unrefs the message. */
struct message *agent_whole_info(const struct agent *);

bool agent_has_capability(const struct agent *,
                          V1__AgentInfo__Capability__Type);

/* What tasks and executors hold, without allocation roles. */
void agent_used_resources(const struct agent *, struct resources *ret);

struct executor *agent_find_executor(const struct agent *,
                                     const struct framework *,
                                     const char *executor_id);
struct executor *agent_add_executor(struct agent *, struct framework *,
                                    const V1__ExecutorInfo *,
                                    const struct resources *,
                                    const char *role);
void agent_remove_executor(struct agent *, struct executor *);

/* --- the table --- */

struct agent *agents_find(const struct agents *, const char *id);
struct agent *agents_find_pid(const struct agents *, const struct upid *);
struct agent *agents_next(const struct agents *, const struct agent *);
size_t agents_count(const struct agents *);
void agents_add(struct agents *, struct agent *);
void agents_set_pid(struct agents *, struct agent *, const struct upid *);

/* Takes the agent out of the table; it is the caller's. */
void agents_take(struct agents *, struct agent *);
void agents_fini(struct agents *);

/* --- unreachable ones --- */

struct lost_agent *agents_find_unreachable(const struct agents *,
                                           const char *id);

/* At most 'max' are remembered, the oldest go. */
void agents_add_unreachable(struct agents *, const char *id, int64_t time_ns,
                            size_t max);
void agents_remove_unreachable(struct agents *, const char *id);
size_t agents_count_unreachable(const struct agents *);

#endif /* MASTER_AGENT_TABLE_H */
