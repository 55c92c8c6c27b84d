/* SPDX-License-Identifier: Apache-2.0
 *
 * thousand_tasks.c - a framework that runs many short tasks, and counts what
 * became of them.
 *
 *     thousand_tasks HOST:PORT N
 *
 * Every task has to be reported finished, once, and nothing else as its end.
 * Prints "finished N" and exits with 0, or says what was wrong.
 *
 * Thread: callbacks run one at a time, and main only waits. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <mesos/scheduler.h>

#include "model/resources.h"
#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* So many tasks are under way at most; a sanitizer makes agents slow. */
#define BATCH 50

struct run {
    unsigned n_tasks;
    unsigned n_launched;
    unsigned n_finished;
    unsigned n_wrong;
    int *ends;                  /* of each task: how often it ended */
};

/* --- launching --- */

static V1__TaskInfo *
make_task(struct message *m, unsigned number, const V1__AgentID *agent_id,
          const struct resources *part)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    task->name = message_printf(m, "t%u", number);
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = task->name;
    task->agent_id = message_copy(m, &agent_id->base);
    task->command = message_new(m, &v1__command_info__descriptor);
    task->command->value = message_strdup(m, "true");
    resources_encode(part, m, &task->resources, &task->n_resources);
    return task;
}

static unsigned
n_under_way(const struct run *run)
{
    return run->n_launched - run->n_finished;
}

/* As many tasks as there are left, and as fit. */
static void
launch(struct mesos_scheduler_driver *driver, struct run *run,
       const V1__Offer *offer)
{
    autofini(resources) available = { 0 };
    autofini(resources) wanted = { 0 };
    autodestroy(message) *m = message_create(&v1__offer__descriptor);
    const V1__TaskInfo *tasks[BATCH];
    const V1__OfferID *offer_id = offer->id;
    size_t n = 0;

    if (resources_decode(offer->resources, offer->n_resources, &available)
        || resources_parse("cpus:0.01;mem:1", "*", &wanted)) {
        abort();
    }
    while (n_under_way(run) < BATCH && run->n_launched < run->n_tasks) {
        struct resources part = { 0 };

        if (!resources_find(&available, &wanted, "*", &part)) {
            break;
        }
        resources_subtract(&available, &part);
        tasks[n++] = make_task(m, run->n_launched++, offer->agent_id, &part);
        resources_fini(&part);
    }
    mesos_scheduler_driver_launch_tasks(driver, &offer_id, 1, tasks, n, NULL);
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *run_,
          const V1__Offer *const *offers, size_t n_offers)
{
    struct run *run = run_;

    for (size_t i = 0; i < n_offers; i++) {
        if (n_under_way(run) < BATCH && run->n_launched < run->n_tasks) {
            launch(driver, run, offers[i]);
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
}

/* --- counting --- */

static void
complain(struct run *run, const V1__TaskStatus *status, const char *why)
{
    run->n_wrong++;
    printf("task %s: %s: %s %s\n", status->task_id->value, why,
           task_state_name((int) status->state),
           status->message ? status->message : "");
}

static void
on_status(struct mesos_scheduler_driver *driver, void *run_,
          const V1__TaskStatus *status)
{
    struct run *run = run_;
    unsigned long number = strtoul(status->task_id->value + 1, NULL, 10);

    if (number >= run->n_tasks) {
        complain(run, status, "unknown");
    } else if (task_state_is_terminal((int) status->state)) {
        if (run->ends[number]++ > 0) {
            complain(run, status, "ended again");
        } else if (status->state != V1__TASK_STATE__TASK_FINISHED) {
            complain(run, status, "ended badly");
        }
        run->n_finished++;

        /* What is left over was refused for a while. */
        if (n_under_way(run) == BATCH / 2) {
            mesos_scheduler_driver_revive_offers(driver, NULL, 0);
        }
    }
    if (run->n_finished >= run->n_tasks) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static void
on_error(struct mesos_scheduler_driver *driver, void *run_,
         const char *message)
{
    struct run *run = run_;

    (void) driver;
    run->n_wrong++;
    printf("error: %s\n", message);
}

int
main(int argc, char *argv[])
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .resource_offers = on_offers,
        .status_update = on_status,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct run run = { 0 };
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = &run,
        .framework = &framework,
    };

    if (argc != 3) {
        fprintf(stderr, "usage: thousand_tasks HOST:PORT N\n");
        return EXIT_FAILURE;
    }
    options.master = argv[1];
    run.n_tasks = (unsigned) strtoul(argv[2], NULL, 10);
    run.ends = xcalloc(run.n_tasks, sizeof *run.ends);
    framework.user = (char *) "";
    framework.name = (char *) "thousand tasks";

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    (void) mesos_scheduler_driver_run(driver);
    mesos_scheduler_driver_destroy(driver);
    printf("finished %u\n", run.n_finished - run.n_wrong);
    free(run.ends);
    return run.n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
