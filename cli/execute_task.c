/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_task.c - builds the messages that mesos-execute sends.
 *
 * Thread: pure functions. */
#include <config.h>

/* The framework is one of a single role. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "cli/execute_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "cli/execute_flags.h"

/* --- the command --- */

static struct error *
add_variables(yajl_val root, struct message *m, V1__CommandInfo *command)
{
    size_t n = root->u.object.len;
    V1__Environment *environment =
        message_new(m, &v1__environment__descriptor);

    environment->variables =
        message_array(m, n, sizeof *environment->variables);
    environment->n_variables = n;
    for (size_t i = 0; i < n; i++) {
        const char *value = YAJL_GET_STRING(root->u.object.values[i]);
        V1__Environment__Variable *variable =
            message_new(m, &v1__environment__variable__descriptor);

        if (!value) {
            return error_create(ERROR_PARSE, "Failed to load flag 'env': the "
                                "value of '%s' is not a string",
                                root->u.object.keys[i]);
        }
        variable->name = message_strdup(m, root->u.object.keys[i]);
        variable->value = message_strdup(m, value);
        environment->variables[i] = variable;
    }
    command->environment = environment;
    return NULL;
}

static struct error *
add_environment(const char *json, struct message *m, V1__CommandInfo *command)
{
    char why[256] = "";
    yajl_val root = yajl_tree_parse(json, why, sizeof why);
    struct error *error;

    if (YAJL_IS_OBJECT(root)) {
        error = add_variables(root, m, command);
    } else {
        error = error_create(ERROR_PARSE, "Failed to load flag 'env': "
                             "expecting a JSON object%s%s",
                             why[0] != '\0' ? ": " : "", why);
    }
    yajl_tree_free(root);
    return error;
}

/* A program and its arguments, for a command that no shell runs. */
static void
split(const char *text, struct message *m, V1__CommandInfo *command)
{
    size_t max = strlen(text) / 2 + 1;
    char **words = message_array(m, max, sizeof *words);
    size_t n = 0;

    text += strspn(text, " ");
    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        words[n++] = message_strndup(m, text, len);
        text += len;
        text += strspn(text, " ");
    }
    command->value = n > 0 ? words[0] : NULL;
    command->arguments = words;
    command->n_arguments = n;
}

static struct error *
make_command_task(const struct execute_flags *flags, struct message **ret)
{
    struct message *m = message_create(&v1__task_info__descriptor);
    V1__TaskInfo *task = message_root(m);
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);
    struct error *error = NULL;

    task->name = message_strdup(m, flags->name);
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = message_strdup(m, flags->name);
    task->command = command;
    command->has_shell = true;
    command->shell = flags->shell;
    if (flags->shell) {
        command->value = message_strdup(m, flags->command);
    } else {
        split(flags->command, m, command);
    }
    if (flags->env) {
        error = add_environment(flags->env, m, command);
    }
    if (error) {
        message_unref(m);
        return error;
    }
    *ret = m;
    return NULL;
}

/* --- a task from JSON --- */

static struct error *
read_file(const char *path, struct strbuf *ret)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buffer[4096];
    ssize_t size = fd < 0 ? -1 : 1;

    while (size > 0) {
        size = read(fd, buffer, sizeof buffer);
        if (size > 0) {
            strbuf_append_bytes(ret, buffer, (size_t) size);
        }
    }
    if (size < 0) {
        return error_errno(errno, "Failed to load flag 'task': reading '%s'",
                           path);
    }
    return NULL;
}

static struct error *
make_json_task(const char *text, struct message **ret)
{
    autofini(strbuf) content = STRBUF(LIMIT_MESSAGE_SIZE);
    struct error *error = NULL;

    if (text[0] == '/') {
        error = read_file(text, &content);
    } else {
        strbuf_append(&content, text);
    }
    if (error) {
        return error;
    }
    return error_wrap(message_decode_json(&v1__task_info__descriptor,
                                          content.data, content.len, ret),
                      "Failed to load flag 'task'");
}

/* --- the task --- */

static struct error *
set_wanted(struct execute_task *task, const struct execute_flags *flags)
{
    const V1__TaskInfo *info = message_root(task->info);

    if (flags->task) {
        return resources_decode(info->resources, info->n_resources,
                                &task->wanted);
    }
    return error_wrap(resources_parse(flags->resources, "*", &task->wanted),
                      "Failed to parse resources '%s'", flags->resources);
}

struct error *
execute_task_init(struct execute_task *task, const struct execute_flags *flags)
{
    struct error *error = flags->task
                              ? make_json_task(flags->task, &task->info)
                              : make_command_task(flags, &task->info);

    return error ? error : set_wanted(task, flags);
}

void
execute_task_fini(struct execute_task *task)
{
    message_unref(steal(task->info));
    resources_fini(&task->wanted);
}

struct message *
execute_task_place(const struct execute_task *task, const V1__Offer *offer,
                   const char *role)
{
    autofini(resources) available = { 0 };
    autofini(resources) part = { 0 };
    autoerror *error = resources_decode(offer->resources, offer->n_resources,
                                        &available);

    if (error || !resources_find(&available, &task->wanted, role, &part)) {
        return NULL;
    }
    const V1__TaskInfo *template = message_root(task->info);
    struct message *m = message_clone(&template->base);
    V1__TaskInfo *info = message_root(m);

    info->agent_id = message_copy(m, &offer->agent_id->base);
    resources_encode(&part, m, &info->resources, &info->n_resources);
    return m;
}

/* --- the framework --- */

static void
add_capability(struct message *m, V1__FrameworkInfo *framework,
               V1__FrameworkInfo__Capability__Type type)
{
    V1__FrameworkInfo__Capability *capability =
        message_new(m, &v1__framework_info__capability__descriptor);

    capability->has_type = true;
    capability->type = type;
    framework->capabilities[framework->n_capabilities++] = capability;
}

/* "GPU_RESOURCES": one that is asked for, of those that make sense here. */
static struct error *
add_wanted_capability(struct message *m, V1__FrameworkInfo *framework,
                      const char *name)
{
    int type;

    if (!message_enum_parse(&v1__framework_info__capability__type__descriptor,
                            name, &type)) {
        return error_create(ERROR_INVALID, "Flags '--framework_capabilities' "
                            "specifies an unknown capability '%s'", name);
    }
    if (type != V1__FRAMEWORK_INFO__CAPABILITY__TYPE__GPU_RESOURCES) {
        return error_create(ERROR_INVALID, "Flags '--framework_capabilities' "
                            "specifies an unsupported capability '%s'", name);
    }
    add_capability(m, framework,
                   V1__FRAMEWORK_INFO__CAPABILITY__TYPE__GPU_RESOURCES);
    return NULL;
}

/* At most this many can be asked for. */
#define WANTED_MAX 8

static struct error *
add_wanted_capabilities(struct message *m, V1__FrameworkInfo *framework,
                        const char *list)
{
    size_t n = 0;

    while (list && *list != '\0') {
        size_t len = strcspn(list, ",");
        autofree char *name = xstrndup(list, len);
        struct error *error = NULL;

        if (++n > WANTED_MAX) {
            return error_create(ERROR_INVALID, "Flags "
                                "'--framework_capabilities' is too long");
        }
        error = add_wanted_capability(m, framework, name);
        if (error) {
            return error;
        }
        list += len + (list[len] == ',');
    }
    return NULL;
}

struct error *
execute_framework(const struct execute_flags *flags, struct message **ret)
{
    static const V1__FrameworkInfo__Capability__Type usual[] = {
        V1__FRAMEWORK_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
        V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE,
        V1__FRAMEWORK_INFO__CAPABILITY__TYPE__REVOCABLE_RESOURCES,
    };
    struct message *m = message_create(&v1__framework_info__descriptor);
    V1__FrameworkInfo *framework = message_root(m);

    /* The driver fills in the user. */
    framework->user = message_strdup(m, "");
    framework->name = message_strdup(m, "mesos-execute instance");
    framework->role = message_strdup(m, flags->role);
    framework->has_checkpoint = true;
    framework->checkpoint = flags->checkpoint;
    if (flags->principal) {
        framework->principal = message_strdup(m, flags->principal);
    }
    framework->capabilities =
        message_array(m, ARRAY_SIZE(usual) + 1 + WANTED_MAX,
                      sizeof *framework->capabilities);
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
        add_capability(m, framework, usual[i]);
    }
    if (flags->partition_aware) {
        add_capability(m, framework,
                       V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);
    }
    struct error *error = add_wanted_capabilities(
        m, framework, flags->framework_capabilities);

    if (error) {
        message_unref(m);
        return error;
    }
    *ret = m;
    return NULL;
}
