/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_detect.h - what an agent offers when nobody says what.
 *
 * Each of cpus, mem, disk and ports is found out by itself, and only if
 * --resources does not name it at all ("cpus:0" names it).  Part of memory and
 * disk is left to the system, by the rules of Mesos
 * (src/slave/containerizer/containerizer.cpp).
 *
 * Thread-safety: any thread; resources_detect() asks the kernel and does not
 * belong into an actor's turn. */
#ifndef AGENT_RESOURCES_DETECT_H
#define AGENT_RESOURCES_DETECT_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct resources;

/* What there is on a host; 0: unknown. */
struct host_capacity {
    long n_cpus;
    uint64_t memory_bytes;
    uint64_t disk_bytes;        /* of the file system with the work_dir */
};

void host_capacity_read(const char *work_dir, struct host_capacity *ret);

/* What of that is offered, in megabytes. */
uint64_t resources_detect_mem(uint64_t memory_bytes);
uint64_t resources_detect_disk(uint64_t disk_bytes);

/* The resources of an agent: those of 'text' (--resources; NULL: none) and,
 * for names it leaves out, those of the host. */
struct error *resources_detect(const char *text, const char *default_role,
                               const struct host_capacity *,
                               struct resources *ret) MUST_CHECK;

#endif /* AGENT_RESOURCES_DETECT_H */
