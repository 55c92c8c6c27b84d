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

/* Nearly always the last ones are missing: goes up to the first that is there
 * or can be made, and down again. */
int
directory_make_by(int (*make)(void *ctx, const char *path, mode_t mode),
                  void *ctx, const char *path, mode_t mode)
{
    const struct maker maker = { make, ctx, mode };
    autofree char *part = xstrdup(path);
    size_t len = strlen(path);
    size_t at = len;
    int errnum = make_one(&maker, part);

    while (errnum == ENOENT) {
        while (at > 0 && part[at - 1] != '/') {
            at--;
        }
        while (at > 0 && part[at - 1] == '/') {
            at--;
        }
        if (at == 0) {
            return errnum;
        }
        part[at] = '\0';
        errnum = make_one(&maker, part);
    }
    while (errnum == 0 && at < len) {
        part[at] = '/';
        at = strlen(part);
        errnum = make_one(&maker, part);
    }
    return errnum;
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
