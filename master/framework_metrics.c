/* SPDX-License-Identifier: Apache-2.0
 *
 * framework_metrics.c - the numbers of one framework at /metrics/snapshot.
 *
 * Most of them come in families, one for each value of an enumeration, whose
 * declared names give the keys. */
#include <config.h>

#include "master/framework_metrics.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "model/task_state.h"

/* Above all values of the enumerations. */
#define FAMILY_MAX 32

/* By the value of an enumeration; NULL: not counted. */
struct family {
    struct metric *by_value[FAMILY_MAX];
};

struct role_metric {
    char *role;                 /* owned */
    struct metric *suppressed;
};

struct framework_metrics {
    struct metrics *registry;   /* borrowed */
    char *prefix;               /* owned; with its last '/' */
    struct metric *subscribed;
    struct metric *all_calls;
    struct metric *all_events;
    struct metric *all_operations;
    struct metric *offers[N_FRAMEWORK_OFFERS];
    struct family calls;
    struct family events;
    struct family operations;
    struct family active;       /* gauges */
    struct family terminal;
    VEC(struct role_metric) roles;
};

/* --- keys --- */

/* As process::http::encode() of libprocess does it. */
void
framework_metrics_encode(const char *name, struct strbuf *out)
{
    for (const char *at = name; *at != '\0'; at++) {
        unsigned char c = (unsigned char) *at;

        if (c < 0x20 || c > 0x7e
            || strchr("$&+,/:;=?@ \"<>#%{}|\\^~[]`", c)) {
            strbuf_printf(out, "%%%02X", c);
        } else {
            strbuf_append_char(out, *at);
        }
    }
}

static char *
make_prefix(const char *name, const char *id)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "master/frameworks/");
    framework_metrics_encode(name, &text);
    strbuf_printf(&text, "/%s/", id);
    return xstrdup(text.data);
}

static struct metric *
add_counter(struct framework_metrics *m, const char *name)
{
    autofree char *key = xasprintf("%s%s", m->prefix, name);

    return metrics_add_counter(m->registry, key);
}

static struct metric *
add_gauge(struct framework_metrics *m, const char *name)
{
    autofree char *key = xasprintf("%s%s", m->prefix, name);

    return metrics_add_gauge(m->registry, key);
}

/* "calls/" and "ACCEPT_INVERSE_OFFERS": "calls/accept_inverse_offers". */
static char *
family_key(const char *name, const char *value)
{
    char *key = xasprintf("%s/%s", name, value);

    for (char *at = key; *at != '\0'; at++) {
        *at = (char) tolower((unsigned char) *at);
    }
    return key;
}

/* --- families --- */

static void
family_add(struct framework_metrics *m, struct family *family,
           const char *name, const ProtobufCEnumDescriptor *descriptor,
           bool (*wants)(int value), bool is_gauge)
{
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        int value = descriptor->values[i].value;
        autofree char *key = family_key(name, descriptor->values[i].name);

        if (value >= 0 && value < FAMILY_MAX && wants(value)
            && !family->by_value[value]) {
            family->by_value[value] = is_gauge ? add_gauge(m, key)
                                               : add_counter(m, key);
        }
    }
}

static void
family_remove(struct framework_metrics *m, struct family *family)
{
    for (size_t i = 0; i < FAMILY_MAX; i++) {
        metrics_remove(m->registry, &family->by_value[i]);
    }
}

static struct metric *
family_find(const struct family *family, int value)
{
    return value >= 0 && value < FAMILY_MAX ? family->by_value[value] : NULL;
}

static void
family_increment(const struct family *family, int value, struct metric *all)
{
    struct metric *metric = family_find(family, value);

    if (metric) {
        metric_increment(metric, 1);
    }
    metric_increment(all, 1);
}

/* The first value of each enumeration stands for those that are newer. */
static bool
is_named(int value)
{
    return value != 0;
}

static bool
is_active_state(int value)
{
    switch (value) {
    case V1__TASK_STATE__TASK_STAGING:
    case V1__TASK_STATE__TASK_STARTING:
    case V1__TASK_STATE__TASK_RUNNING:
    case V1__TASK_STATE__TASK_KILLING:
    case V1__TASK_STATE__TASK_UNREACHABLE:
    case V1__TASK_STATE__TASK_UNKNOWN:
        return true;
    default:
        return false;
    }
}

static bool
is_terminal_state(int value)
{
    return !is_active_state(value);
}

/* --- life --- */

struct framework_metrics *
framework_metrics_create(struct metrics *registry, const char *name,
                         const char *id)
{
    struct framework_metrics *m = xcalloc(1, sizeof *m);

    m->registry = registry;
    m->prefix = make_prefix(name, id);
    m->subscribed = add_gauge(m, "subscribed");
    m->all_calls = add_counter(m, "calls");
    m->all_events = add_counter(m, "events");
    m->all_operations = add_counter(m, "operations");
    m->offers[FRAMEWORK_OFFERS_SENT] = add_counter(m, "offers/sent");
    m->offers[FRAMEWORK_OFFERS_ACCEPTED] = add_counter(m, "offers/accepted");
    m->offers[FRAMEWORK_OFFERS_DECLINED] = add_counter(m, "offers/declined");
    m->offers[FRAMEWORK_OFFERS_RESCINDED] =
        add_counter(m, "offers/rescinded");
    family_add(m, &m->calls, "calls", &scheduler__call__type__descriptor,
               is_named, false);
    family_add(m, &m->events, "events", &scheduler__event__type__descriptor,
               is_named, false);
    family_add(m, &m->operations, "operations",
               &v1__offer__operation__type__descriptor, is_named, false);
    family_add(m, &m->active, "tasks/active", &v1__task_state__descriptor,
               is_active_state, true);
    family_add(m, &m->terminal, "tasks/terminal", &v1__task_state__descriptor,
               is_terminal_state, false);
    return m;
}

static void
role_metric_fini(struct framework_metrics *m, struct role_metric *role)
{
    metrics_remove(m->registry, &role->suppressed);
    free(role->role);
}

void
framework_metrics_destroy(struct framework_metrics *m)
{
    if (!m) {
        return;
    }
    family_remove(m, &m->calls);
    family_remove(m, &m->events);
    family_remove(m, &m->operations);
    family_remove(m, &m->active);
    family_remove(m, &m->terminal);
    for (size_t i = 0; i < N_FRAMEWORK_OFFERS; i++) {
        metrics_remove(m->registry, &m->offers[i]);
    }
    metrics_remove(m->registry, &m->subscribed);
    metrics_remove(m->registry, &m->all_calls);
    metrics_remove(m->registry, &m->all_events);
    metrics_remove(m->registry, &m->all_operations);
    vec_foreach (&m->roles, role) {
        role_metric_fini(m, role);
    }
    vec_fini(&m->roles);
    free(m->prefix);
    free(m);
}

/* --- counting --- */

void
framework_metrics_set_subscribed(struct framework_metrics *m, bool subscribed)
{
    if (m) {
        metric_set(m->subscribed, subscribed);
    }
}

void
framework_metrics_add_call(struct framework_metrics *m,
                           Scheduler__Call__Type type)
{
    if (m) {
        family_increment(&m->calls, (int) type, m->all_calls);
    }
}

void
framework_metrics_add_event(struct framework_metrics *m,
                            Scheduler__Event__Type type)
{
    if (m) {
        family_increment(&m->events, (int) type, m->all_events);
    }
}

void
framework_metrics_add_operation(struct framework_metrics *m,
                                V1__Offer__Operation__Type type)
{
    if (m) {
        family_increment(&m->operations, (int) type, m->all_operations);
    }
}

void
framework_metrics_add_task(struct framework_metrics *m, int state, int sign)
{
    struct metric *active = m ? family_find(&m->active, state) : NULL;
    struct metric *terminal = m ? family_find(&m->terminal, state) : NULL;

    if (active) {
        metric_add(active, sign);
    }
    if (terminal && sign > 0) {
        metric_increment(terminal, 1);
    }
}

void
framework_metrics_add_offers(struct framework_metrics *m,
                             enum framework_offers which, size_t n)
{
    if (m) {
        metric_increment(m->offers[which], (int64_t) n);
    }
}

/* --- roles --- */

static bool
contains(const char *const *strings, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(strings[i], wanted)) {
            return true;
        }
    }
    return false;
}

static bool
has_role(const struct framework_metrics *m, const char *role)
{
    for (size_t i = 0; i < m->roles.n; i++) {
        if (!strcmp(m->roles.data[i].role, role)) {
            return true;
        }
    }
    return false;
}

void
framework_metrics_set_roles(struct framework_metrics *m,
                            const char *const *roles, size_t n)
{
    if (!m) {
        return;
    }
    for (size_t i = m->roles.n; i > 0; i--) {
        if (!contains(roles, n, m->roles.data[i - 1].role)) {
            role_metric_fini(m, &m->roles.data[i - 1]);
            vec_remove(&m->roles, i - 1);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!has_role(m, roles[i])) {
            autofree char *key = xasprintf("roles/%s/suppressed", roles[i]);
            struct role_metric role = { xstrdup(roles[i]),
                                        add_gauge(m, key) };

            vec_push(&m->roles, role);
        }
    }
}

void
framework_metrics_set_suppressed(struct framework_metrics *m,
                                 char *const *roles, size_t n,
                                 bool suppressed)
{
    if (!m) {
        return;
    }
    vec_foreach (&m->roles, role) {
        if (n == 0
            || contains((const char *const *) roles, n, role->role)) {
            metric_set(role->suppressed, suppressed);
        }
    }
}
