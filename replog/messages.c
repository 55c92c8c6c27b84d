/* SPDX-License-Identifier: Apache-2.0
 *
 * messages.c - requests and answers of a log. */
#include <config.h>

#include "replog/messages.h"

#include <actor/alloc.h>
#include <actor/error.h>

#include "replog/replog.h"

/* --- answers --- */

static void
opened_fini(void *opened_)
{
    struct replog_opened *opened = opened_;

    for (size_t i = 0; i < opened->n_entries; i++) {
        free(opened->entries[i].data);
    }
    free(opened->entries);
    free(opened->snapshot);
    error_destroy(opened->error);
}

static void
appended_fini(void *appended)
{
    error_destroy(((struct replog_appended *) appended)->error);
}

static void
snapshotted_fini(void *snapshotted)
{
    error_destroy(((struct replog_snapshotted *) snapshotted)->error);
}

const struct actor_msg_type msg_replog_opened = {
    .name = "replog.opened", .size = sizeof(struct replog_opened),
    .fini = opened_fini,
};
const struct actor_msg_type msg_replog_appended = {
    .name = "replog.appended", .size = sizeof(struct replog_appended),
    .fini = appended_fini,
};
const struct actor_msg_type msg_replog_snapshotted = {
    .name = "replog.snapshotted", .size = sizeof(struct replog_snapshotted),
    .fini = snapshotted_fini,
};

/* --- requests --- */

static void
write_fini(void *write)
{
    free(((struct write_request *) write)->data);
}

const struct actor_msg_type replog_msg_open = { .name = "replog.open" };
const struct actor_msg_type replog_msg_append = {
    .name = "replog.append", .size = sizeof(struct write_request),
    .fini = write_fini,
};
const struct actor_msg_type replog_msg_snapshot = {
    .name = "replog.snapshot", .size = sizeof(struct write_request),
    .fini = write_fini,
};

struct actor_msg *
replog_open_create(void)
{
    return actor_msg_create(&replog_msg_open);
}

static struct actor_msg *
create_write(const struct actor_msg_type *type, uint64_t epoch,
             uint64_t position, void **data, size_t size)
{
    struct actor_msg *msg = actor_msg_create(type);

    *(struct write_request *) actor_msg_body(msg, type) =
        (struct write_request) { epoch, position, steal(*data), size };
    return msg;
}

struct actor_msg *
replog_append_create(uint64_t epoch, void **data, size_t size)
{
    return create_write(&replog_msg_append, epoch, 0, data, size);
}

struct actor_msg *
replog_snapshot_create(uint64_t epoch, uint64_t position, void **data,
                       size_t size)
{
    return create_write(&replog_msg_snapshot, epoch, position, data, size);
}
