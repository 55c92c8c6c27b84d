/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.h - the executor driver: how a program that runs tasks speaks with
 * its agent.
 *
 * The agent starts the executor, with an environment that says where the agent
 * is, when the first of its tasks comes.  The executor says what it wants to
 * hear in a table of callbacks, creates a driver, and runs it:
 *
 *     static const struct mesos_executor_callbacks callbacks = {
 *         .size = sizeof callbacks,
 *         .launch_task = on_launch_task,
 *         .kill_task = on_kill_task,
 *     };
 *
 *     struct mesos_executor_options options = {
 *         .size = sizeof options,
 *         .callbacks = &callbacks, .user = &my_state,
 *     };
 *     struct mesos_executor_driver *driver =
 *         mesos_executor_driver_create(&options);
 *     enum mesos_status status = mesos_executor_driver_run(driver);
 *
 *     mesos_executor_driver_destroy(driver);
 *
 * The driver keeps each status update until the agent has acknowledged it.  If
 * the agent goes away, an executor whose framework has checkpoints waits for
 * it to come back; any other is shut down.  Some time after a shutdown the
 * process group is killed.
 *
 * Callbacks run one at a time, in order, on a thread of the library.  They may
 * take their time: the connection is served meanwhile.
 *
 * Thread-safety: any thread, callbacks included, may call any function but
 * mesos_executor_driver_destroy(), which is for threads outside of callbacks
 * and comes last.  Calls made by one thread keep their order.
 *
 * A process may fork while its driver runs.  A child that calls exec()
 * inherits nothing of it.  One that does not must call no function of the
 * driver, which has no threads there, and leave by _exit(); the parent's
 * driver is not disturbed.
 *
 * The environment, as the agent sets it: MESOS_SLAVE_PID, MESOS_SLAVE_ID,
 * MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, MESOS_DIRECTORY, MESOS_CHECKPOINT,
 * MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD, MESOS_RECOVERY_TIMEOUT,
 * MESOS_SUBSCRIPTION_BACKOFF_MAX; LIBPROCESS_IP and LIBPROCESS_PORT say where
 * to listen, LIBPROCESS_ADVERTISE_IP and LIBPROCESS_ADVERTISE_PORT what to
 * tell the agent instead of that.  With MESOS_LOCAL set, the process group is
 * left alone.
 *
 * (After ExecutorDriver in Mesos' include/mesos/executor.hpp.) */
#ifndef MESOS_EXECUTOR_H
#define MESOS_EXECUTOR_H 1

#include <mesos/mesos.h>
#include <mesos/v1/executor/executor.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mesos_executor_driver;

/* What an executor wants to hear.  Any of them may be NULL.  'user' is that of
 * the options.  All messages are loans for the call. */
struct mesos_executor_callbacks {
    size_t size;                /* sizeof this struct */

    /* The agent knows the executor. */
    void (*registered)(struct mesos_executor_driver *, void *user,
                       const V1__ExecutorInfo *, const V1__FrameworkInfo *,
                       const V1__AgentInfo *);

    /* The same after the agent was away. */
    void (*reregistered)(struct mesos_executor_driver *, void *user,
                         const V1__AgentInfo *);

    /* The agent is out of reach.  It comes back, or a shutdown follows. */
    void (*disconnected)(struct mesos_executor_driver *, void *user);

    /* A task to run; to be answered with status updates. */
    void (*launch_task)(struct mesos_executor_driver *, void *user,
                        const V1__TaskInfo *);

    /* Tasks to run together.  Without this callback each of them goes to
     * launch_task. */
    void (*launch_task_group)(struct mesos_executor_driver *, void *user,
                              const V1__TaskGroupInfo *);

    /* A task to end; its last update says that it has.  The policy may be
     * NULL. */
    void (*kill_task)(struct mesos_executor_driver *, void *user,
                      const V1__TaskID *, const V1__KillPolicy *);

    /* Data from the scheduler.  May be lost. */
    void (*framework_message)(struct mesos_executor_driver *, void *user,
                              const void *data, size_t size);

    /* End all tasks, now.  The driver stops when this returns, once their last
     * updates have been acknowledged. */
    void (*shutdown)(struct mesos_executor_driver *, void *user);

    /* Something that cannot be mended.  The driver is aborted already. */
    void (*error)(struct mesos_executor_driver *, void *user,
                  const char *message);
};

struct mesos_executor_options {
    size_t size;                /* sizeof this struct */
    const struct mesos_executor_callbacks *callbacks;   /* copied */
    void *user;
};

/* A driver that has not been started.  Never NULL: what is wrong with the
 * environment is said by start, through the error callback. */
MESOS_API struct mesos_executor_driver *
mesos_executor_driver_create(const struct mesos_executor_options *);

/* Ends the driver, waits for a callback that may still run, and frees it.
 * NULL is fine. */
MESOS_API void mesos_executor_driver_destroy(struct mesos_executor_driver *);

/* Not started: RUNNING, or ABORTED with the error callback having been called
 * with the reason.  Otherwise the present status. */
MESOS_API enum mesos_status
mesos_executor_driver_start(struct mesos_executor_driver *);

/* Ends it: no callbacks follow, and join returns once the agent has
 * acknowledged the updates sent so far, or five seconds later.  Returns
 * STOPPED, ABORTED if the driver was aborted before, or NOT_STARTED. */
MESOS_API enum mesos_status
mesos_executor_driver_stop(struct mesos_executor_driver *);

/* Ends all callbacks and drops what is sent afterwards. */
MESOS_API enum mesos_status
mesos_executor_driver_abort(struct mesos_executor_driver *);

/* Waits until the driver has been stopped or aborted.  At once if it was not
 * started.  Not from inside a callback. */
MESOS_API enum mesos_status
mesos_executor_driver_join(struct mesos_executor_driver *);

/* start and join. */
MESOS_API enum mesos_status
mesos_executor_driver_run(struct mesos_executor_driver *);

/* Tells the scheduler the state of a task.  The status is copied; its uuid,
 * timestamp, source and ids are filled in.  Returns the driver's status; if
 * that is not RUNNING, nothing was done. */
MESOS_API enum mesos_status
mesos_executor_driver_send_status_update(struct mesos_executor_driver *,
                                         const V1__TaskStatus *);

/* Data for the scheduler.  May be lost. */
MESOS_API enum mesos_status
mesos_executor_driver_send_framework_message(struct mesos_executor_driver *,
                                             const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* MESOS_EXECUTOR_H */
