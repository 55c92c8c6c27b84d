/* SPDX-License-Identifier: Apache-2.0
 *
 * roles.c - roles become parts of paths and of metric names, hence rules.
 *
 * Thread: pure functions. */
#include <config.h>

#include "model/roles.h"

#include <string.h>

#include <actor/error.h>

static bool
has_bad_character(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char) s[i];

        if (c <= 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

/* One part between slashes. */
static struct error *
validate_part(const char *role, const char *part, size_t len)
{
    if ((len == 1 && (part[0] == '.' || part[0] == '*'))
        || (len == 2 && !memcmp(part, "..", 2))) {
        return error_create(ERROR_INVALID,
                            "Role '%s' cannot have '%.*s' as a component",
                            role, (int) len, part);
    }
    if (part[0] == '-') {
        return error_create(ERROR_INVALID, "Role component '%.*s' is invalid "
                            "because it begins with a dash", (int) len, part);
    }
    if (has_bad_character(part, len)) {
        return error_create(ERROR_INVALID, "Role component '%.*s' is invalid "
                            "because it contains backspace or whitespace",
                            (int) len, part);
    }
    return NULL;
}

struct error *
role_validate(const char *role)
{
    size_t len = strlen(role);

    if (!strcmp(role, "*")) {
        return NULL;
    }
    if (len == 0) {
        return error_create(ERROR_INVALID,
                            "Role names cannot be the empty string");
    }
    if (role[0] == '/') {
        return error_create(ERROR_INVALID,
                            "Role '%s' cannot start with a slash", role);
    }
    if (role[len - 1] == '/') {
        return error_create(ERROR_INVALID,
                            "Role '%s' cannot end with a slash", role);
    }
    if (strstr(role, "//")) {
        return error_create(ERROR_INVALID,
                            "Role '%s' cannot contain two adjacent slashes",
                            role);
    }
    for (const char *part = role; *part != '\0';) {
        size_t part_len = strcspn(part, "/");
        struct error *error = validate_part(role, part, part_len);

        if (error) {
            return error;
        }
        part += part_len + (part[part_len] == '/');
    }
    return NULL;
}

bool
role_is_within(const char *role, const char *ancestor)
{
    size_t len = strlen(ancestor);

    return !strncmp(role, ancestor, len)
           && (role[len] == '\0' || role[len] == '/');
}
