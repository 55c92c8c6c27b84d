/* SPDX-License-Identifier: Apache-2.0
 *
 * scheduler.h - the scheduler driver: how a framework speaks with a master.
 *
 * A framework says what it wants to hear in a table of callbacks, creates a
 * driver, and runs it:
 *
 *     static const struct mesos_scheduler_callbacks callbacks = {
 *         .size = sizeof callbacks,
 *         .registered = on_registered,
 *         .resource_offers = on_resource_offers,
 *         .status_update = on_status_update,
 *     };
 *
 *     struct mesos_scheduler_options options = {
 *         .size = sizeof options,
 *         .callbacks = &callbacks, .user = &my_state,
 *         .framework = &info, .master = "10.0.0.1:5050",
 *     };
 *     struct mesos_scheduler_driver *driver =
 *         mesos_scheduler_driver_create(&options);
 *     enum mesos_status status = mesos_scheduler_driver_run(driver);
 *
 *     mesos_scheduler_driver_destroy(driver);
 *
 * The driver finds the master, subscribes, tries again with growing pauses
 * when it gets no answer, and subscribes again after the connection was lost.
 *
 * Callbacks run one at a time, in order, on a thread of the library.  They may
 * take their time: the connection is served meanwhile.
 *
 * Thread-safety: any thread, callbacks included, may call any function but
 * mesos_scheduler_driver_destroy() and mesos_scheduler_driver_join(), which
 * wait and are for threads outside of callbacks; destroy comes last.  Calls
 * made by one thread keep their order.  A process may have several drivers;
 * each has threads and a port of its own.
 *
 * A process may fork while its driver runs.  A child that calls exec()
 * inherits nothing of it.  One that does not must call no function of the
 * driver, which has no threads there, and leave by _exit(); the parent's
 * driver is not disturbed.
 *
 * The environment: LIBPROCESS_IP and LIBPROCESS_PORT say where to listen
 * (default: any address, any free port), LIBPROCESS_ADVERTISE_IP and
 * LIBPROCESS_ADVERTISE_PORT what to tell the master instead of that;
 * MESOS_REGISTRATION_BACKOFF_FACTOR the first pause between two attempts to
 * subscribe (default 2secs).  Log lines go to standard error, in glog's form;
 * MESOS_QUIET, MESOS_LOGGING_LEVEL, MESOS_LOG_DIR and MESOS_LOGBUFSECS change
 * that, GLOG_v makes them more, and MESOS_INITIALIZE_DRIVER_LOGGING=false is
 * for programs that have set up such a log themselves.  The first driver of a
 * process sets it up.
 *
 * (After SchedulerDriver in Mesos' include/mesos/scheduler.hpp.) */
#ifndef MESOS_SCHEDULER_H
#define MESOS_SCHEDULER_H 1

#include <mesos/mesos.h>
#include <mesos/v1/scheduler/scheduler.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mesos_scheduler_driver;

/* What a framework wants to hear.  Any of them may be NULL.  'user' is that of
 * the options.  All messages are loans for the call. */
struct mesos_scheduler_callbacks {
    size_t size;                /* sizeof this struct */

    /* The master knows the framework, under this id from now on. */
    void (*registered)(struct mesos_scheduler_driver *, void *user,
                       const V1__FrameworkID *, const V1__MasterInfo *);

    /* The same after a lost connection or with a new master.  Offers from
     * before are void; tasks go on. */
    void (*reregistered)(struct mesos_scheduler_driver *, void *user,
                         const V1__MasterInfo *);

    /* The master is out of reach.  The driver goes on trying. */
    void (*disconnected)(struct mesos_scheduler_driver *, void *user);

    /* Resources to be accepted or declined. */
    void (*resource_offers)(struct mesos_scheduler_driver *, void *user,
                            const V1__Offer *const *offers, size_t n_offers);

    /* An offer is no longer valid. */
    void (*offer_rescinded)(struct mesos_scheduler_driver *, void *user,
                            const V1__OfferID *);

    /* A task's state has changed.  With implicit acknowledgements the update
     * is acknowledged when this returns; with explicit ones the framework
     * calls mesos_scheduler_driver_acknowledge_status_update().  An update
     * that is not acknowledged comes again. */
    void (*status_update)(struct mesos_scheduler_driver *, void *user,
                          const V1__TaskStatus *);

    /* Data from an executor.  May be lost. */
    void (*framework_message)(struct mesos_scheduler_driver *, void *user,
                              const V1__ExecutorID *, const V1__AgentID *,
                              const void *data, size_t size);

    /* An agent is gone, with its tasks and offers. */
    void (*agent_lost)(struct mesos_scheduler_driver *, void *user,
                       const V1__AgentID *);

    /* An executor has ended; 'status' is as waitpid() gives it. */
    void (*executor_lost)(struct mesos_scheduler_driver *, void *user,
                          const V1__ExecutorID *, const V1__AgentID *,
                          int status);

    /* Something that cannot be mended.  The driver is aborted already. */
    void (*error)(struct mesos_scheduler_driver *, void *user,
                  const char *message);

    /* Agents will be away: the framework is asked to leave each of them by
     * then, and answers by accept_inverse_offers or decline_inverse_offers.
     * Nothing is enforced; who does not answer is asked once. */
    void (*inverse_offers)(struct mesos_scheduler_driver *, void *user,
                           const V1__InverseOffer *const *inverse_offers,
                           size_t n_inverse_offers);

    /* An inverse offer need not be answered any more. */
    void (*inverse_offer_rescinded)(struct mesos_scheduler_driver *,
                                    void *user, const V1__OfferID *);
};

struct mesos_scheduler_options {
    size_t size;                /* sizeof this struct */
    const struct mesos_scheduler_callbacks *callbacks;  /* copied */
    void *user;

    /* Who the framework is; copied.  An empty 'user' becomes the user that
     * runs this program, an absent 'hostname' the name of this host.  With an
     * 'id' it takes over from an earlier run of itself. */
    const V1__FrameworkInfo *framework;

    /* "host:port", "master@host:port", or "file://path" of a file that has one
     * of these; copied. */
    const char *master;

    /* The framework acknowledges status updates itself. */
    bool explicit_acknowledgements;

    /* Roles that want no offers at first; copied. */
    const char *const *suppressed_roles;
    size_t n_suppressed_roles;
};

/* A driver that has not been started.  Never NULL: what is wrong with the
 * options is said by start, through the error callback. */
MESOS_API struct mesos_scheduler_driver *
mesos_scheduler_driver_create(const struct mesos_scheduler_options *);

/* Ends the driver, waits for a callback that may still run, and frees it.  A
 * running driver is stopped as with failover, so that its tasks live on if
 * the framework has a failover timeout.  What was to be said to the master has
 * been said when this returns.  Inside a callback of the driver it says so in
 * the log and does nothing.  NULL is fine. */
MESOS_API void
mesos_scheduler_driver_destroy(struct mesos_scheduler_driver *);

/* --- life --- */

/* Not started: RUNNING, or ABORTED with the error callback having been called
 * with the reason.  Otherwise the present status. */
MESOS_API enum mesos_status
mesos_scheduler_driver_start(struct mesos_scheduler_driver *);

/* Ends it.  With 'failover' the framework only disconnects: its tasks go on
 * until its failover timeout, for a driver with the same id to take over.
 * Without, the master removes the framework and kills its tasks.  Returns
 * STOPPED, ABORTED if the driver was aborted before, or NOT_STARTED.  From
 * inside a callback, it was the last callback. */
MESOS_API enum mesos_status
mesos_scheduler_driver_stop(struct mesos_scheduler_driver *, bool failover);

/* Ends all callbacks.  The framework is offered nothing any more but stays
 * connected, and its tasks go on.  stop may still follow, and end them;
 * otherwise the framework disconnects when the driver is destroyed. */
MESOS_API enum mesos_status
mesos_scheduler_driver_abort(struct mesos_scheduler_driver *);

/* Waits until the driver has been stopped or aborted.  At once if it was not
 * started.  Inside a callback it would wait for itself: there it says so in the
 * log and returns at once. */
MESOS_API enum mesos_status
mesos_scheduler_driver_join(struct mesos_scheduler_driver *);

/* start and join. */
MESOS_API enum mesos_status
mesos_scheduler_driver_run(struct mesos_scheduler_driver *);

/* --- calls ---
 *
 * Each returns the driver's status; if that is not RUNNING, nothing was done.
 * They do not wait: what the master makes of a call comes as callbacks.
 * Without a connection to a master calls are dropped, but for those that say
 * otherwise.  All messages are copied. */

/* Tells the master what the framework wishes to be offered.  The master takes
 * note and does nothing: Mesos' own allocator never did. */
MESOS_API enum mesos_status
mesos_scheduler_driver_request_resources(struct mesos_scheduler_driver *,
                                         const V1__Request *const *requests,
                                         size_t n_requests);

/* Launches tasks on the resources of offers, all of one agent.  What is not
 * used is declined.  'filters' may be NULL.  Without a connection each task is
 * reported lost (dropped, to a framework that is PARTITION_AWARE). */
MESOS_API enum mesos_status
mesos_scheduler_driver_launch_tasks(struct mesos_scheduler_driver *,
                                    const V1__OfferID *const *offer_ids,
                                    size_t n_offer_ids,
                                    const V1__TaskInfo *const *tasks,
                                    size_t n_tasks, const V1__Filters *);

/* The general form: any operations, in order, on offers of one agent.
 * Operations must not have an 'id': their status updates are not for
 * drivers. */
MESOS_API enum mesos_status
mesos_scheduler_driver_accept_offers(struct mesos_scheduler_driver *,
                                     const V1__OfferID *const *offer_ids,
                                     size_t n_offer_ids,
                                     const V1__Offer__Operation *const *,
                                     size_t n_operations,
                                     const V1__Filters *);

/* Gives an offer back.  'filters' say for how long its resources are not to be
 * offered again; NULL: five seconds. */
MESOS_API enum mesos_status
mesos_scheduler_driver_decline_offer(struct mesos_scheduler_driver *,
                                     const V1__OfferID *,
                                     const V1__Filters *);

/* Tells operators that the framework will leave the agents of these inverse
 * offers in time, or that it will not.  It is not asked again for as long as
 * 'filters' say; NULL: five seconds. */
MESOS_API enum mesos_status
mesos_scheduler_driver_accept_inverse_offers(
    struct mesos_scheduler_driver *, const V1__OfferID *const *offer_ids,
    size_t n_offer_ids, const V1__Filters *);
MESOS_API enum mesos_status
mesos_scheduler_driver_decline_inverse_offers(
    struct mesos_scheduler_driver *, const V1__OfferID *const *offer_ids,
    size_t n_offer_ids, const V1__Filters *);

/* Asks for the end of a task; its last status update says that it has come.
 * What the master does not know it answers as reconcile_tasks does. */
MESOS_API enum mesos_status
mesos_scheduler_driver_kill_task(struct mesos_scheduler_driver *,
                                 const V1__TaskID *);

/* Removes the filters of earlier declines, and asks for offers again, for the
 * roles given; NULL: for all.  (An empty list that is not NULL does nothing.)
 * Remembered without a connection. */
MESOS_API enum mesos_status
mesos_scheduler_driver_revive_offers(struct mesos_scheduler_driver *,
                                     const char *const *roles,
                                     size_t n_roles);

/* No offers for these roles any more; NULL: for all.  (An empty list that is
 * not NULL does nothing.)  Remembered without a connection. */
MESOS_API enum mesos_status
mesos_scheduler_driver_suppress_offers(struct mesos_scheduler_driver *,
                                       const char *const *roles,
                                       size_t n_roles);

/* With explicit acknowledgements only.  Updates without a 'uuid' need none. */
MESOS_API enum mesos_status
mesos_scheduler_driver_acknowledge_status_update(
    struct mesos_scheduler_driver *, const V1__TaskStatus *);

/* Data for an executor.  May be lost. */
MESOS_API enum mesos_status
mesos_scheduler_driver_send_framework_message(struct mesos_scheduler_driver *,
                                              const V1__ExecutorID *,
                                              const V1__AgentID *,
                                              const void *data, size_t size);

/* Asks for the present state of these tasks; of all, if none are given. */
MESOS_API enum mesos_status
mesos_scheduler_driver_reconcile_tasks(struct mesos_scheduler_driver *,
                                       const V1__TaskStatus *const *statuses,
                                       size_t n_statuses);

/* Changes what the master knows of the framework.  Only once registered, and
 * with the same 'id'; otherwise the driver is aborted with an error.  'user'
 * and 'hostname' may be left out as with create, but not be changed.
 * Remembered without a connection.  Constraints may be NULL. */
MESOS_API enum mesos_status
mesos_scheduler_driver_update_framework(struct mesos_scheduler_driver *,
                                        const V1__FrameworkInfo *,
                                        const char *const *suppressed_roles,
                                        size_t n_suppressed_roles,
                                        const Scheduler__OfferConstraints *);

#ifdef __cplusplus
}
#endif

#endif /* MESOS_SCHEDULER_H */
