/* SPDX-License-Identifier: Apache-2.0
 *
 * test_offer_constraints.c - what an agent must be like, and what a regular
 * expression may be like. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/error.h>
#include <actor/message.h>

#include "master/allocator/offer_constraints.h"
#include "master/allocator/regex.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "tests/lib/test.h"

static const struct offer_constraints_limits limits = {
    .max_memory = 4096, .max_program_size = 100,
};

static struct error *
compile(const char *json, struct offer_constraints **ret)
{
    struct message *message;
    struct error *error;

    ck_assert_ptr_null(message_decode_json(
        &scheduler__offer_constraints__descriptor, json, strlen(json),
        &message));
    error = offer_constraints_create(message_root(message), &limits, ret);
    message_unref(message);
    return error;
}

static void
check_refused(const char *json, const char *text)
{
    struct offer_constraints *constraints = NULL;
    struct error *error = compile(json, &constraints);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), text);
    error_destroy(error);
}

#define AGENT \
    "{\"hostname\":\"h1\",\"attributes\":[" \
    "{\"name\":\"rack\",\"type\":\"TEXT\",\"text\":{\"value\":\"r12\"}}," \
    "{\"name\":\"rack\",\"type\":\"TEXT\",\"text\":{\"value\":\"other\"}}," \
    "{\"name\":\"level\",\"type\":\"SCALAR\",\"scalar\":{\"value\":3}}]," \
    "\"domain\":{\"fault_domain\":{\"region\":{\"name\":\"eu\"}," \
    "\"zone\":{\"name\":\"eu-1\"}}}}"

/* Whether an agent passes one constraint. */
static bool
holds(const char *selector, const char *predicate)
{
    char json[1024];
    struct offer_constraints *constraints = NULL;
    struct message *agent;
    bool excluded;

    snprintf(json, sizeof json, "{\"role_constraints\":{\"r\":{\"groups\":[{"
             "\"attribute_constraints\":[{\"selector\":{%s},"
             "\"predicate\":{%s}}]}]}}}", selector, predicate);
    ck_assert_ptr_null(compile(json, &constraints));
    ck_assert_ptr_null(message_decode_json(&v1__agent_info__descriptor, AGENT,
                                           strlen(AGENT), &agent));
    excluded = offer_constraints_exclude(constraints, "r", "h1",
                                         message_root(agent));
    ck_assert(!offer_constraints_exclude(constraints, "other", "h1",
                                         message_root(agent)));
    message_unref(agent);
    offer_constraints_destroy(constraints);
    return !excluded;
}

#define NAMED(NAME) "\"attribute_name\":\"" NAME "\""
#define PSEUDO(NAME) "\"pseudoattribute_type\":\"" NAME "\""
#define EQUALS(TEXT) "\"text_equals\":{\"value\":\"" TEXT "\"}"
#define DIFFERS(TEXT) "\"text_not_equals\":{\"value\":\"" TEXT "\"}"
#define MATCHES(TEXT) "\"text_matches\":{\"regex\":\"" TEXT "\"}"
#define MISMATCHES(TEXT) "\"text_not_matches\":{\"regex\":\"" TEXT "\"}"

START_TEST(first_attribute_of_a_name_counts)
{
    ck_assert(holds(NAMED("rack"), EQUALS("r12")));
    ck_assert(!holds(NAMED("rack"), EQUALS("other")));
    ck_assert(!holds(NAMED("rack"), DIFFERS("r12")));
    ck_assert(holds(NAMED("rack"), MATCHES("r[0-9]+")));
    ck_assert(!holds(NAMED("rack"), MATCHES("r1")));
    ck_assert(holds(NAMED("rack"), MISMATCHES("r1")));
    ck_assert(holds(NAMED("rack"), "\"exists\":{}"));
    ck_assert(!holds(NAMED("rack"), "\"not_exists\":{}"));
}
END_TEST

START_TEST(what_is_missing_is_equal_to_nothing)
{
    ck_assert(!holds(NAMED("none"), EQUALS("")));
    ck_assert(holds(NAMED("none"), DIFFERS("")));
    ck_assert(!holds(NAMED("none"), MATCHES(".*")));
    ck_assert(holds(NAMED("none"), MISMATCHES(".*")));
    ck_assert(!holds(NAMED("none"), "\"exists\":{}"));
    ck_assert(holds(NAMED("none"), "\"not_exists\":{}"));
}
END_TEST

START_TEST(attributes_that_are_no_text_pass_predicates_on_text)
{
    ck_assert(holds(NAMED("level"), EQUALS("x")));
    ck_assert(holds(NAMED("level"), DIFFERS("3")));
    ck_assert(holds(NAMED("level"), MATCHES("x")));
    ck_assert(holds(NAMED("level"), MISMATCHES(".*")));
    ck_assert(!holds(NAMED("level"), "\"not_exists\":{}"));
}
END_TEST

START_TEST(host_region_and_zone_are_attributes_of_a_kind)
{
    ck_assert(holds(PSEUDO("HOSTNAME"), EQUALS("h1")));
    ck_assert(holds(PSEUDO("REGION"), EQUALS("eu")));
    ck_assert(holds(PSEUDO("ZONE"), MATCHES("eu-[1-3]")));
    ck_assert(!holds(PSEUDO("ZONE"), EQUALS("eu")));
}
END_TEST

START_TEST(what_says_nothing_is_refused)
{
    check_refused("{\"role_constraints\":{\"r\":{}}}",
                  "'OfferConstraints::role_constraints' has an empty "
                  "'RoleConstraints::groups' for role r");
    check_refused("{\"role_constraints\":{\"r\":{\"groups\":[{}]}}}",
                  "'OfferConstraints::RoleConstraints::groups' for role r"
                  "contains an empty RoleConstraints::Group");
    check_refused("{\"role_constraints\":{\"r\":{\"groups\":[{"
                  "\"attribute_constraints\":[{\"selector\":{},"
                  "\"predicate\":{\"exists\":{}}}]}]}}}",
                  "Exactly one of 'AttributeConstraint::Selector::name' or "
                  "'AttributeConstraint::Selector::pseudoattribute_type' must "
                  "be set");
    check_refused("{\"role_constraints\":{\"r\":{\"groups\":[{"
                  "\"attribute_constraints\":[{\"selector\":{"
                  "\"attribute_name\":\"x\"},\"predicate\":{}}]}]}}}",
                  "Unknown predicate type");
}
END_TEST

/* --- regular expressions --- */

static enum regex_answer
match(const char *pattern, const char *text)
{
    struct regex *regex = NULL;
    enum regex_answer answer;

    ck_assert_ptr_null(regex_compile(pattern, 4096, 100, &regex));
    answer = regex_match(regex, text);
    regex_destroy(regex);
    return answer;
}

START_TEST(the_whole_text_has_to_match)
{
    ck_assert_int_eq(match("a|ab", "ab"), REGEX_YES);
    ck_assert_int_eq(match("a+", "aab"), REGEX_NO);
    ck_assert_int_eq(match("", ""), REGEX_YES);
    ck_assert_int_eq(match("a$", "a\n"), REGEX_NO);
    ck_assert_int_eq(match("(?i)ABC", "abc"), REGEX_YES);
    ck_assert_int_eq(match("(?P<n>x){2,3}?", "xxx"), REGEX_YES);
    ck_assert_int_eq(match("[]a]+\\d", "]a7"), REGEX_YES);
    ck_assert_int_eq(match("\\p{Greek}", "\xce\xb1"), REGEX_YES);
    ck_assert_int_eq(match(".", "\xff"), REGEX_NO);
}
END_TEST

START_TEST(what_needs_backtracking_is_refused)
{
    static const char *const patterns[] = {
        "(a)\\1", "(?=a)", "(?!a)", "(?<=a)b", "(?>a)", "a++", "a**", "a*+",
        "(?R)", "(?P=n)", "(?(1)a)", "(?#x)", "\\Ka", "\\Ga", "\\C", "a{1001}",
        "(", ")", "[a", "*a", "a|*", "(*ACCEPT)", "\\", "\\Qa", "(?<n>a)",
        "a{2,1}", "\\x{41", "\\p{L",
    };

    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct regex *regex = NULL;
        struct error *error = regex_compile(patterns[i], 4096, 1000, &regex);

        ck_assert_msg(error, "'%s' is taken", patterns[i]);
        ck_assert(!strncmp(error_text(error), "Failed to construct regex from "
                           "pattern", 36));
        error_destroy(error);
    }
}
END_TEST

START_TEST(size_is_that_of_the_machine)
{
    uint64_t size;

    ck_assert_ptr_null(regex_program_size("abc", 1000, &size));
    ck_assert_uint_eq(size, 5);
    ck_assert_ptr_null(regex_program_size("(ab){10}", 1000, &size));
    ck_assert_uint_eq(size, 42);
    ck_assert_ptr_null(regex_program_size("((a{1000}){1000}){1000}", 1000,
                                          &size));
    ck_assert_uint_eq(size, 1001);
    check_refused("{\"role_constraints\":{\"r\":{\"groups\":[{"
                  "\"attribute_constraints\":[{\"selector\":{"
                  "\"attribute_name\":\"x\"},\"predicate\":{\"text_matches\":{"
                  "\"regex\":\"a{200}\"}}}]}]}}}",
                  "Regex 'a{200}' is too complex: program size of 202 is "
                  "larger than maximum of 100 allowed");
}
END_TEST

START_TEST(matching_ends_however_bad_the_expression)
{
    char text[4096];

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert_int_ne(match("(a*)*b", text), REGEX_YES);
    ck_assert_int_ne(match("(a|a)*(a|a)*c", text), REGEX_YES);
}
END_TEST

static Suite *
offer_constraints_suite(void)
{
    Suite *suite = suite_create("offer_constraints");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(first_attribute_of_a_name_counts);
    ADD(what_is_missing_is_equal_to_nothing);
    ADD(attributes_that_are_no_text_pass_predicates_on_text);
    ADD(host_region_and_zone_are_attributes_of_a_kind);
    ADD(what_says_nothing_is_refused);
    ADD(the_whole_text_has_to_match);
    ADD(what_needs_backtracking_is_refused);
    ADD(size_is_that_of_the_machine);
    ADD(matching_ends_however_bad_the_expression);
#undef ADD
    return suite;
}

TEST_MAIN(offer_constraints_suite)
