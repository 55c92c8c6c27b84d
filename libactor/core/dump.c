/* SPDX-License-Identifier: Apache-2.0
 *
 * dump.c - what the systems of this process are doing.
 *
 * Signals and crashes belong to the process and not to a system, so there is
 * one list of systems here.  It is an array of pointers that a handler can
 * read; who takes a system out waits for the handlers that are about.
 *
 * A thread is asked for its stack by the same signal, sent to it alone: its
 * handler only takes the return addresses, and who asked makes names of them.
 * A thread in a system call that cannot be interrupted does not answer; it is
 * given up after ANSWER_MS.
 *
 * Thread: any, also in signal handlers. */
#include <config.h>

#include "core/dump.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <actor/system.h>

#include "base/backtrace.h"
#include "base/report.h"
#include "core/system_private.h"

#define ANSWER_MS 1000
#define N_DEEPEST 10

/* How many messages of the worker that crashed are in its report. */
#define N_LAST_WORDS 100

static struct actor_system *_Atomic systems[DUMP_SYSTEMS_MAX];
static _Atomic unsigned n_readers;      /* of 'systems' */

static _Atomic int dump_signal;         /* 0: none */
static _Atomic bool is_dumping;

/* A stack that is asked for.  Who is named in 'tid' puts 0 there, fills in the
 * rest and says that it is done; who asked puts 0 there to give up. */
static struct {
    _Atomic int tid;
    _Atomic bool is_done;
    struct backtrace backtrace;
} wanted;

static void on_signal(int, siginfo_t *, void *);
static void report_crash(int fd);
static void write_worker(struct worker *, int64_t now_ns, int fd);
static void write_stack(struct worker *, int fd);
static void write_deepest(struct actor_system *, int fd);

/* --- systems and threads --- */

void
dump_remember(struct actor_system *system)
{
    for (unsigned i = 0; i < DUMP_SYSTEMS_MAX; i++) {
        struct actor_system *none = NULL;

        /* Release: pairs with the acquire in for_each_system(). */
        if (atomic_compare_exchange_strong_explicit(
                &systems[i], &none, system, memory_order_release,
                memory_order_relaxed)) {
            break;
        }
    }
    log_crash_set_section(report_crash);
}

void
dump_forget(struct actor_system *system)
{
    for (unsigned i = 0; i < DUMP_SYSTEMS_MAX; i++) {
        struct actor_system *old = system;

        if (atomic_compare_exchange_strong(&systems[i], &old, NULL)) {
            break;
        }
    }

    /* Sequentially consistent, as the store above and their opposites in
     * for_each_system(): either a reader finds NULL, or we find the reader. */
    while (atomic_load(&n_readers) > 0) {
        sched_yield();
    }
}

static void
for_each_system(void (*fn)(struct actor_system *, int fd), int fd)
{
    atomic_fetch_add(&n_readers, 1);
    for (unsigned i = 0; i < DUMP_SYSTEMS_MAX; i++) {
        struct actor_system *system = atomic_load(&systems[i]);

        if (system) {
            fn(system, fd);
        }
    }
    atomic_fetch_sub(&n_readers, 1);
}

void
dump_thread_begin(struct worker *worker)
{
    int number = atomic_load(&dump_signal);

    log_crash_thread_begin(&worker->crash_stack);
    if (number != 0) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, number);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);

        /* Release: pairs with the acquire in ask_thread(): who knows us finds
         * us ready. */
        atomic_store_explicit(&worker->tid, gettid(), memory_order_release);
    }
}

void
dump_thread_end(struct worker *worker)
{
    atomic_store_explicit(&worker->tid, 0, memory_order_relaxed);
    log_crash_thread_end(&worker->crash_stack);
}

void
actor_system_dump_on_signal(int number)
{
    struct sigaction action = {
        .sa_sigaction = on_signal,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
    };

    backtrace_prepare();
    atomic_store(&dump_signal, number);
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* --- text --- */

/* "worker-0 of 127.0.0.1:5050", or of which system in this process. */
static void
put_worker(struct report_line *line, const struct worker *worker)
{
    const struct address *address = &worker->system->address;

    report_text(line, "worker-");
    report_uint(line, worker->index, 0);
    report_text(line, " of ");
    if (address->family == ADDRESS_IPV4) {
        for (int i = 0; i < 4; i++) {
            report_uint(line, address->ip[i], 0);
            report_text(line, i < 3 ? "." : ":");
        }
    } else {
        report_text(line, "port ");
    }
    report_uint(line, address->port, 0);
}

struct present {
    struct report_line *line;
    int64_t now_ns;
};

static void
put_present(void *present_, const struct recorder_record *record)
{
    const struct present *present = present_;

    report_text(present->line, " handles ");
    recorder_put_record(present->line, record);
    report_text(present->line, " since ");
    report_duration(present->line, present->now_ns - record->at_ns);
}

/* What the worker does right now: the last message it noted, if it is in a
 * turn. */
static void
write_present(struct worker *worker, int64_t now_ns, int fd)
{
    struct report_line line = REPORT_LINE;
    struct present present = { .line = &line, .now_ns = now_ns };

    report_text(&line, "*** ");
    put_worker(&line, worker);
    if (atomic_load_explicit(&worker->is_in_turn, memory_order_relaxed)) {
        recorder_for_each(&worker->recorder, 1, put_present, &present);
    } else if (atomic_load(&worker->is_parked)) {
        report_text(&line, " waits for events");
    } else {
        report_text(&line, " runs no actor");
    }
    report_text(&line, " ***");
    report_end(&line, fd);
}

static void
write_last(struct worker *worker, int64_t now_ns, size_t n_max, int fd)
{
    struct report_line line = REPORT_LINE;

    report_text(&line, "*** Last messages of ");
    put_worker(&line, worker);
    report_text(&line, ", the newest last ***");
    report_end(&line, fd);
    recorder_write(&worker->recorder, now_ns, n_max, fd);
}

void
dump_write(struct actor_system *system, int fd)
{
    int64_t now_ns = actor_system_now(system);

    for (unsigned i = 0; i < system->n_workers; i++) {
        write_worker(&system->workers[i], now_ns, fd);
    }
    write_deepest(system, fd);
    for (unsigned i = 0; i < system->n_workers; i++) {
        write_last(&system->workers[i], now_ns, RECORDER_SIZE, fd);
    }
}

static void
write_worker(struct worker *worker, int64_t now_ns, int fd)
{
    write_present(worker, now_ns, fd);
    write_stack(worker, fd);
}

/* --- stacks --- */

/* Whether the thread 'tid' took its stack into 'wanted'. */
static bool
ask_thread(int tid)
{
    atomic_store_explicit(&wanted.is_done, false, memory_order_relaxed);
    atomic_store_explicit(&wanted.tid, tid, memory_order_release);
    if (tgkill(getpid(), tid, atomic_load(&dump_signal)) != 0) {
        atomic_store(&wanted.tid, 0);
        return false;
    }

    /* Acquire: pairs with the release in answer(). */
    for (int ms = 0; !atomic_load_explicit(&wanted.is_done,
                                           memory_order_acquire); ms++) {
        int asked = tid;

        /* Once it has begun to answer we wait: 'wanted' is its own then. */
        if (ms >= ANSWER_MS
            && atomic_compare_exchange_strong(&wanted.tid, &asked, 0)) {
            return false;
        }
        poll(NULL, 0, 1);
    }
    return true;
}

/* In the handler of the thread that was asked; false if it was not. */
static bool
answer(const void *context)
{
    int self = gettid();

    /* Acquire: pairs with the release in ask_thread(). */
    if (!atomic_compare_exchange_strong_explicit(
            &wanted.tid, &self, 0, memory_order_acquire,
            memory_order_relaxed)) {
        return false;
    }
    backtrace_take(context, &wanted.backtrace);
    atomic_store_explicit(&wanted.is_done, true, memory_order_release);
    return true;
}

static void
write_stack(struct worker *worker, int fd)
{
    int tid = atomic_load_explicit(&worker->tid, memory_order_acquire);

    if (tid == 0 || tid == gettid()) {
        return;                 /* no thread, or its stack is ours */
    }
    if (ask_thread(tid)) {
        backtrace_write(&wanted.backtrace, fd);
    } else {
        report_write(fd, "    (does not answer)");
    }
}

/* --- mailboxes --- */

struct deep {
    uint64_t n;
    struct upid upid;
};

static uint64_t
slot_depth(const struct actor_slot *slot)
{
    return mailbox_is_dead(&slot->mailbox)
               ? 0
               : mailbox_n_waiting(&slot->mailbox)
                     + atomic_load_explicit(&slot->n_fifo,
                                            memory_order_relaxed);
}

/* Enters an actor into 'deepest', where it belongs. */
static void
insert(struct deep deepest[N_DEEPEST], const struct actor_slot *slot)
{
    struct deep deep = { .n = slot_depth(slot) };
    size_t i = N_DEEPEST;

    if (deep.n <= deepest[N_DEEPEST - 1].n
        || !slot_read_upid(slot, slot_generation(slot), &deep.upid)) {
        return;
    }
    for (; i > 0 && deepest[i - 1].n < deep.n; i--) {
        if (i < N_DEEPEST) {
            deepest[i] = deepest[i - 1];
        }
    }
    deepest[i] = deep;
}

static void
write_deepest(struct actor_system *system, int fd)
{
    struct deep deepest[N_DEEPEST] = { { .n = 0 } };
    struct actor_slot *slot;

    for (uint32_t i = 0; (slot = slot_table_at(&system->slots, i)); i++) {
        insert(deepest, slot);
    }
    report_write(fd, "*** Actors with the most messages waiting ***");
    for (size_t i = 0; i < N_DEEPEST && deepest[i].n > 0; i++) {
        struct report_line line = REPORT_LINE;

        report_uint(&line, deepest[i].n, 12);
        report_text(&line, " for ");
        report_quoted(&line, deepest[i].upid.id);
        report_end(&line, fd);
    }
}

/* --- signals --- */

static void
dump_all(void)
{
    struct report_line line = REPORT_LINE;

    if (atomic_exchange(&is_dumping, true)) {
        return;                 /* somebody is at it */
    }
    report_text(&line, "*** Dump of process ");
    report_uint(&line, (uint64_t) getpid(), 0);
    report_text(&line, " ***");
    report_end(&line, REPORT_TO_LOG);
    for_each_system(dump_write, REPORT_TO_LOG);
    report_write(REPORT_TO_LOG, "*** End of dump ***");
    atomic_store(&is_dumping, false);
}

static void
on_signal(int number UNUSED, siginfo_t *info, void *context)
{
    int saved_errno = errno;

    /* A question that comes too late is nobody's any more. */
    if (!answer(context)
        && (info->si_code != SI_TKILL || !worker_current())) {
        dump_all();
    }
    errno = saved_errno;
}

static void
write_presents(struct actor_system *system, int fd)
{
    int64_t now_ns = actor_system_now(system);

    for (unsigned i = 0; i < system->n_workers; i++) {
        write_present(&system->workers[i], now_ns, fd);
    }
}

/* What the crash handler adds: what each worker was doing, and what led to it
 * if it was one that crashed. */
static void
report_crash(int fd)
{
    struct worker *worker = worker_current();

    if (worker) {
        int64_t now_ns = actor_system_now(worker->system);

        write_present(worker, now_ns, fd);
        write_last(worker, now_ns, N_LAST_WORDS, fd);
    }
    report_write(fd, "*** All workers ***");
    for_each_system(write_presents, fd);
}
