/* SPDX-License-Identifier: Apache-2.0
 *
 * gc.h - removes the directories of executors and frameworks that are over,
 * some time after their end.
 *
 *     gc_schedule(agent->gc, sandbox, true);
 *     ...
 *     if (!gc_unschedule(agent->gc, executor_dir)) {
 *         gc_wait(agent->gc, launch_later, spec, free_spec);
 *     }
 *
 * A directory goes when it is 'delay_ns' old, or sooner if its disk fills up:
 * the older half-way to the headroom, the sooner (Mesos' formula, see
 * gc_max_allowed_age()).  Its age counts from its last modification, so that
 * it does not begin anew when the agent is started again.
 *
 * Removal has two steps, both in the worker pool: the directory is moved away
 * to a place of ours, at once; then it is removed there, which may take long.
 * So a task that comes again for a path finds a whole directory or none, and
 * waits for the first step at most.  What an agent that was killed left at
 * that place is removed when it starts.
 *
 * Part of its owner, an actor: gc_create() and all else belong into the turns
 * of that.  (After src/slave/gc.cpp and Slave::checkDiskUsage of Mesos.)
 *
 * Thread-safety: the owner's turns only. */
#ifndef AGENT_GC_H
#define AGENT_GC_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct gc;

struct gc_options {
    const char *work_dir;       /* absolute; it is copied */
    int64_t delay_ns;           /* --gc_delay */
    double disk_headroom;       /* --gc_disk_headroom, 0 to 1 */
    int64_t disk_watch_interval_ns;     /* > 0 */
};

/* Begins to watch the disk, adds its metrics. */
struct gc *gc_create(struct actor *owner, const struct gc_options *);

/* In the owner's fini.  What is being removed at the moment is. */
void gc_destroy(struct gc *);   /* NULL is fine */

/* Schedules 'path', an absolute path of a directory, which need not exist,
 * for removal.  'is_over_now': what it was for has ended just now, and its age
 * begins; otherwise it begins with the last modification.  One that is
 * scheduled already is scheduled anew. */
void gc_schedule(struct gc *, const char *path, bool is_over_now);

/* The same with all directories in 'parent' but the one called 'keep' (NULL:
 * with all of them); links are passed over.  For what earlier agents left. */
void gc_schedule_others(struct gc *, const char *parent, const char *keep);

/* Somebody wants 'path' again.  False: it is being moved away at this moment,
 * and may not be used before gc_wait() has called back. */
bool gc_unschedule(struct gc *, const char *path);

/* Calls fn(owner, arg) when what is being moved away has been, then
 * destroy(arg); only the latter if the owner ends first. */
void gc_wait(struct gc *, void (*fn)(struct actor *owner, void *arg),
             void *arg, void (*destroy)(void *arg));

/* How old a directory may get when 'usage' (0 to 1) of the disk is in use:
 * delay * max(0, 1 - headroom - usage). */
int64_t gc_max_allowed_age(int64_t delay_ns, double headroom, double usage);

#endif /* AGENT_GC_H */
