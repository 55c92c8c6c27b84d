/* SPDX-License-Identifier: Apache-2.0
 *
 * master.h - starts a master in an actor system.
 *
 * The master is actor "master" of its system, which should have it as the
 * delegate, so that "/state" answers as "/master/state" does, and should know
 * the messages of proto/messages.h.  It leads when the election says so, or
 * from the start if there is none.  What has to outlive it is in its registry,
 * a log below the working directory or, if that is wanted, in memory.
 *
 *     struct master_flags flags;
 *
 *     master_flags_init(&flags);
 *     flags.work_dir = xstrdup("/var/lib/mesos");
 *     flags.allocation_interval = 50 * MILLISECOND;
 *     error = master_start(system, &flags, &upid);
 *     ...
 *     actor_system_destroy(system);
 *     master_flags_fini(&flags);
 *
 * Thread-safety: each function on one thread at a time; not a worker's. */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/flags.h>

struct actor_system;
struct error;
struct upid;

/* As on the command line; durations in nanoseconds. */
struct master_flags {
    char *ip;
    char *ip_discovery_command;
    char *advertise_ip;
    uint64_t port;
    char *advertise_port;
    char *hostname;
    bool hostname_lookup;
    char *work_dir;
    char *cluster;
    char *registry;
    bool root_submissions;
    bool filter_gpu_resources;
    char *roles;
    char *rate_limits;
    bool publish_per_framework_metrics;
    char *domain;
    bool require_agent_domain;
    char *allocator;
    double allocator_agent_recovery_factor;
    int64_t allocator_recovery_timeout;
    char *role_sorter;
    char *framework_sorter;
    char *min_allocatable_resources;
    char *fair_sharing_excluded_resource_names;
    char *weights;
    char *whitelist;
    uint64_t offer_constraints_re2_max_mem;
    uint64_t offer_constraints_re2_max_program_size;
    int64_t allocation_interval;
    int64_t offer_timeout;              /* 0: none */
    int64_t agent_ping_timeout;
    uint64_t max_agent_ping_timeouts;
    int64_t agent_reregister_timeout;
    char *agent_removal_rate_limit;
    char *recovery_agent_removal_limit;
    int64_t registry_fetch_timeout;
    int64_t registry_store_timeout;
    int64_t registry_gc_interval;
    int64_t registry_max_agent_age;
    uint64_t registry_max_agent_count;
    uint64_t max_completed_frameworks;
    uint64_t max_completed_tasks_per_framework;
    uint64_t max_unreachable_tasks_per_framework;
    char *log_dir;
    char *external_log_file;
    bool memory_profiling;
    char *logging_level;
    bool quiet;
    uint64_t logbufsecs;
    bool version;
    bool help;
};

extern const struct flag master_flag_table[];
extern const size_t master_n_flags;

/* All defaults, as with no flag given; nothing of the environment. */
void master_flags_init(struct master_flags *);
void master_flags_fini(struct master_flags *);

/* Starts the master; its registrar and its allocator, and the observers of its
 * agents, come with it.  'flags' are borrowed and outlive the system.
 *
 * A master that cannot go on, because its registry cannot be read or written
 * for example, says so in the log and ends: link to it to hear of that. */
struct error *master_start(struct actor_system *, const struct master_flags *,
                           struct upid *ret_upid) MUST_CHECK;

/* The same, with an election (election/election.h).  A master that has led and
 * does so no more ends, as above. */
struct master_options {
    const struct master_flags *flags;
    const struct upid *contender;       /* NULL, as the next: it leads alone */
    const struct upid *detector;
};

struct error *master_start_with(struct actor_system *,
                                const struct master_options *,
                                struct upid *ret_upid) MUST_CHECK;

#endif /* MASTER_MASTER_H */
