/* SPDX-License-Identifier: Apache-2.0
 *
 * task_environment.c - the environment of a task's command.
 *
 * Thread: the command executor's turn. */
#include <config.h>

#include "executor/task_environment.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static size_t find(char *const *array, size_t n, const char *name);
static char *format(const V1__Environment__Variable *);

char **
task_environment_create(char *const *base, const V1__Environment *wanted)
{
    size_t n_wanted = wanted ? wanted->n_variables : 0;
    size_t n = 0;

    while (base[n]) {
        n++;
    }
    char **array = alloc_array(n + n_wanted + 1, sizeof *array);
    for (size_t i = 0; i < n; i++) {
        array[i] = xstrdup(base[i]);
    }
    for (size_t i = 0; i < n_wanted; i++) {
        const V1__Environment__Variable *variable = wanted->variables[i];
        char *text = format(variable);

        if (!text) {
            continue;
        }
        size_t at = find(array, n, variable->name);
        if (at == n) {
            array[n++] = text;
            continue;
        }
        if (strcmp(array[at], text) != 0) {
            log_info("Overwriting environment variable '%s'", variable->name);
        }
        free(array[at]);
        array[at] = text;
    }
    array[n] = NULL;
    return array;
}

void
task_environment_free(char **array)
{
    for (char **p = array; p && *p; p++) {
        free(*p);
    }
    free(array);
}

const char *
task_environment_role(const V1__TaskInfo *info)
{
    const V1__Resource__AllocationInfo *allocation =
        info->n_resources > 0 ? info->resources[0]->allocation_info : NULL;

    return allocation && allocation->role ? allocation->role : "*";
}

/* Where variable 'name' is; 'n' if it is not there. */
static size_t
find(char *const *array, size_t n, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (strncmp(array[i], name, len) == 0 && array[i][len] == '=') {
            return i;
        }
    }
    return n;
}

static char *
format(const V1__Environment__Variable *variable)
{
    if (variable->value) {
        return xasprintf("%s=%s", variable->name, variable->value);
    }
    if (variable->secret && variable->secret->value) {
        const ProtobufCBinaryData *data = &variable->secret->value->data;

        return xasprintf("%s=%.*s", variable->name, (int) data->len,
                         (const char *) data->data);
    }
    return NULL;
}
