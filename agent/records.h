/* SPDX-License-Identifier: Apache-2.0
 *
 * records.h - what an agent knows: frameworks, their executors, their tasks.
 *
 * Native records that live as long as the thing they stand for, and for a
 * while after it: an executor keeps the last tasks it completed, a framework
 * its last executors, for the endpoints.
 *
 * A framework owns its executors, an executor its tasks; each points back to
 * its owner.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_RECORDS_H
#define AGENT_RECORDS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/actor.h>
#include <actor/table.h>
#include <actor/uuid.h>
#include <actor/vec.h>

#include "model/resources.h"

struct executor;
struct framework;
struct message;
struct V1__ExecutorInfo;
struct V1__FrameworkInfo;
struct V1__Resource;
struct V1__Task;
struct V1__TaskInfo;
struct V1__TaskStatus;

/* --- tasks --- */

enum task_place {
    TASK_QUEUED,                /* not handed to its executor yet */
    TASK_LAUNCHED,
    TASK_TERMINATED,            /* over; its last update is not acknowledged */
    TASK_COMPLETED,             /* kept for the endpoints */
};

/* A state that the task was in. */
struct task_status {
    int state;                  /* enum V1__TaskState */
    double timestamp;           /* wall-clock seconds */
    int healthy;                /* 0 or 1; -1: nobody said */

    /* Counted; a TaskStatus with its container's status, the status of its
     * check and its labels; NULL: it has none. */
    struct message *extra;
};

struct task {
    char *id;                   /* owned */
    char *name;                 /* owned */
    struct executor *executor;  /* borrowed */
    enum task_place place;
    int state;                  /* the newest; enum V1__TaskState */
    struct resources resources;

    /* The update that is under way to the master. */
    bool has_update;
    int update_state;
    struct uuid update_uuid;

    VEC(struct task_status) statuses;

    /* Owned; the container that it has inside of its executor's; NULL: none
     * of its own. */
    char *container_id;

    /* Labels, discovery, container and so on, as a Task message; NULL: there
     * are none. */
    struct message *extra;      /* counted */

    /* The order it came with, until its executor is known to have it; 'info'
     * points into it. */
    struct message *order;      /* counted; NULL afterwards */
    const struct V1__TaskInfo *info;

    /* Not handed on before this is durable; 0: it is. */
    uint64_t checkpoint;
    struct message *kill;       /* counted; an order that waits for the
                                 * executor to come back; NULL: none */

    /* Members of a task group are handed on, or killed, together; 0: it is on
     * its own. */
    unsigned group;
    UT_hash_handle hh;
};

/* A queued task; 'order' is kept by reference, 'info' lies in it. */
struct task *record_task_create(struct executor *,
                                const struct V1__TaskInfo *info,
                         struct message *order);
void record_task_destroy(struct task *);

/* Takes the state of an update. */
void record_task_update(struct task *, const struct V1__TaskStatus *);

/* It is on its way to the executor. */
void record_task_delivered(struct task *);

/* Drops the order: the executor has it. */
void record_task_received(struct task *);

/* The task as the master wants it, made in 'm'. */
struct V1__Task *record_task_encode(const struct task *, struct message *m,
                                    const char *agent_id);

/* --- executors --- */

enum executor_state {
    EXECUTOR_REGISTERING,
    EXECUTOR_RUNNING,
    EXECUTOR_TERMINATING,
    EXECUTOR_TERMINATED,
};

struct executor {
    char *id;                   /* owned */
    char *container_id;         /* owned */
    char *directory;            /* owned; its sandbox */
    struct actor_system *shown_by;      /* borrowed; sandbox_files.h */
    struct framework *framework;        /* borrowed */

    /* Counted; root: ExecutorInfo.  A completed executor keeps it for its
     * labels only, and else has NULL here: the rest is what follows. */
    struct message *info;
    char *name;                 /* owned */
    char *source;               /* owned */
    char *role;                 /* owned; that its resources are for */
    int type;                   /* enum V1__ExecutorInfo__Type; -1: none */
    struct resources resources; /* without those of its tasks */
    bool is_command;            /* made by us for a command task */
    bool has_been_sent_task;

    /* It is from before our restart and has not come back yet. */
    bool is_recovered;
    enum executor_state state;
    struct upid upid;           /* empty until it subscribes */

    /* Whether the link has not broken since.  If it has, another executor may
     * be at that address by now. */
    bool is_connected;
    pid_t pid;                  /* 0: not known */
    int64_t grace_ns;           /* between asking it to end and killing it */
    struct actor_timer registration_timer;
    struct actor_timer shutdown_timer;

    /* Why we end it, for the updates of its tasks; NULL: the usual. */
    const char *failure;        /* a literal, or 'failure_text' */
    char *failure_text;         /* owned */
    int failure_reason;         /* enum V1__TaskStatus__Reason */
    bool is_lost;               /* its tasks are gone rather than failed */

    struct task *tasks;         /* owned; a table, in order of arrival */
    VEC(struct task *) completed;       /* owned; oldest first */
    UT_hash_handle hh;
};

#define EXECUTOR_COMPLETED_TASKS_MAX 200

/* An executor that registers; keeps 'info' by reference. */
struct executor *record_executor_create(struct framework *,
                                        struct message *info,
                                 const char *container_id,
                                 const char *directory);

/* Its timers must not be armed. */
void record_executor_destroy(struct executor *);

/* NULL for a completed executor without labels. */
const struct V1__ExecutorInfo *record_executor_info(const struct executor *);

/* The role that resources are allocated to; "*" if they are to none. */
const char *record_allocation_role(struct V1__Resource *const *, size_t n);

/* Whether a task is not over, or its last update not acknowledged. */
bool record_executor_has_incomplete_tasks(const struct executor *);

/* Whether it has had this task, which is over and acknowledged. */
bool record_executor_has_completed(const struct executor *,
                                   const char *task_id);
bool record_executor_has_queued_tasks(const struct executor *);

/* Moves the task to the completed ones. */
void record_executor_complete_task(struct executor *, struct task *);

/* "'<id>' of framework <fid> at <upid>", as log lines have it. */
#define EXECUTOR_TEXT_SIZE 1024
const char *record_executor_text(const struct executor *,
                                 char buffer[EXECUTOR_TEXT_SIZE]);
#define EXECUTOR_TEXT(e) \
    record_executor_text((e), (char[EXECUTOR_TEXT_SIZE]) {0})
const char *record_executor_state_name(enum executor_state);

/* --- frameworks --- */

struct framework {
    char *id;                   /* owned */
    char *pid;                  /* owned; its scheduler's UPID; NULL: HTTP */
    struct message *info;       /* counted; root: FrameworkInfo */
    bool is_terminating;
    struct executor *executors; /* owned; a table */
    VEC(struct executor *) completed;   /* owned; oldest first */
    unsigned n_groups;          /* task groups so far */

    /* Updates of tasks that have no record here, for they were refused, and
     * that nobody has acknowledged yet. */
    unsigned n_refused;
    UT_hash_handle hh;
};

/* Clones 'info', which has an id. */
struct framework *
record_framework_create(const struct V1__FrameworkInfo *info);
void record_framework_destroy(struct framework *);

const struct V1__FrameworkInfo *
record_framework_info(const struct framework *);
void record_framework_set_info(struct framework *,
                               const struct V1__FrameworkInfo *);

/* 'pid' may be NULL, or empty, which is the same. */
void record_framework_set_pid(struct framework *, const char *pid);

/* Whether it declares the capability (an enum of FrameworkInfo). */
bool record_framework_has_capability(const struct framework *, int capability);

/* Moves the executor to the completed ones, of which 'max' are kept. */
void record_framework_complete_executor(struct framework *, struct executor *,
                                        size_t max);

/* --- tables (records_table.c) --- */

struct framework *records_find_framework(struct framework *const *table,
                                         const char *id);
void records_add_framework(struct framework **table, struct framework *);
void records_remove_framework(struct framework **table, struct framework *);

struct executor *records_find_executor(const struct framework *,
                                       const char *id);
void records_add_executor(struct framework *, struct executor *);
void records_remove_executor(struct framework *, struct executor *);
size_t records_count_executors(const struct framework *);

struct task *records_find_task(const struct executor *, const char *id);
void records_add_task(struct executor *, struct task *);
void records_remove_task(struct executor *, struct task *);
size_t records_count_tasks(const struct executor *);

/* In order of insertion; the current one may be removed meanwhile. */
#define records_foreach(HEAD, IT) \
    for (__typeof__(*(HEAD)) *IT = (HEAD), \
             *IT##_next = IT ? IT->hh.next : NULL; \
         IT; \
         IT = IT##_next, IT##_next = IT ? IT->hh.next : NULL)

#endif /* AGENT_RECORDS_H */
