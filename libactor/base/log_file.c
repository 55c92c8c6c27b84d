/* SPDX-License-Identifier: Apache-2.0
 *
 * log_file.c - the files of the log: one for each severity, named by glog's
 * rules, begun on the first line that goes there.
 *
 * One mutex covers all files.  WARNING and above are written at once; INFO
 * lines too, unless they may wait: then a thread of our own sees to it that
 * they do not wait for longer.  What fails (a full disk) is left out; the
 * process goes on.
 *
 * Thread: any. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/directory.h>
#include <actor/error.h>

#include "base/log_crash.h"
#include "base/log_private.h"

#define DEFAULT_MAX_SIZE ((uint64_t) 1800 << 20)
#define BUFFER_SIZE ((size_t) 64 << 10)
#define RETRY_SECONDS 1
#define N_FILES N_LOG_SEVERITIES

/* How often a signal handler asks for the mutex, in the second half once a
 * millisecond.  Others, who log, hold it for one write(2). */
#define LOCK_TRIES 2000

static const char *const severity_names[N_FILES] = {
    "INFO", "WARNING", "ERROR", "FATAL",
};

struct log_file {
    int fd;                     /* -1: none yet */
    pid_t pid;                  /* who opened it */
    uint64_t size;              /* bytes written and buffered */
    time_t retry_time;          /* not before then, after a failure */
    size_t n_buffered;
    char *buffer;               /* owned; BUFFER_SIZE bytes, or NULL */
    char *path;                 /* owned */
    char *old_path;             /* owned; the one before, for its readers */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_cond = PTHREAD_COND_INITIALIZER;

/* All under 'mutex'. */
static struct log_file files[N_FILES];
static char *directory;         /* owned; NULL: closed */
static char *program;           /* owned */
static int max_wait_seconds;
static uint64_t max_size = DEFAULT_MAX_SIZE;
static bool has_flusher;
static pthread_t flusher;

/* --- one file --- */

static const char *
user_name(void)
{
    const char *user = getenv("USER");

    if (!user || !user[0]) {
        user = getenv("LOGNAME");
    }
    return user && user[0] && !strchr(user, '/') ? user : "invalid-user";
}

static void
file_flush(struct log_file *f)
{
    if (f->n_buffered > 0) {
        log_write_fd(f->fd, f->buffer, f->n_buffered);
        f->n_buffered = 0;
    }
}

static void
file_close(struct log_file *f)
{
    if (f->fd < 0) {
        return;
    }
    if (f->pid == getpid()) {
        file_flush(f);
    }
    close(f->fd);
    f->fd = -1;
    f->n_buffered = 0;          /* of a parent: its own to write */
}

/* With the mutex; there is a directory. */
static char *
link_path(const char *severity)
{
    return xasprintf("%s/%s.%s", directory, program, severity);
}

/* Makes <dir>/<program>.<SEVERITY> point at the new file. */
static void
link_newest(const char *path, const char *severity)
{
    autofree char *link = link_path(severity);
    autofree char *temp = xasprintf("%s.%ld", link, (long) getpid());
    const char *target = strrchr(path, '/') + 1;

    unlink(temp);
    if (symlink(target, temp) != 0 || rename(temp, link) != 0) {
        unlink(temp);
    }
}

static void
write_head(struct log_file *f, const struct tm *tm, const char *host)
{
    int n = dprintf(f->fd,
                    "Log file created at: %04d/%02d/%02d %02d:%02d:%02d\n"
                    "Running on machine: %s\n"
                    "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid "
                    "file:line] msg\n",
                    tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday,
                    tm->tm_hour, tm->tm_min, tm->tm_sec, host);

    f->size = n > 0 ? (uint64_t) n : 0;
}

static bool
file_open(struct log_file *f, const char *severity)
{
    time_t now = time(NULL);
    struct utsname uts;
    struct tm tm;

    if (now < f->retry_time) {
        return false;
    }
    localtime_r(&now, &tm);
    if (uname(&uts) != 0) {
        memcpy(uts.nodename, "(unknown)", sizeof "(unknown)");
    }
    autofree char *path
        = xasprintf("%s/%s.%s.%s.log.%s.%04d%02d%02d-%02d%02d%02d.%ld",
                    directory, program, uts.nodename, user_name(), severity,
                    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                    tm.tm_min, tm.tm_sec, (long) getpid());
    f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0664);
    if (f->fd < 0) {
        f->retry_time = now + RETRY_SECONDS;
        return false;
    }
    write_head(f, &tm, uts.nodename);
    link_newest(path, severity);
    f->pid = getpid();
    free(f->old_path);
    f->old_path = f->path;
    f->path = steal(path);
    return true;
}

/* Whether there is a file to write to: opens the first, or the next. */
static bool
file_prepare(struct log_file *f, const char *severity)
{
    if (f->fd >= 0 && (f->size >= max_size || f->pid != getpid())) {
        file_close(f);
    }
    return f->fd >= 0 || file_open(f, severity);
}

static void
file_write(struct log_file *f, const char *line, size_t size, bool may_wait)
{
    f->size += size;
    if (may_wait && !f->buffer) {
        f->buffer = malloc(BUFFER_SIZE);
    }
    if (f->n_buffered + size > BUFFER_SIZE || !may_wait) {
        file_flush(f);
    }
    if (may_wait && f->buffer && size <= BUFFER_SIZE) {
        memcpy(f->buffer + f->n_buffered, line, size);
        f->n_buffered += size;
    } else {
        log_write_fd(f->fd, line, size);
    }
}

/* --- the thread that flushes --- */

static void *
flusher_run(void *unused UNUSED)
{
    pthread_mutex_lock(&mutex);
    while (directory) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += max_wait_seconds;
        pthread_cond_timedwait(&stop_cond, &mutex, &until);
        for (int i = 0; i < N_FILES; i++) {
            file_flush(&files[i]);
        }
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static struct error *
flusher_start(void)
{
    sigset_t old;

    log_crash_block_signals(&old);
    int errnum = pthread_create(&flusher, NULL, flusher_run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (errnum) {
        return error_errno(errnum, "creating a thread that flushes the log");
    }
    has_flusher = true;
    return NULL;
}

/* --- all files --- */

/* Sees to it that there is a 'path' to write to. */
static struct error *
make_directory(const char *path)
{
    int errnum = directory_make(path, 0755);

    if (errnum) {
        return error_errno(errnum, "creating directory '%s'", path);
    }
    if (access(path, W_OK | X_OK) != 0) {
        return error_errno(errno, "writing to directory '%s'", path);
    }
    return NULL;
}

struct error *
log_files_open(const char *dir, const char *program_, int flush_seconds)
{
    struct error *error;

    if (!dir[0]) {
        return error_create(ERROR_INVALID, "the log directory has no name");
    }
    error = make_directory(dir);
    if (error) {
        return error;
    }
    pthread_mutex_lock(&mutex);
    directory = xstrdup(dir);
    program = xstrdup(program_);
    max_wait_seconds = flush_seconds;
    for (int i = 0; i < N_FILES; i++) {
        files[i] = (struct log_file) { .fd = -1 };
    }
    pthread_mutex_unlock(&mutex);
    return flush_seconds > 0 ? flusher_start() : NULL;
}

static void
names_free(void)
{
    free(directory);
    free(program);
    directory = program = NULL;
}

void
log_files_close(void)
{
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < N_FILES; i++) {
        file_close(&files[i]);
        free(files[i].buffer);
        free(files[i].path);
        free(files[i].old_path);
        files[i] = (struct log_file) { .fd = -1 };
    }
    names_free();
    pthread_cond_signal(&stop_cond);
    pthread_mutex_unlock(&mutex);
    if (has_flusher) {
        pthread_join(flusher, NULL);
        has_flusher = false;
    }
}

void
log_files_write(enum log_severity severity, const char *line, size_t size)
{
    bool may_wait = severity == LOG_SEVERITY_INFO;

    pthread_mutex_lock(&mutex);
    may_wait = may_wait && max_wait_seconds > 0;
    for (int i = (int) severity; i >= 0 && directory; i--) {
        if (file_prepare(&files[i], severity_names[i])) {
            file_write(&files[i], line, size, may_wait);
        }
    }
    pthread_mutex_unlock(&mutex);
}

void
log_files_flush(void)
{
    if (pthread_mutex_trylock(&mutex) == 0) {
        for (int i = 0; i < N_FILES; i++) {
            file_flush(&files[i]);
        }
        pthread_mutex_unlock(&mutex);
    }
}

/* For signal handlers, which cannot wait for good: it may be the thread that
 * they have interrupted that holds the mutex, or one that has crashed.  Who
 * waited in vain once does not again, until it was free. */
static bool
lock_if_soon(void)
{
    static bool is_stuck;       /* atomic */
    int n = __atomic_load_n(&is_stuck, __ATOMIC_RELAXED) ? 1 : LOCK_TRIES;

    for (int i = 0; i < n; i++) {
        if (pthread_mutex_trylock(&mutex) == 0) {
            __atomic_store_n(&is_stuck, false, __ATOMIC_RELAXED);
            return true;
        }
        poll(NULL, 0, i < LOCK_TRIES / 2 ? 0 : 1);
    }
    __atomic_store_n(&is_stuck, true, __ATOMIC_RELAXED);
    return false;
}

void
log_files_append(const void *data, size_t size)
{
    struct log_file *f = &files[LOG_SEVERITY_INFO];

    if (lock_if_soon()) {
        if (directory && f->fd >= 0 && f->pid == getpid()) {
            file_flush(f);
            log_write_fd(f->fd, data, size);
            f->size += size;
        }
        pthread_mutex_unlock(&mutex);
    }
}

void
log_files_set_max_size(uint64_t size)
{
    pthread_mutex_lock(&mutex);
    max_size = size;
    pthread_mutex_unlock(&mutex);
}

const char *
log_file_path(void)
{
    pthread_mutex_lock(&mutex);
    const char *path = directory ? files[LOG_SEVERITY_INFO].path : NULL;
    pthread_mutex_unlock(&mutex);
    return path;
}

char *
log_link_path(enum log_severity severity)
{
    pthread_mutex_lock(&mutex);
    char *path = directory ? link_path(severity_names[severity]) : NULL;
    pthread_mutex_unlock(&mutex);
    return path;
}
