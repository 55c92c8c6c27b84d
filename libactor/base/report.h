/* SPDX-License-Identifier: Apache-2.0
 *
 * report.h - text for those who may call nothing: lines put together and
 * written without a heap, a lock or stdio.
 *
 *     struct report_line line = REPORT_LINE;
 *
 *     report_text(&line, "worker-");
 *     report_uint(&line, index, 0);
 *     report_end(&line, fd);
 *
 * Crash reports and dumps of hung daemons are made of these.
 *
 * Thread-safety: any thread, also in signal handlers. */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H 1

#include <stddef.h>
#include <stdint.h>

#define REPORT_LINE_MAX 512

/* Text that does not fit is left out. */
struct report_line {
    size_t len;
    char data[REPORT_LINE_MAX];
};
#define REPORT_LINE { .len = 0 }

/* Where lines go, besides descriptors. */
enum {
    /* Standard error, unless the log is quiet, and the log's file for INFO. */
    REPORT_TO_LOG = -1,

    /* The same, quiet or not: last words. */
    REPORT_FATAL = -2,
};

void report_text(struct report_line *, const char *);

/* In single quotes. */
void report_quoted(struct report_line *, const char *);

/* Right-aligned in 'width' characters. */
void report_uint(struct report_line *, uint64_t, size_t width);
void report_hex(struct report_line *, uint64_t, size_t width);   /* "0x1f" */

/* A duration in seconds and microseconds: "12.000345s". */
void report_duration(struct report_line *, int64_t ns);

/* Writes the line with a newline to 'fd' or one of the above, and empties
 * it. */
void report_end(struct report_line *, int fd);

/* A line that is 'text'. */
void report_write(int fd, const char *text);

#endif /* BASE_REPORT_H */
