/* SPDX-License-Identifier: Apache-2.0
 *
 * state_json.h - what the master knows, as its legacy endpoints show it.
 *
 * Functions that end in _members write into an object that is open already.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_STATE_JSON_H
#define MASTER_STATE_JSON_H 1

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct agent;
struct framework;
struct json_writer;
struct master;
struct task;

/* --- state_json.c --- */

void state_write_json(struct master *, struct json_writer *);
void state_summary_write_json(struct master *, struct json_writer *);

/* --- agents_json.c --- */

/* Member "recovered_slaves"; NULL: all agents. */
void agents_write_recovered(const struct master *, struct json_writer *,
                            const char *agent_id);

/* NULL: all agents. */
void agents_write_json(struct master *, struct json_writer *,
                       const char *agent_id);
void agent_write_members(struct json_writer *, const struct agent *);

/* --- frameworks_json.c --- */

/* NULL: all frameworks.  The members are "frameworks" and
 * "completed_frameworks". */
void frameworks_write_json(struct master *, struct json_writer *,
                           const char *framework_id);
void frameworks_write_members(struct master *, struct json_writer *,
                              const char *framework_id);

/* As in /state-summary: what it is and has, nothing of its tasks. */
void framework_write_members(struct master *, struct json_writer *,
                             const struct framework *);

/* --- tasks_json.c --- */

struct tasks_query {
    size_t limit;
    size_t offset;
    bool ascending;
    const char *framework_id;   /* NULL: all */
    const char *task_id;        /* NULL: all */
};

void tasks_write_json(struct master *, struct json_writer *,
                      const struct tasks_query *);
void task_write_json(struct json_writer *, const struct task *);

/* Whether a request for 'wanted', NULL for all, means 'id'. */
static inline bool
id_is_wanted(const char *wanted, const char *id)
{
    return !wanted || !strcmp(wanted, id);
}

#endif /* MASTER_STATE_JSON_H */
