/* SPDX-License-Identifier: Apache-2.0
 *
 * mesos_execute.c - runs one command, or a group of tasks, somewhere in the
 * cluster, and says how it fared.
 *
 * A framework of one task, or of one group, on the scheduler driver.  It is
 * launched on the first offer that has what it wants.  The exit status is 0 if
 * all tasks finished, and 1 otherwise.  SIGINT and SIGTERM kill the tasks; a
 * second one does not wait for their end.
 *
 * Thread: callbacks run on the driver's thread; main waits for signals and for
 * their word that it is over.  'state' is guarded by its mutex. */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "cli/execute_flags.h"
#include "cli/execute_status.h"
#include "cli/execute_task.h"
#include "model/resources.h"
#include "model/task_state.h"

/* How often to say that no offer has what the task wants. */
#define WARN_EVERY (10 * SECOND)

struct execution {
    const struct execute_flags *flags;
    const struct execute_task *task;
    int event_fd;               /* written when something below changes */

    struct actor_mutex *mutex;  /* guards the rest */
    bool is_launched;
    bool is_running;
    bool is_killed;             /* a kill was asked for */
    bool is_over;
    bool *has_ended;            /* owned; of each task */
    size_t n_ended;
    size_t n_finished;          /* of those, well */
    char *agent_id;             /* owned */
};

/* Wakes main. */
static void
announce(struct execution *e)
{
    uint64_t one = 1;

    while (write(e->event_fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

/* --- callbacks --- */

static void
on_registered(struct mesos_scheduler_driver *driver, void *e,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) e;
    (void) master;
    printf("Subscribed with ID %s\n", id->value);
    fflush(stdout);
}

/* Nothing is wrong: an agent may become free, or a larger one come. */
static void
warn_that_it_does_not_fit(const struct execution *e, const V1__Offer *offer)
{
    autofini(resources) offered = { 0 };
    autofini(resources) amounts = { 0 };
    autofini(strbuf) has = STRBUF(65536);
    autofini(strbuf) wants = STRBUF(65536);
    autoerror *error = resources_decode(offer->resources, offer->n_resources,
                                        &offered);

    if (error) {
        return;
    }
    resources_to_unreserved(&offered, &amounts);
    resources_format(&amounts, &has);
    resources_format(&e->task->wanted, &wants);
    log_warn_every(WARN_EVERY, "Agent '%s' (%s) offers %s, but task '%s' "
                   "wants %s; waiting for other offers",
                   offer->agent_id->value, offer->hostname, has.data,
                   e->task->tasks[0]->name, wants.data);
}

static void
print_submitted(const struct execute_task *task, const char *agent_id)
{
    if (task->is_group) {
        printf("Submitted task group with tasks [ ");
        for (size_t i = 0; i < task->n_tasks; i++) {
            printf("%s%s", i ? ", " : "", task->tasks[i]->task_id->value);
        }
        printf(" ] to agent '%s'\n", agent_id);
    } else {
        printf("Submitted task '%s' to agent '%s'\n", task->tasks[0]->name,
               agent_id);
    }
    fflush(stdout);
}

static bool
launch(struct mesos_scheduler_driver *driver, struct execution *e,
       const V1__Offer *offer)
{
    autodestroy(message) *m =
        execute_task_place(e->task, offer, e->flags->role);

    if (!m) {
        warn_that_it_does_not_fit(e, offer);
        return false;
    }
    const V1__Offer__Operation *operation = message_root(m);
    const V1__OfferID *offer_id = offer->id;

    mesos_scheduler_driver_accept_offers(driver, &offer_id, 1, &operation, 1,
                                         NULL);
    print_submitted(e->task, offer->agent_id->value);
    actor_mutex_lock(e->mutex);
    e->is_launched = true;
    e->agent_id = xstrdup(offer->agent_id->value);
    actor_mutex_unlock(e->mutex);
    return true;
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *e_,
          const V1__Offer *const *offers, size_t n_offers)
{
    struct execution *e = e_;

    actor_mutex_lock(e->mutex);
    bool is_launched = e->is_launched;

    actor_mutex_unlock(e->mutex);
    for (size_t i = 0; i < n_offers; i++) {
        if (!is_launched && launch(driver, e, offers[i])) {
            is_launched = true;
        } else {
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
    if (is_launched) {
        mesos_scheduler_driver_suppress_offers(driver, NULL, 0);
    }
}

static void
print_status(const V1__TaskStatus *status)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    execute_status_format(status, &text);
    fwrite(text.data, 1, text.len, stdout);
    fflush(stdout);
}

/* One of the tasks is over. */
static void
note_end(struct execution *e, const V1__TaskStatus *status)
{
    for (size_t i = 0; i < e->task->n_tasks; i++) {
        if (!e->has_ended[i] && !strcmp(e->task->tasks[i]->task_id->value,
                                        status->task_id->value)) {
            e->has_ended[i] = true;
            e->n_ended++;
            e->n_finished += status->state == V1__TASK_STATE__TASK_FINISHED;
        }
    }
    e->is_over = e->n_ended == e->task->n_tasks;
}

static void
on_status(struct mesos_scheduler_driver *driver, void *e_,
          const V1__TaskStatus *status)
{
    struct execution *e = e_;

    print_status(status);
    mesos_scheduler_driver_acknowledge_status_update(driver, status);

    actor_mutex_lock(e->mutex);
    if (status->state == V1__TASK_STATE__TASK_RUNNING) {
        e->is_running = true;
    }

    /* What nobody knows cannot be killed, and will not end otherwise. */
    if (task_state_is_terminal((int) status->state)
        || (e->is_killed
            && status->state == V1__TASK_STATE__TASK_UNKNOWN)) {
        note_end(e, status);
    }
    actor_mutex_unlock(e->mutex);
    announce(e);
}

static void
on_error(struct mesos_scheduler_driver *driver, void *e_, const char *message)
{
    struct execution *e = e_;

    (void) driver;
    log_error("EXIT with status 1: Received an ERROR event: %s", message);
    actor_mutex_lock(e->mutex);
    e->is_over = true;
    actor_mutex_unlock(e->mutex);
    announce(e);
}

/* --- waiting --- */

static struct execution
snapshot(struct execution *e)
{
    actor_mutex_lock(e->mutex);
    struct execution copy = *e;

    actor_mutex_unlock(e->mutex);
    return copy;
}

static bool
ask_to_kill(struct execution *e, size_t i)
{
    actor_mutex_lock(e->mutex);
    bool has_ended = e->has_ended[i];

    e->is_killed = true;
    actor_mutex_unlock(e->mutex);
    return !has_ended;
}

/* All tasks that are not over. */
static void
kill_tasks(struct mesos_scheduler_driver *driver, struct execution *e)
{
    for (size_t i = 0; i < e->task->n_tasks; i++) {
        const V1__TaskInfo *task = e->task->tasks[i];

        if (ask_to_kill(e, i)) {
            printf("Asked to kill task '%s' on agent '%s'\n",
                   task->task_id->value, e->agent_id);
            fflush(stdout);
            mesos_scheduler_driver_kill_task(driver, task->task_id);
        }
    }
}

/* Lets 'timer_fd' become readable once, after 'delay_ns'. */
static void
start_timer(int timer_fd, int64_t delay_ns)
{
    struct itimerspec when = {
        .it_value = { .tv_sec = delay_ns / SECOND,
                      .tv_nsec = delay_ns % SECOND },
    };

    CHECK(timerfd_settime(timer_fd, 0, &when, NULL) == 0, "errno %d", errno);
}

/* Whether an eventfd or a timerfd was readable; now it is not. */
static bool
take_count(int fd)
{
    uint64_t count;

    return read(fd, &count, sizeof count) == (ssize_t) sizeof count;
}

static bool
take_signal(int signal_fd)
{
    struct signalfd_siginfo info;

    return read(signal_fd, &info, sizeof info) == (ssize_t) sizeof info;
}

struct descriptors {
    int signal_fd;
    int timer_fd;
};

/* Until the task is over, or the user is tired of waiting for that. */
static void
wait_for_end(struct mesos_scheduler_driver *driver, struct execution *e,
             const struct descriptors *d)
{
    struct pollfd fds[] = {
        { .fd = e->event_fd, .events = POLLIN },
        { .fd = d->signal_fd, .events = POLLIN },
        { .fd = d->timer_fd, .events = POLLIN },
    };
    bool is_timer_due = e->flags->kill_after > 0;
    bool is_interrupted = false;

    for (;;) {
        struct execution now = snapshot(e);

        if (now.is_over) {
            return;
        }
        if (now.is_running && is_timer_due) {
            start_timer(d->timer_fd, e->flags->kill_after);
            is_timer_due = false;
        }
        (void) poll(fds, ARRAY_SIZE(fds), -1);
        (void) take_count(e->event_fd);
        now = snapshot(e);
        if (take_count(d->timer_fd)) {
            kill_tasks(driver, e);
        }
        if (take_signal(d->signal_fd)) {
            if (is_interrupted || !now.is_launched) {
                return;
            }
            is_interrupted = true;
            kill_tasks(driver, e);
        }
    }
}

/* Signals for main to read; all threads to come inherit the mask. */
static int
open_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
run(const struct execute_flags *flags, const struct execute_task *task,
    struct message *framework)
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .registered = on_registered,
        .resource_offers = on_offers,
        .status_update = on_status,
        .error = on_error,
    };
    struct execution e = {
        .flags = flags,
        .task = task,
        .has_ended = xcalloc(task->n_tasks, sizeof(bool)),
        .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .mutex = actor_mutex_create(),
    };
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = &e,
        .framework = message_root(framework),
        .master = flags->master,
        .explicit_acknowledgements = true,
    };
    autoclose int signal_fd = open_signals();
    autoclose int timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct descriptors descriptors = { signal_fd, timer_fd };
    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    CHECK(e.event_fd >= 0 && signal_fd >= 0 && timer_fd >= 0,
          "no descriptors: errno %d", errno);
    if (mesos_scheduler_driver_start(driver) == MESOS_DRIVER_RUNNING) {
        wait_for_end(driver, &e, &descriptors);
    }
    (void) mesos_scheduler_driver_stop(driver, false);
    (void) mesos_scheduler_driver_join(driver);
    mesos_scheduler_driver_destroy(driver);
    close(e.event_fd);
    actor_mutex_destroy(e.mutex);
    free(e.agent_id);
    free(e.has_ended);
    return e.n_finished == task->n_tasks ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- main --- */

static int
execute(const struct execute_flags *flags)
{
    struct execute_task task = { 0 };
    autodestroy(message) *framework = NULL;
    autoerror *error = execute_framework(flags, &framework);
    int status = EXIT_FAILURE;

    if (!error) {
        error = execute_task_init(&task, flags);
    }
    if (!error && flags->secret) {
        log_warn("--secret is without effect: frameworks are not "
                 "authenticated");
    }
    if (error) {
        log_error("EXIT with status 1: %s", error_text(error));
    } else {
        status = run(flags, &task, framework);
    }
    execute_task_fini(&task);
    return status;
}

int
main(int argc, char *argv[])
{
    struct execute_flags flags = { 0 };
    autofini(strbuf) usage = STRBUF(65536);
    autoerror *error = execute_flags_load(&flags, argc, argv);
    int status = EXIT_FAILURE;

    if (error || flags.help) {
        execute_flags_usage(&usage, "mesos-execute",
                            error ? error_text(error) : NULL);
        fputs(usage.data, error ? stderr : stdout);
        status = error ? EXIT_FAILURE : EXIT_SUCCESS;
    } else {
        status = execute(&flags);
    }
    execute_flags_fini(&flags);
    return status;
}
