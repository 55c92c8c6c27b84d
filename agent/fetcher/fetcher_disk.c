/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher_disk.c - what the fetcher has the pool do.
 *
 * Of the cache's directory only files with names of a cache are removed: Mesos
 * removes all that is below it, whatever an operator had set the flag to.
 *
 * Thread: the pool's. */
#include <config.h>

#include "agent/fetcher/fetcher_disk.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#define TEXT_MAX ((size_t) 64 << 10)

struct listing {
    const struct fetcher_job *job;
    const char *directory;
    bool is_top;
};

struct fetcher_job *
fetcher_job_create(struct fetch *fetch, const struct actor_disk *disk)
{
    struct fetcher_job *job = xcalloc(1, sizeof *job);

    job->fetch = fetch;
    job->disk = disk;
    job->fd = -1;
    return job;
}

void
fetcher_job_destroy(void *job_)
{
    struct fetcher_job *job = job_;

    actor_disk_close(job->disk, &job->fd);
    vec_foreach (&job->paths, it) {
        free(*it);
    }
    vec_fini(&job->paths);
    vec_fini(&job->sizes);
    free(job->cache_dir);
    free(job->user_dir);
    free(job->text);
    free(job);
}

bool
fetcher_is_cache_name(const char *name)
{
    size_t n_digits;

    if (name[0] != 'c') {
        return false;
    }
    n_digits = strspn(name + 1, "0123456789");
    return n_digits > 0 && name[1 + n_digits] == '-';
}

static void
clear_name(void *listing_, const char *name)
{
    const struct listing *listing = listing_;
    autofree char *path = xasprintf("%s/%s", listing->directory, name);

    if (fetcher_is_cache_name(name)) {
        (void) actor_disk_unlink(listing->job->disk, path);
    } else if (listing->is_top) {
        struct listing below = { .job = listing->job, .directory = path };
        struct stat info;

        if (actor_disk_stat(listing->job->disk, path, &info) == 0
            && S_ISDIR(info.st_mode)) {
            (void) actor_disk_list(listing->job->disk, path, clear_name,
                                   &below);
        }
    }
}

static int
make_user_dir(const struct fetcher_job *job)
{
    int rc = actor_disk_make_path(job->disk, job->user_dir, 0755);

    if (rc == 0 && strcmp(job->user_dir, job->cache_dir) != 0) {
        rc = actor_disk_chmod(job->disk, job->user_dir, 0700);
    }
    if (rc == 0 && job->set_ids) {
        rc = actor_disk_chown(job->disk, job->user_dir, job->uid, job->gid);
    }
    return rc;
}

struct error *
fetcher_prepare_run(void *job_)
{
    struct fetcher_job *job = job_;
    struct listing listing = { job, job->cache_dir, true };
    autofree char *path = xasprintf("%s/.probe-%p", job->cache_dir,
                                    (void *) job);
    int rc = actor_disk_make_path(job->disk, job->cache_dir, 0755);

    if (rc == 0 && job->is_to_be_cleared) {
        (void) actor_disk_list(job->disk, job->cache_dir, clear_name,
                               &listing);
    }
    if (rc == 0) {
        rc = make_user_dir(job);
    }
    if (rc < 0) {
        return error_errno(-rc, "Failed to create fetcher cache directory "
                           "'%s'", job->user_dir);
    }
    rc = actor_disk_open(job->disk, path,
                         O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (rc < 0) {
        return error_errno(-rc, "Failed to create '%s'", path);
    }
    job->fd = rc;
    (void) actor_disk_unlink(job->disk, path);
    return NULL;
}

static struct error *
read_text(struct fetcher_job *job, int fd, off_t offset)
{
    size_t len = 0;

    job->text = xmalloc(TEXT_MAX + 1);
    while (len < TEXT_MAX) {
        ssize_t n = actor_disk_pread(job->disk, fd, job->text + len,
                                     TEXT_MAX - len, offset + (off_t) len);

        if (n < 0) {
            job->text[len] = '\0';
            return error_errno((int) -n, "Failed to read");
        }
        if (n == 0) {
            break;
        }
        len += (size_t) n;
    }
    job->text[len] = '\0';
    return NULL;
}

struct error *
fetcher_read_fd_run(void *job_)
{
    struct fetcher_job *job = job_;

    return read_text(job, job->fd, 0);
}

struct error *
fetcher_read_end_run(void *job_)
{
    struct fetcher_job *job = job_;
    struct error *error;
    struct stat info;
    int fd = actor_disk_open(job->disk, job->paths.data[0], O_RDONLY, 0);

    if (fd < 0) {
        return error_errno(-fd, "Failed to open '%s'", job->paths.data[0]);
    }
    if (actor_disk_fstat(job->disk, fd, &info) < 0
        || info.st_size <= (off_t) TEXT_MAX) {
        info.st_size = (off_t) TEXT_MAX;
    }
    error = read_text(job, fd, info.st_size - (off_t) TEXT_MAX);
    actor_disk_close(job->disk, &fd);
    return error;
}

struct error *
fetcher_unlink_run(void *job_)
{
    struct fetcher_job *job = job_;

    vec_foreach (&job->paths, it) {
        (void) actor_disk_unlink(job->disk, *it);
    }
    return NULL;
}

struct error *
fetcher_measure_run(void *job_)
{
    struct fetcher_job *job = job_;

    vec_foreach (&job->paths, it) {
        struct stat info;
        int rc = actor_disk_stat(job->disk, *it, &info);

        vec_push(&job->sizes, rc == 0 && S_ISREG(info.st_mode) ? info.st_size
                                                               : -1);
    }
    return NULL;
}
