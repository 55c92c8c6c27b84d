/* SPDX-License-Identifier: Apache-2.0
 *
 * child.c - child processes of an actor.
 *
 * The record of a child lives until the process has ended, whether or not its
 * actor still does: the process has to be waited for in any case.  It has the
 * message built in that tells the actor; destroying that message is what frees
 * the record.  The process is waited for only then, so that its pid cannot
 * mean another one while 'on_exit' runs. */
#include <config.h>

#include <actor/child.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "core/system_private.h"

struct actor_child {
    struct actor_msg msg;       /* first */
    struct actor_system *system;
    struct actor_slot *slot;
    uint32_t generation;
    pid_t pid;
    int pidfd;                  /* owned; -1: none */
    int status;

    /* The actor's turn. */
    actor_child_exit_fn *on_exit;       /* NULL: abandoned */
    void *arg;
    struct actor_child *prev, *next;            /* actor->children */

    struct actor_child *all_prev, *all_next;    /* system->children_lock */

    /* The thread of 'worker', or the back end's watch. */
    struct worker *worker;
    struct worker_job job;      /* begins to poll the pidfd, and closes it */
    struct poll_watch poll;
    bool is_polling;
    struct actor_process_watch watch;
};

static void on_exited(struct actor *, struct actor_msg *);
static void free_message(void *msg);

static const struct actor_msg_type msg_exited = {
    .name = "actor.child-exited", .run = on_exited, .fini = free_message,
};

/* --- the end of the process, on the worker's or the back end's thread --- */

/* The status as waitpid() would give it, leaving the process to be waited for;
 * -1 if it is not our child. */
static int
read_status(int pidfd)
{
    siginfo_t info = { 0 };

    if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0
        || info.si_pid == 0) {
        return -1;
    }
    switch (info.si_code) {
    case CLD_EXITED:
        return W_EXITCODE(info.si_status, 0);
    case CLD_DUMPED:
        return W_EXITCODE(0, info.si_status) | WCOREFLAG;
    default:
        return W_EXITCODE(0, info.si_status);
    }
}

static void
tell(struct actor_child *child, int status)
{
    child->status = status;
    system_push(child->system, child->slot, child->generation, &child->msg);
}

static void
stop_polling(struct actor_child *child)
{
    child->system->poller->watch(worker_poller(child->worker), &child->poll,
                                 child->pidfd, 0);
    child->is_polling = false;
}

static void
on_pidfd(struct poll_watch *poll, int events UNUSED)
{
    struct actor_child *child = CONTAINER_OF(poll, struct actor_child, poll);

    stop_polling(child);
    tell(child, read_status(child->pidfd));
}

static void
start_polling(struct worker_job *job)
{
    struct actor_child *child = CONTAINER_OF(job, struct actor_child, job);

    child->poll.fn = on_pidfd;
    child->is_polling = true;
    child->system->poller->watch(worker_poller(child->worker), &child->poll,
                                 child->pidfd, POLL_READ);
}

static void
on_watch(struct actor_process_watch *watch, int status)
{
    tell(CONTAINER_OF(watch, struct actor_child, watch), status);
}

/* --- records --- */

static struct actor_child *
create(struct actor *self, pid_t pid, int pidfd, actor_child_exit_fn *on_exit,
       void *arg)
{
    struct actor_system *system = self->slot->system;
    const struct actor_process_ops *ops = system->backend.process;
    struct actor_child *child = xcalloc(1, sizeof *child);
    struct actor_child *head = self->children;

    msg_init_embedded(&child->msg, &msg_exited);
    child->system = system;
    child->slot = self->slot;
    child->generation = slot_generation(self->slot);
    child->pid = pid;
    child->pidfd = pidfd;
    child->on_exit = on_exit;
    child->arg = arg;
    DL_APPEND(head, child);
    self->children = head;
    pthread_mutex_lock(&system->children_lock);
    DL_APPEND2(system->children, child, all_prev, all_next);
    pthread_mutex_unlock(&system->children_lock);

    if (ops->watch) {
        child->watch.exited = on_watch;
        ops->watch(system->backend.process_ctx, pid, &child->watch);
    } else {
        child->worker = worker_pick(system);
        child->job.fn = start_polling;
        worker_post(child->worker, &child->job);
    }
    return child;
}

static void
destroy(struct actor_child *child)
{
    if (child->pidfd >= 0) {
        waitid(P_PIDFD, (id_t) child->pidfd, &(siginfo_t) { 0 },
               WEXITED | WNOHANG);
        close(child->pidfd);
    }
    free(child);
}

static void
finish_polling(struct worker_job *job)
{
    destroy(CONTAINER_OF(job, struct actor_child, job));
}

static void
free_message(void *msg)
{
    struct actor_child *child = CONTAINER_OF((struct actor_msg *) msg,
                                             struct actor_child, msg);
    struct actor_system *system = child->system;

    pthread_mutex_lock(&system->children_lock);
    DL_DELETE2(system->children, child, all_prev, all_next);
    pthread_mutex_unlock(&system->children_lock);
    if (!child->worker) {
        destroy(child);
        return;
    }

    /* The poller may not yet have told the kernel that nobody watches the
     * descriptor any more: it is closed on the poller's own thread. */
    child->job.fn = finish_polling;
    worker_post(child->worker, &child->job);
}

static void
forget(struct actor *self, struct actor_child *child)
{
    struct actor_child *head = self->children;

    DL_DELETE(head, child);
    self->children = head;
}

static void
on_exited(struct actor *self, struct actor_msg *msg)
{
    struct actor_child *child = CONTAINER_OF(msg, struct actor_child, msg);

    forget(self, child);
    if (child->on_exit) {
        child->on_exit(self, child->arg, child->pid, child->status);
    }
}

/* --- what child.h promises --- */

struct error *
actor_child_spawn(struct actor *self,
                  const struct actor_child_options *options,
                  actor_child_exit_fn *on_exit, void *arg,
                  struct actor_child **ret_child)
{
    const struct actor_backend *backend = &self->slot->system->backend;
    int pidfd = -1;
    pid_t pid;

    struct error *error = backend->process->spawn(backend->process_ctx,
                                                  options, &pid, &pidfd);
    if (error) {
        return error;
    }
    *ret_child = create(self, pid, pidfd, on_exit, arg);
    return NULL;
}

struct error *
actor_child_watch(struct actor *self, pid_t pid, actor_child_exit_fn *on_exit,
                  void *arg, struct actor_child **ret_child)
{
    const struct actor_backend *backend = &self->slot->system->backend;
    int pidfd = -1;

    struct error *error = backend->process->open(backend->process_ctx, pid,
                                                 &pidfd);
    if (error) {
        return error;
    }
    *ret_child = create(self, pid, pidfd, on_exit, arg);
    return NULL;
}

pid_t
actor_child_pid(const struct actor_child *child)
{
    return child->pid;
}

void
actor_child_kill(struct actor_child *child, int signal, bool group)
{
    const struct actor_backend *backend = &child->system->backend;

    int rc = backend->process->kill(backend->process_ctx, child->pid,
                                    child->pidfd, signal, group);
    if (rc < 0) {
        vlog(1, "Signal %d to process %d: error %d", signal,
             (int) child->pid, -rc);
    }
}

void
actor_child_abandon(struct actor_child **child)
{
    (*child)->on_exit = NULL;
    *child = NULL;
}

struct error *
actor_child_kill_tree(struct actor_system *system, pid_t root)
{
    return actor_child_signal_tree(system, root, SIGKILL);
}

struct error *
actor_child_signal_tree(struct actor_system *system, pid_t root, int signal)
{
    const struct actor_backend *backend = &system->backend;

    return backend->process->kill_tree(backend->process_ctx, root, signal);
}

struct error *
actor_child_kill_marked(struct actor_system *system, const char *variable)
{
    const struct actor_backend *backend = &system->backend;

    return backend->process->kill_marked(backend->process_ctx, variable);
}

struct error *
actor_child_list_marked(struct actor_system *system, const char *name,
                        actor_marked_fn *fn, void *aux)
{
    const struct actor_backend *backend = &system->backend;

    return backend->process->list_marked(backend->process_ctx, name, fn, aux);
}

struct error *
actor_boot_id(struct actor_system *system, char **ret)
{
    const struct actor_backend *backend = &system->backend;

    return backend->process->boot_id(backend->process_ctx, ret);
}

void
child_forget_all(struct actor *actor)
{
    while (actor->children) {
        forget(actor, actor->children);
    }
}

void
child_destroy_all(struct actor_system *system)
{
    const struct actor_backend *backend = &system->backend;
    struct actor_child *child, *next;

    DL_FOREACH_SAFE2 (system->children, child, next, all_next) {
        if (child->is_polling) {
            stop_polling(child);
        } else if (backend->process->watch) {
            backend->process->unwatch(backend->process_ctx, &child->watch);
        }
        DL_DELETE2(system->children, child, all_prev, all_next);
        destroy(child);
    }
}
