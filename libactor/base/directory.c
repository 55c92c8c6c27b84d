/* SPDX-License-Identifier: Apache-2.0
 *
 * directory.c - directories with all that is above them. */
#include <config.h>

#include <actor/directory.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/alloc.h>

struct maker {
    int (*make)(void *ctx, const char *path, mode_t mode);
    void *ctx;
    mode_t mode;
};

static int
make_one(const struct maker *maker, const char *path)
{
    int errnum = maker->make(maker->ctx, path, maker->mode);

    return errnum == EEXIST ? 0 : errnum;
}

int
directory_make_by(int (*make)(void *ctx, const char *path, mode_t mode),
                  void *ctx, const char *path, mode_t mode)
{
    const struct maker maker = { make, ctx, mode };
    size_t len = strlen(path);
    autofree char *part = NULL;
    int errnum = make_one(&maker, path);

    /* Nearly always only the last one is missing. */
    if (errnum != ENOENT) {
        return errnum;
    }
    part = xstrdup(path);
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') {
            continue;
        }
        part[i] = '\0';
        errnum = make_one(&maker, part);
        part[i] = '/';
        if (errnum) {
            return errnum;
        }
    }
    return make_one(&maker, path);
}

static int
make_real(void *ctx UNUSED, const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 ? 0 : errno;
}

int
directory_make(const char *path, mode_t mode)
{
    return directory_make_by(make_real, NULL, path, mode);
}
