/* SPDX-License-Identifier: Apache-2.0
 *
 * rate_limits.c - how fast frameworks may talk: --rate_limits. */
#include <config.h>

#include "master/rate_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/table.h>
#include <utlist.h>

#include "master/framework_metrics.h"
#include "master/private.h"
#include "master/rate_limiter.h"

/* Slower would be less than once in the time that the clock can tell. */
#define MIN_QPS 1e-9

/* Something that waits; all of it owned. */
struct waiting {
    struct waiting *prev, *next;
    struct upid from;
    struct message *message;    /* counted; NULL: the scheduler's end */
    rate_limited_fn *fn;
};

struct principal_limit {
    UT_hash_handle hh;
    char *principal;            /* owned; the key; NULL: of the rest */
    bool is_limited;
    uint64_t capacity;
    struct rate_limiter limiter;
    struct waiting *queue;
    uint64_t n_messages;        /* in the queue, ends left out */
    struct actor_timer timer;   /* while something waits */
};

static void on_timer(struct actor *, void *limit);

/* --- the flag --- */

static struct error *
check_qps(bool is_set, double qps, const char *name)
{
    autofini(strbuf) text = STRBUF(64);

    if (!is_set || (isfinite(qps) && qps >= MIN_QPS)) {
        return NULL;
    }
    strbuf_append_double(&text, qps, false);
    return error_create(ERROR_INVALID, "Invalid %s: %s. It must be a positive "
                        "number", name, text.data);
}

static struct error *
check_limits(const V1__RateLimits *limits)
{
    struct error *error = NULL;

    for (size_t i = 0; i < limits->n_limits && !error; i++) {
        const V1__RateLimit *limit = limits->limits[i];

        for (size_t j = 0; j < i; j++) {
            if (!strcmp(limit->principal, limits->limits[j]->principal)) {
                return error_create(ERROR_INVALID, "Duplicate principal %s "
                                    "found in RateLimits configuration",
                                    limit->principal);
            }
        }
        error = check_qps(limit->has_qps, limit->qps, "qps");
    }
    return error ? error : check_qps(limits->has_aggregate_default_qps,
                                     limits->aggregate_default_qps,
                                     "aggregate_default_qps");
}

struct error *
rate_limits_parse(const char *text, struct message **ret)
{
    struct error *error;

    *ret = NULL;
    if (!text) {
        return NULL;
    }
    error = message_decode_json(&v1__rate_limits__descriptor, text,
                                strlen(text), ret);
    if (!error) {
        error = check_limits(message_root(*ret));
    }
    if (error) {
        message_unref(*ret);
        *ret = NULL;
    }
    return error;
}

/* --- life --- */

static struct principal_limit *
limit_create(const char *principal, bool has_qps, double qps,
             bool has_capacity, uint64_t capacity)
{
    struct principal_limit *limit = xcalloc(1, sizeof *limit);

    limit->principal = principal ? xstrdup(principal) : NULL;
    limit->is_limited = has_qps;
    limit->capacity = has_capacity ? capacity : RATE_LIMITS_MAX_WAITING;
    if (has_qps) {
        limit->limiter.interval_ns = duration_from_seconds(1 / qps);
    }
    return limit;
}

struct error *
rate_limits_init(struct master *m)
{
    struct rate_limits *limits = &m->rate_limits;
    struct message *message;
    struct error *error = rate_limits_parse(m->flags->rate_limits, &message);
    const V1__RateLimits *wanted;

    if (error || !message) {
        return error;
    }
    wanted = message_root(message);
    for (size_t i = 0; i < wanted->n_limits; i++) {
        const V1__RateLimit *w = wanted->limits[i];
        struct principal_limit *limit = limit_create(
            w->principal, w->has_qps, w->qps, w->has_capacity, w->capacity);

        HASH_ADD_KEYPTR(hh, limits->by_principal, limit->principal,
                        strlen(limit->principal), limit);
    }
    if (wanted->has_aggregate_default_qps) {
        limits->rest = limit_create(NULL, true, wanted->aggregate_default_qps,
                                    wanted->has_aggregate_default_capacity,
                                    wanted->aggregate_default_capacity);
    }
    message_unref(message);
    log_info("Framework rate limiting enabled");
    return NULL;
}

static void
waiting_destroy(struct waiting *waiting)
{
    message_unref(waiting->message);
    free(waiting);
}

static void
limit_destroy(struct master *m, struct principal_limit *limit)
{
    struct waiting *waiting, *next;

    if (!limit) {
        return;
    }
    DL_FOREACH_SAFE(limit->queue, waiting, next) {
        waiting_destroy(waiting);
    }
    actor_timer_cancel(&m->base, &limit->timer);
    free(limit->principal);
    free(limit);
}

void
rate_limits_fini(struct master *m)
{
    struct principal_limit *limit, *next;

    HASH_ITER(hh, m->rate_limits.by_principal, limit, next) {
        HASH_DEL(m->rate_limits.by_principal, limit);
        limit_destroy(m, limit);
    }
    limit_destroy(m, m->rate_limits.rest);
    m->rate_limits.rest = NULL;
}

/* --- whose limit --- */

/* NULL: the framework has none. */
static struct principal_limit *
find_limit(const struct master *m, const struct framework *f)
{
    const char *principal = f->info->principal;
    struct principal_limit *limit = NULL;

    if (principal) {
        HASH_FIND_STR(m->rate_limits.by_principal, principal, limit);
    }
    if (!limit) {
        limit = m->rate_limits.rest;
    }
    return limit && limit->is_limited ? limit : NULL;
}

/* --- waiting --- */

static void
process(struct master *m, const struct upid *from, struct message *message,
        rate_limited_fn *fn)
{
    struct framework *f = message ? frameworks_find_pid(&m->frameworks, from)
                                  : NULL;

    if (f && f->messages_processed) {
        metric_increment(f->messages_processed, 1);
    }
    fn(m, from, message);
}

static void
start_timer(struct master *m, struct principal_limit *limit)
{
    int64_t wait_ns = rate_limiter_wait_ns(&limit->limiter,
                                           actor_now(&m->base));

    actor_timer_start(&m->base, &limit->timer, wait_ns, on_timer, limit);
}

static void
enqueue(struct master *m, struct principal_limit *limit,
        const struct upid *from, struct message *message, rate_limited_fn *fn)
{
    struct waiting *waiting = xcalloc(1, sizeof *waiting);

    waiting->from = *from;
    waiting->message = message ? message_ref(message) : NULL;
    waiting->fn = fn;
    DL_APPEND(limit->queue, waiting);
    limit->n_messages += message != NULL;
    if (!actor_timer_is_armed(&limit->timer)) {
        start_timer(m, limit);
    }
}

/* One message, and the ends that are before and behind it. */
static void
on_timer(struct actor *self, void *limit_)
{
    struct master *m = master_cast(self);
    struct principal_limit *limit = limit_;

    while (limit->queue && !m->is_ending) {
        struct waiting *waiting = limit->queue;

        if (waiting->message
            && !rate_limiter_take(&limit->limiter, actor_now(self))) {
            start_timer(m, limit);
            return;
        }
        DL_DELETE(limit->queue, waiting);
        limit->n_messages -= waiting->message != NULL;
        process(m, &waiting->from, waiting->message, waiting->fn);
        waiting_destroy(waiting);
    }
}

/* --- what comes --- */

static void
refuse(struct master *m, const struct framework *f, const char *name,
       const struct principal_limit *limit)
{
    const char *principal = f->info->principal;
    autofini(strbuf) text = STRBUF(256);

    log_warn("Dropping message %s from %s%s%s%s: capacity(%llu) exceeded",
             name, f->pid_text, principal ? "(" : "",
             principal ? principal : "", principal ? ")" : "",
             (unsigned long long) limit->capacity);
    strbuf_printf(&text, "Message %s dropped: capacity(%llu) exceeded", name,
                  (unsigned long long) limit->capacity);
    framework_metrics_add_event(f->metrics, SCHEDULER__EVENT__TYPE__ERROR);
    framework_send_error(m, &f->pid, text.data);
}

void
rate_limits_receive(struct master *m, const struct upid *from,
                    const char *name, struct message *message,
                    rate_limited_fn *fn)
{
    struct framework *f = frameworks_find_pid(&m->frameworks, from);
    struct principal_limit *limit = f ? find_limit(m, f) : NULL;

    if (f && f->messages_received) {
        metric_increment(f->messages_received, 1);
    }
    if (!limit || (!limit->queue
                   && rate_limiter_take(&limit->limiter,
                                        actor_now(&m->base)))) {
        process(m, from, message, fn);
    } else if (limit->n_messages < limit->capacity) {
        enqueue(m, limit, from, message, fn);
    } else {
        refuse(m, f, name, limit);
    }
}

/* Whether something of that scheduler waits. */
static bool
has_said_more(const struct principal_limit *limit, const struct upid *who)
{
    const struct waiting *waiting;

    DL_FOREACH(limit->queue, waiting) {
        if (upid_equal(&waiting->from, who)) {
            return true;
        }
    }
    return false;
}

void
rate_limits_exited(struct master *m, const struct upid *who,
                   rate_limited_fn *fn)
{
    const struct framework *f = frameworks_find_pid(&m->frameworks, who);
    struct principal_limit *limit = f ? find_limit(m, f) : NULL;

    if (limit && has_said_more(limit, who)) {
        enqueue(m, limit, who, NULL, fn);
    } else {
        process(m, who, NULL, fn);
    }
}
