/* SPDX-License-Identifier: Apache-2.0
 *
 * framework_table.h - frameworks, by id and by the UPID of their scheduler,
 * with their tasks.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_FRAMEWORK_TABLE_H
#define MASTER_FRAMEWORK_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/table.h>
#include <actor/upid.h>
#include <actor/vec.h>

#include "master/task.h"
#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct framework_metrics;
struct inverse_offer;
struct message;
struct metric;
struct metrics;
struct Scheduler__OfferConstraints;
struct offer;

enum framework_state {
    FRAMEWORK_RECOVERED,        /* known from agents only */
    FRAMEWORK_CONNECTED,
    FRAMEWORK_DISCONNECTED,
};

/* A list of tasks with its length; 'first->prev' is the last. */
struct task_list {
    struct task *first;
    size_t n;
};

struct framework {
    UT_hash_handle hh;          /* by id; or in the list of the completed */
    UT_hash_handle hh_pid;
    char *id;                   /* owned; the key */
    char *text;                 /* owned; "id (name) at pid", for logs */
    struct message *info_message;       /* counted; root is 'info' */
    V1__FrameworkInfo *info;
    struct message *constraints;        /* counted; OfferConstraints; NULL */
    struct upid pid;            /* key of hh_pid while 'has_pid' */
    char pid_text[UPID_TEXT_SIZE];
    bool has_pid;
    VEC(struct upid) former;    /* schedulers that were replaced; newest last */
    enum framework_state state;
    bool active;                /* may be offered something */
    bool is_multi_role;
    bool is_partition_aware;
    bool wants_gpus;

    struct task *tasks;         /* table */
    struct text *task_role;     /* counted; of the task added last */
    struct task_list completed;
    struct task_list unreachable;
    struct offer *offers;       /* list, by 'framework_next' */
    struct inverse_offer *inverse_offers;       /* likewise */

    double registered_time;
    double reregistered_time;
    double unregistered_time;   /* 0: still there */
    struct actor_timer failover_timer;

    /* Owned; NULL: not counted.  The latter two count for its principal, from
     * when its scheduler first came until it is removed. */
    struct metrics *metrics_registry;   /* borrowed */
    struct framework_metrics *metrics;
    struct metric *messages_received;
    struct metric *messages_processed;
};

struct frameworks {
    struct framework *by_id;
    struct framework *by_pid;
    struct framework *completed;        /* table by id, oldest first */
};

/* Takes 'info_message', whose root is a FrameworkInfo with an id. */
struct framework *framework_create(struct message *info_message);
void framework_destroy(struct framework *);

/* A new FrameworkInfo in place of the old one; takes it. */
void framework_set_info(struct framework *, struct message *info_message);

/* Which agents it wants offers of; copied.  NULL: all. */
void framework_set_constraints(struct framework *,
                               const struct Scheduler__OfferConstraints *);

/* Its roles: those of the info, or its single one. */
size_t framework_n_roles(const struct framework *);
const char *framework_role(const struct framework *, size_t i);
bool framework_has_role(const struct framework *, const char *role);
bool framework_has_capability(const struct framework *,
                              V1__FrameworkInfo__Capability__Type);

/* Has it counted for its principal in that registry; NULL: no more. */
void framework_count_messages(struct framework *, struct metrics *);

/* Whether that scheduler has been replaced by another one. */
bool framework_was_at(const struct framework *, const struct upid *);

/* --- the table --- */

struct framework *frameworks_find(const struct frameworks *, const char *id);
struct framework *frameworks_find_pid(const struct frameworks *,
                                      const struct upid *);
struct framework *frameworks_find_completed(const struct frameworks *,
                                            const char *id);
struct framework *frameworks_next(const struct frameworks *,
                                  const struct framework *);
size_t frameworks_count(const struct frameworks *);
void frameworks_add(struct frameworks *, struct framework *);

/* Sets, or with NULL clears, where the framework's scheduler is.  One that
 * another one replaces is remembered. */
void frameworks_set_pid(struct frameworks *, struct framework *,
                        const struct upid *);

/* Moves it to the completed ones, of which 'max_completed' are kept. */
void frameworks_complete(struct frameworks *, struct framework *,
                         size_t max_completed);
struct framework *frameworks_next_completed(const struct frameworks *,
                                            const struct framework *);
void frameworks_fini(struct frameworks *);

/* --- a framework's tasks --- */

struct task *framework_find_task(const struct framework *, const char *id);
struct task *framework_next_task(const struct framework *,
                                 const struct task *);
void framework_add_task(struct framework *, struct task *);

/* Takes the task out of the table; it is the caller's. */
void framework_take_task(struct framework *, struct task *);
size_t framework_n_tasks(const struct framework *);

/* --- lists of tasks --- */

/* Appends; at most 'max' stay, the oldest go. */
void task_list_push(struct task_list *, struct task *, size_t max);
struct task *task_list_find(const struct task_list *, const char *id);
void task_list_remove(struct task_list *, struct task *);
void task_list_fini(struct task_list *);

#endif /* MASTER_FRAMEWORK_TABLE_H */
