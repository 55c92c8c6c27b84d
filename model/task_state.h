/* SPDX-License-Identifier: Apache-2.0
 *
 * task_state.h - the states of a task.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_TASK_STATE_H
#define MODEL_TASK_STATE_H 1

#include <stdbool.h>

/* Whether a task in 'state' (enum V1__TaskState) is over: nothing follows. */
bool task_state_is_terminal(int state);

/* "TASK_RUNNING"; "TASK_UNKNOWN" for numbers that are no state. */
const char *task_state_name(int state);

#endif /* MODEL_TASK_STATE_H */
