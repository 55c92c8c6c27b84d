/* SPDX-License-Identifier: Apache-2.0
 *
 * status_update_manager.c - status updates that get there.
 *
 * One timer for each stream: however many tasks wait for an acknowledgement,
 * an expiry costs one look at one of them.
 *
 * Thread: the actor's turns.  Builds on agent/status_stream.h; used by
 * agent/updates.c. */
#include <config.h>

#include "agent/status_update_manager.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/vec.h>

#include "agent/checkpoint/checkpointer.h"
#include "agent/checkpoint/meta_paths.h"
#include "agent/status_stream.h"
#include "agent/status_stream_table.h"
#include "agent/status_update.h"
#include "proto/cmesos/checkpoint.pb-c.h"
#include "proto/cmesos/internal.pb-c.h"

struct manager {
    struct actor base;
    struct upid owner;          /* the agent */
    struct upid checkpointer;
    struct status_stream_table streams;
    bool is_paused;
};

struct update_body {
    struct message *update;     /* counted */
    char *log;                  /* owned; NULL: nothing is kept */
};

struct recover_body {
    char *framework_id;         /* owned, as the rest */
    char *task_id;
    struct checkpoint_log log;
    VEC(struct message *) records;      /* counted */
};

struct acknowledge_body {
    char *framework_id;         /* owned */
    char *task_id;              /* owned */
    struct uuid uuid;
};

struct close_body {
    char *framework_id;         /* owned */
};

static void status_body_fini(void *);
static void update_fini(void *);
static void recover_fini(void *);
static void acknowledged_fini(void *);
static void acknowledge_fini(void *);
static void close_fini(void *);

const struct actor_msg_type msg_status_recorded = {
    .name = "status-recorded",
    .size = sizeof(struct status_body), .fini = status_body_fini,
};
const struct actor_msg_type msg_status_forward = {
    .name = "status-forward",
    .size = sizeof(struct status_body), .fini = status_body_fini,
};
const struct actor_msg_type msg_status_acknowledged = {
    .name = "status-acknowledged",
    .size = sizeof(struct status_acknowledged), .fini = acknowledged_fini,
};

bool status_update_manager_fault_forgets;

static const struct actor_msg_type msg_update = {
    .name = "status-update",
    .size = sizeof(struct update_body), .fini = update_fini,
};
static const struct actor_msg_type msg_recover = {
    .name = "status-recover",
    .size = sizeof(struct recover_body), .fini = recover_fini,
};
static const struct actor_msg_type msg_durable = {
    .name = "status-durable",
    .size = sizeof(struct status_body), .fini = status_body_fini,
};
static const struct actor_msg_type msg_acknowledge = {
    .name = "status-acknowledge",
    .size = sizeof(struct acknowledge_body), .fini = acknowledge_fini,
};
static const struct actor_msg_type msg_acknowledgement_durable = {
    .name = "status-acknowledgement-durable",
    .size = sizeof(struct acknowledge_body), .fini = acknowledge_fini,
};
static const struct actor_msg_type msg_pause = { .name = "status-pause" };
static const struct actor_msg_type msg_resume = { .name = "status-resume" };
static const struct actor_msg_type msg_close = {
    .name = "status-close",
    .size = sizeof(struct close_body), .fini = close_fini,
};

static struct error *manager_init(struct actor *, void *arg);
static void manager_fini(struct actor *);
static void on_update(struct actor *, struct actor_msg *);
static void on_recover(struct actor *, struct actor_msg *);
static void on_durable(struct actor *, struct actor_msg *);
static void on_acknowledgement_durable(struct actor *, struct actor_msg *);
static void checkpoint_update(struct manager *, struct status_entry *,
                              struct message *update, const struct uuid *);
static void checkpoint_acknowledgement(struct manager *,
                                       struct status_entry *,
                                       const struct uuid *);
static void on_acknowledge(struct actor *, struct actor_msg *);
static void on_pause(struct actor *, struct actor_msg *);
static void on_resume(struct actor *, struct actor_msg *);
static void on_close(struct actor *, struct actor_msg *);
static void on_retry(struct actor *, void *entry);
static void forward_if_due(struct manager *, struct status_entry *);
static void tell_owner(struct manager *, const struct actor_msg_type *,
                       struct message *update);
static void close_stream(struct manager *, struct status_entry *);

static const struct actor_handler handlers[] = {
    { &msg_update, on_update },
    { &msg_recover, on_recover },
    { &msg_durable, on_durable },
    { &msg_acknowledgement_durable, on_acknowledgement_durable },
    { &msg_acknowledge, on_acknowledge },
    { &msg_pause, on_pause },
    { &msg_resume, on_resume },
    { &msg_close, on_close },
};

static const struct actor_type manager_type = {
    .name = "task-status-update-manager", .size = sizeof(struct manager),
    .init = manager_init, .fini = manager_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- for the agent --- */

struct error *
status_update_manager_start(
    struct actor_system *system,
    const struct status_update_manager_options *options, struct upid *ret)
{
    return actor_spawn(system, &manager_type, NULL, (void *) options, ret);
}

void
status_update_manager_update(struct actor *self, const struct upid *manager,
                             struct message *update, const char *log)
{
    struct actor_msg *msg = actor_msg_create(&msg_update);
    struct update_body *body = actor_msg_body(msg, &msg_update);

    body->update = message_ref(update);
    body->log = log ? xstrdup(log) : NULL;
    actor_send(self, manager, &msg);
}

void
status_update_manager_recover(struct actor *self, const struct upid *manager,
                              const char *framework_id, const char *task_id,
                              const struct checkpoint_log *log,
                              struct message *const *records, size_t n)
{
    struct actor_msg *msg = actor_msg_create(&msg_recover);
    struct recover_body *body = actor_msg_body(msg, &msg_recover);

    body->framework_id = xstrdup(framework_id);
    body->task_id = xstrdup(task_id);
    body->log.path = xstrdup(log->path);
    body->log.size = log->size;
    for (size_t i = 0; i < n; i++) {
        vec_push(&body->records, message_ref(records[i]));
    }
    actor_send(self, manager, &msg);
}

void
status_update_manager_acknowledge(struct actor *self,
                                  const struct upid *manager,
                                  const char *framework_id,
                                  const char *task_id,
                                  const struct uuid *uuid)
{
    struct actor_msg *msg = actor_msg_create(&msg_acknowledge);
    struct acknowledge_body *body = actor_msg_body(msg, &msg_acknowledge);

    body->framework_id = xstrdup(framework_id);
    body->task_id = xstrdup(task_id);
    body->uuid = *uuid;
    actor_send(self, manager, &msg);
}

void
status_update_manager_pause(struct actor *self, const struct upid *manager)
{
    struct actor_msg *msg = actor_msg_create(&msg_pause);

    actor_send(self, manager, &msg);
}

void
status_update_manager_resume(struct actor *self, const struct upid *manager)
{
    struct actor_msg *msg = actor_msg_create(&msg_resume);

    actor_send(self, manager, &msg);
}

void
status_update_manager_close(struct actor *self, const struct upid *manager,
                            const char *framework_id)
{
    struct actor_msg *msg = actor_msg_create(&msg_close);
    struct close_body *body = actor_msg_body(msg, &msg_close);

    body->framework_id = xstrdup(framework_id);
    actor_send(self, manager, &msg);
}

/* --- the actor --- */

static struct error *
manager_init(struct actor *self, void *arg)
{
    struct manager *manager = (struct manager *) self;

    const struct status_update_manager_options *options = arg;

    manager->owner = *options->owner;
    manager->checkpointer = *options->checkpointer;
    manager->is_paused = true;
    return NULL;
}

static void
manager_fini(struct actor *self)
{
    struct manager *manager = (struct manager *) self;

    status_stream_table_foreach (&manager->streams, entry) {
        close_stream(manager, entry);
    }
}

static void
on_update(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct update_body *body = actor_msg_body(msg, &msg_update);
    const Internal__StatusUpdate *update = status_update_of(body->update);
    struct uuid uuid;

    struct error *error = status_update_uuid(update, &uuid);
    if (error) {
        error_drop(error);
        return;
    }
    log_info("Received task status update %s", STATUS_UPDATE_TEXT(update));

    struct status_entry *entry =
        status_stream_table_get(&manager->streams, update->framework_id->value,
                                update->status->task_id->value);
    if (body->log && !entry->log.path && status_stream_is_empty(entry->stream)
        && entry->n_updates == 0) {
        entry->log.path = steal(body->log);
    }
    switch (status_stream_add(entry->stream, &uuid, body->update)) {
    case STATUS_STREAM_ADDED:
        entry->n_updates++;
        if (entry->log.path) {
            checkpoint_update(manager, entry, body->update, &uuid);
        }
        forward_if_due(manager, entry);
        break;
    case STATUS_STREAM_DUPLICATE:
        log_warn("Ignoring duplicate task status update %s",
                 STATUS_UPDATE_TEXT(update));
        break;
    case STATUS_STREAM_ACKNOWLEDGED:
        log_warn("Ignoring task status update %s that has already been "
                 "acknowledged by the framework!", STATUS_UPDATE_TEXT(update));
        break;
    }
    if (!status_stream_is_held(entry->stream, &uuid)) {
        tell_owner(manager, &msg_status_recorded, body->update);
    }
}

/* --- what is kept --- */

static void
submit(struct manager *manager, struct status_entry *entry,
       const Checkpoint__UpdateRecord *record,
       struct actor_msg **done)
{
    struct checkpoint *c = checkpoint_create();

    checkpoint_record(c, &entry->log, META_TASK_UPDATES, &record->base);
    checkpointer_submit(&manager->base, &manager->checkpointer, &c, done);
}

/* Nobody hears of the update until it is durable. */
static void
checkpoint_update(struct manager *manager, struct status_entry *entry,
                  struct message *update, const struct uuid *uuid)
{
    Checkpoint__UpdateRecord record =
        CHECKPOINT__UPDATE_RECORD__INIT;
    struct actor_msg *done = actor_msg_create(&msg_durable);
    struct status_body *body = actor_msg_body(done, &msg_durable);

    log_info("Checkpointing UPDATE for task status update %s",
             STATUS_UPDATE_TEXT(status_update_of(update)));
    status_stream_hold(entry->stream, uuid);
    body->update = message_ref(update);
    record.update = message_root(update);
    submit(manager, entry, &record, &done);
}

/* The next update waits for it. */
static void
checkpoint_acknowledgement(struct manager *manager,
                           struct status_entry *entry,
                           const struct uuid *uuid)
{
    Checkpoint__UpdateRecord record =
        CHECKPOINT__UPDATE_RECORD__INIT;

    record.has_acknowledged = true;
    record.acknowledged.data = (uint8_t *) uuid->bytes;
    record.acknowledged.len = sizeof uuid->bytes;
    struct actor_msg *done = actor_msg_create(&msg_acknowledgement_durable);
    struct acknowledge_body *body =
        actor_msg_body(done, &msg_acknowledgement_durable);

    body->framework_id = xstrdup(entry->framework_id);
    body->task_id = xstrdup(entry->task_id);
    entry->n_acknowledgements++;
    submit(manager, entry, &record, &done);
}

static void
on_durable(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct status_body *body = actor_msg_body(msg, &msg_durable);
    const Internal__StatusUpdate *update = status_update_of(body->update);
    struct status_entry *entry =
        status_stream_table_find(&manager->streams,
                                 update->framework_id->value,
                                 update->status->task_id->value);
    struct uuid uuid;

    error_drop(status_update_uuid(update, &uuid));
    if (entry) {
        status_stream_release(entry->stream, &uuid);
        forward_if_due(manager, entry);
    }
    tell_owner(manager, &msg_status_recorded, body->update);
}

static void
on_acknowledgement_durable(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct acknowledge_body *body =
        actor_msg_body(msg, &msg_acknowledgement_durable);
    struct status_entry *entry =
        status_stream_table_find(&manager->streams, body->framework_id,
                                 body->task_id);

    if (entry && entry->n_acknowledgements > 0) {
        entry->n_acknowledgements--;
        forward_if_due(manager, entry);
    }
}

static void
replay(struct status_entry *entry,
       const Checkpoint__UpdateRecord *record)
{
    struct error *error = NULL;
    struct uuid uuid;

    if (record->update) {
        error = status_update_uuid(record->update, &uuid);
        if (!error) {
            struct message *m = message_clone(&record->update->base);

            status_stream_add(entry->stream, &uuid, m);
            entry->n_updates++;
            message_unref(m);
        }
    } else if (record->has_acknowledged) {
        error = uuid_from_bytes(record->acknowledged.data,
                                record->acknowledged.len, &uuid);
        if (!error) {
            error = status_stream_acknowledge(entry->stream, &uuid);
        }
    }
    if (error) {
        log_warn("Passing over a record of '%s': %s", entry->log.path,
                 error_text(error));
        error_destroy(error);
    }
}

static void
on_recover(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct recover_body *body = actor_msg_body(msg, &msg_recover);
    struct status_entry *entry =
        status_stream_table_get(&manager->streams, body->framework_id,
                                body->task_id);

    vlog(1, "Replaying task status update stream for task %s",
         body->task_id);
    free(entry->log.path);
    entry->log = body->log;
    body->log.path = NULL;
    vec_foreach (&body->records, it) {
        replay(entry, message_root(*it));
    }
    if (status_stream_is_terminated(entry->stream)) {
        close_stream(manager, entry);
    } else {
        forward_if_due(manager, entry);
    }
}

static void
on_acknowledge(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct acknowledge_body *body = actor_msg_body(msg, &msg_acknowledge);

    log_info("Received task status update acknowledgement (UUID: %s) for "
             "task %s of framework %s", UUID_TEXT(&body->uuid), body->task_id,
             body->framework_id);

    struct status_entry *entry =
        status_stream_table_find(&manager->streams, body->framework_id,
                                 body->task_id);
    struct error *error =
        entry ? status_stream_acknowledge(entry->stream, &body->uuid)
              : error_create(ERROR_NOT_FOUND, "cannot find the task status "
                             "update stream");
    if (error) {
        log_error("Failed to handle status update acknowledgement (UUID: %s) "
                  "for task %s of framework %s: %s", UUID_TEXT(&body->uuid),
                  body->task_id, body->framework_id, error_text(error));
        error_destroy(error);
        return;
    }

    if (entry->log.path) {
        checkpoint_acknowledgement(manager, entry, &body->uuid);
    }
    struct actor_msg *answer = actor_msg_create(&msg_status_acknowledged);
    struct status_acknowledged *acknowledged =
        actor_msg_body(answer, &msg_status_acknowledged);

    acknowledged->framework_id = steal(body->framework_id);
    acknowledged->task_id = steal(body->task_id);
    acknowledged->uuid = body->uuid;
    acknowledged->is_terminal = status_stream_is_terminated(entry->stream);
    actor_timer_cancel(self, &entry->timer);
    if (acknowledged->is_terminal) {
        if (!status_stream_is_empty(entry->stream)) {
            log_warn("Acknowledged a terminal task status update of task %s "
                     "of framework %s but updates are still pending",
                     entry->task_id, entry->framework_id);
        }
        close_stream(manager, entry);
    } else {
        forward_if_due(manager, entry);
    }
    actor_send(self, &manager->owner, &answer);
}

static void
on_pause(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct manager *manager = (struct manager *) self;

    log_info("Pausing sending task status updates");
    manager->is_paused = true;
    status_stream_table_foreach (&manager->streams, entry) {
        actor_timer_cancel(self, &entry->timer);
    }
}

static void
on_resume(struct actor *self, struct actor_msg *msg UNUSED)
{
    struct manager *manager = (struct manager *) self;

    log_info("Resuming sending task status updates");
    manager->is_paused = false;
    if (UNLIKELY(status_update_manager_fault_forgets)) {
        return;
    }
    status_stream_table_foreach (&manager->streams, entry) {
        status_stream_reset(entry->stream);
        forward_if_due(manager, entry);
    }
}

static void
on_close(struct actor *self, struct actor_msg *msg)
{
    struct manager *manager = (struct manager *) self;
    struct close_body *body = actor_msg_body(msg, &msg_close);

    log_info("Closing task status update streams for framework %s",
             body->framework_id);
    status_stream_table_foreach (&manager->streams, entry) {
        if (strcmp(entry->framework_id, body->framework_id) == 0) {
            close_stream(manager, entry);
        }
    }
}

static void
on_retry(struct actor *self, void *arg)
{
    struct manager *manager = (struct manager *) self;
    struct status_entry *entry = arg;
    struct message *head = status_stream_head(entry->stream);

    log_warn("Resending task status update %s",
             STATUS_UPDATE_TEXT(status_update_of(head)));
    forward_if_due(manager, entry);
}

static void
forward_if_due(struct manager *manager, struct status_entry *entry)
{
    struct actor *self = &manager->base;
    int64_t now = actor_now(self);

    if (manager->is_paused || entry->n_acknowledgements > 0 ||
        status_stream_due(entry->stream) > now) {
        return;
    }
    tell_owner(manager, &msg_status_forward,
               status_stream_head(entry->stream));
    status_stream_sent(entry->stream, now);
    actor_timer_start(self, &entry->timer,
                      status_stream_due(entry->stream) - now, on_retry,
                      entry);
}

static void
tell_owner(struct manager *manager, const struct actor_msg_type *type,
           struct message *update)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct status_body *body = actor_msg_body(msg, type);

    body->update = message_ref(update);
    actor_send(&manager->base, &manager->owner, &msg);
}

static void
close_stream(struct manager *manager, struct status_entry *entry)
{
    actor_timer_cancel(&manager->base, &entry->timer);
    status_stream_table_remove(&manager->streams, entry);
}

/* --- bodies --- */

static void
status_body_fini(void *arg)
{
    struct status_body *body = arg;

    message_unref(body->update);
}

static void
update_fini(void *arg)
{
    struct update_body *body = arg;

    message_unref(body->update);
    free(body->log);
}

static void
recover_fini(void *arg)
{
    struct recover_body *body = arg;

    free(body->framework_id);
    free(body->task_id);
    free(body->log.path);
    vec_foreach (&body->records, it) {
        message_unref(*it);
    }
    vec_fini(&body->records);
}

static void
acknowledged_fini(void *arg)
{
    struct status_acknowledged *body = arg;

    free(body->framework_id);
    free(body->task_id);
}

static void
acknowledge_fini(void *arg)
{
    struct acknowledge_body *body = arg;

    free(body->framework_id);
    free(body->task_id);
}

static void
close_fini(void *arg)
{
    struct close_body *body = arg;

    free(body->framework_id);
}
