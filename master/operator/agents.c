/* SPDX-License-Identifier: Apache-2.0
 *
 * agents.c - calls about how agents stand. */
#include <config.h>

#include <actor/duration.h>

#include "master/operator/operator.h"

static void
answer(void *call, int status, const char *text)
{
    operator_answer(call, status, text);
}

void
operator_mark_agent_gone(struct master *m, struct operator_call *call)
{
    const struct agents_answer when_done = { answer, call };

    agents_mark_gone(m, call->in->mark_agent_gone->agent_id->value,
                     &when_done);
}

/* In nanoseconds, or -1 if it is negative.  The call has one of protobuf's own
 * durations, of seconds up to some 10,000 years. */
static int64_t
read_duration(const Google__Protobuf__Duration *in)
{
    if (in->seconds < 0 || in->nanos < 0) {
        return -1;
    }
    return in->seconds >= INT64_MAX / SECOND
               ? INT64_MAX : in->seconds * SECOND + in->nanos % SECOND;
}

void
operator_drain_agent(struct master *m, struct operator_call *call)
{
    const Master__Call__DrainAgent *in = call->in->drain_agent;
    const struct agents_answer when_done = { answer, call };
    V1__DrainConfig config = V1__DRAIN_CONFIG__INIT;
    V1__DurationInfo grace = V1__DURATION_INFO__INIT;

    if (in->max_grace_period) {
        grace.nanoseconds = read_duration(in->max_grace_period);
        if (grace.nanoseconds < 0) {
            operator_answer(call, 400, "Failed to validate master::Call: "
                            "Expecting 'max_grace_period' to be "
                            "non-negative");
            return;
        }
        config.max_grace_period = &grace;
    }
    config.has_mark_gone = true;
    config.mark_gone = in->mark_gone;
    agents_drain(m, in->agent_id->value, &config, &when_done);
}

void
operator_deactivate_agent(struct master *m, struct operator_call *call)
{
    const struct agents_answer when_done = { answer, call };

    agents_deactivate(m, call->in->deactivate_agent->agent_id->value,
                      &when_done);
}

void
operator_reactivate_agent(struct master *m, struct operator_call *call)
{
    const struct agents_answer when_done = { answer, call };

    agents_reactivate(m, call->in->reactivate_agent->agent_id->value,
                      &when_done);
}
