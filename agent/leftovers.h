/* SPDX-License-Identifier: Apache-2.0
 *
 * leftovers.h - which directories the agent's garbage collection gets, and
 * when.
 *
 * Of an executor that ended its run and the executor's own directory, of a
 * framework without executors its directory, of earlier agents all they have;
 * each below the work directory and below meta/.  A new run takes the
 * directories it lies in back.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_LEFTOVERS_H
#define AGENT_LEFTOVERS_H 1

#include <stdbool.h>

struct agent;
struct executor;
struct framework;

/* They have ended just now. */
void leftovers_schedule_executor(struct agent *, const struct executor *);
void leftovers_schedule_framework(struct agent *, const struct framework *);

/* The agent has its id: others are of earlier agents. */
void leftovers_schedule_agents(struct agent *);

/* The executor is about to run.  False: directories it needs are being moved
 * away; see gc_wait(). */
bool leftovers_unschedule(struct agent *, const struct executor *);

#endif /* AGENT_LEFTOVERS_H */
