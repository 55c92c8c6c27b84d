/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_stage.h - an agent, S0, between puppets: its master, and whoever
 * plays its executors.  Processes are only written down, the disk is real.
 *
 *     struct agent_stage s;
 *
 *     agent_stage_init(&s, NULL);
 *     agent_stage_run_task(&s, "t", "", "");
 *     agent_stage_subscribe(&s, "t");
 *     agent_stage_update(&s, "t", "t", "TASK_RUNNING", 1);
 *     ck_assert_uint_eq(agent_stage_n_statuses(&s), 1);
 *     agent_stage_fini(&s);
 *
 * Tasks are of framework F0, whose user is "nobody".
 *
 * Thread-safety: the test's thread only. */
#ifndef TESTS_LIB_AGENT_STAGE_H
#define TESTS_LIB_AGENT_STAGE_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/upid.h>

#include "agent/agent.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/puppet.h"

struct actor_system;
struct error;
struct fake_process;

struct agent_stage {
    struct fake_process *processes;     /* owned, as all here */
    struct actor_system *system;
    struct agent_flags flags;
    struct puppet *master;
    struct puppet *executor;
    struct upid agent;
    char *work_dir;
    char *flag;                 /* NULL: none but those of the stage */
};

/* The agent is registered; it gets the flag besides its own (NULL: none). */
void agent_stage_init(struct agent_stage *, const char *flag);
void agent_stage_fini(struct agent_stage *);

/* The agent dies: what it has written stays, and so do processes.  There are
 * no puppets then. */
void agent_stage_kill(struct agent_stage *);

/* And starts again, between new puppets at the old addresses.  After an error
 * there is nothing left to do but agent_stage_fini(). */
struct error *agent_stage_start(struct agent_stage *) MUST_CHECK;

/* Lets time pass. */
void agent_stage_advance(struct agent_stage *, int64_t ns);

/* --- the master --- */

void agent_stage_say_reregistered(struct agent_stage *);

/* A command task; both texts are JSON members that follow others, beginning
 * with a comma, or are empty. */
void agent_stage_run_task(struct agent_stage *, const char *id,
                          const char *framework, const char *task);

/* The master acknowledges update 'i' of those since it last forgot. */
void agent_stage_acknowledge(struct agent_stage *, size_t i);

/* Updates that the master was told of since then. */
size_t agent_stage_n_statuses(const struct agent_stage *);
const V1__TaskStatus *agent_stage_status(const struct agent_stage *,
                                         size_t i);

/* --- executors --- */

void agent_stage_subscribe(struct agent_stage *, const char *executor);

/* An update of the executor with a uuid of 16 times that byte. */
void agent_stage_update(struct agent_stage *, const char *executor,
                        const char *task, const char *state, uint8_t uuid);

/* The i-th event of the type that was sent to any executor; NULL if there is
 * none. */
const Executor__Event *agent_stage_event(const struct agent_stage *,
                                         Executor__Event__Type, size_t i);

/* The process started last ends. */
void agent_stage_exit(struct agent_stage *, int status);

/* --- the disk --- */

/* A path under <work_dir>/meta/slaves/S0; the caller frees it. */
char *agent_stage_path(const struct agent_stage *, const char *name);

#endif /* TESTS_LIB_AGENT_STAGE_H */
