/* SPDX-License-Identifier: Apache-2.0
 *
 * recovery.c - what the masters before us have left: read, believed, and given
 * up in the end if it does not come back.
 *
 * Until the registry has been read nothing that is said to the master counts
 * (master.c drops it); after that, agents that it names are known, and have
 * --agent_reregister_timeout to come back. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/private.h"
#include "master/registrar/registrar.h"
#include "proto/cmesos/registry.pb-c.h"

static void on_recovered_timeout(struct actor *, void *arg);

/* --- flags --- */

/* "50%" -> 0.5 */
static struct error *
parse_limit(const char *text, double *ret)
{
    static const char flag[] = "--recovery_agent_removal_percent_limit";
    size_t len = strlen(text);
    autofree char *number = xstrndup(text, len > 0 ? len - 1 : 0);
    double percent;

    if (len == 0 || text[len - 1] != '%') {
        return error_create(ERROR_INVALID, "Invalid value '%s' for %s: "
                            "missing '%%'", text, flag);
    }
    if (!double_parse(number, strlen(number), &percent)) {
        return error_create(ERROR_INVALID, "Invalid value '%s' for %s: '%s' "
                            "is not a number", text, flag, number);
    }
    if (!(percent >= 0 && percent <= 100)) {
        return error_create(ERROR_INVALID, "Invalid value '%s' for %s: Must "
                            "be within [0%%-100%%]", text, flag);
    }
    *ret = percent / 100;
    return NULL;
}

struct error *
master_recovery_init(struct master *m)
{
    struct error *error = parse_limit(m->flags->recovery_agent_removal_limit,
                                      &m->removal_limit);

    if (!error) {
        error = rate_limiter_parse(m->flags->agent_removal_rate_limit,
                                   &m->removal_limiter);
    }
    if (!error && m->flags->agent_removal_rate_limit) {
        log_info("Agent removal is rate limited to %s",
                 m->flags->agent_removal_rate_limit);
    }
    return error;
}

/* --- reading --- */

enum { RECOVER_READ, RECOVER_TAKE, RECOVER_FAILED };

static enum op_next
recover_read(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct actor_msg *msg = registrar_recover_create(m->info_message);

    log_info("Recovering from registrar");
    return op_call(op, &m->registrar, &msg, &msg_registrar_recovered,
                   DURATION_FOREVER, RECOVER_TAKE);
}

static bool
is_capable(const struct master *m, const char *capability)
{
    for (size_t i = 0; i < m->info->n_capabilities; i++) {
        const char *name = message_enum_name(
            &v1__master_info__capability__type__descriptor,
            (int) m->info->capabilities[i]->type);

        if (name && !strcmp(name, capability)) {
            return true;
        }
    }
    return false;
}

/* What we would have to be capable of and are not, in '*missing'. */
static void
list_missing(const struct master *m, const Internal__Registry *registry,
             struct strbuf *missing)
{
    for (size_t i = 0; i < registry->n_minimum_capabilities; i++) {
        const char *name = registry->minimum_capabilities[i]->capability;

        if (!is_capable(m, name)) {
            strbuf_printf(missing, "%s%s", missing->len > 0 ? ", " : "",
                          name);
        }
    }
}

static void
take_agents(struct master *m, struct message *message,
            const Internal__Registry *registry)
{
    for (size_t i = 0; i < registry->slaves->n_slaves; i++) {
        const Internal__Registry__Slave *agent = registry->slaves->slaves[i];
        const char *id = agent->info->id->value;

        id_record_hold(ids_add(&m->known.recovered, id), message,
                       agent->info);
        if (agent->deactivated) {
            known_agents_deactivate(&m->known, id, agent->drain_info);
        }
    }
    for (size_t i = 0; i < registry->unreachable->n_slaves; i++) {
        const Internal__Registry__UnreachableSlave *agent =
            registry->unreachable->slaves[i];

        agents_add_unreachable(&m->agents, agent->id->value,
                               agent->timestamp->nanoseconds, SIZE_MAX);
        if (agent->deactivated) {
            known_agents_deactivate(&m->known, agent->id->value,
                                    agent->drain_info);
        }
    }
    for (size_t i = 0; i < registry->gone->n_slaves; i++) {
        const Internal__Registry__GoneSlave *agent =
            registry->gone->slaves[i];

        ids_add(&m->known.gone, agent->id->value)->time_ns =
            agent->timestamp->nanoseconds;
    }
    m->n_registry_agents = registry->slaves->n_slaves;
    metric_set(m->metrics.slaves_unreachable,
               (double) agents_count_unreachable(&m->agents));
}

static enum op_next
recover_take(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct registrar_recovered *recovered =
        actor_msg_body(op_reply(op), &msg_registrar_recovered);
    autofini(strbuf) missing = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) size = STRBUF(64);
    const Internal__Registry *registry;

    if (recovered->error) {
        return op_fail(op, steal(recovered->error));
    }
    registry = message_root(recovered->registry);
    list_missing(m, registry, &missing);
    if (missing.len > 0) {
        log_error("Master is missing the following minimum capabilities: %s. "
                  "See the following documentation for steps to safely "
                  "recover from this state: "
                  "http://mesos.apache.org/documentation/latest/downgrades",
                  missing.data);
        master_exit(m, "the registry has been written by a newer version");
        return OP_DONE;
    }
    take_agents(m, recovered->registry, registry);
    policy_take(m, registry);
    registry_gc_start(m);
    actor_timer_start(self, &m->recovered_timer,
                      m->flags->agent_reregister_timeout,
                      on_recovered_timeout, NULL);
    bytes_format(&size, recovered->size);
    log_info("Recovered %zu agents from the registry (%s); allowing %s for "
             "agents to reregister", m->n_registry_agents, size.data,
             DURATION_TEXT(m->flags->agent_reregister_timeout));
    m->is_recovered = true;
    return OP_DONE;
}

static enum op_next
recover_failed(struct actor *self, struct op *op)
{
    master_exit(master_cast(self), "Recovery failed: %s",
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [RECOVER_READ] = { "read", recover_read },
    [RECOVER_TAKE] = { "take", recover_take },
    [RECOVER_FAILED] = { "failed", recover_failed },
};

static void
recovery_destroy(struct op *op)
{
    free(op);
}

static const struct op_type recovery_type = {
    .name = "master-recovery", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = RECOVER_FAILED, .destroy = recovery_destroy,
};

void
master_recovery_start(struct master *m)
{
    op_start(&m->base, xcalloc(1, sizeof(struct op)), &recovery_type);
}

/* --- giving up --- */

static void
list_recovered(const struct master *m, struct strbuf *out)
{
    const struct id_record *record = NULL;

    while ((record = ids_next(&m->known.recovered, record)) != NULL) {
        strbuf_printf(out, "%s%s", out->len > 0 ? ", " : "", record->id);
    }
}

/* So many are missing that it is rather our fault: false. */
static bool
check_limit(struct master *m)
{
    size_t n = ids_count(&m->known.recovered);
    double share = m->n_registry_agents > 0
        ? (double) n / (double) m->n_registry_agents : 0;
    autofini(strbuf) ids = STRBUF(65536);

    if (share <= m->removal_limit) {
        return true;
    }
    list_recovered(m, &ids);
    master_exit(m, "Post-recovery agent removal limit exceeded! After %s "
                "there were %zu (%g%%) agents recovered from the registry "
                "that did not reregister: \n%s\n The configured removal limit "
                "is %s. Please investigate or increase this limit to proceed "
                "further", DURATION_TEXT(m->flags->agent_reregister_timeout),
                n, share * 100, ids.data,
                m->flags->recovery_agent_removal_limit);
    return false;
}

static void
on_recovered_timeout(struct actor *self, void *arg)
{
    struct master *m = master_cast(self);
    const struct id_record *record = ids_next(&m->known.recovered, NULL);

    (void) arg;
    if (!check_limit(m)) {
        return;
    }

    /* Those that come back now are not given up, and none of them leaves the
     * table before the registry has been told. */
    for (; record; record = ids_next(&m->known.recovered, record)) {
        const V1__AgentInfo *info = record->part;

        if (known_agents_business(&m->known, record->id)
            == AGENT_REREGISTERING) {
            continue;
        }
        log_info("Scheduling removal of agent %s (%s); did not reregister "
                 "within %s after master failover", record->id,
                 info->hostname,
                 DURATION_TEXT(m->flags->agent_reregister_timeout));
        agents_schedule_unreachable(m, record->id, UNREACHABLE_FAILOVER);
    }
}
