/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_stage.c - an operator who lays down quotas, weights and
 * maintenance. */
#include <config.h>

#include "tests/lib/policy_stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/system.h>

#include "tests/lib/master_place.h"
#include "tests/lib/policy_calls.h"
#include "tests/lib/test.h"

void
operate_later(struct stage *s, char **ret, const char *fmt, ...)
{
    autofree char *member = NULL;
    va_list args;

    va_start(args, fmt);
    member = xvasprintf(fmt, args);
    va_end(args);
    policy_call(master_of(s), member, ret);
}

const char *
operate(struct stage *s, const char *fmt, ...)
{
    static char text[512];
    autofree char *member = NULL;
    autofree char *answer = NULL;
    va_list args;

    va_start(args, fmt);
    member = xvasprintf(fmt, args);
    va_end(args);
    policy_call(master_of(s), member, &answer);
    actor_system_run(s->system);
    ck_assert_ptr_nonnull(answer);
    snprintf(text, sizeof text, "%s", answer);
    return text;
}

const char *
show(struct stage *s, const char *type)
{
    static char text[4096];
    autofree char *json = policy_show(master_of(s), type);

    snprintf(text, sizeof text, "%s", json);
    return text;
}
