/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher.h - the actor fetcher(1): brings what a task's URIs name into its
 * sandbox before it starts.
 *
 * The work is done by children, mesos-fetcher, as the user of the task.  URIs
 * that may be cached are fetched into the cache first, by whoever comes first;
 * others who want them wait.  What the cache cannot take is fetched directly.
 *
 *     fetcher_fetch(self, &fetcher, &request);
 *     ... msg_fetched ...
 *
 * Thread-safety: fetcher_start() any thread; the rest the owner's turns. */
#ifndef AGENT_FETCHER_FETCHER_H
#define AGENT_FETCHER_FETCHER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/actor.h>

struct message;

/* The strings are borrowed and outlive the actor. */
struct fetcher_options {
    const char *launcher_dir;   /* where mesos-fetcher is */
    const char *cache_dir;
    const char *frameworks_home;        /* NULL: relative paths are refused */
    const char *hadoop_home;    /* NULL: as in our environment */
    uint64_t cache_size;
    int64_t stall_timeout_ns;
};

struct fetch_request {
    char *container_id;         /* owned, as the next */
    char *sandbox;
    char *user;                 /* owned; NULL: our own */
    struct message *executor_info;      /* counted; has the URIs */

    /* Whom to be, if 'set_ids'; the groups are owned. */
    bool set_ids;
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t n_groups;

    /* Standard output and error; borrowed until msg_fetched comes. */
    int out_fd, err_fd;
};

/* Ends a fetch, exactly once. */
extern const struct actor_msg_type msg_fetched;

struct fetched {
    char *container_id;         /* owned */
    char *failure;              /* owned; NULL: all is there */
};

struct error *fetcher_start(struct actor_system *,
                            const struct fetcher_options *, struct upid *ret)
    MUST_CHECK;

/* Takes '*request', which is zeroed. */
void fetcher_fetch(struct actor *self, const struct upid *fetcher,
                   struct fetch_request *request);

/* Ends a fetch that is under way; one that is over is fine. */
void fetcher_kill(struct actor *self, const struct upid *fetcher,
                  const char *container_id);

#endif /* AGENT_FETCHER_FETCHER_H */
