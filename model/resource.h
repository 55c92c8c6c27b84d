/* SPDX-License-Identifier: Apache-2.0
 *
 * resource.h - one entry of a 'struct resources': a name, an amount, and what
 * keeps it apart from others of that name.
 *
 * For model/resource*.c, and for who has to look at single entries.
 * Thread-safety: one thread at a time; metadata is immutable and counted, so
 * copies of an entry may go to other threads. */
#ifndef MODEL_RESOURCE_H
#define MODEL_RESOURCE_H 1

#include <stdbool.h>
#include <stdint.h>

#include "model/ranges.h"
#include "model/string_set.h"

struct message;
struct resources;
struct V1__Resource;

enum resource_type {
    RESOURCE_SCALAR,
    RESOURCE_RANGES,
    RESOURCE_SET,
};

struct resource {
    const char *name;           /* owned, unless it is a well-known one */
    char *role;                 /* owned; of the allocation; NULL: none */

    /* A V1.Resource with nothing but provider, reservations, disk, revocable
     * and shared; counted.  NULL: none of these. */
    struct message *meta;
    enum resource_type type;

    /* How many times a shared resource is in the sum; 1 for all others. */
    unsigned n_shared;
    union {
        int64_t scalar;         /* thousandths */
        struct ranges ranges;
        struct string_set set;
    };
};

/* The greatest amount of one entry, in thousandths: a thousand million
 * million, so that sums of thousands of them fit. */
#define RESOURCE_SCALAR_MAX (INT64_C(1000000000000) * 1000)

/* 'name' copied; well-known names ("cpus") are not. */
const char *resource_name_create(const char *name);
void resource_name_destroy(const char *name);

void resource_init_copy(struct resource *, const struct resource *);
void resource_fini(struct resource *);

/* The metadata as a message; NULL if there is none. */
const struct V1__Resource *resource_meta(const struct resource *);

bool resource_is_empty(const struct resource *);
bool resource_is_shared(const struct resource *);

/* A disk of its own (mount, block, volume), which neither merges with others
 * nor can be split. */
bool resource_is_exclusive(const struct resource *);

bool resource_equal_value(const struct resource *, const struct resource *);

/* Same name, type, allocation role and metadata; a disk's volume (where a task
 * wants to see it) does not count. */
bool resource_equal_kind(const struct resource *, const struct resource *);

/* Whether 'b', alone, can be taken from 'a'. */
bool resource_contain(const struct resource *a, const struct resource *b);

/* The sum in 'a', for entries of the same kind that are not exclusive. */
void resource_add(struct resource *a, const struct resource *b);
void resource_subtract(struct resource *a, const struct resource *b);

/* Puts an entry into the sum; '*entry' is taken and zeroed. */
void resources_add_entry(struct resources *, struct resource *entry);

#endif /* MODEL_RESOURCE_H */
