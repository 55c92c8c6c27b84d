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
 * With --follow a follower, an actor in a system of its own, shows what the
 * tasks print.  Standard output is theirs then, our own lines go to standard
 * error, and the last update of a task is printed behind its output.
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

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>
#include <mesos/scheduler.h>

#include "cli/execute_flags.h"
#include "cli/execute_follow.h"
#include "cli/execute_output.h"
#include "cli/execute_status.h"
#include "cli/execute_task.h"
#include "model/resources.h"
#include "model/task_state.h"

/* How often to say that no offer has what the task wants. */
#define WARN_EVERY (10 * SECOND)

struct execution {
    const struct execute_flags *flags;
    const struct execute_task *task;
    struct execute_output *output;      /* owned */
    struct actor_system *system;        /* owned; the follower's, or NULL */
    int event_fd;               /* written when something below changes */

    struct actor_mutex *mutex;  /* guards the rest */
    bool is_launched;
    bool is_running;
    bool is_killed;             /* a kill was asked for */
    bool has_failed;            /* nothing more will be heard */
    bool is_following;
    bool is_shown;              /* all that the tasks printed */
    struct upid follower;
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
on_registered(struct mesos_scheduler_driver *driver, void *e_,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    struct execution *e = e_;

    (void) driver;
    (void) master;
    execute_output_printf(e->output, "Subscribed with ID %s\n", id->value);
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
print_submitted(const struct execution *e, const char *agent_id)
{
    const struct execute_task *task = e->task;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (task->is_group) {
        strbuf_append(&text, "Submitted task group with tasks [ ");
        for (size_t i = 0; i < task->n_tasks; i++) {
            strbuf_printf(&text, "%s%s", i ? ", " : "",
                          task->tasks[i]->task_id->value);
        }
        strbuf_append(&text, " ]");
    } else {
        strbuf_printf(&text, "Submitted task '%s'", task->tasks[0]->name);
    }
    strbuf_printf(&text, " to agent '%s'\n", agent_id);
    execute_output_say(e->output, text.data);
}

/* --- following --- */

static void announce_shown(void *e);

/* What the follower wants to know of the tasks: their directories, and what
 * stands before their lines. */
static struct error *
start_follower(struct execution *e, const V1__Offer *offer,
               const struct address *agent)
{
    size_t n = e->task->n_tasks;
    char **directories = xcalloc(n, sizeof *directories);
    char **prefixes = xcalloc(n, sizeof *prefixes);
    struct follow_options options = {
        .agent = *agent, .framework_id = offer->framework_id->value,
        .directories = (const char *const *) directories,
        .prefixes = e->task->is_group ? (const char *const *) prefixes : NULL,
        .n_tasks = n, .output = e->output, .done = announce_shown, .aux = e,
    };

    for (size_t i = 0; i < n; i++) {
        directories[i] = execute_task_directory(e->task, i);
        prefixes[i] = xasprintf("%s: ", e->task->tasks[i]->name);
    }
    struct error *error = follow_start(e->system, &options, &e->follower);

    for (size_t i = 0; i < n; i++) {
        free(directories[i]);
        free(prefixes[i]);
    }
    free(directories);
    free(prefixes);
    return error;
}

/* Follows the tasks on the agent of 'offer'. */
static void
follow(struct execution *e, const V1__Offer *offer)
{
    const V1__Address *at = offer->url ? offer->url->address : NULL;
    struct address agent;
    autoerror *error = NULL;

    if (!at || !at->ip || at->port <= 0 || at->port > UINT16_MAX) {
        error = error_create(ERROR_UNAVAILABLE, "the offer does not say where "
                             "the agent is");
    } else {
        error = address_parse_ip(at->ip, (uint16_t) at->port, &agent);
    }
    if (!error) {
        error = start_follower(e, offer, &agent);
    }
    if (error) {
        log_warn("Cannot follow the task: %s", error_text(error));
        return;
    }
    actor_mutex_lock(e->mutex);
    e->is_following = true;
    actor_mutex_unlock(e->mutex);
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
    print_submitted(e, offer->agent_id->value);
    actor_mutex_lock(e->mutex);
    e->is_launched = true;
    e->agent_id = xstrdup(offer->agent_id->value);
    actor_mutex_unlock(e->mutex);
    if (e->system) {
        follow(e, offer);
    }
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

/* The task of that id; 'n_tasks' if it is none of ours. */
static size_t
find_task(const struct execution *e, const V1__TaskID *id)
{
    size_t i = 0;

    while (i < e->task->n_tasks
           && strcmp(e->task->tasks[i]->task_id->value, id->value) != 0) {
        i++;
    }
    return i;
}

/* Whether this is the end of task 'i', which had not ended before.  With the
 * mutex held. */
static bool
note_end(struct execution *e, size_t i, const V1__TaskStatus *status)
{
    /* What nobody knows cannot be killed, and will not end otherwise. */
    bool is_end = task_state_is_terminal((int) status->state)
                  || (e->is_killed
                      && status->state == V1__TASK_STATE__TASK_UNKNOWN);

    if (!is_end || i == e->task->n_tasks || e->has_ended[i]) {
        return false;
    }
    e->has_ended[i] = true;
    e->n_ended++;
    e->n_finished += status->state == V1__TASK_STATE__TASK_FINISHED;
    return true;
}

static void
on_status(struct mesos_scheduler_driver *driver, void *e_,
          const V1__TaskStatus *status)
{
    struct execution *e = e_;
    size_t i = find_task(e, status->task_id);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    execute_status_format(status, &text);
    actor_mutex_lock(e->mutex);
    if (status->state == V1__TASK_STATE__TASK_RUNNING) {
        e->is_running = true;
    }
    bool is_end = note_end(e, i, status);
    bool is_following = e->is_following;

    actor_mutex_unlock(e->mutex);
    if (is_following && is_end) {
        follow_end(e->system, &e->follower, i, text.data);
    } else {
        execute_output_say(e->output, text.data);
    }
    if (is_following && !is_end && i < e->task->n_tasks) {
        follow_look(e->system, &e->follower, i);
    }
    mesos_scheduler_driver_acknowledge_status_update(driver, status);
    announce(e);
}

static void
announce_shown(void *e_)
{
    struct execution *e = e_;

    actor_mutex_lock(e->mutex);
    e->is_shown = true;
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
    e->has_failed = true;
    actor_mutex_unlock(e->mutex);
    announce(e);
}

/* --- waiting --- */

static bool
is_over(const struct execution *e)
{
    return e->has_failed
           || (e->n_ended == e->task->n_tasks
               && (!e->is_following || e->is_shown));
}

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
            execute_output_printf(e->output, "Asked to kill task '%s' on "
                                  "agent '%s'\n", task->task_id->value,
                                  e->agent_id);
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

        if (is_over(&now)) {
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

/* The system of a follower, which nobody has to reach. */
static struct actor_system *
start_system(void)
{
    const struct actor_backend backend = { .resolve = actor_resolve_host };
    struct actor_system_options options = {
        .n_workers = 1, .backend = &backend,
    };
    struct actor_system *system = NULL;
    autoerror *error = actor_system_create(&options, &system);

    if (error) {
        log_warn("Cannot follow the task: %s", error_text(error));
    }
    return system;
}

/* Once nobody else has it. */
static void
execution_fini(struct execution *e)
{
    actor_system_destroy(e->system);
    execute_output_destroy(e->output);
    close(e->event_fd);
    actor_mutex_destroy(e->mutex);
    free(e->agent_id);
    free(e->has_ended);
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
        .output = execute_output_create(STDOUT_FILENO, STDERR_FILENO,
                                        flags->follow ? EXECUTE_STDERR
                                                      : EXECUTE_STDOUT),
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
    if (flags->follow) {
        e.system = start_system();
    }
    if (mesos_scheduler_driver_start(driver) == MESOS_DRIVER_RUNNING) {
        wait_for_end(driver, &e, &descriptors);
    }
    (void) mesos_scheduler_driver_stop(driver, false);
    (void) mesos_scheduler_driver_join(driver);
    mesos_scheduler_driver_destroy(driver);
    execution_fini(&e);
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
