/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_table.h - what of an agent a client does not want for some time.
 *
 * Filters are found by client and agent, and in the order in which they end.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_FILTER_TABLE_H
#define MASTER_ALLOCATOR_FILTER_TABLE_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/table.h>

#include "model/resources.h"

struct allocator_agent;
struct allocator_client;
struct allocator_tables;

struct allocator_filter {
    UT_hash_handle hh;
    struct allocator_agent *agent;      /* the key */
    struct allocator_client *client;
    struct allocator_filter *next;      /* others for the same agent */
    struct resources refused;
    uint64_t fingerprint;       /* of 'refused' */
    int64_t expires_ns;
    size_t heap_index;
};

void allocator_filters_add(struct allocator_tables *,
                           struct allocator_client *,
                           struct allocator_agent *,
                           const struct resources *refused,
                           int64_t expires_ns);

/* The same for the same resources, and never, to all purposes, for others; 0
 * if there is none, since some are reserved or the like. */
uint64_t allocator_fingerprint(const struct resources *);

/* Whether a filter stands against offering 'resources', whose fingerprint is
 * given too. */
bool allocator_filters_match(const struct allocator_client *,
                             const struct allocator_agent *,
                             const struct resources *, uint64_t fingerprint,
                             int64_t now_ns);

/* Drops all filters of a client, or against an agent. */
void allocator_filters_clear(struct allocator_tables *,
                             struct allocator_client *);
void allocator_filters_clear_agent(struct allocator_tables *,
                                   struct allocator_agent *);

/* Drops the filter that ended first and gives its agent; NULL if there is none
 * that has. */
struct allocator_agent *allocator_filters_pop_ended(struct allocator_tables *,
                                                    int64_t now_ns);

#endif /* MASTER_ALLOCATOR_FILTER_TABLE_H */
