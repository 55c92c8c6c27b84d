/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.h - the numbers a process shows at /metrics/snapshot.
 *
 *     struct metric *n_tasks = metrics_add_counter(metrics, "master/tasks");
 *
 *     metric_increment(n_tasks, 1);
 *     ...
 *     metrics_remove(metrics, &n_tasks);
 *
 * Values are pushed: whoever owns a fact writes it here when it changes, and
 * a snapshot reads it without asking anybody, so that it never waits for a
 * busy actor.  A name that exists already with the same kind is shared by
 * those who added it and goes away with the last of them.  (A name that exists
 * with another kind gives a metric that works and is not shown; a warning says
 * so.)
 *
 * Thread-safety: any thread, at any time.  Writing a value is an atomic
 * operation, writing to a timer takes a lock of its own for a moment. */
#ifndef ACTOR_METRICS_H
#define ACTOR_METRICS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct json_writer;
struct metric;
struct metrics;

struct metrics *metrics_create(void);

/* Every metric must have been removed, or never be touched again. */
void metrics_destroy(struct metrics *);                 /* NULL is fine */

/* --- adding and removing --- */

/* A whole number that only grows; 0 at first. */
struct metric *metrics_add_counter(struct metrics *, const char *name);

/* A double that is set; 0 at first. */
struct metric *metrics_add_gauge(struct metrics *, const char *name);

/* A sum of thousandths, as resources are counted, that is shown as a double; 0
 * at first.  Written with metric_increment(), by thousandths: however many
 * come and go, nothing is rounded until it is shown. */
struct metric *metrics_add_thousandths(struct metrics *, const char *name);

/* A double that 'read' computes at each snapshot, for what changes all the
 * time (an uptime).  'read' is called by any thread under the registry's lock:
 * it must not block, nor use the registry; it is not called any more once the
 * metric is removed.  Not shared. */
struct metric *metrics_add_function(struct metrics *, const char *name,
                                    double (*read)(void *aux), void *aux);

/* Milliseconds that something took last; not shown before the first time.
 * Mesos names them "..._ms".  Unless 'window_ns' is 0 also statistics over
 * that time, as soon as there are two values: <name>/count, /max, /min, /p50,
 * /p90, /p95, /p99, /p999 and /p9999.  At most METRICS_WINDOW_MAX values are
 * kept; when there are more, every second one of the older half goes. */
struct metric *metrics_add_timer(struct metrics *, const char *name,
                                 int64_t window_ns);
#define METRICS_WINDOW_MAX 1000

/* Takes '*metric' out and sets it to NULL; NULL is fine. */
void metrics_remove(struct metrics *, struct metric **metric);

/* --- writing --- */

void metric_increment(struct metric *, int64_t n); /* counters, thousandths */
void metric_set(struct metric *, double value);         /* gauges */
void metric_add(struct metric *, double difference);    /* gauges */

/* Something took 'duration_ns' and was over at 'now_ns', on the clock of the
 * caller's system. */
void metric_record(struct metric *, int64_t duration_ns, int64_t now_ns);

/* What a snapshot would show; 0 for a timer without values. */
double metric_value(const struct metric *);

/* --- reading --- */

/* Calls 'fn' for each key that has a value, in the order of the keys.  Metrics
 * may come and go meanwhile.  'fn' must not use the registry. */
void metrics_snapshot(struct metrics *,
                      void (*fn)(void *aux, const char *key, double value),
                      void *aux);

/* For formats that know kinds: what a metric is, with all its statistics. */
enum metric_type {
    METRIC_TYPE_COUNTER,
    METRIC_TYPE_GAUGE,
    METRIC_TYPE_SUMMARY,        /* a timer with a window */
};

#define METRICS_N_QUANTILES 8
extern const double metrics_quantiles[METRICS_N_QUANTILES];

struct metric_reading {
    const char *name;           /* on loan for the call */
    enum metric_type type;
    double value;               /* of a summary: the last */

    /* Of a summary: all values that there ever were, in number and in sum,
     * and quantiles of those in the window. */
    uint64_t n_values;
    double sum;
    double quantiles[METRICS_N_QUANTILES];
};

/* As metrics_snapshot(), but once for each metric. */
void metrics_read(struct metrics *,
                  void (*fn)(void *aux, const struct metric_reading *),
                  void *aux);

/* A flat JSON object. */
void metrics_write_json(struct metrics *, struct json_writer *);

/* The value of one key; false if there is none. */
bool metrics_get(struct metrics *, const char *key, double *ret_value);

#endif /* ACTOR_METRICS_H */
