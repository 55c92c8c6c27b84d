/* SPDX-License-Identifier: Apache-2.0
 *
 * fake_process.c - child processes that are only written down. */
#include <config.h>

#include "tests/lib/fake_process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/log.h>
#include <actor/vec.h>

struct record {
    struct fake_child child;
    struct actor_process_watch *watch;  /* NULL: nobody waits */
};

struct fake_process {
    pthread_mutex_t lock;
    VEC(struct record *) records;       /* by pid; owned */
    unsigned n_boots;
    bool fail_next;
    enum error_code fail_code;
};

static char **
copy_strings(char *const *strings)
{
    VEC(char *) copy = VEC_EMPTY;

    if (!strings) {
        return NULL;
    }
    for (; *strings; strings++) {
        vec_push(&copy, xstrdup(*strings));
    }
    vec_push(&copy, NULL);
    return copy.data;
}

static void
free_strings(char **strings)
{
    for (char **s = strings; s && *s; s++) {
        free(*s);
    }
    free(strings);
}

/* With the lock. */
static struct record *
add_record(struct fake_process *fake)
{
    struct record *record = xcalloc(1, sizeof *record);

    record->child.pid = FAKE_PROCESS_FIRST_PID + (pid_t) fake->records.n;
    record->child.is_running = true;
    vec_push(&fake->records, record);
    return record;
}

/* With the lock. */
static struct record *
find_pid(struct fake_process *fake, pid_t pid)
{
    size_t i = (size_t) (pid - FAKE_PROCESS_FIRST_PID);

    return pid >= FAKE_PROCESS_FIRST_PID && i < fake->records.n
               ? fake->records.data[i] : NULL;
}

static struct error *
fake_spawn(void *fake_, const struct actor_child_options *options,
           pid_t *ret_pid, int *ret_pidfd)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    if (fake->fail_next) {
        fake->fail_next = false;
        pthread_mutex_unlock(&fake->lock);
        return error_create(fake->fail_code, "starting '%s': made to fail",
                            options->path);
    }
    struct fake_child *child = &add_record(fake)->child;
    child->path = xstrdup(options->path);
    child->argv = copy_strings(options->argv);
    child->envp = copy_strings(options->envp);
    child->directory = options->directory ? xstrdup(options->directory)
                                          : NULL;
    memcpy(child->stdio, options->stdio, sizeof child->stdio);
    child->new_session = options->new_session;
    child->set_ids = options->set_ids;
    child->uid = options->uid;
    child->gid = options->gid;
    for (size_t i = 0; i < options->n_rlimits
                       && i < ARRAY_SIZE(child->rlimits); i++) {
        child->rlimits[child->n_rlimits++] = options->rlimits[i];
    }
    pthread_mutex_unlock(&fake->lock);
    *ret_pid = child->pid;
    *ret_pidfd = -1;
    return NULL;
}

static struct error *
fake_open(void *fake_, pid_t pid, int *ret_pidfd)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    struct record *record = find_pid(fake, pid);
    bool is_running = record && record->child.is_running;
    pthread_mutex_unlock(&fake->lock);
    if (!is_running) {
        return error_create(ERROR_NOT_FOUND, "watching process %d: no such "
                            "process", (int) pid);
    }
    *ret_pidfd = -1;
    return NULL;
}

static int
fake_kill(void *fake_, pid_t pid, int pidfd UNUSED, int signal, bool group)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    struct record *record = find_pid(fake, pid);
    bool is_running = record && record->child.is_running;
    if (is_running) {
        record->child.n_signals++;
        record->child.last_signal = signal;
        record->child.last_was_group = group;
    }
    pthread_mutex_unlock(&fake->lock);
    if (is_running && signal == SIGKILL) {
        fake_process_exit(fake, pid, W_EXITCODE(0, SIGKILL));
    }
    return is_running ? 0 : -ESRCH;
}

static void
fake_watch(void *fake_, pid_t pid, struct actor_process_watch *watch)
{
    struct fake_process *fake = fake_;
    int status = 0;

    pthread_mutex_lock(&fake->lock);
    struct record *record = find_pid(fake, pid);
    bool is_over = !record || !record->child.is_running;
    if (!is_over) {
        CHECK(!record->watch, "process %d is watched twice", (int) pid);
        record->watch = watch;
    } else if (record) {
        status = record->child.status;
    }
    pthread_mutex_unlock(&fake->lock);
    if (is_over) {
        watch->exited(watch, record ? status : -1);
    }
}

static void
fake_unwatch(void *fake_, struct actor_process_watch *watch)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    vec_foreach (&fake->records, it) {
        if ((*it)->watch == watch) {
            (*it)->watch = NULL;
        }
    }
    pthread_mutex_unlock(&fake->lock);
}

static struct error *
fake_kill_tree(void *fake, pid_t root, int signal)
{
    fake_kill(fake, root, -1, signal, true);
    return NULL;
}

/* Children have no processes of their own that they could leave. */
static struct error *
fake_kill_marked(void *fake UNUSED, const char *variable UNUSED)
{
    return NULL;
}

static struct error *
fake_list_marked(void *fake_, const char *name, actor_marked_fn *fn,
                 void *aux)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    vec_foreach (&fake->records, it) {
        const struct fake_child *child = &(*it)->child;
        const char *value = child->is_running ? fake_child_getenv(child, name)
                                              : NULL;

        if (value) {
            fn(aux, child->pid, 1, child->new_session, value);
        }
    }
    pthread_mutex_unlock(&fake->lock);
    return NULL;
}

static struct error *
fake_boot_id(void *fake_, char **ret)
{
    struct fake_process *fake = fake_;

    pthread_mutex_lock(&fake->lock);
    *ret = xasprintf("boot-%u", fake->n_boots);
    pthread_mutex_unlock(&fake->lock);
    return NULL;
}

void
fake_process_reboot(struct fake_process *fake)
{
    pthread_mutex_lock(&fake->lock);
    fake->n_boots++;
    vec_foreach (&fake->records, it) {
        (*it)->child.is_running = false;
        (*it)->watch = NULL;
    }
    pthread_mutex_unlock(&fake->lock);
}

const struct actor_process_ops fake_process_ops = {
    .spawn = fake_spawn,
    .open = fake_open,
    .kill = fake_kill,
    .kill_tree = fake_kill_tree,
    .kill_marked = fake_kill_marked,
    .list_marked = fake_list_marked,
    .boot_id = fake_boot_id,
    .watch = fake_watch,
    .unwatch = fake_unwatch,
};

struct fake_process *
fake_process_create(void)
{
    struct fake_process *fake = xcalloc(1, sizeof *fake);

    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

void
fake_process_destroy(struct fake_process *fake)
{
    if (!fake) {
        return;
    }
    vec_foreach (&fake->records, it) {
        struct fake_child *child = &(*it)->child;

        free(child->path);
        free_strings(child->argv);
        free_strings(child->envp);
        free(child->directory);
        free(*it);
    }
    vec_fini(&fake->records);
    pthread_mutex_destroy(&fake->lock);
    free(fake);
}

size_t
fake_process_n(struct fake_process *fake)
{
    pthread_mutex_lock(&fake->lock);
    size_t n = fake->records.n;
    pthread_mutex_unlock(&fake->lock);
    return n;
}

const struct fake_child *
fake_process_at(struct fake_process *fake, size_t i)
{
    pthread_mutex_lock(&fake->lock);
    const struct fake_child *child =
        i < fake->records.n ? &fake->records.data[i]->child : NULL;
    pthread_mutex_unlock(&fake->lock);
    return child;
}

static bool
has_text(const struct fake_child *child, const char *text)
{
    bool found = strstr(child->path, text) != NULL;

    for (char **arg = child->argv; !found && arg && *arg; arg++) {
        found = strstr(*arg, text) != NULL;
    }
    return found;
}

const struct fake_child *
fake_process_find(struct fake_process *fake, const char *text)
{
    const struct fake_child *found = NULL;

    pthread_mutex_lock(&fake->lock);
    for (size_t i = fake->records.n; !found && i-- > 0;) {
        if (has_text(&fake->records.data[i]->child, text)) {
            found = &fake->records.data[i]->child;
        }
    }
    pthread_mutex_unlock(&fake->lock);
    return found;
}

const char *
fake_child_getenv(const struct fake_child *child, const char *name)
{
    size_t len = strlen(name);

    for (char **entry = child->envp; entry && *entry; entry++) {
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=') {
            return *entry + len + 1;
        }
    }
    return NULL;
}

bool
fake_process_exit(struct fake_process *fake, pid_t pid, int status)
{
    struct actor_process_watch *watch = NULL;

    pthread_mutex_lock(&fake->lock);
    struct record *record = find_pid(fake, pid);
    bool is_running = record && record->child.is_running;
    if (is_running) {
        record->child.is_running = false;
        record->child.status = status;
        watch = steal(record->watch);
    }
    pthread_mutex_unlock(&fake->lock);
    if (watch) {
        watch->exited(watch, status);
    }
    return is_running;
}

pid_t
fake_process_add(struct fake_process *fake, const char *path)
{
    pthread_mutex_lock(&fake->lock);
    struct record *record = add_record(fake);
    record->child.path = xstrdup(path);
    pid_t pid = record->child.pid;
    pthread_mutex_unlock(&fake->lock);
    return pid;
}

void
fake_process_fail_next(struct fake_process *fake, enum error_code code)
{
    pthread_mutex_lock(&fake->lock);
    fake->fail_next = true;
    fake->fail_code = code;
    pthread_mutex_unlock(&fake->lock);
}
