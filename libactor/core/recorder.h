/* SPDX-License-Identifier: Apache-2.0
 *
 * recorder.h - the flight recorder: the last messages that a worker handled.
 *
 * Each worker notes a message before it handles it; the oldest note is
 * overwritten.  Who looks for the cause of a crash, a hang or a broken
 * invariant reads there how it came about: what the simulator prints, what a
 * crash report ends with, what SIGUSR2 shows of a daemon (dump.h).
 *
 * A note costs a few stores: it names slots and message types by address, and
 * the time is the worker's own, read about every 64 turns.  Names are looked
 * up by the reader.
 *
 * Thread-safety: writing is for the worker's thread; the rest any thread, and
 * signal handlers, while the system lives. */
#ifndef CORE_RECORDER_H
#define CORE_RECORDER_H 1

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/upid.h>

#include "core/msg.h"

struct actor_slot;
struct report_line;

/* How many entries are kept; a power of two.  More would push what the workers
 * work on out of the nearest cache. */
#define RECORDER_SIZE 512u

/* A message: its type's address, and its sender.  Before the messages of a
 * batch stands its head: their receiver, with RECORDER_HEAD_BIT, and the
 * time. */
struct recorder_entry {
    _Atomic uint64_t type_or_to;
    _Atomic uint64_t from_or_ns;
};

struct recorder {
    _Atomic uint64_t n;         /* entries ever written */
    uint64_t n_heads;           /* of them; the worker's own */
    struct recorder_entry *entries;     /* owned; RECORDER_SIZE of them */
};

/* A message as the reader wants it. */
struct recorder_record {
    int64_t at_ns;              /* monotonic, as actor_system_now() */
    const char *message;        /* its type's name */
    char to[UPID_ID_MAX + 1];           /* id; "(gone)": not known any more */

    /* A local sender's id, "@ip:port" for one of another system ("@port" over
     * IPv6); "": nobody. */
    char from[UPID_ID_MAX + 1];
};

void recorder_init(struct recorder *);
void recorder_fini(struct recorder *);

/* Calls 'fn' with the newest 'n_max' messages (or as many as are there), the
 * newest last.  What is overwritten meanwhile is left out. */
void recorder_for_each(const struct recorder *, size_t n_max,
                       void (*fn)(void *aux, const struct recorder_record *),
                       void *aux);

/* Writes them to 'fd' (as in report_end()), one line each; times are how long
 * ago that was at 'now_ns'. */
void recorder_write(const struct recorder *, int64_t now_ns, size_t n_max,
                    int fd);

/* Batches begun and messages noted so far; for the worker's thread. */
static inline uint64_t
recorder_n(const struct recorder *recorder)
{
    return atomic_load_explicit(&recorder->n, memory_order_relaxed);
}

/* Messages only. */
static inline uint64_t
recorder_n_messages(const struct recorder *recorder)
{
    return recorder_n(recorder) - recorder->n_heads;
}

/* "'message' for 'id' from 'id'". */
void recorder_put_record(struct report_line *,
                         const struct recorder_record *);

/* --- writing --- */

/* Slots have addresses of 48 bits (mailbox.h), of which the highest are 0 in
 * user space; below is the end of the generation. */
#define RECORDER_GENERATION_BITS 16
#define RECORDER_HEAD_BIT (UINT64_C(1) << 63)

static inline uint64_t
recorder_pack_(const struct actor_slot *slot, uint32_t generation)
{
    return (uint64_t) (uintptr_t) slot << RECORDER_GENERATION_BITS
           | (generation & 0xffff);
}

/* "ip:port" of a sender elsewhere. */
uint64_t recorder_pack_remote(const struct upid *);

static inline void
recorder_add_(struct recorder *recorder, uint64_t type_or_to,
              uint64_t from_or_ns)
{
    uint64_t n = atomic_load_explicit(&recorder->n, memory_order_relaxed);
    struct recorder_entry *entry = &recorder->entries[n % RECORDER_SIZE];

    /* Release: a reader who gets one of these words, by the acquire in
     * read_entry(), sees the 'n' that the call before stored below, and so
     * knows that the entry is being overwritten. */
    atomic_store_explicit(&entry->type_or_to, type_or_to,
                          memory_order_release);
    atomic_store_explicit(&entry->from_or_ns, from_or_ns,
                          memory_order_release);

    /* Release: pairs with the acquire in n_written(); the words are there. */
    atomic_store_explicit(&recorder->n, n + 1, memory_order_release);
}

/* Notes that the messages to come are for the actor in 'slot'. */
static inline void
recorder_begin(struct recorder *recorder, int64_t now_ns,
               const struct actor_slot *slot, uint32_t generation)
{
    recorder->n_heads++;
    recorder_add_(recorder,
                  recorder_pack_(slot, generation) | RECORDER_HEAD_BIT,
                  (uint64_t) now_ns);
}

/* Notes that 'msg' is about to be handled. */
static inline void
recorder_note(struct recorder *recorder, const struct actor_msg *msg)
{
    uint64_t from = recorder_pack_(msg->from.slot, msg->from_generation);

    if (UNLIKELY(msg->from_kind == MSG_FROM_REMOTE)) {
        from = recorder_pack_remote(msg->from.upid);
    }
    recorder_add_(recorder, (uint64_t) (uintptr_t) msg->type, from);
}

#endif /* CORE_RECORDER_H */
