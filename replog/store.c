/* SPDX-License-Identifier: Apache-2.0
 *
 * store.c - what changes a store: promises, batches, snapshots.
 *
 * One rule carries the format: behind the last batch the file is zero, and
 * durably so, before the next batch is written.  So a file grows by zeroes
 * that are synced first, some hundreds of batches ahead, and batches
 * overwrite them: their sync has no metadata to write.  What a full disk
 * leaves of a batch is overwritten with zeroes before anything else. */
#include <config.h>

#include "replog/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>

#include "replog/storage.h"
#include "replog/snapshot.h"
#include "replog/store_private.h"

/* How far a segment grows at a time: as much again, within these. */
#define GROW_MIN ((size_t) 64 << 10)
#define GROW_MAX ((size_t) 1 << 20)

uint64_t
store_epoch(const struct store *s)
{
    return s->epoch;
}

uint64_t
store_end(const struct store *s)
{
    return s->end;
}

uint64_t
store_snapshot(const struct store *s)
{
    return s->snapshot;
}

uint64_t
store_size(const struct store *s)
{
    uint64_t size = s->snapshot_size;

    vec_foreach (&s->segments, it) {
        size += it->size;
    }
    return size;
}

const char *
store_directory(const struct store *s)
{
    return s->directory;
}

bool
store_has_stopped(const struct store *s)
{
    return s->has_stopped;
}

void
store_stop(struct store *s)
{
    s->has_stopped = true;
}

struct error *
store_fail(struct store *s, struct error *error)
{
    s->has_stopped = true;
    return error;
}

struct error *
store_fail_unless_full(struct store *s, int rc, struct error *error)
{
    return storage_is_full(rc) ? error : store_fail(s, error);
}

static struct error *
check_running(const struct store *s)
{
    return s->has_stopped
        ? error_create(ERROR_IO, "the log in '%s' has stopped after an error "
                       "of its disk", s->directory) : NULL;
}

/* Syncs what was written to the last segment. */
static struct error *
sync_segment(struct store *s, const char *path)
{
    int rc = actor_disk_fdatasync(s->disk, s->fd);

    return rc < 0 ? store_fail(s, storage_error(rc, "syncing", path)) : NULL;
}

static char *
last_path(const struct store *s)
{
    return storage_segment_path(s->directory, vec_last(&s->segments).first);
}

/* --- small files --- */

/* Makes "path.new" with 'size' bytes, padded with zeroes to 'padded', and
 * syncs it.  '*ret_fd' is open, or -1 after an error. */
static struct error *
make_new(struct store *s, const char *path, const void *data, size_t size,
         size_t padded, int *ret_fd)
{
    autofree char *new_path = xasprintf("%s" STORAGE_NEW, path);
    int fd = actor_disk_open(s->disk, new_path, O_RDWR | O_CREAT | O_TRUNC,
                             0644);

    *ret_fd = -1;
    if (fd < 0) {
        return store_fail_unless_full(s, fd,
                                      storage_error(fd, "making", new_path));
    }
    int rc = storage_write(s->disk, fd, data, size, 0);

    if (rc == 0) {
        rc = storage_write_zeroes(s->disk, fd, size, padded);
    }
    struct error *error = rc == 0 ? NULL : store_fail_unless_full(
        s, rc, storage_error(rc, "writing", new_path));

    if (!error && (rc = actor_disk_fsync(s->disk, fd)) < 0) {
        error = store_fail(s, storage_error(rc, "syncing", new_path));
    }
    if (error) {
        actor_disk_close(s->disk, &fd);
        actor_disk_unlink(s->disk, new_path);
    } else {
        *ret_fd = fd;
    }
    return error;
}

static struct error *
put_in_place(struct store *s, const char *path)
{
    struct error *error = storage_put_in_place(s->disk, s->directory, path);

    return error ? store_fail(s, error) : NULL;
}

static void
encode_header(const struct store *s, enum header_kind kind, uint64_t epoch,
              uint64_t position, uint8_t sector[REPLOG_SECTOR])
{
    struct header header = {
        .kind = kind, .epoch = epoch, .position = position,
    };

    memcpy(header.id, s->id, sizeof header.id);
    header_encode(&header, sector);
}

struct error *
store_write_metadata(struct store *s, uint64_t epoch)
{
    autofree char *path = storage_path(s->directory, STORAGE_METADATA);
    uint8_t sector[REPLOG_SECTOR];
    int fd;

    encode_header(s, HEADER_KIND_METADATA, epoch, s->end, sector);
    struct error *error = make_new(s, path, sector, sizeof sector,
                                   sizeof sector, &fd);

    actor_disk_close(s->disk, &fd);
    return error ? error : put_in_place(s, path);
}

struct error *
store_promise(struct store *s, uint64_t epoch)
{
    struct error *error = check_running(s);

    if (!error && epoch <= s->epoch) {
        error = error_create(ERROR_STALE, "epoch %" PRIu64 " has been "
                             "promised to another writer already", s->epoch);
    }
    if (!error) {
        error = store_write_metadata(s, epoch);
    }
    if (!error) {
        s->epoch = epoch;
    }
    return error;
}

/* --- room for a batch --- */

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How long a file of 'size' bytes becomes that needs 'wanted' of them. */
static size_t
grown(const struct store *s, size_t size, size_t wanted)
{
    size_t more = size < GROW_MIN ? GROW_MIN : smaller(size, GROW_MAX);
    size_t target = size + more;

    if (target > s->segment_size) {
        target = (size_t) s->segment_size;
    }
    return target < wanted ? wanted : target;
}

static struct error *
begin_segment(struct store *s, size_t batch_size)
{
    uint64_t first = s->end + 1;
    autofree char *path = storage_segment_path(s->directory, first);
    size_t size = grown(s, 0, SEGMENT_PAGE + batch_size);
    uint8_t sector[REPLOG_SECTOR];
    int fd;

    encode_header(s, HEADER_KIND_SEGMENT, s->epoch, first, sector);
    struct error *error = make_new(s, path, sector, sizeof sector, size, &fd);

    if (error) {
        return error;
    }
    actor_disk_close(s->disk, &s->fd);
    s->fd = fd;
    s->at = SEGMENT_PAGE;
    s->zeroed = size;
    s->dirty_end = 0;
    vec_push(&s->segments, ((struct store_segment) { first, size }));
    return put_in_place(s, path);
}

static struct error *
grow_segment(struct store *s, const char *path, size_t wanted)
{
    size_t size = grown(s, s->zeroed, wanted);
    int rc = storage_write_zeroes(s->disk, s->fd, s->zeroed, size);

    if (rc < 0) {
        return store_fail_unless_full(s, rc,
                                      storage_error(rc, "growing", path));
    }
    struct error *error = sync_segment(s, path);

    if (!error) {
        s->zeroed = size;
        vec_last(&s->segments).size = size;
    }
    return error;
}

static struct error *
clean(struct store *s, const char *path)
{
    int rc = storage_write_zeroes(s->disk, s->fd, s->at, s->dirty_end);

    if (rc < 0) {
        return store_fail_unless_full(s, rc,
                                      storage_error(rc, "cleaning", path));
    }
    struct error *error = sync_segment(s, path);

    if (!error) {
        s->dirty_end = 0;
    }
    return error;
}

/* Sees to it that 'size' zeroes are at 's->at'. */
static struct error *
make_room(struct store *s, size_t size)
{
    struct error *error = NULL;

    if (s->fd < 0 || s->at >= s->segment_size) {
        return begin_segment(s, size);
    }
    autofree char *path = last_path(s);

    if (s->dirty_end > 0) {
        error = clean(s, path);
    }
    if (!error && s->at + size > s->zeroed) {
        error = grow_segment(s, path, s->at + size);
    }
    return error;
}

/* --- batches --- */

static struct error *
write_batch(struct store *s, const void *batch, size_t size)
{
    autofree char *path = last_path(s);
    int rc = storage_write(s->disk, s->fd, batch, size, s->at);

    if (rc < 0) {
        s->dirty_end = s->at + size;
        if (storage_is_full(rc)) {
            /* Most likely there is room for this here; it is synced later. */
            storage_write_zeroes(s->disk, s->fd, s->at, s->dirty_end);
        }
        return store_fail_unless_full(s, rc,
                                      storage_error(rc, "writing", path));
    }
    return sync_segment(s, path);
}

static struct error *
check_entries(const struct segment_entry *entries, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++) {
        if (entries[i].size > REPLOG_ENTRY_MAX) {
            return error_create(ERROR_TOO_LARGE, "an entry of %zu bytes; it "
                                "may have %zu", entries[i].size,
                                REPLOG_ENTRY_MAX);
        }
        size += segment_entry_size(&entries[i]);
        if (size > SEGMENT_BATCH_MAX - SEGMENT_PAGE) {
            return error_create(ERROR_TOO_LARGE, "more than %zu bytes of "
                                "entries at once",
                                SEGMENT_BATCH_MAX - SEGMENT_PAGE);
        }
    }
    return n > 0 ? NULL : error_create(ERROR_INVALID, "no entries");
}

static struct error *
append_batch(struct store *s, struct segment_entry *entries, size_t n)
{
    size_t size = segment_batch_size(entries, n);
    autofree uint8_t *batch = try_malloc(size);

    if (!batch) {
        return error_create(ERROR_NO_MEMORY, "no memory for a batch of %zu "
                            "bytes", size);
    }
    struct error *error = make_room(s, size);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < n; i++) {
        entries[i].position = s->end + 1 + i;
        entries[i].epoch = s->epoch;
    }
    segment_encode_batch(entries, n, batch);
    error = write_batch(s, batch, size);
    if (!error) {
        s->at += size;
        s->end += n;
    }
    return error;
}

struct error *
store_append(struct store *s, uint64_t epoch, struct segment_entry *entries,
             size_t n)
{
    struct error *error = check_running(s);

    if (!error && (epoch != s->epoch || epoch == 0)) {
        error = error_create(ERROR_STALE, "epoch %" PRIu64 " is over: %" PRIu64
                             " has been promised", epoch, s->epoch);
    }
    if (!error) {
        error = check_entries(entries, n);
    }
    return error ? error : append_batch(s, entries, n);
}

/* --- snapshots --- */

struct error *
store_new_snapshot(const struct store *s, uint64_t position,
                   struct snapshot **ret)
{
    struct error *error = check_running(s);

    if (!error && (position <= s->snapshot || position > s->end)) {
        error = error_create(ERROR_INVALID, "a snapshot at position %" PRIu64
                             ", and the last one is at %" PRIu64 ", the last "
                             "entry at %" PRIu64, position, s->snapshot,
                             s->end);
    }
    if (error) {
        return error;
    }
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    snapshot->disk = s->disk;
    snapshot->directory = xstrdup(s->directory);
    memcpy(snapshot->id, s->id, sizeof snapshot->id);
    snapshot->epoch = s->epoch;
    snapshot->position = position;
    *ret = snapshot;
    return NULL;
}

static struct error *
remove_file(struct store *s, const char *path)
{
    int rc = actor_disk_unlink(s->disk, path);

    return rc < 0 && rc != -ENOENT
        ? store_fail(s, storage_error(rc, "removing", path)) : NULL;
}

struct error *
store_remove_old(struct store *s)
{
    struct error *error = NULL;

    while (!error && s->segments.n > 1
           && s->segments.data[1].first <= s->snapshot + 1) {
        autofree char *path =
            storage_segment_path(s->directory, s->segments.data[0].first);

        error = remove_file(s, path);
        vec_remove(&s->segments, 0);
    }
    return error;
}

struct error *
store_install(struct store *s, const struct snapshot *snapshot)
{
    struct error *error = check_running(s);
    autofree char *path = storage_snapshot_path(s->directory,
                                              snapshot->position);
    autofree char *old = storage_snapshot_path(s->directory, s->snapshot);
    bool has_old = s->snapshot > 0;
    struct stat st;

    if (!error) {
        error = put_in_place(s, path);
    }
    if (error) {
        return error;
    }
    s->snapshot = snapshot->position;
    s->snapshot_size = actor_disk_stat(s->disk, path, &st) == 0
        ? (uint64_t) st.st_size : 0;
    vlog(1, "Truncating the log in '%s' to %" PRIu64, s->directory,
         s->snapshot);
    error = has_old ? remove_file(s, old) : NULL;
    return error ? error : store_remove_old(s);
}
