/* SPDX-License-Identifier: Apache-2.0
 *
 * master_stage.h - a master among puppets: one agent and one scheduler, in a
 * manual system, and short words for what they say and hear.
 *
 *     struct stage s = stage_create();
 *
 *     stage_with_offer(&s, "");
 *     launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 1000);
 *     ck_assert_uint_eq(puppet_count(s.agent, &msg_run_task), 1);
 *     stage_close(&s);
 *
 * Thread-safety: the test's thread only. */
#ifndef TESTS_LIB_MASTER_STAGE_H
#define TESTS_LIB_MASTER_STAGE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/compiler.h>

#include "master/master.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct puppet;

#define UUID_1 "AAAAAAAAAAAAAAAAAAAAAQ=="
#define UUID_2 "AAAAAAAAAAAAAAAAAAAAAg=="

#define AGENT_INFO(EXTRA) \
    "{\"hostname\":\"node\"," EXTRA "\"resources\":[" \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":4}}," \
    "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1024}}]}"

struct stage {
    struct actor_system *system;
    struct master_flags flags;
    struct upid master;
    struct puppet *agent;
    struct puppet *scheduler;
    char agent_id[128];
    char framework_id[128];
};

struct stage stage_create(void);

/* Starts all three.  The flags are loans to the master: the stage must not
 * move after this. */
void stage_open(struct stage *);

/* Opens it, with an agent, a framework, and the first offer. */
void stage_with_offer(struct stage *, const char *info);

/* A task besides that runs, its first update acknowledged. */
void stage_with_task(struct stage *, const char *info);

void stage_close(struct stage *);

double metric(struct stage *, const char *name);

/* --- what agents do --- */

void register_agent(struct stage *);
void update(struct stage *, const char *task, const char *state,
            const char *uuid);

/* --- what schedulers do --- */

/* 'info' is added to the FrameworkInfo: "\"id\":...,". */
void subscribe(struct stage *, struct puppet *scheduler, const char *info);
void subscribe_first(struct stage *, const char *info);

/* A call of that type; 'fmt' has the members besides: ",\"kill\":{...}". */
void call(struct stage *, const char *type, const char *fmt, ...)
    PRINTF_FORMAT(3, 4);
void launch(struct stage *, const char *offer_id, const char *task,
            double cpus, double refuse_seconds);
void acknowledge(struct stage *, const char *task, const char *uuid);
void decline(struct stage *, const char *offer_id, double refuse_seconds);

/* --- what schedulers hear --- */

const Scheduler__Event *event(const struct puppet *scheduler, size_t i);

/* Of the events of that type: how many there are, and the 'i'th one. */
size_t n_events(const struct puppet *scheduler, Scheduler__Event__Type);
const Scheduler__Event *event_of(const struct puppet *scheduler,
                                 Scheduler__Event__Type, size_t i);

/* The same of updates, and of offers. */
const V1__TaskStatus *status(const struct puppet *scheduler, size_t i);
size_t n_offers(const struct puppet *scheduler);
const V1__Offer *offer(const struct puppet *scheduler, size_t i);

/* How much of 'name' the offer has. */
double scalar(const V1__Offer *, const char *name);

bool ends_with(const char *s, const char *end);

#endif /* TESTS_LIB_MASTER_STAGE_H */
