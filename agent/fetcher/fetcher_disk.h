/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher_disk.h - what the fetcher has the pool do.
 *
 * A job is made by the actor, run by the pool, read by the actor, and freed;
 * it has copies of all it needs.
 *
 * Thread-safety: the _run functions block and belong into the pool. */
#ifndef AGENT_FETCHER_FETCHER_DISK_H
#define AGENT_FETCHER_FETCHER_DISK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/vec.h>

struct actor_disk;
struct fetch;

struct fetcher_job {
    struct fetch *fetch;        /* borrowed; the actor's */
    const struct actor_disk *disk;      /* borrowed */
    char *cache_dir;            /* owned, as the next */
    char *user_dir;
    bool is_to_be_cleared;
    bool set_ids;               /* the user's directory is the user's */
    uid_t uid;
    gid_t gid;
    VEC(char *) paths;          /* owned */
    VEC(int64_t) sizes;         /* of 'paths'; -1: not there */
    int fd;                     /* owned; -1: none */
    char *text;                 /* owned */
};

struct fetcher_job *fetcher_job_create(struct fetch *,
                                       const struct actor_disk *);
void fetcher_job_destroy(void *job);

/* Makes 'cache_dir', removes what earlier agents left in it if
 * 'is_to_be_cleared', makes 'user_dir', and opens 'fd', a file without a
 * name. */
struct error *fetcher_prepare_run(void *job);

/* Reads 'text' from 'fd'. */
struct error *fetcher_read_fd_run(void *job);

/* Reads the end of the file paths[0] into 'text'. */
struct error *fetcher_read_end_run(void *job);

struct error *fetcher_unlink_run(void *job);

/* Fills in 'sizes'. */
struct error *fetcher_measure_run(void *job);

/* Whether the fetcher may have made a file of that name in its cache. */
bool fetcher_is_cache_name(const char *name);

#endif /* AGENT_FETCHER_FETCHER_DISK_H */
