/* SPDX-License-Identifier: Apache-2.0
 *
 * operations.c - operations on the agent's resources.
 *
 * Thread: the agent's turns; commit_run() in the pool. */
#include <config.h>

#include "agent/operations/operations.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/work.h>

#include "agent/state.h"
#include "model/checkpointed_resources.h"
#include "model/operation.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define RETRY_MIN (10 * SECOND)
#define RETRY_MAX (10 * MINUTE)

static void run_line(struct agent *);
static void apply(struct agent *, struct message *);
static void acknowledge(struct agent *, struct message *);
static void reconcile(struct agent *, struct message *);
static void on_retry(struct actor *, void *arg);

/* --- small things --- */

static bool
read_uuid(const V1__UUID *message, struct uuid *ret)
{
    if (!message || message->value.len != sizeof ret->bytes) {
        return false;
    }
    memcpy(ret->bytes, message->value.data, sizeof ret->bytes);
    return true;
}

static V1__UUID *
write_uuid(const struct uuid *uuid, struct message *m)
{
    V1__UUID *ret = message_new(m, &v1__uuid__descriptor);

    ret->value.len = sizeof uuid->bytes;
    ret->value.data = message_alloc(m, sizeof uuid->bytes);
    memcpy(ret->value.data, uuid->bytes, sizeof uuid->bytes);
    return ret;
}

static bool
same_uuid(const V1__UUID *a, const V1__UUID *b)
{
    struct uuid x, y;

    return read_uuid(a, &x) && read_uuid(b, &y) && uuid_equal(&x, &y);
}

static V1__AgentID *
write_agent_id(const struct agent *agent, struct message *m)
{
    V1__AgentID *id = message_new(m, &v1__agent_id__descriptor);

    id->value = message_strdup(m, agent->id);
    return id;
}

/* The place of an operation among those that are kept; their number if it is
 * not there. */
static size_t
find_kept(const struct agent *agent, const V1__UUID *uuid)
{
    const struct resource_state *state = &agent->operations.state;

    for (size_t i = 0; i < state->operations.n; i++) {
        const V1__Operation *kept = message_root(state->operations.data[i]);

        if (same_uuid(kept->uuid, uuid)) {
            return i;
        }
    }
    return state->operations.n;
}

/* --- life --- */

void
agent_operations_init(struct agent *agent, struct resource_state *found)
{
    agent->operations.state = *found;
    memset(found, 0, sizeof *found);
    agent->operations.retry_ns = RETRY_MIN;
}

void
agent_operations_fini(struct agent *agent)
{
    struct agent_operations *o = &agent->operations;

    actor_timer_cancel(&agent->base, &o->retry_timer);
    for (size_t i = o->n_done; i < o->line.n; i++) {
        message_unref(o->line.data[i].message);
    }
    vec_fini(&o->line);
    resource_state_fini(&o->state);
}

/* --- the line --- */

void
agent_operations_in_line(struct agent *agent, operations_step_fn *run,
                         struct message *message)
{
    struct operations_step step = {
        .run = run, .message = message_ref(message),
    };

    vec_push(&agent->operations.line, step);
    run_line(agent);
}

static void
run_line(struct agent *agent)
{
    struct agent_operations *o = &agent->operations;

    while (!o->is_busy && o->n_done < o->line.n) {
        struct operations_step step = o->line.data[o->n_done++];

        if (o->n_done == o->line.n) {
            vec_clear(&o->line);
            o->n_done = 0;
        }
        step.run(agent, step.message);
        message_unref(step.message);
    }
}

void
agent_operations_begin(struct agent *agent)
{
    CHECK(!agent->operations.is_busy, "two things are done at a time");
    agent->operations.is_busy = true;
}

void
agent_operations_end(struct agent *agent)
{
    agent->operations.is_busy = false;
    run_line(agent);
}

/* --- writing it down --- */

struct commit {
    const struct actor_disk *disk;      /* borrowed */
    char *work_dir;             /* owned */
    struct resource_state before;
    struct resource_state after;
    struct resources total;     /* of the agent, then */
    bool changes_total;
    struct message *order;      /* ApplyOperation; counted; NULL: none */
};

static struct error *
commit_run(void *arg)
{
    struct commit *c = arg;

    return resource_store_commit(c->disk, c->work_dir, &c->before, &c->after);
}

static void
commit_destroy(void *arg)
{
    struct commit *c = arg;

    resource_state_fini(&c->before);
    resource_state_fini(&c->after);
    resources_fini(&c->total);
    message_unref(c->order);
    free(c->work_dir);
    free(c);
}

static struct commit *
commit_create(const struct agent *agent)
{
    struct commit *c = xcalloc(1, sizeof *c);

    c->disk = actor_system_disk(actor_system_of(&agent->base));
    c->work_dir = xstrdup(agent->work_dir);
    resource_state_init_copy(&c->before, &agent->operations.state);
    resource_state_init_copy(&c->after, &agent->operations.state);
    return c;
}

/* --- telling the master --- */

static void
send_status(struct agent *agent, const V1__Operation *op,
            struct message *op_message)
{
    struct message *m =
        message_create(&internal__update_operation_status__descriptor);
    Internal__UpdateOperationStatus *update = message_root(m);

    if (agent->state != AGENT_RUNNING) {
        message_unref(m);
        return;                 /* it is said when we are registered */
    }
    message_hold(m, op_message);
    update->agent_id = write_agent_id(agent, m);
    update->framework_id = op->framework_id;
    update->operation_uuid = op->uuid;
    update->status = op->latest_status;
    actor_send_message(&agent->base, &agent->master,
                       &msg_update_operation_status, &m);
}

/* What was not done leaves nothing to be acknowledged. */
static void
send_dropped(struct agent *agent, const V1__FrameworkID *framework_id,
             const V1__UUID *uuid, const char *why)
{
    struct message *m =
        message_create(&internal__update_operation_status__descriptor);
    Internal__UpdateOperationStatus *update = message_root(m);

    update->agent_id = write_agent_id(agent, m);
    if (framework_id) {
        update->framework_id = message_copy(m, &framework_id->base);
    }
    update->operation_uuid = message_copy(m, &uuid->base);
    update->status = message_new(m, &v1__operation_status__descriptor);
    update->status->state = V1__OPERATION_STATE__OPERATION_DROPPED;
    update->status->message = why ? message_strdup(m, why) : NULL;
    update->status->agent_id = update->agent_id;
    actor_send_message(&agent->base, &agent->master,
                       &msg_update_operation_status, &m);
}

/* What the master thinks that we have is wrong, and so is what it launches on
 * that. */
static void
send_update(struct agent *agent)
{
    struct message *m = message_create(&internal__update_agent__descriptor);
    Internal__UpdateAgent *update = message_root(m);

    actor_random_uuid(&agent->base, &agent->resource_version);
    update->agent_id = write_agent_id(agent, m);
    update->resource_version_uuid = write_uuid(&agent->resource_version, m);
    resources_encode(&agent->operations.state.checkpointed, m,
                     &update->checkpointed_resources,
                     &update->n_checkpointed_resources);
    actor_send_message(&agent->base, &agent->master, &msg_update_agent, &m);
}

static void
drop(struct agent *agent, const Internal__ApplyOperation *order,
     const char *why)
{
    log_error("Dropping operation (uuid: %s) of %s: %s",
              order->operation_uuid->value.len == sizeof(struct uuid)
                  ? UUID_TEXT((const struct uuid *)
                              order->operation_uuid->value.data) : "",
              order->framework_id ? order->framework_id->value
                                  : "an operator API call", why);
    send_update(agent);
    send_dropped(agent, order->framework_id, order->operation_uuid, why);
}

/* --- applying --- */

void
on_apply_operation(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "apply operation message")
        && agent->id) {
        agent_operations_in_line(agent, apply, actor_msg_message(msg));
    }
}

static struct error *
check_version(const struct agent *agent,
              const Internal__ApplyOperation *order)
{
    struct uuid version;

    if (read_uuid(order->resource_version_uuid, &version)
        && !uuid_equal(&version, &agent->resource_version)) {
        return error_create(ERROR_CONFLICT, "Operation assumes outdated "
                            "resource state");
    }
    return NULL;
}

/* What the agent has when it is done. */
static struct error *
convert(const struct agent *agent, const Internal__ApplyOperation *order,
        struct resources *ret_total)
{
    struct resource_conversion *conversions;
    struct operation op;
    size_t n;
    struct error *error = operation_decode(order->operation, NULL, &op);

    if (error) {
        return error;
    }
    resources_init_copy(ret_total, &agent->resources);
    if (op.type == V1__OFFER__OPERATION__TYPE__GROW_VOLUME
        || op.type == V1__OFFER__OPERATION__TYPE__SHRINK_VOLUME) {
        const struct operation_rules rules = { .is_resize_volume = true };

        error = operation_check(&op, &rules);
    }
    if (!error) {
        operation_convert(&op, &conversions, &n);
        for (size_t i = 0; i < n; i++) {
            resource_conversion_set_allocation(&conversions[i], NULL);
        }
        error = operation_apply(conversions, n, ret_total);
        resource_conversions_destroy(conversions, n);
    }
    operation_fini(&op);
    return error;
}

/* The operation as it is kept until its outcome is acknowledged. */
static struct message *
create_kept(struct agent *agent, const Internal__ApplyOperation *order)
{
    struct message *m = message_create(&v1__operation__descriptor);
    V1__Operation *op = message_root(m);
    struct uuid uuid;

    actor_random_uuid(&agent->base, &uuid);
    op->framework_id = order->framework_id
        ? message_copy(m, &order->framework_id->base) : NULL;
    op->agent_id = write_agent_id(agent, m);
    op->info = message_copy(m, &order->operation->base);
    op->uuid = message_copy(m, &order->operation_uuid->base);
    op->latest_status = message_new(m, &v1__operation_status__descriptor);
    op->latest_status->state = V1__OPERATION_STATE__OPERATION_FINISHED;
    op->latest_status->operation_id = op->info->id;
    op->latest_status->agent_id = op->agent_id;
    op->latest_status->uuid = write_uuid(&uuid, m);
    return m;
}

static void
applied(struct actor *self, void *arg, const struct error *failure)
{
    struct agent *agent = (struct agent *) self;
    struct commit *c = arg;
    struct agent_operations *o = &agent->operations;

    if (failure) {
        drop(agent, message_root(c->order), error_text(failure));
        agent_operations_end(agent);
        return;
    }
    agent_metrics_add_total(&agent->metrics, &agent->resources, -1);
    resources_fini(&agent->resources);
    agent->resources = c->total;
    memset(&c->total, 0, sizeof c->total);
    agent_metrics_add_total(&agent->metrics, &agent->resources, 1);
    resource_state_fini(&o->state);
    o->state = c->after;
    memset(&c->after, 0, sizeof c->after);

    struct message *kept = o->state.operations.data[o->state.operations.n - 1];

    send_status(agent, message_root(kept), kept);
    o->retry_ns = RETRY_MIN;
    actor_timer_start(self, &o->retry_timer, o->retry_ns, on_retry, NULL);
    agent_operations_end(agent);
}

static void
apply(struct agent *agent, struct message *message)
{
    const Internal__ApplyOperation *order = message_root(message);
    struct resources total = { 0 };
    struct uuid uuid;

    if (!read_uuid(order->operation_uuid, &uuid)) {
        log_error("Ignoring operation from %s: its UUID is not 16 bytes",
                  UPID_TEXT(&agent->master));
        return;
    }
    if (find_kept(agent, order->operation_uuid)
        < agent->operations.state.operations.n) {
        return;                 /* it is known */
    }
    autoerror *error = check_version(agent, order);

    if (!error) {
        error = convert(agent, order, &total);
    }
    if (error) {
        drop(agent, order, error_text(error));
        resources_fini(&total);
        return;
    }
    struct commit *c = commit_create(agent);

    log_info("Applying %s operation (uuid: %s)",
             operation_type_name((int) order->operation->type),
             UUID_TEXT(&uuid));
    c->order = message_ref(message);
    c->total = total;
    resources_fini(&c->after.checkpointed);
    resources_checkpointed(&total, &c->after.checkpointed);
    vec_push(&c->after.operations, create_kept(agent, order));
    agent_operations_begin(agent);
    actor_work(&agent->base, commit_run, applied, c, commit_destroy);
}

/* --- acknowledged --- */

void
on_acknowledge_operation_status(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "operation status acknowledgement")) {
        agent_operations_in_line(agent, acknowledge, actor_msg_message(msg));
    }
}

static void
forgotten(struct actor *self, void *arg, const struct error *failure)
{
    struct agent *agent = (struct agent *) self;
    struct commit *c = arg;
    struct agent_operations *o = &agent->operations;

    /* If it is still on the disk, it is said once more after a restart. */
    if (failure) {
        log_warn("Failed to forget acknowledged operations: %s",
                 error_text(failure));
    }
    resource_state_fini(&o->state);
    o->state = c->after;
    memset(&c->after, 0, sizeof c->after);
    if (o->state.operations.n == 0) {
        actor_timer_cancel(self, &o->retry_timer);
    }
    agent_operations_end(agent);
    draining_check(agent);
}

static void
forget(struct agent *agent, size_t i)
{
    struct commit *c = commit_create(agent);

    message_unref(c->after.operations.data[i]);
    for (size_t j = i + 1; j < c->after.operations.n; j++) {
        c->after.operations.data[j - 1] = c->after.operations.data[j];
    }
    c->after.operations.n--;
    agent_operations_begin(agent);
    actor_work(&agent->base, commit_run, forgotten, c, commit_destroy);
}

static void
acknowledge(struct agent *agent, struct message *message)
{
    const Internal__AcknowledgeOperationStatus *ack = message_root(message);
    size_t i = find_kept(agent, ack->operation_uuid);
    const V1__Operation *kept;

    if (i == agent->operations.state.operations.n) {
        return;
    }
    kept = message_root(agent->operations.state.operations.data[i]);
    if (same_uuid(kept->latest_status->uuid, ack->status_uuid)) {
        forget(agent, i);
    } else {
        log_warn("Ignoring acknowledgement of an operation status that was "
                 "not sent");
    }
}

/* --- said again --- */

static void
say_all(struct agent *agent)
{
    vec_foreach (&agent->operations.state.operations, it) {
        send_status(agent, message_root(*it), *it);
    }
}

static void
on_retry(struct actor *self, void *arg UNUSED)
{
    struct agent *agent = (struct agent *) self;
    struct agent_operations *o = &agent->operations;

    if (o->state.operations.n == 0) {
        return;
    }
    say_all(agent);
    o->retry_ns = o->retry_ns < RETRY_MAX / 2 ? 2 * o->retry_ns : RETRY_MAX;
    actor_timer_start(self, &o->retry_timer, o->retry_ns, on_retry, NULL);
}

static void
forget_foreign(struct agent *agent, struct message *message UNUSED)
{
    const struct resource_state *state = &agent->operations.state;

    for (size_t i = 0; i < state->operations.n; i++) {
        const V1__Operation *kept = message_root(state->operations.data[i]);

        if (!kept->agent_id || strcmp(kept->agent_id->value, agent->id)) {
            /* The next one when this is done. */
            forget(agent, i);
            agent_operations_in_line(agent, forget_foreign, message);
            return;
        }
    }
    if (state->operations.n > 0) {
        say_all(agent);
        agent->operations.retry_ns = RETRY_MIN;
        actor_timer_start(&agent->base, &agent->operations.retry_timer,
                          RETRY_MIN, on_retry, NULL);
    }
}

void
agent_operations_resume(struct agent *agent)
{
    struct message *m = message_create(&v1__agent_id__descriptor);

    agent_operations_in_line(agent, forget_foreign, m);
    message_unref(m);
}

void
agent_operations_pause(struct agent *agent)
{
    actor_timer_cancel(&agent->base, &agent->operations.retry_timer);
}

/* --- asked about --- */

void
on_reconcile_operations(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;

    if (agent_is_from_master(agent, msg, "reconcile operations message")
        && agent->id) {
        agent_operations_in_line(agent, reconcile, actor_msg_message(msg));
    }
}

static void
reconcile(struct agent *agent, struct message *message)
{
    const Internal__ReconcileOperations *ask = message_root(message);
    const struct resource_state *state = &agent->operations.state;

    for (size_t i = 0; i < ask->n_operation_uuids; i++) {
        size_t at = find_kept(agent, ask->operation_uuids[i]);

        if (at < state->operations.n) {
            send_status(agent, message_root(state->operations.data[at]),
                        state->operations.data[at]);
        } else {
            send_dropped(agent, NULL, ask->operation_uuids[i], NULL);
        }
    }
}
