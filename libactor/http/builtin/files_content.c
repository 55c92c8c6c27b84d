/* SPDX-License-Identifier: Apache-2.0
 *
 * files_content.c - directories and pieces of files as JSON.
 *
 * Thread: the pool. */
#include <config.h>

#include "http/builtin/files_content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include "base/utf8.h"
#include "http/builtin/files_walk.h"

/* NSS takes no more for a user or a group of any sensible size. */
#define NSS_BUFFER 4096

static struct error *
place_error(const struct files_place *place, int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
        return error_create(ERROR_NOT_FOUND, "'%s'", place->name);
    case EXDEV:
        return error_create(ERROR_INVALID, "'%s' is inaccessible.",
                            place->name);
    default:
        return error_create(ERROR_INVALID, "'%s' is inaccessible: %s.",
                            place->name, strerror(errnum));
    }
}

/* --- browsing --- */

/* The names that ids had last: most entries have the same. */
struct owners {
    bool has_user, has_group;
    uid_t uid;
    gid_t gid;
    char user[256];
    char group[256];
};

static void
set_name(char name[256], const char *found, unsigned id)
{
    autofini(strbuf) text = STRBUF(255);

    if (found) {
        strbuf_append(&text, found);
    } else {
        strbuf_append_uint(&text, id);
    }
    memcpy(name, text.data, text.len + 1);
}

static const char *
user_of(struct owners *o, uid_t uid)
{
    char buffer[NSS_BUFFER];
    struct passwd entry, *found = NULL;

    if (!o->has_user || o->uid != uid) {
        getpwuid_r(uid, &entry, buffer, sizeof buffer, &found);
        set_name(o->user, found ? found->pw_name : NULL, uid);
        o->uid = uid;
        o->has_user = true;
    }
    return o->user;
}

static const char *
group_of(struct owners *o, gid_t gid)
{
    char buffer[NSS_BUFFER];
    struct group entry, *found = NULL;

    if (!o->has_group || o->gid != gid) {
        getgrgid_r(gid, &entry, buffer, sizeof buffer, &found);
        set_name(o->group, found ? found->gr_name : NULL, gid);
        o->gid = gid;
        o->has_group = true;
    }
    return o->group;
}

static char
type_letter(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    default:
        return '-';
    }
}

/* As ls(1) has it: -rw-r--r--. */
static void
format_mode(mode_t mode, char text[11])
{
    static const mode_t special[3] = { S_ISUID, S_ISGID, S_ISVTX };

    text[0] = type_letter(mode);
    for (unsigned i = 0; i < 3; i++) {
        unsigned bits = mode >> (6 - 3 * i) & 7;
        char *p = text + 1 + 3 * i;
        char letter = i == 2 ? 't' : 's';

        p[0] = bits & 4 ? 'r' : '-';
        p[1] = bits & 2 ? 'w' : '-';
        p[2] = bits & 1 ? 'x' : '-';
        if (mode & special[i]) {
            p[2] = bits & 1 ? letter : (char) (letter - 'a' + 'A');
        }
    }
    text[10] = '\0';
}

static void
write_entry(struct json_writer *w, const char *path, const struct stat *st,
            struct owners *owners)
{
    char mode[11];

    format_mode(st->st_mode, mode);
    json_object_begin(w);
    json_member_string(w, "gid", group_of(owners, st->st_gid));
    json_member_string(w, "mode", mode);
    json_member_double(w, "mtime", (double) st->st_mtime);
    json_member_uint(w, "nlink", st->st_nlink);
    json_member_string(w, "path", path);
    json_member_int(w, "size", st->st_size);
    json_member_string(w, "uid", user_of(owners, st->st_uid));
    json_object_end(w);
}

struct listing {
    VEC(char *) names;          /* owned */
};

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names in 'dir'; false if there are too many. */
static bool
listing_read(struct listing *listing, DIR *dir)
{
    const struct dirent *entry;

    while ((entry = readdir(dir))) {
        const char *name = entry->d_name;

        if (!strcmp(name, ".") || !strcmp(name, "..")) {
            continue;
        }
        if (listing->names.n == LIMIT_FILES_ENTRIES) {
            return false;
        }
        vec_push(&listing->names, xstrdup(name));
    }
    if (listing->names.n > 0) {
        qsort(listing->names.data, listing->names.n,
              sizeof *listing->names.data, compare_names);
    }
    return true;
}

static void
listing_fini(struct listing *listing)
{
    vec_foreach (&listing->names, it) {
        free(*it);
    }
    vec_fini(&listing->names);
}

/* What a link leads to, unless that is outside: then the link itself.  False
 * if 'name' has gone meanwhile. */
static bool
stat_entry(const struct files_place *place, int dir, const char *name,
           struct stat *ret)
{
    if (fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW) < 0) {
        return false;
    }
    if (S_ISLNK(ret->st_mode)) {
        autofree char *rest = xasprintf("%s%s%s", place->rest,
                                        place->rest[0] ? "/" : "", name);
        struct stat target;

        if (files_walk_stat(place->root, rest, &target) == 0) {
            *ret = target;
        }
    }
    return true;
}

static struct error *
write_directory(const struct files_place *place, DIR *dir,
                struct json_writer *w)
{
    autofini(listing) listing = { VEC_EMPTY };
    struct owners owners = { .has_user = false };

    if (!listing_read(&listing, dir)) {
        return error_create(ERROR_TOO_LARGE, "'%s' has more than %zu entries.",
                            place->name, LIMIT_FILES_ENTRIES);
    }
    vec_foreach (&listing.names, it) {
        autofree char *path = xasprintf("%s/%s", place->name, *it);
        struct stat st;

        if (stat_entry(place, dirfd(dir), *it, &st)) {
            write_entry(w, path, &st, &owners);
        }
    }
    return NULL;
}

struct error *
files_browse(const struct files_place *place, struct strbuf *out)
{
    struct json_writer w = JSON_WRITER(out);
    struct error *error = NULL;
    struct stat st;
    autoclose int fd = files_walk_open(place->root, place->rest, &st);

    if (fd < 0) {
        return place_error(place, -fd);
    }
    json_array_begin(&w);
    if (S_ISDIR(st.st_mode)) {
        DIR *dir = fdopendir(fd);

        if (!dir) {
            return place_error(place, errno);
        }
        fd = -1;                /* the directory's now */
        error = write_directory(place, dir, &w);
        closedir(dir);
    }
    json_array_end(&w);
    return error;
}

/* --- reading --- */

/* Reads until the buffer is full or the file ends.  Returns how much, or
 * -errno. */
static ssize_t
read_at(int fd, char *buffer, size_t size, int64_t offset)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(fd, buffer + done, size - done,
                          offset + (int64_t) done);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t) n : 0;
    }
    return (ssize_t) done;
}

static struct error *
check_range(const struct files_place *place, const struct stat *st,
            int64_t offset, int64_t length)
{
    if (S_ISDIR(st->st_mode)) {
        return error_create(ERROR_INVALID, "Cannot read a directory.");
    }
    if (!S_ISREG(st->st_mode)) {
        return error_create(ERROR_INVALID, "'%s' is not a regular file.",
                            place->name);
    }
    if (offset < -1) {
        return error_create(ERROR_INVALID, "Negative offset provided: %lld.",
                            (long long) offset);
    }
    if (length < -1) {
        return error_create(ERROR_INVALID, "Negative length provided: %lld.",
                            (long long) length);
    }
    return NULL;
}

static void
write_data(struct strbuf *out, const char *data, size_t len, int64_t offset)
{
    struct json_writer w = JSON_WRITER(out);

    json_object_begin(&w);
    json_key(&w, "data");
    json_string_n(&w, data, len);
    json_member_int(&w, "offset", offset);
    json_object_end(&w);
}

struct error *
files_read(const struct files_place *place, int64_t offset, int64_t length,
           struct strbuf *out)
{
    struct stat st;
    autoclose int fd = files_walk_open(place->root, place->rest, &st);

    if (fd < 0) {
        return place_error(place, -fd);
    }
    struct error *error = check_range(place, &st, offset, length);
    if (error) {
        return error;
    }
    if (offset < 0 || offset >= st.st_size) {
        write_data(out, "", 0, offset < 0 ? st.st_size : offset);
        return NULL;
    }

    size_t size = LIMIT_FILES_READ;
    if (length >= 0 && length < (int64_t) size) {
        size = (size_t) length;
    }
    autofree char *buffer = xmalloc(LIMIT_FILES_READ);
    ssize_t n = read_at(fd, buffer, size, offset);
    if (n < 0) {
        return place_error(place, (int) -n);
    }
    size_t len = (size_t) n;
    size_t cut = utf8_truncated(buffer, len);
    if (len == LIMIT_FILES_READ && offset + n < st.st_size) {
        len -= cut;
    }
    write_data(out, buffer, len, offset);
    return NULL;
}

/* --- downloading --- */

struct error *
files_open(const struct files_place *place, int *ret_fd)
{
    struct stat st;
    autoclose int fd = files_walk_open(place->root, place->rest, &st);

    if (fd < 0) {
        return place_error(place, -fd);
    }
    if (S_ISDIR(st.st_mode)) {
        return error_create(ERROR_INVALID, "Cannot download a directory.");
    }
    if (!S_ISREG(st.st_mode)) {
        return error_create(ERROR_INVALID, "'%s' is not a regular file.",
                            place->name);
    }
    *ret_fd = fd;
    fd = -1;
    return NULL;
}
