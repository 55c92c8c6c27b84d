/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program mesos-executor: runs a task that is one command.
 *
 * Started by the agent, with an environment that says where the agent is.  It
 * lives as long as its task, once for each of them, so it is kept small: one
 * worker thread, static, without more of the library than it needs.
 *
 * Thread: the main thread waits for the end. */
#include <config.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>
#include <actor/version.h>

#include "executor/command_executor.h"
#include "executor/executor_environment.h"
#include "proto/messages.h"

#define PROGRAM "mesos-executor"

struct executor_flags {
    bool help;
    char *launcher_dir;
};

static const struct flag flag_table[] = {
    { .name = "help", .type = FLAG_BOOL, .default_value = "false",
      .offset = offsetof(struct executor_flags, help),
      .help = "Prints this help message." },
    { .name = "launcher_dir", .type = FLAG_STRING,
      .offset = offsetof(struct executor_flags, launcher_dir),
      .help = "Directory of the agent's helper programs." },
};

static const struct actor_msg_type *const messages[] = {
    &msg_executor_call, &msg_executor_event,
};

static struct error *run(bool *ret_is_acknowledged);
static int fail(struct error *);

int
main(int argc, char *argv[])
{
    struct executor_flags flags = { .help = false };
    struct error *error = flags_load(flag_table, ARRAY_SIZE(flag_table),
                                     &flags, argc, argv, NULL, NULL);
    bool is_help = flags.help;
    bool is_acknowledged = false;

    if (is_help || error) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        flags_usage(&text, PROGRAM, error ? error_text(error) : NULL,
                    flag_table, ARRAY_SIZE(flag_table));
        fputs(text.data, error ? stderr : stdout);
    }
    flags_fini(flag_table, ARRAY_SIZE(flag_table), &flags);
    if (is_help || error) {
        error_destroy(error);
        return is_help ? EXIT_SUCCESS : EXIT_FAILURE;
    }

    /* One arena for all threads: memory that one frees is there for the
     * other. */
    mallopt(M_ARENA_MAX, 1);
    error = run(&is_acknowledged);
    if (error) {
        return fail(error);
    }
    return is_acknowledged ? EXIT_SUCCESS : EXIT_FAILURE;
}

static struct error *
run(bool *ret_is_acknowledged)
{
    struct executor_environment environment;
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = messages, .n_messages = ARRAY_SIZE(messages),
    };
    struct actor_system *system = NULL;
    struct error *error = executor_environment_read(&environment);

    if (error) {
        return error;
    }
    log_install_crash_handler();
    actor_system_dump_on_signal(SIGUSR2);
    signal(SIGPIPE, SIG_IGN);
    log_info("Version: %s", ACTOR_MESOS_VERSION);

    struct actor_gate *done = actor_gate_create();
    error = executor_environment_address(&options);
    if (!error) {
        error = actor_system_create(&options, &system);
    }
    if (!error) {
        struct command_executor_options executor = {
            .environment = &environment, .done = done,
            .ret_is_acknowledged = ret_is_acknowledged,
        };
        struct upid upid;

        error = command_executor_start(system, &executor, &upid);
    }
    if (!error) {
        actor_gate_wait(done, DURATION_FOREVER);
    }
    actor_system_destroy(system);
    actor_gate_destroy(done);
    executor_environment_fini(&environment);
    return error;
}

static int
fail(struct error *error)
{
    log_error("EXIT with status 1: %s", error_text(error));
    error_destroy(error);
    return EXIT_FAILURE;
}
