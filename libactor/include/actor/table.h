/* SPDX-License-Identifier: Apache-2.0
 *
 * table.h - uthash with our hash function and our out-of-memory.
 *
 * Include this instead of <uthash.h>.  Keys are often chosen by strangers, so
 * the hash is SipHash-2-4 under a key that table_set_key() fixes at start.
 * Tables keep the order of insertion, which does not depend on the key.
 * HASH_* macros belong in files named *_table.c, behind typed functions.
 *
 * Thread-safety: a table belongs to one thread at a time. */
#ifndef ACTOR_TABLE_H
#define ACTOR_TABLE_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

/* SipHash-2-4 (Aumasson, Bernstein 2012) of 'size' bytes under the process'
 * key. */
uint64_t table_hash(const void *, size_t size);

/* Sets the key.  To be called before the first table exists; until then a key
 * drawn from getrandom(2) is used. */
void table_set_key(const uint8_t key[16]);

void table_out_of_memory(void) NO_RETURN;

#define HASH_FUNCTION(keyptr, keylen, hashv) \
    ((hashv) = (unsigned) table_hash((keyptr), (size_t) (keylen)))
#define uthash_fatal(text) table_out_of_memory()

#include <uthash.h>

#endif /* ACTOR_TABLE_H */
