/* SPDX-License-Identifier: Apache-2.0
 *
 * prometheus.h - metrics in the formats that Prometheus scrapes.
 *
 * Counters end in _total.  A timer with a window is a summary, in
 * milliseconds: quantiles over the window (0 and 1 are the least and the
 * greatest value), _sum and _count over all values; the last one is the gauge
 * <name>_last.  Two keys that would be one series are told apart by a label
 * "key" of the later one; a family whose name another kind of metric has taken
 * gets a number behind its own.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_BUILTIN_PROMETHEUS_H
#define HTTP_BUILTIN_PROMETHEUS_H 1

struct metrics;
struct strbuf;

enum prometheus_format {
    PROMETHEUS_TEXT,            /* exposition format 0.0.4 */
    PROMETHEUS_OPENMETRICS,     /* OpenMetrics 1.0.0 */
};

/* What the Accept header (NULL: none) asks for: OpenMetrics only if it is
 * named, and not liked less than plain text. */
enum prometheus_format prometheus_negotiate(const char *accept);

const char *prometheus_content_type(enum prometheus_format);

void prometheus_write(struct metrics *, enum prometheus_format,
                      struct strbuf *out);

#endif /* HTTP_BUILTIN_PROMETHEUS_H */
