/* SPDX-License-Identifier: Apache-2.0
 *
 * log_crash.h - last words: what threads and the layers above contribute to
 * the reports of <actor/log.h>'s log_install_crash_handler().
 *
 * Thread-safety: any thread. */
#ifndef BASE_LOG_CRASH_H
#define BASE_LOG_CRASH_H 1

#include <signal.h>

/* Writes the calling thread's stack to 'fd', as in report_end(), beginning
 * with the caller.  Allocates nothing. */
void log_backtrace(int fd);

/* 'fn' adds to crash reports what the layers above know; it runs in the signal
 * handler. */
void log_crash_set_section(void (*fn)(int fd));

/* Blocks all signals in the calling thread, but for those of crashes, for
 * threads that it is about to start. */
void log_crash_block_signals(sigset_t *ret_before);

/* A stack for the crash handler in a thread of our own; given back by that
 * thread before it ends. */
struct log_crash_stack {
    void *memory;               /* owned; NULL: none */
    stack_t before;
};
void log_crash_thread_begin(struct log_crash_stack *);
void log_crash_thread_end(struct log_crash_stack *);

#endif /* BASE_LOG_CRASH_H */
