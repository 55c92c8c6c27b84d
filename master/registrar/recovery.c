/* SPDX-License-Identifier: Apache-2.0
 *
 * recovery.c - the registrar at its beginning: the registry is read from the
 * log, and the new master's info becomes part of it. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/registrar/parts.h"
#include "master/registrar/registrar_private.h"
#include "replog/replog.h"

/* --- messages --- */

static void
recover_fini(void *body)
{
    message_unref(((struct recover_request *) body)->info);
}

static void
recovered_fini(void *body_)
{
    struct registrar_recovered *body = body_;

    error_destroy(body->error);
    message_unref(body->registry);
}

const struct actor_msg_type msg_registrar_recover = {
    .name = "registrar.recover", .size = sizeof(struct recover_request),
    .fini = recover_fini,
};

const struct actor_msg_type msg_registrar_recovered = {
    .name = "registrar.recovered", .size = sizeof(struct registrar_recovered),
    .fini = recovered_fini,
};

struct actor_msg *
registrar_recover_create(struct message *info)
{
    struct actor_msg *msg = actor_msg_create(&msg_registrar_recover);
    struct recover_request *body = actor_msg_body(msg, &msg_registrar_recover);

    body->info = message_ref(info);
    return msg;
}

struct error *
registrar_explain(const struct error *error, const char *what,
                  int64_t timeout_ns)
{
    if (error_code(error) == ERROR_TIMEOUT) {
        return error_create(ERROR_TIMEOUT, "Failed to perform %s within %s",
                            what, DURATION_TEXT(timeout_ns));
    }
    return error_clone(error);
}

/* --- recovery --- */

enum { RECOVERY_OPEN, RECOVERY_BUILD, RECOVERY_LEAD, RECOVERY_SHOW,
       RECOVERY_DONE, RECOVERY_FAILED };

struct recovery {
    struct op base;
    struct actor_msg *ticket;   /* owned */
    struct message *info;       /* counted */
    int64_t begin_ns;
    struct replog_opened opened;        /* its data is owned */
    struct registry *registry;  /* owned */
    struct message *message;    /* counted; the registry as one */
};

static struct recovery *
recovery_cast(struct op *op)
{
    return CONTAINER_OF(op, struct recovery, base);
}

static void
opened_fini(struct replog_opened *opened)
{
    error_destroy(opened->error);
    free(opened->snapshot);
    for (size_t i = 0; i < opened->n_entries; i++) {
        free(opened->entries[i].data);
    }
    free(opened->entries);
}

static void
recovery_destroy(struct op *op)
{
    struct recovery *recovery = recovery_cast(op);

    actor_msg_destroy(recovery->ticket);
    message_unref(recovery->info);
    opened_fini(&recovery->opened);
    registry_destroy(recovery->registry);
    message_unref(recovery->message);
    free(recovery);
}

static enum op_next
recovery_open(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct actor_msg *msg;

    recovery_cast(op)->begin_ns = actor_now(self);
    if (!registrar_has_log(r)) {
        recovery_cast(op)->registry = registry_create();
        return op_goto(op, RECOVERY_LEAD);
    }
    msg = replog_open_create();
    return op_call(op, &r->log, &msg, &msg_replog_opened, r->fetch_timeout_ns,
                   RECOVERY_BUILD);
}

/* In the pool: the newest snapshot, and all that came after it. */
static struct error *
build(void *recovery_)
{
    struct recovery *recovery = recovery_;
    struct replog_opened *opened = &recovery->opened;
    struct error *error = NULL;

    if (opened->snapshot_position > 0) {
        error = registry_decode(opened->snapshot, opened->snapshot_size,
                                &recovery->registry);
        if (error) {
            return error_wrap(error, "the snapshot at position %llu",
                              (unsigned long long) opened->snapshot_position);
        }
    } else {
        recovery->registry = registry_create();
    }
    for (size_t i = 0; !error && i < opened->n_entries; i++) {
        const struct replog_entry *entry = &opened->entries[i];

        error = error_wrap(registry_replay(recovery->registry, entry->data,
                                           entry->size),
                           "the entry at position %llu",
                           (unsigned long long) entry->position);
    }
    return error;
}

static enum op_next
recovery_build(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct recovery *recovery = recovery_cast(op);
    struct replog_opened *opened = actor_msg_body(op_reply(op),
                                                  &msg_replog_opened);

    if (opened->error) {
        return op_fail(op, steal(opened->error));
    }
    recovery->opened = *opened;
    *opened = (struct replog_opened) { .error = NULL };
    r->epoch = recovery->opened.epoch;
    r->position = recovery->opened.end;
    r->snapshot_size = recovery->opened.snapshot_size;
    for (size_t i = 0; i < recovery->opened.n_entries; i++) {
        r->n_bytes += recovery->opened.entries[i].size;
    }
    return op_work(op, build, recovery, RECOVERY_LEAD);
}

/* The new master becomes part of the registry; that it can be stored shows
 * that we may lead. */
static enum op_next
recovery_lead(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct recovery *recovery = recovery_cast(op);
    Internal__Registry__Master master = INTERNAL__REGISTRY__MASTER__INIT;
    Internal__RegistryChange change = INTERNAL__REGISTRY_CHANGE__INIT;
    autofini(strbuf) data = STRBUF(REPLOG_ENTRY_MAX);
    autofini(strbuf) size = STRBUF(64);
    struct registry_effect effect;
    struct actor_msg *msg;
    struct error *error;

    bytes_format(&size, registry_size(recovery->registry));
    log_info("Successfully fetched the registry (%s) in %s", size.data,
             DURATION_TEXT(actor_now(self) - recovery->begin_ns));
    metric_record(r->state_fetch_ms, actor_now(self) - recovery->begin_ns,
                  actor_now(self));
    master.info = message_root(recovery->info);
    change.set_master = &master;
    parts_start(&data);
    registry_encode_change(&change, &data);
    error = registry_apply(recovery->registry, &change, &effect);
    if (error) {
        return op_fail(op, error);
    }
    if (!registrar_has_log(r)) {
        return op_goto(op, RECOVERY_SHOW);
    }
    r->n_bytes += data.len;
    size_t len = data.len;
    void *bytes = strbuf_take(&data);
    msg = replog_append_create(r->epoch, &bytes, len);
    return op_call(op, &r->log, &msg, &msg_replog_appended,
                   r->store_timeout_ns, RECOVERY_SHOW);
}

static struct error *
show(void *recovery_)
{
    struct recovery *recovery = recovery_;

    return registry_to_message(recovery->registry, &recovery->message);
}

static enum op_next
recovery_show(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);

    if (op_reply(op)) {
        struct replog_appended *appended =
            actor_msg_body(op_reply(op), &msg_replog_appended);

        if (appended->error) {
            return op_fail(op, steal(appended->error));
        }
        r->position = appended->position;
    }
    return op_work(op, show, recovery_cast(op), RECOVERY_DONE);
}

static void
answer_recovered(struct registrar *r, struct actor_msg *request,
                 struct error *error, struct message *registry)
{
    struct actor_msg *msg = actor_msg_create(&msg_registrar_recovered);
    struct registrar_recovered *body =
        actor_msg_body(msg, &msg_registrar_recovered);

    body->error = error;
    body->registry = registry;
    body->size = r->registry ? registry_size(r->registry) : 0;
    actor_reply(&r->base, request, &msg);
}

static enum op_next
recovery_done(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct recovery *recovery = recovery_cast(op);

    r->registry = steal(recovery->registry);
    r->state = REGISTRAR_READY;
    r->registry_size_bytes = metrics_add_gauge(actor_metrics(self),
                                               "registrar/"
                                               "registry_size_bytes");
    registrar_show_size(r);
    log_info("Successfully recovered registrar");
    answer_recovered(r, recovery->ticket, NULL, steal(recovery->message));
    registrar_store_next(r);
    return OP_DONE;
}

static enum op_next
recovery_failed(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct recovery *recovery = recovery_cast(op);
    bool is_read = recovery->registry != NULL;

    r->error = error_wrap(
        registrar_explain(op_error(op), is_read ? "store" : "fetch",
                is_read ? r->store_timeout_ns : r->fetch_timeout_ns),
        "Failed to recover registrar");
    r->state = REGISTRAR_ABORTED;
    answer_recovered(r, recovery->ticket, error_clone(r->error), NULL);
    registrar_store_next(r);
    return OP_DONE;
}

static const struct op_step recovery_steps[] = {
    [RECOVERY_OPEN] = { "open", recovery_open },
    [RECOVERY_BUILD] = { "build", recovery_build },
    [RECOVERY_LEAD] = { "lead", recovery_lead },
    [RECOVERY_SHOW] = { "show", recovery_show },
    [RECOVERY_DONE] = { "done", recovery_done },
    [RECOVERY_FAILED] = { "failed", recovery_failed },
};

static const struct op_type recovery_type = {
    .name = "registrar-recovery", .steps = recovery_steps,
    .n_steps = ARRAY_SIZE(recovery_steps), .failure_step = RECOVERY_FAILED,
    .destroy = recovery_destroy,
};

void
registrar_on_recover(struct actor *self, struct actor_msg *msg)
{
    struct registrar *r = registrar_cast(self);
    struct recover_request *body = actor_msg_body(msg, &msg_registrar_recover);
    struct recovery *recovery;

    if (r->state != REGISTRAR_NEW) {
        answer_recovered(r, msg,
                         error_create(ERROR_CONFLICT, "Attempted to recover "
                                      "the registrar a second time"), NULL);
        return;
    }
    r->state = REGISTRAR_RECOVERING;
    recovery = xcalloc(1, sizeof *recovery);
    recovery->ticket = actor_msg_ticket(msg);
    recovery->info = steal(body->info);
    op_start(self, &recovery->base, &recovery_type);
}
