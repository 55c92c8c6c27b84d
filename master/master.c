/* SPDX-License-Identifier: Apache-2.0
 *
 * master.c - the master actor: its life and its handlers.
 *
 * What is said to it counts only when it leads and the registry has been read:
 * until then messages are dropped and counted, and who sent them sends them
 * again. */
#include <config.h>

#include "master/master.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/files.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/version.h>

#include "election/election.h"
#include "election/standalone.h"
#include "master/allocation.h"
#include "master/allocator/allocator.h"
#include "master/domains.h"
#include "master/observer.h"
#include "master/private.h"
#include "master/registrar/registrar.h"
#include "replog/replog.h"

static struct error *master_init(struct actor *, void *arg);
static void master_fini(struct actor *);
static void master_exited(struct actor *, const struct upid *);
static bool is_open(struct master *, const struct actor_msg *);
static void master_make_info(struct master *);
static void master_log_start(struct master *);
static char *look_up_hostname(const struct master_flags *,
                              const struct address *);
static struct error *start_registrar(struct actor_system *,
                                     const struct master_flags *,
                                     struct upid *ret_upid);

/* Handlers of what comes from agents and schedulers, behind the gate. */
#define GATED(HANDLER) \
    static void \
    gated_##HANDLER(struct actor *self, struct actor_msg *msg) \
    { \
        if (is_open(master_cast(self), msg)) { \
            HANDLER(self, msg); \
        } \
    }
GATED(calls_on_call)
GATED(frameworks_on_deactivate)
GATED(tasks_on_update)
GATED(operations_on_update)
GATED(agents_on_update)
GATED(agents_on_register)
GATED(agents_on_reregister)
GATED(agents_on_unregister)
GATED(agents_on_exited_executor)
GATED(agents_on_executor_message)
#undef GATED

static const struct actor_handler handlers[] = {
    { &msg_scheduler_call, gated_calls_on_call },
    { &msg_deactivate_framework, gated_frameworks_on_deactivate },
    { &msg_allocator_offers, offers_on_allocated },
    { &msg_allocator_inverse_offers, inverse_offers_on_asked },
    { &msg_update_status, gated_tasks_on_update },
    { &msg_update_operation_status, gated_operations_on_update },
    { &msg_update_agent, gated_agents_on_update },
    { &msg_register_agent, gated_agents_on_register },
    { &msg_reregister_agent, gated_agents_on_reregister },
    { &msg_unregister_agent, gated_agents_on_unregister },
    { &msg_exited_executor, gated_agents_on_exited_executor },
    { &msg_executor_to_framework, gated_agents_on_executor_message },
    { &msg_observer_timeout, agents_on_observer_timeout },
    { &msg_observer_pong, agents_on_observer_pong },
    { &msg_candidacy, leadership_on_candidacy },
    { &msg_leader, leadership_on_leader },
};

static const struct actor_type master_type = {
    .name = "master", .size = sizeof(struct master),
    .init = master_init, .fini = master_fini, .exited = master_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct master_arg {
    const struct master_flags *flags;
    char *hostname;
    struct upid registrar;
    struct upid contender;
    struct upid detector;
};

struct error *
master_start(struct actor_system *system, const struct master_flags *flags,
             struct upid *ret_upid)
{
    const struct master_options options = { .flags = flags };

    return master_start_with(system, &options, ret_upid);
}

/* Without others to be elected with, it leads by itself. */
static struct error *
find_election(struct actor_system *system,
              const struct master_options *options, struct master_arg *arg)
{
    if (options->contender && options->detector) {
        arg->contender = *options->contender;
        arg->detector = *options->detector;
        return NULL;
    }
    struct error *error = standalone_start(system, STANDALONE_ALONE,
                                           &arg->contender);

    arg->detector = arg->contender;
    return error;
}

struct error *
master_start_with(struct actor_system *system,
                  const struct master_options *options, struct upid *ret_upid)
{
    const struct master_flags *flags = options->flags;
    struct master_arg arg = {
        .flags = flags,
        .hostname = look_up_hostname(flags, actor_system_address(system)),
    };
    struct error *error = start_registrar(system, flags, &arg.registrar);

    if (!error) {
        error = find_election(system, options, &arg);
    }
    if (!error) {
        error = actor_spawn(system, &master_type, "master", &arg, ret_upid);
    }
    free(arg.hostname);
    return error_wrap(error, "starting the master");
}

/* With its log, unless the registry is to be in memory. */
static struct error *
start_registrar(struct actor_system *system, const struct master_flags *flags,
                struct upid *ret_upid)
{
    struct registrar_options options = {
        .fetch_timeout_ns = flags->registry_fetch_timeout,
        .store_timeout_ns = flags->registry_store_timeout,
    };
    autofree char *directory = NULL;
    struct replog_options log = { .metrics_prefix = "registrar/" };
    struct error *error;

    if (!strcmp(flags->registry, "in_memory")) {
        return registrar_start(system, &options, ret_upid);
    }
    if (!flags->work_dir) {
        return error_create(ERROR_INVALID, "--work_dir needed for replicated "
                            "log based registry");
    }
    directory = xasprintf("%s/replicated_log", flags->work_dir);
    log.directory = directory;
    error = replog_start(system, &log, &options.log);
    return error ? error : registrar_start(system, &options, ret_upid);
}

/* Blocks, which is why it is done here and not in a turn. */
static char *
look_up_hostname(const struct master_flags *flags,
                 const struct address *address)
{
    char ip[ADDRESS_TEXT_SIZE];
    char host[NI_MAXHOST];
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    bool is_ipv4 = address->family == ADDRESS_IPV4;
    int rc = EAI_FAIL;

    if (flags->hostname) {
        return xstrdup(flags->hostname);
    }
    if (flags->hostname_lookup) {
        memcpy(&in.sin_addr, address->ip, sizeof in.sin_addr);
        memcpy(&in6.sin6_addr, address->ip, sizeof in6.sin6_addr);
        rc = is_ipv4
            ? getnameinfo((struct sockaddr *) &in, sizeof in, host,
                          sizeof host, NULL, 0, NI_NAMEREQD)
            : getnameinfo((struct sockaddr *) &in6, sizeof in6, host,
                          sizeof host, NULL, 0, NI_NAMEREQD);
    }
    return xstrdup(rc == 0 ? host : address_format_ip(address, ip));
}

/* Starts /files, and shows the log there if there is one. */
static struct error *
start_files(struct actor_system *system, const struct master_flags *flags)
{
    enum log_severity level = LOG_SEVERITY_INFO;
    autofree char *link = NULL;
    struct error *error = files_start(system);

    log_severity_parse(flags->logging_level, &level);
    link = log_link_path(level);
    if (!error && (flags->external_log_file || link)) {
        files_attach(system, "/master/log", flags->external_log_file
                     ? flags->external_log_file : link, NULL);
    }
    return error;
}

static struct error *
master_init(struct actor *self, void *arg)
{
    struct master *m = master_cast(self);
    struct master_arg *master_arg = arg;
    struct uuid uuid;
    struct error *error;

    m->flags = master_arg->flags;
    m->registrar = master_arg->registrar;
    m->contender = master_arg->contender;
    m->detector = master_arg->detector;
    m->hostname = steal(master_arg->hostname);
    actor_random_uuid(self, &uuid);
    uuid_format(&uuid, m->id);
    m->start_time = master_wall_time(m);
    master_metrics_init(&m->metrics, actor_system_of(self));
    operation_metrics_init(&m->operation_metrics, actor_system_of(self));
    master_make_info(m);
    master_log_start(m);
    error = master_recovery_init(m);
    if (!error) {
        error = rate_limits_init(m);
    }
    if (!error) {
        error = start_files(actor_system_of(self), m->flags);
    }
    if (!error) {
        error = allocation_start(m);
    }
    if (error) {
        return error;
    }
    whitelist_start(m);
    master_add_routes(m);
    leadership_start(m);
    return NULL;
}

/* Timers that are members of what is freed before the actor ends. */
static void
cancel_timers(struct master *m)
{
    struct agent *agent = NULL;
    struct framework *f = NULL;

    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        actor_timer_cancel(&m->base, &agent->reregister_timer);
    }
    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        actor_timer_cancel(&m->base, &f->failover_timer);
    }
}

static void
master_fini(struct actor *self)
{
    struct master *m = master_cast(self);

    log_info("Master terminating");
    actor_terminate(actor_system_of(self), &m->allocator);
    while (m->offers) {
        struct offer *offer = m->offers;
        struct resources resources;

        offer_take(m, offer, &resources);
        resources_fini(&resources);
    }
    policy_fini(m);
    cancel_timers(m);
    rate_limits_fini(m);
    ids_fini(&m->pending_unreachable);
    known_agents_fini(&m->known);
    operations_fini(&m->operations);
    agents_fini(&m->agents);
    frameworks_fini(&m->frameworks);
    message_unref(m->info_message);
    leadership_fini(m);
    master_metrics_fini(&m->metrics);
    operation_metrics_fini(&m->operation_metrics);
    whitelist_fini(&m->whitelist);
    free(m->hostname);
}

/* The flag has been checked. */
static void
set_domain(const struct master *m, struct message *message,
           V1__MasterInfo *info)
{
    struct message *domain;
    struct error *error = domain_parse(m->flags->domain, &domain);

    if (error) {
        error_drop(error);
        return;
    }
    if (domain) {
        info->domain = message_root(domain);
        message_hold(message, domain);
        message_unref(domain);
    }
}

static void
master_make_info(struct master *m)
{
    static const V1__MasterInfo__Capability__Type types[] = {
        V1__MASTER_INFO__CAPABILITY__TYPE__AGENT_UPDATE,
        V1__MASTER_INFO__CAPABILITY__TYPE__AGENT_DRAINING,
        V1__MASTER_INFO__CAPABILITY__TYPE__QUOTA_V2,
    };
    const struct address *address = &actor_upid(&m->base)->address;
    struct message *message =
        message_create(&v1__master_info__descriptor);
    V1__MasterInfo *info = message_root(message);
    char ip[ADDRESS_TEXT_SIZE];

    info->id = message_strdup(message, m->id);
    memcpy(&info->ip, address->ip, sizeof info->ip);
    info->port = address->port;
    info->pid = message_strdup(message, UPID_TEXT(actor_upid(&m->base)));
    info->hostname = message_strdup(message, m->hostname);
    info->version = message_strdup(message, ACTOR_MESOS_VERSION);
    info->address = message_new(message, &v1__address__descriptor);
    info->address->hostname = info->hostname;
    info->address->ip = message_strdup(message,
                                       address_format_ip(address, ip));
    info->address->port = address->port;
    info->n_capabilities = ARRAY_SIZE(types);
    info->capabilities = message_array(message, ARRAY_SIZE(types),
                                       sizeof *info->capabilities);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        info->capabilities[i] =
            message_new(message, &v1__master_info__capability__descriptor);
        info->capabilities[i]->has_type = true;
        info->capabilities[i]->type = types[i];
    }
    set_domain(m, message, info);
    m->info_message = message;
    m->info = info;
}

static void
master_log_start(struct master *m)
{
    const struct address *address = &actor_upid(&m->base)->address;
    autofini(strbuf) flags = STRBUF(STRBUF_UNLIMITED);

    flags_format(&flags, master_flag_table, master_n_flags, m->flags);
    log_info("Master %s (%s) started on %s", m->id, m->hostname,
             ADDRESS_TEXT(address));
    log_info("Flags at startup: %s", flags.data);
    if (address_is_loopback(address)) {
        log_warn("Master bound to loopback interface! Cannot communicate with "
                 "remote schedulers or agents. You might want to set '--ip' "
                 "flag to a routable IP address.");
    }
    log_info("Master allowing unauthenticated frameworks to register");
    log_info("Master allowing unauthenticated agents to register");
}

static void
master_exited(struct actor *self, const struct upid *who)
{
    struct master *m = master_cast(self);
    struct agent *agent = agents_find_pid(&m->agents, who);

    if (agent) {
        agents_disconnected(m, agent);
    }
    rate_limits_exited(m, who, frameworks_on_exited);
}

double
master_wall_time(const struct master *m)
{
    return (double) (actor_wall_now(&m->base) / 1000) / 1e6;
}

/* --- the gate, and the end --- */

static bool
is_open(struct master *m, const struct actor_msg *msg)
{
    if (m->is_recovered && !m->is_ending) {
        return true;
    }
    vlog(1, "Dropping '%s' message since %s", actor_msg_type(msg)->name,
         m->is_ending ? "the master ends"
         : m->is_leading ? "not recovered yet" : "not elected yet");
    metric_increment(m->metrics.dropped_messages, 1);
    return false;
}

void
master_exit(struct master *m, const char *fmt, ...)
{
    autofree char *text = NULL;
    va_list args;

    if (m->is_ending) {
        return;
    }
    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    log_error("EXIT with status 1: %s", text);
    m->is_ending = true;
    actor_stop(&m->base);
}
