/* SPDX-License-Identifier: Apache-2.0
 *
 * frameworks.c - frameworks come, come back, change, and go.
 *
 * A framework is known by its id.  A scheduler that subscribes with the id of
 * a framework takes it over, wherever the one before was: the call has no way
 * to say that it would rather not, as it had in the oldest API of Mesos. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include <utlist.h>

#include "master/allocation.h"
#include "master/allocator/allocator.h"
#include "master/framework_metrics.h"
#include "master/private.h"
#include "master/rate_limits.h"
#include "master/validation.h"
#include "model/task_state.h"

static void subscribe_new(struct master *, const struct upid *,
                          const Scheduler__Call__Subscribe *);
static void subscribe_again(struct master *, const struct upid *,
                            const Scheduler__Call__Subscribe *);
static void connect_framework(struct master *, struct framework *,
                              const struct upid *, const char *what,
                              char *const *suppressed_roles,
                              size_t n_suppressed_roles);
static void discard_offers(struct master *, struct framework *);
static void rescind_offers(struct master *, struct framework *);
static int64_t longer(int64_t, int64_t);
static int64_t failover_timeout(const struct framework *);
static void start_failover_timer(struct master *, struct framework *,
                                 int64_t timeout);
static void on_failover_timeout(struct actor *, void *arg);

/* --- events --- */

struct message *
event_create(Scheduler__Event__Type type, Scheduler__Event **root)
{
    struct message *message = message_create(&scheduler__event__descriptor);

    *root = message_root(message);
    (*root)->has_type = true;
    (*root)->type = type;
    return message;
}

void
framework_send(struct master *m, struct framework *f, struct message **event)
{
    if (f->state != FRAMEWORK_CONNECTED || !f->has_pid) {
        vlog(1, "Master attempting to send message to disconnected framework "
             "%s", f->text);
        message_unref(*event);
        *event = NULL;
        return;
    }
    framework_metrics_add_event(
        f->metrics, ((const Scheduler__Event *) message_root(*event))->type);
    actor_send_message(&m->base, &f->pid, &msg_scheduler_event, event);
}

void
framework_send_error(struct master *m, const struct upid *to,
                     const char *text)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__ERROR,
                                           &event);

    event->error = message_new(message, &scheduler__event__error__descriptor);
    event->error->message = message_strdup(message, text);
    actor_send_message(&m->base, to, &msg_scheduler_event, &message);
}

/* --- what counts for the metrics --- */

static void
count_framework(struct master *m, const struct framework *f, int sign)
{
    metric_add(f->state == FRAMEWORK_CONNECTED
               ? m->metrics.frameworks_connected
               : m->metrics.frameworks_disconnected, sign);
    metric_add(f->active ? m->metrics.frameworks_active
                         : m->metrics.frameworks_inactive, sign);
}

static void
set_state(struct master *m, struct framework *f, enum framework_state state,
          bool active)
{
    count_framework(m, f, -1);
    f->state = state;
    f->active = active;
    count_framework(m, f, 1);
    framework_metrics_set_subscribed(f->metrics,
                                     state == FRAMEWORK_CONNECTED);
}

/* To the scheduler that the framework has. */
static void
tell_error(struct master *m, struct framework *f, const char *text)
{
    framework_metrics_add_event(f->metrics, SCHEDULER__EVENT__TYPE__ERROR);
    framework_send_error(m, &f->pid, text);
}

void
framework_note_roles(struct framework *f, char *const *suppressed_roles,
                     size_t n_suppressed_roles)
{
    size_t n = framework_n_roles(f);
    autofree const char **roles = alloc_array(n + 1, sizeof *roles);

    for (size_t i = 0; i < n; i++) {
        roles[i] = framework_role(f, i);
    }
    framework_metrics_set_roles(f->metrics, roles, n);
    framework_metrics_set_suppressed(f->metrics, NULL, 0, false);
    if (n_suppressed_roles > 0) {
        framework_metrics_set_suppressed(f->metrics, suppressed_roles,
                                         n_suppressed_roles, true);
    }
}

/* --- subscribing --- */

/* By itself, and by what the operator allows. */
static struct error *
check_info(const struct master *m, const V1__FrameworkInfo *info)
{
    struct error *error = validate_framework_info(
        info, m->flags->roles, m->flags->root_submissions);

    if (!error) {
        error = allocation_check_offer_filters(info);
    }
    if (!error && info->id
        && frameworks_find_completed(&m->frameworks, info->id->value)) {
        error = error_create(ERROR_INVALID, "Framework has been removed");
    }
    return error;
}

static struct error *
check_subscription(struct master *m, const Scheduler__Call__Subscribe *s,
                   const V1__FrameworkID *call_id)
{
    const V1__FrameworkInfo *info = s->framework_info;
    const char *id = info->id ? info->id->value : "";
    struct error *error;

    if (call_id && strcmp(call_id->value, id)) {
        return error_create(ERROR_INVALID, "'framework_id' differs from "
                            "'subscribe.framework_info.id'");
    }
    error = check_info(m, info);
    if (!error) {
        error = validate_suppressed_roles(s->suppressed_roles,
                                          s->n_suppressed_roles, info);
    }
    if (!error) {
        error = allocation_check_constraints(s->offer_constraints, info,
                                             m->flags);
    }
    return error;
}

static void
refuse(struct master *m, const struct upid *from,
       const V1__FrameworkInfo *info, struct error *error)
{
    log_info("Refusing subscription of framework '%s' at %s: %s", info->name,
             UPID_TEXT(from), error_text(error));
    framework_send_error(m, from, error_text(error));
    error_destroy(error);
}

static void
log_subscribing(const V1__FrameworkInfo *info)
{
    autofini(strbuf) text = STRBUF(4096);

    for (size_t i = 0; i < info->n_capabilities; i++) {
        const char *name = message_enum_name(
            &v1__framework_info__capability__type__descriptor,
            (int) info->capabilities[i]->type);

        strbuf_printf(&text, "%s%s", i ? ", " : "", name ? name : "UNKNOWN");
    }
    log_info("Subscribing framework '%s' with checkpointing %s and "
             "capabilities [ %s ]", info->name,
             info->checkpoint ? "enabled" : "disabled", text.data);
}

void
frameworks_on_subscribe(struct master *m, const struct upid *from,
                        const Scheduler__Call__Subscribe *s,
                        const V1__FrameworkID *call_id)
{
    const V1__FrameworkInfo *info = s->framework_info;
    bool again = info->id && info->id->value[0] != '\0';
    struct error *error;

    log_info("Received SUBSCRIBE call for framework '%s' at %s", info->name,
             UPID_TEXT(from));
    metric_increment(again ? m->metrics.messages_reregister_framework
                           : m->metrics.messages_register_framework, 1);
    error = check_subscription(m, s, call_id);
    if (error) {
        refuse(m, from, info, error);
        return;
    }
    log_subscribing(info);
    if (again) {
        subscribe_again(m, from, s);
    } else {
        subscribe_new(m, from, s);
    }
}

static void
send_subscribed(struct master *m, struct framework *f)
{
    Scheduler__Event *event;
    struct message *message = event_create(SCHEDULER__EVENT__TYPE__SUBSCRIBED,
                                           &event);
    Scheduler__Event__Subscribed *subscribed =
        message_new(message, &scheduler__event__subscribed__descriptor);

    event->subscribed = subscribed;
    subscribed->framework_id = message_new(message,
                                           &v1__framework_id__descriptor);
    subscribed->framework_id->value = message_strdup(message, f->id);
    subscribed->master_info = m->info;
    message_hold(message, m->info_message);
    framework_send(m, f, &message);
}

/* A FrameworkInfo of our own, with 'id'. */
static struct message *
clone_info(const V1__FrameworkInfo *info, const char *id)
{
    struct message *message = message_clone(&info->base);
    V1__FrameworkInfo *copy = message_root(message);

    if (!copy->id) {
        copy->id = message_new(message, &v1__framework_id__descriptor);
    }
    copy->id->value = message_strdup(message, id);
    return message;
}

static struct framework *
add_framework(struct master *m, struct message *info_message)
{
    struct framework *f = framework_create(info_message);

    f->registered_time = master_wall_time(m);
    if (m->flags->publish_per_framework_metrics) {
        f->metrics = framework_metrics_create(actor_metrics(&m->base),
                                              f->info->name, f->id);
    }
    frameworks_add(&m->frameworks, f);
    count_framework(m, f, 1);
    return f;
}

static void
subscribe_new(struct master *m, const struct upid *from,
              const Scheduler__Call__Subscribe *s)
{
    struct framework *f = frameworks_find_pid(&m->frameworks, from);
    autofree char *id = NULL;

    if (f) {
        framework_metrics_add_call(f->metrics,
                                   SCHEDULER__CALL__TYPE__SUBSCRIBE);
        log_info("Framework %s already subscribed, resending acknowledgement",
                 f->text);
        send_subscribed(m, f);
        return;
    }
    id = xasprintf("%s-%04llu", m->id,
                   (unsigned long long) m->next_framework++);
    f = add_framework(m, clone_info(s->framework_info, id));
    framework_set_constraints(f, s->offer_constraints);
    connect_framework(m, f, from, "Adding", s->suppressed_roles,
                      s->n_suppressed_roles);
}

/* 'what': "Adding" or "Updating". */
static void
log_roles(const char *what, const struct framework *f,
          char *const *suppressed, size_t n)
{
    autofini(strbuf) text = STRBUF(4096);

    for (size_t i = 0; i < n; i++) {
        strbuf_printf(&text, "%s%s", i ? ", " : "", suppressed[i]);
    }
    log_info("%s framework %s with roles { %s } suppressed", what, f->text,
             text.data);
}

static void
connect_framework(struct master *m, struct framework *f,
                  const struct upid *pid, const char *what,
                  char *const *suppressed_roles, size_t n_suppressed_roles)
{
    frameworks_set_pid(&m->frameworks, f, pid);
    actor_timer_cancel(&m->base, &f->failover_timer);
    actor_link(&m->base, &f->pid);
    set_state(m, f, FRAMEWORK_CONNECTED, true);
    framework_count_messages(f, actor_metrics(&m->base));
    framework_metrics_add_call(f->metrics, SCHEDULER__CALL__TYPE__SUBSCRIBE);
    framework_note_roles(f, suppressed_roles, n_suppressed_roles);
    log_roles(what, f, suppressed_roles, n_suppressed_roles);
    send_subscribed(m, f);
    allocation_tell_framework(m, f, suppressed_roles, n_suppressed_roles);
}

/* --- subscribing with an id --- */

/* What cannot change stays as it was (MESOS-703). */
static struct message *
merge_info(const struct framework *f, const V1__FrameworkInfo *info)
{
    struct message *message = clone_info(info, f->id);
    V1__FrameworkInfo *merged = message_root(message);

    if (strcmp(merged->user, f->info->user)) {
        log_warn("Cannot update 'FrameworkInfo.user' to '%s' for framework "
                 "%s; see MESOS-703", merged->user, f->id);
        merged->user = message_strdup(message, f->info->user);
    }
    if (merged->checkpoint != f->info->checkpoint) {
        log_warn("Cannot update FrameworkInfo.checkpoint to '%s' for "
                 "framework %s; see MESOS-703",
                 merged->checkpoint ? "true" : "false", f->id);
        merged->has_checkpoint = f->info->has_checkpoint;
        merged->checkpoint = f->info->checkpoint;
    }
    return message;
}

static void
leave_old_scheduler(struct master *m, struct framework *f,
                    const struct upid *from)
{
    bool moves = !f->has_pid || !upid_equal(&f->pid, from);

    if (moves && f->state == FRAMEWORK_CONNECTED) {
        tell_error(m, f, "Framework failed over");
    }
    if (moves && f->has_pid) {
        actor_unlink(&m->base, &f->pid);
    }
    if (moves) {
        log_info("Framework %s failed over", f->text);
    } else {
        log_info("Allowing framework %s to subscribe with an already used id",
                 f->text);
        rescind_offers(m, f);
    }
    discard_offers(m, f);
}

static void
subscribe_again(struct master *m, const struct upid *from,
                const Scheduler__Call__Subscribe *s)
{
    const V1__FrameworkInfo *info = s->framework_info;
    struct framework *f = frameworks_find(&m->frameworks, info->id->value);
    struct framework *other = frameworks_find_pid(&m->frameworks, from);
    const char *what = f ? "Updating" : "Adding";
    struct error *error;

    if (other && other != f) {
        log_error("Dropping SUBSCRIBE call for framework '%s': %s already "
                  "connected at %s", info->name, other->text,
                  UPID_TEXT(from));
        return;
    }
    if (!f) {
        f = add_framework(m, clone_info(info, info->id->value));
    }
    error = framework_was_at(f, from)
        ? error_create(ERROR_INVALID, "Framework failed over")
        : validate_framework_update(f->info, info);
    if (error) {
        refuse(m, from, info, error);
        return;
    }
    framework_set_info(f, merge_info(f, info));
    framework_set_constraints(f, s->offer_constraints);
    f->reregistered_time = master_wall_time(m);
    if (f->state == FRAMEWORK_RECOVERED) {
        f->registered_time = f->reregistered_time;
    } else {
        leave_old_scheduler(m, f, from);
    }
    connect_framework(m, f, from, what, s->suppressed_roles,
                      s->n_suppressed_roles);
    agents_update_framework(m, f);
}

struct framework *
frameworks_recover(struct master *m, const V1__FrameworkInfo *info)
{
    struct framework *f = add_framework(m, clone_info(info, info->id->value));

    log_roles("Adding", f, NULL, 0);
    framework_note_roles(f, NULL, 0);
    allocation_tell_framework(m, f, NULL, 0);
    allocator_deactivate_framework(&m->base, &m->allocator, f->id);

    /* Its scheduler has to find us first, as agents have. */
    start_failover_timer(m, f, longer(failover_timeout(f),
                                      m->flags->agent_reregister_timeout));
    return f;
}

/* --- UPDATE_FRAMEWORK --- */

/* Who subscribes again with these changed keeps what he had; who wants just
 * that is told that it cannot be. */
static struct error *
check_unchanged(const V1__FrameworkInfo *old, const V1__FrameworkInfo *info)
{
    if (strcmp(info->user, old->user)) {
        return error_create(ERROR_INVALID, "Updating 'FrameworkInfo.user' is "
                            "unsupported; attempted to update from '%s' to "
                            "'%s'", old->user, info->user);
    }
    if (info->checkpoint != old->checkpoint) {
        return error_create(ERROR_INVALID, "Updating "
                            "'FrameworkInfo.checkpoint' is unsupported; "
                            "attempted to update from '%s' to '%s'",
                            old->checkpoint ? "true" : "false",
                            info->checkpoint ? "true" : "false");
    }
    return validate_framework_update(old, info);
}

static struct error *
check_update(struct master *m, const struct framework *f,
             const Scheduler__Call__UpdateFramework *u)
{
    const V1__FrameworkInfo *info = u->framework_info;
    struct error *error;

    if (!info->id || strcmp(info->id->value, f->id)) {
        return error_create(ERROR_INVALID, "'framework_id' differs from "
                            "'update_framework.framework_info.id'");
    }
    error = check_info(m, info);
    if (error) {
        return error_wrap(error, "Supplied FrameworkInfo is not valid");
    }
    error = check_unchanged(f->info, info);
    if (error) {
        return error_wrap(error, "FrameworkInfo update is not valid");
    }
    error = validate_suppressed_roles(u->suppressed_roles,
                                      u->n_suppressed_roles, info);
    if (!error) {
        error = allocation_check_constraints(u->offer_constraints, info,
                                             m->flags);
    }
    return error_wrap(error, "'UpdateFramework' call is not valid");
}

void
frameworks_on_update(struct master *m, struct framework *f,
                     const Scheduler__Call__UpdateFramework *u)
{
    struct error *error = check_update(m, f, u);
    struct offer *offer, *next;
    bool is_same;

    log_info("Processing UPDATE_FRAMEWORK call for framework %s", f->id);
    if (error) {
        log_warn("Dropping UPDATE_FRAMEWORK call from framework %s: %s",
                 f->text, error_text(error));
        error_destroy(error);
        return;
    }
    log_roles("Updating", f, u->suppressed_roles, u->n_suppressed_roles);
    is_same = message_equal(&f->info->base, &u->framework_info->base);
    framework_set_info(f, merge_info(f, u->framework_info));
    framework_set_constraints(f, u->offer_constraints);
    framework_note_roles(f, u->suppressed_roles, u->n_suppressed_roles);
    DL_FOREACH_SAFE2(f->offers, offer, next, framework_next) {
        if (!framework_has_role(f, offer->role)) {
            offer_rescind(m, offer);
        }
    }
    allocation_tell_framework(m, f, u->suppressed_roles,
                              u->n_suppressed_roles);
    if (!f->active) {
        allocator_deactivate_framework(&m->base, &m->allocator, f->id);
    }
    if (!is_same) {
        agents_update_framework(m, f);
    }
}

/* --- going --- */

static void
discard_offers(struct master *m, struct framework *f)
{
    while (f->offers) {
        offer_discard(m, f->offers, ALLOCATOR_NO_FILTER);
    }
    inverse_offers_discard(m, f);
}

/* What the scheduler should still hear of, if it is there after all. */
static void
rescind_offers(struct master *m, struct framework *f)
{
    while (f->offers) {
        offer_rescind(m, f->offers);
    }
    inverse_offers_rescind_framework(m, f);
}

/* What a driver says that is aborted.  The offers are void. */
static void
deactivate(struct master *m, const struct upid *from, struct message *message)
{
    const Internal__DeactivateFramework *deactivate = message_root(message);
    const char *id = deactivate->framework_id->value;
    struct framework *f = frameworks_find(&m->frameworks, id);

    metric_increment(m->metrics.messages_deactivate_framework, 1);
    if (!f || f->state != FRAMEWORK_CONNECTED || !upid_equal(&f->pid, from)) {
        log_warn("Ignoring deactivate framework message for framework %s "
                 "because it is not expected from %s", f ? f->text : id,
                 UPID_TEXT(from));
        return;
    }
    if (f->active) {
        log_info("Deactivating framework %s", f->text);
        allocator_deactivate_framework(&m->base, &m->allocator, f->id);
        set_state(m, f, FRAMEWORK_CONNECTED, false);
        rescind_offers(m, f);
    }
}

void
frameworks_on_deactivate(struct actor *self, struct actor_msg *msg)
{
    struct upid from;

    actor_msg_from(msg, &from);
    rate_limits_receive(master_cast(self), &from,
                        msg_deactivate_framework.name,
                        actor_msg_message(msg), deactivate);
}

static int64_t
longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t
failover_timeout(const struct framework *f)
{
    return longer(duration_from_seconds(f->info->failover_timeout), 0);
}

static void
start_failover_timer(struct master *m, struct framework *f, int64_t timeout)
{
    char text[DURATION_TEXT_SIZE];

    log_info("Giving framework %s %s to failover", f->text,
             duration_text(timeout, text));
    actor_timer_start(&m->base, &f->failover_timer, timeout,
                      on_failover_timeout, f);
}

/* 'message' is NULL. */
void
frameworks_on_exited(struct master *m, const struct upid *who,
                     struct message *message)
{
    struct framework *f = frameworks_find_pid(&m->frameworks, who);

    (void) message;
    if (f) {
        frameworks_disconnected(m, f);
    }
}

void
frameworks_disconnected(struct master *m, struct framework *f)
{
    log_info("Framework %s disconnected", f->text);
    if (f->active) {
        log_info("Deactivating framework %s", f->text);
        allocator_deactivate_framework(&m->base, &m->allocator, f->id);
    }
    log_info("Disconnecting framework %s", f->text);
    set_state(m, f, FRAMEWORK_DISCONNECTED, false);
    discard_offers(m, f);
    start_failover_timer(m, f, failover_timeout(f));
    frameworks_set_pid(&m->frameworks, f, NULL);
}

static void
on_failover_timeout(struct actor *self, void *arg)
{
    struct framework *f = arg;

    log_info("Framework failover timeout, removing framework %s", f->text);
    frameworks_remove(master_cast(self), f);
}

static void
shut_down_on_agents(struct master *m, const struct framework *f)
{
    const struct agent *agent = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        struct message *message =
            message_create(&internal__shutdown_framework__descriptor);
        Internal__ShutdownFramework *shutdown = message_root(message);

        shutdown->framework_id = message_new(message,
                                             &v1__framework_id__descriptor);
        shutdown->framework_id->value = message_strdup(message, f->id);
        actor_send_message(&m->base, &agent->pid, &msg_shutdown_framework,
                           &message);
    }
}

static void
kill_tasks(struct master *m, struct framework *f)
{
    autofree char *text = xasprintf("Framework %s removed", f->id);
    struct task_notice notice = {
        .state = V1__TASK_STATE__TASK_KILLED,
        .reason = V1__TASK_STATUS__REASON__REASON_FRAMEWORK_REMOVED,
        .text = text,
    };

    while (f->tasks || f->unreachable.n > 0) {
        struct task *task = f->tasks ? f->tasks : f->unreachable.first;
        V1__TaskStatus *status;
        struct message *event;

        notice.task_id = task->id;
        notice.agent_id = task->agent_id->s;
        event = task_notice_event(m, &notice, &status);
        if (f->tasks) {
            task_update(m, task, status, status->state);
            task_complete(m, task);
        } else {
            task_complete_unreachable(m, f, task, status);
        }
        message_unref(event);
    }
}

static void
remove_executors(struct master *m, struct framework *f)
{
    struct agent *agent = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        struct executor *executor, *next;

        DL_FOREACH_SAFE(agent->executors, executor, next) {
            if (executor->framework == f) {
                agents_remove_executor(m, agent, executor);
            }
        }
    }
}

void
frameworks_remove(struct master *m, struct framework *f)
{
    log_info("Removing framework %s", f->text);
    actor_timer_cancel(&m->base, &f->failover_timer);
    if (f->active) {
        log_info("Deactivating framework %s", f->text);
        allocator_deactivate_framework(&m->base, &m->allocator, f->id);
    }
    discard_offers(m, f);
    inverse_offers_forget_framework(m, f);
    shut_down_on_agents(m, f);
    kill_tasks(m, f);
    remove_executors(m, f);
    operations_lose_framework(m, f);
    if (f->has_pid) {
        actor_unlink(&m->base, &f->pid);
    }
    count_framework(m, f, -1);
    f->state = FRAMEWORK_DISCONNECTED;
    f->active = false;
    framework_metrics_set_subscribed(f->metrics, false);
    framework_count_messages(f, NULL);
    f->unregistered_time = master_wall_time(m);
    allocator_remove_framework(&m->base, &m->allocator, f->id);
    frameworks_complete(&m->frameworks, f,
                        m->flags->max_completed_frameworks);
}
