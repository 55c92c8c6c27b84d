/* SPDX-License-Identifier: Apache-2.0
 *
 * log_private.h - what the parts of the log share: lines, files, backtraces.
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

/* A file that reaches 'size' bytes is succeeded by a new one. */
void log_files_set_max_size(uint64_t size);

/* --- log_crash.c --- */

/* Writes the calling thread's stack to 'fd', one line a frame, beginning with
 * the caller's caller.  Allocates nothing. */
void log_backtrace(int fd);

#endif /* BASE_LOG_PRIVATE_H */
