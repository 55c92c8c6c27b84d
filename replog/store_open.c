/* SPDX-License-Identifier: Apache-2.0
 *
 * store_open.c - opening a store: finding out what there is, refusing what
 * does not fit together, and making certain of what does.
 *
 * What the process before us has written and could not sync is in the kernel's
 * cache and looks like the rest, though the disk may not have it and never
 * will.  It can only be the last batch and what is behind it, as nothing is
 * written before the sync of what came before.  So that part is written once
 * more and synced, before anybody hears of it. */
#include <config.h>

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

/* What was found in the directory. */
struct listing {
    struct store *store;
    bool has_metadata;
    VEC(char *) new;            /* owned; names */
    VEC(uint64_t) snapshots;
    char *foreign;              /* owned; the first; NULL: none */
};

void
store_close(struct store *s)
{
    if (s) {
        actor_disk_close(s->disk, &s->fd);
        actor_disk_close(s->disk, &s->lock_fd);
        vec_fini(&s->segments);
        free(s->directory);
        free(s);
    }
}

/* --- one opener --- */

static struct error *
take_lock(struct store *s)
{
    autofree char *path = storage_path(s->directory, STORAGE_LOCK);

    s->lock_fd = actor_disk_open(s->disk, path, O_RDWR | O_CREAT, 0644);
    if (s->lock_fd < 0) {
        return storage_error(s->lock_fd, "opening", path);
    }
    int rc = actor_disk_lock(s->disk, s->lock_fd);

    return rc == -EWOULDBLOCK
        ? error_create(ERROR_CONFLICT, "'%s' is locked: another process has "
                       "the log open", path)
        : rc < 0 ? storage_error(rc, "locking", path) : NULL;
}

/* --- the directory --- */

static void
listing_fini(struct listing *l)
{
    vec_foreach (&l->new, it) {
        free(*it);
    }
    vec_fini(&l->new);
    vec_fini(&l->snapshots);
    free(l->foreign);
}

static void
note_name(void *listing, const char *name)
{
    struct listing *l = listing;
    uint64_t position = 0;

    switch (storage_classify(name, &position)) {
    case STORAGE_KIND_METADATA:
        l->has_metadata = true;
        break;
    case STORAGE_KIND_SEGMENT:
        vec_push(&l->store->segments,
                 ((struct store_segment) { .first = position }));
        break;
    case STORAGE_KIND_SNAPSHOT:
        vec_push(&l->snapshots, position);
        break;
    case STORAGE_KIND_NEW:
        vec_push(&l->new, xstrdup(name));
        break;
    case STORAGE_KIND_FOREIGN:
        if (!l->foreign || !strcmp(name, "CURRENT")) {
            free(l->foreign);
            l->foreign = xstrdup(name);
        }
        break;
    case STORAGE_KIND_LOCK:
    case STORAGE_KIND_NONE:
        break;
    }
}

static int
compare_segments(const void *a_, const void *b_)
{
    const struct store_segment *a = a_, *b = b_;

    return a->first < b->first ? -1 : a->first > b->first;
}

static int
compare_positions(const void *a_, const void *b_)
{
    const uint64_t *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static struct error *
refuse_foreign(const struct store *s, const char *name)
{
    return !strcmp(name, "CURRENT")
        ? error_create(ERROR_UNSUPPORTED, "'%s' holds a replicated log as "
                       "Mesos keeps it (LevelDB), which cannot be read here",
                       s->directory)
        : error_create(ERROR_INVALID, "'%s/%s' does not belong to a log",
                       s->directory, name);
}

static struct error *
list_directory(struct store *s, struct listing *l)
{
    int rc = actor_disk_list(s->disk, s->directory, note_name, l);

    if (rc < 0) {
        return storage_error(rc, "listing", s->directory);
    }
    if (l->foreign) {
        return refuse_foreign(s, l->foreign);
    }
    if (s->segments.n > 0) {
        qsort(s->segments.data, s->segments.n, sizeof *s->segments.data,
              compare_segments);
    }
    if (l->snapshots.n > 0) {
        qsort(l->snapshots.data, l->snapshots.n, sizeof *l->snapshots.data,
              compare_positions);
    }
    return NULL;
}

/* Removes what was never finished. */
static struct error *
remove_new(struct store *s, const struct listing *l)
{
    int rc = 0;

    vec_foreach (&l->new, it) {
        autofree char *path = storage_path(s->directory, *it);

        log_info("Removing '%s', which was never finished", path);
        rc = actor_disk_unlink(s->disk, path);
        if (rc < 0) {
            return storage_error(rc, "removing", path);
        }
    }
    return NULL;
}

/* --- metadata --- */

static struct error *
create_log(struct store *s, const struct listing *l, const uint8_t *id)
{
    if (s->segments.n > 0 || l->snapshots.n > 0) {
        return error_create(ERROR_PARSE, "'%s/" STORAGE_METADATA "' is "
                            "missing, and there are %zu segments and %zu "
                            "snapshots", s->directory, s->segments.n, l->snapshots.n);
    }
    memcpy(s->id, id, sizeof s->id);
    return store_write_metadata(s, 0);
}

static struct error *
decode_metadata(const uint8_t *data, size_t size, struct header *ret)
{
    struct error *error = header_decode(data, size, HEADER_KIND_METADATA, ret);

    return error || size == REPLOG_SECTOR ? error
        : error_create(ERROR_PARSE, "damaged at offset %u: there should be "
                       "nothing", REPLOG_SECTOR);
}

/* '*ret_least_end' is where the log ended when the epoch began. */
static struct error *
read_metadata(struct store *s, uint64_t *ret_least_end)
{
    autofree char *path = storage_path(s->directory, STORAGE_METADATA);
    uint8_t *data;
    size_t size;
    struct header header;
    struct error *error = storage_read_whole(s->disk, path, SEGMENT_PAGE,
                                             &data, &size);

    if (error) {
        return error;
    }
    error = error_wrap(decode_metadata(data, size, &header), "'%s'", path);
    free(data);
    if (!error) {
        memcpy(s->id, header.id, sizeof s->id);
        s->epoch = header.epoch;
        *ret_least_end = header.position;
    }
    return error;
}

/* --- snapshots --- */

static struct error *
check_epoch(const struct store *s, uint64_t epoch, const char *path)
{
    return epoch <= s->epoch ? NULL
        : error_create(ERROR_PARSE, "'%s' was written in epoch %" PRIu64
                       ", and only %" PRIu64 " was promised: '%s/"
                       STORAGE_METADATA "' is an old one", path, epoch,
                       s->epoch, s->directory);
}

static struct error *
open_snapshots(struct store *s, const struct listing *l)
{
    struct header header;

    if (l->snapshots.n == 0) {
        return NULL;
    }
    s->snapshot = vec_last(&l->snapshots);
    autofree char *path = storage_snapshot_path(s->directory, s->snapshot);
    struct error *error = snapshot_read(s->disk, s->directory, s->id,
                                        s->snapshot, &header, NULL);

    if (!error) {
        error = check_epoch(s, header.epoch, path);
    }
    s->snapshot_size = REPLOG_SECTOR + (error ? 0 : header.size);
    for (size_t i = 0; !error && i + 1 < l->snapshots.n; i++) {
        autofree char *old = storage_snapshot_path(s->directory,
                                                 l->snapshots.data[i]);
        int rc = actor_disk_unlink(s->disk, old);

        error = rc < 0 ? storage_error(rc, "removing", old) : NULL;
    }
    return error;
}

/* --- segments --- */

/* Scans segment 'i', of an open one what has been synced; '*ret_data' is the
 * caller's, unless it is NULL. */
static struct error *
scan(struct store *s, size_t i, segment_entry_fn *fn, void *aux,
     struct segment_scan *ret, uint8_t **ret_data)
{
    bool is_last = i + 1 == s->segments.n;
    struct store_segment *segment = &s->segments.data[i];
    autofree char *path = storage_segment_path(s->directory, segment->first);
    uint8_t *data;
    size_t size;
    struct error *error = storage_read_whole(s->disk, path, SEGMENT_SIZE_MAX,
                                           &data, &size);

    if (error) {
        return error;
    }
    segment->size = size;
    if (is_last && s->fd >= 0 && size > s->at) {
        size = s->at;
    }
    error = error_wrap(segment_scan(data, size, segment->first, s->id,
                                    is_last, fn, aux, ret), "'%s'", path);
    if (!error) {
        error = check_epoch(s, ret->epoch, path);
    }
    if (!error && ret_data) {
        *ret_data = data;
    } else {
        free(data);
    }
    return error;
}

/* Writes again, or for the first time as it should be, what follows the last
 * batch that is certainly on the disk. */
static struct error *
make_certain(struct store *s, const struct segment_scan *found, uint8_t *data)
{
    uint64_t first = vec_last(&s->segments).first;
    size_t size = (size_t) vec_last(&s->segments).size;
    autofree char *path = storage_segment_path(s->directory, first);

    if (found->torn_size > 0) {
        log_warn("Cutting %zu bytes off '%s' at offset %zu: the rest of an "
                 "append that was never answered", found->torn_size, path,
                 found->end);
        memset(data + found->end, 0, size - found->end);
    }
    s->fd = actor_disk_open(s->disk, path, O_RDWR, 0);
    if (s->fd < 0) {
        return storage_error(s->fd, "opening", path);
    }
    int rc = storage_write(s->disk, s->fd, data + found->last_batch,
                         size - found->last_batch, found->last_batch);

    if (rc == 0) {
        rc = actor_disk_fsync(s->disk, s->fd);
    }
    s->at = found->end;
    s->zeroed = size;
    return rc < 0 ? storage_error(rc, "writing the end of", path) : NULL;
}

static struct error *
open_last(struct store *s, struct segment_scan *ret)
{
    uint8_t *data;
    struct error *error = scan(s, s->segments.n - 1, NULL, NULL, ret, &data);

    if (!error) {
        error = make_certain(s, ret, data);
        free(data);
    }
    return error;
}

static struct error *
check_gap(const struct store *s, uint64_t next, uint64_t found)
{
    return next >= found ? NULL
        : error_create(ERROR_PARSE, "'%s': entries are missing: there is "
                       "nothing from position %" PRIu64 " to %" PRIu64,
                       s->directory, next, found - 1);
}

static struct error *
check_overlap(const struct store *s, const struct segment_scan *before,
              uint64_t first)
{
    return before->next <= first ? NULL
        : error_create(ERROR_PARSE, "'%s': positions from %" PRIu64 " to %"
                       PRIu64 " are there twice", s->directory, first,
                       before->next - 1);
}

static struct error *
open_segments(struct store *s)
{
    struct segment_scan found = { .next = s->snapshot + 1 };
    struct error *error = store_remove_old(s);

    if (!error && s->segments.n > 0) {
        error = check_gap(s, s->snapshot + 1, s->segments.data[0].first);
    }
    for (size_t i = 0; !error && i < s->segments.n; i++) {
        uint64_t epoch = found.epoch;

        error = i > 0 ? check_gap(s, found.next, s->segments.data[i].first)
                      : NULL;
        if (!error && i > 0) {
            error = check_overlap(s, &found, s->segments.data[i].first);
        }
        if (!error) {
            error = i + 1 < s->segments.n
                ? scan(s, i, NULL, NULL, &found, NULL)
                : open_last(s, &found);
        }
        if (!error && found.epoch < epoch && found.epoch > 0) {
            error = error_create(ERROR_PARSE, "'%s': the segment of position %"
                                 PRIu64 " is of an earlier epoch than the one "
                                 "before", s->directory,
                                 s->segments.data[i].first);
        }
    }
    s->end = found.next - 1;
    return error ? error : check_gap(s, found.next, s->snapshot + 1);
}

static struct error *
check_end(const struct store *s, uint64_t least_end)
{
    return s->end >= least_end ? NULL
        : error_create(ERROR_PARSE, "'%s': entries are missing: the log ends "
                       "at position %" PRIu64 ", and had one at %" PRIu64
                       " when epoch %" PRIu64 " began", s->directory, s->end,
                       least_end, s->epoch);
}

/* --- opening --- */

static struct error *
open_files(struct store *s, struct listing *l, const uint8_t *id)
{
    uint64_t least_end = 0;
    struct error *error = list_directory(s, l);
    int rc = 0;

    if (!error) {
        error = remove_new(s, l);
    }
    if (!error) {
        error = l->has_metadata ? read_metadata(s, &least_end)
                                : create_log(s, l, id);
    }
    if (!error && (rc = actor_disk_fsync_directory(s->disk, s->directory))) {
        error = storage_error(rc, "syncing directory", s->directory);
    }
    if (!error) {
        error = open_snapshots(s, l);
    }
    if (!error) {
        error = open_segments(s);
    }
    return error ? error : check_end(s, least_end);
}

static struct error *
check_options(const struct store_options *options)
{
    uint64_t size = options->segment_size;

    return size == 0 || (size >= STORE_SEGMENT_SIZE_MIN
                         && size <= STORE_SEGMENT_SIZE_MAX) ? NULL
        : error_create(ERROR_INVALID, "segments of %" PRIu64 " bytes; they "
                       "may have %" PRIu64 " to %" PRIu64, size,
                       STORE_SEGMENT_SIZE_MIN, STORE_SEGMENT_SIZE_MAX);
}

struct error *
store_open(const struct store_options *options, struct store **ret)
{
    struct error *error = check_options(options);

    if (error) {
        return error;
    }
    struct store *s = xcalloc(1, sizeof *s);
    struct listing listing = { .store = s };

    s->disk = options->disk;
    s->directory = xstrdup(options->directory);
    s->segment_size = options->segment_size > 0 ? options->segment_size
                                                : STORE_SEGMENT_SIZE;
    s->lock_fd = s->fd = -1;
    error = storage_make_directory(s->disk, s->directory);
    if (!error) {
        error = take_lock(s);
    }
    if (!error) {
        error = open_files(s, &listing, options->id);
    }
    listing_fini(&listing);
    if (error) {
        store_close(s);
        return error;
    }
    *ret = s;
    return NULL;
}

/* --- reading --- */

struct reading {
    uint64_t next;              /* position that is wanted */
    VEC(struct replog_entry) entries;
};

static struct error *
keep_entry(void *reading, const struct segment_entry *e)
{
    struct reading *r = reading;

    if (e->position < r->next) {
        return NULL;
    }
    void *data = try_malloc(e->size > 0 ? e->size : 1);

    if (!data) {
        return error_create(ERROR_NO_MEMORY, "no memory for an entry of %zu "
                            "bytes", e->size);
    }
    if (e->size > 0) {
        memcpy(data, e->data, e->size);
    }
    vec_push(&r->entries, ((struct replog_entry) { e->position, data,
                                                   e->size }));
    r->next = e->position + 1;
    return NULL;
}

struct error *
store_read(struct store *s, struct replog_opened *ret)
{
    struct reading r = { .next = s->snapshot + 1 };
    struct header header = { .size = 0 };
    void *snapshot = NULL;
    struct segment_scan found;
    struct error *error = s->snapshot > 0
        ? snapshot_read(s->disk, s->directory, s->id, s->snapshot, &header,
                        &snapshot) : NULL;

    for (size_t i = 0; !error && i < s->segments.n; i++) {
        error = scan(s, i, keep_entry, &r, &found, NULL);
    }
    if (!error && r.next != s->end + 1) {
        error = error_create(ERROR_PARSE, "'%s': entries are missing: position"
                             " %" PRIu64 " was there before", s->directory,
                             s->end);
    }
    if (error) {
        vec_foreach (&r.entries, it) {
            free(it->data);
        }
        vec_fini(&r.entries);
        free(snapshot);
        return error;
    }
    ret->snapshot_position = s->snapshot;
    ret->snapshot = snapshot;
    ret->snapshot_size = (size_t) header.size;
    ret->entries = r.entries.data;
    ret->n_entries = r.entries.n;
    ret->end = s->end;
    return NULL;
}
