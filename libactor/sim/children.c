/* SPDX-License-Identifier: Apache-2.0
 *
 * children.c - what simulated processes do to each other: the back end of
 * child processes.
 *
 * A child is a process of the same host.  It begins a little later, and
 * whoever watches it hears a little later of its end. */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/log.h>

#include "sim/private.h"

struct sim_process *
sim_host_process(struct sim_host *host, pid_t pid)
{
    struct sim_process *it;

    DL_FOREACH (host->processes, it) {
        if (it->pid == pid) {
            return it;
        }
    }
    return NULL;
}

static struct error *
check_directory(struct sim_process *p,
                const struct actor_child_options *options)
{
    struct stat info;
    int rc = options->directory
        ? actor_disk_stat(&p->host->outside, options->directory, &info) : 0;

    return rc < 0 ? error_errno(-rc, "starting '%s': changing directory '%s'",
                                options->path, options->directory)
                  : NULL;
}

static struct error *
process_spawn(void *p_, const struct actor_child_options *options,
              pid_t *ret_pid, int *ret_pidfd)
{
    struct sim_process *p = p_;
    struct error *error = check_directory(p, options);

    if (!error && !p->is_alive) {
        error = error_create(ERROR_CLOSED, "starting '%s': we are dead",
                             options->path);
    }
    if (error) {
        return error;
    }
    struct sim_process *child =
        sim_process_create(p->host, options->path, options->argv,
                           options->envp ? options->envp : p->envp);
    if (!child) {
        return error_errno(ENOENT, "starting '%s': executing '%s'",
                           options->path, options->path);
    }
    child->parent = p->pid;
    if (!options->new_session) {
        child->group = p->group;
    }
    *ret_pid = child->pid;
    *ret_pidfd = -1;
    return NULL;
}

static struct error *
process_open(void *p_, pid_t pid, int *ret_pidfd)
{
    struct sim_process *p = p_;
    struct sim_process *other = sim_host_process(p->host, pid);

    if (!other || !other->is_alive) {
        return error_errno(ESRCH, "watching process %d", (int) pid);
    }
    *ret_pidfd = -1;
    return NULL;
}

static int
process_kill(void *p_, pid_t pid, int pidfd UNUSED, int signal, bool group)
{
    struct sim_process *p = p_;
    struct sim_process *it;
    int rc = -ESRCH;

    if (signal < 0 || signal >= SIM_N_SIGNALS) {
        return -EINVAL;
    }
    DL_FOREACH (p->host->processes, it) {
        if (p->is_alive && it->is_alive
            && (group ? it->group == pid : it->pid == pid)) {
            if (signal > 0) {
                sim_process_signal(it, signal);
            }
            rc = 0;
        }
    }
    return rc;
}

/* Work is done between turns, so processes may be ended at once. */
static void
kill_now(struct sim_process *p)
{
    if (p->is_alive) {
        sim_process_end(p, W_EXITCODE(0, SIGKILL), false);
    }
}

/* Whether 'p' comes from 'root', or is in the group of one that does. */
static bool
is_in_tree(struct sim_process *p, struct sim_process *root)
{
    for (struct sim_process *it = p; it;
         it = sim_host_process(p->host, it->parent)) {
        if (it == root || it->group == root->pid) {
            return true;
        }
    }
    return false;
}

static struct error *
process_kill_tree(void *p_, pid_t pid, int signal)
{
    struct sim_process *p = p_;
    struct sim_process *root = sim_host_process(p->host, pid);
    VEC(struct sim_process *) tree = VEC_EMPTY;
    struct sim_process *it;

    if (!p->is_alive || !root || !root->is_alive || root->parent != p->pid) {
        return NULL;
    }
    DL_FOREACH (p->host->processes, it) {
        if (it->is_alive && is_in_tree(it, root)) {
            vec_push(&tree, it);
        }
    }
    vec_foreach (&tree, member) {
        if (signal == SIGKILL) {
            kill_now(*member);
        } else {
            sim_process_signal(*member, signal);
        }
    }
    vec_fini(&tree);
    return NULL;
}

static bool
has_variable(const struct sim_process *p, const char *variable)
{
    size_t len = strlen(variable);

    for (char **entry = p->envp; *entry; entry++) {
        if (!strncmp(*entry, variable, len) &&
            ((*entry)[len] == '\0' || (*entry)[len] == '/')) {
            return true;
        }
    }
    return false;
}

static struct error *
process_kill_marked(void *p_, const char *variable)
{
    struct sim_process *p = p_;
    struct sim_process *it;

    DL_FOREACH (p->host->processes, it) {
        if (p->is_alive && it != p && has_variable(it, variable)) {
            kill_now(it);
        }
    }
    return NULL;
}

static struct error *
process_list_marked(void *p_, const char *name, actor_marked_fn *fn,
                    void *aux)
{
    struct sim_process *p = p_;
    struct sim_process *it;

    DL_FOREACH (p->host->processes, it) {
        const char *value = sim_process_getenv(it, name);

        if (it != p && it->is_alive && value) {
            fn(aux, it->pid, it->parent, it->group == it->pid, value);
        }
    }
    return NULL;
}

static struct error *
process_boot_id(void *p_, char **ret)
{
    const struct sim_process *p = p_;

    *ret = xasprintf("boot-%u", p->host->n_boots);
    return NULL;
}

static void
process_watch(void *p_, pid_t pid, struct actor_process_watch *watch)
{
    struct sim_process *p = p_;
    struct sim_process *other = sim_host_process(p->host, pid);

    CHECK(other && !other->watch, "process %d cannot be watched", (int) pid);
    other->watch = watch;
    other->watcher = p;
    if (!other->is_alive) {
        sim_process_tell_watcher(other);
    }
}

static void
process_unwatch(void *p_, struct actor_process_watch *watch)
{
    struct sim_process *p = p_;
    struct sim_process *it;

    DL_FOREACH (p->host->processes, it) {
        if (it->watch == watch) {
            it->watch = NULL;
            it->watcher = NULL;
        }
    }
}

const struct actor_process_ops sim_process_ops = {
    .spawn = process_spawn,
    .open = process_open,
    .kill = process_kill,
    .kill_tree = process_kill_tree,
    .kill_marked = process_kill_marked,
    .list_marked = process_list_marked,
    .boot_id = process_boot_id,
    .watch = process_watch,
    .unwatch = process_unwatch,
};
