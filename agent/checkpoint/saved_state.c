/* SPDX-License-Identifier: Apache-2.0
 *
 * saved_state.c - what an agent finds of itself when it starts
 * (src/slave/state.cpp of Mesos).
 *
 * A process may have died between any two writes, so anything may be missing:
 * an executor that was never started, or a task that was not handed out, is
 * passed over with a warning.  What is there has to be whole.
 *
 * Thread: the one that starts the agent. */
#include <config.h>

#include "agent/checkpoint/saved_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "agent/checkpoint/file.h"
#include "agent/checkpoint/journal.h"
#include "agent/checkpoint/meta_paths.h"
#include "model/ids.h"
#include "proto/cmesos/checkpoint.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct reader {
    const struct actor_disk *disk;
    const char *meta;
    bool strict;
    struct saved_state *state;
};

struct names {
    VEC(char *) all;            /* owned */
};

/* --- helpers --- */

static char *
full_path(const struct reader *r, const char *directory, const char *name)
{
    return xasprintf("%s/%s/%s", r->meta, directory, name);
}

static bool
is_missing(const struct error *error)
{
    return error && error_code(error) == ERROR_NOT_FOUND;
}

/* Passes over an error if that is asked for. */
static struct error *
tolerate(struct reader *r, struct error *error)
{
    if (!error || r->strict) {
        return error;
    }
    log_warn("Passing over what cannot be recovered: %s", error_text(error));
    r->state->n_errors++;
    error_destroy(error);
    return NULL;
}

static void
note_name(void *names_, const char *name)
{
    struct names *names = names_;

    if (strcmp(name, "latest") != 0) {
        vec_push(&names->all, xstrdup(name));
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
names_fini(struct names *names)
{
    vec_foreach (&names->all, it) {
        free(*it);
    }
    vec_fini(&names->all);
}

/* The names in a directory, in order; none if it is not there. */
static struct error *
list(struct reader *r, const char *path, struct names *ret)
{
    int rc = actor_disk_list(r->disk, path, note_name, ret);

    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR) {
        return error_errno(-rc, "listing '%s'", path);
    }
    if (ret->all.n > 0) {
        qsort(ret->all.data, ret->all.n, sizeof *ret->all.data,
              compare_names);
    }
    return NULL;
}

/* A short text without its newline; NULL if there is no such file. */
static struct error *
read_text(struct reader *r, const char *directory, const char *name,
          const char *kind, char **ret)
{
    autofree char *path = full_path(r, directory, name);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read(r->disk, path, kind, &text);

    *ret = NULL;
    if (is_missing(error)) {
        error_destroy(error);
        return NULL;
    }
    if (error) {
        return error;
    }
    *ret = xstrndup(text.data, strcspn(text.data, "\n"));
    return NULL;
}

/* A message; NULL if there is no such file. */
static struct error *
read_message(struct reader *r, const char *directory, const char *name,
             const ProtobufCMessageDescriptor *descriptor,
             struct message **ret)
{
    autofree char *path = full_path(r, directory, name);
    struct error *error = checkpoint_read_message(r->disk, path, name,
                                                  descriptor, ret);

    if (is_missing(error)) {
        log_warn("Failed to find '%s'", path);
        error_destroy(error);
        *ret = NULL;
        return NULL;
    }
    return error;
}

/* The last component of where a link leads; NULL if it leads nowhere. */
static struct error *
read_link(struct reader *r, const char *link, char **ret)
{
    autofree char *path = xasprintf("%s/%s", r->meta, link);
    autofree char *target = NULL;
    int rc = actor_disk_realpath(r->disk, path, &target);

    *ret = NULL;
    if (rc == -ENOENT || rc == -ENOTDIR) {
        return NULL;
    }
    if (rc < 0) {
        return error_errno(-rc, "resolving '%s'", path);
    }
    *ret = xstrdup(strrchr(target, '/') + 1);
    return NULL;
}

/* --- tasks --- */

static void
task_fini(struct saved_task *task)
{
    free(task->id);
    message_unref(task->info);
    vec_foreach (&task->records, it) {
        message_unref(*it);
    }
    vec_fini(&task->records);
    free(task->log.path);
}

static struct error *
add_record(void *task_, uint64_t offset UNUSED, const void *payload,
           size_t size)
{
    struct saved_task *task = task_;
    struct message *m;
    struct error *error =
        message_decode_msgpack(&checkpoint__update_record__descriptor,
                               payload, size, &m);

    if (!error) {
        vec_push(&task->records, m);
    }
    return error;
}

static struct error *
read_task(struct reader *r, const char *run, const char *id,
          struct saved_executor *executor)
{
    struct saved_task task = { .id = xstrdup(id) };
    autofree char *directory = xasprintf("%s/tasks/%s", run, id);
    autofree char *updates = full_path(r, directory, META_TASK_UPDATES);
    struct error *error =
        read_message(r, directory, META_TASK_INFO,
                     &checkpoint__task__descriptor, &task.info);

    task.log.path = xasprintf("%s/" META_TASK_UPDATES, directory);
    if (!error) {
        error = checkpoint_read_log(r->disk, updates, META_TASK_UPDATES,
                                    add_record, &task, &task.log.size);
    }
    if (is_missing(error)) {
        error_destroy(error);
        error = NULL;
    }
    if (!error && task.info) {
        vec_push(&executor->tasks, task);
        return NULL;
    }
    if (!error) {
        log_warn("Skipping recovery of task %s because its info cannot be "
                 "recovered", id);
    }
    task_fini(&task);
    return error;
}

/* --- executors --- */

static void
executor_fini(struct saved_executor *executor)
{
    free(executor->id);
    free(executor->container_id);
    message_unref(executor->info);
    vec_foreach (&executor->tasks, it) {
        task_fini(it);
    }
    vec_fini(&executor->tasks);
}

static struct error *
read_pids(struct reader *r, const char *run, struct saved_executor *executor)
{
    autofree char *pid = NULL;
    autofree char *upid = NULL;
    struct error *error = read_text(r, run, "pids/" META_FORKED_PID,
                                    META_FORKED_PID, &pid);

    if (!error) {
        error = read_text(r, run, "pids/" META_EXECUTOR_UPID,
                          META_EXECUTOR_UPID, &upid);
    }
    if (error) {
        return error;
    }
    executor->pid = pid ? (pid_t) strtol(pid, NULL, 10) : 0;
    if (executor->pid < 0) {
        executor->pid = 0;
    }
    if (upid) {
        error = upid_parse(upid, &executor->upid);
    }
    return error_wrap(error, "'%s/%s/pids/" META_EXECUTOR_UPID "'", r->meta,
                      run);
}

static struct error *
read_tasks(struct reader *r, const char *run, struct saved_executor *executor)
{
    autofree char *path = full_path(r, run, "tasks");
    struct names names = { .all = VEC_EMPTY };
    struct error *error = list(r, path, &names);

    for (size_t i = 0; !error && i < names.all.n; i++) {
        error = tolerate(r, read_task(r, run, names.all.data[i], executor));
    }
    names_fini(&names);
    return error;
}

static struct error *
read_run(struct reader *r, const char *directory,
         struct saved_executor *executor, bool *ret_is_over)
{
    autofree char *run = xasprintf("%s/runs/%s", directory,
                                   executor->container_id);
    autofree char *sentinel = full_path(r, run, META_SENTINEL);
    autofree char *is_command = NULL;
    struct stat info;
    int rc = actor_disk_stat(r->disk, sentinel, &info);

    *ret_is_over = rc == 0;
    if (rc == 0) {
        return NULL;
    }
    if (rc != -ENOENT) {
        return error_errno(-rc, "looking for '%s'", sentinel);
    }
    struct error *error = read_text(r, directory, META_IS_COMMAND,
                                    META_IS_COMMAND, &is_command);
    if (!error) {
        executor->is_command = is_command && !strcmp(is_command, "1");
        error = read_pids(r, run, executor);
    }
    return error ? error : read_tasks(r, run, executor);
}

static struct error *
read_executor(struct reader *r, const char *parent, const char *id,
              struct saved_framework *framework)
{
    struct saved_executor executor = { .id = xstrdup(id) };
    autofree char *directory = xasprintf("%s/executors/%s", parent, id);
    autofree char *latest = xasprintf("%s/runs/latest", directory);
    bool is_over = false;
    struct error *error = read_link(r, latest, &executor.container_id);

    if (!error && executor.container_id) {
        error = read_run(r, directory, &executor, &is_over);
    }
    if (!error && !is_over) {
        error = read_message(r, directory, META_EXECUTOR_INFO,
                             &v1__executor_info__descriptor, &executor.info);
    }
    if (!error && !is_over && executor.container_id && executor.info) {
        vec_push(&framework->executors, executor);
        return NULL;
    }
    if (!error && !is_over) {
        log_warn("Skipping recovery of executor '%s' of framework %s because "
                 "its latest run or executor info cannot be recovered", id,
                 framework->id);
    }
    executor_fini(&executor);
    return error;
}

/* --- frameworks --- */

static void
framework_fini(struct saved_framework *framework)
{
    free(framework->id);
    free(framework->pid);
    message_unref(framework->info);
    vec_foreach (&framework->executors, it) {
        executor_fini(it);
    }
    vec_fini(&framework->executors);
}

static struct error *
read_executors(struct reader *r, const char *directory,
               struct saved_framework *framework)
{
    autofree char *path = full_path(r, directory, "executors");
    struct names names = { .all = VEC_EMPTY };
    struct error *error = list(r, path, &names);

    for (size_t i = 0; !error && i < names.all.n; i++) {
        error = tolerate(r, read_executor(r, directory, names.all.data[i],
                                          framework));
    }
    names_fini(&names);
    return error;
}

static struct error *
read_framework(struct reader *r, const char *id)
{
    struct saved_framework framework = { .id = xstrdup(id) };
    autofree char *directory = meta_framework(r->state->agent_id, id);
    struct error *error =
        read_message(r, directory, META_FRAMEWORK_INFO,
                     &v1__framework_info__descriptor, &framework.info);
    const V1__FrameworkInfo *info =
        framework.info ? message_root(framework.info) : NULL;

    if (!error && info && (!info->id || strcmp(info->id->value, id) != 0)) {
        error = error_create(ERROR_PARSE, "'%s/%s/" META_FRAMEWORK_INFO
                             "': it is not that of framework %s", r->meta,
                             directory, id);
    }
    if (!error && info) {
        error = tolerate(r, read_text(r, directory, META_FRAMEWORK_PID,
                                      META_FRAMEWORK_PID, &framework.pid));
    }
    if (!error && info) {
        error = read_executors(r, directory, &framework);
    }
    if (!error && framework.executors.n > 0) {
        vec_push(&r->state->frameworks, framework);
        return NULL;
    }
    framework_fini(&framework);
    return error;
}

static struct error *
read_frameworks(struct reader *r)
{
    autofree char *agent = meta_agent(r->state->agent_id);
    autofree char *path = full_path(r, agent, "frameworks");
    struct names names = { .all = VEC_EMPTY };
    struct error *error = list(r, path, &names);

    for (size_t i = 0; !error && i < names.all.n; i++) {
        error = tolerate(r, read_framework(r, names.all.data[i]));
    }
    names_fini(&names);
    return error;
}

/* --- the agent --- */

/* '*ret' is NULL if none was written. */
static struct error *
read_boot_id(struct reader *r, char **ret)
{
    autofree char *path = xasprintf("%s/" META_BOOT_ID, r->meta);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read(r->disk, path, META_BOOT_ID, &text);

    *ret = NULL;
    if (is_missing(error)) {
        error_destroy(error);
        return NULL;
    }
    if (!error) {
        *ret = xstrndup(text.data, strcspn(text.data, "\n"));
    }
    return error;
}

static struct error *
find_reboot(struct reader *r, const char *boot_id)
{
    autofree char *saved = NULL;
    struct error *error = read_boot_id(r, &saved);

    r->state->is_rebooted = saved && strcmp(saved, boot_id) != 0;
    if (r->state->is_rebooted) {
        log_info("Agent host rebooted");
    }
    return error;
}

/* The agents that have a file of their info. */
static struct error *
list_agents(struct reader *r, struct names *ret)
{
    autofree char *path = xasprintf("%s/slaves", r->meta);
    struct names names = { .all = VEC_EMPTY };
    struct error *error = list(r, path, &names);

    vec_foreach (&names.all, id) {
        autofree char *info = xasprintf("%s/%s/" META_AGENT_INFO, path, *id);
        int fd = actor_disk_open(r->disk, info, O_RDONLY, 0);

        if (fd >= 0) {
            actor_disk_close(r->disk, &fd);
            vec_push(&ret->all, xstrdup(*id));
        }
    }
    names_fini(&names);
    return error;
}

/* The agents of which an operator may have removed the link that makes one of
 * them the present one: it is not there, though only a power failure loses
 * what was written, and it is written before the agent's info. */
static void
list_unlinked(struct reader *r, const char *boot_id, struct names *ret)
{
    autofree char *saved = NULL;
    autofree char *agent = NULL;
    struct error *error = read_boot_id(r, &saved);

    if (!error) {
        error = read_link(r, META_LATEST_AGENT, &agent);
    }
    if (!error && saved && strcmp(saved, boot_id) == 0 && !agent) {
        error = list_agents(r, ret);
    }
    error_destroy(error);               /* is told when it is read again */
}

/* The journal may know of the link still. */
static struct error *
unlink_again(struct reader *r, const struct names *unlinked)
{
    autofree char *path = xasprintf("%s/" META_LATEST_AGENT, r->meta);
    autofree char *agent = NULL;
    struct error *error = read_link(r, META_LATEST_AGENT, &agent);
    int rc = 0;

    vec_foreach (&unlinked->all, id) {
        if (agent && strcmp(*id, agent) == 0) {
            log_info("Forgetting agent %s, whose link '%s' was removed",
                     agent, path);
            rc = actor_disk_unlink(r->disk, path);
        }
    }
    return rc < 0 ? error_errno(-rc, "removing '%s'", path) : error;
}

/* Few agents have one. */
static struct error *
read_drain(struct reader *r, const char *directory)
{
    autofree char *path = full_path(r, directory, META_DRAIN_CONFIG);
    struct error *error =
        checkpoint_read_message(r->disk, path, META_DRAIN_CONFIG,
                                &v1__drain_config__descriptor,
                                &r->state->drain);

    if (error) {
        r->state->drain = NULL;
    }
    if (is_missing(error)) {
        error_destroy(error);
        return NULL;
    }
    return error;
}

static struct error *
read_agent(struct reader *r)
{
    struct saved_state *state = r->state;
    struct error *error = read_link(r, META_LATEST_AGENT, &state->agent_id);

    if (error) {
        return error;
    }
    if (!state->agent_id) {
        log_info("Failed to find the latest agent from '%s'", r->meta);
        return NULL;
    }
    autofree char *directory = meta_agent(state->agent_id);
    error = read_message(r, directory, META_AGENT_INFO,
                         &v1__agent_info__descriptor, &state->agent_info);
    if (!error && !state->agent_info) {
        free(state->agent_id);
        state->agent_id = NULL;
        return NULL;
    }
    if (!error) {
        error = tolerate(r, read_drain(r, directory));
    }
    return error ? error : read_frameworks(r);
}

struct error *
saved_state_read(const struct actor_disk *disk, const char *meta,
                 const char *boot_id, bool strict, struct saved_state *ret)
{
    struct reader r = { disk, meta, strict, ret };
    struct names unlinked = { .all = VEC_EMPTY };
    struct error *error;

    *ret = (struct saved_state) { .agent_id = NULL };
    log_info("Recovering state from '%s'", meta);
    list_unlinked(&r, boot_id, &unlinked);
    error = tolerate(&r, journal_replay(disk, meta, &ret->journal));
    if (!error) {
        error = tolerate(&r, unlink_again(&r, &unlinked));
    }
    names_fini(&unlinked);
    if (!error) {
        error = tolerate(&r, find_reboot(&r, boot_id));
    }
    if (!error) {
        error = read_agent(&r);
    }
    if (error) {
        saved_state_fini(ret);
        return error;
    }
    if (ret->n_errors > 0) {
        log_warn("Errors encountered during agent recovery: %u",
                 ret->n_errors);
    }
    return NULL;
}

void
saved_state_forget(struct saved_state *state)
{
    uint64_t journal = state->journal;

    saved_state_fini(state);
    state->journal = journal;
}

void
saved_state_fini(struct saved_state *state)
{
    free(state->agent_id);
    message_unref(state->agent_info);
    message_unref(state->drain);
    vec_foreach (&state->frameworks, it) {
        framework_fini(it);
    }
    vec_fini(&state->frameworks);
    *state = (struct saved_state) { .agent_id = NULL };
}
