/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.c - clocks and randomness: real, and those of manual systems.
 *
 * The virtual clock starts an hour after zero and at the first second of 2020,
 * so that neither is mistaken for "never".  Seeded randomness is xoshiro256**
 * (Blackman, Vigna), its state filled by splitmix64 as they advise. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <actor/duration.h>
#include <actor/log.h>

#include "core/process.h"
#include "core/system_private.h"

#define VIRTUAL_START HOUR
#define VIRTUAL_WALL_START (INT64_C(1577836800) * SECOND)

static int64_t
read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t) now.tv_sec * SECOND + now.tv_nsec;
}

static int64_t
real_now(void *ctx UNUSED)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t
real_wall_now(void *ctx UNUSED)
{
    return read_clock(CLOCK_REALTIME);
}

static void
real_fill(void *ctx UNUSED, void *buffer, size_t size)
{
    char *at = buffer;

    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);

        CHECK(n >= 0 || errno == EINTR, "getrandom: %s", strerror(errno));
        if (n > 0) {
            at += n;
            size -= (size_t) n;
        }
    }
}

static int64_t
virtual_now(void *system)
{
    return ((struct actor_system *) system)->virtual_ns;
}

static int64_t
virtual_wall_now(void *system)
{
    return virtual_now(system) - VIRTUAL_START + VIRTUAL_WALL_START;
}

static uint64_t
rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t
seeded_next(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void
seeded_init(uint64_t s[4], uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        s[i] = z ^ (z >> 31);
    }
}

static void
seeded_fill(void *system_, void *buffer, size_t size)
{
    struct actor_system *system = system_;
    char *at = buffer;

    pthread_mutex_lock(&system->random_lock);
    while (size > 0) {
        uint64_t word = seeded_next(system->random);
        size_t n = size < sizeof word ? size : sizeof word;

        memcpy(at, &word, n);
        at += n;
        size -= n;
    }
    pthread_mutex_unlock(&system->random_lock);
}

static const struct actor_clock_ops real_clock = { real_now, real_wall_now };
static const struct actor_clock_ops virtual_clock = {
    virtual_now, virtual_wall_now,
};
static const struct actor_random_ops real_random = { real_fill };
static const struct actor_random_ops seeded_random = { seeded_fill };

void
backend_complete(struct actor_system *system,
                 const struct actor_backend *backend, uint64_t seed)
{
    struct actor_backend *b = &system->backend;

    if (backend) {
        *b = *backend;
    }
    system->virtual_ns = VIRTUAL_START;
    seeded_init(system->random, seed);
    seeded_init(system->shuffle, ~seed);
    if (!b->clock) {
        b->clock = system->is_manual ? &virtual_clock : &real_clock;
        b->clock_ctx = system;
    }
    if (!b->random) {
        b->random = system->is_manual ? &seeded_random : &real_random;
        b->random_ctx = system;
    }
    if (!b->process) {
        b->process = &process_real;
        b->process_ctx = NULL;
    }
    system->disk = b->disk ? (struct actor_disk) { b->disk, b->disk_ctx }
                           : actor_disk_real;
}

bool
backend_has_virtual_clock(const struct actor_system *system)
{
    return system->backend.clock == &virtual_clock;
}
