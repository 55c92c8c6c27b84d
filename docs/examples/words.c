/* SPDX-License-Identifier: Apache-2.0
 *
 * words.c - an example: a framework with an executor of its own, executor.c.
 *
 *     cc -o words words.c $(pkg-config --cflags --libs mesos)
 *     cc -o my-executor executor.c $(pkg-config --cflags --libs mesos)
 *     ./words 127.0.0.1:5050 $PWD/my-executor two words
 *
 * A task without a 'command' names an executor.  The agent starts that program
 * with the first such task and hands it the next ones: many tasks, one
 * process.  Each word given here becomes a task, in whose 'data' it is; that
 * is all the executor and its framework have to agree on.  Besides they may
 * send each other messages.
 *
 * (The executor has to be on the agent already.  Elsewhere 'command' has
 * 'uris', from which the agent fetches it first.)
 *
 * batch.c explains what all frameworks have in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/scheduler.h>

#define GREETING "are you there?"

struct state {
    const char *executor;       /* path of the program */
    char **words;
    int n_words, n_launched, n_ended, n_finished;
    int has_greeted, has_answer;
};

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

/* Tasks with an equal executor, on the same agent, share it. */
static void
launch(struct mesos_scheduler_driver *driver, struct state *state,
       const V1__Offer *offer)
{
    char *word = state->words[state->n_launched];
    V1__ExecutorID executor_id = V1__EXECUTOR_ID__INIT;
    V1__CommandInfo command = V1__COMMAND_INFO__INIT;
    V1__ExecutorInfo executor = V1__EXECUTOR_INFO__INIT;
    V1__TaskID id = V1__TASK_ID__INIT;
    V1__Resource__AllocationInfo allocation =
        V1__RESOURCE__ALLOCATION_INFO__INIT;
    V1__Value__Scalar cpus_value, mem_value;
    V1__Resource cpus, mem, *resources[] = { &cpus, &mem };
    V1__TaskInfo task = V1__TASK_INFO__INIT;
    const V1__TaskInfo *tasks[] = { &task };
    const V1__OfferID *offers[] = { offer->id };
    char *arguments[] = { (char *) state->executor };
    char id_text[32];

    executor_id.value = (char *) "words";
    command.has_shell = 1;      /* a program and its arguments, not for sh */
    command.shell = 0;
    command.value = (char *) state->executor;
    command.arguments = arguments;
    command.n_arguments = 1;
    executor.executor_id = &executor_id;
    executor.command = &command;

    snprintf(id_text, sizeof id_text, "word-%d", state->n_launched++);
    id.value = id_text;
    allocation.role = (char *) "*";
    fill_resource(&cpus, "cpus", &cpus_value, 0.1, &allocation);
    fill_resource(&mem, "mem", &mem_value, 32, &allocation);
    task.name = id_text;
    task.task_id = &id;
    task.agent_id = offer->agent_id;
    task.executor = &executor;
    task.has_data = 1;
    task.data.data = (uint8_t *) word;
    task.data.len = strlen(word);
    task.resources = resources;
    task.n_resources = 2;
    mesos_scheduler_driver_launch_tasks(driver, offers, 1, tasks, 1, NULL);
}

static void
on_resource_offers(struct mesos_scheduler_driver *driver, void *user,
                   const V1__Offer *const *offers, size_t n_offers)
{
    struct state *state = user;

    for (size_t i = 0; i < n_offers; i++) {
        if (state->n_launched < state->n_words
            && offered(offers[i], "cpus") >= 0.1
            && offered(offers[i], "mem") >= 32) {
            launch(driver, state, offers[i]);
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
}

static void
stop_if_done(struct mesos_scheduler_driver *driver, const struct state *state)
{
    if (state->n_ended == state->n_words
        && (state->has_answer || state->n_finished == 0)) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static void
on_status_update(struct mesos_scheduler_driver *driver, void *user,
                 const V1__TaskStatus *status)
{
    struct state *state = user;
    V1__ExecutorID executor_id = V1__EXECUTOR_ID__INIT;

    switch (status->state) {
    case V1__TASK_STATE__TASK_STAGING:
    case V1__TASK_STATE__TASK_STARTING:
    case V1__TASK_STATE__TASK_KILLING:
        return;
    case V1__TASK_STATE__TASK_RUNNING:
        /* Now there is an executor to talk with.  (Messages may be lost: if
         * much hung on this one, we would have to send it again.) */
        if (!state->has_greeted) {
            state->has_greeted = 1;
            executor_id.value = (char *) "words";
            mesos_scheduler_driver_send_framework_message(
                driver, &executor_id, status->agent_id, GREETING,
                strlen(GREETING));
        }
        return;
    case V1__TASK_STATE__TASK_FINISHED:
        state->n_finished++;
        break;
    default:
        break;
    }
    printf("%s: %s\n", status->task_id->value,
           status->message ? status->message : "");
    state->n_ended++;
    stop_if_done(driver, state);
}

/* The executor sends back what it gets. */
static void
on_framework_message(struct mesos_scheduler_driver *driver, void *user,
                     const V1__ExecutorID *executor_id,
                     const V1__AgentID *agent_id, const void *data,
                     size_t size)
{
    struct state *state = user;

    (void) agent_id;
    printf("%s answers: %.*s\n", executor_id->value, (int) size,
           (const char *) data);
    state->has_answer = 1;
    stop_if_done(driver, state);
}

/* Its tasks get updates of their own, that they failed. */
static void
on_executor_lost(struct mesos_scheduler_driver *driver, void *user,
                 const V1__ExecutorID *executor_id,
                 const V1__AgentID *agent_id, int status)
{
    (void) driver;
    (void) user;
    (void) agent_id;
    fprintf(stderr, "executor %s has ended, wait status %d\n",
            executor_id->value, status);
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
        .framework_message = on_framework_message,
        .executor_lost = on_executor_lost,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct state state = { .executor = NULL };
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = &state,
        .framework = &framework,
    };

    if (argc < 4) {
        fprintf(stderr, "usage: words HOST:PORT EXECUTOR WORD...\n");
        return 2;
    }
    state.executor = argv[2];
    state.words = argv + 3;
    state.n_words = argc - 3;
    options.master = argv[1];
    framework.user = (char *) "";
    framework.name = (char *) "words";

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);
    enum mesos_status status = mesos_scheduler_driver_run(driver);

    mesos_scheduler_driver_destroy(driver);
    printf("%d of %d words said\n", state.n_finished, state.n_words);
    return status == MESOS_DRIVER_STOPPED
               && state.n_finished == state.n_words
               ? EXIT_SUCCESS : EXIT_FAILURE;
}
