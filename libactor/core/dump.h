/* SPDX-License-Identifier: Apache-2.0
 *
 * dump.h - what the systems of this process are doing, as text: on a signal,
 * in a crash report, or when somebody asks.
 *
 * The public face is actor_system_dump_on_signal() of actor/system.h.
 *
 * Nothing here allocates, waits for an actor, or for long for a lock, so that
 * it works while workers are stuck, and in signal handlers.
 *
 * Thread-safety: any thread, unless said otherwise. */
#ifndef CORE_DUMP_H
#define CORE_DUMP_H 1

struct actor_system;
struct worker;

/* Systems are listed while they live; the first DUMP_SYSTEMS_MAX of a process,
 * others are left out of dumps.  dump_forget() waits until nobody looks at the
 * system any more. */
#define DUMP_SYSTEMS_MAX 64
void dump_remember(struct actor_system *);
void dump_forget(struct actor_system *);

/* A worker's thread begins: it can be asked where it is, and its crashes are
 * reported; and ends. */
void dump_thread_begin(struct worker *);
void dump_thread_end(struct worker *);

/* Writes to 'fd' (as in report_end()): each worker's present message and, if
 * it has a thread that answers, its stack; the deepest mailboxes; and the last
 * messages of each worker. */
void dump_write(struct actor_system *, int fd);

#endif /* CORE_DUMP_H */
