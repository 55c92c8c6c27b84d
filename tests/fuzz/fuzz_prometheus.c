/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_prometheus.c - names of metrics that frameworks have a say in, and
 * Accept headers.
 *
 * The input is one name a line; the line's number and length say of which
 * kind it is. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "http/builtin/prometheus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/exposition.h"

static struct metric *
add(struct metrics *metrics, const char *name, size_t i)
{
    struct metric *m;

    switch ((strlen(name) + i) % 4) {
    case 0:
        return metrics_add_counter(metrics, name);
    case 1:
        return metrics_add_gauge(metrics, name);
    case 2:
        m = metrics_add_timer(metrics, name, HOUR);
        break;
    default:
        m = metrics_add_timer(metrics, name, 0);
        break;
    }
    metric_record(m, (int64_t) i, 0);
    return m;
}

static void
check(struct metrics *metrics, enum prometheus_format format)
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    prometheus_write(metrics, format, &out);
    autofree char *problem =
        exposition_check(out.data, format == PROMETHEUS_OPENMETRICS);
    CHECK(!problem, "%s", problem);
}

static void
ignore_line(void *aux, const char *line)
{
    (void) aux;
    (void) line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);
    struct metrics *metrics = metrics_create();
    VEC(struct metric *) added = VEC_EMPTY;

    log_set_sink(ignore_line, NULL);    /* names of another kind */
    prometheus_negotiate(text);
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');

        if (end) {
            *end = '\0';
        }
        struct metric *m = add(metrics, line, added.n);
        vec_push(&added, m);
        line = end ? end + 1 : NULL;
    }
    check(metrics, PROMETHEUS_TEXT);
    check(metrics, PROMETHEUS_OPENMETRICS);
    vec_foreach (&added, it) {
        metrics_remove(metrics, it);
    }
    vec_fini(&added);
    metrics_destroy(metrics);
    return 0;
}
