/* SPDX-License-Identifier: Apache-2.0
 *
 * task_state.h - the states of a task and the moves between them.
 *
 * States are plain numbers here, for they come from peers: one that is none of
 * V1__TaskState is neither terminal nor may it follow.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_TASK_STATE_H
#define MODEL_TASK_STATE_H 1

#include <stdbool.h>

/* "TASK_RUNNING"; "TASK_UNKNOWN" for a number that is no state. */
const char *task_state_name(int state);

/* The task is over, and its resources are free. */
bool task_state_is_terminal(int state);

/* Whether a task in state 'from' may be seen in state 'to' next.  Staying is a
 * move: updates without a new state are usual.  Terminal states are left for
 * no other, except that a lost or unreachable task may come back. */
bool task_state_may_follow(int from, int to);

/* Whether 'state' is one of V1__TaskState. */
bool task_state_is_known(int state);

#endif /* MODEL_TASK_STATE_H */
