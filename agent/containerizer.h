/* SPDX-License-Identifier: Apache-2.0
 *
 * containerizer.h - executors as processes in sandboxes.
 *
 * The actor mesos-containerizer(1) makes the sandbox, starts the executor in
 * it as the leader of a session of its own, and watches it by pidfd.  To the
 * agent, its owner, it says:
 *
 *     msg_container_launched      it runs, or why it does not
 *     msg_container_terminated    it is over; once for each container that
 *                                 was launched
 *     msg_containers_recovered    the answer to containerizer_recover()
 *
 * Destroying a container kills the executor and all that came from it; with
 * a launcher of cgroups, so does its end.
 *
 * Thread-safety: the functions are for the agent's turns. */
#ifndef AGENT_CONTAINERIZER_H
#define AGENT_CONTAINERIZER_H 1

#include <stdbool.h>
#include <sys/types.h>

#include <actor/actor.h>
#include <actor/vec.h>

struct launcher;
struct logger_options;
struct message;

#include "agent/operations/volumes.h"

extern const struct actor_msg_type msg_container_launched;
extern const struct actor_msg_type msg_container_terminated;
extern const struct actor_msg_type msg_containers_recovered;

/* What to run where.  All members are owned. */
struct container_spec {
    char *container_id;
    char *framework_id;         /* of the executor; it comes back in answers */
    char *executor_id;
    char *sandbox;
    char *user;                 /* NULL: the agent's own */
    struct volume_links links;  /* in the sandbox */
    char *path;                 /* of the program; searched in PATH */
    char **argv;                /* NULL-terminated */
    char **envp;                /* NULL-terminated */

    /* Counted; root: ExecutorInfo.  Has the URIs to fetch before it starts,
     * and limits. */
    struct message *executor_info;
};

void container_spec_fini(struct container_spec *);

struct container_launched {
    char *container_id;         /* owned, as the rest */
    char *framework_id;
    char *executor_id;
    pid_t pid;
    char *failure;              /* NULL: it runs */
};

struct container_terminated {
    char *container_id;         /* owned, as the rest */
    char *framework_id;
    char *executor_id;
    int status;                 /* as waitpid() gives it; -1: not known */
    bool is_destroyed;          /* we ended it */
};

/* What it is started with; all borrowed. */
struct containerizer_options {
    const struct upid *owner;           /* the agent */
    const struct upid *fetcher;         /* who is asked for URIs */
    const struct launcher *launcher;    /* outlives it; NULL: sessions only */
    struct logger_options *logger;      /* what it holds is taken */
};

/* Starts the actor, whose address is then '*ret'.  The logger that the options
 * hold is taken if it starts; an error says why it does not. */
struct error *containerizer_start(struct actor_system *,
                                  const struct containerizer_options *,
                                  struct upid *ret) MUST_CHECK;

/* A container that an agent before us has started.  Strings are owned. */
struct container_survivor {
    char *container_id;
    char *framework_id;
    char *executor_id;
    char *sandbox;
    pid_t pid;                  /* 0: not known; -1: it is over */
};

struct container_survivors {
    char *root;                 /* owned; sandboxes are below it */
    VEC(struct container_survivor) all;
};

/* Takes '*survivors', which is zeroed.  Those that live are watched from now
 * on; for the others msg_container_terminated is sent.  Executors below 'root'
 * that are not among them are killed with all that came from them. */
void containerizer_recover(struct actor *self,
                           const struct upid *containerizer,
                           struct container_survivors *survivors);

/* Takes '*spec', which is zeroed. */
void containerizer_launch(struct actor *self, const struct upid *containerizer,
                          struct container_spec *spec);

/* Ends a container, in whatever state it is; one that is gone is fine. */
void containerizer_destroy(struct actor *self,
                           const struct upid *containerizer,
                           const char *container_id);

#endif /* AGENT_CONTAINERIZER_H */
