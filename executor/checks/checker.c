/* SPDX-License-Identifier: Apache-2.0
 *
 * checker.c - looks after a running task: health checks and checks.
 *
 * Both kinds are a run each: wait, probe, take the outcome in, wait again.
 * They know nothing of each other.  A callback comes last in a turn, when the
 * next wait has begun, so it may destroy the checker.
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include "executor/checks/checker.h"

#include <stdlib.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "executor/checks/health.h"
#include "executor/checks/probe.h"
#include "executor/checks/spec.h"
#include "executor/task_environment.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* A check, or a health check, again and again. */
struct run {
    struct checker *checker;
    struct message *config;     /* counted; NULL: there is none */
    struct check_spec spec;     /* into 'config' */
    char *name;                 /* owned; "TCP health check" */
    int64_t due;                /* when the next probe is, at the earliest */
    int64_t begun;              /* when this one was */
    struct probe *probe;        /* owned; NULL: none is under way */
    struct actor_timer timer;
};

struct checker {
    struct actor *self;         /* borrowed */
    struct checker_options options;     /* texts owned; 'environment' NULL */
    char **environment;         /* owned */
    bool is_paused;
    struct run check;
    struct run health;
    struct message *status;     /* counted; the check's, as was told last */
    struct health state;
};

static void begin(struct checker *, struct run *, const char *kind);
static void set_due(struct run *, int64_t delay_ns);
static void wait_for_due(struct run *);
static void on_due(struct actor *, void *run);
static void on_outcome(struct actor *, void *run, const struct error *,
                       int value);
static void take_check(struct run *, const struct error *, int value);
static void take_health(struct run *, const struct error *, int value);
static void fill_status(struct message *, V1__CheckStatusInfo *,
                        const struct check_spec *, const int *value);
static void run_fini(struct run *);

/* --- life --- */

struct checker *
checker_start(struct actor *self, const V1__CheckInfo *check,
              const V1__HealthCheck *health,
              const struct checker_options *options)
{
    struct checker *c = xcalloc(1, sizeof *c);
    const char *directory = options->directory;

    c->self = self;
    c->options = *options;
    c->options.task_id = xstrdup(options->task_id);
    c->options.directory = directory ? xstrdup(directory) : NULL;
    c->options.user = options->user ? xstrdup(options->user) : NULL;
    c->options.environment = NULL;
    c->environment = task_environment_create(
        options->environment ? options->environment : environ, NULL);
    if (check) {
        c->check.config = message_clone(&check->base);
        check_spec_of_check(message_root(c->check.config), &c->check.spec);
        c->status = message_create(&v1__check_status_info__descriptor);
        fill_status(c->status, message_root(c->status), &c->check.spec,
                    NULL);
        begin(c, &c->check, "check");
    }
    if (health) {
        c->health.config = message_clone(&health->base);
        check_spec_of_health(message_root(c->health.config),
                             &c->health.spec);
        c->state = (struct health) {
            .started = actor_now(self),
            .grace_ns = c->health.spec.grace_ns,
            .max_failures = c->health.spec.max_failures,
        };
        begin(c, &c->health, "health check");
    }
    return c;
}

static void
begin(struct checker *c, struct run *run, const char *kind)
{
    run->checker = c;
    run->name = xasprintf("%s %s", check_type_name(run->spec.type), kind);
    set_due(run, run->spec.delay_ns);
    wait_for_due(run);
}

static void
run_fini(struct run *run)
{
    if (!run->config) {
        return;
    }
    log_info("Stopped %s for task '%s'", run->name,
             run->checker->options.task_id);
    actor_timer_cancel(run->checker->self, &run->timer);
    probe_destroy(run->probe);
    message_unref(run->config);
    free(run->name);
}

void
checker_destroy(struct checker *c)
{
    if (!c) {
        return;
    }
    run_fini(&c->check);
    run_fini(&c->health);
    message_unref(c->status);
    task_environment_free(c->environment);
    free((char *) c->options.task_id);
    free((char *) c->options.directory);
    free((char *) c->options.user);
    free(c);
}

/* --- pausing --- */

static void
pause_run(struct run *run)
{
    struct checker *c = run->checker;

    if (!run->config) {
        return;
    }
    vlog(1, "Paused %s for task '%s'", run->name, c->options.task_id);
    actor_timer_cancel(c->self, &run->timer);
    if (run->probe) {
        log_info("Ignoring %s result for task '%s': checking is paused",
                 run->name, c->options.task_id);
        probe_destroy(steal(run->probe));
    }
}

void
checker_pause(struct checker *c)
{
    if (!c->is_paused) {
        c->is_paused = true;
        pause_run(&c->check);
        pause_run(&c->health);
    }
}

static void
resume_run(struct run *run)
{
    struct checker *c = run->checker;

    if (run->config) {
        vlog(1, "Resumed %s for task '%s'", run->name, c->options.task_id);
        if (run->begun > 0) {
            run->due = actor_now(c->self);
        }
        wait_for_due(run);
    }
}

void
checker_resume(struct checker *c)
{
    if (c->is_paused) {
        c->is_paused = false;
        resume_run(&c->check);
        resume_run(&c->health);
    }
}

/* --- a run --- */

static void
set_due(struct run *run, int64_t delay_ns)
{
    int64_t now = actor_now(run->checker->self);

    run->due = delay_ns < INT64_MAX - now ? now + delay_ns : INT64_MAX;
}

static void
wait_for_due(struct run *run)
{
    struct checker *c = run->checker;
    int64_t left = run->due - actor_now(c->self);

    left = left > 0 ? left : 0;
    vlog(1, "Scheduling %s for task '%s' in %s", run->name,
         c->options.task_id, DURATION_TEXT(left));
    actor_timer_start(c->self, &run->timer, left, on_due, run);
}

static void
on_due(struct actor *self, void *arg)
{
    struct run *run = arg;
    const struct checker *c = run->checker;
    struct probe_options options = {
        .spec = &run->spec, .name = run->name, .task_id = c->options.task_id,
        .environment = c->environment, .directory = c->options.directory,
        .user = c->options.user, .done = on_outcome, .aux = run,
    };

    run->begun = actor_now(self);
    run->probe = probe_start(self, &options);
}

static void
on_outcome(struct actor *self, void *arg, const struct error *error,
           int value)
{
    struct run *run = arg;
    const char *task_id = run->checker->options.task_id;
    int64_t now = actor_now(self);

    run->probe = NULL;
    vlog(1, "Performed %s for task '%s' in %s", run->name, task_id,
         DURATION_TEXT(now - run->begun));
    if (error) {
        log_warn("%s for task '%s' failed: %s", run->name, task_id,
                 error_text(error));
    } else {
        log_info("%s for task '%s' returned: %d", run->name, task_id, value);
    }
    set_due(run, run->spec.interval_ns);
    wait_for_due(run);
    if (run == &run->checker->check) {
        take_check(run, error, value);
    } else {
        take_health(run, error, value);
    }
}

/* --- checks --- */

/* Tells only what is new. */
static void
take_check(struct run *run, const struct error *error, int value)
{
    struct checker *c = run->checker;
    struct message *m = message_create(&v1__check_status_info__descriptor);
    V1__CheckStatusInfo *status = message_root(m);
    const V1__CheckStatusInfo *last = message_root(c->status);

    fill_status(m, status, &run->spec, error ? NULL : &value);
    if (message_equal(&status->base, &last->base)) {
        message_unref(m);
        return;
    }
    message_unref(c->status);
    c->status = message_ref(m);
    c->options.on_check(c->self, c->options.aux, status);
    message_unref(m);
}

static void
fill_status(struct message *m, V1__CheckStatusInfo *status,
            const struct check_spec *spec, const int *value)
{
    status->has_type = true;
    switch (spec->type) {
    case CHECK_TYPE_COMMAND:
        status->type = V1__CHECK_INFO__TYPE__COMMAND;
        status->command =
            message_new(m, &v1__check_status_info__command__descriptor);
        status->command->has_exit_code = value != NULL;
        status->command->exit_code = value ? *value : 0;
        break;
    case CHECK_TYPE_HTTP:
        status->type = V1__CHECK_INFO__TYPE__HTTP;
        status->http =
            message_new(m, &v1__check_status_info__http__descriptor);
        status->http->has_status_code = value != NULL;
        status->http->status_code = value ? (uint32_t) *value : 0;
        break;
    case CHECK_TYPE_TCP:
        status->type = V1__CHECK_INFO__TYPE__TCP;
        status->tcp = message_new(m, &v1__check_status_info__tcp__descriptor);
        status->tcp->has_succeeded = value != NULL;
        status->tcp->succeeded = value && *value;
        break;
    default:
        status->type = V1__CHECK_INFO__TYPE__UNKNOWN;
        break;
    }
}

V1__CheckStatusInfo *
checker_status(const struct checker *c, struct message *m)
{
    return c->check.config
        ? check_status_empty(message_root(c->check.config), m) : NULL;
}

V1__CheckStatusInfo *
check_status_empty(const V1__CheckInfo *check, struct message *m)
{
    V1__CheckStatusInfo *status =
        message_new(m, &v1__check_status_info__descriptor);
    struct check_spec spec;

    check_spec_of_check(check, &spec);
    fill_status(m, status, &spec, NULL);
    return status;
}

/* --- health checks --- */

/* What is wrong with an outcome that is not healthy. */
static void
warn_of_value(const struct run *run, int value)
{
    const char *task_id = run->checker->options.task_id;

    switch (run->spec.type) {
    case CHECK_TYPE_COMMAND:
        log_warn("%s for task '%s' failed: Command exited with status %d",
                 run->name, task_id, value);
        break;
    case CHECK_TYPE_HTTP:
        log_warn("%s for task '%s' failed: Unexpected HTTP response code: %d",
                 run->name, task_id, value);
        break;
    default:
        log_warn("%s for task '%s' failed: Nobody accepts connections to "
                 "port %u", run->name, task_id, run->spec.port);
        break;
    }
}

static void
take_health(struct run *run, const struct error *error, int value)
{
    struct checker *c = run->checker;
    const char *task_id = c->options.task_id;
    bool is_good = !error && check_spec_is_healthy(&run->spec, value);

    if (!error && !is_good) {
        warn_of_value(run, value);
    }
    enum health_verdict verdict = health_note(&c->state, actor_now(c->self),
                                              is_good);
    switch (verdict) {
    case HEALTH_SAME:
        vlog(1, "%s for task '%s' passed", run->name, task_id);
        break;
    case HEALTH_IGNORED:
        log_info("Ignoring failure of %s for task '%s': still in grace "
                 "period", run->name, task_id);
        break;
    case HEALTH_GOOD:
        vlog(1, "%s for task '%s' passed", run->name, task_id);
        c->options.on_health(c->self, c->options.aux, true, false);
        break;
    case HEALTH_BAD:
    case HEALTH_FATAL:
        log_warn("%s for task '%s' failed %u times consecutively", run->name,
                 task_id, c->state.n_failures);
        c->options.on_health(c->self, c->options.aux, false,
                             verdict == HEALTH_FATAL);
        break;
    }
}
