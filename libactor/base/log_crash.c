/* SPDX-License-Identifier: Apache-2.0
 *
 * log_crash.c - last words: backtraces and reports of fatal signals, in the
 * form of glog's failure signal handler.
 *
 * Everything here may run in a signal handler on a broken heap: nothing
 * allocates, and numbers are put into text by hand.  dladdr() is the one call
 * that POSIX does not promise; it only reads.
 *
 * Thread: any. */
#include <config.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "base/log_private.h"

#define MAX_FRAMES 32
#define PC_WIDTH 18             /* "0x" and 16 digits */

static const struct {
    int number;
    const char *name;
} signals[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGILL, "SIGILL" },   { SIGFPE, "SIGFPE" },
    { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" },
};

/* A line being put together; what does not fit is left out. */
struct text {
    char data[512];
    size_t len;
};

static void
put(struct text *t, const char *s)
{
    while (*s && t->len < sizeof t->data) {
        t->data[t->len++] = *s++;
    }
}

/* 'value' to base 'base', right-aligned in 'width'. */
static void
put_number(struct text *t, uint64_t value, unsigned base, size_t width)
{
    char reversed[24];
    char out[32];
    size_t n = 0;
    size_t i = 0;

    do {
        reversed[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    if (base == 16) {
        reversed[n++] = 'x';
        reversed[n++] = '0';
    }
    while (i + n < width) {
        out[i++] = ' ';
    }
    while (n > 0) {
        out[i++] = reversed[--n];
    }
    out[i] = '\0';
    put(t, out);
}

/* "SYMBOL", or where in which file, for addr2line. */
static void
put_symbol(struct text *t, uintptr_t pc)
{
    Dl_info info;

    if (dladdr((void *) pc, &info) == 0 || !info.dli_fname) {
        put(t, "(unknown)");
    } else if (info.dli_sname) {
        put(t, info.dli_sname);
    } else {
        const char *slash = strrchr(info.dli_fname, '/');

        put(t, "(unknown) ");
        put(t, slash ? slash + 1 : info.dli_fname);
        put(t, "+");
        put_number(t, pc - (uintptr_t) info.dli_fbase, 16, 0);
    }
}

static void
write_frame(int fd, const char *head, uintptr_t pc)
{
    struct text t = { .len = 0 };

    put(&t, head);
    put(&t, "@ ");
    put_number(&t, pc, 16, PC_WIDTH);
    put(&t, "  ");
    put_symbol(&t, pc);
    put(&t, "\n");
    log_write_fd(fd, t.data, t.len);
}

/* --- walking the stack --- */

struct walk {
    int fd;
    int n_skip;
    int n_frames;
};

static _Unwind_Reason_Code
walk_frame(struct _Unwind_Context *context, void *aux)
{
    struct walk *w = aux;
    int before_call = 0;
    uintptr_t pc = _Unwind_GetIPInfo(context, &before_call);

    if (w->n_skip > 0) {
        w->n_skip--;
        return _URC_NO_REASON;
    }
    if (pc == 0 || w->n_frames++ >= MAX_FRAMES) {
        return _URC_END_OF_STACK;
    }
    /* A return address may belong to the next function already. */
    write_frame(w->fd, "    ", before_call ? pc : pc - 1);
    return _URC_NO_REASON;
}

/* Leaves out its own frame and its caller's. */
__attribute__((noinline)) void
log_backtrace(int fd)
{
    struct walk w = { .fd = fd, .n_skip = 2 };

    _Unwind_Backtrace(walk_frame, &w);
}

/* --- signals --- */

static const char *
signal_name(int number)
{
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i].number == number) {
            return signals[i].name;
        }
    }
    return "signal";
}

static uintptr_t
context_pc(const void *context)
{
    const ucontext_t *uc = context;

#if defined __x86_64__
    return (uintptr_t) uc->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t) uc->uc_mcontext.pc;
#else
    (void) uc;
    return 0;
#endif
}

static void
report_time(void)
{
    struct text t = { .len = 0 };
    uint64_t now = (uint64_t) time(NULL);

    put(&t, "*** Aborted at ");
    put_number(&t, now, 10, 0);
    put(&t, " (unix time) try \"date -d @");
    put_number(&t, now, 10, 0);
    put(&t, "\" if you are using GNU date ***\n");
    log_write_fd(STDERR_FILENO, t.data, t.len);
}

static void
report_signal(int number, const siginfo_t *info)
{
    struct text t = { .len = 0 };

    put(&t, "*** ");
    put(&t, signal_name(number));
    put(&t, " (@");
    put_number(&t, (uint64_t) (uintptr_t) info->si_addr, 16, 0);
    put(&t, ") received by PID ");
    put_number(&t, (uint64_t) getpid(), 10, 0);
    put(&t, " (TID ");
    put_number(&t, (uint64_t) gettid(), 10, 0);
    put(&t, ") from PID ");
    put_number(&t, info->si_code <= 0 ? (uint64_t) info->si_pid : 0, 10, 0);
    put(&t, "; stack trace: ***\n");
    log_write_fd(STDERR_FILENO, t.data, t.len);
}

static void
on_fatal_signal(int number, siginfo_t *info, void *context)
{
    static int crashed_tid;     /* atomic */
    int none = 0;
    int self = gettid();

    /* A second thread that crashes waits for the first to end us all; the
     * first one crashing again just ends. */
    if (__atomic_compare_exchange_n(&crashed_tid, &none, self, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        report_time();
        write_frame(STDERR_FILENO, "PC: ", context_pc(context));
        report_signal(number, info);
        log_backtrace(STDERR_FILENO);
        log_files_flush();
    } else if (none != self) {
        for (;;) {
            pause();
        }
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* A stack for the main thread's handler: its own may be what is full. */
static void
install_stack(void)
{
    static char stack[64 << 10];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };

    sigaltstack(&ss, NULL);
}

void
log_install_crash_handler(void)
{
    struct sigaction action = {
        .sa_sigaction = on_fatal_signal,
        .sa_flags = SA_SIGINFO | SA_ONSTACK,
    };

    install_stack();
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i].number, &action, NULL);
    }
}
