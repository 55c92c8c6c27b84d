/* SPDX-License-Identifier: Apache-2.0
 *
 * task_fetch.h - brings what the URIs of a task of a group name into its
 * sandbox, before its command is started.
 *
 * The work is done by a child, mesos-fetcher, as the user of the task, with
 * its output in the sandbox.  The agent has no part in it, so it goes on when
 * the agent is away; the price is that nothing comes by way of its cache.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_TASK_FETCH_H
#define EXECUTOR_TASK_FETCH_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct actor;
struct error;
struct task_fetch;
struct user_ids;
struct V1__CommandInfo;

/* As the agent's flags say; outlives all fetches. */
struct task_fetch_settings {
    const char *launcher_dir;   /* where mesos-fetcher is; NULL: there is
                                 * none */
    const char *frameworks_home;        /* NULL: relative paths are refused */
    const char *hadoop_home;    /* NULL: as in the environment */
    int64_t stall_timeout_ns;
};

struct task_fetch_options {
    const struct task_fetch_settings *settings;
    const char *container_id;   /* copied; what errors call it by */
    const struct V1__CommandInfo *command;      /* has the URIs */
    char *const *inherited;     /* environment */
    const char *directory;      /* the sandbox */
    int stdio[2];               /* its stdout and stderr; stay open here */
    const struct user_ids *user;        /* whom to be; NULL: ourselves */

    /* It is over; called once, in a turn.  The error (NULL: all is there) is
     * on loan.  The fetch may, and has to be, destroyed from then on. */
    void (*on_end)(struct actor *self, void *aux, const struct error *);
    void *aux;
};

/* All of 'options' is on loan for the call. */
struct error *task_fetch_start(struct actor *self,
                               const struct task_fetch_options *,
                               struct task_fetch **ret) MUST_CHECK;

/* Ends it soon; it is still told of. */
void task_fetch_kill(struct task_fetch *);

/* Ends it if it is under way, untold.  NULL is fine. */
void task_fetch_destroy(struct task_fetch *);

#endif /* EXECUTOR_TASK_FETCH_H */
