/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_memory.c - the HTTP server when there is no memory for what a
 * client sends: each bounded allocation of a request fails once, and the
 * server answers or closes, and goes on. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include "tests/lib/http_stage.h"

#define BODY_SIZE 200000
#define TRIES_MAX 1000

static void
on_size(struct actor *self UNUSED, struct http_request *request)
{
    size_t size;

    http_request_body(request, &size);
    http_respond_text(&request, 200, "%zu", size);
}

static const struct http_route routes[] = { { "/size", on_size } };

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor), .init = server_init,
};

/* Sends a request of 'size' bytes while allocation 'n' fails.  False if there
 * were fewer. */
static bool
fails_at(struct http_stage *f, const char *request, size_t size, long n)
{
    unsigned long before = alloc_n_tries();

    stage_reconnect(f);
    alloc_fail_after(n);
    memory_client_write(f->client, request, size);
    multi_system_run(f->multi);
    alloc_fail_after(-1);
    bool did_fail = alloc_n_tries() - before > (unsigned long) n;
    const char *answer = memory_client_text(f->client, NULL);

    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0) {
        ck_assert_msg(did_fail, "allocation %ld: '%.80s'", n, answer);
        ck_assert_msg(strncmp(answer, "HTTP/1.1 503 ", 13) == 0,
                      "allocation %ld: '%.80s'", n, answer);
        ck_assert(memory_client_is_ended(f->client));
    } else {
        EXPECT_BODY(answer, "200000");
    }
    return did_fail;
}

static void
check_request(const char *request, size_t size)
{
    struct http_stage f = stage_start(&server_type, NULL);
    long n = 0;

    while (n < TRIES_MAX && fails_at(&f, request, size, n)) {
        n++;
    }
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, TRIES_MAX);

    stage_reconnect(&f);
    memory_client_write(f.client, request, size);
    multi_system_run(f.multi);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "200 ");
    stage_stop(&f);
}

static void
append_body(struct strbuf *request)
{
    memset(strbuf_reserve(request, BODY_SIZE), 'x', BODY_SIZE);
    strbuf_advance(request, BODY_SIZE);
}

START_TEST(a_body_finds_no_memory)
{
    autofini(strbuf) request = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&request, "POST /size HTTP/1.1\r\nContent-Length: %d\r\n"
                  "Connection: close\r\n\r\n", BODY_SIZE);
    append_body(&request);
    check_request(request.data, request.len);
}
END_TEST

START_TEST(a_chunked_body_finds_no_memory)
{
    autofini(strbuf) request = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&request, "POST /size HTTP/1.1\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n%x\r\n", BODY_SIZE);
    append_body(&request);
    strbuf_append(&request, "\r\n0\r\n\r\n");
    check_request(request.data, request.len);
}
END_TEST

START_TEST(a_gzip_body_finds_no_memory)
{
    autofini(strbuf) request = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) plain = STRBUF(STRBUF_UNLIMITED);
    unsigned char coded[4096];
    z_stream z = { .next_out = coded, .avail_out = sizeof coded };

    append_body(&plain);
    z.next_in = (unsigned char *) plain.data;
    z.avail_in = BODY_SIZE;
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8,
                                  Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    strbuf_printf(&request, "POST /size HTTP/1.1\r\nContent-Length: %lu\r\n"
                  "Content-Encoding: gzip\r\nConnection: close\r\n\r\n",
                  z.total_out);
    strbuf_append_bytes(&request, coded, z.total_out);
    check_request(request.data, request.len);
}
END_TEST

static Suite *
http_memory_suite(void)
{
    Suite *suite = suite_create("http_memory");

    test_add(suite, "plain", a_body_finds_no_memory);
    test_add(suite, "chunked", a_chunked_body_finds_no_memory);
    test_add(suite, "gzip", a_gzip_body_finds_no_memory);
    return suite;
}

TEST_MAIN(http_memory_suite)
