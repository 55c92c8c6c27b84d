/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_allocation.c - flags that say who is offered what: --whitelist,
 * --weights and the sorters, from the master down to offers.  Everybody else
 * is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "proto/messages.h"
#include "tests/lib/master_place.h"
#include "tests/lib/policy_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define N_AGENTS 8

/* Agents besides that of the stage; each has cpus:4. */
struct crowd {
    struct puppet *agents[N_AGENTS];
};

static void
add_agents(struct stage *s, struct crowd *crowd)
{
    for (int i = 0; i < N_AGENTS; i++) {
        char name[32];

        snprintf(name, sizeof name, "slave(%d)", i + 2);
        crowd->agents[i] = puppet_create(s->system, name);
        puppet_say(crowd->agents[i], &s->master, &msg_register_agent,
                   "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    }
}

static void
remove_agents(struct crowd *crowd)
{
    for (int i = 0; i < N_AGENTS; i++) {
        puppet_destroy(crowd->agents[i]);
    }
}

/* How many agents the scheduler has been offered. */
static size_t
n_offered(const struct puppet *scheduler)
{
    size_t n = 0;

    for (size_t i = 0; i < n_offers(scheduler); i++) {
        n += event_of(scheduler, SCHEDULER__EVENT__TYPE__OFFERS, i)
                 ->offers->n_offers;
    }
    return n;
}

/* --- --whitelist --- */

static void
write_whitelist(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(only_agents_of_the_whitelist_are_offered)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_create();
    autofree char *path = xasprintf("%s/whitelist", place.directory);
    s.flags.whitelist = xstrdup(path);
    write_whitelist(path, "other\n");
    stage_open(&s);
    register_agent(&s);
    subscribe_first(&s, "");
    actor_system_advance(s.system, 10 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 0);

    write_whitelist(path, "other\n  node  \n");
    actor_system_advance(s.system, 6 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert(has_line(&place, "Updated agent whitelist: { other, node }\n"));

    /* What cannot be read changes nothing. */
    ck_assert_int_eq(remove(path), 0);
    actor_system_advance(s.system, 6 * SECOND);
    decline(&s, offer(s.scheduler, 0)->id->value, 1);
    actor_system_advance(s.system, 6 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 2);

    write_whitelist(path, "");
    actor_system_advance(s.system, 6 * SECOND);
    ck_assert(has_line(&place, "Whitelist is empty, no offers will be "
                       "made!\n"));
    decline(&s, offer(s.scheduler, 1)->id->value, 1);
    actor_system_advance(s.system, 6 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 2);

    write_whitelist(path, "*\n");
    actor_system_advance(s.system, 6 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 3);
    stage_close(&s);
    place_close(&place);
}
END_TEST

/* --- --weights --- */

/* Two frameworks in roles a and b want all there is. */
static void
share(struct stage *s, size_t *ret_a, size_t *ret_b)
{
    struct puppet *b = puppet_create(s->system, "scheduler-2");
    struct crowd crowd;

    subscribe(s, s->scheduler, "\"role\":\"a\",");
    subscribe(s, b, "\"role\":\"b\",");
    add_agents(s, &crowd);
    actor_system_advance(s->system, 2 * SECOND);
    *ret_a = n_offered(s->scheduler);
    *ret_b = n_offered(b);
    stage_close(s);
    puppet_destroy(b);
    remove_agents(&crowd);
}

START_TEST(shares_are_equal_without_weights)
{
    struct stage s = stage_create();
    size_t a, b;

    stage_open(&s);
    share(&s, &a, &b);

    ck_assert_uint_eq(a, N_AGENTS / 2);
    ck_assert_uint_eq(b, N_AGENTS / 2);
}
END_TEST

START_TEST(weights_of_the_flag_give_shares)
{
    struct stage s = stage_create();
    size_t a, b;

    s.flags.weights = xstrdup("a=3");
    stage_open(&s);
    share(&s, &a, &b);

    ck_assert_uint_eq(a, N_AGENTS * 3 / 4);
    ck_assert_uint_eq(b, N_AGENTS / 4);
}
END_TEST

START_TEST(weights_that_are_set_give_shares)
{
    struct stage s = stage_create();
    size_t a, b;

    stage_open(&s);
    ck_assert_str_eq(operate(&s, "\"update_weights\":{\"weight_infos\":[{"
                             "\"role\":\"b\",\"weight\":7}]}"), "200");
    share(&s, &a, &b);

    ck_assert_uint_eq(a, N_AGENTS / 8);
    ck_assert_uint_eq(b, N_AGENTS * 7 / 8);
}
END_TEST

/* --- the sorters --- */

static void
set_sorters(struct stage *s, const char *roles, const char *frameworks)
{
    free(s->flags.role_sorter);
    free(s->flags.framework_sorter);
    s->flags.role_sorter = xstrdup(roles);
    s->flags.framework_sorter = xstrdup(frameworks);
}

/* No seed has to be fair in eight draws, but all is given away, and by
 * chance. */
START_TEST(random_sorter_gives_all_away)
{
    struct stage s = stage_create();
    size_t a, b;

    set_sorters(&s, "random", "random");
    stage_open(&s);
    share(&s, &a, &b);

    ck_assert_uint_eq(a + b, N_AGENTS);
    ck_assert_uint_gt(a, 0);
    ck_assert_uint_gt(b, 0);
}
END_TEST

START_TEST(sorters_have_to_be_the_same)
{
    struct stage s = stage_create();
    autoerror *error = NULL;

    set_sorters(&s, "drf", "random");
    error = master_start(s.system, &s.flags, &s.master);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "Unsupported combination "
                                 "of 'role_sorter' and 'framework_sorter': "
                                 "must be equal (for now)"));
    actor_system_destroy(s.system);
    master_flags_fini(&s.flags);
}
END_TEST

static Suite *
allocation_suite(void)
{
    Suite *suite = suite_create("master_allocation");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(only_agents_of_the_whitelist_are_offered);
    ADD(shares_are_equal_without_weights);
    ADD(weights_of_the_flag_give_shares);
    ADD(weights_that_are_set_give_shares);
    ADD(random_sorter_gives_all_away);
    ADD(sorters_have_to_be_the_same);
#undef ADD
    return suite;
}

TEST_MAIN(allocation_suite)
