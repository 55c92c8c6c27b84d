/* SPDX-License-Identifier: Apache-2.0
 *
 * domains.h - regions and zones: --domain, and which agents fit to it.
 *
 * Thread-safety: pure functions. */
#ifndef MASTER_DOMAINS_H
#define MASTER_DOMAINS_H 1

#include <stdbool.h>

#include <actor/compiler.h>

#include "proto/mesos/v1/mesos.pb-c.h"

struct error;
struct message;
struct upid;

/* The value of --domain, a DomainInfo as JSON; NULL gives NULL.  The caller
 * unrefs the message. */
struct error *domain_parse(const char *text, struct message **ret) MUST_CHECK;

/* Whether an agent of that domain, NULL for none, may register with a master
 * of domain 'own'; why not is logged, with 'what' it has attempted. */
bool domain_is_welcome(const V1__DomainInfo *, const V1__DomainInfo *own,
                       bool is_required, const struct upid *from,
                       const char *what);

#endif /* MASTER_DOMAINS_H */
