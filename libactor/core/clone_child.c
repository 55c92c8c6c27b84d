/* SPDX-License-Identifier: Apache-2.0
 *
 * clone_child.c - a child that shares our memory until it calls exec.
 *
 * The C library's clone() cannot choose a cgroup, and has no clone3() that it
 * would show: what is here of assembly gives the child its stack. */
#include <config.h>

#include "core/clone_child.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <actor/compiler.h>

/* ThreadSanitizer believes that what comes out of clone() has memory of its
 * own, and then it has. */
#if defined __SANITIZE_THREAD__
#define SHARES_MEMORY 0
#else
#define SHARES_MEMORY 1
#endif

#if SHARES_MEMORY && defined __x86_64__
#define HAS_CLONE3_ON_STACK 1

/* 'args' has a stack, at whose top the child finds itself. */
static long
clone3_on_stack(struct clone_args *args, int (*fn)(void *), void *arg)
{
    register int (*r8)(void *) __asm__("r8") = fn;
    register void *r9 __asm__("r9") = arg;
    long rc = SYS_clone3;

    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"    /* the outermost frame */
                     "movq %%r9, %%rdi\n\t"
                     "callq *%%r8\n\t"
                     "hlt\n"                    /* 'fn' does not return */
                     "1:"
                     : "+a"(rc)
                     : "D"(args), "S"(sizeof *args), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return rc;
}

#else
#define HAS_CLONE3_ON_STACK 0
#endif

/* Born in another cgroup. */
static pid_t
clone_into(int (*fn)(void *), void *arg, void *stack, size_t size, int cgroup,
           int *ret_pidfd)
{
    struct clone_args args = {
        .flags = (uint64_t) CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
        .pidfd = (uintptr_t) ret_pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (unsigned) cgroup,
    };

#if HAS_CLONE3_ON_STACK
    args.flags |= CLONE_VM;
    args.stack = (uintptr_t) stack;
    args.stack_size = size;
    long rc = clone3_on_stack(&args, fn, arg);

    if (rc < 0) {
        errno = (int) -rc;
        return -1;
    }
    return (pid_t) rc;
#else
    (void) stack;
    (void) size;
    pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof args);

    return pid == 0 ? fn(arg) : pid;
#endif
}

pid_t
clone_child(int (*fn)(void *), void *arg, void *stack, size_t size, int cgroup,
            int *ret_pidfd)
{
    if (cgroup >= 0) {
        return clone_into(fn, arg, stack, size, cgroup, ret_pidfd);
    }
#if SHARES_MEMORY
    return clone(fn, (char *) stack + size,
                 CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, arg,
                 ret_pidfd);
#else
    pid_t pid = (pid_t) syscall(SYS_clone,
                                CLONE_VFORK | CLONE_PIDFD | SIGCHLD, NULL,
                                ret_pidfd, NULL, NULL);

    return pid == 0 ? fn(arg) : pid;
#endif
}
