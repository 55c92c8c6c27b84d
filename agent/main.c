/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program mesos-agent, also known as mesos-slave.
 *
 * SIGUSR1 unregisters the agent and ends it with its executors.  SIGUSR2 has
 * it tell what it is doing.  SIGTERM and SIGINT end the process alone.
 *
 * Thread: the main thread waits for signals; an actor watches the agent and
 * makes its end a signal. */
#include <config.h>

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/descriptors.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/memory_profiler.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>
#include <actor/version.h>

#include "agent/agent.h"
#include "agent/launcher/launcher.h"
#include "proto/messages.h"

#define PROGRAM "mesos-agent"
#define ENVIRONMENT_PREFIX "MESOS_"

/* Threads wait in epoll; more of them than this do not make an agent
 * faster. */
#define WORKERS_MAX 4

/* Linked to the agent. */
struct end_watch {
    struct actor base;
};

static struct error *end_watch_init(struct actor *, void *agent);
static void end_watch_exited(struct actor *, const struct upid *);

static const struct actor_type end_watch_type = {
    .name = "agent-end-watch", .size = sizeof(struct end_watch),
    .init = end_watch_init, .exited = end_watch_exited,
};

static struct error *start_logging(const struct agent_flags *);
static struct error *find_addresses(const struct agent_flags *,
                                    struct actor_system_options *);
static struct error *run(const struct agent_flags *);
static void note_failure(void *failure, const char *why);
static void wait_for_end(struct actor_system *, const struct upid *,
                         const sigset_t *);
static void print_usage(FILE *, const char *message);

int
main(int argc, char *argv[])
{
    struct agent_flags flags = { .help = false };
    struct error *error = flags_load(agent_flag_table, agent_n_flags, &flags,
                                     argc, argv, ENVIRONMENT_PREFIX, NULL);
    int status = EXIT_FAILURE;

    if (flags.help) {
        print_usage(stdout, NULL);
        status = EXIT_SUCCESS;
        error_destroy(error);
    } else if (flags.version) {
        printf("mesos %s (cmesos %s)\n", ACTOR_MESOS_VERSION, VERSION);
        status = EXIT_SUCCESS;
        error_destroy(error);
    } else if (error) {
        fprintf(stderr, "%s\n\nSee `" PROGRAM " --help` for a list of "
                "supported flags.\n", error_text(error));
        error_destroy(error);
    } else {
        error = start_logging(&flags);
        if (!error) {
            error = run(&flags);
        }
        if (error) {
            /* Which may be of several lines, as the format says. */
            log_error("EXIT with status 1: %s\n", error_text(error));
            error_destroy(error);
        } else {
            status = EXIT_SUCCESS;
        }
        log_fini();
    }
    flags_fini(agent_flag_table, agent_n_flags, &flags);
    return status;
}

static struct error *
start_logging(const struct agent_flags *flags)
{
    struct log_options options = {
        .program = PROGRAM,
        .log_dir = flags->log_dir,
        .quiet = flags->quiet,
        .flush_seconds = (int) flags->logbufsecs,
    };

    if (!log_severity_parse(flags->logging_level, &options.level)) {
        return error_create(ERROR_INVALID, "'%s' is not a valid "
                            "--logging_level", flags->logging_level);
    }
    log_install_crash_handler();
    actor_system_dump_on_signal(SIGUSR2);
    descriptors_raise();
    return log_init(&options);
}

static struct error *
find_addresses(const struct agent_flags *flags,
               struct actor_system_options *options)
{
    struct address_flags addresses = {
        .ip = flags->ip, .has_port = true, .port = (uint16_t) flags->port,
        .ip_discovery_command = flags->ip_discovery_command,
        .advertise_ip = flags->advertise_ip,
        .advertise_port = flags->advertise_port,
    };

    return addresses_choose(&addresses, &options->listen,
                            &options->advertise);
}

static struct error *
run(const struct agent_flags *flags)
{
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct actor_system_options options = {
        .n_workers = n_cpus > WORKERS_MAX ? WORKERS_MAX : 0,
        .delegate = "slave(1)",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    char *failure = NULL;
    struct agent_options agent_options = {
        .flags = flags, .on_failure = note_failure, .aux = &failure,
    };
    struct launcher *launcher;
    struct upid agent;
    sigset_t signals;

    /* Threads made from here on inherit the mask, so that the signals wait
     * for the main thread. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    log_info("Build: %s by %s", actor_build_date(), actor_build_user());
    log_info("Version: %s (cmesos %s)", ACTOR_MESOS_VERSION, VERSION);
    struct error *error = agent_launcher_create(flags, &launcher);
    if (error) {
        return error_wrap(error, "Failed to create a containerizer");
    }
    agent_options.launcher = launcher;
    error = find_addresses(flags, &options);
    if (!error) {
        error = actor_system_create(&options, &system);
    }
    if (error) {
        launcher_destroy(launcher);
        return error;
    }
    error = memory_profiler_start(system, flags->memory_profiling);
    if (!error) {
        error = agent_start_with(system, &agent_options, &agent);
    }
    if (!error) {
        error = actor_spawn(system, &end_watch_type, NULL, &agent, NULL);
    }
    if (!error) {
        wait_for_end(system, &agent, &signals);
    }
    actor_system_destroy(system);
    launcher_destroy(launcher);
    if (!error && failure) {
        error = error_create(ERROR_IO, "%s", failure);
    }
    free(failure);
    return error;
}

/* The agent's turn; it is read when there are no turns any more. */
static void
note_failure(void *failure, const char *why)
{
    if (!*(char **) failure) {
        *(char **) failure = xstrdup(why);
    }
}

static void
wait_for_end(struct actor_system *system, const struct upid *agent,
             const sigset_t *signals)
{
    int signal_number = 0;

    do {
        siginfo_t info;

        signal_number = sigwaitinfo(signals, &info);
        if (signal_number == SIGUSR1) {
            struct passwd *user = getpwuid(info.si_uid);
            autofree char *why =
                xasprintf("Received SIGUSR1 signal from user %s",
                          user ? user->pw_name : "unknown");

            agent_unregister(system, agent, why);
        }
    } while (signal_number != SIGTERM && signal_number != SIGINT);
}

static struct error *
end_watch_init(struct actor *self, void *agent)
{
    actor_link(self, agent);
    return NULL;
}

static void
end_watch_exited(struct actor *self UNUSED, const struct upid *who UNUSED)
{
    kill(getpid(), SIGTERM);
}

static void
print_usage(FILE *file, const char *message)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    flags_usage(&text, PROGRAM, message, agent_flag_table, agent_n_flags);
    fputs(text.data, file);
}
