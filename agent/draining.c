/* SPDX-License-Identifier: Apache-2.0
 *
 * draining.c - an agent that is to be empty.
 *
 * The master says so, and says it again whenever the agent comes back before
 * it has seen the end of it.  All tasks are killed, none of them with more
 * time to end than the operator allows; new ones are refused.  It is over when
 * nothing is left, no framework and no operation whose outcome somebody has
 * still to hear of; or when the master takes it back.  It outlives the
 * process: an agent that finds that it was draining kills again what is left.
 *
 * Unlike in Mesos, executors of frameworks that stay when their tasks have
 * ended are asked to end, too: otherwise the agent would never be empty, and
 * would refuse tasks for ever.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "agent/checkpoint/saved_state.h"
#include "agent/default_executor_command.h"
#include "agent/state.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* What our executors give a task whose kill policy does not say. */
#define GRACE_DEFAULT (3 * SECOND)

/* Of ids in a line of the log. */
#define IDS_TEXT_MAX 2048

static void begin(struct agent *, const V1__DrainConfig *);
static void end(struct agent *);
static void kill_all(struct agent *);
static bool is_ours(const struct executor *);
static void shut_down_idle(struct agent *, struct executor *);
static struct message *kill_order(const struct executor *,
                                  const struct task *,
                                  const V1__DrainConfig *);
static void log_begin(const struct agent *, const V1__DrainConfig *);

static const V1__DrainConfig *
config_of(const struct agent *agent)
{
    return agent->drain ? message_root(agent->drain) : NULL;
}

static bool
is_empty(const struct agent *agent)
{
    const struct agent_operations *o = &agent->operations;

    return !agent->frameworks && o->state.operations.n == 0 && !o->is_busy;
}

/* --- what the master says --- */

static void
take_order(struct agent *agent, struct message *message)
{
    const Internal__DrainAgent *order = message_root(message);

    if (!order->config) {
        if (agent->drain) {
            log_info("Agent was told to drain no more");
            end(agent);
        }
    } else if (agent->state != AGENT_RECOVERING
               && agent->state != AGENT_TERMINATING) {
        begin(agent, order->config);
    } else {
        log_warn("Ignoring drain message because the agent is %s",
                 agent_state_name(agent->state));
    }
}

void
on_drain_agent(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "drain message")) {
        agent_operations_in_line(agent, take_order, actor_msg_message(msg));
    }
}

static void
begin(struct agent *agent, const V1__DrainConfig *config)
{
    struct message *kept;

    log_begin(agent, config);
    if (is_empty(agent)) {
        return;
    }
    kept = message_clone(&config->base);
    message_unref(agent->drain);
    agent->drain = kept;
    agent->drain_start_wall_ns = actor_wall_now(&agent->base);
    checkpoints_drain(agent);
    kill_all(agent);
}

static void
end(struct agent *agent)
{
    message_unref(agent->drain);
    agent->drain = NULL;
    agent->drain_start_wall_ns = 0;
    checkpoints_drain(agent);
}

void
draining_check(struct agent *agent)
{
    if (agent->drain && agent->state != AGENT_RECOVERING && is_empty(agent)) {
        log_info("Agent finished draining");
        end(agent);
    }
}

/* --- after a restart --- */

void
draining_recover(struct agent *agent, const struct saved_state *saved)
{
    if (saved->drain) {
        agent->drain = message_ref(saved->drain);
        agent->drain_start_wall_ns = actor_wall_now(&agent->base);
    }
}

void
draining_replay(struct agent *agent)
{
    if (!agent->drain) {
        return;
    }
    log_info("Replaying in-process agent draining");
    if (!is_empty(agent)) {
        log_begin(agent, config_of(agent));
        kill_all(agent);
    }
    draining_check(agent);
}

/* --- killing --- */

static void
kill_all(struct agent *agent)
{
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (executor->state > EXECUTOR_RUNNING) {
                continue;
            }
            records_foreach (executor->tasks, task) {
                if (task->place == TASK_TERMINATED) {
                    continue;
                }
                struct message *order = kill_order(executor, task,
                                                   config_of(agent));

                launch_kill_any(agent, executor, task, order);
                message_unref(order);
            }
            shut_down_idle(agent, executor);
        }
    }
}

/* Whether we know how long it lets a task end. */
static bool
is_ours(const struct executor *executor)
{
    return executor->is_command
        || default_executor_is(record_executor_info(executor));
}

static void
shut_down_idle(struct agent *agent, struct executor *executor)
{
    if (executor->state != EXECUTOR_RUNNING || is_ours(executor)) {
        return;                 /* ours end by themselves */
    }
    records_foreach (executor->tasks, task) {
        if (task->place != TASK_TERMINATED) {
            return;
        }
    }
    executors_shutdown(agent, executor);
}

void
draining_task_ended(struct agent *agent, struct executor *executor)
{
    if (agent->drain) {
        shut_down_idle(agent, executor);
    }
}

/* What the task may take at the most; -1: what it would take anyway. */
static int64_t
bounded_grace(const struct executor *executor, const struct task *task,
              const V1__DrainConfig *config)
{
    const V1__Task *extra = task->extra ? message_root(task->extra) : NULL;
    const V1__KillPolicy *policy = extra ? extra->kill_policy : NULL;
    bool has_grace = policy && policy->grace_period;
    int64_t max;

    if (!config->max_grace_period) {
        return -1;
    }
    max = config->max_grace_period->nanoseconds;
    if (max < 0) {
        max = 0;
    }
    if (!has_grace && !is_ours(executor)) {
        return max;
    }
    return max < (has_grace ? policy->grace_period->nanoseconds
                            : GRACE_DEFAULT) ? max : -1;
}

static struct message *
kill_order(const struct executor *executor, const struct task *task,
           const V1__DrainConfig *config)
{
    struct message *m = message_create(&internal__kill_task__descriptor);
    Internal__KillTask *root = message_root(m);
    int64_t grace = bounded_grace(executor, task, config);

    root->framework_id = message_new(m, &v1__framework_id__descriptor);
    root->framework_id->value = message_strdup(m, executor->framework->id);
    root->task_id = message_new(m, &v1__task_id__descriptor);
    root->task_id->value = message_strdup(m, task->id);
    if (grace >= 0) {
        root->kill_policy = message_new(m, &v1__kill_policy__descriptor);
        root->kill_policy->grace_period =
            message_new(m, &v1__duration_info__descriptor);
        root->kill_policy->grace_period->nanoseconds = grace;
    }
    return m;
}

/* --- what is told of it --- */

/* A task that is over is gone with its agent, if that is what becomes of it.
 * (Mesos says so already of one that is being killed, which is too early.) */
void
draining_adjust(const struct agent *agent, const struct framework *framework,
                struct V1__TaskStatus *status)
{
    if (!agent->drain
        || (status->state != V1__TASK_STATE__TASK_KILLING
            && status->state != V1__TASK_STATE__TASK_KILLED)) {
        return;
    }
    status->has_reason = true;
    status->reason = V1__TASK_STATUS__REASON__REASON_AGENT_DRAINING;
    if (status->state == V1__TASK_STATE__TASK_KILLED
        && config_of(agent)->mark_gone && framework
        && record_framework_has_capability(
            framework,
            V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE)) {
        status->state = V1__TASK_STATE__TASK_GONE_BY_OPERATOR;
    }
}

void
draining_write_json(const struct agent *agent, struct json_writer *w)
{
    if (agent->drain) {
        json_key(w, "drain_config");
        message_write_json(&config_of(agent)->base, w);
        json_member_double(w, "estimated_drain_start_time_seconds",
                           (double) agent->drain_start_wall_ns / 1e9);
    }
}

/* "{ framework: { task, task } }" of those in a place. */
static void
append_tasks(const struct agent *agent, enum task_place place,
             struct strbuf *text)
{
    unsigned n_frameworks = 0;

    strbuf_append(text, "{");
    records_foreach (agent->frameworks, framework) {
        unsigned n_tasks = 0;

        records_foreach (framework->executors, executor) {
            records_foreach (executor->tasks, task) {
                if (task->place != place) {
                    continue;
                }
                if (n_tasks == 0) {
                    strbuf_printf(text, "%s %s: { ",
                                  n_frameworks++ > 0 ? "," : "",
                                  framework->id);
                }
                strbuf_printf(text, "%s%s", n_tasks++ > 0 ? ", " : "",
                              task->id);
            }
        }
        strbuf_append(text, n_tasks > 0 ? " }" : "");
    }
    strbuf_append(text, n_frameworks > 0 ? " }" : "}");
}

static void
append_operations(const struct agent *agent, struct strbuf *text)
{
    const struct resource_state *state = &agent->operations.state;

    for (size_t i = 0; i < state->operations.n; i++) {
        const V1__Operation *op = message_root(state->operations.data[i]);
        struct uuid uuid = { .bytes = { 0 } };

        error_drop(uuid_from_bytes(op->uuid->value.data, op->uuid->value.len,
                                   &uuid));
        strbuf_printf(text, "%s%s", i > 0 ? ", " : "", UUID_TEXT(&uuid));
    }
}

static void
log_begin(const struct agent *agent, const V1__DrainConfig *config)
{
    const V1__DrainConfig *before = config_of(agent);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) old = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) what = STRBUF(IDS_TEXT_MAX);

    message_encode_json(&config->base, &text);
    if (before && before != config) {
        message_encode_json(&before->base, &old);
    }
    if (is_empty(agent)) {
        log_info("Received DrainConfig %s%s%s; agent has no stored "
                 "frameworks, tasks, or operations, so draining is already "
                 "complete", text.data,
                 old.len > 0 ? "; previously stored DrainConfig " : "",
                 old.len > 0 ? old.data : "");
        return;
    }
    /* Nothing is pending here: an order is queued, or waits its turn. */
    strbuf_append(&what, "{}, ");
    append_tasks(agent, TASK_QUEUED, &what);
    strbuf_append(&what, ", ");
    append_tasks(agent, TASK_LAUNCHED, &what);
    strbuf_append(&what, ", [ ");
    append_operations(agent, &what);
    strbuf_append(&what, " ]");
    log_info("Initiating drain with DrainConfig %s%s%s; agent has (pending "
             "tasks, queued tasks, launched tasks, operations) == (%s)",
             text.data, old.len > 0 ? "; overwriting previous DrainConfig "
                                    : "",
             old.len > 0 ? old.data : "", what.data);
}
