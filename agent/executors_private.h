/* SPDX-License-Identifier: Apache-2.0
 *
 * executors_private.h - what executors.c, executor_calls.c and executor_end.c
 * have of each other.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_EXECUTORS_PRIVATE_H
#define AGENT_EXECUTORS_PRIVATE_H 1

#include "agent/records.h"

struct agent;
struct upid;

/* Keeps the metrics, too. */
void executors_set_state(struct agent *, struct executor *,
                         enum executor_state);

/* NULL if there is none. */
struct executor *executors_find(const struct agent *,
                                const char *framework_id,
                                const char *executor_id);

/* The one that lives in that container; NULL if there is none. */
struct executor *executors_find_container(const struct agent *,
                                          const char *framework_id,
                                          const char *executor_id,
                                          const char *container_id);

/* Tells whoever is there to end. */
void executors_send_shutdown(struct agent *, const struct upid *to);

/* Its process is gone, with 'status' as of waitpid() (-1: not known), or was
 * never started; its tasks end with it. */
void executors_ended(struct agent *, struct executor *, int status);

#endif /* AGENT_EXECUTORS_PRIVATE_H */
