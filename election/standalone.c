/* SPDX-License-Identifier: Apache-2.0
 *
 * standalone.c - the only candidate leads, or whoever is appointed.
 *
 * Thread: the actor's turns. */
#include <config.h>

#include "election/standalone.h"

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "election/private.h"

struct standalone {
    struct actor base;
    bool elects_candidate;      /* the candidate leads */
    struct upid candidate;      /* empty: none */
    struct message *candidacy;  /* counted; its info, NULL: no candidate */
    struct message *leader;     /* counted; NULL: nobody leads */
    struct upid leader_upid;
    struct watchers watchers;
};

struct appoint {
    bool is_own;                /* the candidate, and 'info' is not used */
    struct message *info;       /* counted */
};

static void
appoint_fini(void *body)
{
    message_unref(((struct appoint *) body)->info);
}

static const struct actor_msg_type msg_appoint = {
    .name = "appoint", .size = sizeof(struct appoint), .fini = appoint_fini,
};

static struct standalone *
standalone_of(struct actor *self)
{
    return CONTAINER_OF(self, struct standalone, base);
}

/* Somebody else leads, or nobody does. */
static void
set_leader(struct standalone *s, struct message *info)
{
    struct upid upid = { .id = "" };
    struct error *error = info ? leader_upid(message_root(info), &upid) : NULL;

    if (error) {
        log_warn("Ignoring an appointment: %s", error_text(error));
        error_destroy(error);
        return;
    }
    if (info == s->leader) {
        return;
    }
    message_unref(s->leader);
    s->leader = info ? message_ref(info) : NULL;
    s->leader_upid = upid;
    watchers_tell(&s->watchers, &s->base, s->leader, &s->leader_upid, true);
}

/* --- the contender --- */

/* The candidate stands no more. */
static void
drop_candidate(struct standalone *s)
{
    if (s->leader == s->candidacy) {
        set_leader(s, NULL);
    }
    message_unref(s->candidacy);
    s->candidacy = NULL;
    s->candidate = (struct upid) { .id = "" };
}

static void
on_contend(struct actor *self, struct actor_msg *msg)
{
    struct standalone *s = standalone_of(self);
    struct contend *contend = actor_msg_body(msg, &msg_contend);
    struct upid candidate;

    actor_msg_from(msg, &candidate);
    if (s->candidacy && !upid_equal(&candidate, &s->candidate)) {
        struct error *error = error_create(
            ERROR_EXISTS, "%s stands already", UPID_TEXT(&s->candidate));

        candidacy_tell(self, &candidate, CANDIDACY_FAILED, &error);
        return;
    }
    if (s->candidacy) {
        log_info("Withdrawing the previous membership before recontending");
        drop_candidate(s);
    }
    s->candidate = candidate;
    s->candidacy = steal(contend->info);
    actor_link(self, &candidate);
    candidacy_tell(self, &candidate, CANDIDACY_ENTERED, NULL);
    if (s->elects_candidate) {
        set_leader(s, s->candidacy);
    }
}

static void
on_withdraw(struct actor *self, struct actor_msg *msg)
{
    struct standalone *s = standalone_of(self);
    struct upid candidate;

    actor_msg_from(msg, &candidate);
    if (s->candidacy && upid_equal(&candidate, &s->candidate)) {
        drop_candidate(s);
        candidacy_tell(self, &candidate, CANDIDACY_LOST, NULL);
    }
}

/* --- the detector --- */

static void
on_detect(struct actor *self, struct actor_msg *msg)
{
    struct standalone *s = standalone_of(self);

    watchers_ask(&s->watchers, self, msg);
    watchers_tell(&s->watchers, self, s->leader, &s->leader_upid, false);
}

static void
on_appoint(struct actor *self, struct actor_msg *msg)
{
    struct standalone *s = standalone_of(self);
    const struct appoint *appoint = actor_msg_body(msg, &msg_appoint);

    s->elects_candidate = appoint->is_own;
    if (!appoint->is_own) {
        set_leader(s, appoint->info);
    } else if (s->candidacy) {
        set_leader(s, s->candidacy);
    }
}

/* --- life --- */

static struct error *
standalone_init(struct actor *self, void *kind)
{
    standalone_of(self)->elects_candidate =
        *(const enum standalone_kind *) kind == STANDALONE_ALONE;
    return NULL;
}

static void
standalone_fini(struct actor *self)
{
    struct standalone *s = standalone_of(self);

    message_unref(s->candidacy);
    message_unref(s->leader);
    watchers_fini(&s->watchers);
}

static void
standalone_exited(struct actor *self, const struct upid *who)
{
    struct standalone *s = standalone_of(self);

    watchers_forget(&s->watchers, who);
    if (s->candidacy && upid_equal(who, &s->candidate)) {
        drop_candidate(s);
    }
}

static const struct actor_handler handlers[] = {
    { &msg_contend, on_contend },
    { &msg_withdraw, on_withdraw },
    { &msg_detect, on_detect },
    { &msg_appoint, on_appoint },
};

static const struct actor_type standalone_type = {
    .name = "standalone-master-detector", .size = sizeof(struct standalone),
    .init = standalone_init, .fini = standalone_fini,
    .exited = standalone_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
standalone_start(struct actor_system *system, enum standalone_kind kind,
                 struct upid *ret)
{
    return actor_spawn(system, &standalone_type, NULL, &kind, ret);
}

static void
post(struct actor_system *system, const struct upid *to, bool is_own,
     struct message *info)
{
    struct actor_msg *msg = actor_msg_create(&msg_appoint);
    struct appoint *appoint = actor_msg_body(msg, &msg_appoint);

    appoint->is_own = is_own;
    appoint->info = info ? message_ref(info) : NULL;
    actor_post(system, to, &msg);
}

void
standalone_appoint(struct actor_system *system, const struct upid *standalone,
                   struct message *info)
{
    post(system, standalone, false, info);
}

void
standalone_elect(struct actor_system *system, const struct upid *standalone)
{
    post(system, standalone, true, NULL);
}
