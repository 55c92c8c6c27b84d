/* SPDX-License-Identifier: Apache-2.0
 *
 * program.c - what the programs of executors have in common.
 *
 * Thread: the main thread waits for the end. */
#include <config.h>

#include "executor/program.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/version.h>

#include "executor/executor_environment.h"
#include "proto/messages.h"

static const struct actor_msg_type *const messages[] = {
    &msg_executor_call, &msg_executor_event, &msg_reconnect_executor,
};

static struct error *
run(const struct executor_environment *environment, program_start_fn *start,
    const void *flags, bool *ret_is_acknowledged)
{
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = messages, .n_messages = ARRAY_SIZE(messages),
    };
    struct program_stage stage = {
        .environment = environment, .done = actor_gate_create(),
        .ret_is_acknowledged = ret_is_acknowledged,
    };
    struct error *error = executor_environment_address(&options);

    if (!error) {
        error = actor_system_create(&options, &stage.system);
    }
    if (!error) {
        error = start(&stage, flags);
    }
    if (!error) {
        actor_gate_wait(stage.done, DURATION_FOREVER);
    }
    actor_system_destroy(stage.system);
    actor_gate_destroy(stage.done);
    return error;
}

static int
run_to_the_end(program_start_fn *start, const void *flags)
{
    struct executor_environment environment;
    bool is_acknowledged = false;
    struct error *error;

    /* One arena for all threads: memory that one frees is there for the
     * other. */
    mallopt(M_ARENA_MAX, 1);
    error = executor_environment_read(&environment);
    if (!error) {
        log_install_crash_handler();
        actor_system_dump_on_signal(SIGUSR2);
        signal(SIGPIPE, SIG_IGN);
        log_info("Version: %s", ACTOR_MESOS_VERSION);
        error = run(&environment, start, flags, &is_acknowledged);
        executor_environment_fini(&environment);
    }
    if (error) {
        log_error("EXIT with status 1: %s", error_text(error));
        error_destroy(error);
    }
    return is_acknowledged ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
program_main(const char *name, const struct flag *table, size_t n_flags,
             void *flags, program_start_fn *start, int argc, char *argv[])
{
    autoerror *error = flags_load(table, n_flags, flags, argc, argv, NULL,
                                  NULL);
    bool is_help = ((const struct program_flags *) flags)->help;
    int status = is_help ? EXIT_SUCCESS : EXIT_FAILURE;

    if (is_help || error) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        flags_usage(&text, name, error ? error_text(error) : NULL, table,
                    n_flags);
        fputs(text.data, error ? stderr : stdout);
    } else {
        status = run_to_the_end(start, flags);
    }
    flags_fini(table, n_flags, flags);
    return status;
}
