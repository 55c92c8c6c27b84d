/* SPDX-License-Identifier: Apache-2.0
 *
 * place.c - a directory of some disk in which a test works. */
#include <config.h>

#include "tests/lib/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/strbuf.h>

#include "core/system_private.h"
#include "tests/lib/test.h"

const char *
place_path(const struct place *p, const char *name)
{
    static char paths[8][4500];
    static unsigned i;
    char *path = paths[i++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", p->root, name);
    return path;
}

int
place_open(const struct place *p, const char *name, int flags)
{
    return actor_disk_open(p->disk, place_path(p, name), flags, 0644);
}

void
place_put(const struct place *p, const char *name, const char *text)
{
    int fd = place_open(p, name, O_WRONLY | O_CREAT | O_TRUNC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(actor_disk_pwrite(p->disk, fd, text, strlen(text), 0),
                     (int) strlen(text));
    actor_disk_close(p->disk, &fd);
}

void
place_has(const struct place *p, const char *name, const char *expected)
{
    char text[100] = "";
    int fd = place_open(p, name, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(actor_disk_pread(p->disk, fd, text, sizeof text - 1, 0),
                     0);
    ck_assert_str_eq(text, expected);
    actor_disk_close(p->disk, &fd);
}

bool
place_exists(const struct place *p, const char *name)
{
    struct stat info;

    return actor_disk_stat(p->disk, place_path(p, name), &info) == 0;
}

int
place_unlink(const struct place *p, const char *name)
{
    return actor_disk_unlink(p->disk, place_path(p, name));
}

int
place_rmdir(const struct place *p, const char *name)
{
    return actor_disk_rmdir(p->disk, place_path(p, name));
}

int
place_sync(const struct place *p, const char *name)
{
    return actor_disk_fsync_directory(p->disk, place_path(p, name));
}

int
place_stat(const struct place *p, const char *name, struct stat *ret)
{
    return actor_disk_stat(p->disk, place_path(p, name), ret);
}

int
place_realpath(const struct place *p, const char *name, char **ret_path)
{
    return actor_disk_realpath(p->disk, place_path(p, name), ret_path);
}

int
place_mkdir(const struct place *p, const char *name)
{
    return actor_disk_mkdir(p->disk, place_path(p, name), 0755);
}

int
place_move(const struct place *p, const char *from, const char *to)
{
    return actor_disk_rename(p->disk, place_path(p, from), place_path(p, to));
}

int
place_link(const struct place *p, const char *target, const char *name)
{
    return actor_disk_symlink(p->disk, target, place_path(p, name));
}

static void
add_name(void *names_, const char *name)
{
    struct strbuf *names = names_;

    strbuf_append(names, name);
    strbuf_append_char(names, ' ');
}

/* --- anything at random --- */

const char *
place_draw(uint64_t random[4], char path[64])
{
    static const char *const names[] = { "a", "b", "c", "d", ".", ".." };
    unsigned n = 1 + (unsigned) (seeded_next(random) % 3);
    int len = 0;

    for (unsigned i = 0; i < n; i++) {
        len += snprintf(path + len, 64 - (size_t) len, "%s%s",
                        i > 0 ? "/" : "",
                        names[seeded_next(random) % ARRAY_SIZE(names)]);
    }
    if (seeded_next(random) % 8 == 0) {
        snprintf(path + len, 64 - (size_t) len, "/");
    }
    return path;
}

static int
write_at(const struct place *p, const char *name, int flags, size_t size)
{
    static const char data[1000];
    int fd = place_open(p, name, flags);

    if (fd < 0) {
        return fd;
    }
    int rc = (int) actor_disk_pwrite(p->disk, fd, data, size, (off_t) size);

    actor_disk_close(p->disk, &fd);
    return rc;
}

int
place_cut(const struct place *p, const char *name, size_t size)
{
    int fd = place_open(p, name, O_RDWR);
    int rc = fd < 0 ? fd : actor_disk_ftruncate(p->disk, fd, (off_t) size);

    actor_disk_close(p->disk, &fd);
    return rc;
}

/* What stat() says of it in one number; -errno. */
static int
look_at(const struct place *p, const char *name)
{
    struct stat info;
    int rc = actor_disk_stat(p->disk, place_path(p, name), &info);

    return rc < 0 ? rc
        : (int) (info.st_mode & S_IFMT)
          + (S_ISDIR(info.st_mode) ? 0 : (int) info.st_size);
}

/* Names in it and their lengths, in no order; -errno. */
static int
list_at(const struct place *p, const char *name)
{
    autofini(strbuf) names = STRBUF(STRBUF_UNLIMITED);
    int rc = actor_disk_list(p->disk, place_path(p, name), add_name, &names);

    for (size_t i = 0; rc >= 0 && i < names.len; i++) {
        rc += (int) names.data[i] * 7;
    }
    return rc;
}

/* Length of the real path below the place; -errno. */
static int
real_of(const struct place *p, const char *name)
{
    char *path;
    int rc = actor_disk_realpath(p->disk, place_path(p, name), &path);

    if (rc == 0) {
        rc = (int) strlen(path) - (int) strlen(p->root) + 10000;
        free(path);
    }
    return rc;
}

int
place_do(const struct place *p, uint64_t random[4], char what[200])
{
    static const int flags[] = {
        O_WRONLY | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_TRUNC,
        O_WRONLY | O_APPEND, O_RDONLY | O_CREAT, O_RDONLY,
    };
    unsigned kind = (unsigned) (seeded_next(random) % 11);
    int flag = flags[seeded_next(random) % ARRAY_SIZE(flags)];
    size_t size = seeded_next(random) % 1000;
    char a[64], b[64];

    place_draw(random, a);
    place_draw(random, b);
    snprintf(what, 200, "call %u of '%s' and '%s', flags %o", kind, a, b,
             (unsigned) flag);
    switch (kind) {
    case 0:
        return place_mkdir(p, a);
    case 1:
        return place_rmdir(p, a);
    case 2:
        return place_unlink(p, a);
    case 3:
    case 4:
        return place_move(p, a, b);
    case 5:
        return b[0] == '.' || strstr(b, "..") ? 0 : place_link(p, b, a);
    case 6:
        return write_at(p, a, flag, size);
    case 7:
        return place_cut(p, a, size);
    case 8:
        return look_at(p, a);
    case 9:
        return list_at(p, a);
    default:
        return real_of(p, a);
    }
}
