/* SPDX-License-Identifier: Apache-2.0
 *
 * recorder.c - the flight recorder: reading it.
 *
 * The ring is memory of its own, straight from the kernel: it takes pages only
 * as it fills, and who runs over the end of a block of the heap does not get
 * there.
 *
 * Thread: any, also in signal handlers. */
#include <config.h>

#include "core/recorder.h"

#include <string.h>
#include <sys/mman.h>

#include <actor/log.h>

#include "base/report.h"
#include "core/slot.h"

/* Who sent from elsewhere: not a slot, whose address has no such bit; with
 * the next, an address of IPv4. */
#define REMOTE_BIT (UINT64_C(1) << 63)
#define REMOTE_IPV4_BIT (UINT64_C(1) << 62)

#define RING_BYTES (RECORDER_SIZE * sizeof(struct recorder_entry))

_Static_assert((RECORDER_SIZE & (RECORDER_SIZE - 1)) == 0, "a power of two");

/* An entry as it was read, in one piece. */
struct words {
    uint64_t type_or_to, from_or_ns;
};

static uint64_t n_written(const struct recorder *);
static bool read_entry(const struct recorder *, uint64_t index,
                       struct words *ret);
static void name_slot(uint64_t packed, char ret[UPID_ID_MAX + 1]);
static void name_sender(uint64_t packed, char ret[UPID_ID_MAX + 1]);

void
recorder_init(struct recorder *recorder)
{
    void *memory = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED, "out of memory");
    recorder->entries = memory;
    recorder->n_heads = 0;
    atomic_store_explicit(&recorder->n, 0, memory_order_relaxed);
}

void
recorder_fini(struct recorder *recorder)
{
    munmap(recorder->entries, RING_BYTES);
    recorder->entries = NULL;
}

/* The index of the first of the newest 'n_max' messages before 'end'. */
static uint64_t
find_first(const struct recorder *recorder, uint64_t end, size_t n_max)
{
    uint64_t begin = end < RECORDER_SIZE ? 0 : end - RECORDER_SIZE;
    struct words words;

    while (n_max > 0 && end > begin) {
        end--;
        if (read_entry(recorder, end, &words)
            && !(words.type_or_to & RECORDER_HEAD_BIT)) {
            n_max--;
        }
    }
    return end;
}

void
recorder_for_each(const struct recorder *recorder, size_t n_max,
                  void (*fn)(void *aux, const struct recorder_record *),
                  void *aux)
{
    uint64_t end = n_written(recorder);
    uint64_t first = find_first(recorder, end, n_max);
    struct words words, head = { 0, 0 };

    for (uint64_t i = end < RECORDER_SIZE ? 0 : end - RECORDER_SIZE; i < end;
         i++) {
        if (!read_entry(recorder, i, &words)) {
            head.type_or_to = 0;        /* it may have been that */
            continue;
        }
        if (words.type_or_to & RECORDER_HEAD_BIT) {
            head = words;
        } else if (head.type_or_to != 0 && i >= first) {
            const struct actor_msg_type *type =
                (const void *) (uintptr_t) words.type_or_to;
            struct recorder_record record = {
                .at_ns = (int64_t) head.from_or_ns, .message = type->name,
            };

            name_slot(head.type_or_to & ~RECORDER_HEAD_BIT, record.to);
            name_sender(words.from_or_ns, record.from);
            fn(aux, &record);
        }
    }
}

void
recorder_put_record(struct report_line *line,
                    const struct recorder_record *record)
{
    report_quoted(line, record->message);
    report_text(line, " for ");
    report_quoted(line, record->to);
    if (record->from[0]) {
        report_text(line, " from ");
        report_quoted(line, record->from);
    }
}

struct writer {
    int64_t now_ns;
    int fd;
};

static void
write_record(void *writer_, const struct recorder_record *record)
{
    const struct writer *writer = writer_;
    struct report_line line = REPORT_LINE;

    report_text(&line, "    ");
    report_duration(&line, writer->now_ns - record->at_ns);
    report_text(&line, " ago: ");
    recorder_put_record(&line, record);
    report_end(&line, writer->fd);
}

void
recorder_write(const struct recorder *recorder, int64_t now_ns, size_t n_max,
               int fd)
{
    struct writer writer = { .now_ns = now_ns, .fd = fd };

    recorder_for_each(recorder, n_max, write_record, &writer);
}

uint64_t
recorder_pack_remote(const struct upid *upid)
{
    const struct address *address = &upid->address;
    const uint8_t *ip = address->ip;
    uint64_t packed = REMOTE_BIT | address->port;

    if (address->family == ADDRESS_IPV4) {
        packed |= REMOTE_IPV4_BIT | (uint64_t) ip[0] << 40
                  | (uint64_t) ip[1] << 32 | (uint64_t) ip[2] << 24
                  | (uint64_t) ip[3] << 16;
    }
    return packed;
}

/* --- entries --- */

static uint64_t
n_written(const struct recorder *recorder)
{
    /* Acquire: pairs with the release in recorder_add_(). */
    return atomic_load_explicit(&recorder->n, memory_order_acquire);
}

/* False if the entry is not there any more. */
static bool
read_entry(const struct recorder *recorder, uint64_t index,
           struct words *ret)
{
    const struct recorder_entry *entry =
        &recorder->entries[index % RECORDER_SIZE];

    /* Acquire: pairs with the releases in recorder_add_(), and keeps the look
     * at 'n' below after these. */
    ret->type_or_to = atomic_load_explicit(&entry->type_or_to,
                                           memory_order_acquire);
    ret->from_or_ns = atomic_load_explicit(&entry->from_or_ns,
                                           memory_order_acquire);

    /* When 'n' is index + RECORDER_SIZE, the entry that takes this one's place
     * may be half written. */
    return n_written(recorder) < index + RECORDER_SIZE;
}

/* --- names --- */

/* The name of the actor that had the slot; another may have it by now. */
static void
name_slot(uint64_t packed, char ret[UPID_ID_MAX + 1])
{
    const struct actor_slot *slot = (const void *) (uintptr_t)
        (packed >> RECORDER_GENERATION_BITS);
    uint32_t generation = slot_generation(slot);
    struct upid upid;

    if ((generation & 0xffff) == (packed & 0xffff)
        && slot_read_upid(slot, generation, &upid)) {
        memcpy(ret, upid.id, sizeof upid.id);
    } else {
        memcpy(ret, "(gone)", sizeof "(gone)");
    }
}

static void
name_sender(uint64_t packed, char ret[UPID_ID_MAX + 1])
{
    struct report_line line = REPORT_LINE;

    if (packed == 0) {
        ret[0] = '\0';
        return;
    }
    if (!(packed & REMOTE_BIT)) {
        name_slot(packed, ret);
        return;
    }
    report_text(&line, "@");
    for (int shift = 40; packed & REMOTE_IPV4_BIT && shift > 8; shift -= 8) {
        report_uint(&line, (packed >> shift) & 0xff, 0);
        report_text(&line, shift > 16 ? "." : ":");
    }
    report_uint(&line, packed & 0xffff, 0);
    memcpy(ret, line.data, line.len);
    ret[line.len] = '\0';
}
