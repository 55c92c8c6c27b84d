/* SPDX-License-Identifier: Apache-2.0
 *
 * soak_framework.c - a framework that launches tasks all evening, may be
 * killed at any moment, and knows at the end what became of each of them.
 *
 *     soak_framework --master=HOST:PORT --name=batch --kind=batch
 *         --directory=DIR [--width=N] [--executor=PROGRAM]
 *
 * Its journal, DIR/<name>.journal, takes the next run up where this one was
 * killed: same framework id, same tasks.  Every command leaves lines in
 * DIR/marks/<task>, "begin" and, if it gets there, "end".  Kinds:
 *
 *     batch       commands that end after a moment, some with status 1
 *     service     commands that run until the framework kills them
 *     executor    tasks of an executor of its own, several at a time
 *
 * SIGTERM: nothing new is launched, services are killed, and when every task
 * is over the framework prints its account, removes itself and exits; with 0
 * if nothing was wrong.
 *
 * Thread: callbacks run one at a time on the driver's thread; what they share
 * with main's is under 'mutex'. */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <mesos/scheduler.h>

#include "model/resources.h"
#include "model/task_state.h"
#include "tests/soak/journal.h"

#define FAILOVER_TIMEOUT 3600.0
#define ROUND_SECONDS 5
#define TASK_RESOURCES "cpus:0.1;mem:16"

struct soak_flags {
    bool help;
    char *master;
    char *name;
    char *kind;
    char *directory;
    char *executor;
    uint64_t width;
};

#define FLAG(NAME, TYPE, DEFAULT, REQUIRED, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = DEFAULT, \
      .offset = offsetof(struct soak_flags, NAME), .required = REQUIRED, \
      .help = HELP }

static const struct flag flag_table[] = {
    FLAG(help, FLAG_BOOL, "false", false, "Prints this help message."),
    FLAG(master, FLAG_STRING, NULL, true, "Where the master is."),
    FLAG(name, FLAG_STRING, NULL, true,
         "Name of the framework, of its journal, and of its tasks."),
    FLAG(kind, FLAG_STRING, NULL, true, "batch, service or executor."),
    FLAG(directory, FLAG_STRING, NULL, true,
         "Where the journal is, and the directory 'marks'."),
    FLAG(executor, FLAG_STRING, NULL, false,
         "Program of the executor, for kind 'executor'."),
    FLAG(width, FLAG_UINT, "10", false,
         "How many tasks are under way at a time."),
};

struct soak {
    pthread_mutex_t mutex;
    const struct soak_flags *flags;
    struct journal journal;
    bool draining;
    unsigned n_wrong;
    struct mesos_scheduler_driver *driver;
};

/* What cannot go on: the disk. */
static void
must(struct error *error)
{
    if (error) {
        fprintf(stderr, "soak_framework: %s\n", error_text(error));
        _Exit(3);
    }
}

static void
complain(struct soak *s, const char *task, const char *what)
{
    s->n_wrong++;
    printf("WRONG: %s: %s\n", task, what);
    fflush(stdout);
}

static uint64_t
chance(uint64_t n)
{
    struct timespec now;
    static uint64_t state;

    if (state == 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        state = (uint64_t) now.tv_nsec * 2654435761u + (uint64_t) now.tv_sec;
    }
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
}

static size_t
n_under_way(const struct soak *s)
{
    return journal_n_tasks(&s->journal) - s->journal.n_over;
}

/* --- launching --- */

static const char *
command_of(struct soak *s, struct message *m, const char *task)
{
    const char *mark = message_printf(m, "%s/marks/%s", s->flags->directory,
                                      task);

    if (!strcmp(s->flags->kind, "service")) {
        return message_printf(m, "echo begin >>%s; exec sleep 100000", mark);
    }
    return message_printf(m, "echo begin >>%s; sleep %u.%u; echo end >>%s; "
                          "exit %d", mark, (unsigned) chance(3),
                          (unsigned) chance(10), mark, chance(8) == 0);
}

static V1__ExecutorInfo *
make_executor(struct soak *s, struct message *m)
{
    V1__ExecutorInfo *executor =
        message_new(m, &v1__executor_info__descriptor);

    executor->executor_id = message_new(m, &v1__executor_id__descriptor);
    executor->executor_id->value =
        message_printf(m, "%s-%u", s->flags->name, (unsigned) chance(2));
    executor->has_type = true;
    executor->type = V1__EXECUTOR_INFO__TYPE__CUSTOM;
    executor->command = message_new(m, &v1__command_info__descriptor);
    executor->command->value = message_strdup(m, s->flags->executor);
    return executor;
}

static V1__TaskInfo *
make_task(struct soak *s, struct message *m, const V1__Offer *offer,
          const struct resources *part)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);
    struct soak_task *record;
    const char *command;

    task->name = message_printf(m, "%s-%zu", s->flags->name,
                                journal_n_tasks(&s->journal));
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = task->name;
    task->agent_id = message_copy(m, &offer->agent_id->base);
    resources_encode(part, m, &task->resources, &task->n_resources);
    command = command_of(s, m, task->name);
    if (!strcmp(s->flags->kind, "executor")) {
        task->executor = make_executor(s, m);
        task->has_data = true;
        task->data.data = (uint8_t *) command;
        task->data.len = strlen(command);
    } else {
        task->command = message_new(m, &v1__command_info__descriptor);
        task->command->value = (char *) command;
    }
    must(journal_launch(&s->journal, task->name, &record));
    return task;
}

#define MAX_LAUNCHES 64

static void
use_offer(struct soak *s, const V1__Offer *offer)
{
    autofini(resources) available = { 0 };
    autofini(resources) wanted = { 0 };
    autodestroy(message) *m = message_create(&v1__offer__descriptor);
    const V1__TaskInfo *tasks[MAX_LAUNCHES];
    const V1__OfferID *offer_id = offer->id;
    V1__Filters filters = V1__FILTERS__INIT;
    size_t n = 0;

    must(resources_decode(offer->resources, offer->n_resources, &available));
    must(resources_parse(TASK_RESOURCES, "*", &wanted));
    while (!s->draining && n < MAX_LAUNCHES && n < s->flags->width / 2 + 1
           && n_under_way(s) < s->flags->width) {
        struct resources part = { 0 };

        if (!resources_find(&available, &wanted, "*", &part)) {
            break;
        }
        resources_subtract(&available, &part);
        tasks[n++] = make_task(s, m, offer, &part);
        resources_fini(&part);
    }
    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 1;
    mesos_scheduler_driver_launch_tasks(s->driver, &offer_id, 1, tasks, n,
                                        &filters);
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *soak,
          const V1__Offer *const *offers, size_t n_offers)
{
    struct soak *s = soak;

    (void) driver;
    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < n_offers; i++) {
        use_offer(s, offers[i]);
    }
    pthread_mutex_unlock(&s->mutex);
}

/* --- hearing of it --- */

static void
end_task(struct soak *s, struct soak_task *task, const char *state)
{
    if (task->end && strcmp(task->end, state)) {
        autofree char *text = xasprintf("ended as %s after it had ended as "
                                         "%s", state, task->end);

        complain(s, task->id, text);
    }
    must(journal_end(&s->journal, task, state));
}

static void
on_status(struct mesos_scheduler_driver *driver, void *soak,
          const V1__TaskStatus *status)
{
    struct soak *s = soak;
    const char *state = task_state_name((int) status->state);
    struct soak_task *task;

    (void) driver;
    pthread_mutex_lock(&s->mutex);
    task = journal_find(&s->journal, status->task_id->value);
    if (!task) {
        complain(s, status->task_id->value, "we have not launched it");
    } else if (task_state_is_terminal((int) status->state)) {
        end_task(s, task, state);
        task->has_last_update |= status->has_uuid != 0;
    } else if (task->end) {
        /* When asked, the master tells the latest state, and updates that
         * were on their way come behind it; but none follows the last. */
        if (status->has_uuid && task->has_last_update) {
            autofree char *text = xasprintf("is %s after it had ended as %s",
                                             state, task->end);

            complain(s, task->id, text);
        }
    } else if (status->state == V1__TASK_STATE__TASK_UNKNOWN && s->draining) {
        /* Killed between the journal and the launch. */
        end_task(s, task, state);
    } else {
        task->is_running = status->state == V1__TASK_STATE__TASK_RUNNING;
    }
    pthread_mutex_unlock(&s->mutex);
}

static void
on_registered(struct mesos_scheduler_driver *driver, void *soak,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    struct soak *s = soak;

    (void) driver;
    (void) master;
    pthread_mutex_lock(&s->mutex);
    must(journal_set_framework(&s->journal, id->value));
    pthread_mutex_unlock(&s->mutex);
}

static void
on_error(struct mesos_scheduler_driver *driver, void *soak,
         const char *message)
{
    struct soak *s = soak;

    (void) driver;
    pthread_mutex_lock(&s->mutex);
    complain(s, "driver", message);
    pthread_mutex_unlock(&s->mutex);
}

/* --- rounds --- */

/* Asks what became of all that is not over, and kills some services, or all
 * at the end. */
static void
run_round(struct soak *s)
{
    bool is_service = !strcmp(s->flags->kind, "service");
    autodestroy(message) *m = message_create(&v1__offer__descriptor);
    size_t n = 0;
    const V1__TaskStatus **statuses =
        xcalloc(n_under_way(s) + 1, sizeof *statuses);

    for (struct soak_task *task = s->journal.tasks; task;
         task = task->hh.next) {
        V1__TaskStatus *status;

        if (task->end) {
            continue;
        }
        status = message_new(m, &v1__task_status__descriptor);
        status->task_id = message_new(m, &v1__task_id__descriptor);
        status->task_id->value = task->id;
        status->state = V1__TASK_STATE__TASK_RUNNING;
        statuses[n++] = status;
        if (is_service
            && (s->draining || (task->is_running && chance(4) == 0))) {
            mesos_scheduler_driver_kill_task(s->driver, status->task_id);
        }
    }
    if (n > 0) {
        mesos_scheduler_driver_reconcile_tasks(s->driver, statuses, n);
    }
    free(statuses);
}

static bool
is_done(struct soak *s)
{
    return s->draining && n_under_way(s) == 0;
}

/* Until all is over, or the driver has given up. */
static void
run_rounds(struct soak *s, const sigset_t *signals)
{
    bool done = false;

    for (unsigned second = 0; !done; second++) {
        struct timespec wait = { .tv_sec = 1 };
        int signal = sigtimedwait(signals, NULL, &wait);

        pthread_mutex_lock(&s->mutex);
        if (signal > 0) {
            s->draining = true;
        }
        if (second % ROUND_SECONDS == ROUND_SECONDS - 1) {
            run_round(s);
        }
        done = is_done(s);
        pthread_mutex_unlock(&s->mutex);
        if (mesos_scheduler_driver_start(s->driver) != MESOS_DRIVER_RUNNING) {
            break;
        }
    }
}

/* --- the account --- */

static unsigned
count_ends(const struct soak *s, const char *state)
{
    unsigned n = 0;

    for (struct soak_task *task = s->journal.tasks; task;
         task = task->hh.next) {
        n += task->end && !strcmp(task->end, state);
    }
    return n;
}

static void
print_account(struct soak *s)
{
    size_t n_open = n_under_way(s);

    printf("%s: %zu launched", s->flags->name, journal_n_tasks(&s->journal));
    for (int state = 0; task_state_is_known(state); state++) {
        unsigned n = count_ends(s, task_state_name(state));

        if (n > 0) {
            printf(", %u %s", n, task_state_name(state));
        }
    }
    printf(", %zu unaccounted for, %u wrong\n", n_open, s->n_wrong);
    s->n_wrong += n_open > 0;
}

static void
run(struct soak *s, const sigset_t *signals)
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .resource_offers = on_offers,
        .status_update = on_status,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    V1__FrameworkID id = V1__FRAMEWORK_ID__INIT;
    V1__FrameworkInfo__Capability aware =
        V1__FRAMEWORK_INFO__CAPABILITY__INIT;
    V1__FrameworkInfo__Capability *capabilities[] = { &aware };
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = s,
        .framework = &framework, .master = s->flags->master,
    };

    framework.user = (char *) "";
    framework.name = s->flags->name;
    framework.has_checkpoint = framework.checkpoint = true;
    framework.has_failover_timeout = true;
    framework.failover_timeout = FAILOVER_TIMEOUT;
    aware.has_type = true;
    aware.type = V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE;
    framework.capabilities = capabilities;
    framework.n_capabilities = 1;
    if (s->journal.framework_id) {
        id.value = s->journal.framework_id;
        framework.id = &id;
    }
    s->driver = mesos_scheduler_driver_create(&options);
    mesos_scheduler_driver_start(s->driver);
    run_rounds(s, signals);
    mesos_scheduler_driver_stop(s->driver, false);
    mesos_scheduler_driver_destroy(s->driver);
}

int
main(int argc, char *argv[])
{
    struct soak_flags flags = { 0 };
    struct soak s = { .mutex = PTHREAD_MUTEX_INITIALIZER, .flags = &flags };
    struct error *error = flags_load(flag_table, ARRAY_SIZE(flag_table),
                                     &flags, argc, argv, NULL, NULL);
    sigset_t signals;

    if (error || flags.help) {
        autofini(strbuf) usage = STRBUF(65536);

        flags_usage(&usage, argv[0], error ? error_text(error) : NULL,
                    flag_table, ARRAY_SIZE(flag_table));
        fputs(usage.data, error ? stderr : stdout);
        error_destroy(error);
        flags_fini(flag_table, ARRAY_SIZE(flag_table), &flags);
        return error ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    autofree char *path =
        xasprintf("%s/%s.journal", flags.directory, flags.name);

    must(journal_open(path, &s.journal));
    run(&s, &signals);
    print_account(&s);
    journal_close(&s.journal);
    flags_fini(flag_table, ARRAY_SIZE(flag_table), &flags);
    return s.n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
