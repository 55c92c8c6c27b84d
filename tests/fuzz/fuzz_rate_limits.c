/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_rate_limits.c - --rate_limits and --domain as operators write them. */
#include <config.h>

#include <math.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/domains.h"
#include "master/rate_limits.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/fuzz/fuzz.h"

typedef struct error *parse_fn(const char *text, struct message **ret);

/* What is taken is taken again as it is written. */
static struct message *
parse_twice(parse_fn *parse, const char *text)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    struct message *message, *again;
    struct error *error = parse(text, &message);

    if (error) {
        CHECK(!message);
        error_destroy(error);
        return NULL;
    }
    message_encode_json(message_root(message), &json);
    error = parse(json.data, &again);
    CHECK(!error, "%s", json.data);
    CHECK(message_equal(message_root(message), message_root(again)), "%s",
          json.data);
    message_unref(again);
    return message;
}

static void
check_limits(const V1__RateLimits *limits)
{
    for (size_t i = 0; i < limits->n_limits; i++) {
        const V1__RateLimit *limit = limits->limits[i];

        CHECK(!limit->has_qps || (limit->qps > 0 && isfinite(limit->qps)));
    }
    CHECK(!limits->has_aggregate_default_qps
          || limits->aggregate_default_qps > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);
    struct message *limits = parse_twice(rate_limits_parse, text);
    struct message *domain = parse_twice(domain_parse, text);

    if (limits) {
        check_limits(message_root(limits));
    }
    message_unref(limits);
    message_unref(domain);
    return 0;
}
