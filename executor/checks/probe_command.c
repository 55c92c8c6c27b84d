/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_command.c - runs a command to look at a task.
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "executor/checks/probe_private.h"
#include "executor/checks/user_lookup.h"
#include "executor/task_environment.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void on_user(struct actor *, void *probe, const struct user_ids *,
                    const struct error *);
static struct error *start(struct probe *, const struct user_ids *);
static void on_exit_status(struct actor *, void *probe, pid_t, int status);

struct error *
probe_command_begin(struct probe *probe)
{
    const char *user = probe->options.spec->command->user;

    if (!user) {
        user = probe->options.user;
    }
    if (!user) {
        return start(probe, NULL);
    }
    probe->lookup = user_lookup_start(probe->self, user, on_user, probe);
    return NULL;
}

static void
on_user(struct actor *self UNUSED, void *arg, const struct user_ids *ids,
        const struct error *error)
{
    struct probe *probe = arg;

    probe->lookup = NULL;
    struct error *why = error ? error_clone(error) : start(probe, ids);
    if (why) {
        probe_end(probe, why, 0);
    }
}

/* The arguments, in an array to be freed; strings are those of 'command'. */
static char **
make_argv(const V1__CommandInfo *command)
{
    size_t n = command->n_arguments;
    char **argv;

    if (command->shell) {
        argv = xcalloc(4, sizeof *argv);
        argv[0] = (char *) "sh";
        argv[1] = (char *) "-c";
        argv[2] = command->value;
        return argv;
    }
    argv = alloc_array(n + 2, sizeof *argv);
    memset(argv, 0, (n + 2) * sizeof *argv);
    argv[0] = command->value;           /* if nobody gives it a name */
    for (size_t i = 0; i < n; i++) {
        argv[i] = command->arguments[i];
    }
    return argv;
}

static struct error *
start(struct probe *probe, const struct user_ids *ids)
{
    const V1__CommandInfo *command = probe->options.spec->command;
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    char **argv = make_argv(command);
    char **envp = task_environment_create(probe->options.environment,
                                          command->environment);

    vlog(1, "Launching %s '%s' for task '%s'", probe->options.name,
         command->value, probe->options.task_id);
    options.path = command->shell ? "/bin/sh" : command->value;
    options.argv = argv;
    options.envp = envp;
    options.directory = probe->options.directory;
    options.stdio[1] = options.stdio[2] = STDERR_FILENO;
    if (ids && ids->uid != geteuid()) {
        options.set_ids = true;
        options.uid = ids->uid;
        options.gid = ids->gid;
        options.groups = ids->groups;
        options.n_groups = ids->n_groups;
    }
    struct error *error = probe_spawn(probe, &options, on_exit_status);

    task_environment_free(envp);
    free(argv);
    return error_wrap(error, "Failed to launch command");
}

static void
on_exit_status(struct actor *self UNUSED, void *arg, pid_t pid UNUSED,
               int status)
{
    struct probe *probe = arg;
    struct error *error = NULL;

    probe->child = NULL;
    if (WIFSIGNALED(status)) {
        error = error_create(ERROR_INTERNAL, "Command terminated with signal "
                             "%s", strsignal(WTERMSIG(status)));
    }
    probe_end(probe, error, WEXITSTATUS(status));
}
