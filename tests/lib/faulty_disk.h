/* SPDX-License-Identifier: Apache-2.0
 *
 * faulty_disk.h - the real disk, of which calls fail when a test says so.
 *
 * Only calls that change something, or sync it, are counted and fail.
 *
 * Thread-safety: one thread at a time. */
#ifndef TESTS_LIB_FAULTY_DISK_H
#define TESTS_LIB_FAULTY_DISK_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/disk.h>

struct faulty_disk {
    struct actor_disk disk;
    long n_calls;
    long n_syncs;               /* of files */

    /* The call with this number, counted from 0, fails with 'rc', and so do
     * all after it if 'for_ever'; negative: none. */
    long fail_at;
    bool for_ever;
    int rc;                     /* -errno */

    /* So many bytes may be written in all, then the disk is full; negative:
     * no bound. */
    long room;

    /* A write writes so much at most; 0: no bound. */
    size_t write_max;
};

void faulty_disk_init(struct faulty_disk *);

#endif /* TESTS_LIB_FAULTY_DISK_H */
