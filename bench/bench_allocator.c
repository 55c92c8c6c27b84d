/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_allocator.c - allocation cycles, of the shapes that Mesos' own
 * benchmarks have.
 *
 * A manual system with the allocator and a master that keeps its offers; time
 * is what the processor spends until nothing more is to be done, which on an
 * idle machine is what passes on the wall: nothing waits.  Cycles are apart
 * from what leads to them where a whitelist can hold offers back. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "master/allocator/allocator.h"

#define FOREVER_SECONDS 31536000.0

struct offered {
    char *framework_id;
    char *agent_id;
    char *role;
    struct resources resources;
};

struct stage {
    struct actor_system *system;
    struct upid allocator;
    struct actor *self;         /* the master */
    VEC(struct offered) offers;
};

struct fake_master {
    struct actor base;
    struct stage *stage;
};

static void
on_offers(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = CONTAINER_OF(self, struct fake_master, base)->stage;
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
        vec_push(&s->offers, offered);
    }
}

static struct error *
fake_master_init(struct actor *self, void *arg)
{
    struct stage *s = arg;

    CONTAINER_OF(self, struct fake_master, base)->stage = s;
    s->self = self;
    return NULL;
}

static const struct actor_handler handlers[] = {
    { &msg_allocator_offers, on_offers },
};

static const struct actor_type fake_master_type = {
    .name = "master", .size = sizeof(struct fake_master),
    .init = fake_master_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static double
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static void
report(const char *name, double ms)
{
    printf("{\"name\":\"allocator: %s\",\"value\":%.4f,\"unit\":\"ms\"}\n",
           name, ms);
    fflush(stdout);
}

static void
must(struct error *error)
{
    CHECK(!error, "%s", error_text(error));
}

static struct resources
parse(const char *text)
{
    struct resources resources;

    must(resources_parse(text, "*", &resources));
    return resources;
}

static void
stage_open(struct stage *s, enum allocator_sorter sorter)
{
    struct actor_system_options options = { .manual = true, .seed = 1 };
    struct resource_quantities minimum[2];
    struct allocator_options allocator;

    memset(s, 0, sizeof *s);
    must(actor_system_create(&options, &s->system));
    allocator_options_init(&allocator);
    must(actor_spawn(s->system, &fake_master_type, "master", s,
                     &allocator.master));
    must(resource_quantities_parse("cpus:0.01", &minimum[0]));
    must(resource_quantities_parse("mem:32", &minimum[1]));
    allocator.sorter = sorter;
    allocator.min_allocatable = minimum;
    allocator.n_min_allocatable = 2;
    must(allocator_start(s->system, &allocator, &s->allocator));
    resource_quantities_fini(&minimum[0]);
    resource_quantities_fini(&minimum[1]);
}

static void
drop_offers(struct stage *s)
{
    vec_foreach (&s->offers, offered) {
        free(offered->framework_id);
        free(offered->agent_id);
        free(offered->role);
        resources_fini(&offered->resources);
    }
    vec_clear(&s->offers);
}

static void
stage_close(struct stage *s)
{
    actor_system_destroy(s->system);
    drop_offers(s);
    vec_fini(&s->offers);
}

/* How long it takes until all is done. */
static double
run(struct stage *s)
{
    double begin = now_ms();

    actor_system_run(s->system);
    return now_ms() - begin;
}

static double
run_interval(struct stage *s)
{
    double begin = now_ms();

    actor_system_advance(s->system, SECOND);
    return now_ms() - begin;
}

static void
add_framework(struct stage *s, const char *prefix, size_t i, const char *role,
              bool suppressed)
{
    char id[64];
    struct allocator_framework_options options = {
        .roles = &role, .n_roles = 1, .suppressed_roles = &role,
        .n_suppressed_roles = suppressed,
    };

    snprintf(id, sizeof id, "%s-%zu", prefix, i);
    allocator_add_framework(s->self, &s->allocator, id, &options);
}

/* 'used' of it belongs to the framework "F-<i % n_frameworks>" in "*". */
static void
add_agents(struct stage *s, size_t n, const char *text, const char *used,
           size_t n_frameworks)
{
    struct allocator_agent_options options = {
        .is_multi_role = true, .is_hierarchical_role = true,
        .is_reservation_refinement = true,
    };
    struct resources total = parse(text);

    for (size_t i = 0; i < n; i++) {
        char id[64], hostname[64];
        struct allocator_holding holding = { 0 };

        snprintf(id, sizeof id, "agent-%zu", i);
        snprintf(hostname, sizeof hostname, "host-%zu", i);
        options.hostname = hostname;
        if (used) {
            holding.framework_id = xasprintf("F-%zu", i % n_frameworks);
            holding.role = xstrdup("*");
            holding.resources = parse(used);
        }
        allocator_add_agent(s->self, &s->allocator, id, &options, &total,
                            &holding, used ? 1 : 0);
    }
    resources_fini(&total);
}

static void
set_offers(struct stage *s, bool on)
{
    static const char *const nobody[] = { "nobody" };

    allocator_set_whitelist(s->self, &s->allocator, on ? NULL : nobody,
                            on ? 0 : 1);
}

static void
give_back(struct stage *s, const struct offered *offered, double seconds)
{
    allocator_recover(s->self, &s->allocator, offered->framework_id,
                      offered->role, offered->agent_id, &offered->resources,
                      seconds);
}

static void
give_all_back(struct stage *s, double seconds)
{
    vec_foreach (&s->offers, offered) {
        give_back(s, offered, seconds);
    }
    drop_offers(s);
}

#define DECLINE_TOTAL "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"
#define DECLINE_USED \
    "cpus:16;mem:2014;disk:1024;ports:[31000-31001,31010-31011,31020-31021," \
    "31030-31031,31040-31041,31050-31051,31060-31061,31070-31071," \
    "31080-31081,31090-31091,31100-31101,31110-31111,31120-31121," \
    "31130-31131,31140-31141,31150-31151]"

/* --- the bars: a full cycle, one agent, nothing --- */

static void
measure_cycles(enum allocator_sorter sorter, const char *what,
               size_t n_agents, size_t n_frameworks)
{
    struct stage s;
    char name[128];
    double full = 1e9, decline = 0, idle = 0;

    stage_open(&s, sorter);
    for (size_t i = 0; i < n_frameworks; i++) {
        add_framework(&s, "F", i, "*", false);
    }
    add_agents(&s, n_agents, DECLINE_TOTAL, DECLINE_USED, n_frameworks);
    run(&s);
    for (int round = 0; round < 5; round++) {
        double ms;

        set_offers(&s, false);
        give_all_back(&s, ALLOCATOR_NO_FILTER);
        run(&s);
        set_offers(&s, true);
        ms = run(&s);
        full = ms < full ? ms : full;
        CHECK(s.offers.n == n_agents, "%zu offers", s.offers.n);
    }
    for (int i = 0; i < 1000; i++) {
        size_t at = (size_t) i * 7 % s.offers.n;

        give_back(&s, &s.offers.data[at], FOREVER_SECONDS);
        decline += run(&s);
    }
    CHECK(s.offers.n == n_agents + 1000, "%zu offers", s.offers.n);
    for (int i = 0; i < 100; i++) {
        idle += run_interval(&s);
    }
    snprintf(name, sizeof name, "%s, %zu agents, %zu frameworks: full cycle",
             what, n_agents, n_frameworks);
    report(name, full);
    snprintf(name, sizeof name, "%s, %zu agents, %zu frameworks: one "
             "declined offer", what, n_agents, n_frameworks);
    report(name, decline / 1000);
    snprintf(name, sizeof name, "%s, %zu agents, %zu frameworks: idle "
             "interval", what, n_agents, n_frameworks);
    report(name, idle / 100);
    stage_close(&s);
}

/* --- DeclineOffers: each round goes to those who have not declined yet --- */

static void
measure_declines(size_t n_agents, size_t n_frameworks)
{
    struct stage s;
    char name[128];
    double sum = 0, last = 0, added;

    stage_open(&s, ALLOCATOR_SORTER_DRF);
    for (size_t i = 0; i < n_frameworks; i++) {
        add_framework(&s, "F", i, "*", false);
    }
    run(&s);
    add_agents(&s, n_agents, DECLINE_TOTAL, DECLINE_USED, n_frameworks);
    added = run(&s);
    for (size_t round = 0; round < n_frameworks; round++) {
        give_all_back(&s, FOREVER_SECONDS);
        last = run(&s);
        sum += last;
    }
    CHECK(s.offers.n == 0, "%zu offers that all have declined", s.offers.n);
    snprintf(name, sizeof name, "DeclineOffers, %zu agents, %zu frameworks: "
             "adding agents", n_agents, n_frameworks);
    report(name, added);
    snprintf(name, sizeof name, "DeclineOffers, %zu agents, %zu frameworks: "
             "a round", n_agents, n_frameworks);
    report(name, sum / (double) n_frameworks);
    snprintf(name, sizeof name, "DeclineOffers, %zu agents, %zu frameworks: "
             "the last round", n_agents, n_frameworks);
    report(name, last);
    stage_close(&s);
}

/* --- SuppressOffers: a fifth of the frameworks more each round --- */

static void
measure_suppression(size_t n_agents, size_t n_frameworks)
{
    struct stage s;
    char name[128];
    double sum = 0;

    stage_open(&s, ALLOCATOR_SORTER_DRF);
    for (size_t i = 0; i < n_frameworks; i++) {
        add_framework(&s, "F", i, "*", false);
    }
    add_agents(&s, n_agents, DECLINE_TOTAL, DECLINE_USED, n_frameworks);
    run(&s);
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < n_frameworks / 5; i++) {
            char id[64];

            snprintf(id, sizeof id, "F-%zu", round * n_frameworks / 5 + i);
            allocator_suppress(s.self, &s.allocator, id, NULL, 0);
        }
        run(&s);
        give_all_back(&s, ALLOCATOR_NO_FILTER);
        sum += run(&s);
        CHECK(s.offers.n == (round < 4 ? n_agents : 0), "%zu offers",
              s.offers.n);
    }
    snprintf(name, sizeof name, "SuppressOffers, %zu agents, %zu frameworks: "
             "a round", n_agents, n_frameworks);
    report(name, sum / 5);
    stage_close(&s);
}

/* --- LargeAndSmallQuota --- */

static void
set_quota(struct stage *s, const char *role, const char *guarantee)
{
    struct resource_quantities quantities;

    must(resource_quantities_parse(guarantee, &quantities));
    allocator_set_quota(s->self, &s->allocator, role, &quantities,
                        &quantities);
    resource_quantities_fini(&quantities);
}

static void
measure_quota(enum allocator_sorter sorter, const char *what, size_t n_small,
              size_t n_large)
{
    struct stage s;
    char name[128], role[64];
    size_t n_agents = n_small / 5 + n_large * 5;
    double first, second;

    stage_open(&s, sorter);
    for (size_t i = 0; i < n_small + n_large; i++) {
        snprintf(role, sizeof role, "role-%zu", i);
        set_quota(&s, role, i < n_small ? "cpus:1;mem:1024;disk:1024"
                                        : "cpus:4;mem:4096;disk:4096");
        add_framework(&s, "F", i, role, false);
    }
    run(&s);
    set_offers(&s, false);
    add_agents(&s, n_agents, "cpus:2;mem:2048;disk:2048", NULL, 1);
    run(&s);
    set_offers(&s, true);
    first = run(&s);
    CHECK(s.offers.n >= n_agents, "%zu offers", s.offers.n);
    set_offers(&s, true);
    second = run(&s);
    snprintf(name, sizeof name, "LargeAndSmallQuota, %s, %zu agents, %zu "
             "roles: first cycle", what, n_agents, n_small + n_large);
    report(name, first);
    snprintf(name, sizeof name, "LargeAndSmallQuota, %s, %zu agents, %zu "
             "roles: empty cycle", what, n_agents, n_small + n_large);
    report(name, second);
    stage_close(&s);
}

/* --- MultiFrameworkAllocations --- */

struct workload {
    const char *prefix;
    size_t n_frameworks;
    bool is_one_role;
    size_t n_tasks;             /* of each framework */
    size_t n_per_offer;
    const char *task;
};

static const struct workload workloads[] = {
    { "A", 4, false, 4000, 100, "cpus:0.07;mem:400" },
    { "B", 500, true, 5, 1, "cpus:0.1;mem:4000" },
    { "C", 50, false, 20, 5, "cpus:1;mem:1000" },
};

#define N_TASKS ((size_t) 19500)

/* How many tasks of the framework find room; the rest goes back. */
static size_t
launch(struct stage *s, struct offered *offered, size_t *left,
       const struct workload *w)
{
    struct resources task = parse(w->task);
    size_t n = 0;

    while (n < w->n_per_offer && *left > 0
           && resources_contain(&offered->resources, &task)) {
        resources_subtract(&offered->resources, &task);
        (*left)--;
        n++;
    }
    resources_fini(&task);
    give_back(s, offered, ALLOCATOR_NO_FILTER);
    return n;
}

static void
measure_frameworks(enum allocator_sorter sorter, const char *what)
{
    struct stage s;
    size_t left[3][500];
    char name[128], role[64];
    size_t launched = 0;
    size_t rounds = 0;
    double sum = 0;

    stage_open(&s, sorter);
    add_agents(&s, 80, "cpus:64;mem:488000", NULL, 1);
    for (size_t k = 0; k < ARRAY_SIZE(workloads); k++) {
        for (size_t i = 0; i < workloads[k].n_frameworks; i++) {
            left[k][i] = workloads[k].n_tasks;
            snprintf(role, sizeof role, "role%s-%zu", workloads[k].prefix,
                     workloads[k].is_one_role ? 0 : i);
            add_framework(&s, workloads[k].prefix, i, role, false);
        }
    }
    while (launched < N_TASKS && rounds < 300) {
        VEC(struct offered) offers = VEC_EMPTY;

        sum += run_interval(&s);
        rounds++;
        offers.data = s.offers.data;
        offers.n = s.offers.n;
        offers.capacity = s.offers.capacity;
        memset(&s.offers, 0, sizeof s.offers);
        vec_foreach (&offers, offered) {
            size_t k = (size_t) (offered->framework_id[0] - 'A');
            size_t i = strtoul(offered->framework_id + 2, NULL, 10);

            launched += launch(&s, offered, &left[k][i], &workloads[k]);
            free(offered->framework_id);
            free(offered->agent_id);
            free(offered->role);
            resources_fini(&offered->resources);
        }
        vec_fini(&offers);
    }
    snprintf(name, sizeof name, "MultiFrameworkAllocations, %s, %zu of %zu "
             "tasks in %zu rounds: a round", what, launched, N_TASKS, rounds);
    report(name, sum / (double) rounds);
    stage_close(&s);
}

int
main(void)
{
    static const struct log_options quiet = {
        .program = "bench_allocator", .quiet = true,
    };

    must(log_init(&quiet));
    measure_cycles(ALLOCATOR_SORTER_DRF, "drf", 10000, 1000);
    measure_cycles(ALLOCATOR_SORTER_RANDOM, "random", 10000, 1000);
    measure_declines(2000, 200);
    measure_declines(1000, 1000);
    measure_suppression(10000, 1000);
    measure_quota(ALLOCATOR_SORTER_DRF, "drf", 250, 50);
    measure_quota(ALLOCATOR_SORTER_DRF, "drf", 2500, 500);
    measure_quota(ALLOCATOR_SORTER_RANDOM, "random", 250, 50);
    measure_frameworks(ALLOCATOR_SORTER_DRF, "drf");
    return 0;
}
