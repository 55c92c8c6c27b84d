/* SPDX-License-Identifier: Apache-2.0
 *
 * log_crash.c - last words: reports of fatal signals, in the form of glog's
 * failure signal handler.
 *
 * A report is made of parts, each begun once.  A part that crashes itself
 * brings us back here and the next one follows, so a stack or a heap in ruins
 * costs its own part of the report, and nothing can loop.  A part that hangs
 * is ended by an alarm.  Nothing allocates.
 *
 * Each of our threads has a second stack for the handler: its own may be what
 * is full.
 *
 * Thread: any. */
#include <config.h>

#include "base/log_crash.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/backtrace.h"
#include "base/log_private.h"
#include "base/report.h"

#define STACK_SIZE ((size_t) 64 << 10)
#define REPORT_SECONDS 10

/* How far from the top of the stack a fault may be to be its overflow. */
#define OVERFLOW_REACH ((uintptr_t) 64 << 10)

static const struct {
    int number;
    const char *name;
} signals[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGILL, "SIGILL" },   { SIGFPE, "SIGFPE" },
    { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" },
};

/* The crash that is reported: the first of the process. */
static struct {
    int tid;                    /* atomic; who crashed; 0: nobody */
    int number;
    siginfo_t info;
    const void *context;        /* on the stack of the handler */
    size_t n_begun;             /* parts of the report */
} crash;

static void (*section)(int fd);
static bool is_installed;

static void on_fatal_signal(int, siginfo_t *, void *);
static void on_alarm(int);
static void NO_RETURN end(void);

void
log_backtrace(int fd)
{
    struct backtrace backtrace;

    backtrace_take(NULL, &backtrace);
    backtrace_write(&backtrace, fd);
}

void
log_install_crash_handler(void)
{
    static char stack[STACK_SIZE];
    const stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };

    struct sigaction action = {
        .sa_sigaction = on_fatal_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK,
    };

    backtrace_prepare();
    sigaltstack(&ss, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i].number, &action, NULL);
    }
    is_installed = true;
}

void
log_crash_set_section(void (*fn)(int fd))
{
    __atomic_store_n(&section, fn, __ATOMIC_RELEASE);
}

void
log_crash_thread_begin(struct log_crash_stack *stack)
{
    stack->memory = NULL;
    if (!is_installed) {
        return;
    }
    void *memory = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        return;                 /* crashes but for overflows are reported */
    }
    const stack_t ss = { .ss_sp = memory, .ss_size = STACK_SIZE };
    if (sigaltstack(&ss, &stack->before) == 0) {
        stack->memory = memory;
    } else {
        munmap(memory, STACK_SIZE);
    }
}

void
log_crash_thread_end(struct log_crash_stack *stack)
{
    if (stack->memory) {
        sigaltstack(&stack->before, NULL);
        munmap(stack->memory, STACK_SIZE);
        stack->memory = NULL;
    }
}

void
log_crash_block_signals(sigset_t *ret_before)
{
    sigset_t set;

    /* The kernel ends a process that blocks the fault it makes, handler or
     * not. */
    sigfillset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigdelset(&set, signals[i].number);
    }
    sigdelset(&set, SIGTRAP);
    sigdelset(&set, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &set, ret_before);
}

/* --- the parts of a report --- */

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

static void
report_time(void)
{
    struct report_line line = REPORT_LINE;
    uint64_t now = (uint64_t) time(NULL);

    report_text(&line, "*** Aborted at ");
    report_uint(&line, now, 0);
    report_text(&line, " (unix time) try \"date -d @");
    report_uint(&line, now, 0);
    report_text(&line, "\" if you are using GNU date ***");
    report_end(&line, REPORT_FATAL);
}

static void
report_pc(void)
{
    backtrace_write_frame("PC: ", backtrace_context_pc(crash.context),
                          REPORT_FATAL);
}

static void
report_signal(void)
{
    const siginfo_t *info = &crash.info;
    struct report_line line = REPORT_LINE;

    report_text(&line, "*** ");
    report_text(&line, signal_name(crash.number));
    report_text(&line, " (@");
    report_hex(&line, (uintptr_t) info->si_addr, 0);
    report_text(&line, ") received by PID ");
    report_uint(&line, (uint64_t) getpid(), 0);
    report_text(&line, " (TID ");
    report_uint(&line, (uint64_t) gettid(), 0);
    report_text(&line, ") from PID ");
    report_uint(&line, info->si_code <= 0 ? (uint64_t) info->si_pid : 0, 0);
    report_text(&line, "; stack trace: ***");
    report_end(&line, REPORT_FATAL);
}

static void
report_stack(void)
{
    struct backtrace backtrace;

    backtrace_take(crash.context, &backtrace);
    backtrace_write(&backtrace, REPORT_FATAL);
}

static void
report_overflow(void)
{
    uintptr_t at = (uintptr_t) crash.info.si_addr;
    uintptr_t sp = backtrace_context_sp(crash.context);

    if (crash.number == SIGSEGV && crash.info.si_code > 0 && sp != 0
        && at - sp + OVERFLOW_REACH < 2 * OVERFLOW_REACH) {
        report_write(REPORT_FATAL, "*** The thread's stack is full ***");
    }
}

static void
report_section(void)
{
    void (*fn)(int) = __atomic_load_n(&section, __ATOMIC_ACQUIRE);

    if (fn) {
        fn(REPORT_FATAL);
    }
}

static void (*const parts[])(void) = {
    report_time,  report_pc,      report_signal,   report_overflow,
    report_stack, report_section, log_files_flush,
};

/* --- signals --- */

/* What else may happen to a report comes to us: a crash, or no end. */
static void
take_signals(void)
{
    struct sigaction action = { .sa_handler = on_alarm };
    sigset_t set;

    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaddset(&set, signals[i].number);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    alarm(REPORT_SECONDS);
}

static void
on_fatal_signal(int number, siginfo_t *info, void *context)
{
    int none = 0, self = gettid();

    if (__atomic_compare_exchange_n(&crash.tid, &none, self, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        crash.number = number;
        crash.info = *info;
        crash.context = context;
    } else if (none != self) {
        /* A second thread that crashes waits for the first to end us all. */
        for (;;) {
            pause();
        }
    } else {
        report_write(REPORT_FATAL, "    (this part of the report crashed)");
    }
    take_signals();
    while (crash.n_begun < ARRAY_SIZE(parts)) {
        parts[crash.n_begun++]();
    }
    end();
}

static void
on_alarm(int number UNUSED)
{
    report_write(REPORT_FATAL, "    (this part of the report hangs)");
    end();
}

/* The default action of the signal that we report. */
static void NO_RETURN
end(void)
{
    sigset_t set;

    signal(crash.number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, crash.number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(crash.number);
    _exit(128 + crash.number);
}
