/* SPDX-License-Identifier: Apache-2.0
 *
 * file.c - finds, opens and reads files; see file.h.
 *
 * A path is resolved first and then opened without following a link in its
 * last place.  Who can move directories about below the root while we look
 * could still lead us out of it: roots are for what only the system's own user
 * writes to. */
#include <config.h>

#include "http/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include "http/head.h"
#include "http/mime.h"

struct file *
file_create(const struct actor_disk *disk, const char *root,
            const char *path)
{
    struct file *file = xcalloc(1, sizeof *file);

    file->disk = disk;
    file->root = root ? xstrdup(root) : NULL;
    file->path = xstrdup(path);
    file->fd = -1;
    strbuf_init(&file->piece, FILE_PIECE);
    return file;
}

struct file *
file_create_open(const struct actor_disk *disk, int fd, const char *name)
{
    struct file *file = file_create(disk, NULL, name);

    file->fd = fd;
    return file;
}

void
file_destroy(struct file *file)
{
    if (!file) {
        return;
    }
    actor_disk_close(file->disk, &file->fd);
    strbuf_fini(&file->piece);
    free(file->root);
    free(file->path);
    free(file);
}

/* --- finding --- */

/* Errors as a client is to hear of them. */
static struct error *
complain(const struct file *file, int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return error_create(ERROR_NOT_FOUND, "there is no file '%s'",
                            file->path);
    default:
        return error_errno(errnum, "reading file '%s'", file->path);
    }
}

static struct error *
resolve(const struct file *file, const char *path, char **ret)
{
    int status = actor_disk_realpath(file->disk, path, ret);

    return status < 0 ? complain(file, -status) : NULL;
}

static bool
is_below(const char *path, const char *root)
{
    size_t len = strlen(root);

    if (strcmp(root, "/") == 0) {
        return true;
    }
    return strncmp(path, root, len) == 0
        && (path[len] == '/' || path[len] == '\0');
}

/* The place of 'below' in the root, links resolved. */
static struct error *
find_below(const struct file *file, const char *below, char **ret)
{
    autofree char *root = NULL;
    autofree char *path = NULL;
    autofree char *joined = xasprintf("%s/%s", file->root, below);

    struct error *error = resolve(file, file->root, &root);
    if (!error) {
        error = resolve(file, joined, &path);
    }
    if (!error && !is_below(path, root)) {
        error = complain(file, ENOENT);
    }
    if (!error) {
        *ret = steal(path);
    }
    return error;
}

/* Opens 'path', whose links are resolved. */
static struct error *
open_at(struct file *file, const char *path, struct stat *ret)
{
    int fd = actor_disk_open(file->disk, path,
                             O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) {
        return complain(file, -fd);
    }
    file->fd = fd;
    int status = actor_disk_fstat(file->disk, fd, ret);

    return status < 0 ? complain(file, -status) : NULL;
}

/* Looks at what is open already. */
static struct error *
look_at(const struct file *file, char **ret_path, struct stat *ret)
{
    int status = actor_disk_fstat(file->disk, file->fd, ret);

    if (status < 0) {
        return complain(file, -status);
    }
    *ret_path = xstrdup(file->path);
    return S_ISREG(ret->st_mode) ? NULL : complain(file, ENOENT);
}

/* Opens '*path', or its index.html if it is a directory, which '*path' is
 * then. */
static struct error *
open_or_index(struct file *file, char **path, struct stat *ret)
{
    struct error *error = open_at(file, *path, ret);

    if (!error && S_ISDIR(ret->st_mode) && file->root) {
        autofree char *index = xasprintf("%s/index.html", file->path);

        actor_disk_close(file->disk, &file->fd);
        free(steal(*path));
        error = find_below(file, index, path);
        if (!error) {
            error = open_at(file, *path, ret);
        }
    }
    if (!error && !S_ISREG(ret->st_mode)) {
        error = complain(file, ENOENT);
    }
    return error;
}

/* --- selecting --- */

/* In nanoseconds since 1970; of times that these do not reach, which anybody
 * may set, the nearest. */
static int64_t
modified_ns(const struct stat *st)
{
    int64_t s = st->st_mtim.tv_sec;

    if (s > INT64_MAX / SECOND - 1) {
        return INT64_MAX;
    }
    return s < INT64_MIN / SECOND ? INT64_MIN
                                  : s * SECOND + st->st_mtim.tv_nsec;
}

/* A file that was changed a moment ago, or is yet to be, may change again
 * without its time telling so: its tag is weak. */
static void
describe(struct file *file, const char *path, const struct stat *st,
         int64_t now_ns)
{
    autofini(strbuf) etag = STRBUF(FILE_ETAG_SIZE - 1);
    int64_t modified = modified_ns(st);

    strbuf_printf(&etag, "%s\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
                  modified > now_ns - SECOND ? "W/" : "",
                  (uint64_t) st->st_ino, (uint64_t) modified,
                  (uint64_t) st->st_size);
    memcpy(file->etag, etag.data, etag.len + 1);
    file->validators = (struct http_validators) {
        .etag = file->etag, .modified_s = st->st_mtim.tv_sec,
        .size = (uint64_t) st->st_size,
    };
    file->type = http_mime_type(path);
}

/* Finds and opens the file, unless it is open. */
static struct error *
find_and_open(struct file *file, char **ret_path, struct stat *ret)
{
    struct error *error;

    if (file->fd >= 0) {
        return look_at(file, ret_path, ret);
    }
    error = file->root ? find_below(file, file->path, ret_path)
                       : resolve(file, file->path, ret_path);
    return error ? error : open_or_index(file, ret_path, ret);
}

struct error *
file_open(struct file *file, const struct http_head *head, int64_t now_ns)
{
    autofree char *path = NULL;
    struct stat st;
    struct error *error = find_and_open(file, &path, &st);

    if (error) {
        return error;
    }
    describe(file, path, &st, now_ns);
    http_conditions_evaluate(head, &file->validators, &file->selection);
    if ((file->selection.status != 200 && file->selection.status != 206)
        || strcmp(head->method, "HEAD") == 0) {
        return NULL;
    }
    file->offset = file->selection.first;
    file->left = file->selection.length;
    return file_read(file);
}

/* --- reading --- */

struct error *
file_read(struct file *file)
{
    size_t wanted = file->left < FILE_PIECE ? (size_t) file->left
                                            : FILE_PIECE;

    strbuf_clear(&file->piece);
    if (wanted == 0) {
        return NULL;
    }
    char *buffer = strbuf_reserve(&file->piece, wanted);
    if (!buffer) {
        return error_create(ERROR_NO_MEMORY, "reading file '%s'",
                            file->path);
    }
    while (file->piece.len < wanted) {
        ssize_t n = actor_disk_pread(file->disk, file->fd,
                                     buffer + file->piece.len,
                                     wanted - file->piece.len,
                                     (off_t) file->offset);
        if (n == -EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? complain(file, (int) -n)
                         : error_create(ERROR_IO, "reading file '%s': it has "
                                        "become shorter", file->path);
        }
        strbuf_advance(&file->piece, (size_t) n);
        file->offset += (uint64_t) n;
        file->left -= (uint64_t) n;
    }
    return NULL;
}
