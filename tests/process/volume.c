/* SPDX-License-Identifier: Apache-2.0
 *
 * volume.c - a framework that makes a persistent volume, or ends it.
 *
 *     volume HOST:PORT make|end
 *
 * "make" reserves 10 MB of disk to role "db" and makes volume "v1" of it;
 * "end" destroys the volume and gives the disk back.  Each accepts the first
 * offer, and is over when an offer shows what came of it.
 *
 * Thread: callbacks run one at a time, and main only waits. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <mesos/scheduler.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define DISK "\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":10}" \
    ",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db\"," \
    "\"principal\":\"p1\"}]"
#define VOLUME DISK ",\"disk\":{\"persistence\":{\"id\":\"v1\"," \
    "\"principal\":\"p1\"},\"volume\":{\"mode\":\"RW\"," \
    "\"container_path\":\"data\"}}"

static const char *const making[] = {
    "{\"type\":\"RESERVE\",\"reserve\":{\"resources\":[{" DISK "}]}}",
    "{\"type\":\"CREATE\",\"create\":{\"volumes\":[{" VOLUME "}]}}",
};

static const char *const ending[] = {
    "{\"type\":\"DESTROY\",\"destroy\":{\"volumes\":[{" VOLUME "}]}}",
    "{\"type\":\"UNRESERVE\",\"unreserve\":{\"resources\":[{" DISK "}]}}",
};

struct run {
    const char *const *operations;
    bool wants_volume;          /* in the end; and no reservation otherwise */
    bool has_accepted;
    bool is_over;
};

static void
accept_offer(struct mesos_scheduler_driver *driver, const struct run *run,
             const V1__Offer *offer)
{
    V1__Filters filters = V1__FILTERS__INIT;
    const V1__OfferID *offer_id = offer->id;
    const V1__Offer__Operation *operations[2];
    struct message *messages[2];

    for (int i = 0; i < 2; i++) {
        if (message_decode_json(&v1__offer__operation__descriptor,
                                run->operations[i],
                                strlen(run->operations[i]), &messages[i])) {
            abort();
        }
        operations[i] = message_root(messages[i]);
    }
    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 0;
    mesos_scheduler_driver_accept_offers(driver, &offer_id, 1, operations, 2,
                                         &filters);
    message_unref(messages[0]);
    message_unref(messages[1]);
}

/* Whether 'offer' is as it shall be in the end. */
static bool
is_done(const struct run *run, const V1__Offer *offer)
{
    bool has_volume = false;
    bool has_reservation = false;

    for (size_t i = 0; i < offer->n_resources; i++) {
        const V1__Resource *r = offer->resources[i];

        has_reservation = has_reservation || r->n_reservations > 0;
        has_volume = has_volume
                     || (r->disk && r->disk->persistence
                         && !strcmp(r->disk->persistence->id, "v1"));
    }
    return run->wants_volume ? has_volume : !has_reservation;
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *run_,
          const V1__Offer *const *offers, size_t n_offers)
{
    struct run *run = run_;

    for (size_t i = 0; i < n_offers; i++) {
        if (!run->has_accepted) {
            run->has_accepted = true;
            accept_offer(driver, run, offers[i]);
        } else {
            run->is_over = run->is_over || is_done(run, offers[i]);
            mesos_scheduler_driver_decline_offer(driver, offers[i]->id, NULL);
        }
    }
    if (run->is_over) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static void
on_error(struct mesos_scheduler_driver *driver, void *run,
         const char *message)
{
    (void) driver;
    (void) run;
    printf("error: %s\n", message);
}

int
main(int argc, char *argv[])
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .resource_offers = on_offers,
        .error = on_error,
    };
    static const char info[] =
        "{\"user\":\"\",\"name\":\"volume\",\"role\":\"db\","
        "\"principal\":\"p1\",\"checkpoint\":true,"
        "\"capabilities\":[{\"type\":\"RESERVATION_REFINEMENT\"}]}";
    autodestroy(message) *framework = NULL;
    struct run run = { .operations = making, .wants_volume = true };
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = &run,
    };

    if (argc != 3 || (strcmp(argv[2], "make") && strcmp(argv[2], "end"))
        || message_decode_json(&v1__framework_info__descriptor, info,
                               strlen(info), &framework)) {
        fprintf(stderr, "usage: volume HOST:PORT make|end\n");
        return EXIT_FAILURE;
    }
    if (!strcmp(argv[2], "end")) {
        run = (struct run) { .operations = ending };
    }
    options.framework = message_root(framework);
    options.master = argv[1];

    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    (void) mesos_scheduler_driver_run(driver);
    mesos_scheduler_driver_destroy(driver);
    return run.is_over ? EXIT_SUCCESS : EXIT_FAILURE;
}
