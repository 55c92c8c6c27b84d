/* SPDX-License-Identifier: Apache-2.0
 *
 * leadership.c - the master contends, hears who leads, and does what that
 * means.
 *
 * A master that is elected reads the registry and leads from then on.  One
 * that has led and is told otherwise ends: what it knows may be out of date by
 * now, and whoever started it starts another one.  One that does not lead
 * sends those who ask to the one that does, and drops what it is told. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "election/election.h"
#include "master/private.h"

void
leadership_start(struct master *m)
{
    contender_contend(&m->base, &m->contender, m->info_message);
    detector_detect(&m->base, &m->detector);
}

void
leadership_fini(struct master *m)
{
    message_unref(m->leader);
}

void
leadership_on_candidacy(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const struct candidacy *candidacy = actor_msg_body(msg, &msg_candidacy);

    switch (candidacy->state) {
    case CANDIDACY_ENTERED:
        break;
    case CANDIDACY_FAILED:
        master_exit(m, "Failed to contend: %s", error_text(candidacy->error));
        break;
    case CANDIDACY_LOST:
        if (m->is_leading) {
            master_exit(m, "Lost candidacy as a leader... committing "
                        "suicide!");
        } else if (!m->is_ending) {
            log_info("Lost candidacy as a follower... Contend again");
            contender_contend(self, &m->contender, m->info_message);
        }
        break;
    }
}

/* --- who leads --- */

static void
take_leader(struct master *m, struct message *info)
{
    if (info) {
        message_ref(info);
    }
    message_unref(m->leader);
    m->leader = info;
}

/* The same process, that is: the address alone may be a former one's. */
static bool
is_self(const struct master *m, const struct message *info)
{
    const V1__MasterInfo *leader = info ? message_root(info) : NULL;

    return leader && !strcmp(leader->id, m->id);
}

static void
elected(struct master *m)
{
    if (m->is_leading) {
        log_info("Re-elected as the leading master");
        return;
    }
    log_info("Elected as the leading master!");
    m->is_leading = true;
    m->elected_time = master_wall_time(m);
    metric_set(m->metrics.elected, 1.0);
    master_recovery_start(m);
}

static void
not_elected(struct master *m)
{
    const V1__MasterInfo *leader = m->leader ? message_root(m->leader) : NULL;

    if (leader) {
        log_info("The newly elected leader is %s with id %s",
                 leader->pid ? leader->pid : leader->hostname, leader->id);
    } else {
        log_info("No master was elected.");
    }
    if (m->is_leading) {
        metric_set(m->metrics.elected, 0.0);
        master_exit(m, leader ? "Conceded leadership to another master... "
                                "committing suicide!"
                              : "Lost leadership after indecisive election... "
                                "committing suicide!");
    }
}

void
leadership_on_leader(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const struct leader *leader = actor_msg_body(msg, &msg_leader);

    if (m->is_ending) {
        return;
    }
    if (leader->error) {
        master_exit(m, "Failed to detect the leading master: %s; committing "
                    "suicide!", error_text(leader->error));
        return;
    }
    take_leader(m, leader->info);
    if (is_self(m, m->leader)) {
        elected(m);
    } else {
        not_elected(m);
    }
}

/* --- requests --- */

/* "node:5050" of the leader. */
static void
write_host(const V1__MasterInfo *leader, struct strbuf *out)
{
    const char *host = leader->hostname ? leader->hostname
        : leader->address ? leader->address->ip : "";
    bool is_ipv6 = strchr(host, ':') != NULL;

    strbuf_printf(out, "%s%s%s:%u", is_ipv6 ? "[" : "", host,
                  is_ipv6 ? "]" : "", (unsigned) leader->port);
}

/* 'target' is what is asked for there. */
static void
respond_redirect(struct master *m, struct http_request **request,
                 const char *target)
{
    autofini(strbuf) location = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&location, "//");
    write_host(message_root(m->leader), &location);
    strbuf_append(&location, target);
    http_response_header(*request, "Location", location.data);
    http_respond(request, 307, NULL, NULL);
}

static bool
respond_without_leader(struct master *m, struct http_request **request)
{
    if (m->leader) {
        return false;
    }
    log_warn("Current master is not elected as leader, and leader information "
             "is unavailable. Failed to redirect the request url: %s",
             http_request_target(*request));
    http_respond_text(request, 503, "No leader elected");
    return true;
}

bool
leadership_redirects(struct master *m, struct http_request **request)
{
    autofini(strbuf) target = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) host = STRBUF(STRBUF_UNLIMITED);
    const char *sent = http_request_target(*request);

    if (m->is_leading) {
        return false;
    }
    if (respond_without_leader(m, request)) {
        return true;
    }
    write_host(message_root(m->leader), &host);
    log_info("Redirecting request for %s to the leading master %s", sent,
             host.data);
    /* Here it may have come without the master's id. */
    if (strncmp(sent, "/master/", strlen("/master/")) != 0) {
        strbuf_append(&target, "/master");
    }
    strbuf_append(&target, sent);
    respond_redirect(m, request, target.data);
    return true;
}

void
leadership_redirect(struct master *m, struct http_request **request)
{
    if (!respond_without_leader(m, request)) {
        respond_redirect(m, request, "");
    }
}
