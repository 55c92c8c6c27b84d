/* SPDX-License-Identifier: Apache-2.0
 *
 * durable.c - an example: a framework that survives its own end.
 *
 *     cc -o durable durable.c $(pkg-config --cflags --libs mesos)
 *     ./durable 127.0.0.1:5050 state.txt 3 'sleep 60'
 *
 * It runs a command as so many tasks until each has finished.  Kill it, with whatever
 * signal, and start it again with the same arguments: it takes over from
 * itself and goes on.  That takes four things:
 *
 * - The framework has a 'failover_timeout': so long the master keeps its tasks
 *   when it is away.  'checkpoint' has agents that restart keep them as well.
 * - What has to be remembered, its id and what it launched, is in a file, and
 *   safely there before anything depends on it: a task is written down before
 *   it is launched, and a status update is acknowledged after it was written
 *   down.  (An update that is not acknowledged comes again.)
 * - Started again it subscribes with its id.
 * - It reconciles: it asks for the state of all tasks that should be running,
 *   and asks again until it has heard of each.  One that was written down but
 *   never launched turns out to be lost, and is launched under another id.
 *
 * batch.c explains what all frameworks have in common. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mesos/scheduler.h>

#define N_TASKS_MAX 1000
#define RECONCILE_SECONDS 10

enum task_state { TASK_WAITS, TASK_IS_OUT, TASK_IS_DONE };

struct task {
    enum task_state state;
    unsigned attempt;           /* in its id: "task-<number>.<attempt>" */
    bool is_heard_of;           /* since we are here */
};

/* Callbacks run on a thread of the driver, main() on another: the mutex guards
 * the rest. */
struct state {
    pthread_mutex_t mutex;
    pthread_cond_t changed;     /* the driver has ended */
    bool is_over;

    const char *path;
    const char *command;
    char framework_id[256];     /* "": none yet */
    struct task *tasks;
    unsigned n_tasks;
};

/* --- the file ---
 *
 * Lines of text.  It is replaced as a whole, so that it is never half
 * written. */

static bool
write_all(FILE *file, const struct state *s)
{
    fprintf(file, "framework %s\n", s->framework_id);
    for (unsigned i = 0; i < s->n_tasks; i++) {
        fprintf(file, "task %u %u %d\n", i, s->tasks[i].attempt,
                (int) s->tasks[i].state);
    }
    return fflush(file) == 0 && fsync(fileno(file)) == 0 && !ferror(file);
}

/* So that a new name is still there after a power failure. */
static bool
sync_directory_of(const char *path)
{
    char copy[4096];

    snprintf(copy, sizeof copy, "%s", path);

    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return is_done;
}

/* Without its memory this framework would do harm: it ends at once. */
static void
save(const struct state *s)
{
    char temporary[4096];

    snprintf(temporary, sizeof temporary, "%s.new", s->path);

    FILE *file = fopen(temporary, "w");

    if (!file || !write_all(file, s) || fclose(file) != 0
        || rename(temporary, s->path) != 0 || !sync_directory_of(s->path)) {
        perror(s->path);
        _exit(EXIT_FAILURE);
    }
}

/* False if there is something else in it than we wrote. */
static bool
load_lines(FILE *file, struct state *s)
{
    unsigned i, attempt;
    int state;

    if (fscanf(file, "framework %255s\n", s->framework_id) != 1) {
        return false;
    }
    while (fscanf(file, "task %u %u %d\n", &i, &attempt, &state) == 3) {
        if (i >= s->n_tasks || state < TASK_WAITS || state > TASK_IS_DONE) {
            return false;
        }
        s->tasks[i].attempt = attempt;
        s->tasks[i].state = (enum task_state) state;
    }
    return feof(file) != 0;
}

static bool
load(struct state *s)
{
    FILE *file = fopen(s->path, "r");

    if (!file) {
        return errno == ENOENT;         /* the first time */
    }
    bool is_good = load_lines(file, s);

    fclose(file);
    return is_good;
}

/* --- launching --- */

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

static void
launch(struct mesos_scheduler_driver *driver, struct state *s, unsigned i,
       const V1__Offer *offer)
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
    char id_text[48];

    s->tasks[i].state = TASK_IS_OUT;
    s->tasks[i].attempt++;
    s->tasks[i].is_heard_of = true;     /* we know all there is to know */
    save(s);                            /* first of all */

    snprintf(id_text, sizeof id_text, "task-%u.%u", i, s->tasks[i].attempt);
    id.value = id_text;
    command.value = (char *) s->command;
    allocation.role = (char *) "*";
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

/* The number of a task that is in 'state'; n_tasks if there is none. */
static unsigned
find_task(const struct state *s, enum task_state state)
{
    unsigned i = 0;

    while (i < s->n_tasks && s->tasks[i].state != state) {
        i++;
    }
    return i;
}

static void
on_resource_offers(struct mesos_scheduler_driver *driver, void *state,
                   const V1__Offer *const *offers, size_t n_offers)
{
    struct state *s = state;

    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < n_offers; i++) {
        unsigned waiting = find_task(s, TASK_WAITS);

        if (waiting < s->n_tasks && offered(offers[i], "cpus") >= 0.1
            && offered(offers[i], "mem") >= 32) {
            launch(driver, s, waiting, offers[i]);
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
    pthread_mutex_unlock(&s->mutex);
}

/* --- reconciling --- */

/* Asks for the state of those tasks of which we have not heard yet. */
static void
reconcile(struct mesos_scheduler_driver *driver, const struct state *s)
{
    for (unsigned i = 0; i < s->n_tasks; i++) {
        V1__TaskID id = V1__TASK_ID__INIT;
        V1__TaskStatus status = V1__TASK_STATUS__INIT;
        const V1__TaskStatus *statuses[] = { &status };
        char id_text[48];

        if (s->tasks[i].state != TASK_IS_OUT || s->tasks[i].is_heard_of) {
            continue;
        }
        snprintf(id_text, sizeof id_text, "task-%u.%u", i,
                 s->tasks[i].attempt);
        id.value = id_text;
        status.task_id = &id;
        mesos_scheduler_driver_reconcile_tasks(driver, statuses, 1);
    }
}

static void
forget_and_reconcile(struct mesos_scheduler_driver *driver, struct state *s)
{
    for (unsigned i = 0; i < s->n_tasks; i++) {
        s->tasks[i].is_heard_of = false;
    }
    reconcile(driver, s);
}

static void
stop_if_done(struct mesos_scheduler_driver *driver, struct state *s)
{
    if (find_task(s, TASK_WAITS) == s->n_tasks
        && find_task(s, TASK_IS_OUT) == s->n_tasks) {
        mesos_scheduler_driver_stop(driver, false);
        s->is_over = true;
        pthread_cond_signal(&s->changed);
    }
}

static void
on_registered(struct mesos_scheduler_driver *driver, void *state,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    struct state *s = state;

    (void) master;
    pthread_mutex_lock(&s->mutex);
    printf("registered as %s\n", id->value);
    fflush(stdout);
    snprintf(s->framework_id, sizeof s->framework_id, "%s", id->value);
    save(s);
    forget_and_reconcile(driver, s);
    stop_if_done(driver, s);
    pthread_mutex_unlock(&s->mutex);
}

static void
on_reregistered(struct mesos_scheduler_driver *driver, void *state,
                const V1__MasterInfo *master)
{
    struct state *s = state;

    (void) master;
    pthread_mutex_lock(&s->mutex);
    forget_and_reconcile(driver, s);
    pthread_mutex_unlock(&s->mutex);
}

/* --- updates --- */

static void
note_status(struct state *s, struct task *task, const V1__TaskStatus *status)
{
    const ProtobufCEnumValue *name = protobuf_c_enum_descriptor_get_value(
        &v1__task_state__descriptor, (int) status->state);

    printf("%s is %s\n", status->task_id->value, name ? name->name : "?");
    fflush(stdout);
    task->is_heard_of = true;
    switch (status->state) {
    case V1__TASK_STATE__TASK_STAGING:
    case V1__TASK_STATE__TASK_STARTING:
    case V1__TASK_STATE__TASK_RUNNING:
    case V1__TASK_STATE__TASK_KILLING:
        return;
    case V1__TASK_STATE__TASK_FINISHED:
        task->state = TASK_IS_DONE;
        break;
    default:
        task->state = TASK_WAITS;       /* for another attempt */
        break;
    }
    save(s);
}

static void
on_status_update(struct mesos_scheduler_driver *driver, void *state,
                 const V1__TaskStatus *status)
{
    struct state *s = state;
    unsigned i, attempt;

    pthread_mutex_lock(&s->mutex);
    if (sscanf(status->task_id->value, "task-%u.%u", &i, &attempt) == 2
        && i < s->n_tasks && s->tasks[i].attempt == attempt
        && s->tasks[i].state == TASK_IS_OUT) {
        note_status(s, &s->tasks[i], status);
    }
    /* It is on the disk: it need not come again. */
    mesos_scheduler_driver_acknowledge_status_update(driver, status);
    stop_if_done(driver, s);
    pthread_mutex_unlock(&s->mutex);
}

static void
on_error(struct mesos_scheduler_driver *driver, void *state,
         const char *message)
{
    struct state *s = state;

    (void) driver;
    fprintf(stderr, "error: %s\n", message);
    pthread_mutex_lock(&s->mutex);
    s->is_over = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* --- the program --- */

/* A master that has just started does not know all tasks at once: it answers
 * when their agents are back.  So we go on asking. */
static void
reconcile_until_over(struct mesos_scheduler_driver *driver, struct state *s)
{
    struct timespec until;

    pthread_mutex_lock(&s->mutex);
    while (!s->is_over) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += RECONCILE_SECONDS;
        if (pthread_cond_timedwait(&s->changed, &s->mutex, &until)
            == ETIMEDOUT) {
            reconcile(driver, s);
        }
    }
    pthread_mutex_unlock(&s->mutex);
}

static enum mesos_status
run(struct state *s, const char *master)
{
    const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .reregistered = on_reregistered,
        .resource_offers = on_resource_offers,
        .status_update = on_status_update,
        .error = on_error,
    };
    V1__FrameworkID id = V1__FRAMEWORK_ID__INIT;
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = s,
        .framework = &framework,
        .master = master,
        .explicit_acknowledgements = true,
    };

    framework.user = (char *) "";
    framework.name = (char *) "durable";
    framework.has_failover_timeout = 1;
    framework.failover_timeout = 7 * 24 * 3600;         /* seconds */
    framework.has_checkpoint = 1;
    framework.checkpoint = 1;
    if (s->framework_id[0] != '\0') {
        id.value = s->framework_id;
        framework.id = &id;
    }

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    if (mesos_scheduler_driver_start(driver) == MESOS_DRIVER_RUNNING) {
        reconcile_until_over(driver, s);
    }
    enum mesos_status status = mesos_scheduler_driver_join(driver);

    mesos_scheduler_driver_destroy(driver);
    return status;
}

int
main(int argc, char *argv[])
{
    struct state s = {
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    long n = argc == 5 ? strtol(argv[3], NULL, 10) : 0;

    if (n < 1 || n > N_TASKS_MAX) {
        fprintf(stderr, "usage: durable HOST:PORT FILE NUMBER COMMAND\n");
        return 2;
    }
    s.path = argv[2];
    s.command = argv[4];
    s.n_tasks = (unsigned) n;
    s.tasks = calloc(s.n_tasks, sizeof *s.tasks);
    if (!s.tasks || !load(&s)) {
        fprintf(stderr, "%s cannot be read, or is of something else\n",
                s.path);
        return EXIT_FAILURE;
    }
    enum mesos_status status = run(&s, argv[1]);

    /* The framework is gone, and its id with it. */
    if (status == MESOS_DRIVER_STOPPED) {
        printf("%u finished\n", s.n_tasks);
        unlink(s.path);
    }
    free(s.tasks);
    return status == MESOS_DRIVER_STOPPED ? EXIT_SUCCESS : EXIT_FAILURE;
}
