/* SPDX-License-Identifier: Apache-2.0
 *
 * agent.c - the agent actor: its start, its end, and the table of what it
 * understands.
 *
 * Thread: agent_start() the caller's; the rest the actor's turns. */
#include <config.h>

#include "agent/agent.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/files.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "agent/checkpoint/checkpointer.h"
#include "agent/checkpoint/saved_state.h"
#include "agent/compatibility.h"
#include "agent/containerizer.h"
#include "agent/fetcher/fetcher.h"
#include "agent/gc.h"
#include "agent/launcher/launcher.h"
#include "agent/logger/logger.h"
#include "agent/operations/resource_store.h"
#include "agent/paths.h"
#include "agent/resources_detect.h"
#include "agent/sandbox.h"
#include "agent/state.h"
#include "agent/status_update_manager.h"
#include "election/address_detector.h"
#include "election/election.h"
#include "model/checkpointed_resources.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* What agent_start() found out, for the actor to take. */
struct agent_setup {
    const struct agent_flags *flags;
    struct upid detector;
    struct resources base_resources;
    struct resources resources;
    struct resource_state resource_state;       /* found on the disk */
    struct attributes attributes;
    struct logger_options logger;
    char *hostname;             /* owned until taken, as is the next */
    char *work_dir;
    char *boot_id;
    struct saved_state saved;
    const struct agent_options *options;
};

struct unregister_body {
    char *why;                  /* owned */
};

static void unregister_fini(void *);

static const struct actor_msg_type msg_unregister = {
    .name = "agent-unregister",
    .size = sizeof(struct unregister_body), .fini = unregister_fini,
};

static struct error *setup_init(struct agent_setup *, struct actor_system *);
static void setup_fini(struct agent_setup *);
static struct error *read_saved(struct agent_setup *, struct actor_system *);
static struct error *compatibility_check(struct agent_setup *,
                                         struct actor_system *);
static struct error *make_work_dir(const struct actor_disk *,
                                   const char *work_dir, char **ret_path);
static void sync_above(const struct actor_disk *, const char *work_dir);
static char *find_hostname(const struct agent_flags *,
                           const struct address *);
static struct error *agent_init(struct actor *, void *arg);
static void agent_fini(struct actor *);
static void agent_exited(struct actor *, const struct upid *);
static void on_unregister(struct actor *, struct actor_msg *);
static void on_shutdown_agent(struct actor *, struct actor_msg *);
static void log_start(struct agent *);
static void shut_down(struct agent *, const char *why);

static const struct actor_handler handlers[] = {
    { &msg_agent_registered, on_agent_registered },
    { &msg_agent_reregistered, on_agent_reregistered },
    { &msg_ping_agent, on_ping_agent },
    { &msg_shutdown_agent, on_shutdown_agent },
    { &msg_run_task, on_run_task },
    { &msg_run_task_group, on_run_task_group },
    { &msg_kill_task, on_kill_task },
    { &msg_acknowledge_update, on_acknowledge_update },
    { &msg_shutdown_framework, on_shutdown_framework },
    { &msg_shutdown_executor, on_shutdown_executor },
    { &msg_update_framework, on_update_framework },
    { &msg_framework_to_executor, on_framework_to_executor },
    { &msg_executor_call, on_executor_call },
    { &msg_container_launched, on_container_launched },
    { &msg_container_terminated, on_container_terminated },
    { &msg_status_recorded, on_status_recorded },
    { &msg_status_forward, on_status_forward },
    { &msg_status_acknowledged, on_status_acknowledged },
    { &msg_containers_recovered, on_containers_recovered },
    { &msg_tasks_durable, on_tasks_durable },
    { &msg_checkpoint_failed, on_checkpoint_failed },
    { &msg_apply_operation, on_apply_operation },
    { &msg_acknowledge_operation_status, on_acknowledge_operation_status },
    { &msg_reconcile_operations, on_reconcile_operations },
    { &msg_drain_agent, on_drain_agent },
    { &msg_leader, on_leader },
    { &msg_unregister, on_unregister },
};

static const struct actor_type agent_type = {
    .name = "slave", .size = sizeof(struct agent),
    .init = agent_init, .fini = agent_fini, .exited = agent_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- starting --- */

struct error *
agent_start(struct actor_system *system, const struct agent_flags *flags,
            const struct upid *master, struct upid *ret)
{
    const struct agent_options options = {
        .flags = flags, .master = master,
    };

    return agent_start_with(system, &options, ret);
}

struct error *
agent_launcher_create(const struct agent_flags *flags, struct launcher **ret)
{
    autofree char *here = flags->work_dir[0] == '/' ? NULL : getcwd(NULL, 0);
    autofree char *work_dir = xasprintf("%s%s%s", here ? here : "",
                                        here ? "/" : "", flags->work_dir);

    return launcher_create(&(struct launcher_options) {
        .name = flags->launcher, .hierarchy = flags->cgroups_hierarchy,
        .root = flags->cgroups_root, .work_dir = work_dir,
        .destroy_timeout_ns = flags->cgroups_destroy_timeout,
    }, ret);
}

struct error *
agent_start_with(struct actor_system *system,
                 const struct agent_options *options, struct upid *ret)
{
    struct agent_setup setup = {
        .flags = options->flags, .options = options,
    };
    struct error *error = setup_init(&setup, system);

    if (!error) {
        error = actor_spawn(system, &agent_type, NULL, &setup, ret);
    }
    setup_fini(&setup);
    return error;
}

void
agent_unregister(struct actor_system *system, const struct upid *agent,
                 const char *why)
{
    struct actor_msg *msg = actor_msg_create(&msg_unregister);
    struct unregister_body *body = actor_msg_body(msg, &msg_unregister);

    body->why = xstrdup(why);
    actor_post(system, agent, &msg);
}

/* What flags say, and what operations have made of it. */
static struct error *
recover_resources(struct agent_setup *setup, const struct actor_disk *disk)
{
    const struct resources *checkpointed = &setup->resource_state.checkpointed;
    struct error *error = resource_store_load(disk, setup->work_dir,
                                              &setup->resource_state);

    if (error) {
        return error;
    }
    error = resources_apply_checkpointed(&setup->base_resources, checkpointed,
                                         &setup->resources);
    if (error) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        resources_format(checkpointed, &text);
        return error_wrap(error, "Checkpointed resources %s are incompatible "
                          "with agent resources", text.data);
    }
    return NULL;
}

/* What says where the master is. */
static struct error *
find_detector(struct agent_setup *setup, struct actor_system *system)
{
    const struct agent_options *options = setup->options;

    if (options->detector) {
        setup->detector = *options->detector;
        return NULL;
    }
    if (options->master) {
        return address_detector_start_at(system, options->master,
                                         &setup->detector);
    }
    if (!options->flags->master) {
        return error_create(ERROR_INVALID, "Missing required option --master");
    }
    return error_wrap(detector_start(system, options->flags->master,
                                     &setup->detector),
                      "Failed to create a master detector");
}

static struct error *
setup_init(struct agent_setup *setup, struct actor_system *system)
{
    const struct agent_flags *flags = setup->flags;
    struct host_capacity capacity;
    struct error *error = find_detector(setup, system);

    if (error) {
        return error;
    }

    error = logger_options_read(flags->container_logger, flags->modules,
                                flags->launcher_dir, &setup->logger);
    if (error) {
        return error;
    }
    error = make_work_dir(actor_system_disk(system), flags->work_dir,
                          &setup->work_dir);
    if (error) {
        return error;
    }
    host_capacity_read(flags->work_dir, &capacity);
    error = resources_detect(flags->resources, flags->default_role, &capacity,
                             &setup->base_resources);
    if (error) {
        return error_wrap(error, "Failed to determine agent resources");
    }
    error = recover_resources(setup, actor_system_disk(system));
    if (error) {
        return error;
    }
    if (flags->attributes) {
        error = attributes_parse(flags->attributes, &setup->attributes);
        if (error) {
            return error_wrap(error, "Failed to parse --attributes");
        }
    }
    setup->hostname = find_hostname(flags, actor_system_address(system));
    return read_saved(setup, system);
}

/* What Mesos tells an operator, as far as it is of use here. */
#define RECOVERY_HINT \
    "To remedy this do as follows:\n" \
    "Step 1: rm -f %s/meta/slaves/latest\n" \
    "        This ensures agent doesn't recover old live executors.\n" \
    "Step 2: Restart the agent."

static struct error *
read_saved(struct agent_setup *setup, struct actor_system *system)
{
    autofree char *meta = paths_meta(setup->work_dir);
    struct error *error = actor_boot_id(system, &setup->boot_id);

    if (!error) {
        error = saved_state_read(actor_system_disk(system), meta,
                                 setup->boot_id, setup->flags->strict,
                                 &setup->saved);
    }
    if (!error) {
        error = compatibility_check(setup, system);
    }
    if (error) {
        struct error *told = error_create(
            error_code(error), "Failed to perform recovery: %s\n"
            RECOVERY_HINT, error_text(error), setup->work_dir);

        error_destroy(error);
        return told;
    }
    return NULL;
}

/* Whether what was saved may go on with what we are now. */
static struct error *
compatibility_check(struct agent_setup *setup, struct actor_system *system)
{
    struct saved_state *saved = &setup->saved;
    struct message *m;
    struct error *error;

    if (!saved->agent_info) {
        return NULL;
    }
    m = message_create(&v1__agent_info__descriptor);
    struct agent_description description = {
        .hostname = setup->hostname,
        .port = actor_system_address(system)->port,
        .resources = &setup->base_resources,
        .attributes = &setup->attributes,
    };
    error = agent_compatible(setup->flags->reconfiguration_policy,
                             message_root(saved->agent_info),
                             agent_describe(&description, m));
    message_unref(m);
    if (error && saved->is_rebooted) {
        /* Nothing of the old agent runs: it may be forgotten. */
        log_warn("Falling back to recover as a new agent due to error: %s",
                 error_text(error));
        error_destroy(error);
        saved_state_forget(saved);
        return NULL;
    }
    return error;
}

static void
setup_fini(struct agent_setup *setup)
{
    logger_options_fini(&setup->logger);
    resources_fini(&setup->base_resources);
    resources_fini(&setup->resources);
    resource_state_fini(&setup->resource_state);
    attributes_fini(&setup->attributes);
    free(setup->hostname);
    free(setup->work_dir);
    free(setup->boot_id);
    saved_state_fini(&setup->saved);
}

static struct error *
make_work_dir(const struct actor_disk *disk, const char *work_dir,
              char **ret_path)
{
    autofree char *meta = paths_meta(work_dir);
    struct error *error = sandbox_make_path(disk, work_dir, 0755);
    int rc;

    if (!error) {
        error = sandbox_make_path(disk, meta, 0755);
    }
    if (!error) {
        rc = actor_disk_access(disk, meta, R_OK | W_OK | X_OK);
        error = rc < 0 ? error_errno(-rc, "writing to '%s'", meta) : NULL;
    }
    if (!error) {
        /* Executors run in directories below it, so it has to be absolute. */
        rc = actor_disk_realpath(disk, work_dir, ret_path);
        error = rc < 0 ? error_errno(-rc, "resolving '%s'", work_dir) : NULL;
    }
    if (!error) {
        sync_above(disk, *ret_path);
    }
    return error_wrap(error, "Failed to create agent work directory '%s'",
                      work_dir);
}

/* The names that lead to the work directory may be as new as it is.  Where we
 * may not do that, somebody else has made them. */
static void
sync_above(const struct actor_disk *disk, const char *work_dir)
{
    autofree char *path = xstrdup(work_dir);
    char *slash;

    for (;;) {
        int rc = actor_disk_fsync_directory(disk, *path ? path : "/");

        if (rc < 0) {
            vlog(1, "Syncing directory '%s': error %d", path, -rc);
        }
        slash = strrchr(path, '/');
        if (!slash) {
            return;
        }
        *slash = '\0';
    }
}

static char *
find_hostname(const struct agent_flags *flags, const struct address *address)
{
    char ip[ADDRESS_TEXT_SIZE];
    char name[NI_MAXHOST];

    if (flags->hostname) {
        return xstrdup(flags->hostname);
    }
    address_format_ip(address, ip);
    if (flags->hostname_lookup) {
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST };
        struct addrinfo *list;

        if (getaddrinfo(ip, NULL, &hints, &list) == 0) {
            int status = getnameinfo(list->ai_addr, list->ai_addrlen, name,
                                     sizeof name, NULL, 0, NI_NAMEREQD);

            freeaddrinfo(list);
            if (status == 0) {
                return xstrdup(name);
            }
        }
    }
    return xstrdup(ip);
}

/* --- the actor --- */

/* Starts /files, and shows the log there if there is one. */
static struct error *
start_files(struct actor_system *system, const struct agent_flags *flags)
{
    enum log_severity level = LOG_SEVERITY_INFO;
    autofree char *link = NULL;
    struct error *error = files_start(system);

    log_severity_parse(flags->logging_level, &level);
    link = log_link_path(level);
    if (!error && (flags->external_log_file || link)) {
        files_attach(system, "/slave/log", flags->external_log_file
                     ? flags->external_log_file : link, NULL);
    }
    return error;
}

static struct error *
start_checkpointer(struct agent *agent, const struct agent_setup *setup)
{
    autofree char *meta = paths_meta(agent->work_dir);
    const struct checkpointer_options options = {
        .owner = actor_upid(&agent->base), .meta = meta,
        .journal = setup->saved.journal,
    };

    return checkpointer_start(actor_system_of(&agent->base), &options,
                              &agent->checkpointer);
}

static struct error *
agent_init(struct actor *self, void *arg)
{
    struct agent *agent = (struct agent *) self;
    struct agent_setup *setup = arg;
    struct actor_system *system = actor_system_of(self);
    const char *listen_ip = setup->flags->ip;
    char ip[ADDRESS_TEXT_SIZE];

    agent->flags = setup->flags;
    agent->detector = setup->detector;
    agent->base_resources = setup->base_resources;
    setup->base_resources = (struct resources) { .entries = NULL };
    agent_operations_init(agent, &setup->resource_state);
    agent->resources = setup->resources;
    setup->resources = (struct resources) { .entries = NULL };
    agent->attributes = setup->attributes;
    setup->attributes = (struct attributes) { .data = NULL };
    agent->hostname = steal(setup->hostname);
    agent->work_dir = steal(setup->work_dir);
    agent->boot_id = steal(setup->boot_id);
    agent->on_failure = setup->options->on_failure;
    agent->on_failure_aux = setup->options->aux;
    agent->ip = xstrdup(address_format_ip(&actor_upid(self)->address, ip));
    if (!listen_ip && !setup->flags->ip_discovery_command) {
        listen_ip = getenv("LIBPROCESS_IP");
    }
    if (!listen_ip && setup->flags->ip_discovery_command
        && !setup->flags->advertise_ip) {
        listen_ip = agent->ip;
    }
    agent->libprocess_ip = listen_ip ? xstrdup(listen_ip) : NULL;
    agent->start_wall_ns = actor_wall_now(self);
    actor_random_uuid(self, &agent->resource_version);
    log_start(agent);

    struct error *error = start_files(system, agent->flags);
    if (!error) {
        error = start_checkpointer(agent, setup);
    }
    if (!error) {
        const struct status_update_manager_options options = {
            .owner = actor_upid(self),
            .checkpointer = &agent->checkpointer,
        };

        error = status_update_manager_start(system, &options,
                                            &agent->status_updates);
    }
    if (!error) {
        error = fetcher_start(system, &(struct fetcher_options) {
            .launcher_dir = agent->flags->launcher_dir,
            .cache_dir = agent->flags->fetcher_cache_dir,
            .frameworks_home = agent->flags->frameworks_home,
            .hadoop_home = agent->flags->hadoop_home,
            .cache_size = agent->flags->fetcher_cache_size,
            .stall_timeout_ns = agent->flags->fetcher_stall_timeout,
        }, &agent->fetcher);
    }
    if (!error) {
        error = containerizer_start(system, &(struct containerizer_options) {
            .owner = actor_upid(self), .fetcher = &agent->fetcher,
            .launcher = setup->options->launcher, .logger = &setup->logger,
        }, &agent->containerizer);
    }
    if (error) {
        return error;
    }
    agent->gc = gc_create(self, &(struct gc_options) {
        .work_dir = agent->work_dir,
        .delay_ns = agent->flags->gc_delay,
        .disk_headroom = agent->flags->gc_disk_headroom,
        .disk_watch_interval_ns = agent->flags->disk_watch_interval,
    });
    agent_metrics_init(&agent->metrics, system);
    agent_metrics_add_total(&agent->metrics, &agent->resources, 1);
    endpoints_add(agent);
    recovery_start(agent, &setup->saved);
    return NULL;
}

static void
agent_fini(struct actor *self)
{
    struct agent *agent = (struct agent *) self;
    struct actor_system *system = actor_system_of(self);

    log_info("Agent terminating");
    agent_metrics_fini(&agent->metrics);
    gc_destroy(agent->gc);
    actor_terminate(system, &agent->containerizer);
    actor_terminate(system, &agent->fetcher);
    actor_terminate(system, &agent->status_updates);
    actor_terminate(system, &agent->checkpointer);
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            actor_timer_cancel(self, &executor->registration_timer);
            actor_timer_cancel(self, &executor->shutdown_timer);
        }
        records_remove_framework(&agent->frameworks, framework);
        record_framework_destroy(framework);
    }
    history_fini(agent);
    executors_forget_exited(agent);
    agent_operations_fini(agent);
    message_unref(agent->drain);
    registration_fini(agent);
    resources_fini(&agent->base_resources);
    resources_fini(&agent->resources);
    attributes_fini(&agent->attributes);
    free(agent->libprocess_ip);
    free(agent->boot_id);
    free(agent->hostname);
    free(agent->work_dir);
    free(agent->ip);
    free(agent->id);
}

static void
agent_exited(struct actor *self, const struct upid *who)
{
    struct agent *agent = (struct agent *) self;

    if (upid_equal(who, &agent->master)) {
        registration_lost(agent);
    } else {
        log_info("Got exited event for %s", UPID_TEXT(who));
        executors_disconnected(agent, who);
    }
}

static void
on_unregister(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct unregister_body *body = actor_msg_body(msg, &msg_unregister);

    log_info("%s; unregistering and shutting down", body->why);
    if (agent->id) {
        struct message *m =
            message_create(&internal__unregister_agent__descriptor);
        Internal__UnregisterAgent *root = message_root(m);

        root->agent_id = message_new(m, &v1__agent_id__descriptor);
        root->agent_id->value = message_strdup(m, agent->id);
        actor_send_message(self, &agent->master, &msg_unregister_agent, &m);
    }
    shut_down(agent, NULL);
}

static void
on_shutdown_agent(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__ShutdownAgent *order =
        actor_msg_root(msg, &msg_shutdown_agent);

    if (!agent_is_from_master(agent, msg, "shutdown message")) {
        return;
    }
    log_info("Agent asked to shut down by %s%s%s%s", UPID_TEXT(&agent->master),
             order->message ? " because '" : "",
             order->message ? order->message : "",
             order->message ? "'" : "");
    shut_down(agent, order->message);
}

static void
shut_down(struct agent *agent, const char *why)
{
    log_info("%s%sshutting down", why ? why : "", why ? "; " : "");
    agent_set_state(agent, AGENT_TERMINATING);
    registration_stop(agent);
    if (!agent->frameworks) {
        actor_stop(&agent->base);
        return;
    }
    records_foreach (agent->frameworks, framework) {
        executors_shutdown_framework(agent, framework);
    }
}

void
agent_fail(struct agent *agent, const char *why)
{
    log_error("%s", why);
    if (agent->on_failure) {
        agent->on_failure(agent->on_failure_aux, why);
    }
    actor_stop(&agent->base);
}

void
agent_clean_up(struct agent *agent)
{
    agent_set_state(agent, AGENT_TERMINATING);
    if (!agent->frameworks) {
        actor_stop(&agent->base);
        return;
    }
    records_foreach (agent->frameworks, framework) {
        framework->is_terminating = true;
        records_foreach (framework->executors, executor) {
            if (executor->state != EXECUTOR_TERMINATED) {
                log_info("Killing executor %s", EXECUTOR_TEXT(executor));
                executors_kill(agent, executor);
            }
        }
        executors_settle_all(agent, framework);
    }
}

const char *
agent_state_name(enum agent_state state)
{
    static const char *const names[] = {
        [AGENT_RECOVERING] = "RECOVERING",
        [AGENT_DISCONNECTED] = "DISCONNECTED",
        [AGENT_RUNNING] = "RUNNING",
        [AGENT_TERMINATING] = "TERMINATING",
    };

    return names[state];
}

void
agent_set_state(struct agent *agent, enum agent_state state)
{
    int was = agent->state == AGENT_RUNNING;
    int is = state == AGENT_RUNNING;

    agent->state = state;
    agent_metrics_add(&agent->metrics.registered, is - was);
}

bool
agent_is_from_master(const struct agent *agent, const struct actor_msg *msg,
                     const char *what)
{
    struct upid from;

    actor_msg_from(msg, &from);
    if (agent->leader && upid_equal(&from, &agent->master)) {
        return true;
    }
    log_warn("Ignoring %s from %s because it is not the expected master: %s",
             what, UPID_TEXT(&from),
             agent->leader ? UPID_TEXT(&agent->master) : "None");
    return false;
}

static void
log_start(struct agent *agent)
{
    const struct upid *upid = actor_upid(&agent->base);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct message *m = message_create(&v1__agent_info__descriptor);
    V1__AgentInfo *info = registration_agent_info(agent, m);

    log_info("Mesos agent started on %s@%s", strpbrk(upid->id, "("),
             ADDRESS_TEXT(&upid->address));
    flags_format(&text, agent_flag_table, agent_n_flags, agent->flags);
    log_info("Flags at startup: %s", text.data);
    if (address_is_loopback(&upid->address)) {
        log_warn("\n**************************************************\n"
                 "Agent bound to loopback interface! Cannot communicate with "
                 "remote master(s). You might want to set '--ip' flag to a "
                 "routable IP address.\n"
                 "**************************************************");
    }
    strbuf_clear(&text);
    for (size_t i = 0; i < info->n_resources; i++) {
        strbuf_append(&text, i ? "," : "");
        message_encode_json(&info->resources[i]->base, &text);
    }
    log_info("Agent resources: [%s]", text.data);
    strbuf_clear(&text);
    attributes_format(&agent->attributes, &text);
    log_info("Agent attributes: [ %s ]", text.data);
    log_info("Agent hostname: %s", agent->hostname);
    message_unref(m);
}

static void
unregister_fini(void *arg)
{
    struct unregister_body *body = arg;

    free(body->why);
}
