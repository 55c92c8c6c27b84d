/* SPDX-License-Identifier: Apache-2.0
 *
 * validation.c - what a framework may be.
 *
 * The order of the rules is that of Mesos: the first that is broken is the one
 * that is told. */
#include <config.h>

/* FrameworkInfo.role is deprecated, and still what most frameworks set. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "master/validation.h"

#include <math.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/ids.h"
#include "model/roles.h"

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)

/* Seconds that fit an int64_t of nanoseconds. */
#define MAX_DURATION_SECONDS 9223372036.0

/* Of one framework: they are looked up one after the other. */
#define MAX_ROLES 4096

static bool
contains(char *const *strings, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(strings[i], wanted)) {
            return true;
        }
    }
    return false;
}

/* --- frameworks --- */

static bool
is_multi_role(const V1__FrameworkInfo *info)
{
    for (size_t i = 0; i < info->n_capabilities; i++) {
        if (info->capabilities[i]->type
            == V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE) {
            return true;
        }
    }
    return false;
}

static bool
has_role(const V1__FrameworkInfo *info)
{
    return info->role
        && info->role != v1__framework_info__role__default_value;
}

static void
format_duplicates(const V1__FrameworkInfo *info, struct strbuf *out)
{
    const char *separator = " ";

    strbuf_append(out, "{");
    for (size_t i = 0; i < info->n_roles; i++) {
        if (contains(info->roles, i, info->roles[i])) {
            strbuf_printf(out, "%s%s", separator, info->roles[i]);
            separator = ", ";
        }
    }
    strbuf_append(out, " }");
}

static struct error *
validate_multiple_roles(const V1__FrameworkInfo *info)
{
    if (has_role(info)) {
        return INVALID("'FrameworkInfo.role' must not be set when the "
                       "framework is MULTI_ROLE capable");
    }
    if (info->n_roles > MAX_ROLES) {
        return INVALID("'FrameworkInfo.roles' has %zu items; at most %d are "
                       "allowed", info->n_roles, MAX_ROLES);
    }
    for (size_t i = 0; i < info->n_roles; i++) {
        if (contains(info->roles, i, info->roles[i])) {
            autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

            format_duplicates(info, &text);
            return INVALID("'FrameworkInfo.roles' contains duplicate items: "
                           "%s", text.data);
        }
    }
    for (size_t i = 0; i < info->n_roles; i++) {
        struct error *error = role_validate(info->roles[i]);

        if (error) {
            return error_wrap(error, "'FrameworkInfo.roles' contains invalid "
                              "role");
        }
    }
    return NULL;
}

static struct error *
validate_single_role(const V1__FrameworkInfo *info)
{
    struct error *error;

    if (info->n_roles > 0) {
        return INVALID("'FrameworkInfo.roles' must not be set when the "
                       "framework is not MULTI_ROLE capable");
    }
    error = role_validate(info->role ? info->role : "*");
    return error_wrap(error, "'FrameworkInfo.role' is not a valid role");
}

struct error *
validate_framework_info(const V1__FrameworkInfo *info, const char *roles,
                        bool root_submissions)
{
    struct error *error = is_multi_role(info) ? validate_multiple_roles(info)
                                              : validate_single_role(info);

    if (error) {
        return error;
    }
    if (info->id && info->id->value[0] != '\0') {
        error = id_validate(info->id->value);
        if (error) {
            return error;
        }
    }
    if (isnan(info->failover_timeout)
        || fabs(info->failover_timeout) > MAX_DURATION_SECONDS) {
        autofini(strbuf) text = STRBUF(64);

        strbuf_append_double(&text, info->failover_timeout, false);
        return INVALID("The framework failover_timeout (%s) is invalid",
                       text.data);
    }
    error = validate_listed_roles(info, roles);
    if (error) {
        return error;
    }
    if (!root_submissions && !strcmp(info->user, "root")) {
        return INVALID("User 'root' is not allowed to run frameworks without "
                       "--root_submissions set");
    }
    return NULL;
}

struct error *
validate_framework_update(const V1__FrameworkInfo *old,
                          const V1__FrameworkInfo *info)
{
    const char *old_principal = old->principal ? old->principal : "";
    const char *principal = info->principal ? info->principal : "";

    if (strcmp(old_principal, principal)) {
        return INVALID("Changing framework's principal is not allowed.");
    }
    return NULL;
}

static bool
framework_has_role(const V1__FrameworkInfo *info, const char *role)
{
    if (is_multi_role(info)) {
        return contains(info->roles, info->n_roles, role);
    }
    return !strcmp(info->role ? info->role : "*", role);
}

struct error *
validate_suppressed_roles(char *const *suppressed, size_t n_suppressed,
                          const V1__FrameworkInfo *info)
{
    autofini(strbuf) strange = STRBUF(1 << 16);

    for (size_t i = 0; i < n_suppressed; i++) {
        if (!framework_has_role(info, suppressed[i])) {
            strbuf_printf(&strange, "%s%s", strange.len > 0 ? ", " : "",
                          suppressed[i]);
        }
    }
    return strange.len == 0 ? NULL
        : INVALID("Suppressed roles { %s } are not contained in the set of "
                  "roles", strange.data);
}
