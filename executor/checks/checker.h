/* SPDX-License-Identifier: Apache-2.0
 *
 * checker.h - looks after a running task: health checks and checks.
 *
 * A checker belongs to an executor actor and runs in its turns: a timer starts
 * a check (a command as a child, an HTTP request, a TCP connection; probe.h),
 * its outcome comes back as a turn.  It is told where the task is and tells,
 * by callbacks, what an update has to say.
 *
 * Mirrors src/checks/ of Mesos (checker.cpp, health_checker.cpp).
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_CHECKS_CHECKER_H
#define EXECUTOR_CHECKS_CHECKER_H 1

#include <stdbool.h>
#include <sys/types.h>

struct actor;
struct V1__CheckInfo;
struct V1__CheckStatusInfo;
struct V1__HealthCheck;
struct message;

struct checker;

struct checker_options {
    const char *task_id;        /* copied */

    /* Of the task, for command checks; copied; NULL: ours. */
    char *const *environment;
    const char *directory;      /* the task's sandbox; copied */

    /* Whom command checks run as if they do not say; NULL: as we.  A name of
     * /etc/passwd. */
    const char *user;
    pid_t task_pid;

    /* The check has told something new: 'status' is on loan.  In this callback
     * and the next one the checker may be destroyed. */
    void (*on_check)(struct actor *self, void *aux,
                     const struct V1__CheckStatusInfo *status);

    /* The task was looked at, and is healthy for the first time or again; or
     * it is not, which is told each time.  'kill': it has been so for too
     * long; told each time, too, as long as nobody destroys the checker. */
    void (*on_health)(struct actor *self, void *aux, bool healthy, bool kill);
    void *aux;
};

/* 'check' and 'health', NULL or not, are copied.  Never fails: what cannot be
 * run is a failed check. */
struct checker *checker_start(struct actor *self,
                              const struct V1__CheckInfo *check,
                              const struct V1__HealthCheck *health,
                              const struct checker_options *);

/* While the agent is away nothing is checked; what is under way is given up.
 * Afterwards checks are due at once, but for those whose delay is not over. */
void checker_pause(struct checker *);
void checker_resume(struct checker *);

/* Ends what is under way and frees the checker; no callback follows.  NULL is
 * fine. */
void checker_destroy(struct checker *);

/* What an update of the task has to say before anything is known: an empty
 * status with the check's type, made in 'm'; NULL if there is no check. */
struct V1__CheckStatusInfo *checker_status(const struct checker *,
                                           struct message *m);

/* The same from the check itself, which may have no checker any more. */
struct V1__CheckStatusInfo *check_status_empty(const struct V1__CheckInfo *,
                                               struct message *m);

#endif /* EXECUTOR_CHECKS_CHECKER_H */
