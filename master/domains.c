/* SPDX-License-Identifier: Apache-2.0
 *
 * domains.c - regions and zones: --domain, and which agents fit to it. */
#include <config.h>

#include "master/domains.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/upid.h>

struct error *
domain_parse(const char *text, struct message **ret)
{
    const V1__DomainInfo *domain;
    struct error *error;

    *ret = NULL;
    if (!text) {
        return NULL;
    }
    error = message_decode_json(&v1__domain_info__descriptor, text,
                                strlen(text), ret);
    if (error) {
        return error;
    }
    domain = message_root(*ret);
    if (!domain->fault_domain) {
        message_unref(*ret);
        *ret = NULL;
        return error_create(ERROR_INVALID, "`domain` must define "
                            "`fault_domain`");
    }
    return NULL;
}

bool
domain_is_welcome(const V1__DomainInfo *domain, const V1__DomainInfo *own,
                  bool is_required, const struct upid *from, const char *what)
{
    autofini(strbuf) text = STRBUF(4096);

    if (domain && !own) {
        message_encode_json(&domain->base, &text);
        log_warn("Agent at %s is configured with domain %s but the master has "
                 "no configured domain. Ignoring agent %s attempt",
                 UPID_TEXT(from), text.data, what);
        return false;
    }
    if (!domain && is_required) {
        log_warn("Agent at %s attempted to register without a domain, but "
                 "this master is configured to require agent domains. "
                 "Ignoring agent %s attempt", UPID_TEXT(from), what);
        return false;
    }
    return true;
}
