/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.c - an executor that answers each task with a line of output.
 *
 *     cc -o my-executor executor.c $(pkg-config --cflags --libs mesos)
 *
 * A task names it as its executor's command; its data is what is printed.
 * Tasks end at once, so there is nothing to kill. */
#include <mesos/executor.h>

#include <stdio.h>

static void
send_state(struct mesos_executor_driver *driver, const V1__TaskInfo *task,
           V1__TaskState state, const char *text)
{
    V1__TaskStatus status = V1__TASK_STATUS__INIT;

    status.task_id = task->task_id;
    status.state = state;
    status.message = (char *) text;
    mesos_executor_driver_send_status_update(driver, &status);
}

static void
on_registered(struct mesos_executor_driver *driver, void *user,
              const V1__ExecutorInfo *executor,
              const V1__FrameworkInfo *framework, const V1__AgentInfo *agent)
{
    (void) driver;
    (void) user;
    printf("executor '%s' of '%s' on %s\n", executor->executor_id->value,
           framework->name, agent->hostname);
    fflush(stdout);
}

static void
on_launch_task(struct mesos_executor_driver *driver, void *user,
               const V1__TaskInfo *task)
{
    (void) user;
    send_state(driver, task, V1__TASK_STATE__TASK_RUNNING, NULL);
    printf("%s: %.*s\n", task->task_id->value, (int) task->data.len,
           (const char *) task->data.data);
    fflush(stdout);
    send_state(driver, task, V1__TASK_STATE__TASK_FINISHED, "said it");
}

static void
on_framework_message(struct mesos_executor_driver *driver, void *user,
                     const void *data, size_t size)
{
    (void) user;
    mesos_executor_driver_send_framework_message(driver, data, size);
}

static void
on_error(struct mesos_executor_driver *driver, void *user,
         const char *message)
{
    (void) driver;
    (void) user;
    fprintf(stderr, "%s\n", message);
}

int
main(void)
{
    static const struct mesos_executor_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .launch_task = on_launch_task,
        .framework_message = on_framework_message,
        .error = on_error,
    };
    struct mesos_executor_options options = {
        .size = sizeof options, .callbacks = &callbacks,
    };
    struct mesos_executor_driver *driver =
        mesos_executor_driver_create(&options);
    enum mesos_status status = mesos_executor_driver_run(driver);

    mesos_executor_driver_destroy(driver);
    return status == MESOS_DRIVER_STOPPED ? 0 : 1;
}
