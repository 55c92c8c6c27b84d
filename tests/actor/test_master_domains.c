/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_domains.c - which agents a master lets in, by their version and
 * by their region and zone: everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>

#include "master/domains.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define DOMAIN(REGION, ZONE) \
    "{\"fault_domain\":{\"region\":{\"name\":\"" REGION "\"},\"zone\":{" \
    "\"name\":\"" ZONE "\"}}}"
#define HAS_DOMAIN(REGION, ZONE) "\"domain\":" DOMAIN(REGION, ZONE) ","

static void
come(struct stage *s, const char *version, const char *info)
{
    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":{%s\"hostname\":\"node\",\"resources\":[]},"
               "\"version\":\"%s\"}", info, version);
}

static void
come_back(struct stage *s, const char *version, const char *info)
{
    puppet_say(s->agent, &s->master, &msg_reregister_agent,
               "{\"agent\":{%s\"id\":{\"value\":\"old-S1\"},\"hostname\":"
               "\"node\",\"resources\":[]},\"version\":\"%s\"}", info,
               version);
}

static void
ck_assert_ignored(struct stage *s)
{
    ck_assert_double_eq(metric(s, "master/slaves_active"), 0);
    ck_assert_uint_eq(puppet_count(s->agent, &msg_agent_registered), 0);
    ck_assert_uint_eq(puppet_count(s->agent, &msg_agent_reregistered), 0);
    ck_assert_uint_eq(puppet_count(s->agent, &msg_shutdown_agent), 0);
}

START_TEST(agent_that_is_too_old_or_of_no_version_is_ignored)
{
    static const char *const versions[] = { "0.28.2", "", "x", "1" };
    struct stage s = stage_create();

    stage_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        come(&s, versions[i], "");
        come_back(&s, versions[i], "");
        ck_assert_ignored(&s);
    }
    come_back(&s, "1.0.0", "");
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(agent_of_a_domain_needs_a_master_of_a_domain)
{
    struct stage s = stage_create();

    stage_open(&s);
    come(&s, "1.12.0", HAS_DOMAIN("r", "z"));
    come_back(&s, "1.12.0", HAS_DOMAIN("r", "z"));
    ck_assert_ignored(&s);
    come(&s, "1.12.0", "");
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(agents_may_be_required_to_have_a_domain)
{
    struct stage s = stage_create();

    s.flags.domain = xstrdup(DOMAIN("r", "z"));
    s.flags.require_agent_domain = true;
    stage_open(&s);
    come(&s, "1.12.0", "");
    come_back(&s, "1.12.0", "");
    ck_assert_ignored(&s);
    come_back(&s, "1.12.0", HAS_DOMAIN("far", "z"));
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(agents_without_a_domain_may_come_to_a_master_of_one)
{
    struct stage s = stage_create();

    s.flags.domain = xstrdup(DOMAIN("r", "z"));
    stage_open(&s);
    come(&s, "1.12.0", "");
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(framework_sees_the_master_s_domain_and_near_agents)
{
    struct stage s = stage_create();
    const V1__DomainInfo *domain;

    s.flags.domain = xstrdup(DOMAIN("here", "z"));
    stage_open(&s);
    subscribe_first(&s, "");
    domain = event(s.scheduler, 0)->subscribed->master_info->domain;
    ck_assert_str_eq(domain->fault_domain->region->name, "here");
    puppet_say(s.agent, &s.master, &msg_register_agent, "{\"agent\":"
               AGENT_INFO(HAS_DOMAIN("far", "z")) ",\"version\":\"1.12.0\"}");
    ck_assert_uint_eq(n_offers(s.scheduler), 0);

    puppet_forget(s.scheduler);
    call(&s, "TEARDOWN", "%s", "");
    subscribe_first(&s, "\"capabilities\":[{\"type\":\"REGION_AWARE\"}],");
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_str_eq(offer(s.scheduler, 0)->domain->fault_domain->region
                         ->name, "far");
    stage_close(&s);
}
END_TEST

START_TEST(domain_has_to_say_where)
{
    static const char *const cases[][2] = {
        { "{}", "`domain` must define `fault_domain`" },
        { "{\"fault_domain\":{}}", "Missing required fields: " },
        { "here", "syntax error at line 1 near: " },
        { "[]", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct message *domain;
        struct error *error = domain_parse(cases[i][0], &domain);

        ck_assert_ptr_nonnull(error);
        ck_assert_ptr_null(domain);
        ck_assert_msg(!strncmp(error_text(error), cases[i][1],
                               strlen(cases[i][1])), "%s", error_text(error));
        error_destroy(error);
    }
}
END_TEST

static Suite *
master_domains_suite(void)
{
    Suite *suite = suite_create("master_domains");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(agent_that_is_too_old_or_of_no_version_is_ignored);
    ADD(agent_of_a_domain_needs_a_master_of_a_domain);
    ADD(agents_may_be_required_to_have_a_domain);
    ADD(agents_without_a_domain_may_come_to_a_master_of_one);
    ADD(framework_sees_the_master_s_domain_and_near_agents);
    ADD(domain_has_to_say_where);
#undef ADD
    return suite;
}

TEST_MAIN(master_domains_suite)
