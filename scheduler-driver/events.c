/* SPDX-License-Identifier: Apache-2.0
 *
 * events.c - what makes an event one.
 *
 * Thread: any. */
#include <config.h>

#include "scheduler-driver/events.h"

#include <actor/message.h>

bool
event_is_complete(const Scheduler__Event *event)
{
    switch (event->type) {
    case SCHEDULER__EVENT__TYPE__SUBSCRIBED:
        return event->subscribed != NULL;
    case SCHEDULER__EVENT__TYPE__OFFERS:
        return event->offers != NULL;
    case SCHEDULER__EVENT__TYPE__RESCIND:
        return event->rescind != NULL;
    case SCHEDULER__EVENT__TYPE__INVERSE_OFFERS:
        return event->inverse_offers != NULL;
    case SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER:
        return event->rescind_inverse_offer != NULL;
    case SCHEDULER__EVENT__TYPE__UPDATE:
        return event->update != NULL;
    case SCHEDULER__EVENT__TYPE__MESSAGE:
        return event->message != NULL;
    case SCHEDULER__EVENT__TYPE__FAILURE:
        return event->failure != NULL && event->failure->agent_id != NULL;
    case SCHEDULER__EVENT__TYPE__ERROR:
        return event->error != NULL;
    default:
        return true;
    }
}

struct message *
event_create_error(const char *text)
{
    struct message *m = message_create(&scheduler__event__descriptor);
    Scheduler__Event *event = message_root(m);

    event->has_type = true;
    event->type = SCHEDULER__EVENT__TYPE__ERROR;
    event->error = message_new(m, &scheduler__event__error__descriptor);
    event->error->message = message_strdup(m, text);
    return m;
}
