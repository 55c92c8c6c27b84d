/* SPDX-License-Identifier: Apache-2.0
 *
 * request.c - the allocator's interface: functions that send, and what they
 * send. */
#include <config.h>

#include "master/allocator/request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#define DEFAULT_REFUSE_SECONDS 5.0
#define MAX_REFUSE_SECONDS (365.0 * 24 * 60 * 60)

static void request_fini(void *body);
static void offers_fini(void *body);
static void inverse_offers_fini(void *body);
static void converted_fini(void *body);

#define X(NAME) \
    const struct actor_msg_type msg_allocator_##NAME = { \
        .name = "allocator." #NAME, .size = sizeof(struct request), \
        .fini = request_fini, \
    };
ALLOCATOR_REQUESTS(X)
#undef X

const struct actor_msg_type msg_allocator_offers = {
    .name = "allocator.offers", .size = sizeof(struct allocator_offers),
    .fini = offers_fini,
};

const struct actor_msg_type msg_allocator_inverse_offers = {
    .name = "allocator.inverse_offers",
    .size = sizeof(struct allocator_inverse_offers),
    .fini = inverse_offers_fini,
};

const struct actor_msg_type msg_allocator_converted = {
    .name = "allocator.converted",
    .size = sizeof(struct allocator_converted), .fini = converted_fini,
};

/* --- bodies --- */

static char **
copy_strings(const char *const *strings, size_t n)
{
    char **copy = n ? alloc_array(n, sizeof *copy) : NULL;

    for (size_t i = 0; i < n; i++) {
        copy[i] = xstrdup(strings[i]);
    }
    return copy;
}

static void
free_strings(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(strings[i]);
    }
    free(strings);
}

static struct actor_msg *
request_create(const struct actor_msg_type *type, const char *framework_id,
               const char *agent_id, struct request **ret)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct request *request = actor_msg_body(msg, type);

    request->framework_id = framework_id ? xstrdup(framework_id) : NULL;
    request->agent_id = agent_id ? xstrdup(agent_id) : NULL;
    *ret = request;
    return msg;
}

static void
request_fini(void *body)
{
    struct request *request = body;

    free(request->framework_id);
    free(request->agent_id);
    free(request->hostname);
    free_strings(request->roles, request->n_roles);
    free_strings(request->suppressed_roles, request->n_suppressed_roles);
    resources_fini(&request->resources);
    for (size_t i = 0; i < request->n_holdings; i++) {
        free(request->holdings[i].framework_id);
        free(request->holdings[i].role);
        resources_fini(&request->holdings[i].resources);
    }
    free(request->holdings);
    for (size_t i = 0; i < request->n_minimums; i++) {
        for (size_t k = 0; k < request->minimums[i].n; k++) {
            resource_quantities_fini(&request->minimums[i].any[k]);
        }
        free(request->minimums[i].any);
        free(request->minimums[i].role);
    }
    free(request->minimums);
    resource_conversions_destroy(request->conversions,
                                 request->n_conversions);
    resource_quantities_fini(&request->guarantees);
    resource_quantities_fini(&request->limits);
    message_unref(request->message);
}

static void
offers_fini(void *body)
{
    struct allocator_offers *offers = body;

    for (size_t i = 0; i < offers->n_offers; i++) {
        free(offers->offers[i].agent_id);
        free(offers->offers[i].role);
        resources_fini(&offers->offers[i].resources);
    }
    free(offers->offers);
    free(offers->framework_id);
}

static void
inverse_offers_fini(void *body)
{
    struct allocator_inverse_offers *offers = body;

    for (size_t i = 0; i < offers->n_offers; i++) {
        free(offers->offers[i].agent_id);
    }
    free(offers->offers);
    free(offers->framework_id);
}

static void
converted_fini(void *body)
{
    error_destroy(((struct allocator_converted *) body)->error);
}

/* --- agents --- */

void
allocator_expect_agents(struct actor *self, const struct upid *allocator,
                        size_t n_agents)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_expect_agents, NULL,
                                           NULL, &request);

    request->n_agents = n_agents;
    actor_send(self, allocator, &msg);
}

static struct actor_msg *
create_agent_request(const struct actor_msg_type *type, const char *agent_id,
                     const struct allocator_agent_options *options,
                     const struct resources *total, struct request **ret)
{
    struct actor_msg *msg = request_create(type, NULL, agent_id, ret);

    (*ret)->agent = *options;
    (*ret)->hostname = xstrdup(options->hostname);
    (*ret)->message = options->message ? message_ref(options->message) : NULL;
    resources_init_copy(&(*ret)->resources, total);
    resources_set_allocation(&(*ret)->resources, NULL);
    return msg;
}

void
allocator_add_agent(struct actor *self, const struct upid *allocator,
                    const char *agent_id,
                    const struct allocator_agent_options *options,
                    const struct resources *total,
                    struct allocator_holding *holdings, size_t n_holdings)
{
    struct request *request;
    struct actor_msg *msg = create_agent_request(&msg_allocator_add_agent,
                                                 agent_id, options, total,
                                                 &request);

    if (n_holdings > 0) {
        request->holdings = alloc_array(n_holdings, sizeof *holdings);
        memcpy(request->holdings, holdings, n_holdings * sizeof *holdings);
        memset(holdings, 0, n_holdings * sizeof *holdings);
        request->n_holdings = n_holdings;
    }
    actor_send(self, allocator, &msg);
}

void
allocator_update_agent(struct actor *self, const struct upid *allocator,
                       const char *agent_id,
                       const struct allocator_agent_options *options,
                       const struct resources *total)
{
    struct request *request;
    struct actor_msg *msg = create_agent_request(&msg_allocator_update_agent,
                                                 agent_id, options, total,
                                                 &request);

    actor_send(self, allocator, &msg);
}

void
allocator_remove_agent(struct actor *self, const struct upid *allocator,
                       const char *agent_id)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_remove_agent, NULL,
                                           agent_id, &request);

    actor_send(self, allocator, &msg);
}

void
allocator_set_agent_active(struct actor *self, const struct upid *allocator,
                           const char *agent_id, bool active)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_set_agent_active,
                                           NULL, agent_id, &request);

    request->flag = active;
    actor_send(self, allocator, &msg);
}

void
allocator_set_unavailability(struct actor *self, const struct upid *allocator,
                             const char *agent_id, int64_t start_ns,
                             int64_t duration_ns)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_set_unavailability,
                                           NULL, agent_id, &request);

    request->start_ns = start_ns;
    request->duration_ns = duration_ns;
    actor_send(self, allocator, &msg);
}

void
allocator_set_whitelist(struct actor *self, const struct upid *allocator,
                        const char *const *hostnames, size_t n)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_set_whitelist, NULL,
                                           NULL, &request);

    request->flag = hostnames != NULL;
    request->roles = copy_strings(hostnames, n);
    request->n_roles = n;
    actor_send(self, allocator, &msg);
}

/* --- frameworks --- */

static void
copy_minimums(struct request *request,
              const struct allocator_framework_options *options)
{
    if (options->n_minimums == 0) {
        return;
    }
    request->n_minimums = options->n_minimums;
    request->minimums = xcalloc(options->n_minimums,
                                sizeof *request->minimums);
    for (size_t i = 0; i < options->n_minimums; i++) {
        const struct allocator_role_minimum *from = &options->minimums[i];
        struct request_minimum *to = &request->minimums[i];

        to->role = xstrdup(from->role);
        to->n = from->n_min_allocatable;
        to->any = to->n ? alloc_array(to->n, sizeof *to->any) : NULL;
        for (size_t k = 0; k < to->n; k++) {
            resource_quantities_init_copy(&to->any[k],
                                          &from->min_allocatable[k]);
        }
    }
}

void
allocator_add_framework(struct actor *self, const struct upid *allocator,
                        const char *framework_id,
                        const struct allocator_framework_options *options)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_add_framework,
                                           framework_id, NULL, &request);

    request->framework = *options;
    request->roles = copy_strings(options->roles, options->n_roles);
    request->n_roles = options->n_roles;
    request->suppressed_roles = copy_strings(options->suppressed_roles,
                                             options->n_suppressed_roles);
    request->n_suppressed_roles = options->n_suppressed_roles;
    request->message = options->constraints
        ? message_ref(options->constraints) : NULL;
    copy_minimums(request, options);
    actor_send(self, allocator, &msg);
}

static void
send_framework_request(struct actor *self, const struct upid *allocator,
                       const struct actor_msg_type *type,
                       const char *framework_id, char *const *roles,
                       size_t n_roles)
{
    struct request *request;
    struct actor_msg *msg = request_create(type, framework_id, NULL,
                                           &request);

    request->roles = copy_strings((const char *const *) roles, n_roles);
    request->n_roles = n_roles;
    actor_send(self, allocator, &msg);
}

void
allocator_remove_framework(struct actor *self, const struct upid *allocator,
                           const char *framework_id)
{
    send_framework_request(self, allocator, &msg_allocator_remove_framework,
                           framework_id, NULL, 0);
}

void
allocator_deactivate_framework(struct actor *self,
                               const struct upid *allocator,
                               const char *framework_id)
{
    send_framework_request(self, allocator,
                           &msg_allocator_deactivate_framework, framework_id,
                           NULL, 0);
}

void
allocator_revive(struct actor *self, const struct upid *allocator,
                 const char *framework_id, char *const *roles, size_t n_roles)
{
    send_framework_request(self, allocator, &msg_allocator_revive,
                           framework_id, roles, n_roles);
}

void
allocator_suppress(struct actor *self, const struct upid *allocator,
                   const char *framework_id, char *const *roles,
                   size_t n_roles)
{
    send_framework_request(self, allocator, &msg_allocator_suppress,
                           framework_id, roles, n_roles);
}

/* --- roles --- */

static struct actor_msg *
create_role_request(const struct actor_msg_type *type, const char *role,
                    struct request **ret)
{
    struct actor_msg *msg = request_create(type, NULL, NULL, ret);

    (*ret)->roles = copy_strings(&role, 1);
    (*ret)->n_roles = 1;
    return msg;
}

void
allocator_set_quota(struct actor *self, const struct upid *allocator,
                    const char *role,
                    const struct resource_quantities *guarantees,
                    const struct resource_quantities *limits)
{
    struct request *request;
    struct actor_msg *msg = create_role_request(&msg_allocator_set_quota,
                                                role, &request);

    resource_quantities_init_copy(&request->guarantees, guarantees);
    resource_quantities_init_copy(&request->limits, limits);
    actor_send(self, allocator, &msg);
}

void
allocator_set_weight(struct actor *self, const struct upid *allocator,
                     const char *role, double weight)
{
    struct request *request;
    struct actor_msg *msg = create_role_request(&msg_allocator_set_weight,
                                                role, &request);

    request->number = weight;
    actor_send(self, allocator, &msg);
}

/* --- resources --- */

double
allocator_filter_seconds(double refuse_seconds)
{
    if (isnan(refuse_seconds) || refuse_seconds < 0) {
        log_warn("Using the default value of 'refuse_seconds' to create the "
                 "refused resources offer filter because the input value is "
                 "%s", isnan(refuse_seconds) ? "invalid" : "negative");
        return DEFAULT_REFUSE_SECONDS;
    }
    if (refuse_seconds > MAX_REFUSE_SECONDS) {
        log_warn("Using 365 days to create the refused resources offer filter "
                 "because the input value is too big");
        return MAX_REFUSE_SECONDS;
    }
    return refuse_seconds;
}

static struct actor_msg *
create_held_request(const struct actor_msg_type *type,
                    const char *framework_id, const char *role,
                    const char *agent_id, struct request **ret)
{
    struct actor_msg *msg = request_create(type, framework_id, agent_id, ret);

    (*ret)->roles = copy_strings(&role, 1);
    (*ret)->n_roles = 1;
    return msg;
}

void
allocator_recover(struct actor *self, const struct upid *allocator,
                  const char *framework_id, const char *role,
                  const char *agent_id, const struct resources *resources,
                  double refuse_seconds)
{
    struct request *request;
    struct actor_msg *msg;

    if (resources_is_empty(resources)) {
        return;
    }
    msg = create_held_request(&msg_allocator_recover, framework_id, role,
                              agent_id, &request);
    resources_init_copy(&request->resources, resources);
    resources_set_allocation(&request->resources, NULL);
    request->number = refuse_seconds;
    actor_send(self, allocator, &msg);
}

static void
copy_conversions(struct request *request,
                 const struct resource_conversion *conversions, size_t n)
{
    if (n == 0) {
        return;
    }
    request->conversions = alloc_array(n, sizeof *conversions);
    request->n_conversions = n;
    for (size_t i = 0; i < n; i++) {
        resource_conversion_init_copy(&request->conversions[i],
                                      &conversions[i]);
        resource_conversion_set_allocation(&request->conversions[i], NULL);
    }
}

void
allocator_convert_held(struct actor *self, const struct upid *allocator,
                       const char *framework_id, const char *role,
                       const char *agent_id,
                       const struct resource_conversion *conversions,
                       size_t n_conversions)
{
    struct request *request;
    struct actor_msg *msg =
        create_held_request(&msg_allocator_convert_held, framework_id, role,
                            agent_id, &request);

    copy_conversions(request, conversions, n_conversions);
    actor_send(self, allocator, &msg);
}

struct actor_msg *
allocator_convert_free_create(const char *agent_id,
                              const struct resource_conversion *conversions,
                              size_t n_conversions)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_allocator_convert_free, NULL,
                                           agent_id, &request);

    copy_conversions(request, conversions, n_conversions);
    return msg;
}

void
allocator_inverse_offer_ended(struct actor *self,
                              const struct upid *allocator,
                              const char *framework_id, const char *agent_id,
                              double refuse_seconds)
{
    struct request *request;
    struct actor_msg *msg =
        request_create(&msg_allocator_inverse_offer_ended, framework_id,
                       agent_id, &request);

    request->number = refuse_seconds;
    actor_send(self, allocator, &msg);
}
