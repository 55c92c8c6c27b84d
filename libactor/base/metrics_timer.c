/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_timer.c - values of a window, and statistics over them.
 *
 * Thread: any. */
#include <config.h>

#include "base/metrics_timer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/vec.h>

static const struct {
    const char *suffix;
    double percentile;          /* negative: not one */
} statistics[METRICS_N_STATISTICS] = {
    { "/count", -1 }, { "/max", -1 },   { "/min", -1 },
    { "/p50", 0.50 }, { "/p90", 0.90 }, { "/p95", 0.95 },
    { "/p99", 0.99 }, { "/p999", 0.999 }, { "/p9999", 0.9999 },
};
enum { STATISTIC_COUNT, STATISTIC_MAX, STATISTIC_MIN };

struct sample {
    int64_t time_ns;
    double value;
};

struct metrics_timer {
    pthread_mutex_t mutex;
    VEC(struct sample) samples; /* under 'mutex', as what follows; by time */
    uint64_t n_total;
    double sum_total;
    double last;
    int64_t window_ns;          /* constant */
};

struct metrics_timer *
metrics_timer_create(int64_t window_ns)
{
    struct metrics_timer *t = xcalloc(1, sizeof *t);

    t->window_ns = window_ns;
    pthread_mutex_init(&t->mutex, NULL);
    return t;
}

void
metrics_timer_destroy(struct metrics_timer *t)
{
    pthread_mutex_destroy(&t->mutex);
    vec_fini(&t->samples);
    free(t);
}

int64_t
metrics_timer_window(const struct metrics_timer *t)
{
    return t->window_ns;
}

/* --- recording --- */

/* Drops every second sample of the older half. */
static void
timer_thin(struct metrics_timer *t)
{
    size_t half = t->samples.n / 2;
    size_t n = 0;

    for (size_t i = 0; i < t->samples.n; i++) {
        if (i >= half || i % 2 == 1) {
            t->samples.data[n++] = t->samples.data[i];
        }
    }
    t->samples.n = n;
}

/* Drops what is older than the window. */
static void
timer_expire(struct metrics_timer *t, int64_t now_ns)
{
    size_t n_old = 0;

    while (n_old < t->samples.n
           && now_ns - t->samples.data[n_old].time_ns > t->window_ns) {
        n_old++;
    }
    if (n_old > 0) {
        t->samples.n -= n_old;
        memmove(t->samples.data, t->samples.data + n_old,
                t->samples.n * sizeof *t->samples.data);
    }
}

void
metrics_timer_record(struct metrics_timer *t, int64_t duration_ns,
                     int64_t now_ns)
{
    double ms = (double) duration_ns / (double) MILLISECOND;
    struct sample sample = { now_ns, ms };

    pthread_mutex_lock(&t->mutex);
    t->last = ms;
    t->n_total++;
    t->sum_total += ms;
    if (t->window_ns > 0) {
        timer_expire(t, now_ns);
        if (t->samples.n == METRICS_WINDOW_MAX) {
            timer_thin(t);
        }
        vec_push(&t->samples, sample);
    }
    pthread_mutex_unlock(&t->mutex);
}

/* --- reading --- */

bool
metrics_timer_last(struct metrics_timer *t, double *ret)
{
    pthread_mutex_lock(&t->mutex);
    bool has_last = t->n_total > 0;
    *ret = t->last;
    pthread_mutex_unlock(&t->mutex);
    return has_last;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *) a;
    double y = *(const double *) b;

    return (x > y) - (x < y);
}

void
metrics_summary_compute(struct metrics_summary *s, struct metrics_timer *t)
{
    pthread_mutex_lock(&t->mutex);
    s->timer = t;
    s->n_total = t->n_total;
    s->sum_total = t->sum_total;
    s->n = t->samples.n;
    for (size_t i = 0; i < s->n; i++) {
        s->values[i] = t->samples.data[i].value;
    }
    pthread_mutex_unlock(&t->mutex);
    qsort(s->values, s->n, sizeof s->values[0], compare_doubles);
}

double
metrics_summary_percentile(const struct metrics_summary *s, double p)
{
    double position = p * (double) (s->n - 1);
    size_t i = (size_t) position;

    if (i + 1 >= s->n) {
        return s->values[s->n - 1];
    }
    return s->values[i]
           + (position - (double) i) * (s->values[i + 1] - s->values[i]);
}

const char *
metrics_statistic_suffix(size_t i)
{
    return statistics[i].suffix;
}

bool
metrics_statistic(const struct metrics_summary *s, size_t i, double *ret)
{
    if (s->n < 2) {
        return false;
    }
    switch (i) {
    case STATISTIC_COUNT:
        *ret = (double) s->n;
        break;
    case STATISTIC_MAX:
        *ret = s->values[s->n - 1];
        break;
    case STATISTIC_MIN:
        *ret = s->values[0];
        break;
    default:
        *ret = metrics_summary_percentile(s, statistics[i].percentile);
        break;
    }
    return true;
}
