/* SPDX-License-Identifier: Apache-2.0
 *
 * ids.c - the rules for ids, and the functions of each kind of id.
 *
 * Thread: pure functions.  Mirrors validateID of Mesos'
 * src/common/validation.cpp. */
#include <config.h>

#include "model/ids.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>

/* No isspace() and its kin: the locale of an application must not decide. */
static bool
is_allowed(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && c != '/' && c != '\\';
}

struct error *
id_validate(const char *id)
{
    size_t len = strlen(id);

    if (len == 0) {
        return error_create(ERROR_INVALID, "ID must not be empty");
    }
    if (len > NAME_MAX) {
        return error_create(ERROR_INVALID,
                            "ID must not be greater than %d characters",
                            NAME_MAX);
    }
    if (!strcmp(id, ".") || !strcmp(id, "..")) {
        return error_create(ERROR_INVALID, "'%s' is disallowed", id);
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_allowed((unsigned char) id[i])) {
            return error_create(ERROR_INVALID,
                                "'%s' contains invalid characters", id);
        }
    }
    return NULL;
}

static struct error *
parse(const char *text, char **ret)
{
    struct error *error = id_validate(text);

    if (!error) {
        *ret = xstrdup(text);
    }
    return error;
}

static bool
equal(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

#define MODEL_ID_DEFINE(NAME) \
    struct error * \
    NAME##_parse(const char *text, struct NAME *ret) \
    { \
        return parse(text, &ret->s); \
    } \
\
    void \
    NAME##_init_copy(struct NAME *id, const struct NAME *source) \
    { \
        id->s = source->s ? xstrdup(source->s) : NULL; \
    } \
\
    void \
    NAME##_fini(struct NAME *id) \
    { \
        free(id->s); \
        id->s = NULL; \
    } \
\
    bool \
    NAME##_equal(const struct NAME *a, const struct NAME *b) \
    { \
        return equal(a->s, b->s); \
    }

MODEL_ID_DEFINE(framework_id)
MODEL_ID_DEFINE(agent_id)
MODEL_ID_DEFINE(executor_id)
MODEL_ID_DEFINE(task_id)
MODEL_ID_DEFINE(offer_id)
MODEL_ID_DEFINE(container_id)
