/* SPDX-License-Identifier: Apache-2.0
 *
 * framework.c - an example: a framework that runs five commands.
 *
 *     cc framework.c -o framework $(pkg-config --cflags --libs mesos)
 *     ./framework 127.0.0.1:5050
 *
 * It launches one task on each offer that has enough for it, prints every
 * status update, and ends when all tasks have ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/scheduler.h>

#define N_TASKS 5

/* Callbacks run one at a time: our state needs no lock. */
struct state {
    int n_launched;
    int n_finished;
    int n_failed;
};

/* How much of scalar resource 'name' the offer has. */
static double
offered(const V1__Offer *offer, const char *name)
{
    double sum = 0;

    for (size_t i = 0; i < offer->n_resources; i++) {
        const V1__Resource *r = offer->resources[i];

        if (r->type == V1__VALUE__TYPE__SCALAR && !strcmp(r->name, name)) {
            sum += r->scalar->value;
        }
    }
    return sum;
}

/* Launches "task N" on the offer.  Messages are plain structs: here they live
 * on the stack, since the driver copies what it is given. */
static void
launch(struct mesos_scheduler_driver *driver, const V1__Offer *offer, int n)
{
    char id_text[32], command_text[64];
    V1__TaskID id = V1__TASK_ID__INIT;
    V1__CommandInfo command = V1__COMMAND_INFO__INIT;
    V1__Value__Scalar cpus_value = V1__VALUE__SCALAR__INIT;
    V1__Value__Scalar mem_value = V1__VALUE__SCALAR__INIT;
    V1__Resource cpus = V1__RESOURCE__INIT;
    V1__Resource mem = V1__RESOURCE__INIT;
    V1__Resource__AllocationInfo allocation =
        V1__RESOURCE__ALLOCATION_INFO__INIT;
    V1__Resource *resources[] = { &cpus, &mem };
    V1__TaskInfo task = V1__TASK_INFO__INIT;
    const V1__TaskInfo *tasks[] = { &task };
    const V1__OfferID *offers[] = { offer->id };

    snprintf(id_text, sizeof id_text, "task-%d", n);
    snprintf(command_text, sizeof command_text, "echo hello from %d", n);
    id.value = id_text;
    command.value = command_text;

    /* Resources say which role they were offered to. */
    allocation.role = (char *) "*";
    cpus_value.value = 0.1;
    cpus.name = (char *) "cpus";
    cpus.type = V1__VALUE__TYPE__SCALAR;
    cpus.scalar = &cpus_value;
    cpus.allocation_info = &allocation;
    mem_value.value = 32;
    mem.name = (char *) "mem";
    mem.type = V1__VALUE__TYPE__SCALAR;
    mem.scalar = &mem_value;
    mem.allocation_info = &allocation;

    task.name = id_text;
    task.task_id = &id;
    task.agent_id = offer->agent_id;
    task.command = &command;
    task.resources = resources;
    task.n_resources = 2;
    mesos_scheduler_driver_launch_tasks(driver, offers, 1, tasks, 1, NULL);
}

static void
on_registered(struct mesos_scheduler_driver *driver, void *user,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) user;
    (void) master;
    printf("registered as %s\n", id->value);
}

static void
on_resource_offers(struct mesos_scheduler_driver *driver, void *user,
                   const V1__Offer *const *offers, size_t n_offers)
{
    struct state *state = user;
    V1__Filters filters = V1__FILTERS__INIT;

    /* Come again soon with what we did not use. */
    filters.has_refuse_seconds = 1;
    filters.refuse_seconds = 0.1;
    for (size_t i = 0; i < n_offers; i++) {
        if (state->n_launched < N_TASKS && offered(offers[i], "cpus") >= 0.1
            && offered(offers[i], "mem") >= 32) {
            launch(driver, offers[i], state->n_launched++);
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id,
                                                 &filters);
        }
    }
}

static void
on_status_update(struct mesos_scheduler_driver *driver, void *user,
                 const V1__TaskStatus *status)
{
    struct state *state = user;
    const ProtobufCEnumValue *name = protobuf_c_enum_descriptor_get_value(
        &v1__task_state__descriptor, (int) status->state);

    printf("%s is %s\n", status->task_id->value, name ? name->name : "?");
    switch (status->state) {
    case V1__TASK_STATE__TASK_FINISHED:
        state->n_finished++;
        break;
    case V1__TASK_STATE__TASK_FAILED:
    case V1__TASK_STATE__TASK_KILLED:
    case V1__TASK_STATE__TASK_LOST:
    case V1__TASK_STATE__TASK_ERROR:
        state->n_failed++;
        break;
    default:
        break;
    }
    if (state->n_finished + state->n_failed == N_TASKS) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static void
on_error(struct mesos_scheduler_driver *driver, void *user,
         const char *message)
{
    (void) driver;
    (void) user;
    fprintf(stderr, "error: %s\n", message);
}

int
main(int argc, char *argv[])
{
    const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .resource_offers = on_resource_offers,
        .status_update = on_status_update,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct state state = { 0, 0, 0 };
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = &state,
        .framework = &framework,
    };

    if (argc != 2) {
        fprintf(stderr, "usage: framework HOST:PORT\n");
        return 2;
    }
    options.master = argv[1];
    framework.user = (char *) "";       /* who runs this program */
    framework.name = (char *) "example framework in C";

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);
    enum mesos_status status = mesos_scheduler_driver_run(driver);

    mesos_scheduler_driver_destroy(driver);
    printf("%d finished, %d failed\n", state.n_finished, state.n_failed);
    return status == MESOS_DRIVER_STOPPED && state.n_finished == N_TASKS
               ? EXIT_SUCCESS : EXIT_FAILURE;
}
