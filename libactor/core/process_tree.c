/* SPDX-License-Identifier: Apache-2.0
 *
 * process_tree.c - kills a process with all that came from it.
 *
 * Processes may fork while we look, so whoever was found is stopped first and
 * we look again until nobody new turns up; then all get the signal, and go on
 * if that lets them.  A pid says little after its process is gone, so nothing
 * is done unless the root is a child of this process.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "core/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>

/* Rounds of looking; a fork bomb that outruns us this long is killed as far as
 * it was found. */
#define ROUNDS_MAX 16

/* How much of an environment is looked at. */
#define ENVIRONMENT_MAX (1024 * 1024)

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
static struct error *kill_marked(const char *variable, char *buffer,
                                 bool *ret_found);
static bool kill_if_marked(const char *pid, const char *variable,
                           char *buffer);
static bool is_marked(pid_t, const char *variable, char *buffer);

struct error *
process_tree_kill(pid_t root, int signal)
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
        kill(it->pid, signal);
    }
    vec_foreach (&known.all, it) {
        if (signal != SIGKILL) {
            kill(it->pid, SIGCONT);
        }
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

/* --- what is left when the root is gone --- */

/* Those that were forked while we looked are found by the next round. */
struct error *
process_tree_kill_marked(const char *variable)
{
    autofree char *buffer = xmalloc(ENVIRONMENT_MAX);
    struct error *error = NULL;
    bool found = true;

    for (int round = 0; found && !error && round < ROUNDS_MAX; round++) {
        error = kill_marked(variable, buffer, &found);
    }
    return error;
}

static struct error *
kill_marked(const char *variable, char *buffer, bool *ret_found)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;

    *ret_found = false;
    if (!dir) {
        return error_errno(errno, "reading '/proc'");
    }
    while ((entry = readdir(dir))) {
        if (isdigit((unsigned char) entry->d_name[0])) {
            *ret_found |= kill_if_marked(entry->d_name, variable, buffer);
        }
    }
    closedir(dir);
    return NULL;
}

/* The pidfd is opened before the look, so it is of the process that was looked
 * at, if that is still there. */
static bool
kill_if_marked(const char *pid, const char *variable, char *buffer)
{
    pid_t number = (pid_t) strtol(pid, NULL, 10);

    if (number == getpid()) {
        return false;
    }
    autoclose int pidfd = (int) syscall(SYS_pidfd_open, number, 0);

    return pidfd >= 0 && is_marked(number, variable, buffer) &&
           syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
}

/* Reads the environment; '*ret_size' is how much of it there is. */
static bool
read_environment(pid_t pid, char *buffer, size_t *ret_size)
{
    char path[64];
    size_t size = 0;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/environ", (int) pid);
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    while (size < ENVIRONMENT_MAX &&
           (n = read(fd, buffer + size, ENVIRONMENT_MAX - size)) > 0) {
        size += (size_t) n;
    }
    *ret_size = size;
    return true;
}

static bool
is_marked(pid_t pid, const char *variable, char *buffer)
{
    size_t wanted = strlen(variable);
    size_t size;

    if (!read_environment(pid, buffer, &size)) {
        return false;
    }
    for (size_t i = 0; i < size; i += strnlen(buffer + i, size - i) + 1) {
        /* The value, or a path below it. */
        if (size - i > wanted && memcmp(buffer + i, variable, wanted) == 0 &&
            (buffer[i + wanted] == '\0' || buffer[i + wanted] == '/')) {
            return true;
        }
    }
    return false;
}

/* --- looking only --- */

/* The value of the variable; NULL if it is not there, or was cut off. */
static const char *
find_variable(const char *buffer, size_t size, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < size; i += strnlen(buffer + i, size - i) + 1) {
        size_t n = strnlen(buffer + i, size - i);

        if (n > len && n < size - i && buffer[i + len] == '=' &&
            memcmp(buffer + i, name, len) == 0) {
            return buffer + i + len + 1;
        }
    }
    return NULL;
}

struct error *
process_tree_list_marked(const char *name, actor_marked_fn *fn, void *aux)
{
    autofree char *buffer = xmalloc(ENVIRONMENT_MAX);
    struct process_list now = { .all = VEC_EMPTY, .ours = VEC_EMPTY };
    struct error *error = read_processes(&now);

    vec_foreach (&now.all, it) {
        size_t size;

        if (it->pid != getpid() &&
            read_environment(it->pid, buffer, &size)) {
            const char *value = find_variable(buffer, size, name);

            if (value) {
                fn(aux, it->pid, it->parent, it->session == it->pid, value);
            }
        }
    }
    vec_fini(&now.all);
    return error;
}
