/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.c - the scheduler driver as an application sees it.
 *
 * Here is the status and who may do what in it; everything else is handed to
 * the scheduler's actor.
 *
 * Thread: any; 'status' is guarded by the mutex.  The mutex is not held while
 * callbacks run, but for those of a start that fails. */
#include <config.h>

#include <mesos/scheduler.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/log_environment.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/uuid.h>

#include "election/address_detector.h"
#include "election/master_url.h"
#include "proto/messages.h"
#include "scheduler-driver/callbacks.h"
#include "scheduler-driver/calls.h"
#include "scheduler-driver/driver.h"
#include "scheduler-driver/environment.h"

/* Frames what must not be overlooked. */
#define ASTERISKS "**************************************************"

/* --- creating --- */

/* What an application may leave to us. */
static void
fill_in(struct message *m, V1__FrameworkInfo *framework)
{
    if (!framework->user || framework->user[0] == '\0') {
        autofree char *user = environment_user();

        framework->user = message_strdup(m, user);
    }
    if (!framework->hostname || framework->hostname[0] == '\0') {
        autofree char *hostname = environment_hostname();

        framework->hostname = message_strdup(m, hostname);
    }
}

static struct message *
copy_framework(const V1__FrameworkInfo *source)
{
    struct message *m = message_clone(&source->base);
    V1__FrameworkInfo *framework = message_root(m);

    fill_in(m, framework);
    if (framework->id && framework->id->value[0] == '\0') {
        framework->id = NULL;
    }
    return m;
}

/* As much of the caller's struct as it has and we know. */
static void
copy_sized(void *to, size_t to_size, const void *from, size_t from_size)
{
    memcpy(to, from, from_size < to_size ? from_size : to_size);
}

struct mesos_scheduler_driver *
mesos_scheduler_driver_create(const struct mesos_scheduler_options *given)
{
    struct mesos_scheduler_driver *driver = xcalloc(1, sizeof *driver);
    struct mesos_scheduler_options options = { 0 };

    copy_sized(&options, sizeof options, given, given->size);
    if (options.callbacks) {
        copy_sized(&driver->callbacks, sizeof driver->callbacks,
                   options.callbacks, options.callbacks->size);
    }
    driver->user = options.user;
    driver->explicit_acknowledgements = options.explicit_acknowledgements;
    driver->framework =
        options.framework ? copy_framework(options.framework) : NULL;
    driver->master = options.master ? xstrdup(options.master) : NULL;
    for (size_t i = 0; i < options.n_suppressed_roles; i++) {
        role_set_add(&driver->suppressed_roles, options.suppressed_roles[i]);
    }
    driver->gate = actor_gate_create();
    driver->mutex = actor_mutex_create();
    driver->status = MESOS_DRIVER_NOT_STARTED;
    return driver;
}

void
mesos_scheduler_driver_destroy(struct mesos_scheduler_driver *driver)
{
    if (!driver) {
        return;
    }
    if (callback_is_running(driver)) {
        log_error("mesos_scheduler_driver_destroy() was called in a callback "
                  "of the driver, which it would wait for: nothing is done");
        return;
    }
    if (driver_is_running(driver)) {
        (void) mesos_scheduler_driver_stop(driver, true);
    }
    if (driver->system) {
        (void) actor_gate_wait(driver->gate, DURATION_FOREVER);
    }
    actor_system_destroy(driver->system);
    message_unref(driver->framework);
    free(driver->master);
    role_set_fini(&driver->suppressed_roles);
    actor_gate_destroy(driver->gate);
    actor_mutex_destroy(driver->mutex);
    free(driver);
}

/* --- status --- */

bool
driver_is_running(struct mesos_scheduler_driver *driver)
{
    actor_mutex_lock(driver->mutex);
    bool is_running = driver->status == MESOS_DRIVER_RUNNING;

    actor_mutex_unlock(driver->mutex);
    return is_running;
}

bool
driver_set_aborted(struct mesos_scheduler_driver *driver)
{
    actor_mutex_lock(driver->mutex);
    bool was_running = driver->status == MESOS_DRIVER_RUNNING;

    if (was_running) {
        driver->status = MESOS_DRIVER_ABORTED;
    }
    actor_mutex_unlock(driver->mutex);
    return was_running;
}

void
driver_post_call(struct mesos_scheduler_driver *driver, struct message **call)
{
    metric_add(driver->n_calls, 1);
    scheduler_post_call(driver->system, &driver->scheduler, call);
}

/* --- starting --- */

/* Drivers come and go in one process, and masters tell them apart by this. */
static void
make_id(struct actor_system *system, char id[UPID_ID_MAX + 1])
{
    struct uuid uuid;

    actor_system_random_uuid(system, &uuid);
    snprintf(id, UPID_ID_MAX + 1, "scheduler-%s", UUID_TEXT(&uuid));
}

static struct error *
start_system(struct mesos_scheduler_driver *driver)
{
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = proto_messages,
        .n_messages = proto_n_messages,
    };
    struct error *error = environment_address(&options);

    if (!error) {
        error = actor_system_create(&options, &driver->system);
    }
    if (!error && address_is_loopback(actor_system_address(driver->system))) {
        log_warn("\n" ASTERISKS "\n"
                 "Scheduler driver bound to loopback interface! Cannot "
                 "communicate with remote master(s). You might want to set "
                 "'LIBPROCESS_IP' environment variable to use a routable IP "
                 "address.\n" ASTERISKS);
    }
    return error;
}

static struct error *
start_scheduler(struct mesos_scheduler_driver *driver,
                const struct upid *detector, int64_t backoff_ns)
{
    struct scheduler_options options = {
        .driver = driver,
        .detector = detector,
        .framework = driver->framework,
        .suppressed_roles = &driver->suppressed_roles,
        .backoff_ns = backoff_ns,
    };
    char id[UPID_ID_MAX + 1];
    struct error *error;

    /* Its callbacks may begin before the spawn returns, and use the name. */
    make_id(driver->system, id);
    error = actor_system_upid(driver->system, id, &driver->scheduler);
    return error ? error
                 : scheduler_spawn(driver->system, id, &options, NULL);
}

static struct error *
start_log(const struct mesos_scheduler_driver *driver)
{
    const V1__FrameworkInfo *framework = message_root(driver->framework);
    struct error *error = log_init_from_environment(framework->name, "MESOS_");

    if (!error) {
        log_info("Version: %s", mesos_api_version());
    }
    return error;
}

static struct error *
read_master(const char *master, struct master_url *ret)
{
    struct error *error = master_url_load(master, ret);

    if (error) {
        autofree char *shown = master_url_redact(master);

        error = error_wrap(error, "Failed to create a master detector for "
                           "'%s'", shown);
    }
    return error;
}

static struct error *
start(struct mesos_scheduler_driver *driver)
{
    struct address_detector_options master = { 0 };
    struct master_url url;
    struct upid detector;
    int64_t backoff_ns = 0;
    struct error *error;

    if (!driver->framework || !driver->master) {
        return error_create(ERROR_INVALID, "The framework and the master have "
                            "to be given");
    }
    error = start_log(driver);
    if (!error) {
        error = environment_flags(&backoff_ns);
    }
    if (error) {
        return error;
    }
    error = read_master(driver->master, &url);
    if (!error) {
        error = start_system(driver);
    }
    if (!error) {
        master.url = &url;
        error = address_detector_start(driver->system, &master, &detector);
    }
    return error ? error : start_scheduler(driver, &detector, backoff_ns);
}

enum mesos_status
mesos_scheduler_driver_start(struct mesos_scheduler_driver *driver)
{
    autoerror *error = NULL;

    actor_mutex_lock(driver->mutex);
    if (driver->status == MESOS_DRIVER_NOT_STARTED) {
        error = start(driver);
        driver->status = error ? MESOS_DRIVER_ABORTED : MESOS_DRIVER_RUNNING;
        driver->has_scheduler = !error;
    }
    enum mesos_status status = driver->status;

    actor_mutex_unlock(driver->mutex);
    if (error) {
        actor_gate_open(driver->gate);
        log_error("%s", error_text(error));
        if (driver->callbacks.error) {
            driver->callbacks.error(driver, driver->user, error_text(error));
        }
    }
    return status;
}

/* --- ending --- */

enum mesos_status
mesos_scheduler_driver_stop(struct mesos_scheduler_driver *driver,
                            bool failover)
{
    log_info("Asked to stop the driver");
    actor_mutex_lock(driver->mutex);
    enum mesos_status before = driver->status;

    if (before == MESOS_DRIVER_RUNNING || before == MESOS_DRIVER_ABORTED) {
        driver->status = MESOS_DRIVER_STOPPED;
        if (driver->has_scheduler) {
            scheduler_post_stop(driver->system, &driver->scheduler,
                                failover ? SCHEDULER_FAILOVER
                                         : SCHEDULER_TEARDOWN);
        }
    }
    actor_mutex_unlock(driver->mutex);
    return before == MESOS_DRIVER_RUNNING ? MESOS_DRIVER_STOPPED : before;
}

enum mesos_status
mesos_scheduler_driver_abort(struct mesos_scheduler_driver *driver)
{
    log_info("Asked to abort the driver");
    actor_mutex_lock(driver->mutex);
    if (driver->status == MESOS_DRIVER_RUNNING) {
        driver->status = MESOS_DRIVER_ABORTED;
        scheduler_post_stop(driver->system, &driver->scheduler,
                            SCHEDULER_ABORT);
    }
    enum mesos_status status = driver->status;

    actor_mutex_unlock(driver->mutex);
    return status;
}

static enum mesos_status
status_of(struct mesos_scheduler_driver *driver)
{
    actor_mutex_lock(driver->mutex);
    enum mesos_status status = driver->status;

    actor_mutex_unlock(driver->mutex);
    return status;
}

enum mesos_status
mesos_scheduler_driver_join(struct mesos_scheduler_driver *driver)
{
    if (callback_is_running(driver)) {
        log_error("mesos_scheduler_driver_join() was called in a callback of "
                  "the driver, which it may have to wait for: it does not "
                  "wait");
    } else if (status_of(driver) != MESOS_DRIVER_NOT_STARTED) {
        (void) actor_gate_wait(driver->gate, DURATION_FOREVER);
    }
    return status_of(driver);
}

enum mesos_status
mesos_scheduler_driver_run(struct mesos_scheduler_driver *driver)
{
    enum mesos_status status = mesos_scheduler_driver_start(driver);

    return status == MESOS_DRIVER_RUNNING
               ? mesos_scheduler_driver_join(driver)
               : status;
}

/* --- calls --- */

/* Hands on what 'create' makes, unless the driver does not run. */
#define POST(driver, create) \
    ({ \
        actor_mutex_lock((driver)->mutex); \
        enum mesos_status post_status_ = (driver)->status; \
        if (post_status_ == MESOS_DRIVER_RUNNING) { \
            struct message *post_call_ = (create); \
            if (post_call_) { \
                driver_post_call((driver), &post_call_); \
            } \
        } \
        actor_mutex_unlock((driver)->mutex); \
        post_status_; \
    })

enum mesos_status
mesos_scheduler_driver_request_resources(struct mesos_scheduler_driver *driver,
                                         const V1__Request *const *requests,
                                         size_t n_requests)
{
    return POST(driver, call_create_request(requests, n_requests));
}

enum mesos_status
mesos_scheduler_driver_launch_tasks(struct mesos_scheduler_driver *driver,
                                    const V1__OfferID *const *offer_ids,
                                    size_t n_offer_ids,
                                    const V1__TaskInfo *const *tasks,
                                    size_t n_tasks, const V1__Filters *filters)
{
    return POST(driver, call_create_launch(offer_ids, n_offer_ids, tasks,
                                           n_tasks, filters));
}

enum mesos_status
mesos_scheduler_driver_accept_offers(
    struct mesos_scheduler_driver *driver, const V1__OfferID *const *offer_ids,
    size_t n_offer_ids, const V1__Offer__Operation *const *operations,
    size_t n_operations, const V1__Filters *filters)
{
    return POST(driver,
                call_create_accept(offer_ids, n_offer_ids, operations,
                                   n_operations, filters));
}

enum mesos_status
mesos_scheduler_driver_decline_offer(struct mesos_scheduler_driver *driver,
                                     const V1__OfferID *offer_id,
                                     const V1__Filters *filters)
{
    return POST(driver, call_create_decline(offer_id, filters));
}

enum mesos_status
mesos_scheduler_driver_accept_inverse_offers(
    struct mesos_scheduler_driver *driver, const V1__OfferID *const *offer_ids,
    size_t n_offer_ids, const V1__Filters *filters)
{
    return POST(driver, call_create_accept_inverse(offer_ids, n_offer_ids,
                                                   filters));
}

enum mesos_status
mesos_scheduler_driver_decline_inverse_offers(
    struct mesos_scheduler_driver *driver, const V1__OfferID *const *offer_ids,
    size_t n_offer_ids, const V1__Filters *filters)
{
    return POST(driver, call_create_decline_inverse(offer_ids, n_offer_ids,
                                                    filters));
}

enum mesos_status
mesos_scheduler_driver_kill_task(struct mesos_scheduler_driver *driver,
                                 const V1__TaskID *task_id)
{
    return POST(driver, call_create_kill(task_id));
}

enum mesos_status
mesos_scheduler_driver_revive_offers(struct mesos_scheduler_driver *driver,
                                     const char *const *roles, size_t n_roles)
{
    if (roles && n_roles == 0) {
        return status_of(driver);
    }
    return POST(driver, call_create_revive(roles, n_roles));
}

enum mesos_status
mesos_scheduler_driver_suppress_offers(struct mesos_scheduler_driver *driver,
                                       const char *const *roles,
                                       size_t n_roles)
{
    if (roles && n_roles == 0) {
        return status_of(driver);
    }
    return POST(driver, call_create_suppress(roles, n_roles));
}

enum mesos_status
mesos_scheduler_driver_acknowledge_status_update(
    struct mesos_scheduler_driver *driver, const V1__TaskStatus *status)
{
    /* A mistake in the framework's code, which Mesos answers with abort(). */
    if (!driver->explicit_acknowledgements) {
        log_error("Cannot call acknowledgeStatusUpdate: Implicit "
                  "acknowledgements are enabled");
        return status_of(driver);
    }
    return POST(driver, call_create_acknowledge(status));
}

enum mesos_status
mesos_scheduler_driver_send_framework_message(
    struct mesos_scheduler_driver *driver, const V1__ExecutorID *executor_id,
    const V1__AgentID *agent_id, const void *data, size_t size)
{
    return POST(driver,
                call_create_message(executor_id, agent_id, data, size));
}

enum mesos_status
mesos_scheduler_driver_reconcile_tasks(struct mesos_scheduler_driver *driver,
                                       const V1__TaskStatus *const *statuses,
                                       size_t n_statuses)
{
    return POST(driver, call_create_reconcile(statuses, n_statuses));
}

static struct message *
create_update(const V1__FrameworkInfo *framework,
              const char *const *suppressed_roles, size_t n_suppressed_roles,
              const Scheduler__OfferConstraints *constraints)
{
    struct message *m = call_create_update(framework, suppressed_roles,
                                           n_suppressed_roles, constraints);
    Scheduler__Call *call = message_root(m);

    fill_in(m, call->update_framework->framework_info);
    return m;
}

enum mesos_status
mesos_scheduler_driver_update_framework(
    struct mesos_scheduler_driver *driver, const V1__FrameworkInfo *framework,
    const char *const *suppressed_roles, size_t n_suppressed_roles,
    const Scheduler__OfferConstraints *constraints)
{
    return POST(driver, create_update(framework, suppressed_roles,
                                      n_suppressed_roles, constraints));
}
