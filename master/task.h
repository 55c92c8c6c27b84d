/* SPDX-License-Identifier: Apache-2.0
 *
 * task.h - what the master keeps of a task.
 *
 * A task is in its framework's table of tasks until its last update has been
 * acknowledged, and in its agent's list as long; then it moves to the list of
 * the completed, or, when its agent is lost, of the unreachable tasks of the
 * framework.  What only the HTTP endpoints show is kept as JSON text.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_TASK_H
#define MASTER_TASK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>

#include "master/text.h"
#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct agent;
struct framework;

/* One run of updates of the same state. */
struct task_status {
    double timestamp;
    struct text *container_status;      /* JSON, counted; NULL: none */
    struct text *labels;                /* JSON, counted; NULL: none */
    struct text *check_status;          /* JSON, counted; NULL: none */
    uint8_t state;                      /* V1__TaskState */
    int8_t healthy;                     /* -1: not said */
};

/* What few tasks have; JSON but for 'user'; each owned, NULL: none. */
struct task_extra {
    char *user;
    char *limits;
    char *labels;
    char *discovery;
    char *container;
    char *health_check;
};

#define TASK_UUID_SIZE 16

struct task {
    UT_hash_handle hh;          /* in the framework's tasks */
    struct task *prev, *next;   /* in one list: see above */
    struct framework *framework;        /* borrowed; outlives us */
    struct agent *agent;        /* borrowed; NULL: not in its list any more */
    struct text *agent_id;      /* counted */
    struct text *role;          /* counted */
    char *id;                   /* owned; the key */
    char *name;                 /* owned, or 'id' itself */
    char *executor_id;          /* owned; NULL: a command task */
    struct resources resources; /* allocated to 'role' */
    struct task_status *statuses;       /* owned */
    struct task_extra *extra;   /* owned; NULL: none */
    uint16_t n_statuses;
    uint8_t state;              /* V1__TaskState: the latest we know */
    bool killed;                /* a kill has to reach the agent */
    bool holds_resources;       /* they count as used */

    /* The last update that was sent on to the framework. */
    bool has_sent_status;
    uint8_t sent_state;
    uint8_t sent_uuid[TASK_UUID_SIZE];
};

/* A task as a framework launches it, in state STAGING. */
struct task *task_create_from_info(const V1__TaskInfo *,
                                   const char *command_user,
                                   const struct resources *, const char *role);

/* A task as an agent reports it; 'role' is that of its resources. */
struct task *task_create_from_task(const V1__Task *, const struct resources *,
                                   const char *role);
void task_destroy(struct task *);

/* Puts the status into the history: it takes the place of the last one if
 * that has the same state. */
void task_add_status(struct task *, const V1__TaskStatus *);

/* Remembers what was sent to the framework. */
void task_note_sent(struct task *, V1__TaskState, const uint8_t *uuid);

#endif /* MASTER_TASK_H */
