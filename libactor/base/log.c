/* SPDX-License-Identifier: Apache-2.0
 *
 * log.c - log lines in glog's format, their levels and where they go.
 *
 * A line is put together on the stack of its thread and leaves in one
 * write(2), so lines are never mixed and nothing is locked for standard error.
 * Patterns and names are set once, by log_init(), before there are threads that
 * log.
 *
 * Thread: any. */
#include <config.h>

#include <actor/log.h>

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>

#include "base/log_crash.h"
#include "base/log_private.h"
#include "base/report.h"

static const char letters[N_LOG_SEVERITIES] = { 'I', 'W', 'E', 'F' };
static const char *const severity_names[N_LOG_SEVERITIES] = {
    "INFO", "WARNING", "ERROR", "FATAL",
};

/* "pattern=level" of GLOG_vmodule. */
struct vmodule {
    char *pattern;              /* owned */
    int level;
};

/* Whether somebody has started the log. */
static pthread_mutex_t start_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_started;         /* guarded by it */

static enum log_severity min_level = LOG_SEVERITY_INFO;
static bool is_quiet;
static bool has_files;
static int verbosity;           /* atomic */
static VEC(struct vmodule) vmodules = VEC_EMPTY;

static _Thread_local struct {
    void (*fn)(void *aux, const char *line);
    void *aux;
} sink;

/* Local time of the second that this thread logged in last: localtime_r()
 * takes a lock that is everybody's. */
static _Thread_local struct {
    time_t second;
    struct tm tm;
} last_time;

static void vmodules_parse(const char *);
static void vmodules_clear(void);

/* --- starting and stopping --- */

static struct error *
start(const struct log_options *options)
{
    const char *v = getenv("GLOG_v");
    const char *vmodule = getenv("GLOG_vmodule");

    if (options->log_dir) {
        struct error *error = log_files_open(options->log_dir,
                                             options->program,
                                             options->flush_seconds);
        if (error) {
            return error_wrap(error, "starting the log");
        }
        has_files = true;
    }
    min_level = options->level;
    is_quiet = options->quiet;
    if (v) {
        log_set_verbosity((int) strtol(v, NULL, 10));
    }
    vmodules_clear();
    if (vmodule) {
        vmodules_parse(vmodule);
    }
    if (has_files) {
        log_write(min_level, __FILE__, __LINE__, "%s level logging started!",
                  severity_names[min_level]);
    }
    is_started = true;
    return NULL;
}

struct error *
log_init(const struct log_options *options)
{
    pthread_mutex_lock(&start_mutex);
    struct error *error = start(options);

    pthread_mutex_unlock(&start_mutex);
    return error;
}

struct error *
log_init_once(const struct log_options *options)
{
    pthread_mutex_lock(&start_mutex);
    struct error *error = is_started ? NULL : start(options);

    pthread_mutex_unlock(&start_mutex);
    return error;
}

void
log_fini(void)
{
    pthread_mutex_lock(&start_mutex);
    is_started = false;
    pthread_mutex_unlock(&start_mutex);
    if (has_files) {
        has_files = false;
        log_files_close();
    }
    vmodules_clear();
    min_level = LOG_SEVERITY_INFO;
    is_quiet = false;
}

bool
log_severity_parse(const char *name, enum log_severity *ret_severity)
{
    for (int i = LOG_SEVERITY_INFO; i <= LOG_SEVERITY_ERROR; i++) {
        if (!strcmp(name, severity_names[i])) {
            *ret_severity = (enum log_severity) i;
            return true;
        }
    }
    return false;
}

void
log_set_sink(void (*fn)(void *aux, const char *line), void *aux)
{
    sink.fn = fn;
    sink.aux = aux;
}

/* --- verbosity --- */

int
log_verbosity(void)
{
    return __atomic_load_n(&verbosity, __ATOMIC_RELAXED);
}

void
log_set_verbosity(int level)
{
    __atomic_store_n(&verbosity, level, __ATOMIC_RELAXED);
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The level that a pattern sets for 'file', else 'otherwise'. */
static int
vmodules_level(const char *file, int otherwise)
{
    char module[64];
    const char *base = base_name(file);

    snprintf(module, sizeof module, "%.*s", (int) strcspn(base, "."), base);
    vec_foreach (&vmodules, it) {
        if (fnmatch(it->pattern, module, 0) == 0) {
            return it->level;
        }
    }
    return otherwise;
}

bool
log_is_verbose(int level, const char *file)
{
    int limit = log_verbosity();

    if (UNLIKELY(vmodules.n > 0)) {
        limit = vmodules_level(file, limit);
    }
    return level <= limit;
}

/* "pattern=N,pattern=N": what is ill-formed is passed over, as in glog. */
static void
vmodules_parse(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *equals = memchr(text, '=', len);

        if (equals && equals > text) {
            struct vmodule m = {
                .pattern = xstrndup(text, (size_t) (equals - text)),
                .level = (int) strtol(equals + 1, NULL, 10),
            };
            vec_push(&vmodules, m);
        }
        text += len + (text[len] == ',');
    }
}

static void
vmodules_clear(void)
{
    vec_foreach (&vmodules, it) {
        free(it->pattern);
    }
    vec_fini(&vmodules);
}

/* --- lines --- */

void
log_write_fd(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        p += n;
        size -= (size_t) n;
    }
}

void
log_write_report(const void *data, size_t size, bool is_fatal)
{
    if (!is_quiet || is_fatal || !has_files) {
        log_write_fd(STDERR_FILENO, data, size);
    }
    if (has_files) {
        log_files_append(data, size);
    }
}

/* "I0912 10:04:33.218764  4123 admission.c:212] "; returns its length. */
static size_t
put_prefix(char *p, size_t size, enum log_severity severity, const char *file,
           int line)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (last_time.second != now.tv_sec || last_time.tm.tm_mday == 0) {
        localtime_r(&now.tv_sec, &last_time.tm);
        last_time.second = now.tv_sec;
    }
    const struct tm *tm = &last_time.tm;
    int len = snprintf(p, size, "%c%02d%02d %02d:%02d:%02d.%06ld %5d %s:%d] ",
                       letters[severity], tm->tm_mon + 1, tm->tm_mday,
                       tm->tm_hour, tm->tm_min, tm->tm_sec,
                       now.tv_nsec / 1000, (int) gettid(), base_name(file),
                       line);
    return (size_t) len < size ? (size_t) len : size - 1;
}

/* Hands the finished line to all who want it.  text[len] is where its newline
 * goes. */
static void
emit(enum log_severity severity, char *text, size_t len)
{
    if (sink.fn) {
        text[len] = '\0';
        sink.fn(sink.aux, text);
    }
    if (severity < min_level) {
        return;
    }
    text[len] = '\n';
    if (!is_quiet || severity == LOG_SEVERITY_FATAL) {
        log_write_fd(STDERR_FILENO, text, len + 1);
    }
    if (has_files) {
        log_files_write(severity, text, len + 1);
    }
}

/* How many bytes at 'p' are a control character that a terminal, or a reader
 * of lines, would act on: of ASCII, or of Unicode's second set; 0: none.
 * A newline is none if there may be several lines. */
static size_t
control_size(const char *p, const char *end, bool has_lines)
{
    unsigned char c = (unsigned char) *p;

    if (c < ' ' || c == 0x7f) {
        return !(c == '\n' && has_lines);
    }
    return c == 0xc2 && p + 1 < end && (unsigned char) p[1] < 0xa0 ? 2 : 0;
}

static bool
has_controls(const char *p, const char *end, bool has_lines)
{
    while (p < end && control_size(p, end, has_lines) == 0) {
        p++;
    }
    return p < end;
}

/* Writes the 'n' bytes at 'p' so that they are harmless; 4 bytes each. */
static char *
put_escaped(char *to, const char *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) p[i];
        const char *letter = c != '\0'
            ? strchr("\aa\bb\ff\nn\rr\tt\vv", c) : NULL;

        *to++ = '\\';
        if (letter) {
            *to++ = letter[1];
        } else {
            *to++ = 'x';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    return to;
}

/* Hands the line on, with the control characters behind its prefix escaped:
 * what strangers call their hosts and tasks may not begin a line of its own,
 * nor command a terminal. */
static void
emit_harmless(enum log_severity severity, char *text, size_t prefix_len,
              size_t len, const char *fmt)
{
    const char *p = text + prefix_len, *end = text + len;
    bool has_lines = strchr(fmt, '\n') != NULL;

    if (LIKELY(!has_controls(p, end, has_lines))) {
        emit(severity, text, len);
        return;
    }
    autofree char *escaped = malloc(prefix_len + 4 * (len - prefix_len) + 1);
    if (!escaped) {
        return;
    }
    memcpy(escaped, text, prefix_len);
    char *to = escaped + prefix_len;
    while (p < end && to - escaped < LOG_LINE_MAX - 8) {
        size_t n = control_size(p, end, has_lines);

        if (n > 0) {
            to = put_escaped(to, p, n);
            p += n;
        } else {
            *to++ = *p++;
        }
    }
    emit(severity, escaped, (size_t) (to - escaped));
}

/* Text longer than the buffer on the stack. */
static void PRINTF_FORMAT(4, 0)
write_long(enum log_severity severity, const char *prefix, size_t prefix_len,
           const char *fmt, va_list args, size_t text_len)
{
    size_t len = prefix_len + text_len;

    if (len > LOG_LINE_MAX) {
        len = LOG_LINE_MAX;
    }
    autofree char *line = malloc(len + 1);
    if (line) {
        memcpy(line, prefix, prefix_len);
        vsnprintf(line + prefix_len, len - prefix_len + 1, fmt, args);
        while (len > prefix_len && line[len - 1] == '\n') {
            len--;
        }
        emit_harmless(severity, line, prefix_len, len, fmt);
    }
}

static void PRINTF_FORMAT(4, 0)
write_line(enum log_severity severity, const char *file, int line,
           const char *fmt, va_list args)
{
    char small[1024];
    va_list again;

    va_copy(again, args);
    size_t len = put_prefix(small, 256, severity, file, line);
    int n = vsnprintf(small + len, sizeof small - len, fmt, args);
    if (n >= 0 && len + (size_t) n < sizeof small) {
        size_t end = len + (size_t) n;
        while (end > len && small[end - 1] == '\n') {
            end--;
        }
        emit_harmless(severity, small, len, end, fmt);
    } else if (n >= 0) {
        write_long(severity, small, len, fmt, again, (size_t) n);
    }
    va_end(again);
}

/* The end of the process: where we are, then SIGABRT. */
static void NO_RETURN
die(void)
{
    report_write(REPORT_FATAL, "*** Check failure stack trace: ***");
    log_backtrace(REPORT_FATAL);
    log_files_flush();
    abort();
}

void
log_write(enum log_severity severity, const char *file, int line,
          const char *fmt, ...)
{
    int saved_errno = errno;
    va_list args;

    if (severity < min_level && !sink.fn) {
        return;
    }
    va_start(args, fmt);
    write_line(severity, file, line, fmt, args);
    va_end(args);
    if (severity == LOG_SEVERITY_FATAL) {
        die();
    }
    errno = saved_errno;
}

void
log_write_fatal(const char *file, int line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    write_line(LOG_SEVERITY_FATAL, file, line, fmt, args);
    va_end(args);
    die();
}

void
log_check_failed(const char *file, int line, const char *condition,
                 const char *fmt, ...)
{
    char why[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    log_write_fatal(file, line, "Check failed: %s%s", condition, why);
}

/* --- rates --- */

bool
log_rate_pass(struct log_rate *rate, int64_t period_ns)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    int64_t now = (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
    int64_t next = __atomic_load_n(&rate->next_ns, __ATOMIC_RELAXED);
    /* Of several threads that see the time come, one wins. */
    if (now >= next
        && __atomic_compare_exchange_n(&rate->next_ns, &next, now + period_ns,
                                       false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED)) {
        return true;
    }
    __atomic_fetch_add(&rate->n_left_out, 1, __ATOMIC_RELAXED);
    return false;
}

void
log_write_rated(struct log_rate *rate, const char *file, int line,
                const char *fmt, ...)
{
    int saved_errno = errno;
    uint64_t n = __atomic_exchange_n(&rate->n_left_out, 0, __ATOMIC_RELAXED);
    char text[768];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) {
        log_write(LOG_SEVERITY_WARNING, file, line,
                  "%s (%llu more like this were left out)", text,
                  (unsigned long long) n);
    } else {
        log_write(LOG_SEVERITY_WARNING, file, line, "%s", text);
    }
    errno = saved_errno;
}
