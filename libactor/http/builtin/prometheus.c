/* SPDX-License-Identifier: Apache-2.0
 *
 * prometheus.c - writes metrics as families of samples.
 *
 * All samples of a family have to stand together, which the order of keys does
 * not give (a role's name stands in the middle of its keys): so they are
 * gathered, sorted and written.
 *
 * Thread: any. */
#include <config.h>

#include "http/builtin/prometheus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include "base/name_tree.h"
#include "http/builtin/prometheus_names.h"

struct sample {
    char *family;               /* owned; without _total */
    char *labels;               /* owned; "" or 'a="b",c="d"' */
    char *pattern;              /* owned */
    struct metric_reading reading;      /* its name is owned */
};

struct exposition {
    enum prometheus_format format;
    struct strbuf *out;
    VEC(struct sample) samples;
    struct name_tree names;  /* that are taken; of struct taken */
};

struct taken {
    struct name_leaf leaf;
    char name[];
};

/* --- gathering --- */

static bool
has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);

    return len > suffix_len && !strcmp(text + len - suffix_len, suffix);
}

static void
gather(void *aux, const struct metric_reading *reading)
{
    struct exposition *e = aux;
    autofini(strbuf) family = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) labels = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) pattern = STRBUF(STRBUF_UNLIMITED);
    struct sample sample = { .reading = *reading };

    prometheus_name(reading->name, &family, &labels, &pattern);
    if (reading->type == METRIC_TYPE_COUNTER
        && has_suffix(family.data, "_total")) {
        strbuf_truncate(&family, family.len - strlen("_total"));
    }
    sample.family = strbuf_take(&family);
    sample.labels = strbuf_take(&labels);
    sample.pattern = strbuf_take(&pattern);
    sample.reading.name = xstrdup(reading->name);
    vec_push(&e->samples, sample);
}

static void
sample_fini(struct sample *s)
{
    free(s->family);
    free(s->labels);
    free(s->pattern);
    free((char *) s->reading.name);
}

static bool
is_same_family(const struct sample *a, const struct sample *b)
{
    return a->reading.type == b->reading.type && !strcmp(a->family, b->family);
}

/* By family, kind, labels and key. */
static int
compare_samples(const void *a_, const void *b_)
{
    const struct sample *a = a_;
    const struct sample *b = b_;
    int order = strcmp(a->family, b->family);

    if (!order) {
        order = (int) a->reading.type - (int) b->reading.type;
    }
    if (!order) {
        order = strcmp(a->labels, b->labels);
    }
    return order ? order : strcmp(a->reading.name, b->reading.name);
}

/* Of samples that would be the same series all but the first get a label. */
static void
separate_doubles(struct exposition *e)
{
    const char *first = NULL;   /* labels of the last that stayed as it was */

    for (size_t i = 0; i < e->samples.n; i++) {
        struct sample *s = &e->samples.data[i];
        bool is_double = first && is_same_family(s, s - 1)
                         && !strcmp(s->labels, first);

        if (is_double) {
            autofini(strbuf) labels = STRBUF(STRBUF_UNLIMITED);
            strbuf_append(&labels, s->labels);
            prometheus_label(&labels, "key", s->reading.name);
            free(s->labels);
            s->labels = strbuf_take(&labels);
        } else {
            first = s->labels;
        }
    }
}

/* --- names --- */

static bool
is_taken(const struct exposition *e, const char *family, const char *suffix)
{
    autofree char *name = xasprintf("%s%s", family, suffix);

    return name_tree_find(&e->names, name) != NULL;
}

static void
take(struct exposition *e, const char *family, const char *suffix)
{
    size_t size = strlen(family) + strlen(suffix) + 1;
    struct taken *taken = xmalloc(sizeof *taken + size);

    memcpy(taken->name, family, strlen(family));
    memcpy(taken->name + strlen(family), suffix, strlen(suffix) + 1);
    taken->leaf.name = taken->name;
    name_tree_add(&e->names, &taken->leaf);
}

/* A name for the family of 's', with which no series of another is confused:
 * itself, or with the first number that makes it so. */
static char *
choose_name(struct exposition *e, const struct sample *s)
{
    static const char *const suffixes[][5] = {
        [METRIC_TYPE_COUNTER] = { "", "_total" },
        [METRIC_TYPE_GAUGE] = { "" },
        [METRIC_TYPE_SUMMARY] = { "", "_count", "_sum", "_last" },
    };
    const char *const *mine = suffixes[s->reading.type];
    char *name = xstrdup(s->family);
    bool is_free;

    for (unsigned n = 2;; n++) {
        is_free = true;
        for (size_t i = 0; mine[i]; i++) {
            is_free &= !is_taken(e, name, mine[i]);
        }
        if (is_free) {
            break;
        }
        free(name);
        name = xasprintf("%s_%u", s->family, n);
    }
    for (size_t i = 0; mine[i]; i++) {
        take(e, name, mine[i]);
    }
    return name;
}

static void
forget_names(struct exposition *e)
{
    struct name_leaf *leaf;

    while (name_tree_list(&e->names, NULL, &leaf, 1) == 1) {
        name_tree_remove(&e->names, leaf);
        free(leaf);
    }
    name_tree_fini(&e->names);
}

/* --- writing --- */

static void
write_head(struct exposition *e, const char *name, const char *suffix,
           const char *type, const char *what, const char *pattern)
{
    strbuf_printf(e->out, "# HELP %s%s %s of Mesos' metric ", name, suffix,
                  what);
    prometheus_escape(e->out, pattern, e->format == PROMETHEUS_OPENMETRICS);
    strbuf_printf(e->out, "\n# TYPE %s%s %s\n", name, suffix, type);
}

static void
write_value(struct exposition *e, double value)
{
    if (isnan(value)) {
        strbuf_append(e->out, "NaN");
    } else if (isinf(value)) {
        strbuf_append(e->out, value > 0 ? "+Inf" : "-Inf");
    } else {
        strbuf_append_double(e->out, value, false);
    }
    strbuf_append_char(e->out, '\n');
}

static void
write_line(struct exposition *e, const char *name, const char *suffix,
           const char *labels, double value)
{
    strbuf_append(e->out, name);
    strbuf_append(e->out, suffix);
    if (labels[0] != '\0') {
        strbuf_append_char(e->out, '{');
        strbuf_append(e->out, labels);
        strbuf_append_char(e->out, '}');
    }
    strbuf_append_char(e->out, ' ');
    write_value(e, value);
}

static void
write_summary(struct exposition *e, const char *name, const struct sample *s)
{
    for (size_t i = 0; i < METRICS_N_QUANTILES; i++) {
        autofini(strbuf) labels = STRBUF(STRBUF_UNLIMITED);

        strbuf_printf(&labels, "%s%squantile=\"", s->labels,
                      s->labels[0] != '\0' ? "," : "");
        strbuf_append_double(&labels, metrics_quantiles[i], true);
        strbuf_append_char(&labels, '"');
        write_line(e, name, "", labels.data, s->reading.quantiles[i]);
    }
    write_line(e, name, "_sum", s->labels, s->reading.sum);
    write_line(e, name, "_count", s->labels, (double) s->reading.n_values);
}

/* The 'n' samples at 's', which are one family. */
static void
write_family(struct exposition *e, const struct sample *s, size_t n)
{
    autofree char *name = choose_name(e, s);

    switch (s->reading.type) {
    case METRIC_TYPE_COUNTER:
        write_head(e, name, e->format == PROMETHEUS_TEXT ? "_total" : "",
                   "counter", "Value", s->pattern);
        for (size_t i = 0; i < n; i++) {
            write_line(e, name, "_total", s[i].labels, s[i].reading.value);
        }
        break;
    case METRIC_TYPE_GAUGE:
        write_head(e, name, "", "gauge", "Value", s->pattern);
        for (size_t i = 0; i < n; i++) {
            write_line(e, name, "", s[i].labels, s[i].reading.value);
        }
        break;
    case METRIC_TYPE_SUMMARY:
        write_head(e, name, "", "summary", "Statistics", s->pattern);
        for (size_t i = 0; i < n; i++) {
            write_summary(e, name, &s[i]);
        }
        write_head(e, name, "_last", "gauge", "Last value", s->pattern);
        for (size_t i = 0; i < n; i++) {
            write_line(e, name, "_last", s[i].labels, s[i].reading.value);
        }
        break;
    }
}

static void
write_families(struct exposition *e)
{
    const struct sample *samples = e->samples.data;
    size_t n;

    for (size_t i = 0; i < e->samples.n; i += n) {
        n = 1;
        while (i + n < e->samples.n
               && is_same_family(&samples[i], &samples[i + n])) {
            n++;
        }
        write_family(e, &samples[i], n);
    }
}

void
prometheus_write(struct metrics *metrics, enum prometheus_format format,
                 struct strbuf *out)
{
    struct exposition e = { .format = format, .out = out };

    metrics_read(metrics, gather, &e);
    if (e.samples.n > 0) {
        qsort(e.samples.data, e.samples.n, sizeof *e.samples.data,
              compare_samples);
    }
    separate_doubles(&e);
    write_families(&e);
    if (format == PROMETHEUS_OPENMETRICS) {
        strbuf_append(out, "# EOF\n");
    }
    forget_names(&e);
    vec_foreach (&e.samples, it) {
        sample_fini(it);
    }
    vec_fini(&e.samples);
}

const char *
prometheus_content_type(enum prometheus_format format)
{
    return format == PROMETHEUS_OPENMETRICS
           ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
           : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- Accept --- */

/* Thousandths of the weight in the parameters of a media range, which end at
 * 'end'; 1000 if there is none, 0 if it cannot be read. */
static unsigned
read_weight(const char *parameters, const char *end)
{
    for (const char *p = parameters; p < end; p++) {
        if (*p != ';') {
            continue;
        }
        p += 1 + strspn(p + 1, " \t");
        if (!strncasecmp(p, "q=", 2)) {
            unsigned weight = p[2] == '1' ? 1000 : 0;

            for (unsigned i = 4, unit = 100; unit > 0; i++, unit /= 10) {
                if (p[2] != '0' || p[3] != '.' || p + i >= end
                    || p[i] < '0' || p[i] > '9') {
                    break;
                }
                weight += (unsigned) (p[i] - '0') * unit;
            }
            return weight;
        }
        p--;
    }
    return 1000;
}

/* The greatest weight that 'accept' gives to 'type'; 0: it is not named. */
static unsigned
accepted_weight(const char *accept, const char *type)
{
    size_t len = strlen(type);
    unsigned weight = 0;

    while (*accept) {
        accept += strspn(accept, ", \t");
        const char *end = accept + strcspn(accept, ",");

        if (!strncasecmp(accept, type, len)
            && strchr(",; \t", accept[len])) {
            unsigned this = read_weight(accept + len, end);
            weight = this > weight ? this : weight;
        }
        accept = end;
    }
    return weight;
}

enum prometheus_format
prometheus_negotiate(const char *accept)
{
    unsigned weight = 0;

    if (accept) {
        weight = accepted_weight(accept, "application/openmetrics-text");
    }
    return weight > 0 && weight >= accepted_weight(accept, "text/plain")
           ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
}
