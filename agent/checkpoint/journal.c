/* SPDX-License-Identifier: Apache-2.0
 *
 * journal.c - changes of many small files, durable with one fsync.
 *
 * Thread: a pool thread, or the one that starts the agent. */
#include <config.h>

#include "agent/checkpoint/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "agent/checkpoint/file.h"
#include "agent/checkpoint/format.h"
#include "agent/checkpoint/journal_private.h"

#define KIND "journal"
#define CHANGE_HEADER 17

/* --- changes as bytes --- */

static void
put(struct strbuf *out, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        strbuf_append_char(out, (char) (value >> (8 * i)));
    }
}

static uint64_t
get(const uint8_t *from, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++) {
        value |= (uint64_t) from[i] << (8 * i);
    }
    return value;
}

void
checkpoint_change_encode(struct strbuf *out,
                         const struct checkpoint_change *change)
{
    put(out, (uint64_t) change->type, 1);
    put(out, strlen(change->path), 4);
    put(out, change->offset, 8);
    put(out, change->size, 4);
    strbuf_append(out, change->path);
    strbuf_append_bytes(out, change->data, change->size);
}

/* A path leads to something below meta, whatever stands in it. */
static bool
is_inside(const char *path, size_t len)
{
    if (len == 0 || path[0] == '/' || memchr(path, '\0', len)) {
        return false;
    }
    for (size_t i = 0; i < len;) {
        const char *slash = memchr(path + i, '/', len - i);
        size_t n = slash ? (size_t) (slash - path) - i : len - i;

        if (n == 0 || (n == 1 && path[i] == '.')
            || (n == 2 && !memcmp(path + i, "..", 2))) {
            return false;
        }
        i += n + 1;
    }
    return path[len - 1] != '/';
}

struct error *
checkpoint_changes_decode(const void *payload, size_t size,
                          checkpoint_change_fn *fn, void *aux)
{
    const uint8_t *at = payload;

    while (size > 0) {
        struct checkpoint_change change;
        size_t path_len;

        if (size < CHANGE_HEADER) {
            return error_create(ERROR_PARSE, "a change is cut off");
        }
        change.type = (enum checkpoint_change_type) at[0];
        path_len = (size_t) get(at + 1, 4);
        change.offset = get(at + 5, 8);
        change.size = (size_t) get(at + 13, 4);
        at += CHANGE_HEADER;
        size -= CHANGE_HEADER;
        if (path_len > size || change.size > size - path_len) {
            return error_create(ERROR_PARSE, "a change is cut off");
        }
        if (change.type < CHECKPOINT_WRITE || change.type > CHECKPOINT_REMOVE
            || change.offset > INT64_MAX / 2
            || !is_inside((const char *) at, path_len)
            || (change.type == CHECKPOINT_LINK
                && !is_inside((const char *) at + path_len, change.size))) {
            return error_create(ERROR_PARSE, "there is no such change");
        }
        autofree char *path = xstrndup((const char *) at, path_len);
        change.path = path;
        change.data = at + path_len;
        struct error *error = fn(aux, &change);
        if (error) {
            return error;
        }
        at += path_len + change.size;
        size -= path_len + change.size;
    }
    return NULL;
}

/* --- changes of files --- */

static struct error *
write_all(const struct actor_disk *disk, int fd, const char *path,
          const void *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t n = actor_disk_pwrite(disk, fd, data, size, (off_t) offset);

        if (n <= 0) {
            return error_errno(n < 0 ? (int) -n : ENOSPC, "writing '%s'",
                               path);
        }
        data = (const char *) data + n;
        size -= (size_t) n;
        offset += (uint64_t) n;
    }
    return NULL;
}

static char *
parent_of(const char *path)
{
    return xstrndup(path, (size_t) (strrchr(path, '/') - path));
}

static struct error *
make_parent(const struct actor_disk *disk, const char *path)
{
    autofree char *parent = parent_of(path);
    int rc = actor_disk_make_path(disk, parent, 0755);

    return rc < 0 ? error_errno(-rc, "creating directory '%s'", parent)
                  : NULL;
}

/* Beside the file, under a name that no id can have: ids are not so long. */
static char *
temporary_of(const char *path)
{
    return xasprintf("%s.new", path);
}

static struct error *
move(const struct actor_disk *disk, const char *from, const char *to)
{
    int rc = actor_disk_rename(disk, from, to);

    return rc < 0 ? error_errno(-rc, "renaming '%s' to '%s'", from, to) : NULL;
}

/* Whether the file is so already, which after a restart most are. */
static bool
is_written(const struct actor_disk *disk, const char *path,
           const struct checkpoint_change *change)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read_bytes(disk, path, &bytes);
    bool is_same = !error && bytes.len == change->size
        && !memcmp(bytes.data, change->data, change->size);

    error_destroy(error);
    return is_same;
}

/* A file that is there is replaced at once; a new one need not be, since what
 * is torn of it is made good from the journal. */
static struct error *
replace_file(const struct actor_disk *disk, const char *path,
             const struct checkpoint_change *change)
{
    autofree char *temporary = temporary_of(path);
    struct error *error;
    int fd;

    fd = actor_disk_open(disk, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        return error_errno(-fd, "creating '%s'", temporary);
    }
    error = write_all(disk, fd, temporary, change->data, change->size, 0);
    actor_disk_close(disk, &fd);
    return error ? error : move(disk, temporary, path);
}

static struct error *
apply_write(const struct actor_disk *disk, const char *path,
            const struct checkpoint_change *change, bool again)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL;
    struct error *error = NULL;
    int fd;

    if (again && is_written(disk, path, change)) {
        return NULL;
    }
    fd = actor_disk_open(disk, path, flags, 0600);
    if (fd == -ENOENT) {
        error = make_parent(disk, path);
        if (error) {
            return error;
        }
        fd = actor_disk_open(disk, path, flags, 0600);
    }
    if (fd == -EEXIST) {
        return replace_file(disk, path, change);
    }
    if (fd < 0) {
        return error_errno(-fd, "creating '%s'", path);
    }
    error = write_all(disk, fd, path, change->data, change->size, 0);
    actor_disk_close(disk, &fd);
    return error;
}

/* Opens a log; '*ret_fd' is -1 if there is none, and none to begin. */
static struct error *
open_log(const struct actor_disk *disk, const char *path, bool is_begun,
         int *ret_fd)
{
    int fd = actor_disk_open(disk, path, O_RDWR, 0);

    if (fd == -ENOENT && is_begun) {
        struct error *error = make_parent(disk, path);
        if (error) {
            return error;
        }
        fd = actor_disk_open(disk, path, O_RDWR | O_CREAT, 0644);
    } else if (fd == -ENOENT || (fd == -ENOTDIR && !is_begun)) {
        *ret_fd = -1;
        return NULL;
    }
    if (fd < 0) {
        return error_errno(-fd, "opening '%s'", path);
    }
    *ret_fd = fd;
    return NULL;
}

/* Whether the log has these bytes there already.  What it has beyond them is
 * no reason to write them again: changes that follow in the journal, which
 * look for themselves, or a torn tail, which readers cut off. */
static bool
is_appended(const struct actor_disk *disk, int fd,
            const struct checkpoint_change *change)
{
    char piece[4096];

    for (size_t at = 0; at < change->size;) {
        size_t left = change->size - at;
        size_t size = left < sizeof piece ? left : sizeof piece;
        ssize_t n = actor_disk_pread(disk, fd, piece, size,
                                     (off_t) (change->offset + at));

        if (n <= 0
            || memcmp(piece, (const char *) change->data + at, (size_t) n)) {
            return false;
        }
        at += (size_t) n;
    }
    return true;
}

/* A log that is shorter than it should be, or gone, has been removed since, by
 * somebody who does not keep a journal. */
static struct error *
apply_append(const struct actor_disk *disk, const char *path,
             const struct checkpoint_change *change, bool again)
{
    struct stat info;
    int fd = -1;
    struct error *error = open_log(disk, path, change->offset == 0, &fd);

    if (error || fd < 0) {
        return error;
    }
    if (again && is_appended(disk, fd, change)) {
        actor_disk_close(disk, &fd);
        return NULL;
    }
    int rc = actor_disk_fstat(disk, fd, &info);
    bool is_there = rc == 0 && (uint64_t) info.st_size >= change->offset;
    if (is_there && (uint64_t) info.st_size > change->offset) {
        rc = actor_disk_ftruncate(disk, fd, (off_t) change->offset);
    }
    if (rc < 0) {
        error = error_errno(-rc, "setting the size of '%s'", path);
    } else if (is_there) {
        error = write_all(disk, fd, path, change->data, change->size,
                          change->offset);
    }
    actor_disk_close(disk, &fd);
    return error;
}

/* Whether the link leads there already, which after a restart most do. */
static bool
is_linked(const struct actor_disk *disk, const char *path, const char *target)
{
    autofree char *there = NULL;
    autofree char *wanted = NULL;

    return actor_disk_realpath(disk, path, &there) == 0
        && actor_disk_realpath(disk, target, &wanted) == 0
        && !strcmp(there, wanted);
}

static struct error *
replace_link(const struct actor_disk *disk, const char *path,
             const char *target)
{
    autofree char *temporary = temporary_of(path);
    int rc = actor_disk_unlink(disk, temporary);

    if (rc == 0 || rc == -ENOENT) {
        rc = actor_disk_symlink(disk, target, temporary);
    }
    if (rc < 0) {
        return error_errno(-rc, "linking '%s' to '%s'", temporary, target);
    }
    return move(disk, temporary, path);
}

static struct error *
apply_link(const struct actor_disk *disk, const char *meta, const char *path,
           const struct checkpoint_change *change, bool again)
{
    autofree char *target = xasprintf("%s/%.*s", meta, (int) change->size,
                                      (const char *) change->data);
    int rc = actor_disk_symlink(disk, target, path);

    if (rc == -ENOENT) {
        struct error *error = make_parent(disk, path);
        if (error) {
            return error;
        }
        rc = actor_disk_symlink(disk, target, path);
    }
    if (rc == -EEXIST) {
        return again && is_linked(disk, path, target)
            ? NULL : replace_link(disk, path, target);
    }
    return rc < 0 ? error_errno(-rc, "linking '%s' to '%s'", path, target)
                  : NULL;
}

static struct error *
apply_remove(const struct actor_disk *disk, const char *path)
{
    int rc = actor_disk_unlink(disk, path);

    return rc < 0 && rc != -ENOENT && rc != -ENOTDIR
        ? error_errno(-rc, "removing '%s'", path) : NULL;
}

struct target {
    const struct actor_disk *disk;
    const char *meta;
    bool again;                 /* they may have been made before */
};

static struct error *
apply(void *target_, const struct checkpoint_change *change)
{
    const struct target *target = target_;
    const struct actor_disk *disk = target->disk;
    autofree char *path = xasprintf("%s/%s", target->meta, change->path);

    switch (change->type) {
    case CHECKPOINT_WRITE:
        return apply_write(disk, path, change, target->again);
    case CHECKPOINT_APPEND:
        return apply_append(disk, path, change, target->again);
    case CHECKPOINT_LINK:
        return apply_link(disk, target->meta, path, change, target->again);
    case CHECKPOINT_REMOVE:
        return apply_remove(disk, path);
    }
    UNREACHABLE();
}

struct error *
checkpoint_changes_apply(const struct actor_disk *disk, const char *meta,
                         const void *payload, size_t size, bool again)
{
    struct target target = { .disk = disk, .meta = meta, .again = again };

    return checkpoint_changes_decode(payload, size, apply, &target);
}

/* --- the segment that is written --- */

char *
journal_directory(const char *meta)
{
    return xasprintf("%s/journal", meta);
}

char *
journal_path(const char *meta, uint64_t number)
{
    return xasprintf("%s/journal/%" PRIu64, meta, number);
}

struct journal *
journal_create(const struct actor_disk *disk, const char *meta,
               uint64_t number)
{
    struct journal *journal = xcalloc(1, sizeof *journal);

    journal->disk = disk;
    journal->meta = xstrdup(meta);
    journal->number = number;
    journal->fd = -1;
    return journal;
}

void
journal_destroy(struct journal *journal)
{
    if (journal) {
        actor_disk_close(journal->disk, &journal->fd);
        free(journal->meta);
        free(journal);
    }
}

void
journal_rotate(struct journal *journal)
{
    actor_disk_close(journal->disk, &journal->fd);
    journal->size = 0;
    journal->number++;
}

static struct error *
open_segment(struct journal *journal, const char *path)
{
    autofree char *directory = journal_directory(journal->meta);
    int rc = actor_disk_make_path(journal->disk, directory, 0755);

    if (rc == 0) {
        rc = actor_disk_open(journal->disk, path,
                             O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    if (rc < 0) {
        return error_errno(-rc, "creating '%s'", path);
    }
    journal->fd = rc;
    rc = actor_disk_fsync_directory(journal->disk, directory);
    if (rc == 0) {
        rc = actor_disk_fsync_directory(journal->disk, journal->meta);
    }
    if (rc < 0) {
        actor_disk_close(journal->disk, &journal->fd);
        return error_errno(-rc, "syncing directory '%s'", directory);
    }
    return NULL;
}

struct error *
journal_write(struct journal *journal, const void *payload, size_t size)
{
    autofree char *path = journal_path(journal->meta, journal->number);
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct error *error = NULL;
    int rc;

    if (journal->fd < 0) {
        error = open_segment(journal, path);
    }
    if (error) {
        return error;
    }
    if (journal->size == 0) {
        checkpoint_log_begin(&bytes, KIND);
    }
    checkpoint_log_record(&bytes, journal->size + bytes.len, payload, size);
    error = write_all(journal->disk, journal->fd, path, bytes.data, bytes.len,
                      journal->size);
    if (error) {
        return error;
    }
    rc = actor_disk_fdatasync(journal->disk, journal->fd);
    if (rc < 0) {
        return error_errno(-rc, "syncing '%s'", path);
    }
    journal->size += bytes.len;
    return NULL;
}

/* --- all segments --- */

static void
note_segment(void *segments_, const char *name)
{
    struct journal_segments *segments = segments_;
    char *end;
    uint64_t number = strtoull(name, &end, 10);

    if (*end == '\0' && name[0] >= '0' && name[0] <= '9'
        && number < INT64_MAX) {
        vec_push(&segments->numbers, number);
    }
}

static int
compare(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *) a_;
    uint64_t b = *(const uint64_t *) b_;

    return a < b ? -1 : a > b;
}

struct error *
journal_list(const struct actor_disk *disk, const char *meta,
             struct journal_segments *ret)
{
    autofree char *directory = journal_directory(meta);
    int rc = actor_disk_list(disk, directory, note_segment, ret);

    if (rc < 0 && rc != -ENOENT) {
        return error_errno(-rc, "listing '%s'", directory);
    }
    if (ret->numbers.n > 0) {
        qsort(ret->numbers.data, ret->numbers.n, sizeof *ret->numbers.data,
              compare);
    }
    return NULL;
}

/* Calls 'fn' with each change of a segment. */
struct reading {
    checkpoint_change_fn *fn;
    void *aux;
};

static struct error *
read_record(void *reading_, uint64_t offset UNUSED, const void *payload,
            size_t size)
{
    const struct reading *reading = reading_;

    return checkpoint_changes_decode(payload, size, reading->fn,
                                     reading->aux);
}

struct error *
journal_read(const struct actor_disk *disk, const char *meta, uint64_t number,
             checkpoint_change_fn *fn, void *aux)
{
    autofree char *path = journal_path(meta, number);
    struct reading reading = { fn, aux };
    uint64_t size;

    return checkpoint_read_log(disk, path, KIND, read_record, &reading,
                               &size);
}

/* A process that is gone may have left a record that was not synced, and files
 * are changed only after that which makes them good again is durable. */
static struct error *
sync_segment(const struct actor_disk *disk, const char *meta, uint64_t number)
{
    autofree char *path = journal_path(meta, number);
    int fd = actor_disk_open(disk, path, O_RDONLY, 0);
    int rc = fd < 0 ? fd : actor_disk_fdatasync(disk, fd);

    actor_disk_close(disk, &fd);
    return rc < 0 ? error_errno(-rc, "syncing '%s'", path) : NULL;
}

struct error *
journal_replay(const struct actor_disk *disk, const char *meta,
               uint64_t *ret_next)
{
    struct target target = { .disk = disk, .meta = meta, .again = true };
    struct journal_segments segments = { .numbers = VEC_EMPTY };
    struct error *error = journal_list(disk, meta, &segments);

    *ret_next = 1;
    for (size_t i = 0; !error && i < segments.numbers.n; i++) {
        error = sync_segment(disk, meta, segments.numbers.data[i]);
        if (!error) {
            error = journal_read(disk, meta, segments.numbers.data[i], apply,
                                 &target);
        }
        *ret_next = segments.numbers.data[i] + 1;
    }
    vec_fini(&segments.numbers);
    return error;
}
