/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_profiler.h - /memory-profiler: what a process keeps on its heap.
 *
 * The actor "memory-profiler" samples allocations by way of jemalloc, which
 * has to be the process' allocator, built with profiling, and told so at start
 * (MALLOC_CONF=prof:true,prof_active:false); otherwise it answers what is
 * missing.  Downloads of text and graphs run jeprof(1).
 *
 * Thread-safety: any thread. */
#ifndef ACTOR_MEMORY_PROFILER_H
#define ACTOR_MEMORY_PROFILER_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct actor_system;
struct error;

/* Starts it if 'wanted', or if LIBPROCESS_MEMORY_PROFILING in the environment
 * says "true" or "1". */
struct error *memory_profiler_start(struct actor_system *, bool wanted)
    MUST_CHECK;

#endif /* ACTOR_MEMORY_PROFILER_H */
