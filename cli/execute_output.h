/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_output.h - standard output and standard error of mesos-execute,
 * which its own lines share with what tasks print.
 *
 * Thread-safety: any thread; calls block while the reader is slow.  What
 * cannot be written is dropped. */
#ifndef CLI_EXECUTE_OUTPUT_H
#define CLI_EXECUTE_OUTPUT_H 1

#include <stddef.h>

#include <actor/compiler.h>

struct execute_output;
struct strbuf;

enum execute_stream {
    EXECUTE_STDOUT,
    EXECUTE_STDERR,
};
#define EXECUTE_N_STREAMS 2

/* Descriptors are borrowed.  Our own lines go to 'own'. */
struct execute_output *execute_output_create(int stdout_fd, int stderr_fd,
                                             enum execute_stream own);
void execute_output_destroy(struct execute_output *);

/* Lines of our own.  They begin on a line of their own, also if a task has left
 * one unfinished, be it on the other stream of the same terminal. */
void execute_output_say(struct execute_output *, const char *text);
void execute_output_printf(struct execute_output *, const char *fmt, ...)
    PRINTF_FORMAT(2, 3);

/* What a task printed, as it is. */
void execute_output_pass_on(struct execute_output *, enum execute_stream,
                            const void *data, size_t size);

/* A line longer than this is cut into several. */
#define EXECUTE_LINE_MAX ((size_t) 65536)

/* Appends the lines that 'data' completes to 'out', each behind 'prefix'.  The
 * beginning of one is kept in 'partial' for the next time. */
void execute_lines_add(struct strbuf *partial, const char *prefix,
                       const char *data, size_t size, struct strbuf *out);

/* Completes the line that is left, if there is one. */
void execute_lines_end(struct strbuf *partial, const char *prefix,
                       struct strbuf *out);

#endif /* CLI_EXECUTE_OUTPUT_H */
