/* SPDX-License-Identifier: Apache-2.0
 *
 * registrar_private.h - the registrar, between the files that make it up.
 *
 * registrar.c makes changes and has them stored; recovery.c reads what there
 * is at the beginning, and view.c shows it.
 *
 * Thread-safety: the registrar's turns only. */
#ifndef MASTER_REGISTRAR_REGISTRAR_PRIVATE_H
#define MASTER_REGISTRAR_REGISTRAR_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/metrics.h>
#include <actor/vec.h>

#include "master/registrar/registrar.h"
#include "master/registrar/registry.h"

struct http_request;

enum registrar_state {
    REGISTRAR_NEW,
    REGISTRAR_RECOVERING,
    REGISTRAR_READY,
    REGISTRAR_ABORTED,          /* 'error' says why */
};

/* A change that somebody waits for. */
struct request {
    struct actor_msg *ticket;   /* owned */
    struct message *change;     /* counted */
    struct error *refused;      /* owned */
};

struct requests {
    VEC(struct request) v;
};

struct registrar {
    struct actor base;
    struct upid log;            /* empty: in memory only */
    int64_t fetch_timeout_ns;
    int64_t store_timeout_ns;
    enum registrar_state state;
    struct error *error;        /* owned */
    struct registry *registry;  /* owned; NULL until recovered */
    struct requests queue;
    bool is_storing;

    /* Of the log. */
    uint64_t epoch;
    uint64_t position;          /* of the last entry; the registry's state */
    uint64_t n_bytes;           /* of entries behind the newest snapshot */
    size_t snapshot_size;
    bool is_snapshotting;

    struct metric *queued_operations;
    struct metric *registry_size_bytes;         /* NULL until recovered */
    struct metric *state_fetch_ms;
    struct metric *state_store_ms;
};

static inline struct registrar *
registrar_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct registrar, base);
}

static inline bool
registrar_has_log(const struct registrar *r)
{
    return !upid_is_empty(&r->log);
}

static inline void
registrar_show_size(struct registrar *r)
{
    metric_set(r->registry_size_bytes, (double) registry_size(r->registry));
}

/* Begins with what waits, unless something is under way. */
void registrar_store_next(struct registrar *);

/* --- recovery.c --- */

struct recover_request {
    struct message *info;       /* counted */
};

extern const struct actor_msg_type msg_registrar_recover;

actor_handler_fn registrar_on_recover;

/* Why the log did not do 'what' in time, or at all. */
struct error *registrar_explain(const struct error *, const char *what,
                                int64_t timeout_ns);

/* --- view.c --- */

void registrar_on_registry(struct actor *, struct http_request *);

#endif /* MASTER_REGISTRAR_REGISTRAR_PRIVATE_H */
