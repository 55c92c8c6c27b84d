/* SPDX-License-Identifier: Apache-2.0
 *
 * framework.c - the framework of a cluster.
 *
 * The actor of the scheduler driver runs in a manual system; the driver around
 * it, which would make a system with threads, is set up by hand. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "model/task_state.h"
#include "scheduler-driver/driver.h"
#include "scheduler-driver/master_address.h"
#include "tests/cluster/private.h"
#include "tests/lib/multi_system.h"

#define MAX_PER_OFFER CLUSTER_AGENT_CPUS
#define TASK_MEM 32

/* --- tasks --- */

static struct cluster_task *
find_task(struct cluster *c, const char *id)
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
    struct cluster_task *task = find_task(c, id);

    ck_assert_msg(task != NULL, "there is no task '%s'", id);
    return task;
}

void
cluster_launch(struct cluster *c, const char *id, const char *command)
{
    struct cluster_task *task = xcalloc(1, sizeof *task);

    ck_assert_ptr_null(find_task(c, id));
    task->id = xstrdup(id);
    task->command = xstrdup(command);
    vec_push(&c->tasks, task);
    mesos_scheduler_driver_revive_offers(c->driver, NULL, 0);
    multi_system_run(c->systems);
}

void
cluster_kill_task(struct cluster *c, const char *task)
{
    V1__TaskID id = V1__TASK_ID__INIT;

    id.value = (char *) task;
    mesos_scheduler_driver_kill_task(c->driver, &id);
    multi_system_run(c->systems);
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

    id.value = (char *) task;
    status.task_id = &id;
    mesos_scheduler_driver_reconcile_tasks(c->driver, &statuses, 1);
    multi_system_run(c->systems);
}

static struct cluster_task *
next_waiting(struct cluster *c)
{
    vec_foreach (&c->tasks, it) {
        if (!(*it)->is_launched) {
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
    filters.refuse_seconds = next_waiting(c) ? 0 : 1000;
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
    (void) driver;
    for (size_t i = 0; i < n_offers; i++) {
        use_offer(c, offers[i]);
    }
}

/* --- updates --- */

/* FNV-1a. */
static void
trace(struct cluster *c, const char *text)
{
    for (; *text; text++) {
        c->trace = (c->trace ^ (uint8_t) *text) * UINT64_C(0x100000001b3);
    }
}

static void
on_status(struct mesos_scheduler_driver *driver, void *c_,
          const V1__TaskStatus *status)
{
    struct cluster *c = c_;
    struct cluster_task *task = cluster_task(c, status->task_id->value);
    struct cluster_update update = {
        .state = task_state_name((int) status->state) + strlen("TASK_"),
        .is_terminal = task_state_is_terminal((int) status->state),
    };
    autofree char *text = xasprintf(
        "%s %s %lld\n", task->id, update.state,
        (long long) actor_system_now(c->framework));

    trace(c, text);
    if (status->has_uuid && status->uuid.len == sizeof update.uuid) {
        memcpy(update.uuid, status->uuid.data, sizeof update.uuid);
    }
    vec_push(&task->updates, update);
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

bool
cluster_same_uuid(struct cluster *c, const char *id, size_t i, size_t j)
{
    struct cluster_task *task = cluster_task(c, id);

    ck_assert(i < task->updates.n && j < task->updates.n);
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

void
cluster_on_update(struct cluster *c, void (*fn)(void *aux, const char *task),
                  void *aux)
{
    c->on_update = fn;
    c->on_update_aux = aux;
}

/* --- life --- */

static struct mesos_scheduler_driver *
create_driver(struct cluster *c, const struct cluster_options *given)
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .resource_offers = on_offers,
        .status_update = on_status,
    };
    V1__FrameworkInfo__Capability capability =
        V1__FRAMEWORK_INFO__CAPABILITY__INIT;
    V1__FrameworkInfo__Capability *capabilities = &capability;
    V1__FrameworkInfo framework;
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = c,
        .framework = &framework, .explicit_acknowledgements = true,
    };

    v1__framework_info__init(&framework);
    framework.name = (char *) "test";
    framework.user = (char *) "root";
    framework.hostname = (char *) "here";
    framework.has_checkpoint = true;
    framework.checkpoint = true;
    framework.has_failover_timeout = true;
    framework.failover_timeout = given->failover_timeout;
    capability.has_type = true;
    capability.type = V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE;
    framework.capabilities = &capabilities;
    framework.n_capabilities = given->partition_aware ? 1 : 0;
    return mesos_scheduler_driver_create(&options);
}

void
cluster_start_framework(struct cluster *c,
                        const struct cluster_options *given)
{
    struct master_address master = { 0 };
    struct scheduler_options options = {
        .master = &master, .backoff_ns = 2 * SECOND,
    };

    c->driver = create_driver(c, given);
    c->framework = cluster_add_system(c, NULL, NULL);
    c->framework_address = *actor_system_address(c->framework);
    c->driver->system = c->framework;
    c->driver->status = MESOS_DRIVER_RUNNING;
    options.driver = c->driver;
    options.framework = c->driver->framework;
    options.suppressed_roles = &c->driver->suppressed_roles;
    ck_assert_ptr_null(master_address_parse(ADDRESS_TEXT(&c->master_address),
                                            &master));
    ck_assert_ptr_null(actor_system_upid(c->framework, "scheduler-1",
                                         &c->driver->scheduler));
    ck_assert_ptr_null(scheduler_spawn(c->framework, "scheduler-1", &options,
                                       NULL));
    master_address_fini(&master);
}

void
cluster_kill_framework(struct cluster *c)
{
    c->driver->system = NULL;
    c->driver->status = MESOS_DRIVER_STOPPED;
    multi_system_remove(c->systems, steal(c->framework));
}

void
cluster_stop_framework(struct cluster *c)
{
    if (c->framework) {
        cluster_kill_framework(c);
    }
    mesos_scheduler_driver_destroy(c->driver);
    vec_foreach (&c->tasks, it) {
        struct cluster_task *task = *it;

        free(task->id);
        free(task->command);
        free(task->states);
        vec_fini(&task->updates);
        free(task);
    }
    vec_fini(&c->tasks);
}
