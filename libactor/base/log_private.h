/* SPDX-License-Identifier: Apache-2.0
 *
 * log_private.h - what the parts of the log share: lines and files.
 *
 * Thread-safety: any thread. */
#ifndef BASE_LOG_PRIVATE_H
#define BASE_LOG_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/log.h>

#define N_LOG_SEVERITIES 4

/* A line is cut off there, as in glog. */
#define LOG_LINE_MAX 30000

/* Writes all of it, whatever it takes; errors are nobody's to report. */
void log_write_fd(int fd, const void *data, size_t size);

/* Lines of a report, for standard error (if the log is quiet, only when
 * 'is_fatal') and the INFO file.  Also in signal handlers. */
void log_write_report(const void *data, size_t size, bool is_fatal);

/* --- log_file.c --- */

/* Files go to directory 'dir' from now on.  'flush_seconds' as in struct
 * log_options. */
struct error *log_files_open(const char *dir, const char *program,
                             int flush_seconds) MUST_CHECK;
void log_files_close(void);

/* Appends 'line' (with its newline) to the files of 'severity' and of all
 * lower ones. */
void log_files_write(enum log_severity severity, const char *line,
                     size_t size);

/* Writes what is buffered.  From a crash handler too: files that somebody
 * holds are left alone then. */
void log_files_flush(void);

/* Appends to the INFO file, if it is open and nobody holds it for a second;
 * for signal handlers. */
void log_files_append(const void *data, size_t size);

/* A file that reaches 'size' bytes is succeeded by a new one. */
void log_files_set_max_size(uint64_t size);

#endif /* BASE_LOG_PRIVATE_H */
