/* SPDX-License-Identifier: Apache-2.0
 *
 * registration.c - the agent finds its master and stays registered with it.
 *
 * The detector says who leads, and each change of that.  Attempts to register
 * repeat after a random pause, whose bound doubles up to a minute, until the
 * master answers; each but the first asks the detector again, since the master
 * may have another address by now.  A registered agent is pinged; if the pings
 * stop, the connection breaks, or the master says that it does not know us,
 * the attempts begin anew.  Unlike Mesos' agent, which waits for the pings to
 * run out, ours takes a broken connection as the news it is: a master that
 * comes back at the same address has its agents again within seconds.
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
#include <actor/version.h>

#include "agent/compatibility.h"
#include "agent/leftovers.h"
#include "agent/state.h"
#include "agent/status_update_manager.h"
#include "election/election.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define BACKOFF_MAX MINUTE

/* Until the master says otherwise: five pings, 15 s apart. */
#define PING_TIMEOUT_DEFAULT (75 * SECOND)

static void detect(struct agent *);
static void on_attempt(struct actor *, void *arg);
static void attempt(struct agent *);
static void send_register(struct agent *);
static void send_reregister(struct agent *);
static void registered(struct agent *, const Internal__Connection *);
static void reconcile(struct agent *, const Internal__ReconcileTasks *);
static void expect_ping(struct agent *);
static void on_ping_timeout(struct actor *, void *arg);
static bool has_task(const struct agent *, const char *framework_id,
                     const char *task_id);

static const V1__AgentInfo__Capability__Type capabilities[] = {
    V1__AGENT_INFO__CAPABILITY__TYPE__MULTI_ROLE,
    V1__AGENT_INFO__CAPABILITY__TYPE__HIERARCHICAL_ROLE,
    V1__AGENT_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
    V1__AGENT_INFO__CAPABILITY__TYPE__RESOURCE_PROVIDER,
    V1__AGENT_INFO__CAPABILITY__TYPE__RESIZE_VOLUME,
    V1__AGENT_INFO__CAPABILITY__TYPE__AGENT_OPERATION_FEEDBACK,
    V1__AGENT_INFO__CAPABILITY__TYPE__AGENT_DRAINING,
};

void
registration_start(struct agent *agent)
{
    agent->ping_timeout_ns = PING_TIMEOUT_DEFAULT;
    detect(agent);
}

void
registration_lost(struct agent *agent)
{
    if (agent->state != AGENT_RUNNING) {
        return;                         /* attempts go on as it is */
    }
    log_info("Got exited event for %s", UPID_TEXT(&agent->master));
    log_info("Master disconnected! Waiting for a new master to be elected");
    detect(agent);
}

void
registration_stop(struct agent *agent)
{
    actor_timer_cancel(&agent->base, &agent->registration_timer);
    actor_timer_cancel(&agent->base, &agent->ping_timer);
}

void
registration_fini(struct agent *agent)
{
    message_unref(agent->leader);
}

/* --- finding the master --- */

/* Not registered any more; what we have to say waits until we are. */
static void
disconnect(struct agent *agent)
{
    agent_set_state(agent, AGENT_DISCONNECTED);
    registration_stop(agent);
    status_update_manager_pause(&agent->base, &agent->status_updates);
    agent_operations_pause(agent);
}

/* Begins anew with whoever leads now. */
static void
detect(struct agent *agent)
{
    disconnect(agent);
    agent->is_detecting = true;
    agent->has_attempted = false;
    detector_detect(&agent->base, &agent->detector);
}

/* 'leader' NULL: nobody leads. */
static void
set_master(struct agent *agent, struct message *leader,
           const struct upid *master)
{
    if (!upid_is_empty(&agent->master)
        && !upid_equal(&agent->master, master)) {
        actor_unlink(&agent->base, &agent->master);
    }
    if (leader) {
        message_ref(leader);
    }
    message_unref(agent->leader);
    agent->leader = leader;
    agent->master = *master;
}

static void
lose_leader(struct agent *agent)
{
    static const struct upid nobody = { .id = "" };

    log_info("Lost leading master");
    disconnect(agent);
    set_master(agent, NULL, &nobody);
}

static void
follow_leader(struct agent *agent, const struct leader *leader)
{
    int64_t bound = agent->flags->registration_backoff_factor;

    disconnect(agent);
    set_master(agent, leader->info, &leader->upid);
    log_info("New master detected at %s", UPID_TEXT(&agent->master));
    log_info("No credentials provided. Attempting to register without "
             "authentication");
    log_info("Detecting new master");
    agent->has_attempted = false;
    agent->registration_backoff_ns = 2 * bound;
    actor_timer_start(&agent->base, &agent->registration_timer,
                      (int64_t) (actor_random_double(&agent->base) *
                                 (double) bound), on_attempt, NULL);
}

void
on_leader(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const struct leader *leader = actor_msg_body(msg, &msg_leader);
    bool is_answer = agent->is_detecting;

    agent->is_detecting = false;
    if (agent->state == AGENT_TERMINATING) {
        log_info("Skipping registration because agent is terminating");
    } else if (leader->error) {
        autofree char *why = xasprintf("Failed to detect a master: %s",
                                       error_text(leader->error));

        agent_fail(agent, why);
    } else if (!leader->info) {
        lose_leader(agent);
    } else if (!agent->leader || !leader_is_same(agent->leader, leader->info)
               || (is_answer && !agent->has_attempted)) {
        follow_leader(agent, leader);
    } else if (is_answer) {
        set_master(agent, leader->info, &leader->upid);
        attempt(agent);
    }
}

/* Since the last attempt the master may have got another address. */
static void
on_attempt(struct actor *self, void *arg UNUSED)
{
    struct agent *agent = (struct agent *) self;

    if (agent->has_attempted) {
        agent->is_detecting = true;
        detector_detect(self, &agent->detector);
    } else {
        attempt(agent);
    }
}

static void
attempt(struct agent *agent)
{
    struct actor *self = &agent->base;
    int64_t bound = agent->registration_backoff_ns;

    actor_link(self, &agent->master);
    if (agent->id) {
        send_reregister(agent);
    } else {
        send_register(agent);
    }
    agent->has_attempted = true;

    if (bound > BACKOFF_MAX) {
        bound = BACKOFF_MAX;
    }
    int64_t pause = (int64_t) (actor_random_double(self) * (double) bound);
    vlog(1, "Will retry registration in %s if necessary",
         DURATION_TEXT(pause));
    agent->registration_backoff_ns = 2 * bound;
    actor_timer_start(self, &agent->registration_timer, pause, on_attempt,
                      NULL);
}

/* --- what we say --- */

struct V1__AgentInfo *
registration_agent_info(const struct agent *agent, struct message *m)
{
    const struct agent_description description = {
        .hostname = agent->hostname,
        .port = actor_upid(&agent->base)->address.port,
        .resources = &agent->base_resources,
        .attributes = &agent->attributes,
    };
    V1__AgentInfo *info = agent_describe(&description, m);

    if (agent->id) {
        info->id = message_new(m, &v1__agent_id__descriptor);
        info->id->value = message_strdup(m, agent->id);
    }
    return info;
}

static V1__AgentInfo__Capability **
encode_capabilities(struct message *m)
{
    size_t n = ARRAY_SIZE(capabilities);
    V1__AgentInfo__Capability **array = message_array(m, n, sizeof *array);

    for (size_t i = 0; i < n; i++) {
        array[i] = message_new(m, &v1__agent_info__capability__descriptor);
        array[i]->has_type = true;
        array[i]->type = capabilities[i];
    }
    return array;
}

void
registration_write_capabilities(struct json_writer *w)
{
    json_key(w, "capabilities");
    json_array_begin(w);
    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        json_string(w, message_enum_name(
            &v1__agent_info__capability__type__descriptor,
            (int) capabilities[i]));
    }
    json_array_end(w);
}

static V1__UUID *
encode_resource_version(const struct agent *agent, struct message *m)
{
    V1__UUID *uuid = message_new(m, &v1__uuid__descriptor);
    size_t size = sizeof agent->resource_version.bytes;

    uuid->value.data = message_alloc(m, size);
    uuid->value.len = size;
    memcpy(uuid->value.data, agent->resource_version.bytes, size);
    return uuid;
}

static void
send_register(struct agent *agent)
{
    struct message *m = message_create(&internal__register_agent__descriptor);
    Internal__RegisterAgent *root = message_root(m);

    root->agent = registration_agent_info(agent, m);
    root->version = message_strdup(m, ACTOR_MESOS_VERSION);
    root->agent_capabilities = encode_capabilities(m);
    root->n_agent_capabilities = ARRAY_SIZE(capabilities);
    root->resource_version_uuid = encode_resource_version(agent, m);
    resources_encode(&agent->operations.state.checkpointed, m,
                     &root->checkpointed_resources,
                     &root->n_checkpointed_resources);
    actor_send_message(&agent->base, &agent->master, &msg_register_agent, &m);
}

static void
add_executor(struct message *m, Internal__ReregisterAgent *root,
             const struct executor *executor, const char *agent_id)
{
    records_foreach (executor->tasks, task) {
        root->tasks[root->n_tasks++] = record_task_encode(task, m, agent_id);
    }
    if (executor->is_command || executor->state == EXECUTOR_TERMINATED) {
        return;                         /* the master does not know it */
    }

    size_t n = root->n_executor_infos++;
    root->executor_infos[n] = message_root(executor->info);
    message_hold(m, executor->info);
    root->executor_framework_ids[n] =
        message_new(m, &v1__framework_id__descriptor);
    root->executor_framework_ids[n]->value =
        message_strdup(m, executor->framework->id);
    root->n_executor_framework_ids++;
}

static void
send_reregister(struct agent *agent)
{
    struct message *m =
        message_create(&internal__reregister_agent__descriptor);
    Internal__ReregisterAgent *root = message_root(m);
    const struct resource_state *state = &agent->operations.state;
    size_t n_frameworks = 0, n_executors = 0, n_tasks = 0;

    root->agent = registration_agent_info(agent, m);
    root->version = message_strdup(m, ACTOR_MESOS_VERSION);
    root->agent_capabilities = encode_capabilities(m);
    root->n_agent_capabilities = ARRAY_SIZE(capabilities);
    root->resource_version_uuid = encode_resource_version(agent, m);
    root->has_draining = true;
    root->draining = agent->drain != NULL;
    resources_encode(&state->checkpointed, m, &root->checkpointed_resources,
                     &root->n_checkpointed_resources);
    root->operations = message_array(m, state->operations.n,
                                     sizeof *root->operations);
    vec_foreach (&state->operations, it) {
        root->operations[root->n_operations++] = message_root(*it);
        message_hold(m, *it);
    }

    records_foreach (agent->frameworks, framework) {
        n_frameworks++;
        records_foreach (framework->executors, executor) {
            n_executors++;
            n_tasks += records_count_tasks(executor);
        }
    }
    root->frameworks = message_array(m, n_frameworks,
                                     sizeof *root->frameworks);
    root->executor_infos = message_array(m, n_executors,
                                         sizeof *root->executor_infos);
    root->executor_framework_ids =
        message_array(m, n_executors, sizeof *root->executor_framework_ids);
    root->tasks = message_array(m, n_tasks, sizeof *root->tasks);

    records_foreach (agent->frameworks, framework) {
        root->frameworks[root->n_frameworks++] = message_root(framework->info);
        message_hold(m, framework->info);
        records_foreach (framework->executors, executor) {
            add_executor(m, root, executor, agent->id);
        }
    }
    history_encode(agent, m, root);
    actor_send_message(&agent->base, &agent->master, &msg_reregister_agent,
                       &m);
}

/* --- what we hear --- */

void
on_agent_registered(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__AgentRegistered *answer =
        actor_msg_root(msg, &msg_agent_registered);
    const char *id = answer->agent_id->value;

    if (!agent_is_from_master(agent, msg, "registration message")) {
        return;
    }
    switch (agent->state) {
    case AGENT_RECOVERING:
        log_warn("Ignoring registration because agent is recovering");
        break;
    case AGENT_DISCONNECTED:
        if (agent->id && strcmp(agent->id, id) != 0) {
            log_error("Registered but got wrong id: %s (expected: %s)", id,
                      agent->id);
            return;
        }
        if (!agent->id) {
            agent->id = xstrdup(id);
            leftovers_schedule_agents(agent);
            checkpoints_agent(agent);
        }
        log_info("Registered with master %s; given agent ID %s",
                 UPID_TEXT(&agent->master), id);
        registered(agent, answer->connection);
        break;
    case AGENT_RUNNING:
        log_warn("Already registered with master %s",
                 UPID_TEXT(&agent->master));
        break;
    case AGENT_TERMINATING:
        log_warn("Ignoring registration because agent is terminating");
        break;
    }
}

void
on_agent_reregistered(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__AgentReregistered *answer =
        actor_msg_root(msg, &msg_agent_reregistered);

    if (!agent_is_from_master(agent, msg, "re-registration message")) {
        return;
    }
    switch (agent->state) {
    case AGENT_RECOVERING:
        log_warn("Ignoring re-registration because agent is recovering");
        return;
    case AGENT_DISCONNECTED:
        if (!agent->id || strcmp(agent->id, answer->agent_id->value) != 0) {
            log_warn("Ignoring re-registration of agent %s",
                     answer->agent_id->value);
            return;
        }
        log_info("Re-registered with master %s", UPID_TEXT(&agent->master));
        registered(agent, answer->connection);
        break;
    case AGENT_RUNNING:
        log_warn("Already reregistered with master %s",
                 UPID_TEXT(&agent->master));
        break;
    case AGENT_TERMINATING:
        log_warn("Ignoring re-registration because agent is terminating");
        return;
    }
    for (size_t i = 0; i < answer->n_reconciliations; i++) {
        reconcile(agent, answer->reconciliations[i]);
    }
}

void
on_ping_agent(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__PingAgent *ping = actor_msg_root(msg, &msg_ping_agent);
    struct upid from;

    actor_msg_from(msg, &from);

    struct message *m = message_create(&internal__pong_agent__descriptor);
    actor_send_message(self, &from, &msg_pong_agent, &m);
    if (agent->state != AGENT_RUNNING) {
        return;
    }
    if (!ping->connected) {
        log_info("Master marked the agent as disconnected but the agent "
                 "considers itself registered! Forcing re-registration.");
        detect(agent);
        return;
    }
    expect_ping(agent);
}

static void
registered(struct agent *agent, const Internal__Connection *connection)
{
    agent_set_state(agent, AGENT_RUNNING);
    agent->is_detecting = false;        /* it has been found */
    actor_timer_cancel(&agent->base, &agent->registration_timer);
    if (connection && connection->has_total_ping_timeout_seconds &&
        connection->total_ping_timeout_seconds > 0) {
        agent->ping_timeout_ns =
            duration_from_seconds(connection->total_ping_timeout_seconds);
    }
    expect_ping(agent);
    executors_tell_exited_again(agent);
    status_update_manager_resume(&agent->base, &agent->status_updates);
    agent_operations_resume(agent);
}

/* Tasks the master has and we do not. */
static void
reconcile(struct agent *agent, const Internal__ReconcileTasks *tasks)
{
    const char *framework_id = tasks->framework_id->value;
    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);

    for (size_t i = 0; i < tasks->n_statuses; i++) {
        const char *task_id = tasks->statuses[i]->task_id->value;

        if (has_task(agent, framework_id, task_id)) {
            continue;
        }
        log_warn("Agent reconciling task %s of framework %s: task unknown to "
                 "the agent", task_id, framework_id);
        updates_create(agent, framework_id, NULL, task_id,
                       updates_dropped_state(framework),
                       V1__TASK_STATUS__REASON__REASON_RECONCILIATION,
                       "Reconciliation: task unknown to the agent");
    }
}

static bool
has_task(const struct agent *agent, const char *framework_id,
         const char *task_id)
{
    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);

    if (framework) {
        records_foreach (framework->executors, executor) {
            if (records_find_task(executor, task_id)) {
                return true;
            }
        }
    }
    return false;
}

static void
expect_ping(struct agent *agent)
{
    actor_timer_start(&agent->base, &agent->ping_timer,
                      agent->ping_timeout_ns, on_ping_timeout, NULL);
}

static void
on_ping_timeout(struct actor *self, void *arg UNUSED)
{
    struct agent *agent = (struct agent *) self;

    log_info("No pings from master received within %s",
             DURATION_TEXT(agent->ping_timeout_ns));
    log_info("Re-detecting master");
    detect(agent);
}
