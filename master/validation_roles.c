/* SPDX-License-Identifier: Apache-2.0
 *
 * validation_roles.c - which roles frameworks may have, and which of them an
 * operator lets them have: --roles. */
#include <config.h>

/* FrameworkInfo.role is deprecated, and still what most frameworks set. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "master/validation.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "model/roles.h"

/* The next of the roles between commas, or NULL; moves '*at' behind it. */
static const char *
next_role(const char **at, size_t *ret_len)
{
    const char *role = *at + strspn(*at, ",");

    *ret_len = strcspn(role, ",");
    *at = role + *ret_len;
    return *ret_len > 0 ? role : NULL;
}

struct error *
validate_role_list(const char *list)
{
    const char *at = list ? list : "";
    const char *role;
    size_t len;

    while ((role = next_role(&at, &len)) != NULL) {
        autofree char *name = xstrndup(role, len);
        struct error *error = role_validate(name);

        if (error) {
            return error;
        }
    }
    return NULL;
}

bool
validate_role_is_listed(const char *list, const char *wanted)
{
    const char *role;
    size_t len;

    if (!list) {
        return true;
    }
    while ((role = next_role(&list, &len)) != NULL) {
        if (strlen(wanted) == len && !memcmp(role, wanted, len)) {
            return true;
        }
    }
    return !strcmp(wanted, "*");
}

struct error *
validate_listed_roles(const V1__FrameworkInfo *info, const char *list)
{
    const char *single = info->role ? info->role : "*";
    size_t n = info->n_roles > 0 ? info->n_roles : 1;
    autofini(strbuf) missing = STRBUF(STRBUF_UNLIMITED);

    if (!list) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *role = info->n_roles > 0 ? info->roles[i] : single;

        if (!validate_role_is_listed(list, role)) {
            strbuf_printf(&missing, "%s%s", missing.len > 0 ? ", " : "",
                          role);
        }
    }
    return missing.len == 0 ? NULL
        : error_create(ERROR_INVALID, "Roles { %s } are not present in the "
                       "master's --roles", missing.data);
}
