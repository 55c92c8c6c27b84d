/* SPDX-License-Identifier: Apache-2.0
 *
 * default_main.c - the program mesos-default-executor: runs groups of tasks.
 *
 * Started by the agent for an executor of type DEFAULT, with an environment
 * that says where the agent is.  It lives as long as its tasks.
 *
 * Thread: the main thread waits for the end. */
#include <config.h>

#include <actor/system.h>
#include <actor/upid.h>

#include "executor/default_executor.h"
#include "executor/program.h"

struct default_flags {
    struct program_flags base;
    bool switch_user;
    char *frameworks_home;      /* owned, as the next; NULL: not given */
    char *hadoop_home;
    int64_t fetcher_stall_timeout;
};

static const struct flag flag_table[] = {
    PROGRAM_FLAGS,
    { .name = "switch_user", .type = FLAG_BOOL, .default_value = "true",
      .offset = offsetof(struct default_flags, switch_user),
      .help = "Whether a task whose command names a user runs as that user,\n"
              "who has to be in /etc/passwd. Otherwise it runs as the\n"
              "executor does." },
    { .name = "frameworks_home", .type = FLAG_STRING,
      .offset = offsetof(struct default_flags, frameworks_home),
      .help = "Directory that relative URIs of tasks are below." },
    { .name = "hadoop_home", .type = FLAG_STRING,
      .offset = offsetof(struct default_flags, hadoop_home),
      .help = "Where Hadoop is, for URIs of tasks on HDFS." },
    { .name = "fetcher_stall_timeout", .type = FLAG_DURATION,
      .default_value = "1mins",
      .offset = offsetof(struct default_flags, fetcher_stall_timeout),
      .help = "How long a download for a task may stall." },
};

static struct error *
start(const struct program_stage *stage, const void *flags_)
{
    const struct default_flags *flags = flags_;
    struct default_executor_options options = {
        .environment = stage->environment, .done = stage->done,
        .ret_is_acknowledged = stage->ret_is_acknowledged,
        .switch_user = flags->switch_user,
        .fetch = {
            .launcher_dir = flags->base.launcher_dir,
            .frameworks_home = flags->frameworks_home,
            .hadoop_home = flags->hadoop_home,
            .stall_timeout_ns = flags->fetcher_stall_timeout,
        },
    };
    struct upid upid;

    return default_executor_start(stage->system, &options, &upid);
}

int
main(int argc, char *argv[])
{
    struct default_flags flags = { .base = { .help = false } };

    return program_main("mesos-default-executor", flag_table,
                        ARRAY_SIZE(flag_table), &flags, start, argc, argv);
}
