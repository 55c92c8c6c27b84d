/* SPDX-License-Identifier: Apache-2.0
 *
 * flags.c - the master's command line.
 *
 * Only what this master does has a flag: others of Mesos are refused as
 * unknown, not silently ignored. */
#include <config.h>

#include "master/master.h"

#include <string.h>

#include <actor/address.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/message.h>

#include "master/allocation.h"
#include "master/domains.h"
#include "master/rate_limiter.h"
#include "master/rate_limits.h"
#include "master/validation.h"

#define FLAG(NAME, TYPE, ...) \
    { .name = #NAME, .type = TYPE, \
      .offset = offsetof(struct master_flags, NAME), __VA_ARGS__ }

static struct error *validate_ip(const struct flag *, const void *);
static struct error *validate_port(const struct flag *, const void *);
static struct error *validate_registry(const struct flag *, const void *);
static struct error *validate_offer_timeout(const struct flag *,
                                            const void *);
static struct error *validate_ping_timeout(const struct flag *, const void *);
static struct error *validate_positive(const struct flag *, const void *);
static struct error *validate_interval(const struct flag *, const void *);
static struct error *validate_rate_limit(const struct flag *, const void *);
static struct error *validate_reregister(const struct flag *, const void *);
static struct error *validate_level(const struct flag *, const void *);
static struct error *validate_allocator(const struct flag *, const void *);
static struct error *validate_sorter(const struct flag *, const void *);
static struct error *validate_factor(const struct flag *, const void *);
static struct error *validate_minimum(const struct flag *, const void *);
static struct error *validate_weights(const struct flag *, const void *);
static struct error *validate_roles(const struct flag *, const void *);
static struct error *validate_rate_limits(const struct flag *, const void *);
static struct error *validate_domain(const struct flag *, const void *);

const struct flag master_flag_table[] = {
    FLAG(advertise_ip, FLAG_STRING, .validate = validate_ip,
         .help = "IP address advertised to reach this Mesos master.\n"
                 "The master does not bind to this IP address."),
    FLAG(advertise_port, FLAG_STRING,
         .help = "Port advertised to reach this Mesos master (along with\n"
                 "`advertise_ip`). The master does not bind to this port."),
    FLAG(agent_ping_timeout, FLAG_DURATION, .default_value = "15secs",
         .alias = "slave_ping_timeout", .validate = validate_ping_timeout,
         .help = "The timeout within which each agent is expected to respond\n"
                 "to a ping from the master. Agents that do not respond\n"
                 "within `max_agent_ping_timeouts` ping retries are marked\n"
                 "unreachable."),
    FLAG(agent_removal_rate_limit, FLAG_STRING,
         .alias = "slave_removal_rate_limit",
         .validate = validate_rate_limit,
         .help = "The maximum rate (e.g., `1/10mins`, `2/3hrs`, etc) at\n"
                 "which agents are marked unreachable when they fail health\n"
                 "checks or do not come back. There is no limit if unset.\n"
                 "The value is of the form `(Number of agents)/(Duration)`."),
    FLAG(agent_reregister_timeout, FLAG_DURATION, .default_value = "10mins",
         .alias = "slave_reregister_timeout",
         .validate = validate_reregister,
         .help = "The timeout within which an agent is expected to\n"
                 "reregister after its connection broke, or after a new\n"
                 "master has read the registry. Agents that do not are\n"
                 "marked unreachable. At least 10mins."),
    FLAG(allocation_interval, FLAG_DURATION, .default_value = "1secs",
         .validate = validate_interval,
         .help = "Amount of time to wait between performing\n"
                 "(batch) allocations (e.g., 500ms, 1sec, etc). Offers are\n"
                 "also made as soon as resources come free."),
    FLAG(allocator, FLAG_STRING, .default_value = "hierarchical",
         .validate = validate_allocator,
         .help = "Allocator to use for resource allocation to frameworks.\n"
                 "The one there is is `hierarchical`."),
    FLAG(allocator_agent_recovery_factor, FLAG_DOUBLE,
         .default_value = "0.8", .validate = validate_factor,
         .help = "Minimum fraction of known agents that have to reregister\n"
                 "after a failover before offers are made, if there are any\n"
                 "quotas."),
    FLAG(allocator_recovery_timeout, FLAG_DURATION,
         .default_value = "10mins",
         .help = "Maximum time to wait for these agents."),
    FLAG(cluster, FLAG_STRING,
         .help = "Human readable name for the cluster, displayed in the\n"
                 "webui."),
    FLAG(domain, FLAG_STRING, .validate = validate_domain,
         .help = "Region and zone of this master, as JSON:\n"
                 "{\"fault_domain\":{\"region\":{\"name\":\"r\"},\n"
                 "\"zone\":{\"name\":\"z\"}}}. All masters of a cluster\n"
                 "have to be in the same region; agents of others are\n"
                 "offered to frameworks with the REGION_AWARE capability.\n"
                 "Without it, agents with a domain may not register."),
    FLAG(external_log_file, FLAG_STRING,
         .help = "Location of the externally managed log file. Only shown in\n"
                 "the webui and the HTTP API, instead of what is in\n"
                 "`log_dir`; somebody else writes it, stderr for example."),
    FLAG(fair_sharing_excluded_resource_names, FLAG_STRING,
         .help = "A comma-separated list of resource names (e.g. `gpus`)\n"
                 "that do not count for fair shares."),
    FLAG(filter_gpu_resources, FLAG_BOOL, .default_value = "true",
         .help = "When set, agents with GPUs are offered only to frameworks\n"
                 "that have the GPU_RESOURCES capability."),
    FLAG(framework_sorter, FLAG_STRING, .default_value = "drf",
         .validate = validate_sorter,
         .help = "Order in which the frameworks of a role get offers: `drf`\n"
                 "or `random`. Has to be that of `role_sorter`."),
    FLAG(help, FLAG_BOOL, .default_value = "false",
         .help = "Prints this help message."),
    FLAG(hostname, FLAG_STRING,
         .help = "The hostname the master should advertise. If left unset,\n"
                 "it is looked up from the advertised IP address, unless\n"
                 "--no-hostname_lookup is given: then it is the address."),
    FLAG(hostname_lookup, FLAG_BOOL, .default_value = "true",
         .help = "Whether to look up the hostname if it was not given with\n"
                 "--hostname."),
    FLAG(ip, FLAG_STRING, .validate = validate_ip,
         .help = "IP address to listen on. All addresses if unset."),
    FLAG(ip_discovery_command, FLAG_STRING,
         .help = "Command for /bin/sh that prints the IP address to listen\n"
                 "on. Excludes `ip`."),
    FLAG(log_dir, FLAG_STRING,
         .help = "Directory of log files. No files are written if unset."),
    FLAG(logbufsecs, FLAG_UINT, .default_value = "0",
         .help = "Maximum number of seconds that logs may be buffered for.\n"
                 "By default, logs are flushed immediately."),
    FLAG(logging_level, FLAG_STRING, .default_value = "INFO",
         .validate = validate_level,
         .help = "Log message at or above this level.\n"
                 "Possible values: `INFO`, `WARNING`, `ERROR`."),
    FLAG(max_agent_ping_timeouts, FLAG_UINT, .default_value = "5",
         .alias = "max_slave_ping_timeouts", .validate = validate_positive,
         .help = "The number of times an agent can fail to respond to a\n"
                 "ping from the master. Agents that do not respond within\n"
                 "`max_agent_ping_timeouts` ping retries are marked\n"
                 "unreachable."),
    FLAG(max_completed_frameworks, FLAG_UINT, .default_value = "50",
         .help = "Maximum number of completed frameworks to store in\n"
                 "memory."),
    FLAG(max_completed_tasks_per_framework, FLAG_UINT,
         .default_value = "1000",
         .help = "Maximum number of completed tasks per framework to store\n"
                 "in memory."),
    FLAG(max_unreachable_tasks_per_framework, FLAG_UINT,
         .default_value = "1000",
         .help = "Maximum number of unreachable tasks per framework to store\n"
                 "in memory."),
    FLAG(memory_profiling, FLAG_BOOL, .default_value = "false",
         .help = "This setting controls whether the memory profiling\n"
                 "functionality is exposed at `/memory-profiler`. It needs\n"
                 "MALLOC_CONF=prof:true,prof_active:false in the\n"
                 "environment."),
    FLAG(min_allocatable_resources, FLAG_STRING,
         .default_value = "cpus:0.01|mem:32", .validate = validate_minimum,
         .help = "One or more sets of resource quantities: only resources\n"
                 "that have all of at least one set are offered. Sets are\n"
                 "separated by `|`, quantities in a set by `;`. Ranges and\n"
                 "sets count by their elements."),
    FLAG(offer_constraints_re2_max_mem, FLAG_BYTES, .default_value = "4KB",
         .help = "Limit on the memory of each regular expression in offer\n"
                 "constraints. Frameworks with greater ones are refused."),
    FLAG(offer_constraints_re2_max_program_size, FLAG_UINT,
         .default_value = "100",
         .help = "Limit on the steps that each regular expression in offer\n"
                 "constraints has when it is compiled. Frameworks with\n"
                 "greater ones are refused."),
    FLAG(offer_timeout, FLAG_DURATION, .validate = validate_offer_timeout,
         .help = "Duration of time before an offer is rescinded from a\n"
                 "framework. Offers stay until they are answered if unset."),
    FLAG(port, FLAG_UINT, .default_value = "5050", .validate = validate_port,
         .help = "Port to listen on."),
    FLAG(publish_per_framework_metrics, FLAG_BOOL, .default_value = "true",
         .help = "Whether numbers of each framework are shown at\n"
                 "`/metrics/snapshot`: master/frameworks/..."),
    FLAG(quiet, FLAG_BOOL, .default_value = "false",
         .help = "Disable logging to stderr."),
    FLAG(rate_limits, FLAG_STRING, .validate = validate_rate_limits,
         .help = "How many messages a second frameworks may send, by their\n"
                 "principal, as JSON or as `file://` with the path of a\n"
                 "file of it:\n"
                 "{\"limits\":[{\"principal\":\"foo\",\"qps\":55.5,\n"
                 "\"capacity\":100000},{\"principal\":\"bar\"}],\n"
                 "\"aggregate_default_qps\":33.3,\n"
                 "\"aggregate_default_capacity\":1000000}. Messages that\n"
                 "come faster wait; if `capacity` of them wait, more are\n"
                 "dropped and their framework is told an error. A principal\n"
                 "without `qps` has no limit; the last two are for all\n"
                 "principals together that are not listed."),
    FLAG(recovery_agent_removal_limit, FLAG_STRING,
         .default_value = "100%",
         .alias = "recovery_slave_removal_limit",
         .help = "For failovers, limit on the percentage of agents that can\n"
                 "be marked unreachable after the re-registration timeout\n"
                 "elapses. If the limit is exceeded, the master exits rather\n"
                 "than give up the agents: something else is wrong then.\n"
                 "Values: `[0%-100%]`"),
    FLAG(registry, FLAG_STRING, .default_value = "replicated_log",
         .validate = validate_registry,
         .help = "Persistence strategy for the registry; available options\n"
                 "are `replicated_log`, which is kept below `work_dir`, and\n"
                 "`in_memory` (for testing): a restarted master knows\n"
                 "nothing of its agents until they register again."),
    FLAG(registry_fetch_timeout, FLAG_DURATION, .default_value = "1mins",
         .validate = validate_interval,
         .help = "Duration of time to wait in order to fetch data from the\n"
                 "registry after which the operation is considered a\n"
                 "failure, and the master exits."),
    FLAG(registry_gc_interval, FLAG_DURATION, .default_value = "15mins",
         .validate = validate_interval,
         .help = "How often to garbage collect the registry. The current\n"
                 "leading master will periodically discard information from\n"
                 "the registry: see `registry_max_agent_age` and\n"
                 "`registry_max_agent_count`."),
    FLAG(registry_max_agent_age, FLAG_DURATION, .default_value = "2weeks",
         .help = "Maximum length of time to store information in the\n"
                 "registry about agents that are unreachable or gone."),
    FLAG(registry_max_agent_count, FLAG_UINT, .default_value = "102400",
         .help = "Maximum number of unreachable agents, and of gone ones, to\n"
                 "store in the registry; the oldest go."),
    FLAG(registry_store_timeout, FLAG_DURATION, .default_value = "20secs",
         .validate = validate_interval,
         .help = "Duration of time to wait in order to store data in the\n"
                 "registry after which the operation is considered a\n"
                 "failure, and the master exits."),
    FLAG(require_agent_domain, FLAG_BOOL, .default_value = "false",
         .help = "When set, agents without a domain may not register."),
    FLAG(role_sorter, FLAG_STRING, .default_value = "drf",
         .alias = "user_sorter", .validate = validate_sorter,
         .help = "Order in which roles get offers: by fair shares (`drf`),\n"
                 "or by weighted chance (`random`)."),
    FLAG(roles, FLAG_STRING, .validate = validate_roles,
         .help = "A comma-separated list of the roles that frameworks may\n"
                 "have, besides `*`. Any role may be had if unset."),
    FLAG(root_submissions, FLAG_BOOL, .default_value = "true",
         .help = "Can root submit frameworks?"),
    FLAG(version, FLAG_BOOL, .default_value = "false",
         .help = "Show version and exit."),
    FLAG(weights, FLAG_STRING, .validate = validate_weights,
         .help = "A comma-separated list of role/weight pairs of the form\n"
                 "`role=weight,role=weight`. A role of weight 2 gets twice\n"
                 "the share of one of weight 1. They go into a registry that\n"
                 "has no weights; one that has some goes before this flag."),
    FLAG(whitelist, FLAG_PATH,
         .help = "Path of a file with the host names, one per line, of the\n"
                 "agents that are offered. It is read again every five\n"
                 "seconds. All agents are offered if unset."),
    FLAG(work_dir, FLAG_STRING,
         .help = "Where to store the persistent information kept in the\n"
                 "registry; created if absent. Has to be given unless\n"
                 "--registry=in_memory is. Use a directory that outlives\n"
                 "reboots: /var/lib/mesos for example."),
};

const size_t master_n_flags = sizeof master_flag_table
                              / sizeof master_flag_table[0];

void
master_flags_init(struct master_flags *flags)
{
    char *argv[] = { (char *) "mesos-master", NULL };
    struct error *error;

    memset(flags, 0, sizeof *flags);
    error = flags_load(master_flag_table, master_n_flags, flags, 1, argv,
                       NULL, NULL);
    CHECK(!error, "%s", error_text(error));
}

void
master_flags_fini(struct master_flags *flags)
{
    flags_fini(master_flag_table, master_n_flags, flags);
}

/* --- values --- */

static struct error *
validate_ip(const struct flag *flag, const void *member)
{
    const char *ip = *(char *const *) member;
    struct address address;

    (void) flag;
    return ip ? address_parse_ip(ip, 0, &address) : NULL;
}

static struct error *
validate_port(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const uint64_t *) member > UINT16_MAX) {
        return error_create(ERROR_INVALID, "a port is at most 65535");
    }
    return NULL;
}

static struct error *
validate_registry(const struct flag *flag, const void *member)
{
    const char *registry = *(char *const *) member;

    (void) flag;
    if (strcmp(registry, "in_memory") && strcmp(registry, "replicated_log")
        && strcmp(registry, "log_storage")) {
        return error_create(ERROR_INVALID, "'%s' is not a supported option "
                            "for registry persistence", registry);
    }
    return NULL;
}

static struct error *
validate_rate_limit(const struct flag *flag, const void *member)
{
    struct rate_limiter limiter;

    (void) flag;
    return rate_limiter_parse(*(char *const *) member, &limiter);
}

static struct error *
validate_offer_timeout(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const int64_t *) member <= 0) {
        return error_create(ERROR_INVALID, "Must be greater than zero");
    }
    return NULL;
}

static struct error *
validate_ping_timeout(const struct flag *flag, const void *member)
{
    int64_t timeout = *(const int64_t *) member;

    (void) flag;
    if (timeout < 1 * SECOND || timeout > 15 * MINUTE) {
        return error_create(ERROR_INVALID, "Expected `--agent_ping_timeout` "
                            "to be between 1secs and 15mins");
    }
    return NULL;
}

static struct error *
validate_positive(const struct flag *flag, const void *member)
{
    if (*(const uint64_t *) member < 1) {
        return error_create(ERROR_INVALID, "Expected `--%s` to be greater "
                            "than or equal to 1", flag->name);
    }
    return NULL;
}

static struct error *
validate_interval(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const int64_t *) member < MILLISECOND) {
        return error_create(ERROR_INVALID, "Must be at least 1ms");
    }
    return NULL;
}

static struct error *
validate_reregister(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const int64_t *) member < 10 * MINUTE) {
        return error_create(ERROR_INVALID, "Must be at least 10mins");
    }
    return NULL;
}

static struct error *
validate_level(const struct flag *flag, const void *member)
{
    enum log_severity severity;

    (void) flag;
    if (!log_severity_parse(*(char *const *) member, &severity)) {
        return error_create(ERROR_INVALID, "Expected one of INFO, WARNING, "
                            "ERROR");
    }
    return NULL;
}

/* Mesos' older name is accepted as well. */
static struct error *
validate_allocator(const struct flag *flag, const void *member)
{
    const char *allocator = *(char *const *) member;

    (void) flag;
    if (strcmp(allocator, "hierarchical")
        && strcmp(allocator, "HierarchicalDRF")) {
        return error_create(ERROR_INVALID, "Failed to create '%s' allocator: "
                            "there is none but 'hierarchical'", allocator);
    }
    return NULL;
}

static struct error *
validate_sorter(const struct flag *flag, const void *member)
{
    const char *sorter = *(char *const *) member;

    if (strcmp(sorter, "drf") && strcmp(sorter, "random")) {
        return error_create(ERROR_INVALID, "Unsupported '%s' '%s': expected "
                            "'drf' or 'random'", flag->name, sorter);
    }
    return NULL;
}

static struct error *
validate_factor(const struct flag *flag, const void *member)
{
    double factor = *(const double *) member;

    (void) flag;
    if (!(factor >= 0 && factor <= 1)) {
        return error_create(ERROR_INVALID, "Must be between 0 and 1");
    }
    return NULL;
}

static struct error *
validate_minimum(const struct flag *flag, const void *member)
{
    (void) flag;
    return allocation_check_minimum(*(char *const *) member);
}

static struct error *
validate_weights(const struct flag *flag, const void *member)
{
    (void) flag;
    return allocation_check_weights(*(char *const *) member);
}

static struct error *
validate_roles(const struct flag *flag, const void *member)
{
    (void) flag;
    return validate_role_list(*(char *const *) member);
}

static struct error *
validate_rate_limits(const struct flag *flag, const void *member)
{
    struct message *limits;
    struct error *error = rate_limits_parse(*(char *const *) member, &limits);

    (void) flag;
    message_unref(limits);
    return error;
}

static struct error *
validate_domain(const struct flag *flag, const void *member)
{
    struct message *domain;
    struct error *error = domain_parse(*(char *const *) member, &domain);

    (void) flag;
    message_unref(domain);
    return error;
}
