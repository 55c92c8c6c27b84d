/* SPDX-License-Identifier: Apache-2.0
 *
 * election.c - the words between masters, those who look for one, and whoever
 * implements their election. */
#include <config.h>

#include "election/election.h"

#include <stdlib.h>
#include <string.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>

#include "election/private.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void
contend_fini(void *body)
{
    message_unref(((struct contend *) body)->info);
}

const struct actor_msg_type msg_contend = {
    .name = "contend", .size = sizeof(struct contend), .fini = contend_fini,
};

const struct actor_msg_type msg_withdraw = { .name = "withdraw" };

const struct actor_msg_type msg_detect = { .name = "detect" };

static void
candidacy_fini(void *body)
{
    error_destroy(((struct candidacy *) body)->error);
}

const struct actor_msg_type msg_candidacy = {
    .name = "candidacy", .size = sizeof(struct candidacy),
    .fini = candidacy_fini,
};

static void
leader_fini(void *body)
{
    struct leader *leader = body;

    message_unref(leader->info);
    error_destroy(leader->error);
}

const struct actor_msg_type msg_leader = {
    .name = "leader", .size = sizeof(struct leader), .fini = leader_fini,
};

/* --- asking --- */

void
contender_contend(struct actor *self, const struct upid *contender,
                  struct message *info)
{
    struct actor_msg *msg = actor_msg_create(&msg_contend);
    struct contend *body = actor_msg_body(msg, &msg_contend);

    body->info = message_ref(info);
    actor_send(self, contender, &msg);
}

void
contender_withdraw(struct actor *self, const struct upid *contender)
{
    struct actor_msg *msg = actor_msg_create(&msg_withdraw);

    actor_send(self, contender, &msg);
}

void
detector_detect(struct actor *self, const struct upid *detector)
{
    struct actor_msg *msg = actor_msg_create(&msg_detect);

    actor_send(self, detector, &msg);
}

/* --- answering --- */

void
candidacy_tell(struct actor *self, const struct upid *candidate,
               enum candidacy_state state, struct error **error)
{
    struct actor_msg *msg = actor_msg_create(&msg_candidacy);
    struct candidacy *body = actor_msg_body(msg, &msg_candidacy);

    body->state = state;
    body->error = error ? steal(*error) : NULL;
    actor_send(self, candidate, &msg);
}

/* --- leaders --- */

struct error *
leader_upid(const V1__MasterInfo *info, struct upid *ret)
{
    return error_wrap(upid_parse(info->pid ? info->pid : "", ret),
                      "the leading master's pid '%s'",
                      info->pid ? info->pid : "");
}

bool
leader_is_same(const struct message *a, const struct message *b)
{
    const V1__MasterInfo *info_a = message_root(a);
    const V1__MasterInfo *info_b = message_root(b);

    return !strcmp(info_a->id, info_b->id);
}

struct message *
leader_info_create(const struct upid *upid, const char *id,
                   const char *hostname)
{
    struct message *m = message_create(&v1__master_info__descriptor);
    V1__MasterInfo *info = message_root(m);
    char ip[ADDRESS_TEXT_SIZE];

    info->pid = message_strdup(m, UPID_TEXT(upid));
    info->id = id ? message_strdup(m, id) : info->pid;
    if (upid->address.family == ADDRESS_IPV4) {
        memcpy(&info->ip, upid->address.ip, sizeof info->ip);
    }
    info->port = upid->address.port;
    address_format_ip(&upid->address, ip);
    info->hostname = message_strdup(m, hostname ? hostname : ip);
    info->address = message_new(m, &v1__address__descriptor);
    info->address->hostname = info->hostname;
    info->address->ip = message_strdup(m, ip);
    info->address->port = upid->address.port;
    return m;
}
