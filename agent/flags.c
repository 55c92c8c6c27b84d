/* SPDX-License-Identifier: Apache-2.0
 *
 * flags.c - the flags of mesos-agent.
 *
 * Names and defaults are those of Mesos; help is ours.  Only what works is
 * here.
 *
 * Thread: constants only. */
#include <config.h>

#include <string.h>

#include <actor/double.h>
#include <actor/duration.h>
#include <actor/error.h>

#include "agent/agent.h"

#define FLAG(NAME, TYPE, DEFAULT, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = (DEFAULT), \
      .offset = offsetof(struct agent_flags, NAME), .help = (HELP) }

static struct error *
validate_port(const struct flag *flag, const void *member)
{
    if (*(const uint64_t *) member > UINT16_MAX) {
        return error_create(ERROR_INVALID, "'%s' has to be at most 65535",
                            flag->name);
    }
    return NULL;
}

static struct error *
validate_backoff(const struct flag *flag, const void *member)
{
    if (*(const int64_t *) member > MINUTE) {
        return error_create(ERROR_INVALID, "'%s' cannot be larger than 1mins",
                            flag->name);
    }
    return NULL;
}

static struct error *
validate_headroom(const struct flag *flag, const void *member)
{
    double value = *(const double *) member;

    if (!(value >= 0.0 && value <= 1.0)) {
        char text[DOUBLE_TEXT_SIZE];

        return error_create(ERROR_INVALID, "Invalid value '%s' for --%s. "
                            "Must be between 0.0 and 1.0",
                            double_format(value, true, text), flag->name);
    }
    return NULL;
}

static struct error *
validate_positive(const struct flag *flag, const void *member)
{
    if (*(const int64_t *) member <= 0) {
        return error_create(ERROR_INVALID, "'%s' has to be positive",
                            flag->name);
    }
    return NULL;
}

static struct error *
validate_not_negative(const struct flag *flag, const void *member)
{
    if (*(const int64_t *) member < 0) {
        return error_create(ERROR_INVALID, "'%s' must not be negative",
                            flag->name);
    }
    return NULL;
}

static struct error *
validate_reregistration(const struct flag *flag, const void *member)
{
    if (*(const int64_t *) member > 15 * SECOND) {
        return error_create(ERROR_INVALID, "'%s' cannot be larger than 15secs",
                            flag->name);
    }
    return NULL;
}

static struct error *
validate_choice(const char *name, const char *value, const char *one,
                const char *other)
{
    if (strcmp(value, one) != 0 && strcmp(value, other) != 0) {
        return error_create(ERROR_INVALID, "Unknown option for '%s' flag %s. "
                            "Please run the agent with '--help' to see the "
                            "valid options", name, value);
    }
    return NULL;
}

static struct error *
validate_recover(const struct flag *flag, const void *member)
{
    return validate_choice(flag->name, *(char *const *) member, "reconnect",
                           "cleanup");
}

static struct error *
validate_policy(const struct flag *flag, const void *member)
{
    return validate_choice(flag->name, *(char *const *) member, "equal",
                           "additive");
}

const struct flag agent_flag_table[] = {
    FLAG(help, FLAG_BOOL, "false", "Prints this help message."),
    FLAG(version, FLAG_BOOL, "false", "Prints the version."),
    FLAG(master, FLAG_STRING, NULL,
         "The master: 'host:port', or 'file:///path' of a file that has\n"
         "it."),
    FLAG(ip, FLAG_STRING, NULL,
         "IP address to listen on.  Default: all of this host."),
    FLAG(ip_discovery_command, FLAG_STRING, NULL,
         "Command for /bin/sh that prints the IP address to listen on, in\n"
         "place of --ip."),
    { .name = "port", .type = FLAG_UINT, .default_value = "5051",
      .offset = offsetof(struct agent_flags, port),
      .validate = validate_port, .help = "Port to listen on." },
    FLAG(advertise_ip, FLAG_STRING, NULL,
         "IP address that others are told to reach this agent at, if it is\n"
         "not the one it listens on."),
    FLAG(advertise_port, FLAG_STRING, NULL,
         "Port that others are told to reach this agent at."),
    FLAG(hostname, FLAG_STRING, NULL,
         "Name of this host, shown to people and to schedulers.  Default:\n"
         "what the address resolves to, or the address itself."),
    FLAG(hostname_lookup, FLAG_BOOL, "true",
         "Whether to ask DNS for the name of this host."),
    { .name = "work_dir", .type = FLAG_STRING, .required = true,
      .offset = offsetof(struct agent_flags, work_dir),
      .help = "Directory for the sandboxes of executors; typically\n"
              "'/var/lib/mesos/agent'." },
    FLAG(launcher, FLAG_STRING, NULL,
         "What holds the processes of a container together: 'linux', a\n"
         "cgroup (version 2, Linux 5.14 or later) for each; or 'posix', its\n"
         "session and environment.  Default: 'linux' for root where there\n"
         "is such a hierarchy, 'posix' otherwise."),
    FLAG(cgroups_hierarchy, FLAG_STRING, "/sys/fs/cgroup",
         "Where cgroups are mounted.  Version 2 is this directory itself or\n"
         "its subdirectory 'unified'."),
    FLAG(cgroups_root, FLAG_STRING, "mesos",
         "Name of the cgroup that has those of all containers."),
    FLAG(cgroups_destroy_timeout, FLAG_DURATION, "1mins",
         "How long the processes of a cgroup may take to end when they are\n"
         "killed."),
    FLAG(launcher_dir, FLAG_STRING, PKGLIBEXECDIR,
         "Directory with mesos-executor."),
    FLAG(resources, FLAG_STRING, NULL,
         "What this agent offers:\n"
         "'name(role):value;name:value ...', or a JSON array of Resource\n"
         "objects.  cpus, mem, disk and ports are found out if they are not\n"
         "named.  Example: 'cpus:24;mem:24576;disk:409600;\n"
         "ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}'."),
    FLAG(attributes, FLAG_STRING, NULL,
         "Attributes of this host: 'rack:2' or 'rack:2;u:1'."),
    FLAG(default_role, FLAG_STRING, "*",
         "Role of resources in --resources that do not name one, and of\n"
         "those found out."),
    FLAG(switch_user, FLAG_BOOL, "true",
         "Whether tasks run as the user that their framework or command\n"
         "names, or as the user of the agent.  Takes root."),
    FLAG(executor_registration_timeout, FLAG_DURATION, "1mins",
         "How long an executor may take to register before it is killed."),
    { .name = "executor_reregistration_timeout", .type = FLAG_DURATION,
      .default_value = "2secs", .validate = validate_reregistration,
      .offset = offsetof(struct agent_flags,
                         executor_reregistration_timeout),
      .help = "How long a restarted agent waits for its executors to come\n"
              "back before it kills them; at most 15secs.  It does not wait\n"
              "longer than for the last one." },
    FLAG(executor_reregistration_retry_interval, FLAG_DURATION, NULL,
         "How often, during that time, executors are asked again to come\n"
         "back.  Default: once."),
    FLAG(executor_shutdown_grace_period, FLAG_DURATION, "5secs",
         "How long an executor may take to shut down before it is killed."),
    { .name = "recover", .type = FLAG_STRING, .default_value = "reconnect",
      .offset = offsetof(struct agent_flags, recover),
      .validate = validate_recover,
      .help = "What a restarted agent does with executors that it finds:\n"
              "'reconnect' takes them up again; 'cleanup' kills them and\n"
              "ends the agent, for an upgrade that they would not survive." },
    FLAG(recovery_timeout, FLAG_DURATION, "15mins",
         "How long executors wait for their agent to come back before they\n"
         "end."),
    { .name = "reconfiguration_policy", .type = FLAG_STRING,
      .default_value = "equal",
      .offset = offsetof(struct agent_flags, reconfiguration_policy),
      .validate = validate_policy,
      .help = "Which changes of resources, attributes and the like a\n"
              "restarted agent may have: 'equal', none; 'additive', more of\n"
              "them." },
    FLAG(strict, FLAG_BOOL, "true",
         "Whether a restarted agent ends if anything of what it kept is\n"
         "damaged, or goes on without that."),
    { .name = "registration_backoff_factor", .type = FLAG_DURATION,
      .default_value = "1secs", .validate = validate_backoff,
      .offset = offsetof(struct agent_flags, registration_backoff_factor),
      .help = "The first registration waits a random time in [0, b], the\n"
              "next in [0, 2b], and so on up to 1mins." },
    FLAG(max_completed_executors_per_framework, FLAG_UINT, "150",
         "How many ended executors of each framework are remembered."),
    FLAG(container_logger, FLAG_STRING, NULL,
         "What writes the outputs of containers:\n"
         "'org_apache_mesos_LogrotateContainerLogger', which rotates them.\n"
         "Default: they go to the files 'stdout' and 'stderr' directly."),
    FLAG(modules, FLAG_STRING, NULL,
         "JSON text with parameters of modules, as in Mesos.  Those of the\n"
         "container logger are read: 'max_stdout_size', 'max_stderr_size',\n"
         "'logrotate_stdout_options', 'logrotate_stderr_options',\n"
         "'environment_variable_prefix', 'launcher_dir' and\n"
         "'logrotate_path'.  No library is loaded."),
    FLAG(fetcher_cache_dir, FLAG_STRING, "/tmp/mesos/fetch",
         "Directory for what is fetched and may be cached."),
    FLAG(fetcher_cache_size, FLAG_BYTES, "2GB",
         "How much may be in the cache of the fetcher."),
    { .name = "fetcher_stall_timeout", .type = FLAG_DURATION,
      .default_value = "1mins", .validate = validate_positive,
      .offset = offsetof(struct agent_flags, fetcher_stall_timeout),
      .help = "A download of which nothing comes for so long is given up." },
    FLAG(frameworks_home, FLAG_STRING, "",
         "Directory that URIs which are relative paths are relative to."),
    FLAG(hadoop_home, FLAG_STRING, NULL,
         "Where Hadoop is, for URIs that are neither HTTP, FTP nor files.\n"
         "Default: HADOOP_HOME in the environment, or 'hadoop' in PATH."),
    { .name = "gc_delay", .type = FLAG_DURATION, .default_value = "1weeks",
      .validate = validate_not_negative,
      .offset = offsetof(struct agent_flags, gc_delay),
      .help = "How long the sandboxes of executors that ended are kept.\n"
              "They go sooner if the disk fills up." },
    { .name = "gc_disk_headroom", .type = FLAG_DOUBLE,
      .default_value = "0.1", .validate = validate_headroom,
      .offset = offsetof(struct agent_flags, gc_disk_headroom),
      .help = "Sandboxes may be gc_delay * max(0, 1 - gc_disk_headroom -\n"
              "used share of the disk) old." },
    { .name = "disk_watch_interval", .type = FLAG_DURATION,
      .default_value = "1mins", .validate = validate_positive,
      .offset = offsetof(struct agent_flags, disk_watch_interval),
      .help = "How often to look how full the disk of 'work_dir' is." },
    FLAG(log_dir, FLAG_STRING, NULL,
         "Directory for log files.  Default: standard error only."),
    FLAG(external_log_file, FLAG_STRING, NULL,
         "A log file that somebody else writes (standard error for\n"
         "example), to be shown by the HTTP API instead of what is in\n"
         "'log_dir'."),
    FLAG(memory_profiling, FLAG_BOOL, "false",
         "Whether the heap can be profiled at /memory-profiler.  That needs\n"
         "MALLOC_CONF=prof:true,prof_active:false in the environment."),
    FLAG(quiet, FLAG_BOOL, "false", "Nothing goes to standard error."),
    FLAG(logging_level, FLAG_STRING, "INFO",
         "Least severity that is logged: 'INFO', 'WARNING' or 'ERROR'."),
    FLAG(logbufsecs, FLAG_INT, "0",
         "How many seconds log lines may wait before they are written."),
};

const size_t agent_n_flags = ARRAY_SIZE(agent_flag_table);
