/* SPDX-License-Identifier: Apache-2.0
 *
 * table.c - the hash of all tables: SipHash-2-4 under the process' key.
 *
 * Thread: any. */
#include <config.h>

#include <actor/table.h>

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include <actor/log.h>

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static struct {
    uint64_t k0, k1;
    bool ready;                 /* atomic; released after k0 and k1 */
} key;
static pthread_mutex_t key_mutex = PTHREAD_MUTEX_INITIALIZER;

static uint64_t
load_le64(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static void
key_draw(uint8_t bytes[16])
{
    ssize_t n;

    do {
        n = getrandom(bytes, 16, 0);
    } while (n < 0 && errno == EINTR);
    if (n != 16) {
        log_fatal("No random bytes for the key of hash tables");
    }
}

static void
key_store(const uint8_t bytes[16])
{
    key.k0 = load_le64(bytes);
    key.k1 = load_le64(bytes + 8);
    /* Pairs with the load in table_hash(). */
    __atomic_store_n(&key.ready, true, __ATOMIC_RELEASE);
}

void
table_set_key(const uint8_t bytes[16])
{
    pthread_mutex_lock(&key_mutex);
    key_store(bytes);
    pthread_mutex_unlock(&key_mutex);
}

static void
key_default(void)
{
    uint8_t bytes[16];

    pthread_mutex_lock(&key_mutex);
    if (!key.ready) {
        key_draw(bytes);
        key_store(bytes);
    }
    pthread_mutex_unlock(&key_mutex);
}

static inline uint64_t
rotate_left(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static inline void
siphash_round(struct siphash *s)
{
    s->v0 += s->v1;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void
siphash_add(struct siphash *s, uint64_t word)
{
    s->v3 ^= word;
    siphash_round(s);
    siphash_round(s);
    s->v0 ^= word;
}

static inline uint64_t
siphash_finish(struct siphash *s)
{
    s->v2 ^= 0xff;
    for (int i = 0; i < 4; i++) {
        siphash_round(s);
    }
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t
table_hash(const void *data, size_t size)
{
    const uint8_t *p = data;

    /* Pairs with the store in key_store(). */
    if (UNLIKELY(!__atomic_load_n(&key.ready, __ATOMIC_ACQUIRE))) {
        key_default();
    }
    struct siphash s = {
        .v0 = key.k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = key.k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key.k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = key.k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t n_left = size;
    for (; n_left >= 8; n_left -= 8, p += 8) {
        siphash_add(&s, load_le64(p));
    }
    uint64_t last = (uint64_t) size << 56;
    for (size_t i = 0; i < n_left; i++) {
        last |= (uint64_t) p[i] << (8 * i);
    }
    siphash_add(&s, last);
    return siphash_finish(&s);
}

void
table_out_of_memory(void)
{
    log_fatal("Out of memory: cannot grow a hash table");
}
