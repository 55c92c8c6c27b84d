/* SPDX-License-Identifier: Apache-2.0
 *
 * quota_config.c - quotas as operators write them, checked. */
#include <config.h>

#include "master/policy/quota_config.h"

#include <math.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resources.h"
#include "model/roles.h"

/* In units of what is asked for: memory and disk are in megabytes. */
#define EXABYTE_IN_MEGABYTES (1024.0 * 1024 * 1024 * 1024)
#define TRILLION 1e12

/* Guarantees and limits are maps of the same shape. */
struct amount {
    const char *name;
    double value;
};

static struct amount
guarantee_at(const Quota__QuotaConfig *config, size_t i)
{
    const Quota__QuotaConfig__GuaranteesEntry *entry = config->guarantees[i];

    return (struct amount) { entry->key,
                             entry->value ? entry->value->value : NAN };
}

static struct amount
limit_at(const Quota__QuotaConfig *config, size_t i)
{
    const Quota__QuotaConfig__LimitsEntry *entry = config->limits[i];

    return (struct amount) { entry->key,
                             entry->value ? entry->value->value : NAN };
}

/* --- checking --- */

static struct error *
check_size(const struct amount *amount)
{
    bool is_bytes = !strcmp(amount->name, "mem")
                    || !strcmp(amount->name, "disk");
    double max = is_bytes ? EXABYTE_IN_MEGABYTES : TRILLION;
    char value[DOUBLE_TEXT_SIZE], limit[DOUBLE_TEXT_SIZE];

    /* Infinities are told apart by what comes next. */
    if (!isfinite(amount->value) || amount->value <= max) {
        return NULL;
    }
    return error_create(ERROR_INVALID, "{'%s': %s} is invalid: values greater "
                        "than %s (%s) are not supported", amount->name,
                        double_format(amount->value, false, value),
                        is_bytes ? "1 exabyte" : "1 trillion",
                        double_format(max, false, limit));
}

static struct error *
check_value(const struct amount *amount, const char *what)
{
    char value[DOUBLE_TEXT_SIZE];
    const char *why = NULL;

    switch (fpclassify(amount->value)) {
    case FP_INFINITE:
        why = "Infinite values not supported";
        break;
    case FP_NAN:
        why = "NaN not supported";
        break;
    case FP_SUBNORMAL:
        why = "Subnormal values not supported";
        break;
    default:
        why = amount->value < 0 ? "Negative values not supported"
            : amount->name[0] == '\0' ? "The resource has no name" : NULL;
        break;
    }
    return !why ? NULL
        : error_create(ERROR_INVALID, "Invalid %s configuration {'%s': %s}: "
                       "%s", what, amount->name,
                       double_format(amount->value, false, value), why);
}

static struct error *
check_role(const char *role)
{
    return error_wrap(role_validate(role), "Invalid 'QuotaConfig.role'");
}

static struct error *
check_contained(const Quota__QuotaConfig *config)
{
    struct resource_quantities guarantees, limits;
    autofini(strbuf) less = STRBUF(4096);
    autofini(strbuf) more = STRBUF(4096);
    struct error *error = NULL;

    quota_config_read(config, &guarantees, &limits);
    if (!resource_quantities_are_within(&guarantees, &limits)) {
        resource_quantities_format(&guarantees, &less);
        resource_quantities_format(&limits, &more);
        error = error_create(ERROR_INVALID, "'QuotaConfig.guarantees' %s is "
                             "not contained within the 'QuotaConfig.limits' "
                             "%s", less.data, more.data);
    }
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
    return error;
}

struct error *
quota_config_validate(const Quota__QuotaConfig *config)
{
    struct error *error = check_role(config->role);

    for (size_t i = 0; i < config->n_guarantees && !error; i++) {
        struct amount amount = guarantee_at(config, i);

        error = error_wrap(check_size(&amount),
                           "Invalid 'QuotaConfig.guarantees'");
    }
    for (size_t i = 0; i < config->n_limits && !error; i++) {
        struct amount amount = limit_at(config, i);

        error = error_wrap(check_size(&amount),
                           "Invalid 'QuotaConfig.limits'");
    }
    for (size_t i = 0; i < config->n_guarantees && !error; i++) {
        struct amount amount = guarantee_at(config, i);

        error = check_value(&amount, "guarantee");
    }
    for (size_t i = 0; i < config->n_limits && !error; i++) {
        struct amount amount = limit_at(config, i);

        error = check_value(&amount, "limit");
    }
    return error ? error : check_contained(config);
}

/* --- reading and writing --- */

/* A registry that was imported may have what nobody may ask for. */
static int64_t
thousandths(double value)
{
    return value >= 1e15 ? INT64_C(1000000000000000000)
                         : (int64_t) llround(value * 1000);
}

void
quota_config_read(const Quota__QuotaConfig *config,
                  struct resource_quantities *ret_guarantees,
                  struct resource_quantities *ret_limits)
{
    *ret_guarantees = *ret_limits = (struct resource_quantities) { 0 };
    for (size_t i = 0; i < config->n_guarantees; i++) {
        struct amount amount = guarantee_at(config, i);

        resource_quantities_set(ret_guarantees, amount.name,
                                thousandths(amount.value));
    }
    for (size_t i = 0; i < config->n_limits; i++) {
        struct amount amount = limit_at(config, i);

        resource_quantities_set(ret_limits, amount.name,
                                thousandths(amount.value));
    }
}

static V1__Value__Scalar *
create_scalar(struct message *m, int64_t amount)
{
    V1__Value__Scalar *scalar = message_new(m,
                                            &v1__value__scalar__descriptor);

    scalar->value = (double) amount / 1000;
    return scalar;
}

Quota__QuotaConfig *
quota_config_create(struct message *m, const char *role,
                    const struct resource_quantities *guarantees,
                    const struct resource_quantities *limits)
{
    Quota__QuotaConfig *config =
        message_new(m, &quota__quota_config__descriptor);

    config->role = message_strdup(m, role);
    config->guarantees = message_array(m, guarantees->n,
                                       sizeof *config->guarantees);
    config->limits = message_array(m, limits->n, sizeof *config->limits);
    for (size_t i = 0; i < guarantees->n; i++) {
        Quota__QuotaConfig__GuaranteesEntry *entry = message_new(
            m, &quota__quota_config__guarantees_entry__descriptor);

        entry->key = message_strdup(m, guarantees->entries[i].name);
        entry->value = create_scalar(m, guarantees->entries[i].amount);
        config->guarantees[config->n_guarantees++] = entry;
    }
    for (size_t i = 0; i < limits->n; i++) {
        Quota__QuotaConfig__LimitsEntry *entry = message_new(
            m, &quota__quota_config__limits_entry__descriptor);

        entry->key = message_strdup(m, limits->entries[i].name);
        entry->value = create_scalar(m, limits->entries[i].amount);
        config->limits[config->n_limits++] = entry;
    }
    return config;
}

/* --- the older form --- */

static const char *
unfit_resource(const V1__Resource *resource)
{
    if (resource->n_reservations > 0) {
        return "QuotaInfo must not contain any ReservationInfo";
    }
    if (resource->disk) {
        return "QuotaInfo must not contain DiskInfo";
    }
    if (resource->revocable) {
        return "QuotaInfo must not contain RevocableInfo";
    }
    if (resource->type != V1__VALUE__TYPE__SCALAR) {
        return "QuotaInfo must not include non-scalar resources";
    }
    return NULL;
}

static struct error *
check_guarantee(const Quota__QuotaRequest *request)
{
    if (!request->role) {
        return error_create(ERROR_INVALID, "QuotaInfo must specify a role");
    }
    if (request->n_guarantee == 0) {
        return error_create(ERROR_INVALID, "QuotaInfo with empty "
                            "'guarantee'");
    }
    for (size_t i = 0; i < request->n_guarantee; i++) {
        const char *unfit = unfit_resource(request->guarantee[i]);

        if (unfit) {
            return error_create(ERROR_INVALID, "%s", unfit);
        }
        for (size_t k = 0; k < i; k++) {
            if (!strcmp(request->guarantee[i]->name,
                        request->guarantee[k]->name)) {
                return error_create(ERROR_INVALID, "QuotaInfo contains "
                                    "duplicate resource name '%s'",
                                    request->guarantee[i]->name);
            }
        }
    }
    return error_wrap(role_validate(request->role),
                      "QuotaInfo with invalid role");
}

struct error *
quota_request_read(const Quota__QuotaRequest *request, struct message *m,
                   Quota__QuotaConfig **ret)
{
    static const char doing[] = "Failed to validate set quota request";
    autofini(resources) resources = { 0 };
    struct resource_quantities guarantee = { 0 };
    struct error *error = resources_decode(request->guarantee,
                                           request->n_guarantee, &resources);

    if (error) {
        return error_wrap(error, "%s: QuotaInfo with invalid resource",
                          doing);
    }
    error = check_guarantee(request);
    if (error) {
        return error_wrap(error, "%s", doing);
    }
    resource_quantities_of(&resources, &guarantee);
    *ret = quota_config_create(m, request->role, &guarantee, &guarantee);
    resource_quantities_fini(&guarantee);
    return error_wrap(quota_config_validate(*ret), "%s", doing);
}
