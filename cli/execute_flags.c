/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_flags.c - the table of flags, and which go together.
 *
 * Thread: main's, at start.  Names and texts are those of Mesos'
 * src/cli/execute.cpp. */
#include <config.h>

#include "cli/execute_flags.h"

#include <stddef.h>
#include <string.h>

#include <actor/error.h>
#include <actor/flags.h>

#define FLAG(NAME, TYPE, DEFAULT, REQUIRED, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = DEFAULT, \
      .offset = offsetof(struct execute_flags, NAME), \
      .required = REQUIRED, .help = HELP }

static const struct flag flags[] = {
    FLAG(help, FLAG_BOOL, "false", false, "Prints this help message."),
    FLAG(master, FLAG_STRING, NULL, true,
         "Mesos master (e.g., 'IP:PORT')."),
    FLAG(task, FLAG_STRING, NULL, false,
         "The task to be launched, as the JSON of a 'TaskInfo' or the path\n"
         "of a file with it ('/path/to/file' or 'file:///path/to/file').\n"
         "Its 'agent_id' may have an empty value; the agent of the offer\n"
         "takes its place."),
    FLAG(task_group, FLAG_STRING, NULL, false,
         "The group of tasks to be launched in a default executor, as the\n"
         "JSON of a 'TaskGroupInfo' or the path of a file with it\n"
         "('/path/to/file' or 'file:///path/to/file')."),
    FLAG(name, FLAG_STRING, NULL, false,
         "Name for the command; also the id of the task."),
    FLAG(shell, FLAG_BOOL, "true", false,
         "Whether the command is run by a shell. Without, it is split at\n"
         "blanks into a program and its arguments."),
    FLAG(command, FLAG_STRING, NULL, false, "Shell command to launch."),
    FLAG(env, FLAG_STRING, NULL, false,
         "Environment variables of the command, as a JSON object of strings\n"
         "('{\"NAME\": \"value\"}')."),
    FLAG(volumes, FLAG_STRING, NULL, false,
         "Volumes to be mounted in the container of the command, as a JSON\n"
         "array of 'Volume' or the path of a file with it. The agent says\n"
         "which it does not have. (A persistent volume is a resource: name it\n"
         "as one, in '--task'.)"),
    FLAG(rlimits, FLAG_STRING, NULL, false,
         "Limits of the processes of the command, as the JSON of an\n"
         "'RLimitInfo', such as\n"
         "'{\"rlimits\": [{\"type\": \"RLMT_NOFILE\", \"soft\": 64, "
         "\"hard\": 64}]}',\n"
         "or the path of a file with it. Neither 'soft' nor 'hard' is no\n"
         "limit at all."),
    FLAG(resources, FLAG_STRING, "cpus:1;mem:128", false,
         "Resources for the command, as text ('cpus:1;mem:128') or as a JSON\n"
         "array of 'Resource'."),
    FLAG(role, FLAG_STRING, "*", false, "Role to use when registering."),
    FLAG(principal, FLAG_STRING, NULL, false,
         "The principal to use for the framework."),
    FLAG(secret, FLAG_STRING, NULL, false,
         "The secret of the principal. Accepted for the sake of scripts:\n"
         "this version does not authenticate frameworks."),
    FLAG(checkpoint, FLAG_BOOL, "false", false,
         "Enable checkpointing for the framework."),
    FLAG(framework_capabilities, FLAG_STRING, NULL, false,
         "Comma-separated list of further framework capabilities to enable\n"
         "(the only valid one is 'GPU_RESOURCES')."),
    FLAG(kill_after, FLAG_DURATION, NULL, false,
         "Kill the task after this long (e.g., '30secs') of running."),
    FLAG(partition_aware, FLAG_BOOL, "true", false,
         "Enable partition-awareness for the framework."),
    FLAG(follow, FLAG_BOOL, "false", false,
         "Show what the task prints, as it comes; of a task group each line\n"
         "behind the name of its task. Updates go to standard error then.\n"
         "(Mesos has no such flag.)"),
    FLAG(content_type, FLAG_STRING, "protobuf", false,
         "Accepted for the sake of scripts: 'json' or 'protobuf'. The driver\n"
         "has an encoding of its own."),

    /* What containers, or HDFS, would have to be there for. */
    FLAG(containerizer, FLAG_STRING, "mesos", false,
         "Containerizer to be used; only 'mesos' is supported."),
    FLAG(appc_image, FLAG_STRING, NULL, false, "Not supported."),
    FLAG(docker_image, FLAG_STRING, NULL, false, "Not supported."),
    FLAG(networks, FLAG_STRING, NULL, false,
         "Not supported, unless it is empty."),
    FLAG(effective_capabilities, FLAG_STRING, NULL, false, "Not supported."),
    FLAG(bounding_capabilities, FLAG_STRING, NULL, false, "Not supported."),
    FLAG(tty, FLAG_BOOL, "false", false, "Not supported."),
    FLAG(package, FLAG_STRING, NULL, false,
         "Not supported. (Name what is to be fetched as 'uris' of the\n"
         "command, in '--task'.)"),
    FLAG(hadoop, FLAG_STRING, "hadoop", false,
         "Means something with '--package' only."),
    FLAG(hdfs, FLAG_STRING, "localhost:9000", false,
         "Means something with '--package' only."),
    FLAG(overwrite, FLAG_BOOL, "false", false,
         "Means something with '--package' only."),
};

/* --- what goes together --- */

static struct error *
check_content_type(const char *type)
{
    static const char *const known[] = {
        "protobuf", "json", "application/x-protobuf", "application/json",
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strcmp(type, known[i])) {
            return NULL;
        }
    }
    return error_create(ERROR_INVALID, "Invalid content type '%s'", type);
}

/* With --task or --task_group. */
static struct error *
check_without_command(const struct execute_flags *f)
{
    if (f->name || f->command || f->env || f->appc_image || f->docker_image
        || f->volumes) {
        return error_create(ERROR_INVALID, "'--name, --command, --env, "
                            "--appc_image, --docker_image, --volumes' can "
                            "only be set when both '--task' and "
                            "'--task_group' are not set");
    }
    if (f->task && f->networks) {
        return error_create(ERROR_INVALID, "'--networks' can only be set when "
                            "'--task' is not set");
    }
    return NULL;
}

static struct error *
check_task(const struct execute_flags *f)
{
    if (f->task && f->task_group) {
        return error_create(ERROR_INVALID, "Either task or task group should "
                            "be set but not both. Provide either '--task' OR "
                            "'--task_group'");
    }
    if (f->task || f->task_group) {
        return check_without_command(f);
    }
    if (!f->name) {
        return error_create(ERROR_INVALID, "Missing required option --name");
    }
    if (!f->command) {
        return error_create(ERROR_INVALID,
                            "Missing required option --command");
    }
    return NULL;
}

struct error *
execute_flags_load(struct execute_flags *f, int argc, char *argv[])
{
    int rest = argc;
    struct error *error =
        flags_load(flags, ARRAY_SIZE(flags), f, argc, argv, NULL, &rest);

    if (f->help) {
        error_destroy(error);
        return NULL;
    }
    if (error) {
        return error;
    }
    if (rest < argc) {
        return error_create(ERROR_INVALID, "Unexpected argument '%s'",
                            argv[rest]);
    }
    error = check_task(f);
    return error ? error : check_content_type(f->content_type);
}

void
execute_flags_fini(struct execute_flags *f)
{
    flags_fini(flags, ARRAY_SIZE(flags), f);
}

void
execute_flags_usage(struct strbuf *s, const char *program,
                    const char *message)
{
    flags_usage(s, program, message, flags, ARRAY_SIZE(flags));
}
