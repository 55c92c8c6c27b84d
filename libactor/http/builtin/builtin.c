/* SPDX-License-Identifier: Apache-2.0
 *
 * builtin.c - starts the actors that every system has.  Thread: any. */
#include <config.h>

#include <actor/actor.h>
#include <actor/error.h>
#include "http/builtin/builtin.h"

struct error *
builtin_start(struct actor_system *system)
{
    static const struct {
        const char *id;
        const struct actor_type *type;
    } builtins[] = {
        { "help", &help_type },
        { "metrics", &metrics_endpoint_type },
        { "logging", &logging_endpoint_type },
        { "system", &system_endpoint_type },
        { "version", &version_endpoint_type },
        { "__processes__", &processes_endpoint_type },
    };

    for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
        struct error *error = actor_spawn(system, builtins[i].type,
                                          builtins[i].id, NULL, NULL);
        if (error) {
            return error_wrap(error, "starting '%s'", builtins[i].id);
        }
    }
    return NULL;
}
