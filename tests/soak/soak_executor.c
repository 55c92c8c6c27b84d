/* SPDX-License-Identifier: Apache-2.0
 *
 * soak_executor.c - an executor that runs the commands that its tasks carry as
 * data, many at a time.
 *
 * Thread: callbacks on the driver's thread start and kill commands; main's
 * waits for their ends.  What they share is under 'mutex'. */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/table.h>
#include <mesos/executor.h>

extern char **environ;

struct command {
    UT_hash_handle hh;
    pid_t pid;                  /* the key */
    char *task;                 /* owned */
    bool killed;
};

struct run {
    pthread_mutex_t mutex;
    struct command *commands;   /* owned; table */
    struct mesos_executor_driver *driver;
};

static void
send_state(struct run *run, const char *task, V1__TaskState state)
{
    V1__TaskStatus status = V1__TASK_STATUS__INIT;
    V1__TaskID id = V1__TASK_ID__INIT;

    id.value = (char *) task;
    status.task_id = &id;
    status.state = state;
    mesos_executor_driver_send_status_update(run->driver, &status);
}

static void
on_launch(struct mesos_executor_driver *driver, void *aux,
          const V1__TaskInfo *task)
{
    struct run *run = aux;
    autofree char *text =
        xasprintf("%.*s", (int) task->data.len, (const char *) task->data.data);
    char *argv[] = { (char *) "sh", (char *) "-c", text, NULL };
    const char *id = task->task_id->value;
    struct command *command = xcalloc(1, sizeof *command);

    (void) driver;
    pthread_mutex_lock(&run->mutex);
    if (posix_spawn(&command->pid, "/bin/sh", NULL, NULL, argv, environ)) {
        send_state(run, id, V1__TASK_STATE__TASK_FAILED);
        free(command);
    } else {
        command->task = xstrdup(id);
        HASH_ADD(hh, run->commands, pid, sizeof command->pid, command);
        send_state(run, id, V1__TASK_STATE__TASK_RUNNING);
    }
    pthread_mutex_unlock(&run->mutex);
}

static void
kill_command(struct command *command)
{
    command->killed = true;
    kill(command->pid, SIGKILL);
}

static void
on_kill(struct mesos_executor_driver *driver, void *aux, const V1__TaskID *id,
        const V1__KillPolicy *policy)
{
    struct run *run = aux;

    (void) driver;
    (void) policy;
    pthread_mutex_lock(&run->mutex);
    for (struct command *c = run->commands; c; c = c->hh.next) {
        if (!strcmp(c->task, id->value)) {
            kill_command(c);
        }
    }
    pthread_mutex_unlock(&run->mutex);
}

static void
on_shutdown(struct mesos_executor_driver *driver, void *aux)
{
    struct run *run = aux;

    (void) driver;
    pthread_mutex_lock(&run->mutex);
    for (struct command *c = run->commands; c; c = c->hh.next) {
        kill_command(c);
    }
    pthread_mutex_unlock(&run->mutex);
}

static void
end_command(struct run *run, pid_t pid, int status)
{
    struct command *c;

    pthread_mutex_lock(&run->mutex);
    HASH_FIND(hh, run->commands, &pid, sizeof pid, c);
    if (c) {
        send_state(run, c->task,
                   c->killed ? V1__TASK_STATE__TASK_KILLED
                   : status == 0 ? V1__TASK_STATE__TASK_FINISHED
                   : V1__TASK_STATE__TASK_FAILED);
        HASH_DEL(run->commands, c);
        free(c->task);
        free(c);
    }
    pthread_mutex_unlock(&run->mutex);
}

/* Until the driver is stopped: by a shutdown, or since the agent is gone. */
static void
wait_for_commands(struct run *run, const sigset_t *signals)
{
    while (mesos_executor_driver_start(run->driver) == MESOS_DRIVER_RUNNING) {
        struct timespec wait = { .tv_sec = 1 };
        int status;
        pid_t pid;

        (void) sigtimedwait(signals, NULL, &wait);
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            end_command(run, pid, status);
        }
    }
}

int
main(void)
{
    static const struct mesos_executor_callbacks callbacks = {
        .size = sizeof callbacks,
        .launch_task = on_launch,
        .kill_task = on_kill,
        .shutdown = on_shutdown,
    };
    struct run run = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct mesos_executor_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = &run,
    };
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    run.driver = mesos_executor_driver_create(&options);
    wait_for_commands(&run, &signals);
    (void) mesos_executor_driver_join(run.driver);
    mesos_executor_driver_destroy(run.driver);
    return EXIT_SUCCESS;
}
