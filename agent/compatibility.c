/* SPDX-License-Identifier: Apache-2.0
 *
 * compatibility.c - whether an agent may take up what another one left.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/compatibility.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "agent/attributes.h"
#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct V1__AgentInfo *
agent_describe(const struct agent_description *d, struct message *m)
{
    V1__AgentInfo *info = message_new(m, &v1__agent_info__descriptor);

    info->hostname = message_strdup(m, d->hostname);
    info->has_port = true;
    info->port = d->port;
    resources_encode(d->resources, m, &info->resources, &info->n_resources);
    attributes_encode(d->attributes, m, &info->attributes,
                      &info->n_attributes);
    return info;
}

static struct error *
decode(const V1__AgentInfo *info, struct resources *ret)
{
    return resources_decode(info->resources, info->n_resources, ret);
}

/* --- equal --- */

static bool
has_equal_attributes(const V1__AgentInfo *a, const V1__AgentInfo *b)
{
    if (a->n_attributes != b->n_attributes) {
        return false;
    }
    for (size_t i = 0; i < a->n_attributes; i++) {
        bool found = false;

        for (size_t j = 0; j < b->n_attributes; j++) {
            found |= message_equal(&a->attributes[i]->base,
                                   &b->attributes[j]->base);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static struct error *
check_same_place(const V1__AgentInfo *old, const V1__AgentInfo *now)
{
    if (strcmp(old->hostname, now->hostname) != 0) {
        return error_create(ERROR_CONFLICT, "Configuration change not "
                            "permitted under given policy: hostname changed "
                            "from %s to %s", old->hostname, now->hostname);
    }
    if (old->port != now->port) {
        return error_create(ERROR_CONFLICT, "Configuration change not "
                            "permitted under given policy: port changed from "
                            "%d to %d", old->port, now->port);
    }
    return NULL;
}

static struct error *
check_equal(const V1__AgentInfo *old, const V1__AgentInfo *now,
            const struct resources *before, const struct resources *after)
{
    struct error *error = check_same_place(old, now);

    if (!error && !resources_equal(before, after)) {
        error = error_create(ERROR_CONFLICT, "Resources changed");
    }
    if (!error && !has_equal_attributes(old, now)) {
        error = error_create(ERROR_CONFLICT, "Attributes changed");
    }
    return error;
}

/* --- additive --- */

static bool
contains_ranges(const V1__Value__Ranges *all, const V1__Value__Ranges *part)
{
    for (size_t i = 0; i < part->n_range; i++) {
        bool found = false;

        for (size_t j = 0; j < all->n_range; j++) {
            found |= all->range[j]->begin <= part->range[i]->begin &&
                     all->range[j]->end >= part->range[i]->end;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool
may_become(const V1__Attribute *old, const V1__Attribute *now)
{
    if (old->type != now->type) {
        return false;
    }
    if (old->ranges && now->ranges) {
        return contains_ranges(now->ranges, old->ranges);
    }
    return message_equal(&old->base, &now->base);
}

static struct error *
check_attributes(const V1__AgentInfo *old, const V1__AgentInfo *now)
{
    for (size_t i = 0; i < old->n_attributes; i++) {
        const char *name = old->attributes[i]->name;
        bool found = false;

        for (size_t j = 0; j < now->n_attributes; j++) {
            found |= strcmp(name, now->attributes[j]->name) == 0 &&
                     may_become(old->attributes[i], now->attributes[j]);
        }
        if (!found) {
            return error_create(ERROR_CONFLICT, "Configuration change not "
                                "permitted under 'additive' policy: attribute "
                                "%s was removed or changed", name);
        }
    }
    return NULL;
}

static struct error *
check_additive(const V1__AgentInfo *old, const V1__AgentInfo *now,
               const struct resources *before, const struct resources *after)
{
    struct error *error = check_same_place(old, now);

    if (!error && !resources_contain(after, before)) {
        error = error_create(ERROR_CONFLICT, "Configuration change not "
                             "permitted under 'additive' policy: resources "
                             "were removed or became less");
    }
    return error ? error : check_attributes(old, now);
}

struct error *
agent_compatible(const char *policy, const V1__AgentInfo *old,
                 const V1__AgentInfo *now)
{
    struct resources before = { .entries = NULL };
    struct resources after = { .entries = NULL };
    struct error *error = decode(old, &before);

    if (!error) {
        error = decode(now, &after);
    }
    if (!error) {
        error = strcmp(policy, "additive") == 0
            ? check_additive(old, now, &before, &after)
            : check_equal(old, now, &before, &after);
    }
    resources_fini(&before);
    resources_fini(&after);
    if (!error) {
        return NULL;
    }
    autofini(strbuf) a = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) b = STRBUF(STRBUF_UNLIMITED);
    message_encode_json(&old->base, &a);
    message_encode_json(&now->base, &b);
    struct error *told = error_create(
        ERROR_CONFLICT, "Incompatible agent info detected.\n%s\n"
        "------------------------------------------------------------\n"
        "Old agent info:\n%s\n"
        "------------------------------------------------------------\n"
        "New agent info:\n%s\n"
        "------------------------------------------------------------",
        error_text(error), a.data, b.data);
    error_destroy(error);
    return told;
}
