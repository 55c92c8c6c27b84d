/* SPDX-License-Identifier: Apache-2.0
 *
 * program.h - what the programs of executors have in common: their flags, what
 * the agent tells them by environment variables, and an actor system that
 * lives until the executor is done.
 *
 *     struct my_flags { struct program_flags base; bool mine; };
 *     static const struct flag table[] = { PROGRAM_FLAGS, { ... } };
 *
 * One of these programs runs for each executor, so they are kept small: one
 * worker thread, static, without more of the library than they need.
 *
 * Thread-safety: the main thread. */
#ifndef EXECUTOR_PROGRAM_H
#define EXECUTOR_PROGRAM_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/flags.h>

struct actor_gate;
struct actor_system;
struct error;
struct executor_environment;

/* The first member of a program's flags. */
struct program_flags {
    bool help;
    char *launcher_dir;         /* owned; NULL: not given */
};

/* The first entries of its table. */
#define PROGRAM_FLAGS \
    { .name = "help", .type = FLAG_BOOL, .default_value = "false", \
      .offset = offsetof(struct program_flags, help), \
      .help = "Prints this help message." }, \
    { .name = "launcher_dir", .type = FLAG_STRING, \
      .offset = offsetof(struct program_flags, launcher_dir), \
      .help = "Directory of the agent's helper programs." }

/* Where an executor is started; all of it outlives the executor. */
struct program_stage {
    struct actor_system *system;
    const struct executor_environment *environment;
    struct actor_gate *done;    /* to be opened when all is over */
    bool *ret_is_acknowledged;  /* to be set before that */
};

typedef struct error *program_start_fn(const struct program_stage *,
                                       const void *flags);

/* Loads 'flags' (zeroed), starts the executor and waits for its end.  What is
 * wrong is told; returns the status for exit(): 0 if the agent has heard how
 * all ended. */
int program_main(const char *name, const struct flag *table, size_t n_flags,
                 void *flags, program_start_fn *start, int argc,
                 char *argv[]);

#endif /* EXECUTOR_PROGRAM_H */
