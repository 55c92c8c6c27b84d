/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_task.c - builds the messages that mesos-execute sends.
 *
 * Thread: pure functions. */
#include <config.h>

/* The framework is one of a single role. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "cli/execute_task.h"

#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_tree.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/log.h>

#include "cli/execute_container.h"
#include "cli/execute_flags.h"
#include "cli/execute_json.h"

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
add_resources(const char *text, struct message *m, V1__TaskInfo *task)
{
    autofini(resources) wanted = { 0 };
    struct error *error = resources_parse(text, "*", &wanted);

    if (!error) {
        resources_encode(&wanted, m, &task->resources, &task->n_resources);
    }
    return error_wrap(error, "Failed to parse resources '%s'", text);
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
    if (!error) {
        error = execute_container_make(flags, m, &task->container);
    }
    if (!error) {
        error = add_resources(flags->resources, m, task);
    }
    if (error) {
        message_unref(m);
        return error;
    }
    *ret = m;
    return NULL;
}

/* --- the task, or the group --- */

/* What a default executor takes for itself. */
#define GROUP_EXECUTOR_ID "default-executor"
#define GROUP_EXECUTOR_RESOURCES "cpus:0.1;mem:32;disk:32"

static struct error *
add_wanted(struct execute_task *task, const char *text)
{
    autofini(resources) more = { 0 };
    struct error *error = resources_parse(text, "*", &more);

    if (!error) {
        resources_add(&task->wanted, &more);
    }
    return error_wrap(error, "Failed to parse resources '%s'", text);
}

static struct error *
decode_more(struct execute_task *task, V1__Resource *const *resources,
            size_t n)
{
    autofini(resources) more = { 0 };
    struct error *error = resources_decode(resources, n, &more);

    if (!error) {
        resources_add(&task->wanted, &more);
    }
    return error;
}

/* What all tasks want, and an executor of their own. */
static struct error *
decode_wanted(struct execute_task *task)
{
    struct error *error = NULL;

    for (size_t i = 0; i < task->n_tasks && !error; i++) {
        const V1__TaskInfo *info = task->tasks[i];

        error = decode_more(task, info->resources, info->n_resources);
        if (!error && info->executor) {
            error = decode_more(task, info->executor->resources,
                                info->executor->n_resources);
        }
    }
    return error;
}

static struct error *
init_group(struct execute_task *task, const char *text)
{
    struct error *error =
        execute_json_message(text, "task_group",
                             &v1__task_group_info__descriptor, &task->info);

    if (error) {
        return error;
    }
    const V1__TaskGroupInfo *group = message_root(task->info);

    task->is_group = true;
    task->tasks = group->tasks;
    task->n_tasks = group->n_tasks;
    if (task->n_tasks == 0) {
        return error_create(ERROR_INVALID, "Failed to load flag "
                            "'task_group': it has no tasks");
    }
    error = add_wanted(task, GROUP_EXECUTOR_RESOURCES);
    return error ? error : decode_wanted(task);
}

struct error *
execute_task_init(struct execute_task *task, const struct execute_flags *flags)
{
    struct error *error = execute_container_check(flags);

    if (error) {
        return error;
    }
    if (flags->rlimits && (flags->task || flags->task_group)) {
        log_warn("--rlimits is without effect with --task and --task_group");
    }
    if (flags->task_group) {
        return init_group(task, flags->task_group);
    }
    error = flags->task ? execute_json_message(flags->task, "task",
                                               &v1__task_info__descriptor,
                                               &task->info)
                        : make_command_task(flags, &task->info);
    if (error) {
        return error;
    }
    task->single = message_root(task->info);
    task->tasks = &task->single;
    task->n_tasks = 1;
    return decode_wanted(task);
}

void
execute_task_fini(struct execute_task *task)
{
    message_unref(steal(task->info));
    resources_fini(&task->wanted);
}

/* --- onto an offer --- */

/* Takes 'wanted' out of 'available', and encodes it. */
static bool
take(struct resources *available, const struct resources *wanted,
     const char *role, struct message *m, V1__Resource ***ret, size_t *ret_n)
{
    autofini(resources) part = { 0 };

    if (!resources_find(available, wanted, role, &part)) {
        return false;
    }
    resources_subtract(available, &part);
    resources_encode(&part, m, ret, ret_n);
    return true;
}

/* The same for what a task, or an executor, says that it wants. */
static bool
place_resources(struct resources *available, const char *role,
                struct message *m, V1__Resource ***resources, size_t *n)
{
    autofini(resources) wanted = { 0 };

    /* Decoded once already. */
    error_drop(resources_decode(*resources, *n, &wanted));
    return take(available, &wanted, role, m, resources, n);
}

static bool
place_task(const V1__TaskInfo *template, const V1__Offer *offer,
           const char *role, struct resources *available, struct message *m,
           V1__TaskInfo **ret)
{
    V1__TaskInfo *info = message_copy(m, &template->base);
    bool fits = place_resources(available, role, m, &info->resources,
                                &info->n_resources);

    info->agent_id = message_copy(m, &offer->agent_id->base);
    if (fits && info->executor) {
        fits = place_resources(available, role, m, &info->executor->resources,
                               &info->executor->n_resources);
    }
    *ret = info;
    return fits;
}

static bool
place_executor(const V1__Offer *offer, const char *role,
               struct resources *available, struct message *m,
               V1__ExecutorInfo **ret)
{
    V1__ExecutorInfo *executor = message_new(m,
                                             &v1__executor_info__descriptor);
    autofini(resources) wanted = { 0 };

    error_drop(resources_parse(GROUP_EXECUTOR_RESOURCES, "*", &wanted));
    executor->has_type = true;
    executor->type = V1__EXECUTOR_INFO__TYPE__DEFAULT;
    executor->executor_id = message_new(m, &v1__executor_id__descriptor);
    executor->executor_id->value = message_strdup(m, GROUP_EXECUTOR_ID);
    executor->framework_id = message_copy(m, &offer->framework_id->base);
    *ret = executor;
    return take(available, &wanted, role, m, &executor->resources,
                &executor->n_resources);
}

static bool
place_group(const struct execute_task *task, const V1__Offer *offer,
            const char *role, struct resources *available, struct message *m,
            V1__Offer__Operation__LaunchGroup *launch)
{
    V1__TaskGroupInfo *group = message_new(m, &v1__task_group_info__descriptor);
    bool fits = place_executor(offer, role, available, m, &launch->executor);

    launch->task_group = group;
    group->tasks = message_array(m, task->n_tasks, sizeof *group->tasks);
    for (size_t i = 0; i < task->n_tasks && fits; i++) {
        fits = place_task(task->tasks[i], offer, role, available, m,
                          &group->tasks[group->n_tasks++]);
    }
    return fits;
}

static bool
place(const struct execute_task *task, const V1__Offer *offer,
      const char *role, struct resources *available, struct message *m)
{
    V1__Offer__Operation *operation = message_root(m);

    operation->has_type = true;
    if (task->is_group) {
        operation->type = V1__OFFER__OPERATION__TYPE__LAUNCH_GROUP;
        operation->launch_group =
            message_new(m, &v1__offer__operation__launch_group__descriptor);
        return place_group(task, offer, role, available, m,
                           operation->launch_group);
    }
    operation->type = V1__OFFER__OPERATION__TYPE__LAUNCH;
    operation->launch =
        message_new(m, &v1__offer__operation__launch__descriptor);
    operation->launch->task_infos = message_array(m, 1, sizeof(void *));
    operation->launch->n_task_infos = 1;
    return place_task(task->tasks[0], offer, role, available, m,
                      &operation->launch->task_infos[0]);
}

struct message *
execute_task_place(const struct execute_task *task, const V1__Offer *offer,
                   const char *role)
{
    autofini(resources) available = { 0 };
    autoerror *error = resources_decode(offer->resources, offer->n_resources,
                                        &available);
    struct message *m = message_create(&v1__offer__operation__descriptor);

    if (error || !place(task, offer, role, &available, m)) {
        message_unref(m);
        return NULL;
    }
    return m;
}

char *
execute_task_directory(const struct execute_task *task, size_t i)
{
    const V1__TaskInfo *info = task->tasks[i];

    if (task->is_group) {
        return xasprintf("%s/runs/latest/tasks/%s", GROUP_EXECUTOR_ID,
                         info->task_id->value);
    }
    return xasprintf("%s/runs/latest",
                     info->executor ? info->executor->executor_id->value
                                    : info->task_id->value);
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
