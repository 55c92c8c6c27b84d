/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_parts.c - what reservations and volumes make of an entry.
 *
 * Metadata is immutable: what changes an entry gives it another one. */
#include <config.h>

#include "model/resource_parts.h"

#include <stddef.h>

#include <actor/message.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static const V1__Resource__ReservationInfo *
last_reservation(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->n_reservations > 0
        ? meta->reservations[meta->n_reservations - 1] : NULL;
}

const char *
resource_reservation_role(const struct resource *r)
{
    const V1__Resource__ReservationInfo *last = last_reservation(r);

    return last ? last->role : NULL;
}

bool
resource_is_dynamically_reserved(const struct resource *r)
{
    const V1__Resource__ReservationInfo *last = last_reservation(r);

    return last
        && last->type == V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC;
}

bool
resource_has_refined_reservation(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->n_reservations > 1;
}

bool
resource_is_revocable(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->revocable;
}

const char *
resource_persistence_id(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->disk && meta->disk->persistence
        ? meta->disk->persistence->id : NULL;
}

const char *
resource_provider_id(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    return meta && meta->provider_id ? meta->provider_id->value : NULL;
}

/* '*view' is on the stack, and may point into the present metadata. */
static void
set_meta(struct resource *r, const V1__Resource *view)
{
    struct message *meta = NULL;

    if (view->n_reservations > 0 || view->disk || view->revocable
        || view->shared || view->provider_id) {
        meta = message_clone(&view->base);
    }
    message_unref(r->meta);
    r->meta = meta;
}

void
resource_pop_reservation(struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    if (meta && meta->n_reservations > 0) {
        V1__Resource view = *meta;

        view.n_reservations--;
        set_meta(r, &view);
    }
}

void
resource_strip_volume(struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    if (meta && (meta->disk || meta->shared)) {
        V1__Resource view = *meta;
        V1__Resource__DiskInfo disk;

        view.shared = NULL;
        view.disk = NULL;
        if (meta->disk && meta->disk->source) {
            disk = *meta->disk;
            disk.persistence = NULL;
            disk.volume = NULL;
            view.disk = &disk;
        }
        set_meta(r, &view);
        r->n_shared = 1;
    }
}
