/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_random.c - agents and schedulers that say things at random, true
 * or not; whatever they say, the master's books come out even.
 *
 * The seed of a run that fails is in the message.  More of them:
 * MASTER_RANDOM_SEEDS=10000 tests/actor/test_master_random. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "master/master.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define N_AGENTS 3
#define N_SCHEDULERS 3
#define N_STEPS 300
#define DEFAULT_SEEDS 60

struct world {
    struct actor_system *system;
    struct master_flags flags;
    struct upid master;
    uint64_t random;            /* xorshift64*; never 0 */
    struct puppet *agents[N_AGENTS];
    struct puppet *schedulers[N_SCHEDULERS];
    char agent_ids[N_AGENTS][64];
    char framework_ids[N_SCHEDULERS][64];
};

static unsigned
pick(struct world *w, unsigned n)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned) ((w->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* --- ids, mostly true --- */

static const char *
any_agent(struct world *w)
{
    return pick(w, 20) == 0 ? "nobody" : w->agent_ids[pick(w, N_AGENTS)];
}

static const char *
any_framework(struct world *w, unsigned i)
{
    return w->framework_ids[pick(w, 20) == 0 ? pick(w, N_SCHEDULERS) : i];
}

static const char *
any_offer(struct world *w, const struct puppet *scheduler)
{
    size_t n = puppet_count(scheduler, &msg_scheduler_event);

    for (unsigned tries = 0; n > 0 && tries < 10; tries++) {
        const Scheduler__Event *e = puppet_heard(
            scheduler, &msg_scheduler_event,
            n - 1 - pick(w, n < 8 ? (unsigned) n : 8));

        if (e->offers && e->offers->n_offers > 0) {
            return e->offers->offers[pick(
                w, (unsigned) e->offers->n_offers)]->id->value;
        }
    }
    return "none";
}

static const char *
any_state(struct world *w)
{
    static const char *const states[] = {
        "TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING",
        "TASK_KILLING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED",
        "TASK_LOST", "TASK_UNREACHABLE", "TASK_UNKNOWN",
    };

    return states[pick(w, ARRAY_SIZE(states))];
}

/* The ids that were given out, as far as they were heard of. */
static void
learn_ids(struct world *w)
{
    for (unsigned i = 0; i < N_AGENTS; i++) {
        size_t n = puppet_count(w->agents[i], &msg_agent_registered);

        if (n > 0) {
            const Internal__AgentRegistered *r = puppet_heard(
                w->agents[i], &msg_agent_registered, n - 1);

            snprintf(w->agent_ids[i], sizeof w->agent_ids[i], "%s",
                     r->agent_id->value);
        }
    }
    for (unsigned i = 0; i < N_SCHEDULERS; i++) {
        size_t n = puppet_count(w->schedulers[i], &msg_scheduler_event);

        for (size_t j = 0; j < n; j++) {
            const Scheduler__Event *e = puppet_heard(
                w->schedulers[i], &msg_scheduler_event, j);

            if (e->subscribed) {
                snprintf(w->framework_ids[i], sizeof w->framework_ids[i],
                         "%s", e->subscribed->framework_id->value);
            }
        }
    }
}

/* --- agents --- */

#define RESOURCES(CPUS) \
    "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{" \
    "\"value\":" CPUS "}},{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{" \
    "\"value\":128}},{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{" \
    "\"range\":[{\"begin\":1,\"end\":9}]}}]"

static void
say_register(struct world *w, unsigned i)
{
    puppet_say(w->agents[i], &w->master, &msg_register_agent,
               "{\"agent\":{\"hostname\":\"h\"," RESOURCES("4") "},"
               "\"version\":\"1.12.0\"}");
}

static void
say_reregister(struct world *w, unsigned i)
{
    const char *framework = w->framework_ids[pick(w, N_SCHEDULERS)];

    puppet_say(w->agents[i], &w->master, &msg_reregister_agent,
               "{\"agent\":{\"hostname\":\"h\",\"id\":{\"value\":\"%s\"},"
               RESOURCES("%u") "},\"version\":\"1.12.0\",\"frameworks\":["
               "{\"user\":\"u\",\"name\":\"n\",\"id\":{\"value\":\"%s\"}}],"
               "\"executor_infos\":[{\"executor_id\":{\"value\":\"e\"},"
               RESOURCES("0.5") "}],\"executor_framework_ids\":[{\"value\":"
               "\"%s\"}],\"tasks\":[{\"name\":\"t\",\"task_id\":{\"value\":"
               "\"t%u\"},\"framework_id\":{\"value\":\"%s\"},\"agent_id\":{"
               "\"value\":\"%s\"},\"state\":\"%s\"," RESOURCES("%u") "}]}",
               w->agent_ids[i], 3 + pick(w, 2), framework, framework,
               pick(w, 8), framework, w->agent_ids[i], any_state(w),
               1 + pick(w, 6));
}

static void
say_update(struct world *w, unsigned i)
{
    puppet_say(w->agents[i], &w->master, &msg_update_status,
               "{\"update\":{\"framework_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"%s\"},\"timestamp\":1,\"uuid\":"
               "\"AAAAAAAAAAAAAAAAAAAA%c%c==\",\"status\":{\"task_id\":{"
               "\"value\":\"t%u\"},\"state\":\"%s\"},\"latest_state\":"
               "\"%s\"}}", w->framework_ids[pick(w, N_SCHEDULERS)],
               any_agent(w), 'A' + (int) pick(w, 3), 'A', pick(w, 8),
               any_state(w), any_state(w));
}

static void
say_exited_executor(struct world *w, unsigned i)
{
    puppet_say(w->agents[i], &w->master, &msg_exited_executor,
               "{\"agent_id\":{\"value\":\"%s\"},\"framework_id\":{"
               "\"value\":\"%s\"},\"executor_id\":{\"value\":\"e\"},"
               "\"status\":9}", any_agent(w),
               w->framework_ids[pick(w, N_SCHEDULERS)]);
}

static void
say_unregister(struct world *w, unsigned i)
{
    puppet_say(w->agents[i], &w->master, &msg_unregister_agent,
               "{\"agent_id\":{\"value\":\"%s\"}}", any_agent(w));
}

/* --- schedulers --- */

static void
say_subscribe(struct world *w, unsigned i)
{
    static const char *const roles[] = {
        "", "\"role\":\"web\",", "\"checkpoint\":true,",
        "\"failover_timeout\":5,",
        "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],",
        ("\"roles\":[\"web\",\"db\"],\"capabilities\":["
         "{\"type\":\"MULTI_ROLE\"}],"),
    };
    const char *role = roles[pick(w, ARRAY_SIZE(roles))];

    if (pick(w, 2) == 0 && w->framework_ids[i][0] != 'n') {
        puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
                   "{\"type\":\"SUBSCRIBE\",\"framework_id\":{\"value\":"
                   "\"%s\"},\"subscribe\":{\"framework_info\":{%s\"id\":{"
                   "\"value\":\"%s\"},\"user\":\"u\",\"name\":\"n\"}}}",
                   w->framework_ids[i], role, w->framework_ids[i]);
    } else {
        puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
                   "{\"type\":\"SUBSCRIBE\",\"subscribe\":{"
                   "\"framework_info\":{%s\"user\":\"u\",\"name\":\"n\"}}}",
                   role);
    }
}

static void
say_accept(struct world *w, unsigned i)
{
    static const char command[] = "\"command\":{\"value\":\"x\"},";
    static const char executor[] =
        "\"executor\":{\"executor_id\":{\"value\":\"e\"},\"command\":{"
        "\"value\":\"x\"},\"resources\":[{\"name\":\"cpus\",\"type\":"
        "\"SCALAR\",\"scalar\":{\"value\":0.5}}]},";

    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"type\":\"ACCEPT\",\"framework_id\":{\"value\":\"%s\"},"
               "\"accept\":{\"offer_ids\":[{\"value\":\"%s\"},{\"value\":"
               "\"%s\"}],\"filters\":{\"refuse_seconds\":%u},\"operations\":"
               "[{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{\"name\":"
               "\"t\",\"task_id\":{\"value\":\"t%u\"},\"agent_id\":{"
               "\"value\":\"%s\"},%s" RESOURCES("%u") "}]}}]}}",
               any_framework(w, i), any_offer(w, w->schedulers[i]),
               any_offer(w, w->schedulers[i]), pick(w, 3), pick(w, 8),
               any_agent(w), pick(w, 2) ? command : executor, pick(w, 5));
    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"type\":\"ACCEPT\",\"framework_id\":{\"value\":\"%s\"},"
               "\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
               "\"filters\":{\"refuse_seconds\":%u},\"operations\":"
               "[{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{\"name\":"
               "\"t\",\"task_id\":{\"value\":\"t%u\"},\"agent_id\":{"
               "\"value\":\"%s\"},%s\"resources\":[{\"name\":\"cpus\","
               "\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]}]}}]}}",
               any_framework(w, i), any_offer(w, w->schedulers[i]),
               pick(w, 3), pick(w, 8), any_agent(w),
               pick(w, 2) ? command : executor);
}

static void
say_decline(struct world *w, unsigned i)
{
    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"type\":\"DECLINE\",\"framework_id\":{\"value\":\"%s\"},"
               "\"decline\":{\"offer_ids\":[{\"value\":\"%s\"}],\"filters\":{"
               "\"refuse_seconds\":%u}}}", any_framework(w, i),
               any_offer(w, w->schedulers[i]), pick(w, 4));
}

static void
say_about_task(struct world *w, unsigned i)
{
    static const char *const calls[] = {
        "\"KILL\",\"kill\":{\"task_id\":{\"value\":\"t%u\"}}",
        ("\"RECONCILE\",\"reconcile\":{\"tasks\":[{\"task_id\":{\"value\":"
         "\"t%u\"}}]}"),
    };
    char call[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(call, sizeof call, calls[pick(w, ARRAY_SIZE(calls))],
             pick(w, 8));
#pragma GCC diagnostic pop
    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"framework_id\":{\"value\":\"%s\"},\"type\":%s}",
               any_framework(w, i), call);
}

static void
say_acknowledge(struct world *w, unsigned i)
{
    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"type\":\"ACKNOWLEDGE\",\"framework_id\":{\"value\":"
               "\"%s\"},\"acknowledge\":{\"agent_id\":{\"value\":\"%s\"},"
               "\"task_id\":{\"value\":\"t%u\"},\"uuid\":"
               "\"AAAAAAAAAAAAAAAAAAAA%cA==\"}}", any_framework(w, i),
               any_agent(w), pick(w, 8), 'A' + (int) pick(w, 3));
}

static void
say_word(struct world *w, unsigned i)
{
    static const char *const types[] = {
        "REVIVE", "SUPPRESS", "TEARDOWN", "REQUEST", "ACCEPT", "RECONCILE",
    };

    puppet_say(w->schedulers[i], &w->master, &msg_scheduler_call,
               "{\"type\":\"%s\",\"framework_id\":{\"value\":\"%s\"}}",
               types[pick(w, ARRAY_SIZE(types))], any_framework(w, i));
}

/* --- deaths and time --- */

static void
replace_agent(struct world *w, unsigned i)
{
    puppet_die(w->agents[i]);
    puppet_destroy(w->agents[i]);
    w->agents[i] = puppet_create(w->system, NULL);
}

static void
replace_scheduler(struct world *w, unsigned i)
{
    puppet_die(w->schedulers[i]);
    puppet_destroy(w->schedulers[i]);
    w->schedulers[i] = puppet_create(w->system, NULL);
}

static void
step(struct world *w)
{
    unsigned a = pick(w, N_AGENTS);
    unsigned s = pick(w, N_SCHEDULERS);

    switch (pick(w, 40)) {
    case 0: say_unregister(w, a); break;
    case 1: replace_agent(w, a); break;
    case 2: replace_scheduler(w, s); break;
    case 3: say_word(w, s); break;
    case 4: case 5: say_reregister(w, a); break;
    case 6: case 7: case 8: say_register(w, a); break;
    case 9: case 10: case 11: say_subscribe(w, s); break;
    case 12: say_exited_executor(w, a); break;
    case 13: puppet_answer_pings(w->agents[a], pick(w, 3) > 0); break;
    case 14: actor_system_advance(w->system, 20 * SECOND); break;
    case 15: case 16: case 17:
        actor_system_advance(w->system, (int64_t) pick(w, 3000)
                             * MILLISECOND);
        break;
    case 18: case 19: case 20: say_decline(w, s); break;
    case 21: case 22: say_about_task(w, s); break;
    case 23: case 24: case 25: case 26: say_acknowledge(w, s); break;
    case 27: case 28: case 29: case 30: case 31: say_update(w, a); break;
    default: say_accept(w, s); break;
    }
    learn_ids(w);
}

/* --- a run --- */

static void
world_open(struct world *w, uint64_t seed)
{
    struct actor_system_options options = {
        .manual = true, .seed = seed,
        .messages = proto_messages, .n_messages = proto_n_messages,
    };

    memset(w, 0, sizeof *w);
    w->random = seed;
    master_flags_init(&w->flags);
    w->flags.hostname = xstrdup("localhost");
    free(w->flags.registry);
    w->flags.registry = xstrdup("in_memory");
    w->flags.max_completed_frameworks = 3;
    w->flags.max_completed_tasks_per_framework = 3;
    w->flags.max_unreachable_tasks_per_framework = 2;
    w->flags.offer_timeout = 30 * SECOND;
    ck_assert_ptr_null(actor_system_create(&options, &w->system));
    ck_assert_ptr_null(master_start(w->system, &w->flags, &w->master));
    for (unsigned i = 0; i < N_AGENTS; i++) {
        w->agents[i] = puppet_create(w->system, NULL);
        snprintf(w->agent_ids[i], sizeof w->agent_ids[i], "none");
    }
    for (unsigned i = 0; i < N_SCHEDULERS; i++) {
        w->schedulers[i] = puppet_create(w->system, NULL);
        snprintf(w->framework_ids[i], sizeof w->framework_ids[i], "none");
    }
}

/* Everybody dies, and so do all timeouts. */
static void
world_empty(struct world *w)
{
    for (unsigned i = 0; i < N_SCHEDULERS; i++) {
        puppet_die(w->schedulers[i]);
    }
    for (unsigned i = 0; i < N_AGENTS; i++) {
        puppet_die(w->agents[i]);
    }
    actor_system_advance(w->system, 12 * MINUTE);
}

static void
check_zero(struct world *w, uint64_t seed, const char *name)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(w->system), name, &value));
    ck_assert_msg(value == 0, "seed %llu: %s is %g",
                  (unsigned long long) seed, name, value);
}

static void
check_books(struct world *w, uint64_t seed)
{
    static const char *const names[] = {
        "master/cpus_total", "master/cpus_used", "master/mem_used",
        "master/outstanding_offers", "master/slaves_active",
        "master/slaves_connected", "master/slaves_disconnected",
        "master/slaves_inactive", "master/frameworks_active",
        "master/frameworks_connected", "master/tasks_staging",
        "master/tasks_starting", "master/tasks_running",
        "master/tasks_killing",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        check_zero(w, seed, names[i]);
    }
}

static void
world_close(struct world *w)
{
    actor_system_destroy(w->system);
    for (unsigned i = 0; i < N_AGENTS; i++) {
        puppet_destroy(w->agents[i]);
    }
    for (unsigned i = 0; i < N_SCHEDULERS; i++) {
        puppet_destroy(w->schedulers[i]);
    }
    master_flags_fini(&w->flags);
}

START_TEST(books_come_out_even_whatever_is_said)
{
    const char *wanted = getenv("MASTER_RANDOM_SEEDS");
    uint64_t n_seeds = wanted ? strtoull(wanted, NULL, 10) : DEFAULT_SEEDS;
    static const struct log_options quiet = {
        .program = "test_master_random", .quiet = true,
    };
    ck_assert_ptr_null(log_init(&quiet));

    for (uint64_t seed = 1; seed <= n_seeds; seed++) {
        struct world w;

        world_open(&w, seed);
        for (int i = 0; i < N_STEPS; i++) {
            step(&w);
        }
        world_empty(&w);
        check_books(&w, seed);
        world_close(&w);
    }
}
END_TEST

static Suite *
master_random_suite(void)
{
    Suite *suite = suite_create("master-random");

    test_add(suite, "books", books_come_out_even_whatever_is_said);
    return suite;
}

TEST_MAIN(master_random_suite)
