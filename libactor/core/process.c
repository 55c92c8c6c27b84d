/* SPDX-License-Identifier: Apache-2.0
 *
 * process.c - starting processes without copying ourselves.
 *
 * The child shares our memory and we stand still until it has called exec or
 * gone (core/clone_child.h), so that starting a process costs
 * the same however big we are.  Until exec the child must not do anything that
 * other threads could notice: it makes system calls of its own, not those of
 * the C library, which would tell the other threads about new ids, and all
 * signals are blocked, so that no handler of ours runs in it.  What it could
 * not do it leaves in the request. */
#include <config.h>

#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/descriptors.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/vec.h>

#include "core/clone_child.h"
#include "core/process_tree.h"

#define STACK_SIZE ((size_t) 64 << 10)
#define N_SIGNALS 64
#define KERNEL_SIGSET_SIZE 8
#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

#define CHILD_FUNCTION \
    __attribute__((no_sanitize("address", "thread", "undefined")))

enum step {
    STEP_NONE,
    STEP_SESSION,
    STEP_STDIO,
    STEP_RLIMITS,
    STEP_IDS,
    STEP_DIRECTORY,
    STEP_EXEC,
};

static const char *const step_names[] = {
    [STEP_SESSION] = "making a session",
    [STEP_STDIO] = "setting up standard input and output",
    [STEP_RLIMITS] = "setting resource limits",
    [STEP_IDS] = "switching user",
    [STEP_DIRECTORY] = "changing directory",
    [STEP_EXEC] = "executing",
};

/* What the child is to do, and what became of it. */
struct request {
    const struct actor_child_options *options;
    char *const *candidates;    /* paths to try; NULL-terminated */
    char *const *envp;
    const struct rlimit *n_descriptors;         /* NULL: as ours */
    enum step failed_step;
    int errnum;
};

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

extern char **environ;

/* --- in the child --- */

CHILD_FUNCTION static void
reset_signals(void)
{
    /* As the kernel declares it; all zero is SIG_DFL. */
    uint64_t action[4] = { 0, 0, 0, 0 };

    for (int i = 1; i <= N_SIGNALS; i++) {
        syscall(SYS_rt_sigaction, i, action, NULL, KERNEL_SIGSET_SIZE);
    }
}

CHILD_FUNCTION static bool
set_stdio(const int stdio[3])
{
    int fds[3];

    /* Out of the way first: one of them may be 0, 1 or 2 itself. */
    for (int i = 0; i < 3; i++) {
        int fd = stdio[i];

        if (fd < 0) {
            fd = (int) syscall(SYS_openat, AT_FDCWD, "/dev/null",
                               i == 0 ? O_RDONLY : O_WRONLY, 0);
        }
        fds[i] = (int) syscall(SYS_fcntl, fd, F_DUPFD, 3);
        if (fds[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (syscall(SYS_dup3, fds[i], i, 0) < 0) {
            return false;
        }
    }
    return true;
}

CHILD_FUNCTION static void
close_others(void)
{
    if (syscall(SYS_close_range, 3u, ~0u, 0u) < 0) {
        for (int fd = 3; fd < 65536; fd++) {
            syscall(SYS_close, fd);
        }
    }
}

CHILD_FUNCTION static bool
set_rlimits(const struct actor_child_options *options)
{
    for (size_t i = 0; i < options->n_rlimits; i++) {
        const struct actor_child_rlimit *it = &options->rlimits[i];
        uint64_t limit[2] = { it->soft, it->hard };     /* struct rlimit64 */

        if (syscall(SYS_prlimit64, 0, it->resource, limit, NULL) < 0) {
            return false;
        }
    }
    return true;
}

CHILD_FUNCTION static bool
set_ids(const struct actor_child_options *options)
{
    return syscall(SYS_setgroups, options->n_groups, options->groups) == 0
           && syscall(SYS_setresgid, options->gid, options->gid,
                      options->gid) == 0
           && syscall(SYS_setresuid, options->uid, options->uid,
                      options->uid) == 0;
}

/* The first candidate that can be executed; as execvp() decides. */
CHILD_FUNCTION static void
execute(const struct request *request)
{
    int errnum = ENOENT;

    for (char *const *path = request->candidates; *path; path++) {
        syscall(SYS_execve, *path, request->options->argv, request->envp);
        if (errno == EACCES) {
            errnum = EACCES;
        } else if (errno != ENOENT && errno != ENOTDIR) {
            return;
        }
    }
    errno = errnum;
}

CHILD_FUNCTION static enum step
prepare(const struct request *request)
{
    const struct actor_child_options *options = request->options;
    uint64_t no_signals = 0;

    reset_signals();
    if (options->new_session && syscall(SYS_setsid) < 0) {
        return STEP_SESSION;
    }
    if (!set_stdio(options->stdio)) {
        return STEP_STDIO;
    }
    close_others();
    if (request->n_descriptors) {
        syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, request->n_descriptors,
                NULL);
    }
    if (!set_rlimits(options)) {
        return STEP_RLIMITS;
    }
    if (options->set_ids && !set_ids(options)) {
        return STEP_IDS;
    }
    if (options->directory && syscall(SYS_chdir, options->directory) < 0) {
        return STEP_DIRECTORY;
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, NULL,
            KERNEL_SIGSET_SIZE);
    execute(request);
    return STEP_EXEC;
}

CHILD_FUNCTION static int
child_main(void *request_)
{
    struct request *request = request_;

    request->failed_step = prepare(request);
    request->errnum = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

/* --- in the parent --- */

static const char *
find_path(char *const *envp)
{
    for (; *envp; envp++) {
        if (strncmp(*envp, "PATH=", 5) == 0) {
            return *envp + 5;
        }
    }
    return DEFAULT_PATH;
}

/* Where 'file' may be: itself if it has a slash, else in each directory of
 * 'path'.  NULL-terminated; the caller frees the strings and the array. */
static char **
list_candidates(const char *file, const char *path)
{
    VEC(char *) list = VEC_EMPTY;

    if (strchr(file, '/')) {
        vec_push(&list, xstrdup(file));
    } else {
        for (;;) {
            size_t len = strcspn(path, ":");

            vec_push(&list, xasprintf("%.*s%s%s", (int) len, path,
                                      len > 0 ? "/" : "", file));
            if (path[len] == '\0') {
                break;
            }
            path += len + 1;
        }
    }
    vec_push(&list, NULL);
    return list.data;
}

static void
free_strings(char **strings)
{
    for (char **s = strings; *s; s++) {
        free(*s);
    }
    free(strings);
}

/* The pid, or -1 and errno; the request says how it went from there. */
static pid_t
start(struct request *request, int *ret_pidfd)
{
    sigset_t all, before;

    /* Shared, so that the request comes back even from a copy of us. */
    char *memory = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return -1;
    }
    struct request *shared = (struct request *) memory;
    *shared = *request;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone_child(child_main, shared, memory, STACK_SIZE,
                            request->options->cgroup, ret_pidfd);
    int errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *request = *shared;
    munmap(memory, STACK_SIZE);
    errno = errnum;
    return pid;
}

static struct error *
process_spawn(void *ctx UNUSED, const struct actor_child_options *options,
              pid_t *ret_pid, int *ret_pidfd)
{
    struct request request = {
        .options = options,
        .envp = options->envp ? options->envp : environ,
        .n_descriptors = descriptors_of_children(),
    };
    char **candidates = list_candidates(options->path,
                                        find_path(request.envp));
    int pidfd = -1;

    request.candidates = candidates;
    pid_t pid = start(&request, &pidfd);
    int errnum = errno;
    free_strings(candidates);
    if (pid < 0) {
        return error_errno(errnum, "starting '%s'", options->path);
    }
    if (request.failed_step != STEP_NONE) {
        while (waitid(P_PIDFD, (id_t) pidfd, &(siginfo_t) { 0 }, WEXITED) < 0
               && errno == EINTR) {
        }
        close(pidfd);
        return error_errno(request.errnum, "starting '%s': %s '%s'",
                           options->path, step_names[request.failed_step],
                           request.failed_step == STEP_DIRECTORY
                               ? options->directory : options->path);
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return NULL;
}

static struct error *
process_open(void *ctx UNUSED, pid_t pid, int *ret_pidfd)
{
    int pidfd = (int) syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0) {
        return error_errno(errno, "watching process %d", (int) pid);
    }
    *ret_pidfd = pidfd;
    return NULL;
}

static int
process_kill(void *ctx UNUSED, pid_t pid, int pidfd, int signal, bool group)
{
    int rc = group ? kill(-pid, signal)
                   : (int) syscall(SYS_pidfd_send_signal, pidfd, signal, NULL,
                                   0);

    return rc < 0 ? -errno : 0;
}

static struct error *
process_kill_tree(void *ctx UNUSED, pid_t root, int signal)
{
    return process_tree_kill(root, signal);
}

static struct error *
process_kill_marked(void *ctx UNUSED, const char *variable)
{
    return process_tree_kill_marked(variable);
}

static struct error *
process_list_marked(void *ctx UNUSED, const char *name, actor_marked_fn *fn,
                    void *aux)
{
    return process_tree_list_marked(name, fn, aux);
}

static struct error *
process_boot_id(void *ctx UNUSED, char **ret)
{
    char text[64];
    autoclose int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

    if (size < 0) {
        return error_errno(errno, "reading '" BOOT_ID "'");
    }
    text[size] = '\0';
    *ret = xstrndup(text, strcspn(text, "\n"));
    return NULL;
}

const struct actor_process_ops process_real = {
    .spawn = process_spawn,
    .open = process_open,
    .kill = process_kill,
    .kill_tree = process_kill_tree,
    .kill_marked = process_kill_marked,
    .list_marked = process_list_marked,
    .boot_id = process_boot_id,
};
