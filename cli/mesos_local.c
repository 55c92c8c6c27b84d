/* SPDX-License-Identifier: Apache-2.0
 *
 * mesos_local.c - a whole cluster in one process: a master and some agents.
 *
 * They share one actor system and so one port: the master is actor "master",
 * the agents are slave(1), slave(2) and so on.  Flags of masters and agents
 * that mesos-local has none for come from the environment (MESOS_RESOURCES
 * and so on).
 *
 * Thread: main starts and ends the system, and waits for a signal between. */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/descriptors.h>
#include <actor/directory.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>
#include <actor/vec.h>

#include "agent/agent.h"
#include "agent/launcher/launcher.h"
#include "master/master.h"
#include "proto/messages.h"

#define PROGRAM "mesos-local"
#define ENVIRONMENT_PREFIX "MESOS_"

/* More than anybody wants to run in one process. */
#define AGENTS_MAX 1000

struct local_flags {
    bool help;
    char *ip;                   /* owned, as all strings here */
    uint64_t port;
    char *work_dir;
    uint64_t num_slaves;
    bool quiet;
    char *logging_level;
    char *log_dir;
    uint64_t logbufsecs;
};

#define FLAG(NAME, TYPE, DEFAULT, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = DEFAULT, \
      .offset = offsetof(struct local_flags, NAME), .help = HELP }

static const struct flag flag_table[] = {
    FLAG(help, FLAG_BOOL, "false", "Prints this help message."),
    FLAG(ip, FLAG_STRING, NULL, "IP address to listen on."),
    FLAG(port, FLAG_UINT, "5050", "Port to listen on."),
    FLAG(work_dir, FLAG_STRING, "/tmp/mesos/work",
         "Root of the work directories of the in-process cluster:\n"
         "'master', and 'agents/<n>/work' for each agent."),
    FLAG(num_slaves, FLAG_UINT, "1", "Number of agents to launch."),
    FLAG(quiet, FLAG_BOOL, "false", "Disable logging to stderr."),
    FLAG(logging_level, FLAG_STRING, "INFO",
         "Log message at or above this level: 'INFO', 'WARNING', 'ERROR'."),
    FLAG(log_dir, FLAG_STRING, NULL,
         "Directory to put log files. By default, nothing is written to\n"
         "disk."),
    FLAG(logbufsecs, FLAG_UINT, "0",
         "Maximum number of seconds that logs may be buffered for."),
};

/* What the actors borrow; outlives their system. */
struct cluster {
    struct actor_system *system;        /* owned */
    struct master_flags master_flags;
    VEC(struct agent_flags *) agent_flags;      /* owned */
    VEC(struct launcher *) launchers;           /* owned; of the agents */
};

/* --- directories --- */

static struct error *
make_directory(const char *path)
{
    int errnum = directory_make(path, 0755);

    return errnum ? error_errno(errnum, "making directory '%s'", path) : NULL;
}

/* --- starting --- */

/* The flags of a daemon: ours where we have them, the environment's
 * otherwise. */
static struct error *
load_flags(const struct flag *table, size_t n, void *values,
           const struct local_flags *flags, const char *work_dir,
           const char *more)
{
    autofree char *work = xasprintf("--work_dir=%s", work_dir);
    autofree char *port = xasprintf("--port=%u", (unsigned) flags->port);
    autofree char *ip =
        xasprintf("--ip=%s", flags->ip ? flags->ip : "0.0.0.0");
    char *argv[] = { (char *) PROGRAM, work, port, ip, (char *) more, NULL };
    int argc = more ? 5 : 4;

    return flags_load(table, n, values, argc, argv, ENVIRONMENT_PREFIX, NULL);
}

static struct error *
start_master(struct cluster *c, const struct local_flags *flags,
             struct upid *ret)
{
    autofree char *work_dir = xasprintf("%s/master", flags->work_dir);
    struct error *error =
        load_flags(master_flag_table, master_n_flags, &c->master_flags, flags,
                   work_dir, "--registry=in_memory");

    if (!error) {
        error = make_directory(work_dir);
    }
    if (!error) {
        error = master_start(c->system, &c->master_flags, ret);
    }
    return error_wrap(error, "starting the master");
}

static struct error *
start_agent(struct cluster *c, const struct local_flags *flags, unsigned n,
            const struct upid *master)
{
    autofree char *work_dir =
        xasprintf("%s/agents/%u/work", flags->work_dir, n);
    autofree char *master_flag = xasprintf("--master=%s", UPID_TEXT(master));
    struct agent_flags *agent = xcalloc(1, sizeof *agent);
    struct agent_options options = { .flags = agent, .master = master };
    struct launcher *launcher = NULL;

    vec_push(&c->agent_flags, agent);
    struct error *error = load_flags(agent_flag_table, agent_n_flags, agent,
                                     flags, work_dir, master_flag);

    if (!error) {
        error = make_directory(work_dir);
    }
    if (!error) {
        error = agent_launcher_create(agent, &launcher);
    }
    if (!error) {
        vec_push(&c->launchers, launcher);
        options.launcher = launcher;
        error = agent_start_with(c->system, &options, NULL);
    }
    return error_wrap(error, "starting agent %u", n);
}

static struct error *
start(struct cluster *c, const struct local_flags *flags)
{
    struct actor_system_options options = {
        .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct address_flags addresses = {
        .ip = flags->ip, .has_port = true, .port = (uint16_t) flags->port,
    };
    struct upid master;
    struct error *error = addresses_choose(&addresses, &options.listen,
                                           &options.advertise);

    if (!error) {
        error = actor_system_create(&options, &c->system);
    }
    if (!error) {
        error = start_master(c, flags, &master);
    }
    for (unsigned n = 0; !error && n < flags->num_slaves; n++) {
        error = start_agent(c, flags, n, &master);
    }
    return error;
}

static void
stop(struct cluster *c)
{
    actor_system_destroy(c->system);
    flags_fini(master_flag_table, master_n_flags, &c->master_flags);
    vec_foreach (&c->agent_flags, it) {
        flags_fini(agent_flag_table, agent_n_flags, *it);
        free(*it);
    }
    vec_fini(&c->agent_flags);
    vec_foreach (&c->launchers, it) {
        launcher_destroy(*it);
    }
    vec_fini(&c->launchers);
}

/* --- running --- */

/* Blocks the signals that end us, before any thread starts, so that they
 * wait for main. */
static void
block_signals(sigset_t *signals)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigprocmask(SIG_BLOCK, signals, NULL);
}

static void
wait_for_signal(const sigset_t *signals)
{
    while (sigwaitinfo(signals, NULL) < 0 && errno == EINTR) {
    }
}

static struct error *
start_logging(const struct local_flags *flags)
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
    return log_init(&options);
}

static int
run(const struct local_flags *flags)
{
    struct cluster cluster = { 0 };
    sigset_t signals;
    autoerror *error = start_logging(flags);

    if (!error) {
        descriptors_raise();
        block_signals(&signals);
        /* Nobody is overwhelmed by agents of the same process. */
        setenv(ENVIRONMENT_PREFIX "REGISTRATION_BACKOFF_FACTOR", "10ms", 0);
        error = start(&cluster, flags);
    }
    if (!error) {
        wait_for_signal(&signals);
    }
    stop(&cluster);
    if (error) {
        log_error("EXIT with status 1: %s", error_text(error));
    }
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- main --- */

static struct error *
load(struct local_flags *flags, int argc, char *argv[])
{
    int rest = argc;
    struct error *error = flags_load(flag_table, ARRAY_SIZE(flag_table), flags,
                                     argc, argv, ENVIRONMENT_PREFIX, &rest);

    if (!error && rest < argc) {
        error = error_create(ERROR_INVALID, "Unexpected argument '%s'",
                             argv[rest]);
    }
    if (!error && flags->num_slaves > AGENTS_MAX) {
        error = error_create(ERROR_INVALID, "Flag 'num_slaves' is at most %d",
                             AGENTS_MAX);
    }
    if (!error && flags->port > UINT16_MAX) {
        error = error_create(ERROR_INVALID, "Flag 'port' is not a port");
    }
    return error;
}

int
main(int argc, char *argv[])
{
    struct local_flags flags = { 0 };
    autofini(strbuf) usage = STRBUF(65536);
    autoerror *error = load(&flags, argc, argv);
    int status = EXIT_FAILURE;

    if (flags.help || error) {
        bool is_wrong = error && !flags.help;

        flags_usage(&usage, PROGRAM, is_wrong ? error_text(error) : NULL,
                    flag_table, ARRAY_SIZE(flag_table));
        fputs(usage.data, is_wrong ? stderr : stdout);
        status = is_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
    } else {
        status = run(&flags);
    }
    flags_fini(flag_table, ARRAY_SIZE(flag_table), &flags);
    return status;
}
