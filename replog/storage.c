/* SPDX-License-Identifier: Apache-2.0
 *
 * storage.c - see storage.h. */
#include <config.h>

#include "replog/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#define SEGMENT_PREFIX "segment-"
#define SNAPSHOT_PREFIX "snapshot-"
#define N_DIGITS 20u
#define ZEROES ((size_t) 64 << 10)

/* --- names --- */

static bool
parse_position(const char *digits, uint64_t *ret)
{
    uint64_t value = 0;

    if (strlen(digits) != N_DIGITS) {
        return false;
    }
    for (; *digits; digits++) {
        unsigned digit = (unsigned) (*digits - '0');

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return value > 0;
}

static bool
has_position(const char *name, const char *prefix, uint64_t *ret)
{
    size_t len = strlen(prefix);

    return !strncmp(name, prefix, len) && parse_position(name + len, ret);
}

static bool
is_new(const char *name)
{
    size_t len = strlen(name), suffix = strlen(STORAGE_NEW);
    uint64_t position;

    if (len <= suffix || strcmp(name + len - suffix, STORAGE_NEW) != 0) {
        return false;
    }
    autofree char *stem = xstrndup(name, len - suffix);

    return !strcmp(stem, STORAGE_METADATA)
           || has_position(stem, SEGMENT_PREFIX, &position)
           || has_position(stem, SNAPSHOT_PREFIX, &position);
}

enum storage_kind
storage_classify(const char *name, uint64_t *ret_position)
{
    return !strcmp(name, STORAGE_METADATA) ? STORAGE_KIND_METADATA
        : !strcmp(name, STORAGE_LOCK) ? STORAGE_KIND_LOCK
        : !strcmp(name, "lost+found") ? STORAGE_KIND_NONE
        : has_position(name, SEGMENT_PREFIX, ret_position)
              ? STORAGE_KIND_SEGMENT
        : has_position(name, SNAPSHOT_PREFIX, ret_position)
              ? STORAGE_KIND_SNAPSHOT
        : is_new(name) ? STORAGE_KIND_NEW : STORAGE_KIND_FOREIGN;
}

char *
storage_path(const char *directory, const char *name)
{
    return xasprintf("%s/%s", directory, name);
}

char *
storage_segment_path(const char *directory, uint64_t position)
{
    return xasprintf("%s/" SEGMENT_PREFIX "%020" PRIu64, directory, position);
}

char *
storage_snapshot_path(const char *directory, uint64_t position)
{
    return xasprintf("%s/" SNAPSHOT_PREFIX "%020" PRIu64, directory, position);
}

/* --- errors --- */

bool
storage_is_full(int rc)
{
    return rc == -ENOSPC || rc == -EDQUOT;
}

struct error *
storage_error(int rc, const char *what, const char *path)
{
    return error_errno(-rc, "%s '%s'", what, path);
}

/* --- directories --- */

/* A copy of 'path' for go_up(). */
static char *
climber(const char *path)
{
    return path[0] ? xstrdup(path) : xstrdup(".");
}

/* Cuts the last component off 'path', which is not empty; false if there is
 * none. */
static bool
go_up(char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    path[len] = '\0';
    char *slash = strrchr(path, '/');

    if (!slash) {
        bool was_here = !strcmp(path, ".");

        memcpy(path, ".", sizeof ".");
        return !was_here;
    }
    if (!slash[1]) {
        return false;
    }
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

static bool
exists(const struct actor_disk *disk, const char *path)
{
    struct stat st;

    return actor_disk_stat(disk, path, &st) == 0;
}

/* Syncs what is above 'path' up to the first directory that was there. */
static int
sync_above(const struct actor_disk *disk, const char *path, const char *known)
{
    autofree char *above = climber(path);
    int rc = 0;

    while (rc == 0 && go_up(above)) {
        rc = actor_disk_fsync_directory(disk, above);
        if (!strcmp(above, known)) {
            break;
        }
    }
    return rc;
}

struct error *
storage_make_directory(const struct actor_disk *disk, const char *path)
{
    autofree char *above = climber(path);

    if (exists(disk, path)) {
        return NULL;
    }
    while (go_up(above) && !exists(disk, above)) {
        continue;
    }
    int rc = actor_disk_make_path(disk, path, 0755);

    if (rc == 0) {
        rc = sync_above(disk, path, above);
    }
    return rc < 0 ? storage_error(rc, "making directory", path) : NULL;
}

/* --- reading and writing --- */

int
storage_write(const struct actor_disk *disk, int fd, const void *data,
            size_t size, size_t offset)
{
    const char *from = data;

    while (size > 0) {
        ssize_t n = actor_disk_pwrite(disk, fd, from, size, (off_t) offset);

        if (n == -EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? (int) n : -EIO;
        }
        from += n;
        offset += (size_t) n;
        size -= (size_t) n;
    }
    return 0;
}

int
storage_write_zeroes(const struct actor_disk *disk, int fd, size_t from,
                   size_t to)
{
    static const char zeroes[ZEROES];
    int rc = 0;

    while (rc == 0 && from < to) {
        size_t n = to - from < ZEROES ? to - from : ZEROES;

        rc = storage_write(disk, fd, zeroes, n, from);
        from += n;
    }
    return rc;
}

struct error *
storage_read(const struct actor_disk *disk, int fd, const char *path,
           void *to, size_t size, size_t offset)
{
    char *at = to;
    size_t left = size;

    while (left > 0) {
        ssize_t n = actor_disk_pread(disk, fd, at, left, (off_t) offset);

        if (n == -EINTR) {
            continue;
        }
        if (n < 0) {
            return storage_error((int) n, "reading", path);
        }
        if (n == 0) {
            return error_create(ERROR_PARSE, "'%s' ends at offset %zu, and "
                                "%zu more bytes should be there", path, offset,
                                left);
        }
        at += n;
        offset += (size_t) n;
        left -= (size_t) n;
    }
    return NULL;
}

static struct error *
read_open(const struct actor_disk *disk, int fd, const char *path, size_t max,
          uint8_t **ret_data, size_t *ret_size)
{
    struct stat st;
    int rc = actor_disk_fstat(disk, fd, &st);

    if (rc < 0) {
        return storage_error(rc, "looking at", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return error_create(ERROR_INVALID, "'%s' is not a file", path);
    }
    if (st.st_size < 0 || (uintmax_t) st.st_size > max) {
        return error_create(ERROR_TOO_LARGE, "'%s' has %jd bytes, and may "
                            "have %zu", path, (intmax_t) st.st_size, max);
    }
    size_t size = (size_t) st.st_size;
    uint8_t *data = try_malloc(size > 0 ? size : 1);

    if (!data) {
        return error_create(ERROR_NO_MEMORY, "no memory for the %zu bytes of "
                            "'%s'", size, path);
    }
    struct error *error = storage_read(disk, fd, path, data, size, 0);

    if (error) {
        free(data);
        return error;
    }
    *ret_data = data;
    *ret_size = size;
    return NULL;
}

struct error *
storage_read_whole(const struct actor_disk *disk, const char *path, size_t max,
                 uint8_t **ret_data, size_t *ret_size)
{
    int fd = actor_disk_open(disk, path, O_RDONLY, 0);

    if (fd < 0) {
        return storage_error(fd, "opening", path);
    }
    struct error *error = read_open(disk, fd, path, max, ret_data, ret_size);

    actor_disk_close(disk, &fd);
    return error;
}

struct error *
storage_put_in_place(const struct actor_disk *disk, const char *directory,
                   const char *path)
{
    autofree char *new_path = xasprintf("%s" STORAGE_NEW, path);
    int rc = actor_disk_rename(disk, new_path, path);

    if (rc < 0) {
        return storage_error(rc, "renaming", new_path);
    }
    rc = actor_disk_fsync_directory(disk, directory);
    return rc < 0 ? storage_error(rc, "syncing directory", directory) : NULL;
}
