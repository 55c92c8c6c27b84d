/* SPDX-License-Identifier: Apache-2.0
 *
 * address_detector.c - the leader is at a given host and port.
 *
 * Thread: the actor's turns; resolve() in the pool. */
#include <config.h>

#include "election/address_detector.h"

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/work.h>

#include "election/private.h"

/* Pauses between look-ups while there is no answer; they double. */
#define PAUSE_MIN SECOND
#define PAUSE_MAX (30 * SECOND)

struct address_detector {
    struct actor base;
    struct address_detector_options options;
    struct master_url url;
    struct address address;     /* of the leader; none: not known yet */
    struct message *leader;     /* counted; NULL: not known yet */
    struct upid leader_upid;
    bool is_name;               /* look the host up each time */
    bool is_looking;            /* the pool is at it */
    bool has_failed;            /* the last look-up */
    int64_t pause_ns;
    struct actor_timer timer;
    struct watchers watchers;
};

struct look_up {
    struct address_detector_options options;
    struct master_url url;
    struct master_addresses addresses;
};

static void look_up(struct actor *, void *);

static struct address_detector *
detector_of(struct actor *self)
{
    return CONTAINER_OF(self, struct address_detector, base);
}

static struct error *
set_leader(struct address_detector *d, const struct address *address)
{
    struct upid upid;
    struct error *error = upid_make(d->url.id, address, &upid);

    if (!error) {
        autofini(strbuf) id = STRBUF(STRBUF_UNLIMITED);

        master_url_format(&d->url, &id);
        message_unref(d->leader);
        d->address = *address;
        d->leader = leader_info_create(&upid, id.data,
                                       d->is_name ? d->url.host : NULL);
        d->leader_upid = upid;
    }
    return error;
}

/* --- names --- */

static struct error *
resolve(void *arg)
{
    struct look_up *l = arg;

    return l->options.resolve(l->options.aux, &l->url, &l->addresses);
}

/* The one behind the present one, which did not do; or the first one. */
static const struct address *
choose(const struct master_addresses *addresses, const struct address *present)
{
    for (size_t i = 0; i < addresses->n; i++) {
        if (address_equal(&addresses->list[i], present)) {
            return &addresses->list[(i + 1) % addresses->n];
        }
    }
    return &addresses->list[0];
}

static void
found(struct address_detector *d, struct master_addresses *addresses)
{
    struct address before = d->address;
    struct error *error;

    master_addresses_prefer(addresses, actor_upid(&d->base)->address.family);
    error = set_leader(d, choose(addresses, &d->address));
    if (error) {
        log_warn("No master detected: %s", error_text(error));
        error_destroy(error);
        return;
    }
    if (d->has_failed || !address_equal(&before, &d->address)) {
        log_info("The master's host '%s' is at %s", d->url.host,
                 ADDRESS_TEXT(&d->address));
    }
    d->has_failed = false;
    d->pause_ns = PAUSE_MIN;
    watchers_tell(&d->watchers, &d->base, d->leader, &d->leader_upid,
                  !address_equal(&before, &d->address));
}

static void
not_found(struct address_detector *d, const struct error *error)
{
    if (!d->has_failed) {
        log_warn("No master detected: %s; %s", error_text(error),
                 d->leader ? "trying where it was before" : "trying again");
    }
    d->has_failed = true;
    if (d->leader) {
        watchers_tell(&d->watchers, &d->base, d->leader, &d->leader_upid,
                      false);
        return;
    }
    actor_timer_start(&d->base, &d->timer, d->pause_ns, look_up, NULL);
    d->pause_ns = d->pause_ns > PAUSE_MAX / 2 ? PAUSE_MAX : 2 * d->pause_ns;
}

static void
look_up_done(struct actor *self, void *arg, const struct error *error)
{
    struct address_detector *d = detector_of(self);

    d->is_looking = false;
    if (error) {
        not_found(d, error);
    } else {
        found(d, &((struct look_up *) arg)->addresses);
    }
}

static void
look_up(struct actor *self, void *arg UNUSED)
{
    struct address_detector *d = detector_of(self);
    struct look_up *l;

    if (d->is_looking) {
        return;
    }
    actor_timer_cancel(self, &d->timer);
    d->is_looking = true;
    l = xcalloc(1, sizeof *l);
    l->options = d->options;
    l->url = d->url;
    actor_work(self, resolve, look_up_done, l, free);
}

/* --- the detector --- */

static void
on_detect(struct actor *self, struct actor_msg *msg)
{
    struct address_detector *d = detector_of(self);

    watchers_ask(&d->watchers, self, msg);
    if (d->is_name) {
        look_up(self, NULL);
    } else {
        watchers_tell(&d->watchers, self, d->leader, &d->leader_upid, false);
    }
}

/* --- life --- */

static struct error *
default_resolve(void *aux UNUSED, const struct master_url *url,
                struct master_addresses *ret)
{
    return master_url_resolve(url, ret);
}

static struct error *
detector_init(struct actor *self, void *options)
{
    struct address_detector *d = detector_of(self);
    struct address address;

    d->options = *(const struct address_detector_options *) options;
    d->url = *d->options.url;
    d->pause_ns = PAUSE_MIN;
    d->options.url = NULL;
    if (!d->options.resolve) {
        d->options.resolve = default_resolve;
    }
    if (!master_url_number(&d->url, &address)) {
        d->is_name = true;
        return NULL;
    }
    return set_leader(d, &address);
}

static void
detector_fini(struct actor *self)
{
    struct address_detector *d = detector_of(self);

    message_unref(d->leader);
    watchers_fini(&d->watchers);
}

static void
detector_exited(struct actor *self, const struct upid *who)
{
    watchers_forget(&detector_of(self)->watchers, who);
}

static const struct actor_handler handlers[] = {
    { &msg_detect, on_detect },
};

static const struct actor_type detector_type = {
    .name = "standalone-master-detector",
    .size = sizeof(struct address_detector),
    .init = detector_init, .fini = detector_fini, .exited = detector_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
address_detector_start(struct actor_system *system,
                       const struct address_detector_options *options,
                       struct upid *ret)
{
    struct address_detector_options copy = *options;

    return actor_spawn(system, &detector_type, NULL, &copy, ret);
}

struct error *
address_detector_start_at(struct actor_system *system,
                          const struct upid *leader, struct upid *ret)
{
    struct master_url url = { .port = leader->address.port };
    char ip[ADDRESS_TEXT_SIZE];

    memcpy(url.id, leader->id, sizeof url.id);
    address_format_ip(&leader->address, ip);
    memcpy(url.host, ip, strlen(ip) + 1);
    return address_detector_start(system, &(struct address_detector_options) {
        .url = &url,
    }, ret);
}

struct error *
detector_start(struct actor_system *system, const char *master,
               struct upid *ret)
{
    struct master_url url;
    struct error *error = master_url_load(master, &url);

    if (!error) {
        error = address_detector_start(system,
                                       &(struct address_detector_options) {
            .url = &url,
        }, ret);
    }
    return error;
}
