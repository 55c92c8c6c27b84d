/* SPDX-License-Identifier: Apache-2.0
 *
 * task_process.h - the command of a task: its start, its killing, its end.
 *
 * A shell line or a program with arguments, the leader of a session of its
 * own, watched by pidfd.  It is ended kindly first: SIGTERM to all that came
 * from it, and SIGKILL when its grace period is over.  What it says of the end
 * is what the last update of the task has to say.
 *
 * Used by the command executor, which has one, and by the default executor,
 * which has many.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_TASK_PROCESS_H
#define EXECUTOR_TASK_PROCESS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/compiler.h>

struct actor;
struct error;
struct V1__CommandInfo;
struct V1__KillPolicy;
struct V1__RLimitInfo;

struct task_process;

/* An update without a reason. */
#define TASK_PROCESS_NO_REASON (-1)

/* Between asking a task to end and killing it, if nobody says. */
#define TASK_PROCESS_GRACE_DEFAULT (INT64_C(3000000000))

struct task_process_end {
    pid_t pid;
    int status;                 /* as waitpid() gives it */
    int state;                  /* enum V1__TaskState: FINISHED, FAILED or
                                 * KILLED */
    int reason;                 /* enum V1__TaskStatus__Reason, or
                                 * TASK_PROCESS_NO_REASON */
    const char *text;           /* "Command exited with status 0" */
};

struct task_process_options {
    const char *task_id;        /* copied */
    const char *container_id;   /* copied; what log lines call it by; NULL: it
                                 * is called by its pid */
    const struct V1__CommandInfo *command;      /* what to run */
    char *const *envp;          /* all of its environment */
    const char *directory;      /* NULL: ours */
    int stdio[2];               /* its stdout and stderr; stay open here */
    const struct V1__RLimitInfo *rlimits;       /* NULL: as ours are */

    /* Whom it runs as, if set. */
    bool set_ids;
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t n_groups;

    /* It has ended; called once, in a turn.  The process may, and has to be,
     * destroyed from then on. */
    void (*on_end)(struct actor *self, void *aux,
                   const struct task_process_end *);
    void *aux;
};

/* Starts it.  All of 'options' is on loan for the call. */
struct error *task_process_start(struct actor *self,
                                 const struct task_process_options *,
                                 struct task_process **ret) MUST_CHECK;

/* Frees it.  If it still runs it goes on, and nobody hears of its end: that is
 * for the fini of the actor.  NULL is fine. */
void task_process_destroy(struct task_process *);

pid_t task_process_pid(const struct task_process *);

/* Kills it, without more of a grace period, 'limit_ns' (>= 0) from now; it has
 * failed then, by REASON_MAX_COMPLETION_TIME_REACHED. */
void task_process_limit(struct task_process *, int64_t limit_ns);

/* Asks it to end, and makes it after 'grace_ns' (below 0 is 0).  Again: its
 * end may be hurried, but not put off, since schedulers repeat kills as they
 * like. */
void task_process_kill(struct task_process *, int64_t grace_ns);

/* Whether it has been asked to end. */
bool task_process_is_killed(const struct task_process *);

/* The grace period of a kill: what the order for it says, or else what the
 * task does, or else TASK_PROCESS_GRACE_DEFAULT.  Both may be NULL. */
int64_t task_process_grace(const struct V1__KillPolicy *order,
                           const struct V1__KillPolicy *task);

#endif /* EXECUTOR_TASK_PROCESS_H */
