/* SPDX-License-Identifier: Apache-2.0
 *
 * backtrace.c - where a thread is.
 *
 * The stack is walked by the compiler's unwinder, which neither allocates nor
 * locks: with dynamic linking because of glibc's _dl_find_object(), otherwise
 * once it was used; then it has a mutex, but only other unwinding holds that.
 * Names of the program's own functions come from its file, those of libraries
 * from dladdr(), the one call here that POSIX does not promise.  It takes the
 * loader's lock, which a thread may take again, and so only waits for another
 * thread that is in dlopen() or the like.
 *
 * Thread: any, also in signal handlers. */
#include <config.h>

#include "base/backtrace.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <unwind.h>

#include <actor/compiler.h>

#include "base/report.h"
#include "base/symbol.h"

#define PC_WIDTH 18             /* "0x" and 16 digits */

struct walk {
    struct backtrace *out;
    uintptr_t first;            /* what is above is left out; 0: nothing */
    int n_skip;
};

static _Unwind_Reason_Code
walk_frame(struct _Unwind_Context *context, void *aux)
{
    struct walk *w = aux;
    int before_call = 0;
    uintptr_t pc = _Unwind_GetIPInfo(context, &before_call);

    if (pc == 0) {
        return _URC_END_OF_STACK;
    }
    if (w->n_skip > 0) {
        w->n_skip--;
        return _URC_NO_REASON;
    }
    if (w->first != 0 && pc == w->first) {
        w->out->n = 0;
        w->first = 0;
    }
    if (w->out->n >= BACKTRACE_MAX) {
        return _URC_END_OF_STACK;
    }
    /* A return address may belong to the next function already. */
    w->out->pcs[w->out->n++] = before_call ? pc : pc - 1;
    return _URC_NO_REASON;
}

void
backtrace_prepare(void)
{
    struct backtrace backtrace;

    backtrace_take(NULL, &backtrace);
}

__attribute__((noinline)) void
backtrace_take(const void *context, struct backtrace *ret)
{
    struct walk walk = {
        .out = ret,
        .first = context ? backtrace_context_pc(context) : 0,
        .n_skip = 2,            /* this function, and its caller */
    };

    ret->n = 0;
    _Unwind_Backtrace(walk_frame, &walk);
}

uintptr_t
backtrace_context_pc(const void *context)
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

uintptr_t
backtrace_context_sp(const void *context)
{
    const ucontext_t *uc = context;

#if defined __x86_64__
    return (uintptr_t) uc->uc_mcontext.gregs[REG_RSP];
#elif defined __aarch64__
    return (uintptr_t) uc->uc_mcontext.sp;
#else
    (void) uc;
    return 0;
#endif
}

void
backtrace_write(const struct backtrace *backtrace, int fd)
{
    for (size_t i = 0; i < backtrace->n; i++) {
        backtrace_write_frame("    ", backtrace->pcs[i], fd);
    }
}

/* "SYMBOL", or where in which file, for addr2line. */
static void
put_symbol(struct report_line *line, uintptr_t pc)
{
    char name[SYMBOL_NAME_SIZE];
    Dl_info info;

    if (symbol_find(pc, name)) {
        report_text(line, name);
    } else if (dladdr((void *) pc, &info) == 0 || !info.dli_fname) {
        report_text(line, "(unknown)");
    } else if (info.dli_sname) {
        report_text(line, info.dli_sname);
    } else {
        const char *slash = strrchr(info.dli_fname, '/');

        report_text(line, "(unknown) ");
        report_text(line, slash ? slash + 1 : info.dli_fname);
        report_text(line, "+");
        report_hex(line, pc - (uintptr_t) info.dli_fbase, 0);
    }
}

void
backtrace_write_frame(const char *head, uintptr_t pc, int fd)
{
    struct report_line line = REPORT_LINE;

    report_text(&line, head);
    report_text(&line, "@ ");
    report_hex(&line, pc, PC_WIDTH);
    report_text(&line, "  ");
    put_symbol(&line, pc);
    report_end(&line, fd);
}
