/* SPDX-License-Identifier: Apache-2.0
 *
 * scheduler.c - the actor that speaks with the master for a framework.
 *
 * It asks a detector who leads, links to that master and subscribes, again and
 * again with growing pauses until there is an answer; each attempt but the
 * first asks the detector again.  When the link breaks, or another master
 * leads, offers are void and it begins anew.  Calls of the framework pass through here, since
 * some of them change what the next SUBSCRIBE says.
 *
 * Thread: the actor's turns.  Mirrors SchedulerProcess in Mesos'
 * src/sched/sched.cpp. */
#include <config.h>

/* The role of a framework that has only one is read here. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "scheduler-driver/driver.h"

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "election/election.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "scheduler-driver/callbacks.h"
#include "scheduler-driver/calls.h"
#include "scheduler-driver/events.h"
#include "scheduler-driver/lost_task.h"
#include "scheduler-driver/offer_table.h"

/* The pause between two attempts to subscribe: the longest, and what a small
 * failover_timeout leaves of it at least. */
#define BACKOFF_MAX MINUTE
#define BACKOFF_MIN (10 * MILLISECOND)

/* How often to say that the master cannot be reached. */
#define WARN_EVERY (10 * SECOND)

/* Mesos' words (Master::receive). */
#define MASTER_ERROR_DISCONNECTED "Framework disconnected"

struct scheduler {
    struct actor base;
    struct mesos_scheduler_driver *driver;      /* borrowed; outlives us */
    struct upid detector;
    struct message *leader;     /* counted; its info; NULL: nobody leads */
    struct upid master;         /* the leader; empty: nobody leads */
    bool is_detecting;          /* asked anew for who leads */

    bool is_connected;          /* subscribed, and nothing heard against it */
    bool was_connected;         /* ever */

    /* No more events and calls.  Connected as before, so that the framework
     * can still be torn down. */
    bool is_aborted;
    bool is_over;               /* callbacks may still run */

    /* What the framework changed since the last SUBSCRIBE went out. */
    bool needs_update;

    struct message *framework;          /* counted; V1.FrameworkInfo */
    struct message *constraints;        /* counted; OfferConstraints or NULL */
    struct role_set suppressed_roles;   /* owned */
    struct offer_table offers;
    struct callback_queue callbacks;

    int64_t first_backoff_ns;
    int64_t backoff_ns;
    struct actor_timer timer;           /* for the next attempt */
};

/* Calls that came from the application. */
struct call_body {
    struct message *call;       /* counted */
};

struct stop_body {
    enum scheduler_end end;
};

static void
call_body_fini(void *body)
{
    message_unref(((struct call_body *) body)->call);
}

static const struct actor_msg_type msg_driver_call = {
    .name = "driver-call", .size = sizeof(struct call_body),
    .fini = call_body_fini,
};

static const struct actor_msg_type msg_driver_stop = {
    .name = "driver-stop", .size = sizeof(struct stop_body),
};

static void detect_again(struct actor *, void *);

static struct scheduler *
scheduler_of(struct actor *self)
{
    return CONTAINER_OF(self, struct scheduler, base);
}

static V1__FrameworkInfo *
framework_of(const struct scheduler *s)
{
    return message_root(s->framework);
}

static const char *
framework_id(const struct scheduler *s)
{
    const V1__FrameworkInfo *framework = framework_of(s);

    return framework->id ? framework->id->value : NULL;
}

/* For logs. */
static const char *
framework_name(const struct scheduler *s)
{
    const char *id = framework_id(s);

    return id ? id : "''";
}

static bool
is_running(const struct scheduler *s)
{
    return !s->is_aborted && !s->is_over;
}

/* --- the end --- */

static void
finish(struct scheduler *s)
{
    s->is_over = true;
    s->is_connected = false;
    actor_timer_cancel(&s->base, &s->timer);
    if (callback_queue_is_idle(&s->callbacks)) {
        actor_gate_open(s->driver->gate);
        actor_stop(&s->base);
    }
}

static void
on_callbacks_idle(struct actor *self)
{
    struct scheduler *s = scheduler_of(self);

    if (s->is_over) {
        finish(s);
    } else if (s->is_aborted) {
        actor_gate_open(s->driver->gate);
    }
}

/* --- calls to the master --- */

/* '*call' becomes NULL. */
static void
send_call(struct scheduler *s, struct message **call)
{
    Scheduler__Call *root = message_root(*call);

    root->framework_id = framework_of(s)->id;
    message_hold(*call, s->framework);
    actor_send_message(&s->base, &s->master, &msg_scheduler_call, call);
}

static char **
copy_suppressed_roles(struct scheduler *s, struct message *m)
{
    size_t n = s->suppressed_roles.n;
    char **roles = message_array(m, n, sizeof *roles);

    for (size_t i = 0; i < n; i++) {
        roles[i] = message_strdup(m, s->suppressed_roles.data[i]);
    }
    return roles;
}

static void
send_subscribe(struct scheduler *s)
{
    struct message *m = call_create(SCHEDULER__CALL__TYPE__SUBSCRIBE);
    Scheduler__Call *call = message_root(m);
    Scheduler__Call__Subscribe *sub =
        message_new(m, &scheduler__call__subscribe__descriptor);

    sub->framework_info = framework_of(s);
    sub->suppressed_roles = copy_suppressed_roles(s, m);
    sub->n_suppressed_roles = s->suppressed_roles.n;
    if (s->constraints) {
        message_hold(m, s->constraints);
        sub->offer_constraints = message_root(s->constraints);
    }
    call->subscribe = sub;
    vlog(1, "Sending SUBSCRIBE call to %s", UPID_TEXT(&s->master));
    send_call(s, &m);
    s->needs_update = false;
}

static void
send_update_framework(struct scheduler *s)
{
    const Scheduler__OfferConstraints *constraints =
        s->constraints ? message_root(s->constraints) : NULL;
    struct message *call = call_create_update(
        framework_of(s), (const char *const *) s->suppressed_roles.data,
        s->suppressed_roles.n, constraints);

    send_call(s, &call);
    s->needs_update = false;
}

/* --- finding the master, and subscribing --- */

/* The longest pause.  A framework that the master waits for only so long
 * comes back in time. */
static int64_t
max_backoff(const struct scheduler *s)
{
    int64_t max_ns = BACKOFF_MAX;
    const V1__FrameworkInfo *framework = framework_of(s);

    if (framework->has_failover_timeout && framework->failover_timeout > 0) {
        int64_t tenth_ns =
            duration_from_seconds(framework->failover_timeout / 10);

        max_ns = tenth_ns < max_ns ? tenth_ns : max_ns;
        max_ns = max_ns < BACKOFF_MIN ? BACKOFF_MIN : max_ns;
    }
    return max_ns;
}

/* Some time up to the present pause, which doubles. */
static void
try_again_later(struct scheduler *s)
{
    double share = 0.5 + actor_random_double(&s->base) / 2;
    int64_t max_ns = max_backoff(s);

    s->backoff_ns = s->backoff_ns > max_ns ? max_ns : s->backoff_ns;
    int64_t delay_ns = (int64_t) ((double) s->backoff_ns * share);

    vlog(1, "Will retry registration in %s if necessary",
         DURATION_TEXT(delay_ns));
    actor_timer_start(&s->base, &s->timer, delay_ns, detect_again, NULL);
    s->backoff_ns = s->backoff_ns > max_ns / 2 ? max_ns : s->backoff_ns * 2;
}

static void
subscribe(struct scheduler *s)
{
    actor_link(&s->base, &s->master);
    send_subscribe(s);
    try_again_later(s);
}

/* Since the last attempt the master may have got another address. */
static void
detect_again(struct actor *self, void *arg UNUSED)
{
    struct scheduler *s = scheduler_of(self);

    s->is_detecting = true;
    detector_detect(self, &s->detector);
}

/* 'leader' NULL: nobody leads. */
static void
set_master(struct scheduler *s, struct message *leader,
           const struct upid *master)
{
    if (!upid_is_empty(&s->master) && !upid_equal(&s->master, master)) {
        actor_unlink(&s->base, &s->master);
    }
    if (leader) {
        message_ref(leader);
    }
    message_unref(s->leader);
    s->leader = leader;
    s->master = *master;
}

/* False if we were not connected. */
static bool
disconnect(struct scheduler *s)
{
    struct message *none = NULL;

    if (!s->is_connected) {
        return false;
    }
    s->is_connected = false;
    offer_table_clear(&s->offers);
    callback_queue_push(&s->base, &s->callbacks, CALLBACK_DISCONNECTED, &none);
    return true;
}

static void
follow_leader(struct scheduler *s, const struct leader *leader)
{
    disconnect(s);
    set_master(s, leader->info, &leader->upid);
    log_info("New master detected at %s", UPID_TEXT(&s->master));
    log_info("No credentials provided. Attempting to register without "
             "authentication");
    s->backoff_ns = s->first_backoff_ns;
    subscribe(s);
}

static void
lose_leader(struct scheduler *s)
{
    static const struct upid nobody = { .id = "" };

    log_info("No master detected");
    actor_timer_cancel(&s->base, &s->timer);
    disconnect(s);
    set_master(s, NULL, &nobody);
}

static void fail(struct scheduler *, const char *text);

static void
on_leader(struct actor *self, struct actor_msg *msg)
{
    struct scheduler *s = scheduler_of(self);
    const struct leader *leader = actor_msg_body(msg, &msg_leader);
    bool is_answer = s->is_detecting;

    s->is_detecting = false;
    if (!is_running(s)) {
        return;
    }
    if (leader->error) {
        autofree char *text = xasprintf("Failed to detect a master: %s",
                                        error_text(leader->error));

        fail(s, text);
    } else if (!leader->info) {
        lose_leader(s);
    } else if (!s->leader || !leader_is_same(s->leader, leader->info)) {
        follow_leader(s, leader);
    } else if (is_answer) {
        set_master(s, leader->info, &leader->upid);
        subscribe(s);
    }
}

/* The link is gone; the master may be, too. */
static void
lose_master(struct scheduler *s)
{
    if (s->is_aborted) {
        s->is_connected = false;
        return;
    }
    if (disconnect(s)) {
        log_warn("Lost the connection to master %s; trying again",
                 UPID_TEXT(&s->master));
    } else {
        log_warn_every(WARN_EVERY, "Cannot reach master %s; trying again",
                       UPID_TEXT(&s->master));
    }
    /* Pauses grow for a master that does not answer; one that is not there
     * costs nothing to look for. */
    s->backoff_ns = s->first_backoff_ns;
    try_again_later(s);
}

static void
scheduler_exited(struct actor *self, const struct upid *who)
{
    struct scheduler *s = scheduler_of(self);

    if (!s->is_over && upid_equal(who, &s->master)) {
        lose_master(s);
    }
}

/* --- errors --- */

/* The master keeps its offers to itself from now on. */
static void
deactivate(struct scheduler *s)
{
    struct message *m =
        message_create(&internal__deactivate_framework__descriptor);

    ((Internal__DeactivateFramework *) message_root(m))->framework_id =
        framework_of(s)->id;
    message_hold(m, s->framework);
    actor_send_message(&s->base, &s->master, &msg_deactivate_framework, &m);
}

static void
abort_framework(struct scheduler *s)
{
    log_info("Aborting framework %s", framework_name(s));
    s->is_aborted = true;
    actor_timer_cancel(&s->base, &s->timer);
    if (s->is_connected) {
        deactivate(s);
    } else {
        vlog(1, "Not sending a deactivate message as master is disconnected");
    }
}

/* First the driver aborts, then the framework hears of it, then whoever waits
 * for the end. */
static void
fail(struct scheduler *s, const char *text)
{
    log_info("Got error '%s'", text);
    if (driver_set_aborted(s->driver)) {
        abort_framework(s);
        struct message *event = event_create_error(text);

        callback_queue_push(&s->base, &s->callbacks, CALLBACK_ERROR, &event);
    }
}

/* --- events of the master --- */

static bool
set_framework_id(struct scheduler *s, const V1__FrameworkID *id)
{
    const char *present = framework_id(s);

    if (present) {
        return !strcmp(present, id->value);
    }
    struct message *m = message_clone(&framework_of(s)->base);
    V1__FrameworkInfo *framework = message_root(m);

    framework->id = message_copy(m, &id->base);
    message_unref(s->framework);
    s->framework = m;
    return true;
}

static void
on_subscribed(struct scheduler *s, struct actor_msg *msg,
              const Scheduler__Event__Subscribed *subscribed)
{
    struct message *event = message_ref(actor_msg_message(msg));

    if (s->is_connected) {
        vlog(1, "Ignoring SUBSCRIBED: already connected");
        message_unref(event);
        return;
    }
    if (!set_framework_id(s, subscribed->framework_id)) {
        message_unref(event);
        fail(s, "The master gave the framework another id");
        return;
    }
    s->is_connected = true;
    s->is_detecting = false;            /* it has been found */
    s->backoff_ns = s->first_backoff_ns;
    actor_timer_cancel(&s->base, &s->timer);
    if (s->is_aborted) {        /* while the answer was on its way */
        deactivate(s);
        message_unref(event);
        return;
    }
    if (s->needs_update) {
        send_update_framework(s);
    }
    log_info("Framework %s with %s",
             s->was_connected ? "reregistered" : "registered",
             framework_id(s));
    callback_queue_push(&s->base, &s->callbacks,
                        s->was_connected ? CALLBACK_REREGISTERED
                                         : CALLBACK_REGISTERED,
                        &event);
    s->was_connected = true;
}

static void
note_offers(struct scheduler *s, const Scheduler__Event__Offers *offers)
{
    for (size_t i = 0; i < offers->n_offers; i++) {
        offer_table_add(&s->offers, offers->offers[i]->id->value,
                        offers->offers[i]->agent_id->value);
    }
}

/* What the framework asked for just before we heard that the connection was
 * lost went over the next one, ahead of SUBSCRIBE.  It is lost like others;
 * the framework is not. */
static void
on_error(struct scheduler *s, const char *text)
{
    if (!s->is_connected && !strcmp(text, MASTER_ERROR_DISCONNECTED)) {
        log_warn("A call was refused by master %s: '%s'; subscribing again",
                 UPID_TEXT(&s->master), text);
        return;
    }
    fail(s, text);
}

/* Notes what an event means for us; false if the framework is not told. */
static bool
note_event(struct scheduler *s, const Scheduler__Event *event)
{
    switch (event->type) {
    case SCHEDULER__EVENT__TYPE__OFFERS:
        note_offers(s, event->offers);
        return true;
    case SCHEDULER__EVENT__TYPE__RESCIND:
        vlog(1, "Rescinded offer %s", event->rescind->offer_id->value);
        (void) offer_table_remove(&s->offers,
                                  event->rescind->offer_id->value);
        return true;
    case SCHEDULER__EVENT__TYPE__INVERSE_OFFERS:
    case SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER:
    case SCHEDULER__EVENT__TYPE__UPDATE:
    case SCHEDULER__EVENT__TYPE__MESSAGE:
        return true;
    case SCHEDULER__EVENT__TYPE__FAILURE:
        if (event->failure->executor_id) {
            vlog(1, "Executor %s on agent %s exited with status %d",
                 event->failure->executor_id->value,
                 event->failure->agent_id->value, event->failure->status);
        } else {
            vlog(1, "Lost agent %s", event->failure->agent_id->value);
        }
        return true;
    default:
        return false;
    }
}

static void
on_event(struct actor *self, struct actor_msg *msg)
{
    struct scheduler *s = scheduler_of(self);
    const Scheduler__Event *event = actor_msg_root(msg, &msg_scheduler_event);
    struct upid from;

    actor_msg_from(msg, &from);
    if (s->is_over || !upid_equal(&from, &s->master) || !event_is_complete(event)) {
        vlog(1, "Ignoring an event of %s", UPID_TEXT(&from));
    } else if (event->type == SCHEDULER__EVENT__TYPE__SUBSCRIBED) {
        on_subscribed(s, msg, event->subscribed);
    } else if (s->is_aborted) {
        vlog(1, "Ignoring an event because the driver is not running!");
    } else if (event->type == SCHEDULER__EVENT__TYPE__ERROR) {
        on_error(s, event->error->message);
    } else if (s->is_connected && note_event(s, event)) {
        struct message *m = message_ref(actor_msg_message(msg));

        callback_queue_push(self, &s->callbacks, CALLBACK_EVENT, &m);
    }
}

/* --- calls of the framework --- */

static bool
has_operation_id(const Scheduler__Call__Accept *accept)
{
    for (size_t i = 0; i < accept->n_operations; i++) {
        if (accept->operations[i]->id) {
            return true;
        }
    }
    return false;
}

static void
push_lost_task(void *s_, const V1__TaskInfo *task)
{
    struct scheduler *s = s_;
    struct message *event = lost_task_event(
        task, framework_of(s),
        duration_to_seconds(actor_wall_now(&s->base)));

    callback_queue_push(&s->base, &s->callbacks, CALLBACK_EVENT, &event);
}

struct offered {
    const struct scheduler *s;
    const Scheduler__Call__Accept *accept;
};

/* Whether one of the offers is of the agent that the task names. */
static void
check_task(void *offered_, const V1__TaskInfo *task)
{
    struct offered *offered = offered_;
    const char *wanted = task->agent_id ? task->agent_id->value : "";

    for (size_t i = 0; i < offered->accept->n_offer_ids; i++) {
        const char *agent = offer_table_find_agent(
            &offered->s->offers, offered->accept->offer_ids[i]->value);

        if (agent && !strcmp(agent, wanted)) {
            return;
        }
    }
    log_warn("Attempting to launch task %s with the wrong agent id %s",
             task->task_id->value, wanted);
}

static void
remove_offers(struct scheduler *s, V1__OfferID **ids, size_t n,
              const char *verb)
{
    for (size_t i = 0; i < n; i++) {
        if (!offer_table_remove(&s->offers, ids[i]->value)) {
            log_warn("Attempting to %s an unknown offer %s", verb,
                     ids[i]->value);
        }
    }
}

static void
on_accept(struct scheduler *s, struct message **call)
{
    Scheduler__Call__Accept *accept =
        ((Scheduler__Call *) message_root(*call))->accept;
    struct offered offered = { s, accept };

    if (has_operation_id(accept)) {
        fail(s, "An offer operation's 'id' field was set, which is disallowed "
                "because the SchedulerDriver cannot handle offer operation "
                "status updates");
    } else if (!s->is_connected) {
        lost_task_for_each(accept, push_lost_task, s);
    } else {
        lost_task_for_each(accept, check_task, &offered);
        remove_offers(s, accept->offer_ids, accept->n_offer_ids, "accept");
        send_call(s, call);
    }
}

/* Sent now, or with the next subscription. */
static void
send_or_remember(struct scheduler *s, struct message **call)
{
    if (s->is_connected) {
        send_call(s, call);
    } else {
        s->needs_update = true;
    }
}

static void
on_revive(struct scheduler *s, struct message **call)
{
    const Scheduler__Call__Revive *revive =
        ((Scheduler__Call *) message_root(*call))->revive;

    if (revive->n_roles == 0) {
        role_set_fini(&s->suppressed_roles);
    }
    for (size_t i = 0; i < revive->n_roles; i++) {
        role_set_remove(&s->suppressed_roles, revive->roles[i]);
    }
    send_or_remember(s, call);
}

/* A framework has 'roles', or is of the older kind with one 'role'. */
static void
suppress_all_roles(struct scheduler *s)
{
    const V1__FrameworkInfo *framework = framework_of(s);

    role_set_fini(&s->suppressed_roles);
    if (framework->n_roles == 0) {
        role_set_add(&s->suppressed_roles,
                     framework->role ? framework->role : "*");
    }
    for (size_t i = 0; i < framework->n_roles; i++) {
        role_set_add(&s->suppressed_roles, framework->roles[i]);
    }
}

static void
on_suppress(struct scheduler *s, struct message **call)
{
    const Scheduler__Call__Suppress *suppress =
        ((Scheduler__Call *) message_root(*call))->suppress;

    if (suppress->n_roles == 0) {
        suppress_all_roles(s);
    }
    for (size_t i = 0; i < suppress->n_roles; i++) {
        role_set_add(&s->suppressed_roles, suppress->roles[i]);
    }
    send_or_remember(s, call);
}

static void
take_update(struct scheduler *s,
            const Scheduler__Call__UpdateFramework *update)
{
    role_set_fini(&s->suppressed_roles);
    for (size_t i = 0; i < update->n_suppressed_roles; i++) {
        role_set_add(&s->suppressed_roles, update->suppressed_roles[i]);
    }
    message_unref(s->constraints);
    s->constraints = update->offer_constraints
                         ? message_clone(&update->offer_constraints->base)
                         : NULL;
    message_unref(s->framework);
    s->framework = message_clone(&update->framework_info->base);
}

static void
on_update(struct scheduler *s, struct message **call)
{
    const Scheduler__Call__UpdateFramework *update =
        ((Scheduler__Call *) message_root(*call))->update_framework;
    const V1__FrameworkID *id = update->framework_info->id;
    const char *known = framework_id(s);

    if (!known) {
        fail(s, "MesosSchedulerDriver::updateFramework() must not be called "
                "prior to registration with the master");
    } else if (!id || strcmp(id->value, known)) {
        autofree char *text = xasprintf(
            "The 'FrameworkInfo.id' provided to "
            "MesosSchedulerDriver::updateFramework() (%s) must be equal to "
            "the value known to the MesosSchedulerDriver (%s)",
            id ? id->value : "", known);

        fail(s, text);
    } else {
        take_update(s, update);
        send_or_remember(s, call);
    }
}

static void
on_other_call(struct scheduler *s, struct message **call)
{
    const Scheduler__Call *root = message_root(*call);

    if (!s->is_connected) {
        vlog(1, "Dropping a call of type %d: no master", (int) root->type);
        return;
    }
    if (root->type == SCHEDULER__CALL__TYPE__DECLINE) {
        remove_offers(s, root->decline->offer_ids, root->decline->n_offer_ids,
                      "decline");
    }
    send_call(s, call);
}

static void
on_call(struct actor *self, struct actor_msg *msg)
{
    struct scheduler *s = scheduler_of(self);
    struct call_body *body = actor_msg_body(msg, &msg_driver_call);
    autodestroy(message) *call = steal(body->call);

    metric_add(s->driver->n_calls, -1);
    if (!is_running(s)) {
        return;
    }
    switch (((const Scheduler__Call *) message_root(call))->type) {
    case SCHEDULER__CALL__TYPE__ACCEPT:
        on_accept(s, &call);
        break;
    case SCHEDULER__CALL__TYPE__REVIVE:
        on_revive(s, &call);
        break;
    case SCHEDULER__CALL__TYPE__SUPPRESS:
        on_suppress(s, &call);
        break;
    case SCHEDULER__CALL__TYPE__UPDATE_FRAMEWORK:
        on_update(s, &call);
        break;
    default:
        on_other_call(s, &call);
        break;
    }
}

static void
on_stop(struct actor *self, struct actor_msg *msg)
{
    struct scheduler *s = scheduler_of(self);
    const struct stop_body *body = actor_msg_body(msg, &msg_driver_stop);

    if (body->end == SCHEDULER_ABORT) {
        abort_framework(s);
    } else {
        log_info("Stopping framework %s", framework_name(s));
    }
    if (body->end == SCHEDULER_TEARDOWN && s->is_connected) {
        struct message *call = call_create(SCHEDULER__CALL__TYPE__TEARDOWN);

        send_call(s, &call);
    }
    /* Whoever waits for us need not wait for a callback that still runs. */
    actor_gate_open(s->driver->gate);
    if (body->end != SCHEDULER_ABORT) {
        finish(s);
    }
}

/* --- life --- */

static struct error *
scheduler_init(struct actor *self, void *options_)
{
    struct scheduler *s = scheduler_of(self);
    const struct scheduler_options *options = options_;
    struct metrics *metrics = actor_system_metrics(actor_system_of(self));

    s->driver = options->driver;
    s->driver->n_events =
        metrics_add_gauge(metrics, "scheduler/event_queue_messages");
    s->driver->n_calls =
        metrics_add_gauge(metrics, "scheduler/event_queue_dispatches");
    s->callbacks.driver = options->driver;
    s->callbacks.idle = on_callbacks_idle;
    s->detector = *options->detector;
    s->framework = message_ref(options->framework);
    for (size_t i = 0; i < options->suppressed_roles->n; i++) {
        role_set_add(&s->suppressed_roles, options->suppressed_roles->data[i]);
    }
    s->first_backoff_ns = s->backoff_ns = options->backoff_ns;
    detector_detect(self, &s->detector);
    return NULL;
}

static void
scheduler_fini(struct actor *self)
{
    struct scheduler *s = scheduler_of(self);

    message_unref(s->leader);
    message_unref(s->framework);
    message_unref(s->constraints);
    role_set_fini(&s->suppressed_roles);
    offer_table_clear(&s->offers);
    callback_queue_fini(&s->callbacks);
    actor_gate_open(s->driver->gate);
}

static const struct actor_handler handlers[] = {
    { &msg_scheduler_event, on_event },
    { &msg_leader, on_leader },
    { &msg_driver_call, on_call },
    { &msg_driver_stop, on_stop },
};

static const struct actor_type scheduler_type = {
    .name = "scheduler",
    .size = sizeof(struct scheduler),
    .init = scheduler_init,
    .fini = scheduler_fini,
    .exited = scheduler_exited,
    .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
scheduler_spawn(struct actor_system *system, const char *id,
                const struct scheduler_options *options, struct upid *ret)
{
    struct scheduler_options copy = *options;

    return actor_spawn(system, &scheduler_type, id, &copy, ret);
}

void
scheduler_post_call(struct actor_system *system, const struct upid *to,
                    struct message **call)
{
    struct actor_msg *msg = actor_msg_create(&msg_driver_call);
    struct call_body *body = actor_msg_body(msg, &msg_driver_call);

    body->call = steal(*call);
    actor_post(system, to, &msg);
}

void
scheduler_post_stop(struct actor_system *system, const struct upid *to,
                    enum scheduler_end end)
{
    struct actor_msg *msg = actor_msg_create(&msg_driver_stop);
    struct stop_body *body = actor_msg_body(msg, &msg_driver_stop);

    body->end = end;
    actor_post(system, to, &msg);
}
