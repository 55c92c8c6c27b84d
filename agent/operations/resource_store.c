/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_store.c - what an agent remembers of its resources, on the disk.
 *
 * Thread: pool threads. */
#include <config.h>

#include "agent/operations/resource_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "agent/checkpoint/file.h"
#include "agent/checkpoint/format.h"
#include "agent/operations/volumes.h"
#include "proto/cmesos/checkpoint.pb-c.h"

#define KIND "resources"

void
resource_state_init_copy(struct resource_state *state,
                         const struct resource_state *source)
{
    memset(state, 0, sizeof *state);
    resources_init_copy(&state->checkpointed, &source->checkpointed);
    vec_foreach (&source->operations, it) {
        vec_push(&state->operations, message_ref(*it));
    }
}

void
resource_state_fini(struct resource_state *state)
{
    resources_fini(&state->checkpointed);
    vec_foreach (&state->operations, it) {
        message_unref(*it);
    }
    vec_fini(&state->operations);
}

/* --- one file --- */

static void
encode(const struct resource_state *state, struct strbuf *out)
{
    struct message *m = message_create(&checkpoint__resources__descriptor);
    Checkpoint__Resources *root = message_root(m);
    autofini(strbuf) content = STRBUF(CHECKPOINT_SIZE_MAX);

    resources_encode(&state->checkpointed, m, &root->resources,
                     &root->n_resources);
    root->operations = message_array(m, state->operations.n,
                                     sizeof *root->operations);
    vec_foreach (&state->operations, it) {
        root->operations[root->n_operations++] = message_root(*it);
    }
    message_encode_msgpack(&root->base, &content);
    checkpoint_encode(out, KIND, content.data, content.len);
    message_unref(m);
}

static struct error *
read_state(const struct actor_disk *disk, const char *path,
           struct resource_state *ret)
{
    autodestroy(message) *m = NULL;
    struct resource_state state = { .checkpointed = { .entries = NULL } };
    struct error *error = checkpoint_read_message(
        disk, path, KIND, &checkpoint__resources__descriptor, &m);

    if (error) {
        return error;
    }
    const Checkpoint__Resources *root = message_root(m);

    error = resources_decode(root->resources, root->n_resources,
                             &state.checkpointed);
    if (error) {
        return error_wrap(error, "reading '%s'", path);
    }
    for (size_t i = 0; i < root->n_operations; i++) {
        vec_push(&state.operations,
                 message_clone(&root->operations[i]->base));
    }
    *ret = state;
    return NULL;
}

static struct error *
write_all(const struct actor_disk *disk, int fd, const struct strbuf *bytes)
{
    size_t done = 0;

    while (done < bytes->len) {
        ssize_t n = actor_disk_pwrite(disk, fd, bytes->data + done,
                                      bytes->len - done, (off_t) done);

        if (n < 0) {
            return error_errno((int) -n, "writing at %zu", done);
        }
        done += (size_t) n;
    }
    int rc = actor_disk_fsync(disk, fd);

    return rc < 0 ? error_errno(-rc, "syncing") : NULL;
}

static struct error *
write_target(const struct actor_disk *disk, const char *directory,
             const char *path, const struct resource_state *state)
{
    autofini(strbuf) bytes = STRBUF(2 * CHECKPOINT_SIZE_MAX);
    int rc = actor_disk_make_path(disk, directory, 0755);
    int fd;

    if (rc < 0) {
        return error_errno(-rc, "creating '%s'", directory);
    }
    encode(state, &bytes);
    fd = actor_disk_open(disk, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        return error_errno(-fd, "opening '%s'", path);
    }
    struct error *error = write_all(disk, fd, &bytes);

    actor_disk_close(disk, &fd);
    if (!error) {
        rc = actor_disk_fsync_directory(disk, directory);
        error = rc < 0 ? error_errno(-rc, "syncing its directory") : NULL;
    }
    return error_wrap(error, "writing '%s'", path);
}

/* --- both --- */

struct paths {
    char *directory;            /* owned, as the rest */
    char *state;
    char *target;
};

static void
paths_init(struct paths *paths, const char *work_dir)
{
    paths->directory = xasprintf("%s/meta/resources", work_dir);
    paths->state = xasprintf("%s/resources_and_operations.state",
                             paths->directory);
    paths->target = xasprintf("%s/resources_and_operations.target",
                              paths->directory);
}

static void
paths_fini(struct paths *paths)
{
    free(paths->directory);
    free(paths->state);
    free(paths->target);
}

/* From a target that is durable. */
static struct error *
finish(const struct actor_disk *disk, const struct paths *paths,
       const char *work_dir, const struct resource_state *before,
       const struct resource_state *after)
{
    struct volume_changes changes;

    volume_changes_init(&changes, work_dir, &before->checkpointed,
                        &after->checkpointed);
    struct error *error = volume_changes_apply(disk, &changes);

    volume_changes_fini(&changes);
    if (error) {
        return error;
    }
    int rc = actor_disk_rename(disk, paths->target, paths->state);

    if (rc == 0) {
        rc = actor_disk_fsync_directory(disk, paths->directory);
    }
    return rc < 0 ? error_errno(-rc, "renaming '%s' to '%s'", paths->target,
                                paths->state) : NULL;
}

/* Volumes that a failed attempt has made or not, back to what is so. */
static void
undo(const struct actor_disk *disk, const struct paths *paths,
     const char *work_dir, const struct resource_state *before,
     const struct resource_state *after)
{
    struct volume_changes changes;
    int rc = actor_disk_unlink(disk, paths->target);

    if (rc < 0 && rc != -ENOENT) {
        log_error("Failed to remove '%s': %s", paths->target, strerror(-rc));
    }
    volume_changes_init(&changes, work_dir, &after->checkpointed,
                        &before->checkpointed);
    struct error *error = volume_changes_apply(disk, &changes);

    if (error) {
        log_error("Failed to undo an operation: %s", error_text(error));
        error_destroy(error);
    }
    volume_changes_fini(&changes);
}

struct error *
resource_store_commit(const struct actor_disk *disk, const char *work_dir,
                      const struct resource_state *before,
                      const struct resource_state *after)
{
    struct paths paths;

    paths_init(&paths, work_dir);
    struct error *error = write_target(disk, paths.directory, paths.target,
                                       after);

    if (!error) {
        error = finish(disk, &paths, work_dir, before, after);
    }
    if (error) {
        undo(disk, &paths, work_dir, before, after);
    }
    paths_fini(&paths);
    return error;
}

/* --- at a start --- */

static struct error *
finish_target(const struct actor_disk *disk, const struct paths *paths,
              const char *work_dir, struct resource_state *state)
{
    struct resource_state target;
    struct error *error = read_state(disk, paths->target, &target);

    if (error) {
        if (error_code(error) != ERROR_NOT_FOUND) {
            log_warn("Ignoring an operation that was not finished: %s",
                     error_text(error));
        }
        error_destroy(error);
        return NULL;
    }
    log_info("Finishing an operation on resources");
    error = finish(disk, paths, work_dir, state, &target);
    if (error) {
        resource_state_fini(&target);
        return error;
    }
    resource_state_fini(state);
    *state = target;
    return NULL;
}

struct error *
resource_store_load(const struct actor_disk *disk, const char *work_dir,
                    struct resource_state *ret)
{
    struct resource_state state = { .checkpointed = { .entries = NULL } };
    struct paths paths;

    paths_init(&paths, work_dir);
    struct error *error = read_state(disk, paths.state, &state);

    if (error && error_code(error) == ERROR_NOT_FOUND) {
        error_destroy(error);
        error = NULL;
    }
    if (!error) {
        error = finish_target(disk, &paths, work_dir, &state);
    }
    paths_fini(&paths);
    if (error) {
        resource_state_fini(&state);
        return error_wrap(error, "Failed to recover resources");
    }
    *ret = state;
    return NULL;
}
