/* SPDX-License-Identifier: Apache-2.0
 *
 * child.h - child processes of an actor, by pidfd.
 *
 * Children are spawned without copying the parent (vfork style), with all
 * descriptors closed but those named, signal mask and dispositions reset, and
 * without a parent-death signal: a task outlives its agent.  Their exits
 * arrive by pidfd; nothing polls, and no SIGCHLD handler is installed.
 *
 * Thread-safety: the owning actor's turns only, unless said otherwise. */
#ifndef ACTOR_CHILD_H
#define ACTOR_CHILD_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/actor.h>
#include <actor/backend.h>

struct actor_child;

/* 'status' is as waitpid() gives it; -1 if the process is not our child and
 * its status cannot be known. */
typedef void actor_child_exit_fn(struct actor *self, void *arg, pid_t pid,
                                 int status);

/* As setrlimit() has it. */
struct actor_child_rlimit {
    int resource;               /* RLIMIT_NOFILE and its kin */
    uint64_t soft, hard;        /* RLIM_INFINITY: none */
};

struct actor_child_options {
    const char *path;           /* searched in PATH of 'envp' without '/' */
    char *const *argv;          /* NULL-terminated */
    char *const *envp;          /* NULL-terminated; NULL: our own */
    const char *directory;      /* NULL: ours */

    /* Descriptors of ours that become 0, 1 and 2 of the child; -1:
     * /dev/null.  They stay open here. */
    int stdio[3];

    bool new_session;           /* setsid(); otherwise our own */

    /* The directory of the cgroup (version 2) that it is born in; -1: ours.
     * Stays open here. */
    int cgroup;

    /* Limits to set, before the user is switched. */
    const struct actor_child_rlimit *rlimits;
    size_t n_rlimits;

    /* Switches user and groups before exec, if set. */
    bool set_ids;
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t n_groups;
};

#define ACTOR_CHILD_OPTIONS_INIT { .stdio = { -1, -1, -1 }, .cgroup = -1 }

/* Starts a child.  'on_exit' is called in a turn of 'self', exactly once, when
 * the process has ended, if the actor still lives.  '*ret_child' is valid
 * until 'on_exit' returns.  A failing chdir, setrlimit, setuid or
 * exec is an error here,
 * not an exit. */
struct error *actor_child_spawn(struct actor *self,
                                const struct actor_child_options *,
                                actor_child_exit_fn *on_exit, void *arg,
                                struct actor_child **ret_child) MUST_CHECK;

/* Watches a process that somebody else started (an executor that outlived an
 * agent). */
struct error *actor_child_watch(struct actor *self, pid_t,
                                actor_child_exit_fn *on_exit, void *arg,
                                struct actor_child **ret_child) MUST_CHECK;

pid_t actor_child_pid(const struct actor_child *);

/* Signals the process, or its whole session's process group.  A process that
 * has ended is fine. */
void actor_child_kill(struct actor_child *, int signal, bool group);

/* 'on_exit' of this child is not called any more, and '*child' becomes NULL.
 * The process goes on, and is waited for when it ends. */
void actor_child_abandon(struct actor_child **child);

/* Kills process 'root', a child of ours, its descendants, and every member of
 * a session or process group that one of those leads.  Processes that left
 * both the tree and the session are not found; containing them takes cgroups.
 * Blocks: a pool thread. */
struct error *actor_child_kill_tree(struct actor_system *, pid_t root)
    MUST_CHECK;

/* The same with another signal. */
struct error *actor_child_signal_tree(struct actor_system *, pid_t root,
                                      int signal) MUST_CHECK;

/* Kills what a child that is gone left behind: all processes whose environment
 * has 'variable', "NAME=VALUE", or, with VALUE a directory, NAME with a path
 * below it.  A process that we may not look into is passed over.  Blocks: a
 * pool thread. */
struct error *actor_child_kill_marked(struct actor_system *,
                                      const char *variable) MUST_CHECK;

/* Calls 'fn' with each process, but ourselves, in whose environment is a
 * variable 'name'; those that we may not look into are passed over.  Blocks: a
 * pool thread, or before there are actors. */
struct error *actor_child_list_marked(struct actor_system *, const char *name,
                                      actor_marked_fn *fn, void *aux)
    MUST_CHECK;

/* What tells one boot of this host from another; the caller frees it.  Blocks
 * likewise. */
struct error *actor_boot_id(struct actor_system *, char **ret) MUST_CHECK;

#endif /* ACTOR_CHILD_H */
