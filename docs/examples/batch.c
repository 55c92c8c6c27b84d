/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.c - an example: a framework that runs a command many times.
 *
 *     cc -o batch batch.c $(pkg-config --cflags --libs mesos)
 *     ./batch 127.0.0.1:5050 100 'sleep 1; echo I am number $BATCH_INDEX'
 *
 * It puts as many tasks on an offer as fit, tries a task that fails up to
 * three times, and ends when there is nothing left to do.  It wants no offers
 * while all that is left runs already.
 *
 * docs/frameworks.md walks through this file. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/scheduler.h>

#define N_JOBS_MAX 100000
#define N_ATTEMPTS_MAX 3
#define N_TASKS_PER_OFFER 50

/* What a task needs. */
#define CPUS 0.1
#define MEM_MB 32.0

enum job_state { JOB_WAITS, JOB_RUNS, JOB_FINISHED, JOB_GIVEN_UP };

struct job {
    enum job_state state;
    int n_attempts;
};

/* Callbacks run one at a time: our state needs no lock. */
struct batch {
    const char *command;
    struct job *jobs;
    size_t n_jobs;
    size_t n_of[4];             /* jobs, by state */
};

static void
set_state(struct batch *b, struct job *job, enum job_state state)
{
    b->n_of[job->state]--;
    job->state = state;
    b->n_of[state]++;
}

/* --- a task --- */

/* All that a TaskInfo points to.  The driver copies what it is given, so this
 * may live on the stack, or be freed after the call. */
struct task {
    V1__TaskInfo info;
    V1__TaskID id;
    V1__CommandInfo command;
    V1__Environment environment;
    V1__Environment__Variable variable, *variables[1];
    V1__Resource cpus, mem, *resources[2];
    V1__Value__Scalar cpus_value, mem_value;
    V1__Resource__AllocationInfo allocation;
    char id_text[48], index_text[24];
};

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
    r->allocation_info = allocation;    /* the role it was offered to */
}

static void
fill_command(struct task *t, const char *command, size_t index)
{
    snprintf(t->index_text, sizeof t->index_text, "%zu", index);
    v1__environment__variable__init(&t->variable);
    t->variable.name = (char *) "BATCH_INDEX";
    t->variable.value = t->index_text;
    t->variables[0] = &t->variable;
    v1__environment__init(&t->environment);
    t->environment.variables = t->variables;
    t->environment.n_variables = 1;
    v1__command_info__init(&t->command);
    t->command.value = (char *) command;        /* for /bin/sh */
    t->command.environment = &t->environment;
}

/* Ids are never used twice: an attempt has one of its own. */
static void
fill_task(struct task *t, const struct batch *b, size_t index, int attempt,
          V1__AgentID *agent_id)
{
    snprintf(t->id_text, sizeof t->id_text, "job-%zu.%d", index, attempt);
    v1__task_id__init(&t->id);
    t->id.value = t->id_text;
    v1__resource__allocation_info__init(&t->allocation);
    t->allocation.role = (char *) "*";
    fill_resource(&t->cpus, "cpus", &t->cpus_value, CPUS, &t->allocation);
    fill_resource(&t->mem, "mem", &t->mem_value, MEM_MB, &t->allocation);
    t->resources[0] = &t->cpus;
    t->resources[1] = &t->mem;
    fill_command(t, b->command, index);

    v1__task_info__init(&t->info);
    t->info.name = t->id_text;
    t->info.task_id = &t->id;
    t->info.agent_id = agent_id;
    t->info.command = &t->command;
    t->info.resources = t->resources;
    t->info.n_resources = 2;
}

/* The job that a task id names; NULL if it is none of ours, or of an attempt
 * that we have given up already. */
static struct job *
job_of(struct batch *b, const char *task_id)
{
    size_t index;
    int attempt;

    if (sscanf(task_id, "job-%zu.%d", &index, &attempt) != 2
        || index >= b->n_jobs || b->jobs[index].n_attempts != attempt
        || b->jobs[index].state != JOB_RUNS) {
        return NULL;
    }
    return &b->jobs[index];
}

/* --- offers --- */

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

static size_t
n_that_fit(const V1__Offer *offer)
{
    /* (Resources are exact to thousandths, doubles are not.) */
    double by_cpus = (offered(offer, "cpus") + 0.0001) / CPUS;
    double by_mem = (offered(offer, "mem") + 0.0001) / MEM_MB;
    double n = by_cpus < by_mem ? by_cpus : by_mem;

    return n < N_TASKS_PER_OFFER ? (size_t) n : N_TASKS_PER_OFFER;
}

/* Launches on one offer what waits and fits; what is not used goes back.  With
 * no tasks that declines the offer. */
static void
use_offer(struct mesos_scheduler_driver *driver, struct batch *b,
          const V1__Offer *offer)
{
    const V1__OfferID *offer_ids[] = { offer->id };
    const V1__TaskInfo *infos[N_TASKS_PER_OFFER];
    size_t n = 0, n_max = n_that_fit(offer);
    struct task *tasks = calloc(n_max + 1, sizeof *tasks);

    for (size_t i = 0; tasks && i < b->n_jobs && n < n_max; i++) {
        struct job *job = &b->jobs[i];

        if (job->state == JOB_WAITS) {
            fill_task(&tasks[n], b, i, ++job->n_attempts, offer->agent_id);
            infos[n] = &tasks[n].info;
            n++;
            set_state(b, job, JOB_RUNS);
        }
    }
    mesos_scheduler_driver_launch_tasks(driver, offer_ids, 1, infos, n, NULL);
    free(tasks);
}

static void
on_resource_offers(struct mesos_scheduler_driver *driver, void *user,
                   const V1__Offer *const *offers, size_t n_offers)
{
    struct batch *b = user;

    for (size_t i = 0; i < n_offers; i++) {
        use_offer(driver, b, offers[i]);
    }
    if (b->n_of[JOB_WAITS] == 0) {
        mesos_scheduler_driver_suppress_offers(driver, NULL, 0);
    }
}

/* --- updates --- */

/* A task ended otherwise than well: again, or never. */
static void
on_attempt_failed(struct mesos_scheduler_driver *driver, struct batch *b,
                  struct job *job, const V1__TaskStatus *status)
{
    const ProtobufCEnumValue *name = protobuf_c_enum_descriptor_get_value(
        &v1__task_state__descriptor, (int) status->state);

    printf("%s: %s: %s\n", status->task_id->value, name ? name->name : "?",
           status->message ? status->message : "");
    if (job->n_attempts < N_ATTEMPTS_MAX) {
        set_state(b, job, JOB_WAITS);
        mesos_scheduler_driver_revive_offers(driver, NULL, 0);
    } else {
        set_state(b, job, JOB_GIVEN_UP);
    }
}

static void
on_status_update(struct mesos_scheduler_driver *driver, void *user,
                 const V1__TaskStatus *status)
{
    struct batch *b = user;
    struct job *job = job_of(b, status->task_id->value);

    if (!job) {
        return;                 /* updates may come twice */
    }
    switch (status->state) {
    case V1__TASK_STATE__TASK_STAGING:
    case V1__TASK_STATE__TASK_STARTING:
    case V1__TASK_STATE__TASK_RUNNING:
    case V1__TASK_STATE__TASK_KILLING:
        return;
    case V1__TASK_STATE__TASK_FINISHED:
        set_state(b, job, JOB_FINISHED);
        break;
    default:
        on_attempt_failed(driver, b, job, status);
        break;
    }
    if (b->n_of[JOB_FINISHED] + b->n_of[JOB_GIVEN_UP] == b->n_jobs) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

/* --- the master --- */

static void
on_registered(struct mesos_scheduler_driver *driver, void *user,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) user;
    (void) master;
    printf("registered as %s\n", id->value);
}

/* While the master was away, updates may have been lost: it is to tell the
 * state of all our tasks. */
static void
on_reregistered(struct mesos_scheduler_driver *driver, void *user,
                const V1__MasterInfo *master)
{
    (void) user;
    (void) master;
    mesos_scheduler_driver_reconcile_tasks(driver, NULL, 0);
}

static void
on_error(struct mesos_scheduler_driver *driver, void *user,
         const char *message)
{
    (void) driver;
    (void) user;
    fprintf(stderr, "error: %s\n", message);
}

static bool
parse_number(const char *text, size_t *ret)
{
    char *end;

    errno = 0;
    unsigned long n = strtoul(text, &end, 10);

    *ret = n;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0
           && n >= 1 && n <= N_JOBS_MAX;
}

int
main(int argc, char *argv[])
{
    const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .reregistered = on_reregistered,
        .resource_offers = on_resource_offers,
        .status_update = on_status_update,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct batch batch = { .command = NULL };
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = &batch,
        .framework = &framework,
    };

    if (argc != 4 || !parse_number(argv[2], &batch.n_jobs)) {
        fprintf(stderr, "usage: batch HOST:PORT NUMBER COMMAND\n");
        return 2;
    }
    batch.command = argv[3];
    batch.jobs = calloc(batch.n_jobs, sizeof *batch.jobs);
    if (!batch.jobs) {
        perror("batch");
        return EXIT_FAILURE;
    }
    batch.n_of[JOB_WAITS] = batch.n_jobs;
    options.master = argv[1];
    framework.user = (char *) "";       /* who runs this program */
    framework.name = (char *) "batch";

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);
    enum mesos_status status = mesos_scheduler_driver_run(driver);

    mesos_scheduler_driver_destroy(driver);
    printf("%zu finished, %zu given up\n", batch.n_of[JOB_FINISHED],
           batch.n_of[JOB_GIVEN_UP]);
    free(batch.jobs);
    return status == MESOS_DRIVER_STOPPED
               && batch.n_of[JOB_FINISHED] == batch.n_jobs
               ? EXIT_SUCCESS : EXIT_FAILURE;
}
