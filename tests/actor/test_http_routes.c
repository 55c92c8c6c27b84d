/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_routes.c - which route answers a path and a method. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_server.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/http_stage.h"

/* --- a server of many routes --- */

static void
on_hello(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "hello");
}

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    const char *q = http_request_query(request, "q");

    http_respond_text(&request, 200, "%s|%s|%s|%s",
                      http_request_method(request),
                      http_request_path(request), http_request_rest(request),
                      q ? q : "-");
}

static void
on_stop(struct actor *self, struct http_request *request)
{
    http_respond_text(&request, 200, "stopping");
    actor_stop(self);
}

static void
on_container(struct actor *self UNUSED, struct http_request *request)
{
    const char *id = http_request_argument(request, "id");

    http_respond_text(&request, 200, "container %s, %s", id,
                      http_request_rest(request));
}

static void
on_log(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "log %s of %s",
                      http_request_argument(request, "file"),
                      http_request_argument(request, "id"));
}

static void
on_quota_set(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "quota set");
}

static const struct http_route routes[] = {
    { "", on_hello },
    { "/hello", on_hello },
    { "/echo", on_echo },
    { "/echo/long", on_hello },
    { "/stop", on_stop },
    { "/containers/{id}", on_container },
    { "/containers/{id}/logs/{file}", on_log },
    { "/containers/all", on_hello },
    { "/quota", on_echo, .methods = "GET" },
    { "/quota", on_quota_set, .methods = "PUT, POST" },
    { "/api", on_echo, .methods = "POST" },
    { "/replaced", on_echo },
    { "/replaced", on_hello },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor), .init = server_init,
};

static struct http_stage
start(void)
{
    return stage_start(&server_type, NULL);
}

/* --- routes --- */

START_TEST(a_route_answers_under_its_actor_and_for_the_delegate)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/server(1)/hello"), "hello");
    EXPECT_BODY(stage_get(&f, "/server%281%29/hello"), "hello");
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    EXPECT_BODY(stage_get(&f, "/hello/"), "hello");
    EXPECT_BODY(stage_get(&f, "/"), "hello");
    EXPECT_BODY(stage_get(&f, "//server(1)//hello//"), "hello");
    EXPECT_BODY(stage_get(&f, "/server(1)"), "hello");
    stage_stop(&f);
}
END_TEST

START_TEST(the_longest_route_wins_and_the_rest_is_given)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/echo"), "GET|/echo||-");
    EXPECT_BODY(stage_get(&f, "/echo/a/b?q=1+2%26"),
                "GET|/echo/a/b|a/b|1 2&");
    EXPECT_BODY(stage_get(&f, "/echo/long"), "hello");
    EXPECT_BODY(stage_get(&f, "/echo/longer"), "GET|/echo/longer|longer|-");
    EXPECT_BODY(stage_get(&f, "/echo?q=1&q=2;q=3"), "GET|/echo||3");
    EXPECT_BODY(stage_get(&f, "http://host:1/echo?q=x"), "GET|/echo||x");
    stage_stop(&f);
}
END_TEST

START_TEST(what_has_no_route_is_not_found)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_get(&f, "/nope"), "404 Not Found");
    EXPECT_STATUS(stage_get(&f, "/hell"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/help/../hello"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/%2e%2e/hello"), "404 ");
    EXPECT_BODY(stage_get(&f, "/nope"), "404 Not Found.");
    EXPECT_BODY(stage_get(&f, "/echo/../echo"), "404 Not Found.");
    stage_stop(&f);
}
END_TEST

START_TEST(a_malformed_target_is_refused)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_get(&f, "/echo%"), "400 ");
    EXPECT_STATUS(stage_get(&f, "/echo%4"), "400 ");
    EXPECT_STATUS(stage_get(&f, "/echo%00"), "400 ");
    EXPECT_STATUS(stage_get(&f, "/echo?q=%zz"), "400 ");
    EXPECT_STATUS(stage_get(&f, "*"), "400 ");
    EXPECT_BODY(stage_get(&f, "*"), "Request URL path must start with '/'");
    stage_stop(&f);
}
END_TEST

START_TEST(routes_go_with_their_actor_and_come_with_its_successor)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/stop"), "stopping");
    EXPECT_STATUS(stage_get(&f, "/hello"), "404 ");
    ck_assert_ptr_null(actor_spawn(f.system, &server_type, "server(1)", NULL,
                                   NULL));
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stage_stop(&f);
}
END_TEST

START_TEST(the_last_of_two_equal_routes_answers)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/replaced"), "hello");
    stage_stop(&f);
}
END_TEST

/* --- segments --- */

START_TEST(a_segment_in_braces_stands_for_any)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/containers/a%20b"), "container a b, ");
    EXPECT_BODY(stage_get(&f, "/containers/x/y/z"), "container x, y/z");
    EXPECT_BODY(stage_get(&f, "/containers/x/logs/out"), "log out of x");
    EXPECT_BODY(stage_get(&f, "/containers/all"), "hello");
    EXPECT_STATUS(stage_get(&f, "/containers"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/containers/"), "404 ");
    stage_stop(&f);
}
END_TEST

START_TEST(an_encoded_slash_does_not_end_a_segment)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/containers/a%2fb/c"), "container a/b, c");
    EXPECT_STATUS(stage_get(&f, "/server(1)%2Fhello"), "404 ");
    EXPECT_BODY(stage_get(&f, "/h%65llo"), "hello");
    stage_stop(&f);
}
END_TEST

/* --- methods --- */

START_TEST(routes_of_one_path_share_the_methods_among_them)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/quota"), "GET|/quota||-");
    EXPECT_BODY(stage_ask(&f, "PUT", "/quota", "Content-Length: 0\r\n"),
                "quota set");
    EXPECT_STATUS(stage_ask(&f, "HEAD", "/quota", ""), "200 ");
    stage_stop(&f);
}
END_TEST

START_TEST(what_a_route_does_not_do_is_answered_with_what_it_does)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/api");

    EXPECT_STATUS(text, "405 Method Not Allowed\r\n");
    EXPECT_HAS(text, "\r\nAllow: POST\r\n");
    EXPECT_BODY(text, "405 Method Not Allowed. Expecting one of { 'POST' }, "
                      "but received 'GET'.");
    text = stage_ask(&f, "DELETE", "/quota", "");
    EXPECT_HAS(text, "\r\nAllow: GET, PUT, POST\r\n");
    EXPECT_BODY(text, "405 Method Not Allowed. Expecting one of { 'GET', "
                      "'PUT', 'POST' }, but received 'DELETE'.");
    EXPECT_STATUS(stage_ask(&f, "HEAD", "/api", ""), "405 ");
    stage_stop(&f);
}
END_TEST

START_TEST(options_are_told_of_a_route_and_of_the_server)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "OPTIONS", "/quota", "");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nAllow: GET, PUT, POST, HEAD, OPTIONS\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 0\r\n");
    EXPECT_HAS(stage_ask(&f, "OPTIONS", "/api/v1", ""),
               "\r\nAllow: POST, OPTIONS\r\n");
    EXPECT_HAS(stage_ask(&f, "OPTIONS", "*", ""), "\r\nAllow: GET, HEAD, ");
    EXPECT_BODY(stage_ask(&f, "OPTIONS", "/echo", ""), "OPTIONS|/echo||-");
    stage_stop(&f);
}
END_TEST

/* --- switched off --- */

START_TEST(a_disabled_endpoint_is_forbidden_by_all_its_names)
{
    static const char *const disabled[] = {
        "/server(1)/echo", "/version", "/server(1)/hello/there",
    };
    const struct http_options options = {
        .disabled = disabled, .n_disabled = ARRAY_SIZE(disabled),
    };
    struct http_stage f = stage_start(&server_type, &options);

    EXPECT_STATUS(stage_get(&f, "/echo"), "403 Forbidden\r\n");
    EXPECT_BODY(stage_get(&f, "/echo"),
                "Endpoint '/server(1)/echo' is disabled");
    EXPECT_STATUS(stage_get(&f, "/server(1)/echo/"), "403 ");
    EXPECT_STATUS(stage_get(&f, "/server%281)//ech%6f"), "403 ");
    EXPECT_STATUS(stage_get(&f, "/echo/below"), "403 ");
    EXPECT_STATUS(stage_get(&f, "/version"), "403 ");
    EXPECT_BODY(stage_get(&f, "/echo/long"), "hello");
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    EXPECT_STATUS(stage_get(&f, "/hello/there"), "403 ");
    EXPECT_STATUS(stage_get(&f, "/hello/there/"), "403 ");
    stage_stop(&f);
}
END_TEST

START_TEST(a_path_to_disable_has_to_be_one)
{
    static const char *const paths[] = { "state", "", "/", "/state/" };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct http_options http = {
            .disabled = &paths[i], .n_disabled = 1,
        };
        struct actor_system_options options = {
            .manual = true, .http = &http,
        };
        struct actor_system *system = NULL;
        autoerror *error = actor_system_create(&options, &system);

        ck_assert_ptr_nonnull(error);
        ck_assert_ptr_nonnull(strstr(error_text(error), paths[i]));
        ck_assert_ptr_null(system);
    }
}
END_TEST

static Suite *
http_routes_suite(void)
{
    Suite *suite = suite_create("http_routes");

    test_add(suite, "delegate",
             a_route_answers_under_its_actor_and_for_the_delegate);
    test_add(suite, "longest", the_longest_route_wins_and_the_rest_is_given);
    test_add(suite, "not_found", what_has_no_route_is_not_found);
    test_add(suite, "target", a_malformed_target_is_refused);
    test_add(suite, "successor",
             routes_go_with_their_actor_and_come_with_its_successor);
    test_add(suite, "replaced", the_last_of_two_equal_routes_answers);
    test_add(suite, "braces", a_segment_in_braces_stands_for_any);
    test_add(suite, "slash", an_encoded_slash_does_not_end_a_segment);
    test_add(suite, "share", routes_of_one_path_share_the_methods_among_them);
    test_add(suite, "allow",
             what_a_route_does_not_do_is_answered_with_what_it_does);
    test_add(suite, "options",
             options_are_told_of_a_route_and_of_the_server);
    test_add(suite, "disabled",
             a_disabled_endpoint_is_forbidden_by_all_its_names);
    test_add(suite, "disabled_path", a_path_to_disable_has_to_be_one);
    return suite;
}

TEST_MAIN(http_routes_suite)
