/* SPDX-License-Identifier: Apache-2.0
 *
 * registrar.c - the master's durable memory: agents, quotas, weights,
 * maintenance.
 *
 * One actor.  A change is made in memory first, then it is appended to the
 * log, and its caller hears of it when it is there; should that fail there is
 * no way back, and no need of one: the registrar refuses all from then on, and
 * its master ends.  Builds on replog/replog.h. */
#include <config.h>

#include "master/registrar/registrar.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/registrar/parts.h"
#include "master/registrar/registrar_private.h"
#include "replog/replog.h"

/* Changes that would make an entry larger wait for the next one. */
#define BATCH_MAX (REPLOG_ENTRY_MAX / 4)

static struct error *registrar_init(struct actor *, void *options);
static void registrar_fini(struct actor *);
static actor_handler_fn on_apply;
static void make_snapshot(struct registrar *);

/* --- messages --- */

struct apply_request {
    struct message *change;     /* counted */
};

static void
apply_fini(void *body)
{
    message_unref(((struct apply_request *) body)->change);
}

static void
applied_fini(void *body_)
{
    struct registrar_applied *body = body_;

    error_destroy(body->error);
    error_destroy(body->refused);
}

static const struct actor_msg_type msg_apply = {
    .name = "registrar.apply", .size = sizeof(struct apply_request),
    .fini = apply_fini,
};

const struct actor_msg_type msg_registrar_applied = {
    .name = "registrar.applied", .size = sizeof(struct registrar_applied),
    .fini = applied_fini,
};

struct actor_msg *
registrar_apply_create(struct message **change)
{
    struct actor_msg *msg = actor_msg_create(&msg_apply);
    struct apply_request *body = actor_msg_body(msg, &msg_apply);

    body->change = steal(*change);
    return msg;
}

/* --- the actor --- */

static const struct actor_handler handlers[] = {
    { &msg_apply, on_apply },
    { &msg_registrar_recover, registrar_on_recover },
};

static const struct actor_type registrar_type = {
    .name = "registrar", .size = sizeof(struct registrar),
    .init = registrar_init, .fini = registrar_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static const struct http_route routes[] = {
    { "/registry", registrar_on_registry,
      "Returns the current contents of the Registry in JSON.",
      "Agents, machines under maintenance, quotas and weights as they are "
      "kept for the next master.", .methods = "GET" },
};

struct error *
registrar_start(struct actor_system *system,
                const struct registrar_options *options,
                struct upid *ret_upid)
{
    return actor_spawn(system, &registrar_type, NULL, (void *) options,
                       ret_upid);
}

static struct error *
registrar_init(struct actor *self, void *options_)
{
    struct registrar *r = registrar_cast(self);
    const struct registrar_options *options = options_;
    struct metrics *metrics = actor_metrics(self);

    r->log = options->log;
    r->fetch_timeout_ns = options->fetch_timeout_ns;
    r->store_timeout_ns = options->store_timeout_ns;
    r->queued_operations = metrics_add_gauge(metrics,
                                             "registrar/queued_operations");
    r->state_fetch_ms = metrics_add_timer(metrics, "registrar/state_fetch_ms",
                                          0);
    r->state_store_ms = metrics_add_timer(metrics, "registrar/state_store_ms",
                                          DAY);
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
requests_fini(struct requests *requests)
{
    vec_foreach(&requests->v, request) {
        actor_msg_destroy(request->ticket);
        message_unref(request->change);
        error_destroy(request->refused);
    }
    vec_fini(&requests->v);
}

static void
registrar_fini(struct actor *self)
{
    struct registrar *r = registrar_cast(self);
    struct metrics *metrics = actor_metrics(self);

    requests_fini(&r->queue);
    registry_destroy(r->registry);
    error_destroy(r->error);
    metrics_remove(metrics, &r->queued_operations);
    metrics_remove(metrics, &r->registry_size_bytes);
    metrics_remove(metrics, &r->state_fetch_ms);
    metrics_remove(metrics, &r->state_store_ms);
}

/* --- changes --- */

static void
answer_applied(struct registrar *r, const struct actor_msg *request,
               struct error *error, struct error *refused)
{
    struct actor_msg *msg = actor_msg_create(&msg_registrar_applied);
    struct registrar_applied *body = actor_msg_body(msg,
                                                    &msg_registrar_applied);

    body->error = error;
    body->refused = refused;
    actor_reply(&r->base, request, &msg);
}

static void
on_apply(struct actor *self, struct actor_msg *msg)
{
    struct registrar *r = registrar_cast(self);
    struct apply_request *body = actor_msg_body(msg, &msg_apply);
    struct request request = { .ticket = NULL };

    if (r->state == REGISTRAR_NEW) {
        answer_applied(r, msg,
                       error_create(ERROR_CONFLICT, "Attempted to apply the "
                                    "operation before recovering"), NULL);
        return;
    }
    request.ticket = actor_msg_ticket(msg);
    request.change = steal(body->change);
    vec_push(&r->queue.v, request);
    metric_set(r->queued_operations, (double) r->queue.v.n);
    registrar_store_next(r);
}

enum { STORE_APPLY, STORE_STORED, STORE_DONE, STORE_FAILED };

/* What goes into the log together. */
struct store {
    struct op base;
    struct requests batch;
    int64_t begin_ns;
    uint64_t size;              /* of the entry */
};

static struct store *
store_cast(struct op *op)
{
    return CONTAINER_OF(op, struct store, base);
}

static void
store_destroy(struct op *op)
{
    struct store *store = store_cast(op);

    requests_fini(&store->batch);
    free(store);
}

static void
warn_of_unknown(const Internal__RegistryChange *change)
{
    autofini(strbuf) text = STRBUF(4096);

    message_print_redacted(&change->mark_agent_reachable->info->base, &text,
                           4096);
    log_warn("Allowing UNKNOWN agent to reregister: %s", text.data);
}

/* Makes one change, and writes it down in 'entry' if it is one. */
static void
apply(struct registrar *r, struct request *request, struct strbuf *entry)
{
    const Internal__RegistryChange *change = message_root(request->change);
    size_t len = entry->len;
    struct registry_effect effect = { .has_changed = false };

    registry_encode_change(change, entry);
    if (entry->overflow) {
        strbuf_clear(entry);
        request->refused = error_create(ERROR_TOO_LARGE, "a change of more "
                                        "than %zu bytes", REPLOG_ENTRY_MAX);
        parts_start(entry);
        return;
    }
    request->refused = registry_apply(r->registry, change, &effect);
    if (!effect.has_changed) {
        strbuf_truncate(entry, len);
    }
    if (effect.was_unknown) {
        warn_of_unknown(change);
    }
}

/* Moves what waits to 'store', as much as goes into one entry, and makes the
 * changes. */
static void
apply_batch(struct registrar *r, struct store *store, struct strbuf *entry)
{
    size_t n = 0;

    parts_start(entry);
    while (n < r->queue.v.n && entry->len < BATCH_MAX) {
        struct request *request = &r->queue.v.data[n];

        /* A large one goes alone, so that nothing is lost with it. */
        if (entry->len > PARTS_HEAD_SIZE
            && message_memory(request->change) > BATCH_MAX) {
            break;
        }
        apply(r, request, entry);
        n++;
    }
    vec_reserve(&store->batch.v, n);
    memcpy(store->batch.v.data, r->queue.v.data, n * sizeof(struct request));
    store->batch.v.n = n;
    memmove(r->queue.v.data, r->queue.v.data + n,
            (r->queue.v.n - n) * sizeof(struct request));
    r->queue.v.n -= n;
    metric_set(r->queued_operations, (double) r->queue.v.n);
}

static enum op_next
store_apply(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct store *store = store_cast(op);
    autofini(strbuf) entry = STRBUF(REPLOG_ENTRY_MAX);
    int64_t begin_ns = actor_now(self);
    struct actor_msg *msg;

    apply_batch(r, store, &entry);
    if (entry.len == PARTS_HEAD_SIZE) {
        return op_goto(op, STORE_DONE);
    }
    log_info("Applied %zu operations in %s; attempting to update the "
             "registry", store->batch.v.n,
             DURATION_TEXT(actor_now(self) - begin_ns));
    store->begin_ns = actor_now(self);
    store->size = entry.len;
    if (!registrar_has_log(r)) {
        return op_goto(op, STORE_STORED);
    }
    void *bytes = strbuf_take(&entry);
    msg = replog_append_create(r->epoch, &bytes, (size_t) store->size);
    return op_call(op, &r->log, &msg, &msg_replog_appended,
                   r->store_timeout_ns, STORE_STORED);
}

static enum op_next
store_stored(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct store *store = store_cast(op);
    int64_t took_ns = actor_now(self) - store->begin_ns;

    if (op_reply(op)) {
        struct replog_appended *appended =
            actor_msg_body(op_reply(op), &msg_replog_appended);

        if (appended->error) {
            return op_fail(op, steal(appended->error));
        }
        r->position = appended->position;
        r->n_bytes += store->size;
    }
    log_info("Successfully updated the registry in %s",
             DURATION_TEXT(took_ns));
    metric_record(r->state_store_ms, took_ns, actor_now(self));
    registrar_show_size(r);
    make_snapshot(r);
    return op_goto(op, STORE_DONE);
}

static enum op_next
store_done(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct store *store = store_cast(op);

    vec_foreach(&store->batch.v, request) {
        answer_applied(r, request->ticket, NULL, steal(request->refused));
    }
    r->is_storing = false;
    registrar_store_next(r);
    return OP_DONE;
}

/* Nobody knows whether the log has the batch, so there is nothing that we
 * could still say for certain. */
static enum op_next
store_failed(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct store *store = store_cast(op);

    r->error = error_wrap(registrar_explain(op_error(op), "store",
                                  r->store_timeout_ns),
                          "Failed to update registry");
    r->state = REGISTRAR_ABORTED;
    log_error("Registrar aborting: %s", error_text(r->error));
    vec_foreach(&store->batch.v, request) {
        answer_applied(r, request->ticket, error_clone(r->error), NULL);
    }
    r->is_storing = false;
    registrar_store_next(r);
    return OP_DONE;
}

static const struct op_step store_steps[] = {
    [STORE_APPLY] = { "apply", store_apply },
    [STORE_STORED] = { "stored", store_stored },
    [STORE_DONE] = { "done", store_done },
    [STORE_FAILED] = { "failed", store_failed },
};

static const struct op_type store_type = {
    .name = "registry-store", .steps = store_steps,
    .n_steps = ARRAY_SIZE(store_steps), .failure_step = STORE_FAILED,
    .destroy = store_destroy,
};

void
registrar_store_next(struct registrar *r)
{
    struct store *store;

    if (r->state == REGISTRAR_ABORTED) {
        vec_foreach(&r->queue.v, request) {
            answer_applied(r, request->ticket, error_clone(r->error), NULL);
        }
        requests_fini(&r->queue);
        metric_set(r->queued_operations, 0);
        return;
    }
    if (r->state != REGISTRAR_READY || r->is_storing || r->queue.v.n == 0) {
        return;
    }
    r->is_storing = true;
    store = xcalloc(1, sizeof *store);
    op_start(&r->base, &store->base, &store_type);
}

/* --- snapshots --- */

enum { SNAPSHOT_TAKE, SNAPSHOT_TAKEN, SNAPSHOT_FAILED };

struct snapshot {
    struct op base;
    size_t size;
    uint64_t n_bytes;           /* of entries that it covers */
};

static struct snapshot *
snapshot_cast(struct op *op)
{
    return CONTAINER_OF(op, struct snapshot, base);
}

static void
snapshot_destroy(struct op *op)
{
    free(snapshot_cast(op));
}

static enum op_next
snapshot_take(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct snapshot *snapshot = snapshot_cast(op);
    autofini(strbuf) data = STRBUF(REPLOG_SNAPSHOT_MAX);
    struct actor_msg *msg;
    void *bytes;

    registry_encode(r->registry, &data);
    if (data.overflow) {
        return op_fail(op, error_create(ERROR_TOO_LARGE, "the registry has "
                                        "more than %zu bytes",
                                        REPLOG_SNAPSHOT_MAX));
    }
    snapshot->size = data.len;
    snapshot->n_bytes = r->n_bytes;
    bytes = strbuf_take(&data);
    msg = replog_snapshot_create(r->epoch, r->position, &bytes,
                                 snapshot->size);
    return op_call(op, &r->log, &msg, &msg_replog_snapshotted,
                   DURATION_FOREVER, SNAPSHOT_TAKEN);
}

static enum op_next
snapshot_taken(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct snapshot *snapshot = snapshot_cast(op);
    struct replog_snapshotted *body = actor_msg_body(op_reply(op),
                                                     &msg_replog_snapshotted);

    if (body->error) {
        return op_fail(op, steal(body->error));
    }
    r->n_bytes -= snapshot->n_bytes;
    r->snapshot_size = snapshot->size;
    r->is_snapshotting = false;
    return OP_DONE;
}

/* The log is as good as before, only longer: whether it can be written to is
 * seen with the next change. */
static enum op_next
snapshot_failed(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);

    log_warn("Failed to make a snapshot of the registry: %s",
             error_text(op_error(op)));
    r->is_snapshotting = false;
    return OP_DONE;
}

static const struct op_step snapshot_steps[] = {
    [SNAPSHOT_TAKE] = { "take", snapshot_take },
    [SNAPSHOT_TAKEN] = { "taken", snapshot_taken },
    [SNAPSHOT_FAILED] = { "failed", snapshot_failed },
};

static const struct op_type snapshot_type = {
    .name = "registry-snapshot", .steps = snapshot_steps,
    .n_steps = ARRAY_SIZE(snapshot_steps), .failure_step = SNAPSHOT_FAILED,
    .destroy = snapshot_destroy,
};

/* If it is time for one.  All that has been appended is in the registry, and
 * nothing else: one entry is under way at a time. */
static void
make_snapshot(struct registrar *r)
{
    struct snapshot *snapshot;

    if (!registrar_has_log(r) || r->is_snapshotting
        || r->n_bytes < replog_snapshot_due(r->snapshot_size)) {
        return;
    }
    r->is_snapshotting = true;
    snapshot = xcalloc(1, sizeof *snapshot);
    op_start(&r->base, &snapshot->base, &snapshot_type);
}
