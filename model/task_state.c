/* SPDX-License-Identifier: Apache-2.0
 *
 * task_state.c - a table of task states with their successors as bit sets.
 *
 * Thread: constants only. */
#include <config.h>

#include "model/task_state.h"

#include <stdint.h>

#include <actor/compiler.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define BIT(state) (UINT32_C(1) << V1__TASK_STATE__##state)

/* How a task may end as far as its executor and agent say. */
#define ENDS \
    (BIT(TASK_FINISHED) | BIT(TASK_FAILED) | BIT(TASK_KILLED) \
     | BIT(TASK_ERROR) | BIT(TASK_LOST) | BIT(TASK_DROPPED) \
     | BIT(TASK_GONE))

/* What the master says of a task whose agent it does not hear. */
#define UNHEARD \
    (BIT(TASK_UNREACHABLE) | BIT(TASK_GONE_BY_OPERATOR) | BIT(TASK_UNKNOWN))

#define ALIVE \
    (BIT(TASK_STAGING) | BIT(TASK_STARTING) | BIT(TASK_RUNNING) \
     | BIT(TASK_KILLING))

struct state {
    const char *name;
    bool is_terminal;
    uint32_t successors;
};

#define STATE(NAME, IS_TERMINAL, SUCCESSORS) \
    [V1__TASK_STATE__##NAME] = { #NAME, IS_TERMINAL, \
                                 BIT(NAME) | (SUCCESSORS) }

static const struct state states[] = {
    STATE(TASK_STAGING, false, ALIVE | ENDS | UNHEARD),
    STATE(TASK_STARTING, false,
          BIT(TASK_RUNNING) | BIT(TASK_KILLING) | ENDS | UNHEARD),
    STATE(TASK_RUNNING, false, BIT(TASK_KILLING) | ENDS | UNHEARD),
    STATE(TASK_KILLING, false, ENDS | UNHEARD),
    STATE(TASK_FINISHED, true, 0),
    STATE(TASK_FAILED, true, 0),
    STATE(TASK_KILLED, true, 0),
    STATE(TASK_ERROR, true, 0),
    STATE(TASK_DROPPED, true, 0),
    STATE(TASK_GONE, true, 0),
    STATE(TASK_GONE_BY_OPERATOR, true, 0),

    /* TASK_LOST is also what frameworks that are not partition aware are told
     * of unreachable tasks, which may turn out to be alive. */
    STATE(TASK_LOST, true, ALIVE | ENDS | UNHEARD),
    STATE(TASK_UNREACHABLE, false, ALIVE | ENDS | UNHEARD),
    STATE(TASK_UNKNOWN, false, ALIVE | ENDS | UNHEARD),
};

bool
task_state_is_known(int state)
{
    return state >= 0 && (size_t) state < ARRAY_SIZE(states)
           && states[state].name;
}

const char *
task_state_name(int state)
{
    return task_state_is_known(state) ? states[state].name : "TASK_UNKNOWN";
}

bool
task_state_is_terminal(int state)
{
    return task_state_is_known(state) && states[state].is_terminal;
}

bool
task_state_may_follow(int from, int to)
{
    if (!task_state_is_known(from) || !task_state_is_known(to)) {
        return false;
    }
    return (states[from].successors & (UINT32_C(1) << to)) != 0;
}
