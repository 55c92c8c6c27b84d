/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c - counters, gauges and timers by name, and snapshots of them.
 *
 * The registry's mutex guards the set of names only; values are atomic, or
 * (timers) have a mutex of their own.  A snapshot gives the mutex up every few
 * hundred metrics, so nobody who adds one waits for a reader; it goes on
 * behind the last name that it has seen, which may have gone meanwhile.
 *
 * Each statistic of a timer is a leaf of its own, since other names may sort
 * between the timer's and theirs.
 *
 * Thread: any. */
#include <config.h>

#include <actor/metrics.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/log.h>

#include "base/metrics_timer.h"
#include "base/name_tree.h"

/* Metrics that a snapshot reads under one hold of the mutex. */
#define BATCH 256

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_THOUSANDTHS,
    METRIC_FUNCTION,
    METRIC_TIMER,
    METRIC_STATISTIC,           /* belongs to a timer */
};

/* A timer and the leaves of its statistics. */
struct timed {
    struct metrics_timer *timer;        /* owned */
    struct metric *statistics[METRICS_N_STATISTICS];    /* owned; or NULL */
};

struct metric {
    struct name_leaf leaf;   /* first; under the registry's mutex */
    uint32_t n_owners;          /* under the registry's mutex */
    uint8_t kind;               /* enum metric_kind; constant */
    uint8_t statistic;          /* index; constant */
    bool hidden;                /* not in the tree; constant */
    union {
        int64_t count;          /* atomic */
        double number;          /* atomic */
        struct timed *timed;    /* owned; METRIC_TIMER */
        struct metrics_timer *timer;    /* its timer's; METRIC_STATISTIC */
        struct {
            double (*read)(void *aux);
            void *aux;
        } function;
    } u;
    char name[];
};

struct metrics {
    pthread_mutex_t mutex;
    struct name_tree tree;   /* under 'mutex'; of struct metric */
};

static struct metric *
to_metric(struct name_leaf *leaf)
{
    return (struct metric *) leaf;
}

/* --- adding and removing --- */

struct metrics *
metrics_create(void)
{
    struct metrics *metrics = xcalloc(1, sizeof *metrics);

    pthread_mutex_init(&metrics->mutex, NULL);
    return metrics;
}

static void
metric_free(struct metric *m)
{
    if (m->kind == METRIC_TIMER) {
        metrics_timer_destroy(m->u.timed->timer);
        free(m->u.timed);
    }
    free(m);
}

void
metrics_destroy(struct metrics *metrics)
{
    struct name_leaf *leaf;

    if (!metrics) {
        return;
    }
    while (name_tree_list(&metrics->tree, NULL, &leaf, 1) == 1) {
        name_tree_remove(&metrics->tree, leaf);
        metric_free(to_metric(leaf));
    }
    name_tree_fini(&metrics->tree);
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

static struct metric *
metric_create(enum metric_kind kind, const char *name, const char *suffix)
{
    size_t name_len = strlen(name);
    size_t suffix_size = strlen(suffix) + 1;
    struct metric *m = xmalloc(sizeof *m + name_len + suffix_size);

    memset(m, 0, sizeof *m);
    memcpy(m->name, name, name_len);
    memcpy(m->name + name_len, suffix, suffix_size);
    m->leaf.name = m->name;
    m->kind = (uint8_t) kind;
    m->n_owners = 1;
    return m;
}

/* Puts 'm' into the tree, under the mutex.  Returns what the caller gets: 'm'
 * or, if that name is there with the same kind, the metric that has it. */
static struct metric *
metric_enter(struct metrics *metrics, struct metric *m)
{
    struct name_leaf *leaf = name_tree_add(&metrics->tree, &m->leaf);

    if (!leaf) {
        return m;
    }
    struct metric *other = to_metric(leaf);
    if (other->kind == m->kind && m->kind != METRIC_FUNCTION) {
        other->n_owners++;
        metric_free(m);
        return other;
    }
    m->hidden = true;
    return m;
}

/* As metric_enter(), and says it if 'm' will not be seen. */
static struct metric *
metric_publish(struct metrics *metrics, struct metric *m)
{
    pthread_mutex_lock(&metrics->mutex);
    m = metric_enter(metrics, m);
    pthread_mutex_unlock(&metrics->mutex);
    if (UNLIKELY(m->hidden)) {
        log_warn("Metric '%s' was already added with another kind", m->name);
    }
    return m;
}

struct metric *
metrics_add_counter(struct metrics *metrics, const char *name)
{
    return metric_publish(metrics, metric_create(METRIC_COUNTER, name, ""));
}

struct metric *
metrics_add_gauge(struct metrics *metrics, const char *name)
{
    return metric_publish(metrics, metric_create(METRIC_GAUGE, name, ""));
}

struct metric *
metrics_add_thousandths(struct metrics *metrics, const char *name)
{
    return metric_publish(metrics,
                          metric_create(METRIC_THOUSANDTHS, name, ""));
}

struct metric *
metrics_add_function(struct metrics *metrics, const char *name,
                     double (*read)(void *aux), void *aux)
{
    struct metric *m = metric_create(METRIC_FUNCTION, name, "");

    m->u.function.read = read;
    m->u.function.aux = aux;
    return metric_publish(metrics, m);
}

/* Adds the leaves of the statistics of 'm', a timer that is in the tree since
 * now. */
static void
statistics_enter(struct metrics *metrics, struct metric *m)
{
    for (size_t i = 0; i < METRICS_N_STATISTICS; i++) {
        struct metric *s = metric_create(METRIC_STATISTIC, m->name,
                                         metrics_statistic_suffix(i));
        s->statistic = (uint8_t) i;
        s->u.timer = m->u.timed->timer;
        if (name_tree_add(&metrics->tree, &s->leaf)) {
            s->hidden = true;
        }
        m->u.timed->statistics[i] = s;
    }
}

struct metric *
metrics_add_timer(struct metrics *metrics, const char *name, int64_t window_ns)
{
    struct metric *m = metric_create(METRIC_TIMER, name, "");

    m->u.timed = xcalloc(1, sizeof *m->u.timed);
    m->u.timed->timer = metrics_timer_create(window_ns);
    m = metric_publish(metrics, m);
    pthread_mutex_lock(&metrics->mutex);
    if (metrics_timer_window(m->u.timed->timer) > 0 && !m->hidden
        && !m->u.timed->statistics[0]) {
        statistics_enter(metrics, m);
    }
    pthread_mutex_unlock(&metrics->mutex);
    return m;
}

static void
metric_withdraw(struct metrics *metrics, struct metric *m)
{
    if (!m->hidden) {
        name_tree_remove(&metrics->tree, &m->leaf);
    }
}

static void
statistics_withdraw(struct metrics *metrics, struct timed *timed)
{
    for (size_t i = 0; i < METRICS_N_STATISTICS; i++) {
        struct metric *s = timed->statistics[i];

        if (s) {
            metric_withdraw(metrics, s);
            metric_free(s);
        }
    }
}

void
metrics_remove(struct metrics *metrics, struct metric **metric)
{
    struct metric *m = steal(*metric);
    bool is_last;

    if (!m) {
        return;
    }
    pthread_mutex_lock(&metrics->mutex);
    is_last = --m->n_owners == 0;
    if (is_last) {
        metric_withdraw(metrics, m);
        if (m->kind == METRIC_TIMER) {
            statistics_withdraw(metrics, m->u.timed);
        }
    }
    pthread_mutex_unlock(&metrics->mutex);
    if (is_last) {
        metric_free(m);
    }
}

/* --- writing --- */

void
metric_increment(struct metric *m, int64_t n)
{
    CHECK(m->kind == METRIC_COUNTER || m->kind == METRIC_THOUSANDTHS,
          "'%s' is not a counter", m->name);
    __atomic_fetch_add(&m->u.count, n, __ATOMIC_RELAXED);
}

void
metric_set(struct metric *m, double value)
{
    CHECK(m->kind == METRIC_GAUGE, "'%s' is not a gauge", m->name);
    __atomic_store(&m->u.number, &value, __ATOMIC_RELAXED);
}

void
metric_add(struct metric *m, double difference)
{
    double old, sum;

    CHECK(m->kind == METRIC_GAUGE, "'%s' is not a gauge", m->name);
    __atomic_load(&m->u.number, &old, __ATOMIC_RELAXED);
    do {
        sum = old + difference;
    } while (!__atomic_compare_exchange(&m->u.number, &old, &sum, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

void
metric_record(struct metric *m, int64_t duration_ns, int64_t now_ns)
{
    CHECK(m->kind == METRIC_TIMER, "'%s' is not a timer", m->name);
    metrics_timer_record(m->u.timed->timer, duration_ns, now_ns);
}

/* --- reading --- */

/* 's' has the statistics of the timer that was come across last. */
static bool
statistic_read(const struct metric *m, struct metrics_summary *s, double *ret)
{
    if (s->timer != m->u.timer) {
        metrics_summary_compute(s, m->u.timer);
    }
    return metrics_statistic(s, m->statistic, ret);
}

/* The value of 'm'; false if it has none yet. */
static bool
metric_read(const struct metric *m, struct metrics_summary *s, double *ret)
{
    switch ((enum metric_kind) m->kind) {
    case METRIC_COUNTER:
        *ret = (double) __atomic_load_n(&m->u.count, __ATOMIC_RELAXED);
        return true;
    case METRIC_GAUGE:
        __atomic_load(&m->u.number, ret, __ATOMIC_RELAXED);
        return true;
    case METRIC_THOUSANDTHS:
        *ret = (double) __atomic_load_n(&m->u.count, __ATOMIC_RELAXED)
               / 1000.0;
        return true;
    case METRIC_FUNCTION:
        *ret = m->u.function.read(m->u.function.aux);
        return true;
    case METRIC_TIMER:
        return metrics_timer_last(m->u.timed->timer, ret);
    case METRIC_STATISTIC:
        return statistic_read(m, s, ret);
    }
    UNREACHABLE();
}

double
metric_value(const struct metric *m)
{
    double value = 0;

    return metric_read(m, NULL, &value) ? value : 0;
}

/* Metrics of which the lines of cache are asked for ahead of their turn. */
#define AHEAD 8

typedef void visit_fn(void *aux, const struct metric *,
                      struct metrics_summary *);

/* A batch of metrics, under the mutex.  A summary that is kept from one to the
 * next must not outlive the batch. */
static void
visit_batch(struct name_leaf *leaves[], size_t n, visit_fn *visit,
            void *aux, struct metrics_summary *summary)
{
    summary->timer = NULL;
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) {
            __builtin_prefetch(leaves[i + AHEAD]);
            __builtin_prefetch((char *) leaves[i + AHEAD] + 64);
        }
        visit(aux, to_metric(leaves[i]), summary);
    }
}

/* Calls 'visit' for each metric, by name; others get at the registry between
 * the batches. */
static void
walk(struct metrics *metrics, visit_fn *visit, void *aux)
{
    autofree struct metrics_summary *summary = xcalloc(1, sizeof *summary);
    struct name_leaf *leaves[BATCH];
    autofree char *last = NULL;
    size_t n;

    do {
        pthread_mutex_lock(&metrics->mutex);
        n = name_tree_list(&metrics->tree, last, leaves, BATCH);
        visit_batch(leaves, n, visit, aux, summary);
        free(last);
        last = n == BATCH ? xstrdup(leaves[n - 1]->name) : NULL;
        pthread_mutex_unlock(&metrics->mutex);
    } while (last);
}

struct snapshot {
    void (*fn)(void *aux, const char *key, double value);
    void *aux;
};

static void
snapshot_visit(void *aux, const struct metric *m, struct metrics_summary *s)
{
    const struct snapshot *snapshot = aux;
    double value;

    if (metric_read(m, s, &value)) {
        snapshot->fn(snapshot->aux, m->name, value);
    }
}

void
metrics_snapshot(struct metrics *metrics,
                 void (*fn)(void *aux, const char *key, double value),
                 void *aux)
{
    struct snapshot snapshot = { fn, aux };

    walk(metrics, snapshot_visit, &snapshot);
}

const double metrics_quantiles[METRICS_N_QUANTILES] = {
    0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1,
};

struct reader {
    void (*fn)(void *aux, const struct metric_reading *);
    void *aux;
};

static void
reading_summarize(struct metric_reading *reading, const struct metric *m,
                  struct metrics_summary *s)
{
    metrics_summary_compute(s, m->u.timed->timer);
    reading->type = METRIC_TYPE_SUMMARY;
    reading->n_values = s->n_total;
    reading->sum = s->sum_total;
    for (size_t i = 0; i < METRICS_N_QUANTILES; i++) {
        reading->quantiles[i] =
            metrics_summary_percentile(s, metrics_quantiles[i]);
    }
}

static void
reader_visit(void *aux, const struct metric *m, struct metrics_summary *s)
{
    const struct reader *reader = aux;
    struct metric_reading reading = {
        .name = m->name,
        .type = m->kind == METRIC_COUNTER ? METRIC_TYPE_COUNTER
                                          : METRIC_TYPE_GAUGE,
    };

    if (m->kind == METRIC_STATISTIC || !metric_read(m, s, &reading.value)) {
        return;
    }
    if (m->kind == METRIC_TIMER
        && metrics_timer_window(m->u.timed->timer) > 0) {
        reading_summarize(&reading, m, s);
    }
    reader->fn(reader->aux, &reading);
}

void
metrics_read(struct metrics *metrics,
             void (*fn)(void *aux, const struct metric_reading *), void *aux)
{
    struct reader reader = { fn, aux };

    walk(metrics, reader_visit, &reader);
}

static void
write_member(void *aux, const char *key, double value)
{
    json_member_double(aux, key, value);
}

void
metrics_write_json(struct metrics *metrics, struct json_writer *w)
{
    json_object_begin(w);
    metrics_snapshot(metrics, write_member, w);
    json_object_end(w);
}

bool
metrics_get(struct metrics *metrics, const char *key, double *ret_value)
{
    autofree struct metrics_summary *summary = xcalloc(1, sizeof *summary);
    bool found = false;

    pthread_mutex_lock(&metrics->mutex);
    struct name_leaf *leaf = name_tree_find(&metrics->tree, key);
    if (leaf) {
        found = metric_read(to_metric(leaf), summary, ret_value);
    }
    pthread_mutex_unlock(&metrics->mutex);
    return found;
}
