/* SPDX-License-Identifier: Apache-2.0
 *
 * backtrace.h - where a thread is: the return addresses on its stack, and
 * their functions as text.
 *
 * Taking and showing are apart: a thread that is interrupted by a signal only
 * takes, and who asked it to shows.
 *
 * Thread-safety: any thread, also in signal handlers. */
#ifndef BASE_BACKTRACE_H
#define BASE_BACKTRACE_H 1

#include <stddef.h>
#include <stdint.h>

/* Frames further out are left out. */
#define BACKTRACE_MAX 64

struct backtrace {
    size_t n;
    uintptr_t pcs[BACKTRACE_MAX];       /* innermost first */
};

/* To be called before the first backtrace that is taken in a signal handler:
 * in a program that is linked statically the unwinder sorts its tables when it
 * is used first, for which it allocates. */
void backtrace_prepare(void);

/* The calling thread's stack, from the caller of whom calls this on; in a
 * signal handler, whose third argument is 'context', from what was interrupted
 * on.  'context' is NULL elsewhere. */
void backtrace_take(const void *context, struct backtrace *ret);

/* The address of the instruction that was interrupted; 0 if this machine does
 * not tell. */
uintptr_t backtrace_context_pc(const void *context);

/* The stack pointer then; 0 likewise. */
uintptr_t backtrace_context_sp(const void *context);

/* One line for each frame, in the form of glog: "    @   0x55d0c1  name".
 * 'fd' as in report_end(). */
void backtrace_write(const struct backtrace *, int fd);

/* One such line with 'head' in place of the blanks. */
void backtrace_write_frame(const char *head, uintptr_t pc, int fd);

#endif /* BASE_BACKTRACE_H */
