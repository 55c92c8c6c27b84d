/* SPDX-License-Identifier: Apache-2.0
 *
 * fake_process.h - child processes that are only written down.
 *
 *     struct fake_process *fake = fake_process_create();
 *     struct actor_backend backend = {
 *         .process = &fake_process_ops, .process_ctx = fake,
 *     };
 *     ... a system with that back end; an actor of it starts a child ...
 *     const struct fake_child *child = fake_process_find(fake, "sleep");
 *
 *     fake_process_exit(fake, child->pid, W_EXITCODE(0, 0));
 *
 * A child runs until the test says that it has ended, or until it is sent
 * SIGKILL.  Pids count from FAKE_PROCESS_FIRST_PID.  Destroy the system first.
 *
 * Thread-safety: any thread; what is pointed to stays as long as the fake. */
#ifndef TESTS_LIB_FAKE_PROCESS_H
#define TESTS_LIB_FAKE_PROCESS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <actor/backend.h>
#include <actor/child.h>
#include <actor/error.h>

#define FAKE_PROCESS_FIRST_PID 1000

struct fake_process;

/* What a child was started with, and what became of it. */
struct fake_child {
    pid_t pid;
    char *path;
    char **argv;                /* NULL-terminated */
    char **envp;                /* NULL-terminated; NULL: ours */
    char *directory;            /* NULL: ours */
    int stdio[3];               /* as they were given; not duplicated */
    bool new_session;
    bool set_ids;
    uid_t uid;
    gid_t gid;
    struct actor_child_rlimit rlimits[4];       /* the first ones */
    size_t n_rlimits;

    bool is_running;
    int status;                 /* once it does not run */
    unsigned n_signals;
    int last_signal;            /* 0: none yet */
    bool last_was_group;
};

extern const struct actor_process_ops fake_process_ops;

struct fake_process *fake_process_create(void);
void fake_process_destroy(struct fake_process *);

/* How many were started so far, and the one that was i-th. */
size_t fake_process_n(struct fake_process *);
const struct fake_child *fake_process_at(struct fake_process *, size_t i);

/* The newest one with 'text' in its path or in one of its arguments; NULL if
 * there is none. */
const struct fake_child *fake_process_find(struct fake_process *,
                                           const char *text);

/* The value of 'name' in the child's environment; NULL if it is not there. */
const char *fake_child_getenv(const struct fake_child *, const char *name);

/* The process ends with 'status', as waitpid() would give it.  False if it
 * does not run. */
bool fake_process_exit(struct fake_process *, pid_t, int status);

/* A process that somebody else started and that is there to be watched. */
pid_t fake_process_add(struct fake_process *, const char *path);

/* The host starts anew: nothing runs, and nobody is told.  Between two
 * systems. */
void fake_process_reboot(struct fake_process *);

/* Lets the next start fail with 'code'. */
void fake_process_fail_next(struct fake_process *, enum error_code code);

#endif /* TESTS_LIB_FAKE_PROCESS_H */
