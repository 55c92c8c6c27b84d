/* SPDX-License-Identifier: Apache-2.0
 *
 * directory.c - directories with all that is above them. */
#include <config.h>

#include <actor/directory.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/alloc.h>

static int
make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST) {
        return 0;
    }
    return errno;
}

int
directory_make(const char *path, mode_t mode)
{
    size_t len = strlen(path);
    autofree char *part = NULL;
    int errnum = make_one(path, mode);

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
        errnum = make_one(part, mode);
        part[i] = '/';
        if (errnum) {
            return errnum;
        }
    }
    return make_one(path, mode);
}
