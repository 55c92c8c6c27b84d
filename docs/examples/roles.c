/* SPDX-License-Identifier: Apache-2.0
 *
 * roles.c - an example: a framework of two roles.
 *
 *     cc -o roles roles.c $(pkg-config --cflags --libs mesos)
 *     ./roles 127.0.0.1:5050 3
 *
 * Roles are whom a cluster's resources are shared out to, by weights and
 * quotas of each.  This framework runs three tasks as "day" and three as
 * "night".  Each offer is made to one of its roles; what is launched on it has
 * to say so.  A role that has all it wants is suppressed, and revived if one
 * of its tasks has to be run again: the other role is not touched by that.
 *
 * batch.c explains what all frameworks have in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/scheduler.h>

#define N_ROLES 2

struct role {
    const char *name;
    int n_wanted;               /* to be launched */
    int n_running;              /* or on their way */
    int n_finished;
};

struct state {
    struct role roles[N_ROLES];
    int n_launched;             /* ever: makes task ids */
};

static struct role *
find_role(struct state *state, const char *name, size_t len)
{
    for (size_t i = 0; i < N_ROLES; i++) {
        struct role *role = &state->roles[i];

        if (strlen(role->name) == len && !strncmp(role->name, name, len)) {
            return role;
        }
    }
    return NULL;
}

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

static void
fill_resource(V1__Resource *r, const char *name, V1__Value__Scalar *scalar,
              double value, V1__Resource__AllocationInfo *allocation)
{
    v1__value__scalar__init(scalar);
    scalar->value = value;
    v1__resource__init(r);
    r->name = (char *) name;
    r->type = V1__VALUE__TYPE__SCALAR;
    r->scalar = scalar;
    r->allocation_info = allocation;
}

/* The task's id begins with its role, so that updates can be told apart. */
static void
launch(struct mesos_scheduler_driver *driver, struct state *state,
       struct role *role, const V1__Offer *offer)
{
    V1__TaskID id = V1__TASK_ID__INIT;
    V1__CommandInfo command = V1__COMMAND_INFO__INIT;
    V1__Resource__AllocationInfo allocation =
        V1__RESOURCE__ALLOCATION_INFO__INIT;
    V1__Value__Scalar cpus_value, mem_value;
    V1__Resource cpus, mem, *resources[] = { &cpus, &mem };
    V1__TaskInfo task = V1__TASK_INFO__INIT;
    const V1__TaskInfo *tasks[] = { &task };
    const V1__OfferID *offers[] = { offer->id };
    char id_text[64], command_text[64];

    snprintf(id_text, sizeof id_text, "%s.%d", role->name,
             state->n_launched++);
    id.value = id_text;
    snprintf(command_text, sizeof command_text, "echo good %s", role->name);
    command.value = command_text;
    allocation.role = (char *) role->name;
    fill_resource(&cpus, "cpus", &cpus_value, 0.1, &allocation);
    fill_resource(&mem, "mem", &mem_value, 32, &allocation);
    task.name = id_text;
    task.task_id = &id;
    task.agent_id = offer->agent_id;
    task.command = &command;
    task.resources = resources;
    task.n_resources = 2;
    mesos_scheduler_driver_launch_tasks(driver, offers, 1, tasks, 1, NULL);
}

static void
on_offer(struct mesos_scheduler_driver *driver, struct state *state,
         const V1__Offer *offer)
{
    const char *name = offer->allocation_info ? offer->allocation_info->role
                                              : "";
    struct role *role = find_role(state, name, strlen(name));

    if (!role || role->n_wanted == 0 || offered(offer, "cpus") < 0.1
        || offered(offer, "mem") < 32) {
        mesos_scheduler_driver_decline_offer(driver, offer->id, NULL);
        return;
    }
    launch(driver, state, role, offer);
    role->n_running++;
    if (--role->n_wanted == 0) {
        printf("%s has enough\n", role->name);
        mesos_scheduler_driver_suppress_offers(driver, &role->name, 1);
    }
}

static void
on_resource_offers(struct mesos_scheduler_driver *driver, void *state,
                   const V1__Offer *const *offers, size_t n_offers)
{
    for (size_t i = 0; i < n_offers; i++) {
        on_offer(driver, state, offers[i]);
    }
}

static void
on_status_update(struct mesos_scheduler_driver *driver, void *state_,
                 const V1__TaskStatus *status)
{
    struct state *state = state_;
    const char *id = status->task_id->value;
    struct role *role = find_role(state, id, strcspn(id, "."));

    if (!role) {
        return;
    }
    switch (status->state) {
    case V1__TASK_STATE__TASK_STAGING:
    case V1__TASK_STATE__TASK_STARTING:
    case V1__TASK_STATE__TASK_RUNNING:
    case V1__TASK_STATE__TASK_KILLING:
        return;
    case V1__TASK_STATE__TASK_FINISHED:
        printf("%s finished\n", id);
        role->n_running--;
        role->n_finished++;
        break;
    default:
        printf("%s is to be run again\n", id);
        role->n_running--;
        role->n_wanted++;
        mesos_scheduler_driver_revive_offers(driver, &role->name, 1);
        break;
    }
    for (size_t i = 0; i < N_ROLES; i++) {
        if (state->roles[i].n_wanted + state->roles[i].n_running > 0) {
            return;
        }
    }
    mesos_scheduler_driver_stop(driver, false);
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
        .resource_offers = on_resource_offers,
        .status_update = on_status_update,
        .error = on_error,
    };
    char *roles[N_ROLES] = { (char *) "day", (char *) "night" };
    V1__FrameworkInfo__Capability multi_role =
        V1__FRAMEWORK_INFO__CAPABILITY__INIT;
    V1__FrameworkInfo__Capability *capabilities[] = { &multi_role };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct state state = { .n_launched = 0 };
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = &state,
        .framework = &framework,
    };
    long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (n < 1 || n > 1000) {
        fprintf(stderr, "usage: roles HOST:PORT NUMBER\n");
        return 2;
    }
    for (size_t i = 0; i < N_ROLES; i++) {
        state.roles[i].name = roles[i];
        state.roles[i].n_wanted = (int) n;
    }
    options.master = argv[1];
    framework.user = (char *) "";
    framework.name = (char *) "roles";
    framework.roles = roles;
    framework.n_roles = N_ROLES;

    /* Without this a framework has one 'role' only. */
    multi_role.has_type = 1;
    multi_role.type = V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE;
    framework.capabilities = capabilities;
    framework.n_capabilities = 1;

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);
    enum mesos_status status = mesos_scheduler_driver_run(driver);

    mesos_scheduler_driver_destroy(driver);
    for (size_t i = 0; i < N_ROLES; i++) {
        printf("%s: %d finished\n", state.roles[i].name,
               state.roles[i].n_finished);
    }
    return status == MESOS_DRIVER_STOPPED ? EXIT_SUCCESS : EXIT_FAILURE;
}
