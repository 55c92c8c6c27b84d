/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - mesos-master, the program. */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/descriptors.h>
#include <actor/directory.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/memory_profiler.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>
#include <actor/version.h>

#include "master/master.h"
#include "proto/messages.h"

static struct error *make_addresses(const struct master_flags *,
                                    struct actor_system_options *);
static struct error *start(const struct master_flags *,
                           struct actor_system **ret);
static int run(const struct master_flags *);
static struct error *end_watch_init(struct actor *, void *master);
static void end_watch_exited(struct actor *, const struct upid *);

/* Tells the program when the master has ended by itself. */
static const struct actor_type end_watch_type = {
    .name = "master-end-watch", .size = sizeof(struct actor),
    .init = end_watch_init, .exited = end_watch_exited,
};

static struct error *
end_watch_init(struct actor *self, void *master)
{
    actor_link(self, master);
    return NULL;
}

/* SIGUSR1 is nobody else's here; its default would end us as well. */
static void
end_watch_exited(struct actor *self UNUSED, const struct upid *who UNUSED)
{
    kill(getpid(), SIGUSR1);
}

static int
print_usage(void)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    flags_usage(&text, "mesos-master", NULL, master_flag_table,
                master_n_flags);
    fputs(text.data, stdout);
    return EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
    struct master_flags flags = { 0 };
    struct error *error = flags_load(master_flag_table, master_n_flags,
                                     &flags, argc, argv, "MESOS_", NULL);
    int status;

    if (flags.help) {
        status = print_usage();
    } else if (flags.version) {
        printf("mesos %s (%s)\n", ACTOR_MESOS_VERSION, PACKAGE_STRING);
        status = EXIT_SUCCESS;
    } else if (error) {
        fprintf(stderr, "%s\n\nSee `mesos-master --help` for a list of "
                "supported flags.\n", error_text(error));
        status = EXIT_FAILURE;
    } else {
        status = run(&flags);
    }
    error_destroy(error);
    master_flags_fini(&flags);
    return status;
}

static int
fail(struct error *error)
{
    log_error("EXIT with status 1: %s", error_text(error));
    error_destroy(error);
    return EXIT_FAILURE;
}

/* Waits for a signal that ends us, and says whose it was.  0: the master has
 * ended, and has said why. */
static int
wait_for_signal(const sigset_t *signals)
{
    siginfo_t info;
    int signal;

    do {
        signal = sigwaitinfo(signals, &info);
    } while (signal < 0 && errno == EINTR);
    if (signal == SIGUSR1 && info.si_pid == getpid()) {
        return 0;
    }
    log_warn("Received signal SIG%s from process %d of user %d; exiting",
             sigabbrev_np(signal), (int) info.si_pid, (int) info.si_uid);
    return signal;
}

static int
run(const struct master_flags *flags)
{
    struct log_options log_options = {
        .program = "mesos-master",
        .log_dir = flags->log_dir,
        .quiet = flags->quiet,
        .flush_seconds = (int) flags->logbufsecs,
    };
    struct actor_system *system = NULL;
    struct error *error;
    sigset_t signals;
    int ended_by;

    log_severity_parse(flags->logging_level, &log_options.level);
    error = log_init(&log_options);
    if (error) {
        return fail(error_wrap(error, "starting to log"));
    }
    log_install_crash_handler();
    actor_system_dump_on_signal(SIGUSR2);
    log_info("Build: %s by %s", actor_build_date(), actor_build_user());
    log_info("Version: %s (%s)", ACTOR_MESOS_VERSION, PACKAGE_STRING);
    descriptors_raise();

    /* Blocked before any thread starts, so that all have it so. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    error = start(flags, &system);
    if (error) {
        actor_system_destroy(system);
        return fail(error);
    }
    ended_by = wait_for_signal(&signals);
    actor_system_destroy(system);
    log_fini();
    if (ended_by == 0) {
        return EXIT_FAILURE;
    }

    /* Who started us sees what ended us. */
    signal(ended_by, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    raise(ended_by);
    return EXIT_FAILURE;
}

static struct error *
start(const struct master_flags *flags, struct actor_system **ret)
{
    struct actor_system_options options = {
        .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct error *error = make_addresses(flags, &options);
    struct upid master;

    if (!error && !flags->work_dir && strcmp(flags->registry, "in_memory")) {
        error = error_create(ERROR_INVALID, "--work_dir needed for replicated "
                             "log based registry");
    }
    if (!error && flags->work_dir) {
        int errnum = directory_make(flags->work_dir, 0755);

        error = errnum ? error_errno(errnum, "Failed to create work directory "
                                     "'%s'", flags->work_dir)
                       : NULL;
    }
    if (!error) {
        error = error_wrap(actor_system_create(&options, ret),
                           "Failed to initialize");
    }
    if (!error) {
        error = memory_profiler_start(*ret, flags->memory_profiling);
    }
    if (!error) {
        error = master_start(*ret, flags, &master);
    }
    return error ? error : actor_spawn(*ret, &end_watch_type, NULL, &master,
                                       NULL);
}

static struct error *
make_addresses(const struct master_flags *flags,
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
