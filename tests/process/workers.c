/* SPDX-License-Identifier: Apache-2.0
 *
 * workers.c - a framework whose tasks share one executor,
 * workers_executor.c.
 *
 *     workers HOST:PORT EXECUTOR
 *
 * Runs tasks "a", "b", "c" and "d" in one executor, gives each of them a word
 * and waits for the answer; lets "a" finish and "b" fail, kills "c", and lets
 * the executor crash with "d" in it.  Then another task gets a new executor of
 * the same id; for as long as the agent waits for what was told of the old one
 * to be acknowledged it refuses that, and the next one is tried.  Prints what
 * it hears, a line each, and exits with 0 if all went that way.
 *
 * Thread: callbacks run one at a time, and main only waits. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <mesos/scheduler.h>

#include "model/resources.h"
#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define EXECUTOR_ID "the workers"

struct run {
    const char *command;        /* of the executor */
    unsigned n_launched;
    unsigned n_heard;           /* answers of the first four */
    unsigned n_ended;           /* of the first three */
    bool is_executor_lost;
    bool wants_another;
    bool is_finished;           /* the other one */
    char *agent_id;             /* owned */
};

/* --- launching --- */

static V1__TaskInfo *
make_task(struct message *m, const struct run *run, char name,
          const V1__AgentID *agent_id, const struct resources *part)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);
    V1__ExecutorInfo *executor = message_new(m,
                                             &v1__executor_info__descriptor);

    task->name = message_printf(m, "%c", name);
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = task->name;
    task->agent_id = message_copy(m, &agent_id->base);
    task->executor = executor;
    executor->executor_id = message_new(m, &v1__executor_id__descriptor);
    executor->executor_id->value = message_strdup(m, EXECUTOR_ID);
    executor->command = message_new(m, &v1__command_info__descriptor);
    executor->command->value = message_printf(m, "exec %s", run->command);
    resources_encode(part, m, &task->resources, &task->n_resources);
    return task;
}

/* Four tasks at first, and one when their executor is gone. */
static unsigned
n_wanted(const struct run *run)
{
    return run->n_launched == 0 ? 4 : run->wants_another ? 1 : 0;
}

static void
want_another(struct mesos_scheduler_driver *driver, struct run *run)
{
    run->wants_another = true;
    mesos_scheduler_driver_revive_offers(driver, NULL, 0);
}

static void
launch(struct mesos_scheduler_driver *driver, struct run *run,
       const V1__Offer *offer)
{
    autofini(resources) available = { 0 };
    autofini(resources) wanted = { 0 };
    autodestroy(message) *m = message_create(&v1__offer__descriptor);
    const V1__TaskInfo *tasks[4];
    const V1__OfferID *offer_id = offer->id;
    unsigned n = n_wanted(run);

    if (resources_decode(offer->resources, offer->n_resources, &available)
        || resources_parse("cpus:0.1;mem:32", "*", &wanted)) {
        abort();
    }
    for (unsigned i = 0; i < n; i++) {
        struct resources part = { 0 };

        if (!resources_find(&available, &wanted, "*", &part)) {
            abort();
        }
        resources_subtract(&available, &part);
        tasks[i] = make_task(m, run, (char) ('a' + run->n_launched++),
                             offer->agent_id, &part);
        resources_fini(&part);
    }
    run->wants_another = false;
    free(run->agent_id);
    run->agent_id = xstrdup(offer->agent_id->value);
    mesos_scheduler_driver_launch_tasks(driver, &offer_id, 1, tasks, n, NULL);
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *run,
          const V1__Offer *const *offers, size_t n_offers)
{
    for (size_t i = 0; i < n_offers; i++) {
        if (n_wanted(run) > 0) {
            launch(driver, run, offers[i]);
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
}

/* --- talking --- */

static void
say(struct mesos_scheduler_driver *driver, const struct run *run,
    const char *task, const char *word)
{
    V1__ExecutorID executor = V1__EXECUTOR_ID__INIT;
    V1__AgentID agent = V1__AGENT_ID__INIT;
    autofree char *text = xasprintf("%s %s", task, word);

    executor.value = (char *) EXECUTOR_ID;
    agent.value = run->agent_id;
    mesos_scheduler_driver_send_framework_message(driver, &executor, &agent,
                                                  text, strlen(text));
}

static void
on_message(struct mesos_scheduler_driver *driver, void *run_,
           const V1__ExecutorID *executor, const V1__AgentID *agent,
           const void *data, size_t size)
{
    struct run *run = run_;
    V1__TaskID id = V1__TASK_ID__INIT;
    char name[] = { 'a', '\0' };

    (void) executor;
    (void) agent;
    printf("%.*s\n", (int) size, (const char *) data);
    if (++run->n_heard == 4) {
        say(driver, run, "a", "done");
        say(driver, run, "b", "fail");
        id.value = (char *) "c";
        mesos_scheduler_driver_kill_task(driver, &id);
    } else if (run->n_heard == 5) {
        name[0] = (char) ('a' + run->n_launched - 1);
        say(driver, run, name, "done");
    }
}

static void
on_status(struct mesos_scheduler_driver *driver, void *run_,
          const V1__TaskStatus *status)
{
    struct run *run = run_;
    const char *id = status->task_id->value;

    printf("%s %s%s%s\n", id, task_state_name((int) status->state),
           status->message ? ": " : "",
           status->message ? status->message : "");
    if (status->state == V1__TASK_STATE__TASK_RUNNING) {
        say(driver, run, id, "hello");
    } else if (id[0] > 'd' && status->state == V1__TASK_STATE__TASK_FINISHED) {
        run->is_finished = true;
        mesos_scheduler_driver_stop(driver, false);
    } else if (id[0] >= 'd') {
        want_another(driver, run);
    } else if (++run->n_ended == 3) {
        say(driver, run, "d", "crash");
    }
}

static void
on_executor_lost(struct mesos_scheduler_driver *driver, void *run_,
                 const V1__ExecutorID *executor, const V1__AgentID *agent,
                 int status)
{
    struct run *run = run_;

    (void) driver;
    (void) agent;
    if (!run->is_executor_lost) {
        printf("executor '%s' exited with status %d\n", executor->value,
               WEXITSTATUS(status));
        run->is_executor_lost = true;
    }
}

static void
on_error(struct mesos_scheduler_driver *driver, void *run,
         const char *message)
{
    (void) driver;
    (void) run;
    printf("error: %s\n", message);
}

int
main(int argc, char *argv[])
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .resource_offers = on_offers,
        .status_update = on_status,
        .framework_message = on_message,
        .executor_lost = on_executor_lost,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct run run = { 0 };
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = &run,
        .framework = &framework,
    };

    if (argc != 3) {
        fprintf(stderr, "usage: workers HOST:PORT EXECUTOR\n");
        return EXIT_FAILURE;
    }
    options.master = argv[1];
    run.command = argv[2];
    framework.user = (char *) "";
    framework.name = (char *) "workers";

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    (void) mesos_scheduler_driver_run(driver);
    mesos_scheduler_driver_destroy(driver);
    free(run.agent_id);
    return run.is_finished ? EXIT_SUCCESS : EXIT_FAILURE;
}
