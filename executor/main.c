/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program mesos-executor: runs a task that is one command.
 *
 * Started by the agent, with an environment that says where the agent is.  It
 * lives as long as its task.
 *
 * Thread: the main thread waits for the end. */
#include <config.h>

#include <actor/system.h>
#include <actor/upid.h>

#include "executor/command_executor.h"
#include "executor/program.h"

static const struct flag flag_table[] = { PROGRAM_FLAGS };

static struct error *
start(const struct program_stage *stage, const void *flags UNUSED)
{
    struct command_executor_options options = {
        .environment = stage->environment, .done = stage->done,
        .ret_is_acknowledged = stage->ret_is_acknowledged,
    };
    struct upid upid;

    return command_executor_start(stage->system, &options, &upid);
}

int
main(int argc, char *argv[])
{
    struct program_flags flags = { .help = false };

    return program_main("mesos-executor", flag_table, ARRAY_SIZE(flag_table),
                        &flags, start, argc, argv);
}
