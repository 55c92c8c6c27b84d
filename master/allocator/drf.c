/* SPDX-License-Identifier: Apache-2.0
 *
 * drf.c - dominant resource fairness: shares and their order. */
#include <config.h>

#include "master/allocator/drf.h"

#include <string.h>

#include "model/resources.h"

struct drf_amounts
drf_amounts_of(const struct resources *resources)
{
    return (struct drf_amounts) {
        .v = {
            [DRF_CPUS] = resources_cpus(resources),
            [DRF_MEM] = resources_mem(resources),
            [DRF_DISK] = resources_disk(resources),
            [DRF_GPUS] = resources_scalar(resources, "gpus"),
        },
    };
}

void
drf_add(struct drf_amounts *to, const struct drf_amounts *more)
{
    for (int i = 0; i < N_DRF_DIMENSIONS; i++) {
        to->v[i] += more->v[i];
    }
}

void
drf_subtract(struct drf_amounts *from, const struct drf_amounts *less)
{
    for (int i = 0; i < N_DRF_DIMENSIONS; i++) {
        from->v[i] -= less->v[i] < from->v[i] ? less->v[i] : from->v[i];
    }
}

double
drf_share(const struct drf_amounts *allocated, const struct drf_amounts *total)
{
    double share = 0;

    for (int i = 0; i < N_DRF_DIMENSIONS; i++) {
        if (total->v[i] > 0) {
            double part = (double) allocated->v[i] / (double) total->v[i];

            share = part > share ? part : share;
        }
    }
    return share;
}

int
drf_compare(const struct drf_key *a, const struct drf_key *b)
{
    if (a->share != b->share) {
        return a->share < b->share ? -1 : 1;
    }
    if (a->n_allocations != b->n_allocations) {
        return a->n_allocations < b->n_allocations ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}
