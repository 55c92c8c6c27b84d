/* SPDX-License-Identifier: Apache-2.0
 *
 * framework.c - the framework of a cluster.
 *
 * The actor of the scheduler driver runs in the system of a process; the
 * driver around it, which would make a system with threads, is set up by hand.
 * What the framework knows of its tasks outlives the process, as it would on a
 * disk.
 *
 * If there are two schedulers, one leads: it is the 'framework' of the
 * cluster, with its 'driver'.  The other one ends as soon as it starts, and is
 * started again, until there is none that leads or that one has to give way.
 * Who led before goes on, as one does that has been cut off, until its driver
 * is told. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "election/address_detector.h"
#include "model/task_state.h"
#include "proto/messages.h"
#include "scheduler-driver/driver.h"
#include "tests/cluster/private.h"

#define MAX_PER_OFFER CLUSTER_AGENT_CPUS
#define TASK_MEM 32

/* --- tasks --- */

struct cluster_task *
cluster_find_task(struct cluster *c, const char *id)
{
    vec_foreach (&c->tasks, it) {
        if (!strcmp((*it)->id, id)) {
            return *it;
        }
    }
    return NULL;
}

struct cluster_task *
cluster_task(struct cluster *c, const char *id)
{
    struct cluster_task *task = cluster_find_task(c, id);

    CHECK(task != NULL, "there is no task '%s'", id);
    return task;
}

void
cluster_launch(struct cluster *c, const char *id, const char *command)
{
    struct cluster_task *task = xcalloc(1, sizeof *task);

    CHECK(!cluster_find_task(c, id));
    task->id = xstrdup(id);
    task->command = xstrdup(command);
    vec_push(&c->tasks, task);
    if (c->driver) {
        mesos_scheduler_driver_revive_offers(c->driver, NULL, 0);
        sim_process_touch(c->framework);
    }
}

void
cluster_kill_task(struct cluster *c, const char *task)
{
    V1__TaskID id = V1__TASK_ID__INIT;

    if (c->driver) {
        id.value = (char *) task;
        mesos_scheduler_driver_kill_task(c->driver, &id);
        sim_process_touch(c->framework);
    }
}

bool
cluster_is_launched(struct cluster *c, const char *task)
{
    return cluster_task(c, task)->is_launched;
}

void
cluster_reconcile_task(struct cluster *c, const char *task)
{
    V1__TaskID id = V1__TASK_ID__INIT;
    V1__TaskStatus status = V1__TASK_STATUS__INIT;
    const V1__TaskStatus *statuses = &status;

    if (c->driver) {
        id.value = (char *) task;
        status.task_id = &id;
        mesos_scheduler_driver_reconcile_tasks(c->driver, &statuses, 1);
        sim_process_touch(c->framework);
    }
}

static struct cluster_task *
next_waiting(struct cluster *c)
{
    vec_foreach (&c->tasks, it) {
        if (!(*it)->is_launched && (*it)->group == 0) {
            return *it;
        }
    }
    return NULL;
}

/* --- offers --- */

static double
scalar(const V1__Offer *offer, const char *name)
{
    for (size_t i = 0; i < offer->n_resources; i++) {
        if (!strcmp(offer->resources[i]->name, name)) {
            return offer->resources[i]->scalar->value;
        }
    }
    return 0;
}

/* A task with all it points to. */
struct task_info {
    V1__TaskInfo info;
    V1__TaskID id;
    V1__CommandInfo command;
    V1__Value__Scalar cpus_value, mem_value;
    V1__Resource cpus, mem;
    V1__Resource *resources[2];
};

static void
set_resource(V1__Resource *r, V1__Value__Scalar *s, const char *name,
             double value)
{
    v1__resource__init(r);
    v1__value__scalar__init(s);
    s->value = value;
    r->name = (char *) name;
    r->type = V1__VALUE__TYPE__SCALAR;
    r->scalar = s;
}

static void
fill_in(struct task_info *t, const struct cluster_task *task,
        const V1__Offer *offer)
{
    v1__task_info__init(&t->info);
    v1__task_id__init(&t->id);
    v1__command_info__init(&t->command);
    set_resource(&t->cpus, &t->cpus_value, "cpus", 1);
    set_resource(&t->mem, &t->mem_value, "mem", TASK_MEM);
    t->resources[0] = &t->cpus;
    t->resources[1] = &t->mem;
    t->id.value = task->id;
    t->command.value = task->command;
    t->info.name = task->id;
    t->info.task_id = &t->id;
    t->info.agent_id = offer->agent_id;
    t->info.command = &t->command;
    t->info.resources = t->resources;
    t->info.n_resources = 2;
}

static size_t
use_offer(struct cluster *c, const V1__Offer *offer)
{
    struct task_info tasks[MAX_PER_OFFER];
    const V1__TaskInfo *infos[MAX_PER_OFFER];
    double cpus = scalar(offer, "cpus");
    double mem = scalar(offer, "mem");
    size_t n = 0;
    V1__Filters filters = V1__FILTERS__INIT;
    const V1__OfferID *id = offer->id;

    while (n < MAX_PER_OFFER && next_waiting(c) && cpus >= 1
           && mem >= TASK_MEM) {
        struct cluster_task *task = next_waiting(c);

        task->is_launched = true;
        fill_in(&tasks[n], task, offer);
        infos[n] = &tasks[n].info;
        n++;
        cpus -= 1;
        mem -= TASK_MEM;
    }
    filters.has_refuse_seconds = true;
    filters.refuse_seconds =
        next_waiting(c) || cluster_waiting_group(c) > 0 ? 0 : 1000;
    if (n > 0) {
        mesos_scheduler_driver_launch_tasks(c->driver, &id, 1, infos, n,
                                            &filters);
    } else {
        mesos_scheduler_driver_decline_offer(c->driver, id, &filters);
    }
    return n;
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *c,
          const V1__Offer *const *offers, size_t n_offers)
{
    if (driver != ((struct cluster *) c)->driver) {
        return;
    }
    for (size_t i = 0; i < n_offers; i++) {
        if (!cluster_offer_group(c, offers[i])) {
            use_offer(c, offers[i]);
        }
    }
}

/* --- updates --- */

static void
on_status(struct mesos_scheduler_driver *driver, void *c_,
          const V1__TaskStatus *status)
{
    struct cluster *c = c_;
    struct cluster_task *task = cluster_task(c, status->task_id->value);
    struct cluster_update update = {
        .state = task_state_name((int) status->state) + strlen("TASK_"),
        .is_terminal = task_state_is_terminal((int) status->state),
        .reason = status->has_reason
            ? message_enum_name(&v1__task_status__reason__descriptor,
                                (int) status->reason) : "",
        /* There are two at a time at most. */
        .scheduler = driver == c->driver ? c->n_drivers : c->n_drivers - 1,
    };

    sim_note(c->sim, update.state, task->id, task->updates.n, 0);
    if (status->has_uuid && status->uuid.len == sizeof update.uuid) {
        memcpy(update.uuid, status->uuid.data, sizeof update.uuid);
    }
    vec_push(&task->updates, update);
    cluster_check_update(c, task);
    if (c->on_update) {
        c->on_update(c->on_update_aux, task->id);
    }
    if (!c->withholds_acks) {
        mesos_scheduler_driver_acknowledge_status_update(driver, status);
    }
}

void
cluster_withhold_acks(struct cluster *c, bool withhold)
{
    c->withholds_acks = withhold;
}

static bool
has_uuid(const struct cluster_update *update)
{
    static const uint8_t none[sizeof update->uuid];

    return memcmp(update->uuid, none, sizeof none) != 0;
}

/* One without a uuid is of the master's making: what it knows already. */
static bool
is_repeated(struct cluster *c, const char *id, size_t i)
{
    const struct cluster_update *updates = cluster_task(c, id)->updates.data;

    for (size_t j = 0; j < i; j++) {
        if (updates[i].state == updates[j].state
            && (cluster_same_uuid(c, id, i, j) || !has_uuid(&updates[i])
                || !has_uuid(&updates[j]))) {
            return true;
        }
    }
    return false;
}

static const char *
states(struct cluster *c, const char *id, bool only_new)
{
    struct cluster_task *task = cluster_task(c, id);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < task->updates.n; i++) {
        if (!only_new || !is_repeated(c, id, i)) {
            strbuf_printf(&text, "%s%s", text.len > 0 ? " " : "",
                          task->updates.data[i].state);
        }
    }
    free(task->states);
    task->states = xstrdup(text.len > 0 ? text.data : "");
    return task->states;
}

const char *
cluster_states(struct cluster *c, const char *task)
{
    return states(c, task, false);
}

const char *
cluster_new_states(struct cluster *c, const char *task)
{
    return states(c, task, true);
}

size_t
cluster_n_updates(struct cluster *c, const char *task)
{
    return cluster_task(c, task)->updates.n;
}

const char *
cluster_reason(struct cluster *c, const char *id)
{
    struct cluster_task *task = cluster_task(c, id);

    return task->updates.n > 0 ? vec_last(&task->updates).reason : "";
}

bool
cluster_same_uuid(struct cluster *c, const char *id, size_t i, size_t j)
{
    struct cluster_task *task = cluster_task(c, id);

    CHECK(i < task->updates.n && j < task->updates.n);
    return !memcmp(task->updates.data[i].uuid, task->updates.data[j].uuid,
                   sizeof task->updates.data[i].uuid);
}

size_t
cluster_n_endings(struct cluster *c, const char *id)
{
    struct cluster_task *task = cluster_task(c, id);
    size_t n = 0;

    for (size_t i = 0; i < task->updates.n; i++) {
        n += task->updates.data[i].is_terminal && !is_repeated(c, id, i);
    }
    return n;
}

bool
cluster_is_over(struct cluster *c, const char *id)
{
    const struct cluster_task *task = cluster_task(c, id);
    size_t n = task->updates.n;
    const char *last = n > 0 ? task->updates.data[n - 1].state : "";

    return !task->process
        && (cluster_n_endings(c, id) > 0 || !strcmp(last, "UNKNOWN")
            || !strcmp(last, "UNREACHABLE"));
}

void
cluster_on_update(struct cluster *c, void (*fn)(void *aux, const char *task),
                  void *aux)
{
    c->on_update = fn;
    c->on_update_aux = aux;
}

/* --- life --- */

static void
on_registered(struct mesos_scheduler_driver *driver, void *c_,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    struct cluster *c = c_;

    (void) driver;
    (void) master;
    if (!c->framework_id) {
        c->framework_id = xstrdup(id->value);
    }
}

/* The process that the driver is in; NULL if it is over. */
static struct sim_process *
process_of(struct cluster *c, const struct mesos_scheduler_driver *driver)
{
    struct sim_host *const hosts[] = { c->framework_host, c->standby_host };

    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct sim_process *p =
            hosts[i] ? sim_service(hosts[i], "framework") : NULL;

        if (p && sim_process_data(p) == driver) {
            return p;
        }
    }
    return NULL;
}

static void
on_error(struct mesos_scheduler_driver *driver, void *c_, const char *text)
{
    struct cluster *c = c_;
    struct sim_process *p = process_of(c, driver);

    sim_note(c->sim, text, "framework", driver == c->driver, 0);
    c->n_replaced += !strcmp(text, "Framework failed over");
    if (p) {
        sim_process_exit(p, W_EXITCODE(1, 0));
    }
}

void
cluster_take_over(struct cluster *c)
{
    CHECK(c->standby_host != NULL);
    c->gives_way = c->framework != NULL;
}

unsigned
cluster_n_replaced(struct cluster *c)
{
    return c->n_replaced;
}

static struct mesos_scheduler_driver *
create_driver(struct cluster *c)
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .resource_offers = on_offers,
        .status_update = on_status,
        .error = on_error,
        .inverse_offers = cluster_on_inverse_offers,
    };
    V1__FrameworkInfo__Capability capability =
        V1__FRAMEWORK_INFO__CAPABILITY__INIT;
    V1__FrameworkInfo__Capability *capabilities = &capability;
    V1__FrameworkInfo framework;
    V1__FrameworkID id;
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = c,
        .framework = &framework, .explicit_acknowledgements = true,
    };

    v1__framework_info__init(&framework);
    v1__framework_id__init(&id);
    framework.name = (char *) "test";
    framework.user = (char *) "root";
    framework.hostname = (char *) "here";
    framework.has_checkpoint = true;
    framework.checkpoint = !c->options->no_checkpoint;
    framework.has_failover_timeout = true;
    framework.failover_timeout = c->options->failover_timeout;
    capability.has_type = true;
    capability.type = V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE;
    framework.capabilities = &capabilities;
    framework.n_capabilities = c->options->partition_aware ? 1 : 0;
    if (c->framework_id) {
        id.value = c->framework_id;
        framework.id = &id;
    }
    return mesos_scheduler_driver_create(&options);
}

static struct error *
spawn_scheduler(struct cluster *c, struct actor_system *system)
{
    struct upid detector;
    struct scheduler_options options = {
        .detector = &detector, .backoff_ns = 2 * SECOND, .driver = c->driver,
        .framework = c->driver->framework,
        .suppressed_roles = &c->driver->suppressed_roles,
    };
    struct error *error = c->options->appointed
        ? cluster_start_detector(c->framework, &detector)
        : address_detector_start_at(system, &c->masters[0].upid, &detector);

    if (!error) {
        error = actor_system_upid(system, "scheduler-1",
                                  &c->driver->scheduler);
    }
    if (!error) {
        error = scheduler_spawn(system, "scheduler-1", &options, NULL);
    }
    return error;
}

static struct error *
framework_start(struct sim_process *p)
{
    struct cluster *c = cluster_of(p);
    const struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    struct error *error;

    if (c->framework && !c->gives_way) {
        sim_process_exit(p, 0);
        return NULL;
    }
    error = sim_process_open(p, &options, &system);
    if (error) {
        return error;
    }
    c->gives_way = false;
    c->framework = p;
    c->driver = create_driver(c);
    c->n_drivers++;
    sim_process_set_data(p, c->driver);
    c->driver->system = system;
    c->driver->status = MESOS_DRIVER_RUNNING;
    return spawn_scheduler(c, system);
}

static void
framework_stop(struct sim_process *p)
{
    struct cluster *c = cluster_of(p);
    struct mesos_scheduler_driver *driver = sim_process_data(p);

    if (driver) {
        driver->system = NULL;
        driver->status = MESOS_DRIVER_STOPPED;
        mesos_scheduler_driver_destroy(driver);
        sim_process_set_data(p, NULL);
    }
    if (c->framework == p) {
        c->driver = NULL;
        c->framework = NULL;
    }
}

const struct sim_program cluster_framework_program = {
    .name = "framework", .start = framework_start, .stop = framework_stop,
};

void
cluster_free_tasks(struct cluster *c)
{
    vec_foreach (&c->tasks, it) {
        struct cluster_task *task = *it;

        free(task->id);
        free(task->command);
        free(task->states);
        vec_fini(&task->updates);
        free(task);
    }
    vec_fini(&c->tasks);
    free(c->framework_id);
}
