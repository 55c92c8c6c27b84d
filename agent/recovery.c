/* SPDX-License-Identifier: Apache-2.0
 *
 * recovery.c - an agent takes up again what an agent before it left
 * (src/slave/slave.cpp of Mesos, Slave::recover and what follows).
 *
 * Records are made from what was saved; the containerizer looks which
 * executors still live, and kills what belongs to nobody; those that live are
 * asked to come back.  Recovery is over when the last of them has, or when the
 * time is up, which is the end of those that have not.
 *
 * A task that was on its way when the agent died is handed out exactly once:
 * its executor says which tasks it has, and gets those that it has not.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>

#include "agent/checkpoint/saved_state.h"
#include "agent/containerizer.h"
#include "agent/leftovers.h"
#include "agent/paths.h"
#include "agent/sandbox_files.h"
#include "agent/state.h"
#include "agent/status_update_manager.h"
#include "model/task_state.h"
#include "proto/cmesos/checkpoint.pb-c.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void recover_framework(struct agent *, const struct saved_state *,
                              const struct saved_framework *,
                              struct container_survivors *);
static struct executor *recover_executor(struct agent *, struct framework *,
                                         const struct saved_executor *);
static void recover_task(struct agent *, struct executor *,
                         const struct saved_task *);
static void add_survivor(struct container_survivors *,
                         const struct executor *, pid_t);
static void reconnect(struct agent *);
static void on_reconnect_again(struct actor *, void *);
static void on_recovery_timeout(struct actor *, void *);
static void finish(struct agent *);

/* --- records --- */

void
recovery_start(struct agent *agent, const struct saved_state *saved)
{
    struct container_survivors survivors = { .all = VEC_EMPTY };

    log_info("Finished recovering checkpointed state from '%s/meta', "
             "beginning agent recovery", agent->work_dir);
    agent->recovery_started = actor_now(&agent->base);
    if (saved->agent_id) {
        agent->id = xstrdup(saved->agent_id);
    }
    draining_recover(agent, saved);
    for (size_t i = 0; i < saved->frameworks.n; i++) {
        recover_framework(agent, saved, &saved->frameworks.data[i],
                          &survivors);
    }
    survivors.root = paths_slaves(agent->work_dir);
    containerizer_recover(&agent->base, &agent->containerizer, &survivors);
}

static void
recover_framework(struct agent *agent, const struct saved_state *state,
                  const struct saved_framework *saved,
                  struct container_survivors *survivors)
{
    struct framework *framework =
        record_framework_create(message_root(saved->info));

    log_info("Recovering framework %s", saved->id);
    record_framework_set_pid(framework, saved->pid);
    records_add_framework(&agent->frameworks, framework);
    agent_metrics_add(&agent->metrics.frameworks_active, 1);
    for (size_t i = 0; i < saved->executors.n; i++) {
        const struct saved_executor *it = &saved->executors.data[i];
        struct executor *executor = recover_executor(agent, framework, it);

        if (state->is_rebooted) {
            executor->is_lost = true;
            executor->failure = "Executor did not survive the reboot of its "
                                "host";
            executor->failure_reason = V1__TASK_STATUS__REASON__REASON_EXECUTOR_REREGISTRATION_TIMEOUT;
        }
        add_survivor(survivors, executor, state->is_rebooted ? -1 : it->pid);
    }
}

static struct executor *
recover_executor(struct agent *agent, struct framework *framework,
                 const struct saved_executor *saved)
{
    autofree char *directory =
        paths_sandbox(agent->work_dir, agent->id, framework->id, saved->id,
                      saved->container_id);
    struct executor *executor =
        record_executor_create(framework, saved->info, saved->container_id,
                               directory);

    log_info("Recovering executor '%s' of framework %s", saved->id,
             framework->id);
    executor->is_command = saved->is_command;
    executor->is_recovered = true;
    executor->upid = saved->upid;
    executor->grace_ns = executors_grace(agent,
                                         record_executor_info(executor));
    records_add_executor(framework, executor);
    agent_metrics_add_executor(&agent->metrics, executor->state, 1);
    agent_metrics_add_used(&agent->metrics, &executor->resources, 1);
    sandbox_files_show(actor_system_of(&agent->base), executor);
    for (size_t i = 0; i < saved->tasks.n; i++) {
        recover_task(agent, executor, &saved->tasks.data[i]);
    }
    return executor;
}

/* Whether the record says that the last update of the task is acknowledged. */
static bool
ends_stream(const struct task *task, const struct saved_task *saved,
            const Checkpoint__UpdateRecord *ack)
{
    if (!ack->has_acknowledged || task->place != TASK_TERMINATED) {
        return false;
    }
    vec_foreach (&saved->records, it) {
        const Checkpoint__UpdateRecord *record = message_root(*it);

        if (record->update && record->update->has_uuid &&
            record->update->uuid.len == ack->acknowledged.len &&
            memcmp(record->update->uuid.data, ack->acknowledged.data,
                   ack->acknowledged.len) == 0) {
            return task_state_is_terminal((int) record->update->status->state);
        }
    }
    return false;
}

static void
replay(struct task *task, const V1__TaskStatus *status)
{
    if (task->place == TASK_TERMINATED) {
        return;
    }
    record_task_update(task, status);
    record_task_received(task);
    task->place = task_state_is_terminal((int) status->state)
                      ? TASK_TERMINATED : TASK_LAUNCHED;
}

static void
recover_task(struct agent *agent, struct executor *executor,
             const struct saved_task *saved)
{
    const Checkpoint__Task *file = message_root(saved->info);
    struct task *task = record_task_create(executor, file->task, saved->info);
    bool is_over = false;

    task->group = file->group;
    if (task->group > executor->framework->n_groups) {
        executor->framework->n_groups = task->group;
    }
    records_add_task(executor, task);
    vec_foreach (&saved->records, it) {
        const Checkpoint__UpdateRecord *record = message_root(*it);

        if (record->update) {
            replay(task, record->update->status);
        }
        is_over |= ends_stream(task, saved, record);
    }
    executor->has_been_sent_task |= task->place != TASK_QUEUED;
    if (is_over) {
        record_executor_complete_task(executor, task);
        return;
    }
    if (task->place != TASK_TERMINATED) {
        agent_metrics_add_task(&agent->metrics, task->state, 1);
        agent_metrics_add_used(&agent->metrics, &task->resources, 1);
    }
    if (saved->records.n > 0) {
        status_update_manager_recover(&agent->base, &agent->status_updates,
                                      executor->framework->id, task->id,
                                      &saved->log, saved->records.data,
                                      saved->records.n);
    }
}

static void
add_survivor(struct container_survivors *survivors,
             const struct executor *executor, pid_t pid)
{
    struct container_survivor survivor = {
        .container_id = xstrdup(executor->container_id),
        .framework_id = xstrdup(executor->framework->id),
        .executor_id = xstrdup(executor->id),
        .sandbox = xstrdup(executor->directory),
        .pid = pid,
    };

    vec_push(&survivors->all, survivor);
}

/* --- executors --- */

/* Those that do not live any more have been told of as terminated. */
void
on_containers_recovered(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct agent *agent = (struct agent *) self;

    if (agent->state != AGENT_RECOVERING) {
        return;
    }
    log_info("Recovering executors");
    if (strcmp(agent->flags->recover, "cleanup") == 0) {
        agent_clean_up(agent);
        return;
    }
    reconnect(agent);
    actor_timer_start(self, &agent->recovery_timer,
                      agent->flags->executor_reregistration_timeout,
                      on_recovery_timeout, NULL);
    if (agent->flags->executor_reregistration_retry_interval > 0) {
        actor_timer_start(
            self, &agent->reconnect_timer,
            agent->flags->executor_reregistration_retry_interval,
            on_reconnect_again, NULL);
    }
    recovery_check(agent);
}

static void
send_reconnect(struct agent *agent, const struct executor *executor)
{
    struct message *m =
        message_create(&internal__reconnect_executor__descriptor);
    Internal__ReconnectExecutor *root = message_root(m);

    root->agent_id = message_new(m, &v1__agent_id__descriptor);
    root->agent_id->value = message_strdup(m, agent->id);
    root->framework_id = message_new(m, &v1__framework_id__descriptor);
    root->framework_id->value = message_strdup(m, executor->framework->id);
    root->executor_id = message_new(m, &v1__executor_id__descriptor);
    root->executor_id->value = message_strdup(m, executor->id);
    actor_send_message(&agent->base, &executor->upid, &msg_reconnect_executor,
                       &m);
}

static bool
is_awaited(const struct executor *executor)
{
    return executor->is_recovered && executor->state == EXECUTOR_REGISTERING;
}

static void
reconnect(struct agent *agent)
{
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (!is_awaited(executor)) {
                continue;
            }
            if (upid_is_empty(&executor->upid)) {
                log_info("Waiting for executor %s to subscribe",
                         EXECUTOR_TEXT(executor));
            } else {
                log_info("Sending reconnect request to executor %s",
                         EXECUTOR_TEXT(executor));
                send_reconnect(agent, executor);
            }
        }
    }
}

static void
on_reconnect_again(struct actor *self, void *arg UNUSED)
{
    struct agent *agent = (struct agent *) self;

    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (is_awaited(executor) && !upid_is_empty(&executor->upid)) {
                log_info("Re-sending reconnect request to executor %s",
                         EXECUTOR_TEXT(executor));
                send_reconnect(agent, executor);
            }
        }
    }
    actor_timer_start(self, &agent->reconnect_timer,
                      agent->flags->executor_reregistration_retry_interval,
                      on_reconnect_again, NULL);
}

static void
on_recovery_timeout(struct actor *self, void *arg UNUSED)
{
    struct agent *agent = (struct agent *) self;
    const char *timeout =
        DURATION_TEXT(agent->flags->executor_reregistration_timeout);

    log_info("Cleaning up un-reregistered executors");
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (!is_awaited(executor)) {
                continue;
            }
            log_info("Killing un-reregistered executor %s",
                     EXECUTOR_TEXT(executor));
            executor->is_lost = true;
            free(executor->failure_text);
            executor->failure_text =
                xasprintf("Executor did not reregister within %s", timeout);
            executor->failure = executor->failure_text;
            executor->failure_reason = V1__TASK_STATUS__REASON__REASON_EXECUTOR_REREGISTRATION_TIMEOUT;
            executors_kill(agent, executor);
        }
    }
    finish(agent);
}

void
recovery_check(struct agent *agent)
{
    if (agent->state != AGENT_RECOVERING ||
        !actor_timer_is_armed(&agent->recovery_timer)) {
        return;
    }
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (is_awaited(executor)) {
                return;
            }
        }
    }
    finish(agent);
}

static bool
lists(V1__TaskInfo *const *tasks, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(tasks[i]->task_id->value, id) == 0) {
            return true;
        }
    }
    return false;
}

/* An executor lists the tasks of which it has had no update acknowledged.  One
 * that we have heard nothing of, and that it does not list, has not reached
 * it. */
void
recovery_compare(struct agent *agent UNUSED, struct executor *executor,
                 V1__TaskInfo *const *tasks, size_t n)
{
    records_foreach (executor->tasks, task) {
        if (!task->order || task->place == TASK_TERMINATED) {
            continue;
        }
        if (lists(tasks, n, task->id)) {
            record_task_delivered(task);
            executor->has_been_sent_task = true;
        } else if (task->place == TASK_LAUNCHED) {
            log_info("Executor %s has not received task %s",
                     EXECUTOR_TEXT(executor), task->id);
            task->place = TASK_QUEUED;
        }
    }
}

/* --- the end --- */

static void
finish(struct agent *agent)
{
    struct actor *self = &agent->base;
    int64_t took = actor_now(self) - agent->recovery_started;

    actor_timer_cancel(self, &agent->recovery_timer);
    actor_timer_cancel(self, &agent->reconnect_timer);
    log_info("Finished recovery");
    vlog(1, "Recovery took %s", DURATION_TEXT(took));
    checkpoints_boot(agent, agent->boot_id);
    if (agent->id) {
        checkpoints_agent(agent);       /* it may have more than before */
        leftovers_schedule_agents(agent);
    }
    agent_set_state(agent, AGENT_DISCONNECTED);
    records_foreach (agent->frameworks, framework) {
        executors_settle_all(agent, framework);
    }
    draining_replay(agent);
    registration_start(agent);
}
