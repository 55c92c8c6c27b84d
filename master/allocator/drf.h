/* SPDX-License-Identifier: Apache-2.0
 *
 * drf.h - dominant resource fairness: who has the smallest share comes first.
 *
 * A share is the greatest part that a client holds of any resource of the
 * cluster.  Those with equal shares are ordered by how often they were given
 * something, then by name, as in the DRF sorter of Mesos.
 *
 * Thread-safety: pure functions on values. */
#ifndef MASTER_ALLOCATOR_DRF_H
#define MASTER_ALLOCATOR_DRF_H 1

#include <stddef.h>
#include <stdint.h>

struct resources;

enum drf_dimension {
    DRF_CPUS,
    DRF_MEM,
    DRF_DISK,
    DRF_GPUS,
    N_DRF_DIMENSIONS
};

/* Amounts in thousandths; reserved or not, revocable or not. */
struct drf_amounts {
    int64_t v[N_DRF_DIMENSIONS];
};

struct drf_amounts drf_amounts_of(const struct resources *);
void drf_add(struct drf_amounts *, const struct drf_amounts *);

/* Never below zero. */
void drf_subtract(struct drf_amounts *, const struct drf_amounts *);

/* In [0, 1] if 'total' has all of 'allocated'; dimensions of which the cluster
 * has nothing do not count. */
double drf_share(const struct drf_amounts *allocated,
                 const struct drf_amounts *total);

/* What a client is ordered by. */
struct drf_key {
    double share;
    uint64_t n_allocations;
    const char *name;           /* borrowed */
};

/* < 0 if 'a' comes first. */
int drf_compare(const struct drf_key *a, const struct drf_key *b);

#endif /* MASTER_ALLOCATOR_DRF_H */
