/* SPDX-License-Identifier: Apache-2.0
 *
 * log.h - log lines in glog's format, and checks of our own invariants.
 *
 *     I0912 10:04:33.218764  4123 admission.c:212] Admitted agent 'S12' at ...
 *
 * that is severity, month and day, local time, thread id padded to five, file
 * and line.  One event, one line: control characters, newlines too, are
 * escaped ("\n", "\x1b"), as names that strangers chose may have some.  Only a
 * format that has newlines itself makes several lines, and had better not show
 * text of strangers.  Lines go to standard error and, with a log
 * directory, to glog's files <program>.<host>.<user>.log.<SEVERITY>.<date>-
 * <time>.<pid> with a symlink <program>.<SEVERITY>; a line is also written to
 * the files of all lower severities.  Works before log_init() (standard error
 * only) and keeps errno.
 *
 * Thread-safety: any thread; lines are never mixed. */
#ifndef ACTOR_LOG_H
#define ACTOR_LOG_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

enum log_severity {
    LOG_SEVERITY_INFO,
    LOG_SEVERITY_WARNING,
    LOG_SEVERITY_ERROR,
    LOG_SEVERITY_FATAL,         /* the process aborts */
};

struct log_options {
    const char *program;        /* name in file names, e.g. "mesos-master" */
    const char *log_dir;        /* NULL: no files */
    enum log_severity level;    /* lines below it are dropped */
    bool quiet;                 /* nothing but FATAL on standard error */
    int flush_seconds;          /* INFO lines may wait so long; 0: never */
};

/* Starts logging as 'options' say.  Verbosity comes from GLOG_v and
 * GLOG_vmodule ("pattern=N,...").  Fails when the directory cannot be written.
 * Once a process; strings are copied. */
struct error *log_init(const struct log_options *) MUST_CHECK;

/* The same, unless it was done before: for a library, whose program may have
 * its own log of this kind, or use the library twice.  Any thread. */
struct error *log_init_once(const struct log_options *) MUST_CHECK;

/* Flushes and closes the files. */
void log_fini(void);

/* "INFO" | "WARNING" | "ERROR" -> severity. */
bool log_severity_parse(const char *, enum log_severity *ret_severity);

/* Path of the file that INFO lines go to; NULL when there is none. */
const char *log_file_path(void);

/* Path of the link that names the newest file of 'severity', there or not yet;
 * the caller frees it.  NULL without a log directory. */
char *log_link_path(enum log_severity);

/* Verbosity that vlog() compares with, as in --v of glog. */
int log_verbosity(void);
void log_set_verbosity(int);

/* Where the lines of the calling thread go besides, for tests: 'sink' gets
 * every line (without its newline) whatever its level; NULL ends it. */
void log_set_sink(void (*sink)(void *aux, const char *line), void *aux);

void log_write(enum log_severity, const char *file, int line,
               const char *fmt, ...) PRINTF_FORMAT(4, 5);
void log_write_fatal(const char *file, int line, const char *fmt, ...)
    PRINTF_FORMAT(3, 4) NO_RETURN;
bool log_is_verbose(int level, const char *file);

#define log_info(...) \
    log_write(LOG_SEVERITY_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warn(...) \
    log_write(LOG_SEVERITY_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...) \
    log_write(LOG_SEVERITY_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define log_fatal(...) log_write_fatal(__FILE__, __LINE__, __VA_ARGS__)

/* An INFO line if the verbosity is at least 'level' (1: requests and drops,
 * 2: messages and time, 3: scheduling). */
#define vlog(level, ...) \
    do { \
        if (UNLIKELY(log_is_verbose((level), __FILE__))) { \
            log_info(__VA_ARGS__); \
        } \
    } while (0)

/* At most one WARNING each 'period_ns' from this place; what was left out is
 * counted in the next one. */
#define log_warn_every(period_ns, ...) \
    do { \
        static struct log_rate log_rate_; \
        if (log_rate_pass(&log_rate_, (period_ns))) { \
            log_write_rated(&log_rate_, __FILE__, __LINE__, __VA_ARGS__); \
        } \
    } while (0)

struct log_rate {
    int64_t next_ns;            /* atomic; monotonic time */
    uint64_t n_left_out;        /* atomic; since the last line */
};
bool log_rate_pass(struct log_rate *, int64_t period_ns);
void log_write_rated(struct log_rate *, const char *file, int line,
                     const char *fmt, ...) PRINTF_FORMAT(4, 5);

/* A broken invariant of our own: logs, writes a backtrace, aborts.  Always
 * compiled in.  Never for what a peer sent, a disk held, a clock said or the
 * kernel answered: that is an error. */
#define CHECK(cond, ...) \
    do { \
        if (UNLIKELY(!(cond))) { \
            log_check_failed(__FILE__, __LINE__, #cond, " " __VA_ARGS__); \
        } \
    } while (0)

/* Like CHECK, for expensive conditions: only with --enable-debug. */
#ifdef ACTOR_DEBUG
#define DCHECK(cond, ...) CHECK(cond, __VA_ARGS__)
#else
#define DCHECK(cond, ...) do { if (0) { CHECK(cond, __VA_ARGS__); } } while (0)
#endif

#define UNREACHABLE() \
    log_check_failed(__FILE__, __LINE__, "unreachable", " %s", __func__)

/* 'fmt' begins with a space. */
void log_check_failed(const char *file, int line, const char *condition,
                      const char *fmt, ...) PRINTF_FORMAT(4, 5) NO_RETURN;

/* Installs handlers that report SIGSEGV, SIGILL, SIGFPE, SIGABRT and SIGBUS in
 * glog's form with a backtrace and then let the default action happen. */
void log_install_crash_handler(void);

#endif /* ACTOR_LOG_H */
