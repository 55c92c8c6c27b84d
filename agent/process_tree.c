/* SPDX-License-Identifier: Apache-2.0
 *
 * process_tree.c - kills a process with all that came from it.
 *
 * Processes may fork while we look, so whoever was found is stopped first and
 * we look again until nobody new turns up; then all are killed.  A pid says
 * little after its process is gone, so nothing is done unless the root is a
 * child of this process.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "agent/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>

/* Rounds of looking; a fork bomb that outruns us this long is killed as far as
 * it was found. */
#define ROUNDS_MAX 16

struct process {
    pid_t pid, parent, group, session;
    bool is_ours;
};

struct process_list {
    VEC(struct process) all;
    VEC(pid_t) ours;            /* those of 'all' that belong to the tree */
};

static struct error *read_processes(struct process_list *);
static bool read_process(const char *pid, struct process *ret);
static bool is_our_child(const struct process_list *, pid_t);
static void mark_tree(struct process_list *, pid_t root);
static bool belongs(const struct process_list *, const struct process *);
static bool stop_new(const struct process_list *, struct process_list *known);

struct error *
process_tree_kill(pid_t root)
{
    struct process_list known = { .all = VEC_EMPTY, .ours = VEC_EMPTY };

    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct process_list now = { .all = VEC_EMPTY, .ours = VEC_EMPTY };
        struct error *error = read_processes(&now);

        if (error) {
            vec_fini(&known.all);
            return error;
        }
        if (is_our_child(&now, root)) {
            mark_tree(&now, root);
        }
        bool found = stop_new(&now, &known);
        vec_fini(&now.all);
        vec_fini(&now.ours);
        if (!found) {
            break;
        }
    }
    vec_foreach (&known.all, it) {
        kill(it->pid, SIGKILL);
    }
    vec_fini(&known.all);
    return NULL;
}

static struct error *
read_processes(struct process_list *list)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;

    if (!dir) {
        return error_errno(errno, "reading '/proc'");
    }
    while ((entry = readdir(dir))) {
        struct process process;

        if (isdigit((unsigned char) entry->d_name[0]) &&
            read_process(entry->d_name, &process)) {
            vec_push(&list->all, process);
        }
    }
    closedir(dir);
    return NULL;
}

/* The command in /proc/PID/stat may contain anything, ')' included; the fields
 * we want follow the last one. */
static bool
read_process(const char *pid, struct process *ret)
{
    char path[64];
    char text[1024];
    int self, parent, group, session;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';

    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(text, "%d", &self) != 1 ||
        sscanf(rest + 1, " %*c %d %d %d", &parent, &group, &session) != 3) {
        return false;
    }
    *ret = (struct process) {
        .pid = self, .parent = parent, .group = group,
        .session = session,
    };
    return true;
}

static bool
is_our_child(const struct process_list *list, pid_t pid)
{
    vec_foreach (&list->all, it) {
        if (it->pid == pid) {
            return it->parent == getpid();
        }
    }
    return false;
}

static void
mark_tree(struct process_list *list, pid_t root)
{
    bool found;

    vec_push(&list->ours, root);
    do {
        found = false;
        vec_foreach (&list->all, it) {
            if (!it->is_ours && belongs(list, it)) {
                it->is_ours = true;
                vec_push(&list->ours, it->pid);
                found = true;
            }
        }
    } while (found);
}

static bool
belongs(const struct process_list *list, const struct process *p)
{
    vec_foreach (&list->ours, it) {
        if (p->pid == *it || p->parent == *it || p->session == *it ||
            p->group == *it) {
            return true;
        }
    }
    return false;
}

/* Stops those that are not in 'known' yet and adds them; whether there were
 * any. */
static bool
stop_new(const struct process_list *now, struct process_list *known)
{
    bool found = false;

    vec_foreach (&now->all, it) {
        bool is_known = false;

        vec_foreach (&known->all, other) {
            is_known |= other->pid == it->pid;
        }
        if (it->is_ours && !is_known) {
            kill(it->pid, SIGSTOP);
            vec_push(&known->all, *it);
            found = true;
        }
    }
    return found;
}
