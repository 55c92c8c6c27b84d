/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_access.c - who makes a request, and whether they may. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_access.h>
#include <actor/http_server.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/http_stage.h"

/* --- a server with something to guard --- */

static void
on_who(struct actor *self UNUSED, struct http_request *request)
{
    const struct http_principal *who = http_request_principal(request);

    if (!who) {
        http_respond_text(&request, 200, "nobody");
    } else if (who->n_claims > 0) {
        http_respond_text(&request, 200, "%s, %s=%s",
                          who->value ? who->value : "-",
                          who->claims[0].name, who->claims[0].value);
    } else {
        http_respond_text(&request, 200, "%s", who->value);
    }
}

static const struct http_route routes[] = {
    { "/read", on_who, .realm = "readonly" },
    { "/write", on_who, .realm = "readwrite" },
    { "/post", on_who, .realm = "readonly", .methods = "POST" },
    { "/open", on_who },
    { "", on_who },
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

/* --- the guard: believes what the header X-Who says --- */

struct guard {
    struct actor base;
    struct http_check *kept;            /* owned; NULL: none */
};

static void
on_check(struct actor *self, struct http_check *check)
{
    struct guard *guard = (struct guard *) self;
    const char *who = http_request_header(http_check_request(check), "X-Who");
    struct http_principal principal = { .value = who };
    const struct http_claim claim = { "aud", "mesos" };

    if (!who) {
        autofini(strbuf) challenge = STRBUF(256);

        strbuf_printf(&challenge, "Basic realm=\"%s\"",
                      http_check_subject(check));
        http_check_challenge(&check, challenge.data, NULL);
    } else if (strcmp(who, "slow") == 0) {
        guard->kept = check;
    } else if (strcmp(who, "lost") == 0) {
        actor_stop(self);
        guard->kept = check;
    } else if (strcmp(who, "claims") == 0) {
        principal = (struct http_principal) { NULL, &claim, 1 };
        http_check_accept(&check, &principal);
    } else if (strcmp(who, "evil") == 0) {
        http_check_forbid(&check, "go away");
    } else {
        http_check_accept(&check, &principal);
    }
}

static void
on_may(struct actor *self UNUSED, struct http_check *check)
{
    const struct http_request *request = http_check_request(check);
    const struct http_principal *who = http_request_principal(request);

    if (who && strcmp(who->value, "reader") == 0) {
        http_check_forbid(&check, NULL);
    } else {
        http_check_accept(&check, NULL);
    }
}

static void
on_let_go(struct actor *self, struct http_request *request)
{
    struct guard *guard = (struct guard *) self;
    const struct http_principal principal = { .value = "slow" };

    http_check_accept(&guard->kept, &principal);
    http_respond_text(&request, 200, "let go");
}

static const struct http_route guard_routes[] = {
    { "/let_go", on_let_go },
};

static struct error *
guard_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, guard_routes, ARRAY_SIZE(guard_routes));
    http_set_authenticator(self, "x-readonly", on_check);
    http_set_authorizer(self, "/server(1)/write", on_may);
    http_set_authorizer(self, "/server(1)", on_may);
    return NULL;
}

static void
guard_fini(struct actor *self)
{
    struct guard *guard = (struct guard *) self;

    if (guard->kept) {
        http_check_forbid(&guard->kept, NULL);
    }
}

static const struct actor_type guard_type = {
    .name = "guard", .size = sizeof(struct guard), .init = guard_init,
    .fini = guard_fini,
};

static struct http_stage
start(void)
{
    static const struct http_options options = { .realm_prefix = "x-" };
    struct http_stage f = stage_start(&server_type, &options);

    ck_assert_ptr_null(actor_spawn(f.system, &guard_type, "guard", NULL,
                                   NULL));
    return f;
}

/* --- who --- */

START_TEST(a_realm_without_an_authenticator_is_open)
{
    static const struct http_options options = { .realm_prefix = "y-" };
    struct http_stage f = stage_start(&server_type, &options);

    ck_assert_ptr_null(actor_spawn(f.system, &guard_type, "guard", NULL,
                                   NULL));
    EXPECT_BODY(stage_get(&f, "/read"), "nobody");
    EXPECT_BODY(stage_get(&f, "/open"), "nobody");
    stage_stop(&f);
}
END_TEST

START_TEST(a_realm_with_one_asks_who_it_is)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/read");

    EXPECT_STATUS(text, "401 Unauthorized\r\n");
    EXPECT_HAS(text, "\r\nWWW-Authenticate: Basic realm=\"x-readonly\"\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    EXPECT_BODY(text, "401 Unauthorized.");
    EXPECT_BODY(stage_ask(&f, "GET", "/read", "X-Who: bob\r\n"), "bob");
    EXPECT_BODY(stage_ask(&f, "GET", "/read", "X-Who: claims\r\n"),
                "-, aud=mesos");
    EXPECT_BODY(stage_get(&f, "/open"), "nobody");
    EXPECT_BODY(stage_get(&f, "/write"), "nobody");
    text = stage_ask(&f, "GET", "/read", "X-Who: evil\r\n");
    EXPECT_STATUS(text, "403 Forbidden\r\n");
    EXPECT_BODY(text, "go away");
    stage_stop(&f);
}
END_TEST

START_TEST(who_it_is_is_asked_before_what_they_want)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_get(&f, "/post"), "401 ");
    EXPECT_STATUS(stage_ask(&f, "GET", "/post", "X-Who: bob\r\n"), "405 ");
    EXPECT_HAS(stage_ask(&f, "OPTIONS", "/post", "X-Who: bob\r\n"),
               "\r\nAllow: POST, OPTIONS\r\n");
    stage_stop(&f);
}
END_TEST

START_TEST(the_built_in_endpoints_have_their_realms)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_get(&f, "/metrics/snapshot"), "401 ");
    EXPECT_STATUS(stage_ask(&f, "GET", "/metrics/snapshot",
                            "X-Who: bob\r\n"), "200 ");
    EXPECT_STATUS(stage_get(&f, "/logging/toggle"), "200 ");
    EXPECT_STATUS(stage_get(&f, "/version"), "200 ");
    stage_stop(&f);
}
END_TEST

START_TEST(a_slow_authentication_holds_up_its_own_connection_only)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    ck_assert_str_eq(stage_say(&f, "GET /read HTTP/1.1\r\nX-Who: slow\r\n\r\n"
                                   "GET /read HTTP/1.1\r\nX-Who: a\r\n\r\n"
                                   "GET /open HTTP/1.1\r\n\r\n"), "");
    stage_say_to(&f, other, "GET /read HTTP/1.1\r\nX-Who: bob\r\n\r\n");
    EXPECT_BODY(memory_client_text(other, NULL), "bob");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "");
    stage_say_to(&f, other, "GET /guard/let_go HTTP/1.1\r\n\r\n");

    const char *text = memory_client_text(f.client, NULL);
    const char *slow = strstr(text, "\r\n\r\nslow");
    const char *a = strstr(text, "\r\n\r\naHTTP");
    const char *nobody = strstr(text, "\r\n\r\nnobody");

    ck_assert_msg(slow && a && nobody, "got '%s'", text);
    ck_assert(slow < a && a < nobody);
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(a_client_may_go_while_it_is_being_checked)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    stage_say_to(&f, other, "GET /read HTTP/1.1\r\nX-Who: slow\r\n\r\n");
    memory_client_close(other);
    memory_net_break_all(multi_system_net(f.multi));
    multi_system_run(f.multi);
    stage_reconnect(&f);
    EXPECT_BODY(stage_get(&f, "/guard/let_go"), "let go");
    stage_stop(&f);
}
END_TEST

START_TEST(a_realm_whose_authenticator_has_gone_is_closed)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_ask(&f, "GET", "/read", "X-Who: lost\r\n"), "403 ");
    EXPECT_STATUS(stage_ask(&f, "GET", "/read", "X-Who: bob\r\n"), "503 ");
    EXPECT_BODY(stage_ask(&f, "GET", "/read", "X-Who: bob\r\n"),
                "503 Service Unavailable.");
    EXPECT_BODY(stage_get(&f, "/open"), "nobody");
    ck_assert_ptr_null(actor_spawn(f.system, &guard_type, "guard", NULL,
                                   NULL));
    EXPECT_BODY(stage_ask(&f, "GET", "/read", "X-Who: bob\r\n"), "bob");
    stage_stop(&f);
}
END_TEST

START_TEST(checks_that_wait_for_an_actor_that_ends_are_answered)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    memory_client_write(f.client, "GET /read HTTP/1.1\r\nX-Who: lost\r\n\r\n",
                        strlen("GET /read HTTP/1.1\r\nX-Who: lost\r\n\r\n"));
    stage_say_to(&f, other, "GET /read HTTP/1.1\r\nX-Who: bob\r\n\r\n");
    EXPECT_STATUS(memory_client_text(f.client, NULL), "403 ");
    EXPECT_STATUS(memory_client_text(other, NULL), "503 ");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

/* --- actors that come after others under their names --- */

static void
on_shop_stop(struct actor *self, struct http_request *request)
{
    http_respond_text(&request, 200, "closing");
    actor_stop(self);
}

static const struct http_route shop_routes[] = {
    { "/read", on_who, .realm = "readonly" },
    { "/stop", on_shop_stop },
};

static struct error *
shop_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, shop_routes, ARRAY_SIZE(shop_routes));
    return NULL;
}

static const struct actor_type shop_type = {
    .name = "shop", .size = sizeof(struct actor), .init = shop_init,
};

static const struct actor_type stranger_type = {
    .name = "stranger", .size = sizeof(struct actor),
};

START_TEST(a_check_is_not_for_who_comes_after_its_actor)
{
    struct http_stage f = start();

    EXPECT_STATUS(stage_ask(&f, "GET", "/read", "X-Who: lost\r\n"), "403 ");
    ck_assert_ptr_null(actor_spawn(f.system, &stranger_type, "guard", NULL,
                                   NULL));
    EXPECT_STATUS(stage_ask(&f, "GET", "/read", "X-Who: bob\r\n"), "503 ");
    stage_stop(&f);
}
END_TEST

START_TEST(a_request_is_not_for_who_comes_after_its_actor)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    ck_assert_ptr_null(actor_spawn(f.system, &shop_type, "shop", NULL, NULL));
    ck_assert_str_eq(stage_ask(&f, "GET", "/shop/read", "X-Who: slow\r\n"),
                     "");
    stage_say_to(&f, other, "GET /shop/stop HTTP/1.1\r\n\r\n");
    ck_assert_ptr_null(actor_spawn(f.system, &stranger_type, "shop", NULL,
                                   NULL));
    stage_say_to(&f, other, "GET /guard/let_go HTTP/1.1\r\n\r\n");
    EXPECT_STATUS(memory_client_text(f.client, NULL), "503 ");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

/* --- whether they may --- */

/* Guards both realms. */
static struct error *
both_init(struct actor *self, void *arg)
{
    struct error *error = guard_init(self, arg);

    http_set_authenticator(self, "x-readwrite", on_check);
    return error;
}

static const struct actor_type both_type = {
    .name = "both", .size = sizeof(struct guard), .init = both_init,
    .fini = guard_fini,
};

START_TEST(an_authorizer_is_asked_with_the_principal)
{
    struct http_stage f = start();

    ck_assert_ptr_null(actor_spawn(f.system, &both_type, NULL, NULL, NULL));
    EXPECT_BODY(stage_ask(&f, "GET", "/write", "X-Who: writer\r\n"),
                "writer");
    EXPECT_STATUS(stage_ask(&f, "GET", "/write", "X-Who: reader\r\n"),
                  "403 ");
    EXPECT_BODY(stage_ask(&f, "GET", "/server(1)/write", "X-Who: reader\r\n"),
                "403 Forbidden.");
    EXPECT_BODY(stage_ask(&f, "GET", "/read", "X-Who: reader\r\n"),
                "reader");
    EXPECT_BODY(stage_get(&f, "/"), "nobody");
    EXPECT_STATUS(stage_get(&f, "/write"), "401 ");
    stage_stop(&f);
}
END_TEST

static Suite *
http_access_suite(void)
{
    Suite *suite = suite_create("http_access");

    test_add(suite, "open", a_realm_without_an_authenticator_is_open);
    test_add(suite, "who", a_realm_with_one_asks_who_it_is);
    test_add(suite, "order", who_it_is_is_asked_before_what_they_want);
    test_add(suite, "builtin", the_built_in_endpoints_have_their_realms);
    test_add(suite, "slow",
             a_slow_authentication_holds_up_its_own_connection_only);
    test_add(suite, "client_goes", a_client_may_go_while_it_is_being_checked);
    test_add(suite, "closed", a_realm_whose_authenticator_has_gone_is_closed);
    test_add(suite, "actor_ends",
             checks_that_wait_for_an_actor_that_ends_are_answered);
    test_add(suite, "check_after",
             a_check_is_not_for_who_comes_after_its_actor);
    test_add(suite, "request_after",
             a_request_is_not_for_who_comes_after_its_actor);
    test_add(suite, "may", an_authorizer_is_asked_with_the_principal);
    return suite;
}

TEST_MAIN(http_access_suite)
