/* SPDX-License-Identifier: Apache-2.0
 *
 * copy.c - files of this host and of Hadoop, for mesos-fetcher.
 *
 * Thread: the program's only one. */
#include <config.h>

#include "agent/fetcher/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#define BUFFER_SIZE ((size_t) 256 << 10)

extern char **environ;

static struct error *
open_source(const char *path, struct stat *info, int *ret_fd)
{
    /* Not to wait for a fifo to be written to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return error_errno(errno, "Failed to open '%s'", path);
    }
    if (fstat(fd, info) < 0 || !S_ISREG(info->st_mode)) {
        close(fd);
        return error_create(ERROR_INVALID, "'%s' is not a regular file",
                            path);
    }
    *ret_fd = fd;
    return NULL;
}

static struct error *
copy_bytes(int from, int to)
{
    autofree char *buffer = xmalloc(BUFFER_SIZE);

    for (;;) {
        ssize_t n = read(from, buffer, BUFFER_SIZE);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? error_errno(errno, "Failed to read") : NULL;
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(to, buffer + done, (size_t) (n - done));

            if (written < 0 && errno != EINTR) {
                return error_errno(errno, "Failed to write");
            }
            done += written > 0 ? written : 0;
        }
    }
}

struct error *
copy_file(const char *path, uint64_t size_max, int fd)
{
    struct error *error;
    struct stat info;
    int from = -1;

    error = open_source(path, &info, &from);
    if (error) {
        return error;
    }
    if ((uint64_t) info.st_size > size_max) {
        error = error_create(ERROR_TOO_LARGE, "it is larger than %llu bytes",
                             (unsigned long long) size_max);
    } else {
        error = copy_bytes(from, fd);
    }
    if (!error && fchmod(fd, (info.st_mode & 0777 & ~0022u) | 0600) < 0) {
        error = error_errno(errno, "Failed to chmod");
    }
    close(from);
    return error;
}

struct error *
copy_size(const char *path, uint64_t *ret_size)
{
    struct stat info;

    if (stat(path, &info) < 0) {
        return error_errno(errno, "Failed to stat '%s'", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return error_create(ERROR_INVALID, "'%s' is not a regular file",
                            path);
    }
    *ret_size = (uint64_t) info.st_size;
    return NULL;
}

struct error *
copy_from_hadoop(const char *uri, const char *path)
{
    const char *home = getenv("HADOOP_HOME");
    autofree char *program = home ? xasprintf("%s/bin/hadoop", home)
                                  : xstrdup("hadoop");
    char *const argv[] = {
        (char *) "hadoop", (char *) "fs", (char *) "-copyToLocal",
        (char *) uri, (char *) path, NULL,
    };
    int status = 0;
    pid_t pid;
    int errnum = posix_spawnp(&pid, program, NULL, NULL, argv, environ);

    if (errnum != 0) {
        return error_errno(errnum, "Failed to run '%s fs -copyToLocal'",
                           program);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return error_create(ERROR_UNAVAILABLE, "'%s fs -copyToLocal' %s %d",
                            program, WIFEXITED(status) ? "exited with status"
                                                       : "ended by signal",
                            WIFEXITED(status) ? WEXITSTATUS(status)
                                              : WTERMSIG(status));
    }
    return NULL;
}

/* As openat() of a path that may not lead out of the current directory. */
static int
open_beneath(const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned) (flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };

    return (int) syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

struct error *
copy_make_parents(const char *path)
{
    for (const char *slash = strchr(path, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        autofree char *prefix = xstrndup(path, (size_t) (slash - path));
        char *name = strrchr(prefix, '/');
        autoclose int there = open_beneath(prefix, O_PATH | O_DIRECTORY, 0);
        autoclose int above = -1;

        if (there >= 0) {
            continue;
        }
        if (name) {
            *name = '\0';
        }
        above = open_beneath(name ? prefix : ".", O_PATH | O_DIRECTORY, 0);
        if (above < 0 || mkdirat(above, name ? name + 1 : prefix, 0755) < 0) {
            return error_errno(errno, "Failed to create the directory of "
                               "'%s'", path);
        }
    }
    return NULL;
}

struct error *
copy_open_output(const char *path, int *ret_fd)
{
    struct error *error = copy_make_parents(path);
    int fd;

    if (error) {
        return error;
    }
    fd = open_beneath(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return error_errno(errno, "Failed to create '%s'", path);
    }
    *ret_fd = fd;
    return NULL;
}
