/* SPDX-License-Identifier: Apache-2.0
 *
 * allocator_stage.h - the allocator with a master that writes down what it
 * hears.
 *
 * Thread-safety: a test's own thread; the system is a manual one. */
#ifndef TESTS_LIB_ALLOCATOR_STAGE_H
#define TESTS_LIB_ALLOCATOR_STAGE_H 1

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "master/allocator/allocator.h"
#include "tests/lib/test.h"

struct offered {
    char *framework_id;
    char *agent_id;
    char *role;
    struct resources resources;
};

struct inverse_offered {
    char *framework_id;
    char *agent_id;
    int64_t start_ns;
    int64_t duration_ns;
};

struct notes {
    struct actor *self;         /* acted for by the test, between turns */
    VEC(struct inverse_offered) inverse;
    size_t n_inverse_messages;
    struct error *converted;    /* the last answer */
    bool has_answer;
    VEC(struct offered) offers;
};

struct fake_master {
    struct actor base;
    struct notes *notes;
};

static inline void
on_offers(struct actor *self, struct actor_msg *msg)
{
    struct notes *notes =
        CONTAINER_OF(self, struct fake_master, base)->notes;
    struct allocator_offers *offers = actor_msg_body(msg,
                                                     &msg_allocator_offers);

    for (size_t i = 0; i < offers->n_offers; i++) {
        struct offered offered = {
            .framework_id = xstrdup(offers->framework_id),
            .agent_id = steal(offers->offers[i].agent_id),
            .role = steal(offers->offers[i].role),
            .resources = offers->offers[i].resources,
        };

        offers->offers[i].resources = (struct resources) { 0 };
        vec_push(&notes->offers, offered);
    }
}

static inline void
on_inverse_offers(struct actor *self, struct actor_msg *msg)
{
    struct notes *notes =
        CONTAINER_OF(self, struct fake_master, base)->notes;
    struct allocator_inverse_offers *offers =
        actor_msg_body(msg, &msg_allocator_inverse_offers);

    notes->n_inverse_messages++;
    for (size_t i = 0; i < offers->n_offers; i++) {
        struct inverse_offered offered = {
            .framework_id = xstrdup(offers->framework_id),
            .agent_id = steal(offers->offers[i].agent_id),
            .start_ns = offers->offers[i].start_ns,
            .duration_ns = offers->offers[i].duration_ns,
        };

        vec_push(&notes->inverse, offered);
    }
}

static inline void
on_converted(struct actor *self, struct actor_msg *msg)
{
    struct notes *notes =
        CONTAINER_OF(self, struct fake_master, base)->notes;
    struct allocator_converted *converted =
        actor_msg_body(msg, &msg_allocator_converted);

    error_destroy(notes->converted);
    notes->converted = steal(converted->error);
    notes->has_answer = true;
}

static inline struct error *
fake_master_init(struct actor *self, void *arg)
{
    struct notes *notes = arg;

    CONTAINER_OF(self, struct fake_master, base)->notes = notes;
    notes->self = self;
    return NULL;
}

static const struct actor_handler fake_master_handlers[] = {
    { &msg_allocator_offers, on_offers },
    { &msg_allocator_inverse_offers, on_inverse_offers },
    { &msg_allocator_converted, on_converted },
};

static const struct actor_type fake_master_type = {
    .name = "master", .size = sizeof(struct fake_master),
    .init = fake_master_init,
    .handlers = fake_master_handlers,
    .n_handlers = ARRAY_SIZE(fake_master_handlers),
};

struct stage {
    struct actor_system *system;
    struct upid allocator;
    struct notes *notes;
};

static inline struct stage
stage_create_with(enum allocator_sorter sorter, uint64_t seed)
{
    static const struct log_options quiet = {
        .program = "test_allocator", .quiet = true,
    };
    struct actor_system_options options = { .manual = true, .seed = seed };
    struct allocator_options allocator;
    struct resource_quantities minimum[2];
    struct stage s = { .notes = xcalloc(1, sizeof *s.notes) };

    allocator_options_init(&allocator);
    ck_assert_ptr_null(resource_quantities_parse("cpus:0.01", &minimum[0]));
    ck_assert_ptr_null(resource_quantities_parse("mem:32", &minimum[1]));
    allocator.sorter = sorter;
    allocator.region = "here";
    allocator.min_allocatable = minimum;
    allocator.n_min_allocatable = 2;
    ck_assert_ptr_null(log_init(&quiet));
    ck_assert_ptr_null(actor_system_create(&options, &s.system));
    ck_assert_ptr_null(actor_spawn(s.system, &fake_master_type, "master",
                                   s.notes, &allocator.master));
    ck_assert_ptr_null(allocator_start(s.system, &allocator, &s.allocator));
    resource_quantities_fini(&minimum[0]);
    resource_quantities_fini(&minimum[1]);
    return s;
}

static inline struct stage
stage_create(void)
{
    return stage_create_with(ALLOCATOR_SORTER_DRF, 1);
}

static inline void
stage_close(struct stage *s)
{
    actor_system_destroy(s->system);
    vec_foreach (&s->notes->offers, offered) {
        free(offered->framework_id);
        free(offered->agent_id);
        free(offered->role);
        resources_fini(&offered->resources);
    }
    vec_foreach (&s->notes->inverse, offer) {
        free(offer->framework_id);
        free(offer->agent_id);
    }
    vec_fini(&s->notes->inverse);
    error_destroy(s->notes->converted);
    vec_fini(&s->notes->offers);
    free(s->notes);
}

static inline struct resources
parse(const char *text)
{
    struct resources resources;

    ck_assert_ptr_null(resources_parse(text, "*", &resources));
    return resources;
}

static const struct allocator_agent_options an_agent = {
    .hostname = "host", .is_multi_role = true, .is_hierarchical_role = true,
    .is_reservation_refinement = true,
};

static inline void
add_agent(struct stage *s, const char *id, const char *text)
{
    struct resources total = parse(text);

    allocator_add_agent(s->notes->self, &s->allocator, id, &an_agent, &total,
                        NULL, 0);
    resources_fini(&total);
    actor_system_run(s->system);
}

static inline void
add_framework(struct stage *s, const char *id, const char *role, bool gpus)
{
    struct allocator_framework_options options = {
        .roles = &role, .n_roles = 1, .wants_gpus = gpus,
    };

    allocator_add_framework(s->notes->self, &s->allocator, id, &options);
    actor_system_run(s->system);
}

/* Gives (a part of) the 'i'th offer back. */
static inline void
recover_part(struct stage *s, size_t i, const char *text, double seconds)
{
    const struct offered *offered = &s->notes->offers.data[i];
    struct resources part = parse(text);

    allocator_recover(s->notes->self, &s->allocator, offered->framework_id,
                      offered->role, offered->agent_id, &part, seconds);
    resources_fini(&part);
    actor_system_run(s->system);
}

static inline size_t
n_offers(const struct stage *s)
{
    return s->notes->offers.n;
}

static inline void
check_offer(const struct stage *s, size_t i, const char *framework,
            const char *agent, const char *text)
{
    const struct offered *offered;
    struct resources wanted = parse(text);

    ck_assert_uint_gt(n_offers(s), i);
    offered = &s->notes->offers.data[i];
    ck_assert_str_eq(offered->framework_id, framework);
    ck_assert_str_eq(offered->agent_id, agent);
    ck_assert(resources_equal(&offered->resources, &wanted));
    resources_fini(&wanted);
}

#endif /* TESTS_LIB_ALLOCATOR_STAGE_H */
