/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_timer.h - how long something took: the last value, all values of a
 * window, and statistics over them.
 *
 * Thread-safety: any thread; a timer has a lock of its own. */
#ifndef BASE_METRICS_TIMER_H
#define BASE_METRICS_TIMER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/metrics.h>

struct metrics_timer;

/* 'window_ns' 0: only the last value counts. */
struct metrics_timer *metrics_timer_create(int64_t window_ns);
void metrics_timer_destroy(struct metrics_timer *);

int64_t metrics_timer_window(const struct metrics_timer *);
void metrics_timer_record(struct metrics_timer *, int64_t duration_ns,
                          int64_t now_ns);

/* The last value, in milliseconds; false if there is none. */
bool metrics_timer_last(struct metrics_timer *, double *ret);

/* --- statistics --- */

/* The values of a timer's window at one time. */
struct metrics_summary {
    const struct metrics_timer *timer;  /* whose they are; NULL: nobody's */
    uint64_t n_total;                   /* values there ever were */
    double sum_total;                   /* of all of them */
    size_t n;
    double values[METRICS_WINDOW_MAX];  /* ascending */
};

void metrics_summary_compute(struct metrics_summary *,
                             struct metrics_timer *);

/* Between the two values next to p * (n - 1), as Mesos does it; p is 0..1 and
 * there are values. */
double metrics_summary_percentile(const struct metrics_summary *, double p);

/* The statistics that have keys of their own: "/count", "/max", ... */
#define METRICS_N_STATISTICS 9
const char *metrics_statistic_suffix(size_t i);

/* False while there are less than two values. */
bool metrics_statistic(const struct metrics_summary *, size_t i, double *ret);

#endif /* BASE_METRICS_TIMER_H */
