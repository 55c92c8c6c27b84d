/* SPDX-License-Identifier: Apache-2.0
 *
 * agent.h - the agent: an actor slave(N) that runs tasks on one host.
 *
 * A process may have several, each in a work directory of its own.
 *
 * Thread-safety: as said. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/flags.h>

struct actor_system;
struct error;
struct launcher;
struct upid;

struct agent_flags {
    bool help;
    bool version;
    char *master;               /* owned, as all strings here */
    char *ip;
    char *ip_discovery_command;
    uint64_t port;
    char *advertise_ip;
    char *advertise_port;
    char *hostname;
    bool hostname_lookup;
    char *work_dir;
    char *launcher;             /* NULL: what there is */
    char *launcher_dir;
    char *cgroups_hierarchy;
    char *cgroups_root;
    int64_t cgroups_destroy_timeout;
    char *resources;
    char *attributes;
    char *default_role;
    bool switch_user;
    int64_t executor_registration_timeout;
    int64_t executor_shutdown_grace_period;
    int64_t executor_reregistration_timeout;
    int64_t executor_reregistration_retry_interval;     /* 0: none */
    char *recover;
    int64_t recovery_timeout;
    char *reconfiguration_policy;
    bool strict;
    int64_t registration_backoff_factor;
    uint64_t max_completed_executors_per_framework;
    char *fetcher_cache_dir;
    uint64_t fetcher_cache_size;
    int64_t fetcher_stall_timeout;
    char *frameworks_home;
    char *hadoop_home;
    char *container_logger;
    char *modules;
    int64_t gc_delay;
    double gc_disk_headroom;
    int64_t disk_watch_interval;
    char *log_dir;
    char *external_log_file;
    bool memory_profiling;
    bool quiet;
    char *logging_level;
    int64_t logbufsecs;
};

extern const struct flag agent_flag_table[];
extern const size_t agent_n_flags;

/* As agent_start(), with what happens if the agent has to end because it can
 * do no more: 'on_failure' is told why (on loan), in a turn of the agent,
 * which ends after that.  NULL: it only ends. */
struct agent_options {
    const struct agent_flags *flags;
    const struct upid *master;          /* NULL: where the flags say */
    const struct upid *detector;        /* that says who leads
                                         * (election/election.h); NULL: there
                                         * is one master */

    /* What agent_launcher_create() has made; outlives the agent.  NULL:
     * "posix". */
    const struct launcher *launcher;
    void (*on_failure)(void *aux, const char *why);
    void *aux;
};

/* What holds the containers together, as the flags say.  It is not the agent
 * that chooses, since one in a simulation has no cgroups. */
struct error *agent_launcher_create(const struct agent_flags *,
                                    struct launcher **ret) MUST_CHECK;

struct error *agent_start_with(struct actor_system *,
                               const struct agent_options *,
                               struct upid *ret) MUST_CHECK;

/* Starts an agent in 'system', which it takes its address from: makes the work
 * directory, finds out what the host has, reads what an agent before it has
 * left there, and begins to look for the master, at 'master' or, if that is
 * NULL, where the flags say.  The flags have to
 * outlive the agent.  Blocks for a moment; outside of the system's workers. */
struct error *agent_start(struct actor_system *, const struct agent_flags *,
                          const struct upid *master, struct upid *ret)
    MUST_CHECK;

/* Tells the agent to unregister, to end all its executors and then itself;
 * 'why' is for the log.  Any thread. */
void agent_unregister(struct actor_system *, const struct upid *agent,
                      const char *why);

#endif /* AGENT_AGENT_H */
