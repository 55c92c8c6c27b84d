/* SPDX-License-Identifier: Apache-2.0
 *
 * saved_state.h - what an agent finds of itself when it starts.
 *
 * Thread-safety: before there are actors; reading blocks. */
#ifndef AGENT_CHECKPOINT_SAVED_STATE_H
#define AGENT_CHECKPOINT_SAVED_STATE_H 1

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/compiler.h>
#include <actor/upid.h>
#include <actor/vec.h>

#include "agent/checkpoint/checkpointer.h"

struct actor_disk;
struct error;
struct message;

struct saved_task {
    char *id;                   /* owned */
    struct message *info;       /* counted; cmesos.checkpoint.Task */
    VEC(struct message *) records;      /* counted; UpdateRecord */
    struct checkpoint_log log;  /* its path is owned */
};

struct saved_executor {
    char *id;                   /* owned */
    char *container_id;         /* owned */
    struct message *info;       /* counted; ExecutorInfo */
    bool is_command;
    pid_t pid;                  /* 0: not known */
    struct upid upid;           /* empty: not known */
    VEC(struct saved_task) tasks;
};

struct saved_framework {
    char *id;                   /* owned */
    char *pid;                  /* owned; its scheduler's; NULL: not known */
    struct message *info;       /* counted; FrameworkInfo */
    VEC(struct saved_executor) executors;       /* that are not over */
};

struct saved_state {
    uint64_t journal;           /* the number of its next segment */
    char *agent_id;             /* owned; NULL: a new agent */
    struct message *agent_info; /* counted; AgentInfo; NULL likewise */
    struct message *drain;      /* counted; DrainConfig; NULL: it has none */
    bool is_rebooted;           /* of a boot before this one */
    VEC(struct saved_framework) frameworks;
    unsigned n_errors;          /* that were passed over */
};

/* Replays the journal under 'meta' and reads what is there.  An error that is
 * not 'strict' is told in the log, counted, and what it is about is left out;
 * but not one about the agent itself. */
struct error *saved_state_read(const struct actor_disk *, const char *meta,
                               const char *boot_id, bool strict,
                               struct saved_state *ret) MUST_CHECK;
void saved_state_fini(struct saved_state *);

/* It is a new agent, whose journal goes on. */
void saved_state_forget(struct saved_state *);

#endif /* AGENT_CHECKPOINT_SAVED_STATE_H */
